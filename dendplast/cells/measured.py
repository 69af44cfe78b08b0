"""A cell with its protocols: each is run when a feature first asks for it, and once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .. import probes, spine_probes
from ..bench import SOMA, Bench, Traces
from ..experiment import Numerics
from . import features
from .coupling import Coupling
from .spike_calcium import head_calcium
from .targets import Targets

__all__ = ["Measured"]

ABOVE = 1.1
"""Current of the step in which a single spike is measured, as a share of rheobase: just at it, the time of the
spike, and with it threshold and latency, would hang on the last digit of the current."""

SPINES = 8
"""Spines whose calcium is looked at."""
BRANCHES = 2
"""End branches on which synapses are released together."""
OBLIQUE_AT = 150.0  # um, path distance of the middle of oblique branches, 10.1016/j.neuron.2006.03.016

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
    def duration(self) -> float:
        """Duration of the current steps (ms)."""
        return self.targets.stimulus.duration

    @property
    def rest(self) -> float:
        """Resting voltage of the soma (mV)."""
        return float(self.bench.rest[SOMA])

    @cached_property
    def small(self) -> Traces:
        """A small hyperpolarising step."""
        return probes.step(self.bench, self.targets.stimulus.small, self.duration)

    @cached_property
    def sag(self) -> Traces:
        """A large hyperpolarising step."""
        return probes.step(self.bench, self.targets.stimulus.sag, self.duration)

    @cached_property
    def rheobase(self) -> float:
        """Smallest current step that makes a spike (nA)."""
        return probes.rheobase(self.bench, self.duration)

    @property
    def spike(self) -> float:
        """Step whose first spike is measured (nA)."""
        given = self.targets.stimulus.spike
        return ABOVE * self.rheobase if given is None else given

    @cached_property
    def first(self) -> Traces:
        """The step whose first spike is measured."""
        if self.spike in self.ladder:
            return self.ladder[self.spike]
        return probes.step(self.bench, self.spike, self.duration)

    @cached_property
    def ladder(self) -> dict[float, Traces]:
        """Steps by their current (nA): those of the stimulus and those that a target asks for."""
        asked = {t.current for t in self.targets.feature if t.current is not None and t.current > 0}
        currents = sorted({*self.targets.stimulus.steps, *asked})
        duration = self.targets.stimulus.ladder or self.duration
        return dict(zip(currents, probes.ladder(self.bench, currents, duration), strict=True))

    @cached_property
    def block(self) -> tuple[float, float]:
        """Smallest current (nA) that stops firing, and the voltage (mV) then."""
        stimulus = self.targets.stimulus
        return probes.block(self.bench, stimulus.block or stimulus.steps)

    @cached_property
    def propagated(self) -> Traces:
        """A back-propagating spike, in every segment."""
        return probes.backpropagation(self.bench)

    @cached_property
    def bap(self) -> np.ndarray:
        """Height of the back-propagating spike (mV) in every segment.

        After a pulse it is counted from rest; in a step, from the voltage when the soma passes its threshold.
        """
        if self.targets.stimulus.bap_from == "pulse":
            return self.propagated.v.max(axis=0) - self.propagated.v[0]
        run = probes.first_spike(self.bench, self.spike, self.duration)
        begin = features.of_trace(run, "AP_begin_indices")
        if np.isnan(begin):
            return np.full(len(self.bench.geometry), np.nan)
        return run.v.max(axis=0) - run.v[int(begin)]

    @cached_property
    def bap_calcium(self) -> np.ndarray:
        """Calcium of the back-propagating spike (arbitrary unit) in a spine of every segment."""
        return head_calcium(self.propagated.v, self.bench.dt, self.bench.cell.preset.parameters.calcium)

    @cached_property
    def coupling(self) -> Coupling:
        """The calcium spike of the apical dendrite."""
        return Coupling(self.bench)

    @cached_property
    def psp(self) -> probes.Attenuation:
        """EPSPs from the trunk, or from all dendrites, to the soma."""
        places = {t.at for t in self.targets.feature if t.name == "epsp_attenuation"} or set(PLACES)
        return probes.attenuation(self.bench, sorted(places))

    @cached_property
    def _spiny(self) -> tuple[Bench, object, dict[str, list[int]]]:
        """The cell with spines: some spread over the dendrites, and clusters on end branches."""
        bench, stimulus = self.bench, self.targets.stimulus
        preset, tree = bench.cell.preset, bench.geometry
        nmda = spine_probes.branches(tree, stimulus.nmda_region, stimulus.nmda_at, BRANCHES, spine_probes.LONG)
        sections = {"nmda": nmda}
        if stimulus.nmda_region != "apical":
            sections["oblique"] = spine_probes.branches(tree, "apical", OBLIQUE_AT, BRANCHES)
        everywhere = [section for found in sections.values() for section in found]
        reach = stimulus.calcium_from, stimulus.calcium_to
        spines = spine_probes.spines_for(tree, preset, everywhere, SPINES, reach)
        numerics = Numerics(dt=bench.dt)
        bench, model = spine_probes.spine_bench(bench.cell, spines, numerics)
        # Synapses of a cluster are alike, as where the light is set to one EPSP at every spine
        # (10.1016/j.neuron.2006.03.016): a count of synapses would else be that of the strong ones.
        synapse = preset.parameters.synapse
        for name in ("g_ampa", "g_nmda"):
            values = model.conductances[name].copy()
            values[SPINES:] = getattr(synapse, name)
            model.set_conductances(**{name: values})
        return bench, model, sections

    @cached_property
    def calcium(self) -> spine_probes.Calcium:
        """Calcium of single spines."""
        bench, model, _ = self._spiny
        return spine_probes.calcium(bench, model, range(SPINES))

    @cached_property
    def nmda(self) -> list[spine_probes.Cluster]:
        """Clusters on end branches of the region that the targets name."""
        bench, model, sections = self._spiny
        return [spine_probes.cluster(bench, model, section) for section in sections["nmda"]]

    @cached_property
    def oblique(self) -> list[spine_probes.Cluster]:
        """Clusters on oblique apical branches."""
        bench, model, sections = self._spiny
        return [spine_probes.cluster(bench, model, section) for section in sections.get("oblique", ())]
