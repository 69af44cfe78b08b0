"""Protocols of the battery: each takes a cell on the bench and returns what it did, nothing measured yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bench import SOMA, Bench, Traces, epsc, steps
from .errors import SimulationError
from .geometry import Geometry

__all__ = [
    "Attenuation", "along", "attenuation", "backpropagation", "block", "coincidence", "crossings", "first_spike",
    "ladder", "rheobase", "step", "trunk",
]  # fmt: skip

BEFORE, AFTER = 20.0, 100.0  # ms, around a current step
STEP = 500.0  # ms
PRECISION = 5e-3
"""Share of a threshold current to which it is searched for."""
CEILING = 3.0  # nA, above which no cell of this kind is stimulated
SPIKE = 0.0  # mV, that a spike of the soma passes


def step(bench: Bench, amplitude: float, duration: float = STEP, rows: Sequence[int] | None = None) -> Traces:
    """Inject a current step (nA, ms) into the soma."""
    whole = BEFORE + duration + AFTER
    current = steps(bench.dt, whole, (BEFORE, BEFORE + duration, amplitude))
    return bench.run(whole, {SOMA: current}, rows, stimulus=(BEFORE, BEFORE + duration, amplitude))


def ladder(bench: Bench, amplitudes: Sequence[float], duration: float = STEP) -> list[Traces]:
    """Inject one step after the other, each from rest."""
    return [step(bench, amplitude, duration) for amplitude in amplitudes]


def fires(bench: Bench, amplitude: float, duration: float = STEP) -> bool:
    """Return whether the soma spikes within a step (nA, ms)."""
    current = steps(bench.dt, BEFORE + duration, (BEFORE, BEFORE + duration, amplitude))
    return bool(bench.run(BEFORE + duration, {SOMA: current}, until=lambda v: v[0] > SPIKE).soma[-1] > SPIKE)


def rheobase(bench: Bench, duration: float = STEP) -> float:
    """Return the smallest step (nA) that makes the soma spike, to `PRECISION`.

    Raises
    ------
    SimulationError
        If no step below `CEILING` does.
    """
    high = 0.1
    while not fires(bench, high, duration):
        high *= 2
        if high > CEILING:
            raise SimulationError(f"{bench.cell!r}: does not spike with {high / 2:g} nA; a spiking cell is needed")
    return _threshold(lambda amplitude: fires(bench, amplitude, duration), high if high <= 0.1 else high / 2, high)


def block(bench: Bench, amplitudes: Sequence[float], duration: float = STEP) -> tuple[float, float]:
    """Return the smallest step (nA) that stops the cell from firing, and the voltage (mV) at which it then stays.

    The cell is blocked when it spikes early in a step but not in its last third.  Both are NaN when no step does.
    """

    def blocked(amplitude: float) -> bool:
        soma = step(bench, amplitude, duration).soma
        late = soma[round((BEFORE + 2 / 3 * duration) / bench.dt) : round((BEFORE + duration) / bench.dt)]
        return bool(late.max() < SPIKE - 10 and soma.max() > SPIKE - 10)

    low = None
    for amplitude in amplitudes:
        if blocked(amplitude):
            break
        low = amplitude
    else:
        return np.nan, np.nan
    found = _threshold(blocked, low if low is not None else amplitude / 2, amplitude, 4 * PRECISION)
    last = step(bench, found, duration).soma
    end = round((BEFORE + duration) / bench.dt)
    return found, float(last[end - round(0.2 * duration / bench.dt) : end].mean())


def _threshold(works: Any, low: float, high: float, precision: float = PRECISION) -> float:
    """Return the middle of the bracket into which bisection drives the smallest current that works."""
    while low >= high or works(low):  # the first guess works already: look below
        low, high = 0.5 * low, low
        if high < 1e-3:
            return high
    while high - low > precision * high:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if works(middle) else (middle, high)
    return 0.5 * (low + high)


def backpropagation(bench: Bench, n: int = 1, hz: float = 100.0) -> Traces:
    """Make the soma spike with the preset's pulses and record every segment."""
    cell = bench.cell.preset.cell
    starts = 5.0 + np.arange(n) * 1e3 / hz
    whole = float(starts[-1]) + 35.0
    current = steps(bench.dt, whole, *((t, t + cell.pulse_dur, cell.pulse_amp) for t in starts))
    return bench.run(
        whole, {SOMA: current}, range(len(bench.geometry)), stimulus=(5.0, 5.0 + cell.pulse_dur, cell.pulse_amp)
    )


def first_spike(bench: Bench, amplitude: float, duration: float) -> Traces:
    """Inject a current step (nA, ms) into the soma and record every segment until 15 ms after the first spike."""
    left = [round(15.0 / bench.dt)]

    def over(v: np.ndarray) -> bool:
        left[0] -= bool(v[SOMA] > SPIKE) or left[0] < round(15.0 / bench.dt)
        return left[0] <= 0

    current = steps(bench.dt, BEFORE + duration, (BEFORE, BEFORE + duration, amplitude))
    stimulus = BEFORE, BEFORE + duration, amplitude
    return bench.run(BEFORE + duration, {SOMA: current}, range(len(bench.geometry)), stimulus=stimulus, until=over)


