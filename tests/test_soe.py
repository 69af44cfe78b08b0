"""The sum of exponentials against the closed-form kernels, everywhere it is used."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

from dendplast.kernels import kernel, peak, point_kernel, reach
from dendplast.release import MEDIA, MODULATORS, Medium, SoeSettings
from dendplast.soe import soe_rates, soe_weights

STRIATUM = MEDIA["striatum"]["dopamine"]
CORTEX = MEDIA["cortex"]["dopamine"]
NO_UPTAKE = Medium(Vmax=0)
CASES = [(region, modulator) for region in ("striatum", "cortex") for modulator in MODULATORS]


def soe_against_kernel(region: str, modulator: str, radius: float, amount: float, r_first: float):
    """Compare fit and kernel over everything in reach up to 60 um, on times of their own."""
    medium, numerics = MEDIA[region][modulator], SoeSettings()
    far = min(60.0, reach(radius, amount, medium, numerics.cutoff))
    r = np.unique(np.concatenate([np.linspace(r_first, far, 60), radius + np.geomspace(0.02, 2, 15),
                                  radius - np.geomspace(0.02, 2, 15)]))  # fmt: skip
    r = r[(r >= r_first) & (r <= far)]
    delay, weights, error = soe_weights(r, radius, medium)
    t = np.concatenate([np.geomspace(1e-4, 0.025, 60)[:-1], np.geomspace(0.025, 3000, 3001)])
    fit = weights @ np.exp(-np.outer(soe_rates(numerics) + medium.uptake, t))
    exact = kernel(r[:, None], delay[:, None] + t, radius, medium)
    height = peak(r, radius, medium)[0]
    step = np.diff(t)
    area = [(0.5 * (y[:, 1:] + y[:, :-1]) * step).sum(axis=1) for y in (fit, exact)]
    before = kernel(r, np.maximum(delay, 1e-12) * 0.999, radius, medium) * (delay > 0)
    miss = np.abs(fit - exact)[:, t >= 0.025].max(axis=1) / height
    undershoot = (fit.min(axis=1) / height).min()
    return miss, error, np.abs(area[0] / area[1] - 1).max(), undershoot, (before / height).max()


@pytest.mark.parametrize(("region", "modulator"), CASES)
@pytest.mark.parametrize(("radius", "amount", "r_first"), [(0, 10000, 1), (5, 94, 0), (10, 94, 0), (20, 94, 0)])
def test_twelve_exponentials_carry_every_kernel(region, modulator, radius, amount, r_first):
    miss, reported, area, undershoot, before = soe_against_kernel(region, modulator, radius, amount, r_first)
    assert miss.max() <= 0.02  # from one time step of 0.025 ms after arrival on
    assert (reported >= miss - 0.002).all()  # and said so; 0.002: the fit is sampled 5 times more coarsely
    assert reported.max() <= 0.02
    assert area <= 0.001  # 0.005 was asked for
    assert undershoot >= -0.01
    assert before <= 0.016  # what the delay leaves out


def test_a_point_nearer_than_the_smallest_distance_gets_it():
    _, (near, edge), error = soe_weights([0.1, 0.75], 0, STRIATUM)
    assert (near == edge).all()
    assert error.max() < 0.09  # as SoeSettings says


def test_the_error_without_uptake_is_what_the_settings_say():
    error = soe_weights([20.0, 40.0], 0, NO_UPTAKE)[2]
    assert error[0] < 0.02 and error[1] < 0.10


def test_the_fit_needs_its_slow_rates():
    # the check above must be able to fail: at 300 ms the tail of slow uptake is lost
    r, t = np.array([30.0]), np.geomspace(0.025, 3000, 2000)
    short = SoeSettings(tau_max=300)
    delay, weights, error = soe_weights(r, 0, CORTEX, short)
    fit = np.exp(-np.outer(t, soe_rates(short) + CORTEX.uptake)) @ weights[0]
    exact = point_kernel(r, delay + t, CORTEX)
    assert abs(trapezoid(fit, t) / trapezoid(exact, t) - 1) > 0.05 or error[0] > 0.05
