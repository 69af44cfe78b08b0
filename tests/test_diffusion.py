"""Laws of the modulator field: closed forms, conservation, linearity, invariance and reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.transform import Rotation

from dendplast.diffusion import ball_kernel, concentration, deliveries, green, point_kernel
from dendplast.errors import ParameterError
from dendplast.kernels import PER_UM3, peak, reach
from dendplast.quantity import source_of, unit_of
from dendplast.release import MEDIA, N_RATE, Medium, Patch, SoeSettings, Varicosity

STRIATUM = MEDIA["striatum"]["dopamine"]
CORTEX = MEDIA["cortex"]["dopamine"]
DOPAMINE = Varicosity("dopamine", at=[0, 0, 0])
NO_UPTAKE = Medium(Vmax=0)
TINY = 1e-300  # mM: below it doubles lose digits one by one

times = st.floats(0.05, 500)
uptakes = st.floats(0, 1)


def mass(shape, medium: Medium, t: float, edge: float) -> float:
    """Integrate alpha * C over space (molecules), piecewise up to where the Gaussian has died."""
    far = edge + 12 * np.sqrt(4 * medium.D_star * t)
    knots = np.linspace(0, far, 25)
    return medium.alpha / PER_UM3 * integrate(lambda r: 4 * np.pi * r**2 * shape(r, t), knots)


def integrate(f, knots) -> float:
    """Integrate piece by piece between knots."""
    return sum(quad(f, a, b)[0] for a, b in zip(knots[:-1], knots[1:], strict=True))


# --- kernels ---------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(t=times, uptake=uptakes)
def test_point_kernel_holds_one_molecule_times_what_uptake_leaves(t, uptake):
    medium = Medium(Vmax=uptake * Medium().Km)
    found = mass(lambda r, t: point_kernel(r, t, medium), medium, t, 0)
    assert found == pytest.approx(np.exp(-uptake * t), rel=1e-6)  # quadrature is accurate to 1e-8


@settings(max_examples=15, deadline=None)
@given(t=times, uptake=uptakes, radius=st.floats(1, 20))
def test_ball_kernel_holds_the_molecules_of_the_ball_times_what_uptake_leaves(t, uptake, radius):
    medium = Medium(Vmax=uptake * Medium().Km)
    released = 4 / 3 * np.pi * radius**3
    found = mass(lambda r, t: ball_kernel(r, t, radius, medium), medium, t, radius)
    assert found == pytest.approx(released * np.exp(-uptake * t), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(r=st.floats(1, 30), t=st.floats(1, 300), uptake=uptakes)
def test_point_kernel_solves_the_diffusion_equation(r, t, uptake):
    medium, h = Medium(Vmax=uptake * Medium().Km), 1e-3

    def c(r, t):  # r times C turns the radial Laplacian into a second derivative
        return r * point_kernel(r, t, medium)

    dt = h * t
    rate = (c(r, t + dt) - c(r, t - dt)) / (2 * dt)
    bend = (c(r + h, t) - 2 * c(r, t) + c(r - h, t)) / h**2
    scale = c(r, t) * (1 / t + uptake + r**2 / (4 * medium.D_star * t**2))
    # central differences err by h^2 = 1e-6 times the fourth derivative, which grows as (r^2/4D*t)^2
    slack = 1e-5 * (1 + (r**2 / (4 * medium.D_star * t)) ** 2 + (uptake * t) ** 2)
    assert rate == pytest.approx(medium.D_star * bend - uptake * c(r, t), abs=slack * scale)


@pytest.mark.parametrize("uptake", [0.0, 0.0015, 0.02, 0.2])
@pytest.mark.parametrize("r", [0.75, 2.0, 10.0, 40.0])
def test_point_peak_time_is_the_closed_form(r, uptake):
    medium = Medium(Vmax=uptake * Medium().Km)
    height, time = peak(r, 0, medium)
    t = time[0] * np.linspace(0.9, 1.1, 2001)
    c = point_kernel(r, t, medium)
    # the grid of times has steps of 1e-4
    assert t[c.argmax()] == pytest.approx(time[0], rel=1.5e-4)
    assert height[0] == pytest.approx(c.max(), rel=1e-12)
    if uptake == 0:
        assert time[0] == pytest.approx(r**2 / (6 * medium.D_star), rel=1e-12)
        assert height[0] == pytest.approx((1.5 / (np.pi * np.e)) ** 1.5 * PER_UM3 / medium.alpha / r**3, rel=1e-12)


@pytest.mark.parametrize("radius", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("medium", [STRIATUM, CORTEX, MEDIA["cortex"]["acetylcholine"]])
def test_ball_peak_is_the_largest_value(radius, medium):
    r = np.array([0.0, 0.5 * radius, radius + 0.05, radius + 1, radius + 10, 3 * radius])
    height, _ = peak(r, radius, medium)
    t = np.geomspace(1e-9, 1e4, 20001)
    # the parabola through three samples misses the height by less than 1e-6
    assert height == pytest.approx(ball_kernel(r[:, None], t, radius, medium).max(axis=1), rel=2e-6)


def test_small_ball_is_a_point():
    r, t = np.array([0.0, 1.0, 5.0])[:, None], np.array([3.0, 10.0, 100.0])
    for radius in (0.4, 0.2, 0.1):
        volume = 4 / 3 * np.pi * radius**3
        error = np.abs(ball_kernel(r, t, radius, STRIATUM) / volume / point_kernel(r, t, STRIATUM) - 1).max()
        # second moment: (R^2/10) lap G / G, at most (R^2/10) (r^2/4D*^2t^2 - 3/2D*t) = 0.2 R^2 to 2 R^2 here
        assert error < 2.5 * radius**2


@pytest.mark.parametrize("r", [0.0, 2.0, 5.0, 9.0])
@pytest.mark.parametrize("t", [0.5, 5.0, 60.0])
def test_ball_is_the_superposition_of_points(r, t):
    radius = 5.0

    def shell(q):
        # points of one shell at distance q from the centre: average over the angle in the variable d^2
        if r == 0:
            return 4 * np.pi * q**2 * point_kernel(q, t, STRIATUM)
        inner = quad(lambda d: d * point_kernel(d, t, STRIATUM), abs(r - q), r + q)[0]
        return 2 * np.pi * q / r * inner

    whole = quad(shell, 0, radius, points=[r] if 0 < r < radius else None, limit=200)[0]
    assert ball_kernel(r, t, radius, STRIATUM) == pytest.approx(whole, rel=1e-7)  # of the quadrature


def test_kernels_are_finite_at_their_corners():
    tiny = np.array([1e-300, 1e-30, 1e-9])
    assert point_kernel(1.0, tiny, STRIATUM).tolist() == [0, 0, 0]
    assert np.isfinite(point_kernel(0.0, 1e-9, STRIATUM))
    assert point_kernel(1.0, [-1.0, 0.0], STRIATUM).tolist() == [0, 0]
    full = PER_UM3 / STRIATUM.alpha
    # t -> 0+: all of it inside, nothing outside, half of it on the surface; r -> 0 joins smoothly
    assert ball_kernel([0.0, 4.9, 5.1], 1e-9, 5.0, STRIATUM) == pytest.approx([full, full, 0], rel=1e-6)
    assert ball_kernel(5.0, 1e-9, 5.0, STRIATUM) == pytest.approx(full / 2, rel=1e-5)
    assert ball_kernel(1e-9, 3.0, 5.0, STRIATUM) == pytest.approx(ball_kernel(0.0, 3.0, 5.0, STRIATUM), rel=1e-12)
    assert (ball_kernel(np.linspace(0, 200, 50)[:, None], np.geomspace(1e-6, 1e5, 60), 5.0, STRIATUM) >= 0).all()


def steady_ball(r: float, radius: float, medium: Medium) -> float:
    """Concentration around a ball that releases 1 molecule/um3/ms for ever (mM)."""
    length = np.sqrt(medium.D_star / medium.uptake)
    R, x = radius / length, r / length
    full = PER_UM3 / medium.alpha / medium.uptake
    if r <= radius:
        return full * (1 - (1 + R) * np.exp(-R) * (np.sinh(x) / x if x > 0 else 1.0))
    return full * (R * np.cosh(R) - np.sinh(R)) * np.exp(-x) / x


@pytest.mark.parametrize("r", [0.0, 2.0, 5.0, 8.0, 15.0])
def test_repeated_ball_releases_reach_the_steady_state(r):
    step = 0.25
    age = np.arange(0.5 * step, 1500, step)  # a train that began 30 uptake times ago
    train = step * ball_kernel(r, age, 5.0, STRIATUM).sum()
    # midpoint rule: 1e-4 at 0.25 ms, worst on the surface where the kernel starts as a step
    assert train == pytest.approx(steady_ball(r, 5.0, STRIATUM), rel=1e-3)


@pytest.mark.parametrize("r", [1.0, 4.0, 20.0])
def test_area_of_the_point_kernel_is_the_screened_potential(r):
    knots = np.concatenate([[0], np.geomspace(1e-3, 3000, 40)])
    area = integrate(lambda t: point_kernel(r, t, STRIATUM), knots)
    length = np.sqrt(STRIATUM.D_star / STRIATUM.uptake)
    exact = PER_UM3 / (4 * np.pi * STRIATUM.alpha * STRIATUM.D_star * r) * np.exp(-r / length)
    assert area == pytest.approx(exact, rel=1e-7)  # of the quadrature


# --- published distances ---------------------------------------------------------------------------------


def test_one_vesicle_in_the_striatum_has_the_known_height_and_reach():
    height = 3000 * peak(np.array([1.0, 5.0]), 0, STRIATUM)[0]
    # 1.73 uM at 1 um and 11 nM at 5 um, given to two or three digits
    assert height == pytest.approx([1.73e-3, 11e-6], rel=0.03)
    # Distances at which a peak falls to 1 uM, 100 nM, 10 nM, from a radial solver with Michaelis-Menten
    # uptake on a 0.05 um grid; tortuosity 1.6 there. Linear uptake takes at most 9 % less off the peak
    # height (3000 molecules) or 17 % (10000), which is 3 % or 6 % of distance.
    slower = Medium(tortuosity=1.6)
    published = {1000: (0.80, 1.75, 3.70), 3000: (1.20, 2.55, 5.20), 10000: (1.75, 3.75, 7.35)}
    for molecules, expected in published.items():
        found = [reach(0, molecules, slower, c) for c in (1e-3, 1e-4, 1e-5)]
        assert found == pytest.approx(expected, rel=0.06)
    # without uptake both solvers solve the same equation: only the grid of 0.05 um is left
    for molecules, expected in {1000: 3.85, 3000: 5.55, 10000: 8.30, 14000: 9.30}.items():
        assert reach(0, molecules, NO_UPTAKE, 1e-5) == pytest.approx(expected, abs=0.06)


def test_uptake_does_not_reach_the_peak_within_one_micrometre():
    # Rice & Cragg 2008, doi 10.1016/j.brainresrev.2008.03.004
    assert peak(1.0, 0, STRIATUM)[0][0] == pytest.approx(peak(1.0, 0, NO_UPTAKE)[0][0], rel=0.02)


# --- sites, deliveries, backends -------------------------------------------------------------------------


def test_sites_take_the_modulator_first_and_numpy_points():
    site = Varicosity("dopamine", at=np.array([0, 0, 1.5]))
    assert site == Varicosity(modulator="dopamine", at=(0, 0, 1.5)) and hash(site) == hash(site.model_copy())
    assert Patch.model_validate({"modulator": "dopamine", "center": [1, 2, 3], "radius": 5}).extent == 5
    assert site.amount(STRIATUM) == 3000
    assert Varicosity("dopamine", at=[0, 0, 0], molecules=7).amount(STRIATUM) == 7
    patch = Patch("dopamine", center=[0, 0, 0], radius=5, p=0.3)
    assert patch.amount(STRIATUM) == pytest.approx(0.104 * 0.3 * 3000)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Varicosity("dopamin", at=[0, 0, 0]), "modulator.*dopamin.*'dopamine'"),
        (lambda: Varicosity("dopamine", at=[0, 0, np.nan]), "at.2.*nan.*finite"),
        (lambda: Varicosity("dopamine", at=[0, 0]), "at = \\[0, 0\\]: must be a list of 3 numbers"),
        (lambda: Varicosity("dopamine", at=[0, 0, 0], p=1.5), "p = 1.5: must be at most 1"),
        (lambda: Varicosity("dopamine", at=[0, 0, 0], molecules=-1), "molecules = -1: must be at least 0"),
        (lambda: Patch("dopamine", center=[0, 0, 0]), "radius: is required"),
        (lambda: Patch("dopamine", center=[0, 0, 0], radius=-5), "radius = -5: must be at least 0.1"),
        (lambda: Patch("dopamine", center=[0, 0, 0], radius=5, density=-1), "density = -1: must be at least 0"),
        (lambda: Patch("dopamine", centre=[0, 0, 0], radius=5), "center"),
        (lambda: Medium(D="3 um"), "D: .*length, not a diffusion"),
        (lambda: deliveries([DOPAMINE], np.zeros((1, 3)), {}), "no medium for 'dopamine'"),
        (lambda: deliveries([], np.full((1, 3), np.nan), {}), "finite numbers of shape"),
        (lambda: green([DOPAMINE], [], np.zeros((1, 3)), [0], MEDIA["cortex"]), "0 entries"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(make, words):
    with pytest.raises(ParameterError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_every_number_has_a_unit_and_a_source():
    for kind in {Medium, SoeSettings, *(type(m) for media in MEDIA.values() for m in media.values())}:
        for name in kind.model_fields.keys() - {"per", "transporter"}:  # choices, not numbers
            assert unit_of(kind, name) and (source_of(kind, name) or "").strip()


def sites_and_spines(seed: int = 0, n_spine: int = 400, half_width: float = 50):
    rng = np.random.default_rng(seed)
    sites = [
        Varicosity("dopamine", at=rng.uniform(-15, 15, 3)),
        Patch("dopamine", center=rng.uniform(-15, 15, 3), radius=5, p=0.3),
        Varicosity("acetylcholine", at=rng.uniform(-15, 15, 3)),
        Varicosity("dopamine", at=rng.uniform(-15, 15, 3), molecules=10000),
    ]
    return sites, rng.uniform(-half_width, half_width, (n_spine, 3))


def test_rows_are_exactly_the_pairs_above_the_cutoff():
    sites, xyz = sites_and_spines()
    table, media, cutoff = deliveries(sites, xyz, MEDIA["striatum"]), MEDIA["striatum"], SoeSettings().cutoff
    assert 0 < len(table) < len(sites) * len(xyz)
    expected = set()
    for i, site in enumerate(sites):
        r = np.linalg.norm(xyz - site.position, axis=1)
        r = np.maximum(r, 0.75) if site.extent == 0 else r
        height = site.amount(media[site.modulator]) * peak(r, site.extent, media[site.modulator])[0]
        expected |= {(i, j) for j in np.flatnonzero(height > cutoff)}
    assert set(zip(table.site.tolist(), table.spine.tolist(), strict=True)) == expected
    assert (table.peak > cutoff).all()
    assert table.weights.shape == (len(table), N_RATE) and table.rates.shape == (len(sites), N_RATE)
    order = np.lexsort((table.spine, table.site))
    assert (order == np.arange(len(table))).all()


def test_a_near_spine_needs_the_cutoff_too():
    # a site so weak that only its own doorstep is above the cut-off: the raised distance is out of reach
    weak = Varicosity("dopamine", at=[0, 0, 0], molecules=0.05)
    cutoff = 0.05 * peak(0.6, 0, STRIATUM)[0][0]
    for distance in (0.3, 0.7):
        table = deliveries([weak], [[0, 0, distance]], MEDIA["striatum"], SoeSettings(cutoff=cutoff))
        assert len(table) == 0
    assert len(deliveries([weak], [[0, 0, 0.3]], MEDIA["striatum"], SoeSettings(cutoff=cutoff, r_min=0.5))) == 1


def test_nothing_arrives_beyond_reach_and_no_sites_give_no_rows():
    sites, xyz = sites_and_spines()
    table = deliveries(sites, xyz, MEDIA["striatum"])
    c = concentration(table, [[0, 50]] * len(sites), np.linspace(0, 500, 26), "dopamine")
    silent = np.setdiff1d(np.arange(len(xyz)), table.of("dopamine").spine)
    assert len(silent) > 0 and (c[:, silent] == 0).all()
    assert len(deliveries([], xyz, {})) == 0
    assert len(deliveries(sites, np.empty((0, 3)), MEDIA["striatum"])) == 0
    assert len(deliveries([Varicosity("dopamine", at=[0, 0, 0], molecules=0)], xyz, MEDIA["striatum"])) == 0


def test_exponentials_agree_with_the_exact_field():
    sites, xyz = sites_and_spines(1, half_width=20)
    table = deliveries(sites, xyz, MEDIA["striatum"])
    when = [[0.0, 50.0, 100.0], [10.0, 60.0], [20.0], [5.0]]
    t = np.arange(0.1, 600, 0.7)
    dopamine = [i for i, s in enumerate(sites) if s.modulator == "dopamine"]
    exact = green([sites[i] for i in dopamine], [when[i] for i in dopamine], xyz, t, MEDIA["striatum"])
    found = concentration(table, when, t, "dopamine")
    near = exact.max(axis=0) > 1e-6
    # each event errs by at most 2 % of its peak, and no more than four overlap here; no row below 0.1 nM each
    assert near.sum() > 100
    assert (np.abs(found - exact)[:, near].max(axis=0) <= 0.02 * exact[:, near].max(axis=0) + 4e-7).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.lists(st.floats(0, 100), min_size=1, max_size=4))
def test_the_field_is_linear_and_additive(seed, factor, starts):
    sites, xyz = sites_and_spines(seed, 20)
    a, b = sites[0], sites[1]
    t = np.linspace(0, 200, 41)
    both = green([a, b], [starts, starts[:1]], xyz, t, MEDIA["striatum"])
    one = green([a], [starts], xyz, t, MEDIA["striatum"])
    other = green([b], [starts[:1]], xyz, t, MEDIA["striatum"])
    np.testing.assert_allclose(both, one + other, rtol=1e-12, atol=TINY)  # rounding of a sum of five terms
    each = sum(green([a], [[s]], xyz, t, MEDIA["striatum"]) for s in starts)
    np.testing.assert_allclose(one, each, rtol=1e-12, atol=TINY)
    more = a.model_copy(update={"molecules": 3000 * factor})
    scaled = green([more], [starts], xyz, t, MEDIA["striatum"])
    np.testing.assert_allclose(scaled, factor * one, rtol=1e-12, atol=TINY)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.tuples(*[st.floats(-500, 500)] * 3))
def test_moving_and_turning_everything_together_changes_nothing(seed, shift):
    sites, xyz = sites_and_spines(seed, 40)
    turn = Rotation.random(random_state=seed)

    def moved(p):
        return turn.apply(np.asarray(p)) + shift

    turned = [
        s.model_copy(update={"at": tuple(moved(s.at))}) if isinstance(s, Varicosity)
        else s.model_copy(update={"center": tuple(moved(s.center))}) for s in sites
    ]  # fmt: skip
    # a cut-off of nothing: otherwise a pair on the edge of reach may come or go by rounding
    numerics = SoeSettings(cutoff=1e-12)
    before = deliveries(sites, xyz, MEDIA["striatum"], numerics)
    after = deliveries(turned, moved(xyz), MEDIA["striatum"], numerics)
    assert (before.spine == after.spine).all()
    # distances keep 1e-12 of 500 um; peaks fall as r^-3 to exp(-r/L), the weights cancel to 1e-3 of themselves
    np.testing.assert_allclose(after.peak, before.peak, rtol=1e-9)
    np.testing.assert_allclose(after.weights, before.weights, rtol=1e-6, atol=1e-6 * np.abs(before.weights).max())


def test_modulators_do_not_mix():
    sites, xyz = sites_and_spines(half_width=15)
    with pytest.raises(ParameterError, match="acetylcholine, dopamine"):
        green(sites, [[0]] * 4, xyz, [1.0], MEDIA["striatum"])
    table = deliveries(sites, xyz, MEDIA["striatum"])
    assert set(table.of("acetylcholine").site) == {2} and set(table.of("dopamine").site) == {0, 1, 3}
    assert len(table.of("noradrenaline")) == 0
    with pytest.raises(ParameterError, match="serotonin"):
        table.of("serotonin")
