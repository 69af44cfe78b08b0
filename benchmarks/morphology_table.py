"""Compare grown cells with real reconstructions: the table of docs/morphologies.md, and a figure.

    DENDPLAST_SHARED=FOLDER python benchmarks/morphology_table.py --out OUT [--docs docs/morphologies.md]

FOLDER/morphologies holds the real reconstructions, which are not part of the project.  OUT gets
morphologies.md and morphologies.png; with --docs the table in that page is replaced.
"""

from __future__ import annotations

import argparse
import os
import re
import tomllib
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from dendplast.geometry import Morphology
from dendplast.growth import classes, grow
from dendplast.morphology import MorphologyStatistics, load, shipped, statistics
from dendplast.morphometry import SHOLL_STEP

SEEDS = range(3000, 3008)  # looked at neither in the fit nor when values were set by hand
# file: class, whether its numbers are in the mean that the class was fitted to
REAL = {
    "ca1_rat_DHC-neuron.CNG.swc": ("ca1", "fitted, 1 of 4"),
    "l5tt_rat_hay2011_cell1.asc": ("l5tt", "fitted, 1 of 3"),
    "l5pt_mouse_BS0284.CNG.swc": ("l5tt", "held out, other species"),
    "l23_rat_j8_L23pc.CNG.swc": ("l23", "held out"),
    "dspn_mouse_WT-0728MSN01.swc": ("dspn", "fitted, 1 of 4"),
    "ispn_mouse_51-5-DE.swc": ("ispn", "fitted, 1 of 4"),
}
HEAD = (
    "class", "tree", "cell", "bifurcations", "length (um)", "area (um2)", "longest path (um)",
    "Sholl peak (at um)", "Sholl error",
)  # fmt: skip
COLORS = {"basal": "#1f77b4", "apical": "#d62728"}


def profile(cells: list[MorphologyStatistics]) -> np.ndarray:
    """Return the mean Sholl profile, padded with zeros, shape (n,)."""
    size = max(len(s.sholl) for s in cells)
    return np.mean([np.pad(s.sholl, (0, size - len(s.sholl))) for s in cells], axis=0)


