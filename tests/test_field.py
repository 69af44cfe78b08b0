"""Which backend carries a release, the steady tone, and a cut-off that holds for whole trains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendplast.diffusion import deliveries, green, in_reach
from dendplast.errors import ParameterError
from dendplast.field import ALONE, LINEAR, choose, load, solve_field
from dendplast.kernels import bound, kernel, reach, trains
from dendplast.release import MEDIA, Medium, Patch, SoeSettings, Varicosity
from dendplast.tone import mean_tone, tone_map

MEDIUM = Medium()
STRIATUM = MEDIA["striatum"]
VESICLE = Varicosity("dopamine", at=(0, 0, 0))


# --- choice ----------------------------------------------------------------------------------------------


def test_the_backend_follows_density_and_dose():
    once, train = [np.zeros(1)], [np.arange(5) * 10.0]
    big = VESICLE.model_copy(update={"molecules": 14000.0})
    patch = Patch("dopamine", center=(0, 0, 0), radius=10, p=0.3)
    near = Varicosity("dopamine", at=(3, 0, 0))
    far = Varicosity("dopamine", at=(60, 0, 0))
    assert choose([VESICLE], once, MEDIUM)[0] == "soe"  # one vesicle: 9 % at its peak
    assert choose([big], once, MEDIUM)[0] == "radial"
    assert choose([VESICLE], train, MEDIUM)[0] == "radial"
    assert choose([patch], once, MEDIUM)[0] == "radial"
    assert choose([VESICLE, far], train * 2, MEDIUM)[0] == "radial"
    assert choose([VESICLE, near], train * 2, MEDIUM)[0] == "grid"
    # 5 ms apart in a place where uptake takes 50 ms: together; a second apart: each by itself
    assert choose([VESICLE, near], [np.array([0.0]), np.array([5.0])], MEDIUM)[0] == "grid"
    assert choose([VESICLE, near], [np.array([0.0]), np.array([1000.0])], MEDIUM)[0] == "soe"
    assert choose([patch], once, Medium(Vmax=0))[0] == "soe"  # nothing to saturate
    assert choose([VESICLE], train, STRIATUM["acetylcholine"])[0] == "soe"  # Km is far above what is released
    assert choose([], [], MEDIUM)[0] == "soe"
    assert "0.46 of Km" in choose([VESICLE], once, MEDIUM)[1]


@given(st.floats(0.1, 10), st.integers(1, 5))
def test_load_is_linear_in_dose_and_counts_neighbours(factor, n):
    sites = [Varicosity("dopamine", at=(0.1 * k, 0, 0), molecules=3000 * factor) for k in range(n)]
    alone, together = load(sites, [np.zeros(1)] * n, MEDIUM)
    one, _ = load([VESICLE], [np.zeros(1)], MEDIUM)
    assert alone == pytest.approx(np.full(n, factor * one[0]), rel=1e-12)
    assert together == pytest.approx(n * alone, rel=1e-12)
    assert ALONE < 2 and LINEAR > one[0]  # two equal neighbours are not alone; one vesicle is linear


@pytest.mark.parametrize("molecules", [3000.0, 14000.0])
def test_linear_uptake_errs_by_a_fifth_of_the_load(molecules):
    site = VESICLE.model_copy(update={"molecules": molecules})
    xyz = np.array([[r, 0, 0] for r in (2.0, 5.0, 10.0)])
    exact = solve_field([site], np.zeros(1), np.zeros(1, int), xyz, STRIATUM, "radial").courses[0]
    linear = solve_field([site], np.zeros(1), np.zeros(1, int), xyz, STRIATUM, "green").courses[0]
    top = linear.segments[0].mean.max(axis=0) / exact.segments[0].mean.max(axis=0)
    fill = load([site], [np.zeros(1)], MEDIUM)[0][0]
    assert 0 < 1 - top.min() < 0.25 * fill


def test_backends_list_exactly_whom_they_reach():
    rng = np.random.default_rng(2)
    xyz = rng.uniform(-20, 20, (300, 3))
    sites = [VESICLE, Varicosity("acetylcholine", at=(1, 0, 0)), Varicosity("dopamine", at=(9, 2, 0))]
    time, site = np.array([1.0, 2.0, 8.0, 30.0, 30.0]), np.array([0, 1, 0, 0, 2])
    for backend in ("soe", "green", "radial", "grid"):
        field = solve_field(sites, time, site, xyz, STRIATUM, backend, 2.0)
        for modulator in ("dopamine", "acetylcholine"):
            listed = np.unique(field.deliveries.of(modulator).spine)
            mine = [c.spine for c in field.courses if c.modulator == modulator]
            if backend == "soe":
                assert not mine and set(field.report) == {"dopamine", "acetylcholine"}
            else:
                np.testing.assert_array_equal(listed, np.unique(np.concatenate(mine)))
            assert 0 < len(listed) < 300
        assert len(field.linear) == (len(field.deliveries) if backend == "soe" else 0)
        np.testing.assert_array_equal(field.reached, np.unique(field.deliveries.spine))
    assert len(solve_field([], np.zeros(0), np.zeros(0, int), xyz, {}).reached) == 0


def test_a_grid_without_uptake_is_refused():
    with pytest.raises(ParameterError, match="dopamine has no uptake here"):
        solve_field([VESICLE], np.zeros(1), np.zeros(1, int), np.ones((1, 3)), {"dopamine": Medium(Vmax=0)}, "grid")


# --- tone ------------------------------------------------------------------------------------------------


def test_the_tone_of_the_striatum():
    dense = Medium(density=0.1)
    # 0.1 /um3 at 4 Hz and p 0.06 release 0.57 uM/s of the 4.1 that uptake can take
    # (Dreyer et al. 2010, doi 10.1523/JNEUROSCI.1894-10.2010)
    assert mean_tone(dense, 4.0) == pytest.approx(32e-6, rel=0.02)
    assert mean_tone(dense, 0.0) == 0 == mean_tone(dense, 4.0, density=0.0)
    with pytest.raises(ParameterError, match=r"hz = 40: .* release 5.69 uM/s, .* at most Vmax = 4.1 uM/s"):
        mean_tone(dense, 40.0)
    with pytest.raises(ParameterError, match="rise for ever"):
        mean_tone(Medium(Vmax=0), 1.0)


@given(st.floats(0.1, 20), st.floats(0.01, 0.1))
def test_the_tone_balances_release_and_uptake(hz, density):
    c = mean_tone(MEDIUM, hz, density)
    released = density * 0.06 * 3000 * hz * 1e-3 / 602214.076 / 0.21  # molecules per um3 to mM
    assert MEDIUM.clearance * c / (MEDIUM.Km + c) == pytest.approx(released, rel=1e-9)


def test_the_map_of_the_tone_is_the_mean_field_on_average():
    rng = np.random.default_rng(5)
    medium = Medium(density=0.02)
    half = 45.0
    terminals = rng.uniform(-half, half, (round(0.02 * (2 * half) ** 3), 3))
    points = rng.uniform(-15, 15, (3000, 3))
    found = tone_map(points, terminals, 4.0, medium)
    mean = mean_tone(medium, 4.0)
    # 19 independent volumes of radius L in the sampled cube, each with an SD of a quarter
    assert found.mean() == pytest.approx(mean, rel=0.1)
    assert 0.1 * mean < found.std() < mean
    bare = tone_map(points, terminals[:0], 4.0, medium)
    assert (bare < 0.02 * mean).all()  # what lies beyond six lengths
    assert not tone_map(points, terminals, 0.0, medium).any()


# --- cut-off of trains -----------------------------------------------------------------------------------

RANDOM = np.sort(np.random.default_rng(1).uniform(0, 300, 25))
TRAINS = [np.array([3.0]), np.arange(10) * 50.0, RANDOM, np.zeros(4)]


@pytest.mark.parametrize("times", TRAINS)
@pytest.mark.parametrize("radius", [0.0, 5.0])
def test_no_train_exceeds_its_bound(times, radius):
    medium = MEDIA["cortex"]["dopamine"]  # slow uptake: events overlap
    r = np.array([radius + 1.0, 12.0, 40.0])
    highest = bound(r, radius, medium, trains(times))
    t = np.linspace(0, 3000, 6001)
    total = sum(kernel(r[:, None], t - s, radius, medium) for s in times).max(axis=1)
    assert (total <= highest * (1 + 2e-6)).all()  # the peak of a ball is known to 1e-6
    if len(times) == 1:
        np.testing.assert_allclose(total, highest, rtol=1e-2)  # steps of 0.5 ms
    if (times == 0).all():
        assert bound(r, radius, medium, trains(times)) == pytest.approx(4 * bound(r, radius, medium), rel=1e-12)


def test_spines_left_out_stay_below_the_cutoff_for_the_whole_schedule():
    rng = np.random.default_rng(7)
    sites = [Varicosity("dopamine", at=tuple(rng.uniform(-4, 4, 3))) for _ in range(12)]
    times = [np.sort(rng.uniform(0, 200, 20)) for _ in sites]
    xyz = rng.uniform(-60, 60, (600, 3))
    cutoff = SoeSettings().cutoff
    chosen = in_reach(sites, xyz, STRIATUM, SoeSettings(), times)
    left_out = np.zeros((101, len(xyz)))
    single = np.zeros((101, len(xyz)))  # what the cut-off of single events would leave out
    alone = in_reach(sites, xyz, STRIATUM, SoeSettings())
    t = np.linspace(0, 500, 101)
    for site, when, mine, bare in zip(sites, times, chosen, alone, strict=True):
        c = green([site], [when], xyz, t, STRIATUM)
        for total, spines in ((left_out, mine), (single, bare)):
            outside = np.setdiff1d(np.arange(len(xyz)), spines)
            total[:, outside] += c[:, outside]
    assert left_out.max() <= cutoff
    assert single.max() > 3 * cutoff  # this test can fail
    assert sum(map(len, chosen)) < len(sites) * len(xyz)
    table = deliveries(sites, xyz, STRIATUM, pairs=chosen)
    np.testing.assert_array_equal(table.spine, np.concatenate(chosen))


@settings(max_examples=15)
@given(st.integers(1, 40), st.floats(1, 100))
def test_a_denser_train_reaches_farther(n, interval):
    times = np.arange(n) * interval
    one = reach(0.0, 3000.0, MEDIUM, 1e-7)
    here = reach(0.0, 3000.0, MEDIUM, 1e-7, trains(times))
    assert here >= one - 1e-9
    assert here <= reach(0.0, 3000.0 * n, MEDIUM, 1e-7) + 1e-9  # all of it at once reaches farthest
