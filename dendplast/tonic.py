"""Tone in time: the steady concentration of a modulator as stairs, through pauses, steps and blocked uptake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import ParameterError

__all__ = ["Stairs", "Move", "stairs"]

_STEPS = 8  # stairs a time constant; each holds its exact mean, so the area under the curve is exact
_NEAR = 0.01  # of the larger level: this near the new level it is taken
_SMALL = 0.1  # of the larger level: a change this small is taken at once (a step of a wash-in)
_LONGEST = 100_000  # stairs


@dataclass(frozen=True)
class Move:
    """A change of what keeps up a tone: to `level` (mM), or by a factor, from `start` on.

    Attributes
    ----------
    start, stop : float
        When it begins and ends (ms); infinite `stop`: for good.
    level : float or None
        Concentration it stands for (mM).
    factor : float
        What it leaves of the source (1).
    """

    start: float
    stop: float
    level: float | None = None
    factor: float = 1.0


@dataclass(frozen=True, eq=False)
class Stairs:
    """A concentration that is constant between edges.

    Attributes
    ----------
    edges : ndarray, shape (n,)
        Where it changes (ms), whole milliseconds; the first is 0.
    levels : ndarray, shape (n,)
        Concentration from each edge on (mM).
    """

    edges: np.ndarray
    levels: np.ndarray

    def __call__(self, t: float) -> float:
        """Return the concentration at time `t` (ms), mM."""
        return float(self.levels[max(0, np.searchsorted(self.edges, t, side="right") - 1)])

    def times(self, t0: float, t1: float) -> np.ndarray:
        """Return the times in (t0, t1) at which it changes (ms)."""
        first, last = np.searchsorted(self.edges, t0, side="right"), np.searchsorted(self.edges, t1, side="left")
        return self.edges[max(1, first) : last]

    def mean(self, t0: float, t1: float) -> float:
        """Return the mean over (t0, t1), t0 < t1 (mM)."""
        if len(self.edges) == 1:
            return float(self.levels[0])
        edges = np.concatenate([[t0], self.times(t0, t1), [t1]])
        return float(np.diff(edges) @ [self(t) for t in edges[:-1]] / (t1 - t0))


def stairs(
    tone: float, moves: Sequence[Move], uptake: float, left: Callable[[float], float], left_times: np.ndarray
) -> Stairs:
    """Return how a tone runs: a source that keeps it up against a clearance that may be blocked.

    dC/dt = uptake left(t) (source(t)/left(t) - C) with source = tone at rest: the concentration rises as
    clearance falls, and follows what keeps it up with the time constant 1/(uptake left). Uptake is linear.

    Parameters
    ----------
    tone : float
        Declared concentration, where nothing moves and nothing is blocked (mM).
    moves : sequence of Move
        Pauses and steps.
    uptake : float
        Rate of clearance when nothing is blocked (/ms).
    left : callable
        Maps a time (ms) to the share of clearance that is left.
    left_times : ndarray
        When that share changes (ms).

    Returns
    -------
    Stairs
        Exactly `tone` for ever when nothing moves and nothing is blocked.

    Raises
    ------
    ParameterError
        If a tone should move where nothing clears it, or would take too many stairs.
    """
    if moves and uptake <= 0:
        raise ParameterError("a tone that nothing clears can not fall or rise: uptake is 0 in this medium")
    knots = np.unique(np.round([0.0, *left_times, *(t for m in moves for t in (m.start, m.stop) if np.isfinite(t))]))
    edges: list[float] = []
    levels: list[float] = []
    c = tone / left(0.0) if left(0.0) < 1 else tone
    for k, (a, b) in enumerate(zip(knots, [*knots[1:], np.inf], strict=True)):
        share = left(0.5 * (a + b) if k + 1 < len(knots) else a)
        target = _source(tone, moves, a) / share if share < 1 else _source(tone, moves, a)
        t = a
        while abs(target - c) > (_SMALL if t == a else _NEAR) * max(target, c) and t < b:
            x = max(1.0, round(1 / (_STEPS * uptake * share)))
            x = min(x, b - t)
            fall = np.exp(-x * uptake * share)
            edges.append(t)
            levels.append(target + (c - target) * (1 - fall) / (x * uptake * share))
            c = target + (c - target) * fall
            t += x
            if target == 0 and c < _NEAR * tone:
                break
        if t < b:
            edges.append(t)
            levels.append(target)
            c = target
        if len(edges) > _LONGEST:
            raise ParameterError(f"the tone changes more than {_LONGEST} times: fewer or slower pauses are needed")
    keep = np.append(True, np.diff(levels) != 0)
    return Stairs(np.array(edges)[keep], np.array(levels)[keep])


def _source(tone: float, moves: Sequence[Move], t: float) -> float:
    """Return the concentration that the source stands for at time `t` (mM): last step, times every pause."""
    level = tone
    for move in moves:
        if move.start <= t < move.stop and move.level is not None:
            level = move.level
    for move in moves:
        if move.start <= t < move.stop:
            level = level * move.factor
    return level
