"""Where a release does not reach nothing changes, bit by bit; without modulators nothing is gated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("neuron")

from tiny import QUICK, fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402

NAMES = (
    "cai", "vhead", "da", "ach", "ne", "D1", "beta", "M1", "M4", "PKA", "PLC", "kinase", "elig_P", "elig_D", "tag_P",
    "tag_D", "labile", "early", "prp", "late", "theta", "volume", "w", "gate", "hazard",
)  # fmt: skip
SITES = {
    m: dp.Patch(m, center=(-60.0, 160.0, 0.0), radius=12.0, density=0.05, p=0.5)
    for m in ("dopamine", "acetylcholine", "noradrenaline")
}
PAIR = protocols.pairing(start=300.0, dt=10, n=3, hz=10.0, n_pre=2)


def run(protocol, until=3000.0, **changes):
    changes = {"parameters": QUICK | {"A_basal": 0.0, "adenosine": 0.0, "k_c": 1e-3, "e_0": 0.0}, **changes}
    numerics = dp.Numerics(dt=0.1, settle=20.0, relax=300.0, plastic=False).replaced(**changes.pop("numerics", {}))
    experiment = dp.Experiment(
        preset="passive", protocol=protocol, until=until, numerics=numerics,
        record=dp.Record(names=NAMES, every_active=5.0, every_rest=50.0), **changes,
    )  # fmt: skip
    return dp.run(fork_model(experiment))


def release(modulator="dopamine", start=900.0, **more):
    return dp.Release(site=SITES[modulator], start=start, n=2, hz=20.0, **more)


@pytest.mark.parametrize("modulator", SITES)
@pytest.mark.parametrize("start", [250.0, 1600.0], ids=["while active", "at rest"])
def test_spines_out_of_reach_are_bit_by_bit_those_of_the_run_without_release(modulator, start):
    alone = run((PAIR,))
    beside = run((PAIR, release(modulator, start)))
    reached = np.unique(beside.deliveries.spine)
    far = np.setdiff1d(np.arange(5), reached)
    assert 0 < len(reached) < 5
    np.testing.assert_array_equal(beside.time, alone.time)
    for name in NAMES:
        np.testing.assert_array_equal(beside.traces[name][:, far], alone.traces[name][:, far], err_msg=name)
    for name, values in alone.outcomes.items():
        np.testing.assert_array_equal(beside.outcomes[name][:, far], values[:, far], err_msg=name)
    short = {"dopamine": "da", "acetylcholine": "ach", "noradrenaline": "ne"}[modulator]
    assert beside.traces[short][:, reached].max(axis=0).min() > 0
    assert not beside.traces[short][:, far].any()
    assert (beside.outcomes["gate"][-1, reached] != alone.outcomes["gate"][-1, reached]).all()


# the rest of the cell, in a word: times on the grid of 1 ms, weights of a release, currents in nA
activity = st.lists(
    st.one_of(
        st.builds(
            lambda t, n, hz, a: protocols.uncaging(start=float(t), n=n, hz=float(hz), amplitude=a),
            st.integers(10, 800), st.integers(1, 5), st.integers(5, 100), st.floats(0, 5),
        ),
        st.builds(
            lambda t, a, d: protocols.plateau(start=float(t), amplitude=a, duration=float(d)),
            st.integers(10, 800), st.floats(-0.1, 0.5), st.integers(1, 200),
        ),
        st.builds(
            lambda t, dt: protocols.pairing(start=float(t), dt=dt, n=2, hz=20.0), st.integers(10, 800),
            st.floats(-50, 50),
        ),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@given(activity, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=6)
def test_without_modulator_the_gate_is_exactly_zero(protocol, g0_P, g0_D):
    """Whatever the cell does: what no modulator converted is not called modulation, even with a basal PLC."""
    parameters = QUICK | {
        "A_basal": 0.0,
        "adenosine": 0.0,
        "Q_basal": 0.3,
        "k_c": 1e-3,
        "g0_P": g0_P,
        "g0_D": g0_D,
    }
    result = run(tuple(protocol), 1500.0, parameters=parameters, numerics={"plastic": True})
    assert not result.traces["gate"].any()
    assert not result.outcomes["gate"].any()


@given(activity)
@settings(max_examples=6)
def test_without_modulator_and_basal_conversion_there_is_no_tag(protocol):
    parameters = QUICK | {
        "A_basal": 0.0, "adenosine": 0.0, "Q_basal": 0.0, "g0_P": 0.0, "g0_D": 0.0, "k_c": 1e-3,
    }  # fmt: skip
    result = run(tuple(protocol), 1500.0, parameters=parameters, numerics={"plastic": True})
    for name in ("tag_P", "tag_D", "gate", "early", "late"):
        assert not result.outcomes[name].any(), name
    np.testing.assert_array_equal(result.outcomes["w"], 1.0)


@pytest.mark.parametrize("modulator", SITES)
def test_release_without_activity_leaves_no_tag(modulator):
    """At rest calcium drives no trace past its threshold, and without a trace there is nothing to convert."""
    result = run((release(modulator, 100.0),), 2000.0, parameters={"e_0": 0.02, "g0_P": 0.5, "g0_D": 0.5})
    assert len(result.deliveries)
    for name in ("tag_P", "tag_D", "gate"):
        assert not result.outcomes[name].any(), name


def test_release_with_activity_leaves_a_tag_where_it_reaches():
    parameters = QUICK | {"A_basal": 0.0, "adenosine": 0.0, "Q_basal": 0.0, "g0_P": 0.0, "g0_D": 0.0, "k_c": 1e-2}
    result = run((PAIR, release("dopamine", 350.0)), parameters=parameters)
    reached = np.unique(result.deliveries.spine)
    tag = result.outcomes["tag_P"][-1]
    assert (tag[reached] > 0).all() and tag.max() > 1e-3
    assert not np.delete(tag, reached).any()


def test_an_antagonist_takes_back_what_the_release_did():
    parameters = QUICK | {"A_basal": 0.0, "adenosine": 0.0, "Q_basal": 0.0, "g0_P": 0.0, "g0_D": 0.0, "k_c": 1e-2}
    protocol = (PAIR, release("dopamine", 350.0))
    free = run(protocol, parameters=parameters).outcomes["tag_P"][-1].max()
    blocked = run(protocol, parameters=parameters, drugs=(dp.Drug(agent="SCH23390", conc="1 uM"),))
    # 1 uM over 0.4 nM leaves 1/2500 of the effective dopamine, and PKA enters by a hill function of exponent 4
    assert blocked.outcomes["tag_P"][-1].max() < 1e-3 * free
