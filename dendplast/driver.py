"""The clock of a run: electricity only while something electrical happens, the rule alone in between.

Biological time is kept here; NEURON's own clock only counts the electrical stretches, so ``h.t`` is
compressed.  While the cell is active every fixed step is taken.  When no event is near and calcium has
calmed down everywhere, the rule is advanced alone (`consolidate.Engine`) to the next event.  When an active
stretch begins depends on electrical events and calcium alone: a release changes nothing where it does not reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from neuron import h

from .consolidate import Engine, rest_grid
from .engine import choose_engine
from .errors import SimulationError
from .exchange import Exchange
from .feed import Feed
from .model import Model
from .recorder import Recorder
from .result import OUTCOMES
from .rule import INTEGRALS, STATES
from .slots import SPINE_FAST, Slots, cell_states, spine_slots
from .stepping import PIECE, TICK, forward, next_multiple, settle

__all__ = ["Driver"]

LEAD = 2.0
"""An active stretch begins this long (ms) before its first event."""

CHUNK = 20.0
"""Calm is looked for at this interval (ms) in an active stretch, where events leave room for it."""

LONGEST = 1000.0
"""What takes the steps is left alone for this long (ms) at most: handing spines to CoreNEURON costs some steps."""

RESETTLE = 1e-3
"""When a channel's gain has moved by more than this, the rest is settled anew (0.01 mV; see docs/design.md)."""

QUIET = 0.02
"""It is settled when nothing moves by more than this (mV, or a gate's 1) in `stepping.PIECE` ms."""


GATES = ("m_ca", "h_ca", "m_L", "m_T", "h_T")
"""Gates of a spine's calcium channels."""


