"""Pictures of a run: the cell with its spines, and one page that shows what happened and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Circle, Rectangle

from .errors import ParameterError
from .geometry import Geometry
from .labels import axis_label, plot_scale
from .parameters import RECEPTORS
from .result import CLASSES, Result
from .spines import Spines
from .style import CLASS_COLORS, CLASS_MARKERS, PALETTE, curve, panel_letter, save, style
from .timescale import time_unit, time_windows

__all__ = ["curve", "draw_cell", "overview", "save", "style"]

_PLANES = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
_MODULATOR_COLORS = dict(
    dopamine=PALETTE["orange"], acetylcholine=PALETTE["sky"], noradrenaline=PALETTE["green"]
)
_ORDER = ("unchanged", "primed", "formed", "potentiated", "depressed", "pruned")  # later is drawn on top
_LEAST = {"cai": 0.0, "da": 1e-9, "ach": 1e-9, "ne": 1e-9}  # mM; 1 pM is below the reach of any receptor
_LEAST_BOUND = 1e-4  # occupancy that would show on an axis
_CROWD = 200  # more spines than this in view are drawn with smaller dots, so that the tree stays visible
_RASTER = 2000  # more spines than this are drawn as pixels, so that a PDF stays small


def draw_cell(
    ax: Axes,
    tree: Geometry,
    spines: Spines | None = None,
    values: np.ndarray | None = None,
    classes: np.ndarray | None = None,
    sites: Sequence[Any] = (),
    plane: str = "xy",
    scale_bar: bool = True,
    *,
    window: tuple[float, float, float, float] | None = None,
    value_label: str = "",
    limits: tuple[float, float] | None = None,
    cmap: str | None = None,
    size: float = 8.0,
) -> None:
    """Draw a cell, its spines as dots coloured by value or by class, and release sites at their size.

    Parameters
    ----------
    ax : Axes
        Where; its frame is switched off and its aspect made equal.
    tree : Geometry
        Segments; lines are as wide as the dendrite is thick, within limits.
    spines : Spines, optional
        Drawn as dots when `values` or `classes` is given, else as small grey dots.
    values : array_like, shape (n_spine,), optional
        Colour of the spines, with a colour bar.
    classes : array_like of int, shape (n_spine,), optional
        Indices into `result.CLASSES`: colour and marker.
    sites : sequence of Site
        Release sites: circles of their radius, stars for points.
    plane : str
        ``"xy"``, ``"xz"`` or ``"yz"``.
    scale_bar : bool
        Draw a scale bar (um).
    window : tuple of float, optional
        Left, right, bottom, top (um) of what is shown; the whole cell when not given.
    value_label : str
        Label of the colour bar, with unit.
    limits : tuple of float, optional
        Ends of the colour scale.
    cmap : str, optional
        Colour map; the style's when not given.
    size : float
        Area of a dot (points squared).

    Raises
    ------
    ParameterError
        If the plane is unknown, or values and classes are both given or do not fit the spines.
    """
    if plane not in _PLANES:
        raise ParameterError(f"plane = {plane!r}: must be one of {', '.join(_PLANES)}")
    if values is not None and classes is not None:
        raise ParameterError("draw_cell: give values or classes, not both")
    colors = values if values is not None else classes
    if colors is not None and (spines is None or np.shape(colors) != (len(spines),)):
        n = 0 if spines is None else len(spines)
        raise ParameterError(f"draw_cell: {np.shape(colors)} values for {n} spines; give one for each")
    axes = list(_PLANES[plane])
    _draw_tree(ax, tree, axes)
    for site in sites:
        _draw_site(ax, site, axes)
    if spines is not None:
        xy = spines.xyz[:, axes]
        raster = len(xy) > _RASTER
        if classes is not None:
            scatter_classes(ax, xy[:, 0], xy[:, 1], np.asarray(classes), size, _crowd(xy, window))
        elif values is not None:
            order = np.argsort(values, kind="stable")  # high values on top
            low, high = limits or (None, None)
            dots = ax.scatter(*xy[order].T, c=np.asarray(values)[order], s=size, linewidths=0, vmin=low, vmax=high,
                              cmap=cmap, zorder=3, rasterized=raster)  # fmt: skip
            ax.figure.colorbar(dots, ax=ax, label=value_label, shrink=0.6, aspect=25)
        else:
            quiet = CLASS_COLORS["unchanged"]
            ax.scatter(*xy.T, s=0.4 * size, color=quiet, linewidths=0, zorder=3, rasterized=raster)
    ax.set_aspect("equal")
    if window is not None:
        ax.set(xlim=window[:2], ylim=window[2:])
    else:
        ax.autoscale_view()
    ax.set_axis_off()
    if scale_bar:
        _draw_scale_bar(ax)


def _draw_tree(ax: Axes, tree: Geometry, axes: list[int]) -> None:
    lines = np.stack([tree.start[:, axes], tree.end[:, axes]], axis=1)
    soma = tree.region == "soma"
    for part, color in ((tree.region == "axon", "#B5B5B5"), (~soma & (tree.region != "axon"), "#5A5A5A")):
        width = np.clip(0.8 * tree.diam[part], 0.5, 3.0)
        pieces = LineCollection(list(lines[part]), linewidths=width, colors=color, capstyle="round", zorder=1)
        ax.add_collection(pieces)
    if soma.any():
        # the circle with the soma's outline: the sphere of equal area
        center = np.average(tree.center[soma][:, axes], axis=0, weights=tree.area[soma])
        radius = np.sqrt(tree.area[soma].sum() / (4 * np.pi))
        ax.add_patch(Circle(tuple(center), radius, facecolor="#5A5A5A", edgecolor="none", zorder=1))


def _draw_site(ax: Axes, site: Any, axes: list[int]) -> None:
    color = _MODULATOR_COLORS[site.modulator]
    x, y = np.asarray(site.position)[axes]
    known = ax.get_legend_handles_labels()[1]
    label = f"{site.modulator} release"
    label = "_" if label in known else label
    if site.extent > 0:
        ax.add_patch(Circle((x, y), site.extent, facecolor=color, alpha=0.18, edgecolor="none", zorder=0))
        ax.add_patch(Circle((x, y), site.extent, fill=False, edgecolor=color, linewidth=1.0, zorder=2, label=label))
    else:
        ax.scatter(x, y, marker="*", s=40, color=color, edgecolors="black", linewidths=0.4, zorder=4, label=label)


def _draw_scale_bar(ax: Axes) -> None:
    """Draw a bar of 1, 2 or 5 times a power of ten (um), about a fifth of the view, below it at the left."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    wish = 0.22 * (right - left)
    power = 10.0 ** np.floor(np.log10(wish))
    length = power * max(k for k in (1, 2, 5) if k * power <= wish)
    y = bottom - 0.02 * (top - bottom)
    ax.plot([left, left + length], [y, y], color="black", linewidth=1.8, solid_capstyle="butt", clip_on=False)
    ax.annotate(f"{length:g} µm", (left + length / 2, y), (0, -3), textcoords="offset points", ha="center", va="top",
                size=7, annotation_clip=False)  # fmt: skip
    ax.set(xlim=(left, right), ylim=(bottom, top))


