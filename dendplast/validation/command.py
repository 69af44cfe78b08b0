"""Validate a table: simulate its rows, score them, and write everything that shows it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import ParameterError
from ..simulate import provenance
from ..style import save
from .library import find
from .plan import Plan
from .preface import PREFACE
from .report import write_csv, write_hdf5, write_markdown
from .run import Outcome, missing, simulate
from .score import Contrast, Scored, contrasts, score_row, summary
from .table import Row, read_table

__all__ = ["ARMS", "QUICK", "findings", "score_table", "validate"]

QUICK = ("NEV06-02", "NEV06-05", "NEV06-08", "NEV06-12", "NEV06-18", "NEV06-20", "SEO07-01", "SEO07-03",
    "SEO07-05",
         "YAG14-01", "YAG14-02", "YAG14-04", "ING20-01", "ING20-04", "ING20-09", "SAB02-01",
         "SAB02-02")  # fmt: skip
"""Rows of ``--quick``: one or two of each kind whose protocols are short."""

ARMS: dict[str, dict[str, float]] = {
    "PKA": {"g_P": 0.0, "k_x": 0.0, "w_A": 0.0, "omega": 0.0, "K_AD": 100.0},
    "PLC": {"g_D": 0.0},
    "phosphatase": {"r_D": 0.0, "K_AD": 100.0},
    "endocannabinoid": {"r_E": 0.0},
    "cyclase": {"chi": 0.0},
    "eligibility": {"tau_P": 50.0, "tau_D": 50.0},
    "order": {"tau_A": 1e7, "tau_Q": 1e7, "k_A": 1e-6, "k_Q": 1e-6},
}
"""What is taken from the rule, for the ablation table: an arm's name and the parameters that remove it."""


def validate(
    table: str | Path, out: str | Path, *, quick: bool = False, workers: int = 1, resume: bool = False,
    show: bool = False, seeds: Sequence[int] = (1, 2), n_spine: int = 6, without: str = "",
    changes: Mapping[str, Mapping[str, float]] | None = None, page: str | Path | None = None, command: str = "",
) -> tuple[list[Scored], list[Contrast]]:  # fmt: skip
    """Simulate the rows of a table and write ``validation.h5``, ``.csv``, ``.md`` and a page of figures.

    Parameters
    ----------
    table : str or Path
        CSV, see `read_table`.
    out : str or Path
        Folder; it is made when missing.
    quick : bool
        The rows of `QUICK` that the table has (all of them when it has none), one cell, four spines.
    workers : int
        Processes at once; the results do not depend on it.
    resume, show : bool
        Use what an interrupted run finished; show a progress bar.
    seeds : sequence of int
        Each a placement of spines, on the region's cells in turn.
    n_spine : int
        Spines a cell.
    without : str
        Arm of the rule to take away, one of `ARMS`.
    changes : mapping, optional
        Parameters by region, instead of the presets'.
    page : str or Path, optional
        Where the page of all rows goes; ``validation.md`` in `out` when not given.
    command : str
        What was typed, for the page.

    Returns
    -------
    scored : list of Scored
    pairs : list of Contrast

    Raises
    ------
    ParameterError
        If the table or an experiment in it is not valid.
    SimulationError
        If a simulation fails.
    """
    rows = read_table(table)
    if quick:
        rows = [r for r in rows if r.id in QUICK] or rows
        seeds, n_spine = tuple(seeds)[:1], min(n_spine, 4)
    if without:
        if without not in ARMS:
            raise ParameterError(f"without = {without!r}: arms are {', '.join(ARMS)}")
        changes = {
            **(changes or {}),
            "*": {**(changes or {}).get("*", {}), **ARMS[without]},
        }
    out = Path(out)
    plans = {row.id: find(row) for row in rows}
    plans = {
        k: (missing(p) or p) if isinstance(p, Plan) else p for k, p in plans.items()
    }
    todo = {k: p for k, p in plans.items() if isinstance(p, Plan)}
    kept = out / ".jobs"
    kept.mkdir(parents=True, exist_ok=True)
    done = simulate(
        todo,
        seeds,
        n_spine,
        kept,
        workers=workers,
        resume=resume,
        show=show,
        changes=changes,
    )
    scored, pairs = score_table(rows, plans, done)
    made = provenance(seeds[0]) | {
        "table": Path(table).name,
        "seeds": str(tuple(seeds)),
        "n_spine": n_spine,
    }
    write_csv(out / "validation.csv", scored)
    write_hdf5(
        out / "validation.h5",
        scored,
        pairs,
        made | {"study": "validation", "without": without},
    )
    write_markdown(
        page or out / "validation.md",
        scored,
        pairs,
        PREFACE,
        command or f"dendplast validate {table}",
    )
    if any(s.plan is not None and not math.isnan(s.baseline) for s in scored):
        from .page import page as draw

        save(draw(scored), out, "validation")
    shutil.rmtree(kept, ignore_errors=True)
    return scored, pairs


def score_table(
    rows: Sequence[Row],
    plans: Mapping[str, Plan | str],
    done: Mapping[str, Sequence[Outcome]],
) -> tuple[list[Scored], list[Contrast]]:
    """Score rows against what was simulated for each (by id, and ``id baseline``)."""
    scored = []
    for row in rows:
        values = _values(done.get(row.id))
        scored.append(
            score_row(
                row, plans[row.id], values, _values(done.get(f"{row.id} baseline"))
            )
        )
    return contrasts(scored)


def _values(outcomes: Sequence[Outcome] | None) -> np.ndarray | None:
    return None if not outcomes else np.concatenate([o["value"] for o in outcomes])


def findings(scored: Sequence[Scored], pairs: Sequence[Contrast]) -> list[str]:
    """Return the score in a few sentences, each beside both null models."""
    score = summary(scored, pairs)
    out = [f"{score.simulated} of {score.rows} rows simulated"]
    for what, title, n in (
        ("right", "numeric rows of the right class", score.classes),
        ("within", "rows with |z| <= 2", score.numbers),
        ("converted", "conversion rows right", score.conversions), ("signs_right", "signs right", score.signs),
    ):  # fmt: skip
        if n:
            nulls = ", ".join(
                f"{who} {score.share(what, who):.0f} %"
                for who in ("no change", "blind")
            )
            out.append(f"{title}: {score.share(what):.0f} % of {n} ({nulls})")
    if score.pairs:
        out.append(
            f"contrasts within two errors: {score.pairs_within} of {score.pairs}"
        )
    return out
