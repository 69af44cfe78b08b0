"""What happens to recorded spines under one condition, as flat arrays that compiled code can walk through.

Which steps are taken depends on the condition and, in a rest, on what arrives at the spine alone: a condition gives
the same bytes whatever stands beside it, and so does a spine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from .consolidate import LIGANDS, calm, rest_grid
from .course import Course, Segment
from .diffusion import soe_rates
from .fastrule import AROUND
from .parameters import RECEPTORS, SHARES
from .release import LIGAND, SoeSettings
from .rule import Surround
from .supply import Supply

__all__ = ["Arriving", "Bath", "Calcium", "Courses", "Steps", "blocks"]

BLOCK = 10
"""Ticks taken at once while nothing reads calcium."""

_AHEAD = 1e9  # ms; how far ahead a change of the bath is looked for, as the engine does


class Calcium(NamedTuple):
    """Recorded calcium, row by row: the steps of a unit, then the rest.

    Attributes
    ----------
    mean, pre : ndarray, shape (n_spine, n_row)
        Mean calcium (mM), releases of glutamate.
    """

    mean: np.ndarray
    pre: np.ndarray

    @classmethod
    def of(cls, cai: np.ndarray, pre: np.ndarray, rest: np.ndarray, sizes: Sequence[int]) -> Calcium:
        """Return the rows of a recorded unit.

        Parameters
        ----------
        cai, pre : ndarray, shape (n_tick, n_spine)
            Mean calcium (mM) and releases of each tick.
        rest : ndarray, shape (n_spine,)
            mM.
        sizes : sequence of int
            Ticks of each step of a unit (`blocks`).
        """
        first = np.cumsum([0, *sizes[:-1]])
        mean = np.add.reduceat(cai.astype(float), first, axis=0) / np.array(sizes)[:, None]
        amount = np.add.reduceat(pre, first, axis=0)
        rows = np.vstack([mean, rest]), np.vstack([amount, np.zeros(len(rest))])
        return cls(*(np.ascontiguousarray(row.T) for row in rows))


def blocks(cai: np.ndarray, pre: np.ndarray, rest: np.ndarray, p: SimpleNamespace) -> list[int]:
    """Divide the ticks of a unit: one by one while calcium is read or glutamate comes, ten at once in its tail."""
    quiet = calm(cai, pre, rest, p)
    out, k = [], 0
    while k < len(quiet):
        out.append(BLOCK if k + BLOCK <= len(quiet) and quiet[k : k + BLOCK].all() else 1)
        k += out[-1]
    return out


class Steps(NamedTuple):
    """The steps of a replay, from 0 ms on.

    Attributes
    ----------
    end : ndarray, shape (n_step,)
        End of each (ms).
    row : ndarray of int, shape (n_step,)
        Row of `Calcium` that holds in it.
    tick : ndarray of bool, shape (n_step,)
        One step of `rule.learn`; else steps of `rule.midpoint`.
    kept : ndarray of int, shape (n_time,)
        The number of steps after which each outcome is kept, ascending.
    """

    end: np.ndarray
    row: np.ndarray
    tick: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, onsets: np.ndarray, sizes: Sequence[int], times: Sequence[float], breaks: np.ndarray) -> Steps:
        """Return the steps that lead through all units to the last time.

        Parameters
        ----------
        onsets : ndarray
            Beginnings of the units (ms).
        sizes : sequence of int
            Ticks of each step of a unit (`blocks`).
        times : sequence of float
            When outcomes are kept (ms), ascending; inside a unit that of the last step before.
        breaks : ndarray
            When the bath changes (ms), a step end in a rest.
        """
        rest = len(sizes)
        within, unit_row = np.cumsum(sizes, dtype=float), np.arange(rest)
        end, row = [np.zeros(0)], [np.zeros(0, int)]
        kept: list[int] = []
        count, t = 0, 0.0
        for onset in [*onsets, np.inf]:
            for stop in [s for s in times if t <= s < onset] + [onset]:
                stop = min(stop, times[-1])
                if stop > t:
                    end.append(rest_grid(t, stop, breaks))
                    row.append(np.full(len(end[-1]), rest))
                    count += len(end[-1])
                    t = float(stop)
                while len(kept) < len(times) and times[len(kept)] <= t:
                    kept.append(count)
            if len(kept) == len(times):
                break
            ends = onset + within
            while len(kept) < len(times) and times[len(kept)] < ends[-1]:
                kept.append(count + int(np.searchsorted(ends, times[len(kept)], side="right")))
            end.append(ends)
            row.append(unit_row)
            count += rest
            t = float(ends[-1])
        row_of = np.concatenate(row)
        return cls(np.concatenate(end), row_of, np.append(np.array(sizes) == 1, False)[row_of], np.array(kept, int))


class Bath(NamedTuple):
    """What tone and drugs set: `fastrule.AROUND` from each of the times `start` (ms) on, the first minus infinity."""

    start: np.ndarray
    around: np.ndarray

    @classmethod
    def of(cls, supply: Supply, until: float) -> Bath:
        """Return the bath of one condition up to a time (ms); between two changes it is that of the middle."""
        changes = supply.bath_times(-1.0, until + _AHEAD)
        begins = np.concatenate([[0.0], changes])
        middle = np.append(0.5 * (begins[:-1] + begins[1:]), begins[-1])
        around = np.zeros(len(middle), AROUND)
        for i, t in enumerate(middle):
            now = supply.bath(t)
            for name in LIGANDS:
                around[i][name], around[i][f"uptake_{name}"] = now[f"{name}_ext"], now[f"uptake_{name}"]
            for name in (*(f"{k}_{r}" for k in ("ago", "ant") for r in RECEPTORS), *(f"share_{s}" for s in SHARES)):
                around[i][name] = now[name]
            around[i]["gs"] = now["gs_ext"]
        return cls(np.concatenate([[-np.inf], changes]), around)

    def surround(self, k: int) -> Surround:
        """Return the bath from the k-th of the times on as the rule in numpy sees it."""
        now = self.around[k]
        return Surround(
            *(now[name] for name in LIGANDS), {r: now[f"ago_{r}"] for r in RECEPTORS},
            {r: now[f"ant_{r}"] for r in RECEPTORS}, gs=now["gs"], share={s: now[f"share_{s}"] for s in SHARES},
        )  # fmt: skip


class Arriving(NamedTuple):
    """What arrives at each spine, sorted by time.

    Attributes
    ----------
    first, time, ligand, weights : ndarray
        Arrivals ``first[i]`` to ``first[i + 1]`` are those of spine i: time (ms), number of the ligand, jump of each
        exponential (mM), shape (n, 12).
    change_first, change : ndarray
        Likewise the times (ms) after which steps are short: arrivals, and releases whose course reaches the spine.
    rates : ndarray, shape (12,)
        Of the exponentials, without uptake (/ms).
    """

    first: np.ndarray
    time: np.ndarray
    ligand: np.ndarray
    weights: np.ndarray
    change_first: np.ndarray
    change: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, supply: Supply, n_spine: int) -> Arriving:
        """Return what one condition's releases bring."""
        arrivals = supply.arrivals
        (spine,) = arrivals.where
        order = np.argsort(spine, kind="stable")  # arrivals are sorted by time already
        who = [spine, *(np.repeat(c.spine, len(c.release)) for c in supply.field.courses)]
        when = [arrivals.time, *(np.tile(c.release, len(c.spine)) for c in supply.field.courses)]
        of, change = np.concatenate(who), np.concatenate(when)
        sorted_ = np.lexsort((change, of))
        return cls(
            _firsts(spine[order], n_spine), arrivals.time[order], arrivals.ligand[order].astype(int),
            np.ascontiguousarray(arrivals.weights[order]), _firsts(of[sorted_], n_spine), change[sorted_],
            soe_rates(SoeSettings()),
        )  # fmt: skip