def _crowd(xy: np.ndarray, window: tuple[float, float, float, float] | None) -> float:
    """Return how much smaller unchanged spines are drawn, by how many are in view."""
    if window is None:
        n = len(xy)
    else:
        n = np.sum((xy > np.array(window)[[0, 2]]).all(1) & (xy < np.array(window)[[1, 3]]).all(1))
    return min(1.0, _CROWD / max(n, 1))


def scatter_classes(
    ax: Axes, x: np.ndarray, y: np.ndarray, classes: np.ndarray, size: float, crowd: float = 1.0
) -> None:
    """Draw points with colour and marker of their class, the many unchanged ones small and below."""
    for level, name in enumerate(_ORDER):
        mine = classes == CLASSES.index(name)
        if mine.any():
            quiet = name == "unchanged"
            ax.scatter(
                x[mine], y[mine], s=0.6 * max(size * crowd, 0.8) if quiet else 1.6 * size,
                marker=CLASS_MARKERS[name], color=CLASS_COLORS[name], edgecolors="#7A7A7A" if quiet else "white",
                linewidths=0.3 * crowd if quiet else 0.3, zorder=3 + 0.1 * level,
                label=f"{name} ({mine.sum()})", rasterized=mine.sum() > _RASTER,
            )  # fmt: skip


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
    part.legend(handles, labels, loc="outside lower center", ncols=6, columnspacing=1.2)


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
            ax.axvspan(0, extent, color=_MODULATOR_COLORS[modulator], alpha=0.18, linewidth=0, zorder=0)
        scatter_classes(ax, distance, values, classes, 10)
        ax.set(xlabel=label, ylabel=name)
        ax.set_xlim(0, edge)
        if np.any(distance > edge):
            ax.annotate(f"{np.sum(distance > edge)} farther spines unchanged", (1, 0), (-2, 3), "axes fraction",
                        "offset points", ha="right", va="bottom", size=7, color="#666666")  # fmt: skip
        panel_letter(ax, letter)
