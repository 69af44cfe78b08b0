"""Receptors and cascades in the shafts of the dendrites, where the channels of the cell sit.

A shaft is given the receptors of the spines: the same rule, the same parameters, the same field, at the
middle of each segment.  It has no calcium of its own (the spines' calcium does not cross their necks), so
its kinase stays silent and its PKA follows the receptors alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from .consolidate import LIGANDS, Arrivals, Engine
from .parameters import RECEPTORS
from .rule import State, hill

__all__ = ["Shafts", "signals"]


def signals(y: Mapping[str, Any], p: SimpleNamespace) -> dict[str, Any]:
    """Return what acts on conductances, each between 0 and 1 (`excitability.SIGNALS`).

    Parameters
    ----------
    y : State or mapping
        Receptor occupancies, ``PKA`` and ``PLC``.
    p : SimpleNamespace
        `rule.parameters`.
    """
    out = {r: getattr(p, f"x_{r}") * y[r] for r in RECEPTORS}
    return out | {"PKA": hill(y["PKA"], p.K_A, p.n_A), "PLC": hill(y["PLC"], p.K_Q, p.n_Q)}


class Shafts:
    """The signals at points of the tree, moved in steps of biological time.

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
        self._engine = lambda points, arrivals: Engine(p, (points,), rates, uptake, bath, bath_times, arrivals)
        self.t = 0.0
        self.listen(Arrivals.none())

    def listen(self, arrivals: Arrivals) -> None:
        """Start from the steady state of the bath at time 0, and hear these releases (`where`: the point)."""
        reached = np.isin(np.arange(self.n), arrivals.where[0])
        self.groups = [g for g in (np.flatnonzero(reached), np.flatnonzero(~reached)) if len(g)]
        number = np.empty(self.n, int)
        self._engines = []
        for group in self.groups:
            number[group] = np.arange(len(group))
            mine = arrivals.only(np.isin(arrivals.where[0], group))
            self._engines.append(self._engine(len(group), replace(mine, where=(number[mine.where[0]],))))
        self.t = 0.0

    def to(self, t: float) -> None:
        """Take one step, to time `t` (ms)."""
        if t > self.t:
            for engine in self._engines:
                engine.rest(self.t, t, 0.0)
            self.t = t

    def signals(self) -> dict[str, np.ndarray]:
        """Return the signals at every point, each of shape (n,)."""
        return signals(self._whole(), self.p)

    def _whole(self) -> State:
        out = State(np.empty((len(State.NAMES), self.n)))
        for group, engine in zip(self.groups, self._engines, strict=True):
            out.array[:, group] = engine.y.array
        return out

    def state(self) -> dict[str, Any]:
        """Return everything the signals depend on as plain arrays and numbers."""
        released = {name: np.empty((len(self._engines[0].rates), self.n)) for name in LIGANDS}
        for group, engine in zip(self.groups, self._engines, strict=True):
            for name in LIGANDS:
                released[name][:, group] = engine.s[name]
        return {"t": self.t, "y": self._whole().array, **released}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to a state of the same points and releases."""
        self.t = state["t"]
        for group, engine in zip(self.groups, self._engines, strict=True):
            engine.y = State(state["y"][:, group])
            engine.s = {name: state[name][:, group] for name in LIGANDS}
