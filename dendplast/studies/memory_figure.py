"""Figure and findings of the memory study, from its file alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from ..figures import panel_letter, style
from ..storage import open_file, read_labelled
from ..style import PALETTE, curve
from .base import Finding

__all__ = ["PUBLISHED", "Mean", "draw", "findings", "late", "tables"]

PUBLISHED = {
    "10.1016/S0028-3908(98)00040-9": {-4.0: "none", -2.0: "weaker or none", -1.0: "kept", -1 / 12: "kept"},
    "10.1038/s42003-025-07998-w": {-3.0: "none", -0.5: "kept", 0.5: "kept", 3.0: "kept", 6.0: "kept", 9.0: "kept"},
}
"""What became of the weak input by how long after the strong one it came (h), by paper."""


class Mean(NamedTuple):
    """A mean with its standard error: over draws where there are several, else over the spines of the only one."""

    value: Any
    error: Any
    each: np.ndarray
    of: str

    @property
    def n(self) -> int:
        return self.each.shape[-1]

    @property
    def sample(self) -> str:
        return f"n = {self.n} {self.of}"


def tables(path: Path) -> dict[str, Any]:
    """Return the labelled tables of the study's file, and the least change that counts as one (``limit``)."""
    with open_file(path) as file:
        return {name: read_labelled(file[name]) for name in ("outcome", "course", "protein")} | {
            "limit": float(file.attrs["limit"])
        }


def _mean(outcome: Any, values: np.ndarray, which: str) -> Mean:
    """Return mean and error over one input's spines, the last axis of `values`."""
    mine = outcome.values("input") == which
    draw = outcome.values("draw")[mine]
    found, of = values[..., mine], "spines"
    if draw.max() > draw.min():
        found, of = np.stack([found[..., draw == k].mean(axis=-1) for k in np.unique(draw)], axis=-1), "draws"
    return Mean(found.mean(axis=-1), found.std(axis=-1, ddof=1) / np.sqrt(found.shape[-1]), found, of)


def late(outcome: Any, name: str, which: str = "weak") -> Mean:
    """Return the late weight of one input in a condition (% of the start)."""
    return _mean(outcome, 100 * outcome.values("late")[list(outcome.values("condition")).index(name)], which)


def _delays(outcome: Any) -> dict[float, str]:
    """Return the conditions that differ in when the weak input comes, by that time (h)."""
    names = [name for name in outcome.values("condition") if name.endswith(" h") and not name.startswith("novelty")]
    return {float(name.removesuffix(" h")): name for name in names}


def draw(path: Path) -> dict[str, Figure]:
    """Return the figure: time courses, the window, what rescue needs, and proteins along the cell."""
    found = tables(path)
    with style():
        figure = Figure(figsize=(7.2, 5.8))
        axes = figure.subplots(2, 2)
        _draw_courses(axes[0, 0], found)
        _draw_window(axes[0, 1], found)
        _draw_controls(axes[1, 0], found)
        _draw_protein(axes[1, 1], found["protein"])
        for ax, letter in zip(axes.flat, "ABCD", strict=True):
            panel_letter(ax, letter)
    return {"capture": figure}


def _draw_courses(ax: Any, found: Mapping[str, Any]) -> None:
    table = found["course"]
    looks = {
        ("strong alone", "strong", "strong input"): ("vermilion", "s"),
        ("0.5 h", "weak", "weak, strong 0.5 h before"): ("green", "D"),
        ("weak alone", "weak", "weak input alone"): ("blue", "o"),
    }
    names = list(table.values("condition"))
    for (name, which, label), (color, marker) in looks.items():
        mean = _mean(found["outcome"], 100 * table.values("w")[names.index(name)], which)
        curve(ax, table.values("since"), mean.value, mean.error, None, f"{label} ({mean.sample})",
              color=PALETTE[color], marker=marker)  # fmt: skip
    ax.axhline(100, color="black", lw=0.4)
    ax.set(xlabel="Time after the weak input (h)", ylabel="Weight (% of start)\nmean ± SEM")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.45 * (high - low))  # room for the legend
    ax.legend(loc="upper right")


def _draw_window(ax: Any, found: Mapping[str, Any]) -> None:
    table = found["outcome"]
    names = _delays(table)
    means = [late(table, name) for name in names.values()]
    if means[0].of == "draws":
        each = np.array([m.each for m in means])
        for k, one in enumerate(each.T):
            ax.plot(list(names), one, lw=0.5, color=PALETTE["grey"], label=None if k else "one draw")
    curve(ax, list(names), [m.value for m in means], [m.error for m in means], None,
          f"weak input ({means[0].sample})", color=PALETTE["green"], marker="D")  # fmt: skip
    ax.axhline(100 * found["limit"], color="black", lw=0.6, ls=":", label="least change that counts")
    ax.axhline(late(table, "weak alone").value, color=PALETTE["blue"], lw=0.8, ls="--", label="weak input alone")
    ax.axvline(0, 0, 0.7, color="black", lw=0.4)
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.12 * (high - low), high + 0.55 * (high - low))  # rooms for published signs and legend
    looks = {"kept": ("black", "s"), "weaker or none": ("0.6", "s"), "none": ("white", "s")}
    at = low - 0.05 * (high - low)
    for what, (color, marker) in looks.items():
        when = [t for signs in PUBLISHED.values() for t, sign in signs.items() if sign == what]
        ax.plot(when, [at] * len(when), marker, ms=4, mfc=color, mec="black", mew=0.6, ls="none",
                label=f"published: {what}")  # fmt: skip
    ax.set(xlabel="Weak input after strong input (h)", ylabel="Late weight of the weak input (%)\nmean ± SEM")
    ax.legend(loc="upper left", fontsize=5.5, ncols=2)


