"""Laws of fields with saturating uptake: closed forms, conservation, order, and the radial solution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import wrightomega

from dendplast.box import Box
from dendplast.course import Segment, assemble, span
from dendplast.errors import ParameterError
from dendplast.grid import GridSolver
from dendplast.kernels import kernel, kernel_integral, peak, point_integral, point_kernel, steady
from dendplast.radial import RadialSolver, Shells, extent_of
from dendplast.release import MEDIA, Medium, Patch, Varicosity
from dendplast.saturation import mm_step

STRIATUM = Medium()
LINEAR = Medium(Vmax=2.05, Km=100.0)  # the striatum's uptake at low dose, never saturated
NO_UPTAKE = Medium(Vmax=0.0)
LOW = 1e-8  # mM: nothing is left


def lambert(c, medium, dt):
    """Return the Michaelis-Menten solution by Wright's omega, omega(z) = W(exp(z))."""
    x = c / medium.Km
    return medium.Km * wrightomega(np.log(x) + x - medium.clearance * dt / medium.Km)


# --- uptake ----------------------------------------------------------------------------------------------


@given(st.floats(1e-9, 1e-1), st.floats(1e-6, 1e-1), st.floats(1e-3, 50))
def test_the_step_of_uptake_is_lamberts_w(Vmax, Km, dt):
    medium = Medium(Vmax=Vmax, Km=Km)
    c = np.geomspace(1e-10, 1.0, 50)
    exact = lambert(c, medium, dt)
    mm_step(c, medium, dt)
    # Newton stops at 1.3e-7 of the value; omega itself loses 1e-16 of its argument, up to 1e7 here
    np.testing.assert_allclose(c, exact, rtol=1e-6, atol=1e-300)


def test_the_step_keeps_zero_and_order_and_composes():
    c = np.array([0.0, 1e-12, 1e-4, 1.0])
    mm_step(c, STRIATUM, 3.0)
    assert c[0] == 0 and (np.diff(c) > 0).all()
    two = np.array([0.0, 1e-12, 1e-4, 1.0])
    mm_step(two, STRIATUM, 1.0)
    mm_step(two, STRIATUM, 2.0)
    np.testing.assert_allclose(two, c, rtol=1e-6)  # three times what Newton leaves


@given(st.floats(0, 1e-3), st.floats(1e-9, 1e-2))
def test_the_excess_over_a_steady_background_obeys_uptake_again(background, excess):
    # d(B + u)/dt = -V(B + u)/(Km + B + u) + source, the source keeping B: what the medium around B does to u
    around = STRIATUM.around(background)

    def rate(c):
        return STRIATUM.clearance * c / (STRIATUM.Km + c)

    expected = rate(background + excess) - rate(background)
    # the difference loses what the background has more than the excess
    slack = 1e-14 * rate(background + excess) / expected + 1e-12
    assert around.clearance * excess / (around.Km + excess) == pytest.approx(expected, rel=slack)


def test_vmax_per_tissue_is_vmax_over_alpha_per_extracellular_space():
    tissue = Medium(Vmax=4.1e-6 * 0.21, per="tissue")
    assert tissue.clearance == pytest.approx(STRIATUM.clearance, rel=1e-12)
    assert Medium(Vmax=4.1e-6, per="tissue").uptake == pytest.approx(STRIATUM.uptake / 0.21, rel=1e-12)
    with pytest.raises(ParameterError, match="per = 'brain': must be 'extracellular' or 'tissue'"):
        Medium(per="brain")


def test_an_uptake_blocker_stretches_the_half_life():
    # a uniform concentration c halves in (c/2 + Km log 2)/Vmax; a competitive blocker at its Ki doubles Km
    for c in (1e-6, 2e-4, 5e-3):
        for medium in (STRIATUM, STRIATUM.replaced(Km=2 * STRIATUM.Km), STRIATUM.replaced(Vmax=4.1e-7)):
            value = np.array([c])
            mm_step(value, medium, (c / 2 + medium.Km * np.log(2)) / medium.clearance)
            assert value[0] == pytest.approx(c / 2, rel=1e-6)


