"""Which axis an outcome depends on: Sobol and Morris indices of a finished sweep, through SALib."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..files import open_file
from ..netcdf import read_labelled
from .axes import Plan
from .samples import problem

__all__ = ["sensitivity"]


def sensitivity(path: str | Path, outcome: str = "w", seed: int = 1) -> Any:
    """Return how much the mean outcome of a sweep depends on each of its axes.

    The sweep's sample must be of the method ``"saltelli"``, for Sobol's indices (doi 10.1016/j.cpc.2009.09.018),
    or ``"morris"``, for elementary effects (doi 10.2307/1269043).

    Parameters
    ----------
    path : str or Path
        File of the sweep.
    outcome : str
        Which outcome; its mean over spines and seeds counts.
    seed : int
        Seed of the bootstrap of the confidence intervals.

    Returns
    -------
    pandas.DataFrame
        One row an axis: ``S1``, ``S1_conf``, ``ST``, ``ST_conf`` (of the variance, 1), or ``mu``, ``mu_star``,
        ``sigma``, ``mu_star_conf`` (in the unit of the outcome); 95 % confidence.

    Raises
    ------
    ParameterError
        If SALib is not installed, the sweep has another kind of sample, a point failed, or the outcome is not there.
    StorageError
        If the file can not be read.
    """
    import pandas

    with open_file(path) as file:
        table = read_labelled(file)
    plan = Plan(**tomllib.loads(table.attrs["plan"]))
    method = plan.sample.method if plan.sample is not None else "grid"
    if method not in ("saltelli", "morris"):
        raise ParameterError(
            f"{path}: is a sweep of kind {method}; indices need sample.method = 'saltelli' or 'morris'"
        )
    if outcome not in plan.outcomes:
        raise ParameterError(f"outcome = {outcome!r}: is not in {path}; there are {', '.join(plan.outcomes)}")
    found = np.nanmean(table.values(outcome), axis=(-2, -1))
    if table.values("failed").any() or not np.isfinite(found).all():
        raise ParameterError(f"{path}: some points failed; resume the sweep before its indices are taken")
    names = [axis.name for axis in plan.axis]
    if method == "saltelli":
        from SALib.analyze import sobol

        index = sobol.analyze(problem(len(names)), found, calc_second_order=False, seed=seed)
        columns = ("S1", "S1_conf", "ST", "ST_conf")
    else:
        from SALib.analyze import morris

        index = morris.analyze(problem(len(names)), plan.sample.shares(len(names)), found, seed=seed)
        columns = ("mu", "mu_star", "sigma", "mu_star_conf")
    return pandas.DataFrame({c: np.asarray(index[c], float) for c in columns}, index=pandas.Index(names, name="axis"))
