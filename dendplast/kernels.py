"""Closed-form concentration around one release: kernels, their peaks and how far they reach.

Equations: free diffusion with first-order uptake in a porous medium, Nicholson & Phillips 1981
(doi 10.1113/jphysiol.1981.sp013981) for the point; the ball is its integral over a sphere.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import erf, erfcx

from .release import Medium

__all__ = [
    "ONCE",
    "PER_UM3",
    "ball_kernel",
    "bound",
    "kernel",
    "kernel_integral",
    "peak",
    "point_integral",
    "point_kernel",
    "reach",
    "steady",
    "trains",
]

#: Concentration (mM) of one molecule per um3: 1e18 / Avogadro's number (SI definition, exact).
PER_UM3 = 1e18 / 6.02214076e23

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def point_kernel(r: np.ndarray, t: np.ndarray, medium: Medium) -> np.ndarray:
    """Return the concentration after one molecule left a point (mM per molecule).

    exp(-r^2/(4 D* t) - k t) / (alpha (4 pi D* t)^(3/2)) with k the uptake; 0 for t <= 0.

    Parameters
    ----------
    r : array_like
        Distance from the site (um).
    t : array_like
        Time since the release (ms); broadcast against `r`.
    medium : Medium
        Diffusion and uptake.
    """
    r, t = np.asarray(r, float), np.asarray(t, float)
    after = t > 0
    spread = 4 * medium.D_star * np.where(after, t, 1.0)
    # one exponential: (...)^(-3/2) alone overflows for t -> 0 where the product is 0
    value = np.exp(-1.5 * np.log(np.pi * spread) - r**2 / spread - medium.uptake * np.where(after, t, 0.0))
    return np.where(after, PER_UM3 / medium.alpha * value, 0.0)


def point_integral(r: np.ndarray, t: np.ndarray, medium: Medium) -> np.ndarray:
    """Return the integral of `point_kernel` from 0 to `t` (mM ms per molecule).

    With L = sqrt(D*/k), x = r/(2 sqrt(D* t)) and y = sqrt(k t) it is
    [exp(-r/L) erfc(x - y) + exp(r/L) erfc(x + y)] / (8 pi alpha D* r) (Carslaw & Jaeger 1959, 10.4).

    Parameters
    ----------
    r : array_like
        Distance from the site (um), above 0.
    t : array_like
        Time since the release (ms); 0 and below give 0. Broadcast against `r`.
    medium : Medium
        Diffusion and uptake.
    """
    r, t = np.asarray(r, float), np.asarray(t, float)
    after = t > 0
    root = np.sqrt(np.where(after, t, 1.0))
    x, y = r / (2 * np.sqrt(medium.D_star) * root), np.sqrt(medium.uptake) * root
    # erfc(u) = exp(-u^2) erfcx(u), or 2 - that of -u: exp(r/L) alone overflows
    near = np.exp(-(x**2) - y**2)
    plus = near * erfcx(x + y)
    minus = np.where(x > y, near * erfcx(np.abs(x - y)), 2 * np.exp(-2 * x * y) - near * erfcx(np.abs(x - y)))
    return np.where(after, PER_UM3 / (8 * np.pi * medium.alpha * medium.D_star * r) * (plus + minus), 0.0)


def ball_kernel(r: np.ndarray, t: np.ndarray, radius: float, medium: Medium) -> np.ndarray:
    """Return the concentration after a ball of tissue released one molecule per um3 (mM per molecule/um3).

    With s = sqrt(4 D* t) and k the uptake, the integral of the point kernel over the ball is
    exp(-k t)/alpha * { [erf((R+r)/s) + erf((R-r)/s)]/2
    - s/(2 sqrt(pi) r) [exp(-(R-r)^2/s^2) - exp(-(R+r)^2/s^2)] }; 0 for t <= 0.
    The relative rounding error is about 1e-16 (s/R)^2.

    Parameters
    ----------
    r : array_like
        Distance from the centre (um).
    t : array_like
        Time since the release (ms); broadcast against `r`.
    radius : float
        Radius R of the ball (um).
    medium : Medium
        Diffusion and uptake.
    """
    r, t = np.asarray(r, float), np.asarray(t, float)
    after = t > 0
    s = np.sqrt(4 * medium.D_star * np.where(after, t, 1.0))
    # The difference of the two Gaussians over r, written so that r -> 0 does not cancel.
    y = 4 * radius * r / s**2
    mean = -np.expm1(-y) / np.where(y > 0, y, 1.0) + (y == 0)
    shell = 2 * radius / (np.sqrt(np.pi) * s) * np.exp(-(((radius - r) / s) ** 2)) * mean
    share = 0.5 * (erf((radius + r) / s) + erf((radius - r) / s)) - shell
    decay = np.exp(-medium.uptake * np.where(after, t, 0.0))
    return np.where(after, PER_UM3 / medium.alpha * decay * np.maximum(share, 0.0), 0.0)


def kernel(r: np.ndarray, t: np.ndarray, radius: float, medium: Medium) -> np.ndarray:
    """Return `ball_kernel`, or `point_kernel` when `radius` is 0."""
    return ball_kernel(r, t, radius, medium) if radius > 0 else point_kernel(r, t, medium)


def kernel_integral(r: np.ndarray, t0: float, t1: float, radius: float, medium: Medium) -> np.ndarray:
    """Return the integral of `kernel` from `t0` to `t1` (mM ms per molecule, or per molecule/um3).

    Closed form for a point; for a ball eight Gauss nodes in sqrt(t), in which the surface is smooth.

    Parameters
    ----------
    r : array_like, shape (n,)
        Distance from the centre (um); above 0 for a point.
    t0, t1 : float
        Times since the release (ms); what is before 0 counts nothing.
    radius : float
        Radius of the ball (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.
    """
    r = np.asarray(r, float)
    if radius == 0:
        return point_integral(r, t1, medium) - point_integral(r, t0, medium)
    a, b = np.sqrt(max(t0, 0.0)), np.sqrt(max(t1, 0.0))
    root = 0.5 * (a + b) + 0.5 * (b - a) * _NODES
    return ball_kernel(r[..., None], root**2, radius, medium) @ (_WEIGHTS * (b - a) * root)


def steady(r: np.ndarray, radius: float, medium: Medium) -> np.ndarray:
    """Return the integral of the kernel over all times: also the steady concentration of a source of 1 /ms.

    For a ball it solves the screened Poisson equation with a uniform source inside; without uptake L is
    infinite and the formulas take their limits.

    Parameters
    ----------
    r : array_like
        Distance from the centre (um); above 0 for a point.
    radius : float
        Radius of the ball (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.

    Returns
    -------
    ndarray
        mM ms per molecule for a point, mM ms per molecule/um3 for a ball.
    """
    r = np.asarray(r, float)
    scale = PER_UM3 / (medium.alpha * medium.D_star)
    fall = np.sqrt(medium.uptake / medium.D_star)  # 1/L
    if radius == 0:
        return scale / (4 * np.pi * r) * np.exp(-fall * r)
    inside = r < radius
    if fall * radius < 1e-3:  # the difference below cancels; the error of the limit is of this order
        outer = radius**3 / (3 * np.maximum(r, radius)) * np.exp(-fall * np.maximum(r - radius, 0.0))
        return scale * np.where(inside, radius**2 / 2 - r**2 / 6, outer)
    R, x = fall * radius, np.maximum(fall * r, 1e-9)
    within = 1 - (1 + R) / x * 0.5 * (np.exp(np.minimum(x - R, 0.0)) - np.exp(-x - R))
    beyond = 0.5 * ((R - 1) * np.exp(R - x) + (R + 1) * np.exp(-R - x)) / x
    return scale / fall**2 * np.where(inside, within, beyond)


def peak(r: np.ndarray, radius: float, medium: Medium) -> tuple[np.ndarray, np.ndarray]:
    """Return height and time of the largest concentration after one release event.

    For a point (radius 0) the time is the positive root of k t^2 + 3/2 t - r^2/(4 D*) = 0. For a ball it
    is found on a logarithmic grid of times and refined by one parabola (relative error of the height
    below 1e-6); inside the ball the kernel starts at its peak, at time 0.

    Parameters
    ----------
    r : array_like, shape (n,)
        Distance from the centre (um); above 0 for a point.
    radius : float
        Radius of the ball (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.

    Returns
    -------
    height : ndarray, shape (n,)
        mM per molecule for a point, mM per molecule/um3 for a ball.
    time : ndarray, shape (n,)
        ms after the release.
    """
    r = np.atleast_1d(np.asarray(r, float))
    if radius == 0:
        # in the form that does not cancel for k -> 0
        time = r**2 / (2 * medium.D_star) / (1.5 + np.sqrt(2.25 + medium.uptake * r**2 / medium.D_star))
        return point_kernel(r, time, medium), time
    # The peak at r lies between those of the nearest and the farthest point of the ball.
    far = (r.max(initial=0.0) + radius) ** 2 / (6 * medium.D_star)
    log_t = np.linspace(np.log(1e-9 * far), np.log(far), 300)
    grid = ball_kernel(r[:, None], np.exp(log_t), radius, medium)
    row = np.arange(len(r))
    i = np.clip(grid.argmax(axis=1), 1, len(log_t) - 2)
    left, mid, right = grid[row, i - 1], grid[row, i], grid[row, i + 1]
    bend = left - 2 * mid + right
    shift = np.clip(np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0), -1, 1)
    time = np.exp(log_t[i] + shift * (log_t[1] - log_t[0]))
    height = ball_kernel(r, time, radius, medium)
    inside = r < radius
    time = np.where(inside, 0.0, time)
    return np.where(inside, PER_UM3 / medium.alpha, np.maximum(height, mid)), time


ONCE = ((np.inf, 1.0),)
"""The train of a single event, see `bound`."""


def trains(times: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Return how many events of a train fall into any window, for windows of 1 ms to 1000 s and for all times.

    Parameters
    ----------
    times : ndarray
        Sorted times of the events (ms).

    Returns
    -------
    tuple of (float, float)
        Length of a window (ms), and the largest number of events in a window of that length.
    """
    if len(times) < 2:
        return ONCE
    widths = 10.0 ** np.arange(0, 6.01, 0.5)
    most = [(np.searchsorted(times, times + w, side="right") - np.arange(len(times))).max() for w in widths]
    return (*zip(widths.tolist(), map(float, most), strict=True), (np.inf, float(len(times))))


def bound(
    r: np.ndarray, radius: float, medium: Medium, train: tuple[tuple[float, float], ...] = ONCE
) -> np.ndarray:
    """Return a concentration that the sum over a train of events does not exceed, per unit amount.

    A kernel rises and falls once. Of events cut into windows W with at most m in each, the largest sum is
    therefore at most m (peak + area/W); the least over all windows holds. One event: its peak.

    Parameters
    ----------
    r : array_like, shape (n,)
        Distance from the centre of the site (um); above 0 for a point.
    radius : float
        Radius of the site (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.
    train : tuple of (float, float)
        Windows (ms) and numbers, see `trains`.

    Returns
    -------
    ndarray, shape (n,)
        mM per molecule (point) or per molecule/um3 (ball).
    """
    height, area = peak(r, radius, medium)[0], steady(np.atleast_1d(r), radius, medium)
    return np.min([m * (height + area / w) for w, m in train], axis=0)


@lru_cache(maxsize=4096)  # sites of one kind and train share the search
def reach(
    radius: float, amount: float, medium: Medium, cutoff: float, train: tuple[tuple[float, float], ...] = ONCE
) -> float:
    """Return the distance (um) beyond which a site's releases stay below `cutoff`.

    Parameters
    ----------
    radius : float
        Radius of the site (um), 0 for a point.
    amount : float
        Molecules (point) or molecules per um3 (ball) of one event.
    medium : Medium
        Diffusion and uptake.
    cutoff : float
        Concentration (mM).
    train : tuple of (float, float)
        How dense events are, see `trains`; one event when not given.
    """
    # Without uptake a peak is no higher than all the molecules released at the ball's nearest point.
    molecules = amount * train[-1][1] * (1 if radius == 0 else 4 / 3 * np.pi * radius**3)
    highest = (1.5 / (np.pi * np.e)) ** 1.5 * molecules * PER_UM3 / medium.alpha
    if highest == 0:
        return 0.0
    low, high = 0.0, radius + np.cbrt(highest / cutoff)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = amount * bound(middle, radius, medium, train)[0] > cutoff
        low, high = (middle, high) if above else (low, middle)
    return low
