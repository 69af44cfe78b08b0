"""Receptors and cascades in the shafts of the dendrites, where the channels of the cell sit.

A shaft is given the receptors of the spines: the same rule, the same parameters, the same field, at the
middle of each segment.  It has no calcium of its own (the spines' calcium does not cross their necks), so
its PKA follows the receptors alone.

Nothing electrical acts back on a shaft: its signals are a function of time, whenever they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from .consolidate import GROWTH, LIGANDS, STEP_MAX, Arrivals, Engine, Inflow
from .course import Course
from .parameters import RECEPTORS
from .rule import State, bound, hill, signal

__all__ = ["Shafts", "signals"]

FIRST = 1.0
"""Step after a change of the bath or an arrival (ms), as in `consolidate`; later steps grow."""


def signals(y: Mapping[str, Any], p: SimpleNamespace) -> dict[str, Any]:
    """Return what acts on conductances, each between 0 and 1 (`excitability.SIGNALS`).

    Parameters
    ----------
    y : State or mapping
        Receptor occupancies, ``PKA`` and ``PLC``.
    p : SimpleNamespace
        `rule.parameters`.
    """
    out = {r: getattr(p, f"x_{r}") * bound(y, r, p) for r in RECEPTORS}
    return out | {"PKA": hill(y["PKA"], p.K_A, p.n_A), "PLC": hill(y["PLC"], p.K_Q, p.n_Q)}


@dataclass
class _Group:
    """Points that are reached by releases, or those that are not, at time `t` (ms) on a grid of their own."""

    points: np.ndarray
    engine: Engine
    t: float = 0.0

    def next(self) -> float:
        """Return the next time of the grid: it knows changes of the bath and arrivals, nothing else."""
        begun, stop = 0.0, np.inf
        # a release arrives everywhere at another moment: those within one step share it
        for changes, least in ((self.engine.bath_times(-1.0, np.inf), 0.0), (self.engine.arrivals.time, FIRST)):
            k = int(np.searchsorted(changes, self.t, side="right"))
            begun = max([begun, *changes[max(k - 1, 0) : k]])
            stop = min([stop, *np.maximum(changes[k : k + 1], self.t + least)])
        return min(stop, self.t + min(max(FIRST, GROWTH * (self.t - begun)), STEP_MAX))

    def at(self, t: float) -> np.ndarray:
        """Return the states at `t` (ms), shape (n_state, n): from the last time of the grid in one step."""
        while (end := self.next()) <= t:
            self.engine.rest(self.t, end, None)
            self.t = end
        engine = self.engine
        kept = engine.y, {name: s.copy() for name, s in engine.s.items()}
        if t > self.t:
            engine.rest(self.t, t, None)
        moved = engine.y.array
        engine.y, engine.s = kept
        return moved


class Shafts:
    """The signals at points of the tree.

    Points that no release reaches take the very same steps with and without one.

    Parameters
    ----------
    p : SimpleNamespace
        `rule.parameters` with one head volume, which nothing here depends on.
    n : int
        Number of points.
    rates, uptake, bath, bath_times
        As of `consolidate.Engine`.
    """

    def __init__(
        self,
        p: SimpleNamespace,
        n: int,
        rates: np.ndarray,
        uptake: Mapping[str, float],
        bath: Callable[[float], Mapping[str, Any]],
        bath_times: Callable[[float, float], np.ndarray],
    ) -> None:
        self.p, self.n = p, n
        self._engine = lambda points, arrivals, inflows: Engine(
            p, (points,), rates, uptake, bath, bath_times, arrivals, inflows, signal
        )
        self.listen(Arrivals.none())

    def listen(self, arrivals: Arrivals, courses: Sequence[Course] = ()) -> None:
        """Start from the steady state of the bath at time 0, and hear these releases (`where`: the point)."""
        reached = [arrivals.where[0], *(c.spine for c in courses)]
        self.reached = np.isin(np.arange(self.n), np.concatenate(reached))
        self._groups = []
        number = np.empty(self.n, int)
        for points in (np.flatnonzero(self.reached), np.flatnonzero(~self.reached)):
            if len(points):
                number[points] = np.arange(len(points))
                mine = arrivals.only(np.isin(arrivals.where[0], points))
                inflows = [Inflow((number[c.spine],), c) for c in courses] if self.reached[points[0]] else []
                engine = self._engine(len(points), replace(mine, where=(number[mine.where[0]],)), inflows)
                self._groups.append(_Group(points, engine))

    def at(self, t: float) -> dict[str, np.ndarray]:
        """Return the signals at time `t` (ms), not before the last time asked for; each of shape (n,)."""
        whole = State(np.empty((len(State.NAMES), self.n)))
        for group in self._groups:
            whole.array[:, group.points] = group.at(t)
        return signals(whole, self.p)

    def state(self) -> list[dict[str, Any]]:
        """Return everything the signals depend on as plain arrays and numbers, for each group of points."""
        return [
            {"t": g.t, "y": g.engine.y.array.copy(), **{name: g.engine.s[name].copy() for name in LIGANDS}}
            for g in self._groups
        ]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Go to a state of the same points and releases."""
        for group, kept in zip(self._groups, state, strict=True):
            group.t = kept["t"]
            group.engine.y = State(kept["y"].copy())
            group.engine.s = {name: kept[name].copy() for name in LIGANDS}
