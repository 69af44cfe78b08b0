"""Electricity and calcium of one compiled spine against the published equations and conservation of charge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from scipy.constants import physical_constants  # noqa: E402
from tiny import Bare  # noqa: E402

from dendplast.parameters import Parameters  # noqa: E402

P = Parameters().flat()
FARADAY = physical_constants["Faraday constant"][0]  # C/mol


def record(cell, names, until, events=()):
    """Run a bare spine from its start; return its variables after every step, shape (n_step,)."""
    cell.start()
    return follow(cell, names, until, events)


def follow(cell, names, until, events=()):
    """Run a bare spine that was started."""
    for t, weight in events:
        cell.event(t, weight)
    rows = {name: np.empty(round(until / cell.dt)) for name in names}
    for k in range(round(until / cell.dt)):
        h.fadvance()
        for name in names:
            rows[name][k] = cell.section(0.5).v if name == "v" else getattr(cell.spine, name)
    cell.stop()
    return rows


@given(st.floats(0.01, 0.5), st.floats(0, 100), st.lists(st.tuples(st.floats(0, 40), st.floats(0, 3)), max_size=6))
@settings(max_examples=10)
def test_calcium_gained_is_the_charge_that_came_in(volume, kappa, events):
    """Without pump, (1 + kappa) d[Ca] V 2F is the integral of the current, free and bound together."""
    cell = Bare({"head_volume": volume, "kappa": kappa, "tau_ca": 1e8, "R_neck": 200.0}, rest=-40.0)
    cell.start()
    cell.spine.cai = P["ca_rest"]  # not the steady state, which no pump holds
    trace = follow(cell, ("ica", "cai"), 60.0, events)
    charge = -trace["ica"].sum() * cell.dt  # nA ms = pC
    # mM um3 is 1e-18 mol; times 2F in C/mol, in pC
    gained = (1 + kappa) * (trace["cai"][-1] - P["ca_rest"]) * volume * 2 * FARADAY * 1e-6
    # the pump still takes 60 ms out of 1e8 ms (6e-7), and 1 - exp(-dt/tau_ca) has 1e-7 of rounding
    assert gained == pytest.approx(charge, rel=1e-6)
    assert charge > 0


@pytest.mark.parametrize("rest", [-70.0, -45.0, -30.0])
def test_calcium_has_its_steady_state(rest):
    cell = Bare({"g_vgcc": 2e-4}, rest=rest)
    trace = record(cell, ("ica", "cai"), 400.0)
    expected = P["ca_rest"] - P["tau_ca"] * trace["ica"][-1] * 1e6 / (2 * FARADAY * 0.087 * (1 + P["kappa"]))
    # 400 ms are 15 of the slowest time constant (tau_h, 27 ms): e^-15 is 3e-7
    assert trace["cai"][-1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("tau", [5.0, 12.0, 40.0])
def test_calcium_decays_with_its_time_constant(tau):
    """Without current calcium falls back exponentially, exactly for any step."""
    cell = Bare({"tau_ca": tau, "g_vgcc": 0.0})
    cell.start()
    cell.spine.cai = 5e-3
    values = []
    for _ in range(50):
        h.fadvance()
        values.append(cell.spine.cai)
    cell.stop()
    t = cell.dt * np.arange(1, 51)
    # the update is the exact solution: rounding only
    np.testing.assert_allclose(values, P["ca_rest"] + (5e-3 - P["ca_rest"]) * np.exp(-t / tau), rtol=1e-12)


@pytest.mark.parametrize("v", [-90.0, -65.0, -40.0, -10.0, 10.0, 30.0])
def test_nmda_block_is_the_published_one(v):
    """Jahr and Stevens' form with the constants of 10.1038/s41467-022-30214-w, from the calcium current."""
    cell = Bare({"g_vgcc": 0.0, "R_neck": 0.0, "g_ampa": 0.0}, rest=v)
    cell.section.g_pas = 1.0  # a leak of 10 uS holds the voltage: the synapse moves it by less than 0.01 mV
    trace = record(cell, ("v", "ica", "d_nmda", "r_nmda"), 20.0, [(1.0, 1.0)])
    u, share = trace["v"][-1], trace["d_nmda"][-1] - trace["r_nmda"][-1]
    block = 1 / (1 + np.exp(-0.072 * u) * 1.0 / 2.552)
    assert share > 0.5
    assert trace["ica"][-1] == pytest.approx(0.0506 * P["g_nmda"] * block * share * (u - 40.0), rel=1e-9)  # rounding


