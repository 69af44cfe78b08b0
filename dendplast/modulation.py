"""What modulatory axons do: trains, firing of their own, pauses, and changes of tone."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from .moments import Timed, trains
from .quantity import quantity
from .release import Modulator, Patch
from .sources import Source

__all__ = ["MODULATION", "Dip", "Firing", "Release", "ToneStep", "burst", "optogenetic"]


class Release(Timed):
    """Let a source fire `n` times at `hz`, in `trains` trains, or at `times` (ms from the start of each train).

    At each spike a `Patch` frees its mean number of molecules; every varicosity of the others frees one vesicle
    with its release probability. `latency` is the time from pulse to release, and `fidelity` the share of pulses
    that make a spike: drawn for each axon (a fibre, or a varicosity of its own), its mean in a patch.
    """

    kind: Literal["release"] = "release"
    site: Source
    n: int = Field(10, ge=1)
    hz: float = quantity(20.0, "Hz", "10.1523/JNEUROSCI.1894-10.2010 (burst firing)", 0.01, 500)
    times: tuple[float, ...] | None = Field(None, min_length=1)
    trains: int = Field(1, ge=1)
    train_interval: float = quantity(10_000.0, "ms", "10.1126/science.1255514", 1, 1e8)
    latency: float = quantity(0.0, "ms", "assumed: release at the spike", 0, 1000)
    fidelity: float = quantity(1.0, "1", "assumed: every pulse makes a spike", 0, 1)

    @field_validator("times")
    @classmethod
    def _times(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (value[0] < 0 or any(b <= a for a, b in zip(value, value[1:], strict=False))):
            raise ValueError("must be times from 0 ms on, in order")
        return value

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Release:
        fields = type(self).model_fields  # a complete description names n and hz too, as they are by default
        if self.times is not None and (self.n, self.hz) != (fields["n"].default, fields["hz"].default):
            raise ValueError("times take the place of n and hz; give one or the other")
        return self

    def pulses(self) -> np.ndarray:
        """Return when the axons are made to fire (ms from the start)."""
        once = np.arange(self.n) * 1e3 / self.hz if self.times is None else np.array(self.times)
        return trains(once, self.trains, self.train_interval)

    def spikes(self) -> np.ndarray:
        """Return when a spike that no pulse fails to make would release (ms from the start)."""
        return self.pulses() + self.latency

    def end(self, start: float) -> float:
        """Return the end of the train (ms)."""
        return start + float(self.spikes()[-1]) + (1e3 / self.hz if self.times is None else 0.0)


class Firing(Timed):
    """Let a source fire by itself for `duration`: spikes at random at `hz`, independent between axons.

    A fibre is one axon; each varicosity of a volume belongs to an axon of its own.
    """

    kind: Literal["firing"] = "firing"
    site: Source
    hz: float = quantity(4.0, "Hz", "10.1523/JNEUROSCI.1894-10.2010 (tonic firing)", 1e-3, 100)
    duration: float = quantity(..., "ms", "the experimenter's choice", 1, 1e8)

    @field_validator("site")
    @classmethod
    def _has_varicosities(cls, value: Any) -> Any:
        if isinstance(value, Patch):
            raise ValueError("a patch is a mean field, and its steady firing a tone; use a tone or a volume")
        return value

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return the spike times of one axon (ms from the start): a Poisson process."""
        n = rng.poisson(self.duration * self.hz * 1e-3)
        return np.sort(rng.random(n)) * self.duration

    def end(self, start: float) -> float:
        """Return the end (ms)."""
        return start + self.duration


class Dip(Timed):
    """Pause the firing that keeps up a tone: a share `depth` of it stops for `duration`, `n` times.

    The tone falls and recovers as fast as the tissue clears the modulator (its uptake, less what is blocked).

    Examples
    --------
    >>> Dip(modulator="dopamine", duration="0.6 s").end(0.0)
    600.0
    """

    kind: Literal["dip"] = "dip"
    modulator: Modulator
    duration: float = quantity(..., "ms", "the experimenter's choice", 1, 1e8)
    depth: float = quantity(1.0, "1", "assumed: all of the axons pause", 0, 1)
    n: int = Field(1, ge=1)
    interval: float = quantity(10_000.0, "ms", "10.1126/science.1255514", 1, 1e8)

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Dip:
        if self.n > 1 and self.interval <= self.duration:
            raise ValueError(f"interval = {self.interval:g} ms must be longer than duration = {self.duration:g} ms")
        return self

    def onsets(self) -> np.ndarray:
        """Return the begin of every pause (ms from the start)."""
        return np.arange(self.n) * self.interval

    def end(self, start: float) -> float:
        """Return the end of the last pause (ms)."""
        return start + float(self.onsets()[-1]) + self.duration


class ToneStep(Timed):
    """Change the tone of a modulator to `conc`, for `duration` or for good.

    It gets there as fast as the tissue clears the modulator.
    """

    kind: Literal["tone"] = "tone"
    modulator: Modulator
    conc: float = quantity(..., "mM", "the experimenter's choice", 0, 1)
    duration: float | None = quantity(None, "ms", "None: to the end of the run", 1, 1e12)

    def end(self, start: float) -> float:
        """Return the end (ms): of the step, or its begin when it has none."""
        return start + (self.duration or 0.0)


MODULATION = Release | Firing | Dip | ToneStep
"""Protocols of modulatory axons: they do nothing electrical."""


def burst(site: Any, start: float | str = "end", n: int = 10, hz: float = 20.0, **more: Any) -> Release:
    """Return a burst of `n` spikes at `hz` from a release site."""
    return Release(site=site, start=start, n=n, hz=hz, **more)


def optogenetic(site: Any, start: float | str = "end", n: int = 10, hz: float = 20.0, **more: Any) -> Release:
    """Return a train of light pulses on axons with channelrhodopsin: each late by 3 ms, one in ten without a spike.

    Both numbers are assumed, within what is seen at 20 Hz; give `latency` and `fidelity` for others.
    """
    return Release(site=site, start=start, n=n, hz=hz, **({"latency": 3.0, "fidelity": 0.9} | more))
