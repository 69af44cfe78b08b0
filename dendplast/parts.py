"""Probe thousands of spines a few hundred at a time, so that the cost grows with their number, not with its square."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from .cell import Cell
from .model import Model
from .remodel import take_off
from .spines import Spines

__all__ = ["PART", "in_parts"]

PART = 500
"""Spines that are there at once: as many cost about as much as a cell without spines."""


def in_parts(model: Model, probe: Callable[[Model], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return what `probe` finds of every spine while a part of them is there.

    The heads of the spines that are not there are folded into the dendrite below them, as membrane without
    channels.  The model's own spines are taken off meanwhile and made anew: their states begin anew, and what was
    read from them (slots) has to be made anew as well.

    Parameters
    ----------
    model : Model
        A built model, without gains.
    probe : callable
        Given a model of a part of the spines, under the same names returns arrays of shape (n_part,).

    Returns
    -------
    dict of ndarray, shape (n_spine,)
    """
    n = len(model.spines)
    bare = model.experiment.replaced(protocol=(), drugs=())
    parts = [np.arange(k, n, -(-n // PART)) for k in range(-(-n // PART))]  # each is spread over the whole tree
    found: dict[str, np.ndarray] = {}
    take_off(model)
    try:
        for part in parts:
            with _folded(model.cell, model.spines, np.setdiff1d(np.arange(n), part), model.preset.spines.cm):
                thin = Model(bare, model.preset, model.cell, model.tree, model.spines.select(part), model.parameters)
                thin.driver, thin.held = model.driver, model.held
                thin.set_conductances(**{name: values[part] for name, values in model.conductances.items()})
                for name, values in probe(thin).items():
                    found.setdefault(name, np.zeros(n))[part] = values
                take_off(thin)
    finally:
        model._place(model.preset.spines)
        model.set_conductances(**model.conductances)
    return found


@contextmanager
def _folded(cell: Cell, spines: Spines, missing: np.ndarray, cm: float) -> Iterator[None]:
    """Give the segments the membrane (capacitance `cm`, uF/cm2) of spines that are missing, for a while."""
    segments = [seg for sec in cell.sections for seg in sec]
    area = np.bincount(spines.segment[missing], spines.area[missing], len(segments))
    changed = [(segments[k], area[k] / segments[k].area()) for k in np.flatnonzero(area)]
    before = [(seg.cm, seg.g_pas if hasattr(seg, "pas") else None) for seg, _ in changed]
    try:
        for (seg, share), (own, leak) in zip(changed, before, strict=True):
            seg.cm = own + cm * share
            if leak is not None:
                seg.g_pas = leak * (1 + share)
        yield
    finally:
        for (seg, _), (own, leak) in zip(changed, before, strict=True):
            seg.cm = own
            if leak is not None:
                seg.g_pas = leak
