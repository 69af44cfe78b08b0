"""The page of a calibration: freed numbers with bounds and intervals, what the rows hold, residuals of every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..parameters import Parameters
from .fit import Fit
from .identify import RISE, Identified
from .table import Row

__all__ = ["page"]

SHOWN = 0.3
"""Smallest part (1) of a parameter in a direction that is named."""


def page(rows: Sequence[Row], found: Fit, held: Identified, command: str) -> str:
    """Return a calibration as Markdown.

    Parameters
    ----------
    rows : sequence of Row
    found : Fit
    held : Identified
    command : str
        What was typed.
    """
    units = Parameters.units()
    lines = [
        "# Calibration", "",
        f"Made by `{command}` (CMA-ES, {len(found.history)} generations done).",
        f"Loss over {len(found.rows)} rows (z^2, at most 25 a row): {found.loss[0]:.1f} before, "
        f"{found.loss[1]:.1f} after.",
        "", "## Numbers", "",
        f"The interval is where the loss rises by {RISE} along a profile in which all others follow as the posterior",
        "says; where it is the bound, the rows do not hold the number. `fold`: posterior deviation as a factor.", "",
        "| number | unit | before | bounds | found | 95 % interval | fold |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for k, name in enumerate(found.names):
        low, high = (f"{v:.4g}" + (" (bound)" if v == bound else "") for v, bound in
                     ((held.low[k], found.low[k]), (held.high[k], found.high[k])))  # fmt: skip
        lines.append(
            f"| `{name}` | {units[name.rpartition('.')[2]]} | {found.start[k]:.4g} "
            f"| {found.low[k]:.4g} to {found.high[k]:.4g} | {found.best[k]:.4g} "
            f"| {low} to {high} | {np.exp(held.deviation[k]):.2f} |"
        )
    lines += ["", "## What the rows hold", "",
              "Directions of the Fisher information in logarithms, best held first.", "",
              "| eigenvalue | direction |", "|---|---|"]  # fmt: skip
    for value, vector in zip(held.eigenvalues, held.eigenvectors.T, strict=True):
        order = [k for k in np.argsort(-np.abs(vector)) if abs(vector[k]) >= SHOWN]
        parts = [f"{vector[k]:+.2f} {found.names[k]}" for k in order]
        lines.append(f"| {value:.3g} | {' '.join(parts)} |")
    lines += ["", "## Rows", "",
              "Residual over the tolerance (z for a number), and posterior spread of the prediction.", "",
              "| row | paper | before | after | spread |", "|---|---|---|---|---|"]  # fmt: skip
    by = {row.id: row for row in rows}
    for k, name in enumerate(found.rows):
        row = by[name]
        paper = row.sign or (f"{row.value:.4g}" + ("" if row.error is None else f" ± {row.error:.3g}"))
        lines.append(
            f"| {name} | {paper} | {found.before[k]:+.2f} | {found.residual[k]:+.2f} "
            f"| {held.prediction_deviation[k]:.2f} |"
        )
    return "\n".join(lines) + "\n"
