"""The cloud of a release at several times, and what dose, block, density and modulator do, as panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from ..diffusion import green
from ..drawing import draw_cell
from ..experiment import Experiment
from ..media import choose_media
from ..presets import load_preset
from ..protocol import Release
from ..style import PALETTE
from .space_sweep import specificity

__all__ = ["draw_clouds", "draw_doses", "draw_others"]

AFTER = ((0, 10.0), (-1, 10.0), (-1, 60.0), (-1, 200.0))
"""When clouds are shown: spike of the first burst, and ms after it."""

LEVELS = (1e-2, 1e-1, 1.0)  # uM: a thousandth to a whole dissociation constant of D1

BARS = {
    "density x 0.1": "a tenth of\nvaricosities", "density x 0.3": "three\ntenths", "density x 1": "all, at\nrandom",
    "p = 0.3": "mean\nfield", "acetylcholine": "acetyl-\ncholine",
    "noradrenaline": "nor-\nadrenaline", "dopamine and acetylcholine": "dopamine\n+ acetyl-\ncholine",
}  # fmt: skip
"""Conditions shown as bars, and what they are called there."""


def draw_clouds(axes: Sequence[Any], result: Any, classes: np.ndarray, half: float) -> Any:
    """Draw the plane through the centre of the patch at several times of the first burst; return the image."""
    experiment = Experiment.from_toml(result.experiment)
    media = choose_media(load_preset(experiment.preset).tissue, experiment.medium)
    release = next(p for p in experiment.protocol if isinstance(p, Release))
    spikes = release.spikes()[: release.n]
    site = result.sites[0]
    x = np.linspace(-half, half, 81)
    plane = np.array([(a, b, 0.0) for b in x for a in x]) + site.position
    times = np.array([spikes[k] + after for k, after in AFTER])
    cloud = 1e3 * green([site], [spikes], plane, times, media).reshape(len(times), len(x), len(x))
    left, right, low, high = (site.position[i] + s * half for i in (0, 1) for s in (-1, 1))
    for ax, c, (k, after) in zip(axes, cloud, AFTER, strict=True):
        image = ax.imshow(
            np.maximum(c, 1e-6), origin="lower", extent=(left, right, low, high), norm=LogNorm(3e-3, 3.0),
            cmap="YlOrBr", zorder=0, interpolation="bilinear",
        )  # fmt: skip
        frame = (left, right, low, high)
        ax.contour(c, LEVELS, extent=frame, colors="black", linewidths=0.5, linestyles=[":", "--", "-"])
        draw_cell(ax, result.tree, result.spines, classes=classes, window=(left, right, low, high), size=5)
        ax.set_title(f"{after:g} ms after the {'first' if k == 0 else 'last'}", fontsize=7)
    return image


def draw_doses(ax: Any, distance: np.ndarray, swept: Any) -> None:
    """Share of spines tagged within and beyond 10 um against release probability, free and with uptake blocked."""
    axis, value, change = swept.values("axis_of"), swept.values("value"), swept.values("change")
    looks = (
        ("dose", PALETTE["vermilion"], "o", "uptake free"),
        ("dose blocked", PALETTE["purple"], "s", "a tenth left"),
    )
    for name, color, marker, label in looks:
        rows = np.flatnonzero(axis == name)
        found = [specificity(distance, change[i]) for i in rows]
        for key, line, where in (("inside", "-", "within"), ("outside", "--", "beyond")):
            ax.plot(value[rows], [f[key] for f in found], color=color, marker=marker, markersize=3.5, linestyle=line,
                    label=f"{label}, {where} 10 µm")  # fmt: skip
    ax.set(xscale="log", xlabel="Release probability in the patch", ylabel="Share of spines tagged", ylim=(-0.04, 1.3),
           yticks=(0, 0.5, 1))
    ax.legend(loc="upper left", fontsize=6, ncols=2, handlelength=2.6, columnspacing=0.8)


def draw_others(ax: Any, distance: np.ndarray, swept: Any) -> None:
    """Mean change of the net tag within 10 um, for densities of varicosities and for the other modulators."""
    change = dict(zip(swept.values("condition"), swept.values("change"), strict=True))
    near = distance <= 10.0
    shown = [name for name in BARS if name in change]
    for i, name in enumerate(shown):
        values = change[name][near]
        ax.scatter(i + np.linspace(-0.25, 0.25, len(values)), np.sort(values), s=3, color=PALETTE["grey"], linewidths=0)
        ax.plot([i - 0.33, i + 0.33], [values.mean()] * 2, color=PALETTE["vermilion"], lw=1.5, zorder=4)
    ax.axhline(0, color="black", lw=0.4)
    ax.set(ylabel="Change of net tag\nwithin 10 µm")
    ax.set_xticks(range(len(shown)), [BARS[name] for name in shown], fontsize=5.5)
