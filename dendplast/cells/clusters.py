"""Features of synapses released together and of calcium spikes: numbers from what the probes return."""

from __future__ import annotations

import numpy as np

from ..spine_probes import Cluster

__all__ = [
    "duration", "exceeds", "exceeds_at", "gain", "height",
    "spread", "threshold",
]  # fmt: skip

EXCESS = 1.1
"""Ratio of the EPSP to the sum of its parts from which on it is called supralinear."""
LASTING = 20.0
"""Width at half height (ms) from which on a depolarisation is called an NMDA spike: EPSPs are 3 to 12 ms wide."""
AFTER = 10.0, 26.0
"""When (ms) the height of a plateau is read: 30 synapses are released in 3 ms, AMPA receptors have closed."""


def threshold(c: Cluster) -> float:
    """Return the number of synapses from which on the local voltage outlasts AMPA receptors, NaN if it never does."""
    long = np.array([_width(c, k) > LASTING for k in range(len(c.n))])
    if not long.any():
        return np.nan
    first = int(long.argmax())
    return float(c.n[0]) if first == 0 else 0.5 * float(c.n[first - 1] + c.n[first])


def height(c: Cluster) -> float:
    """Return the local height (mV) with all synapses, the median over `AFTER`: a spike on a plateau has no say."""
    first, last = np.searchsorted(c.time, AFTER)
    return float(np.median(c.local[first:last, -1]))


def duration(c: Cluster) -> float:
    """Return the width (ms) at half height of the local voltage with all synapses."""
    return _width(c, -1)


def _width(c: Cluster, k: int) -> float:
    v = c.local[:, k]
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
