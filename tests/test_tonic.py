"""Tone in time, and what a terminal does with its spikes: closed forms of decay, depletion and binding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast.drugs import Drug
from dendplast.errors import ParameterError
from dendplast.kernels import point_kernel
from dendplast.modulation import Dip, Release, ToneStep, burst
from dendplast.parameters import Parameters
from dendplast.release import MEDIA, Patch, Varicosity
from dendplast.schedule import compile_schedule
from dendplast.terminals import NEAR, Tissue, _cumulative
from dendplast.tonic import Move, stairs

STRIATUM = MEDIA["striatum"]
K = STRIATUM["dopamine"].uptake
TONE = 2e-5
PATCH = Patch("dopamine", center=(0, 0, 0), radius=8.0, p=0.3)


def compiled(*items, drugs=(), tone=TONE, **media):
    tissue = Tissue(STRIATUM | media, Parameters().flat(), {"da": tone}, (), drugs)
    return compile_schedule(items, lambda s: np.arange(3), 1, tissue)


def free(_):
    return 1.0


NONE = np.zeros(0)


# --- tone ------------------------------------------------------------------------------------------------


@given(st.floats(0, 1e-2), st.floats(1e-4, 1.0))
def test_a_tone_that_nothing_moves_is_exactly_itself(tone, uptake):
    c = stairs(tone, (), uptake, free, NONE)
    assert c.levels.tolist() == [tone] and c.edges.tolist() == [0.0] and len(c.times(0.0, 1e15)) == 0


@given(st.integers(1, 2000), st.integers(20, 3000), st.floats(0.01, 1.0), st.floats(0.3, 1.0))
def test_a_pause_has_the_area_of_an_exponential(start, duration, uptake, depth):
    c = stairs(TONE, [Move(start, start + duration, factor=1 - depth)], uptake, free, NONE)
    low = TONE * (1 - depth)
    area = low + (TONE - low) * -np.expm1(-uptake * duration) / (uptake * duration)
    # within 1 % of the new level that level is taken: an area of 0.01 TONE/uptake at most
    assert c.mean(start, start + duration) == pytest.approx(area, abs=0.01 * TONE / (uptake * duration) + 1e-12)
    assert c(start - 1) == TONE and c(start + duration + 20 / uptake) == TONE
    assert np.remainder(c.edges, 1.0).max() == 0.0  # the grid of ticks
    turn = np.searchsorted(c.edges, start + duration)
    assert (np.diff(c.levels[:turn]) <= 0).all() and (np.diff(c.levels[turn - 1 :]) >= 0).all()


def test_a_dip_falls_with_the_clearance_of_the_tissue():
    s = compiled(Dip(modulator="dopamine", start=1000.0, duration=600.0, n=2, interval=2000.0))
    da = s.tone["da"]
    for onset in (1000.0, 3000.0):
        for t in (20.0, 50.0, 100.0):  # the mean over 4 ms around t, stairs being 6 ms wide: 3 %
            assert da.mean(onset + t - 2, onset + t + 2) == pytest.approx(TONE * np.exp(-K * t), rel=0.07)
        assert da(onset + 599.0) == 0.0 and da(onset + 600.0) > 0
    assert s.end == 3600.0 and da(1999.0) == TONE and s.tone["ach"].levels.tolist() == [0.0]


def test_the_last_step_of_tone_holds_and_pauses_act_on_it():
    s = compiled(
        ToneStep(modulator="dopamine", conc=1e-4, start=100.0), Dip(modulator="dopamine", start=1000.0, duration=500.0),
        ToneStep(modulator="dopamine", conc=5e-5, start=3000.0, duration=1000.0),
    )  # fmt: skip
    da = s.tone["da"]
    assert [da(t) for t in (50.0, 900.0, 1499.0, 2900.0, 3900.0, 6000.0)] == [TONE, 1e-4, 0.0, 1e-4, 5e-5, 1e-4]


@given(st.floats(0.02, 0.9))
def test_tone_is_the_source_over_what_clears_it(left):
    c = stairs(TONE, (), K, lambda t: left if t >= 500.0 else 1.0, np.array([500.0]))
    assert c(400.0) == TONE and c(1e6) == pytest.approx(TONE / left, rel=1e-12)  # rounding
    x = 5.0  # time constants of the clearance that is left
    rise = c.mean(500.0, 500.0 + x / (K * left))
    expected = TONE / left + (TONE - TONE / left) * -np.expm1(-x) / x
    # within 1 % of the new level that level is taken
    assert rise == pytest.approx(expected, rel=0.02)


def test_a_blocker_raises_the_tone_and_makes_a_pause_slower():
    drugs = (Drug(agent="nomifensine", conc=2.6e-4),)  # ten times its inhibition constant
    s = compiled(Dip(modulator="dopamine", start=1000.0, duration=5000.0), drugs=drugs)
    left = 1 / 300 + (1 - 1 / 300) / 11
    assert s.tone["da"](0.0) == pytest.approx(TONE / left, rel=1e-12)  # rounding
    t = np.log(2) / (K * left)  # half-life of the blocked clearance
    assert s.tone["da"].mean(1000 + t - 20, 1000 + t + 20) == pytest.approx(0.5 * TONE / left, rel=0.05)  # stairs


def test_a_tone_that_nothing_clears_does_not_move():
    with pytest.raises(ParameterError, match="tone.dopamine: a tone that nothing clears"):
        compiled(
            Dip(modulator="dopamine", duration=100.0), dopamine=STRIATUM["dopamine"].replaced(Vmax=0.0)
        )  # fmt: skip


# --- vesicles --------------------------------------------------------------------------------------------


@given(st.integers(1, 50), st.floats(10.0, 1e5), st.floats(0.05, 1.0), st.floats(1.0, 40.0))
def test_depletion_comes_to_its_fixed_point(pool, refill, p, hz):
    """x* = 1 - (1 - x* (1 - p/pool)) exp(-T/refill), Tsodyks and Markram 1997."""
    site = PATCH.replaced(p=p, pool=pool, refill=refill)
    w = compiled(burst(site, n=400, hz=hz)).release_weight
    fall = np.exp(-1e3 / hz / refill)
    fixed = (1 - fall) / (1 - (1 - p / pool) * fall)
    left = ((1 - p / pool) * fall) ** 399  # of the distance from the start
    assert w[0] == 1.0 and (np.diff(w) <= 1e-12).all()  # rounding
    assert w[-1] == pytest.approx(fixed + (1 - fixed) * left, rel=1e-9)  # rounding over 400 steps


@given(st.integers(1, 20), st.integers(0, 100))
def test_a_varicosity_without_refill_gives_what_it_has(pool, seed):
    site = Varicosity("dopamine", at=(0, 0, 0), p=1.0, pool=pool, refill=1e7)
    s = compiled(burst(site, n=300, hz=300.0))
    # one vesicle comes back in 1e7 ms: 1 s brings pool/1e4 of one, and releases are whole
    assert pool - 1 <= len(s.release_time) <= pool + 1


def test_rest_brings_all_vesicles_back():
    site = PATCH.replaced(pool=1, refill=500.0)
    w = compiled(burst(site, start=0.0, n=5), burst(site, start=60_000.0, n=5)).release_weight
    np.testing.assert_allclose(w[:5], w[5:], rtol=1e-9)  # exp(-120) is left
    assert w[4] < 0.5


# --- autoreceptors ---------------------------------------------------------------------------------------


@given(st.floats(1e-3, 1e4))
def test_what_a_site_hears_of_itself_is_the_area_of_its_kernel(t):
    medium = STRIATUM["dopamine"]
    grid = np.geomspace(1e-4, t, 20_000)
    exact = np.trapezoid(point_kernel(NEAR, grid, medium), grid)
    assert float(_cumulative(0.0, medium)(t)) == pytest.approx(exact, rel=2e-3, abs=1e-15)  # 2000 points


def test_release_holds_release_back_and_an_antagonist_sets_it_free():
    site = PATCH.replaced(feedback=0.8)
    rest = TONE / (TONE + 2e-5)  # Kd of D2
    w = compiled(burst(site, n=20)).release_weight
    assert w[0] == 1.0 and w[1:].max() < 0.7
    blocked = compiled(burst(site, n=20), drugs=(Drug(agent="sulpiride", conc=1.0),)).release_weight
    np.testing.assert_allclose(blocked, 1 / (1 - 0.8 * rest), rtol=1e-3)  # blocked 1e5-fold
    more = compiled(burst(site, n=20), drugs=(Drug(agent="quinpirole", conc=1e-3),)).release_weight
    np.testing.assert_allclose(more, (1 - 0.8 / (1 + 2e-5 / 1.02e-3)) / (1 - 0.8 * rest), rtol=0.02)  # nearly full


def test_feedback_fades_with_the_receptor():
    site = PATCH.replaced(feedback=0.8)
    koff = Parameters().receptors.koff_D2
    first = burst(site, start=0.0, n=20)
    after = [
        compiled(first, Release(site=site, n=1, start=1000.0 + t)).release_weight[-1] for t in (0.0, 5.0 / koff)
    ]
    assert after[0] < after[1] == pytest.approx(1.0, abs=0.02)  # exp(-5) of what was held back is left


def test_a_pause_of_tone_sets_release_free():
    site = PATCH.replaced(feedback=0.8)
    pause = Dip(modulator="dopamine", start=0.0, duration=2000.0)
    freed, held = (compiled(*x, Release(site=site, n=2, hz=0.6, start=100.0)).release_weight for x in ((pause,), ()))
    assert freed[1] > 1.2 * held[1]
