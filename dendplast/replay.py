"""Replay: calcium recorded once drives the rule for many modulator conditions at once.

While weights do not feed back on calcium, one pairing of a train is like the next: its calcium is recorded
once (`simulate.record`) and repeated.  Conditions differ in releases, drugs, tone and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from .consolidate import Arrivals, Engine, Inflow, calm, rest_grid
from .diffusion import soe_rates
from .drugs import Drug
from .errors import ParameterError
from .parameters import Parameters
from .protocol import resolve_time
from .release import LIGAND, Medium, SoeSettings
from .rule import INTEGRALS, STATES, efficacy, parameters
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


@dataclass(frozen=True, eq=False)
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
    supplies = [_supply(recorded, c) for c in conditions]
    end_of_protocol = recorded.protocol.end(resolve_time(recorded.protocol.start, 0.0))
    times = sorted({resolve_time(t, end_of_protocol) for t in (*at, until)})
    n = (len(conditions), len(recorded.spines))
    engine = Engine(
        _parameters(recorded, conditions), n, soe_rates(SoeSettings()),
        {LIGAND[m]: medium.uptake for m, medium in recorded.media.items()},
        lambda t: _stacked(supplies, t),
        lambda a, b: np.unique(np.concatenate([s.bath_times(a, b) for s in supplies])),
        Arrivals.merged([s.arrivals.of_condition(k) for k, s in enumerate(supplies)]),
        [inflow for k, s in enumerate(supplies) for inflow in _inflows(s, k)],
    )  # fmt: skip
    active = np.array([c.active for c in conditions])[:, None]
    rest = np.broadcast_to(recorded.rest, n)
    kept: list[dict[str, np.ndarray]] = []
    blocks = _blocks(recorded)
    t = 0.0

    def keep(before: float) -> bool:
        """Keep the outcome for what was asked before a time; return whether all is kept."""
        while len(kept) < len(times) and times[len(kept)] < before:
            kept.append(_outcome(engine))
        return len(kept) == len(times)

    for onset in [*recorded.onsets, np.inf]:
        for stop in [s for s in times if t <= s < onset] + [onset]:
            stop = min(stop, times[-1])
            for step in rest_grid(t, stop, engine.bath_times(t, stop)) if stop > t else ():
                engine.rest(t, step, rest)
                t = float(step)
            keep(np.nextafter(t, np.inf))
        for k, size in blocks:
            if keep(t + size):  # in a unit the outcome is that of the last tick before the asked time
                break
            cai = recorded.cai[k : k + size].astype(float)
            if size == 1:
                pre = np.where(active, recorded.pre[k], 0.0)
                engine.tick(t, np.where(active, cai[0], recorded.rest), pre=pre)
            else:
                engine.rest(t, t + size, np.where(active, cai.mean(axis=0), recorded.rest))
            t += size
        if len(kept) == len(times):
            break
    return np.array(times), {k: np.array([o[k] for o in kept]) for k in kept[0]}


BLOCK = 10
"""Ticks taken at once while nothing reads calcium."""


def _blocks(recorded: Recorded) -> list[tuple[int, int]]:
    """Divide the ticks of a unit: one by one while calcium is high or glutamate comes, ten at once in its tail."""
    p = parameters(recorded.parameters.flat(), ca_scale=recorded.ca_scale)
    quiet = calm(recorded.cai, recorded.pre, recorded.rest, p)
    out, k = [], 0
    while k < len(quiet):
        size = BLOCK if k + BLOCK <= len(quiet) and quiet[k : k + BLOCK].all() else 1
        out.append((k, size))
        k += size
    return out


def _nobody(_: Any) -> np.ndarray:
    return np.zeros(0, int)


def _supply(recorded: Recorded, condition: Condition) -> Supply:
    """Return what one condition supplies the spines with."""
    values = recorded.parameters.replaced(condition.parameters).flat()
    tissue = Tissue(recorded.media, values, recorded.tone, recorded.lesions, condition.drugs)
    items = (recorded.protocol, *condition.releases)
    return Supply.of(
        items, _nobody, recorded.seed, tissue, recorded.spines.xyz, SoeSettings(),
        recorded.field, recorded.grid_h,
    )  # fmt: skip


def _inflows(supply: Supply, k: int) -> list[Inflow]:
    """Return the fields that were solved ahead for the spines of condition `k`."""
    return [Inflow((np.full(len(c.spine), k), c.spine), c) for c in supply.field.courses]


def _parameters(recorded: Recorded, conditions: Sequence[Condition]) -> SimpleNamespace:
    """Return the rule's parameters; what a condition changes becomes a column over conditions."""
    base = recorded.parameters.flat()
    changed = [recorded.parameters.replaced(c.parameters).flat() for c in conditions]
    values = {
        name: value if all(c[name] == value for c in changed) else np.array([c[name] for c in changed])[:, None]
        for name, value in base.items()
    }
    return parameters(values, recorded.spines.volume, recorded.ca_scale)


def _stacked(supplies: Sequence[Supply], t: float) -> dict[str, Any]:
    """Return the bath of every condition, as columns where they differ."""
    each = [supply.bath(t) for supply in supplies]
    out: dict[str, Any] = {}
    for name in each[0]:
        values = [e[name] for e in each]
        out[name] = values[0] if min(values) == max(values) else np.array(values)[:, None]
    return out


def _outcome(engine: Engine) -> dict[str, np.ndarray]:
    return {n: np.array(engine.y[n]) for n in (*STATES, *INTEGRALS)} | {"w": efficacy(engine.y, engine.p)}
