"""Laws of spine placement: Poisson counts, uniform positions, size distribution, streams, search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from dendplast.anatomy import SPN_DENSITY, DensityProfile, SpineSettings
from dendplast.errors import ParameterError
from dendplast.geometry import Geometry
from dendplast.placing import beside, place, place_at
from dendplast.quantity import source_of, unit_of
from dendplast.spines import Spines

UNCLIPPED = SpineSettings(
    volume_min=1e-4, volume_max=10, neck_length_min=0, neck_length_max=20,
    neck_diam_min=0.01, neck_diam_max=2, R_neck_min=1, R_neck_max=5000,
)  # fmt: skip


def tree(n_seg: int = 5, length: float = 100.0) -> Geometry:
    """Build a soma of 20 um with two basal branches, an apical trunk and its daughter, and an axon."""
    # name, region, parent section, start, direction, length, diameter
    plan = [
        ("soma", "soma", -1, (0, -10, 0), (0, 1, 0), 20.0, 20.0),
        ("dend[0]", "basal", 0, (0, 0, 0), (1, 0, 0), length, 1.0),
        ("dend[1]", "basal", 0, (0, 0, 0), (-0.6, -0.8, 0), 2 * length, 0.8),
        ("apic[0]", "apical", 0, (0, 10, 0), (0, 1, 0), 3 * length, 2.0),
        ("apic[1]", "apical", 3, (0, 10 + 3 * length, 0), (0, 0.6, 0.8), 2 * length, 0.7),
        ("axon", "axon", 0, (0, -10, 0), (0, -1, 0), length, 1.0),
    ]
    names = ("section", "x", "start", "end", "length", "diam", "path", "region")
    columns: dict[str, list] = {name: [] for name in names}
    parent, far, last = [], {}, {}
    for i, (_, region, above, start, direction, size, diam) in enumerate(plan):
        n = 1 if region == "soma" else n_seg
        first, step = far.get(above, 0.0), size / n
        for j in range(n):
            parent.append(last.get(above, -1) if j == 0 else len(parent) - 1)
            place_ = np.array(start) + np.outer([j * step, (j + 1) * step], direction)
            values = (i, (j + 0.5) / n, place_[0], place_[1], step, diam, first + (j + 0.5) * step, region)
            for name, value in zip(columns, values, strict=True):
                columns[name].append(value)
        far[i] = 10.0 if region == "soma" else first + size
        last[i] = len(parent) - 1
    a = {k: np.array(v) for k, v in columns.items()}
    a["path"][0] = 0.0
    area = np.pi * a["diam"] * a["length"]
    return Geometry(
        tuple(p[0] for p in plan), a["section"], a["x"], a["start"], a["end"], a["length"], a["diam"], area,
        a["path"], a["region"], np.array(parent),
    )  # fmt: skip


TREE = tree()


def same(a: Spines, b: Spines) -> bool:
    return all(np.array_equal(getattr(a, f), getattr(b, f)) for f in a.__dataclass_fields__)


# --- density ---------------------------------------------------------------------------------------------

PROFILES = [
    DensityProfile(density=2.0),
    DensityProfile(density=1.5, start=25),
    SPN_DENSITY,
    DensityProfile(density=2.89, start=50, tuft_start=200, tuft_density=0.81),
    DensityProfile(density=3, start=10, rise=5, tuft_start=100, tuft_density=0),
]


@pytest.mark.parametrize("profile", PROFILES)
def test_count_is_the_integral_of_the_density(profile):
    for path in (0.0, 5.0, 30.0, 73.0, 150.0, 600.0):
        breaks = [p for p in (profile.start, profile.tuft_start or 0.0) if 0 < p < path]
        exact = quad(lambda x: float(profile.at(x)), 0, path, points=breaks or None)[0]
        assert profile.count(path) == pytest.approx(exact, abs=1e-6)  # of the quadrature


def test_spn_density_has_the_published_peak():
    path = np.linspace(0, 300, 3001)
    density = SPN_DENSITY.at(path)
    assert density.max() == pytest.approx(2.84, abs=0.005) and path[density.argmax()] == pytest.approx(73, abs=0.5)
    assert (density[path < 26] == 0).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_counts_are_poisson_with_the_mean_of_the_density(profile):
    model = SpineSettings(basal=profile, apical=None, scale=0.1)
    counts = np.array([len(place(TREE, model, seed, sections=[2])) for seed in range(200)])
    expected = 0.1 * (profile.count(210.0) - profile.count(10.0))
    # mean of 200 within 4 standard errors; variance over mean of Poisson is 1 with an error of sqrt(2/199)
    assert abs(counts.mean() - expected) < 4 * np.sqrt(expected / 200)
    assert abs(counts.var(ddof=1) / expected - 1) < 4 * np.sqrt(2 / 199) + 1 / expected


@pytest.mark.parametrize("profile", PROFILES)
def test_positions_follow_the_density(profile):
    spines = place(TREE, SpineSettings(basal=profile, apical=None, scale=10), seed=3, sections=[2])
    low, high = profile.count(10.0), profile.count(210.0)
    # mapped through the integral of the density, positions of a Poisson process are uniform
    uniform = (profile.count(spines.path_distance) - low) / (high - low)
    assert len(spines) > 500
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3  # the seed is fixed: 1 in 1000 once, not in every run
    skewed = stats.kstest(uniform**1.3, "uniform").pvalue
    assert skewed < 1e-3  # the test can tell


def test_gaps_are_exponential_so_spines_do_not_avoid_each_other():
    model = SpineSettings(basal=DensityProfile(density=2.0), apical=None, scale=10)
    gaps = np.diff(place(TREE, model, seed=1, sections=[2]).path_distance)
    assert stats.kstest(gaps, "expon", args=(0, 1 / 20)).pvalue > 1e-3


def test_only_regions_with_a_profile_have_spines():
    assert set(place(TREE, SpineSettings(), 0).region) == {"basal", "apical"}
    assert set(place(TREE, SpineSettings(apical=None), 0).region) == {"basal"}
    assert len(place(TREE, SpineSettings(scale=0), 0)) == 0
    assert len(place(TREE, SpineSettings(), 0, sections=[])) == 0


# --- sizes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Spines:
    return place_at(TREE, 2, np.linspace(0, 1, 8000), UNCLIPPED)


def test_sizes_are_log_normal_with_the_given_parameters(many):
    s, n = UNCLIPPED, len(many)
    for values, mu, sigma in (
        (many.volume, s.volume_mu, s.volume_sigma),
        (many.neck_length, np.log(s.neck_length_median), s.neck_length_sigma),
        (many.neck_diam, np.log(s.neck_diam_median), s.neck_diam_sigma),
        (many.R_neck, np.log(s.R_neck_median), s.R_neck_sigma),
    ):
        z = (np.log(values) - mu) / sigma
        # 4 standard errors of mean and sd
        assert abs(z.mean()) < 4 / np.sqrt(n) and abs(z.std() - 1) < 4 / np.sqrt(2 * n)
        assert stats.kstest(z, "norm").pvalue > 1e-3


def test_correlations_are_the_given_ones(many):
    log_volume = np.log(many.volume)
    error = 4 / np.sqrt(len(many))  # 4 standard errors of a correlation near 0
    assert abs(np.corrcoef(log_volume, np.log(many.neck_diam))[0, 1] - 0.4) < error
    assert abs(np.corrcoef(log_volume, np.log(many.R_neck))[0, 1]) < error
    assert abs(np.corrcoef(log_volume, np.log(many.neck_length))[0, 1]) < error
    tied = place_at(TREE, 2, np.linspace(0, 1, 500), UNCLIPPED.model_copy(update={"R_neck_correlation": -1.0}))
    assert np.corrcoef(np.log(tied.volume), np.log(tied.R_neck))[0, 1] == pytest.approx(-1, abs=1e-12)  # rounding


def test_sizes_are_clipped_at_the_bounds():
    s = SpineSettings()
    names = ("volume", "neck_length", "neck_diam", "R_neck")
    wide = s.model_copy(update={f"{name}_sigma": 3.0 for name in names})
    spines = place_at(TREE, 2, np.linspace(0, 1, 300), wide)
    for name in names:
        values, low, high = getattr(spines, name), getattr(s, f"{name}_min"), getattr(s, f"{name}_max")
        assert values.min() == low and values.max() == high


def test_area_is_that_of_a_sphere():
    spines = place_at(TREE, 1, [0.2, 0.7])
    radius = np.sqrt(spines.area / (4 * np.pi))
    assert spines.volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=1e-12)  # rounding


# --- where the head is -----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n_seg=st.integers(1, 9))
def test_segment_contains_the_spine_and_the_head_stands_off_the_shaft(seed, n_seg):
    g = tree(n_seg)
    spines = place(g, SpineSettings(scale=0.1), seed)
    assert (g.section[spines.segment] == spines.section).all()
    half = 0.5 / n_seg
    assert (np.abs(g.x[spines.segment] - spines.x) <= half * (1 + 1e-9)).all()
    assert (spines.region == g.region[spines.segment]).all()
    # branches are straight, so the foot is on the line from first start to last end
    lines = {s: (g.start[g.section == s][0], g.end[g.section == s][-1]) for s in range(6)}
    first = np.array([lines[s][0] for s in spines.section]).reshape(-1, 3)
    whole = np.array([lines[s][1] for s in spines.section]).reshape(-1, 3) - first
    away = spines.xyz - (first + spines.x[:, None] * whole)
    out = 0.5 * g.diam[spines.segment] + spines.neck_length + np.cbrt(0.75 * spines.volume / np.pi)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), out, rtol=1e-9)  # rounding at 500 um
    assert (np.abs((away * whole).sum(axis=1)) < 1e-9 * np.linalg.norm(whole, axis=1) ** 2).all()
    begin = {1: 10.0, 2: 10.0, 3: 10.0, 4: 310.0}  # path from the centre of the soma to the start of each section
    path = np.array([begin[s] for s in spines.section]) + spines.x * np.linalg.norm(whole, axis=1)
    np.testing.assert_allclose(spines.path_distance, path, rtol=1e-9)


def test_heads_stand_all_around_the_shaft(many):
    # section 2 runs along (-0.6, -0.8, 0): two axes across it
    away = many.xyz - (TREE.start[TREE.section == 2][0] + many.x[:, None] * 200 * np.array([-0.6, -0.8, 0]))
    angle = np.arctan2(away[:, 2], away @ [0.8, -0.6, 0])
    assert stats.kstest(angle / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3


def test_place_at_keeps_order_place_and_the_spines_before():
    a = place_at(TREE, [3, 1, 3], [0.5, 0.25, 1.0], seed=4)
    assert a.section.tolist() == [3, 1, 3] and a.x == pytest.approx([0.5, 0.25, 1.0])
    assert a.path_distance == pytest.approx([160.0, 35.0, 310.0])
    assert same(a.select([0, 1]), place_at(TREE, [3, 1], [0.5, 0.25], seed=4))
    assert not np.array_equal(a.volume, place_at(TREE, [3, 1, 3], [0.5, 0.25, 1.0], seed=5).volume)


@settings(max_examples=30, deadline=None)
@given(section=st.integers(1, 4), x=st.floats(0, 1), distance=st.floats(0, 50), seed=st.integers(0, 100))
def test_beside_is_at_its_distance_from_the_membrane(section, x, distance, seed):
    point = beside(TREE, section, x, distance, seed)
    rows = TREE.section == section
    first, last = TREE.start[rows][0], TREE.end[rows][-1]
    away = point - (first + x * (last - first))
    assert np.linalg.norm(away) == pytest.approx(distance + 0.5 * TREE.diam[rows][0], rel=1e-9)
    assert abs(away @ (last - first)) < 1e-8 * np.linalg.norm(last - first) * (1 + distance)


# --- chance ----------------------------------------------------------------------------------------------


def test_seed_names_the_draw():
    a, b, other = (place(TREE, SpineSettings(), seed) for seed in (7, 7, 8))
    assert same(a, b)
    assert len(a) != len(other) or not np.array_equal(a.x, other.x)


def test_a_spine_does_not_depend_on_the_other_sections():
    whole = place(TREE, SpineSettings(), 7)
    apical = whole.select(whole.region == "apical")
    for other in (DensityProfile(density=0.2), None):
        changed = place(TREE, SpineSettings(basal=other), 7)
        assert same(changed.select(changed.region == "apical"), apical)
    assert same(place(TREE, SpineSettings(), 7, sections=[4, 3]), apical)
    assert same(place(TREE, SpineSettings(), 7, sections=[3]), whole.select(whole.section == 3))


def test_a_spine_keeps_its_size_when_its_own_density_changes():
    dense = place(TREE, SpineSettings(), 7, sections=[2])
    sparse = place(TREE, SpineSettings(scale=0.5), 7, sections=[2])
    n = len(sparse)
    assert 0 < n < len(dense)
    assert np.array_equal(dense.volume[:n], sparse.volume) and np.array_equal(dense.R_neck[:n], sparse.R_neck)


def test_spines_that_are_not_kept_leave_the_others_as_they_are():
    whole = place(TREE, SpineSettings(), 7)
    seen = {}

    def keep(path, region):
        seen.update(path=path, region=region)
        return np.flatnonzero((path > 60) & (region == "basal"))

    kept = place(TREE, SpineSettings(), 7, keep=keep)
    assert np.array_equal(seen["path"], whole.path_distance) and np.array_equal(seen["region"], whole.region)
    assert 0 < len(kept) < len(whole)
    assert same(kept, whole.select((whole.path_distance > 60) & (whole.region == "basal")))
    assert len(place(TREE, SpineSettings(), 7, keep=lambda path, region: np.zeros(0, int))) == 0


def test_streams_of_neighbours_and_of_equal_numbers_are_independent():
    spines = place(TREE, SpineSettings(basal=DensityProfile(density=10), apical=None), 7)
    z = np.log(spines.volume)
    a, b = (z[spines.section == s][:900] for s in (1, 2))
    assert abs(np.corrcoef(a, b[: len(a)])[0, 1]) < 4 / np.sqrt(len(a))
    assert abs(np.corrcoef(z[1:], z[:-1])[0, 1]) < 4 / np.sqrt(len(z))


def test_n_spines_are_a_growing_random_choice():
    whole = place(TREE, SpineSettings(), 7)
    few, more = place(TREE, SpineSettings(), 7, n=20), place(TREE, SpineSettings(), 7, n=200)
    key = [{(s, x) for s, x in zip(p.section.tolist(), p.x.tolist(), strict=True)} for p in (few, more, whole)]
    assert (len(few), len(more)) == (20, 200) and key[0] < key[1] < key[2]
    assert same(place(TREE, SpineSettings(), 7, n=len(whole)), whole)
    thin = SpineSettings(scale=0.1)
    chosen = np.mean([(place(TREE, thin, seed, n=20).region == "apical").mean() for seed in range(60)])
    there = np.mean([(place(TREE, thin, seed).region == "apical").mean() for seed in range(60)])
    assert abs(chosen - there) < 4 * 0.5 / np.sqrt(60 * 20)  # 1200 fair choices: 4 standard errors


# --- search ----------------------------------------------------------------------------------------------

points = st.tuples(st.floats(-150, 150), st.floats(-200, 500), st.floats(-50, 200))


@settings(max_examples=50, deadline=None)
@given(points, st.floats(0, 100), st.floats(0, 700), st.sampled_from(["basal", "apical", None]))
def test_nearest_and_within_agree_with_a_plain_search(point, radius, path, region):
    spines = SEARCHED
    among = [i for i in range(len(spines)) if region in (None, spines.region[i])]
    distance = [float(np.sqrt(sum((head[k] - point[k]) ** 2 for k in range(3)))) for head in spines.xyz]
    best = spines.nearest(xyz=point, region=region)
    assert best in among and distance[best] == pytest.approx(min(distance[i] for i in among), rel=1e-12)
    best = spines.nearest(path=path, region=region)
    away = np.abs(spines.path_distance - path)
    assert best in among and away[best] == min(away[i] for i in among)
    inside = set(spines.within(point, radius).tolist())
    assert all(i in inside or d > radius * (1 - 1e-12) for i, d in enumerate(distance))
    assert all(distance[i] <= radius * (1 + 1e-12) for i in inside)


SEARCHED = place(TREE, SpineSettings(scale=0.1), 11)


def test_select_takes_indices_and_masks_and_makes_new_ids():
    spines = SEARCHED
    assert same(spines.select([2, 0]).select([1]), spines.select([0]))
    mask = spines.region == "basal"
    assert same(spines.select(mask), spines.select(np.flatnonzero(mask)))


def test_table_has_one_row_per_spine_and_says_its_units():
    pytest.importorskip("pandas")
    table = SEARCHED.table()
    assert len(table) == len(SEARCHED) and table.index.name == "spine"
    assert np.array_equal(table[["head_x", "head_y", "head_z"]].to_numpy(), SEARCHED.xyz)
    assert table.attrs["units"]["R_neck"] == "megohm" and set(table.attrs["units"]) <= set(table.columns)


# --- what is wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SEARCHED.nearest(), "exactly one of path"),
        (lambda: SEARCHED.nearest(path=1, xyz=[0, 0, 0]), "exactly one of path"),
        (lambda: SEARCHED.nearest(path=1, region="axon"), "region 'axon'; regions with spines: apical, basal"),
        (lambda: SEARCHED.within([0, 0], 1), "three finite numbers"),
        (lambda: place(TREE, n=10**6), "n = 1000000: must be 0 to"),
        (lambda: place(TREE, sections=[9]), "section = 9: must be 0 to 5"),
        (lambda: place_at(TREE, 1, 1.2), "x = 1.2: must be 0 to 1"),
        (lambda: beside(TREE, 1, 0.5, -1), "distance = -1"),
        (lambda: SpineSettings(volume_sigma=-1), "volume_sigma = -1: must be at least 0"),
        (lambda: SpineSettings(neck_lenght_median=1), "did you mean 'neck_length_median'"),
        (lambda: SpineSettings(basal={"density": -1}), "density = -1: must be at least 0"),
        (lambda: SpineSettings(volume_min=1), "volume_min = 1.0: must be at most volume_max = 0.8"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(call, words):
    with pytest.raises(ParameterError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_every_number_has_a_unit_and_a_source():
    for kind in (DensityProfile, SpineSettings):
        for name in set(kind.model_fields) - {"basal", "apical"}:
            assert unit_of(kind, name) and (source_of(kind, name) or "").strip()
