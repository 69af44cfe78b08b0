"""The compiled rule is the numpy rule, and both converge to the differential equations."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from dendplast import rule
from dendplast.consolidate import Arrivals, Engine
from dendplast.diffusion import soe_rates
from dendplast.drugs import bath
from dendplast.parameters import RECEPTORS, SHARES, Parameters
from dendplast.release import SoeSettings
from dendplast.rule import INTEGRALS, STATES, Surround

LIGANDS = ("da", "ach", "ne")
VOLUME = 0.05
UPTAKE = {"da": 0.02, "ach": 0.2, "ne": 5e-3}

# --- mod = numpy --------------------------------------------------------------------------------------------

TICKS = 120


def _parameters(changes):
    from tiny import QUICK

    return Parameters().replaced(QUICK | changes)


@st.composite
def draws(draw):
    """Draw factors on some of the parameters, each kept inside its bounds."""
    from tiny import QUICK, SPECIAL

    base = Parameters().replaced(QUICK)
    names = draw(st.lists(st.sampled_from(sorted(set(base.flat()) - SPECIAL)), max_size=12, unique=True))
    out = {}
    for name in names:
        group = Parameters.model_fields[Parameters.group_of(name)].annotation
        lo = next((m.ge for m in group.model_fields[name].metadata if hasattr(m, "ge")), -np.inf)
        hi = next((m.le for m in group.model_fields[name].metadata if hasattr(m, "le")), np.inf)
        factor = draw(st.floats(0.6, 1.6))
        out[name] = float(np.clip(base.flat()[name] * factor, lo, hi))
    if out.get("tau_r_ampa", 0.2) >= out.get("tau_d_ampa", 1.7):
        out.pop("tau_r_ampa")
    return out


ms = st.integers(0, TICKS - 1)
spikes = st.lists(st.tuples(ms, st.floats(0, 3)), max_size=25)
releases = st.lists(
    st.tuples(ms, st.sampled_from([0, 1, 2]), st.integers(0, 2**31)), min_size=0, max_size=8
)
bath_changes = st.dictionaries(
    st.integers(1, TICKS - 1),
    st.dictionaries(
        st.sampled_from([
            *(f"{x}_ext" for x in LIGANDS), *(f"{k}_{r}" for k in ("ago", "ant") for r in RECEPTORS),
            "gs_ext", *(f"share_{name}" for name in SHARES),
        ]),
        st.floats(0, 0.01), min_size=1, max_size=4,
    ),
    max_size=4,
)  # fmt: skip


@given(draws(), spikes, releases, bath_changes, st.floats(-75, -25), st.sampled_from([0.0, 200.0]),
       st.floats(0.3, 3))
@settings(max_examples=12)
def test_the_compiled_rule_is_the_numpy_rule(changes, spikes, releases, baths, rest, neck, scale):
    pytest.importorskip("neuron")
    from neuron import h
    from tiny import SPECIAL, Bare

    p = _parameters(changes)
    flat = {k: v for k, v in p.flat().items() if k not in SPECIAL}
    kinds = {f"uptake_{k}": v for k, v in UPTAKE.items()}
    cell = Bare(flat | kinds | {"head_volume": VOLUME, "R_neck": neck, "g_vgcc": 2e-4, "ca_scale": scale}, rest)
    weights = [10 ** np.random.default_rng(seed).uniform(-6, -2.5, 12) for _, _, seed in releases]
    order = np.argsort([t for t, _, _ in releases], kind="stable").astype(int)
    arrivals = Arrivals(
        np.array([releases[i][0] + 0.5 for i in order], float), np.array([releases[i][1] for i in order], int),
        (np.zeros(len(order), int),), np.array([weights[i] for i in order]).reshape(-1, 12),
    )  # fmt: skip
    now = dict(bath((), {}, 0.0))
    engine = Engine(
        rule.parameters(p.flat(), np.array([VOLUME]), scale), (1,), soe_rates(SoeSettings()), UPTAKE,
        lambda t: now, lambda a, b: np.array([k + 0.5 for k in sorted(baths) if a < k + 0.5 < b]), arrivals,
    )  # fmt: skip
    cell.start()
    try:
        for t, weight in spikes:
            cell.event(t + 0.5, weight)
        for (t, ligand, _), w in zip(releases, weights, strict=True):
            cell.event(t + 0.5, 1.0, ligand + 1, w)
        for tick in range(TICKS):
            for name, value in baths.get(tick, {}).items():
                now[name] = value * (100.0 if name.startswith(("ant", "gs", "share")) else 1.0)
                setattr(cell.spine, name, now[name])
            samples = np.empty(10)
            for k in range(10):
                h.fadvance()
                samples[k] = cell.spine.cai
            engine.tick(float(tick), samples.mean(), pre=sum(weight for t, weight in spikes if t == tick))
            if tick % 10 == 9:
                for name in (*STATES, *INTEGRALS):
                    # both do the same sums in double precision; 1e-9 leaves room for a few hundred roundings
                    # of hill functions with exponents up to 12, 1e-15 for states that are 0 but for rounding
                    assert getattr(cell.spine, name) == pytest.approx(engine.y[name][0], rel=1e-9, abs=1e-15), name
                for name in LIGANDS:
                    assert getattr(cell.spine, name) == pytest.approx(np.squeeze(engine.c[name]), rel=1e-9, abs=1e-18)
        assert cell.spine.w == pytest.approx(rule.efficacy(engine.y, engine.p)[0], rel=1e-9)
    finally:
        cell.stop()


# --- convergence to the differential equations ---------------------------------------------------------------

END = 256.0  # ms
ORDER_STATES = (*STATES, *INTEGRALS)


def _course(t):
    """Return smooth calcium and surround at time t (ms)."""
    ca = 7e-5 + 1.5e-3 * np.exp(-(((t - 80.0) / 40.0) ** 2))
    da, ach = 2e-3 * np.exp(-(((t - 120.0) / 50.0) ** 2)), 1e-3 * (1 + np.sin(t / 40.0))
    release = 0.05 * np.exp(-(((t - 90.0) / 30.0) ** 2))
    share = {"AC": 0.8, "ecb": 0.9, "PKA": 0.9, "PLC": 0.8, "prp": 0.7}
    return ca, Surround(da=da, ach=ach, ne=3e-4, prp_drive=1.0, release=release, gs=0.1, share=share)


def _smooth():
    """Return a rule without jumps: synthesis is always on, so what is left are kinks, which keep the order."""
    return rule.parameters(_parameters({"th_prp": 0.01}).flat(), VOLUME)


@cache
def _reference():
    p = _smooth()
    start = rule.resting(p, _course(0.0)[1], ())

    def slope(t, values):
        y = dict(zip(ORDER_STATES, values, strict=True))
        d = rule.derivatives(y, _course(t)[0], _course(t)[1], p)
        return [d[name] for name in ORDER_STATES]

    first = [float(start[name]) for name in ORDER_STATES]
    done = solve_ivp(slope, (0, END), first, method="DOP853", rtol=1e-11, atol=1e-14, max_step=2.0)
    return np.array(done.y[:, -1])


def _stepped(scheme, h):
    p = _smooth()
    y = rule.resting(p, _course(0.0)[1], ())
    for k in range(round(END / h)):
        ca, around = _course((k + 0.5) * h)
        if scheme == "learn":
            y = rule.learn(y, ca, around, h, p)
        else:
            y = rule.midpoint(y, ca, around, h, p)
    return np.array([float(y[name]) for name in ORDER_STATES])


@pytest.mark.parametrize(("scheme", "least"), [("learn", 0.9), ("midpoint", 1.8)])
def test_order_of_convergence_in_the_tick(scheme, least):
    exact = _reference()
    steps = np.array([4.0, 2.0, 1.0, 0.5])
    miss = np.array([np.abs(_stepped(scheme, h) - exact) for h in steps])
    scale = np.abs(exact)
    error = (miss / scale).max(axis=1)
    order = np.polyfit(np.log(steps), np.log(error), 1)[0]
    assert order >= least, (order, error)
    # at the tick of 1 ms the sped-up rule, 100 to 10000 times faster than the real one, errs by a few percent
    assert error[2] < (0.05 if scheme == "learn" else 1e-3)


# --- single laws of the rule ---------------------------------------------------------------------------------


@given(st.floats(0, 10), st.floats(1e-3, 10), st.floats(1, 12))
def test_hill_is_a_half_at_its_constant_and_rises(x, k, n):
    # exact but for rounding of one power
    assert rule.hill(k, k, n) == pytest.approx(0.5, rel=1e-12)
    assert rule.hill(x, k, n) <= rule.hill(x * 1.1 + 1e-9, k, n)
    assert rule.hill(0.0, k, n) == 0.0 and rule.hill(-x, k, n) == 0.0


@given(st.floats(-5, 5), st.floats(0, 2), st.floats(1e-4, 2), st.floats(1e-3, 1e3))
def test_relax_solves_its_equation_and_composes(x, drive, rate, h):
    two = rule.relax(rule.relax(x, drive, rate, h / 2), drive, rate, h / 2)
    # an exact solution does not depend on how the step is cut; its rounding is that of the steady state, drive/rate
    assert two == pytest.approx(rule.relax(x, drive, rate, h), rel=1e-9, abs=1e-12 * (1 + drive / rate))


def test_without_drive_and_rate_a_state_stays():
    assert rule.relax(1.5, 0.0, 0.0, 4.0) == 1.5


@given(st.integers(0, 2**31), st.floats(0, 0.01), st.floats(0, 0.05), st.floats(0.1, 20))
def test_states_stay_within_their_bounds(seed, ca, da, h):
    """Occupancies, cascades, traces and tags are shares; no input and no step within a trace's life leaves 0 to 1."""
    p = _smooth()
    rng = np.random.default_rng(seed)
    y = rule.resting(p, Surround(), (4,))
    shares = [n for n in STATES if n not in ("cam", "theta", "volume", "early", "late")]
    y.update({name: rng.uniform(0, 1, 4) for name in shares})
    share = rng.uniform(0, 1, 4)
    y.update({"tag_P": share, "tag_D": (1 - share) * rng.uniform(0, 1, 4)})
    step = partial(rule.learn, y, ca, Surround(da=da), h, p)
    for name in shares:
        new = step()[name]
        assert (new >= 0).all() and (new <= 1 + 1e-12).all(), name  # 1e-12: rounding
    assert (np.diff([y["hazard"], step()["hazard"]], axis=0) >= 0).all()
    assert (np.diff([y["gate"], step()["gate"]], axis=0) >= 0).all()


