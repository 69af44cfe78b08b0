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

from .consolidate import LIGANDS, Arrivals, Engine, Inflow, calm
from .diffusion import soe_rates
from .drugs import Drug, bath
from .parameters import SHARES
from .release import SoeSettings
from .rule import State
from .schedule import Schedule
from .supply import Supply

__all__ = ["CHANNELS", "Calcium", "Course", "Episode", "drive", "split"]

GAP = 600.0
"""Events further apart than this (ms) belong to two episodes; calcium and most channels are at rest by then."""

LEAD = 5.0
"""An episode begins this long (ms) before its first event: longer than a spike's pulse leads its spike."""

BATH = 1000.0
"""The bath is read once in so long (ms); wash takes tens of seconds."""

STEP_MAX = 20_000.0
"""Largest step of a rest (ms)."""

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


class _Columns(Engine):
    """The engine with one column a course and candidate; a course's bath is read anew in seconds that change it."""

    def __init__(self, p: SimpleNamespace, courses: Sequence[Course], copies: int, n_spine: int) -> None:
        self.courses, self.copies, self.second = courses, copies, -1
        self._times = [c.supply.bath_times(-1.0, c.at[-1] + BATH) for c in courses]
        self._read: list[tuple[int, dict[str, float]]] = [(-1, {})] * len(courses)
        shape = (len(courses) * copies, n_spine)
        columns = [(c.supply, k * copies + i) for k, c in enumerate(courses) for i in range(copies)]
        parts = [(s.arrivals, k) for s, k in columns if len(s.arrivals)]
        arrivals = Arrivals.merged([a.of_condition(k) for a, k in parts]) if parts else None
        inflows = [Inflow((np.full(len(c.spine), k), c.spine), c) for s, k in columns for c in s.field.courses]
        super().__init__(
            p, shape, soe_rates(SoeSettings()), courses[0].supply.uptake(0.0), lambda t: {},
            lambda a, b: np.zeros(0), arrivals, inflows,
        )  # fmt: skip

    def _look(self, t: float) -> None:
        """Read the bath of the second around `t` (ms) into columns."""
        second = int(t // BATH)
        if second == self.second:
            return
        self.second = second
        middle = (second + 0.5) * BATH if t > 0 else 0.0
        for k, course in enumerate(self.courses):
            passed = int(np.searchsorted(self._times[k], middle))
            if passed != self._read[k][0]:
                self._read[k] = (passed, course.supply.bath(middle))
        each = [values for _, values in self._read]
        now = {name: np.repeat([e[name] for e in each], self.copies)[:, None] for name in each[0]}
        drugs: dict[str, Any] = {
            kind: {n[4:]: v for n, v in now.items() if n.startswith(short) and v.any()}
            for kind, short in (("agonist", "ago_"), ("antagonist", "ant_"))
        }
        drugs |= {"gs": now["gs_ext"], "share": {name: now[f"share_{name}"] for name in SHARES}}
        self._bath = {name: now[f"{name}_ext"] for name in LIGANDS}, drugs
        self._left = {name: now[f"uptake_{name}"] for name in LIGANDS}


def drive(
    courses: Sequence[Course], calcium: Mapping[str, Calcium], rest: np.ndarray, p: SimpleNamespace,
    copies: int = 1, tick: int = 1, growth: float = 0.1,
) -> list[list[dict[str, np.ndarray]]]:  # fmt: skip
    """Drive the rule with recorded calcium through every course.

    Parameters
    ----------
    courses : sequence of Course
        Experiments on the same spines.
    calcium : mapping of str to Calcium
        By name of the episode.
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    p : SimpleNamespace
        `rule.parameters`; entries may have shape (n_course * copies, 1).
    copies : int
        Columns of each course, for as many parameter sets; copies of a course are neighbours.
    tick : int
        Step while calcium is high (ms).
    growth : float
        Step of a rest over the time since it began (1).

    Returns
    -------
    list of list of dict
        For each course and each of its times ``at``: every state, shape (copies, n_spine); inside an episode
        that at its end.
    """
    engine = _Columns(p, courses, copies, len(rest))
    starts = [dict(course.episodes) for course in courses]
    stops = sorted({t for c in courses for t in c.at})
    kept: list[list[dict[str, np.ndarray]]] = [[] for _ in courses]
    quiet = np.broadcast_to(rest, engine.shape)
    t = 0.0
    for begin, end in [*_stretches(courses, calcium), (np.inf, np.inf)]:
        for stop in [s for s in stops if t <= s <= begin] + [begin]:
            if np.isfinite(stop):
                t = _relax(engine, t, stop, quiet, growth)
                _keep(engine, courses, kept, stop)
        if t >= stops[-1]:
            break
        t = _excite(engine, starts, calcium, begin, end, rest, tick)
        for stop in [s for s in stops if begin < s <= end]:
            _keep(engine, courses, kept, stop)
    return kept


def _stretches(
    courses: Sequence[Course], calcium: Mapping[str, Calcium]
) -> list[tuple[float, float]]:
    """Return the times in which any course has an episode, as disjoint intervals (ms)."""
    spans = sorted(
        {(t, t + len(calcium[key].cai)) for c in courses for t, key in c.episodes}
    )
    out: list[tuple[float, float]] = []
    for begin, end in spans:
        if out and begin < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


def _relax(
    engine: Engine, t: float, stop: float, quiet: np.ndarray, growth: float
) -> float:
    """Advance a rest to `stop`; steps grow with the time since it began."""
    begun = t
    while t < stop:
        step = min(max(1.0, growth * (t - begun)), STEP_MAX)
        end = stop if t + 1.5 * step >= stop else t + step
        engine.rest(t, end, quiet)
        t = end
    return t


def _excite(
    engine: _Columns, starts: list[dict[float, str]], calcium: Mapping[str, Calcium], begin: float, end: float,
    rest: np.ndarray, tick: int,
) -> float:  # fmt: skip
    """Advance all courses through one stretch, by `tick` while calcium is high and ten times that in its tail."""
    n = int(end - begin)
    ca = np.broadcast_to(rest.astype(np.float32), (n, len(starts), len(rest))).copy()
    pre = np.zeros(ca.shape)
    for k, mine in enumerate(starts):
        for t, key in mine.items():
            if begin <= t < end:
                first, unit = int(t - begin), calcium[key]
                ca[first : first + len(unit.cai), k] = unit.cai
                pre[first : first + len(unit.pre), k] += unit.pre
    quiet = calm(ca, pre, rest, engine.p)
    k = 0
    while k < n:
        size = min(tick, n - k)
        if k + 10 * tick <= n and quiet[k : k + 10 * tick].all():
            size = 10 * tick
        part = _wide(ca[k : k + size].mean(axis=0, dtype=float), engine.copies)
        if size > tick:
            engine.rest(begin + k, begin + k + size, part)
        else:
            engine.tick(begin + k, part, float(size), _wide(pre[k : k + size].sum(axis=0), engine.copies))
        k += size
    return end


def _wide(values: np.ndarray, copies: int) -> np.ndarray:
    return np.repeat(values, copies, axis=0)


def _keep(
    engine: _Columns, courses: Sequence[Course], kept: list[list[dict]], stop: float
) -> None:
    """Keep the outcome of every course that asks for this time."""
    y: State = engine.y
    for k, course in enumerate(courses):
        if (
            stop in course.at
            and len(kept[k]) < len(course.at)
            and course.at[len(kept[k])] == stop
        ):
            rows = slice(k * engine.copies, (k + 1) * engine.copies)
            kept[k].append({name: y[name][rows].copy() for name in y})
