"""Read and write many variables of NEURON at once, as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from neuron import h

from .release import N_RATE
from .rule import INTEGRALS, STATES

__all__ = [
    "MODULATOR_STATES", "SPINE_FAST", "SPINE_RULE", "Slots", "cell_references", "cell_states", "spine_references",
    "spine_slots", "write_spines",
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
        self._over(h.PtrVector(len(references)) if references else None)
        for i, reference in enumerate(references):
            self._pointers.pset(i, reference)

    def _over(self, pointers: Any) -> None:
        self._pointers = pointers
        self._n = 0 if pointers is None else int(pointers.size())
        self._vector = h.Vector(self._n)
        self._array = self._vector.as_numpy()

    @classmethod
    def of(cls, pointers: Any) -> Slots:
        """Return the slots of a ``PtrVector``; None is an empty one."""
        slots = cls.__new__(cls)
        slots._over(pointers)
        return slots

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


def spine_slots(processes: Sequence[Any], names: Iterable[str]) -> dict[str, Slots]:
    """Return the slots of several variables over all spines, as `spine_references` orders them.

    NEURON's interpreter takes a tenth of the time of as many references made in Python.
    """
    names, n = tuple(names), len(processes)
    if not n:
        return {name: Slots.of(None) for name in names}
    lines, vectors = [], []
    for k, name in enumerate(names):
        size = N_RATE if name in MODULATOR_STATES else 1
        vectors.append(h.PtrVector(size * n))
        places = [f"{name}[{j}]" for j in range(size)] if size > 1 else [name]
        lines += [f"$o{k + 2}.pset(i + {j * n}, &p.{place})" for j, place in enumerate(places)]
    _for_each(processes, lines, vectors)
    return {name: Slots.of(vector) for name, vector in zip(names, vectors, strict=True)}


def write_spines(processes: Sequence[Any], alike: Mapping[str, float], own: Mapping[str, np.ndarray]) -> None:
    """Write variables that are alike in all spines, and variables that each has its own value of, shape (n_spine,)."""
    vectors = [h.Vector(np.asarray(values, float)) for values in own.values()]
    lines = [f"p.{name} = {float(value)!r}" for name, value in alike.items()]
    lines += [f"p.{name} = $o{k + 2}.x[i]" for k, name in enumerate(own)]
    if processes:
        _for_each(processes, lines, vectors)


def _for_each(processes: Sequence[Any], lines: Sequence[str], vectors: Sequence[Any]) -> None:
    """Have NEURON's interpreter do some lines with every spine `p`, the i-th, and vectors ``$o2`` and on."""
    every = h.List()
    for process in processes:
        every.append(process)
    body = "\n".join(lines)
    h(f"proc dendplast_each() {{ local i localobj p\nfor i = 0, $o1.count - 1 {{\np = $o1.o(i)\n{body}\n}}\n}}")
    h.dendplast_each(every, *vectors)


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
