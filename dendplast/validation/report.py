"""Write a scored table: HDF5, CSV, and docs/validation.md with every row and an honest list of what fails."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files import replacing
from ..storage import study_file, write_labelled
from .library import unit_of_value
from .plan import load_regions
from .score import Contrast, Score, Scored, summary

__all__ = ["percent_of", "write_csv", "write_hdf5", "write_markdown"]

_COLUMNS = (
    "experiment_id", "paper", "protocol", "measure", "value", "error", "model", "spread", "z", "class_paper",
    "class_model", "conversion", "passed", "reason",
)  # fmt: skip


def percent_of(s: Scored) -> Callable[[float], float]:
    """Return the function from a row's own unit to percent of no change."""
    factor, offset = unit_of_value(s.row, s.plan.measure)
    return lambda value: 100.0 * (value - offset) / factor


def _cells(s: Scored) -> tuple[Any, ...]:
    r = s.row
    return (
        r.id, r.paper, r.protocol, r.y_name, r.sign if r.value is None else r.value,
        "" if r.error is None else r.error,
        _short(s.model), _short(s.spread), _short(s.z), s.expected, s.found, "yes" if s.conversion else "",
        _verdict(s), s.reason,
    )  # fmt: skip


def _verdict(s: Scored) -> str:
    if s.plan is None:
        return "not simulated"
    if not s.expected and math.isnan(s.z):
        return "no error given"
    return "pass" if s.passed else "miss"


