"""Figure of the timing study, from its file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..figures import panel_letter, style
from ..storage import open_file, read_labelled
from ..style import PALETTE, curve

__all__ = ["PANELS", "draw", "panels"]

PANELS = {
    "ca1_-20": "ca1, post before pre (−20 ms)",
    "ca1_+10": "ca1, pre before post (+10 ms)",
    "dspn": "dspn, trains (+10 ms, 3 spikes)",
}
"""Groups of the file, and what they show."""

LOOKS = {
    "no dopamine": (PALETTE["black"], "o"),
    "D1 blocked": (PALETTE["blue"], "s"),
    "no activity": (PALETTE["green"], "^"),
    "far site": (PALETTE["purple"], "D"),
}
"""Colour and marker of each control."""

_ACTIVITY = {"min": (-8.33, 0.0, "pairing"), "s": (0.0, 1.0, "train")}  # when the synapses are active


def panels(path: Path) -> dict[str, Any]:
    """Return the labelled tables of the study's file by panel."""
    with open_file(path) as file:
        return {label: read_labelled(file[label]) for label in PANELS}


def draw(path: Path) -> dict[str, Figure]:
    """Draw the change of weight against the time of dopamine, one panel a protocol, with the controls."""
    tables = panels(path)
    with style():
        figure = Figure(figsize=(7.2, 3.2))
        axes = figure.subplots(1, len(PANELS), width_ratios=(1, 1, 1))
        for ax, letter, (label, table) in zip(axes, "ABC", tables.items(), strict=True):
            _panel(ax, table)
            ax.set_title(PANELS[label])
            panel_letter(ax, letter)
        axes[0].set_ylabel("Weight (% of start)")
        handles, names = {}, []
        for ax in axes:
            for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(name, handle)
        names = list(handles)
        figure.legend([handles[n] for n in names], names, loc="outside lower center", ncols=6, columnspacing=1.2)
    return {"onset": figure}


def _panel(ax: Any, table: Any) -> None:
    onset, unit = table.coords["onset"][:2]
    weight = 100 * table.values("w")
    begin, end, what = _ACTIVITY[unit]
    ax.axvspan(begin, end, color="#EEEEEE", lw=0, label="activity")
    ax.axhline(100, color="black", lw=0.4)
    curve(ax, onset, weight.mean(axis=1), weight.std(axis=1), label="dopamine (mean ± SD)", color=PALETTE["vermilion"])
    span = onset.max() - onset.min()
    controls = dict(zip(table.values("control"), 100 * table.values("control_w"), strict=True))
    for k, (name, values) in enumerate(controls.items()):
        color, marker = LOOKS[name]
        x = onset.max() + span * (0.1 + 0.07 * k)
        ax.errorbar(x, values.mean(), values.std(), fmt=marker, color=color, markersize=4, capsize=1.5, label=name)
        if name == "no dopamine":
            ax.axhline(values.mean(), color=color, lw=0.7, ls=":")
    for name, (_, values, _, about) in table.variables.items():
        if name.startswith("full_"):
            ax.plot(_place(about, onset, span), 100 * values.mean(), marker="D", ms=6, mfc="none", mec="black", mew=0.8,
                    ls="none", label="run in full")  # fmt: skip
    ax.axvline(onset.max() + 0.06 * span, color=PALETTE["grey"], lw=0.5, ls="--")
    reference = "last pairing" if unit == "min" else "train onset"
    ax.set_xlabel(f"Dopamine onset after {reference} ({unit})")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.15 * (high - low))  # no control lies under the note
    note = f"controls\nn = {weight.shape[1]}"
    ax.annotate(note, (1.0, 1.0), xycoords="axes fraction", ha="right", va="top", size=6.5)


def _place(about: str, onset: np.ndarray, span: float) -> float:
    """Return where a full run belongs on the axis: its onset, or with the control it repeats."""
    text = about.rpartition(", ")[2]
    return onset.max() + 0.1 * span if text == "no dopamine" else float(text.split()[0])
