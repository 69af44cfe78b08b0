"""The synapses of a `Bombardment` in NEURON: two conductances a segment, and the events that open them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from neuron import h

from .bombardment import INHIBITION, Bombardment
from .moments import resolve_time

__all__ = ["Barrage"]


class Barrage:
    """What bombards one cell.

    Parameters
    ----------
    model : Model
        Its cell, tree and seed.
    protocols : sequence of Protocol
        All that is done; each `Bombardment` among them gets synapses of its own.
    """

    def __init__(self, model: Any, protocols: Sequence[Any]) -> None:
        self._synapses: list[Any] = []
        self._parts: list[tuple[np.ndarray, list[Any], np.ndarray]] = []
        end = 0.0
        for number, item in enumerate(protocols):
            start = resolve_time(item.start, end)
            end = max(end, item.end(start))
            if isinstance(item, Bombardment):
                self._add(model, item, start, number)

    def _add(self, model: Any, item: Bombardment, start: float, number: int) -> None:
        tree = model.tree
        time, row, kind = item.events(tree, start, model.experiment.seed, number)
        which, inverse = np.unique(2 * row + kind, return_inverse=True)
        netcons = []
        for one in which:
            at, inhibits = int(one) // 2, int(one) % 2 == INHIBITION
            synapse = h.ExpSyn(model.cell.sections[int(tree.section[at])](float(tree.x[at])))
            synapse.tau = item.tau_inhibition if inhibits else item.tau_excitation
            synapse.e = item.e_inhibition if inhibits else item.e_excitation
            netcon = h.NetCon(None, synapse)
            netcon.weight[0] = item.g_inhibition if inhibits else item.g_excitation
            self._synapses.append(synapse)
            netcons.append(netcon)
        self._parts.append((time, netcons, inverse))

    def references(self) -> list[Any]:
        """Return references to the state of every synapse."""
        return [synapse._ref_g for synapse in self._synapses]

    def rows(self) -> list[tuple[float, Callable[[], Any]]]:
        """Return every event: its time (ms), and what gives the NetCon to send."""
        return [
            (float(t), lambda netcon=netcons[k]: netcon)
            for time, netcons, which in self._parts
            for t, k in zip(time, which, strict=True)
        ]
