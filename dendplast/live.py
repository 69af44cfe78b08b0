"""A cell whose spines grow, shrink, come and go between the sessions of a timeline, and the sessions themselves."""

from __future__ import annotations

import time as clock
from dataclasses import fields, replace
from typing import Any

import numpy as np

from .driver import Driver
from .experiment import Experiment
from .memory import Weeks, interval
from .model import Model
from .moments import resolve_time
from .placing import place_at
from .population import unitary
from .recorder import Recorder
from .release import LIGAND
from .remodel import remodel
from .result import OUTCOMES, Result
from .rule import INTEGRALS, STATES, State, efficacy
from .simulate import provenance
from .slots import spine_slots, write_spines
from .spines import Spines
from .stepping import fixed_step
from .timeline import Session, Timeline

__all__ = ["LiveCell", "Window", "present"]

EXCHANGE = 1e4
"""What spines share moves on at this interval (ms): a thirtieth of the life of the neighbours' signal."""

GAP = 25.0
"""While the cell is active the driver shows itself every 20 ms; longer without a sample (ms) is a rest."""

_SHAPE_STREAM = 9973  # added to the seed: shapes of spines that form are drawn apart from those of the beginning


class LiveCell:
    """The cell of a timeline in NEURON, and every spine that it ever had, by the number it keeps for life.

    Parameters
    ----------
    model : Model
        As built: its spines are numbers 0 to n - 1.

    Attributes
    ----------
    spines : Spines
        Every spine as it was when it was born, or first seen.
    conductances : dict of str to ndarray, shape (n_spine,)
        ``g_ampa``, ``g_nmda``, ``g_vgcc`` of every spine then (uS).
    ids : ndarray of int
        Numbers of the spines that are in the model now.
    """

    def __init__(self, model: Model) -> None:
        self.model, self.spines = model, model.spines
        self.conductances = {name: values.copy() for name, values in model.conductances.items()}
        self.ids = np.arange(len(model.spines))
        self.experiment, self.tone = model.experiment, dict(model.tone)

    def born(self, section: np.ndarray, x: np.ndarray, volume: np.ndarray) -> None:
        """Take in spines that have formed since (sections, places in them, head volumes in um3 by number)."""
        n = len(self.spines)
        if len(section) == n:
            return
        seed = self.experiment.seed + _SHAPE_STREAM + n
        new = place_at(self.model.tree, section[n:], x[n:], self.model.preset.spines, seed)
        new = replace(new, volume=np.asarray(volume[n:], float))
        self.spines = Spines(
            *(np.concatenate([getattr(self.spines, f.name), getattr(new, f.name)]) for f in fields(Spines))
        )
        for name, values in unitary(self.model.parameters, new.volume).items():
            self.conductances[name] = np.append(self.conductances[name], values)

    def show(self, ids: np.ndarray, volume: np.ndarray) -> None:
        """Make the spines of the model these, of these head volumes (um3); necks and channels follow.

        Necks widen and calcium channels are added as a head grows (`neck_power`, `vgcc_power`); NMDA receptors
        stay, so that the same synaptic current raises calcium less in a larger head.  AMPA receptors are the
        weight, which the rule brings along.
        """
        flat = self.model.parameters.flat()
        there, now = self.spines.select(ids), np.asarray(volume, float)
        growth = now / there.volume
        shaped = replace(there, volume=now, R_neck=there.R_neck * growth ** -flat["neck_power"])
        g = {name: values[ids] for name, values in self.conductances.items()}
        g["g_vgcc"] = g["g_vgcc"] * growth ** flat["vgcc_power"]
        self.model.spines, self.model.conductances, self.ids = shaped, g, ids
        remodel(self.model, np.arange(len(ids)))


