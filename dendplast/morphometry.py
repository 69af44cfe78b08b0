"""Numbers that describe a tree: counts, lengths, areas, Sholl profile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from .geometry import Morphology

__all__ = ["SHOLL_STEP", "MorphologyStatistics", "statistics"]

SHOLL_STEP = 10.0  # um between the spheres; assumed: finer than the branching, coarser than the points


@dataclass(frozen=True, eq=False)
class MorphologyStatistics:
    """Statistics of the neurites of some kinds.

    Attributes
    ----------
    stems, bifurcations, tips : int
        Neurites at the soma or on another kind; points with two or more children; ends.
    length, area : float
        Total length (um) and lateral membrane area of the frusta (um2).
    max_path : float
        Longest path from the first point of a stem at the soma to a tip (um).
    mean_end_section, mean_inner_section : float
        Mean length of sections that end, and of those that branch (um); 0 when there is none.
    sholl : ndarray of int, shape (n,)
        Crossings of the spheres of radius 10, 20, ... um about the soma centre.
    """

    stems: int
    bifurcations: int
    tips: int
    length: float
    area: float
    max_path: float
    mean_end_section: float
    mean_inner_section: float
    sholl: np.ndarray

    @property
    def sholl_peak(self) -> int:
        """Largest number of crossings."""
        return int(self.sholl.max(initial=0))

    @property
    def sholl_peak_radius(self) -> float:
        """Radius of the innermost sphere with the largest number of crossings (um)."""
        return SHOLL_STEP * (1 + int(self.sholl.argmax())) if len(self.sholl) else 0.0


def statistics(morphology: Morphology, kinds: Collection[str] | None = None) -> MorphologyStatistics:
    """Measure the neurites of some kinds.

    Parameters
    ----------
    morphology : Morphology
        The cell (um).
    kinds : collection of str, optional
        Of ``"axon"``, ``"basal"``, ``"apical"``; the default is both kinds of dendrite.
    """
    kinds = ("basal", "apical") if kinds is None else kinds
    neurites = morphology.neurites
    chosen = [i for i, n in enumerate(neurites) if n.kind in kinds]
    children = np.zeros(len(neurites), int)
    for n in neurites:
        if n.parent >= 0:
            children[n.parent] += 1
    ends = [neurites[i].length for i in chosen if not children[i]]
    inner = [neurites[i].length for i in chosen if children[i]]
    stems = sum(neurites[i].parent < 0 or neurites[neurites[i].parent].kind not in kinds for i in chosen)
    return MorphologyStatistics(
        stems=stems,
        bifurcations=int((children[chosen] > 1).sum()),
        tips=len(ends),
        length=sum(ends) + sum(inner),
        area=sum(_area(neurites[i].points, neurites[i].diameters) for i in chosen),
        max_path=float(morphology.path_distances()[chosen].max(initial=0.0)),
        mean_end_section=float(np.mean(ends)) if ends else 0.0,
        mean_inner_section=float(np.mean(inner)) if inner else 0.0,
        sholl=_sholl([neurites[i].points - morphology.soma_center for i in chosen]),
    )


def _area(points: np.ndarray, diameters: np.ndarray) -> float:
    """Return the lateral area (um2) of a chain of frusta."""
    height = np.linalg.norm(np.diff(points, axis=0), axis=1)
    slant = np.hypot(height, np.diff(diameters) / 2)
    return float(np.pi / 2 * ((diameters[:-1] + diameters[1:]) * slant).sum())


def _sholl(lines: list[np.ndarray]) -> np.ndarray:
    """Count the segments whose end points lie on different sides of each sphere about the origin."""
    if not lines:
        return np.zeros(0, int)
    radii = [np.linalg.norm(line, axis=1) for line in lines]
    low = np.concatenate([np.minimum(r[:-1], r[1:]) for r in radii])
    high = np.concatenate([np.maximum(r[:-1], r[1:]) for r in radii])
    shells = np.arange(SHOLL_STEP, high.max() + SHOLL_STEP, SHOLL_STEP)
    return ((low[:, None] < shells) & (high[:, None] >= shells)).sum(0)
