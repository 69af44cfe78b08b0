"""Clearance that blockers change, and dose-response curves, in numpy and in the compiled spine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast import rule
from dendplast.consolidate import Engine
from dendplast.diffusion import green
from dendplast.drugs import AGENTS, Drug, bath, unblocked
from dendplast.media import choose_media
from dendplast.modulation import Dip, burst
from dendplast.parameters import AFFINITY_STATES, RECEPTORS, Parameters
from dendplast.release import MEDIA, Patch, SoeSettings, Varicosity
from dendplast.supply import Supply
from dendplast.terminals import Tissue

STRIATUM = MEDIA["striatum"]
DOPAMINE = STRIATUM["dopamine"]
XYZ = np.array([[4.0, 0, 0], [0, 12.0, 0]])
PATCH = Patch("dopamine", center=(0, 0, 0), radius=5.0, p=0.3)
FLAT = Parameters().flat()


def supply(*items, drugs=(), media=STRIATUM, tone=None):
    tissue = Tissue(media, FLAT, tone or {}, (), drugs)
    return Supply.of(items, lambda s: np.arange(2), 1, tissue, XYZ, SoeSettings(), "soe")


def heard(s, until, step=1.0):
    """Return dopamine (mM) over each step of an engine, shape (n_step, n_spine)."""
    p = rule.parameters(FLAT, np.full(2, 0.087))
    uptake = {"da": np.nan, "ach": np.nan, "ne": np.nan}  # all of it comes with the bath
    rates = 1 / np.geomspace(SoeSettings().tau_min, SoeSettings().tau_max, 12)
    engine = Engine(p, (2,), rates, uptake, s.bath, s.bath_times, s.arrivals)
    out = []
    for t in np.arange(0.0, until, step):
        engine.tick(t, np.full(2, 7e-5), step)
        out.append(np.broadcast_to(engine.c["da"], 2).copy())
    return np.array(out)


# --- clearance -------------------------------------------------------------------------------------------


@given(st.floats(1e-9, 1.0), st.floats(1e-9, 1.0), st.floats(0, 1))
def test_blockers_compete_for_the_carrier(a, b, residual):
    drugs = (Drug(agent="cocaine", conc=a), Drug(agent="GBR12935", conc=b), Drug(agent="donepezil", conc=a))
    for transporter, agents in (("DAT", drugs[:2]), ("NET", drugs[:2]), ("AChE", drugs[2:])):
        occupied = sum(d.conc / AGENTS[d.agent].blocker[transporter] for d in agents)
        left = residual + (1 - residual) / (1 + occupied)
        assert unblocked(drugs, transporter, residual, 0.0) == pytest.approx(left, rel=1e-12)  # rounding


def test_without_blocker_nothing_is_scaled():
    assert unblocked((Drug(agent="SCH23390", conc=1.0),), "DAT", 0.1, 0.0) == 1.0
    assert supply(burst(PATCH)).uptake(0.0)["da"] == DOPAMINE.uptake


def test_half_of_the_uptake_is_left_at_the_inhibition_constant():
    media = STRIATUM | {"dopamine": DOPAMINE.replaced(residual=0.0)}
    s = supply(drugs=(Drug(agent="nomifensine", conc=2.6e-5),), media=media)
    assert s.uptake(0.0)["da"] == pytest.approx(0.5 * DOPAMINE.uptake, rel=1e-12)  # rounding


def test_cortical_dopamine_is_cleared_by_the_noradrenaline_transporter():
    drugs = (Drug(agent="desipramine", conc=1e-4),)
    cortex, striatum = supply(drugs=drugs, media=MEDIA["cortex"]), supply(drugs=drugs)
    assert cortex.left("dopamine", 0.0) < 0.06 and striatum.left("dopamine", 0.0) > 0.95


@pytest.mark.parametrize("conc", [2.6e-5, 2.6e-4])
def test_a_release_in_a_blocked_tissue_is_that_of_a_tissue_with_less_uptake(conc):
    s = supply(burst(PATCH, start=5.0, n=1), drugs=(Drug(agent="nomifensine", conc=conc),))
    slow = DOPAMINE.replaced(Vmax=DOPAMINE.Vmax * s.left("dopamine", 0.0))
    t = np.arange(0.0, 200.0) + 0.5
    exact = green([PATCH], [[5.0]], XYZ, t, {"dopamine": slow})
    found = heard(s, 200.0)
    # 2 % of the peak from the exponentials, 3 % with little uptake; means over 1 ms, from 10 ms after release on
    assert (np.abs(found - exact)[15:].max(axis=0) < 0.03 * exact.max(axis=0)).all()


def test_what_has_arrived_decays_by_the_uptake_of_each_moment():
    """Two runs that differ in the uptake from 100 ms on differ by exactly the exponential of the difference."""
    drugs = (Drug(agent="nomifensine", conc=1e-3, start=100.0),)
    free, blocked = (heard(supply(burst(PATCH, start=5.0, n=2), drugs=d), 300.0) for d in ((), drugs))
    np.testing.assert_array_equal(blocked[:99], free[:99])
    s = supply(burst(PATCH, n=1), drugs=drugs)
    slower = s.uptake(0.0)["da"] - s.uptake(200.0)["da"]
    ratio = (blocked[250] / free[250]) / (blocked[150] / free[150])
    # the twelve exponentials all lose the same; a mean over a tick of 1 ms differs by k^2/24 of it
    np.testing.assert_allclose(ratio, np.exp(slower * 100.0), rtol=1e-4)


def test_half_life_grows_with_the_block():
    """12 um from the centre of a patch of 5 um: diffusion alone empties it in the end, but later."""
    s = supply(burst(PATCH, start=0.0, n=1), drugs=(Drug(agent="nomifensine", conc=1.0),))
    free = supply(burst(PATCH, start=0.0, n=1))
    lives = []
    for one in (free, s):
        c = heard(one, 800.0, 2.0)[:, 1]
        peak = c.argmax()
        lives.append(np.argmax(c[peak:] < 0.5 * c[peak]))
    assert lives[1] > 1.5 * lives[0]


def test_a_block_reaches_farther_and_the_table_of_reach_says_so():
    free = supply(burst(PATCH, n=1))
    later = supply(burst(PATCH, start=0.0, n=1), burst(PATCH, start=5000.0, n=1),
                   drugs=(Drug(agent="nomifensine", conc=1.0, start=3000.0),))  # fmt: skip
    assert (later.field.deliveries.peak >= free.field.deliveries.peak).all()
    assert later.field.deliveries.peak[1] > 2 * free.field.deliveries.peak[1]  # 12 um from the centre of a ball of 5
    assert set(later.arrivals.where[0]) <= set(later.field.deliveries.spine)
    early = later.arrivals.time < 3000.0
    np.testing.assert_array_equal(later.arrivals.weights[early], free.arrivals.weights)


def test_a_varicosity_of_a_variant_has_its_numbers():
    media = choose_media("striatum", {"dopamine": {"variant": "ejdrup_ventral", "molecules": 6000}})
    assert media["dopamine"].uptake == pytest.approx(2e-3 / 0.21, rel=1e-12)  # 2 uM/s over 210 nM
    assert media["dopamine"].molecules == 6000 and media["acetylcholine"] is STRIATUM["acetylcholine"]
    dorsal = choose_media("striatum", {"dopamine": "ejdrup_dorsal"})
    one = Varicosity("dopamine", at=(0, 0, 0), p=1.0)
    reach = [supply(burst(one, n=1), media=m).field.deliveries.peak[0] for m in (media, dorsal)]
    assert reach[0] > 2 * reach[1]


# --- dose-response curves in the compiled spine ----------------------------------------------------------


def equilibrium(receptor, drugs, settle):
    """Return the occupancy that a compiled receptor comes to in a bath: at once, or from an empty bath."""
    pytest.importorskip("neuron")
    from neuron import h
    from tiny import QUICK, Bare

    bare = Bare({n: v for n, v in QUICK.items() if n.startswith("koff")})
    values = bath(tuple(drugs), {}, 0.0)
    values.pop("nmda_scale")
    if settle:
        bare.start()
    for name, value in values.items():
        setattr(bare.spine, name, value)
    if settle:
        for _ in range(12_000):  # 1200 ms: 24 time constants
            h.fadvance()
    else:
        bare.start()
    bare.stop()
    return getattr(bare.spine, receptor)


def dissociation(receptor):
    """Return the dissociation constant (mM) of a receptor in these tests."""
    from tiny import QUICK

    return QUICK.get(f"koff_{receptor}", FLAT[f"koff_{receptor}"]) / FLAT[f"kon_{receptor}"]


PAIRS = {
    "D1": ("dopamine", "SCH23390"), "D1_high": ("dopamine", "SCH23390"), "D2": ("quinpirole", "sulpiride"),
    "D2_low": ("dopamine", "sulpiride"), "beta": ("isoproterenol", "propranolol"),
    "alpha1": ("methoxamine", "prazosin"), "alpha2": ("clonidine", "yohimbine"), "M1": ("carbachol", "pirenzepine"),
    "M4": ("acetylcholine", "atropine"), "A2A": ("CGS21680", "SCH58261"),
}  # fmt: skip
"""Every receptor, and state of one, with an agonist and an antagonist of it."""


def test_every_receptor_has_a_curve():
    assert set(PAIRS) == {*RECEPTORS, *AFFINITY_STATES}


@pytest.mark.parametrize("receptor", PAIRS)
def test_dose_response_of_the_compiled_spine(receptor):
    """Occupancy is A/(A + K(1 + B/K_B)): half at K, shifted in parallel by an antagonist, and back again.

    Gaddum 1937; the dose that halves an agonist's effect is K_B (1 + A/K), Cheng & Prusoff 1973
    (10.1016/0006-2952(73)90196-2).
    """
    agonist, antagonist = PAIRS[receptor]
    kind = AFFINITY_STATES.get(receptor, receptor)
    K = dissociation(receptor)
    if kind in AGENTS[agonist].agonist:
        K /= AGENTS[agonist].agonist[kind]
    K_B = AGENTS[antagonist].antagonist[kind]
    for a in (0.1 * K, K, 30 * K):
        for b in (0.0, K_B, 99 * K_B, K_B * (1 + a / K)):
            drugs = [Drug(agent=agonist, conc=a)] + ([Drug(agent=antagonist, conc=b)] if b else [])
            expected = a / (a + K * (1 + b / K_B))
            assert equilibrium(receptor, drugs, False) == pytest.approx(expected, rel=1e-12)  # rounding
    assert expected == pytest.approx(0.5 * a / (a + K), rel=1e-12)  # the last dose halves


@pytest.mark.parametrize("receptor", ["D1", "D2_low"])
def test_the_compiled_receptor_comes_to_its_equilibrium(receptor):
    kind = AFFINITY_STATES.get(receptor, receptor)
    K = dissociation(receptor)
    K_B = AGENTS[PAIRS[receptor][1]].antagonist[kind]
    drugs = [Drug(agent="dopamine", conc=10 * K), Drug(agent=PAIRS[receptor][1], conc=9 * K_B)]
    found = equilibrium(receptor, drugs, True)
    assert found == pytest.approx(0.5, rel=1e-6)  # exp(-24) of the way is left


def test_a_pause_is_heard_by_d2_and_not_by_d1():
    """A pause of 0.6 s takes the tone away from both; only D2 had much of it (Kd 20 nM against 1 uM)."""
    s = supply(Dip(modulator="dopamine", start=1000.0, duration=600.0), tone={"da": 2e-5})
    p = rule.parameters(FLAT, np.full(2, 0.087))
    engine = Engine(p, (2,), np.ones(12), {"da": 0.0, "ach": 0.0, "ne": 0.0}, s.bath, s.bath_times)
    before = {r: engine.y[r][0] for r in ("D1", "D2")}
    for t in range(1600):
        engine.tick(float(t), np.full(2, 7e-5))
    lost = {r: before[r] - engine.y[r][0] for r in before}
    assert before["D2"] == pytest.approx(0.5, rel=1e-12) and lost["D2"] > 0.35 and lost["D1"] < 0.02
