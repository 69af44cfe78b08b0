"""What a sweep varies: axes over keys of an experiment, as a grid or as a sample, and its seeds."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ..errors import ParameterError
from ..experiment import Experiment
from ..quantity import Description, under
from ..result import OUTCOMES
from .change import apply_changes, read_key
from .samples import Sample

__all__ = ["Axis", "Plan"]


class Axis(Description):
    """One key of the experiment, or one of the ``site.`` keys of `change`, and the values it takes.

    Either `values`, or a range: `n` values from `start` to `stop`, evenly spaced or by a constant factor.  In a
    `Sample`, the range alone counts and `n` is not given.

    Examples
    --------
    >>> Axis(key="site.dose", start=0.1, stop=10, n=3, scale="log").points()
    [0.1, 1.0, 10.0]
    """

    key: str
    values: tuple[Any, ...] | None = None
    start: float | str | None = None
    stop: float | str | None = None
    n: int | None = Field(None, ge=2, le=1_000_000)
    scale: Literal["linear", "log"] = "linear"

    @field_validator("values")
    @classmethod
    def _some(cls, value: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        if value is not None and not value:
            raise ValueError("must have at least one value")
        if value is not None and len({repr(v) for v in value}) < len(value):
            raise ValueError("each value may be given once")
        return value

    @model_validator(mode="after")
    def _values_or_range(self) -> Axis:
        if (self.values is None) == (self.start is None or self.stop is None):
            raise ValueError(f"axis {self.key!r}: needs either values, or start and stop")
        if self.values is not None and self.n is not None:
            raise ValueError(f"axis {self.key!r}: n counts the values of a range; leave it out beside values")
        return self

    @property
    def name(self) -> str:
        """Name of the dimension: the key with underscores, ``site.delay`` as ``site_delay``."""
        return self.key.replace(".", "_")

    def range(self) -> tuple[float, float, str]:
        """Return start, stop and the unit both are in, ``""`` when given as plain numbers.

        Raises
        ------
        ParameterError
            If they have different units, or a logarithmic range does not begin above 0.
        """
        ends = [_split(end) for end in (self.start, self.stop)]
        if ends[0][1] != ends[1][1]:
            raise ParameterError(
                f"axis {self.key!r}: start = {self.start!r} and stop = {self.stop!r} must have the same unit"
            )
        (low, unit), (high, _) = ends
        if not low < high:
            raise ParameterError(f"axis {self.key!r}: start = {self.start!r} must be below stop = {self.stop!r}")
        if self.scale == "log" and low <= 0:
            raise ParameterError(f"axis {self.key!r}: start = {self.start!r} must be above 0 on a log scale")
        return low, high, unit

    def at(self, share: np.ndarray) -> list[Any]:
        """Return values at shares 0 to 1 of the range, as text where the range has a unit."""
        low, high, unit = self.range()
        share = np.asarray(share, float)
        found = low * (high / low) ** share if self.scale == "log" else low + (high - low) * share
        found = [float(f"{v:.12g}") for v in found]  # 0.1 + 0.2 is 0.3 in a file
        return [f"{v:.12g} {unit}" for v in found] if unit else found

    def points(self) -> list[Any]:
        """Return the values of a grid.

        Raises
        ------
        ParameterError
            If a range has no `n`, or is not valid.
        """
        if self.values is not None:
            return list(self.values)
        if self.n is None:
            raise ParameterError(f"axis {self.key!r}: needs n, the number of values from start to stop")
        return self.at(np.linspace(0, 1, self.n))


class Plan(Description):
    """A whole sweep: an experiment, what varies, the seeds, and how each point is computed.

    Attributes
    ----------
    experiment : Experiment
        What all points share.
    axis : tuple of Axis
        What varies.
    sample : Sample, optional
        Fill the ranges of the axes by points of a sample; without it, every combination is taken.
    seeds : tuple of int
        Every point is computed once for each.
    mode : str
        ``"replay"``: calcium of the pairing is recorded once and drives the rule at all points that differ in
        releases, drugs and the rule alone; ``"full"``: every point is simulated.
    outcomes : tuple of str
        What is kept of every spine at the end.
    direction : tuple of float
        Along which ``site.distance`` moves the release sites.
    check : int
        With replay: so many points, drawn at random, are simulated as well, and the largest difference stands
        in the file.
    """

    experiment: Experiment
    axis: tuple[Axis, ...]
    sample: Sample | None = None
    seeds: tuple[int, ...] = (1,)
    mode: Literal["replay", "full"] = "replay"
    outcomes: tuple[str, ...] = ("w", "tag_P", "tag_D")
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    check: int = Field(0, ge=0)

    @field_validator("axis")
    @classmethod
    def _axes(cls, value: tuple[Axis, ...]) -> tuple[Axis, ...]:
        if not value:
            raise ValueError("must have at least one axis")
        keys = [axis.key for axis in value]
        if len(set(keys)) < len(keys):
            raise ValueError("each key may have one axis")
        return value

    @field_validator("seeds")
    @classmethod
    def _seeds(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or len(set(value)) < len(value) or min(value) < 0:
            raise ValueError("must be different whole numbers from 0 on, at least one")
        return value

    @field_validator("outcomes")
    @classmethod
    def _outcomes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in value if name not in OUTCOMES]
        if wrong or not value:
            raise ValueError(f"{wrong[0]!r} is no outcome; valid are {', '.join(OUTCOMES)}" if wrong else "names none")
        return value

    @field_validator("direction")
    @classmethod
    def _direction(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if not any(value):
            raise ValueError("must not be 0 0 0")
        return value

    @model_validator(mode="after")
    def _every_value(self) -> Plan:
        """Refuse wrong keys and values before anything runs."""
        for i, axis in enumerate(self.axis):
            if axis.key == "seed":
                raise ValueError("axis 'seed': give seeds = [...] instead")
            try:
                for value in axis.points() if self.sample is None else axis.at(np.array([0.0, 1.0])):
                    apply_changes(self.experiment, {axis.key: value}, self.direction)
            except ParameterError as error:
                raise under(f"axis.{i}", error) from None
        return self

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions before ``seed``."""
        return tuple(axis.name for axis in self.axis) if self.sample is None else ("sample",)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each of `dims`."""
        return tuple(len(a.points()) for a in self.axis) if self.sample is None else (len(self._shares()),)

    def points(self) -> list[dict[str, Any]]:
        """Return the changes of every point, the last axis fastest."""
        keys = [axis.key for axis in self.axis]
        if self.sample is None:
            return [dict(zip(keys, p, strict=True)) for p in itertools.product(*(a.points() for a in self.axis))]
        shares = self._shares()
        columns = [axis.at(shares[:, i]) for i, axis in enumerate(self.axis)]
        return [dict(zip(keys, p, strict=True)) for p in zip(*columns, strict=True)]

    def _shares(self) -> np.ndarray:
        assert self.sample is not None
        return self.sample.shares(len(self.axis))

    def coordinates(self) -> dict[str, tuple[tuple[str, ...], np.ndarray, str]]:
        """Return dimension, values and unit of every axis, by its name; values as text where they are no numbers."""
        out = {}
        points = self.points()
        for axis in self.axis:
            given = axis.points() if self.sample is None else [p[axis.key] for p in points]
            read = [read_key(self.experiment, axis.key, value, self.direction) for value in given]
            numbers = all(isinstance(v, float | int) and not isinstance(v, bool) for v, _ in read)
            values = np.array([v for v, _ in read], float) if numbers else np.array([str(v) for v in given], object)
            dim = axis.name if self.sample is None else "sample"
            out[axis.name] = ((dim,), values, read[0][1] if numbers else "1")
        return out

    @classmethod
    def from_toml(cls, path: str | Path) -> Plan:
        """Read a sweep from a TOML file; its `experiment` is a table, or the name of a file beside it.

        Raises
        ------
        ParameterError
            If the file is missing, is no TOML, or a key or value is not valid; the file is named.
        """
        path = Path(path)
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise ParameterError(f"{path}: can not be read as a sweep: {reason}") from None
        except tomllib.TOMLDecodeError as error:
            raise ParameterError(f"{path}: is no valid TOML: {error}") from None
        named = data.get("experiment")
        if isinstance(named, str):
            data["experiment"] = Experiment.from_toml(path.parent / named)
        try:
            return cls(**data)
        except ParameterError as error:
            raise ParameterError(f"{path}: {error}") from None

    @classmethod
    def of(cls, experiment: Experiment, axes: Mapping[str, Sequence[Any]], **more: Any) -> Plan:
        """Return the sweep of a dictionary: key to values."""
        if not isinstance(axes, Mapping):
            raise ParameterError("axes: must be a dictionary of key to values, such as {'site.delay': ['0 s', '1 s']}")
        axis = []
        for key, values in axes.items():
            try:
                axis.append(Axis(key=key, values=_plain(values, key)))
            except ParameterError as error:
                raise under(f"axes.{key}", error) from None
        return cls(experiment=experiment, axis=tuple(axis), **more)


def _split(text: Any) -> tuple[float, str]:
    """Return number and unit of ``"3 uM"``, unit empty for a plain number."""
    if not isinstance(text, str):
        return float(text), ""
    number, _, unit = text.strip().partition(" ")
    try:
        return float(number), unit.strip()
    except ValueError:
        raise ParameterError(f"{text!r}: must be a number, or a number and a unit such as '3 uM'") from None


def _plain(values: Any, key: str) -> tuple[Any, ...]:
    """Return values as Python's own types, so that they can be written as text."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ParameterError(f"{values!r} must be a list of values")
    return tuple(v.item() if isinstance(v, np.generic) else v for v in values)
