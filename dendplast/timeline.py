"""Train, sleep, retrain: sessions of electricity at moments of biological time, and hours to weeks between them."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from pydantic import field_validator, model_validator

from .drugs import Drug
from .errors import ParameterError
from .experiment import Experiment
from .modulation import ToneStep
from .moments import check_time, resolve_time
from .protocol import Protocol
from .quantity import Description, convert, quantity

__all__ = ["Session", "Timeline"]


class Session(Description):
    """What is done to the cell from one moment of the timeline on, simulated in NEURON.

    Attributes
    ----------
    start : float
        When (ms or with a unit, ``"24 h"``), a whole number of ms.
    protocol : tuple of Protocol
        Their own times count from the start of the session; spines are named by the numbers that they keep
        for life, and those that are lost are left out.
    last : float or str
        How long the session lasts: ms, a time with a unit, or relative to the end of its protocols. What has
        been released has to be cleared by then.
    """

    start: float = quantity(..., "ms", "the experimenter's choice", 0, 1e12)
    protocol: tuple[Protocol, ...]
    last: float | str = "end + 1 min"

    @field_validator("start")
    @classmethod
    def _whole(cls, value: float) -> float:
        if value != round(value):
            raise ValueError("must be a whole number of ms")
        return value

    @field_validator("protocol")
    @classmethod
    def _some(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("must hold at least one protocol")
        return value

    @field_validator("last")
    @classmethod
    def _last(cls, value: float | str) -> float | str:
        check_time(value)
        return value

    @property
    def length(self) -> float:
        """How long it lasts (ms), a whole number."""
        end = 0.0
        for item in self.protocol:
            end = max(end, item.end(resolve_time(item.start, end)))
        return float(np.ceil(resolve_time(self.last, end) - 1e-9))

    @property
    def stop(self) -> float:
        """When it ends on the clock of the timeline (ms)."""
        return self.start + self.length


class Timeline(Description):
    """Sessions on one cell over hours to weeks, and what happens to its spines in between.

    Attributes
    ----------
    experiment : Experiment
        Cell, spines, rule, tone, numerics and what is recorded in sessions; without protocols and drugs.
    sessions : tuple of Session
        In any order, not overlapping.
    drugs : tuple of Drug
        On the clock of the timeline. A modulator is one as well: novelty is dopamine for half an hour.
    steps : tuple of ToneStep
        Changes of the tone on the clock of the timeline, such as dopamine that is gone for a week.
    until : float
        End (ms or with a unit, ``"28 d"``).
    at : tuple of float or str
        Moments at which every spine is looked at (ms or with a unit), besides 0 and the end.
    background : float
        Rate at which ongoing activity of the network releases glutamate onto each spine between sessions;
        it is felt as mean calcium, by the sliding threshold.
    proteins, crosstalk, structure : bool
        Whether proteins spread along the tree (else each spine keeps its own), spines lower the kinase
        threshold of their neighbours, and spines are lost and formed.
    shrinkage : bool
        Whether idle neighbours are weakened where several spines are potentiated.

    Examples
    --------
    >>> from dendplast.protocol import LowFrequency
    >>> train = Session(start="1 h", protocol=(LowFrequency(n=100, hz=1),))
    >>> Timeline(sessions=(train,), until="2 d").sessions[0].stop / 6e4
    62.666666666666664
    """

    experiment: Experiment = Experiment()
    sessions: tuple[Session, ...] = ()
    drugs: tuple[Drug, ...] = ()
    steps: tuple[ToneStep, ...] = ()
    until: float = quantity(8.64e7, "ms", "assumed: a day", 1, 1e12)
    at: tuple[float, ...] = ()
    background: float = quantity(0.0, "Hz", "assumed: a slice without ongoing activity", 0, 100)
    proteins: bool = True
    crosstalk: bool = True
    structure: bool = True
    shrinkage: bool = True

    @field_validator("sessions")
    @classmethod
    def _in_order(cls, value: tuple[Session, ...]) -> tuple[Session, ...]:
        value = tuple(sorted(value, key=lambda session: session.start))
        for before, after in zip(value[:-1], value[1:], strict=True):
            if after.start < before.stop:
                raise ValueError(
                    f"the one at {after.start:g} ms begins before the one at {before.start:g} ms ends "
                    f"({before.stop:g} ms)"
                )
        return value

    @field_validator("at", mode="before")
    @classmethod
    def _times(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return tuple(convert(t, "ms") if isinstance(t, str) else t for t in value)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Timeline:
        given = [name for name in ("protocol", "drugs") if getattr(self.experiment, name)]
        if given:
            place = {"protocol": "sessions", "drugs": "drugs"}[given[0]]
            raise ValueError(f"experiment.{given[0]} must be empty: give it in {place} of the timeline")
        if self.experiment.excitability:
            raise ValueError("experiment.excitability must be false: spines that come and go have no gains")
        for session in self.sessions:
            if session.stop > self.until:
                raise ValueError(
                    f"until = {self.until:g} ms must not be before the session's end at {session.stop:g} ms"
                )
        for t in self.at:
            if not 0 <= t <= self.until:
                raise ValueError(f"at = {t:g} ms must be from 0 to until = {self.until:g} ms")
            self.check_moment(t, "at")
        return self

    def check_moment(self, t: float, name: str) -> None:
        """Refuse a moment in the middle of a session.

        Raises
        ------
        ParameterError
            If it is one.
        """
        for session in self.sessions:
            if session.start < t < session.stop:
                raise ParameterError(
                    f"{name} = {t:g} ms: lies in the session from {session.start:g} to {session.stop:g} ms, "
                    f"whose own run tells what happens in it"
                )

    @property
    def looks(self) -> tuple[float, ...]:
        """Moments at which every spine is looked at (ms), sorted: 0, `at`, and the end."""
        return tuple(sorted({0.0, *self.at, self.until}))

    @property
    def hash(self) -> str:
        """A name for the content."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()[:16]

    def to_toml(self) -> str:
        """Return the description as TOML, complete, in the units of NEURON."""
        data = self.model_dump(mode="json", exclude_none=True)
        data["experiment"] = tomllib.loads(self.experiment.to_toml())
        return tomli_w.dumps(dict(sorted(data.items())))

    @classmethod
    def from_toml(cls, source: str | Path) -> Timeline:
        """Read a description from a TOML file, or from TOML text that contains a line break.

        Raises
        ------
        ParameterError
            If the file is missing, is no TOML, or a key or value is not valid.
        """
        text = str(source)
        where = "TOML text" if "\n" in text else text
        try:
            if where == text:
                text = Path(source).read_text(encoding="utf-8")
            return cls(**tomllib.loads(text))
        except OSError as error:
            raise ParameterError(f"{where}: can not be read as a timeline: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"{where}: is no valid TOML: {error}") from None
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
