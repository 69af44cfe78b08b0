"""Which signal of a modulator changes which conductance of the cell, and by which factor.

A preset lists its factors F in a table per signal, ``[gains.PKA]`` with ``kir = [F, source]``.  A
conductance g becomes ``g (1 + (F - 1) S)`` for a signal S between 0 and 1, and a product of such terms for
several: F is what is left of it at a full signal, and without any signal it is what the preset states.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ParameterError
from .parameters import RECEPTORS
from .quantity import convert, under

__all__ = ["BOUNDS", "SIGNALS", "SPINE_CONDUCTANCES", "by_target", "check_targets", "gain", "read"]

SIGNALS = (*RECEPTORS, "PKA", "PLC")
"""A receptor's occupancy times its expression, or a cascade's activity through the Hill function of the rule."""

SPINE_CONDUCTANCES = ("g_ampa", "g_nmda", "g_vgcc", "ca_fraction")
"""What a signal of the spine itself may change; every other target is a channel of the cell."""

BOUNDS = 0.0, 10.0
"""Least and largest factor F (1)."""


def read(table: Any) -> dict[str, dict[str, float]]:
    """Return the factors of a preset as numbers, by signal and target.

    Raises
    ------
    ParameterError
        If a signal is unknown, or a factor is no number within `BOUNDS`.
    """
    if not isinstance(table, Mapping):
        raise ParameterError(f"{table!r}: must be a table of signals, each a table of targets")
    out: dict[str, dict[str, float]] = {}
    for signal, targets in table.items():
        try:
            if signal not in SIGNALS:
                raise ParameterError(f"is no signal; {_hint(signal, SIGNALS)}")
            if not isinstance(targets, Mapping):
                raise ParameterError(f"{targets!r}: must be a table of targets")
            out[signal] = {target: _factor(target, value) for target, value in targets.items()}
        except ParameterError as error:
            raise under(signal, error) from None
    return out


def _factor(target: str, value: Any) -> float:
    low, high = BOUNDS
    try:
        number = convert(value, "1") if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise ParameterError(f"{value!r}: must be a number of at least {low:g} and at most {high:g}")
    except ParameterError as error:
        raise under(target, error) from None
    return float(number)


def check_targets(gains: Mapping[str, Mapping[str, float]], mechanisms: Iterable[str]) -> None:
    """Refuse factors on what the cell does not have.

    Raises
    ------
    ParameterError
        If a target is neither one of `mechanisms` nor a conductance of spines.
    """
    known = (*sorted(set(mechanisms)), *SPINE_CONDUCTANCES)
    for signal, targets in gains.items():
        for target in targets:
            if target not in known:
                raise ParameterError(f"gains.{signal}.{target}: the cell has no {target}; {_hint(target, known)}")


def by_target(gains: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return the same factors by target and signal."""
    out: dict[str, dict[str, float]] = {}
    for signal, targets in gains.items():
        for target, factor in targets.items():
            out.setdefault(target, {})[signal] = factor
    return out


def gain(factors: Mapping[str, float], signals: Mapping[str, Any]) -> Any:
    """Return the product of ``1 + (F - 1) S`` over the signals of one target.

    Parameters
    ----------
    factors : mapping of str to float
        F by signal (1).
    signals : mapping of str to ndarray
        S by signal, each between 0 and 1.
    """
    out: Any = 1.0
    for signal, factor in factors.items():
        out = out * (1 + (factor - 1) * signals[signal])
    return out


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean {near[0]!r}?" if near else f"valid are {', '.join(known)}"
