"""Calcium indicators: what a dye in the cell does to calcium, and what an image of the spine would show."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import field_validator

from .errors import ParameterError
from .quantity import Description, quantity

__all__ = ["INDICATORS", "Dye", "Indicator", "delta_f", "respond"]


@dataclass(frozen=True)
class Dye:
    """How one indicator binds calcium and shines.

    Attributes
    ----------
    K_D : float
        Calcium at which half of it is bound (mM).
    koff : float
        Unbinding (/ms).
    range : float
        Fluorescence when all is bound over that without calcium (1).
    source : str
        Where the numbers come from.
    hill : float
        Calcium ions that bind together (1); more than one can not be put into the cell as a buffer.
    """

    K_D: float
    koff: float
    range: float
    source: str
    hill: float = 1.0


_BAPTA = "binding as BAPTA's, 430 /uM/s (10.1016/S0006-3495(88)83161-9)"

INDICATORS: Mapping[str, Dye] = {
    "Fluo-5F": Dye(2.3e-3, 0.99, 100.0, f"assumed: the maker's K_D, {_BAPTA}; brightens a hundredfold"),
    "Fluo-4": Dye(3.45e-4, 0.148, 100.0, f"assumed: the maker's K_D, {_BAPTA}; brightens a hundredfold"),
    "Fluo-4FF": Dye(9.7e-3, 4.17, 100.0, f"assumed: the maker's K_D, {_BAPTA}; brightens a hundredfold"),
    "OGB-1": Dye(2.06e-4, 0.0886, 6.0, f"assumed: K_D and range of 10.1016/S0006-3495(00)76809-3, {_BAPTA}"),
    "GCaMP6f": Dye(3.75e-4, 3.93e-3, 51.8, "10.1038/nature12354", hill=2.27),
}


class Indicator(Description):
    """An indicator in the cell, where it binds calcium.

    Examples
    --------
    >>> Indicator(name="Fluo-5F", conc="300 uM").conc
    0.3
    """

    name: str
    conc: float = quantity(..., "mM", "the experimenter's choice", 0, 10)

    @field_validator("name")
    @classmethod
    def _binds_one(cls, value: str) -> str:
        if _dye(value).hill != 1:
            raise ValueError(
                f"{value!r} binds calcium cooperatively and is not modelled as a buffer; "
                f"use `respond` on recorded calcium"
            )
        return value

    def compiled(self) -> dict[str, float]:
        """Return the variables of the compiled spine."""
        dye = _dye(self.name)
        return {
            "indicator": self.conc, "kon_ind": dye.koff / dye.K_D, "koff_ind": dye.koff, "range_ind": dye.range,
        }  # fmt: skip

    def binding_ratio(self, cai: float) -> float:
        """Return how much more calcium it binds than stays free, for small changes about `cai` (mM)."""
        K = _dye(self.name).K_D
        return self.conc * K / (K + cai) ** 2


def _dye(name: str) -> Dye:
    if name not in INDICATORS:
        near = difflib.get_close_matches(name, INDICATORS, 1, 0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ParameterError(f"indicator {name!r} is not known; {hint}indicators are {', '.join(INDICATORS)}")
    return INDICATORS[name]


def respond(name: str, time: np.ndarray, cai: np.ndarray) -> np.ndarray:
    """Return the fluorescence of an indicator that follows calcium without binding a noticeable share of it.

    Parameters
    ----------
    name : str
        One of `INDICATORS`.
    time : array_like, shape (n_time,)
        Times (ms), ascending; calcium holds from each to the next.
    cai : array_like, shape (n_time, ...)
        Free calcium (mM).

    Returns
    -------
    ndarray, shape of `cai`
        Fluorescence over that of a saturated indicator; it starts in equilibrium.

    Raises
    ------
    ParameterError
        If there is no such indicator.
    """
    dye = _dye(name)
    power = (np.asarray(cai, float) / dye.K_D) ** dye.hill
    share, rate = power / (1 + power), dye.koff * (1 + power)
    out = np.empty_like(share)
    out[0] = share[0]
    for k, step in enumerate(np.diff(np.asarray(time, float))):
        out[k + 1] = share[k] + (out[k] - share[k]) * np.exp(-rate[k] * step)
    return (1 + (dye.range - 1) * out) / dye.range


def delta_f(fluorescence: np.ndarray, baseline: np.ndarray | float) -> np.ndarray:
    """Return dF/F of a recorded ``fluorescence``, given the one at rest.

    The difference alone, ``fluorescence - baseline``, is what experiments call delta G / G_sat.
    """
    return np.asarray(fluorescence, float) / baseline - 1