def test_conditions_and_spines_broadcast():
    """States of shape (condition, spine) are those of each condition alone."""
    p = _smooth()
    y = rule.resting(p, Surround(), (3,))
    da = np.array([[0.0], [1e-3]])
    both = rule.midpoint({k: np.stack([v, v]) for k, v in y.items()}, 1e-3, Surround(da=da), 5.0, p)
    for k in range(2):
        alone = rule.midpoint(y, 1e-3, Surround(da=float(da[k, 0])), 5.0, p)
        for name in STATES:
            np.testing.assert_array_equal(both[name][k], alone[name])


@pytest.mark.parametrize("receptor", RECEPTORS)
def test_binding_has_its_steady_state_and_rate(receptor):
    """Occupancy goes to L/(L + Kd) with the rate kon L + koff, and each receptor answers its own ligand only."""
    p = rule.parameters(Parameters().replaced({"adenosine": 1e-3}).flat(), VOLUME)
    own = {"dopamine": "da", "acetylcholine": "ach", "noradrenaline": "ne"}.get(RECEPTORS[receptor])
    kon, koff = getattr(p, "kon_" + receptor), getattr(p, "koff_" + receptor)
    y = rule.resting(p, Surround(), ())
    for ligand in LIGANDS:
        around = Surround(**{ligand: 1e-3})
        new = rule.learn(y, 7e-5, around, 100.0, p)[receptor]
        if ligand == own:
            expected = kon * 1e-3 / (kon * 1e-3 + koff) * (1 - np.exp(-(kon * 1e-3 + koff) * 100.0))
            assert new == pytest.approx(expected, rel=1e-12)  # closed form, rounding only
        else:
            assert new == y[receptor]
