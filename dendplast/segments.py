"""Snapshot of NEURON sections as `Geometry`; reads the sections, changes nothing in them."""

from __future__ import annotations

import numpy as np
from neuron import h

from .geometry import Geometry

__all__ = ["snapshot"]


def snapshot(sections: list, region_of: dict, soma) -> Geometry:
    """Return the segments of connected sections as arrays.

    Parameters
    ----------
    sections : list of nrn.Section
        All of one tree, in the row order wanted.
    region_of : dict
        Region of each section.
    soma : nrn.Section
        Path distances are measured from its middle.
    """
    offset = dict(zip(sections, np.cumsum([0, *(sec.nseg for sec in sections)]), strict=False))
    points = _points(sections, soma)
    rows: dict[str, list] = {key: [] for key in ("section", "x", "length", "diam", "area", "distance", "parent")}
    starts, ends, regions = [], [], []
    for index, sec in enumerate(sections):
        edges = _along(points[sec], np.linspace(0, 1, sec.nseg + 1))
        starts.append(edges[:-1])
        ends.append(edges[1:])
        regions += [region_of[sec]] * sec.nseg
        for seg in sec:
            rows["section"].append(index)
            rows["x"].append(seg.x)
            rows["length"].append(sec.L / sec.nseg)
            rows["diam"].append(seg.diam)
            rows["area"].append(seg.area())
            rows["distance"].append(h.distance(soma(0.5), seg))
        rows["parent"] += _parents(sec, offset)
    return Geometry(
        section_names=tuple(sec.name() for sec in sections),
        section=np.array(rows["section"]),
        x=np.array(rows["x"]),
        start=np.concatenate(starts),
        end=np.concatenate(ends),
        length=np.array(rows["length"]),
        diam=np.array(rows["diam"]),
        area=np.array(rows["area"]),
        path_distance=np.array(rows["distance"]),
        region=np.array(regions),
        parent=np.array(rows["parent"]),
    )


def _parents(sec, offset: dict) -> list[int]:
    """Return the row of the parent segment of each segment of a section."""
    first, n = offset[sec], sec.nseg
    up = sec.parentseg()
    root = -1 if up is None or up.sec not in offset else offset[up.sec] + _index(up)
    if h.section_orientation(sec=sec) == 0:
        return [root, *range(first, first + n - 1)]
    return [*range(first + 1, first + n), root]  # connected by its 1 end: the parent is beyond the last segment


def _index(seg) -> int:
    """Return the number of a segment in its section; x = 1 belongs to the last."""
    return min(int(seg.x * seg.sec.nseg), seg.sec.nseg - 1)


def _along(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the points at the fractions x of the arc length of a polyline."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return np.stack([np.interp(x * arc[-1], arc, points[:, k]) for k in range(3)], axis=1)


def _points(sections: list, soma) -> dict:
    """Return the 3-D points of each section; one without any is laid out straight, in our arrays only.

    The layout is for drawing and for distances in space: the root lies along x with its middle at the
    origin, and children leave the place where they are connected in directions spread evenly
    over the sphere (children of the root), or up to 30 degrees off their parent's direction.
    """
    points = {
        sec: np.array([[sec.x3d(i), sec.y3d(i), sec.z3d(i)] for i in range(sec.n3d())])
        for sec in sections
        if sec.n3d() > 1
    }
    root = h.SectionRef(sec=soma).root
    stack, count = [root], 0
    while stack:
        sec = stack.pop()
        if sec not in points:
            up = sec.parentseg()
            if up is None:
                points[sec] = np.array([[-sec.L / 2, 0, 0], [sec.L / 2, 0, 0]])
            else:
                start = _along(points[up.sec], np.array([up.x]))[0]
                direction = _direction(count, points[up.sec] if up.sec.parentseg() is not None else None)
                line = np.array([start, start + sec.L * direction])
                points[sec] = line if h.section_orientation(sec=sec) == 0 else line[::-1]
            count += 1
        stack += sec.children()
    return points


def _direction(k: int, parent: np.ndarray | None) -> np.ndarray:
    """Return the k-th direction of a golden-angle spiral, on the sphere or in a cone about the parent."""
    angle, height = k * np.pi * (3 - np.sqrt(5)), 1 - 2 * ((k * 0.618034) % 1)
    across = np.sqrt(1 - height**2)
    spiral = np.array([across * np.cos(angle), across * np.sin(angle), height])
    if parent is None:
        return spiral
    ahead = parent[-1] - parent[0]
    ahead = ahead / np.linalg.norm(ahead) + 0.5 * spiral  # |0.5| turns by at most asin(0.5) = 30 degrees
    return ahead / np.linalg.norm(ahead)