def present(session: Session, ids: np.ndarray) -> tuple[Any, ...]:
    """Return a session's protocols in the numbers of the model, whose spines have numbers `ids`.

    A protocol of which no spine is left is not done; those after it keep their times.
    """
    number = {int(one): k for k, one in enumerate(ids)}
    out, end = [], 0.0
    for item in session.protocol:
        start = resolve_time(item.start, end)
        end = max(end, item.end(start))
        item = item.replaced(start=start)
        for key in ("spines", "at"):
            value = getattr(item, key, None)
            if isinstance(value, tuple):
                left = tuple(number[one] for one in value if one in number)
                item = item.replaced(**{key: left}) if left else None
            elif isinstance(value, int):
                item = item.replaced(**{key: number[value]}) if value in number else None
            if item is None:
                break
        if item is not None:
            out.append(item)
    return tuple(out)


def named(session: Session) -> np.ndarray:
    """Return the numbers of the spines that a session names."""
    found: list[int] = []
    for item in session.protocol:
        for value in (getattr(item, "spines", ()), getattr(item, "at", ())):
            found += value if isinstance(value, tuple) else [value] if isinstance(value, int) else []
    return np.unique(np.array(found, int))


class _Kinase:
    """Watches a run for its recorder, and adds up kinase activity on the way."""

    def __init__(self, model: Model, recorder: Recorder, tau: float) -> None:
        self.recorder, self.tau, self.every_active = recorder, tau, recorder.every_active
        self.slots = spine_slots(model.every, ["kinase"])["kinase"]
        self.due = False
        self.anew(0.0)

    def anew(self, t: float) -> None:
        """Begin to add up at `t` (ms)."""
        self.area, self.last, self.value = 0.0, t, self.slots.get()

    def wants(self, t: float, active_since: float | None) -> bool:
        """Return whether a sample is due: at every chance while the cell is active."""
        self.due = self.recorder.wants(t, active_since)
        return active_since is not None or self.due

    def sample(self, t: float, active: bool) -> None:
        """Add what the kinase did since the last sample, and let the recorder take one that is due to it."""
        if self.due:
            self.recorder.sample(t, active)
        self._add(t)

    def _add(self, t: float) -> None:
        h, now = t - self.last, self.slots.get()
        if h <= GAP:
            self.area = self.area + 0.5 * h * (self.value + now)
        else:  # nothing was active in between, so that it has only decayed
            self.area = self.area - self.tau * np.expm1(-h / self.tau) * self.value
        self.last, self.value = t, now

    def mean(self, t: float, h: float) -> np.ndarray:
        """Return the mean over the last `h` ms, until `t` (ms), and begin anew."""
        self._add(t)
        out = np.asarray(self.area) / h
        self.anew(t)
        return out


