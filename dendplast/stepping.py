"""Drive NEURON with the fixed step, and leave the session as it was found."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import floor
from typing import Any

import numpy as np
from neuron import h

from .errors import ParameterError

__all__ = ["PIECE", "TICK", "check_dt", "fixed_step", "forward", "next_multiple", "settle", "weakly"]

_log = logging.getLogger(__name__)

TICK = 1.0
"""Step of the rule (ms); windows, recording and events of the bath stand on this grid."""


def check_dt(dt: float) -> int:
    """Return how many steps of `dt` ms make one tick.

    Raises
    ------
    ParameterError
        If the sampling of calcium (0.1 ms, or `dt` when that is longer) does not divide the tick.
    """
    sample = max(1, round(0.1 / dt))
    ticks = TICK / (sample * dt)
    if abs(ticks - round(ticks)) > 1e-9 or round(ticks) < 1:
        raise ParameterError(
            f"numerics.dt = {dt:g} ms: must divide 0.1 ms, or be 0.1 or 0.2 ms (for example 0.0125, 0.025, 0.05, 0.1)"
        )
    return sample * round(ticks)

PIECE = 50.0
"""Whether a cell is at rest is judged by what moves in this time (ms)."""


@contextmanager
def fixed_step(dt: float, celsius: float) -> Iterator[None]:
    """Set step, temperature and method for a while; the session's own come back whatever happens.

    The variable step alone does not: NEURON refuses it while there is a compiled spine.
    """
    cvode = h.CVode()
    before = h.dt, h.celsius, h.secondorder, cvode.active()
    try:
        cvode.active(0)
        h.dt, h.celsius, h.secondorder = dt, celsius, 0
        yield
    finally:
        h.dt, h.celsius, h.secondorder = before[:3]
        if before[3]:
            _log.warning(
                "CVode was active and is off now: spines run with the fixed step only; "
                "h.CVode().active(1) works again when the model is gone"
            )


def forward(steps: int) -> None:
    """Take `steps` fixed steps."""
    advance = h.fadvance
    for _ in range(steps):
        advance()


def settle(
    state: Callable[[], np.ndarray], longest: float, dt: float, quiet: float = 0.0,
    step: Callable[[int], None] = forward,
) -> float:
    """Let electricity go on until it is quiet.

    Parameters
    ----------
    state : callable
        Gives voltages and gates.
    longest : float
        Time after which to stop in any case (ms).
    dt : float
        Step (ms).
    quiet : float
        Stop when nothing moves by more than this in `PIECE` ms.
    step : callable
        Takes a number of steps.

    Returns
    -------
    float
        By how much what moved most has moved in the last piece.
    """
    moved = 0.0
    for piece in [longest % PIECE, *[PIECE] * int(longest // PIECE)]:
        if piece:
            before = state()
            step(round(piece / dt))
            moved = float(np.abs(state() - before).max())
            if moved < quiet:
                break
    return moved


def next_multiple(since: float, interval: float) -> float:
    """Return the next multiple of an interval (ms) after `since`, the interval being rounded to whole ticks."""
    interval = max(TICK, round(interval / TICK) * TICK)
    return (floor(since / interval + 1e-9) + 1) * interval


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """Return a function that calls a method while its object lives: NEURON's lists keep no model alive."""
    weak = weakref.WeakMethod(method)

    def call(*arguments: Any) -> None:
        alive = weak()
        if alive is not None:
            alive(*arguments)

    return call
