"""Probe a cell: the calcium that somatic spikes and synaptic releases raise in its spines, from rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from neuron import h

from .geometry import Geometry
from .slots import SPINE_FAST, SPINE_RULE, Slots, cell_references, spine_slots
from .stepping import forward

if TYPE_CHECKING:
    from .model import Model

__all__ = ["Rest", "groups"]

GROUP, APART = 6, 100.0
"""Spines stimulated at once, and how far apart along the tree (um): EPSPs hardly lift each other that far."""

BAP_WINDOW, EPSP_WINDOW = 25.0, 36.0  # ms; calcium peaks within 10 and 35 ms
LIFT_WINDOW, LIFT_STEP = 8.0, 0.25  # ms; a local spike comes within 5 ms and is 2 ms wide


class Rest:
    """A cell at rest that can be brought back there; to be used within `stepping.fixed_step`.

    Parameters
    ----------
    model : Model
        A built model, which is initialised and left to settle.  No driver may be at work on it.
    settle, v_init : float
        How long (ms), and from which voltage (mV).
    """

    def __init__(self, model: Model, settle: float, v_init: float) -> None:
        self.model, self.dt = model, h.dt
        h.finitialize(v_init)
        self.cell = Slots(cell_references([*model.cell.sections, *model.heads, *model.necks]))
        self.spines = spine_slots(model.every, (*SPINE_FAST, *SPINE_RULE, "cai_peak"))
        self.peak, self.cai = self.spines.pop("cai_peak"), self.spines["cai"]
        forward(round(settle / self.dt))
        self.rest = self.cell.get(), {name: slots.get() for name, slots in self.spines.items()}
        self.cai_rest = self.cai.get()
        places = zip(model.spines.section, model.spines.x, strict=True)
        self.below = Slots([model.cell.sections[int(s)](float(x))._ref_v for s, x in places])

    def again(self) -> None:
        """Go back to rest."""
        cell, spines = self.rest
        self.cell.set(cell)
        for name, slots in self.spines.items():
            slots.set(spines[name])
        self.peak.set(self.cai_rest)

    def bap(self) -> np.ndarray:
        """Return each spine's calcium rise (mM) for one somatic spike."""
        self.again()
        self._spikes((0.0,))
        forward(round(BAP_WINDOW / self.dt))
        return self.peak.get() - self.cai_rest

    def epsp(self, which: np.ndarray) -> np.ndarray:
        """Return the calcium rise (mM) of some spines for one EPSP at rest, a few distant ones at a time."""
        return self.response(which, (0.0,), (), EPSP_WINDOW)

    def lift(self, which: np.ndarray) -> np.ndarray:
        """Return how far (mV) one EPSP at rest lifts the dendrite under some spines, a few distant ones at a time."""
        which, out = np.asarray(which, int), np.zeros(len(self.cai_rest))
        for members in groups(self.model.tree, self.model.spines.segment[which]):
            self._begin(which[members], (0.0,), ())
            before = peak = self.below.get()
            for _ in range(round(LIFT_WINDOW / LIFT_STEP)):
                forward(round(LIFT_STEP / self.dt))
                peak = np.maximum(peak, self.below.get())
            out[which[members]] = (peak - before)[which[members]]
        self.again()
        return out[which]

    def response(
        self, which: np.ndarray, pre: Sequence[float], post: Sequence[float], window: float, at_once: bool = False
    ) -> np.ndarray:
        """Return the calcium rise (mM) of some spines for releases at `pre` and somatic spikes at `post` (ms).

        Parameters
        ----------
        which : ndarray of int, shape (n,)
            Spines that get the releases, a few distant ones at a time, or all `at_once`.
        pre, post : sequence of float
            Times of releases and of current pulses into the soma (ms).
        window : float
            How long the peak is looked for (ms).
        at_once : bool
            Stimulate the spines together.

        Returns
        -------
        ndarray, shape (n,)
        """
        which = np.asarray(which, int)
        out = np.zeros(len(self.cai_rest))
        sets = [np.arange(len(which))] if at_once else groups(self.model.tree, self.model.spines.segment[which])
        for members in sets:
            self._begin(which[members], pre, post)
            forward(round(window / self.dt))
            out[which[members]] = (self.peak.get() - self.cai_rest)[which[members]]
        self.again()
        return out[which]

    def _begin(self, which: np.ndarray, pre: Sequence[float], post: Sequence[float]) -> None:
        """Go back to rest, and queue releases at some spines and spikes of the soma."""
        self.again()
        for i in which:
            for t in pre:
                self.model.glutamate(int(i), 1.0).event(h.t + self.dt + t)
        self._spikes(post)

    def _spikes(self, times: Sequence[float]) -> None:
        cell = self.model.preset.cell
        for t in times:
            self.model.pulse(-1, cell.pulse_amp).event(h.t + self.dt + t)
            self.model.pulse(-1, -cell.pulse_amp).event(h.t + self.dt + t + cell.pulse_dur)


def groups(tree: Geometry, segment: np.ndarray) -> list[np.ndarray]:
    """Divide spines into groups whose members are `APART` or more from one another along the tree (um)."""
    chains = [_to_root(tree, int(k)) for k in segment]
    above = [frozenset(chain) for chain in chains]

    def apart(i: int, j: int) -> bool:
        fork = next(k for k in chains[j] if k in above[i])
        ends = tree.path_distance[segment[i]] + tree.path_distance[segment[j]]
        return ends - 2 * tree.path_distance[fork] >= APART

    left = list(range(len(segment)))
    out = []
    while left:
        group: list[int] = []
        for i in left:
            if len(group) < GROUP and all(apart(i, j) for j in group):
                group.append(i)
        out.append(np.array(group))
        chosen = set(group)
        left = [i for i in left if i not in chosen]
    return out


def _to_root(tree: Geometry, segment: int) -> list[int]:
    chain = []
    while segment >= 0:
        chain.append(segment)
        segment = int(tree.parent[segment])
    return chain
