"""Survival of spines: the product-limit estimate and its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError

__all__ = ["Survival", "kaplan_meier"]


@dataclass(frozen=True, eq=False)
class Survival:
    """A survival curve.

    Attributes
    ----------
    time : ndarray, shape (n,)
        Times of losses, ascending, from 0 on (unit of the data).
    share : ndarray, shape (n,)
        Share that survives beyond each time.
    error : ndarray, shape (n,)
        Standard error of `share`.
    at_risk : ndarray of int, shape (n,)
        Spines watched just before each time.
    """

    time: np.ndarray
    share: np.ndarray
    error: np.ndarray
    at_risk: np.ndarray

    def at(self, t: float) -> float:
        """Return the share that survives time `t`."""
        return float(self.share[np.searchsorted(self.time, t, side="right") - 1])


def kaplan_meier(time: np.ndarray, lost: np.ndarray) -> Survival:
    """Estimate survival from times at which spines were lost or last seen.

    The estimate is that of Kaplan and Meier (10.1080/01621459.1958.10501452), its error Greenwood's.

    Parameters
    ----------
    time : ndarray, shape (n_spine,)
        When each spine was lost, or last seen (any unit).
    lost : ndarray of bool, shape (n_spine,)
        Whether it was lost.

    Raises
    ------
    ParameterError
        If there is no spine, or a time is negative.
    """
    time, lost = np.asarray(time, float), np.asarray(lost, bool)
    if not len(time) or (time < 0).any():
        raise ParameterError("time: must hold at least one spine, and no negative time")
    when = np.unique(time[lost])
    died = np.array([np.count_nonzero(lost & (time == t)) for t in when], int)
    at_risk = np.array([np.count_nonzero(time >= t) for t in when], int)
    share = np.cumprod(1 - died / at_risk)
    left = at_risk - died
    # where all are lost, Greenwood's sum is infinite and the share 0: the error is 0
    summed = np.cumsum(np.where(left > 0, died / (at_risk * np.maximum(left, 1)), 0.0))
    error = share * np.sqrt(summed)
    return Survival(np.append(0.0, when), np.append(1.0, share), np.append(0.0, error), np.append(len(time), at_risk))
