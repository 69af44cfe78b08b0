"""The live model: a cell with its spines in NEURON, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
from neuron import h

from . import rule
from .anatomy import SpineSettings
from .barrage import Barrage
from .cell import Cell
from .consolidate import Arrivals
from .diffusion import Deliveries, soe_rates
from .experiment import Experiment
from .feed import Feed
from .field import Field
from .geometry import Geometry
from .indicator import Indicator
from .media import choose_media
from .parameters import Parameters
from .population import unitary
from .presets import Preset
from .release import LIGAND, SoeSettings
from .schedule import Schedule
from .solution import Solution, changes
from .slots import listed, write_spines
from .spines import Spines, chosen
from .stepping import TICK, weakly
from .supply import Supply
from .terminals import Tissue

__all__ = ["Model"]


class Model:
    """A cell with spines, live in NEURON.

    Sections and point processes are NEURON's own and may be used as such: ``model.processes[12]`` is the
    point process of spine 12, ``model.heads[12]`` its head section when spines are sections.

    Attributes
    ----------
    experiment : Experiment
        The description, what was applied since included.
    cell : Cell
        Sections and channels.
    tree : Geometry
        The cell's segments as arrays.
    spines : Spines
        Where the spines are and how large.
    parameters : Parameters
        Of the spines.
    processes : list
        ``DpSpine`` point processes, in the order of `spines`; `every` holds the same as NEURON's list, for slots.
    heads, necks : list
        Sections of the spines; empty unless ``spines.form = "sections"``.
    conductances : dict of str to ndarray, shape (n_spine,)
        ``g_ampa``, ``g_nmda``, ``g_vgcc`` of each spine (uS), ``ca_fraction`` (1), the calcium share of its NMDA
        current, and ``ca_scale`` (1), the calcium of its own responses over the preset's, without drugs and
        modulators, and at `ca_ref`.
    media : dict of str to Medium
        Tissue around the cell, as the excess over the tone sees it.
    outside : dict of str to float
        ``da``, ``ach``, ``ne`` that tone and bath last set (mM).
    solution : Solution
        What the cell lies in.
    values : dict of str to float
        What is written into every spine.
    gains : Gains or None
        What modulators make of channels and conductances; None unless ``experiment.excitability``.
    held : dict of str to float
        Variables of the bath that keep a value whatever drugs do.
    """

    def __init__(
        self,
        experiment: Experiment,
        preset: Preset,
        cell: Cell,
        tree: Geometry,
        spines: Spines,
        parameters: Parameters,
    ) -> None:
        self.experiment, self.preset, self.cell = experiment, preset, cell
        self.tree, self.spines, self.parameters = tree, spines, parameters
        self.heads, self.necks, self.processes = [], [], []
        self._feed: Feed | None = None
        self.driver = self.gains = None  # set by a run, and by `build`
        self.solution = Solution()
        self._scale: dict[str, float] = {}  # what drugs and the solution leave of a conductance
        self.held: dict[str, float] = {}
        self._sources: dict[Any, Any] = {}
        self._electrodes: dict[int, Any] = {}
        settings: SpineSettings = preset.spines
        self.conductances = unitary(parameters, spines.volume)
        self.soe = SoeSettings()
        tone = preset.tone if experiment.tone is None else experiment.tone
        self.tone = {short: getattr(tone, name) for name, short in LIGAND.items()}
        media = choose_media(preset.tissue, experiment.medium)
        self.media = {name: medium.around(self.tone[LIGAND[name]]) for name, medium in media.items()}
        self.outside: dict[str, float] = {}
        self.values = self._starting_values()
        self._place(settings)
        self.soma_pulse = self._electrode(-1)
        self._compile()
        self._handlers = [
            h.FInitializeHandler(0, weakly(self._before)), h.FInitializeHandler(1, weakly(self._after))
        ]  # fmt: skip

    # ---- construction -------------------------------------------------------------------------------

    def _place(self, settings: SpineSettings) -> None:
        """Make the point processes with `values`, and the sections that carry them where these are asked for."""
        spines, sections, area = self.spines, self.cell.sections, self.spines.area
        whole = self.experiment.spines.form == "sections"
        g_pas, e_pas = self._leak()
        make = h.DpSpine  # once: NEURON looks names up one after the other
        for i, (section, x) in enumerate(zip(spines.section.tolist(), spines.x.tolist(), strict=True)):
            seg = sections[section](x)
            if whole:
                seg = self._spine_sections(i, seg, settings, float(g_pas[i]), float(e_pas[i]))
            self.processes.append(make(seg))
        own = {"e_leak": e_pas, "head_volume": spines.volume} | self.conductances
        if not whole:
            # uF/cm2 um2 -> nF, S/cm2 um2 -> uS; a head section has its own, and no neck before it
            own |= {"R_neck": spines.R_neck, "C_head": settings.cm * area * 1e-5, "g_leak": g_pas * area * 1e-2}
        alike = self.values | ({"R_neck": 0.0} if whole else {})
        default = h.MechanismStandard("DpSpine", 1)
        self.every = listed(self.processes)
        write_spines(self.every, {n: v for n, v in alike.items() if v != default.get(n)} | own)

    def _leak(self) -> tuple[np.ndarray, np.ndarray]:
        """Return conductance (S/cm2) and reversal (mV) of the leak under each spine."""
        spines = self.spines
        _, first, of = np.unique(spines.segment, return_index=True, return_inverse=True)
        each = []
        for i in first:
            seg = self.cell.sections[int(spines.section[i])](float(spines.x[i]))
            each.append((seg.g_pas, seg.e_pas) if hasattr(seg, "pas") else (0.0, self.preset.cell.e_pas))
        return tuple(np.array(each, float).reshape(-1, 2)[of].T)

    def _spine_sections(self, i: int, seg: Any, settings: SpineSettings, g_pas: float, e_pas: float) -> Any:
        """Make neck and head; the neck carries the whole of R_neck, and no membrane."""
        spines = self.spines
        neck = h.Section(name=f"neck[{i}]", cell=self.cell)
        head = h.Section(name=f"head[{i}]", cell=self.cell)
        self.necks.append(neck)
        self.heads.append(head)
        neck.L, neck.diam, neck.cm = float(spines.neck_length[i]), float(spines.neck_diam[i]), 0.0
        head.L = head.diam = float(np.sqrt(spines.area[i] / np.pi))
        head.cm, head.Ra = settings.cm, 1.0
        half = head.Ra * (head.L / 2) / (np.pi * head.diam**2 / 4) * 1e-2  # ohm cm / um -> megohm
        neck.Ra = (float(spines.R_neck[i]) - half) * (np.pi * neck.diam**2 / 4) / neck.L * 1e2
        head.insert("pas")
        head.g_pas, head.e_pas = g_pas, e_pas
        neck.connect(seg)
        head.connect(neck(1))
        return head(0.5)

    def _starting_values(self) -> dict[str, float]:
        """Return what every spine has alike, before tone and bath."""
        values = self.parameters.compiled()
        values |= {f"uptake_{LIGAND[m]}": medium.uptake for m, medium in self.media.items()}
        values |= {"soe_tau_min": self.soe.tau_min, "soe_tau_max": self.soe.tau_max, "tick": TICK}
        values["plastic"] = float(self.experiment.numerics.plastic)
        return values

    def _write(self, values: dict[str, float]) -> None:
        """Write values into every spine, and remember them as `values`."""
        self.values |= values
        write_spines(self.every, values)

    def set_solution(self, solution: Solution) -> None:
        """Put the cell into a solution: calcium entry, magnesium block and kinetics of the spines follow it.

        The cell's own channels see its calcium, and its temperature when the model is run.
        """
        self.solution = solution
        values = changes(solution, self.parameters.flat(), self.preset.cell.celsius)
        self._scale["g_vgcc"] = values.pop("vgcc_scale")
        self._scale["ca_fraction"] = values.pop("ca_fraction_scale")
        self._write(values)
        self.set_conductances(**self.conductances)

    def set_indicator(self, indicator: Indicator | None) -> None:
        """Put an indicator into the cell, or take it out."""
        self._write({"indicator": 0.0} if indicator is None else indicator.compiled())

    @property
    def celsius(self) -> float:
        """Temperature at which the model is run (degC)."""
        return self.preset.cell.celsius if self.solution.celsius is None else self.solution.celsius

    def set_conductances(self, **values: np.ndarray) -> None:
        """Set ``g_ampa``, ``g_nmda``, ``g_vgcc`` (uS), ``ca_fraction``, ``ca_scale`` (1) of every spine, undrugged."""
        for name, array in values.items():
            self.conductances[name] = np.asarray(array, float)
            write_spines(self.every, {name: self.conductances[name] * self._scale.get(name, 1.0)})

    def rule_parameters(self, index: np.ndarray | slice = slice(None)) -> SimpleNamespace:
        """Return the parameters for the numpy rule, for some of the spines."""
        return rule.parameters(self.parameters.flat(), self.spines.volume[index], self.conductances["ca_scale"][index])

    # ---- what is done -------------------------------------------------------------------------------

    def apply(self, *protocols: Any) -> Model:
        """Add protocols to what is done to the cell; times may be relative to the ``end`` of those before.

        Returns
        -------
        Model
            Itself, so that calls can be chained.
        """
        changed = self.experiment.replaced(protocol=(*self.experiment.protocol, *protocols))
        before, self.experiment = self.experiment, changed
        try:
            self._compile()
        except Exception:
            self.experiment = before
            self._compile()
            raise
        return self

    def add_drugs(self, *drugs: Any) -> Model:
        """Add drugs to the bath; returns the model itself."""
        self.experiment = self.experiment.replaced(drugs=(*self.experiment.drugs, *drugs))
        self._compile()
        return self

    def choose(self, what: Any) -> np.ndarray:
        """Return spine numbers: ``"all"``, a sequence of numbers, or a `Selection`.

        Raises
        ------
        ParameterError
            If a number is no spine's, or no spine fits the selection.
        """
        return chosen(self.spines, what)

    def _compile(self) -> None:
        """Turn the protocols into events, and find whom each release reaches."""
        experiment = self.experiment
        synapse = experiment.presynaptic
        if synapse is not None:
            synapse = synapse.at(experiment.solution.ca, self.parameters.solution.ca_ref)
        tissue = Tissue(self.media, self.parameters.flat(), self.tone, experiment.denervation, experiment.drugs)
        self.supply = Supply.of(
            experiment.protocol, self.choose, experiment.seed, tissue, self.spines.xyz, self.soe,
            experiment.numerics.field, experiment.numerics.grid_h, synapse,
        )
        self.schedule: Schedule = self.supply.schedule
        self.barrage = Barrage(self, experiment.protocol)
        for at in np.unique(self.schedule.pulse_at.astype(int)):
            self._electrode(int(at))  # now: NEURON takes no new point process in the middle of a run

    @property
    def field(self) -> Field:
        """What the releases bring to the spines; solved when first asked for after a protocol was added."""
        return self.supply.field

    @property
    def deliveries(self) -> Deliveries:
        """Every pair of release site and spine in reach, by linear uptake."""
        return self.field.deliveries

    def bath(self, t: float) -> dict[str, float]:
        """Return what tone, drugs and clearance set at time `t` (ms), see `supply.Supply.bath`."""
        return self.supply.bath(t) | self.held

    def bath_times(self, t0: float, t1: float) -> np.ndarray:
        """Return the times in (t0, t1) at which the bath changes (ms)."""
        return self.supply.bath_times(t0, t1)

    def set_bath(self, t: float) -> None:
        """Write what tone and drugs set at time `t` (ms) into the mechanisms."""
        values = self.bath(t)
        scale = values.pop("nmda_scale")
        outside = {f"{name}_ext": values[f"{name}_ext"] for name in LIGAND.values()}
        self.outside.update({name.removesuffix("_ext"): value for name, value in outside.items()})
        # a field that was solved ahead adds to these in each spine, so they are always written
        self._write(outside | {name: value for name, value in values.items() if self.values.get(name) != value})
        if self._scale.get("g_nmda") != scale:
            self._scale["g_nmda"] = scale
            self.set_conductances(g_nmda=self.conductances["g_nmda"])
        if self.gains is not None:
            self.gains.write()

    def unmodulated(self, name: str) -> Any:
        """Return a conductance of every spine (uS), or ``ca_fraction`` (1), as it is without modulators."""
        return self.conductances[name] * self._scale.get(name, 1.0)

    def rates(self) -> np.ndarray:
        """Return the shared exponentials of the release kernels (/ms), shape (12,)."""
        return soe_rates(self.soe)

    def uptake(self) -> dict[str, float]:
        """Return the loss of released ``da``, ``ach``, ``ne`` (/ms)."""
        return {LIGAND[m]: medium.uptake for m, medium in self.media.items()}

    def arrivals(self) -> Arrivals:
        """Return every release that acts as exponentials, as it arrives at every spine in reach, by time."""
        return self.supply.arrivals

    # ---- events -------------------------------------------------------------------------------------

    def glutamate(self, spine: int, weight: float) -> Any:
        """Return the NetCon that releases `weight` times one release of glutamate at a spine."""
        return self._netcon(("glutamate", spine, weight), self.processes[spine], (weight,))

    def pulse(self, at: int, amplitude: float) -> Any:
        """Return the NetCon that adds `amplitude` nA to the current into soma (-1) or under a spine."""
        return self._netcon(("pulse", at, amplitude), self._electrode(at), (amplitude,))

    def arrival(self, ligand: int, spine: int, weights: np.ndarray) -> Any:
        """Return the NetCon that feeds a release into a spine's exponentials (ligand: 0 da, 1 ach, 2 ne)."""
        key = ("release", spine, ligand, weights.tobytes())
        return self._netcon(key, self.processes[spine], (1.0, ligand + 1, *weights))

    def electrodes(self) -> dict[int, Any]:
        """Return the current electrodes by the spine under which each is (-1: the soma)."""
        return dict(self._electrodes)

    def injecting(self) -> bool:
        """Return whether any electrode passes current now."""
        # 1e-12 nA: what rounding leaves of overlapping steps that have all ended
        return any(abs(pulse.level) > 1e-12 for pulse in self._electrodes.values())

    def _netcon(self, key: Any, target: Any, weights: Iterable[float]) -> Any:
        if key not in self._sources:
            netcon = h.NetCon(None, target)
            for k, value in enumerate(weights):
                netcon.weight[k] = float(value)
            self._sources[key] = netcon
        return self._sources[key]

    def _electrode(self, at: int) -> Any:
        if at not in self._electrodes:
            seg = self.cell.soma(0.5)
            if at >= 0:
                seg = self.cell.sections[int(self.spines.section[at])](float(self.spines.x[at]))
            self._electrodes[at] = h.DpCurrentPulse(seg)
        return self._electrodes[at]

    def electrical_events(self) -> tuple[np.ndarray, list[Callable[[], Any]]]:
        """Return times (ms), sorted, and for each the NetCon to send, made when first asked for."""
        s, cell = self.schedule, self.preset.cell
        rows: list[tuple[float, Callable[[], Any]]] = []
        for t, spine, weight in zip(s.pre_time, s.pre_spine.astype(int), s.pre_weight, strict=True):
            rows.append((t, lambda i=spine, w=weight: self.glutamate(int(i), float(w))))
        steps = zip(s.pulse_time, s.pulse_duration, s.pulse_amplitude, s.pulse_at.astype(int), strict=True)
        for t, duration, amplitude, at in steps:
            if np.isnan(amplitude):  # a spike is asked for at t: the pulse leads by the cell's latency
                amplitude, duration = cell.pulse_amp, cell.pulse_dur
                t = max(0.0, t - cell.pulse_latency)
            rows.append((t, lambda a=at, i=amplitude: self.pulse(int(a), float(i))))
            rows.append((t + duration, lambda a=at, i=amplitude: self.pulse(int(a), -float(i))))
        rows = sorted(rows + self.barrage.rows(), key=lambda row: row[0])
        return np.array([r[0] for r in rows]), [r[1] for r in rows]

    # ---- live sessions: finitialize and continuerun of the user's own ---------------------------------

    def _before(self) -> None:
        """Give the mechanisms the bath of time 0, and its gains, before they initialise."""
        self.set_bath(0.0)
        if self.gains is not None:
            self.gains.begin()

    def _after(self) -> None:
        """Queue every event, once NEURON has cleared its queue; a driven run queues its own."""
        if self.solution.ca != self.parameters.solution.ca_ref:  # NEURON has just set the calcium of its default
            for sec in self.cell.sections:
                if h.ismembrane("ca_ion", sec=sec):
                    sec.cao = self.solution.ca
        if self.driver is not None:
            return
        for t, netcon in zip(*self.electrical_events(), strict=True):
            netcon().event(t)
        a = self.arrivals()
        for k in range(len(a)):
            self.arrival(int(a.ligand[k]), int(a.where[0][k]), a.weights[k]).event(a.time[k])
        cvode = h.CVode()
        for t in self.bath_times(0.0, 1e14):
            cvode.event(t, (weakly(self.set_bath), float(t)))
        self._feed = Feed(self.processes, self.field.courses)
        self._feed.live(0.0, self.outside)
        if self.gains is not None:
            self.gains.live()

    def __repr__(self) -> str:
        form = "sections" if self.heads else "point processes"
        return f"<Model {self.cell!r}, {len(self.spines)} spines as {form}, {len(self.schedule.release_time)} releases>"

    def __getstate__(self) -> None:
        raise TypeError("a Model holds NEURON objects and can not be pickled; pickle its experiment and its state()")
