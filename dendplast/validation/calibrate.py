"""Calibrate a region: fit freed parameters to its rows, confirm in full simulation, write what was found."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tomli_w

from ..errors import ParameterError
from ..files import replacing
from ..parameters import Parameters
from ..storage import study_file, write_labelled
from ..studies.base import Job, Report, run_jobs
from .fit import Fit, fit
from .ground import Ground, ground
from .library import find
from .plan import Plan
from .run import confirm, groups, missing
from .table import Row, read_table

__all__ = ["calibrate", "read_changes"]


def calibrate(
    table: str | Path, out: str | Path, region: str, free: Sequence[str], *, seed: int = 1, generations: int = 40,
    population: int | None = None, n_spine: int = 4, workers: int = 1, confirmed: int = 2, show: bool = False,
) -> Fit:  # fmt: skip
    """Fit freed parameters to the rows of a region and write ``fit.h5`` and ``parameters.toml``.

    An interrupted calibration goes on where it stopped; the result depends on the seed, not on `workers`.

    Parameters
    ----------
    table : str or Path
        CSV, see `read_table`.
    out : str or Path
        Folder; it keeps the captured calcium and the state of the search until the end.
    region : str
        Whose rows.
    free : sequence of str
        Names of the parameters to fit.
    seed : int
        Of spines and search.
    generations, population : int
        Of the search.
    n_spine : int
        Spines of the cell.
    workers : int
        Processes that capture calcium.
    confirmed : int
        Rows simulated in full with the best parameters, those with the largest residuals that replay explains.
    show : bool
        Show a progress bar.

    Returns
    -------
    Fit

    Raises
    ------
    ParameterError
        If the region has no row that can be simulated, or a parameter can not be freed.
    """
    rows = [row for row in read_table(table) if _belongs(row, region)]
    if not rows:
        raise ParameterError(
            f"{table}: has no row of region {region!r} that can be simulated"
        )
    for name in free:
        Parameters.group_of(name)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    plans = {row.id: find(row) for row in rows}
    jobs = [
        Job(where, ground, {"plans": some, "seed": seed, "n_spine": n_spine})
        for where, some in groups(plans).items()
    ]
    grounds: list[Ground] = list(
        run_jobs("calibrate", jobs, out / ".jobs", workers, True, show).values()
    )
    found = fit(
        grounds,
        rows,
        free,
        out / ".jobs",
        seed=seed,
        generations=generations,
        population=population,
    )
    best = dict(zip(found.names, map(float, found.best), strict=True))
    with replacing(out / "parameters.toml") as partial:
        partial.write_text(tomli_w.dumps({region: best}), encoding="utf-8")
    good = [
        found.rows[k]
        for k in np.argsort(np.abs(found.residual))
        if plans[found.rows[k]].measure == "weight"
    ]
    tasks = [
        Job(
            f"full {name}",
            _confirmed,
            {"plan": plans[name], "seed": seed, "n_spine": n_spine, "changes": best},
        )
        for name in good[:confirmed]
    ]
    full = (
        run_jobs("confirm", tasks, out / ".jobs", workers, True, show) if tasks else {}
    )
    _write(out / "fit.h5", region, found, full)
    return found


def _belongs(row: Row, region: str) -> bool:
    plan = find(row)
    return isinstance(plan, Plan) and plan.region == region and not missing(plan)


def _confirmed(
    report: Report, plan: Plan, seed: int, n_spine: int, changes: dict[str, float]
) -> np.ndarray:
    report(0.1)
    return confirm(plan, seed, n_spine, changes)


def _write(path: Path, region: str, found: Fit, full: dict[str, np.ndarray]) -> None:
    """Write parameters with their spread, the path of the search, residuals, and what the rows do not hold."""
    name = np.array(found.names, object)
    with study_file(path, {"study": "calibration", "region": region, "loss_start": found.loss[0],
                           "loss_best": found.loss[1]}) as file:  # fmt: skip
        write_labelled(
            file.create_group("parameters"), {"parameter": (name, "1", "free parameter")},
            {
                "start": (("parameter",), found.start, "1", "value before, in the parameter's unit"),
                "best": (("parameter",), found.best, "1", "value found, in the parameter's unit"),
                "low": (("parameter",), found.low, "1", "lower bound"),
                "high": (("parameter",), found.high, "1", "upper bound"),
                "deviation": (("parameter",), found.deviation, "1", "posterior deviation of the logarithm"),
            },
        )  # fmt: skip
        write_labelled(
            file.create_group("rows"), {"row": (np.array(found.rows, object), "1", "experiment")},
            {
                "residual": (("row",), found.residual, "1", "residual over the tolerance"),
                "spread": (("row",), found.prediction_deviation, "1", "posterior spread over the tolerance"),
            },
        )  # fmt: skip
        order = np.arange(len(found.names))
        write_labelled(
            file.create_group("information"),
            {"direction": (order, "1", "direction, best held first"), "parameter": (name, "1", "free parameter")},
            {
                "eigenvalue": (("direction",), found.eigenvalues, "1", "Fisher information of a direction"),
                "vector": (("parameter", "direction"), found.eigenvectors, "1", "its part of each logarithm"),
            },
        )  # fmt: skip
        write_labelled(
            file.create_group("search"), {"generation": (np.arange(len(found.history)), "1", "generation")},
            {"loss": (("generation",), np.array(found.history), "1", "least loss of the generation")},
        )  # fmt: skip
        for label, weights in full.items():
            spine = {"spine": (np.arange(len(weights)), "1", "spine")}
            group = file.create_group(label.replace(" ", "_"))
            write_labelled(
                group,
                spine,
                {"w": (("spine",), weights, "1", "efficacy in full simulation")},
            )


def read_changes(path: str | Path) -> dict[str, dict[str, float]]:
    """Read parameters by region from a TOML file such as ``parameters.toml`` of a calibration.

    Raises
    ------
    ParameterError
        If the file can not be read, or a parameter in it is not valid.
    """
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(
            f"{path}: can not be read as parameters by region: {error}"
        ) from None
    for region, values in table.items():
        if not isinstance(values, dict):
            raise ParameterError(
                f"{path}: {region} must be a table of parameters, such as [ca1]"
            )
        try:
            Parameters().replaced(values)
        except ParameterError as error:
            raise ParameterError(f"{path}: {region}.{error}") from None
    return table
