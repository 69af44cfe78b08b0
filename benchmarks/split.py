"""Split the time of a run into building, calibrating, coming to rest, running and writing; how the run grows with time.

    python benchmarks/split.py [--spines 100] [--times 250 500 1000] [--repeats 5]

Pairings at 10 Hz all the time on the shipped CA1 cell, so that every step is taken, at the step and the segments of
the studies (0.05 ms, d_lambda 0.2), states of nine kinds recorded every 5 ms. Each run is a process of its own, one
thread, CPU times, medians (range) of interleaved repeats. Writes `benchmarks/results/split.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine, memory, spread  # noqa: E402

PARTS = ("build", "calibrate", "rest", "run", "write")


def child(n: int, until: float) -> dict[str, float]:
    """Run once and return the CPU time (s) of each part, and memory (MB)."""
    import dendplast as dp
    from dendplast import protocols
    from dendplast.build import build
    from dendplast.calibration import calibrate
    from dendplast.driver import Driver
    from dendplast.stepping import fixed_step

    clock = time.process_time
    pairings = protocols.pairing(n=round(until / 100), hz=10.0, dt=10.0)
    experiment = dp.Experiment(
        preset="ca1", spines=dp.Placement(n=n, calibrate=False), numerics=dp.Numerics(dt=0.05, d_lambda=0.2),
        protocol=(pairings,), until=until,
    )  # fmt: skip
    dp.ensure_loaded()
    marks = [clock()]
    model = build(experiment)
    marks.append(clock())
    calibrate(model)
    marks.append(clock())
    with fixed_step(experiment.numerics.dt, model.celsius):
        model.driver = driver = Driver(model)
        driver.start()
        model.driver = None
    marks.append(clock())
    result = dp.run(model)
    marks.append(clock())
    with tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder) / "run.h5")
    marks.append(clock())
    parts = dict(zip(PARTS, np.diff(marks), strict=True))
    parts["run"] -= parts["rest"]  # a run begins with coming to rest
    return parts | {"memory": memory() / 1024}


def measured(n: int, until: float) -> dict[str, float]:
    """Run `child` in a process of its own."""
    command = [sys.executable, __file__, "--child", str(n), str(until)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spines", type=int, default=100)
    parser.add_argument("--times", type=float, nargs="+", default=[250, 500, 1000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "split.md")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.child:
        print(json.dumps(child(int(a.child[0]), float(a.child[1]))))
        return
    found: dict[float, list[dict[str, float]]] = {t: [] for t in a.times}
    for _ in range(a.repeats):
        for t in a.times:
            found[t].append(measured(a.spines, t))
    lines = [
        "# Where the time of a run goes",
        "",
        f"Written by `benchmarks/split.py --spines {a.spines} --times {' '.join(f'{t:g}' for t in a.times)} --repeats "
        f"{a.repeats}`. {machine()}. {a.spines} spines on the shipped CA1 cell, pairings at 10 Hz, 0.05 ms, "
        f"d_lambda 0.2. CPU seconds, one thread: median (range) of {a.repeats} interleaved runs.",
        "",
        f"| simulated (ms) | {' | '.join(PARTS)} | memory of the process (MB) |",
        f"|{'---|' * (len(PARTS) + 2)}",
    ]
    for t, runs in found.items():
        cells = [spread([r[part] for r in runs]) for part in (*PARTS, "memory")]
        lines.append(f"| {t:g} | {' | '.join(cells)} |")
    if len(found) > 1:
        spent = [np.median([r["run"] for r in runs]) for runs in found.values()]
        power = np.polyfit(np.log(list(found)), np.log(spent), 1)[0]
        lines += ["", f"The run grows with simulated time to the power of {power:.2f}."]
    text = "\n".join([*lines, ""])
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
