"""A cell with its protocols: each is run when a feature first asks for it, and once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .. import probes
from ..bench import SOMA, Bench, Traces
from .spike_calcium import head_calcium
from .targets import Targets

__all__ = ["Measured"]

ABOVE = 1.1
"""Current of the step in which a single spike is measured, as a share of rheobase: just at it, the time of the
spike, and with it threshold and latency, would hang on the last digit of the current."""

PLACES = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0)  # um, where EPSPs are injected for the figure


class Measured:
    """What was measured of one cell on the bench.

    Attributes
    ----------
    bench : Bench
    targets : Targets
        Where and with which currents to measure.
    """

    def __init__(self, bench: Bench, targets: Targets) -> None:
        self.bench, self.targets = bench, targets

    @property
    def rest(self) -> float:
        """Resting voltage of the soma (mV)."""
        return float(self.bench.rest[SOMA])

    @cached_property
    def small(self) -> Traces:
        """A small hyperpolarising step."""
        return probes.step(self.bench, self.targets.stimulus.small)

    @cached_property
    def sag(self) -> Traces:
        """A large hyperpolarising step."""
        return probes.step(self.bench, self.targets.stimulus.sag)

    @cached_property
    def rheobase(self) -> float:
        """Smallest current step that makes a spike (nA)."""
        return probes.rheobase(self.bench)

    @cached_property
    def first(self) -> Traces:
        """A step just above rheobase."""
        return probes.step(self.bench, ABOVE * self.rheobase)

    @cached_property
    def ladder(self) -> dict[float, Traces]:
        """Steps by their current (nA): those of the stimulus and those that a target asks for."""
        asked = {t.current for t in self.targets.feature if t.current is not None and t.current > 0}
        currents = sorted({*self.targets.stimulus.steps, *asked})
        return dict(zip(currents, probes.ladder(self.bench, currents), strict=True))

    @cached_property
    def block(self) -> tuple[float, float]:
        """Smallest current (nA) that stops firing, and the voltage (mV) then."""
        return probes.block(self.bench, self.targets.stimulus.block or self.targets.stimulus.steps)

    @cached_property
    def spike(self) -> Traces:
        """A back-propagating spike, in every segment."""
        return probes.backpropagation(self.bench)

    @cached_property
    def bap(self) -> np.ndarray:
        """Height of the back-propagating spike above rest (mV) in every segment."""
        return self.spike.v.max(axis=0) - self.spike.v[0]

    @cached_property
    def bap_calcium(self) -> np.ndarray:
        """Calcium of the back-propagating spike (arbitrary unit) in a spine of every segment."""
        return head_calcium(self.spike.v, self.bench.dt, self.bench.cell.preset.parameters.calcium)

    @cached_property
    def psp(self) -> probes.Attenuation:
        """EPSPs from the trunk, or from all dendrites, to the soma."""
        places = {t.at for t in self.targets.feature if t.name == "epsp_attenuation"} or set(PLACES)
        return probes.attenuation(self.bench, sorted(places))
