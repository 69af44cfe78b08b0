"""CPU time of a run with `excitability` against one without: the numbers of docs/design.md.

    python benchmarks/gains_cost.py

A run is ten pairings 5 s apart on a shipped cell with 20 spines, alone, with a drug that is washed in, and with
a release after every pairing (each of which moves the rest of the cell, so that it is settled anew).
"""

from __future__ import annotations

import time

import dendplast as dp
from dendplast import protocols

CELLS = {"ca1": ("ca1_1", "carbachol", "50 uM"), "dspn": ("dspn_1", "SKF38393", "1 uM")}


def cpu(preset: str, case: str, on: bool) -> float:
    """Return the CPU time (s) of one run, the build left out."""
    morphology, agent, conc = CELLS[preset]
    protocol: tuple = (protocols.pairing(dt=10.0, n=10, hz=0.2),)
    if case == "release":
        site = dp.Patch("dopamine", center=(0.0, 60.0, 0.0), radius=30.0, p=0.3)
        protocol += (dp.Release(site=site, start=500.0, n=10, hz=20.0, trains=10, train_interval=5000.0),)
    drugs = (dp.Drug(agent=agent, conc=conc, start="10 s", wash="5 s"),) if case == "drug" else ()
    model = dp.build(
        dp.Experiment(
            preset=preset, morphology=morphology, protocol=protocol, drugs=drugs, excitability=on, until="60 s",
            spines=dp.Placement(n=20, calibrate=False), numerics=dp.Numerics(dt=0.05, d_lambda=0.2),
        )
    )  # fmt: skip
    begun = time.process_time()
    dp.run(model)
    return time.process_time() - begun


def main() -> None:
    """Print the table."""
    print("| preset | modulator | off (s) | on (s) | ratio |\n|---|---|---|---|---|")
    for preset in CELLS:
        for case in ("none", "drug", "release"):
            off, on = cpu(preset, case, False), cpu(preset, case, True)
            print(f"| `{preset}` | {case} | {off:.1f} | {on:.1f} | {on / off:.2f} |")


if __name__ == "__main__":
    main()
