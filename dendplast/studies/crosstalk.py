"""Crosstalk in space and time beside the published values (part of the study `structure`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from ..drugs import Drug
from ..figures import panel_letter, style
from ..presets import load_preset
from ..storage import write_labelled
from ..style import PALETTE, curve
from .base import Finding, Report
from .neighbours import HALF_TIME, MIN, WIDTH, Pair, crosstalk, half

__all__ = ["ROWS", "draw", "findings", "job", "scores", "write"]

SPREAD = 0.06
"""SD over mean of a pulse's calcium between spines, assumed: small, since pulses are matched at each spine first, and
weak ones are chosen to do nothing alone; the model's do from 1.17 times their calcium on."""

TOGETHER = 60
"""Most pairs on one tree; the spread of substances costs the cube of its segments."""

CHANGED, SAME = 20.0, 10.0
"""SD between laboratories and batches beyond the SEM (% of the change), of potentiation and of no change: estimated
from repeats of one protocol (10.7554/eLife.09685, 10.7554/eLife.27756, 10.7554/eLife.81071)."""


class Row(NamedTuple):
    """A published change of volume (%), its SEM, n (0: not given), the SD beyond, and which of ours it is."""

    what: str
    change: float
    sem: float
    n: int
    beyond: float
    name: str
    strong: bool = False


ROWS = (
    Row("potentiated spine", 78, 10, 7, CHANGED, "3 um", True),
    Row("neighbour within 4 um, no pulses", 0, 4, 31, SAME, "idle"),
    Row("weak pulses alone", 1, 1, 5, SAME, "alone"),
    Row("weak pulses 90 s after", 81, 10, 5, CHANGED, "3 um"),
    Row("potentiated spine, no magnesium", 76, 18, 9, CHANGED, "3 um", True),
    Row("weak pulses alone, no magnesium", 5, 6, 8, SAME, "alone"),
    Row("weak pulses 90 s after, no magnesium", 67, 10, 18, CHANGED, "3 um"),
    Row("neighbour 10 um away", -8, 8, 0, SAME, "10 um"),
    Row("neighbour on another branch", 1, 9, 0, SAME, "apart"),
    Row("weak pulses 90 s before", 2, 14, 0, SAME, "before"),
    Row("weak pulses 90 s after, anisomycin", 79, 17, 0, CHANGED, "anisomycin"),
)
"""Of 10.1038/nature06416 (HAR07-02, 03, 05, 07, 08, 09, 10, 21, 22, 23, 24)."""

ANISOMYCIN = Drug(agent="anisomycin", conc="25 uM", start=0.0)


def _pairs(distances: tuple[float, ...], waits: tuple[float, ...]) -> dict[str, Pair]:
    """Return the pairs of one experiment by name; waits in min."""
    return (
        {f"{d:g} um": Pair(d) for d in distances}
        | {f"{w:g} min": Pair(wait=w * MIN) for w in waits}
        | {"idle": Pair(weak=False), "alone": Pair(order=0), "apart": Pair(apart=True), "before": Pair(order=-1)}
    )


