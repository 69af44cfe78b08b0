"""Time a map of 1,000 points, delay x distance x dose of dopamine, against one full run of the same experiment.

    python benchmarks/map.py [--repeats 5] [--checked 8] [--out benchmarks/results/map.md]

Both are sweeps as a user starts them (one process, start of the processes included): one point in mode "full", and
1,000 points in mode "replay". Times are CPU times of all processes, as medians of interleaved repeats. Then so many
points, drawn at random, are simulated in full beside the map, and the largest difference of a weight is compared
with the range of weights in it. Takes ten to fifteen minutes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

import dendplast as dp
from dendplast.studies.map import plan
from dendplast.sweep import Axis, Plan, Swept, run_plan

sys.path.insert(0, str(Path(__file__).resolve().parent))

from machine import machine, spread  # noqa: E402

N = 10  # values of each axis


def plans(checked: int = 0) -> tuple[Plan, Plan]:
    """Return one point in full, and the map: the experiment of the study `map` on `dspn`."""
    study = plan("dspn", 1, True)
    delay, distance, _ = study.axis
    axes = (
        delay.replaced(n=N), distance.replaced(n=N), Axis(key="site.dose", start=0.1, stop=3, n=N, scale="log")
    )  # fmt: skip
    grid = study.replaced(axis=axes, check=checked)
    one = (Axis(key="site.delay", values=(600.0,)), Axis(key="site.dose", values=(1.0,)))
    return grid.replaced(axis=one, mode="full", check=0), grid


def cost(chosen: Plan, folder: Path) -> tuple[float, Path]:
    """Return the CPU time of a sweep (s), its processes included, and its file."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    done = run_plan(chosen, Path(tempfile.mkdtemp(dir=folder)) / "map.h5", workers=1)
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    used = sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))
    if done is None or done.failed:
        raise SystemExit(f"the sweep failed: {done and done.failed}")
    return used, done.path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--checked", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "map.md")
    options = parser.parse_args()
    dp.ensure_loaded()
    full, grid = plans()
    times: dict[str, list[float]] = {"full": [], "map": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cost(grid.replaced(axis=full.axis), folder)  # numba compiles once for a machine
        for _ in range(options.repeats):
            times["full"].append(cost(full, folder)[0])
            times["map"].append(cost(grid, folder)[0])
        _, path = cost(plans(options.checked)[1], folder)
        data = Swept(path, {}).to_xarray()
        largest, mean, span = (float(data.attrs[f"replay_error_{k}"]) for k in ("max", "mean", "range"))
    ratio = np.median(times["map"]) / np.median(times["full"])
    lines = [
        "# A map of 1,000 points", "",
        f"Written by `benchmarks/map.py` on {machine()}. {N} delays x {N} distances x {N} doses of a patch of "
        f"dopamine around 5 trains of pairings on `dspn`, {data.sizes['spine']} spines, 30 min of rest after them; "
        f"one process. CPU time, median (range) of {options.repeats} interleaved repeats.", "",
        "| | CPU time (s) |", "|---|---|",
        f"| one full run | {spread(times['full'])} |", f"| the map, 1,000 points by replay | {spread(times['map'])} |",
        f"| map over full run | {ratio:.2f} |", "",
        f"{options.checked} of its points, drawn at random, were simulated as well: the largest difference of a weight "
        f"is {100 * largest / span:.2g} % of the range of weights in the map ({100 * span:.0f} % of the start), the "
        f"mean {100 * mean / span:.2g} %.",
    ]  # fmt: skip
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
