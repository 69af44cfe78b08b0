"""How far features of a real cell move when step and segments are halved: the table of docs/cells.md.

    python benchmarks/refine_cells.py ca1 ca1_rat_DHC-neuron.CNG.swc

Each row is a feature at the defaults (dt 0.025 ms, d_lambda 0.1), at half of both, and the difference.  What a target
asks for at a current, a place or in spines is measured as there; what the battery searches for (a current above
rheobase, the calcium that spines are calibrated to) is found at the defaults and kept.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import numpy as np

from dendplast import Experiment, Numerics, Placement, probes, spine_probes
from dendplast.bench import SOMA, Bench, bench
from dendplast.build import build, build_cell_for
from dendplast.cells.coupling import Coupling
from dendplast.cells.features import of_trace, rate
from dendplast.cells.targets import Targets, load_targets
from dendplast.geometry import Geometry
from dendplast.mechanisms import ensure_loaded
from dendplast.placing import place_at
from dendplast.presets import Preset, load_preset
from dendplast.slots import SPINE_FAST, SPINE_RULE, spine_references
from dendplast.spines import Spines

DURATION = 250.0  # ms
SPINES = 4


@dataclass
class Kept:
    """What was found at the defaults: spike current (nA), places and conductances (uS, 1) of spines."""

    current: float | None = None
    places: tuple[np.ndarray, np.ndarray] | None = None
    conductances: dict[str, np.ndarray] = field(default_factory=dict)


def features(preset: str, morphology: str, numerics: Numerics, kept: Kept) -> dict[str, float]:
    """Return the features of a cell at a step and a size of segments."""
    settings, targets = load_preset(preset), load_targets(preset)
    described = Experiment(preset=preset, morphology=morphology, drop_axon=True, numerics=numerics)
    cell = build_cell_for(described, settings)
    with bench(cell, numerics.dt) as live:
        out = bare(live, targets, kept)
        spines = spread(live.geometry, settings, targets, kept)
        placement = Placement(calibrate=not kept.conductances)
        described = Experiment(preset=preset, numerics=numerics.replaced(plastic=False), spines=placement)
        model = build(described, cell=cell, spines=spines)
        if kept.conductances:
            model.set_conductances(**kept.conductances)
        kept.conductances = dict(model.conductances)
        model.driver = features  # nothing is queued by finitialize
        names = (*SPINE_FAST, *SPINE_RULE)
        extra = [reference for name in names for reference in spine_references(model.processes, name)]
        return out | spiny(Bench(cell, numerics.dt, extra), model)


def bare(live: Bench, targets: Targets, kept: Kept) -> dict[str, float]:
    """Return what needs no spines."""
    above = [t.current for t in targets.feature if t.name == "f_above"]
    asked = [t.current for t in targets.feature if t.name == "f_at"]
    if kept.current is None:
        kept.current = max(asked) if asked else max(above) + probes.rheobase(live)
    small = probes.step(live, targets.stimulus.small, DURATION)
    large = probes.step(live, targets.stimulus.sag, DURATION)
    # as long as in the battery: of few spikes in a short step, the last one would decide
    strong = probes.step(live, kept.current, targets.stimulus.ladder or targets.stimulus.duration)
    back = probes.backpropagation(live)
    out = {
        "v_rest (mV)": float(live.rest[SOMA]),
        "R_in (megohm)": of_trace(small, "ohmic_input_resistance_vb_ssse"),
        "tau_m (ms)": of_trace(small, "time_constant"),
        "steady over peak of a large step (1)": 1 - of_trace(large, "sag_ratio1"),
        "latency (ms)": of_trace(strong, "time_to_first_spike"),
        "ap_threshold (mV)": of_trace(strong, "AP_begin_voltage"),
        "ap_amplitude (mV)": of_trace(strong, "AP_amplitude"),
        "ap_width (ms)": of_trace(strong, "spike_half_width"),
        f"rate at {kept.current:.3g} nA (Hz)": rate(strong),
    }
    height = back.v.max(axis=0) - back.v[0]
    places = sorted({t.at for t in targets.feature if t.name in ("bap", "bap_calcium")})
    out |= {f"bap at {at:g} um (mV)": probes.along(live.geometry, height, at) for at in places}
    out |= attenuations(live)
    for t in targets.feature:
        if t.name == "burst_hz":
            out[f"burst_hz at {t.at:g} um (Hz)"] = Coupling(live).firing(t.at)[1]
    return out


def attenuations(live: Bench) -> dict[str, float]:
    """Return how much of an EPSP arrives in the soma from two places."""
    psp = probes.attenuation(live, (100.0, 200.0), most=1)
    pairs = zip(psp.distance, psp.soma / psp.local, strict=True)
    return {f"epsp_attenuation at {at:g} um (1)": float(share) for at, share in pairs}


def spread(tree: Geometry, preset: Preset, targets: Targets, kept: Kept) -> Spines:
    """Return spines over the dendrites, at the same places whatever the segments.

    They stand in the middle of their sections, where any odd number of segments has a centre.  Elsewhere the place
    itself moves, by up to half a segment, and with it the voltage of the dendrite under a spine.
    """
    if kept.places is None:
        reach = targets.stimulus.calcium_from, targets.stimulus.calcium_to
        found = spine_probes.spines_for(tree, preset, (), SPINES, reach)
        kept.places = found.section, np.full(len(found), 0.5)
    return place_at(tree, *kept.places, preset.spines)


def spiny(live: Bench, model: object) -> dict[str, float]:
    """Return the mean rise of calcium for a spike and for an EPSP, and the attenuation along the neck."""
    calcium = spine_probes.calcium(live, model, range(SPINES))
    return {
        "ca_bap (uM)": 1e3 * float(calcium.rise("bap").mean()),
        "ca_epsp (uM)": 1e3 * float(calcium.rise("epsp").mean()),
        "pair_pre_post (uM)": 1e3 * float(calcium.rise("pre_post").mean()),
        "neck_attenuation (1)": float(np.mean(calcium.head / calcium.dendrite)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset")
    parser.add_argument("morphology")
    arguments = parser.parse_args()
    ensure_loaded()
    kept = Kept()
    default = features(arguments.preset, arguments.morphology, Numerics(dt=0.025, d_lambda=0.1), kept)
    fine = features(arguments.preset, arguments.morphology, Numerics(dt=0.0125, d_lambda=0.05), kept)
    for name, value in default.items():
        change = 100 * (value / fine[name] - 1)
        print(f"| {arguments.preset} | {name} | {value:.4g} | {fine[name]:.4g} | {change:+.1f} % |", flush=True)
