"""Recurring episodes: what a schedule is divided into, and that their replay is the full simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast import rule
from dendplast.drugs import Drug
from dendplast.episodes import CHANNELS, GAP, Calcium, Course, Drive, split
from dendplast.modulation import Dip, Release, ToneStep
from dendplast.parameters import Parameters
from dendplast.protocol import Pairing, Spikes, TestPulses
from dendplast.release import MEDIA, Patch, SoeSettings
from dendplast.supply import Supply
from dendplast.terminals import Tissue

REST = np.array([7e-5])
TONE = {"da": 0.0, "ach": 0.0, "ne": 0.0}


def supply(*protocols, drugs=(), tone=TONE):
    tissue = Tissue(MEDIA["hippocampus"], Parameters().flat(), tone, (), drugs)
    return Supply.of(protocols, lambda _: np.array([0]), 1, tissue, np.zeros((1, 3)), SoeSettings())


def schedule(*protocols):
    return supply(*protocols).schedule


@given(
    st.integers(1, 8),
    st.sampled_from([-20.0, 0.0, 10.0]),
    st.floats(0.1, 1.0),
    st.integers(1, 3),
)
def test_episodes_hold_every_event_once_and_recur(n, dt, hz, n_post):
    whole = schedule(
        TestPulses(n=3, hz=0.5, start=0.0),
        Pairing(dt=dt, n=n, hz=hz, n_post=n_post, start=8000.0),
    )
    parts = split(whole, ())
    pre = np.concatenate([t + e.pre_time for t, e in parts])
    post = np.concatenate([t + e.pulse_time for t, e in parts])
    np.testing.assert_allclose(
        pre, whole.pre_time, atol=1e-6
    )  # rounding of a subtraction and an addition
    np.testing.assert_allclose(post, whole.pulse_time, atol=1e-6)
    ends = [t + e.length for t, e in parts]
    assert all(
        b - a > GAP - 10 for a, (b, _) in zip(ends, parts[1:], strict=False)
    )  # the lead is 5 ms
    if (
        abs(1e3 / hz - round(1e3 / hz)) < 1e-9
    ):  # whole periods: every pairing is the same episode
        assert len({e.key for t, e in parts if t >= 7000}) == 1


def test_a_block_of_channels_makes_another_episode_and_a_receptor_antagonist_does_not():
    whole = schedule(Spikes(n=1, start=1000.0, trains=2))
    free, blocked = split(whole, (Drug(agent="nimodipine", conc=0.01, start=5000.0),))
    assert (
        free[1].key != blocked[1].key
        and blocked[1].open[CHANNELS.index("open_L")] < 0.1
    )
    one, two = split(whole, (Drug(agent="SCH23390", conc=0.01, start=5000.0),))
    assert one[1].key == two[1].key


def synthetic(peak=2.5e-3, n_tick=200, n_spine=1):
    """Return calcium that jumps and decays, with one release at its beginning."""
    t = np.arange(n_tick)[:, None]
    cai = 7e-5 + peak * np.exp(-t / 25.0) * np.ones(n_spine)
    pre = np.zeros((n_tick, n_spine))
    pre[0] = 1.0
    return Calcium(cai.astype(np.float32), pre)


FAST = {
    "g0_P": 2.0,
    "g0_D": 0.5,
    "k_c": 4e-4,
    "r_E": 0.05,
    "K_P": 9e-4,
    "r_P": 5e-3,
    "tau_tr": 2e4,
    "chi": 5.0,
    "k_x": 1e-4,
}


def weights(courses, values=FAST, **how):
    flat = Parameters().replaced(values).flat()
    kept = Drive(courses, {"a": synthetic()}, REST, np.array([0.087]), np.ones(1))(flat, **how)
    p = rule.parameters(flat, 0.087)
    return [[rule.efficacy(y, p)[0] for y in states] for states in kept]


def course(n=12, every=5000, at=(100_000.0,), drugs=(), first=1000.0, done=(), tone=TONE):
    return Course([(first + k * every, "a") for k in range(n)], supply(*done, drugs=drugs, tone=tone), at)


def test_courses_do_not_act_on_one_another():
    drug = course(drugs=(Drug(agent="dopamine", conc=0.02, start=2e4, stop=6e4),))
    both = weights([course(), drug])
    assert both == [*weights([course()]), *weights([drug])]
    assert abs(both[0][0] - both[1][0]) > 0.05  # the drug does something


def test_coarse_steps_come_near_fine_ones():
    """Ticks of 2 ms and longer steps at rest, which a fit takes, move the weight by less than 3 % of its start."""
    fine, coarse = (
        weights([course()], {**FAST, "K_P": 7e-4}, **how)[0][0] for how in ({}, {"tick": 2, "growth": 0.5})
    )
    assert abs(fine - 1) > 0.1
    assert coarse == pytest.approx(fine, abs=0.03)


def test_outcomes_are_kept_when_asked_and_long_after():
    early, late = weights([course(3, at=(500.0, 1e6))])[0]
    assert early == 1.0 and late != 1.0


PATCH = Patch("dopamine", center=(0.0, 0.0, 0.0), radius=5.0)
RELEASE = Release(site=PATCH, n=40, hz=20, start=60_500.0, trains=3)
GATED = {**FAST, "g0_P": 0.2, "g_P": 8.0, "omega": 1.0, "k_A": 5e-3}
"""Depression without dopamine, potentiation with it."""


def gated(*done, **more):
    return course(6, at=(160_000.0,), first=60_000.0, done=done, **more)


def test_releases_reach_their_own_course_only():
    one, two = (w[0] for w in weights([gated(RELEASE), gated()], GATED))
    assert one - two > 0.05
    assert two == weights([gated()], GATED)[0][0]


def test_uptake_blockers_dips_and_steps_of_tone_reach_the_rule():
    """Each changes the dopamine that a course shows, and so the weight; a dip undoes the tone."""
    tone = TONE | {"da": 2e-3}
    dip = Dip(modulator="dopamine", start=0.0, duration=200_000.0)
    step = ToneStep(modulator="dopamine", conc=2e-3, start=0.0)
    courses = [gated(RELEASE), gated(RELEASE, drugs=(Drug(agent="GBR12935", conc=1e-3),)), gated(tone=tone),
               gated(dip, tone=tone), gated(), gated(step)]  # fmt: skip
    brief, blocked, toned, dipped, none, stepped = (w[0] for w in weights(courses, GATED))
    assert blocked - brief > 0.01 and toned - none > 0.5  # the receptor is nearly full without the blocker
    # after a minute the dip has emptied the tone and the step has reached it
    assert dipped == pytest.approx(none, abs=0.01) and stepped == pytest.approx(toned, abs=0.01)


def test_replayed_episodes_are_the_full_simulation():
    """Captured episodes drive the rule to where the full run takes it, weights being held in both."""
    pytest.importorskip("neuron")
    from tiny import fork_model

    import dendplast as dp
    from dendplast.capture import capture

    values = {**FAST, "K_D": 4e-4, "K_P": 8e-4, "r_D": 2e-3}
    drugs = (
        Drug(agent="dopamine", conc=0.02, start=9000.0, stop=3e4),
        Drug(agent="AP5", conc=0.01, start=18_000.0),
    )
    protocol = (
        TestPulses(n=2, hz=0.5, start=500.0),
        Pairing(dt=10, n=4, hz=0.2, start=6000.0),
    )
    experiment = dp.Experiment(
        preset="passive",
        parameters=values,
        drugs=drugs,
        numerics=dp.Numerics(dt=0.1, plastic=False),
    )
    model = fork_model(experiment)
    model.apply(*protocol)
    parts = split(model.schedule, drugs)
    calcium, rest = capture(model, {e.key: e for _, e in parts})
    assert len(calcium) == 3  # a test pulse, a pairing, a pairing under the antagonist
    course = Course([(t, e.key) for t, e in parts], model.supply, (60_000.0,))
    p = model.rule_parameters()
    (states,) = Drive([course], calcium, rest, p.head_volume, p.ca_scale)(model.parameters.flat())
    full = dp.run(model, until=60_000.0)
    for name in ("tag_P", "tag_D", "early", "primed"):
        expected = full.outcomes[name][-1]
        assert expected.max() > 1e-3, name
        # the calcium of each episode is that from rest: 0.003 with this fast rule
        np.testing.assert_allclose(states[-1][name], expected, atol=5e-3)
