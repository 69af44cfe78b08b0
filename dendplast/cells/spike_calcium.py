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
        Channels and pump; `g_vgcc` and the size of the head cancel in ratios and are left out.

    Returns
    -------
    ndarray, shape (n_place,)
        Peak above rest (arbitrary unit, the same for all places).
    """

    def inward(u: np.ndarray) -> np.ndarray:
        part_R = 1 - ca.share_L - ca.share_T
        return (part_R * m**2 * h + ca.share_L * m_L + ca.share_T * m_T * h_T) * (ca.e_ca - u)

    keep = {tau: np.exp(-dt / getattr(ca, tau)) for tau in ("tau_m", "tau_h", "tau_h_T", "tau_ca")}
    m, h, m_L, m_T, h_T = _open(v[0], ca)
    rest = inward(v[0])  # the pump holds rest against this
    c = peak = np.zeros(v.shape[1])
    for u in v[1:]:
        to = _open(u, ca)
        m, m_L, m_T = (x + (y - x) * keep["tau_m"] for x, y in ((to[0], m), (to[2], m_L), (to[3], m_T)))
        h, h_T = to[1] + (h - to[1]) * keep["tau_h"], to[4] + (h_T - to[4]) * keep["tau_h_T"]
        level = ca.tau_ca * (inward(u) - rest)
        c = level + (c - level) * keep["tau_ca"]
        peak = np.maximum(peak, c)
    return peak


def _open(u: np.ndarray, ca: CalciumParameters) -> tuple[np.ndarray, ...]:
    """Return the steady gates m and h of R-type, m of L-type, m and h of T-type channels at a voltage (mV)."""
    gates = (
        (ca.vhalf_m, ca.k_m), (ca.vhalf_h, -ca.k_h), (ca.vhalf_L, ca.k_L), (ca.vhalf_m_T, ca.k_m_T),
        (ca.vhalf_h_T, -ca.k_h_T),
    )  # fmt: skip
    return tuple(1 / (1 + np.exp((half - u) / k)) for half, k in gates)