def trunk(tree: Geometry) -> np.ndarray:
    """Return the rows of the apical trunk: at each fork, the child that carries the most apical length.

    A cell without an apical tree has none.
    """
    carried = np.where(tree.region == "apical", tree.length, 0.0)
    for row in range(len(tree) - 1, 0, -1):  # children come after their parents
        if tree.region[row] == "apical":
            carried[tree.parent[row]] += carried[row]
    apical = tree.region == "apical"
    above = np.where(tree.parent >= 0, apical[tree.parent], False)
    stems, rows = np.flatnonzero(apical & ~above), []
    while len(stems):
        rows.append(int(stems[np.argmax(carried[stems])]))
        stems = np.flatnonzero(apical & (tree.parent == rows[-1]))
    return np.array(rows, int)


def crossings(tree: Geometry, distance: float) -> list[tuple[int, int, float]]:
    """Return where the dendrites pass a path distance (um): row before, row after, share of the way between.

    On the apical trunk alone where there is one, else on all dendrites.
    """
    among = set(trunk(tree).tolist()) or set(np.flatnonzero(tree.region == "basal").tolist())
    out = []
    for row in sorted(among):
        before = int(tree.parent[row])
        near, far = tree.path_distance[before], tree.path_distance[row]
        if near < distance <= far:
            out.append((before, row, float((distance - near) / (far - near))))
    return out


def along(tree: Geometry, values: np.ndarray, distance: float) -> float:
    """Return the mean of a quantity of segments at a path distance (um), interpolated between their middles.

    NaN when no dendrite is as long.
    """
    found = [(1 - share) * values[a] + share * values[b] for a, b, share in crossings(tree, distance)]
    return float(np.mean(found)) if found else np.nan


@dataclass(frozen=True)
class Attenuation:
    """EPSPs on the way to the soma.

    Attributes
    ----------
    distance, local, soma : ndarray, shape (n_site,)
        Path distance (um), and peak above rest (mV) at the site and in the soma.
    """

    distance: np.ndarray
    local: np.ndarray
    soma: np.ndarray


def attenuation(bench: Bench, distances: Sequence[float], most: int = 4) -> Attenuation:
    """Inject an EPSC (30 pA; 0.1 and 3 ms) at path distances (um) and compare the EPSP there and in the soma.

    At most `most` dendrites are asked at each distance.  The current goes into either segment around the distance in
    turn and the EPSPs are interpolated: shared between the two, it would lift neither as far as a single place.
    The current is that of 10.1371/journal.pcbi.1008114.
    """
    rows = []
    current = epsc(bench.dt, 60.0, 1.0, 0.1, 3.0, 0.03)
    for distance in distances:
        found = crossings(bench.geometry, distance)
        for a, b, share in found[:: max(1, -(-len(found) // most))]:
            near, far = (_epsp(bench, row, current) for row in (b if a == SOMA else a, b))
            local, soma = (1 - share) * near + share * far
            rows.append((distance, local, soma))
    return Attenuation(*np.array(rows).reshape(-1, 3).T)


def _epsp(bench: Bench, row: int, current: np.ndarray) -> np.ndarray:
    """Return the peaks above rest (mV) in a segment that a current (nA) is injected into, and in the soma."""
    run = bench.run(len(current) * bench.dt, {row: current}, [row, SOMA])
    return run.v.max(axis=0) - run.v[0]


def coincidence(bench: Bench, distance: float, amplitude: float, *, spike: bool, delay: float = 5.0) -> Traces:
    """Inject an EPSC-shaped current (nA; 0.5 and 5 ms) at a place of the trunk, with or without a somatic spike before.

    The current and the delay (ms) are those of 10.1038/18686 and 10.1371/journal.pcbi.1002107; the spike is made by
    the preset's pulse, since the 1.9 nA for 5 ms of the latter do not make every cell spike.  The current is shared
    by the two segments around the place, so that it stays where it is when segments change; the nearer is recorded.
    """
    cell, whole = bench.cell.preset.cell, 150.0
    a, b, share = crossings(bench.geometry, distance)[0]
    current = epsc(bench.dt, whole, 10.0 + delay, 0.5, 5.0, amplitude)
    currents = {a: (1 - share) * current, b: share * current}
    if spike:
        pulse = steps(bench.dt, whole, (10.0, 10.0 + cell.pulse_dur, cell.pulse_amp))
        currents[SOMA] = pulse + currents.get(SOMA, 0.0)
    near = b if share > 0.5 else a
    return bench.run(whole, currents, [SOMA, near], stimulus=(10.0, 10.0 + cell.pulse_dur, amplitude))
