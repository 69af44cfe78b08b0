"""Calibrate regions: fit freed parameters to their rows, confirm in full simulation, write what was found."""

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
from .calibration_page import page
from .fit import Fit, fit
from .ground import Ground, ground
from .identify import LADDER, Identified, identify
from .library import find
from .plan import Plan
from .run import confirm, groups, missing
from .table import Row, read_table

__all__ = ["calibrate", "read_changes"]

FITTED = ("weight", "volume")
"""Measures a fit can follow; a share of spines moves in steps."""


def calibrate(
    table: str | Path, out: str | Path, regions: Sequence[str], free: Sequence[str], *, seed: int = 1,
    seeds: Sequence[int] = (1,), generations: int = 40, population: int | None = None, n_spine: int = 4,
    workers: int = 1, confirmed: int = 2, show: bool = False, leave: Sequence[str] = (),
) -> tuple[Fit, Identified]:  # fmt: skip
    """Fit freed parameters to the rows of some regions and write ``fit.h5``, ``fit.md`` and ``parameters.toml``.

    An interrupted calibration goes on where it stopped; the result depends on the seed, not on `workers`.

    Parameters
    ----------
    table : str or Path
        CSV, see `read_table`.
    out : str or Path
        Folder; it keeps the captured calcium and the state of the search until the end.
    regions : sequence of str
        Whose rows.
    free : sequence of str
        Names of the parameters to fit; ``name`` is shared by all `regions`, ``region.name`` is of one.
    seed : int
        Of the search.
    seeds : sequence of int
        Each a placement of spines, on the region's cells in turn; a prediction is the mean over all.
    generations, population : int
        Of the search.
    n_spine : int
        Spines a cell.
    workers : int
        Processes that capture calcium.
    confirmed : int
        Rows simulated in full with the best parameters, those with the smallest residuals.
    show : bool
        Show a progress bar.
    leave : sequence of str
        Rows that are not fitted, such as those that need a mechanism which the model lacks.

    Returns
    -------
    found : Fit
    held : Identified

    Raises
    ------
    ParameterError
        If a region has no row that can be simulated, a row to leave out is unknown, or a parameter can not be freed.
    """
    known = read_table(table)
    for name in leave:
        if name not in {row.id for row in known}:
            raise ParameterError(f"{table}: has no row {name!r} to leave out")
    rows = [row for row in known if row.id not in leave and _region(row) in regions]
    for region in regions:
        if not any(_region(row) == region for row in rows):
            raise ParameterError(
                f"{table}: has no row of region {region!r} that can be simulated"
            )
    for name in free:
        Parameters.group_of(name.rpartition(".")[2])
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    plans: dict[str, Plan] = {row.id: find(row) for row in rows}
    jobs = [
        Job(f"{where} {each}", ground, {"plans": some, "seed": each, "n_spine": n_spine})
        for where, some in groups(plans).items()
        for each in seeds
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
    held = identify(grounds, rows, plans, found)
    best = found.by_region(regions)
    with replacing(out / "parameters.toml") as partial:
        partial.write_text(tomli_w.dumps(best), encoding="utf-8")
    good = [
        found.rows[k]
        for k in np.argsort(np.abs(found.residual))
        if plans[found.rows[k]].measure == "weight"
    ]
    tasks = [
        Job(
            f"full {name}",
            _confirmed,
            {"plan": plans[name], "seed": seeds[0], "n_spine": n_spine, "changes": best[plans[name].region]},
        )
        for name in good[:confirmed]
    ]
    full = (
        run_jobs("confirm", tasks, out / ".jobs", workers, True, show) if tasks else {}
    )
    _write(out / "fit.h5", regions, found, held, full)
    told = f"dendplast calibrate {Path(table).name} --region {','.join(regions)} --free {','.join(free)}"
    told += f" --leave {','.join(leave)}" if leave else ""
    told += f" --seed {seed} --seeds {len(seeds)} --spines {n_spine} --generations {generations}"
    with replacing(out / "fit.md") as partial:
        partial.write_text(page(rows, found, held, told), encoding="utf-8")
    return found, held


def _region(row: Row) -> str:
    """Return the region of a row that a fit can use, empty if it can not."""
    plan = find(row)
    fits = isinstance(plan, Plan) and plan.measure in FITTED and not missing(plan)
    return plan.region if fits else ""


def _confirmed(
    report: Report, plan: Plan, seed: int, n_spine: int, changes: dict[str, float]
) -> np.ndarray:
    report(0.1)
    return confirm(plan, seed, n_spine, changes)


def _write(
    path: Path, regions: Sequence[str], found: Fit, held: Identified, full: dict[str, np.ndarray]
) -> None:  # fmt: skip
    """Write parameters with their spread, the path of the search, residuals, and what the rows do not hold."""
    name = np.array(found.names, object)
    with study_file(path, {"study": "calibration", "region": " ".join(regions), "loss_start": found.loss[0],
                           "loss_best": found.loss[1]}) as file:  # fmt: skip
        write_labelled(
            file.create_group("parameters"), {"parameter": (name, "1", "free parameter")},
            {
                "start": (("parameter",), found.start, "1", "value before, in the parameter's unit"),
                "best": (("parameter",), found.best, "1", "value found, in the parameter's unit"),
                "low": (("parameter",), found.low, "1", "lower bound"),
                "high": (("parameter",), found.high, "1", "upper bound"),
                "deviation": (("parameter",), held.deviation, "1", "posterior deviation of the logarithm"),
                "interval_low": (("parameter",), held.low, "1", "lower end of the 95 % interval of its profile"),
                "interval_high": (("parameter",), held.high, "1", "upper end of the 95 % interval of its profile"),
            },
        )
        write_labelled(
            file.create_group("profile"),
            {"parameter": (name, "1", "free parameter"), "step": (LADDER, "1", "displacement over the deviation")},
            {"rise": (("parameter", "step"), held.profile, "1", "loss above the least")},
        )  # fmt: skip
        write_labelled(
            file.create_group("rows"), {"row": (np.array(found.rows, object), "1", "experiment")},
            {
                "before": (("row",), found.before, "1", "residual over the tolerance at the start"),
                "residual": (("row",), found.residual, "1", "residual over the tolerance"),
                "spread": (("row",), held.prediction_deviation, "1", "posterior spread over the tolerance"),
            },
        )  # fmt: skip
        order = np.arange(len(found.names))
        write_labelled(
            file.create_group("information"),
            {"direction": (order, "1", "direction, best held first"), "parameter": (name, "1", "free parameter")},
            {
                "eigenvalue": (("direction",), held.eigenvalues, "1", "Fisher information of a direction"),
                "vector": (("parameter", "direction"), held.eigenvectors, "1", "its part of each logarithm"),
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
