"""Crosstalk of neighbouring spines: a pulse too weak to change a spine does so when a neighbour was changed before.

Each pair of spines is alone on a branch of its own.  One gets 30 pulses that potentiate, the other, at a distance and
after a while, 30 pulses of a quarter of their calcium (10.1038/nature06416).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..drugs import Drug
from ..memory import Stimulus, Weeks, segment_at, straight
from ..parameters import Parameters

__all__ = ["HALF_TIME", "WIDTH", "Pair", "crosstalk", "half"]

MIN = 6e4
FULL = 2.4e-3
"""Calcium of a potentiating pulse (mM), assumed: between an EPSP at rest and one at 0 mV."""

SHARE = 0.25
"""Calcium of a weak pulse over that of a potentiating one: pulses of 1 ms against 4 ms (10.1038/nature06416)."""

WIDTH, HALF_TIME = 11.1, 5.3
"""Full width at half maximum (um) and half time (min) of the crosstalk in 10.1038/nature06416."""

LENGTH, MIDDLE = 28.0, 14.0
"""Length of a branch and place of the potentiated spine on it (um)."""

TRAIN = 30 * 2000.0
"""Length of either train of pulses (ms)."""


@dataclass(frozen=True)
class Pair:
    """A spine to potentiate, and a neighbour that gets weak pulses.

    Attributes
    ----------
    distance : float
        Between them along the branch (um).
    wait : float
        From the end of one train to the other (ms).
    order : int
        1: the potentiated spine first; -1: the weak pulses first; 0: they alone.
    apart : bool
        The neighbour is on another branch.
    weak : bool
        Whether the neighbour gets pulses at all.
    """

    distance: float = 3.0
    wait: float = 1.5 * MIN
    order: int = 1
    apart: bool = False
    weak: bool = True


def crosstalk(
    values: Parameters, pairs: Sequence[Pair], drugs: tuple[Drug, ...] = (), spread: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the change of volume (1) of the spines to potentiate and of their neighbours after half an hour.

    Parameters
    ----------
    values : Parameters
        Of all spines.
    pairs : sequence of Pair
        All of one experiment; trains that begin within a minute of one another must begin at once.
    drugs : tuple of Drug
        In the bath.
    spread : float
        SD over mean of the calcium of a pulse between spines.
    seed : int
        Of that spread.

    Raises
    ------
    ParameterError
        If trains overlap.
    """
    n = len(pairs)
    own = np.cumsum([1 + pair.apart for pair in pairs])  # the last branch of each pair is that of its neighbour
    branch = np.append(own - [pair.apart for pair in pairs], own)
    tree = straight([(-1, LENGTH, 1.0)] * int(own[-1]), 1.0)
    place = np.append(np.full(n, MIDDLE), MIDDLE + np.array([pair.distance for pair in pairs])) / LENGTH
    sigma = np.sqrt(np.log1p(spread**2))
    scale = np.exp(sigma * np.random.default_rng(seed).standard_normal(2 * n) - sigma**2 / 2)
    strong = 10 * MIN + TRAIN + max((pair.wait for pair in pairs if pair.order < 0), default=0.0)
    begin: dict[tuple[float, float], list[int]] = {}
    last = np.zeros(n)
    for k, pair in enumerate(pairs):
        weak = strong + (TRAIN + pair.wait) * (-1 if pair.order < 0 else 1)
        if pair.order:
            begin.setdefault((strong, 1.0), []).append(k)
        if pair.weak:
            begin.setdefault((weak, SHARE), []).append(n + k)
        last[k] = max(strong, weak) + TRAIN
    trains = []
    for (start, share), spines in begin.items():
        unit = Stimulus.train(start, np.array(spines), 1.0, 0.0, times=30, interval=2000.0)
        cai = values.calcium.ca_rest + share * FULL * unit.cai * scale[spines]
        trains.append(Stimulus(start, unit.spines, cai, unit.n, unit.interval, unit.pre))
    weeks = Weeks(
        tree, segment_at(tree, branch, place), place, np.full(2 * n, 0.087), values, trains, drugs=drugs,
        structure=False,
    )  # fmt: skip
    volume = np.empty(2 * n)
    for t in np.unique(last):
        weeks.run(t + 30 * MIN)
        now = np.tile(last == t, 2)
        volume[now] = weeks.outcome()["volume"][now] / 0.087 - 1
    return volume[:n], volume[n:]


def half(x: np.ndarray, y: np.ndarray) -> float:
    """Return where a falling curve crosses half of its first value, NaN where it does not."""
    below = np.flatnonzero(y < 0.5 * y[0])
    if not len(below) or below[0] == 0:
        return float("nan")
    k = below[0]
    return float(np.interp(0.5 * y[0], [y[k], y[k - 1]], [x[k], x[k - 1]]))
