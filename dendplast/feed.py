"""Write fields that were solved ahead into the spines, tick by tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from neuron import h

from .course import Course
from .release import LIGAND
from .slots import listed, spine_slots
from .stepping import TICK, weakly

__all__ = ["Feed"]


class Feed:
    """The spines' ``da_ext``, ``ach_ext``, ``ne_ext``: what is outside and what courses add to it.

    What is written depends on the tick and on what is outside alone, so a run that is cut and goes on is the same.
    Spines that no course reaches are never written.

    Parameters
    ----------
    processes : sequence
        Point processes of all spines.
    courses : sequence of Course
        Fields; several of one modulator add.
    """

    def __init__(self, processes: Sequence[Any], courses: Sequence[Course]) -> None:
        self.courses = tuple(courses)
        self._parts = []
        for modulator in dict.fromkeys(c.modulator for c in courses):
            mine = [c for c in courses if c.modulator == modulator]
            spine = np.unique(np.concatenate([c.spine for c in mine]))
            name = f"{LIGAND[modulator]}_ext"
            slots = spine_slots(listed(processes[i] for i in spine), [name])[name]
            places = [(c, np.searchsorted(spine, c.spine)) for c in mine]
            self._parts.append((LIGAND[modulator], slots, places))
        self._on = [False] * len(self._parts)
        self._outside: Mapping[str, float] = {}

    def write(self, t: float, outside: Mapping[str, float]) -> bool:
        """Write the mean over the tick that begins at `t` (ms); return whether a course has a part in it."""
        for k, (name, slots, places) in enumerate(self._parts):
            added = [(place, part) for c, place in places if (part := c.average(t, t + TICK)) is not None]
            if added or self._on[k]:
                total = np.full(len(slots), outside[name])
                for place, part in added:
                    total[place] += part
                slots.set(total)
            self._on[k] = bool(added)
        return any(self._on)

    def wants(self, t0: float, t1: float) -> bool:
        """Return whether there is anything to write in [t0, t1)."""
        return any(self._on) or self.next_begin(t0) < t1

    def live(self, t: float, outside: Mapping[str, float]) -> None:
        """Write the tick at `t` (ms) of a session of the user's own; NEURON calls again when a course goes on.

        `outside` is looked at again at every call. NEURON does not keep the feed alive.
        """
        self._outside = outside
        self._again(t)

    def _again(self, t: float) -> None:
        more = self.write(t, self._outside)
        following = t + TICK if more else self.next_begin(t)
        if np.isfinite(following):
            h.CVode().event(following, (weakly(self._again), float(following)))

    def next_begin(self, t: float) -> float:
        """Return the first tick from `t` on (ms) in which a course has a part; infinite after the last."""
        return min((c.next_begin(t) for c in self.courses), default=np.inf)
