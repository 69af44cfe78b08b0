"""Uptake that saturates: the exact Michaelis-Menten step of a concentration."""

from __future__ import annotations

import numpy as np

from .release import Medium

__all__ = ["mm_step"]

_CHUNK = 16384  # values advanced at once: three arrays of them stay in a core's cache
_GENTLE = 0.05  # Vmax dt/Km up to which a series of third order leaves less than 1e-6
_DONE = 5e-4  # a Newton step this small leaves a relative error of half its square, 1.3e-7


def mm_step(c: np.ndarray, medium: Medium, dt: float) -> None:
    """Advance concentrations by dc/dt = -Vmax c/(Km + c), in place.

    The solution is c + Km log c = const - Vmax dt, or Km W(...) with Lambert's W (Schnell & Mendoza 1997,
    doi 10.1006/jtbi.1997.0425). Here it is found for a = log(c(dt)/c(0)), the root of
    c expm1(a) + Km a + Vmax dt: for short steps by a series, else by Newton's method. The function is convex
    and rises, and the start (the decay at the present rate) is above the root, so every step of Newton's,
    however stiff the problem, comes nearer and none goes past it. 0 stays exactly 0.

    Parameters
    ----------
    c : ndarray
        Concentration (mM), contiguous; changed in place. Values may be negative by rounding.
    medium : Medium
        Vmax and Km.
    dt : float
        Step (ms).
    """
    turnover, Km = medium.clearance * dt, medium.Km
    if turnover == 0:
        return
    advance = _gentle if turnover <= _GENTLE * Km else _by_newton
    flat = c.reshape(-1)
    for first in range(0, len(flat), _CHUNK):
        advance(flat[first : first + _CHUNK], turnover, Km)


def _by_newton(x: np.ndarray, turnover: float, Km: float) -> None:
    a = -turnover / (Km + x)
    while True:  # a stiff step takes up to ten passes
        left = x * np.exp(a)
        step = (left - x + Km * a + turnover) / (left + Km)
        if not np.abs(step).max() > _DONE:
            break
        a -= step
    x[:] = left * (1 - step + 0.5 * step * step)


def _gentle(x: np.ndarray, turnover: float, Km: float) -> None:
    """Take a short step by the third-order series of the root and the fourth of its exponential.

    With g = Vmax dt/(Km + c) and w = c/(Km + c) the root is -g (1 + g w (1/2 + g (w/2 - 1/6))) + O(g^4).
    """
    near = 1 / (Km + x)
    g, w = turnover * near, x * near
    a = 0.5 * w
    a -= 1 / 6
    a *= g
    a += 0.5
    a *= w
    a *= g
    a += 1
    a *= g  # the root, with its sign turned
    left = a * (1 / 24)
    for term in (-1 / 6, 0.5, -1.0):
        left += term
        left *= a
    left += 1
    x *= left
