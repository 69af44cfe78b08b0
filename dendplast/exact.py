"""Exact sums of linear kernels over a schedule of releases: what the other backends are judged by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .course import Segment, span
from .kernels import kernel, kernel_integral
from .release import Medium, Site

__all__ = ["GreenSolver"]

_SETTLED = 10.0  # ms after a release: its kernel is past its peak next to the site


class GreenSolver:
    """Sums of kernels with linear uptake, as a `course.Solver`.

    Parameters
    ----------
    distances : sequence of ndarray, each shape (n_spine,)
        From each site to the spines (um).
    sites : sequence of Varicosity or Patch
        Release sites of one modulator.
    medium : Medium
        Diffusion and uptake.
    low : float
        Concentration (mM) next to the sites below which nothing is left.
    r_min : float
        What counts as next to a point (um).
    """

    def __init__(
        self, distances: Sequence[np.ndarray], sites: Sequence[Site], medium: Medium, low: float, r_min: float
    ) -> None:
        self.distances, self.medium, self.low, self.r_min = distances, medium, low, r_min
        self._sites = [(s.extent, s.amount(medium)) for s in sites]

    def run(self, time: np.ndarray, site: np.ndarray) -> tuple[Segment, int]:
        """Sum from 0 until nothing is left; see `course.Solver`."""
        edges, means, k = [0.0], [], 0
        while k == 0 or edges[-1] < time[k - 1] + _SETTLED or self._left(edges[-1], time[:k], site[:k]) > self.low:
            t = edges[-1]
            end = t + span(t, time[max(k - 1, 0)], time[k] if k < len(time) else np.inf)
            k = int(np.searchsorted(time, end))
            mean = np.zeros(len(self.distances[0]))
            for when, where in zip(time[:k], site[:k], strict=True):
                radius, amount = self._sites[where]
                area = kernel_integral(self.distances[where], t - when, end - when, radius, self.medium)
                mean += amount * area / (end - t)
            edges.append(end)
            means.append(mean)
        return Segment(np.array(edges), np.array(means)), k

    def _left(self, t: float, time: np.ndarray, site: np.ndarray) -> float:
        """Return what is left next to the sites at `t` (mM)."""
        total = 0.0
        for when, where in zip(time, site, strict=True):
            radius, amount = self._sites[where]
            total += amount * float(kernel(max(0.5 * radius, self.r_min), t - when, radius, self.medium))
        return total
