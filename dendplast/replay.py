"""Replay: calcium recorded once drives the rule for many modulator conditions at once.

While weights do not feed back on calcium, one pairing of a train is like the next: its calcium is recorded
once (`simulate.record`) and repeated.  Conditions differ in releases, drugs, tone and parameters; each is followed
alone, spine by spine, by compiled code (`jit.follow`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from .consolidate import GROWTH, STEP_MAX
from .drugs import Drug
from .errors import ParameterError
from .parameters import Parameters
from .protocol import resolve_time
from .release import Medium, SoeSettings
from .rule import efficacy, parameters, resting
from .spines import Spines
from .supply import Supply
from .terminals import Tissue

__all__ = ["Condition", "Recorded", "replay"]


@dataclass(frozen=True)
class Condition:
    """One modulator condition.

    Attributes
    ----------
    label : str
        Name in figures and files.
    releases : tuple of Release, Firing, Dip or ToneStep
        What modulatory axons do; start times may be relative to the ``end`` of the recorded protocol.
    drugs : tuple of Drug
        What is in the bath.
    parameters : dict
        Changes of the plasticity parameters.
    active : bool
        False: the synapses and the cell are silent (the no-activity control).
    """

    label: str
    releases: tuple[Any, ...] = ()
    drugs: tuple[Drug, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Recorded:
    """Calcium of one unit (a pairing, or a train) at every spine, and when units begin.

    Attributes
    ----------
    cai : ndarray, shape (n_tick, n_spine)
        Mean calcium (mM) of each tick of 1 ms.
    pre : ndarray, shape (n_tick, n_spine)
        Releases of glutamate in each tick.
    onsets : ndarray, shape (n_unit,)
        Time at which each repetition begins (ms).
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    protocol : object
        The recorded protocol, to which ``end`` of a release refers.
    spines : Spines
        Where the spines are.
    ca_scale : ndarray, shape (n_spine,)
        Calcium of their own responses over the preset's (1).
    parameters : Parameters
        Of the spines.
    media : dict of str to Medium
        Tissue around them, as the excess over the tone sees it.
    tone : dict of str to float
        ``da``, ``ach``, ``ne`` (mM).
    seed : int
        Seed of the releases.
    lesions : tuple of Denervation
        Varicosities that are gone.
    field, grid_h : str, float
        Backend of the modulators' fields, and the grid's distance of points (um).
    """

    cai: np.ndarray
    pre: np.ndarray
    onsets: np.ndarray
    rest: np.ndarray
    protocol: Any
    spines: Spines
    ca_scale: np.ndarray
    parameters: Parameters
    media: Mapping[str, Medium]
    tone: Mapping[str, float]
    seed: int
    lesions: tuple[Any, ...] = ()
    field: str = "auto"
    grid_h: float = 1.0

    def __repr__(self) -> str:
        return f"<Recorded: {len(self.cai)} ms of {len(self.rest)} spines, to be repeated {len(self.onsets)} times>"


def replay(
    recorded: Recorded, conditions: Sequence[Condition], until: float | str, at: Sequence[float | str] = ()
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Drive the rule with recorded calcium under every condition.

    Parameters
    ----------
    recorded : Recorded
        Calcium of the active spines.
    conditions : sequence of Condition
        What differs.
    until : float or str
        End of the replay (ms, or ``"end + 45 min"``).
    at : sequence of float or str
        Further times at which the outcome is kept; inside a recorded unit that of the last step before.

    Returns
    -------
    times : ndarray, shape (n_time,)
        Times of the outcomes (ms); the last is `until`.
    outcome : dict of str to ndarray, shape (n_time, n_condition, n_spine)
        Every state of the rule, and ``w``.
    """
    if not conditions:
        raise ParameterError("replay: there is no condition")
    end_of_protocol = recorded.protocol.end(resolve_time(recorded.protocol.start, 0.0))
    times = sorted({resolve_time(t, end_of_protocol) for t in (*at, until)})
    follower = _Follower(recorded, times)
    each = [follower.outcome(condition) for condition in conditions]
    return np.array(times), {name: np.stack([one[name] for one in each], axis=1) for name in each[0]}