class Driver:
    """The clock of a run: moves a model through active stretches and rests, and can be saved and restored.

    Parameters
    ----------
    model : Model
        A built model.
    watch : Recorder, optional
        Samples the run as it goes.
    capture : bool
        Keep the calcium of every tick of every active stretch (for replay).
    """

    def __init__(self, model: Model, watch: Recorder | None = None, capture: bool = False) -> None:
        self.model, self.watch, self.capture = model, watch, capture
        numerics = model.experiment.numerics
        self.dt, self.full = numerics.dt, numerics.full or model.cell.adopted
        self.steps = round(TICK / self.dt)
        self.sample = max(1, round(0.1 / self.dt))
        self.tail, self.relax = numerics.tail, numerics.relax
        sections = [*model.cell.sections, *model.heads, *model.necks]
        states = [*cell_states(sections), *(("gate", g) for g in model.barrage.references())]
        self.electric = Slots(reference for _, reference in states)
        near = {"voltage": numerics.calm_v, "concentration": numerics.calm, "gate": numerics.calm_gate}
        self._near = np.array([near[kind] for kind, _ in states])
        # what comes to rest last goes first
        self._near_spine = {"cai": near["concentration"], "vhead": near["voltage"]}
        self._near_spine |= dict.fromkeys(GATES, near["gate"])
        self.fast = spine_slots(model.every, (*SPINE_FAST, "cai_peak"))
        self.peak = self.fast.pop("cai_peak")
        self.exchange = Exchange(model)
        self.slow = self.exchange.slow
        self.captured: list[tuple[float, np.ndarray]] = []
        self.gains = model.gains
        self.engine = choose_engine(model, capture)
        self.t = 0.0  # biological time, on the grid of ticks
        self.active_since: float | None = None
        self.rest_since = 0.0
        self.last_event = -np.inf
        self._events: tuple[np.ndarray, list[Any]] = (np.zeros(0), [])
        self.refresh()

    # ---- state --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the model's protocols again, after something was applied."""
        times, netcons = self.model.electrical_events()
        self._events = self._on_grid(times), netcons
        arrivals = self.model.arrivals()
        arrivals = replace(arrivals, time=self._on_grid(arrivals.time))
        self.arrivals, self.feed = arrivals, Feed(self.model.processes, self.model.field.courses)
        self.exchange.refresh(len(times), self.arrivals, self.feed)

    @property
    def groups(self) -> list[np.ndarray]:
        """The spines of each engine."""
        return self.exchange.groups

    @property
    def engines(self) -> list[Engine]:
        """What moves the rule in rests."""
        return self.exchange.engines

    def _on_grid(self, times: np.ndarray) -> np.ndarray:
        """Return times (ms) moved to whole steps, a whole tick being an exact number."""
        return np.round(np.round(times / self.dt) * self.dt, 9)

    def start(self) -> None:
        """Initialise NEURON, let the channels settle, and take that as rest and as time 0."""
        model = self.model
        h.finitialize(model.preset.cell.v_init)
        self.model.set_bath(0.0)
        slow = self.exchange.values()
        moved = settle(self.electric.get, model.experiment.numerics.settle, self.dt, step=self.engine.forward)
        if not self.full:
            self._check_rest(moved)
        self.exchange.write(slow)
        self._mark_rest()
        self.peak.set(self.rest["cai"])
        self.t, self.active_since, self.rest_since, self.last_event = 0.0, None, 0.0, -np.inf

    def _check_rest(self, moved: float) -> None:
        if moved > 1.0:
            raise SimulationError(
                f"the cell is not at rest after numerics.settle = {self.model.experiment.numerics.settle:g} ms "
                f"(something still moves by {moved:.2g} in 50 ms): settle longer, or set numerics.full = true for "
                f"a cell that is active by itself"
            )

    def _mark_rest(self) -> None:
        self.rest = {"electric": self.electric.get()} | {n: s.get() for n, s in self.fast.items()}
        if self.gains is not None:
            self.rest["gains"] = dict(self.gains.values)

    def _settle_again(self) -> None:
        """Find the rest under the gains of this moment; the rule and the clock stand still meanwhile."""
        if self.gains.moved(self.rest["gains"]) <= RESETTLE:
            return
        slow, peak = self.exchange.values(), self.peak.get()
        longest = PIECE * max(1, round(self.model.experiment.numerics.settle / PIECE))  # whole ticks of the rule
        self._check_rest(settle(self.electric.get, longest, self.dt, QUIET, self.engine.forward))
        self.exchange.write(slow)
        self._mark_rest()
        self.peak.set(peak)

    def state(self) -> dict[str, Any]:
        """Return everything the run depends on as plain arrays and numbers."""
        return {
            "experiment": self.model.experiment.hash,
            "clock": [self.t, self.active_since, self.rest_since, self.last_event],
            "electric": self.electric.get(),
            "fast": {n: s.get() for n, s in self.fast.items()},
            "slow": self.exchange.values(),
            "peak": self.peak.get(),
            "rest": self.rest,
            "level": {at: p.level for at, p in self.model.electrodes().items()},
            "conductances": dict(self.model.conductances),
            "gains": None if self.gains is None else self.gains.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to a state that a run of the same experiment gave.

        Raises
        ------
        SimulationError
            If the state is of another experiment.
        """
        if state["experiment"] != self.model.experiment.hash:
            raise SimulationError(
                f"the state is of experiment {state['experiment']}, this model is {self.model.experiment.hash}"
            )
        self.model.set_conductances(**state["conductances"])
        h.finitialize(self.model.preset.cell.v_init)
        if self.gains is not None:
            self.gains.restore(state["gains"])
        self.t, self.active_since, self.rest_since, self.last_event = state["clock"]
        if self.active_since is not None:
            self._set_bath()
        self.rest = state["rest"]
        self.electric.set(state["electric"])
        for name in self.fast:
            self.fast[name].set(state["fast"][name])
        self.exchange.write(state["slow"])
        self.peak.set(state["peak"])
        for at, pulse in self.model.electrodes().items():
            pulse.level = state["level"].get(at, 0.0)
        if self.active_since is not None:
            self._find_next(self.t)

    # ---- motion -------------------------------------------------------------------------------------

    def to(self, end: float) -> None:
        """Run to `end` (ms): a stretch to the tick before it, a rest to its own step before it (see `peek`)."""
        while True:
            if self.active_since is None:
                wake = self._next_wake()
                if not self._rest_to(wake, end):
                    return
                self._wake(wake)
            if not self._active_to(np.floor(end / TICK + 1e-9) * TICK):
                return

    def _next_wake(self) -> float:
        """Return when the next active stretch begins: on the tick grid, `LEAD` before the next event."""
        if self.full:
            return self.t
        times = self._events[0]
        k = int(np.searchsorted(times, self.t))
        return max(self.t, np.floor((times[k] - LEAD) / TICK) * TICK) if k < len(times) else np.inf

    def _wake(self, t: float) -> None:
        """Begin an active stretch at `t`."""
        rested = t - self.last_event >= self.relax
        if rested:
            self.electric.set(self.rest["electric"])
            for name, slot in self.fast.items():
                slot.set(self.rest[name])
        else:  # too short to be at rest: receptors go on closing, the rest stays as it was when calm
            for name in ("r_ampa", "d_ampa", "r_nmda", "d_nmda"):
                left = np.exp(-(t - self.rest_since) / self.model.values["tau_" + name])
                self.fast[name].set(self.fast[name].get() * left)
        self.active_since = t
        self._set_bath()
        if self.gains is not None:
            self.gains.advance(t)
            if rested:
                self._settle_again()
        self._find_next(t)

    def _set_bath(self) -> None:
        """Write the bath of its last change in this stretch, the same wherever the run is cut."""
        begun = self.active_since
        changes = self.model.bath_times(begun, self.t + 1e-6)
        self.model.set_bath(np.ceil(changes[-1] / TICK) * TICK if len(changes) else begun)

    def _find_next(self, t: float) -> None:
        self._next_event = int(np.searchsorted(self._events[0], t - 1e-9))
        self._next_arrival = int(np.searchsorted(self.arrivals.time, t))

    def _send(self, t0: float, t1: float) -> None:
        """Send to NEURON what happens in [t0, t1)."""
        times, netcons = self._events
        now = h.t
        while self._next_event < len(times) and times[self._next_event] < t1 - 1e-9:
            t = times[self._next_event]
            netcons[self._next_event]().event(now + round((t - t0) / self.dt) * self.dt)
            self.last_event = t
            self._next_event += 1
        arrivals = self.arrivals
        while self._next_arrival < len(arrivals) and arrivals.time[self._next_arrival] < t1:
            k = self._next_arrival
            step = round((arrivals.time[k] - t0) / self.dt)
            netcon = self.model.arrival(int(arrivals.ligand[k]), int(arrivals.where[0][k]), arrivals.weights[k])
            netcon.event(now + step * self.dt)
            self._next_arrival += 1

    def _active_to(self, end: float) -> bool:
        """Run the active stretch to its end (True) or to `end`, a whole tick (False)."""
        intervals = [] if self.watch is None else [self.watch.every_active]
        intervals += [] if self.gains is None else [self.gains.grid]
        while self.t < end - 1e-9:
            begun = self.active_since
            check = self._next_check()
            stops = [end, check, *(begun + next_multiple(self.t - begun, interval) for interval in intervals)]
            changes = self.model.bath_times(self.t, check + TICK)  # a change at the next check is seen
            stops += [np.ceil(change / TICK) * TICK for change in changes]
            self._advance(min(stops))
            if len(changes) and changes[0] <= self.t:
                self._set_bath()
            if self.gains is not None and np.remainder(self.t - begun + 0.5, self.gains.grid) < 1.0:
                self.gains.advance(self.t)
            if self.watch is not None and self.watch.wants(self.t, begun):
                self.watch.sample(self.t, active=True)
            checks = np.remainder(self.t - begun + 0.5, CHUNK) < 1.0
            if checks and not self.full and self._is_calm():
                self.active_since, self.rest_since = None, self.t
                return True
        return False

    def _advance(self, stop: float) -> None:
        ticks = round((stop - self.t) / TICK)
        self._send(self.t, stop)
        if not self.capture and not self.feed.wants(self.t, stop):
            self.engine.forward(ticks * self.steps)
        elif not self.capture:
            for k in range(ticks):
                self.feed.write(self.t + k * TICK, self.model.outside)
                self.engine.forward(self.steps)
        else:
            cai = self.fast["cai"]
            for k in range(ticks):
                samples = []
                for _ in range(self.steps // self.sample):
                    forward(self.sample)
                    samples.append(cai.get())
                self.captured.append((self.t + k * TICK, np.mean(samples, axis=0).astype(np.float32)))
        self.t = self.t + ticks * TICK

    def _next_check(self) -> float:
        """Return when calm is looked for next in this stretch (ms): where events leave room, within `LONGEST`."""
        t = self.active_since + next_multiple(self.t - self.active_since, CHUNK)
        while t - self.t < LONGEST and (self.full or not self._room(t)):
            t += CHUNK
        return t

    def _room(self, t: float) -> bool:
        """Return whether events are far enough from `t` (ms), on both sides, for calm."""
        times = self._events[0]
        k = int(np.searchsorted(times, t - 1e-9))
        last = times[k - 1] if k > self._next_event else self.last_event
        return t - last >= self.tail and (k == len(times) or times[k] - t >= self.tail + LEAD)

    def _is_calm(self) -> bool:
        if not self._room(self.t) or self.model.injecting():
            return False
        return self.t - self.last_event > self.relax or all(value < 1 for value in self._excesses())

    def excess(self) -> float:
        """Return how far the state that is farthest is from rest, over what counts as near (1).

        Receptors are not judged: they close by themselves, exactly, and what they pass shows in voltage and calcium.
        """
        return max(self._excesses())

    def _excesses(self) -> Iterator[float]:
        for name, near in self._near_spine.items():
            yield float(np.abs(self.fast[name].get() - self.rest[name]).max()) / near
        yield float(np.max(np.abs(self.electric.get() - self.rest["electric"]) / self._near))

    def _rest_to(self, wake: float, end: float) -> bool:
        """Advance the rest to `wake` (True), or to its last step before `end` (False)."""
        horizon = max(end, self.t) + 1e6  # a rest without end has its grid a little beyond what is asked
        stop = min(wake, horizon)
        grid = rest_grid(self.rest_since, stop, self.model.bath_times(self.rest_since, stop))
        grid = grid[grid > self.t + 1e-9]
        engines = self.exchange.gather()
        ca = self.rest["cai"]
        inside = grid[grid <= end + 1e-9]
        whole = len(inside) == len(grid)
        watched = () if self.watch is None else inside
        while len(inside):
            looked = next((k for k, t in enumerate(watched) if self.watch.wants(float(t), None)), None)
            n = len(inside) if looked is None else looked + 1
            for group, engine in zip(self.groups, engines, strict=True):
                engine.through(self.t, inside[:n], ca[group])
            self.t = float(inside[n - 1])
            inside, watched = inside[n:], watched[n:]
            if looked is not None:
                self.exchange.scatter()
                self.watch.sample(self.t, active=False)
        self.exchange.scatter()
        return whole and self.t >= wake - 1e-9

    def peek(self, t: float) -> dict[str, np.ndarray]:
        """Return the outcome at `t` (ms), at or a little after the driver's own time, which does not move."""
        if self.active_since is None and t > self.t:
            self._ahead(t)
            values = {n: self.exchange.join(n) for n in (*STATES, *INTEGRALS)}
            values["w"] = self.exchange.weights()
        else:
            values = {n: self.slow[n].get() for n in (*STATES, *INTEGRALS, "w")}
        values["cai_peak"] = self.peak.get()
        return {n: values[n] for n in OUTCOMES}

    def reach(self, t: float) -> None:
        """Rest to `t` (ms) itself, where `to` has stopped a step before it: the end of a run."""
        if self.active_since is None and t > self.t:
            self._ahead(t)
            self.exchange.scatter()
            self.t = t

    def _ahead(self, t: float) -> None:
        """Move the engines through a rest to `t` (ms)."""
        for group, engine in zip(self.groups, self.exchange.gather(), strict=True):
            engine.rest(self.t, t, self.rest["cai"][group])
