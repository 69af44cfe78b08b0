"""What happens to spines on a schedule of weeks: calcium, recorded or prescribed, set traces, and modulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from ..errors import ParameterError
from ..modulation import ToneStep
from ..moments import resolve_time
from ..release import LIGAND

if TYPE_CHECKING:
    from .weeks import Weeks

__all__ = ["Puff", "Stimulus", "Trace", "Window", "interval", "pulses"]


@runtime_checkable
class Window(Protocol):
    """Something else that moves the spines from `start` to `stop` (ms), such as a simulation of the cell."""

    start: float
    stop: float
    spines: np.ndarray
    """Ids that it names."""

    def play(self, weeks: Weeks) -> None:
        """Move `weeks` from `start` to `stop`."""


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One unit of calcium at some spines, once or repeated.

    Attributes
    ----------
    start : float
        ms, a whole number.
    spines : ndarray of int, shape (n_active,)
        Ids.
    cai : ndarray, shape (n_tick, 1) or (n_tick, n_active)
        Mean calcium in each tick of 1 ms (mM), such as that of an `episodes.Calcium` or of `pulses`.
    n : int
        Repetitions.
    interval : float
        From one to the next (ms), not less than the unit lasts.
    pre : ndarray, shape (n_tick,), optional
        Releases of glutamate in each tick.

    Raises
    ------
    ParameterError
        If a repetition begins before the last has ended, or shapes do not fit.
    """

    start: float
    spines: np.ndarray
    cai: np.ndarray
    n: int = 1
    interval: float = 0.0
    pre: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "spines", np.atleast_1d(np.asarray(self.spines, int)))
        if np.ndim(self.cai) != 2 or np.shape(self.cai)[1] not in (1, len(self.spines)):
            raise ParameterError(
                f"cai has shape {np.shape(self.cai)}: must be (n_tick, 1) or (n_tick, {len(self.spines)})"
            )
        if self.n > 1 and self.interval < len(self.cai):
            raise ParameterError(f"interval = {self.interval:g} ms: must be at least the {len(self.cai)} ms of a unit")

    @classmethod
    def train(
        cls, start: float, spines: np.ndarray, peak: float, rest: float, n: int = 1, hz: float = 1.0, times: int = 1,
        interval: float = 0.0, rise: float = 5.0, decay: float = 70.0,
    ) -> Stimulus:  # fmt: skip
        """Return a train of synaptic pulses, glutamate with each of them, `times` times `interval` ms apart.

        The other arguments are those of `pulses`.
        """
        cai = pulses(peak, rest, n, hz, rise, decay)
        pre = np.bincount(np.floor(np.arange(n) * 1000 / hz).astype(int), minlength=len(cai)).astype(float)
        return cls(start, spines, cai, times, interval, pre)

    @property
    def stop(self) -> float:
        """End of the last repetition (ms)."""
        return self.start + (self.n - 1) * self.interval + len(self.cai)


@dataclass(frozen=True, eq=False)
class Trace:
    """Eligibility set at some spines at one moment, for studies of what follows without electricity.

    Attributes
    ----------
    start : float
        ms.
    spines : ndarray of int, shape (n,)
        Ids.
    elig_P, elig_D : float or ndarray, shape (n,)
        Lowest value of the traces from then (1); a trace that is higher stays.
    """

    start: float
    spines: np.ndarray
    elig_P: float | np.ndarray = 0.0
    elig_D: float | np.ndarray = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "spines", np.atleast_1d(np.asarray(self.spines, int)))
        for name in ("elig_P", "elig_D"):
            if np.any(np.asarray(getattr(self, name)) < 0) or np.any(np.asarray(getattr(self, name)) > 1):
                raise ParameterError(f"{name} = {getattr(self, name)}: must be 0 to 1")

    @property
    def stop(self) -> float:
        """The same moment (ms)."""
        return self.start


@dataclass(frozen=True, eq=False)
class Puff:
    """A modulator at some spines, or at all, at a steady concentration.

    Attributes
    ----------
    modulator : str
        ``"dopamine"``, ``"acetylcholine"`` or ``"noradrenaline"``.
    conc : float
        Above the tone (mM).
    start, stop : float
        ms.
    spines : ndarray of int, optional
        Ids; all spines when None.
    """

    modulator: str
    conc: float
    start: float
    stop: float
    spines: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.modulator not in LIGAND:
            raise ParameterError(f"modulator {self.modulator!r} is not known; valid are {', '.join(LIGAND)}")
        if not self.conc >= 0:
            raise ParameterError(f"conc = {self.conc}: must be at least 0 mM")
        if not self.stop > self.start:
            raise ParameterError(f"stop = {self.stop:g} ms must be after start = {self.start:g} ms")
        if self.spines is not None:
            object.__setattr__(self, "spines", np.atleast_1d(np.asarray(self.spines, int)))


def interval(step: ToneStep) -> tuple[float, float]:
    """Return begin and end of a step of the tone on the clock of the weeks (ms); inf for one without end."""
    begin = resolve_time(step.start, 0.0)
    return begin, begin + (np.inf if step.duration is None else step.duration)


def pulses(peak: float, rest: float, n: int = 1, hz: float = 1.0, rise: float = 5.0, decay: float = 70.0) -> np.ndarray:
    """Return calcium of a train of synaptic pulses that add up (mM), shape (n_tick, 1), for a `Stimulus`.

    Parameters
    ----------
    peak, rest : float
        Rise of one pulse, and calcium at rest (mM).
    n : int
        Pulses.
    hz : float
        Their rate.
    rise, decay : float
        Time constants (ms); 70 ms is the decay of the NMDA conductance (10.1038/s41467-022-30214-w).
    """
    t = np.arange(round((n - 1) * 1000 / hz + 6 * decay)) + 0.5
    top = np.log(decay / rise) * decay * rise / (decay - rise)
    scale = peak / (np.exp(-top / decay) - np.exp(-top / rise))
    since = t[:, None] - np.arange(n) * 1000 / hz
    each = np.where(since > 0, np.exp(-np.maximum(since, 0) / decay) - np.exp(-np.maximum(since, 0) / rise), 0.0)
    return rest + scale * each.sum(axis=1, keepdims=True)
