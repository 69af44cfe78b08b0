"""The two event mechanisms: a pulse delivers its charge, a varicosity releases with its probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest


@pytest.fixture(scope="module")
def h():
    from neuron import h

    from dendplast.mechanisms import ensure_loaded

    ensure_loaded()
    h.load_file("stdrun.hoc")
    return h


def run(h, events, tstop, dt=0.025, variable=False):
    """Deliver (time, netcon) events and advance; leave dt and the integrator as they were."""
    cvode, before = h.CVode(), h.dt
    queue = h.FInitializeHandler(1, lambda: [connection.event(time) for time, connection in events])
    try:
        cvode.active(variable)
        h.dt = dt
        h.finitialize(0)
        h.continuerun(tstop)
    finally:
        cvode.active(False)
        h.dt = before
        del queue


# ---- current pulse

DT = 0.025
STEP = st.integers(min_value=1, max_value=200)
PULSES = st.lists(st.tuples(STEP, STEP, st.floats(-1, 1)), min_size=1, max_size=4)


def charge(h, pulses, **numerics):
    """Return the charge (pC) that pulses of (start, duration, amplitude) bring into a leakless section."""
    section = h.Section(name="ball")
    section.L = section.diam = 20
    electrode = h.DpCurrentPulse(section(0.5))
    events, connections = [], []
    for start, duration, amplitude in pulses:
        for time, weight in ((start, amplitude), (start + duration, -amplitude)):
            connections.append(h.NetCon(None, electrode))
            connections[-1].weight[0] = weight
            events.append((time, connections[-1]))
    run(h, events, 12.0, **numerics)
    assert electrode.level == pytest.approx(0, abs=1e-15)  # rounding of the sums of amplitudes
    capacitance = section.cm * section(0.5).area() * 1e-2  # uF/cm2 * um2 -> pF
    return section(0.5).v * capacitance * 1e-3  # mV * pF = fC -> pC


@given(PULSES)
def test_charge_is_amplitude_times_duration(h, pulses):
    pulses = [(start * DT, duration * DT, amplitude) for start, duration, amplitude in pulses]
    expected = sum(duration * amplitude for _, duration, amplitude in pulses)
    # Edges on the grid of steps: only rounding is left, of 400 additions of up to 100 mV.
    assert charge(h, pulses, dt=DT) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.floats(0.01, 4), st.floats(0.01, 4), st.floats(-1, 1))
def test_edges_between_steps(h, start, duration, amplitude):
    pulse = [(start, duration, amplitude)]
    # A fixed step moves each of the two edges by at most half a step; 1e-9 pC for rounding.
    assert abs(charge(h, pulse, dt=DT) - duration * amplitude) <= abs(amplitude) * DT + 1e-9
    # The variable step stops at each edge; the voltage is linear between, so only rounding is left.
    assert charge(h, pulse, variable=True) == pytest.approx(duration * amplitude, rel=1e-6, abs=1e-9)


def test_level_starts_at_zero(h):
    section = h.Section(name="ball")
    electrode = h.DpCurrentPulse(section(0.5))
    electrode.level = 3
    run(h, [], 0.1)
    assert electrode.level == 0 and section(0.5).v == 0
    with pytest.raises(AttributeError):
        electrode.amp  # noqa: B018  the amplitude belongs to the event, not to the electrode


def test_positive_level_depolarises(h):
    assert charge(h, [(1, 1, 0.5)]) > 0


# ---- varicosity


def releases(h, p, n, ids=(1, 2, 3), others=0):
    """Send n spikes of release probability p; return the times of release and the counters."""
    varicosities = [h.DpVaricosity() for _ in range(1 + others)]
    for i, varicosity in enumerate(varicosities):
        varicosity.stream.set_ids(ids[0] + 1000 * i, ids[1], ids[2])
    connections = [h.NetCon(None, varicosity) for varicosity in varicosities]
    for connection in connections:
        connection.weight[0] = p
    times = h.Vector()
    recorder = h.NetCon(varicosities[0], None)
    recorder.record(times)
    run(h, [(1 + 0.01 * i, c) for i in range(n) for c in connections], 2 + 0.01 * n, dt=0.1)
    return np.array(times), varicosities[0].n_spike, varicosities[0].n_release


@given(st.floats(0.01, 0.99), st.tuples(*[st.integers(0, 2**31 - 1)] * 3))
def test_release_rate_is_p(h, p, ids):
    times, n_spike, n_release = releases(h, p, 500, ids)
    assert n_spike == 500 and n_release == len(times)
    # Exact binomial test: a right mechanism falls below 1e-7 once in 10 million examples.
    assert binomtest(len(times), 500, p).pvalue > 1e-7


@pytest.mark.parametrize(("p", "expected"), [(0, 0), (-1, 0), (1, 50), (2, 50)])
def test_certainty(h, p, expected):
    assert releases(h, p, 50)[2] == expected


def test_same_ids_same_releases(h):
    first = releases(h, 0.3, 200)[0]
    assert np.array_equal(first, releases(h, 0.3, 200)[0])
    assert not np.array_equal(first, releases(h, 0.3, 200, ids=(1, 2, 4))[0])


def test_stream_belongs_to_one_varicosity(h):
    assert np.array_equal(releases(h, 0.3, 200)[0], releases(h, 0.3, 200, others=3)[0])


def test_release_comes_with_the_spike(h):
    times = releases(h, 1, 20)[0]
    # Events are kept in double precision; nothing shifts them to the grid of steps.
    assert times == pytest.approx(1 + 0.01 * np.arange(20), abs=1e-12)


def test_every_run_starts_the_stream_anew(h):
    varicosity = h.DpVaricosity()
    varicosity.stream.set_ids(5, 6, 7)
    connection = h.NetCon(None, varicosity)
    connection.weight[0] = 0.5
    counts, draws = [], []
    for _ in range(2):
        run(h, [(1 + i, connection) for i in range(64)], 70, dt=0.5)
        counts.append(varicosity.n_release)
        draws.append(varicosity.stream.get_seq())
    assert counts[0] == counts[1] and draws[0] == draws[1] > 0


def test_certain_release_draws_nothing(h):
    varicosity = h.DpVaricosity()
    connection = h.NetCon(None, varicosity)
    connection.weight[0] = 1
    run(h, [(1 + i, connection) for i in range(10)], 12, dt=0.5)
    assert (varicosity.n_release, varicosity.stream.get_seq()) == (10, 0)