def _draw_controls(ax: Any, found: Mapping[str, Any]) -> None:
    table = found["outcome"]
    shown = {
        "0.5 h": "strong 0.5 h before", "anisomycin": "… anisomycin", "D1 blocked": "… D1 blocked",
        "no dopamine": "… no dopamine", "-0.5 h": "strong 0.5 h after",
        "anisomycin, weak first": "… anisomycin", "D1 blocked, weak first": "… D1 blocked",
        "no dopamine, weak first": "… no dopamine", "weak alone": "weak alone",
        "novelty -0.5 h": "novelty 0.5 h before", "novelty +0.5 h": "novelty 0.5 h after",
        "novelty -5 h": "novelty 5 h before",
    }  # fmt: skip
    shown = {name: label for name, label in shown.items() if name in table.values("condition")}
    jitter = np.random.default_rng(0)
    for k, name in enumerate(shown):
        mean = late(table, name)
        rescued = not shown[name].startswith("…")
        ax.barh(k, mean.value, 0.7, color=PALETTE["green" if rescued else "sky"], zorder=0)
        ax.errorbar(mean.value, k, xerr=mean.error, fmt="none", ecolor="black", elinewidth=0.8, capsize=2)
        ax.plot(mean.each, k + jitter.uniform(-0.25, 0.25, mean.n), ".", ms=2, color="black", alpha=0.4)
    ax.axvline(100 * found["limit"], color="black", lw=0.6, ls=":")
    ax.set_yticks(range(len(shown)), list(shown.values()))
    ax.invert_yaxis()
    ax.set(xlabel=f"Late weight of the weak input (%)\nmean ± SEM, {mean.sample} (points)")


def _draw_protein(ax: Any, table: Any) -> None:
    distance, region = table.values("path_distance"), table.values("region")
    signed = np.where(region == "basal", -distance, distance)
    edges = np.arange(-200, 601, 50.0)
    for k, since in enumerate(table.values("since")):
        bins = np.digitize(signed, edges)
        means = [table.values("protein")[k][bins == b].mean() if (bins == b).any() else np.nan
                 for b in range(1, len(edges))]  # fmt: skip
        ax.plot(0.5 * (edges[1:] + edges[:-1]), means, marker="osD^v"[k], label=f"{since:g} h")
    ax.axvspan(80, 250, color=PALETTE["grey"], alpha=0.2, lw=0)
    ax.text(165, 0.98, "strong input", transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=7)
    ax.set(xlabel="Path from the soma (µm; basal negative)", ylabel="Protein (1 is the most)")
    ax.margins(y=0.2)
    ax.legend(title="after strong", loc="upper right")


def findings(path: Path) -> list[Finding]:
    """Return what the figure shows in words."""
    found = tables(path)
    table, limit = found["outcome"], 100 * found["limit"]
    mean = {name: late(table, name) for name in table.values("condition")}

    def say(names: Any) -> str:
        return ", ".join(f"{mean[name].value:.1f} ± {mean[name].error:.1f} % at {name}" for name in names)

    delays = _delays(table)
    far = [name for delay, name in delays.items() if abs(delay) > 0.5]
    return [
        Finding(
            "ca1: a weak input keeps its change when a strong one comes within half an hour before or after",
            f"late weight {say(['-0.5 h', '0.5 h'])}",
            f"{mean['weak alone'].value:.1f} % alone, {say(far)} (limit {limit:g} %; SEM, {mean['0.5 h'].sample})",
        ),
        Finding(
            "ca1: rescue needs protein synthesis, and the modulator during the strong input",
            f"{mean['0.5 h'].value:.1f} %",
            f"{mean['anisomycin'].value:.1f} % with anisomycin, {mean['D1 blocked'].value:.1f} % with D1 blocked, "
            f"{mean['no dopamine'].value:.1f} % without dopamine",
        ),
        Finding(
            "ca1: novelty (dopamine for 30 min) rescues a weak input within half an hour",
            f"{mean['novelty -0.5 h'].value:.1f} % when 0.5 h before, "
            f"{mean['novelty +0.5 h'].value:.1f} % when 0.5 h after",
            f"{mean['novelty -5 h'].value:.1f} % when 5 h before",
        ),
    ]
