"""Fit parameters of the rule to the rows of one or more regions: CMA-ES on replayed calcium, from a seed.

Calcium of the rows is captured once on the full cell; every candidate then drives the rule through it.  A free
parameter is shared by all regions of the fit, or, written ``region.name``, is that region's own.  The loss of a
numeric row is z^2 up to `CAP`, of a sign the distance to its side in units of 10 %.  What the rows hold of the
parameters at the optimum is found by `identify`.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ParameterError
from ..files import replacing
from ..parameters import Parameters
from .ground import Ground
from .library import find, unit_of_value
from .plan import Plan
from .run import outcome
from .score import NO_ERROR, TAU
from .table import Row

__all__ = ["CAP", "Fit", "bounds", "fit", "loss_of", "predictions", "residuals", "values_of"]

CAP = 25.0
"""Largest loss of one row: one that no parameters can reach must not rule the others."""

FOLD = 4.0
"""A parameter may move by this factor from its preset, within its own bounds."""

BEGIN = 0.05
"""First step of the search over the range between bounds: 14 %, since presets are near a solution."""

TICK, GROWTH = 2, 0.5
"""Coarse steps while fitting; a prediction moves by one to two percent of baseline against the fine ones."""


def values_of(names: Sequence[str], values: Sequence[float], region: str) -> dict[str, float]:
    """Return the free parameters that hold in a region, by their own names."""
    out = {}
    for name, value in zip(names, values, strict=True):
        where, _, own = name.rpartition(".")
        if where in ("", region):
            out[own] = float(value)
    return out


def bounds(names: Sequence[str], start: Mapping[str, Parameters]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return start, low and high of the free parameters: `FOLD` either way, within the bounds of each.

    Parameters
    ----------
    names : sequence of str
        Free parameters, ``name`` or ``region.name``.
    start : mapping of str to Parameters
        By region.

    Raises
    ------
    ParameterError
        If a name or its region is unknown, a parameter is free twice, is 0 at the start and so has no scale, or
        is shared by regions that begin apart.
    """
    low, high, x = [], [], []
    seen: set[tuple[str, str]] = set()
    for name in names:
        where, _, own = name.rpartition(".")
        if where and where not in start:
            raise ParameterError(f"free parameter {name}: the fit has no region {where!r}; it has {', '.join(start)}")
        group = Parameters.model_fields[Parameters.group_of(own)].annotation
        limits = group.model_fields[own].metadata
        lo = next((m.ge for m in limits if hasattr(m, "ge")), -np.inf)
        hi = next((m.le for m in limits if hasattr(m, "le")), np.inf)
        found = {region: start[region].flat()[own] for region in ([where] if where else start)}
        for region in found:
            if (region, own) in seen:
                raise ParameterError(f"free parameter {name}: {own} of {region} is free twice")
            seen.add((region, own))
        if len(set(found.values())) > 1:
            told = ", ".join(f"{v:g} in {region}" for region, v in found.items())
            hint = f"free it by region, such as {next(iter(found))}.{own}"
            raise ParameterError(f"free parameter {name}: is {told}; {hint}")
        value = next(iter(found.values()))
        if value <= 0:
            raise ParameterError(
                f"free parameter {name}: is {value:g} in the preset; give it a scale there first"
            )
        x.append(value)
        low.append(max(lo, value / FOLD))
        high.append(min(hi, value * FOLD))
    return np.array(x), np.array(low), np.array(high)


