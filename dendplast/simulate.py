"""Run a model, and record the calcium of one pairing for replay."""

from __future__ import annotations

import subprocess
import time as clock
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .driver import Driver
from .errors import ParameterError, SimulationError
from .mechanisms import ensure_loaded
from .model import Model
from .protocol import resolve_time
from .quantity import under
from .recorder import Recorder
from .replay import Recorded
from .result import OUTCOMES, Result
from .stepping import TICK, fixed_step
from .streams import streams

__all__ = ["record", "run"]

_LOSS_STREAM = 3  # spawn key: each spine's own limit of hazard


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
        ``result.state`` of an earlier run of the same experiment, to go on from.  Outcomes asked for at
        times before it are left out.

    Returns
    -------
    Result
        Traces, outcomes, and where everything is.

    Raises
    ------
    ParameterError
        If `until` is no time, or a recorded name is unknown.
    SimulationError
        If the cell is not at rest, a voltage or state is not finite, or `state` is of another experiment or
        later than `until`.
    """
    wall = clock.perf_counter()
    experiment = model.experiment
    try:
        end = resolve_time(experiment.until if until is None else until, model.schedule.end)
    except ParameterError as error:
        raise under("until", error) from None
    recorder = Recorder(model)
    driver = Driver(model, recorder)
    asked = sorted({min(resolve_time(t, model.schedule.end), end) for t in experiment.record.at} | {end})
    outcomes: dict[str, list[np.ndarray]] = {n: [] for n in OUTCOMES}
    model.driver = driver
    try:
        with fixed_step(experiment.numerics.dt, model.celsius):
            driver.start() if state is None else driver.restore(state)
            if end < driver.t:
                raise SimulationError(f"until = {end:g} ms: the state to go on from is at {driver.t:g} ms already")
            asked = [t for t in asked if t >= driver.t]
            for begin, t in zip([driver.t, *asked], asked, strict=False):
                _report_while(driver, begin, t, end, progress)
                _finite(driver)
                for name, values in driver.peek(t).items():
                    outcomes[name].append(values)
            final = driver.state()
            check = _against_full(model, state, asked, outcomes) if experiment.numerics.check else {}
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
        provenance=provenance(experiment.seed)
        | {f"field_{modulator}": text for modulator, text in model.field.report.items()}
        | {"engine": driver.engine.name, "engine_reason": driver.engine.reason}
        | check
        | {"wall_time_s": clock.perf_counter() - wall, "until": end},
        state=final,
    )


def _report_while(
    driver: Driver, begin: float, t: float, end: float, progress: Callable[[float, float], None] | None
) -> None:
    """Move from `begin` to `t` in pieces, so that progress can be told in between."""
    if progress is None:
        driver.to(t)
        return
    for piece in np.linspace(begin, t, 101)[1:]:
        driver.to(float(np.floor(piece / TICK) * TICK) if piece < t else t)
        progress(float(piece), end)


def _against_full(
    model: Model, state: dict[str, Any] | None, asked: list[float], outcomes: dict[str, list[np.ndarray]]
) -> dict[str, float]:
    """Run again with every step taken, and return how far efficacies and tags were off.

    Returns
    -------
    dict of str to float
        ``check_w``, ``check_tag_P``, ``check_tag_D``: largest difference over the largest change in the full run.
    """
    driver = Driver(model)
    driver.full, model.driver = True, driver
    driver.start() if state is None else driver.restore(state)
    worst = dict.fromkeys(("w", "tag_P", "tag_D"), (0.0, 0.0))
    for k, t in enumerate(asked):
        driver.to(t)
        full = driver.peek(t)
        for name, (off, change) in worst.items():
            start = 1.0 if name == "w" else 0.0
            off = max(off, float(np.abs(outcomes[name][k] - full[name]).max()))
            worst[name] = off, max(change, float(np.abs(full[name] - start).max()))
    return {f"check_{name}": off / change if change else 0.0 for name, (off, change) in worst.items()}


def _finite(driver: Driver) -> None:
    v = driver.electric.get()
    if not np.isfinite(v).all():
        raise SimulationError(
            f"a voltage or channel state is not finite at {driver.t:g} ms: use a smaller numerics.dt"
        )


def loss_limits(seed: int, n: int) -> np.ndarray:
    """Return the cumulative hazard at which each spine is lost, exponential of mean 1, by spine number."""
    names = np.column_stack([np.full(n, _LOSS_STREAM), np.arange(n)])
    return np.array([stream.exponential() for stream in streams(seed, names)])


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


def _releases(driver: Driver) -> np.ndarray:
    """Return the releases of glutamate in each captured tick at every spine, shape (n_tick, n_spine)."""
    s = driver.model.schedule
    out = np.zeros((len(driver.captured), len(driver.model.spines)))
    tick = np.floor((s.pre_time - driver.captured[0][0]) / TICK + 1e-9)
    np.add.at(out, (tick.astype(int), s.pre_spine.astype(int)), s.pre_weight)
    return out


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
        If neither pairings nor trains are far enough apart, release is stochastic or changes in a train, or the
        experiment has ``excitability``.
    """
    if model.experiment.presynaptic is not None:
        raise ParameterError("presynaptic: no pairing is like the next, so that the protocol has to be run in full")
    if model.gains is not None:
        raise ParameterError(
            "excitability = true: modulators change the calcium itself, so it can not be recorded once and "
            "replayed; run each condition in full, or set excitability = false"
        )
    relax = model.experiment.numerics.relax
    single = 1e3 / protocol.hz >= relax
    unit = protocol.replaced(n=1, trains=1, start=0.0) if single else protocol.replaced(trains=1, start=0.0)
    before = model.experiment
    model.experiment = before.replaced(protocol=(unit,), drugs=(), tone=None)
    try:
        model._compile()
        driver = Driver(model, capture=True)
        model.driver = driver
        with fixed_step(before.numerics.dt, model.celsius):
            driver.start()
            driver.to(unit.end(0.0) + relax)
        pre = _releases(driver)
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
        cai=np.array([c for _, c in driver.captured], np.float32)[:, chosen],
        pre=pre[:, chosen],
        onsets=onsets,
        rest=driver.rest["cai"][chosen],
        protocol=protocol,
        spines=model.spines.select(chosen),
        ca_scale=model.conductances["ca_scale"][chosen],
        parameters=model.parameters,
        media=model.media,
        tone=model.tone,
        seed=before.seed,
        lesions=before.denervation,
        field=before.numerics.field,
        grid_h=before.numerics.grid_h,
    )
