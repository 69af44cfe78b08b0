"""Spread of a substance along the dendritic tree: diffusion between segments, loss, and production.

The tree is a graph of volumes.  Where segments meet, a node without volume is eliminated (star to mesh), so that
branch points carry the right flux whatever the number of branches.  The graph's generator is symmetric after scaling
with the root of the volumes; its eigenvectors, found once, advance any step exactly.
"""

from __future__ import annotations

from copy import copy
from weakref import WeakKeyDictionary

import numpy as np
from scipy.linalg import eigh

from .errors import ParameterError
from .geometry import Geometry

__all__ = ["TreeSpread"]

_MODES: WeakKeyDictionary[Geometry, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()
"""Rates for D = 1 (/ms) and modes of trees that are in use: all substances of a tree share them."""


class TreeSpread:
    """Diffusion and first-order loss of a substance in the cytoplasm of a tree.

    The concentration c of each segment obeys ``V dc/dt = sum_j g_j (c_j - c) - V c/tau + V production`` with
    ``g = D A/L`` between the middles of neighbouring segments.

    Parameters
    ----------
    tree : Geometry
        The cell's segments.
    D : float
        Diffusion coefficient in the dendrite (um2/ms).
    tau : float
        Time constant of loss (ms); inf for none.

    Attributes
    ----------
    volume : ndarray, shape (n_segment,)
        Of each segment (um3).

    Raises
    ------
    ParameterError
        If D is negative, tau is not positive, or a segment has no length or diameter.
    """

    def __init__(self, tree: Geometry, D: float, tau: float = np.inf) -> None:
        if not (np.isfinite(D) and D >= 0):
            raise ParameterError(f"D = {D}: must be at least 0 um2/ms")
        if not tau > 0:
            raise ParameterError(f"tau = {tau}: must be more than 0 ms")
        if not (np.all(tree.length > 0) and np.all(tree.diam > 0)):
            raise ParameterError("tree: every segment must have a length and a diameter above 0 um")
        self.D, self.tau = float(D), float(tau)
        across = np.pi * tree.diam**2 / 4
        self.volume = across * tree.length
        self._root = np.sqrt(self.volume)
        if tree not in _MODES:
            generator = -_laplacian(tree, across / (tree.length / 2)) / np.outer(self._root, self._root)
            values, modes = eigh(generator)
            values = np.minimum(values, 0.0)  # rounding lifts the mode of constant concentration above 0
            values[-1] = 0.0
            _MODES[tree] = values, modes
        unit, self._modes = _MODES[tree]
        self._rates = self.D * unit

    def like(self, D: float, tau: float) -> TreeSpread:
        """Return the spread of another substance in the same tree; its modes are these, its rates in proportion to D.

        Raises
        ------
        ParameterError
            If this substance does not spread, so that its modes say nothing of another.
        """
        if not self.D > 0:
            raise ParameterError("D = 0: a substance that does not spread has no modes to share")
        other = copy(self)
        other.D, other.tau, other._rates = float(D), float(tau), self._rates * (D / self.D)
        return other

    def advance(self, c: np.ndarray, dt: float, production: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the concentration after a step, exact for a production that is constant during it.

        Parameters
        ----------
        c : ndarray, shape (n_segment,) or (n_segment, n)
            Concentration (any unit).
        dt : float
            Step (ms).
        production : array_like, broadcastable to `c`
            Rate (unit of `c` per ms).
        """
        rates = self._rates - 1 / self.tau
        scale = (self._root, rates) if np.ndim(c) == 1 else (self._root[:, None], rates[:, None])
        root, rates = scale
        amplitude = np.exp(rates * dt) * (self._modes.T @ (root * c))
        if np.any(production):
            drive = self._modes.T @ (root * (np.zeros_like(c) + production))
            # (exp(r dt) - 1)/r, its limit dt where r vanishes
            integral = np.where(rates < -1e-300, np.expm1(rates * dt) / np.minimum(rates, -1e-300), dt)
            amplitude = amplitude + integral * drive
        return (self._modes @ amplitude) / root

    def steady(self, production: np.ndarray) -> np.ndarray:
        """Return the concentration that a constant production keeps up.

        Raises
        ------
        ParameterError
            If nothing is lost, so that there is no steady state.
        """
        if np.isinf(self.tau):
            raise ParameterError("tau = inf: without loss a production has no steady state")
        amplitude = self._modes.T @ (self._root * np.asarray(production, float))
        return (self._modes @ (amplitude / (1 / self.tau - self._rates))) / self._root

    @property
    def length_constant(self) -> float:
        """Distance over which a steady source decays e-fold in a long cable, sqrt(D tau) (um)."""
        return float(np.sqrt(self.D * self.tau))


def _laplacian(tree: Geometry, half: np.ndarray) -> np.ndarray:
    """Return the conductances between segments (um3/ms) as a graph Laplacian.

    `half` is the conductance from a segment's middle to its end.
    """
    n = len(tree)
    out = np.zeros((n, n))
    last = np.append(tree.section[1:] != tree.section[:-1], True)
    junctions: dict[int, list[int]] = {}
    for child in range(n):
        parent = int(tree.parent[child])
        if parent < 0:
            continue
        inside = tree.section[child] == tree.section[parent]
        if not inside and (tree.region[parent] == "soma" or not last[parent]):
            _join(out, parent, child, half[child])  # it begins at the parent's middle
        else:
            junctions.setdefault(parent, []).append(child)
    for parent, children in junctions.items():
        members = [parent, *children]
        total = half[members].sum()
        for a, i in enumerate(members):
            for j in members[a + 1 :]:
                _join(out, i, j, half[i] * half[j] / total if total else 0.0)
    return out


def _join(laplacian: np.ndarray, i: int, j: int, g: float) -> None:
    laplacian[i, j] -= g
    laplacian[j, i] -= g
    laplacian[i, i] += g
    laplacian[j, j] += g
