"""Time axes for runs that are milliseconds here and hours there: a few windows, each with its own unit."""

from __future__ import annotations

import numpy as np

__all__ = ["spell", "time_unit", "time_windows"]

_UNITS = ((2e3, 1.0, "ms"), (1.2e5, 1e3, "s"), (7.2e6, 6e4, "min"), (1.728e8, 3.6e6, "h"), (np.inf, 8.64e7, "d"))
_BINS = 240  # samples are binned to this many before regimes are looked for
_RATIO = 5.0  # neighbouring regimes whose mean steps are closer than this are one


def time_unit(span: float) -> tuple[float, str]:
    """Return size (ms) and name of the unit in which a span of time (ms) is read most easily."""
    return next((size, name) for limit, size, name in _UNITS if span <= limit)


def spell(span: float) -> str:
    """Return a span of time (ms) as a person says it, ``"11.8 min"``."""
    size, name = time_unit(span)
    return f"{span / size:.3g} {name}"


def time_windows(time: np.ndarray, most: int = 3) -> list[tuple[float, float]]:
    """Cut a time base into windows in which samples are about equally dense.

    A run records every few ms while something electrical happens and every second otherwise; on one linear
    axis either would vanish. Cuts are where the logarithm of the step is best described by a constant on
    each side (least squares, exact by dynamic programming).

    Parameters
    ----------
    time : array_like, shape (n,)
        Times (ms), not decreasing.
    most : int
        Largest number of windows.

    Returns
    -------
    list of (float, float)
        First and last time (ms) of each window; together they cover all of `time` without gap.
    """
    time = np.asarray(time, float)
    if len(time) < 2 or time[-1] <= time[0]:
        return []
    edges = np.unique(np.linspace(0, len(time) - 1, min(_BINS, len(time) - 1) + 1).round().astype(int))
    step = np.diff(time[edges]) / np.diff(edges)
    log_step = np.log(np.maximum(step, 1e-9 * (time[-1] - time[0])))
    cuts = _segments(log_step, most)
    windows = [(time[edges[a]], time[edges[b]]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    means = [log_step[a:b].mean() for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    out = [windows[0]]
    for window, mean, before in zip(windows[1:], means[1:], means[:-1], strict=True):
        if abs(mean - before) < np.log(_RATIO):
            out[-1] = (out[-1][0], window[1])
        else:
            out.append(window)
    return [(float(a), float(b)) for a, b in out]


def _segments(values: np.ndarray, most: int) -> list[int]:
    """Return cuts, ends included, of the at most `most` constant pieces that fit `values` best."""
    n = len(values)
    total, square = (np.concatenate([[0.0], np.cumsum(values**k)]) for k in (1, 2))
    a, b = np.arange(n + 1)[:, None], np.arange(n + 1)[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = (square[b] - square[a]) - (total[b] - total[a]) ** 2 / (b - a)
    cost = np.where(b > a, np.maximum(cost, 0.0), np.inf)
    best, back = cost[0], []
    for _ in range(min(most, n) - 1):
        options = best[:, None] + cost
        back.append(options.argmin(0))
        best = options.min(0)
    cuts = [n]
    for choice in reversed(back):
        cuts.append(int(choice[cuts[-1]]))
    return [0, *reversed(cuts)]
