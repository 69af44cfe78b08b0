"""Spines taken out of a live model and put in: the cell is then that of a direct rebuild."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import BASAL, LEFT, RIGHT, fork_model

import dendplast as dp
from dendplast.placing import place_at

pytest.importorskip("neuron")

EXPERIMENT = dp.Experiment(preset="passive", spines=dp.Placement(calibrate=False), numerics=dp.Numerics(settle=50.0))
SECTIONS = (LEFT,) * 14 + (RIGHT,) * 3 + (BASAL,) * 3
PLACES = np.r_[np.linspace(0.1, 0.9, 14), 0.2, 0.5, 0.8, 0.2, 0.5, 0.8]


def measured(model: dp.Model) -> np.ndarray:
    """Return input resistance at the soma (megohm) and the EPSP of spine 0 in head and soma (mV)."""
    from neuron import h

    zap = h.IClamp(model.cell.soma(0.5))
    zap.delay, zap.dur, zap.amp = 0.0, 1e9, 0.01
    h.dt, h.celsius = 0.1, model.celsius
    h.finitialize(model.preset.cell.v_init)
    for _ in range(3000):
        h.fadvance()
    high = model.cell.soma(0.5).v
    zap.amp = 0.0
    h.finitialize(model.preset.cell.v_init)
    for _ in range(3000):
        h.fadvance()
    low, head = model.cell.soma(0.5).v, model.processes[0].vhead
    model.glutamate(0, 1.0).event(h.t + 1.0)
    top = np.array([low, head])
    for _ in range(200):
        h.fadvance()
        top = np.maximum(top, [model.cell.soma(0.5).v, model.processes[0].vhead])
    return np.array([(high - low) / 0.01, top[1] - head, top[0] - low])


@pytest.mark.parametrize("form", ["process", "sections"])
def test_pruned_model_is_the_rebuilt_model(loaded, form):
    experiment = EXPERIMENT.replaced(spines={"form": form})
    model = fork_model(experiment, SECTIONS, PLACES)
    before = measured(model)
    keep = np.setdiff1d(np.arange(20), [3, 7])  # a tenth
    kept = {name: values[keep] for name, values in model.conductances.items()}
    after = measured(dp.remodel(model, keep))
    rebuilt = dp.build(experiment, cell=model.cell, spines=model.spines)
    del model  # a cell carries the spines of both
    rebuilt.set_conductances(**kept)
    direct = measured(rebuilt)
    # the same equations in another order of nodes
    assert after == pytest.approx(direct, rel=1e-9)
    assert after[0] > before[0]  # membrane that leaked is gone


def test_added_spines_are_those_of_a_rebuild(loaded):
    model = fork_model(EXPERIMENT, SECTIONS, PLACES)
    more = place_at(model.tree, np.array([LEFT, RIGHT]), np.array([0.33, 0.66]), seed=8)
    dp.remodel(model, np.arange(20) != 4, more)
    found = measured(model)
    conductances, spines, cell = dict(model.conductances), model.spines, model.cell
    assert len(spines) == len(model.processes) == 21
    del model
    rebuilt = dp.build(EXPERIMENT, cell=cell, spines=spines)
    rebuilt.set_conductances(**conductances)
    assert found == pytest.approx(measured(rebuilt), rel=1e-9)
