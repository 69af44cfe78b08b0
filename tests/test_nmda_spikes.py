"""Synapses close together on a distal branch hold it up for as long as NMDA receptors do, and no longer."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("loaded")


def test_thirty_synapses_make_a_plateau_that_nmda_receptors_hold():
    from dendplast import Experiment, Numerics, Placement, spine_probes
    from dendplast.bench import SOMA, Bench
    from dendplast.build import build, build_cell_for
    from dendplast.presets import load_preset
    from dendplast.slots import SPINE_FAST, spine_references
    from dendplast.stepping import fixed_step

    numerics = Numerics(dt=0.05, d_lambda=0.3, plastic=False)
    experiment = Experiment(
        preset="dspn", morphology="dspn_1", numerics=numerics, spines=Placement(calibrate=False)
    )
    preset = load_preset("dspn")
    cell = build_cell_for(experiment, preset)
    tree = cell.geometry()
    every = spine_probes.branches(tree, "basal", 150.0, 999, spine_probes.LONG)
    long = [bool(tree.length[tree.section == s].sum() >= spine_probes.LONG) for s in every]
    assert 0 < sum(long) < len(long) and long == sorted(long, reverse=True)  # short ones last
    (section,) = spine_probes.branches(tree, "basal", 150.0, 1, spine_probes.LONG)
    spines = spine_probes.spines_for(tree, preset, [section], 1, (50.0, 150.0))
    with fixed_step(numerics.dt, preset.cell.celsius):
        model = build(experiment, cell=cell, spines=spines)
        model.driver = "the bench"
        bench = Bench(cell, numerics.dt, [r for n in SPINE_FAST for r in spine_references(model.processes, n)])
        here = int(np.flatnonzero(tree.section == section)[len(np.flatnonzero(tree.section == section)) // 2])

        def held(n: int) -> tuple[float, float]:
            """Return how long (ms) the branch is above half of its height, and the height of the soma (mV)."""
            events = [(1.0 + 0.1 * k, model.glutamate(1 + k, 1.0)) for k in range(n)]
            v = bench.run(200.0, {}, [SOMA, here], events=events).v
            rise = v - v[0]
            return float((rise[:, 1] > 0.5 * rise[:, 1].max()).sum() * numerics.dt), float(rise[:, 0].max())

        few, many = held(3), held(30)
        model.set_conductances(g_nmda=np.zeros(len(spines)))
        blocked = held(30)
    assert few[0] < 20  # an EPSP
    assert 50 < many[0] < 300  # tens to hundreds of ms, 10.3389/fncel.2023.1196182; NMDA receptors decay in 115 ms
    assert blocked[0] < 20
    assert many[1] < 20  # below the 35 mV from rest to the soma's threshold: the plateau is the branch's own
