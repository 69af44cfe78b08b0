"""Time a protocol of an hour: every step against windows with rests between them, and their errors.

    python benchmarks/pairings.py [--pairings 60 100] [--rest 60] [--dt 0.1] [--repeats 5]

Pairings at 0.2 Hz under dopamine, and then the rest (min), on a small passive cell with eight spines, so that the
run with every step can be done whole. CPU times, one thread; the run with every step is done once, the others
`--repeats` times. Writes `benchmarks/results/pairings.md`. Takes about five minutes a row.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine, spread  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402
from dendplast.cell import build_cell  # noqa: E402
from dendplast.geometry import Morphology, Neurite  # noqa: E402
from dendplast.placing import place_at  # noqa: E402
from dendplast.presets import load_preset  # noqa: E402

SECTIONS, PLACES = np.repeat([1, 2, 3, 4], 2), np.tile([0.35, 0.8], 4)
PARAMETERS = {"K_P": 6e-4, "K_D": 3e-4, "k_c": 4e-4, "e_0": 0.0, "g0_D": 0.1}
"""Thresholds that the calcium of a passive cell reaches, and a conversion that shows in a hundred pairings."""


def small_cell() -> Morphology:
    """Return a soma with a trunk, its two daughters and a basal branch."""
    trunk = np.array([[0, 7, 0], [0, 127, 0]], float)
    sides = [np.array([trunk[1], trunk[1] + [x, 60, 0]]) for x in (-120, 120)]
    basal = np.array([[0, -7, 0], [0, -127, 0]], float)
    thin = np.array([1.2, 0.8])
    branches = [Neurite("apical", -1, trunk, np.array([2.0, 1.5])), *(Neurite("apical", 0, s, thin) for s in sides)]
    return Morphology("small", np.zeros(3), 14.0, (*branches, Neurite("basal", -1, basal, thin)))


def model(pairings: int, rest: float, dt: float, **numerics: object) -> dp.Model:
    """Build the model."""
    experiment = dp.Experiment(
        preset="passive",
        parameters=PARAMETERS,
        tone={"dopamine": "200 nM"},
        protocol=(protocols.pairing(n=pairings, hz=0.2, dt=10.0, n_pre=1, spines=(0, 2, 4, 6)),),
        numerics=dp.Numerics(dt=dt, engine="neuron", **numerics),
        record=dp.Record(names=("cai",), every_active=1e6, every_rest=1e6),
        until=f"end + {rest} min",
    )
    cell = build_cell(small_cell(), load_preset("passive"), 0.3, name="small")
    return dp.build(experiment, cell=cell, spines=place_at(cell.geometry(), SECTIONS, PLACES, seed=3))


def timed(work: object) -> tuple[float, object]:
    """Return CPU time (s) of a call, and what it gave."""
    begin = time.process_time()
    out = work()
    return time.process_time() - begin, out


def row(pairings: int, rest: float, dt: float, repeats: int) -> list[str]:
    """Return the lines of one protocol."""
    full, truth = timed(lambda: dp.run(model(pairings, rest, dt, full=True)))
    w = truth.outcomes["w"][-1]
    change = np.abs(w - 1).max()
    lines = [f"| {pairings} | every step | {full:.3g} | 1 | 0 |"]
    found: dict[str, tuple[list[float], float]] = {}
    for calm in ("10 nM", "30 nM", "100 nM"):
        runs = [timed(lambda calm=calm: dp.run(model(pairings, rest, dt, calm=calm))) for _ in range(repeats)]
        error = np.abs(runs[0][1].outcomes["w"][-1] - w).max() / change
        found[f"windows, calm {calm}"] = [r[0] for r in runs], error
    for name, (times, error) in found.items():
        ratio = full / np.median(times)
        lines.append(f"| {pairings} | {name} | {spread(times)} | {ratio:.3g} | {100 * error:.2g} % |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairings", type=int, nargs="+", default=[60, 100])
    parser.add_argument("--rest", type=float, default=60.0)
    parser.add_argument("--dt", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "pairings.md")
    a = parser.parse_args()
    command = f"benchmarks/pairings.py --pairings {' '.join(map(str, a.pairings))} --rest {a.rest:g} --dt {a.dt:g}"
    lines = [
        "# Pairings at 0.2 Hz and a rest",
        "",
        f"Written by `{command} --repeats {a.repeats}`. {machine()}. CPU seconds, median (range); the ratio is that of "
        "the run with every step; the error is that of the efficacies at the end over their largest change.",
        "",
        "| pairings | run | CPU s | ratio | error |",
        "|---|---|---|---|---|",
    ]
    for pairings in a.pairings:
        lines += row(pairings, a.rest, a.dt, a.repeats)
        print("\n".join(lines), flush=True)
    a.out.write_text("\n".join([*lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
