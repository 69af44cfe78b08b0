"""When a protocol begins: absolute, or relative to the end of what came before."""

from __future__ import annotations

import re

import numpy as np
from pydantic import field_validator

from .errors import ParameterError
from .quantity import Description, convert

__all__ = ["Timed", "check_time", "later", "resolve_time", "trains"]

_RELATIVE = re.compile(r"\s*end\s*(?:([+-])\s*(.+?))?\s*$")


def resolve_time(text: float | str, end: float) -> float:
    """Return a start time (ms): a number, a string with a unit, or relative to `end` (ms).

    Raises
    ------
    ParameterError
        If the text is none of these, or the time is negative.
    """
    if isinstance(text, str):
        match = _RELATIVE.match(text)
        if match:
            step = convert(match[2], "ms") if match[2] else 0.0
            time = end - step if match[1] == "-" else end + step
        else:
            time = convert(text, "ms")
    else:
        time = float(text)
    if not np.isfinite(time) or time < 0:
        raise ParameterError(f"{text!r} is not valid; valid is a time from 0 ms on, or 'end + 30 s'")
    return time


def check_time(text: float | str) -> None:
    """Refuse what `resolve_time` can not read, whatever the end is going to be.

    Raises
    ------
    ParameterError
        If it is no time from 0 ms on.
    """
    resolve_time(text, 1e15)


def later(text: float | str, delay: float) -> float | str:
    """Return a start time moved by `delay` (ms); one relative to the ``end`` stays relative.

    Examples
    --------
    >>> later("end + 1 s", 500.0)
    'end + 1500 ms'

    Raises
    ------
    ParameterError
        If the text is no time, or the new time is negative.
    """
    match = _RELATIVE.match(text) if isinstance(text, str) else None
    if match is None:
        return resolve_time(resolve_time(text, 0.0) + delay, 0.0)
    step = (convert(match[2], "ms") if match[2] else 0.0) * (-1 if match[1] == "-" else 1) + delay
    return f"end {'-' if step < 0 else '+'} {abs(step):.12g} ms"


class Timed(Description):
    """A protocol that starts at some time."""

    start: float | str = "end"

    @field_validator("start")
    @classmethod
    def _start(cls, value: float | str) -> float | str:
        check_time(value)
        return value


def trains(times: np.ndarray, n: int, interval: float) -> np.ndarray:
    """Return `times` (ms) repeated `n` times, `interval` ms apart."""
    return (np.arange(n)[:, None] * interval + times[None]).ravel()
