"""Stages and networks: presets of receptors, tone, background and bombardment."""

from __future__ import annotations

import numpy as np
import pytest

import dendplast as dp
from dendplast.errors import ParameterError
from dendplast.stages import at_stage, in_network, network_names, stage_names

BASE = dp.Experiment(preset="ca1", tone={"noradrenaline": "10 nM"}, parameters={"x_D1": 0.5})
PLAN = dp.Timeline(
    experiment=BASE, sessions=(dp.Session(start="1 h", protocol=(dp.protocols.low_frequency(n=3, hz=1),)),)
)


@pytest.mark.parametrize("name", stage_names())
def test_a_stage_scales_what_the_experiment_has(name):
    now = at_stage(BASE, name)
    usual, own = (dp.load_preset("ca1").parameters.replaced(e.parameters).flat() for e in (BASE, now))
    changed = {key for key in usual if usual[key] != own[key]}
    assert "tau_d_nmda" in changed and changed <= {"tau_d_nmda", "g_ampa", "x_D1", "x_M1"}
    assert dp.Experiment.from_toml(now.to_toml()) == now


def test_young_receptors_close_slowly_and_expression_counts_from_the_experiment():
    young, adult = at_stage(BASE, "young"), at_stage(BASE, "adult")
    assert young.parameters["tau_d_nmda"] > 2 * adult.parameters["tau_d_nmda"]
    assert young.parameters["x_D1"] == pytest.approx(0.7 * 0.5)
    assert young.tone.noradrenaline == pytest.approx(8e-6)


@pytest.mark.parametrize("name", network_names())
def test_a_network_bombards_sessions_and_sets_background_and_tone(name):
    now = in_network(PLAN, name)
    noise = [item for item in now.sessions[0].protocol if item.kind == "bombardment"]
    assert len(noise) == (name != "slice")
    assert (now.background > 0) == bool(noise)
    if noise:
        assert noise[0].duration == 3000.0 and now.sessions[0].stop == PLAN.sessions[0].stop
        assert noise[0].excitation > 0 < noise[0].inhibition
    assert dp.Timeline.from_toml(now.to_toml()) == now
    assert in_network(PLAN, "asleep").experiment.tone.noradrenaline < PLAN.experiment.tone.noradrenaline


def test_unknown_names_are_said():
    with pytest.raises(ParameterError, match="stage 'yung' is not known; valid are young, adult, old"):
        at_stage(BASE, "yung")
    with pytest.raises(ParameterError, match="network 'up' is not known; valid are slice, asleep, awake"):
        in_network(PLAN, "up")


def test_background_is_the_mean_calcium_of_its_releases():
    pytest.importorskip("neuron")
    from tiny import LEFT, fork_model

    dp.ensure_loaded()
    experiment = dp.Experiment(
        preset="passive", spines=dp.Placement(calibrate=False), numerics=dp.Numerics(dt=0.1, settle=50.0)
    )
    body = fork_model(experiment, (LEFT,), np.array([0.5]))
    plan = dp.Timeline(experiment=experiment, until="1 h", background="2 Hz")
    state = dp.follow(plan, cell=body.cell, spines=body.spines).state["weeks"]
    flat = body.parameters.flat()
    # a pulse of 0.7 uM that decays in 70 ms has an area near 0.06 uM s, more by its rise
    expected = 2 * flat["epsp_peak"] * flat["tau_d_nmda"] * 1e-3
    assert state.calcium - flat["ca_rest"] == pytest.approx(expected, rel=0.3)