@pytest.mark.parametrize("v", [-80.0, -50.0, -39.0, -20.0, -5.9])
def test_calcium_channel_gates_are_the_published_ones(v):
    """R-type m^2 h: half activation -5.9 mV, slope 9.5; half inactivation -39 mV, slope 9.2 (same paper)."""
    cell = Bare({"R_neck": 0.0}, rest=v)
    cell.section.g_pas = 1.0  # holds the voltage
    trace = record(cell, ("v", "m_ca", "h_ca", "ica"), 400.0)
    u = trace["v"][-1]
    m, gate = 1 / (1 + np.exp((-5.9 - u) / 9.5)), 1 / (1 + np.exp((u + 39.0) / 9.2))
    # 400 ms are 15 of tau_h from a start that is already the steady state
    assert trace["m_ca"][-1] == pytest.approx(m, rel=1e-6)
    assert trace["h_ca"][-1] == pytest.approx(gate, rel=1e-6)
    assert trace["ica"][-1] == pytest.approx(P["g_vgcc"] * m**2 * gate * (u - 120.0), rel=1e-5)


@given(st.floats(0.1, 2.0), st.floats(2.5, 100.0))
@settings(max_examples=10)
def test_one_release_peaks_at_one(rise, decay):
    """The difference of exponentials has the peak 1 whatever its time constants."""
    cell = Bare({"tau_r_ampa": rise, "tau_d_ampa": decay}, dt=0.01)
    trace = record(cell, ("d_ampa", "r_ampa"), 15.0, [(1.0, 1.0)])
    # the peak falls between two steps: the curve is flat there, the miss is below (dt/rise)^2/8, 1.3e-3 at 0.1 ms
    assert (trace["d_ampa"] - trace["r_ampa"]).max() == pytest.approx(1.0, abs=2e-3)


def test_a_weak_epsp_is_linear_in_its_weight():
    peaks = []
    weights = np.array([1e-3, 2e-3, 4e-3])
    for weight in weights:
        trace = record(Bare({"R_neck": 200.0, "g_vgcc": 0.0}), ("vhead", "v"), 20.0, [(1.0, weight)])
        peaks.append([(trace[n] + 70.0).max() for n in ("vhead", "v")])
    # driving force and block change by the EPSP over 70 mV: 4e-3 of 0.5 nS lifts the head by less than 0.1 mV
    np.testing.assert_allclose(np.array(peaks) / weights[:, None], peaks[:1] / weights[0] * np.ones((3, 1)), rtol=5e-3)


def test_the_weight_scales_the_ampa_conductance_alone():
    """`w` multiplies g_ampa; the NMDA current, and so the calcium at a held voltage, does not follow it."""
    seen = []
    for early in (0.0, 1.0):  # weight 1 and 2
        cell = Bare({"R_neck": 0.0, "g_vgcc": 0.0})
        cell.section.g_pas = 1.0  # holds the voltage: 10 uS against 0.5 nS
        cell.start()
        cell.spine.early = early
        seen.append(follow(cell, ("g", "ica"), 10.0, [(5.0, 1.0)]))
    one, two = seen
    assert np.max(two["g"] - one["g"]) == pytest.approx(P["g_ampa"], rel=0.01)  # the peak lies between two steps
    assert one["ica"].min() < 0
    # the voltage differs by less than 5e-3 mV, the block by that times mg_slope
    np.testing.assert_allclose(two["ica"], one["ica"], rtol=1e-3, atol=1e-15)


def test_without_event_the_spine_stays_at_rest():
    trace = record(Bare({"R_neck": 200.0}), ("v", "vhead", "cai"), 100.0)
    # the calcium channel's window current at -70 mV: 7e-5 uS * 1e-5 against a leak of 1e-2 uS
    assert np.abs(trace["v"] + 70).max() < 1e-3
    assert np.ptp(trace["cai"]) < 1e-3 * P["ca_rest"]