# --- closed forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("medium", [STRIATUM, NO_UPTAKE, MEDIA["cortex"]["acetylcholine"]])
@pytest.mark.parametrize("radius", [0.0, 5.0])
def test_integrals_of_kernels(medium, radius):
    r = np.array([1.0, 4.0, 7.0, 15.0])
    for t0, t1 in ((0.0, 1.0), (3.3, 4.3), (20.0, 25.0)):
        t = t0 + (np.arange(4000) + 0.5) / 4000 * (t1 - t0)
        sampled = kernel(r[:, None], t, radius, medium).mean(axis=1) * (t1 - t0)
        largest = kernel(r[:, None], t, radius, medium).max() * (t1 - t0)
        # eight nodes: 1e-6 beside a ball's surface; midpoint sums: 1e-7
        np.testing.assert_allclose(kernel_integral(r, t0, t1, radius, medium), sampled, atol=3e-6 * largest)
    if medium.uptake > 0 and radius == 0:
        np.testing.assert_allclose(point_integral(r, 1e5, medium), steady(r, 0.0, medium), rtol=1e-12)


def test_the_steady_ball_is_continuous_and_tends_to_its_limit_without_uptake():
    edge = steady(np.array([5 - 1e-9, 5 + 1e-9]), 5.0, STRIATUM)
    assert edge[0] == pytest.approx(edge[1], rel=1e-8)
    r = np.array([0.0, 2.0, 5.0, 20.0])
    weak = steady(r, 5.0, Medium(Vmax=1e-11))
    # r/L is 8e-3: the potential falls by as much
    np.testing.assert_allclose(weak, steady(r, 5.0, NO_UPTAKE), rtol=1e-2)


# --- shells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("radius", "amount"), [(0.0, 3000.0), (5.0, 100.0)])
def test_shells_are_the_closed_form_while_uptake_is_linear(radius, amount):
    shells = Shells(radius, LINEAR, 60.0)
    shells.release(amount)
    r = np.array([1.0, 2.0, 8.0, 15.0])
    t = np.concatenate([np.geomspace(0.05, 3, 30), np.arange(4.0, 120.0, 4.0)])
    found = []
    for end in t:
        shells.to(end)
        found.append(np.interp(r, shells.r, shells.c))
    exact = amount * kernel(r, t[:, None], radius, LINEAR)
    # shells of 4 % of the distance and steps of 3 % of the age: 0.35 % at most
    assert (np.abs(np.array(found) - exact).max(axis=0) < 5e-3 * exact.max(axis=0)).all()


def test_shells_keep_every_molecule_without_uptake():
    shells = Shells(0.0, NO_UPTAKE, 20.0)
    for t in (1.0, 2.0, 50.0):
        shells.release(3000.0)
        shells.to(t)
    assert shells.molecules == pytest.approx(9000.0, rel=1e-11)  # rounding of 300 solutions


def test_how_far_a_vesicle_reaches():
    # distances (um) of 1 uM, 100 nM and 10 nM by an independent radial solver; it saw the peak every 50 us
    published = {1000: (0.80, 1.75, 3.70), 3000: (1.20, 2.55, 5.20), 14000: (2.00, 4.20, 8.05)}
    medium = Medium(tortuosity=1.6)
    for molecules, expected in published.items():
        shells = Shells(0.0, medium, extent_of(0.0, molecules, medium, LOW))
        shells.release(molecules)
        top = np.zeros_like(shells.c)
        for t in np.geomspace(5e-3, 200.0, 200):
            shells.to(t)
            top = np.maximum(top, shells.c)
        found = [np.interp(-np.log(c), -np.log(top + 1e-300), shells.r) for c in (1e-3, 1e-4, 1e-5)]
        assert found == pytest.approx(expected, abs=0.06)


def test_uptake_does_not_touch_the_peak_within_a_micrometre():
    # Rice & Cragg 2008, doi 10.1016/j.brainresrev.2008.02.004
    for molecules in (3000.0, 14000.0):
        shells = Shells(0.0, STRIATUM, 20.0)
        shells.release(molecules)
        top = 0.0
        for t in np.arange(0.02, 2.0, 0.02):
            shells.to(t)
            top = max(top, np.interp(1.0, shells.r, shells.c))
        assert top == pytest.approx(molecules * peak(1.0, 0.0, NO_UPTAKE)[0][0], rel=0.015)


# --- box -------------------------------------------------------------------------------------------------


def blob(box, center, width):
    """Fill a box with a Gaussian."""
    x = [np.exp(-((a - c) ** 2) / (2 * width**2)) for a, c in zip(box.axes, center, strict=True)]
    box.c[:] = x[0][:, None, None] * x[1][None, :, None] * x[2][None, None, :]


