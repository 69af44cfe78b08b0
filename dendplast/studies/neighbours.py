"""Crosstalk of neighbouring spines: a pulse too weak to change a spine does so when a neighbour was changed before.

Each pair of spines is alone on a branch of its own.  One gets 30 pulses that potentiate, the other, at a distance and
after a while, 30 pulses of a quarter of their calcium (10.1038/nature06416).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..drugs import Drug
from ..memory import Stimulus, Weeks, segment_at, straight
from ..parameters import Parameters

__all__ = ["HALF_TIME", "WIDTH", "crosstalk", "half"]

MIN = 6e4
FULL = 2.4e-3
"""Calcium of a potentiating pulse (mM), assumed: between an EPSP at rest and one at 0 mV."""

WIDTH, HALF_TIME = 11.1, 5.3
"""Full width at half maximum (um) and half time (min) of the crosstalk in 10.1038/nature06416."""

LENGTH, MIDDLE = 40.0, 20.0
"""Length of a branch and place of the potentiated spine on it (um)."""


def crosstalk(
    values: Parameters, distance: Sequence[float], wait: float, drugs: tuple[Drug, ...] = (), order: int = 1,
    share: float = 0.25, apart: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the change of volume (1) of potentiated spines and of their neighbours after half an hour.

    Parameters
    ----------
    values : Parameters
        Of all spines.
    distance : sequence of float
        Of each pair along the branch (um).
    wait : float
        From the end of the potentiating pulses to the others (ms).
    drugs : tuple of Drug
        In the bath.
    order : int
        1: the potentiated spine first; -1: the weak pulses first; 0: they alone.
    share : float
        Calcium of the weak pulses over that of the others (1).
    apart : bool
        The neighbour is on another branch.
    """
    n = len(distance)
    tree = straight([(-1, LENGTH, 1.0)] * (2 * n), 1.0)
    place = np.append(np.full(n, MIDDLE), MIDDLE + np.asarray(distance, float)) / LENGTH
    branch = 1 + np.append(np.arange(n), np.arange(n) + (n if apart else 0))
    first, second = np.arange(n), n + np.arange(n)
    pulses = {"peak": FULL, "rest": values.calcium.ca_rest, "times": 30, "interval": 2000.0}
    train = 30 * 2000.0
    begin = 10 * MIN
    strong = Stimulus.train(begin if order > 0 else begin + train + wait, first, **pulses)
    weak = Stimulus.train(begin + train + wait if order > 0 else begin, second, **(pulses | {"peak": share * FULL}))
    weeks = Weeks(
        tree, segment_at(tree, branch, place), place, np.full(2 * n, 0.087), values,
        [weak, strong] if order else [weak], drugs=drugs, structure=False,
    )  # fmt: skip
    weeks.run(max(strong.stop, weak.stop) + 30 * MIN)
    volume = weeks.outcome()["volume"] / 0.087 - 1
    return volume[first], volume[second]


def half(x: np.ndarray, y: np.ndarray) -> float:
    """Return where a falling curve crosses half of its first value, NaN where it does not."""
    below = np.flatnonzero(y < 0.5 * y[0])
    if not len(below) or below[0] == 0:
        return float("nan")
    k = below[0]
    return float(np.interp(0.5 * y[0], [y[k], y[k - 1]], [x[k], x[k - 1]]))
