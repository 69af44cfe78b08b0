"""Channels: steady states, time constants and currents against the published equations, restated here."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402

from dendplast.mechanisms import ensure_loaded  # noqa: E402
from dendplast.presets import SETTINGS, load_preset, preset_names  # noqa: E402

VOLTAGES = (-120.0, -90.3, -70.0, -58.0, -45.0, -38.0, -30.0, -27.01, -27.0, -13.0, 0.0, 20.0, 40.0)
CELSIUS = 35.0
F, R = 96485.33212, 8.31446261815324  # C/mol, J/(mol K): CODATA 2018
T = CELSIUS + 273.15
CAI, CAO = 2e-3, 2.0  # mM


def exp(x):
    return np.exp(x)


def boltzmann(v, half, slope):
    return 1 / (1 + exp((v - half) / slope))


def linear_rate(v, half, rate, slope):
    """Return rate (v - half)/(1 - exp(-(v - half)/slope)), with its limit at v = half."""
    x = v - half
    return rate * slope if abs(x) < 1e-7 else rate * x / (1 - exp(-x / slope))


def from_rates(a, b, q=1.0):
    return a / (a + b), 1 / (q * (a + b))


def na3(v, ar2=0.4):
    qt = 2 ** ((CELSIUS - 24) / 10)
    minf, mtau = from_rates(linear_rate(v, -30, 0.4, 7.2), linear_rate(-v, 30, 0.124, 7.2), qt)
    _, htau = from_rates(linear_rate(v, -45, 0.03, 1.5), linear_rate(-v, 45, 0.01, 1.5), qt)
    c = boltzmann(v, -58, 2)
    p = 1e-3 * 12 * (v + 60) * F / (R * T)
    return {
        "m": (minf, max(0.02, mtau)),
        "h": (boltzmann(v, -50, 4), max(0.5, htau)),
        "s": (c + ar2 * (1 - c), max(10, exp(0.2 * p) / (0.0003 * (1 + exp(p))))),
    }


def kdrca1(v):
    p = 1e-3 * -3 * (v - 13) * F / (R * T)
    return {"n": (1 / (1 + exp(p)), max(2, exp(0.7 * p) / (0.02 * (1 + exp(p)))))}


def a_type(v, half, zeta, gamma, rate):
    qt = 5 ** ((CELSIUS - 24) / 10)
    p = 1e-3 * (zeta - boltzmann(v, -40, 5)) * (v - half) * F / (R * T)
    linf = 1 / (1 + exp(1e-3 * 3 * (v + 56) * F / (R * T)))
    return {
        "n": (1 / (1 + exp(p)), max(0.1, exp(gamma * p) / (qt * rate * (1 + exp(p))))),
        "l": (linf, max(2, 0.26 * (v + 50))),
    }


def hcn(v):
    tau = 1.0 if v > -30 else 2 * (1 / (exp(-(v + 145) / 17.5) + exp((v + 16.8) / 16.5)) + 5)
    return {"n": (boltzmann(v, -82, 8.8), tau)}


def km(v):
    qt = 2.3 ** ((CELSIUS - 23) / 10)
    return {"n": from_rates(linear_rate(v, -30, 1e-3, 9), linear_rate(-v, 30, 1e-3, 9), qt)}


def cal(v):
    return {"m": from_rates(linear_rate(v, -27.01, 0.055, 3.8), 0.94 * exp((-63.01 - v) / 17), 5)}


def naf(v):
    if v < -60:
        htau = 3.4 + 0.015 * v
    else:
        htau = 0.56 + 1.1 * boltzmann(v, -48, 15) + 1.2 * boltzmann(v, -48, 4)
    mtau = 0.38 + 1 / (0.6 * exp((v + 58) / 8) + 1.8 * exp(-(v + 58) / 35))
    return {"m": (boltzmann(v, -25, -9.2), mtau / 1.8), "h": (boltzmann(v, -62, 6), htau / 1.8)}


def kaf(v):
    return {
        "m": from_rates(1.5 * boltzmann(v, 4, -17), 0.6 * boltzmann(v, 10, 9), 2),
        "h": from_rates(0.105 * boltzmann(v, -121, 22), 0.065 * boltzmann(v, -55, -11), 2),
    }


def kas(v):
    hinf, htau = from_rates(0.0025 * boltzmann(v, -95, 16), 0.002 * boltzmann(v, 50, -70), 3)
    return {
        "m": from_rates(0.25 * boltzmann(v, 50, -20), 0.05 * boltzmann(v, -90, 35), 3),
        "h": (0.2 + 0.8 * hinf, htau),
    }


def kir(v):
    rate = 0.1 * exp(-(v + 60) / 14) + 0.27 / (1 + exp(-(v + 31) / 23))
    return {"m": (boltzmann(v, -102, 13), 1 / rate / 3)}


def kdr(v):
    return {"m": (boltzmann(v, -13, -9.09), 50 * exp(-(v + 13) / 12.5) / (1 + exp(-(v + 13) / 9.09)) / 3)}


def l_type(v, half):
    mtau = 0.06 + 1 / (exp((v - 10) / 20) + exp(-(v + 17) / 48))
    return {"m": (boltzmann(v, half, -6.7), mtau / 2), "h": (boltzmann(v, -13.4, 11.9), 44.3 / 2)}


def can(v):
    mtau = 0.06 + 1 / (exp((v - 25) / 18) + exp(-(v + 31) / 44))
    return {"m": (boltzmann(v, -3, -8), 2 * mtau / 2), "h": (boltzmann(v, -74.8, 6.5), 70 / 2)}


def car(v):
    return {
        "m": (boltzmann(v, -29, -9.6), 15.3 / 3),
        "h": (boltzmann(v, -33.3, 17), (22 + 80 * boltzmann(v, -19, 5)) / 3),
    }


def bk(v):
    z = 2 * F * v * 1e-3 / (R * T)
    return {"o": from_rates(0.48 / (1 + 3e-3 * exp(-0.84 * z) / CAI), 0.28 / (1 + CAI / (9e-3 * exp(-z))))}


def sk(v):
    x = (CAI / 0.57e-3) ** 5.2
    return {"o": (x / (1 + x), 4.9)}


def qt21():
    """Return the factor of rates published at 21 degC."""
    return 2.3 ** ((CELSIUS - 21) / 10)


def nat(v, vshift=2.0):
    u = v - vshift
    return {
        "m": from_rates(linear_rate(u, -38, 0.182, 6), linear_rate(-u, 38, 0.124, 6), qt21()),
        "h": from_rates(linear_rate(-u, 66, 0.015, 6), linear_rate(u, -66, 0.015, 6), qt21()),
    }


def nap(v):
    mtau = 6 * nat(v, 0.0)["m"][1]
    # -2.88e-6 (v + 17)/(1 - exp((v + 17)/4.63)) is a linear rate of -v
    _, htau = from_rates(linear_rate(-v, 17, 2.88e-6, 4.63), linear_rate(v, -64.4, 6.94e-6, 2.63), qt21())
    return {"m": (boltzmann(v, -52.6, -4.6), mtau), "h": (boltzmann(v, -48.8, 10), htau)}


def kt(v):
    u = v + 10
    return {
        "m": (boltzmann(u, 0, -19), (0.34 + 0.92 * exp(-(((u + 71) / 59) ** 2))) / qt21()),
        "h": (boltzmann(u, -66, 10), (8 + 49 * exp(-(((u + 73) / 23) ** 2))) / qt21()),
    }


def kp(v):
    u = v + 10
    mtau = 1.25 + (175.03 * exp(0.026 * u) if u < -50 else 13 * exp(-0.026 * u))
    htau = 360 + (1010 + 24 * (u + 55)) * exp(-(((u + 75) / 48) ** 2))
    return {"m": (boltzmann(u, -1, -12), mtau / qt21()), "h": (boltzmann(u, -54, 11), htau / qt21())}


def im(v):
    return {"m": from_rates(3.3e-3 * exp(0.1 * (v + 35)), 3.3e-3 * exp(-0.1 * (v + 35)), qt21())}


def ih(v):
    return {"m": from_rates(linear_rate(-v, 154.9, 0.00643, 11.9), 0.193 * exp(v / 33.1))}


def cahva(v):
    return {
        "m": from_rates(linear_rate(v, -27, 0.055, 3.8), 0.94 * exp((-75 - v) / 17)),
        "h": from_rates(4.57e-4 * exp((-13 - v) / 50), 0.0065 / (exp((-v - 15) / 28) + 1)),
    }


def calva(v):
    u = v + 10
    return {
        "m": (boltzmann(u, -30, -6), (5 + 20 * boltzmann(u, -25, 5)) / qt21()),
        "h": (boltzmann(u, -80, 6.4), (20 + 50 * boltzmann(u, -40, 7)) / qt21()),
    }


def flux(v):
    """Return the Goldman-Hodgkin-Katz current at unit permeability (mA/cm2 per cm/s)."""
    z = 2 * F * v * 1e-3 / (R * T)
    if v == 0:
        return 2 * F * (CAI - CAO) * 1e-3
    return 2 * F * z * (CAI - CAO * exp(-z)) / (1 - exp(-z)) * 1e-3


def nernst(v):
    """Return the distance from the reversal potential of calcium (mV)."""
    return v - 1e3 * R * T / (2 * F) * np.log(CAO / CAI)


def ohmic(e):
    return lambda v: v - e


# name: (gates, share of open channels, driving force, ion)
CHANNELS = {
    "na3": (na3, lambda m, h, s: m**3 * h * s, ohmic(50), "na"),
    "kdrca1": (kdrca1, lambda n: n, ohmic(-90), "k"),
    "kap": (lambda v: a_type(v, 11, -1.5, 0.55, 0.05), lambda n, l: n * l, ohmic(-90), "k"),  # noqa: E741
    "kad": (lambda v: a_type(v, -1, -1.8, 0.39, 0.1), lambda n, l: n * l, ohmic(-90), "k"),  # noqa: E741
    "hcn": (hcn, lambda n: n, ohmic(-10), ""),
    "km": (km, lambda n: n, ohmic(-90), "k"),
    # GHK as a driving force (mV): the flux over its conductance at equal concentrations, 4 F^2 cao/(R T)
    "cal": (cal, lambda m: m / (1 + CAI / 1e-3), lambda v: flux(v) * 1e6 * R * T / (4 * F * F * CAO), "ca"),
    "naf": (naf, lambda m, h: m**3 * h, ohmic(50), "na"),
    "kaf": (kaf, lambda m, h: m**2 * h, ohmic(-90), "k"),
    "kas": (kas, lambda m, h: m**2 * h, ohmic(-90), "k"),
    "kir": (kir, lambda m: m, ohmic(-90), "k"),
    "kdr": (kdr, lambda m: m, ohmic(-90), "k"),
    "cal12": (lambda v: l_type(v, -8.9), lambda m, h: m * (0.17 * h + 0.83), flux, "ca"),
    "cal13": (lambda v: l_type(v, -33), lambda m, h: m**2 * h, flux, "ca"),
    "can": (can, lambda m, h: m**2 * (0.21 * h + 0.79), flux, "ca"),
    "car": (car, lambda m, h: m**3 * h, flux, "ca"),
    "bk": (bk, lambda o: o, ohmic(-90), "k"),
    "sk": (sk, lambda o: o, ohmic(-90), "k"),
    "nat": (nat, lambda m, h: m**3 * h, ohmic(50), "na"),
    "nap": (nap, lambda m, h: m**3 * h, ohmic(50), "na"),
    "kt": (kt, lambda m, h: m**4 * h, ohmic(-90), "k"),
    "kp": (kp, lambda m, h: m**2 * h, ohmic(-90), "k"),
    "kv31": (
        lambda v: {"m": (boltzmann(v, 18.7, -9.7), 4 * boltzmann(v, -46.56, -44.14))}, lambda m: m, ohmic(-90), "k",
    ),
    "im": (im, lambda m: m, ohmic(-90), "k"),
    "ih": (ih, lambda m: m, ohmic(-45), ""),
    "cahva": (cahva, lambda m, h: m**2 * h, nernst, "ca"),
    "calva": (calva, lambda m, h: m**2 * h, nernst, "ca"),
}
SET = {"na3": {"ar2": 0.4}, "nat": {"vshift": 2.0}}  # settings that are tested away from their default


@pytest.fixture
def patch():
    """Return a function that makes one section with a mechanism; temperature and dt are put back."""
    ensure_loaded()
    before = h.celsius, h.dt
    h.celsius, h.dt = CELSIUS, 0.025
    made = []

    def make(name):
        sec = h.Section(name="patch")
        made.append(sec)
        sec.L = sec.diam = 10
        sec.insert(f"dp_{name}")
        mechanism = getattr(sec(0.5), f"dp_{name}")
        if h.ismembrane("ca_ion", sec=sec) and name != "capool":
            sec.insert("dp_capool")  # its INITIAL sets cai before the channel reads it
            sec(0.5).dp_capool.cainf = CAI
            sec.cao = CAO
        if h.ismembrane("na_ion", sec=sec):
            sec.ena = 50
        if h.ismembrane("k_ion", sec=sec):
            sec.ek = -90
        for key, value in SET.get(name, {}).items():
            setattr(mechanism, key, value)
        return sec, mechanism

    yield make
    h.celsius, h.dt = before
    for sec in made:
        h.delete_section(sec=sec)


@pytest.mark.parametrize("name", CHANNELS)
def test_gates_and_currents_are_those_of_the_paper(patch, name):
    gates, opened, drive, ion = CHANNELS[name]
    sec, mechanism = patch(name)
    density = "gbar" if hasattr(mechanism, "gbar") else "pbar"
    setattr(mechanism, density, 1e-3)
    for v in VOLTAGES:
        h.finitialize(v)
        h.fcurrent()
        expected = gates(v)
        for gate, (inf, tau) in expected.items():
            # 1e-9: both sides are double precision; constants of NEURON and CODATA agree to 1e-9
            assert getattr(mechanism, gate) == pytest.approx(inf, rel=1e-9, abs=1e-15), (gate, v)
            if hasattr(mechanism, f"{gate}tau"):
                assert getattr(mechanism, f"{gate}tau") == pytest.approx(tau, rel=1e-9), (gate, v)
        current = 1e-3 * opened(**{gate: inf for gate, (inf, _) in expected.items()}) * drive(v)
        assert getattr(mechanism, f"i{ion}") == pytest.approx(current, rel=1e-8, abs=1e-18), v


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("v", (-95.0, -20.0))
def test_gates_relax_as_exponentials(patch, name, v):
    gates, sec, mechanism = CHANNELS[name][0], *patch(name)
    sec.cm = 1e9  # so large that no current moves the voltage
    h.finitialize(-65)
    begin = {gate: getattr(mechanism, gate) for gate in gates(v)}
    sec(0.5).v = v
    for _ in range(80):
        h.fadvance()
    for gate, (inf, tau) in gates(v).items():
        if name == "bk":
            assert CAI == pytest.approx(sec(0.5).cai)  # else inf and tau would move
        expected = inf + (begin[gate] - inf) * exp(-80 * h.dt / tau)
        # cnexp is exact at constant voltage: only rounding (80 steps) is left
        assert getattr(mechanism, gate) == pytest.approx(expected, rel=1e-9, abs=1e-12), gate


def test_sk_opens_by_half_where_it_is_told(patch):
    sec, mechanism = patch("sk")
    mechanism.gbar, mechanism.khalf, mechanism.hill, mechanism.otau = 1e-3, CAI / 2, 4.8, 1.0
    h.finitialize(-60)
    # x^n/(1 + x^n) at x = 2; 1e-9: rounding only
    assert mechanism.o == pytest.approx(2**4.8 / (1 + 2**4.8), rel=1e-9)
    sec(0.5).dp_capool.cainf = sec(0.5).cai = CAI / 2
    before = mechanism.o
    h.fadvance()
    # the pool is at rest, so the gate relaxes to 1/2 exactly as an exponential of otau
    assert mechanism.o == pytest.approx(0.5 + (before - 0.5) * exp(-h.dt / 1.0), rel=1e-9)


def test_pool_holds_the_charge_that_entered(patch):
    sec, pool = patch("capool")
    sec.insert("dp_cal12")
    sec(0.5).dp_cal12.pbar = 1e-5
    pool.depth, pool.tau, pool.gamma, pool.cainf = 0.2, 1e9, 0.5, 1e-4
    sec.cm = 1e9
    h.finitialize(0)
    charge = 0.0  # mA ms / cm2
    for _ in range(400):
        h.fadvance()
        charge -= sec(0.5).ica * h.dt
    coulomb = charge * 1e-6  # C/cm2
    entered = 0.5 * coulomb / (2 * F) / (0.2e-4) * 1e6  # mol/cm2 over cm is mol/cm3; 1e6 makes mM
    # 1e-5: with tau 1e9 ms cnexp forms 1 - exp(-2.5e-11), which keeps about 6 digits
    assert sec(0.5).cai - 1e-4 == pytest.approx(entered, rel=1e-5)
    assert entered > 1e-3


def test_pool_returns_to_rest_with_its_time_constant(patch):
    sec, pool = patch("capool")
    pool.tau, pool.cainf = 43.0, 1e-5
    h.finitialize(-80)
    sec(0.5).cai = 1e-3
    for _ in range(1720):
        h.fadvance()
    assert sec(0.5).cai == pytest.approx(1e-5 + (1e-3 - 1e-5) * exp(-1), rel=1e-9)  # exact, rounding only


def test_every_mechanism_of_the_presets_is_tested_here():
    used = {name for p in preset_names() for region in load_preset(p).cell.regions.values() for name in region}
    assert used <= {*CHANNELS, "capool"}


def test_settings_carry_the_units_of_the_mechanisms(patch):
    seen = set()
    for name in (*CHANNELS, "capool"):
        _, mechanism = patch(name)
        for key, unit in SETTINGS.items():
            if hasattr(mechanism, key) and key not in seen:
                seen.add(key)
                assert h.units(f"{key}_dp_{name}") == unit, key
    assert seen == set(SETTINGS)
