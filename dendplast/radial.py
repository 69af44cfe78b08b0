"""One release site in the middle of a sphere: saturating uptake in one dimension.

A single site sees a field that depends on the distance alone, so diffusion with Michaelis-Menten uptake
needs only concentric shells. This is the oracle of the grid, the near field of every release on it, and a
backend of its own for sites that are far from each other.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg.lapack import dgtsv
from scipy.special import erf

from .course import Segment, span
from .kernels import PER_UM3
from .release import Medium
from .saturation import mm_step

__all__ = ["RadialSolver", "Shells", "extent_of"]

_FINE = 0.04  # width of a shell over its distance from the point or surface of the release
_WIDEST = 0.25  # um
_START = 2e-3  # ms: age at which a point release is put in, as the Gaussian that it is then
_GROWTH = 0.03  # step over time since the last release
_STEP_MAX = 2.0  # ms
_GAMMA = 2 - np.sqrt(2)  # of TR-BDF2


def extent_of(radius: float, molecules: float, medium: Medium, low: float) -> float:
    """Return a distance (um) beyond which a site's field does not matter.

    The smaller of two spheres: that in which all `molecules` together make the concentration `low`; and
    that in which they make Km, with 12 lengths of linear uptake around it.

    Parameters
    ----------
    radius : float
        Radius of the site (um).
    molecules : float
        Everything that may be there at once (molecules).
    medium : Medium
        Diffusion and uptake.
    low : float
        Concentration (mM).
    """
    volume = molecules * PER_UM3 / medium.alpha / (4 / 3 * np.pi)
    thin = np.cbrt(radius**3 + volume / low)
    if medium.uptake == 0:
        return thin
    saturated = np.cbrt(radius**3 + volume / medium.Km)
    return min(thin, saturated + 12 * np.sqrt(medium.D_star / medium.uptake))


class Shells:
    """Concentration in concentric shells around one site, advanced by Strang splitting.

    Uptake is exact (`mm_step`), diffusion is TR-BDF2 on finite volumes (Bank et al. 1985,
    doi 10.1109/TCAD.1985.1270142): second order, conserves mass, damps what is not resolved.

    Parameters
    ----------
    radius : float
        Radius of the site (um), 0 for a point.
    medium : Medium
        Diffusion and uptake.
    outer : float
        Radius of the sphere (um); nothing leaves it.

    Attributes
    ----------
    r : ndarray, shape (n,)
        Middle of each shell (um).
    volume : ndarray, shape (n,)
        Volume of each shell (um3).
    c : ndarray, shape (n,)
        Mean concentration of each shell (mM).
    t : float
        Time (ms).
    """

    def __init__(self, radius: float, medium: Medium, outer: float) -> None:
        self.radius, self.medium = radius, medium
        self.edges = _edges(radius, outer)
        self.r = 0.5 * (self.edges[1:] + self.edges[:-1])
        self.volume = 4 / 3 * np.pi * np.diff(self.edges**3)
        flow = medium.D_star * 4 * np.pi * self.edges[1:-1] ** 2 / np.diff(self.r)
        self._up = np.append(flow, 0.0) / self.volume  # towards the next shell
        self._down = np.insert(flow, 0, 0.0) / self.volume
        self.c = np.zeros(len(self.r))
        self.t = 0.0
        self._since = 0.0  # when the last release was, or is to be, put in
        self.waiting = 0.0  # amount that is still to be put in
        self._unit = self._released()

    def _released(self) -> np.ndarray:
        """Return what a release of 1 puts into every shell (mM)."""
        full = PER_UM3 / self.medium.alpha
        if self.radius > 0:
            return full * (self.edges[1:] <= self.radius * (1 + 1e-12))
        x = self.edges / np.sqrt(4 * self.medium.D_star * _START)
        inside = erf(x) - 2 / np.sqrt(np.pi) * x * np.exp(-(x**2))  # share of a Gaussian's molecules
        return full * np.diff(inside) / self.volume / inside[-1]

    @property
    def molecules(self) -> float:
        """Molecules in the sphere."""
        return float((self.c + self.waiting * self._unit) @ self.volume) * self.medium.alpha / PER_UM3

    def release(self, amount: float) -> None:
        """Release molecules (point) or molecules per um3 (ball) now.

        A point release enters 2 us later, as the Gaussian it has become: no shell resolves it before.
        """
        self.waiting += amount
        self._since = self.t + (_START if self.radius == 0 else 0.0)

    def to(self, end: float) -> np.ndarray:
        """Advance to `end` (ms) and return the mean concentration on the way (mM), shape (n,)."""
        area = np.zeros_like(self.c)
        begun = self.t
        while self.t < end - 1e-9:
            if self.waiting and self.t >= self._since - 1e-12:
                self.c += self.waiting * self._unit
                self.waiting = 0.0
            if self.waiting:
                stop = min(end, self._since)
                step = stop - self.t
            else:
                age = self.t - self._since + _START
                step = min(max(_GROWTH * age, _GROWTH * _START), _STEP_MAX, end - self.t)
            before = self.c.copy()
            self.step(step)
            area += 0.5 * step * (before + self.c)
            self.t += step
        self.t = end
        return area / (end - begun)

    def step(self, dt: float) -> None:
        """Take one step: half of the uptake, diffusion, the other half."""
        mm_step(self.c, self.medium, 0.5 * dt)
        half = 0.5 * _GAMMA * dt
        middle = self._solved(half, self.c + half * self._spread(self.c))
        mixed = (middle / _GAMMA - (1 - _GAMMA) ** 2 / _GAMMA * self.c) / (2 - _GAMMA)
        self.c = self._solved((1 - _GAMMA) / (2 - _GAMMA) * dt, mixed)
        mm_step(self.c, self.medium, 0.5 * dt)

    def _spread(self, c: np.ndarray) -> np.ndarray:
        """Return what diffusion adds to every shell (mM/ms)."""
        out = -(self._up + self._down) * c
        out[:-1] += self._up[:-1] * c[1:]
        out[1:] += self._down[1:] * c[:-1]
        return out

    def _solved(self, weight: float, right: np.ndarray) -> np.ndarray:
        """Return c with c - weight * spread(c) = right."""
        # LAPACK itself: what scipy.linalg.solve_banded checks first takes ten times as long as so few shells
        below, above = -weight * self._down[1:], -weight * self._up[:-1]
        return dgtsv(below, 1 + weight * (self._up + self._down), above, right, 1, 1, 1)[3]


def _edges(radius: float, outer: float) -> np.ndarray:
    """Return edges of shells that are finest where the release has its edge or its point."""
    finest = 0.01 if radius == 0 else 0.05

    def outward(start: float, stop: float) -> list[float]:
        out = [0.0]
        while out[-1] < stop - start:
            out.append(out[-1] + min(max(finest, _FINE * out[-1]), _WIDEST))
        return out

    beyond = radius + np.array(outward(radius, outer))
    if radius == 0:
        return beyond
    depth = np.array(outward(0.0, radius))
    return np.concatenate([radius - radius / depth[-1] * depth[:0:-1], beyond])


_AT_ONCE = 1e4  # ms: what was released longer ago is gone, or spread so far that it does not matter


class RadialSolver:
    """The field of one site at spines around it, as a `course.Solver`.

    Parameters
    ----------
    distance : ndarray, shape (n_spine,)
        From the centre of the site (um).
    radius : float
        Radius of the site (um), 0 for a point.
    amount : float
        Molecules (point) or molecules per um3 (ball) of one release.
    medium : Medium
        Diffusion and uptake.
    low : float
        Concentration (mM) below which nothing is left.
    """

    def __init__(self, distance: np.ndarray, radius: float, amount: float, medium: Medium, low: float) -> None:
        self.distance = np.asarray(distance, float)
        self._site = radius, amount, medium, low

    def run(self, time: np.ndarray, site: np.ndarray) -> tuple[Segment, int]:
        """Solve from 0 until nothing is left; see `course.Solver`."""
        edges, r, mean, used = _train(tuple(np.round(time, 6).tolist()), *self._site)
        i = np.clip(np.searchsorted(r, self.distance) - 1, 0, len(r) - 2)
        share = np.clip((self.distance - r[i]) / (r[i + 1] - r[i]), 0.0, 1.0)
        at = mean[:, i] * (1 - share) + mean[:, i + 1] * share
        return Segment(edges, np.where(self.distance <= r[-1], at, 0.0)), used


@lru_cache(maxsize=32)  # many conditions of a study share a train
def _train(
    time: tuple[float, ...], radius: float, amount: float, medium: Medium, low: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return edges of spans, radii, mean concentration (n_span, n_r), and how many releases are in it."""
    times = np.array(time)
    together = (np.searchsorted(times, times + _AT_ONCE) - np.arange(len(times))).max()
    each = amount * (1.0 if radius == 0 else 4 / 3 * np.pi * radius**3)
    shells = Shells(radius, medium, extent_of(radius, each * float(together), medium, 0.1 * low))
    edges, means = [0.0], []
    k, last = 0, time[0]
    while k < len(time) or shells.waiting or shells.c.max() > low:
        t = edges[-1]
        if k and k < len(time) and time[k] >= t + 1 and not shells.waiting and shells.c.max() <= low:
            break
        following = time[k] if k < len(time) else np.inf
        end = t + span(t, last, following)
        area = np.zeros_like(shells.c)
        while k < len(time) and time[k] < end:
            if time[k] > shells.t:
                begun = shells.t
                area += (time[k] - begun) * shells.to(time[k])
            shells.release(amount)
            last, k = time[k], k + 1
        begun = shells.t
        area += (end - begun) * shells.to(end)
        edges.append(end)
        means.append(area / (end - t))
    return np.array(edges), shells.r, np.array(means), k
