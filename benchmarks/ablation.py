"""Which rows fail when one arm is taken from the rule: the table of benchmarks/results/ablation.md.

    python benchmarks/ablation.py TABLE.csv [--out FOLDER] [--jobs N]

Calcium is captured once (and kept in the cache of the user), so that each arm costs the rule alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from dendplast.files import replacing
from dendplast.validation.command import ARMS, validate
from dendplast.validation.score import Contrast, Scored, summary

TARGET = Path(__file__).parent / "results" / "ablation.md"


def line(name: str, scored: Sequence[Scored], pairs: Sequence[Contrast], whole: set[str]) -> str:
    """Return the row of the table for one arm; `whole` are the rows that the whole rule passes."""
    score = summary(scored, pairs)
    lost = sorted(whole - {s.row.id for s in scored if s.passed})
    shares = " | ".join(f"{score.share(what):.0f} %" for what in ("right", "within", "converted", "signs_right"))
    return f"| {name} | {shares} | {len(lost)} | {', '.join(lost) or '-'} |"


def main() -> None:
    """Validate with the whole rule, then without each arm, and write the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("table")
    options.add_argument("--out", default="ablation", help="folder of the results")
    options.add_argument("--jobs", type=int, default=1)
    arguments = options.parse_args()
    rows = [
        "| without | class | \\|z\\| <= 2 | conversions | signs | rows lost | which |",
        "|---|---|---|---|---|---|---|",
    ]
    whole: set[str] = set()
    for arm in ("", *ARMS):
        out = Path(arguments.out) / (arm or "whole")
        scored, pairs = validate(arguments.table, out, workers=arguments.jobs, seeds=(1,), n_spine=4, without=arm)
        whole = whole or {s.row.id for s in scored if s.passed}
        rows.append(line(arm or "nothing", scored, pairs, whole))
    text = [
        "# Ablations", "",
        "Rows that the whole rule passes and the rule without one arm does not (`validation.command.ARMS` says what is",
        "taken away). One cell a region, four spines.", "",
        f"Made by `python benchmarks/ablation.py {Path(arguments.table).name}`.", "", *rows, "",
    ]  # fmt: skip
    with replacing(TARGET) as partial:
        partial.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
