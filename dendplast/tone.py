"""The steady concentration that terminals keep up by their ongoing activity, and where it is higher or lower."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .errors import ParameterError
from .kernels import PER_UM3, steady
from .release import Medium

__all__ = ["mean_tone", "tone_map"]

_LENGTHS = 6.0  # of sqrt(D*/k): terminals farther away count by their mean, 1.7 % of the whole
_CHUNK = 64  # points looked up at once


def mean_tone(medium: Medium, hz: float, density: float | None = None) -> float:
    """Return the mean concentration where release and uptake balance, q Km/(Vmax - q) (mM).

    q is what all terminals release per volume of extracellular space and time (Dreyer et al. 2010,
    doi 10.1523/JNEUROSCI.1894-10.2010).

    Parameters
    ----------
    medium : Medium
        Uptake, release probability and molecules per vesicle.
    hz : float
        Spikes of each terminal (Hz).
    density : float, optional
        Terminals (/um3); the medium's when not given.

    Raises
    ------
    ParameterError
        If the terminals release as much as uptake can take or more: then there is no steady state.
    """
    density = medium.density if density is None else density
    q = density * medium.p * medium.molecules * hz * 1e-3 * PER_UM3 / medium.alpha
    if q == 0:
        return 0.0
    if q >= medium.clearance:
        raise ParameterError(
            f"hz = {hz:g}: {density:g} terminals per um3 release {q * 1e6:.3g} uM/s, uptake takes at most Vmax = "
            f"{medium.clearance * 1e6:.3g} uM/s, so the concentration would rise for ever; valid is less release"
        )
    return q * medium.Km / (medium.clearance - q)


def tone_map(
    points: np.ndarray,
    terminals: np.ndarray,
    hz: float,
    medium: Medium,
    density: float | None = None,
    r_min: float = 0.75,
) -> np.ndarray:
    """Return the steady concentration at points among terminals that fire without pause.

    Each terminal is a steady point source. Uptake everywhere is what it is at the mean concentration,
    Vmax/(Km + C), so that the mean of the map is the mean field (`mean_tone`). Terminals are looked at up to
    six lengths of diffusion; beyond they go on at `density`.

    Parameters
    ----------
    points : array_like, shape (n, 3)
        Where (um).
    terminals : array_like, shape (n_terminal, 3)
        Release sites (um).
    hz : float
        Spikes of each terminal (Hz).
    medium : Medium
        Diffusion, uptake, release probability and molecules per vesicle.
    density : float, optional
        Terminals (/um3) on average; the medium's when not given.
    r_min : float
        Least distance of a point from a terminal (um).

    Returns
    -------
    ndarray, shape (n,)
        mM.

    Raises
    ------
    ParameterError
        If there is no steady state.
    """
    mean = mean_tone(medium, hz, density)
    points = np.asarray(points, float).reshape(-1, 3)
    if mean == 0:
        return np.zeros(len(points))
    here = medium.replaced(Vmax=medium.Vmax * medium.Km / (medium.Km + mean))
    far = _LENGTHS * np.sqrt(here.D_star / here.uptake)
    rate = medium.p * medium.molecules * hz * 1e-3
    terminals = np.asarray(terminals, float).reshape(-1, 3)
    tree = cKDTree(terminals) if len(terminals) else None
    out = np.full(len(points), mean * (1 + _LENGTHS) * np.exp(-_LENGTHS))
    for first in range(0, len(points) if tree else 0, _CHUNK):
        some = points[first : first + _CHUNK]
        near = tree.query_ball_point(some, far)
        count = np.array([len(n) for n in near])
        which = np.concatenate([np.asarray(n, int) for n in near])
        r = np.linalg.norm(terminals[which] - np.repeat(some, count, axis=0), axis=1)
        source = np.repeat(np.arange(len(some)), count)
        c = rate * steady(np.maximum(r, r_min), 0.0, here)
        out[first : first + _CHUNK] += np.bincount(source, c, len(some))
    return out
