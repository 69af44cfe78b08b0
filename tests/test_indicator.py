"""What an image of a spine shows: saturation, kinetics and brightness of indicators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dendplast as dp
from dendplast.errors import ParameterError
from dendplast.indicator import INDICATORS, Indicator, delta_f, respond

names = st.sampled_from(sorted(INDICATORS))


@given(names, st.floats(1e-6, 1e-2))
def test_steady_fluorescence_is_a_hill_curve(name, cai):
    dye = INDICATORS[name]
    seen = respond(name, np.arange(3.0), np.full(3, cai))
    bound = 1 / (1 + (dye.K_D / cai) ** dye.hill)
    assert seen == pytest.approx(np.full(3, (1 + (dye.range - 1) * bound) / dye.range), rel=1e-12)  # rounding


@given(names, st.floats(1e-5, 1e-2), st.floats(1, 50))
def test_it_relaxes_exactly_at_the_rate_of_binding_and_unbinding(name, cai, t):
    """A step of calcium: the share bound follows with koff (1 + (c/K)^n), for any sampling."""
    dye = INDICATORS[name]
    fine, coarse = (respond(name, np.linspace(0, t, n), np.r_[1e-9, np.full(n - 1, cai)]) for n in (101, 3))
    share = lambda f: (f * dye.range - 1) / (dye.range - 1)  # noqa: E731
    power = (cai / dye.K_D) ** dye.hill
    for values, step in ((fine, t / 100), (coarse, t / 2)):
        since = t - step  # the step of calcium comes at the second sample
        expected = power / (1 + power) * -np.expm1(-dye.koff * (1 + power) * since)
        # calcium of 1 pM before the step leaves 1e-6 of it bound at the start
        assert share(values[-1]) == pytest.approx(expected, abs=1e-5)


def test_bright_and_dark():
    rest = respond("Fluo-5F", np.zeros(1), np.zeros(1))[0]
    full = respond("Fluo-5F", np.zeros(1), np.full(1, 1e3))[0]
    assert delta_f(np.array([rest, full]), rest) == pytest.approx([0.0, INDICATORS["Fluo-5F"].range - 1], rel=1e-4)


@pytest.mark.parametrize(
    ("indicator", "words"),
    [
        ({"name": "Fluo5F", "conc": 0.1}, "did you mean 'Fluo-5F'"),
        ({"name": "GCaMP6f", "conc": 0.1}, "cooperatively"),
        ({"name": "OGB-1"}, "indicator.conc: is required"),
    ],
)
def test_a_wrong_indicator_is_said_in_one_sentence(indicator, words):
    with pytest.raises(ParameterError, match=words):
        dp.Experiment(indicator=indicator)


def test_an_experiment_keeps_its_indicator():
    experiment = dp.Experiment.from_toml("[indicator]\nname = 'Fluo-5F'\nconc = '300 uM'\n")
    assert dp.Experiment.from_toml(experiment.to_toml()) == experiment
    assert experiment.indicator.conc == pytest.approx(0.3)


def test_a_run_records_the_image_and_calcium_is_lower_and_longer(loaded):
    """The trace of a run is the one that the dye's saturation gives, and it is nearly in equilibrium with calcium."""
    from tiny import fork_model

    runs = {}
    for dye in (None, Indicator(name="Fluo-5F", conc=0.3)):
        record = dp.Record(names=("cai", "ca_ind", "fluorescence"), every_active=1.0)
        protocol = (dp.protocols.uncaging(n=1, hz=1, spines=(0,)),)
        model = fork_model(indicator=dye, record=record, protocol=protocol, until="150 ms")
        runs[dye] = dp.run(model).traces
    (_, bare), (dye, dyed) = runs.items()
    assert bare["ca_ind"].max() == bare["fluorescence"].max() == 0.0
    assert dyed["cai"][:, 0].max() < 0.7 * bare["cai"][:, 0].max()  # not by 1/3.3: NMDA receptors let it in slowly
    bound = dyed["ca_ind"][:, 0] / dye.conc
    brightness = (1 + (INDICATORS["Fluo-5F"].range - 1) * bound) / INDICATORS["Fluo-5F"].range
    np.testing.assert_allclose(dyed["fluorescence"][:, 0], brightness, rtol=1e-5)  # stored as float32
    assert delta_f(brightness, brightness[0]).max() > 0.5
    # binding takes 1 ms, the transient 100 ms: bound calcium lags behind by its share of that
    steady = dyed["cai"][:, 0] / (dyed["cai"][:, 0] + INDICATORS["Fluo-5F"].K_D)
    assert np.abs(bound - steady).max() < 0.1 * bound.max()
