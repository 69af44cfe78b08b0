"""Figure of the space study, from its file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..figures import draw_cell, panel_letter, style
from ..parameters import OutcomeParameters
from ..result import CLASSES
from ..storage import open_file, read, read_labelled
from ..style import PALETTE
from .space_clouds import draw_clouds, draw_doses, draw_others

__all__ = ["draw"]

LOOKS = {
    "release": (PALETTE["vermilion"], "o", "patch of varicosities"),
    "D1 blocked": (PALETTE["blue"], "s", "patch, D1 blocked"),
    "single varicosity": (PALETTE["green"], "^", "one varicosity"),
    "single vesicle": (PALETTE["black"], "x", "one vesicle a burst"),
}
"""Colour, marker and name of each run."""


def draw(path: Path) -> dict[str, Figure]:
    """Draw one figure a preset: the cell, the cloud in time, tags against distance, dose, density, modulators."""
    with open_file(path) as file:
        presets = [name.partition("_")[2] for name in file if name.startswith("tagging_")]
        tables = {p: read_labelled(file[f"tagging_{p}"]) for p in presets}
        swept = {p: read_labelled(file[f"sweep_{p}"]) for p in presets}
    return {p: _figure(path, p, tables[p], swept[p]) for p in presets}


def _figure(path: Path, preset: str, table: Any, swept: Any) -> Figure:
    result = read(path, f"/runs/{preset} release")
    runs = list(table.values("run"))
    distance, change = table.values("distance"), dict(zip(runs, table.values("tag_change"), strict=True))
    flag = dict(zip(runs, table.values("tagged").astype(bool), strict=True))
    limit = OutcomeParameters().tag_min
    classes = np.zeros(len(distance), np.int8)
    classes[change["release"] >= limit] = CLASSES.index("potentiated")
    classes[change["release"] <= -limit] = CLASSES.index("depressed")
    site = result.sites[0]
    with style():
        figure = Figure(figsize=(7.2, 9.6))
        top, middle, below, last = figure.subfigures(4, 1, height_ratios=(1.25, 0.85, 1.1, 1.1))
        whole, near = top.subplots(1, 2, width_ratios=(1, 1.25))
        draw_cell(whole, result.tree, result.spines, classes=classes, sites=result.sites, size=3)
        x, y, _ = site.position
        half = 42.0
        window = (x - half, x + half, y - 0.8 * half, y + 0.8 * half)
        draw_cell(near, result.tree, result.spines, classes=classes, sites=result.sites, window=window, size=14)
        whole.add_patch(Rectangle((x - half, y - 0.8 * half), 2 * half, 1.6 * half, fill=False, lw=0.6, ls=":"))
        near.legend(loc="upper right", fontsize=6.5, handletextpad=0.3)
        whole.set_title(f"{preset}, {len(distance)} active spines")
        near.set_title(f"patch of {site.extent:g} µm, classes against no release")
        clouds = middle.subplots(1, 4)
        image = draw_clouds(clouds, result, classes, 25.0)
        middle.colorbar(image, ax=clouds, label="Dopamine (µM)", shrink=0.8, aspect=18)
        title = "One burst, without the tone, in the plane of the patch's centre; lines at 0.01, 0.1 and 1 µM"
        middle.suptitle(title, fontsize=7.5)
        tags, shares = below.subplots(1, 2, width_ratios=(1, 1.25))
        _tags(tags, distance, change, limit)
        _shares(shares, distance, flag, table.values("own_branch").astype(bool))
        doses, others = last.subplots(1, 2, width_ratios=(1, 1.25))
        draw_doses(doses, distance, swept)
        draw_others(others, distance, swept)
        for ax, letter in zip((whole, near, clouds[0], tags, shares, doses, others), "ABCDEFG", strict=True):
            panel_letter(ax, letter)
    return figure


def _tags(ax: Any, distance: np.ndarray, change: dict[str, np.ndarray], limit: float) -> None:
    """Net tag against the control, spine by spine."""
    for run, (color, marker, label) in LOOKS.items():
        edge = {} if marker == "x" else {"linewidths": 0}
        ax.scatter(distance, change[run], s=7, color=color, marker=marker, label=label, alpha=0.8, **edge)
    for sign in (-1, 1):
        ax.axhline(sign * limit, color=PALETTE["grey"], lw=0.6, ls=":")
    ax.axhline(0, color="black", lw=0.4)
    ax.set(
        xlabel="Distance from the centre of the patch (µm)", ylabel="Change of net tag, P − D\n(against no release)"
    )


def _shares(ax: Any, distance: np.ndarray, flag: dict[str, np.ndarray], own: np.ndarray) -> None:
    """Tagged share in rings of 4 um, with the 95 % band of Wilson; of the patch also for other branches alone."""
    edges = np.arange(0.0, distance.max() + 4.0, 4.0)
    for run, (color, marker, label) in LOOKS.items():
        middle, share, n = _rings(edges, distance, flag[run])
        ax.plot(middle, share, color=color, marker=marker, label=label, linestyle="-", markersize=4)
        if share.any():
            ax.fill_between(middle, *wilson(share, n), color=color, alpha=0.18, linewidth=0)
    middle, share, _ = _rings(edges, distance[~own], flag["release"][~own])
    ax.plot(middle, share, color="black", linestyle=":", lw=1, label="patch, other branches only")
    ax.set(xlabel="Distance from the centre of the patch (µm)", ylabel="Share of spines tagged", ylim=(-0.05, 1.08))
    ax.legend(loc="upper right", title=f"n = {len(distance)} spines, 4 µm rings, 95 % band", title_fontsize=6.5)


def _rings(edges: np.ndarray, distance: np.ndarray, flag: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middle (um), share flagged and number of spines of every ring that holds some."""
    rows = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (distance >= low) & (distance < high)
        if inside.any():
            rows.append((0.5 * (low + high), flag[inside].mean(), int(inside.sum())))
    middle, share, n = (np.array(c) for c in zip(*rows, strict=True))
    return middle, share, n


def wilson(share: np.ndarray, n: np.ndarray, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Return the score interval of a binomial share (10.1080/01621459.1927.10502953)."""
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return center - half, center + half
