"""Protocols say when things happen; a schedule is one sorted table, and each site draws for itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast import protocols
from dendplast.errors import ParameterError
from dendplast.protocol import Selection, burst, resolve_time
from dendplast.release import MEDIA, Patch, Varicosity
from dendplast.schedule import compile_schedule
from dendplast.terminals import Tissue

POINT = Varicosity("dopamine", at=(0, 0, 1))
OTHER = Varicosity("acetylcholine", at=(5, 0, 1))


def compiled(*items, seed=1, p=0.5, n=3):
    media = {name: medium.replaced(p=p) for name, medium in MEDIA["striatum"].items()}
    return compile_schedule(items, lambda s: np.arange(n) if s == "all" else np.array(s), seed, Tissue(media))


@pytest.mark.parametrize(
    ("text", "time"),
    [(5.0, 5.0), ("2 s", 2000.0), ("end", 100.0), ("end + 30 s", 30_100.0), ("end - 50 ms", 50.0), ("0.5 min", 3e4)],
)
def test_times_may_be_relative_to_the_end(text, time):
    assert resolve_time(text, 100.0) == pytest.approx(time, rel=1e-15)  # one product


@pytest.mark.parametrize("text", [-1.0, "end - 1 s", "soon", "5", "3 mV", float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(text):
    with pytest.raises(ParameterError):
        resolve_time(text, 100.0)


@given(st.floats(-500, 500), st.integers(1, 20), st.floats(0.1, 20), st.integers(1, 5), st.integers(1, 5))
def test_pairs_are_dt_apart_with_the_sign_of_dt(dt, n, hz, n_pre, n_post):
    p = protocols.pairing(dt=dt, n=n, hz=hz, n_pre=n_pre, n_post=n_post)
    first_pre, first_post = p.pre()[::n_pre], p.post()[::n_post]
    # sums of numbers up to 2e5 ms: rounding of 1e-11
    np.testing.assert_allclose(first_post - first_pre, dt, atol=1e-9)
    assert min(first_pre[0], first_post[0]) == 0.0
    np.testing.assert_allclose(np.diff(first_pre), 1e3 / hz, rtol=1e-9)
    assert len(p.pre()) == n * n_pre and len(p.post()) == n * n_post


@given(st.integers(1, 10), st.integers(1, 6), st.floats(1, 100), st.integers(1, 4), st.floats(2e4, 1e5))
def test_bursts_and_trains_have_their_rates(n_bursts, n_pulses, pulse_hz, trains, interval):
    p = protocols.theta_burst(
        n_bursts=n_bursts, burst_hz=0.5, n_pulses=n_pulses, pulse_hz=pulse_hz, trains=trains, train_interval=interval
    )
    t = p.pre().reshape(trains, n_bursts, n_pulses)
    np.testing.assert_allclose(np.diff(t, axis=2), 1e3 / pulse_hz, rtol=1e-8)
    np.testing.assert_allclose(np.diff(t[:, :, 0], axis=1), 2e3, rtol=1e-9)
    np.testing.assert_allclose(np.diff(t[:, 0, 0]), interval, rtol=1e-9)


items = st.lists(
    st.one_of(
        st.builds(lambda dt, n: protocols.pairing(dt=dt, n=n), st.floats(-100, 100), st.integers(1, 5)),
        st.builds(lambda n: protocols.uncaging(n=n, start="end + 1 s"), st.integers(1, 5)),
        st.builds(lambda t: protocols.plateau(amplitude=0.2, start=t, n=2), st.floats(0, 1e5)),
        st.builds(lambda t, n: burst(POINT, start=t, n=n), st.floats(0, 1e5), st.integers(1, 20)),
        st.builds(lambda n: protocols.theta_burst(n_bursts=n, post=True), st.integers(1, 3)),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@given(items)
def test_a_schedule_is_sorted_and_complete(protocol):
    s = compiled(*protocol, p=1.0)
    for times in (s.pre_time, s.pulse_time, s.release_time):
        assert (np.diff(times) >= 0).all()
    assert len(s.pre_time) == 3 * sum(len(i.pre()) for i in protocol if hasattr(i, "pre"))
    assert len(s.release_time) == sum(len(i.spikes()) for i in protocol if hasattr(i, "spikes"))
    assert max([0.0, *s.pre_time, *s.pulse_time, *s.release_time]) <= s.end
    end = 0.0
    for item in protocol:
        end = max(end, item.end(resolve_time(item.start, end)))
    assert s.end == end


@given(st.integers(0, 2**40))
def test_releases_are_drawn_from_the_seed(seed):
    one, two = (compiled(burst(POINT, n=50), seed=seed).release_time for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, compiled(burst(POINT, n=50), seed=seed + 1).release_time)


@given(st.floats(0, 1), st.integers(0, 1000))
def test_what_one_site_draws_does_not_depend_on_the_others(p, seed):
    """What else is released, and with which probability, leaves the draws of a site alone."""
    alone = compiled(burst(POINT, start=0.0, n=40), seed=seed, p=0.4)
    other = OTHER.replaced(p=p)
    beside = compiled(
        burst(POINT, start=0.0, n=40), burst(other, start=3.0, n=7), protocols.uncaging(start=0.0, n=1),
        seed=seed, p=0.4,
    )  # fmt: skip
    mine = beside.release_time[beside.release_site == beside.sites.index(POINT)]
    np.testing.assert_array_equal(mine, alone.release_time)


def test_release_probability_is_the_share_of_spikes():
    s = compiled(burst(POINT, n=4000, hz=100.0), p=0.3)
    # binomial: 4 standard deviations of sqrt(0.21/4000) are 0.029
    assert len(s.release_time) / 4000 == pytest.approx(0.3, abs=0.03)
    assert len(compiled(burst(POINT, n=40), p=0.0).release_time) == 0
    assert len(compiled(burst(Patch("dopamine", center=(0, 0, 0), radius=5.0), n=40), p=0.0).release_time) == 40


def test_one_site_in_two_bursts_is_one_site_with_fresh_draws():
    s = compiled(burst(POINT, start=0.0, n=40, hz=100.0), burst(POINT, start=1000.0, n=40, hz=100.0))
    assert s.sites == (POINT,)
    first, second = s.release_time[s.release_time < 1000], s.release_time[s.release_time >= 1000] - 1000
    assert len(first) != len(second) or not np.allclose(first, second)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: protocols.pairing(), ("dt", "required")),
        (lambda: protocols.pairing(dt=5, hz="3 mV"), ("hz", "voltage")),
        (lambda: protocols.pairing(dt=5, nn=3), ("nn", "unknown key")),
        (lambda: protocols.uncaging(n=0), ("n", "at least 1")),
        (lambda: protocols.spikes(start="later"), ("start",)),
        (lambda: Selection(region="nowhere"), ("region",)),
    ],
)
def test_a_wrong_protocol_is_said_in_one_sentence(make, words):
    with pytest.raises(ParameterError) as error:
        make()
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)
