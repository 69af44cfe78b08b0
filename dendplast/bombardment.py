"""Background activity of the network: random synapses all over the cell, described; `model` brings them to NEURON."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .geometry import Geometry
from .moments import Timed
from .quantity import quantity

__all__ = ["EXCITATION", "INHIBITION", "Bombardment"]

EXCITATION, INHIBITION = 0, 1
_DESTEXHE = "remembered of 10.1152/jn.1999.81.4.1531"
_STREAM = 10  # spawn key of the draws: those before it are listed in `schedule`


class Bombardment(Timed):
    """Bombard soma and dendrites with excitation and inhibition at random, as a network in activity does.

    Synapses are spread over the membrane and open conductances that close exponentially.  `synchrony` of them release
    together, at Poisson times: this leaves rates and mean conductances as they are and makes voltage fluctuate.  The
    synapses that are looked at are not among them.

    Examples
    --------
    >>> Bombardment(duration="2 s", start=0).end(0.0)
    2000.0
    """

    kind: Literal["bombardment"] = "bombardment"
    duration: float = quantity(1000.0, "ms", "the experimenter's choice", 1, 1e7)
    excitation: float = quantity(60.0, "Hz", f"{_DESTEXHE}: 60 synapses in 100 um2 at 1 Hz", 0, 1e5)
    inhibition: float = quantity(55.0, "Hz", f"{_DESTEXHE}: 10 synapses in 100 um2 at 5.5 Hz", 0, 1e5)
    synchrony: int = quantity(
        30, "1", "assumed: set for an SD of 2 to 5 mV, which needs correlated release (10.1152/jn.1999.81.4.1531)",
        1, 10_000,
    )
    g_excitation: float = quantity(
        3e-4, "uS", "assumed: a quarter of 10.1152/jn.1999.81.4.1531, as ca1's own synapses of 0.25 nS", 0, 0.1
    )
    g_inhibition: float = quantity(6e-4, "uS", _DESTEXHE, 0, 0.1)
    tau_excitation: float = quantity(2.7, "ms", "10.1016/S0306-4522(01)00344-X", 0.1, 100)
    tau_inhibition: float = quantity(10.5, "ms", "10.1016/S0306-4522(01)00344-X", 0.1, 100)
    e_excitation: float = quantity(0.0, "mV", "10.1016/S0306-4522(01)00344-X", -100, 100)
    e_inhibition: float = quantity(-75.0, "mV", "10.1016/S0306-4522(01)00344-X", -150, 100)

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + self.duration

    def events(self, tree: Geometry, start: float, seed: int, number: int) -> tuple[np.ndarray, ...]:
        """Draw the events on a cell: time (ms), row of the segment, and `EXCITATION` or `INHIBITION`.

        Parameters
        ----------
        tree : Geometry
            The cell's segments; the axon gets none.
        start : float
            ms.
        seed, number : int
            Seed of the run, and place among its protocols.
        """
        area = np.where(tree.region == "axon", 0.0, tree.area)
        columns = []
        for kind, rate in ((EXCITATION, self.excitation), (INHIBITION, self.inhibition)):
            draw = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM, number, kind)))
            expected = rate / 100 * area.sum() * self.duration / 1e3
            time = start + draw.uniform(0, self.duration, draw.poisson(expected / self.synchrony))
            row = draw.choice(len(area), self.synchrony * len(time), p=area / area.sum())
            columns.append((np.repeat(time, self.synchrony), row, np.full(len(row), kind)))
        time, row, kind = (np.concatenate(column) for column in zip(*columns, strict=True))
        order = np.argsort(time, kind="stable")
        return time[order], row[order], kind[order]
