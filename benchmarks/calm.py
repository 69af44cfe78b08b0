"""Ask how near to rest calcium has to be before electricity may stop: what it saves, and what it does to efficacies.

    python benchmarks/calm.py [--presets ca1 dspn l5tt]

A few trains under 1 uM dopamine and ten minutes after them, six spines, with `numerics.calm` from 1 to 100 nM. CPU
times of single runs, one thread. Writes `benchmarks/results/calm.md`. Takes two minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402

CALMS = ("1 nM", "10 nM", "30 nM", "100 nM")
TRAIN = {"dt": 10.0, "start": "2 s", "trains": 2, "train_interval": "10 s"}
PAIRINGS = {
    "ca1": ({"region": "apical"}, {"dt": 10.0, "start": "2 s", "n": 10, "hz": 0.2}),
    "dspn": ({}, TRAIN | {"n": 10, "hz": 10.0, "n_post": 3}),
    "l5tt": ({"region": "basal"}, TRAIN | {"n": 5, "hz": 20.0}),
}
"""Where the spines are, and what is done to them."""


def run(preset: str, calm: str) -> tuple[float, np.ndarray]:
    """Return CPU time (s) of a run and its efficacies."""
    where, pairing = PAIRINGS[preset]
    model = dp.build(dp.Experiment(
        preset=preset, morphology=f"{preset}_1", tone={"dopamine": "1 uM"}, until="end + 10 min",
        numerics=dp.Numerics(dt=0.05, d_lambda=0.2, calm=calm),
        spines=dp.Placement(n=6, path_min=50.0, path_max=200.0, **where), protocol=(protocols.pairing(**pairing),),
    ))  # fmt: skip
    begin = time.process_time()
    result = dp.run(model)
    return time.process_time() - begin, result.outcomes["w"][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=list(PAIRINGS), choices=list(PAIRINGS))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "calm.md")
    a = parser.parse_args()
    lines = [
        "# How near to rest is calm",
        "",
        f"Written by `benchmarks/calm.py --presets {' '.join(a.presets)}`. {machine()}. The error is that of the "
        "efficacies after ten minutes against calm at 1 nM, over the largest change; CPU seconds of one run each.",
        "",
        "| preset | calm | CPU s | largest change | error |",
        "|---|---|---|---|---|",
    ]
    for preset in a.presets:
        found = {calm: run(preset, calm) for calm in CALMS}
        truth = found[CALMS[0]][1]
        change = np.abs(truth - 1).max()
        for calm, (cpu, w) in found.items():
            error = f"{100 * np.abs(w - truth).max() / change:.2g} %"
            lines.append(f"| {preset} | {calm} | {cpu:.3g} | {100 * change:.3g} % | {error} |")
        print("\n".join(lines), flush=True)
    a.out.write_text("\n".join([*lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