def predictions(
    grounds: Sequence[Ground], names: Sequence[str], candidates: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the relative measure of every plan under every candidate, (n_candidate,), mean over spines.

    Parameters
    ----------
    grounds : sequence of Ground
    names : sequence of str
        Free parameters.
    candidates : ndarray, shape (n_candidate, n_name)
        Their values.
    """
    total: dict[str, list[list[float]]] = {}
    for g in grounds:
        flats = [g.parameters.replaced(values_of(names, c, g.region)).flat() for c in candidates]
        each = [g.states(flat, tick=TICK, growth=GROWTH) for flat in flats]
        for name, course in g.courses.items():
            values = [
                float(outcome(g.plans[name], course, g, kept[name], flat["w_floor"])["value"].mean())
                for kept, flat in zip(each, flats, strict=True)
            ]
            total.setdefault(name, []).append(values)
    return {name: np.mean(v, axis=0) for name, v in total.items()}


def residuals(
    rows: Sequence[Row], plans: Mapping[str, Plan], found: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the residual of every row under every candidate, (n_row, n_candidate): z, or how far from a sign."""
    out = []
    for row in rows:
        factor, offset = unit_of_value(row, plans[row.id].measure)
        values = found[row.id]
        if f"{row.id} baseline" in found:
            values = 1 + values - found[f"{row.id} baseline"]
        percent = 100.0 * values
        if row.value is not None:
            paper = 100.0 * (row.value - offset) / factor
            error = 100.0 * (row.error or factor * NO_ERROR / 100.0) / factor
            kind = (
                "+"
                if paper - 2 * error > 100
                else "-"
                if paper + 2 * error < 100
                else "0"
            )
            out.append((percent - paper) / np.hypot(error, TAU[kind]))
        elif row.sign == "0":
            out.append(
                np.sign(percent - 100)
                * np.maximum(np.abs(percent - 100) - NO_ERROR, 0)
                / NO_ERROR
            )
        else:  # three errors beyond no change, so that it stays on its side
            side = 1.0 if row.sign == "+" else -1.0
            out.append(np.minimum(side * (percent - 100) - 3 * NO_ERROR, 0) / NO_ERROR)
    return np.array(out)


def loss_of(residual: np.ndarray) -> np.ndarray:
    """Return the loss of every candidate: squared residuals, none above `CAP`."""
    return np.minimum(residual**2, CAP).sum(axis=0)


@dataclass(frozen=True)
class Fit:
    """What a fit found.

    Attributes
    ----------
    names : tuple of str
    start, best, low, high : ndarray, shape (n_name,)
        Values of the free parameters.
    loss : tuple of float
        Before and after.
    history : tuple of float
        Best loss of each generation.
    rows : tuple of str
    before, residual : ndarray, shape (n_row,)
        Residuals at the start and at the best.
    """

    names: tuple[str, ...]
    start: np.ndarray
    best: np.ndarray
    low: np.ndarray
    high: np.ndarray
    loss: tuple[float, float]
    history: tuple[float, ...]
    rows: tuple[str, ...]
    before: np.ndarray
    residual: np.ndarray

    def by_region(self, regions: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the best values of each region by name."""
        return {region: values_of(self.names, self.best, region) for region in regions}


def fit(
    grounds: Sequence[Ground], rows: Sequence[Row], names: Sequence[str], folder: Path, *, seed: int = 1,
    generations: int = 40, population: int | None = None,
) -> Fit:  # fmt: skip
    """Fit free parameters with CMA-ES, from where an interrupted fit of the same task stopped.

    Parameters
    ----------
    grounds : sequence of Ground
        Captured calcium, one entry a cell and solution; together they have every row's plan.
    rows : sequence of Row
        Of these plans.
    names : sequence of str
        Free parameters, ``name`` or ``region.name``.
    folder : Path
        Keeps the state after each generation.
    seed : int
        Of the search.
    generations : int
        In all, those of an interrupted fit included.
    population : int, optional
        Candidates a generation.

    Raises
    ------
    ParameterError
        If a parameter can not be freed, or the optimiser is not installed.
    """
    try:
        import cma
    except ModuleNotFoundError:
        raise ParameterError(
            "a fit needs the package cma: pip install dendplast[fit]"
        ) from None
    start, low, high = bounds(names, {g.region: g.parameters for g in grounds})
    plans = {row.id: find(row) for row in rows}
    span = np.log(high / low)

    def values(u: np.ndarray) -> np.ndarray:
        """Return parameters from the unit cube, logarithmically."""
        return low * np.exp(np.clip(u, 0, 1) * span)

    def all_residuals(unit: Sequence[np.ndarray]) -> np.ndarray:
        return residuals(rows, plans, predictions(grounds, names, values(np.array(unit))))

    task = hashlib.sha256(
        repr(
            (names, low.tolist(), high.tolist(), [r.id for r in rows], seed, population)
        ).encode()
    )
    kept = folder / f"fit-{task.hexdigest()[:12]}.pickle"
    if kept.is_file():
        search, history = pickle.loads(kept.read_bytes())
    else:
        options = {
            "seed": seed,
            "bounds": [0, 1],
            "verbose": -9,
            **({"popsize": population} if population else {}),
        }
        search, history = (
            cma.CMAEvolutionStrategy(np.log(start / low) / span, BEGIN, options),
            [],
        )
    while len(history) < generations and not search.stop():
        unit = search.ask()
        loss = loss_of(all_residuals(unit))
        search.tell(unit, loss.tolist())
        history.append(float(loss.min()))
        with replacing(kept) as partial:
            partial.write_bytes(pickle.dumps((search, history)))
    first = np.log(start / low) / span
    best = first if search.best.x is None else np.clip(search.best.x, 0, 1)
    found = all_residuals([first, best])
    loss = loss_of(found)
    k = int(loss[1] < loss[0])
    return Fit(
        tuple(names), start, values([first, best][k]), low, high, (float(loss[0]), float(loss.min())), tuple(history),
        tuple(r.id for r in rows), found[:, 0], found[:, k],
    )  # fmt: skip
