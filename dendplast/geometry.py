"""Morphology and segment geometry as arrays: what every floor above reads, with no NEURON in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Finding", "Geometry", "Morphology", "Neurite"]


@dataclass(frozen=True)
class Finding:
    """One thing a morphology check noticed.

    Attributes
    ----------
    kind : str
        Short name of the check, such as ``"zero diameter"``.
    message : str
        One sentence with place and value.
    fatal : bool
        True when no cell can be built from the file as it is.
    repaired : bool
        True when the loader was asked to repair this and did.
    """

    kind: str
    message: str
    fatal: bool = False
    repaired: bool = False


@dataclass(frozen=True, eq=False)
class Neurite:
    """One unbranched piece of tree.

    Attributes
    ----------
    kind : str
        ``"axon"``, ``"basal"`` or ``"apical"`` (SWC 2, 3, 4; an SPN's dendrites are ``"basal"``).
    parent : int
        Index of the parent neurite, -1 when it starts at the soma.
    points : ndarray, shape (n, 3)
        Coordinates (um); the first point of a child repeats the last point of its parent.
    diameters : ndarray, shape (n,)
        Diameters (um).
    """

    kind: str
    parent: int
    points: np.ndarray
    diameters: np.ndarray

    @property
    def length(self) -> float:
        """Length along the points (um)."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Morphology:
    """A neuron as a sphere-equivalent soma and a tree of neurites.

    Attributes
    ----------
    name : str
        Shipped name or file stem.
    soma_center : ndarray, shape (3,)
        Centre of the soma (um).
    soma_diameter : float
        Diameter (um) of the sphere with the soma's membrane area; NEURON gets the cylinder with
        length = diameter = this, which has the same area.
    neurites : tuple of Neurite
        Parents come before children.
    findings : tuple of Finding
        What the checks said of the file.
    """

    name: str
    soma_center: np.ndarray
    soma_diameter: float
    neurites: tuple[Neurite, ...]
    findings: tuple[Finding, ...] = field(default=())

    def __repr__(self) -> str:
        found = f", {len(self.findings)} findings" if self.findings else ""
        tree = f"{len(self.neurites)} neurites of {sum(n.length for n in self.neurites):.0f} um"
        return f"<Morphology {self.name}: soma of {self.soma_diameter:.1f} um, {tree}{found}>"

    def path_distances(self) -> np.ndarray:
        """Return the path distance (um) from the soma surface to the end of each neurite, shape (n,)."""
        ends = np.zeros(len(self.neurites))
        for i, n in enumerate(self.neurites):
            ends[i] = n.length + (ends[n.parent] if n.parent >= 0 else 0.0)
        return ends


@dataclass(frozen=True, eq=False, repr=False)
class Geometry:
    """Every segment of a built cell as arrays of length n_segment; row order is section order, then x.

    Attributes
    ----------
    section_names : tuple of str
        Names of the sections; ``section`` indexes into it.
    section, parent : ndarray of int, shape (n,)
        Section index; parent segment (-1 at the root).
    x : ndarray, shape (n,)
        Position of the segment centre in its section, 0 to 1.
    start, end : ndarray, shape (n, 3)
        End points of the segment (um), by arc length along the 3-D points.
    length, diam, area : ndarray, shape (n,)
        um, um, um2.
    path_distance : ndarray, shape (n,)
        Path from the centre of the soma to the segment centre (um), as NEURON's ``h.distance``.
    region : ndarray of str, shape (n,)
        ``"soma"``, ``"axon"``, ``"basal"`` or ``"apical"``.
    """

    section_names: tuple[str, ...]
    section: np.ndarray
    x: np.ndarray
    start: np.ndarray
    end: np.ndarray
    length: np.ndarray
    diam: np.ndarray
    area: np.ndarray
    path_distance: np.ndarray
    region: np.ndarray
    parent: np.ndarray

    def __len__(self) -> int:
        return len(self.section)

    def __repr__(self) -> str:
        return f"<Geometry: {len(self)} segments of {len(self.section_names)} sections, {self.length.sum():.0f} um>"

    @property
    def center(self) -> np.ndarray:
        """Segment centres (um), shape (n, 3)."""
        return 0.5 * (self.start + self.end)