def test_the_box_keeps_every_molecule_without_uptake():
    box = Box([0, 0, 0], [12, 12, 12], 1.0, NO_UPTAKE)
    blob(box, (3, 6, 7), 1.5)
    before = box.molecules
    for _ in range(5000):
        box.step(1.0)
    assert box.molecules == pytest.approx(before, rel=1e-10)
    assert box.c == pytest.approx(np.full(box.c.shape, box.c.mean()), rel=1e-9)  # and it is even


def strang_error(dt, lie=False):
    """Return the error of the middle of a saturating cloud after 16 ms, against steps of 1/16 ms."""

    def run(dt, lie):
        box = Box([0, 0, 0], [16, 16, 16], 1.0, Medium(Vmax=4.1e-5))
        blob(box, (8, 8, 8), 2.0)
        box.c *= 1e-3
        for _ in range(round(16 / dt)):
            if lie:
                box.react(dt)
                box.diffuse(dt)
            else:
                box.step(dt)
        return box.c

    exact = run(1 / 16, False)
    return np.abs(run(dt, lie) - exact).max() / exact.max()


def test_the_splitting_is_second_order_and_without_its_symmetry_first():
    coarse, fine = strang_error(4.0), strang_error(2.0)
    assert 1.9 < np.log2(coarse / fine) < 2.2
    coarse, fine = strang_error(4.0, lie=True), strang_error(2.0, lie=True)
    assert 0.8 < np.log2(coarse / fine) < 1.3


def test_the_box_reads_what_it_holds():
    box = Box([-10, -10, -10], [10, 12, 14], 1.0, STRIATUM)
    rng = np.random.default_rng(3)
    points = rng.uniform(-7, 7, (200, 3))
    blob(box, (0.3, 0.1, -0.2), 2.0)
    exact = np.exp(-((points - [0.3, 0.1, -0.2]) ** 2).sum(axis=1) / 8)
    # the sixth derivative of a Gaussian, 15/width^6, times h^6 (5!!)^2/(2^6 6!): 1.1e-3 at two steps; three axes
    assert np.abs(box.reader(points) @ box.c.ravel() - exact).max() < 2e-3
    box.c[:] = 1.0
    assert box.reader(points) @ box.c.ravel() == pytest.approx(1.0, rel=1e-12)
    assert box.holds(np.array([[0, 0, 0], [0, 0, 14.9], [-11.5, 0, 0]])).tolist() == [True, False, False]


def test_a_box_that_is_too_large_is_refused():
    with pytest.raises(ParameterError, match=r"grid_h = 0.5 um: a box of 300 x 300 x 300 um .* larger"):
        Box([0] * 3, [300] * 3, 0.5, STRIATUM)


# --- grid ------------------------------------------------------------------------------------------------


