"""Finer segments of a tree, for signals that change over a few micrometres."""

from __future__ import annotations

import numpy as np

from ..errors import ParameterError
from ..geometry import Geometry

__all__ = ["finer", "segment_at"]


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
