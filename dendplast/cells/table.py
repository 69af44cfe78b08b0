"""Tables of a battery: what the literature has, what the cells do, and how far apart the two are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .record import Record
from .targets import Targets

__all__ = ["BEYOND", "WITHIN", "markdown", "summary", "table"]

WITHIN, BEYOND = 2.0, 4.0
"""Distances in SD: a cell is right when nine in ten features are within the first, none beyond the second."""


def table(records: Sequence[Record], targets: Targets) -> pd.DataFrame:
    """Return one row for each feature of each cell.

    Returns
    -------
    DataFrame
        Columns ``preset``, ``morphology``, ``feature``, ``unit``, ``mean``, ``sd``, ``value``, ``z``, ``source``,
        ``note``; `z` is the distance from the mean in SD, NaN when the cell does not have the feature.
    """
    rows = [
        {
            "preset": r.preset, "morphology": r.morphology, "feature": t.label, "unit": t.unit, "mean": t.mean,
            "sd": t.sd, "value": r.values[t.label], "z": (r.values[t.label] - t.mean) / t.sd, "source": t.source,
            "note": t.note,
        }
        for r in records
        for t in targets.feature
        if t.label in r.values
    ]  # fmt: skip
    columns = ["preset", "morphology", "feature", "unit", "mean", "sd", "value", "z", "source", "note"]
    return pd.DataFrame(rows, columns=columns)


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return for each cell how many features it has, the share within 2 SD, and the one farthest away.

    A feature that the cell does not have (NaN) counts as beyond.
    """
    rows = []
    for (preset, morphology), part in frame.groupby(["preset", "morphology"], sort=False):
        z = part["z"].abs().fillna(np.inf)
        worst = z.idxmax()
        rows.append({
            "preset": preset, "morphology": morphology, "features": len(part),
            "within": float((z <= WITHIN).mean()), "beyond": int((z > BEYOND).sum()),
            "worst": part.loc[worst, "feature"], "worst_z": part.loc[worst, "z"],
        })  # fmt: skip
    columns = ["preset", "morphology", "features", "within", "beyond", "worst", "worst_z"]
    return pd.DataFrame(rows, columns=columns)


def markdown(frame: pd.DataFrame) -> str:
    """Return the table of one preset as Markdown: a row for each feature, a column for each cell."""
    cells = list(dict.fromkeys(frame["morphology"]))
    lines = [
        "| feature | unit | paper | " + " | ".join(cells) + " | source |",
        "|---|---|---|" + "---|" * len(cells) + "---|",
    ]
    for feature, part in frame.groupby("feature", sort=False):
        first = part.iloc[0]
        by_cell = part.set_index("morphology")
        ours = [_with_z(by_cell.loc[name, "value"], by_cell.loc[name, "z"]) for name in cells]
        paper = f"{first['mean']:.3g} ± {first['sd']:.2g}"
        source = first["source"] + (f" ({first['note']})" if first["note"] else "")
        lines.append("| " + " | ".join([feature, first["unit"], paper, *ours, source.replace("|", "/")]) + " |")
    score = summary(frame).set_index("morphology")
    within = [f"{100 * score.loc[name, 'within']:.0f} %" for name in cells]
    beyond = [f"{score.loc[name, 'beyond']}" for name in cells]
    lines.append("| " + " | ".join([f"**within {WITHIN:g} SD**", "", "≥ 90 %", *within, ""]) + " |")
    lines.append("| " + " | ".join([f"**beyond {BEYOND:g} SD**", "", "0", *beyond, ""]) + " |")
    return "\n".join(lines)


def _with_z(value: float, z: float) -> str:
    if not np.isfinite(value):
        return "none"
    text = f"{value:.3g} ({z:+.1f})"
    return f"**{text}**" if abs(z) > WITHIN else text