def around(place, distances, seed=0):
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(len(distances), 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return np.array(place) + np.array(distances)[:, None] * direction


R = np.repeat([1.0, 2.0, 5.0, 10.0], 4)
PLACE = (0.31, -0.17, 0.43)
# a second site that hardly releases sets the grid's phase, so that the first is at no special place
WEAK = Varicosity("dopamine", at=(2.9, 1.3, 0.7), molecules=1e-6)


@pytest.mark.parametrize("h", [1.0, 2.0])
def test_one_vesicle_on_the_grid_is_the_closed_form(h):
    site = Varicosity("dopamine", at=PLACE)
    solver = GridSolver([site, WEAK], around(PLACE, R), LINEAR, 28.0, h, LOW, 0.75)
    segment, used = solver.run(np.array([0.37]), np.array([0]))
    assert used == 1 and solver.inside.all()
    ends = segment.edges
    exact = np.array([3000 * kernel_integral(R, a - 0.37, b - 0.37, 0.0, LINEAR) / (b - a)
                      for a, b in zip(ends[:-1], ends[1:], strict=True)])  # fmt: skip
    error = np.abs(segment.mean - exact).max(axis=0) / exact.max(axis=0)
    # at a width of 1.5 steps: hand-over and reading; with h = 2 um it comes later, in a flatter field
    assert error.max() < 0.01
    area = (segment.mean * np.diff(ends)[:, None]).sum(axis=0)
    # trapezoids of 1 ms
    assert area == pytest.approx(3000 * kernel_integral(R, 0.0, ends[-1] - 0.37, 0.0, LINEAR), rel=4e-3)


@pytest.mark.parametrize("site", [
    Varicosity("dopamine", at=PLACE, molecules=10000), Patch("dopamine", center=PLACE, radius=4, p=0.5)
])  # fmt: skip
def test_grid_and_shells_agree_with_saturating_uptake(site):
    time = np.array([0.2, 30.2, 45.7])
    where = np.zeros(3, int)
    on_grid, _ = GridSolver([site, WEAK], around(PLACE, R), STRIATUM, 30.0, 2.0, LOW, 0.75).run(time, where)
    in_shells, _ = RadialSolver(R, site.extent, site.amount(STRIATUM), STRIATUM, LOW).run(time, where)
    n = min(len(on_grid.mean), len(in_shells.mean))  # they end when the last of it is gone
    np.testing.assert_array_equal(on_grid.edges[:n], in_shells.edges[:n])
    error = np.abs(on_grid.mean[:n] - in_shells.mean[:n]).max(axis=0) / in_shells.mean.max(axis=0)
    assert error.max() < 0.02  # of shells 0.35 %; of the grid at 2 um up to 1 %, and 1.7 % beside the patch


def test_the_grid_keeps_zero_and_leaves_spines_outside_alone():
    xyz = np.array([[0.0, 0, 0], [500, 0, 0]])
    solver = GridSolver([Varicosity("dopamine", at=PLACE)], xyz, STRIATUM, 25.0, 2.0, LOW, 0.75)
    course = assemble(solver, "dopamine", np.array([5.2]), np.zeros(1, int), 1e-7)
    assert course.spine.tolist() == [0]
    assert course.average(0.0, 5.0) is None and course.average(course.stop[0], 1e9) is None
    assert (course.average(5.0, 6.0) > 0).all()
    for _ in range(3):
        solver.box.c[:] = 0.0
        solver.box.step(1.0)
        assert not solver.box.c.any()


# --- courses ---------------------------------------------------------------------------------------------


@settings(max_examples=8)
@given(
    st.lists(st.floats(0, 120), min_size=1, max_size=4), st.floats(0, 200), st.floats(0.1, 100), st.floats(0, 1)
)
def test_means_of_a_course_add_up(starts, t0, length, share):
    solver = RadialSolver(np.array([1.0, 3.0]), 0.0, 3000.0, LINEAR, LOW)
    time = np.sort(np.array(starts))
    course = assemble(solver, "dopamine", time, np.zeros(len(time), int), 1e-7)
    zero = np.zeros(2)

    def area(a, b):
        part = course.average(a, b) if b > a else None
        return zero if part is None else part * (b - a)

    middle, t1 = t0 + share * length, t0 + length
    np.testing.assert_allclose(area(t0, middle) + area(middle, t1), area(t0, t1), rtol=1e-9, atol=1e-12)
    whole = area(0.0, 1e4)
    assert whole == pytest.approx(len(time) * 3000 * steady(np.array([1.0, 3.0]), 0.0, LINEAR), rel=5e-3)


def test_trains_that_repeat_are_solved_once():
    calls = []

    class Counted(RadialSolver):
        def run(self, time, site):
            calls.append(len(time))
            return super().run(time, site)

    train = np.array([3.25, 23.25, 43.25])
    time = np.concatenate([train, train + 5000, train + 10000, [20000.5]])
    solver = Counted(np.array([2.0]), 0.0, 3000.0, STRIATUM, LOW)
    course = assemble(solver, "dopamine", time, np.zeros(10, int), 1e-7)
    assert len(calls) == 2 and len(course.segments) == 4
    assert course.average(30.0, 31.0) == course.average(10030.0, 10031.0)
    assert course.next_begin(0.0) == 3.0 and course.next_begin(4000.0) == 5003.0
    assert course.next_begin(1e6) == np.inf


def test_spans_are_whole_ticks_and_stop_before_a_release():
    assert span(10.0, 9.0, np.inf) == 1.0 and span(209.0, 9.0, np.inf) == 10.0
    assert span(209.0, 9.0, 214.5) == 5.0 and span(209.0, 9.0, 209.5) == 1.0
    assert Segment(np.array([0.0, 2.0]), np.array([[3.0]])).average(1.0, 3.0) == 1.5


def test_point_kernel_and_its_integral_agree_far_out():
    # exp(r/L) alone would overflow
    assert np.isfinite(point_integral(np.array([1e4]), 1e3, MEDIA["cortex"]["acetylcholine"])).all()
    assert point_integral(np.array([5.0]), 0.0, STRIATUM) == 0 == point_kernel(5.0, 0.0, STRIATUM)
