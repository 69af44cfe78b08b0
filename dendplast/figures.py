"""Pictures of a run, from its result alone: one page that shows what happened, where, and to which spines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from .drawing import draw_cell, scatter_classes
from .errors import ParameterError
from .labels import axis_label, plot_scale
from .parameters import RECEPTORS
from .result import CLASSES, Result
from .style import CLASS_COLORS, MODULATOR_COLORS, curve, panel_letter, save, style
from .timescale import time_unit, time_windows

__all__ = ["choose_spines", "curve", "draw_cell", "overview", "save", "site_distance", "style", "trace_rows"]

_LEAST = {"cai": 0.0, "da": 1e-9, "ach": 1e-9, "ne": 1e-9}  # mM; 1 pM is below the reach of any receptor
_LEAST_BOUND = 1e-4  # occupancy that would show on an axis


def overview(result: Result, spines: Sequence[int] | None = None) -> Figure:
    """Draw a run on one page.

    The cell with the class of every spine, the surround of the release site, traces of a few spines, and
    tag and efficacy at the end against the distance from the release.

    Parameters
    ----------
    result : Result
        A run, also one read from a file.
    spines : sequence of int, optional
        Spines whose traces are shown; one of each class, the most changed, when not given.

    Returns
    -------
    Figure
        7.2 inches wide.

    Raises
    ------
    ParameterError
        If a spine does not exist.
    """
    n = len(result.spines)
    chosen = choose_spines(result) if spines is None else [int(i) for i in spines]
    wrong = [i for i in chosen if not 0 <= i < n]
    if wrong:
        raise ParameterError(f"spines: {wrong[0]} does not exist; valid numbers are 0 to {n - 1}")
    rows = trace_rows(result)
    with style():
        heights = [3.1, 0.35 + 0.8 * len(rows), 2.0]
        figure = Figure(figsize=(7.2, sum(heights)))
        top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights)
        classes = result.classes()
        _cells(top, result, classes)
        _traces(middle, result, rows, chosen, classes)
        _distances(bottom, result, classes)
    return figure


def choose_spines(result: Result, most: int = 4) -> list[int]:
    """Return the most changed spine of each class present, the unchanged one nearest to the release last."""
    last = {name: values[-1] for name, values in result.outcomes.items()}
    change = np.abs(last["tag_P"] - last["tag_D"]) + np.abs(last["w"] - 1)
    classes, distance = result.classes(), site_distance(result)[0]
    chosen = []
    for name in ("potentiated", "depressed", "pruned", "primed", "formed", "unchanged"):
        mine = np.flatnonzero(classes == CLASSES.index(name))
        if len(mine):
            chosen.append(int(mine[distance[mine].argmin() if name == "unchanged" else change[mine].argmax()]))
    return chosen if len(chosen) <= most else [*chosen[: most - 1], chosen[-1]]


def site_distance(result: Result) -> tuple[np.ndarray, str]:
    """Return the distance of every spine from the nearest site (um), or its path distance, and an axis label."""
    if not result.sites:
        return result.spines.path_distance, axis_label("path_distance")
    away = [np.linalg.norm(result.spines.xyz - s.position, axis=1) for s in result.sites]
    which = "the release site" if len(away) == 1 else "the nearest release site"
    return np.min(away, axis=0), f"Distance from {which} (µm)"


def trace_rows(result: Result) -> list[tuple[str, np.ndarray]]:
    """Return what the traces panel shows: (label, values of shape (n_time, n_spine)), top to bottom."""
    traces = result.traces
    rows = []
    for name, least in _LEAST.items():
        if name in traces and np.any(traces[name] > least):
            scale, unit = plot_scale(name)
            rows.append((axis_label(name, unit).replace(" (", "\n("), traces[name] * scale))
    bound = [name for name in RECEPTORS if name in traces and np.any(traces[name] > _LEAST_BOUND)]
    rows += [(f"{name}\noccupancy", traces[name]) for name in bound[:2]]
    for label, plus, minus in (("Eligibility", "elig_P", "elig_D"), ("Tag", "tag_P", "tag_D")):
        if plus in traces and minus in traces:
            rows.append((f"{label}\nP − D", traces[plus] - traces[minus]))
    if "w" in traces:
        rows.append(("Efficacy", traces["w"]))
    return rows


def _cells(part: SubFigure, result: Result, classes: np.ndarray) -> None:
    whole, *near = np.ravel(part.subplots(1, 2 if result.sites else 1))
    draw_cell(whole, result.tree, result.spines, classes=classes, sites=result.sites)
    panel_letter(whole, "A")
    if result.sites:
        x, y, _ = result.sites[0].position
        half = max(2.0 * result.sites[0].extent, 12.0)
        window = (x - half, x + half, y - half, y + half)
        draw_cell(near[0], result.tree, result.spines, classes=classes, sites=result.sites, window=window, size=16)
        frame = Rectangle((x - half, y - half), 2 * half, 2 * half, fill=False, linewidth=0.6, linestyle=":")
        whole.add_patch(frame)
        panel_letter(near[0], "B")
    handles, labels = whole.get_legend_handles_labels()
    legend = part.legend(handles, labels, loc="outside lower center", ncols=6, columnspacing=1.2)
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([20.0])  # unchanged spines may be too small to see here


def _traces(part: SubFigure, result: Result, rows: list, chosen: list[int], classes: np.ndarray) -> None:
    windows = time_windows(result.time)
    if not rows or not windows:
        return
    grid = part.subplots(len(rows), len(windows), sharex="col", sharey="row", squeeze=False)
    lines = ("-", "--", "-.", ":")
    for column, (first, last) in enumerate(windows):
        scale, unit = time_unit(last - first)
        inside = (result.time >= first) & (result.time <= last)
        for row, (label, values) in enumerate(rows):
            ax = grid[row, column]
            for k, spine in enumerate(chosen):
                name = CLASSES[classes[spine]]
                ax.plot(result.time[inside] / scale, values[inside, spine], color=CLASS_COLORS[name],
                        linestyle=lines[k % 4], label=f"spine {spine}, {name}")  # fmt: skip
            ax.set_xlim(first / scale, last / scale)
            ax.locator_params(axis="y", nbins=3)
            ax.locator_params(axis="x", nbins=5)
            if column == 0:
                ax.set_ylabel(label)
            else:
                ax.spines["left"].set(linestyle=(0, (2, 2)), color="#888888")  # the scale of time changes here
                ax.tick_params(axis="y", length=0)
        grid[-1, column].set_xlabel(f"Time ({unit})")
    part.align_ylabels(grid[:, 0])
    panel_letter(grid[0, 0], "C" if result.sites else "B")
    part.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)


def _distances(part: SubFigure, result: Result, classes: np.ndarray) -> None:
    distance, label = site_distance(result)
    last = {name: values[-1] for name, values in result.outcomes.items()}
    quantities = (("Tag, P − D", last["tag_P"] - last["tag_D"], 0.0), ("Efficacy", last["w"], 1.0))
    letters = "DE" if result.sites else "CD"
    changed = distance[classes != CLASSES.index("unchanged")]
    edge = 1.05 * distance.max(initial=1.0)
    if result.sites and len(changed):  # what the release changed fills at least half of the axis
        edge = min(edge, 2 * max(changed.max(), *(site.extent for site in result.sites), 5.0))
    extents = {(site.modulator, site.extent) for site in result.sites}
    for ax, (name, values, rest), letter in zip(part.subplots(1, 2), quantities, letters, strict=True):
        ax.axhline(rest, color="#888888", linewidth=0.6, zorder=0)
        if len(extents) == 1:  # distances from sites of several sizes share no edge
            ((modulator, extent),) = extents
            ax.axvspan(0, extent, color=MODULATOR_COLORS[modulator], alpha=0.18, linewidth=0, zorder=0)
        scatter_classes(ax, distance, values, classes, 10)
        ax.set(xlabel=label, ylabel=name)
        ax.set_xlim(0, edge)
        if np.any(distance > edge):
            ax.annotate(f"{np.sum(distance > edge)} farther spines unchanged", (1, 0), (-2, 3), "axes fraction",
                        "offset points", ha="right", va="bottom", size=7, color="#666666")  # fmt: skip
        panel_letter(ax, letter)
