"""Proteins stabilise the change that tags set up; what antagonists of NMDA receptors leave of a trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendplast import rule
from dendplast.drugs import Drug, bath
from dendplast.parameters import SHARES, Parameters
from dendplast.rule import Surround

MIN, STEP = 6e4, 2e4
P = rule.parameters(Parameters().replaced({"k_mu": 0.0, "th_prp": 1.0}).flat())
share = st.floats(0, 1)


def course(tag_P, tag_D, late=0.0, prp=0.0, ends=(240,), p=P):
    """Follow a spine at rest whose tags are set at 0, proteins given and kept; return the states at the ends (min)."""
    y = rule.resting(p, Surround(), (1,))
    y.update({"tag_P": np.array([tag_P]), "tag_D": np.array([tag_D]), "late": np.array([late])})
    y["prp"], out, t = np.array([prp]), [], 0.0
    for end in ends:
        while t < end * MIN:
            y = rule.midpoint(y, p.ca_rest, Surround(pooled=True), STEP, p)
            t += STEP
        out.append({name: float(y[name][0]) for name in ("early", "late", "tag_P", "tag_D")})
    return out


@settings(deadline=None, max_examples=8)
@given(share, share, share)
def test_a_fresh_change_is_as_large_with_proteins_as_without(tag_P, part, prp):
    """Nothing measured while tags are fresh tells whether late change is under way."""
    tag_D = (1 - tag_P) * part
    with_, without = (course(tag_P, tag_D, prp=x, ends=(5, 20)) for x in (prp, 0.0))
    for one, other in zip(with_, without, strict=True):
        # 2 %: tags fade by a fifth in 20 min, of which late change holds back a tenth
        assert one["early"] + one["late"] == pytest.approx(other["early"], abs=0.02 + 0.1 * abs(other["early"]))


@settings(deadline=None, max_examples=8)
@given(share, share, share, st.floats(-0.6, 1))
def test_weight_stays_between_what_is_kept_and_what_tags_ask_for(tag_P, part, prp, late):
    tag_D = (1 - tag_P) * part
    asked = P.h_P * tag_P - P.h_D * tag_D
    low, high = min(late, asked, 0) - 1e-9, max(late, asked, 0) + 1e-9
    same = late * asked >= 0
    for state in course(tag_P, tag_D, late, prp, (2, 10, 60, 240)):
        assert low <= state["late"] <= high
        if same:  # of the other sign, early change acts against what is kept
            assert low <= state["early"] + state["late"] <= high


def test_late_weight_outlasts_the_tag_and_needs_protein():
    kept, lost = (course(0.6, 0.0, prp=x, ends=(30, 900)) for x in (1.0, 0.0))
    assert kept[-1]["tag_P"] < 1e-3  # ten lives of the tag
    assert kept[-1]["late"] == pytest.approx(0.6 * P.h_P, rel=0.25)  # tags fade while capture takes its ten minutes
    assert abs(kept[-1]["early"]) < 1e-3 > abs(lost[-1]["early"])
    assert lost[-1]["late"] == 0


def test_a_tag_of_the_other_sign_turns_late_weight():
    state = course(0.0, 0.8, late=0.5, prp=1.0, ends=(60,))[0]
    assert state["late"] < 0
    assert course(0.0, 0.8, late=0.5, prp=0.0, ends=(60,))[0]["late"] == 0.5


@pytest.mark.parametrize(("agent", "conc", "binds"), [("AP5", "50 uM", False), ("MK-801", "10 uM", True)])
def test_only_a_competitive_antagonist_keeps_glutamate_off_nmda_receptors(agent, conc, binds):
    drugs = (Drug(agent=agent, conc=conc, start=-1e6),)
    level = bath(drugs, {}, 0.0)
    around = Surround(release=1.0, share={name: level[f"share_{name}"] for name in SHARES})
    y = rule.learn(rule.resting(P, around, ()), P.ca_rest, around, 1.0, P)
    free = rule.learn(rule.resting(P, Surround(), ()), P.ca_rest, Surround(release=1.0), 1.0, P)
    assert level["nmda_scale"] < 0.03
    assert (y["glu_P"] > 0.9 * free["glu_P"]) is np.bool_(binds)
    assert y["glu"] == free["glu"]
