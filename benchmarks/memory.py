"""Write the bars of memory as one table, from the files of the studies `memory` and `structure`.

    python run_all.py --only memory structure --out results
    python benchmarks/memory.py --results results

What is kept of a weak input by when the strong one comes, what that needs, crosstalk of neighbours, and loss after one
induction, each beside the published values.  Writes `benchmarks/results/memory.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from dendplast.storage import open_file, read_labelled
from dendplast.studies.crosstalk import ROWS, scores
from dendplast.studies.memory_figure import PUBLISHED, late, tables
from dendplast.studies.structure import GROUPS
from dendplast.studies.structure import PUBLISHED as LOST

CONTROLS = (
    "weak alone", "strong alone", "anisomycin", "D1 blocked", "no dopamine", "anisomycin, weak first",
    "D1 blocked, weak first", "no dopamine, weak first", "novelty -0.5 h", "novelty +0.5 h", "novelty -5 h",
)  # fmt: skip


def window(path: Path) -> list[str]:
    """Return what is kept by the time between both inputs, and under what."""
    found = tables(path)
    table = found["outcome"]
    names = [name for name in table.values("condition") if name.endswith(" h") and name not in CONTROLS]
    sample = late(table, names[0])
    cells = len(set(table.values("cell")))
    lines = [
        "## What is kept of a weak input", "",
        f"Late weight 8 h after the later input (% of the start), mean ± SEM, n = {sample.n} {sample.of} of "
        + f"{np.count_nonzero(table.values('input') == 'weak')} spines on {cells} cells; "
        + f"{100 * found['limit']:g} % is the least change that counts.", "",
        "| weak after strong | published | weak input | its spines above that | strong input |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for name in names:
        published = next((w for signs in PUBLISHED.values() for t, w in signs.items() if _at(name, t)), "")
        lines.append(f"| {name} | {published} | {_said(late(table, name))} | {_share(table, name, found['limit'])} | "
                     f"{_said(late(table, name, 'strong'))} |")  # fmt: skip
    lines += ["", *(_agreement(table, names, source, found["limit"]) for source in PUBLISHED)]
    lines += ["", "Conditions at + 0.5 h, or with the weak input first at -0.5 h:", "",
              "| condition | weak input | strong input |", "|---|---|---|"]  # fmt: skip
    for name in CONTROLS:
        if name in table.values("condition"):
            lines.append(f"| {name} | {_said(late(table, name))} | {_said(late(table, name, 'strong'))} |")
    return lines


def _at(name: str, delay: float) -> bool:
    """Return whether a condition is that of a time (h)."""
    return abs(delay - float(name.removesuffix(" h"))) < 0.01


def _share(table: Any, name: str, limit: float) -> str:
    """Return how many spines of the weak input kept a change."""
    row = list(table.values("condition")).index(name)
    kept = table.values("late")[row][table.values("input") == "weak"] > limit
    return f"{np.count_nonzero(kept)} of {len(kept)}"


def _same(table: Any, name: str, what: str, limit: float) -> np.ndarray:
    """Return in which draws the weak input fares as published; "weaker" is weaker than an hour before."""
    each = late(table, name).each
    if what == "weaker or none":
        return each < late(table, "-1 h").each
    return (each > 100 * limit) == (what == "kept")


def _agreement(table: Any, names: list[str], source: str, limit: float) -> str:
    """Return at which times of one paper the model keeps the weak input, or does not, as the paper does."""
    right, wrong = [], []
    for delay, what in sorted(PUBLISHED[source].items()):
        for name in (one for one in names if _at(one, delay)):
            same = _same(table, name, what, limit)
            (right if same.all() else wrong).append(f"{name} ({np.count_nonzero(same)} of {len(same)} draws)")
    return f"- {source}: as published at {', '.join(right)}" + (f"; not at {', '.join(wrong)}." if wrong else ".")


def _said(mean: Any) -> str:
    return f"{mean.value:.1f} ± {mean.error:.1f}"


def crosstalk(table: Any) -> list[str]:
    """Return every published change of volume beside ours."""
    seeds = np.unique(table.values("seed"))
    z, each = scores(table), np.array([scores(table, seed) for seed in seeds])
    n = table.values("weak").shape[1]
    lines = [
        "## Crosstalk of neighbours (10.1038/nature06416)", "",
        f"Change of volume (%), n = {n} draws of calcium, {len(seeds)} seeds; z over SEM and spread between "
        + f"laboratories. |z| <= 2 in {np.count_nonzero(np.abs(z) <= 2)} of {len(z)} rows; with each seed alone in "
        + ", ".join(str(np.count_nonzero(np.abs(one) <= 2)) for one in each) + ".", "",
        "| row | published | model, mean ± SEM | z | z by seed |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for k, row in enumerate(ROWS):
        pair = list(table.values("pair")).index(row.name)
        ours = 100 * table.values("strong" if row.strong else "weak")[pair]
        lines.append(f"| {row.what} | {row.change:g} ± {row.sem:g} | {ours.mean():.0f} ± "
                     f"{ours.std(ddof=1) / np.sqrt(n):.0f} | {z[k]:+.1f} | "
                     f"{', '.join(f'{one:+.1f}' for one in each[:, k])} |")  # fmt: skip
    return lines


def loss(table: Any) -> list[str]:
    """Return the shares of spines lost after one induction."""
    seeds = np.unique(table.values("seed"))
    lines = [
        "## Spines lost after one induction (10.7554/eLife.39151)", "",
        "z over the binomial error of the model, and of the published share where its n is given.", "",
        "| group | day | published (%) | model (%) | n | by seed (%) | z |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in GROUPS:
        share, day, n = LOST[name]
        mine = table.values("group") == name
        lost = table.values("lost_at") <= day
        each = [100 * lost[mine & (table.values("seed") == seed)].mean() for seed in seeds]
        variance = share * (1 - share) * (1 / mine.sum() + (1 / n if n else 0.0))
        z = (lost[mine].mean() - share) / np.sqrt(variance)
        lines.append(f"| {name} | {day:g} | {100 * share:.0f} | {100 * lost[mine].mean():.1f} | {mine.sum()} | "
                     f"{', '.join(f'{one:.1f}' for one in each)} | {z:+.1f} |")  # fmt: skip
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=HERE.parent / "results")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "memory.md")
    a = parser.parse_args()
    with open_file(a.results / "structure.h5") as file:
        structure = {name: read_labelled(file[name]) for name in ("days", "crosstalk")}
    lines = [
        "# Memory", "",
        "Written by `benchmarks/memory.py` from the files of `run_all.py --only memory structure`.", "",
        *window(a.results / "memory.h5"), "", *crosstalk(structure["crosstalk"]), "", *loss(structure["days"]), "",
    ]  # fmt: skip
    text = "\n".join(lines)
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
