"""Calcium of single spines, and local NMDA spikes, beside what was measured.

    python benchmarks/spine_calcium.py ca1
    python benchmarks/spine_calcium.py dspn --clustered

Spines are drawn from the preset's population between 50 and 250 um from the soma; dt 0.05 ms, d_lambda 0.2.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from neuron import h

import dendplast as dp
from dendplast.build import build_cell_for
from dendplast.geometry import Geometry
from dendplast.placing import place_at
from dendplast.presets import load_preset
from dendplast.responses import Rest
from dendplast.stepping import fixed_step, forward

NUMERICS = dp.Numerics(dt=0.05, d_lambda=0.2)
SETTLE = 400.0  # ms


def single(preset: str, n: int) -> None:
    """Print peaks, pairings, decay and neck attenuation over `n` spines."""
    placement = dp.Placement(n=n, path_min=50, path_max=250)
    model = dp.build(dp.Experiment(preset=preset, morphology=f"{preset}_1", spines=placement, numerics=NUMERICS))
    cell, every = model.preset.cell, np.arange(n)
    model.driver = single  # the events below, not those of a protocol
    with fixed_step(NUMERICS.dt, model.celsius):
        rest = Rest(model, SETTLE, cell.v_init)
        bap, epsp = rest.bap(), rest.epsp(every)
        row("calcium of one spike (uM)", 1e3 * bap, "1.7 +- 0.6 (10.1016/S0896-6273(02)00573-1)")
        row("calcium of one EPSP (uM)", 1e3 * epsp, "0.7 +- 0.4 (same)")
        for dt in (-50, -10, 10, 50):
            first = 2.0 + max(0, -dt)  # ms; the pulse leads its spike by the cell's latency
            pair = rest.response(every, (first,), (first + dt - cell.pulse_latency,), abs(dt) + 60.0)
            row(f"peak of a pair at {dt:+d} ms over the sum", pair / (bap + epsp), "supralinear before, not after")
        burst = [2.0 + 20.0 * k for k in range(3)]
        three = rest.response(every, (), burst, 80.0)
        pair = rest.response(every, (2.0,), [t + 10.0 - cell.pulse_latency for t in burst], 90.0)
        row("the same, +10 ms, 3 spikes at 50 Hz", pair / (three + epsp), "1.8 +- 0.1 (10.1523/JNEUROSCI.1749-06.2006)")
        row("decay of calcium after a spike (ms)", decay(rest, n), "12 (as the peaks)")
        head, dendrite = epsps(rest, model)
        row("EPSP in the head over that below (1)", head / dendrite, "")
        row("calcium of an EPSP at 0 mV (uM)", 1e3 * held(rest, model, 0.0, min(n, 6)), "about 12 (as the peaks)")
    model.driver = None


def row(what: str, values: np.ndarray, measured: str) -> None:
    """Print one row of the table."""
    print(f"| {what} | {values.mean():.2f} +- {values.std():.2f} | {measured} |")


def decay(rest: Rest, n: int) -> np.ndarray:
    """Return the time constant (ms) of calcium from 70 to 10 % of the peak that a spike makes."""
    rest.again()
    cell = rest.model.preset.cell
    rest.model.pulse(-1, cell.pulse_amp).event(h.t + rest.dt)
    rest.model.pulse(-1, -cell.pulse_amp).event(h.t + rest.dt + cell.pulse_dur)
    rows = []
    for _ in range(round(60 / rest.dt)):
        h.fadvance()
        rows.append(rest.cai.get() - rest.cai_rest)
    out = np.zeros(n)
    for i, y in enumerate(np.array(rows).T):
        tail = y[y.argmax() :]
        tail = tail[(tail < 0.7 * tail[0]) & (tail > 0.1 * tail[0])]
        out[i] = -rest.dt / np.polyfit(np.arange(len(tail)), np.log(tail), 1)[0]
    return out


def epsps(rest: Rest, model: dp.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return amplitudes (mV) of each spine's EPSP in its head and in the dendrite below."""
    out = []
    for i, process in enumerate(model.processes):
        rest.again()
        below = process.get_segment()
        start = np.array([process.vhead, below.v])
        model.glutamate(i, 1.0).event(h.t + rest.dt)
        high = start
        for _ in range(round(20 / rest.dt)):
            h.fadvance()
            high = np.maximum(high, [process.vhead, below.v])
        out.append(high - start)
    head, dendrite = np.array(out).T
    return head, dendrite


