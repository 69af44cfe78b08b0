"""Points that fill the ranges of all axes together."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from ..errors import ParameterError
from ..quantity import Description

__all__ = ["Sample", "problem"]


class Sample(Description):
    """Points that fill the ranges of all axes together, instead of a grid.

    ``"latin_hypercube"`` and ``"sobol"`` take `n` points (`scipy.stats.qmc`); ``"saltelli"`` takes n (d + 2) and
    ``"morris"`` n (d + 1) points for d axes, for `sensitivity` (SALib).
    """

    method: Literal["latin_hypercube", "sobol", "saltelli", "morris"] = "latin_hypercube"
    n: int = Field(64, ge=2, le=1_000_000)
    seed: int = Field(1, ge=0)

    def shares(self, n_axis: int) -> np.ndarray:
        """Return the points in the unit cube, shape (n_point, n_axis).

        Raises
        ------
        ParameterError
            If SALib is needed and not installed, or `n` is no power of two for ``"saltelli"``.
        """
        from scipy.stats import qmc  # takes as long to load as all else, and no job needs it

        if self.method == "latin_hypercube":
            return qmc.LatinHypercube(n_axis, rng=self.seed).random(self.n)
        if self.method == "sobol":
            power = int(np.ceil(np.log2(self.n)))  # balanced only in powers of two
            return qmc.Sobol(n_axis, rng=self.seed).random_base2(power)[: self.n]
        try:
            from SALib.sample import morris, sobol
        except ImportError:
            raise ParameterError(
                f"sample.method = {self.method!r}: needs SALib; install it with pip install 'dendplast[sensitivity]'"
            ) from None
        if self.method == "morris":
            return morris.sample(problem(n_axis), self.n, seed=self.seed)
        if self.n & (self.n - 1):
            raise ParameterError(f"sample.n = {self.n}: must be a power of two for the method 'saltelli'")
        return sobol.sample(problem(n_axis), self.n, calc_second_order=False, seed=self.seed)


def problem(n_axis: int) -> dict[str, Any]:
    """Return the unit cube as SALib describes it."""
    return {"num_vars": n_axis, "names": [str(i) for i in range(n_axis)], "bounds": [[0.0, 1.0]] * n_axis}
