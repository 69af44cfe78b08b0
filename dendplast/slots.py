"""Read and write many variables of NEURON at once, as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from neuron import h

from .release import N_RATE
from .rule import INTEGRALS, STATES

__all__ = ["MODULATOR_STATES", "SPINE_FAST", "SPINE_RULE", "Slots", "cell_references", "spine_references"]

MODULATOR_STATES = ("s_da", "s_ach", "s_ne")
SPINE_RULE = (*STATES, *INTEGRALS, "w", "da", "ach", "ne")
"""What the rule moves in a spine (the modulators' exponentials apart)."""

SPINE_FAST = (
    "vhead", "r_ampa", "d_ampa", "r_nmda", "d_nmda", "m_ca", "h_ca", "cai", "ica", "offset", "schur",
    "unblock", "m_L", "m_T", "h_T", "part_R", "open_LT", "ca_ind", "fluorescence",
)  # fmt: skip
"""What electricity moves in a spine."""


class Slots:
    """A fixed list of references into NEURON, gathered and scattered together.

    Parameters
    ----------
    references : iterable
        ``_ref_`` objects.
    """

    def __init__(self, references: Iterable[Any]) -> None:
        references = list(references)
        self._n = len(references)
        self._vector = h.Vector(self._n)
        self._array = self._vector.as_numpy()
        self._pointers = h.PtrVector(self._n) if self._n else None
        for i, reference in enumerate(references):
            self._pointers.pset(i, reference)

    def __len__(self) -> int:
        return self._n

    def get(self) -> np.ndarray:
        """Return a copy of the values, shape (n,)."""
        if self._pointers is not None:
            self._pointers.gather(self._vector)
        return self._array.copy()

    def set(self, values: np.ndarray | float) -> None:
        """Write the values, shape (n,) or one for all."""
        if self._pointers is not None:
            self._array[:] = values
            self._pointers.scatter(self._vector)


def spine_references(processes: Sequence[Any], name: str) -> list[Any]:
    """Return the references of one variable over all spines; an array variable gives its elements in turn."""
    if name in MODULATOR_STATES:
        return [getattr(p, f"_ref_{name}")[j] for j in range(N_RATE) for p in processes]
    return [getattr(p, f"_ref_{name}") for p in processes]


def cell_references(sections: Iterable[Any]) -> list[Any]:
    """Return references to every voltage, and to every state of every density mechanism and every concentration.

    The nodes at the ends of sections have no area and no say in the solution, but in how it is rounded.
    """
    states: dict[str, list[tuple[str, int]]] = {}
    out = []
    for sec in sections:
        out += [sec(0)._ref_v, sec(1)._ref_v]
        for seg in sec:
            out.append(seg._ref_v)
            for mechanism in seg:
                name = mechanism.name()
                if name.endswith("_ion"):  # a pool's state is the ion's concentration, listed by neither
                    out.append(getattr(seg, f"_ref_{name[:-4]}i"))
                if name not in states:
                    states[name] = _states_of(name)
                for state, size in states[name]:
                    reference = getattr(mechanism, f"_ref_{state}")
                    out.extend([reference[k] for k in range(size)] if size > 1 else [reference])
    return out


def _states_of(mechanism: str) -> list[tuple[str, int]]:
    """Return the names and sizes of a mechanism's states, as attributes of a segment's mechanism.

    The concentration inside is a state of its ion, though NEURON counts it among what is assigned.
    """
    standard = h.MechanismStandard(mechanism, 3)
    name = h.ref("")
    found = []
    for i in range(int(standard.count())):
        size = int(standard.name(name, i))
        suffix = "_" + mechanism
        found.append((name[0][: -len(suffix)] if name[0].endswith(suffix) else name[0], size))
    if mechanism.endswith("_ion"):
        found.append((mechanism.removesuffix("_ion") + "i", 1))
    return found