_STILL = 20  # baths and rules whose unreached spines are kept, those used last


class _Follower:
    """Follows conditions one after the other and keeps what they share."""

    def __init__(self, recorded: Recorded, times: Sequence[float]) -> None:
        self.recorded, self.times = recorded, times
        self._sizes: dict[tuple[float, ...], tuple[int, ...]] = {}
        self._calcium: dict[tuple[int, ...], Any] = {}
        self._steps: dict[tuple[Any, ...], Any] = {}
        self._still: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = {}

    def outcome(self, condition: Condition) -> dict[str, np.ndarray]:
        """Return every state and ``w`` of the spines under one condition, each of shape (n_time, n_spine)."""
        # numba is loaded here, and not by whoever only records
        from . import jit
        from .fastrule import STATE, from_records, parameter_records, to_records
        from .replay_steps import Arriving, Bath, Courses

        spines = self.recorded.spines
        n = len(spines)
        values = self.recorded.parameters.replaced(condition.parameters).flat()
        supply = _supply(self.recorded, condition, values)
        p = parameters(values, spines.volume, self.recorded.ca_scale)
        calcium, steps = self._walk(tuple(values.values()), p, supply.bath_times(0.0, self.times[-1]))
        bath, arriving = Bath.of(supply, self.times[-1]), Arriving.of(supply, n)
        courses = Courses.of(supply.field.courses, n)
        y = to_records(resting(p, bath.surround(0), (n,)))
        out = np.empty((len(self.times), n), STATE)

        def follow(which: np.ndarray, into: np.ndarray) -> None:
            jit.follow(
                which, y, into, np.empty(2, STATE), condition.active, *map(tuple, (steps, calcium, bath, arriving,
                courses)), parameter_records([values])[0], spines.volume,
                self.recorded.ca_scale, GROWTH, STEP_MAX,
            )  # fmt: skip

        reached = np.diff(arriving.change_first) > 0
        follow(np.flatnonzero(reached), out)
        # where nothing arrives all conditions of one bath and one rule are the same, and followed once
        same = (condition.active, *(array.tobytes() for array in (*bath, *steps)), *values.values())
        still, known = self._still.pop(same, None) or (np.empty_like(out), np.zeros(n, bool))
        follow(np.flatnonzero(~reached & ~known), still)
        out[:, ~reached] = still[:, ~reached]
        self._still[same] = still, known | ~reached
        if len(self._still) > _STILL:
            del self._still[next(iter(self._still))]
        states = from_records(out.reshape(-1), out.shape)
        return dict(states) | {"w": efficacy(states, p)}

    def _walk(self, of: tuple[float, ...], p: SimpleNamespace, breaks: np.ndarray) -> tuple[Any, Any]:
        """Return calcium as the rule of these values reads it, and the steps between changes of the bath."""
        from .replay_steps import Calcium, Steps, blocks

        r = self.recorded
        if of not in self._sizes:
            self._sizes[of] = tuple(blocks(r.cai, r.pre, r.rest, p))
        sizes = self._sizes[of]
        if sizes not in self._calcium:
            self._calcium[sizes] = Calcium.of(r.cai, r.pre, r.rest, sizes)
        walk = (sizes, breaks.tobytes())
        if walk not in self._steps:
            self._steps[walk] = Steps.of(r.onsets, sizes, self.times, breaks)
        return self._calcium[sizes], self._steps[walk]


def _nobody(_: Any) -> np.ndarray:
    return np.zeros(0, int)


def _supply(recorded: Recorded, condition: Condition, values: Mapping[str, float]) -> Supply:
    """Return what one condition supplies the spines with."""
    tissue = Tissue(recorded.media, values, recorded.tone, recorded.lesions, condition.drugs)
    items = (recorded.protocol, *condition.releases)
    return Supply.of(
        items, _nobody, recorded.seed, tissue, recorded.spines.xyz, SoeSettings(),
        recorded.field, recorded.grid_h,
    )  # fmt: skip
