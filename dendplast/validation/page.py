"""One page of figures: paper beside model, a panel a paper, error bars on both."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from ..style import PALETTE, style
from .report import percent_of
from .score import Scored

__all__ = ["page"]

WIDTH = 3
ROW_HEIGHT = 0.105
"""Height of one row (inches): text of 5 points with a little air."""


def page(scored: Sequence[Scored]) -> Figure:
    """Draw every simulated row as percent of no change: the paper's value in black, the model's in colour.

    Qualitative rows have an arrow or a bar for the paper's sign; misses are vermilion.
    """
    papers: dict[str, list[Scored]] = {}
    for s in scored:
        if s.plan is not None and not math.isnan(s.baseline):
            papers.setdefault(s.row.id.partition("-")[0], []).append(s)
    with style():
        columns: list[list[str]] = [[] for _ in range(WIDTH)]
        heights = [0.0] * WIDTH
        for name in sorted(
            papers, key=lambda k: -len(papers[k])
        ):  # each into the shortest column
            k = heights.index(min(heights))
            columns[k].append(name)
            heights[k] += len(papers[name]) + 6
        tall = max([*heights, 12]) * ROW_HEIGHT + 0.6
        figure = Figure(figsize=(7.2, tall), layout=PlaceHolderLayoutEngine(True, True))  # places are computed here
        for k, names in enumerate(columns):
            top = 1 - 0.35 / tall
            for name in names:
                height = len(papers[name]) * ROW_HEIGHT / tall
                ax = figure.add_axes((0.085 + k * 0.325, top - height, 0.225, height))
                _panel(ax, name, papers[name])
                top -= height + 6 * ROW_HEIGHT / tall
        told = "% of no change: paper (black, ± error), model (± SD; blue: passed, orange: missed); triangles are signs"
        figure.text(0.5, 1 - 0.12 / tall, told, ha="center", va="center")
    return figure


def _panel(ax, name: str, rows: list[Scored]) -> None:
    for y, s in enumerate(rows):
        scale = percent_of(s)
        color = PALETTE["blue"] if s.passed else PALETTE["vermilion"]
        if s.row.value is not None:
            ax.errorbar(scale(s.row.value), y, xerr=abs(scale(s.row.error or 0) - scale(0)), fmt="o", ms=2.5,
                lw=0.7,
                        color="black")  # fmt: skip
        else:
            marker, x = {"+": (">", 140), "-": ("<", 60), "0": ("|", 100)}[s.row.sign]
            ax.plot(x, y, marker, ms=4, color="black")
        spread = abs(scale(s.spread) - scale(0))
        ax.errorbar(
            scale(s.model), y, xerr=spread, fmt="s", ms=2.2, lw=0.7, color=color
        )
    ax.axvline(100, color="black", lw=0.4)
    ax.set_yticks(
        range(len(rows)), [s.row.id.partition("-")[2] for s in rows], fontsize=5
    )
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_title(name, fontsize=7, pad=2)
    ax.tick_params(axis="x", labelsize=5)
