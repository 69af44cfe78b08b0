"""Uptake that saturates: the exact Michaelis-Menten step of a concentration."""

from __future__ import annotations

import numpy as np

from .release import Medium

__all__ = ["mm_step"]

_CHUNK = 16384  # values advanced at once: three arrays of them stay in a core's cache
_DONE = 5e-4  # a Newton step this small leaves a relative error of half its square, 1.3e-7


def mm_step(c: np.ndarray, medium: Medium, dt: float) -> None:
    """Advance concentrations by dc/dt = -Vmax c/(Km + c), in place.

    The solution is c + Km log c = const - Vmax dt, or Km W(...) with Lambert's W (Schnell & Mendoza 1997,
    doi 10.1006/jtbi.1997.0425). Here it is found for a = log(c(dt)/c(0)), the root of
    c expm1(a) + Km a + Vmax dt, by Newton's method: the function is convex and rises, and the start (the decay
    at the present rate) is above the root, so every step, however stiff, comes nearer and none goes past it.
    0 stays exactly 0.

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
    flat = c.reshape(-1)
    for first in range(0, len(flat), _CHUNK):
        x = flat[first : first + _CHUNK]
        a = -turnover / (Km + x)
        while True:  # one pass for the usual step of a field; a stiff one takes up to ten
            left = x * np.exp(a)
            step = (left - x + Km * a + turnover) / (left + Km)
            if not np.abs(step).max() > _DONE:
                break
            a -= step
        x[:] = left * (1 - step + 0.5 * step * step)
