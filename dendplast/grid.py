"""The field of many release sites with saturating uptake, solved over a schedule of releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .box import Box
from .course import Segment, span
from .nearfield import NearField
from .release import Medium, Site

__all__ = ["GridSolver"]

BROAD = 1.5
"""Width of a release in steps of the grid when it is put on it: the grid then holds it to 1e-9."""

STEP = 0.1
"""Longest step over the time constant of uptake: the splitting then errs by 1e-3 of the concentration at most."""

_CUT = 6.0  # standard deviations beyond which a young release is nothing


@dataclass
class _Young:
    """A release that the grid does not hold yet."""

    site: int
    time: float


class GridSolver:
    """A grid over all sites, and beside it every release until it is broad enough: a `course.Solver`.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites of one modulator.
    xyz : ndarray, shape (n_spine, 3)
        Positions of the spines (um).
    medium : Medium
        Diffusion and uptake.
    pad : float
        Distance from the sites to the walls (um).
    h : float
        Distance of grid points (um).
    low : float
        Concentration (mM) below which nothing is left.
    r_min : float
        Least distance of a spine from a point release (um).

    Attributes
    ----------
    box : Box
        The grid.
    inside : ndarray of bool, shape (n_spine,)
        Spines in the box; those outside stay at exactly the tone.
    wall : float
        Largest concentration that was at the walls (mM).
    """

    def __init__(
        self, sites: Sequence[Site], xyz: np.ndarray, medium: Medium, pad: float, h: float, low: float,
        r_min: float,
    ) -> None:  # fmt: skip
        self.medium, self.low = medium, low
        self._at = np.array([s.position for s in sites], float)
        extent = np.array([s.extent for s in sites])[:, None]
        self.box = Box((self._at - extent).min(axis=0) - pad, (self._at + extent).max(axis=0) + pad, h, medium)
        self.inside = self.box.holds(xyz)
        self._number = np.flatnonzero(self.inside)
        self._n_spine = len(xyz)
        self.ripe = (BROAD * h) ** 2 / (2 * medium.D_star)
        self._reader = self.box.reader(xyz[self.inside])
        self._around = self.box.reader(self._at)
        kinds = [(s.extent, s.amount(medium)) for s in sites]
        made = {kind: NearField(*kind, medium, self.ripe + 1.0) for kind in dict.fromkeys(kinds)}
        self._near = [made[kind] for kind in kinds]
        self._neighbours = self._find_neighbours(xyz[self.inside], extent[:, 0], r_min)
        self.wall = 0.0

    def _find_neighbours(self, xyz: np.ndarray, extent: np.ndarray, r_min: float) -> list[tuple[np.ndarray, ...]]:
        """Return, for each site, the spines that a young release reaches, and their distances (um)."""
        far = extent + _CUT * np.sqrt(2 * self.medium.D_star * (self.ripe + 1.0))
        found = []
        tree = cKDTree(xyz) if len(xyz) else None
        for k, place in enumerate(self._at):
            spine = np.array(sorted(tree.query_ball_point(place, far[k])) if tree else [], int)
            r = np.linalg.norm(xyz[spine] - place, axis=1)
            found.append((spine, np.maximum(r, r_min) if extent[k] == 0 else r))
        return found

    def run(self, time: np.ndarray, site: np.ndarray) -> tuple[Segment, int]:
        """Solve from 0 until nothing is left; see `course.Solver`."""
        box, young = self.box, []
        box.c[:] = 0.0
        edges, means, k, last = [0.0], [], 0, float(time[0])
        while True:
            t = edges[-1]
            quiet = not young and k > 0 and box.c.max() <= self.low
            if quiet and (k == len(time) or time[k] >= t + 1):
                break
            following = float(time[k]) if k < len(time) else np.inf
            length = 1.0 if young else span(t, last, following)
            young = self._put(t, young)
            while k < len(time) and time[k] < t + length:
                last = float(time[k])
                young.append(_Young(int(site[k]), last))
                k += 1
            means.append(self._advance(t, length, young))
            edges.append(t + length)
            self.wall = max(self.wall, box.wall())
        return Segment(np.array(edges), np.array(means)), k

    def _advance(self, t: float, length: float, young: list[_Young]) -> np.ndarray:
        """Take the grid through a span and return the mean concentration at every spine (mM)."""
        background = self._around @ self.box.c.ravel() if young else None
        steps = max(1, int(np.ceil(length * self.medium.uptake / STEP)))
        mean = 0.5 * (self._reader @ self.box.c.ravel())
        for left in range(steps - 1, -1, -1):
            self.box.step(length / steps)
            mean += (1.0 if left else 0.5) * (self._reader @ self.box.c.ravel())
        mean = np.maximum(mean / steps, 0.0)  # a cosine's rounding far from any release is no concentration
        for one in young:
            spine, r = self._neighbours[one.site]
            age0, age1 = max(t - one.time, 0.0), t + length - one.time
            share = (age1 - age0) / length
            mean[spine] += share * self._near[one.site].average(r, age0, age1, background[one.site])
        out = np.zeros(self._n_spine)
        out[self._number] = mean
        return out

    def _put(self, t: float, young: list[_Young]) -> list[_Young]:
        """Put on the grid what is broad enough by time `t` (ms) and return the rest."""
        ripe = [one for one in young if t - one.time >= self.ripe]
        if ripe:
            background = self._around @ self.box.c.ravel()
            for one in ripe:
                near, age = self._near[one.site], t - one.time
                reach = near.radius + _CUT * np.sqrt(2 * self.medium.D_star * age)
                part, r = self.box.window(self._at[one.site], reach)
                self.box.c[part] += near.field(r, age, background[one.site])
        return [one for one in young if t - one.time < self.ripe]
