"""What rows hold of the parameters that were fitted to them: Fisher information, profiles, spread of predictions.

Finite differences of the residuals at the best values give the Fisher information: its eigenvectors say which
combinations of parameters the data hold, its inverse (with the bounds as a wide prior) the posterior covariance.  A
profile moves one parameter, and all others with it as that covariance says, and drives the rule anew: the loss there
is an upper limit of the profile's, so an interval from it is never too wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .fit import Fit, loss_of, predictions, residuals
from .ground import Ground
from .plan import Plan
from .table import Row

__all__ = ["LADDER", "RISE", "STEP", "Identified", "identify", "interval"]

STEP = 0.05
"""Relative step of the finite differences; outcomes are smooth over this much."""

LADDER = np.array([-4.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 4.0])
"""Steps of a profile, in posterior deviations of the parameter."""

RISE = 3.84
"""Rise of the loss at the ends of an interval: chi squared of one degree of freedom at 95 %."""


@dataclass(frozen=True)
class Identified:
    """What the rows hold.

    Attributes
    ----------
    deviation : ndarray, shape (n_name,)
        Posterior standard deviation of the logarithm of each parameter.
    eigenvalues, eigenvectors : ndarray
        Of the Fisher information in logarithms, largest first; small ones are combinations the rows do not hold.
    prediction_deviation : ndarray, shape (n_row,)
        Posterior spread of each prediction over its tolerance.
    profile : ndarray, shape (n_name, n_step)
        Loss along each profile minus the least loss of all, at `LADDER`.
    low, high : ndarray, shape (n_name,)
        Ends of the 95 % interval; the parameter's bound where the loss does not rise enough.
    """

    deviation: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    prediction_deviation: np.ndarray
    profile: np.ndarray
    low: np.ndarray
    high: np.ndarray


def identify(grounds: Sequence[Ground], rows: Sequence[Row], plans: Mapping[str, Plan], found: Fit) -> Identified:
    """Return what the rows hold of the parameters at the best values of a fit.

    Parameters
    ----------
    grounds, rows
        As of the fit.
    plans : mapping of str to Plan
        By row.
    found : Fit
    """
    n, best = len(found.names), found.best

    def at(candidates: np.ndarray) -> np.ndarray:
        return residuals(rows, plans, predictions(grounds, found.names, candidates))

    around = np.repeat(best[None], 2 * n, axis=0)
    for k in range(n):
        around[2 * k, k] *= 1 + STEP
        around[2 * k + 1, k] /= 1 + STEP
    around = np.clip(around, found.low, found.high)  # one-sided at a bound
    moved = np.log(around[::2] / around[1::2]).diagonal()
    r = at(around)
    slope = (r[:, ::2] - r[:, 1::2]) / moved
    information = slope.T @ slope
    prior = np.diag(12.0 / np.log(found.high / found.low) ** 2)  # of a uniform distribution between the bounds
    covariance = np.linalg.inv(information + prior)
    deviation = np.sqrt(np.diag(covariance))
    eigenvalues, eigenvectors = np.linalg.eigh(information)

    direction = covariance / deviation[:, None]  # row k: what all move when k moves by its deviation
    walked = best * np.exp(LADDER[None, :, None] * direction[:, None, :])
    walked = np.clip(walked, found.low, found.high)
    loss = loss_of(at(walked.reshape(-1, n))).reshape(n, len(LADDER))
    least = min(found.loss[1], float(loss.min()))
    ends = [
        interval(
            np.append(walked[k, :, k], best[k]), np.append(loss[k], found.loss[1]) - least, found.low[k], found.high[k]
        )
        for k in range(n)
    ]
    return Identified(
        deviation, eigenvalues[::-1], eigenvectors[:, ::-1],
        np.sqrt(np.einsum("ij,jk,ik->i", slope, covariance, slope)), loss - least, *np.array(ends).T,
    )  # fmt: skip


def interval(values: np.ndarray, rise: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return where a profile rises by `RISE` on either side of its least, linear in the logarithm between points.

    Parameters
    ----------
    values, rise : ndarray, shape (n,)
        Values of the parameter in any order, and the loss there above the least.
    low, high : float
        Bounds, which are the ends where the loss does not rise so far.
    """
    order = np.argsort(values, kind="stable")
    x, y = np.log(values[order]), rise[order]
    least = int(np.argmin(y))

    def end(steps: range, bound: float) -> float:
        before = least
        for k in steps:
            if y[k] >= RISE:
                share = (RISE - y[before]) / (y[k] - y[before])
                return float(np.exp(x[before] + np.clip(share, 0, 1) * (x[k] - x[before])))
            before = k
        return bound

    return end(range(least - 1, -1, -1), low), end(range(least + 1, len(x)), high)
