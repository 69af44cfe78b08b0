"""Diffusion along the tree: mass, closed forms on a cylinder and a Y, independence of the number of segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dendplast as dp
from dendplast.geometry import Geometry
from dendplast.spread import TreeSpread

D, TAU = 1e-3, 5e4  # um2/ms, ms: a length constant of 7 um


def chain(sections: list[tuple[int, float, float]], n: int) -> Geometry:
    """Return a tree of sections (parent section or -1, length um, diameter um), each in `n` segments, without soma."""
    rows, first = [], []
    for k, (above, length, diam) in enumerate(sections):
        first.append(len(rows))
        begin = 0.0 if above < 0 else rows[first[above] + n - 1][3]
        for i in range(n):
            parent = len(rows) - 1 if i else (-1 if above < 0 else first[above] + n - 1)
            rows.append((k, parent, begin + length * i / n, begin + length * (i + 1) / n, length / n, diam))
    section, parent, start, end, length, diam = (np.array(c) for c in zip(*rows, strict=True))
    zero = np.zeros_like(start)
    return Geometry(
        tuple(f"dend[{k}]" for k in range(len(sections))), section, (np.arange(len(section)) % n + 0.5) / n,
        np.c_[start, zero, zero], np.c_[end, zero, zero], length, diam, np.pi * diam * length, (start + end) / 2,
        np.full(len(section), "apical"), parent,
    )  # fmt: skip


Y = [(-1, 10.0, 2.0), (0, 12.0, 1.5), (0, 8.0, 0.7)]
"""Three branches of different length and width that meet."""


def y_steady(tree: Geometry, source: int) -> np.ndarray:
    """Return the steady concentration that a unit flux (um3/ms) into the end of branch `source` keeps up on the Y.

    Each branch: c = a cosh(s/l) + b sinh(s/l), s from the junction; no flux at far ends, flux balance at the junction.
    """
    scale = np.sqrt(D * TAU)
    across = [np.pi * d**2 / 4 for _, _, d in Y]
    length = [x for _, x, _ in Y]
    conduct = [D * a / scale * np.tanh(x / scale) for a, x in zip(across, length, strict=True)]
    # transfer from the far end of the source to the junction, and what the junction then gets
    at_junction = 1 / np.cosh(length[source] / scale) / sum(conduct)
    out = np.empty(len(tree))
    x = tree.path_distance
    for k in range(3):
        on = tree.section == k
        s = (length[0] - x[on]) if k == 0 else x[on] - length[0]
        out[on] = at_junction * np.cosh((length[k] - s) / scale) / np.cosh(length[k] / scale)
        if k == source:  # plus the flux driven into the end, the junction held at 0
            push = 1 / (D * across[k] / scale)
            out[on] += push * np.sinh(s / scale) / np.cosh(length[k] / scale)
    return out


@given(st.integers(0, 2**32 - 1), st.floats(1e-2, 1e9))
def test_mass_is_conserved_without_loss(seed, dt):
    rng = np.random.default_rng(seed)
    spread = TreeSpread(chain(Y, 7), D)
    c = rng.random(21)
    # 1e-12: rounding of a sum over 21 modes
    assert spread.volume @ spread.advance(c, dt) == pytest.approx(spread.volume @ c, rel=1e-12)


def test_mass_of_a_real_cell_is_conserved():
    tree = dp.load_morphology("dspn_1")
    pytest.importorskip("neuron")
    from dendplast.cell import build_cell
    from dendplast.presets import load_preset

    cell = build_cell(tree, load_preset("dspn"), 0.3)
    spread = TreeSpread(cell.geometry(), D)
    c = np.random.default_rng(1).random(len(spread.volume))
    moved = c
    for _ in range(50):
        moved = spread.advance(moved, 1e5)
    # 50 steps of rounding over some hundred modes
    assert spread.volume @ moved == pytest.approx(spread.volume @ c, rel=1e-11)
    everywhere = spread.volume @ c / spread.volume.sum()
    np.testing.assert_allclose(spread.advance(c, 1e12), everywhere, rtol=1e-9, err_msg="in the end it is even")


@given(st.floats(1e-6, 1e-1), st.floats(1.0, 1e6))
def test_two_steps_are_one(D, dt):
    spread = TreeSpread(chain(Y, 5), D, TAU)
    c, production = np.linspace(0, 1, 15), np.linspace(1, 0, 15) * 1e-5
    halves = spread.advance(spread.advance(c, dt / 2, production), dt / 2, production)
    np.testing.assert_allclose(halves, spread.advance(c, dt, production), rtol=1e-9, atol=1e-12)  # rounding


def test_cosine_on_a_cylinder_decays_at_its_rate():
    length, n = 20.0, 200
    tree = chain([(-1, length, 1.3)], n)
    spread = TreeSpread(tree, D, TAU)
    mode = np.cos(np.pi * tree.path_distance / length)
    t = 3e4
    exact = mode * np.exp(-(D * (np.pi / length) ** 2 + 1 / TAU) * t)
    # second order in the segment: (pi/200)^2/24 of the rate
    np.testing.assert_allclose(spread.advance(mode, t), exact, atol=2e-5)


@pytest.mark.parametrize("source", [0, 1, 2])
def test_steady_state_on_a_y(source):
    def error(n: int) -> float:
        tree = chain(Y, n)
        spread = TreeSpread(tree, D, TAU)
        end = {0: 0, 1: 2 * n - 1, 2: 3 * n - 1}[source]
        production = np.zeros(3 * n)
        production[end] = 1 / spread.volume[end]  # a unit flux
        exact = y_steady(tree, source)
        return float(np.abs(spread.steady(production) - exact).max() / exact.max())

    errors = np.array([error(n) for n in (10, 20, 40)])
    order = np.log2(errors[:-1] / errors[1:])
    assert errors[-1] < 0.02 and (order > 0.9).all(), "the flux enters the last half segment: first order at the end"


def test_far_from_the_source_the_number_of_segments_does_not_matter():
    middle = {}
    for n in (11, 33, 99):
        tree = chain(Y, n)
        spread = TreeSpread(tree, D, TAU)
        production = np.zeros(3 * n)
        production[tree.section == 1] = 1e-5
        middle[n] = spread.steady(production)[n // 2]  # the centre of the first branch, in every grid
    # second order: a third of the segment, a ninth of the error
    assert abs(middle[33] - middle[99]) < 2e-3 * middle[99]
    assert abs(middle[33] - middle[99]) < 0.2 * abs(middle[11] - middle[99])


def test_three_branches_of_one_kind_share_alike():
    spread = TreeSpread(chain([(-1, 10, 2), (0, 10, 1), (0, 10, 1)], 9), D, TAU)
    c = np.zeros(27)
    c[:9] = 1
    moved = spread.advance(c, 1e4)
    np.testing.assert_allclose(moved[9:18], moved[18:], rtol=1e-12)  # rounding
    assert (np.diff(moved[9:18]) < 0).all()


def test_length_constant():
    assert TreeSpread(chain(Y, 3), D, TAU).length_constant == pytest.approx(np.sqrt(50.0))


@pytest.mark.parametrize(("D", "tau", "words"), [(-1, 1, "D = -1"), (np.nan, 1, "D = nan"), (1, 0, "tau = 0")])
def test_wrong_numbers_are_refused(D, tau, words):
    with pytest.raises(dp.ParameterError, match=words):
        TreeSpread(chain(Y, 3), D, tau)


def test_no_steady_state_without_loss():
    with pytest.raises(dp.ParameterError, match="tau = inf"):
        TreeSpread(chain(Y, 3), D).steady(np.ones(9))
