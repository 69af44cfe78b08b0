"""Laws of release: mean of quanta, steady state of short-term plasticity, binomial variance, named streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dendplast as dp
from dendplast import protocols
from dendplast.presynaptic import Presynaptic, mean_release, release_weights, steady_state
from dendplast.release import MEDIA
from dendplast.schedule import compile_schedule
from dendplast.terminals import Tissue

synapses = st.builds(
    Presynaptic, U=st.floats(0.05, 0.9), tau_rec=st.floats(10, 1000),
    tau_fac=st.one_of(st.just(0.0), st.floats(10, 1000)),
    sites=st.integers(1, 8),
)  # fmt: skip


def compiled(synapse, *items, seed=1):
    return compile_schedule(items, lambda chosen: np.array(chosen, int), seed, Tissue(MEDIA["striatum"]), synapse)


@given(synapses, st.floats(2, 100))
def test_a_long_train_comes_to_its_steady_state(p, hz):
    slow = max(p.tau_rec, p.tau_fac)
    n = int(40 * slow * hz / 1e3) + 2  # 40 time constants of the slower of both: e^-40, whatever the use
    u, R = mean_release(p, np.arange(n) * 1e3 / hz)
    assert (u[-1], R[-1]) == pytest.approx(steady_state(p, hz), rel=1e-9)  # rounding of n steps


@given(synapses)
def test_the_equations_are_those_of_tsodyks_and_markram(p):
    """Against the differential equations, R' = (1 - R)/tau_rec - u R delta, u likewise, in steps of 1 us."""
    u, R = mean_release(p, np.array([0.0, 3.0, 5.0]))
    r, use, dt = 1.0, p.U, 1e-3
    for k, gap in enumerate((3.0, 2.0)):
        r -= use * r
        use = use + p.U * (1 - use) if p.tau_fac else p.U
        for _ in range(round(gap / dt)):
            r += dt * (1 - r) / p.tau_rec
            use += dt * (p.U - use) / p.tau_fac if p.tau_fac else 0.0
        # forward Euler of 1 us over 3 ms at a rate of at most 0.1 /ms: 3 ms * 0.1^2 * 1e-3 / 2
        assert (use, r) == pytest.approx((u[k + 1], R[k + 1]), abs=2e-5)


@given(synapses, st.floats(5, 100))
@settings(max_examples=5)
def test_the_mean_of_quanta_is_the_release_without(p, hz):
    times = np.arange(6) * 1e3 / hz
    n = 3000
    drawn = np.array([release_weights(p, times, np.random.default_rng(k)) for k in range(n)])
    expected = release_weights(p.replaced(stochastic=False), times, np.random.default_rng(0))
    # 4.5 standard errors of the mean: one in 1e5 per spike
    error = drawn.std(axis=0, ddof=1) / np.sqrt(n)
    assert (np.abs(drawn.mean(axis=0) - expected) < 4.5 * error + 1e-12).all()


@pytest.mark.parametrize(("U", "sites"), [(0.3, 1), (0.5, 5), (0.9, 3)])
def test_the_first_spike_is_binomial(U, sites):
    p = Presynaptic(U=U, sites=sites)
    n = 20_000
    first = np.array([release_weights(p, np.zeros(1), np.random.default_rng(k))[0] for k in range(n)]) / p.quantum
    assert set(np.round(first, 9)) <= set(range(sites + 1))
    variance = sites * U * (1 - U)
    # the standard error of a variance is at most sqrt(2/n) of it for these shapes, 1 %; of a mean, 0.7 % of its SD
    assert first.var() == pytest.approx(variance, rel=0.05)
    assert first.mean() == pytest.approx(sites * U, abs=0.03 * np.sqrt(variance))
    assert (p.quantum * first[first > 0]).mean() == pytest.approx(1.0, rel=0.02)  # a success counts 1


def test_a_certain_site_without_memory_is_todays_release():
    p = Presynaptic(U=1.0, tau_rec=0.1)
    plain = compiled(None, protocols.pairing(dt=10, n=5, hz=1, spines=(0, 3)))
    drawn = compiled(p, protocols.pairing(dt=10, n=5, hz=1, spines=(0, 3)))
    for name in ("pre_time", "pre_spine", "pre_weight"):
        assert np.array_equal(getattr(plain, name), getattr(drawn, name))


def test_each_spine_draws_from_its_own_stream():
    """What one spine releases depends on the seed and its own train: not on other spines or releases elsewhere."""
    p = Presynaptic(U=0.4, sites=3)
    train = protocols.low_frequency(n=40, hz=20, spines=(2,))
    alone = compiled(p, train)
    both = compiled(p, protocols.low_frequency(n=40, hz=20, spines=(0, 2, 5)))
    mine = both.pre_spine == 2
    assert np.array_equal(both.pre_time[mine], alone.pre_time)
    assert np.array_equal(both.pre_weight[mine], alone.pre_weight)
    assert not np.array_equal(compiled(p, train, seed=2).pre_time, alone.pre_time)
    assert 0 < len(alone.pre_time) < 40  # failures are no events


def test_depression_goes_on_over_protocols_and_uncaging_needs_no_release():
    p = Presynaptic(U=0.5, tau_rec=1e5, stochastic=False)
    first = protocols.low_frequency(n=1, hz=100, spines=(0,), start=0.0)
    second = protocols.low_frequency(n=1, hz=100, spines=(0,), start=10.0)
    uncaged = protocols.uncaging(n=1, hz=1, spines=(0,), start=5.0, amplitude=2.0)
    found = compiled(p, first, second, uncaged).pre_weight
    assert found[1] == 2.0
    assert found[2] / found[0] == pytest.approx(0.5, rel=1e-3)  # half the vesicles are gone, 10 ms of 1e5 bring 1e-4


def test_release_falls_with_calcium():
    p = Presynaptic(U=0.5)
    assert p.at(2.0, 2.0).U == p.U
    ratio = (1.3**4 / (1.3**4 + 2.79**4)) / (2**4 / (2**4 + 2.79**4))
    assert p.at(1.3, 2.0).U == pytest.approx(0.5 * ratio, rel=1e-12)
    assert p.at(20.0, 2.0).U == 1.0


def test_a_recorded_pairing_is_refused(loaded):
    from tiny import fork_model

    model = fork_model(presynaptic=Presynaptic())
    with pytest.raises(dp.ParameterError, match="presynaptic: no pairing is like the next"):
        dp.record(model, protocols.pairing(dt=10, n=2, hz=0.2, spines=(0,)))
