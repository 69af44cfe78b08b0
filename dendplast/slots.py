"""Read and write many variables of NEURON at once, as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from neuron import h

from .release import N_RATE
from .rule import INTEGRALS, STATES

__all__ = [
    "MODULATOR_STATES", "SPINE_FAST", "SPINE_RULE", "Slots", "SpineSlots", "cell_references", "cell_states", "listed",
    "spine_references", "spine_slots", "write_spines",
]  # fmt: skip

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
        self._vector = h.Vector(len(references))
        self._array = self._vector.as_numpy()
        self._pointers = h.PtrVector(len(references)) if references else None
        for i, reference in enumerate(references):
            self._pointers.pset(i, reference)

    def __len__(self) -> int:
        return len(self._array)

    def get(self) -> np.ndarray:
        """Return a copy of the values, shape (n,)."""
        self._gather()
        return self._array.copy()

    def set(self, values: np.ndarray | float) -> None:
        """Write the values, shape (n,) or one for all."""
        self._array[:] = values
        self._scatter()

    def _gather(self) -> None:
        if self._pointers is not None:
            self._pointers.gather(self._vector)

    def _scatter(self) -> None:
        if self._pointers is not None:
            self._pointers.scatter(self._vector)


class SpineSlots(Slots):
    """One variable of many spines, gathered and scattered by ``mod/exchange.mod``, without a pointer to each.

    Parameters
    ----------
    every : h.List
        The spines.
    name : str
        A RANGE variable of theirs.
    vector : h.Vector
        Of n values, n times the elements of a variable that is an array; may be lent to other slots too.
    """

    def __init__(self, every: Any, name: str, vector: Any) -> None:
        self._every, self._name, self._vector = every, name, vector
        self._array = vector.as_numpy()

    def _gather(self) -> None:
        h.gather_dp_exchange(self._every, self._name, self._vector)

    def _scatter(self) -> None:
        h.scatter_dp_exchange(self._every, self._name, self._vector)


def spine_references(processes: Sequence[Any], name: str) -> list[Any]:
    """Return the references of one variable over all spines; an array variable gives its elements in turn."""
    if name in MODULATOR_STATES:
        return [getattr(p, f"_ref_{name}")[j] for j in range(N_RATE) for p in processes]
    return [getattr(p, f"_ref_{name}") for p in processes]


def listed(processes: Iterable[Any]) -> Any:
    """Return spines as a NEURON list, which many slots can share."""
    every = h.List()
    for process in processes:
        every.append(process)
    return every


def spine_slots(spines: Any, names: Iterable[str]) -> dict[str, SpineSlots]:
    """Return the slots of several variables over all spines (`listed`), as `spine_references` orders them."""
    vectors = {size: h.Vector(size * len(spines)) for size in (1, N_RATE)}
    return {name: SpineSlots(spines, name, vectors[N_RATE if name in MODULATOR_STATES else 1]) for name in names}


def write_spines(spines: Any, values: Mapping[str, np.ndarray | float]) -> None:
    """Write variables of spines (`listed`), each shape (n_spine,) or one number for all."""
    for name, slots in spine_slots(spines, values).items():
        slots.set(values[name])


def cell_references(sections: Iterable[Any]) -> list[Any]:
    """Return references to every voltage, and to every state of every density mechanism and every concentration."""
    return [reference for _, reference in cell_states(sections)]


def cell_states(sections: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return ``"voltage"``, ``"concentration"`` or ``"gate"`` and the reference of every state of the sections.

    The nodes at the ends of sections have no area and no say in the solution, but in how it is rounded.
    """
    states: dict[str, list[tuple[str, int]]] = {}
    out: list[tuple[str, Any]] = []
    for sec in sections:
        out += [("voltage", sec(0)._ref_v), ("voltage", sec(1)._ref_v)]
        for seg in sec:
            out.append(("voltage", seg._ref_v))
            for mechanism in seg:
                name = mechanism.name()
                if name.endswith("_ion"):  # a pool's state is the ion's concentration, listed by neither
                    out.append(("concentration", getattr(seg, f"_ref_{name[:-4]}i")))
                if name not in states:
                    states[name] = _states_of(name)
                for state, size in states[name]:
                    reference = getattr(mechanism, f"_ref_{state}")
                    kind = "concentration" if name.endswith("_ion") else "gate"
                    out += [(kind, reference[k]) for k in range(size)] if size > 1 else [(kind, reference)]
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
