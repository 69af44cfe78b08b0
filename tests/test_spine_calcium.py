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
    """R-type m^2 h: half activation -5.9 mV, slope 9.5; half inactivation -39 mV, slope 9.2 (same paper).

    L-type m: 9.7 mV, 7; T-type m h: -32 mV, 7 and -70 mV, 6.5 (10.7554/eLife.80152).
    """
    share_L, share_T = 0.3, 0.2
    cell = Bare({"R_neck": 0.0, "share_L": share_L, "share_T": share_T}, rest=v)
    cell.section.g_pas = 1.0  # holds the voltage
    trace = record(cell, ("v", "m_ca", "h_ca", "m_L", "m_T", "h_T", "ica"), 400.0)
    u = trace["v"][-1]

    def boltzmann(half, slope):
        return 1 / (1 + np.exp((half - u) / slope))

    m, gate = boltzmann(-5.9, 9.5), boltzmann(-39.0, -9.2)
    m_L, m_T, h_T = boltzmann(9.7, 7.0), boltzmann(-32.0, 7.0), boltzmann(-70.0, -6.5)
    # 400 ms are 15 of tau_h from a start that is already the steady state
    assert trace["m_ca"][-1] == pytest.approx(m, rel=1e-6)
    assert trace["h_ca"][-1] == pytest.approx(gate, rel=1e-6)
    assert [trace[n][-1] for n in ("m_L", "m_T", "h_T")] == pytest.approx([m_L, m_T, h_T], rel=1e-5)  # as above
    open_share = (1 - share_L - share_T) * m**2 * gate + share_L * m_L + share_T * m_T * h_T
    assert trace["ica"][-1] == pytest.approx(P["g_vgcc"] * open_share * (u - 120.0), rel=1e-5)


@pytest.mark.parametrize("subtype", ["R", "L", "T"])
def test_each_subtype_can_be_blocked_alone(subtype):
    """What two subtypes' blocks leave is the third's; the three parts add up to the whole."""
    def current(*blocked):
        cell = Bare({"R_neck": 0.0, "share_L": 0.3, "share_T": 0.2, **{f"open_{s}": 0.0 for s in blocked}}, rest=-45.0)
        cell.section.g_pas = 1.0  # holds the voltage, so that the parts do not act on each other
        return record(cell, ("ica",), 200.0)["ica"][-1]

    others = {"R", "L", "T"} - {subtype}
    parts = [current(*({"R", "L", "T"} - {s})) for s in ("R", "L", "T")]
    assert min(abs(p) for p in parts) > 1e-9  # nA: each part is there
    # the voltage differs by less than 1e-4 mV, gates by a part in 1e5
    assert sum(parts) == pytest.approx(current(), rel=1e-4)
    assert current(subtype) == pytest.approx(sum(p for s, p in zip("RLT", parts, strict=True) if s in others), rel=1e-4)


@pytest.mark.parametrize("k_neck", [0.01, 0.2])
def test_calcium_leaves_by_pump_and_neck_side_by_side(k_neck):
    cell = Bare({"g_vgcc": 0.0, "k_neck": k_neck})
    cell.start()
    cell.spine.cai = 5e-3
    values = follow(cell, ("cai",), 10.0)["cai"]
    rate = 1 / P["tau_ca"] + k_neck
    # the update is the exact solution: rounding only
    assert values[-1] == pytest.approx(P["ca_rest"] + (5e-3 - P["ca_rest"]) * np.exp(-rate * 10.0), rel=1e-12)


@given(st.floats(0.001, 1.0), st.floats(10, 1000), st.floats(0.01, 2), st.lists(st.floats(0, 30), max_size=4))
@settings(max_examples=8)
def test_an_indicator_takes_calcium_and_loses_none(conc, kon, koff, events):
    """Without pump, what comes in is found free, in the buffer and on the indicator, at any speed of binding."""
    values = {"indicator": conc, "kon_ind": kon, "koff_ind": koff, "tau_ca": 1e8, "R_neck": 200.0}
    cell = Bare(values, rest=-40.0)
    cell.start()
    cell.spine.cai, cell.spine.ca_ind = P["ca_rest"], 0.0  # not the steady state, which no pump holds
    begin = (1 + P["kappa"]) * P["ca_rest"]
    trace = follow(cell, ("ica", "cai", "ca_ind"), 40.0, [(t, 1.0) for t in events])
    charge = -trace["ica"].sum() * cell.dt
    gained = (1 + P["kappa"]) * trace["cai"][-1] + trace["ca_ind"][-1] - begin
    # the pump still takes 40 ms out of 1e8 ms (4e-7), and 1 - exp(-dt/tau_ca) has 1e-7 of rounding
    assert gained * 0.087 * 2 * FARADAY * 1e-6 == pytest.approx(charge, rel=1e-6)
    assert (trace["ca_ind"] >= 0).all() and (trace["ca_ind"] <= conc).all()


@pytest.mark.parametrize(("conc", "K"), [(0.05, 2.3e-3), (0.3, 1e-2)])
def test_a_fast_indicator_lowers_the_peak_and_lengthens_the_decay(conc, K):
    """By (1 + kappa_E + kappa_I)/(1 + kappa_E), kappa_I = B K/(K + c)^2, for small transients (Neher & Augustine)."""
    seen = {}
    for amount in (0.0, conc):
        cell = Bare({"indicator": amount, "kon_ind": 1e5, "koff_ind": 1e5 * K, "g_vgcc": 0.0}, dt=0.025)
        cell.start()
        rest = cell.spine.cai
        cell.spine.cai = rest + 1e-5  # mM, of free calcium and buffer, at once
        seen[amount] = follow(cell, ("cai",), 30.0)["cai"] - rest
    factor = (1 + P["kappa"] + conc * K / (K + rest) ** 2) / (1 + P["kappa"])
    bare, dyed = seen[0.0], seen[conc]
    # a jump of 10 nM changes kappa_I by 2 c/K, 0.9 %, and the step of 0.025 ms the rate by its share of tau, 0.1 %
    assert bare[3] / dyed[3] == pytest.approx(factor, rel=0.01)
    decay = [-np.polyfit(np.arange(len(y)), np.log(y), 1)[0] for y in (bare, dyed[4:])]
    assert decay[0] / decay[1] == pytest.approx(factor, rel=0.01)
    assert factor > 1.5


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
