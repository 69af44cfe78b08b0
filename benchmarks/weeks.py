"""Time four weeks of a tree: training, loss and formation, proteins and neighbours' signals of 2,000 spines.

    python benchmarks/weeks.py [--spines 2000] [--repeats 5]

Spines on the shipped CA1 cell, segments of 5 um as in `dp.follow`; a tenth of them gets three tetani with dopamine on
days 1, 2 and 8, all of them the tone that the sliding threshold and the absence of modulators follow.  Calcium of the
tetani is prescribed: what is timed is the slow system, all of it on.  Each repeat is a process of its own; CPU times of
one thread and wall times, median (range).  Writes `benchmarks/results/weeks.md`.
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

from machine import machine, spread  # noqa: E402

DAY, MIN = 8.64e7, 6e4


def child(n: int) -> dict[str, float]:
    """Follow `n` spines for four weeks."""
    import dendplast as dp
    from dendplast.build import build_cell_for
    from dendplast.memory import Puff, Stimulus, Weeks, finer, segment_at
    from dendplast.presets import load_preset
    from dendplast.placing import place

    dp.ensure_loaded()
    preset = load_preset("ca1")
    cell = build_cell_for(dp.Experiment(preset="ca1", numerics=dp.Numerics(d_lambda=0.2)), preset)
    tree = cell.geometry()
    spines = place(tree, preset.spines, seed=1, n=n)
    values = preset.parameters
    begin, wall = time.process_time(), time.perf_counter()
    fine = finer(tree, 5.0)
    trained = np.sort(np.random.default_rng(1).choice(n, n // 10, replace=False))
    trains, puffs = [], []
    for day in (1, 2, 8):
        trains.append(Stimulus.train(
            day * DAY, trained, values.calcium.epsp_peak, values.calcium.ca_rest, n=100, hz=100.0, times=3,
            interval=10 * MIN,
        ))  # fmt: skip
        puffs += [Puff("dopamine", 1e-3, t, t + 5 * MIN) for t in day * DAY + 10 * MIN * np.arange(3)]
    weeks = Weeks(
        fine, segment_at(fine, spines.section, spines.x), spines.x, spines.volume, values, trains, puffs,
        tone={"da": 2e-5}, seed=1,
    )  # fmt: skip
    made = time.process_time()
    weeks.run(28 * DAY)
    out = weeks.outcome()
    return {
        "make": made - begin, "weeks": time.process_time() - made, "wall": time.perf_counter() - wall,
        "segments": len(fine), "lost": int(np.isfinite(out["lost_at"]).sum()), "formed": len(out["w"]) - n,
        "late": float(np.nanmean(out["late"][trained])),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spines", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "weeks.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.child:
        print(json.dumps(child(a.spines)))
        return
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--child", "--spines", str(a.spines)]
    runs = []
    for _ in range(a.repeats):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    first = runs[0]
    lines = [
        "# Four weeks",
        "",
        f"Written by `benchmarks/weeks.py --spines {a.spines} --repeats {a.repeats}`. {machine()}. {a.spines} spines "
        f"on {first['segments']} segments, 28 days, three trainings of a tenth of them; proteins, both signals of "
        "neighbours, loss and formation are on, electricity is not part of it. One thread, median (range).",
        "",
        "| part | s |",
        "|---|---|",
        f"| make (modes of the tree), CPU | {spread([r['make'] for r in runs])} |",
        f"| four weeks, CPU | {spread([r['weeks'] for r in runs])} |",
        f"| both, wall clock | {spread([r['wall'] for r in runs])} |",
        "",
        f"{first['lost']} spines were lost, {first['formed']} formed; the trained ones that are there have a late "
        f"weight of {first['late']:.2f}.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
