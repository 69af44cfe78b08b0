"""Concentration at spines as it was computed ahead: means over short spans, for every run that needs them.

Releases are known before a run begins, so a field that can not be a sum of exponentials is solved once over
the whole schedule. What is kept is the mean over spans of whole ticks, from each release until all has gone;
a run reads the mean over any interval, which depends on nothing but that interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

__all__ = ["Course", "Segment", "Solver", "assemble", "span"]

_SAME = 1e-6  # ms: release times nearer than this are the same

GROWTH = 0.05
"""Length of a span over the time since the last release: what decays as a power changes by 8 % in it."""

SPAN_MAX = 20.0
"""Longest span (ms)."""


def span(t: float, last: float, following: float) -> float:
    """Return the length of the next span (ms): whole ticks, ending before the tick of the next release.

    Parameters
    ----------
    t : float
        Begin of the span, a whole tick.
    last : float
        Time of the last release before it.
    following : float
        Time of the next release (infinite: none).
    """
    length = min(max(1.0, float(np.floor(GROWTH * (t - last)))), SPAN_MAX)
    free = float(np.floor(following)) - t
    return 1.0 if free <= 0 else min(length, free)


@dataclass(frozen=True, eq=False)
class Segment:
    """A stretch of the field, from a release until nothing is left.

    Attributes
    ----------
    edges : ndarray, shape (n + 1,)
        Edges of the spans (ms), the first 0.
    mean : ndarray, shape (n, n_point)
        Mean excess over the tone in each span (mM).
    """

    edges: np.ndarray
    mean: np.ndarray

    @cached_property
    def _area(self) -> np.ndarray:
        """Integral up to each edge (mM ms), shape (n + 1, n_point)."""
        area = np.zeros((len(self.edges), self.mean.shape[1]))
        np.cumsum(self.mean * np.diff(self.edges)[:, None], axis=0, out=area[1:])
        return area

    def average(self, t0: float, t1: float) -> np.ndarray:
        """Return the mean over [t0, t1) (mM), shape (n_point,); 0 outside the segment."""
        a, b = max(t0, 0.0), min(t1, float(self.edges[-1]))
        if a >= b:
            return np.zeros(self.mean.shape[1])
        k = int(np.searchsorted(self.edges, a, side="right")) - 1
        if b <= self.edges[k + 1]:  # within one span, as every tick is
            return self.mean[k] * ((b - a) / (t1 - t0))
        return (self._until(b) - self._until(a)) / (t1 - t0)

    def _until(self, t: float) -> np.ndarray:
        k = min(int(np.searchsorted(self.edges, t, side="right")), len(self.mean)) - 1
        return self._area[k] + (t - self.edges[k]) * self.mean[k]

    def at(self, index: np.ndarray) -> Segment:
        """Return the segment at some of its points."""
        return Segment(self.edges, np.ascontiguousarray(self.mean[:, index]))


@dataclass(frozen=True, eq=False)
class Course:
    """The excess of one modulator over its tone, at every spine it reaches.

    Attributes
    ----------
    modulator : str
        Which.
    spine : ndarray of int, shape (n_point,)
        Spines whose mean exceeds the cut-off in some span; all others stay at exactly the tone.
    release : ndarray, shape (n_release,)
        Times of the releases (ms), sorted: steps of a rest are short after each.
    start : ndarray, shape (n_segment,)
        Begin of each segment (ms), a whole tick.
    segments : tuple of Segment
        One for each start; they do not overlap. Trains that repeat share one.
    """

    modulator: str
    spine: np.ndarray
    release: np.ndarray
    start: np.ndarray
    segments: tuple[Segment, ...]

    @cached_property
    def stop(self) -> np.ndarray:
        """End of each segment (ms), shape (n_segment,)."""
        return self.start + np.array([s.edges[-1] for s in self.segments])

    def average(self, t0: float, t1: float) -> np.ndarray | None:
        """Return the mean excess over [t0, t1) (mM), shape (n_point,), or None where all of it is 0."""
        first = int(np.searchsorted(self.stop, t0, side="right"))
        total = None
        for k in range(first, len(self.start)):
            if self.start[k] >= t1:
                break
            part = self.segments[k].average(t0 - self.start[k], t1 - self.start[k])
            total = part if total is None else total + part
        return total

    def next_begin(self, t: float) -> float:
        """Return the first time from `t` on at which the excess is not 0 (ms); infinite after the last."""
        k = int(np.searchsorted(self.stop, t, side="right"))
        return max(float(self.start[k]), t) if k < len(self.start) else np.inf


class Solver(Protocol):
    """What turns releases into a segment."""

    def run(self, time: np.ndarray, site: np.ndarray) -> tuple[Segment, int]:
        """Solve from a whole tick, 0, until nothing is left.

        Parameters
        ----------
        time, site : ndarray
            Releases (ms, the first within the first tick) and the site of each, as many as there are.

        Returns
        -------
        segment : Segment
            At every spine.
        used : int
            Number of releases in it; what comes later needs another.
        """
        ...


def assemble(solver: Solver, modulator: str, time: np.ndarray, site: np.ndarray, cutoff: float) -> Course:
    """Solve a schedule of releases, each stretch that repeats only once.

    Parameters
    ----------
    solver : Solver
        Of the field.
    modulator : str
        What is released.
    time, site : ndarray, shape (n_release,)
        Releases sorted by time (ms), and the site of each as the solver counts them.
    cutoff : float
        Concentration (mM) that some span's mean must exceed for a spine to be reached.
    """
    start, segments, known = [], [], []
    k = 0
    while k < len(time):
        begin = float(np.floor(time[k]))
        left, where = time[k:] - begin, site[k:]
        for segment, pattern, places in known:
            if _repeats(left, where, pattern, places, segment.edges[-1]):
                used = len(pattern)
                break
        else:
            segment, used = solver.run(left, where)
            known.append((segment, left[:used], where[:used]))
        start.append(begin)
        segments.append(segment)
        k += used
    if not segments:
        return Course(modulator, np.zeros(0, int), time, np.zeros(0), ())
    top = np.max([s.mean.max(axis=0) for s, *_ in known], axis=0)
    spine = np.flatnonzero(top > cutoff)
    small = {id(s): s.at(spine) for s, *_ in known}
    kept = tuple(small[id(s)] for s in segments)
    return Course(modulator, spine, np.asarray(time, float), np.array(start), kept)


def _repeats(time: np.ndarray, site: np.ndarray, pattern: np.ndarray, places: np.ndarray, end: float) -> bool:
    """Return whether the next releases are those of a known segment, and none follows before its end."""
    n = len(pattern)
    if len(time) < n or len(time) > n and time[n] < end:
        return False
    return bool((site[:n] == places).all() and np.abs(time[:n] - pattern).max() < _SAME)
