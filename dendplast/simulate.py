"""Run a model: electricity only while something electrical happens, the rule alone in between.

Biological time is kept here; NEURON's own clock only counts the electrical stretches, so ``h.t`` is
compressed.  While the cell is active every fixed step is taken.  When no event is near and calcium has
calmed down everywhere, the rule is advanced alone (`consolidate.Engine`) to the next event.  When an active
stretch begins depends on electrical events and calcium alone, so a release changes nothing where it does
not reach.
"""

from __future__ import annotations

import subprocess
import time as clock
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from neuron import h

from . import __version__
from .consolidate import Engine, rest_grid
from .errors import ParameterError, SimulationError
from .mechanisms import ensure_loaded
from .model import Model
from .protocol import resolve_time
from .replay import Recorded
from .result import OUTCOMES, Result
from .rule import INTEGRALS, STATES, efficacy
from .slots import MODULATOR_STATES, SPINE_FAST, SPINE_RULE, Slots, cell_references, spine_references
from .stepping import TICK, fixed_step, forward

__all__ = ["Driver", "Recorder", "record", "run"]

LEAD = 2.0
"""An active stretch begins this long (ms) before its first event."""

CHUNK = 20.0
"""Calm is looked for at this interval (ms) in an active stretch."""

_LIGANDS = ("da", "ach", "ne")
_LOSS_STREAM = 3  # spawn key: each spine's own limit of hazard


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
        self.calm, self.tail, self.relax = numerics.calm, numerics.tail, numerics.relax
        sections = [*model.cell.sections, *model.heads, *model.necks]
        self.electric = Slots(cell_references(sections))
        self.fast = {n: Slots(spine_references(model.processes, n)) for n in SPINE_FAST}
        self.slow = {n: Slots(spine_references(model.processes, n)) for n in (*SPINE_RULE, *MODULATOR_STATES)}
        self.peak = Slots(spine_references(model.processes, "cai_peak"))
        self.captured: list[tuple[float, np.ndarray]] = []
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
        self._events = np.round(times / self.dt) * self.dt, netcons
        arrivals = self.model.arrivals()
        reached = np.zeros(len(self.model.spines), bool)
        reached[self.model.deliveries.spine] = True
        self.groups = [g for g in (np.flatnonzero(reached), np.flatnonzero(~reached)) if len(g)]
        self.arrivals = arrivals
        number = np.full(len(reached), -1)
        self._engines = []
        for group in self.groups:
            number[group] = np.arange(len(group))
            mine = arrivals.only(np.isin(arrivals.where[0], group))
            mine = replace(mine, where=(number[mine.where[0]],))
            self._engines.append(
                Engine(
                    self.model.rule_parameters(group), (len(group),), self.model.rates(), self.model.uptake(),
                    self.model.bath, self.model.bath_times, mine,
                )
            )  # fmt: skip

    def start(self) -> None:
        """Initialise NEURON, let the channels settle, and take that as rest and as time 0."""
        model = self.model
        h.finitialize(model.preset.cell.v_init)
        self.model.set_bath(0.0)
        slow = {n: s.get() for n, s in self.slow.items()}
        settle = model.experiment.numerics.settle
        forward(round(max(0.0, settle - 50.0) / self.dt))
        before = self.electric.get()
        forward(round(min(settle, 50.0) / self.dt))
        moved = np.abs(self.electric.get() - before).max()
        if not self.full and moved > 1.0:
            raise SimulationError(
                f"the cell is not at rest after numerics.settle = {settle:g} ms (something still moves by {moved:.2g} "
                f"in 50 ms): settle longer, or set numerics.full = true for a cell that is active by itself"
            )
        for n, values in slow.items():
            self.slow[n].set(values)
        self._mark_rest()
        self.t, self.active_since, self.rest_since, self.last_event = 0.0, None, 0.0, -np.inf

    def _mark_rest(self) -> None:
        self.rest = {"electric": self.electric.get()} | {n: s.get() for n, s in self.fast.items()}
        self.peak.set(self.rest["cai"])

    def state(self) -> dict[str, Any]:
        """Return everything the run depends on as plain arrays and numbers."""
        return {
            "experiment": self.model.experiment.hash,
            "clock": [self.t, self.active_since, self.rest_since, self.last_event],
            "electric": self.electric.get(),
            "fast": {n: s.get() for n, s in self.fast.items()},
            "slow": {n: s.get() for n, s in self.slow.items()},
            "peak": self.peak.get(),
            "rest": self.rest,
            "level": [p.level for p in self.model.electrodes()],
            "conductances": dict(self.model.conductances),
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
        self.t, self.active_since, self.rest_since, self.last_event = state["clock"]
        self.model.set_bath(self.t)
        self.rest = state["rest"]
        self.electric.set(state["electric"])
        for name in self.fast:
            self.fast[name].set(state["fast"][name])
        for name in self.slow:
            self.slow[name].set(state["slow"][name])
        self.peak.set(state["peak"])
        for pulse, level in zip(self.model.electrodes(), state["level"], strict=True):
            pulse.level = level
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
        if t - self.last_event >= self.relax:
            self.electric.set(self.rest["electric"])
            for name, slot in self.fast.items():
                slot.set(self.rest[name])
        else:  # too short to be at rest: receptors go on closing, the rest stays as it was when calm
            p = self.model.parameters.synapse
            for name in ("r_ampa", "d_ampa", "r_nmda", "d_nmda"):
                left = np.exp(-(t - self.rest_since) / getattr(p, "tau_" + name))
                self.fast[name].set(self.fast[name].get() * left)
        self.active_since = t
        self.model.set_bath(t)
        self._find_next(t)

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
        every = self.model.experiment.record.every_active
        while self.t < end - 1e-9:
            begun = self.active_since
            stops = [end, begun + self._after(self.t - begun, CHUNK)]
            if self.watch is not None:
                stops.append(begun + self._after(self.t - begun, every))
            changes = self.model.bath_times(self.t, self.t + CHUNK)
            stops += [np.ceil(change / TICK) * TICK for change in changes]
            self._advance(min(stops))
            if len(changes):
                self.model.set_bath(self.t)
            if self.watch is not None:
                self.watch(self.t, self)
            checks = np.remainder(self.t - begun + 0.5, CHUNK) < 1.0
            if checks and not self.full and self._is_calm():
                self.active_since, self.rest_since = None, self.t
                return True
        return False

    @staticmethod
    def _after(since: float, interval: float) -> float:
        """Return the next multiple of the interval, rounded up to whole ticks."""
        interval = max(TICK, round(interval / TICK) * TICK)
        return (np.floor(since / interval + 1e-9) + 1) * interval

    def _advance(self, stop: float) -> None:
        ticks = round((stop - self.t) / TICK)
        self._send(self.t, stop)
        if not self.capture:
            forward(ticks * self.steps)
        else:
            cai = self.fast["cai"]
            for k in range(ticks):
                samples = []
                for _ in range(self.steps // self.sample):
                    forward(self.sample)
                    samples.append(cai.get())
                self.captured.append((self.t + k * TICK, np.array(samples, np.float32)))
        self.t = self.t + ticks * TICK

    def _is_calm(self) -> bool:
        times = self._events[0]
        if self._next_event < len(times) and times[self._next_event] - self.t < self.tail + LEAD:
            return False
        if self.t - self.last_event < self.tail:
            return False
        return self.t - self.last_event > self.relax or self.excess() < self.calm

    def excess(self) -> float:
        """Return how far calcium is from rest at the spine where it is farthest (mM)."""
        return float(np.abs(self.fast["cai"].get() - self.rest["cai"]).max())

    def _rest_to(self, wake: float, end: float) -> bool:
        """Advance the rest to `wake` (True), or to its last step before `end` (False)."""
        horizon = max(end, self.t) + 1e6  # a rest without end has its grid a little beyond what is asked
        stop = min(wake, horizon)
        grid = rest_grid(self.rest_since, stop, self.model.bath_times(self.rest_since, stop))
        grid = grid[grid > self.t + 1e-9]
        engines = self._gather()
        ca = self.rest["cai"]
        for t in grid:
            if t > end + 1e-9:
                self._scatter(engines)
                return False
            for group, engine in zip(self.groups, engines, strict=True):
                engine.rest(self.t, t, ca[group])
            self.t = float(t)
            if self.watch is not None and self.watch.wants(self.t):
                self._scatter(engines)
                self.watch(self.t, self)
        self._scatter(engines)
        return self.t >= wake - 1e-9

    def peek(self, t: float) -> dict[str, np.ndarray]:
        """Return the outcome at `t` (ms), at or a little after the driver's own time, which does not move."""
        if self.active_since is None and t > self.t:
            engines = self._gather()
            for group, engine in zip(self.groups, engines, strict=True):
                engine.rest(self.t, t, self.rest["cai"][group])
            values = {n: self._join(engines, n) for n in (*STATES, *INTEGRALS)}
            values["w"] = self._weights(engines)
        else:
            values = {n: self.slow[n].get() for n in (*STATES, *INTEGRALS, "w")}
        values["cai_peak"] = self.peak.get()
        return {n: values[n] for n in OUTCOMES}

    # ---- between NEURON and the engines ----------------------------------------------------------------

    def _gather(self) -> list[Engine]:
        values = {n: self.slow[n].get() for n in (*STATES, *INTEGRALS)}
        released = {n: self.slow[f"s_{n}"].get().reshape(12, -1) for n in _LIGANDS}
        for group, engine in zip(self.groups, self._engines, strict=True):
            engine.y = {n: v[group] for n, v in values.items()}
            engine.s = {n: v[:, group] for n, v in released.items()}
            engine.c = {}
        return self._engines

    def _scatter(self, engines: list[Engine]) -> None:
        for name in (*STATES, *INTEGRALS):
            self.slow[name].set(self._join(engines, name))
        for name in _LIGANDS:
            whole = np.zeros((12, len(self.model.spines)))
            for group, engine in zip(self.groups, engines, strict=True):
                whole[:, group] = engine.s[name]
            self.slow[f"s_{name}"].set(whole.ravel())
            if all(engine.c for engine in engines):
                c = np.zeros(len(self.model.spines))
                for group, engine in zip(self.groups, engines, strict=True):
                    c[group] = engine.c[name]
                self.slow[name].set(c)
        self.slow["w"].set(self._weights(engines))

    def _join(self, engines: list[Engine], name: str) -> np.ndarray:
        out = np.zeros(len(self.model.spines))
        for group, engine in zip(self.groups, engines, strict=True):
            out[group] = engine.y[name]
        return out

    def _weights(self, engines: list[Engine]) -> np.ndarray:
        if not self.model.experiment.numerics.plastic:
            return np.ones(len(self.model.spines))
        out = np.zeros(len(self.model.spines))
        for group, engine in zip(self.groups, engines, strict=True):
            out[group] = efficacy(engine.y, engine.p)
        return out


class Recorder:
    """Samples a run into memory or into a file as it goes."""

    def __init__(self, model: Model, sink: Any = None) -> None:
        record = model.experiment.record
        self.names = tuple(record.names)
        for name in self.names:
            if name not in (*SPINE_RULE, *SPINE_FAST, "cai_peak"):
                valid = ", ".join((*SPINE_RULE, *SPINE_FAST, "cai_peak"))
                raise ParameterError(f"record.names: {name!r} is nothing a spine has; valid names are {valid}")
        self.every_rest, self.last = record.every_rest, -np.inf
        self.sink = sink
        self.slots = {n: Slots(spine_references(model.processes, n)) for n in self.names}
        self.soma = model.cell.soma(0.5)
        self.time: list[float] = []
        self.soma_v: list[float] = []
        self.rows: dict[str, list[np.ndarray]] = {n: [] for n in self.names}

    def wants(self, t: float) -> bool:
        """Return whether a rest has gone on long enough for another sample."""
        return t - self.last >= self.every_rest

    def __call__(self, t: float, driver: Driver) -> None:
        since = driver.active_since
        if since is not None:
            every = driver._after(0.0, driver.model.experiment.record.every_active)
            if np.remainder(t - since + 1e-6, every) > 1e-3:
                return
        self.last = t
        self.time.append(t)
        self.soma_v.append(float(self.soma.v) if since is not None else float("nan"))
        for name, slots in self.slots.items():
            self.rows[name].append(slots.get().astype(np.float32))
        if self.sink is not None and len(self.time) >= 1000:
            self.flush()

    def flush(self) -> None:
        """Send what was sampled to the sink and forget it."""
        if self.sink is not None and self.time:
            self.sink.append(np.array(self.time), self.arrays(), np.array(self.soma_v, np.float32))
            self.time, self.soma_v = [], []
            self.rows = {n: [] for n in self.names}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the samples, each of shape (n_time, n_spine)."""
        n = len(self.slots[self.names[0]]) if self.names else 0
        return {k: np.array(v, np.float32).reshape(len(v), n) for k, v in self.rows.items()}


def run(
    model: Model,
    until: float | str | None = None,
    *,
    progress: Callable[[float, float], None] | None = None,
    state: dict[str, Any] | None = None,
) -> Result:
    """Run a model from the start (or from a saved state) and return what happened.

    Parameters
    ----------
    model : Model
        A built model with protocols applied.
    until : float or str, optional
        End: ms, ``"45 min"`` or ``"end + 30 min"``; the experiment's ``until`` when not given.
    progress : callable, optional
        Called with (time, end) in ms now and then.
    state : dict, optional
        ``result.state`` of an earlier run of the same experiment, to go on from.

    Returns
    -------
    Result
        Traces, outcomes, and where everything is.

    Raises
    ------
    ParameterError
        If `until` is no time, or a recorded name is unknown.
    SimulationError
        If the cell is not at rest, or a voltage leaves every physiological range.
    """
    wall = clock.perf_counter()
    experiment = model.experiment
    end = resolve_time(experiment.until if until is None else until, model.schedule.end)
    recorder = Recorder(model)
    driver = Driver(model, recorder)
    asked = sorted({min(resolve_time(t, model.schedule.end), end) for t in experiment.record.at} | {end})
    outcomes: dict[str, list[np.ndarray]] = {n: [] for n in OUTCOMES}
    model.driver = driver
    try:
        with fixed_step(experiment.numerics.dt, model.preset.cell.celsius):
            driver.start() if state is None else driver.restore(state)
            for t in asked:
                _report_while(driver, t, end, progress)
                _finite(driver)
                for name, values in driver.peek(t).items():
                    outcomes[name].append(values)
            final = driver.state()
    finally:
        model.driver = None
    table = {n: np.array(v) for n, v in outcomes.items()}
    limit = loss_limits(experiment.seed, len(model.spines))
    return Result(
        experiment=experiment.to_toml(),
        spines=model.spines,
        tree=model.tree,
        sites=model.schedule.sites,
        deliveries=model.deliveries,
        time=np.array(recorder.time),
        traces=recorder.arrays(),
        soma_v=np.array(recorder.soma_v, np.float32),
        outcome_time=np.array(asked),
        outcomes=table,
        lost=table["hazard"] > limit,
        conductances=dict(model.conductances),
        provenance=provenance(experiment.seed) | {"wall_time_s": clock.perf_counter() - wall, "until": end},
        state=final,
    )


def _report_while(driver: Driver, t: float, end: float, progress: Callable[[float, float], None] | None) -> None:
    """Move to `t` in pieces, so that progress can be told in between."""
    if progress is None:
        driver.to(t)
        return
    for piece in np.linspace(driver.t, t, 101)[1:]:
        driver.to(float(np.floor(piece / TICK) * TICK) if piece < t else t)
        progress(float(piece), end)


def _finite(driver: Driver) -> None:
    v = driver.electric.get()
    if not np.isfinite(v).all():
        raise SimulationError(f"a voltage or channel state is not finite at {driver.t:g} ms: use a smaller numerics.dt")


def loss_limits(seed: int, n: int) -> np.ndarray:
    """Return the cumulative hazard at which each spine is lost, exponential of mean 1, by spine number."""
    return np.array(
        [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_LOSS_STREAM, i))).exponential() for i in range(n)]
    )


def provenance(seed: int) -> dict[str, Any]:
    """Return what made a result: versions, hash of the mechanisms, commit, seed."""
    return {
        "dendplast_version": __version__,
        "neuron_version": version("neuron"),
        "numpy_version": np.__version__,
        "mod_hash": ensure_loaded().source_hash or "unknown",
        "git_commit": _commit(),
        "seed": seed,
    }


def _commit() -> str:
    """Return the commit of the checkout this package is in, or ``"none"`` for an installed package."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return "none"
    try:
        done = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return done.stdout.strip() or "none"


def record(model: Model, protocol: Any) -> Recorded:
    """Record the calcium of one unit of a protocol (a pairing, or a train) at every spine it drives.

    The unit is simulated once, from rest and with unchanged weights; `replay` repeats it.

    Parameters
    ----------
    model : Model
        A built model; what was applied to it before is not done.
    protocol : Pairing
        Its pairings are the units when they are far enough apart for the cell to come to rest in between,
        else its trains.

    Raises
    ------
    ParameterError
        If neither pairings nor trains are far enough apart.
    """
    relax = model.experiment.numerics.relax
    single = 1e3 / protocol.hz >= relax
    unit = protocol.replaced(n=1, trains=1, start=0.0) if single else protocol.replaced(trains=1, start=0.0)
    before = model.experiment
    model.experiment = before.replaced(protocol=(unit,), drugs=(), tone=None)
    try:
        model._compile()
        driver = Driver(model, capture=True)
        model.driver = driver
        with fixed_step(before.numerics.dt, model.preset.cell.celsius):
            driver.start()
            driver.to(unit.end(0.0) + relax)
    finally:
        model.driver = None
        model.experiment = before
        model._compile()
    first, length = driver.captured[0][0], len(driver.captured)
    starts = protocol.onsets() if single else np.arange(protocol.trains) * protocol.train_interval
    begin = resolve_time(protocol.start, 0.0)
    onsets = np.round((begin + starts + first) / TICK) * TICK
    if len(onsets) > 1 and np.diff(onsets).min() < length * TICK:
        raise ParameterError(
            f"protocol: its units are {np.diff(onsets).min():g} ms apart, but calcium takes {length * TICK:g} ms to "
            f"come to rest; such a protocol has to be run in full"
        )
    chosen = model.choose(protocol.spines)
    return Recorded(
        cai=np.array([c for _, c in driver.captured], np.float32)[:, :, chosen],
        onsets=onsets,
        rest=driver.rest["cai"][chosen],
        protocol=protocol,
        spines=model.spines.select(chosen),
        parameters=model.parameters,
        media=model.media,
        tone=model.tone,
        seed=before.seed,
    )