class Window:
    """A session as `memory.Weeks` plays it: spines go into NEURON, live there, and come back.

    Parameters
    ----------
    session : Session
        What is done.
    cell : LiveCell
        To whom.
    timeline : Timeline
        Whose drugs and steps of the tone go on in the session.
    keep : list
        Gets the `Result` of the session's run, and the numbers of its spines.
    """

    def __init__(self, session: Session, cell: LiveCell, timeline: Timeline, keep: list[Any]) -> None:
        self.session, self.cell, self.timeline, self.keep = session, cell, timeline, keep
        self.start, self.stop, self.spines = session.start, session.stop, named(session)

    def play(self, weeks: Weeks) -> None:
        """Move `weeks` from `start` to `stop`."""
        wall, cell, model = clock.perf_counter(), self.cell, self.cell.model
        roster = weeks.roster
        ids = np.flatnonzero(roster.alive)
        rows = weeks.rows.own(roster, ids)
        cell.born(roster.section, roster.x, roster.volume)
        cell.show(ids, weeks.rows.y["volume"][rows])
        model.experiment, model.tone = self._experiment(ids), self._tone()
        model.held = {"share_prp": 0.0} if weeks.proteins is not None else {}
        model._compile()
        recorder = Recorder(model)
        watch = _Kinase(model, recorder, weeks.p.tau_K)
        driver = Driver(model, watch)
        model.driver = driver
        try:
            with fixed_step(model.experiment.numerics.dt, model.celsius):
                driver.start()
                self._alternate(weeks, rows, driver, watch)
            self.keep.append((self._result(recorder, driver, weeks.rows.size[rows], wall), ids))
        finally:
            model.driver, model.experiment, model.tone, model.held = None, cell.experiment, cell.tone, {}

    def _experiment(self, ids: np.ndarray) -> Experiment:
        """Return the session as an experiment of its own, whose clock begins with it."""
        shifted = (
            drug.replaced(start=drug.start - self.start, stop=drug.stop - self.start)
            for drug in self.timeline.drugs
            if drug.stop + 20 * drug.wash > self.start and drug.start < self.stop
        )
        tone = []
        for step in self.timeline.steps:
            begin, end = (t - self.start for t in interval(step))
            if 0 < begin < self.session.length:
                tone.append(step.replaced(start=begin, duration=None if np.isinf(end) else end - begin))
            elif begin <= 0 < end < self.session.length:  # it begins in `_tone`
                back = self.cell.tone[LIGAND[step.modulator]]
                tone.append(step.replaced(start=end, duration=None, conc=back))
        return self.cell.experiment.replaced(
            protocol=(*tone, *present(self.session, ids)), drugs=tuple(shifted), until=self.session.length
        )

    def _tone(self) -> dict[str, float]:
        """Return the tone with which the session begins (mM)."""
        held = [step for step in self.timeline.steps if interval(step)[0] <= self.start < interval(step)[1]]
        now = {LIGAND[step.modulator]: step.conc for step in held}
        return self.cell.tone | now

    def _alternate(self, weeks: Weeks, rows: np.ndarray, driver: Driver, watch: _Kinase) -> None:
        """Let electricity and what spines share take turns."""
        size = driver.model.spines.volume / weeks.rows.size[rows]  # the head's volume counts as unchanged in NEURON
        weeks.supply(EXCHANGE)
        _enter(weeks, rows, driver, size, every=True)
        watch.anew(0.0)
        for end in [*np.arange(EXCHANGE, self.stop - self.start, EXCHANGE), self.stop - self.start]:
            driver.to(end)
            if end == self.stop - self.start:
                driver.reach(end)
            h = driver.t - (weeks.t - self.start)
            if h <= 0:
                continue
            moved = State.of({name: driver.slow[name].get() for name in (*STATES, *INTEGRALS)})
            moved["volume"] = moved["volume"] / size
            weeks.follow(h, rows, moved, watch.mean(driver.t, h))
            weeks.t = self.start + driver.t
            weeks.supply(EXCHANGE)
            _enter(weeks, rows, driver, size)

    def _result(self, recorder: Recorder, driver: Driver, first: np.ndarray, wall: float) -> Result:
        """Return the run; `first` are the heads' volumes at the beginning of the timeline (um3)."""
        model, traces, outcome = self.cell.model, recorder.arrays(), driver.peek(driver.t)
        for table in (traces, outcome):
            if "volume" in table:
                table["volume"] = table["volume"] * (first / model.spines.volume).astype(table["volume"].dtype)
        return Result(
            experiment=model.experiment.to_toml(),
            spines=model.spines, tree=model.tree, sites=model.schedule.sites, deliveries=model.deliveries,
            time=np.array(recorder.time), traces=traces, soma_v=np.array(recorder.soma_v, np.float32),
            outcome_time=np.array([driver.t]), outcomes={n: outcome[n][None] for n in OUTCOMES},
            lost=np.zeros((1, len(model.spines)), bool), conductances=dict(model.conductances),
            provenance=provenance(model.experiment.seed) | {"wall_time_s": clock.perf_counter() - wall},
        )  # fmt: skip


def _enter(weeks: Weeks, rows: np.ndarray, driver: Driver, size: np.ndarray, every: bool = False) -> None:
    """Write into the spines what they share, and with `every` all of their states."""
    y = State(weeks.rows.y.array[:, rows])
    for name in (*STATES, *INTEGRALS) if every else ("prp", "late", "tag_D"):
        driver.slow[name].set(y[name] * size if name == "volume" else y[name])
    if driver.model.experiment.numerics.plastic:
        driver.slow["w"].set(efficacy(y, weeks.p))
    threshold = np.broadcast_to(weeks.numbers(rows).K_P, len(rows))
    write_spines(driver.model.every, {"K_P": threshold})
    driver.exchange.change("K_P", threshold)
