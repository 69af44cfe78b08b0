"""Projection neurons of both pathways: what differs between them, their spikes and calcium, dopamine dips."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

import dendplast as dp  # noqa: E402
from dendplast.bench import bench  # noqa: E402
from dendplast.cell import build_cell  # noqa: E402
from dendplast.cells.features import kind  # noqa: E402
from dendplast.cells.measured import Measured  # noqa: E402
from dendplast.cells.spike_calcium import head_calcium  # noqa: E402
from dendplast.cells.targets import Target, Targets, load_targets  # noqa: E402
from dendplast.morphology import load  # noqa: E402
from dendplast.parameters import CalciumParameters  # noqa: E402
from dendplast.presets import load_preset  # noqa: E402


def test_ispn_is_dspn_but_for_dendritic_a_type_m_current_and_somatic_sodium():
    """The rest of the difference in excitability is that of the morphologies, 10.1523/JNEUROSCI.2660-08.2008."""
    d, i = (load_preset(name).cell.model_dump() for name in ("dspn", "ispn"))
    differ = {
        (region, channel)
        for region, channels in d["regions"].items()
        for channel, values in channels.items()
        if values != i["regions"][region][channel]
    }
    assert differ == {("soma", "km"), ("soma", "naf"), ("basal", "kaf")}
    assert {k for k in d if k != "regions" and d[k] != i[k]} == set()


def test_targets_of_both_are_valid_and_differ():
    d, i = (load_targets(name) for name in ("dspn", "ispn"))
    assert [t.label for t in d.feature] == [t.label for t in i.feature]
    assert len(d.feature) >= 15


def measured(preset, live):
    return Measured(live, load_targets(preset))


def values(preset, names, dt=0.05, d_lambda=0.2):
    cell = build_cell(load(f"{preset}_1"), load_preset(preset), d_lambda, name=f"{preset}[7]")
    with bench(cell, dt) as live:
        m = measured(preset, live)
        return {t.label: kind(t.name).value(m, t) for t in m.targets.feature if t.name in names}


@pytest.fixture(scope="module")
def both():
    names = ("R_in", "rectification", "rheobase", "bap_calcium")
    return {preset: values(preset, names) for preset in ("dspn", "ispn")}


@pytest.mark.parametrize("preset", ("dspn", "ispn"))
def test_features_are_within_2_sd(both, preset):
    for t in load_targets(preset).feature:
        if t.label in both[preset]:
            assert abs(both[preset][t.label] - t.mean) < 2 * t.sd, t.label


def test_ispn_is_more_excitable_and_its_spikes_reach_farther(both):
    d, i = both["dspn"], both["ispn"]
    assert i["R_in"] > d["R_in"] and i["rheobase"] < d["rheobase"]
    for at in (75, 100, 140):
        assert i[f"bap_calcium at {at} um"] > d[f"bap_calcium at {at} um"]
    assert d["rectification"] < 0.95 and i["rectification"] < 0.95  # Kir


@pytest.mark.parametrize("step", ({"dt": 0.025}, {"d_lambda": 0.1}))
def test_passive_features_do_not_hang_on_the_step(both, step):
    """Halving dt or d_lambda from the study's step moves resistance by less than 1 % (second order in d_lambda)."""
    finer = values("dspn", ("R_in",), **step)
    assert finer["R_in"] == pytest.approx(both["dspn"]["R_in"], rel=0.01)


def test_head_calcium_of_a_clamped_step_has_its_closed_form():
    """R-type alone, without inactivation: m^2 relaxes, and the pump is a filter of it."""
    ca = CalciumParameters(share_L=0, share_T=0, vhalf_h=100.0, k_h=0.1, tau_h=1000.0)
    dt, u0, u1 = 0.01, -90.0, 0.0
    v = np.array([[u0], *([[u1]] * 40000)])
    m = 1 / (1 + np.exp((ca.vhalf_m - u1) / ca.k_m))
    # steady state: peak = tau_ca * drive; the rest at -90 mV adds less than 1e-6
    assert head_calcium(v, dt, ca)[0] == pytest.approx(ca.tau_ca * m**2 * (ca.e_ca - u1), rel=1e-6)


def test_head_calcium_is_zero_at_rest_and_grows_with_the_spike():
    ca = load_preset("dspn").parameters.calcium
    t = np.arange(0, 40, 0.05)[:, None]
    spike = np.exp(-np.abs(t - 10) / 1.0) * np.array([[0.0, 40.0, 60.0, 90.0]]) - 84
    peaks = head_calcium(spike, 0.05, ca)
    assert peaks[0] == 0
    assert np.all(np.diff(peaks) > 0)


def test_rate_above_rheobase_needs_a_current():
    Targets(feature=(Target(name="f_above", current=0.05, unit="Hz", mean=11, sd=5, source="assumed: a test"),))
    with pytest.raises(dp.errors.ParameterError, match="needs current"):
        Target(name="f_above", unit="Hz", mean=11, sd=5, source="assumed: a test")


def dips(dips_at):
    """Return a bath of 20 nM dopamine that is gone for 2 s at each time (ms)."""
    edges = [0.0, *(x for t in dips_at for x in (t, t + 2e3)), 1e12]
    return tuple(
        dp.Drug(agent="dopamine", conc="20 nM", start=a, stop=b) for a, b in zip(edges[::2], edges[1::2], strict=True)
    )


def test_a_dip_in_tone_potentiates_where_a2a_is_free():
    """Signs follow from the description: D2 holds PKA down, A2A pushes it, a dip lets it through."""
    experiment = dp.Experiment(
        preset="ispn", morphology="ispn_1", spines=dp.Placement(path_min=70, path_max=110, n=2),
        numerics=dp.Numerics(dt=0.05, d_lambda=0.2), tone={"dopamine": 0.0, "acetylcholine": "100 nM"}, seed=1,
    )  # fmt: skip
    protocol = dp.protocols.pairing(dt=10, n=10, hz=10, n_post=3, trains=2, train_interval=10e3, start=5e3)
    recorded = dp.record(dp.build(experiment), protocol)
    moments = (5e3, 15e3)
    blocked = dp.Drug(agent="SCH58261", conc="1 uM")
    conditions = [
        dp.Condition("tone", drugs=dips(())), dp.Condition("dip", drugs=dips(moments)),
        dp.Condition("A2A blocked", drugs=(*dips(moments), blocked)),
    ]  # fmt: skip
    _, out = dp.replay(recorded, conditions, until="end + 10 min")
    tone, dip, without = out["w"][-1]
    assert np.all(tone < 1.02) and np.all(dip > 1.1) and np.all(without < dip), (tone, dip, without)
