"""Experiments of any length as episodes: stretches of electricity that recur, and the rule driven by them.

An hour of pairing and test stimulation consists of a few episodes repeated hundreds of times.  While weights
do not feed back on calcium, each distinct episode is simulated once (`capture.capture`) and its calcium
drives the rule at every place where the episode occurs, for many courses (experiments, parameters) at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from .consolidate import GROWTH, STEP_MAX, calm, rest_grid
from .drugs import Drug, bath
from .rule import parameters, resting
from .schedule import Schedule
from .supply import Supply

__all__ = ["CHANNELS", "Calcium", "Course", "Drive", "Episode", "split"]

GAP = 600.0
"""Events further apart than this (ms) belong to two episodes; calcium and most channels are at rest by then."""

LEAD = 5.0
"""An episode begins this long (ms) before its first event: longer than a spike's pulse leads its spike."""

LONG = 10
"""Ticks taken at once in a quiet part of an episode."""

CHANNELS = ("nmda_scale", "open_R", "open_L", "open_T")
"""What drugs do to calcium itself, by the names of `drugs.bath`."""

GRAIN = 0.05
"""Shares of open channels are told apart to this much, so that a wash makes few distinct episodes."""


@dataclass(frozen=True, eq=False)
class Episode:
    """Electrical events from one rest to the next, times relative to the episode's beginning.

    Attributes
    ----------
    pre_time, pre_spine, pre_weight : ndarray, shape (n_pre,)
        Presynaptic spikes (ms, spine number, releases).
    pulse_time, pulse_duration, pulse_amplitude, pulse_at : ndarray, shape (n_pulse,)
        Current steps, as in `Schedule`.
    open : tuple of float
        Shares that drugs leave, by `CHANNELS` (1).
    """

    pre_time: np.ndarray
    pre_spine: np.ndarray
    pre_weight: np.ndarray
    pulse_time: np.ndarray
    pulse_duration: np.ndarray
    pulse_amplitude: np.ndarray
    pulse_at: np.ndarray
    open: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)

    @property
    def key(self) -> str:
        """A name for the content: episodes of one name have one calcium."""
        digest = hashlib.sha256(repr([f"{share:.3f}" for share in self.open]).encode())
        for name in ("pre_time", "pre_spine", "pre_weight", "pulse_time", "pulse_duration", "pulse_amplitude",
                     "pulse_at"):  # fmt: skip
            digest.update(
                np.round(np.asarray(getattr(self, name), float), 6).tobytes()
                + name.encode()
            )
        return digest.hexdigest()[:16]

    @property
    def length(self) -> float:
        """Time of the last event (ms)."""
        ends = [*self.pre_time, *(self.pulse_time + np.nan_to_num(self.pulse_duration))]
        return float(max(ends))


@dataclass(frozen=True, eq=False)
class Calcium:
    """Calcium of an episode at every spine.

    Attributes
    ----------
    cai : ndarray of float32, shape (n_tick, n_spine)
        Mean of each tick (mM), ticks of 1 ms from the beginning of the episode.
    pre : ndarray, shape (n_tick, n_spine)
        Releases of glutamate in each tick.
    """

    cai: np.ndarray
    pre: np.ndarray


def split(schedule: Schedule, drugs: Sequence[Drug]) -> list[tuple[float, Episode]]:
    """Divide the electrical events of a schedule into episodes, each with its beginning (ms, a whole tick)."""
    times = np.concatenate([schedule.pre_time, schedule.pulse_time])
    if not len(times):
        return []
    order = np.sort(times)
    firsts = order[np.flatnonzero(np.diff(order, prepend=-np.inf) > GAP)]
    out = []
    for first, after in zip(firsts, [*firsts[1:], np.inf], strict=True):
        begin = max(0.0, np.floor(first - LEAD))
        pre = (schedule.pre_time >= first) & (schedule.pre_time < after)
        pulse = (schedule.pulse_time >= first) & (schedule.pulse_time < after)
        around = bath(tuple(drugs), {}, first)
        shares = tuple(round(around[name] / GRAIN) * GRAIN for name in CHANNELS)
        out.append((begin, Episode(
            schedule.pre_time[pre] - begin, schedule.pre_spine[pre].astype(int), schedule.pre_weight[pre],
            schedule.pulse_time[pulse] - begin, schedule.pulse_duration[pulse], schedule.pulse_amplitude[pulse],
            schedule.pulse_at[pulse].astype(int), shares,
        )))  # fmt: skip
    return out


@dataclass(frozen=True, eq=False)
class Course:
    """What happens to the spines in one experiment.

    Attributes
    ----------
    episodes : list of (float, str)
        Beginning (ms) and name of every episode.
    supply : Supply
        What modulators, drugs and clearance do at the spines.
    at : tuple of float
        Times at which the outcome is kept (ms), ascending.
    """

    episodes: list[tuple[float, str]]
    supply: Supply
    at: tuple[float, ...]


