"""What bombardment does to the membrane of a cell: mean and SD of its voltage, input resistance, spikes.

    python benchmarks/bombardment.py [--seconds 1] [--seeds 2]

Each cell is bombarded as awake and asleep (`dp.in_network`), with steps of 0.05 ms and d_lambda 0.2.  Input resistance
is from the same events with and without -0.2 nA, voltage from all but 5 ms before to 40 ms after spikes.  Quiet
cells get the same current at rest.  Writes `benchmarks/results/bombardment.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine

CURRENT = -0.2  # nA
WARM = 200.0  # ms, before anything is measured
BEFORE, AFTER, SPIKE = 5, 40, -20.0  # ms, ms, mV
CELLS = {"ca1": "ca1_1", "l5tt": "l5tt_1"}
STATES = {"awake": (1.0, 0), "asleep": (0.5, 0), "awake, synapses independent": (1.0, 1)}
"""Rates over the default ones, and how many synapses release together (0: the default)."""
PUBLISHED = """Published, in the parietal cortex of anaesthetised cats with activity as in waking: input resistance
falls about fivefold, the membrane is depolarised, and its fluctuations grow severalfold (abstract of
10.1152/jn.1999.81.4.1531; -65 mV and an SD of 4 mV are remembered). It is disputed: less than 10 nS and a net rise of
input resistance in anaesthetised rats (10.1523/JNEUROSCI.2152-06.2006), hardly any effect of network activity on
resistance in awake mice (PMC5898699). CA1 cells of anaesthetised rats fire at 3 to 6 Hz (10.1002/hipo.22550)."""


def voltage(
    preset: str, rate: float, synchrony: int, current: float, seconds: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the soma's voltage by ms of a bombarded cell (mV), and whether a spike is near."""
    from neuron import h

    import dendplast as dp
    from dendplast.build import build
    from dendplast.driver import Driver
    from dendplast.stepping import fixed_step

    usual = dp.protocols.bombardment(start=0.0, duration=WARM + 1e3 * seconds)
    noise = usual.replaced(
        excitation=rate * usual.excitation, inhibition=rate * usual.inhibition,
        synchrony=synchrony or usual.synchrony,
    )  # fmt: skip
    model = build(dp.Experiment(
        preset=preset, morphology=CELLS[preset], seed=seed, protocol=(noise,),
        numerics=dp.Numerics(dt=0.05, d_lambda=0.2, plastic=False), spines=dp.Placement(n=1, calibrate=False),
    ))  # fmt: skip
    soma = model.cell.soma(0.5)
    clamp = h.IClamp(soma)
    clamp.dur, clamp.amp = 1e9, current
    v = []
    with fixed_step(0.05, model.celsius):
        driver = model.driver = Driver(model)
        driver.start()
        for t in np.arange(1.0, WARM + 1e3 * seconds):
            driver.to(t)
            v.append(soma.v)
    found = np.array(v)
    near = np.zeros(len(found), bool)
    for k in np.flatnonzero(found > SPIKE):
        near[max(0, k - BEFORE) : k + AFTER] = True
    return found[int(WARM) :], near[int(WARM) :]


def quiet(preset: str) -> tuple[float, float]:
    """Return resting voltage (mV) and input resistance (megohm) of a cell without background."""
    import dendplast as dp
    from dendplast.bench import bench
    from dendplast.build import build_cell_for
    from dendplast.presets import load_preset
    from dendplast.probes import step

    values = load_preset(preset)
    cell = build_cell_for(
        dp.Experiment(preset=preset, morphology=CELLS[preset], numerics=dp.Numerics(d_lambda=0.2)), values
    )
    with bench(cell, 0.05) as table:
        traces = step(table, CURRENT)
        rest = float(table.rest[0])
    steady = traces.soma[(traces.time > traces.stop - 50) & (traces.time < traces.stop)].mean()
    return rest, float((steady - rest) / CURRENT)


def measure(preset: str, rate: float, synchrony: int, seconds: float, seed: int) -> dict[str, float]:
    """Return what one cell does under one bombardment."""
    v, near = voltage(preset, rate, synchrony, 0.0, seconds, seed)
    held, held_near = voltage(preset, rate, synchrony, CURRENT, seconds, seed)
    crossings = np.count_nonzero((v[1:] > SPIKE) & (v[:-1] <= SPIKE))
    both = ~near & ~held_near  # the same events at the same times
    return {
        "mean": v[~near].mean(), "sd": v[~near].std(), "rate": crossings / seconds,
        "resistance": (held[both].mean() - v[both].mean()) / CURRENT if both.sum() > 100 else np.nan,
    }  # fmt: skip


def main() -> None:
    import dendplast as dp

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--out", type=Path, default=HERE / "results" / "bombardment.md")
    a = parser.parse_args()
    dp.ensure_loaded()
    lines = [
        "# Bombardment", "",
        f"Written by `benchmarks/bombardment.py --seconds {a.seconds:g} --seeds {a.seeds}`. {machine()}.",
        f"Mean (range) over seeds, {a.seconds:g} s each.", "",
        "| cell | state | mean of voltage (mV) | SD (mV) | input resistance (megohm) | spikes (Hz) |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for preset in a.cells:
        rest, resistance = quiet(preset)
        lines.append(f"| `{preset}` | quiet | {rest:.1f} | 0 | {resistance:.1f} | 0 |")
        for state, (rate, synchrony) in STATES.items():
            found = [measure(preset, rate, synchrony, a.seconds, seed) for seed in range(1, a.seeds + 1)]
            row = [_over([one[name] for one in found]) for name in ("mean", "sd", "resistance", "rate")]
            lines.append(f"| `{preset}` | {state} | {' | '.join(row)} |")
            print(lines[-1], flush=True)
    text = "\n".join([*lines, "", PUBLISHED, ""])
    print(text)
    a.out.write_text(text, "utf-8")


def _over(values: list[Any]) -> str:
    return f"{np.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
