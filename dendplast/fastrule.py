"""The rule compiled by numba for arrays of spines: `rule.learn` and `rule.midpoint` at a small part of their time.

numba is loaded with this file, which takes half a second: import it where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import jit
from .parameters import RECEPTORS, SHARES
from .rule import State, Surround

__all__ = ["AROUND", "STATE", "Rule", "from_records", "parameter_records", "to_records"]

STATE = np.dtype([(name, float) for name in State.NAMES])
"""One spine: the states of the rule by name."""

AROUND = np.dtype([
    (name, float) for name in (
        "da", "ach", "ne", *(f"ago_{r}" for r in RECEPTORS), *(f"ant_{r}" for r in RECEPTORS), "gs",
        *(f"share_{s}" for s in SHARES), "prp_drive", "pooled", "uptake_da", "uptake_ach", "uptake_ne",
    )
])  # fmt: skip
"""What the tissue shows: `rule.Surround`, and the loss of released modulators (/ms)."""

_SLOW = ("agonist", "antagonist", "share", "gs", "prp_drive", "pooled")
"""What of the surroundings stays the same from tick to tick."""


class Rule:
    """The compiled rule for one set of parameters and spines; `learn` and `midpoint` mean what they mean in `rule`.

    Parameters
    ----------
    p : SimpleNamespace
        `rule.parameters`; entries broadcast against the states.
    shape : tuple of int
        Shape of every state.

    Examples
    --------
    An `Engine` on it: ``Engine(p, shape, ..., step=fastrule.Rule(p, shape).midpoint)``.
    """

    def __init__(self, p: SimpleNamespace, shape: tuple[int, ...]) -> None:
        self.p, self.shape = p, shape
        own = ("head_volume", "ca_scale")
        self._records, self._whose = _spread_out({k: v for k, v in vars(p).items() if k not in own}, shape)
        self._own = [_wide(getattr(p, name), shape) for name in own]
        self._parts: list[Any] = [self] * len(_SLOW)  # of the surroundings seen last, whose records are kept

    def learn(self, y: State, ca: Any, around: Surround, h: float, p: SimpleNamespace | None = None) -> State:
        """Return the states one tick of `h` ms on (`rule.learn`); `p`, when given, is that of this rule."""
        return self._step(y, ca, around, h, False)

    def midpoint(self, y: State, ca: Any, around: Surround, h: float, p: SimpleNamespace | None = None) -> State:
        """Return the states `h` ms on at steady calcium (`rule.midpoint`); `p`, when given, is that of this rule."""
        return self._step(y, ca, around, h, True)

    def midpoints(self, y: State, ca: Any, around: Surround, steps: np.ndarray) -> State:
        """Return the states after steps of `midpoint` (ms, shape (n_step,)) under the same surroundings."""
        records = to_records(y)
        free = np.array([_wide(getattr(around, name), self.shape) for name in ("da", "ach", "ne")])
        jit.rest_each(
            records, np.empty(1, STATE), np.empty(1, STATE), steps, _wide(ca, self.shape), free,
            *self._around(around), self._records, self._whose, *self._own,
        )  # fmt: skip
        return from_records(records, self.shape)

    def _step(self, y: State, ca: Any, around: Surround, h: float, middle: bool) -> State:
        old = to_records(y)
        new = np.empty_like(old)
        free = np.array([_wide(getattr(around, name), self.shape) for name in ("da", "ach", "ne")])
        records, which = self._around(around)
        jit.step_each(
            old, np.empty(1, STATE), new, float(h), middle, _wide(ca, self.shape), free,
            _wide(around.release, self.shape), records, which, self._records, self._whose, *self._own,
        )  # fmt: skip
        return from_records(new, self.shape)

    def _around(self, around: Surround) -> tuple[np.ndarray, np.ndarray]:
        parts = [getattr(around, name) for name in _SLOW]
        if any(a is not b for a, b in zip(parts, self._parts, strict=True)):
            self._parts, self._seen = parts, self._records_of(around)
        return self._seen

    def _records_of(self, around: Surround) -> tuple[np.ndarray, np.ndarray]:
        fields: dict[str, Any] = dict.fromkeys(AROUND.names, 0.0)
        fields |= {f"ago_{r}": v for r, v in around.agonist.items()}
        fields |= {f"ant_{r}": v for r, v in around.antagonist.items()}
        fields |= {f"share_{s}": around.left(s) for s in SHARES}
        fields |= {"gs": around.gs, "prp_drive": around.prp_drive, "pooled": float(around.pooled)}
        return _spread_out(fields, self.shape)


def _wide(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return a value for every spine, flat."""
    x = np.asarray(x, float)
    if x.ndim == 0:  # most are, and `full` takes a tenth of the time
        return np.full(shape, x).reshape(-1)
    return np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1)


def _spread_out(fields: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the records of values that broadcast against a shape, and the record of each element of it."""
    own = np.broadcast_shapes(*(np.shape(v) for v in fields.values()))
    records = np.empty(own, [(name, float) for name in fields])
    for name, value in fields.items():
        records[name] = value
    whose = np.broadcast_to(np.arange(records.size).reshape(own), shape)
    return records.reshape(-1), np.ascontiguousarray(whose).reshape(-1)


def parameter_records(each: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Return flat parameter tables (`Parameters.flat`) as records, shape (n,)."""
    out = np.empty(len(each), [(name, float) for name in each[0]])
    for i, values in enumerate(each):
        out[i] = tuple(values.values())
    return out


def to_records(y: State) -> np.ndarray:
    """Return states as records, flat."""
    return np.ascontiguousarray(y.array.reshape(len(State.NAMES), -1).T, float).view(STATE).reshape(-1)


def from_records(records: np.ndarray, shape: tuple[int, ...]) -> State:
    """Return records as the states of a shape."""
    return State(np.ascontiguousarray(records.view(float).reshape(-1, len(State.NAMES)).T).reshape(-1, *shape))
