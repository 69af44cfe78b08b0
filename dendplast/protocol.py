"""What is done to the cell: presynaptic spikes, postsynaptic spikes, plateaus and release trains, in time.

Each protocol is a frozen description; `schedule.compile_schedule` turns a sequence of them into one table
of events.  Times are ms from the start of the run; ``start`` may be a number, a string with a unit, or
relative to the end of what came before: ``"end"``, ``"end + 30 s"``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, field_validator

from .bombardment import Bombardment
from .modulation import Dip, Firing, Release, ToneStep, burst
from .moments import Timed, check_time, later, resolve_time, trains
from .quantity import Description, quantity

__all__ = [
    "Bombardment",
    "Dip",
    "Firing",
    "LowFrequency",
    "Pairing",
    "Plateau",
    "Protocol",
    "Release",
    "Selection",
    "Spikes",
    "TestPulses",
    "ThetaBurst",
    "ToneStep",
    "Uncaging",
    "burst",
    "check_time",
    "later",
    "resolve_time",
]

class Selection(Description):
    """Spines chosen by place instead of by number.

    Every condition given must hold; `n` of those that remain are drawn with `seed`.
    """

    region: Literal["basal", "apical", "axon", "soma"] | None = None
    path_min: float = quantity(0.0, "um", "assumed: no lower limit", 0)
    path_max: float = quantity(1e9, "um", "assumed: no upper limit", 0)
    n: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)


def _form(value: Any) -> str:
    """Say in which of its forms a choice of spines is given, so that a wrong one is judged as what it is."""
    if isinstance(value, str):
        return "text"
    return "table" if isinstance(value, Selection | dict) else "list"


class Synaptic(Timed):
    """A protocol that drives spines: ``"all"``, a list of spine numbers, or a `Selection`."""

    spines: Annotated[
        Annotated[Literal["all"], Tag("text")]
        | Annotated[tuple[int, ...], Tag("list")]
        | Annotated[Selection, Tag("table")],
        Discriminator(_form),
    ] = "all"

    @field_validator("spines", mode="before")
    @classmethod
    def _spines(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "all":
            raise ValueError("must be 'all', a list of spine numbers, or a table such as {region = 'apical', n = 10}")
        return value


class Pairing(Synaptic):
    """Pair presynaptic spikes with somatic spikes.

    In each pairing the first presynaptic and the first postsynaptic spike are `dt` apart
    (positive: presynaptic first); trains of `n` pairings at `hz` are repeated `trains` times.

    Examples
    --------
    >>> Pairing(dt=-20, n=100, hz=0.2).end(0.0)
    500000.0
    """

    kind: Literal["pairing"] = "pairing"
    dt: float = quantity(..., "ms", "the experimenter's choice", -1000, 1000)
    n: int = Field(100, ge=1)
    hz: float = quantity(0.2, "Hz", "10.7554/eLife.09685", 1e-4, 200)
    n_pre: int = Field(1, ge=1, le=100)
    pre_hz: float = quantity(100.0, "Hz", "assumed: a usual burst", 1, 500)
    n_post: int = Field(1, ge=1, le=100)
    post_hz: float = quantity(100.0, "Hz", "10.1126/science.1255514 (10 ms between spikes)", 1, 500)
    trains: int = Field(1, ge=1)
    train_interval: float = quantity(10_000.0, "ms", "10.1126/science.1255514", 1, 1e8)

    def onsets(self) -> np.ndarray:
        """Return the start of every pairing (ms from the start of the protocol)."""
        return trains(np.arange(self.n) * 1e3 / self.hz, self.trains, self.train_interval)

    def pre(self) -> np.ndarray:
        """Return presynaptic spike times (ms)."""
        return _bursts(self.onsets() + max(0.0, -self.dt), self.n_pre, self.pre_hz)

    def post(self) -> np.ndarray:
        """Return postsynaptic spike times (ms)."""
        return _bursts(self.onsets() + max(0.0, self.dt), self.n_post, self.post_hz)

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms): one period after its last pairing began."""
        return start + float(self.onsets()[-1]) + 1e3 / self.hz