def profile_error(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the root mean square difference of two Sholl profiles over that of the second."""
    size = max(len(found), len(wanted))
    a, b = (np.pad(p, (0, size - len(p))) for p in (found, wanted))
    return float(np.sqrt(((a - b) ** 2).sum() / (b**2).sum()))


def row(kind: str, tree: str, label: str, cells: list[MorphologyStatistics], error: str) -> str:
    """Return one line of the table, with mean and SD when there are several cells."""

    def number(name: str) -> str:
        values = [getattr(s, name) for s in cells]
        return f"{np.mean(values):.0f}" + (f" ± {np.std(values, ddof=1):.0f}" if len(cells) > 1 else "")

    p = profile(cells)
    peak = f"{p.max():.0f} ({SHOLL_STEP * (1 + p.argmax()):.0f})"
    numbers = [number(name) for name in ("bifurcations", "length", "area", "max_path")]
    return f"| {' | '.join([kind, tree, label, *numbers, peak, error])} |"


def table(real: dict[str, Morphology], grown: dict[str, list[Morphology]]) -> str:
    """Return the table in Markdown; the Sholl error is that of the grown cells' mean profile."""
    with open(Path(__file__).with_name("growth_targets.toml"), "rb") as file:
        targets = tomllib.load(file)
    lines = [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    for kind in classes():
        for tree in ("basal", "apical"):
            if tree not in targets[kind]:
                continue
            t = targets[kind][tree]
            radius = f" ({t['sholl_peak_radius']})" if "sholl_peak_radius" in t else ""
            numbers = [str(t[k]) for k in ("bifurcations", "length", "area", "max_path", "sholl_peak")]
            lines.append(f"| {kind} | {tree} | **target** | {' | '.join(numbers)}{radius} | |")
            cells = [statistics(m, [tree]) for m in grown[kind]]
            lines.append(row(kind, tree, f"grown, {len(cells)} seeds", cells, ""))
            for name in (f"{kind}_1", f"{kind}_2"):
                lines.append(row(kind, tree, f"shipped `{name}`", [statistics(load(name), [tree])], ""))
            for file, (of, part) in REAL.items():
                if of == kind:
                    s = statistics(real[file], [tree])
                    error = f"{profile_error(profile(cells), s.sholl):.2f}"
                    lines.append(row(kind, tree, f"real `{file}` ({part})", [s], error))
    return "\n".join(lines) + "\n"


def draw(axes: plt.Axes, m: Morphology, title: str) -> None:
    """Draw the dendrites as seen along z, the soma's centre at the origin."""
    for n in m.neurites:
        if n.kind in COLORS:
            x, y, _ = (n.points - m.soma_center).T
            axes.plot(x, y, color=COLORS[n.kind], lw=0.4 + 0.4 * n.diameters.mean(), solid_capstyle="round")
    axes.add_patch(plt.Circle((0, 0), m.soma_diameter / 2, color="black", zorder=3))
    axes.set_title(title, fontsize=8)
    axes.set_aspect("equal")


def figure(real: dict[str, Morphology], grown: dict[str, list[Morphology]], path: Path) -> None:
    """Draw, for each class: a real cell, both shipped cells, and Sholl profiles."""
    first = {of: file for file, (of, part) in reversed(REAL.items()) if "other species" not in part}
    fig, axes = plt.subplots(len(classes()), 4, figsize=(11, 16), layout="constrained")
    for line, kind in zip(axes, classes(), strict=True):
        draw(line[0], real[first[kind]], f"real: {Path(first[kind]).stem}")
        for ax, n in ((line[1], 1), (line[2], 2)):
            draw(ax, load(f"{kind}_{n}"), f"grown: {kind}_{n}")
        limits = np.array([ax.axis() for ax in line[:3]])
        for ax in line[:3]:
            ax.axis((limits[:, 0].min(), limits[:, 1].max(), limits[:, 2].min(), limits[:, 3].max()))
        line[0].set_ylabel("y (um)")
        for tree, color in COLORS.items():
            cells = [statistics(m, [tree]) for m in grown[kind]]
            if not cells[0].stems:
                continue
            p = profile(cells)
            line[3].plot(SHOLL_STEP * (1 + np.arange(len(p))), p, color=color, label=f"{tree}, grown mean")
            for s in cells:
                line[3].plot(SHOLL_STEP * (1 + np.arange(len(s.sholl))), s.sholl, color=color, lw=0.3, alpha=0.4)
            s = statistics(real[first[kind]], [tree]).sholl
            line[3].plot(SHOLL_STEP * (1 + np.arange(len(s))), s, color=color, ls="--", label=f"{tree}, real")
        line[3].set_ylabel("crossings")
        line[3].legend(fontsize=7, frameon=False)
    for ax in axes[-1, :3]:
        ax.set_xlabel("x (um)")
    axes[-1, 3].set_xlabel("distance from the soma (um)")
    fig.savefig(path, dpi=110)
    plt.close(fig)


def main() -> None:
    """Write table and figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--docs", type=Path)
    a = parser.parse_args()
    if "DENDPLAST_SHARED" not in os.environ:
        parser.error("DENDPLAST_SHARED is not set: the folder whose morphologies/ holds the real reconstructions")
    folder = Path(os.environ["DENDPLAST_SHARED"], "morphologies")
    real = {file: load(folder / file, apical="auto") for file in REAL}
    grown = {kind: [grow(kind, seed) for seed in SEEDS] for kind in classes()}
    if missing := {f"{kind}_{n}" for kind in classes() for n in (1, 2)} - set(shipped()):
        parser.error(f"shipped morphologies are missing: {', '.join(sorted(missing))}")
    a.out.mkdir(parents=True, exist_ok=True)
    text = table(real, grown)
    (a.out / "morphologies.md").write_text(text)
    figure(real, grown, a.out / "morphologies.png")
    if a.docs:
        page = a.docs.read_text()
        a.docs.write_text(re.sub(r"(?s)(<!-- table -->\n).*(<!-- end -->)", rf"\g<1>\n{text}\n\g<2>", page))


if __name__ == "__main__":
    main()
