"""Which rows fail when one arm is taken from the rule: the table of benchmarks/results/ablation.md.

    python benchmarks/ablation.py TABLE.csv

Calcium is captured once (and kept in the cache of the user), so that each arm costs the rule alone. One process.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from dendplast.files import replacing
from dendplast.validation.command import ARMS, score_table
from dendplast.validation.ground import ground
from dendplast.validation.library import find
from dendplast.validation.plan import Plan
from dendplast.validation.run import Outcome, groups, missing, outcome
from dendplast.validation.score import Contrast, Scored, summary
from dendplast.validation.table import read_table

TARGET = Path(__file__).parent / "results" / "ablation.md"

SEED, N_SPINE = 1, 6


def line(name: str, scored: Sequence[Scored], pairs: Sequence[Contrast], whole: set[str]) -> str:
    """Return the row of the table for one arm; `whole` are the rows that the whole rule passes."""
    score = summary(scored, pairs)
    lost = sorted(whole - {s.row.id for s in scored if s.passed})
    shares = " | ".join(f"{score.share(what):.0f} %" for what in ("right", "within", "converted", "signs_right"))
    return f"| {name} | {shares} | {len(lost)} | {', '.join(lost) or '-'} |"


def main() -> None:
    """Drive the whole rule and the rule without each arm through every row, and write the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("table")
    table = options.parse_args().table
    rows = read_table(table)
    plans = {row.id: find(row) for row in rows}
    plans = {k: (missing(p) or p) if isinstance(p, Plan) else p for k, p in plans.items()}
    done: dict[str, dict[str, list[Outcome]]] = {arm: {} for arm in ("", *ARMS)}
    for some in groups({k: p for k, p in plans.items() if isinstance(p, Plan)}).values():
        g = ground(lambda _: None, some, SEED, N_SPINE)
        for arm, found in done.items():
            parameters = g.parameters.replaced(ARMS.get(arm, {}))
            kept = g.states(parameters.flat())
            for name, course in g.courses.items():
                found[name] = [outcome(some[name], course, g, kept[name], parameters.expression.w_floor)]
    scores = {arm: score_table(rows, plans, found) for arm, found in done.items()}
    whole = {s.row.id for s in scores[""][0] if s.passed}
    text = [
        "# Ablations", "",
        "Rows that the whole rule passes and the rule without one arm does not (`validation.command.ARMS` says what is",
        f"taken away). One cell a region, {N_SPINE} spines.", "",
        f"Made by `python benchmarks/ablation.py {Path(table).name}`.", "",
        "| without | class | \\|z\\| <= 2 | conversions | signs | rows lost | which |",
        "|---|---|---|---|---|---|---|",
        *(line(arm or "nothing", *scores[arm], whole) for arm in scores), "",
    ]  # fmt: skip
    with replacing(TARGET) as partial:
        partial.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
