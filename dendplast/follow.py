"""Follow a cell along a timeline: sessions in NEURON, and what happens to its spines in the hours and weeks between."""

from __future__ import annotations

import copy
import time as clock
from collections.abc import Callable
from typing import Any

import numpy as np

from .build import build
from .cell import Cell
from .errors import SimulationError
from .history import History
from .live import LiveCell, Window
from .memory import Weeks, finer, pulses, segment_at
from .memory.weeks import SHOWN
from .model import Model
from .quantity import convert
from .simulate import provenance
from .spines import Spines
from .timeline import Timeline

__all__ = ["follow"]

LONGEST = 5.0
"""Longest segment of the tree along which spines hear each other (um); the neighbours' signal reaches about 5 um."""


def follow(
    timeline: Timeline,
    until: float | str | None = None,
    *,
    cell: Cell | None = None,
    spines: Spines | None = None,
    state: dict[str, Any] | None = None,
    progress: Callable[[float, float], None] | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
) -> History:
    """Follow a cell along a timeline and return what became of its spines.

    In a session all spines that are there live in NEURON: heads, necks and weights are what the time before has
    made of them, and the rule, proteins and neighbours' signals go on from where they were.  Between sessions the
    rule moves in numpy, proteins spread along the tree, spines are lost and formed.

    Parameters
    ----------
    timeline : Timeline
        The description.
    until : float or str, optional
        Where to stop (ms or with a unit), not in the middle of a session; the timeline's end when not given.
    cell, spines : Cell and Spines, optional
        As in `build`; to go on, give the same.
    state : dict, optional
        ``history.state`` of the same timeline, to go on from: the result is that of a run that did not stop, to
        the last bit.
    progress : callable, optional
        Called with (time, end) in ms now and then.
    keep : callable, optional
        Called with the state at every moment of ``timeline.looks``, to go on from should the run be interrupted.

    Raises
    ------
    ParameterError
        If `until` lies in a session, or a session names a spine that is not there.
    SimulationError
        If `state` is of another timeline, or later than `until`.
    """
    wall = clock.perf_counter()
    end = timeline.until if until is None else convert(until, "ms") if isinstance(until, str) else float(until)
    timeline.check_moment(end, "until")
    if state is not None and state["timeline"] != timeline.hash:
        raise SimulationError(f"the state is of timeline {state['timeline']}, this is {timeline.hash}")
    model = build(timeline.experiment, cell=cell, spines=spines)
    body = LiveCell(model)
    runs: list[Any] = [] if state is None else list(state["runs"])
    windows = [Window(session, body, timeline, runs) for session in timeline.sessions]
    weeks = _weeks(timeline, model, windows)
    looks: list[dict[str, np.ndarray]] = []
    if state is not None:
        if state["until"] > end:
            raise SimulationError(f"until = {end:g} ms: the state to go on from is at {state['until']:g} ms already")
        weeks = copy.deepcopy(state["weeks"], {id(state["weeks"].tree): state["weeks"].tree})
        weeks.schedule = sorted(windows, key=lambda window: window.start)
        looks = list(state["looks"])
    for t in [t for t in timeline.looks if t <= end][len(looks) :]:
        weeks.run(t)
        looks.append(_look(weeks, t))
        if progress is not None:
            progress(t, end)
        if keep is not None:
            keep(_state(timeline, t, weeks, looks, runs))
    weeks.run(end)
    roster = weeks.roster
    body.born(roster.section, roster.x, roster.volume)
    return History(
        timeline=timeline.to_toml(), spines=body.spines, born=roster.born.copy(), lost=roster.lost.copy(),
        tree=weeks.tree, time=np.array([t for t in timeline.looks if t <= end]),
        outcomes=_padded(looks, len(roster)), protein=np.array([look["protein"] for look in looks]),
        neighbour=np.array([look["neighbour"] for look in looks]),
        shrinkage=np.array([look["shrinkage"] for look in looks]),
        runs=tuple(run for run, _ in runs), run_spines=tuple(ids for _, ids in runs),
        provenance=provenance(timeline.experiment.seed)
        | {"wall_time_s": clock.perf_counter() - wall, "until": end},
        state=_state(timeline, end, weeks, looks, runs),
    )  # fmt: skip


def _state(timeline: Timeline, t: float, weeks: Weeks, looks: list[Any], runs: list[Any]) -> dict[str, Any]:
    """Return what a run of `timeline` goes on from at `t` (ms)."""
    kept = copy.copy(weeks)
    kept.schedule = []  # windows hold NEURON
    return {
        "timeline": timeline.hash, "until": t, "weeks": copy.deepcopy(kept), "looks": list(looks), "runs": tuple(runs)
    }  # fmt: skip


def _weeks(timeline: Timeline, model: Model, windows: list[Window]) -> Weeks:
    """Return the slow system of a model's spines."""
    tree, placed = finer(model.tree, LONGEST), model.spines
    synapse, calcium = model.parameters.synapse, model.parameters.calcium
    pulse = 1e-3 * float(pulses(calcium.epsp_peak, 0.0, decay=synapse.tau_d_nmda).sum())  # mM s: a tick is 1 ms
    return Weeks(
        tree, segment_at(tree, placed.section, placed.x), placed.x, placed.volume, model.parameters, windows,
        drugs=timeline.drugs, tone=model.tone, seed=timeline.experiment.seed, proteins=timeline.proteins,
        crosstalk=timeline.crosstalk, structure=timeline.structure, shrinkage=timeline.shrinkage,
        background=timeline.background * pulse, steps=timeline.steps,
    )  # fmt: skip


def _look(weeks: Weeks, t: float) -> dict[str, np.ndarray]:
    """Return every spine and the tree at `t` (ms)."""
    now = weeks.look(t)
    zero = np.zeros(len(weeks.tree))
    return now.outcome(t) | {
        "protein": zero if now.proteins is None else now.proteins.c,
        "neighbour": zero if now.crosstalk is None else now.crosstalk.c,
        "shrinkage": zero if now.shrinkage is None else now.shrinkage.c,
    }


def _padded(looks: list[dict[str, np.ndarray]], n: int) -> dict[str, np.ndarray]:
    """Return states by moment and spine; NaN before a spine was born."""
    return {
        name: np.array([np.append(look[name], np.full(n - len(look[name]), np.nan)) for look in looks])
        for name in (*SHOWN, "w", "history", "hazard")
    }
