"""Advance the slow states where nothing electrical happens, and replay recorded calcium.

`Engine` moves the rule in numpy for any number of spines, and of conditions at once: tick by tick under
recorded calcium, as the compiled spine does, and over rests by steps that grow with the time since the
last event, second order in their size.  The grid of a rest depends on the times of events alone, never on
what other spines do: a spine that a release does not reach takes the very same steps without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from .course import Course
from .diffusion import Deliveries
from .parameters import RECEPTORS, SHARES
from .release import LIGAND
from .rule import State, Surround, learn, midpoint, resting

__all__ = ["Arrivals", "Engine", "GROWTH", "Inflow", "calm", "rest_grid"]

GROWTH = 0.1
"""Step over time since the last event; halving it moves a tag by less than 0.1 % (a test)."""

STEP_MAX = 20_000.0
"""Largest step of a rest (ms): a fifteenth of the fastest expression constant (tau_tr, 300 s), but for `LATE`."""

LATE = 0.02
"""Beyond `STEP_MAX`, step over time since the last event: what is faster by then follows what is slower.

A month is 550 steps, not 130,000; over days no efficacy differs by more than 0.5 % of what changed (a test).
"""

SILENT = 1e-3
"""A readout this small (1) is taken at longer steps."""

RESTING = 1.3
"""So is calcium below this multiple of its rest, where the rest itself is read (by the cyclase)."""

LIGANDS = tuple(LIGAND.values())

_AHEAD = 1e9  # ms; how far ahead a change of the bath is looked for


def rest_grid(
    start: float,
    stop: float,
    breaks: np.ndarray,
    tick: float = 1.0,
    growth: float = GROWTH,
    longest: float = STEP_MAX,
    late: float = LATE,
) -> np.ndarray:
    """Return the step ends of a rest (ms): steps grow with the time since `start` or the last break.

    Parameters
    ----------
    start, stop : float
        Begin and end of the rest (ms).
    breaks : ndarray
        Times at which something outside changes (ms); each is a step end, and steps grow anew from it.
    tick : float
        Smallest step (ms).
    growth : float
        Step over the time since the last break (1).
    longest : float
        Largest step (ms) until `late` of the time since the last break is more.
    late : float
        Step over the time since the last break where that is more than `longest` (1).
    """
    ends: list[float] = []
    for a, b in _pieces(start, stop, breaks):
        t = a
        while t < b:
            step = min(max(tick, growth * (t - a)), max(longest, late * (t - a)))
            t = b if t + 1.5 * step >= b else t + step
            ends.append(t)
    return np.array(ends)


def _pieces(start: float, stop: float, breaks: np.ndarray) -> list[tuple[float, float]]:
    edges = [start, *[b for b in np.unique(breaks) if start < b < stop], stop]
    return list(zip(edges[:-1], edges[1:], strict=True))


def calm(ca: np.ndarray, pre: np.ndarray, rest: np.ndarray, p: SimpleNamespace) -> np.ndarray:
    """Return the ticks in which nothing reads calcium and no glutamate comes, shape (n_tick,).

    Parameters
    ----------
    ca, pre : ndarray, shape (n_tick, ..., n_spine)
        Mean calcium (mM), and releases, of each tick.
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    p : SimpleNamespace
        `rule.parameters`.
    """
    reads = ((p.theta_lo * p.K_P * (1 - p.w_A), p.n_P), (p.theta_lo * p.K_D, p.n_D), (p.K_C, p.n_C), (p.K_E, p.n_E))
    low = min(float(np.min(k * SILENT ** (1 / np.asarray(n)))) for k, n in reads)
    own, idle = ca / p.ca_scale, np.maximum(low, RESTING * rest / p.ca_scale)
    # the slowest calmodulin, from rest: what it keeps of a tick is exact
    q = float(np.exp(-1 / np.max(p.tau_cam)))
    cam, bound = own - rest / p.ca_scale, 0.0  # scipy's lfilter takes longer to load than this loop
    for k in range(len(cam)):
        cam[k] = bound = (1 - q) * cam[k] + q * bound
    cam += rest / p.ca_scale
    others = tuple(range(1, ca.ndim))
    return (np.maximum(own, cam) < idle).all(axis=others) & ~pre.any(axis=others)


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Releases as they arrive at spines, sorted by time.

    Attributes
    ----------
    time : ndarray, shape (n,)
        ms, the delay of the path included.
    ligand : ndarray of int, shape (n,)
        Index into ``("da", "ach", "ne")``.
    where : tuple of ndarray, each shape (n,)
        Index of the spine, or of condition and spine, in the engine's states.
    weights : ndarray, shape (n, 12)
        What each adds to the exponentials (mM).
    """

    time: np.ndarray
    ligand: np.ndarray
    where: tuple[np.ndarray, ...]
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    def only(self, mask: np.ndarray) -> Arrivals:
        """Return those selected by a boolean mask."""
        return Arrivals(self.time[mask], self.ligand[mask], tuple(w[mask] for w in self.where), self.weights[mask])

    def of_condition(self, k: int) -> Arrivals:
        """Return them at the spines of condition `k`."""
        return replace(self, where=(np.full(len(self), k), *self.where))

    @classmethod
    def of(
        cls, table: Deliveries, time: np.ndarray, site: np.ndarray, weight: np.ndarray | None = None
    ) -> Arrivals:
        """Return releases at `time` (ms) from `site` (index), shape (n_release,), at every spine in reach.

        `weight` is the multiple of one release event that each is, 1 when not given.
        """
        rows = [np.flatnonzero(table.site == k) for k in range(len(table.modulators))]
        site = np.asarray(site, int)
        row = np.concatenate([np.zeros(0, int), *(rows[k] for k in site)])
        when = np.concatenate([np.zeros(0), *(t + table.delay[rows[k]] for t, k in zip(time, site, strict=True))])
        order = np.argsort(when, kind="stable")
        row = row[order]
        kind = np.array([list(LIGAND).index(m) for m in table.modulators], int)
        ligand = kind[table.site[row]] if len(row) else row
        weights = table.weights[row]
        if weight is not None and np.any(np.asarray(weight) != 1):
            size = np.concatenate([np.zeros(0), *(np.full(len(rows[k]), w) for w, k in zip(weight, site, strict=True))])
            weights = weights * size[order, None]
        return cls(when[order], ligand, (table.spine[row],), weights)

    @classmethod
    def merged(cls, parts: Sequence[Arrivals]) -> Arrivals:
        """Return several in one, sorted by time; of equal times the earlier part first."""
        time = np.concatenate([a.time for a in parts])
        order = np.argsort(time, kind="stable")
        where = tuple(np.concatenate(column)[order] for column in zip(*(a.where for a in parts), strict=True))
        ligand = np.concatenate([a.ligand for a in parts])[order]
        return cls(time[order], ligand, where, np.concatenate([a.weights for a in parts])[order])

    @classmethod
    def none(cls, dimensions: int = 1) -> Arrivals:
        """Return no arrivals, for states of so many dimensions."""
        empty = np.zeros(0)
        whole = empty.astype(int)
        return cls(empty, whole, (whole,) * dimensions, np.zeros((0, 12)))


