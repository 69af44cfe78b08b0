"""Time a month of consolidation, what it takes to set up spines, and memory: how each grows with their number.

    python benchmarks/month.py [--counts 1000 2000 5000 10000 20000] [--repeats 5]

Each number is of a process of its own: spines placed on the shipped CA1 cell and made in NEURON, without calibration
(which simulates; its cost is stated apart), the run's hand on them, and the rule alone for 30 days after strong traces.
CPU times, one thread, medians (range). Writes `benchmarks/results/month.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine, memory, spread  # noqa: E402

MONTH = 30 * 86_400e3
TRACES = {"elig_P": 0.6, "elig_D": 0.6, "PKA": 0.9, "tag_P": 0.5, "tag_D": 0.4, "early": 0.4, "primed": 0.8}
"""States after a strong stimulus; each spine has a random part of them."""


def child(n: int) -> dict[str, float]:
    """Set up `n` spines and rest for a month."""
    import dendplast as dp
    from dendplast.build import _spines, build_cell_for
    from dendplast.driver import Driver
    from dendplast.model import Model
    from dendplast.presets import load_preset

    dp.ensure_loaded()
    preset = load_preset("ca1")
    placement = dp.Placement(n=n, calibrate=False, scale=1.0)
    experiment = dp.Experiment(preset="ca1", spines=placement, until="30 d")
    cell = build_cell_for(experiment, preset)
    tree = cell.geometry()
    clock = time.process_time
    begin = clock()
    spines = _spines(tree, preset.spines, experiment)
    placed, before = clock(), memory()
    model = Model(experiment, preset, cell, tree, spines, preset.parameters)
    made, grown = clock(), memory() - before
    driver = Driver(model)
    held, with_hand = clock(), memory() - before
    driver.rest = {"cai": np.full(n, preset.parameters.flat()["ca_rest"])}
    rng = np.random.default_rng(1)
    for name, most in TRACES.items():
        driver.slow[name].set(most * rng.random(n))
    driver.exchange.gather()
    driver.engines[0].rest(0.0, 1.0, driver.rest["cai"])  # the compiled rule is made now
    rest = clock()
    driver.to(MONTH)
    return {
        "place": placed - begin, "make": made - placed, "hand": held - made, "month": clock() - rest,
        "memory": grown / n, "with_hand": with_hand / n, "change": float(np.abs(driver.slow["w"].get() - 1).max()),
    }  # fmt: skip


def run(n: int) -> dict[str, float]:
    """Run `child` in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--child", str(n)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def exponent(rows: list[tuple[int, list[dict[str, float]]]], names: tuple[str, ...]) -> float:
    """Return the power of the number of spines with which the sum of some times grows."""
    total = [np.median([sum(r[name] for name in names) for r in runs]) for _, runs in rows]
    return float(np.polyfit(np.log([n for n, _ in rows]), np.log(total), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 2000, 5000, 10000, 20000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "month.md")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.child:
        print(json.dumps(child(a.child)))
        return
    found: dict[int, list[dict[str, float]]] = {n: [] for n in a.counts}
    for _ in range(a.repeats):
        for n in a.counts:
            found[n].append(run(n))
    rows = list(found.items())
    lines = [
        "# Setting up, and a month of consolidation",
        "",
        f"Written by `benchmarks/month.py --counts {' '.join(map(str, a.counts))} --repeats {a.repeats}`. {machine()}. "
        f"CPU seconds, one thread: median (range) of {a.repeats} runs. *Place*: the gaps of all spines of the "
        "shipped CA1 cell (22,000) are drawn, and the sizes of those that are kept. "
        "*Make*: point processes with all values. *Hand*: what a run needs to read "
        "and write their states. *Month*: `Driver.to(30 days)` of the rule alone, the steps growing with time. "
        "Memory is of made spines, and of these with the hand on them, without recording.",
        "",
        "| spines | place | make | hand | the three | month | memory made, with hand (kB a spine) |",
        "|---|---|---|---|---|---|---|",
    ]
    for n, runs in rows:
        for r in runs:
            r["setup"] = r["place"] + r["make"] + r["hand"]
        cells = [spread([r[name] for r in runs]) for name in ("place", "make", "hand", "setup", "month")]
        kept = [f"{np.median([r[name] for r in runs]):.1f}" for name in ("memory", "with_hand")]
        lines.append(f"| {n} | {' | '.join(cells)} | {', '.join(kept)} |")
    if len(rows) > 1:
        lines += [
            "",
            f"Cost grows with the number of spines to the power of {exponent(rows, ('make', 'hand')):.2f} (make and "
            f"hand) and {exponent(rows, ('month',)):.2f} (month).",
        ]
    text = "\n".join([*lines, ""])
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
