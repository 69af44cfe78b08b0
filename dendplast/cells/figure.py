"""The figure of a preset's battery: traces, f-I curves, back-propagation, spine calcium, and what papers have."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..style import PALETTE, panel_letter, style
from .record import Record
from .targets import Target, Targets

__all__ = ["draw"]

COLORS = [PALETTE[name] for name in ("blue", "vermilion", "green", "purple", "orange")]
LINES = ("-", "--", ":", "-.", "-")
NAMES = {"bap": "spike", "epsp": "EPSP", "pre_post": "EPSP, spike", "post_pre": "spike, EPSP"}
"""Protocols of the calcium panel, and what is written under them."""


def draw(records: Sequence[Record], targets: Targets) -> Figure:
    """Draw one page for one preset.

    Parameters
    ----------
    records : sequence of Record
        Cells of one preset.
    targets : Targets
        What papers have; drawn in black.
    """
    with style():
        figure = Figure(figsize=(7.2, 5.4))
        figure.suptitle(records[0].preset, x=0.01, ha="left", weight="bold")
        axes = figure.subplot_mosaic("AAA;BCD", height_ratios=(1, 1.2))
        _traces(axes["A"], records)
        _rates(axes["B"], records, targets)
        _bap(axes["C"], records, targets)
        _calcium(axes["D"], records, targets)
        for letter, ax in axes.items():
            panel_letter(ax, letter)
        handles, labels = axes["B"].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _traces(ax: Any, records: Sequence[Record]) -> None:
    """Draw the soma in three steps, from silent to fast, one cell after the other."""
    shift = 0.0
    for k, r in enumerate(records):
        currents = sorted(r.traces)
        firing = [c for c in currents if dict(r.rates.tolist())[c] > 0] or currents
        chosen = sorted({c for c in (firing[0], firing[len(firing) // 2], firing[-1])})
        for current in chosen:
            ax.plot(r.time + shift, r.traces[current], color=COLORS[k % len(COLORS)], ls="-", lw=0.6)
            first = current == chosen[0]
            name = textwrap.shorten(r.morphology.replace("_", " "), 22, placeholder=" …") if first else ""
            ax.text(shift + 10, 72, f"{name}\n{current:g} nA", fontsize=6, va="top")
            shift += float(r.time[-1]) + 40
    ax.set(ylabel="Soma (mV)", xlabel="Time (ms)", ylim=(-95, 75))


def _rates(ax: Any, records: Sequence[Record], targets: Targets) -> None:
    for k, r in enumerate(records):
        ax.plot(
            *r.rates.T, color=COLORS[k % len(COLORS)], ls=LINES[k % len(LINES)], marker="o", label=r.morphology
        )
    _points(ax, [t for t in targets.feature if t.name == "f_at"], "current", label="paper, mean ± SD")
    ax.set(xlabel="Current (nA)", ylabel="Rate (Hz)", ylim=(0, None))


def _bap(ax: Any, records: Sequence[Record], targets: Targets) -> None:
    """Draw the height in every segment, along the trunk alone where there is one."""
    relative = any(t.unit == "1" for t in targets.feature if t.name == "bap")
    for k, r in enumerate(records):
        distance, height = r.bap[r.bap_main].T
        order = np.argsort(distance)
        height = height / r.bap[0, 1] if relative else height
        looks = {"ls": "-"} if r.bap_is_trunk else {"ls": "none", "marker": ".", "markersize": 2}
        ax.plot(distance[order], height[order], color=COLORS[k % len(COLORS)], **looks)
    _points(ax, [t for t in targets.feature if t.name == "bap"], "at")
    where = "trunk" if records[0].bap_is_trunk else "dendrites"
    ax.set(xlabel=f"Path distance, {where} (µm)", ylim=(0, None))
    ax.set_ylabel("Spike height (share of soma)" if relative else "Spike height (mV)")


def _calcium(ax: Any, records: Sequence[Record], targets: Targets) -> None:
    """Draw each spine's peak in the four protocols."""
    width = 0.7 / len(records)
    for k, r in enumerate(records):
        for i, name in enumerate(NAMES):
            if name in r.calcium:
                x = i + (k - (len(records) - 1) / 2) * width
                values = 1e3 * r.calcium[name]
                ax.plot(np.full(len(values), x), values, ".", color=COLORS[k % len(COLORS)], markersize=2.5)
                ax.hlines(values.mean(), x - width / 3, x + width / 3, color=COLORS[k % len(COLORS)], lw=1.5)
    for i, name in enumerate(("ca_bap", "ca_epsp")):
        for t in targets.feature if any(r.calcium for r in records) else ():
            if t.name == name:
                ax.errorbar(i + 0.42, t.mean, t.sd, fmt="s", color="black", markersize=3, capsize=1.5)
    ax.set_xticks(range(len(NAMES)), NAMES.values(), rotation=25, ha="right")
    ax.set(ylabel="Spine calcium above rest (µM)", ylim=(0, None), xlim=(-0.6, len(NAMES) - 0.4))
    if not any(r.calcium for r in records):
        ax.text(0.5, 0.5, "not measured", transform=ax.transAxes, ha="center")


def _points(ax: Any, targets: Sequence[Target], x: str, label: str | None = None) -> None:
    if targets:
        where = [getattr(t, x) for t in targets]
        ax.errorbar(
            where, [t.mean for t in targets], [t.sd for t in targets], fmt="s", color="black", markersize=3.5,
            capsize=1.5, zorder=5, label=label,
        )  # fmt: skip