@dataclass(frozen=True, eq=False)
class Inflow:
    """A field that was solved ahead, as an engine's states see it.

    Attributes
    ----------
    where : tuple of ndarray, each shape (n_point,)
        Index of the spine, or of condition and spine, of each point of the course.
    course : Course
        Excess over the tone.
    """

    where: tuple[np.ndarray, ...]
    course: Course


class Engine:
    """The rule in numpy, for spines or for conditions by spines.

    Parameters
    ----------
    p : SimpleNamespace
        `rule.parameters`; entries broadcast against the states.
    shape : tuple of int
        Shape of every state.
    rates : ndarray, shape (12,)
        Shared exponentials (/ms).
    uptake : mapping of str to float
        Loss of released ``da``, ``ach``, ``ne`` (/ms) where the bath says nothing of it.
    bath : callable
        Maps a time (ms) to what tone and drugs set (`drugs.bath`), ``uptake_da`` and the others included.
    bath_times : callable
        Maps an interval (ms, ms) to the times in it at which the bath changes.
    arrivals : Arrivals, optional
        Releases that act as exponentials.
    inflows : sequence of Inflow
        Fields that were solved ahead.
    step : callable
        What moves the states in a rest: `rule.midpoint`, or a part of it.
    """

    def __init__(
        self,
        p: SimpleNamespace,
        shape: tuple[int, ...],
        rates: np.ndarray,
        uptake: Mapping[str, float],
        bath: Callable[[float], Mapping[str, Any]],
        bath_times: Callable[[float, float], np.ndarray],
        arrivals: Arrivals | None = None,
        inflows: Sequence[Inflow] = (),
        step: Callable[..., State] = midpoint,
    ) -> None:
        self.step = step
        self.steps: Callable[..., State] | None = None  # takes many steps under the same surroundings, see `through`
        self.p, self.shape, self.rates, self.uptake = p, shape, rates, uptake
        self.bath, self.bath_times = bath, bath_times
        self.arrivals = arrivals or Arrivals.none(len(shape))
        self.inflows = tuple(inflows)
        self._changes = np.sort(np.concatenate([self.arrivals.time, *(i.course.release for i in self.inflows)]))
        self.s: dict[str, np.ndarray] = {name: np.zeros((len(rates), *shape)) for name in LIGANDS}
        self.c: dict[str, Any] = {}
        self.prp_drive = 0.0
        self._known = (np.inf, -np.inf)
        self._bath: Any = None
        self._left = uptake
        self.y: State = resting(p, self._around(0.0, None), shape)

    def _look(self, t: float) -> None:
        """Find the bath of time `t` (ms); it is constant between the times at which it is said to change."""
        if not self._known[0] <= t < self._known[1]:
            # the level in the middle between two changes: where a run was cut has no say in it
            before, after = self.bath_times(-1.0, np.nextafter(t, np.inf)), self.bath_times(t, t + _AHEAD)
            since = before[-1] if len(before) else 0.0
            bath = self.bath(0.5 * (since + after[0]) if len(after) else since)
            drugs = {
                kind: {r: bath[f"{short}_{r}"] for r in RECEPTORS if np.any(bath[f"{short}_{r}"])}
                for kind, short in (("agonist", "ago"), ("antagonist", "ant"))
            }
            self._known = (since, after[0] if len(after) else t + _AHEAD)
            drugs["gs"] = bath["gs_ext"]
            drugs["share"] = {name: bath[f"share_{name}"] for name in SHARES}
            self._bath = {name: bath[f"{name}_ext"] for name in LIGANDS}, drugs
            self._left = {name: bath.get(f"uptake_{name}", self.uptake[name]) for name in LIGANDS}

    def _around(self, t: float, field: Mapping[str, Any] | None) -> Surround:
        """Return what spines see at time `t` (ms)."""
        self._look(t)
        free, drugs = self._bath
        if field:
            free = {name: free[name] + field[name] for name in LIGANDS}
        return Surround(**free, **drugs, prp_drive=self.prp_drive)

    def _deliver(self, t0: float, t1: float) -> None:
        """Add what arrives in [t0, t1) to the exponentials."""
        arrivals = self.arrivals
        first, last = np.searchsorted(arrivals.time, (t0, t1))
        if first == last:
            return
        for k, name in enumerate(LIGANDS):
            rows = np.flatnonzero(arrivals.ligand[first:last] == k) + first
            if len(rows):
                index = (slice(None), *(w[rows] for w in arrivals.where))
                np.add.at(self.s[name], index, arrivals.weights[rows].T)

    def _spread(self, t0: float, t1: float, at: float) -> dict[str, Any]:
        """Return the mean released concentration from t0 to t1 (ms) and let the exponentials decay.

        Uptake is that of time `at` (ms).
        """
        if not len(self._changes):  # nothing is ever released here
            return dict.fromkeys(LIGANDS, 0.0)
        self._look(at)
        h = t1 - t0
        means: dict[str, Any] = {}
        for name in LIGANDS:
            s = self.s[name]
            if not s.any():
                means[name] = 0.0
                continue
            rates = self.rates.reshape(-1, *(1,) * len(self.shape))
            x = (rates + self._left[name]) * h
            means[name] = np.maximum((s * (-np.expm1(-x) / x)).sum(axis=0), 0.0)
            self.s[name] = s * np.exp(-x)
        for inflow in self.inflows:
            part = inflow.course.average(t0, t1)
            if part is not None:
                name = LIGAND[inflow.course.modulator]
                means[name] = np.broadcast_to(means[name], self.shape).copy()
                means[name][inflow.where] += part
        return means

    def tick(self, t: float, ca: np.ndarray, h: float = 1.0, pre: Any = 0.0) -> None:
        """Advance one tick of `h` ms under its mean calcium (mM) and `pre` releases of glutamate."""
        self._deliver(t, t + h)
        field = self._spread(t, t + h, t + h)
        around = replace(self._around(t + h, field), release=pre / h)
        self.y = learn(self.y, ca, around, h, self.p)
        self.c = {"da": around.da, "ach": around.ach, "ne": around.ne}

    def through(self, t0: float, ends: np.ndarray, ca: np.ndarray) -> None:
        """Advance steps of a rest, from t0 to each of `ends` (ms), at steady calcium `ca` (mM).

        Where nothing is ever released, steps between two changes of the bath are taken in one call.
        """
        if self.steps is None or len(self._changes):
            for t1 in ends:
                self.rest(t0, float(t1), ca)
                t0 = float(t1)
            return
        starts = np.append(t0, ends[:-1])
        middle, k = 0.5 * (starts + ends), 0
        while k < len(ends):
            around = self._around(float(middle[k]), dict.fromkeys(LIGANDS, 0.0))
            more = k + int(np.searchsorted(middle[k:], self._known[1]))  # to the next change of the bath
            self.y = self.steps(self.y, ca, around, (ends - starts)[k:more])
            self.c = {"da": around.da, "ach": around.ach, "ne": around.ne}
            k = more

    def rest(self, t0: float, t1: float, ca: np.ndarray) -> None:
        """Advance one step of a rest, from t0 to t1 (ms), at steady calcium `ca` (mM).

        Where a release arrives, or has arrived a short while ago, the step is divided.
        """
        before = self._changes[: np.searchsorted(self._changes, t1)]
        ends = [t1]
        if len(before) and GROWTH * (t0 - before[-1]) < t1 - t0:
            ends = self._divided(t0, t1, before)
        for end in ends:
            self._deliver(t0, end)
            field = self._spread(t0, end, 0.5 * (t0 + end))
            around = self._around(0.5 * (t0 + end), field)
            self.y = self.step(self.y, ca, around, end - t0, self.p)
            self.c = {"da": around.da, "ach": around.ach, "ne": around.ne}
            t0 = end

    @staticmethod
    def _divided(t0: float, t1: float, before: np.ndarray) -> list[float]:
        ends, t = [], t0
        while t < t1:
            first = int(np.searchsorted(before, t, side="right"))
            since = t - before[first - 1] if first else np.inf
            step = max(1.0, min(GROWTH * since, STEP_MAX))
            # a step ends where the next release arrives, which else would act before it is there
            stop = min(t1, max(t + 1.0, before[first])) if first < len(before) else t1
            t = stop if t + 1.5 * step >= stop else t + step
            ends.append(t)
        return ends