class ThetaBurst(Synaptic):
    """Stimulate with bursts of presynaptic spikes at theta frequency, with somatic spikes if `post`."""

    kind: Literal["theta_burst"] = "theta_burst"
    n_bursts: int = Field(10, ge=1)
    burst_hz: float = quantity(5.0, "Hz", "assumed: theta", 0.1, 20)
    n_pulses: int = Field(4, ge=1, le=100)
    pulse_hz: float = quantity(100.0, "Hz", "assumed: the usual burst", 1, 500)
    trains: int = Field(1, ge=1)
    train_interval: float = quantity(10_000.0, "ms", "assumed: the usual 10 s", 1, 1e8)
    post: bool = False

    def pre(self) -> np.ndarray:
        """Return presynaptic spike times (ms)."""
        bursts = trains(np.arange(self.n_bursts) * 1e3 / self.burst_hz, self.trains, self.train_interval)
        return _bursts(bursts, self.n_pulses, self.pulse_hz)

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + float(self.pre()[-1]) + 1e3 / self.burst_hz


class LowFrequency(Synaptic):
    """Stimulate presynaptically at a low rate."""

    kind: Literal["low_frequency"] = "low_frequency"
    n: int = Field(900, ge=1)
    hz: float = quantity(1.0, "Hz", "assumed: the usual 900 pulses at 1 Hz", 1e-4, 100)

    def pre(self) -> np.ndarray:
        """Return presynaptic spike times (ms)."""
        return np.arange(self.n) * 1e3 / self.hz

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + self.n * 1e3 / self.hz


class TestPulses(LowFrequency):
    """Probe the synapses: `n` single presynaptic spikes at a rate too low to change them."""

    __test__ = False  # not a test class of pytest's
    kind: Literal["test_pulses"] = "test_pulses"  # type: ignore[assignment]
    n: int = Field(10, ge=1)
    hz: float = quantity(0.05, "Hz", "assumed: one probe every 20 s", 1e-4, 10)


class Uncaging(Synaptic):
    """Uncage glutamate at spines: `n` pulses at `hz`, each `amplitude` times one synaptic release."""

    kind: Literal["uncaging"] = "uncaging"
    n: int = Field(30, ge=1)
    hz: float = quantity(0.5, "Hz", "10.1038/nature06416", 1e-4, 100)
    amplitude: float = quantity(1.0, "1", "assumed: matched to one release", 0, 100)

    def pre(self) -> np.ndarray:
        """Return times of the pulses (ms)."""
        return np.arange(self.n) * 1e3 / self.hz

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + self.n * 1e3 / self.hz


class Spikes(Timed):
    """Make the soma spike: `n` spikes at `hz`, nothing presynaptic, in `trains` trains."""

    kind: Literal["spikes"] = "spikes"
    n: int = Field(1, ge=1)
    hz: float = quantity(20.0, "Hz", "assumed: a usual train", 1e-4, 500)
    trains: int = Field(1, ge=1)
    train_interval: float = quantity(10_000.0, "ms", "10.7554/eLife.81071 (bursts at 0.1 Hz)", 1, 1e8)

    def post(self) -> np.ndarray:
        """Return postsynaptic spike times (ms)."""
        return trains(np.arange(self.n) * 1e3 / self.hz, self.trains, self.train_interval)

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + float(self.post()[-1]) + 1e3 / self.hz


class Plateau(Timed):
    """Inject a long current: `n` steps of `duration` ms and `amplitude` nA, `interval` ms apart.

    The current enters the soma, or the shaft under spine `at`.
    """

    kind: Literal["plateau"] = "plateau"
    amplitude: float = quantity(..., "nA", "the experimenter's choice", -10, 10)
    duration: float = quantity(300.0, "ms", "10.1126/science.aan3846", 0.1, 1e5)
    n: int = Field(1, ge=1)
    interval: float = quantity(10_000.0, "ms", "assumed: well separated", 1, 1e8)
    at: int | Literal["soma"] = "soma"

    def steps(self) -> np.ndarray:
        """Return the onset of every step (ms)."""
        return np.arange(self.n) * self.interval

    def end(self, start: float) -> float:
        """Return the end of the protocol (ms)."""
        return start + float(self.steps()[-1]) + self.duration


Protocol = Annotated[
    Pairing | ThetaBurst | LowFrequency | TestPulses | Uncaging | Spikes | Plateau
    | Bombardment | Release | Firing | Dip | ToneStep,
    Field(discriminator="kind"),
]


def _bursts(times: np.ndarray, n: int, hz: float) -> np.ndarray:
    return (times[:, None] + np.arange(n)[None] * 1e3 / hz).ravel()