def _firsts(sorted_numbers: np.ndarray, n: int) -> np.ndarray:
    """Return where each of n numbers begins in a sorted list of them, and the end of the list."""
    return np.searchsorted(sorted_numbers, np.arange(n + 1)).astype(int)


class Courses(NamedTuple):
    """Fields solved ahead (`course.Course`), flat: courses are segments in time, segments share shapes.

    Attributes
    ----------
    point : ndarray of int, shape (n_course, n_spine)
        Point of the course at which each spine is, -1 where it does not reach.
    ligand : ndarray of int, shape (n_course,)
        Which is released.
    first, start, stop, which : ndarray
        Segments ``first[c]`` to ``first[c + 1]`` are those of course c: begin and end (ms), and number of the shape.
    edge_first, edges : ndarray
        Edges of shape k (ms) from ``edge_first[k]`` on.
    value_first, mean, area : ndarray
        Of shape k from ``value_first[k]`` on, point by point: the mean in each span (mM), and the integral up to its
        begin (mM ms).
    """

    point: np.ndarray
    ligand: np.ndarray
    first: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    which: np.ndarray
    edge_first: np.ndarray
    edges: np.ndarray
    value_first: np.ndarray
    mean: np.ndarray
    area: np.ndarray

    @classmethod
    def of(cls, courses: Sequence[Course], n_spine: int) -> Courses:
        """Return courses as flat arrays."""
        point = np.full((len(courses), n_spine), -1)
        for c, course in enumerate(courses):
            point[c, course.spine] = np.arange(len(course.spine))
        shapes: dict[int, tuple[int, Segment]] = {}
        which = [shapes.setdefault(id(s), (len(shapes), s))[0] for c in courses for s in c.segments]
        kept = [segment for _, segment in shapes.values()]
        return cls(
            point,
            np.array([list(LIGAND).index(c.modulator) for c in courses], int),
            np.cumsum([0, *(len(c.start) for c in courses)]),
            np.concatenate([np.zeros(0), *(c.start for c in courses)]),
            np.concatenate([np.zeros(0), *(c.stop for c in courses if len(c.start))]),
            np.array(which, int),
            np.cumsum([0, *(len(s.edges) for s in kept)]),
            np.concatenate([np.zeros(0), *(s.edges for s in kept)]),
            np.cumsum([0, *(s.mean.size for s in kept)]),
            np.concatenate([np.zeros(0), *(s.mean.T.ravel() for s in kept)]),
            np.concatenate([np.zeros(0), *_areas(kept)]),
        )  # fmt: skip


def _areas(segments: Sequence[Segment]) -> Iterator[np.ndarray]:
    for s in segments:
        whole = np.cumsum(s.mean * np.diff(s.edges)[:, None], axis=0)
        yield (np.concatenate([np.zeros((1, s.mean.shape[1])), whole[:-1]]).T).ravel()