class Drive:
    """Courses on the same spines, ready to be driven with any parameters of the rule.

    Parameters
    ----------
    courses : sequence of Course
        Experiments.
    calcium : mapping of str to Calcium
        By name of the episode.
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    volume, ca_scale : ndarray, shape (n_spine,)
        Size of the heads (um3), calcium of the spines' own responses over the preset's (1).
    """

    def __init__(
        self, courses: Sequence[Course], calcium: Mapping[str, Calcium], rest: np.ndarray, volume: np.ndarray,
        ca_scale: np.ndarray,
    ) -> None:  # fmt: skip
        from .replay_steps import Arriving, Bath, Courses  # numba is loaded by who drives, not by who only splits

        self.courses, self.calcium, self.rest, self.volume, self.ca_scale = courses, calcium, rest, volume, ca_scale
        n = len(rest)
        self._baths = [Bath.of(c.supply, c.at[-1]) for c in courses]
        self._arriving = [Arriving.of(c.supply, n) for c in courses]
        self._fields = [Courses.of(c.supply.field.courses, n) for c in courses]

    def __call__(
        self, values: Mapping[str, float], tick: int = 1, growth: float = GROWTH
    ) -> list[list[dict[str, np.ndarray]]]:
        """Drive the rule with recorded calcium through every course.

        Parameters
        ----------
        values : mapping of str to float
            Parameters (`Parameters.flat`).
        tick : int
            Step while calcium is read (ms).
        growth : float
            Step of a rest over the time since it began (1).

        Returns
        -------
        list of list of dict
            For each course and each of its times ``at``: every state, shape (n_spine,).
        """
        from . import jit
        from .fastrule import STATE, from_records, parameter_records, to_records

        p = parameters(values, self.volume, self.ca_scale)
        record = parameter_records([values])[0]
        table, sizes = self._table(p, tick)
        n, out = len(self.rest), []
        parts = zip(self.courses, self._baths, self._arriving, self._fields, strict=True)
        for course, around, arriving, fields in parts:
            steps = _steps(course, sizes, tick, growth)
            y, kept = to_records(resting(p, around.surround(0), (n,))), np.empty((len(course.at), n), STATE)
            jit.follow(
                np.arange(n), y, kept, np.empty(2, STATE), True, *map(tuple, (steps, table, around, arriving, fields)),
                record, self.volume, self.ca_scale, growth, STEP_MAX,
            )  # fmt: skip
            states = from_records(kept.reshape(-1), kept.shape)
            out.append([{name: states[name][k] for name in states} for k in range(len(course.at))])
        return out

    def _table(self, p: SimpleNamespace, tick: int) -> tuple[Any, dict[str, tuple[int, np.ndarray]]]:
        """Return the calcium of all episodes row by row, and of each its first row and the ticks of its steps."""
        from .replay_steps import Calcium as Rows

        sizes, rows, first = {}, [], 0
        for key, unit in self.calcium.items():
            each = _sizes(calm(unit.cai, unit.pre, self.rest, p), tick)
            rows.append(Rows.of(unit.cai, unit.pre, self.rest, each))
            sizes[key] = (first, np.array(each))
            first += len(each)
        last = Rows(self.rest[:, None], np.zeros((len(self.rest), 1)))
        # each table ends with the rest; one at the end is enough
        joined = [np.concatenate([*(r[k][:, :-1] for r in rows), last[k]], axis=1) for k in (0, 1)]
        return Rows(*map(np.ascontiguousarray, joined)), sizes


def _sizes(quiet: np.ndarray, tick: int) -> list[int]:
    """Divide the ticks of an episode: by `tick` while calcium is read, ten times that in quiet parts."""
    out, k = [], 0
    while k < len(quiet):
        long = k + LONG * tick <= len(quiet) and quiet[k : k + LONG * tick].all()
        out.append(LONG * tick if long else min(tick, len(quiet) - k))
        k += out[-1]
    return out


def _steps(course: Course, sizes: Mapping[str, tuple[int, np.ndarray]], tick: int, growth: float) -> Any:
    """Return the steps that lead through a course; an episode ends where the next one begins."""
    from .replay_steps import Steps

    breaks = course.supply.bath_times(0.0, course.at[-1])
    rest = sum(len(each) for _, each in sizes.values())
    end, row, is_tick, kept = [np.zeros(0)], [np.zeros(0, int)], [np.zeros(0, bool)], []
    count, t, times = 0, 0.0, course.at
    starts = [*course.episodes, (np.inf, "")]
    for k, (begin, key) in enumerate(starts):
        for stop in [s for s in times if t <= s < begin] + [min(begin, times[-1])]:
            if stop > t:
                end.append(rest_grid(t, stop, breaks, growth=growth))
                row.append(np.full(len(end[-1]), rest))
                is_tick.append(np.zeros(len(end[-1]), bool))
                count, t = count + len(end[-1]), float(stop)
            while len(kept) < len(times) and times[len(kept)] <= t:
                kept.append(count)
        if len(kept) == len(times):
            break
        first, each = sizes[key]
        ends = begin + np.cumsum(each, dtype=float)
        ends = ends[ends <= starts[k + 1][0]]
        while len(kept) < len(times) and times[len(kept)] < ends[-1]:
            kept.append(count + int(np.searchsorted(ends, times[len(kept)], side="right")))
        end.append(ends)
        row.append(first + np.arange(len(ends)))
        is_tick.append(each[: len(ends)] <= tick)
        count, t = count + len(ends), float(ends[-1])
    return Steps(*(np.concatenate(x) for x in (end, row, is_tick)), np.array(kept, int))
