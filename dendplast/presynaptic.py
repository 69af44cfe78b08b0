"""The presynaptic side: short-term plasticity and stochastic release, as weights of presynaptic spikes."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .quantity import Description, quantity

__all__ = ["Presynaptic", "mean_release", "release_weights", "steady_state"]


class Presynaptic(Description):
    """Release sites of one synapse: Tsodyks-Markram depression and facilitation, with quanta if `stochastic`.

    Before a spike a site is filled with probability R; the spike empties a filled site with probability u.
    In between R recovers to 1 with `tau_rec` and u falls to U with `tau_fac` (10.1162/089976698300017502;
    sites as in 10.1152/jn.00258.2001).

    The weight of a spike counts in successes of a rested synapse: spines are calibrated on one EPSP, which
    experiments measure on successes.  So one site gives weight 1 or 0, and without quanta U.
    """

    U: float = quantity(0.3, "1", "assumed: between the 0.2 and 0.5 in use", 1e-3, 1)
    tau_rec: float = quantity(100.0, "ms", "assumed: the middle of 100 to 700 ms in use for cortex", 0.1, 1e5)
    tau_fac: float = quantity(0.0, "ms", "assumed: no facilitation unless given", 0, 1e5)
    sites: int = Field(1, ge=1, le=100)
    stochastic: bool = True
    K_ca: float = quantity(2.79, "mM", "10.1016/j.cell.2015.09.029 (release against calcium, fourth power)", 0.1, 20)

    def at(self, ca: float, reference: float) -> Presynaptic:
        """Return the same synapse in another extracellular calcium (mM); `U` holds at the reference (mM)."""
        share = [c**4 / (c**4 + self.K_ca**4) for c in (ca, reference)]
        return self.replaced(U=min(1.0, self.U * share[0] / share[1]))

    @property
    def quantum(self) -> float:
        """Weight of one vesicle: successes of a rested synapse have the mean weight 1."""
        return (1 - (1 - self.U) ** self.sites) / (self.sites * self.U)


def mean_release(p: Presynaptic, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return u and R at each spike of a train.

    Parameters
    ----------
    p : Presynaptic
        The synapse, rested before the first spike.
    times : array_like, shape (n,)
        Spike times (ms), ascending.

    Returns
    -------
    u, R : ndarray, shape (n,)
        Release probability of a filled site, and mean share of sites that are filled.
    """
    u, R = np.empty(len(times)), np.empty(len(times))
    for k in range(len(times)):
        if k == 0:
            u[k], R[k] = p.U, 1.0
            continue
        gap = times[k] - times[k - 1]
        u[k] = _facilitated(p, u[k - 1], gap)
        R[k] = 1 - (1 - R[k - 1] * (1 - u[k - 1])) * np.exp(-gap / p.tau_rec)
    return u, R


def steady_state(p: Presynaptic, hz: float) -> tuple[float, float]:
    """Return u and R at which a long regular train at `hz` (Hz) arrives, in closed form."""
    gap = 1e3 / hz
    kept = np.exp(-gap / p.tau_fac) if p.tau_fac else 0.0
    lost = np.exp(-gap / p.tau_rec)
    u = p.U / (1 - (1 - p.U) * kept)
    return float(u), float((1 - lost) / (1 - (1 - u) * lost))


def release_weights(p: Presynaptic, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the weight of each spike of a train, shape (n,); means over draws are those without quanta.

    Parameters
    ----------
    p : Presynaptic
        The synapse, rested before the first spike.
    times : array_like, shape (n,)
        Spike times (ms), ascending.
    rng : Generator
        The synapse's own stream.
    """
    u, R = mean_release(p, times)
    if not p.stochastic:
        return p.quantum * p.sites * u * R
    released = np.empty(len(times))
    filled = np.ones(p.sites, bool)
    for k in range(len(times)):
        if k:
            filled |= rng.random(p.sites) < -np.expm1(-(times[k] - times[k - 1]) / p.tau_rec)
        go = filled & (rng.random(p.sites) < u[k])
        released[k] = go.sum()
        filled &= ~go
    return p.quantum * released


def _facilitated(p: Presynaptic, u: float, gap: float) -> float:
    """Return u at a spike `gap` ms after one at which it was `u`."""
    return p.U + u * (1 - p.U) * (np.exp(-gap / p.tau_fac) if p.tau_fac else 0.0)
