"""Measure how well a sweep of 64 simulations uses two cores.

    python benchmarks/efficiency.py [--jobs 64] [--out benchmarks/results/efficiency.md]

Eight of the jobs one after the other, then all on two processes, on a machine that does nothing else; the efficiency
is the time that one process would take over twice the time that two took. The start of each job's process, the build
of its cell and the writing of the file are part of both. Three to six minutes.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import dendplast as dp
from dendplast.sweep import Plan, run_plan

sys.path.insert(0, str(Path(__file__).resolve().parent))

from machine import machine  # noqa: E402

EXPERIMENT = dp.Experiment(
    preset="passive",
    morphology="dspn_1",
    spines=dp.Placement(n=40),
    protocol=(
        dp.protocols.pairing(dt=10, n=5, hz=1.0, start="10 ms"),
        dp.burst(dp.Patch("dopamine", center=(0.0, 40.0, 0.0), radius=10), start="0.6 s", n=5, hz=20),
    ),
    numerics=dp.Numerics(dt=0.05, d_lambda=0.2),
    until="end + 30 min",
)


def timed(n: int, workers: int, folder: Path) -> tuple[float, float]:
    """Return wall and CPU time of n simulations (s)."""
    plan = Plan.of(EXPERIMENT, {"site.dose": list(np.geomspace(0.1, 10, n))}, mode="full")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = run_plan(plan, folder / f"{n}-{workers}.h5", workers=workers)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done is None or done.failed:
        raise SystemExit(f"the sweep failed: {done and done.failed}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "efficiency.md")
    options = parser.parse_args()
    dp.ensure_loaded()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        wall_1, cpu_1 = timed(8, 1, Path(folder))
        wall_2, cpu_2 = timed(options.jobs, 2, Path(folder))
    share = wall_1 / 8 * options.jobs / (2 * wall_2)
    lines = [
        "# A sweep on two cores", "",
        f"Written by `benchmarks/efficiency.py` on {machine()}; load of the machine before it began: {load:.1f}. "
        f"Simulations of `dspn_1`, 40 spines, 5 pairings and 30 min of rest, each in a process of its own.", "",
        "| | jobs | wall time (s) | CPU time of the jobs (s) |", "|---|---|---|---|",
        f"| one process | 8 | {wall_1:.1f} | {cpu_1:.1f} |",
        f"| two processes | {options.jobs} | {wall_2:.1f} | {cpu_2:.1f} |", "",
        f"Efficiency {100 * share:.0f} %; both cores were at work for {100 * cpu_2 / (2 * wall_2):.0f} % of the time.",
    ]  # fmt: skip
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
