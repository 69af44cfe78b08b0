"""Features of the calcium spike of the apical dendrite, and of how a spike of the soma brings it about."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .. import probes
from ..bench import SOMA, Bench

__all__ = ["calcium_spike_threshold", "firing", "threshold_ratio"]

PLATEAU, LASTS = -40.0, 10.0
"""A dendrite that stays above this voltage (mV) for so long (ms) after the injected current is past has spiked; a
back-propagating spike is over in 3 ms."""
CURRENT_ENDS = 23.0  # ms, when less than a third of the EPSC (from 15 ms on, 5 ms decay) is left
LOWEST, HIGHEST, PRECISION = 0.05, 4.0, 0.05  # nA, nA, share of the threshold
STRENGTH = 0.5
"""Current (nA) of the dendrite that goes with a spike of the soma, 10.1371/journal.pcbi.1002107."""


def _spikes(bench: Bench, at: float, amplitude: float, spike: bool) -> bool:
    traces = probes.coincidence(bench, at, amplitude, spike=spike)
    late = traces.v[traces.time > CURRENT_ENDS, 1]
    return bool((late > PLATEAU).sum() * bench.dt > LASTS)


@lru_cache(maxsize=8)
def calcium_spike_threshold(bench: Bench, at: float, spike: bool = False) -> float:
    """Return the smallest current (nA) at a path distance (um) that sets off a calcium spike of the dendrite.

    With `spike` the soma fires 5 ms before.  0 when that alone sets it off, NaN when nothing up to 4 nA does, or
    the tree does not reach so far.
    """
    if not probes.crossings(bench.geometry, at):
        return np.nan
    low, high = LOWEST, HIGHEST
    if _spikes(bench, at, low, spike):
        return 0.0
    if not _spikes(bench, at, high, spike):
        return np.nan
    while high - low > PRECISION * high:
        middle = np.sqrt(low * high)
        low, high = (low, middle) if _spikes(bench, at, middle, spike) else (middle, high)
    return float(np.sqrt(low * high))


def threshold_ratio(bench: Bench, at: float) -> float:
    """Return the threshold with a spike of the soma over that without."""
    return calcium_spike_threshold(bench, at, True) / calcium_spike_threshold(bench, at)


@lru_cache(maxsize=8)
def firing(bench: Bench, at: float) -> tuple[int, float]:
    """Return how many spikes soma and dendritic current make together, and their mean rate (Hz), NaN for one."""
    if not probes.crossings(bench.geometry, at):
        return 0, np.nan
    traces = probes.coincidence(bench, at, STRENGTH, spike=True)
    v = traces.v[:, SOMA]
    times = traces.time[1:][(v[:-1] < probes.SPIKE - 20) & (v[1:] >= probes.SPIKE - 20)]
    return len(times), float(1e3 / np.diff(times).mean()) if len(times) > 1 else np.nan
