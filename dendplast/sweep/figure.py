"""Figure of a sweep, from its file alone: a curve over one axis, heat maps over two, a row of these over three."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..errors import ParameterError
from ..files import open_file
from ..netcdf import read_labelled
from ..result import CLASSES
from ..style import PALETTE, curve, panel_letter, style
from ..timescale import time_unit

__all__ = ["draw", "draw_table"]

_MOST_PANELS = 5
_MOST_TICKS = 5
_SHARE = 0.5  # of the spines: where the contour of a class runs
_DASHES = {"potentiated": "solid", "depressed": "dashed"}


def draw(path: str | Path, outcome: str = "w", at: Mapping[str, float] | None = None) -> Figure:
    """Draw the mean outcome over the axes of a sweep.

    Heat maps carry contours where half of the spines are potentiated (solid) and depressed (dashed), and below
    each map the standard deviation of the mean between seeds, where there is more than one.

    Parameters
    ----------
    path : str or Path
        File of the sweep.
    outcome : str
        Which outcome; ``w`` is shown in percent of the start.
    at : mapping of str to float, optional
        Axes to hold at a value (the nearest there is); so that three axes or fewer remain.

    Raises
    ------
    ParameterError
        If the outcome or an axis is not there, more than three axes remain, or the sweep is a sample.
    StorageError
        If the file can not be read.
    """
    with open_file(path) as file:
        return draw_table(read_labelled(file), outcome, at, str(path))


def draw_table(
    table: Any, outcome: str = "w", at: Mapping[str, float] | None = None, path: str = "the sweep"
) -> Figure:
    """Draw the table of a sweep, see `draw`; `path` names it in errors."""
    if "sample" in table.coords:
        raise ParameterError(f"{path}: is a sample, not a grid; there is no map to draw of it")
    if outcome not in table.variables:
        raise ParameterError(f"outcome = {outcome!r}: is not in {path}; there are {', '.join(table.variables)}")
    dims = list(table.variables[outcome][0][:-2])
    values = np.nanmean(table.values(outcome), axis=-1)  # over spines, seeds last
    kinds = table.values("class")
    shares = {name: (kinds == CLASSES.index(name)).mean(axis=(-2, -1)) for name in _DASHES}
    for name, value in (at or {}).items():
        if name not in dims:
            raise ParameterError(f"at.{name}: is no axis of {path}; axes are {', '.join(dims)}")
        nearest = int(np.abs(np.asarray(table.coords[name][0], float) - value).argmin())
        values = values.take(nearest, dims.index(name))
        shares = {n: s.take(nearest, dims.index(name)) for n, s in shares.items()}
        dims.remove(name)
    if len(dims) > 3:
        raise ParameterError(f"{path}: has axes {', '.join(dims)}; hold {len(dims) - 3} of them at a value with at=")
    scale, label = (100.0, "Weight (% of start)") if outcome == "w" else (1.0, f"{table.variables[outcome][3]}")
    axes = [_axis(table, d) for d in dims]
    with style():
        if len(dims) == 1:
            return _line(axes[0], scale * values, label)
        if len(dims) == 2:
            values, shares = values[..., None, :], {n: s[..., None] for n, s in shares.items()}
            axes.append((np.array([""], object), ""))
        return _maps(axes, scale * values, shares, label, 100.0 if outcome == "w" else 0.0)


def _axis(table: Any, dim: str) -> tuple[np.ndarray, str]:
    """Return values and label of an axis; long times in seconds or minutes."""
    values, unit, about = table.coords[dim]
    name = about.removesuffix(" of the experiment").rpartition(".")[2].replace("_", " ").capitalize()
    if unit == "ms":
        size, unit = time_unit(float(np.ptp(values)))
        values = values / size
    return values, f"{name} ({unit.replace('um', 'µm')})" if unit != "1" else name


def _line(axis: tuple[np.ndarray, str], values: np.ndarray, label: str) -> Figure:
    figure = Figure(figsize=(3.6, 2.6))
    ax = figure.subplots()
    x, name = axis
    n = values.shape[-1]
    error = values.std(axis=-1, ddof=1) if n > 1 else None
    curve(ax, x, values.mean(axis=-1), error, n, "mean ± SD of seeds" if n > 1 else "one seed",
          color=PALETTE["blue"])  # fmt: skip
    ax.set(xlabel=name, ylabel=label)
    ax.legend()
    return figure


def _maps(axes: list[Any], values: np.ndarray, shares: Mapping[str, np.ndarray], label: str, middle: float) -> Figure:
    """Draw a row of maps over the third axis, and below them the spread between seeds."""
    (y, y_name), (x, x_name), (z, z_name) = axes
    chosen = np.unique(np.linspace(0, len(z) - 1, min(len(z), _MOST_PANELS)).round().astype(int))
    mean, several = values.mean(axis=-1), values.shape[-1] > 1
    spread = values.std(axis=-1, ddof=1) if several else None
    rows = 2 if several else 1
    figure = Figure(figsize=(1.9 + 1.65 * len(chosen), 0.7 + 1.9 * rows))
    grid = figure.subplots(rows, len(chosen), squeeze=False, sharex=True, sharey=True)
    reach = max(np.nanmax(np.abs(mean - middle)), 1e-12)
    drawn: dict[str, Line2D] = {}
    for k, i in enumerate(chosen):
        image = _map(grid[0, k], x, y, mean[:, :, i], "RdBu_r", (middle - reach, middle + reach))
        for name, dash in _DASHES.items():
            share = shares[name][:, :, i]
            if min(share.shape) > 1 and share.min() < _SHARE < share.max():
                line = {"linestyles": dash, "linewidths": 1}
                grid[0, k].contour(_steps(x), _steps(y), share, [_SHARE], colors="black", **line)
                drawn[name] = Line2D([], [], color="black", linestyle=dash, linewidth=1)
        if z_name:
            grid[0, k].set_title(f"{z_name.split(' (')[0]} {_short(z[i], 3)}{_unit(z_name)}")
        if spread is not None:
            below = _map(grid[1, k], x, y, spread[:, :, i], "cividis", (0, max(float(np.nanmax(spread)), 1e-12)))
        grid[-1, k].set_xlabel(x_name)
    for row in grid:
        row[0].set_ylabel(y_name)
    panel_letter(grid[0, 0], "A")
    if drawn:
        labels = [f"half of the spines {name}" for name in drawn]
        figure.legend(list(drawn.values()), labels, loc="outside upper right", ncols=2)
    figure.colorbar(image, ax=list(grid[0]), label=label)
    if spread is not None:
        panel_letter(grid[1, 0], "B")
        figure.colorbar(below, ax=list(grid[1]), label=f"SD of {values.shape[-1]} seeds")
    return figure


def _map(ax: Any, x: np.ndarray, y: np.ndarray, values: np.ndarray, cmap: str, limits: tuple[float, float]) -> Any:
    """Draw one map with a cell a point, and ticks at the values of the axes."""
    image = ax.imshow(values, origin="lower", aspect="auto", cmap=cmap, vmin=limits[0], vmax=limits[1])
    ax.set_xticks(*_ticks(x))
    ax.set_yticks(*_ticks(y))
    return image


def _ticks(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return where ticks go and what they say: round numbers on a long, even axis, else some of its values."""
    n = len(values)
    if n > _MOST_TICKS and np.issubdtype(values.dtype, np.number) and np.allclose(np.diff(values, 2), 0):
        marks = MaxNLocator(_MOST_TICKS, steps=[1, 2, 5, 10]).tick_values(values[0], values[-1])
        marks = marks[(marks >= min(values)) & (marks <= max(values))]
        return (marks - values[0]) / (values[1] - values[0]), [_short(mark) for mark in marks]
    shown = np.unique(np.linspace(0, n - 1, min(n, _MOST_TICKS)).round().astype(int))
    return shown, [_short(values[i]) for i in shown]


def _steps(values: np.ndarray) -> np.ndarray:
    return np.arange(len(values))


def _short(value: Any, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float | np.floating) else str(value)


def _unit(name: str) -> str:
    return " " + name.partition("(")[2].rstrip(")") if "(" in name else ""
