"""Finer segments of a tree, for signals that change over a few micrometres."""

from __future__ import annotations

import numpy as np

from ..errors import ParameterError
from ..geometry import Geometry

__all__ = ["finer", "segment_at", "straight"]


def finer(tree: Geometry, longest: float) -> Geometry:
    """Divide the segments of a tree until none is longer than `longest` (um).

    The soma stays whole; a segment becomes an odd number of equal pieces, so that what begins at its middle
    still does.

    Parameters
    ----------
    tree : Geometry
        The cell's segments.
    longest : float
        um.

    Returns
    -------
    Geometry
        Sections, and the order of rows along each, are those of `tree`.

    Raises
    ------
    ParameterError
        If `longest` is not positive.
    """
    if not longest > 0:
        raise ParameterError(f"longest = {longest}: must be more than 0 um")
    pieces = np.maximum(1, np.ceil(tree.length / longest).astype(int))
    pieces += (pieces % 2 == 0).astype(int)
    pieces[tree.region == "soma"] = 1
    first = np.cumsum(pieces) - pieces
    row = np.repeat(np.arange(len(tree)), pieces)
    k, n = np.arange(len(row)) - first[row], pieces[row]
    last = np.append(tree.section[1:] != tree.section[:-1], True)
    parent = np.arange(len(row)) - 1
    for old in range(len(tree)):
        above = int(tree.parent[old])
        if above < 0:
            parent[first[old]] = -1
            continue
        inside = tree.section[old] == tree.section[above]
        at_end = inside or (last[above] and tree.region[above] != "soma")
        parent[first[old]] = first[above] + (pieces[above] - 1 if at_end else pieces[above] // 2)
    count = np.bincount(tree.section, minlength=len(tree.section_names))  # segments of each section, all equal
    along = tree.end[row] - tree.start[row]
    return Geometry(
        tree.section_names, tree.section[row], tree.x[row] + ((k + 0.5) / n - 0.5) / count[tree.section[row]],
        tree.start[row] + along * (k / n)[:, None], tree.start[row] + along * ((k + 1) / n)[:, None],
        tree.length[row] / n, tree.diam[row], tree.area[row] / n,
        tree.path_distance[row] + ((k + 0.5) / n - 0.5) * tree.length[row], tree.region[row], parent,
    )  # fmt: skip


def straight(branches: list[tuple[int, float, float]], longest: float, soma: float = 15.0) -> Geometry:
    """Return a soma with straight dendrites, for studies in which the shape of a tree does not matter.

    Parameters
    ----------
    branches : list of (int, float, float)
        Parent branch (-1: the soma), length (um) and diameter (um) of each; parents come first.
    longest : float
        Longest segment (um).
    soma : float
        Diameter of the soma (um).
    """
    section, parent, length, diam, begin, x = [0], [-1], [soma], [soma], [-soma / 2], [0.5]
    ends: list[tuple[int, float]] = []  # last row and path distance of its far end, of each branch
    for k, (above, total, width) in enumerate(branches):
        row, path = ends[above] if above >= 0 else (0, soma / 2)
        n = int(np.ceil(total / longest))
        for i in range(n):
            parent.append(row)
            row = len(section)
            section.append(k + 1)
            length.append(total / n)
            diam.append(width)
            begin.append(path + total * i / n)
            x.append((i + 0.5) / n)
        ends.append((row, path + total))
    size, start = np.array(length), np.array(begin)
    side = np.c_[np.zeros(len(start)), 20.0 * np.array(section, float), np.zeros(len(start))]  # beside one another
    along = np.array([1.0, 0.0, 0.0])
    names = ("soma", *(f"dend[{k}]" for k in range(len(branches))))
    return Geometry(
        names, np.array(section), np.array(x), start[:, None] * along + side, (start + size)[:, None] * along + side,
        size, np.array(diam), np.pi * size * np.array(diam), start + size / 2,
        np.where(np.array(section) == 0, "soma", "apical"), np.array(parent),
    )  # fmt: skip


def segment_at(tree: Geometry, section: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the row of the segment at `x` (0 to 1) of each section, shape (n,).

    Raises
    ------
    ParameterError
        If a section has no segment.
    """
    out = np.empty(len(section), int)
    for one in np.unique(section):
        rows = np.flatnonzero(tree.section == one)
        if not len(rows):
            raise ParameterError(f"section = {one}: must be 0 to {len(tree.section_names) - 1}")
        here = np.asarray(section) == one
        out[here] = rows[np.abs(tree.x[rows][None, :] - np.asarray(x)[here][:, None]).argmin(axis=1)]
    return out