def held(rest: Rest, model: dp.Model, v: float, n: int) -> np.ndarray:
    """Return the calcium rise (mM) of EPSPs with the dendrite held at `v` mV and calcium channels blocked."""
    out = np.zeros(n)
    for process in model.processes:
        process.open_R = process.open_L = process.open_T = 0.0
    for i, process in enumerate(model.processes[:n]):
        rest.again()
        clamp = h.SEClamp(process.get_segment())
        clamp.rs, clamp.dur1, clamp.amp1 = 1e-3, 1e9, v
        forward(round(20 / rest.dt))
        before = process.cai_peak = process.cai
        model.glutamate(i, 1.0).event(h.t + rest.dt)
        forward(round(75 / rest.dt))
        out[i] = process.cai_peak - before
        del clamp
    return out


def clustered(preset: str, n: int = 40) -> None:
    """Print what some of `n` synapses within 20 um of a thin terminal branch do when they are active together."""
    experiment = dp.Experiment(
        preset=preset, morphology=f"{preset}_1", spines=dp.Placement(identical=True), numerics=NUMERICS
    )
    settings = load_preset(preset)
    cell = build_cell_for(experiment, settings)
    tree = cell.geometry()
    section, length = terminal(tree)
    at = 0.6 + np.linspace(-10, 10, n) / length
    model = dp.build(experiment, cell=cell, spines=place_at(tree, np.full(n, section), at, settings.spines, 1))
    branch = cell.sections[section]
    sodium = [
        getattr(seg, name) for name in ("dp_na3", "dp_naf") for sec in cell.sections
        if h.ismembrane(name, sec=sec) for seg in sec
    ]  # fmt: skip
    order = np.random.default_rng(0).permutation(n)
    print(f"{branch.name()}, {length:.0f} um long; NMDA over AMPA "
          f"{model.conductances['g_nmda'].sum() / model.conductances['g_ampa'].sum():.2f}")  # fmt: skip
    print("| sodium | synapses | branch, peak (mV) | above -40 mV (ms) | soma, peak (mV) | calcium, active (uM) |")
    for blocked in (False, True):
        for mechanism in sodium if blocked else ():
            mechanism.gbar = 0.0
        model.driver = clustered
        with fixed_step(NUMERICS.dt, model.celsius):
            rest = Rest(model, SETTLE, settings.cell.v_init)
            for active in (1, 5, 10, 20, 40):
                rest.again()
                for i in order[:active]:
                    model.glutamate(int(i), 1.0).event(h.t + rest.dt)
                trace = []
                for _ in range(round(150 / rest.dt)):
                    h.fadvance()
                    trace.append((branch(0.6).v, cell.soma(0.5).v))
                v, soma = np.array(trace).T
                calcium = 1e3 * (rest.peak.get() - rest.cai_rest)[order[:active]].mean()
                long = (v > -40).sum() * rest.dt
                state = "blocked" if blocked else "open"
                print(f"| {state} | {active} | {v.max():.0f} | {long:.0f} | {soma.max():.0f} | {calcium:.1f} |")
        model.driver = None


def terminal(tree: Geometry) -> tuple[int, float]:
    """Return the thinnest terminal dendrite 90 to 260 um from the soma, at least 60 um long, and its length."""
    above = tree.parent[tree.parent >= 0]
    forks = set(tree.section[above[tree.section[above] != tree.section[tree.parent >= 0]]])
    found = []
    for section in set(range(len(tree.section_names))) - forks:
        rows = tree.section == section
        length, path = tree.length[rows].sum(), tree.path_distance[rows].mean()
        if str(tree.region[rows][0]) in ("basal", "apical") and length > 60 and 90 < path < 260:
            found.append((tree.diam[rows].mean(), section, length))
    _, section, length = min(found)
    return int(section), float(length)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=("ca1", "dspn"))
    parser.add_argument("-n", type=int, default=16, help="number of spines")
    parser.add_argument("--clustered", action="store_true", help="clustered synapses instead of single ones")
    arguments = parser.parse_args()
    sys.exit(clustered(arguments.preset) if arguments.clustered else single(arguments.preset, arguments.n))