def job(
    report: Report, distances: tuple[float, ...], waits: tuple[float, ...], n: int, seed: int
) -> dict[str, np.ndarray]:
    """Return changes of volume of potentiated spines and their neighbours (1), shape (n_pair, n)."""
    values, pairs = load_preset("ca1").parameters, _pairs(distances, waits)
    some = max(1, TOGETHER // len(pairs))
    draw = np.random.SeedSequence(seed).generate_state(n)
    strong, weak = np.zeros((0, len(pairs))), np.zeros((0, len(pairs)))
    for k in range(0, n, some):
        now = min(some, n - k)
        one = crosstalk(values, list(pairs.values()) * now, spread=SPREAD, seed=int(draw[k]))
        strong, weak = (np.vstack([old, new.reshape(now, -1)]) for old, new in zip((strong, weak), one, strict=True))
        report((k + now) / (n + 1))
    one = crosstalk(values, [Pair()] * n, (ANISOMYCIN,), spread=SPREAD, seed=seed)
    strong, weak = (np.column_stack([old, new]) for old, new in zip((strong, weak), one, strict=True))
    pairs["anisomycin"] = Pair()
    return {
        "pair": np.array(list(pairs), object), "distance": np.array([pair.distance for pair in pairs.values()]),
        "wait": np.array([pair.wait / MIN for pair in pairs.values()]), "strong": strong.T, "weak": weak.T,
    }  # fmt: skip


def write(file: Any, runs: Sequence[Any]) -> None:
    """Write what `job` has found with each seed, from 1 on, to a group of an open file."""
    first, n = runs[0], runs[0]["weak"].shape[1]
    strong, weak = (np.hstack([one[name] for one in runs]) for name in ("strong", "weak"))
    write_labelled(
        file.create_group("crosstalk"),
        {
            "pair": (first["pair"], "1", "pair of spines"),
            "repeat": (np.arange(weak.shape[1]), "1", "draw of calcium"),
        },
        {
            "distance": (("pair",), first["distance"], "um", "distance between the spines along the branch"),
            "wait": (("pair",), first["wait"], "min", "from one train of pulses to the other"),
            "strong": (("pair", "repeat"), strong, "1", "change of volume of the spine to potentiate"),
            "weak": (("pair", "repeat"), weak, "1", "change of volume of its neighbour"),
            "seed": (("repeat",), np.repeat(1 + np.arange(len(runs)), n), "1", "seed of the draw"),
        },
    )


def _changes(table: Any, name: str, strong: bool = False) -> np.ndarray:
    """Return the changes of volume of one pair (%)."""
    row = list(table.values("pair")).index(name)
    return 100 * table.values("strong" if strong else "weak")[row]


def _ours(table: Any, row: Row) -> np.ndarray:
    return _changes(table, row.name, row.strong)


def scores(table: Any, seed: int | None = None) -> np.ndarray:
    """Return z of every row: our mean against the published one, over root of SEM^2 and the SD beyond it squared.

    With a `seed`, of its draws alone.
    """
    mine = table.values("seed") == seed if seed else slice(None)
    return np.array([(_ours(table, row)[mine].mean() - row.change) / np.hypot(row.sem, row.beyond) for row in ROWS])


def _by(table: Any, unit: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that differ in distance or in wait: where each is, and its neighbour's change (%)."""
    names = [name for name in table.values("pair") if name.endswith(unit)]
    if unit == " min":  # those at 3 um
        names = ["3 um", *names]
    rows = [list(table.values("pair")).index(name) for name in names]
    return table.values(column)[rows], 100 * table.values("weak")[rows]


def draw(table: Any) -> Figure:
    """Return the figure: space, time, and every published row beside ours."""
    with style():
        figure = Figure(figsize=(7.2, 5.6))
        axes = figure.subplot_mosaic([["space", "time"], ["rows", "rows"]], height_ratios=(1, 1.25))
        space, time, rows = axes.values()
        n = table.values("weak").shape[1]
        for ax, unit, column, label, mark in (
            (space, " um", "distance", "Distance along the branch (µm)", WIDTH / 2),
            (time, " min", "wait", "Weak pulses after the others (min)", HALF_TIME),
        ):
            x, y = _by(table, unit, column)
            curve(ax, x, y.mean(axis=1), y.std(axis=1, ddof=1) / np.sqrt(n), n, "model", color=PALETTE["vermilion"],
                  marker="^")  # fmt: skip
            ax.axvline(mark, 0, 0.7, color="black", lw=0.8, ls="--", label="published half")
            ax.axhline(0, color="black", lw=0.4)
            ax.set(xlabel=label, ylabel="Volume of the neighbour (%)\nmean ± SEM of the change")
            ax.margins(y=0.25)
        for ax, x, y, error in ((space, [3, 10], [67, -8], [10, 8]), (time, [1.5], [67], [10])):
            ax.errorbar(x, y, error, fmt="o", mfc="white", color="black", capsize=2, label="published")
            ax.legend(loc="upper right")
        _draw_rows(rows, table)
        for ax, letter in zip((space, time, rows), "ABC", strict=True):
            panel_letter(ax, letter)
    return figure


def _draw_rows(ax: Any, table: Any) -> None:
    z = scores(table)
    for k, row in enumerate(ROWS):
        ours = _ours(table, row)
        ax.errorbar(row.change, k - 0.15, xerr=np.hypot(row.sem, row.beyond), fmt="o", mfc="white", color="black",
                    capsize=2, label=None if k else "published ± tolerance")  # fmt: skip
        ax.errorbar(ours.mean(), k + 0.15, xerr=ours.std(ddof=1) / np.sqrt(len(ours)), fmt="^", capsize=2,
                    color=PALETTE["vermilion"], label=None if k else f"model ± SEM (n = {len(ours)})")  # fmt: skip
        ax.annotate(f"z = {z[k]:+.1f}", (1.0, k), xycoords=("axes fraction", "data"), ha="right", va="center",
                    fontsize=7)  # fmt: skip
    ax.axvline(0, color="black", lw=0.4)
    ax.set_yticks(range(len(ROWS)), [row.what.replace(" um", " µm") for row in ROWS])
    ax.invert_yaxis()
    ax.set(xlabel="Change of volume (%)", xlim=(-40, 150))
    ax.legend(loc="lower right", bbox_to_anchor=(0.9, 0.11))


def findings(table: Any) -> list[Finding]:
    """Return what the figure shows in words."""
    z = scores(table)
    distance, near = _by(table, " um", "distance")
    wait, later = _by(table, " min", "wait")
    width, time = 2 * half(distance, near.mean(axis=1)), half(wait, later.mean(axis=1))
    worst = int(np.abs(z).argmax())
    each = [np.count_nonzero(np.abs(scores(table, seed)) <= 2) for seed in np.unique(table.values("seed"))]
    seeds = f" ({', '.join(map(str, each))} with each seed)" if len(each) > 1 else ""
    return [
        Finding(
            "ca1: what a potentiated spine does to weak pulses at its neighbours is as wide and as short as published",
            f"{width:.1f} um at half height, half after {time:.1f} min", f"published: {WIDTH:g} um, {HALF_TIME:g} min",
        ),
        Finding(
            "ca1: changes of volume of pairs lie within the tolerance of the published ones (|z| <= 2)",
            f"{np.count_nonzero(np.abs(z) <= 2)} of {len(z)} rows{seeds}",
            f"largest: z = {z[worst]:+.1f}, {ROWS[worst].what}",
        ),
    ]  # fmt: skip
