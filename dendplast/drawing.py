"""A cell drawn as it lies, with its spines and release sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from .errors import ParameterError
from .geometry import Geometry
from .result import CLASSES
from .spines import Spines
from .style import CLASS_COLORS, CLASS_MARKERS, MODULATOR_COLORS

__all__ = ["draw_cell", "scatter_classes"]

_PLANES = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
_ORDER = ("unchanged", "primed", "formed", "potentiated", "depressed", "pruned")  # later is drawn on top
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
    _draw_sites(ax, sites, axes)
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


def _draw_sites(ax: Axes, sites: Sequence[Any], axes: list[int]) -> None:
    """Draw balls as circles of their radius and points as stars, one entry of the legend a modulator."""
    for modulator, color in MODULATOR_COLORS.items():
        label = f"{modulator} release"
        mine = [site for site in sites if site.modulator == modulator]
        for site in mine:
            if site.extent > 0:
                place = tuple(np.asarray(site.position)[axes])
                ax.add_patch(Circle(place, site.extent, facecolor=color, alpha=0.18, edgecolor="none", zorder=0))
                ax.add_patch(Circle(place, site.extent, fill=False, edgecolor=color, zorder=2, label=label))
                label = "_"
        points = np.array([site.position for site in mine if site.extent == 0]).reshape(-1, 3)[:, axes]
        if len(points):
            area = max(8.0, 40 / np.sqrt(len(points)))
            ax.scatter(*points.T, marker="*", s=area, color=color, edgecolors="black", linewidths=0.4, zorder=4,
                       label=label)  # fmt: skip


def _draw_scale_bar(ax: Axes) -> None:
    """Draw a bar of 1, 2 or 5 times a power of ten (um), about a fifth of the view, below it at the left."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    wish = 0.22 * (right - left)
    power = 10.0 ** np.floor(np.log10(wish))
    length = power * max(k for k in (1, 2, 5) if k * power <= wish)
    y = bottom - 0.02 * (top - bottom)
    ax.plot([left, left + length], [y, y], color="black", linewidth=1.8, solid_capstyle="butt", clip_on=False)
    ax.annotate(f"{length:g} µm", (left + length / 2, y), (0, -3), textcoords="offset points", ha="center",
                va="top", size=7, annotation_clip=False)  # fmt: skip
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
