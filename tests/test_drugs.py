"""Drugs: competitive antagonism shifts dose-response curves as Schild says, and baths fill and empty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast import rule
from dendplast.drugs import AGENTS, Drug, bath, bath_times
from dendplast.errors import ParameterError
from dendplast.parameters import RECEPTORS, Parameters
from dendplast.release import TRANSPORTERS
from dendplast.rule import Surround

P = rule.parameters(Parameters().flat(), 0.087)


def occupancy(receptor, drugs, t=0.0):
    """Return the equilibrium occupancy of a receptor in a bath."""
    b = bath(tuple(drugs), {}, t)
    around = Surround(
        da=b["da_ext"], ach=b["ach_ext"], ne=b["ne_ext"],
        agonist={r: b[f"ago_{r}"] for r in RECEPTORS}, antagonist={r: b[f"ant_{r}"] for r in RECEPTORS},
    )  # fmt: skip
    return float(rule.resting(P, around, ())[receptor])


def half(receptor, agonist, drugs=()):
    """Return the dose of an agonist (mM) that occupies half of the receptors, by bisection."""
    low, high = -12.0, 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        at = occupancy(receptor, (*drugs, Drug(agent=agonist, conc=10**middle)))
        low, high = (middle, high) if at < 0.5 else (low, middle)
    return 10**middle


@pytest.mark.parametrize(
    ("receptor", "agonist", "antagonist"),
    [("D1", "dopamine", "SCH23390"), ("D1", "SKF38393", "SCH23390"), ("D2", "quinpirole", "sulpiride"),
     ("beta", "noradrenaline", "propranolol"), ("alpha1", "methoxamine", "prazosin"),
      ("M1", "carbachol", "pirenzepine")],
)  # fmt: skip
@pytest.mark.parametrize("conc", [1e-6, 1e-5, 1e-4])
def test_schild(receptor, agonist, antagonist, conc):
    """Dose ratio - 1 = [B]/K_B, Arunlakshana and Schild 1959 (10.1111/j.1476-5381.1959.tb00928.x)."""
    shift = half(receptor, agonist, [Drug(agent=antagonist, conc=conc)]) / half(receptor, agonist)
    # bisection to 1e-20 of a decade: rounding only
    assert shift - 1 == pytest.approx(conc / AGENTS[antagonist].antagonist[receptor], rel=1e-9)


def test_half_occupancy_is_at_the_dissociation_constant():
    assert half("D1", "dopamine") == pytest.approx(P.koff_D1 / P.kon_D1, rel=1e-9)  # rounding
    assert half("D1", "SKF38393") == pytest.approx(P.koff_D1 / P.kon_D1 / 10.0, rel=1e-9)


@given(st.floats(1e-6, 0.1), st.floats(0, 1e4), st.floats(1.0, 1e4), st.floats(0.1, 1e3), st.floats(0, 3e4))
def test_a_bath_fills_and_empties_exponentially(conc, start, length, wash, t):
    drug = Drug(agent="dopamine", conc=conc, start=start, stop=start + length, wash=wash)
    stop = drug.stop
    if t < start:
        expected = 0.0
    elif t < stop:
        expected = conc * (1 - np.exp(-(t - start) / wash))
    else:
        expected = conc * (1 - np.exp(-(stop - start) / wash)) * np.exp(-(t - stop) / wash)
    assert drug.level(t) == pytest.approx(
        expected, rel=1e-9, abs=1e-12 * conc
    )  # 1 - exp(-x) loses digits at small x


def test_without_wash_the_bath_changes_at_once():
    drug = Drug(agent="dopamine", conc=0.01, start=10.0, stop=20.0)
    assert [drug.level(t) for t in (9.99, 10.0, 19.99, 20.0)] == [0.0, 0.01, 0.01, 0.0]


@given(st.floats(0, 1e4), st.floats(1.0, 1e4), st.floats(1.0, 1e3))
def test_between_two_bath_times_the_bath_moves_by_a_twentieth_at_most(start, length, wash):
    drug = Drug(agent="dopamine", conc=1e-2, start=start, stop=start + length, wash=wash)
    times = np.array([0.0, *bath_times((drug,), 0.0, 1e6), 1e6])
    assert (np.diff(times) > 0).all()
    levels = np.array([drug.level(t) for t in times])
    # one of 20 steps a time constant moves by 1 - exp(-1/20); after five time constants e^-5 is left
    assert np.abs(np.diff(levels)).max() <= 1e-2 * max(1 - np.exp(-1 / 20), np.exp(-5)) * (1 + 1e-9)


def test_drugs_add_up_and_tone_stays():
    drugs = (Drug(agent="dopamine", conc=1e-3), Drug(agent="dopamine", conc=2e-3), Drug(agent="AP5", conc=1.4e-3))
    b = bath(drugs, {"da": 1e-5, "ne": 2e-5}, 0.0)
    assert b["da_ext"] == pytest.approx(3.01e-3, rel=1e-12)
    assert b["ne_ext"] == 2e-5 and b["ach_ext"] == 0.0
    assert b["nmda_scale"] == pytest.approx(0.25, rel=1e-12)  # half of each of two sites is free
    assert b["share_NMDA"] == b["nmda_scale"]


def test_every_agent_acts_on_something_and_says_from_where():
    for name, agent in AGENTS.items():
        assert agent.source, name
        acts = agent.agonist or agent.antagonist or agent.nmda_block or agent.effects or agent.channel_block
        assert agent.ligand or acts or agent.blocker or agent.shrinkage, name
        assert set(agent.effects) <= set(bath((), {}, 0.0)), name
        assert set(agent.blocker) <= set(TRANSPORTERS), name
        assert set(agent.agonist) | set(agent.antagonist) <= set(RECEPTORS), name


def test_an_unknown_agent_names_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'SCH23390'"):
        Drug(agent="SCH23391", conc=1.0)


@given(st.floats(1e-6, 1.0))
def test_half_of_an_effect_at_its_dose_and_all_of_it_at_a_large_one(dose):
    """An effect follows dose/(dose + half); two agents on one share multiply."""
    half = AGENTS["H-89"].effects["share_PKA"][1]
    left = bath((Drug(agent="H-89", conc=dose),), {}, 1.0)["share_PKA"]
    assert left == pytest.approx(half / (half + dose), rel=1e-12)  # closed form, rounding only
    both = bath((Drug(agent="H-89", conc=dose), Drug(agent="PKI", conc=1e-5)), {}, 1.0)["share_PKA"]
    assert both == pytest.approx(left / 2, rel=1e-12)
    assert bath((Drug(agent="forskolin", conc=0.01),), {}, 1.0)["gs_ext"] == pytest.approx(1.5, rel=1e-12)


def test_a_genotype_acts_at_any_dose_and_no_agent_acts_at_none():
    assert bath((Drug(agent="AC1/AC8 knockout", conc=1e-9),), {}, 0.0)["share_AC"] == 0.0
    nothing = bath((), {}, 0.0)
    assert bath((Drug(agent="heparin", conc=0.0),), {}, 0.0) == nothing
