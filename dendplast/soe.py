"""Sum of exponentials: a diffusion kernel as twelve decays that every release site shares."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .kernels import kernel, peak
from .release import N_RATE, Medium, SoeSettings

__all__ = ["soe_rates", "soe_weights"]

_STEP = 0.025  # ms: the usual time step; the error is reported from here on
_FIT_TIMES = np.geomspace(0.02, 6e3, 400)  # ms after the delay; earlier is less than one time step
_AREA_WINDOWS = {100.0: 1.0, 3000.0: 0.5}  # ms: weight (/ms) of the area error among the pointwise ones
_RIDGE = 1e-7  # of the largest singular value: keeps every weight below 1e3 peaks
_CHUNK = 4096  # distances fitted at once, ~15 MB per array


def soe_rates(settings: SoeSettings) -> np.ndarray:
    """Return the shared decay rates without uptake (/ms), fastest first, shape (12,)."""
    return 1 / np.geomspace(settings.tau_min, settings.tau_max, N_RATE)


def _trapezoid(times: np.ndarray, end: float) -> np.ndarray:
    """Return trapezoid weights (ms) that integrate samples at `times` up to `end`."""
    inside = np.minimum(times, end)
    step = np.diff(inside)
    return 0.5 * (np.append(step, 0.0) + np.append(0.0, step))


@lru_cache(maxsize=64)
def _fit_operator(uptake: float, settings: SoeSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return basis (n_time, 12), ridge inverse from kernel samples to weights (n_time, 12), and lift (12,).

    `lift` is the change of weights that raises the fit at arrival by 1 at the least cost to the fit.
    """
    rates = soe_rates(settings) + uptake
    basis = np.exp(-np.outer(_FIT_TIMES, rates))
    points = np.eye(len(_FIT_TIMES)) / np.sqrt(len(_FIT_TIMES))
    areas = [weight * _trapezoid(_FIT_TIMES, end) for end, weight in _AREA_WINDOWS.items()]
    rows = np.vstack([points, *areas])
    u, size, v = np.linalg.svd(rows @ basis, full_matrices=False)
    gain = size**2 + (_RIDGE * size[0]) ** 2
    operator = rows.T @ (u * (size / gain)) @ v
    lift = v.T @ (v.sum(axis=1) / gain)
    return basis, operator, lift / lift.sum()


def _onset(r: np.ndarray, radius: float, medium: Medium, height: np.ndarray, time: np.ndarray,
           share: float) -> np.ndarray:  # fmt: skip
    """Return the time (ms) at which the rising kernel reaches `share` of its peak; 0 inside a ball."""
    low, high = np.full(len(r), -30.0), np.log(np.maximum(time, 1e-12))
    for _ in range(45):  # halves an interval of ~40 to 1e-12
        middle = 0.5 * (low + high)
        reached = kernel(r, np.exp(middle), radius, medium) >= share * height
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.where(r < radius, 0.0, np.exp(high))


def soe_weights(
    r: np.ndarray, radius: float, medium: Medium, settings: SoeSettings | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit the kernel at each distance by the shared exponentials.

    A release at time 0 gives, from `delay` on, sum_j weights[j] exp(-(rates[j] + uptake) (t - delay)), and
    0 before. The fit is a ridge regression to the kernel and its areas up to 0.1 s and 3 s; one matrix
    serves every distance, so no table and no interpolation is needed.

    Parameters
    ----------
    r : array_like, shape (n,)
        Distance from the centre of the site (um). For a point, values below `settings.r_min` are raised to it.
    radius : float
        Radius of the ball (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.
    settings : SoeSettings, optional
        Time constants and onset.

    Returns
    -------
    delay : ndarray, shape (n,)
        Time at which the kernel reaches `settings.onset` of its peak (ms): close to r^2/(33 D*) for a point
        without uptake, 0 inside a ball.
    weights : ndarray, shape (n, 12)
        mM per molecule (point) or per molecule/um3 (ball).
    error : ndarray, shape (n,)
        Largest difference from the kernel over its peak, from one time step (0.025 ms) after arrival on and
        with what is left out before it.
    """
    settings = settings or SoeSettings()
    r = np.atleast_1d(np.asarray(r, float))
    if radius == 0:
        r = np.maximum(r, settings.r_min)
    basis, operator, lift = _fit_operator(medium.uptake, settings)
    delay, weights, error = np.empty(len(r)), np.empty((len(r), N_RATE)), np.empty(len(r))
    for first in range(0, len(r), _CHUNK):
        part = slice(first, first + _CHUNK)
        height, time = peak(r[part], radius, medium)
        delay[part] = _onset(r[part], radius, medium, height, time, settings.onset)
        exact = kernel(r[part, None], delay[part, None] + _FIT_TIMES, radius, medium)
        fit = exact @ operator
        fit += np.maximum(-fit.sum(axis=1), 0.0)[:, None] * lift  # no concentration below 0 at arrival
        weights[part] = fit
        miss = np.abs(fit @ basis.T - exact)[:, _FIT_TIMES >= _STEP].max(axis=1) / height
        error[part] = np.maximum(miss, np.where(delay[part] > 0, settings.onset, 0.0))
    return delay, weights, error
