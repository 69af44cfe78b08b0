"""A live cell on the bench: brought to rest once, and stimulated from there as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from neuron import h

from .cell import Cell
from .errors import SimulationError
from .geometry import Geometry
from .slots import Slots, cell_references
from .stepping import fixed_step, forward

__all__ = ["SOMA", "Bench", "Traces", "bench", "epsc", "steps"]

SOMA = 0
"""Row of the soma's segment: the soma is the first section, and has one segment."""

SETTLE_STEP = 0.1  # ms; backward Euler has the same rest at every step
STILL, TIRED = 1e-3, 4e3  # mV in 50 ms; ms


@dataclass(frozen=True)
class Traces:
    """What one stimulus did.

    Attributes
    ----------
    time : ndarray, shape (n_time,)
        From the start of the recording (ms).
    v : ndarray, shape (n_time, n_row)
        Voltage (mV) of each recorded segment.
    rows : ndarray of int, shape (n_row,)
        Segments recorded, as rows of the cell's geometry.
    start, stop : float
        Of the stimulus (ms).
    amplitude : float
        Of the stimulus (nA).
    also : ndarray, shape (n_time, n_also)
        Other variables that were asked for.
    """

    time: np.ndarray
    v: np.ndarray
    rows: np.ndarray
    start: float
    stop: float
    amplitude: float
    also: np.ndarray

    @property
    def soma(self) -> np.ndarray:
        """Voltage of the soma (mV), shape (n_time,)."""
        return self.at(SOMA)

    def at(self, row: int) -> np.ndarray:
        """Return the voltage of a recorded segment (mV), shape (n_time,)."""
        return self.v[:, int(np.flatnonzero(self.rows == row)[0])]


class Bench:
    """A cell at rest, with electrodes.

    Parameters
    ----------
    cell : Cell
        NEURON's step and temperature must be set to it already, see `bench`.
    dt : float
        Step (ms).
    extra : sequence
        References (``_ref_``) to the states of point processes on the cell.

    Attributes
    ----------
    cell : Cell
    geometry : Geometry
        Its segments; electrodes and recordings are named by their rows.
    dt : float
        Step (ms).
    rest : ndarray, shape (n_segment,)
        Resting voltage (mV).
    """

    def __init__(self, cell: Cell, dt: float, extra: Sequence[Any] = ()) -> None:
        self.cell, self.dt = cell, dt
        self.geometry: Geometry = cell.geometry()
        self._segments = [seg for sec in cell.sections for seg in sec]
        self._electrodes: dict[int, Any] = {}
        self._state = Slots([*cell_references(cell.sections), *extra])
        self._v = Slots([seg._ref_v for seg in self._segments])
        # Point processes may know the step, and then keep it; a cell alone goes to rest faster.
        self._settle(dt if extra else SETTLE_STEP)
        self.rest = self._v.get()

    def _settle(self, dt: float) -> None:
        """Go to rest."""
        h.finitialize(self.cell.preset.cell.v_init)
        h.dt = dt
        before, spent = self._v.get(), 0.0
        while True:
            forward(round(50 / dt))
            now, spent = self._v.get(), spent + 50
            change = np.abs(now - before).max()
            if change < STILL:
                break
            if not np.isfinite(now).all() or spent >= TIRED:
                raise SimulationError(
                    f"{self.cell.morphology.name} with preset {self.cell.preset.name!r}: is not at rest: after "
                    f"{spent:g} ms the voltage moves by {change:.2g} mV in 50 ms; a quiet cell is needed"
                )
            before = now
        h.dt = self.dt
        forward(round(5 / self.dt))
        self._rest_state = self._state.get()

    def run(
        self,
        duration: float,
        currents: Mapping[int, np.ndarray],
        rows: Sequence[int] | None = None,
        *,
        stimulus: tuple[float, float, float] = (0.0, 0.0, 0.0),
        events: Sequence[tuple[float, Any]] = (),
        also: Sequence[Any] = (),
        until: Callable[[np.ndarray], bool] | None = None,
    ) -> Traces:
        """Stimulate from rest.

        Parameters
        ----------
        duration : float
            ms.
        currents : mapping of int to ndarray, shape (n_time,)
            Current (nA) into each segment at each step, as `steps` and `epsc` give it.
        rows : sequence of int, optional
            Segments to record; the soma alone when not given.
        stimulus : tuple of float
            Start and stop (ms) and amplitude (nA), kept in the traces.
        events : sequence of tuple
            Times (ms) and the NetCons to send at them.
        also : sequence
            References (``_ref_``) to other variables to record.
        until : callable, optional
            Called with the recorded voltages after each step; the run ends when it returns true.
        """
        rows = np.asarray([SOMA] if rows is None else rows, int)
        watched = Slots([*(self._segments[r]._ref_v for r in rows), *also])
        n = round(duration / self.dt)
        v = np.empty((n + 1, len(watched)))
        self._state.set(self._rest_state)
        v[0] = watched.get()
        for t, netcon in events:
            netcon.event(h.t + t)
        electrodes = [(self._electrode(row), values) for row, values in currents.items()]
        used = n
        for k in range(n):
            for electrode, values in electrodes:
                electrode.amp = values[k]
            h.fadvance()
            v[k + 1] = watched.get()
            if until is not None and until(v[k + 1]):
                used = k + 1
                break
        for electrode, _ in electrodes:
            electrode.amp = 0.0
        if not np.isfinite(v[used]).all():
            raise SimulationError(f"{self.cell!r}: a voltage is not finite; use a smaller dt than {self.dt:g} ms")
        v = v[: used + 1]
        return Traces(np.arange(used + 1) * self.dt, v[:, : len(rows)], rows, *stimulus, v[:, len(rows) :])

    def _electrode(self, row: int) -> Any:
        if row not in self._electrodes:
            clamp = self._electrodes[row] = h.IClamp(self._segments[row])
            clamp.delay, clamp.dur, clamp.amp = 0.0, 1e12, 0.0
        return self._electrodes[row]


@contextmanager
def bench(cell: Cell, dt: float) -> Iterator[Bench]:
    """Put a cell on the bench: NEURON's step and temperature are the cell's inside the block.

    Raises
    ------
    SimulationError
        If the cell does not come to rest.
    """
    with fixed_step(dt, cell.preset.cell.celsius):
        yield Bench(cell, dt)


def steps(dt: float, duration: float, *parts: tuple[float, float, float]) -> np.ndarray:
    """Return the current (nA) at each step, the sum of rectangles (start ms, stop ms, amplitude nA)."""
    t = (np.arange(round(duration / dt)) + 0.5) * dt
    return sum((np.where((t > a) & (t < b), amp, 0.0) for a, b, amp in parts), np.zeros_like(t))


def epsc(dt: float, duration: float, start: float, rise: float, decay: float, peak: float) -> np.ndarray:
    """Return a current (nA) shaped like a synaptic one: a difference of two exponentials with a given peak."""
    t = (np.arange(round(duration / dt)) + 0.5) * dt - start
    late = np.clip(t, 0.0, None)
    top = np.log(decay / rise) * rise * decay / (decay - rise)
    height = np.exp(-top / decay) - np.exp(-top / rise)
    return np.where(t > 0, peak * (np.exp(-late / decay) - np.exp(-late / rise)) / height, 0.0)
