"""Modulators act on the channels of the live cell: gains follow the signals on a grid of biological time.

Receptors move over 100 ms and more, channels over ms, so gains are held for `GRID` ms.  Those of the cell's
channels follow the shaft that they sit in (`shafts`), at the middle of the interval for which they are held;
those of a spine's receptors and channels the states of the spine itself, as they are when it begins.
"""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
from neuron import h

from .errors import ParameterError
from .excitability import SIGNALS, SPINE_CONDUCTANCES, by_target, gain
from .parameters import AFFINITY_STATES
from .rule import parameters
from .shafts import Shafts, signals
from .slots import Slots, spine_slots
from .stepping import weakly

__all__ = ["GRID", "Gains"]

GRID = 10.0
"""Interval (ms) for which gains are held: a fiftieth of the time constant of the fastest cascade (0.5 s)."""


class Gains:
    """The gains of a model, written into its channels and spines.

    Parameters
    ----------
    model : Model
        A built model; protocols may be applied to it later.

    Attributes
    ----------
    values : dict of str to ndarray
        Gain by target (1): of shape (n_segment,) for a channel, in the order of ``model.tree``, 1 where there
        is none; of shape (n_spine,) for a conductance of the spines.
    t, grid : float
        Since when they are held, and for how long (ms).
    shafts : Shafts
        The signals along the tree.

    Raises
    ------
    ParameterError
        If the preset has no gains, or a channel can not take one.
    """

    def __init__(self, model: Any) -> None:
        if not model.preset.gains:
            raise ParameterError(
                f"excitability = true: preset {model.preset.name!r} has no [gains], so modulators change nothing"
            )
        self.grid = GRID
        self.model = alive = weakref.proxy(model)  # the model owns its gains, and goes when its user lets it go
        factors = by_target(model.preset.gains)
        self._of_spine = {t: f for t, f in factors.items() if t in SPINE_CONDUCTANCES}
        self._of_shaft = {t: f for t, f in factors.items() if t not in SPINE_CONDUCTANCES}
        segments = [seg for sec in model.cell.sections for seg in sec]
        self.rows = {t: _carriers(segments, t) for t in self._of_shaft}
        self._channels = {
            t: Slots([getattr(segments[i], f"dp_{t}")._ref_gain for i in rows]) for t, rows in self.rows.items()
        }
        self._spines = spine_slots(model.every, self._of_spine)
        self._states = spine_slots(model.every, (*SIGNALS, *AFFINITY_STATES))
        self._p: SimpleNamespace = parameters(model.parameters.flat())
        self._xyz = (model.tree.start + model.tree.end) / 2
        self.shafts = Shafts(
            self._p, len(segments), model.rates(), model.uptake(),
            lambda t: alive.bath(t), lambda a, b: alive.bath_times(a, b),
        )  # fmt: skip
        self.begin()

    def begin(self) -> None:
        """Go to time 0: receptors in the steady state of tone and bath; hear the protocols as they are now."""
        model = self.model
        supply = model.supply.at(self._xyz)
        self.shafts.listen(supply.arrivals, supply.field.courses)
        shaft = self.shafts.at(0.0)
        self.t = 0.0
        # the bath is the same everywhere, and so is the steady state: a spine's is that of any shaft
        self._set(shaft, {s: np.full(len(model.spines), v[0]) for s, v in shaft.items()})

    def advance(self, t: float) -> None:
        """Write the gains that are held from time `t` on (ms)."""
        self.t = t
        spine = signals({s: slot.get() for s, slot in self._states.items()}, self._p)
        self._set(self.shafts.at(t + self.grid / 2), spine)

    def _set(self, shaft: dict[str, np.ndarray], spine: dict[str, np.ndarray]) -> None:
        n = len(self._xyz)
        self.values = {t: np.ones(n) for t in self._of_shaft}
        for target, rows in self.rows.items():
            self.values[target][rows] = gain(self._of_shaft[target], shaft)[rows]
        self.values |= {t: gain(f, spine) for t, f in self._of_spine.items()}
        self.write()

    def write(self) -> None:
        """Write the gains into NEURON."""
        for target, slots in self._channels.items():
            slots.set(self.values[target][self.rows[target]])
        for target, slots in self._spines.items():
            slots.set(self.model.unmodulated(target) * self.values[target])

    def moved(self, since: dict[str, np.ndarray]) -> float:
        """Return by how much the channel gain that moved most differs from earlier `values` (1)."""
        return max((float(np.abs(self.values[t] - since[t]).max()) for t in self._of_shaft), default=0.0)

    def state(self) -> dict[str, Any]:
        """Return the state as plain arrays and numbers."""
        return {"t": self.t, "shafts": self.shafts.state(), "values": dict(self.values)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go to a state of the same experiment."""
        self.shafts.restore(state["shafts"])
        self.t, self.values = state["t"], dict(state["values"])
        self.write()

    def live(self) -> None:
        """Move on by one interval in a session of the user's own, and ask NEURON to be called again."""
        if h.t > 0:
            self.advance(self.t + self.grid)
        h.CVode().event(self.t + self.grid, weakly(self.live))


def _carriers(segments: list[Any], target: str) -> np.ndarray:
    """Return the numbers of the segments that have a channel."""
    rows = np.array([i for i, seg in enumerate(segments) if hasattr(seg, f"dp_{target}")], int)
    if len(rows) and not hasattr(getattr(segments[rows[0]], f"dp_{target}"), "gain"):
        raise ParameterError(f"gains: mod/{target}.mod has no RANGE variable gain, so nothing can modulate it")
    return rows
