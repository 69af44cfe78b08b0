"""Calcium of a back-propagating spike in spine heads that follow the voltage of their dendrite."""

from __future__ import annotations

import numpy as np

from ..parameters import CalciumParameters

__all__ = ["head_calcium"]


def head_calcium(v: np.ndarray, dt: float, ca: CalciumParameters) -> np.ndarray:
    """Return the peak of calcium that a voltage lets into a head, for ratios between places.

    The equations are those of the spine (``docs/model.md``) without synapse and neck: a neck of 150 megohm carries
    the few pA of the calcium channels without a notable change of voltage.

    Parameters
    ----------
    v : ndarray, shape (n_time, n_place)
        Voltage (mV), from rest.
    dt : float
        ms.
    ca : CalciumParameters
        Channel and pump; `g_vgcc` and the size of the head cancel in ratios and are left out.

    Returns
    -------
    ndarray, shape (n_place,)
        Peak above rest (arbitrary unit, the same for all places).
    """

    def opening(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 1 / (1 + np.exp(-(u - ca.vhalf_m) / ca.k_m)), 1 / (1 + np.exp((u - ca.vhalf_h) / ca.k_h))

    keep_m, keep_h, keep_c = np.exp(-dt / np.array([ca.tau_m, ca.tau_h, ca.tau_ca]))
    m, h = opening(v[0])
    rest = m**2 * h * (ca.e_ca - v[0])  # the pump holds rest against this
    c = peak = np.zeros(v.shape[1])
    for u in v[1:]:
        m_inf, h_inf = opening(u)
        m, h = m_inf + (m - m_inf) * keep_m, h_inf + (h - h_inf) * keep_h
        c_inf = ca.tau_ca * (m**2 * h * (ca.e_ca - u) - rest)
        c = c_inf + (c - c_inf) * keep_c
        peak = np.maximum(peak, c)
    return peak