def _short(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"


def write_csv(path: str | Path, scored: Sequence[Scored]) -> Path:
    """Write one line a row: paper, model, z, classes, and whether it passed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(s) for s in scored)
    path = Path(path)
    with replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")
    return path


def write_hdf5(
    path: str | Path,
    scored: Sequence[Scored],
    pairs: Sequence[Contrast],
    attrs: dict[str, Any],
) -> Path:
    """Write the same numbers, with units, and the contrasts."""
    text = np.array([[str(c) for c in _cells(s)] for s in scored], object)
    column = dict(zip(_COLUMNS, text.T, strict=True))
    number = {
        "paper_value": [math.nan if s.row.value is None else s.row.value for s in scored],
        "paper_error": [math.nan if s.row.error is None else s.row.error for s in scored],
        "model": [s.model for s in scored], "spread": [s.spread for s in scored],
        "baseline": [s.baseline for s in scored], "z": [s.z for s in scored],
    }  # fmt: skip
    names = {
        "paper_value": "mean of the paper, in its own unit", "paper_error": "error of the paper",
        "model": "mean of the model", "spread": "standard deviation of the model over spines and cells",
        "baseline": "value of no change", "z": "difference over the tolerance",
    }  # fmt: skip
    variables: dict[str, Any] = {
        k: (("row",), np.array(v, float), "1", names[k]) for k, v in number.items()
    }
    for name in ("class_paper", "class_model", "passed", "reason"):
        variables[name] = (("row",), column[name], "1", name.replace("_", " of the "))
    with study_file(path, attrs) as file:
        rows = {"row": (column["experiment_id"], "1", "experiment")}
        write_labelled(file.create_group("rows"), rows, variables)
        if pairs:
            coords = {
                "pair": (
                    np.array([f"{c.row} - {c.control}" for c in pairs], object),
                    "1",
                    "drug minus control",
                )
            }
            values = {
                "paper": (
                    ("pair",),
                    np.array([c.paper for c in pairs]),
                    "1",
                    "difference in the paper (percent)",
                ),
                "error": (
                    ("pair",),
                    np.array([c.error for c in pairs]),
                    "1",
                    "its error (percent)",
                ),
                "model": (
                    ("pair",),
                    np.array([c.model for c in pairs]),
                    "1",
                    "difference in the model (percent)",
                ),
            }
            write_labelled(file.create_group("contrasts"), coords, values)
    return Path(path)


def write_markdown(
    path: str | Path,
    scored: Sequence[Scored],
    pairs: Sequence[Contrast],
    preface: str,
    command: str,
) -> Path:
    """Write the page: the score beside both null models, every row, and what fails."""
    score = summary(scored, pairs)
    parts = [
        preface.rstrip(),
        "",
        f"Made by `{command}`.",
        "",
        "## Score",
        "",
        *_score(score),
        "",
    ]
    parts += [
        "## What fails",
        "",
        *_failures(scored),
        "",
        "## Every row",
        "",
        *_table(scored),
        "",
    ]
    parts += [
        "## Contrasts: drug minus its interleaved control (percent)",
        "",
        *_contrasts(pairs),
        "",
    ]
    parts += [
        "## Not simulated",
        "",
        *_left_out(scored),
        "",
        "## Assumptions by region",
        "",
        *_regions(),
        "",
    ]
    path = Path(path)
    with replacing(path) as partial:
        partial.write_text("\n".join(parts), encoding="utf-8")
    return path


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f} %"


def _score(score: Score) -> list[str]:
    who = ("model", "no change", "blind")
    lines = [
        "| | rows | model | no change anywhere | blind to modulators |",
        "|---|---|---|---|---|",
    ]
    for what, title, n in (
        ("right", "right class, numeric rows", score.classes), ("within", "\\|z\\| <= 2", score.numbers),
        ("converted", "rows where the drug changes the class", score.conversions),
        ("signs_right", "signs of qualitative rows", score.signs),
    ):  # fmt: skip
        lines.append(
            f"| {title} | {n} | "
            + " | ".join(_percent(score.share(what, w)) for w in who)
            + " |"
        )
    lines.append(
        f"| contrasts within two errors | {score.pairs} | {score.pairs_within} of {score.pairs} | | |"
    )
    ten = f"{score.ten_hz:.2f} (the best other model of spine calcium: 1.61)"
    if math.isnan(score.ten_hz):
        ten = "not simulated"
    told = f"{score.simulated} of {score.rows} rows were simulated. "
    told += f"Squared error over SEM^2, summed over the three pairings at 10 Hz: {ten}."
    return [*lines, "", told]


def _failures(scored: Sequence[Scored]) -> list[str]:
    missed = [s for s in scored if _verdict(s) == "miss"]
    if not missed:
        return ["Nothing."]
    return [
        f"- {s.row.id}: {s.row.protocol[-70:].strip()}, {s.row.x_name} {s.row.x_value} {s.row.x_unit}: "
        f"paper {_paper(s)}, model {_short(s.model)} ({s.found or 'no class'})" for s in missed
    ]  # fmt: skip


def _paper(s: Scored) -> str:
    if s.row.value is None:
        return s.row.sign
    return f"{s.row.value:g}" + ("" if s.row.error is None else f" ± {s.row.error:g}")


def _table(scored: Sequence[Scored]) -> list[str]:
    lines = [
        "| row | paper | quantity | value | model | z | class paper / model | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for s in scored:
        if s.plan is not None:
            ours = f"{_short(s.model)} ± {_short(s.spread)}"
            quantity = f"{s.row.x_name} = {s.row.x_value} {s.row.x_unit}"
            lines.append(f"| {s.row.id} | {s.row.paper} | {quantity} | {_paper(s)} | "
                         f"{ours} | {_short(s.z)} | {s.expected} / {s.found} | {_verdict(s)} |")  # fmt: skip
    return lines


def _contrasts(pairs: Sequence[Contrast]) -> list[str]:
    lines = ["| row | control | paper | model | z |", "|---|---|---|---|---|"]
    for c in pairs:
        lines.append(
            f"| {c.row} | {c.control} | {c.paper:.0f} ± {c.error:.0f} | {c.model:.0f} | {c.z:.1f} |"
        )
    return lines


def _left_out(scored: Sequence[Scored]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for s in scored:
        if s.plan is None:
            reasons.setdefault(s.reason, []).append(s.row.id)
    return [f"- {', '.join(ids)}: {reason}" for reason, ids in reasons.items()] or [
        "None."
    ]


def _regions() -> list[str]:
    lines = []
    for name, region in load_regions().items():
        told = "; ".join(
            f"{k.split('.', 1)[1]}: {v}" for k, v in region.sources.items()
        )
        lines.append(
            f"- {name} (preset {region.preset}): {told or 'nothing beyond the preset'}"
        )
    return lines
