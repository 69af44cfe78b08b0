"""Features of synapses released together and of calcium spikes: numbers from what the probes return."""

from __future__ import annotations

import numpy as np

from ..probes import PLATEAU, Coincidence
from ..spine_probes import Cluster

__all__ = [
    "bac_rate", "bac_spikes", "duration", "exceeds", "exceeds_at", "gain", "height", "plateau", "plateau_width",
    "spread", "threshold",
]  # fmt: skip

EXCESS = 1.1
"""Ratio of the EPSP to the sum of its parts from which on it is called supralinear."""
STEEPER = 1.5
"""The voltage must rise this much more steeply with the number of synapses than at first to be called a spike."""


def threshold(c: Cluster) -> float:
    """Return the number of synapses at which the local voltage rises most steeply, NaN when it only saturates."""
    peak = c.local.max(axis=0)
    slope = np.diff(peak) / np.diff(c.n)
    steepest = int(slope.argmax())
    if slope[steepest] < STEEPER * peak[0] / c.n[0]:
        return np.nan
    return 0.5 * float(c.n[steepest] + c.n[steepest + 1])


def height(c: Cluster) -> float:
    """Return the local height (mV) with all synapses."""
    return float(c.local[:, -1].max())


def duration(c: Cluster) -> float:
    """Return the width (ms) at half height of the local voltage with all synapses."""
    v = c.local[:, -1]
    above = np.flatnonzero(v > 0.5 * v.max())
    return float(c.time[above[-1]] - c.time[above[0]])


def spread(c: Cluster) -> float:
    """Return the height on the branch beside, as a share of that on the branch itself."""
    return float(c.elsewhere[-1] / c.local[:, -1].max())


def exceeds(c: Cluster) -> float:
    """Return the number of synapses from which on the soma's EPSP exceeds the sum of single ones; NaN if never."""
    return _crossing(c, c.n.astype(float))


def exceeds_at(c: Cluster) -> float:
    """Return the sum of single EPSPs (mV) from which on the soma's EPSP exceeds it; NaN if never."""
    return _crossing(c, c.expected)


def _crossing(c: Cluster, x: np.ndarray) -> float:
    """Return where the ratio of the EPSP to its expectation passes `EXCESS`, interpolated in x."""
    ratio = c.soma / c.expected
    above = np.flatnonzero(ratio > EXCESS)
    if not len(above):
        return np.nan
    k = int(above[0])
    if k == 0:
        return float(x[0])
    share = (EXCESS - ratio[k - 1]) / (ratio[k] - ratio[k - 1])
    return float(x[k - 1] + share * (x[k] - x[k - 1]))


def gain(c: Cluster) -> float:
    """Return the largest ratio of the soma's EPSP to the sum of single ones."""
    return float((c.soma / c.expected).max())


def plateau(c: Coincidence) -> float:
    """Return the highest voltage (mV) of the trunk 10 to 50 ms after the current began."""
    t = c.traces.time
    return float(c.traces.v[(t > 25.0) & (t < 65.0), 1].max())


def plateau_width(c: Coincidence) -> float:
    """Return how long (ms) the trunk is above `PLATEAU`."""
    above = np.flatnonzero(c.traces.v[:, 1] > PLATEAU)
    return float(c.traces.time[above[-1]] - c.traces.time[above[0]])


def _times(c: Coincidence) -> np.ndarray:
    up = np.flatnonzero((c.traces.soma[1:] > 0) & (c.traces.soma[:-1] <= 0))
    return c.traces.time[up]


def bac_spikes(c: Coincidence) -> float:
    """Return the number of spikes of the soma."""
    return float(len(_times(c)))


def bac_rate(c: Coincidence) -> float:
    """Return the mean rate (Hz) of the soma's spikes, NaN for fewer than two."""
    times = _times(c)
    return float(1e3 * (len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 else np.nan
