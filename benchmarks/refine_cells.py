"""How far features of a real cell move when step and segments are halved: the table of docs/cells.md.

    python benchmarks/refine_cells.py ca1 ca1_rat_DHC-neuron.CNG.swc

Each row is a feature at the defaults (dt 0.025 ms, d_lambda 0.1), at half of both, and the difference.  Spikes are
those of the preset's strongest step, and the back-propagating spike is measured where the targets ask for it.
"""

from __future__ import annotations

import argparse

from dendplast import Experiment, Numerics, probes
from dendplast.bench import bench
from dendplast.build import build_cell_for
from dendplast.cells.features import of_trace, rate
from dendplast.cells.targets import load_targets
from dendplast.mechanisms import ensure_loaded
from dendplast.presets import load_preset

DURATION = 250.0  # ms


def features(preset: str, morphology: str, dt: float, d_lambda: float) -> dict[str, float]:
    """Return the features of a cell at a step (ms) and a size of segments."""
    settings, targets = load_preset(preset), load_targets(preset)
    described = Experiment(
        preset=preset, morphology=morphology, drop_axon=True, numerics=Numerics(d_lambda=d_lambda)
    )
    cell = build_cell_for(described, settings)
    with bench(cell, dt) as live:
        small = probes.step(live, targets.stimulus.small, DURATION)
        large = probes.step(live, targets.stimulus.sag, DURATION)
        strong = probes.step(live, max(targets.stimulus.steps), DURATION)
        back = probes.backpropagation(live)
        out = {
            "v_rest (mV)": float(live.rest[0]),
            "R_in (megohm)": of_trace(small, "ohmic_input_resistance_vb_ssse"),
            "tau_m (ms)": of_trace(small, "time_constant"),
            "steady over peak of a large step (1)": 1 - of_trace(large, "sag_ratio1"),
            "latency (ms)": of_trace(strong, "time_to_first_spike"),
            "ap_threshold (mV)": of_trace(strong, "AP_begin_voltage"),
            "ap_amplitude (mV)": of_trace(strong, "AP_amplitude"),
            "ap_width (ms)": of_trace(strong, "spike_half_width"),
            "rate (Hz)": rate(strong),
        }
        height = back.v.max(axis=0) - back.v[0]
        places = sorted({t.at for t in targets.feature if t.name in ("bap", "bap_calcium")})
        out |= {f"bap at {at:g} um (mV)": probes.along(live.geometry, height, at) for at in places}
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset")
    parser.add_argument("morphology")
    arguments = parser.parse_args()
    ensure_loaded()
    default = features(arguments.preset, arguments.morphology, 0.025, 0.1)
    fine = features(arguments.preset, arguments.morphology, 0.0125, 0.05)
    for name, value in default.items():
        change = 100 * (value / fine[name] - 1)
        print(f"| {arguments.preset} | {name} | {value:.4g} | {fine[name]:.4g} | {change:+.1f} % |", flush=True)
