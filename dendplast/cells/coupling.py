"""Features of the calcium spike of the apical dendrite, and of how a spike of the soma brings it about."""

from __future__ import annotations

import numpy as np

from .. import probes
from ..bench import SOMA, Bench

__all__ = ["Coupling"]

PLATEAU, LASTS = -40.0, 10.0
"""A dendrite that stays above this voltage (mV) for so long (ms) after the injected current is past has spiked; a
back-propagating spike is over in 3 ms."""
CURRENT_ENDS = 23.0  # ms, when less than a third of the EPSC (from 15 ms on, 5 ms decay) is left
CROSSED = -20.0  # mV, that a spike of the soma passes
LOWEST, HIGHEST, PRECISION = 0.05, 4.0, 0.01  # nA, nA, share of the threshold
TOGETHER = 0.5  # nA, current of the dendrite that meets a spike of the soma, 10.1371/journal.pcbi.1002107


class Coupling:
    """The calcium spike of a cell on the bench; each threshold is searched for once.

    Attributes
    ----------
    bench : Bench
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._found: dict[tuple[float, bool], float] = {}

    def threshold(self, at: float, spike: bool = False) -> float:
        """Return the smallest current (nA) at a path distance (um) that sets off a calcium spike of the dendrite.

        With `spike` the soma fires 5 ms before.  0 when that alone sets it off, NaN when nothing up to 4 nA does,
        or the tree does not reach so far.
        """
        if (at, spike) not in self._found:
            self._found[at, spike] = self._search(at, spike)
        return self._found[at, spike]

    def ratio(self, at: float) -> float:
        """Return the threshold with a spike of the soma over that without."""
        return self.threshold(at, True) / self.threshold(at)

    def firing(self, at: float) -> tuple[int, float]:
        """Return how many spikes soma and dendritic current make together, and their mean rate (Hz), NaN for one.

        None counts where the tree does not reach so far.
        """
        if not probes.crossings(self.bench.geometry, at):
            return 0, np.nan
        traces = probes.coincidence(self.bench, at, TOGETHER, spike=True)
        v = traces.v[:, SOMA]
        times = traces.time[1:][(v[:-1] < CROSSED) & (v[1:] >= CROSSED)]
        return len(times), float(1e3 / np.diff(times).mean()) if len(times) > 1 else np.nan

    def _search(self, at: float, spike: bool) -> float:
        if not probes.crossings(self.bench.geometry, at):
            return np.nan
        low, high = LOWEST, HIGHEST
        if self._spikes(at, low, spike):
            return 0.0
        if not self._spikes(at, high, spike):
            return np.nan
        while high - low > PRECISION * high:
            middle = np.sqrt(low * high)
            low, high = (low, middle) if self._spikes(at, middle, spike) else (middle, high)
        return float(np.sqrt(low * high))

    def _spikes(self, at: float, amplitude: float, spike: bool) -> bool:
        traces = probes.coincidence(self.bench, at, amplitude, spike=spike)
        late = traces.v[traces.time > CURRENT_ENDS, 1]
        return bool((late > PLATEAU).sum() * self.bench.dt > LASTS)
