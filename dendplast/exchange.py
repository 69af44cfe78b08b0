"""The rule's states between NEURON, where spines move them, and numpy, where they move in rests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .consolidate import LIGANDS, Arrivals, Engine, Inflow
from .feed import Feed
from .model import Model
from .release import N_RATE
from .rule import INTEGRALS, STATES, State, efficacy
from .slots import SPINE_RULE, Slots, listed, spine_slots

__all__ = ["Exchange"]

COMPILED, MANY = 200, 300
"""Spines, or electrical events, from which rests are moved by the compiled rule.

Below, loading the compiler costs more than it saves. Releases have no say in it: locality holds bit by bit.
"""


class Exchange:
    """Gathers the slow states of all spines into engines, and scatters them back.

    Spines that a release reaches and spines that none reaches have an engine each, so that the steps of the latter
    do not depend on releases.

    Parameters
    ----------
    model : Model
        A built model.

    Attributes
    ----------
    slow : dict of str to Slots
        What the rule moves in the spines.
    released : dict of str to Slots
        The exponentials of each modulator in the spines that are reached.
    groups : list of ndarray
        The spines of each engine.
    engines : list of Engine
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.slow = spine_slots(model.every, SPINE_RULE)
        self.released: dict[str, Slots] = {}
        self.groups: list[np.ndarray] = []
        self.engines: list[Engine] = []
        self._reached = np.zeros(0, int)
        self._compiled = False

    def refresh(self, events: int, arrivals: Arrivals, feed: Feed) -> None:
        """Make the engines for what the model's protocols do now; `events` is the number of electrical events."""
        model = self.model
        self._compiled = len(model.spines) >= COMPILED or events >= MANY
        reached = np.zeros(len(model.spines), bool)
        reached[model.field.reached] = True
        self._reached = np.flatnonzero(reached)
        slots = spine_slots(listed(model.processes[i] for i in self._reached), [f"s_{n}" for n in LIGANDS])
        self.released = {n: slots[f"s_{n}"] for n in LIGANDS}
        self.groups = [g for g in (self._reached, np.flatnonzero(~reached)) if len(g)]
        number = np.full(len(reached), -1)
        self.engines = []
        for group in self.groups:
            number[group] = np.arange(len(group))
            mine = arrivals.only(np.isin(arrivals.where[0], group))
            mine = replace(mine, where=(number[mine.where[0]],))
            inflows = [Inflow((number[c.spine],), c) for c in feed.courses] if reached[group[0]] else []
            self.engines.append(
                Engine(
                    model.rule_parameters(group), (len(group),), model.rates(), model.uptake(), model.bath,
                    model.bath_times, mine, inflows,
                )
            )  # fmt: skip

    def change(self, name: str, values: np.ndarray) -> None:
        """Change a number of the rule in every spine; `values` has shape (n_spine,)."""
        for group, engine in zip(self.groups, self.engines, strict=True):
            setattr(engine.p, name, values[group])
            engine.steps = None  # the compiled rule has its numbers from when it was made

    def values(self) -> dict[str, np.ndarray]:
        """Return a copy of all that the rule moves."""
        return {n: s.get() for n, s in self.slow.items()} | {f"s_{n}": s.get() for n, s in self.released.items()}

    def write(self, values: dict[str, np.ndarray]) -> None:
        """Write what `values` returned into the spines."""
        for name, slots in (*self.slow.items(), *((f"s_{n}", s) for n, s in self.released.items())):
            slots.set(values[name])

    def gather(self) -> list[Engine]:
        """Return the engines with the states of the spines."""
        values = {n: self.slow[n].get() for n in (*STATES, *INTEGRALS)}
        released = {n: s.get().reshape(N_RATE, -1) for n, s in self.released.items()}
        for group, engine in zip(self.groups, self.engines, strict=True):
            engine.y = State.of({n: v[group] for n, v in values.items()})
            own = group is self.groups[0] and len(self._reached) > 0
            engine.s = {n: v.copy() if own else np.zeros((N_RATE, len(group))) for n, v in released.items()}
            engine.c = {}
            if self._compiled and engine.steps is None:
                from .fastrule import Rule  # here: loading the compiler takes half a second

                rule = Rule(engine.p, engine.shape)
                engine.step, engine.steps = rule.midpoint, rule.midpoints
        return self.engines

    def scatter(self) -> None:
        """Write the states of the engines into the spines."""
        for name in (*STATES, *INTEGRALS):
            self.slow[name].set(self.join(name))
        for name, slots in self.released.items():
            if len(slots):
                slots.set(self.engines[0].s[name].ravel())
            if all(engine.c for engine in self.engines):
                c = np.zeros(len(self.model.spines))
                for group, engine in zip(self.groups, self.engines, strict=True):
                    c[group] = engine.c[name]
                self.slow[name].set(c)
        self.slow["w"].set(self.weights())

    def join(self, name: str) -> np.ndarray:
        """Return one state of the engines, shape (n_spine,)."""
        out = np.zeros(len(self.model.spines))
        for group, engine in zip(self.groups, self.engines, strict=True):
            out[group] = engine.y[name]
        return out

    def weights(self) -> np.ndarray:
        """Return the efficacies that the engines' states make, shape (n_spine,)."""
        if not self.model.experiment.numerics.plastic:
            return np.ones(len(self.model.spines))
        out = np.zeros(len(self.model.spines))
        for group, engine in zip(self.groups, self.engines, strict=True):
            out[group] = efficacy(engine.y, engine.p)
        return out
