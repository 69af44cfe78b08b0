"""Calcium of one unit of a protocol on a cell, as a stimulus of the slow system that repeats it for hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..capture import capture
from ..episodes import split
from ..memory import Stimulus
from ..model import Model
from ..schedule import compile_schedule
from ..terminals import Tissue

__all__ = ["Unit", "units"]


class Unit:
    """Calcium and glutamate of every spine of a cell while a unit of a protocol goes on.

    Parameters
    ----------
    cai : ndarray, shape (n_tick, n_spine)
        Calcium by tick of 1 ms, over the spine's `ca_scale` (mM).
    pre : ndarray, shape (n_tick, n_spine)
        Releases of glutamate.
    """

    def __init__(self, cai: np.ndarray, pre: np.ndarray) -> None:
        self.cai, self.pre = cai, pre

    def steady(self, begin: int, end: int) -> Unit:
        """Return the ticks from `begin` to `end` as a unit: one of a train that has gone on for a while."""
        return Unit(self.cai[begin:end], self.pre[begin:end])

    def at(
        self, start: float, n: int = 1, interval: float = 0.0, spines: np.ndarray | None = None,
        where: np.ndarray | None = None,
    ) -> Stimulus:  # fmt: skip
        """Return the unit as a stimulus from `start` (ms) on, `n` times, `interval` (ms) apart.

        Parameters
        ----------
        start, n, interval
            As of `Stimulus`.
        spines : ndarray of int, optional
            Ids that get it; those of the cell when not given.
        where : ndarray of int, optional
            The spine of the cell whose calcium each of `spines` gets.
        """
        where = np.arange(self.cai.shape[1]) if where is None else where
        spines = where if spines is None else spines
        return Stimulus(start, spines, self.cai[:, where], n, interval, self.pre[:, where])


def units(model: Model, protocols: Mapping[str, Sequence[Any]]) -> dict[str, Unit]:
    """Simulate each unit once, from rest and with unchanged weights.

    Parameters
    ----------
    model : Model
        A built model with ``numerics.plastic = false``.
    protocols : mapping of str to sequence of Protocol
        What a unit consists of, by name; its parts follow each other within 0.6 s.
    """
    tissue = Tissue(model.media, model.parameters.flat(), model.tone)
    episodes = {}
    for name, items in protocols.items():
        schedule = compile_schedule(items, model.choose, model.experiment.seed, tissue)
        ((_, episodes[name]),) = split(schedule, ())
    found, _ = capture(model, episodes)
    own = model.conductances["ca_scale"]
    return {name: Unit(calcium.cai / own, calcium.pre) for name, calcium in found.items()}
