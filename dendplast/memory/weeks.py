"""Spines of a tree over weeks: the rule of each, what they share, and who is lost and formed.

Between stimuli the rule moves by `rule.midpoint` on steps that grow; what spines share (proteins, Ras-like signal)
moves by operator splitting; spines are lost and formed at the ends of windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..consolidate import LIGANDS, rest_grid
from ..drugs import Drug, bath, bath_times
from ..errors import ParameterError
from ..geometry import Geometry
from ..parameters import RECEPTORS, SHARES, Parameters
from ..release import LIGAND
from ..rule import State, Surround, bound, efficacy, learn, midpoint, parameters, resting, synthesises
from .pools import Crosstalk, Proteins
from .roster import Roster
from .stimuli import Puff, Stimulus, Trace
from .structure import born, growth, hazard_rate, remember

__all__ = ["Weeks"]

LONGEST = 6e5
"""Longest step of a rest (ms); against steps of 20 s, weights after a day move by less than 2 % (a test)."""

FIRST = 10.0
"""First step of a rest after a change in the bath (ms); receptors, which bind in 200 ms, follow it exactly."""

WINDOW = 2.16e7
"""Spines are lost and formed every 6 h: at this interval (ms)."""

SHOWN = ("early", "late", "tag_P", "tag_D", "volume", "primed", "theta", "elig_P", "elig_D")


class Weeks:
    """The spines of one tree and a schedule.

    Parameters
    ----------
    tree : Geometry
        Segments, not longer than some 5 um where `crosstalk` matters (`finer`).
    segment : ndarray of int, shape (n_spine,)
        Segment below each spine.
    x : ndarray, shape (n_spine,)
        Position in the section, 0 to 1.
    volume : ndarray, shape (n_spine,)
        Head volume (um3).
    values : Parameters
        Of all spines.
    schedule : sequence of Stimulus or Trace
        Electricity, in any order, not overlapping.
    puffs : sequence of Puff
        Modulators.
    drugs : sequence of Drug
        In the bath.
    tone : mapping of str to float, optional
        ``da``, ``ach``, ``ne`` (mM); none by default.
    seed : int
        Names all chance.
    proteins, crosstalk, structure : bool
        Whether proteins come from the tree (else each spine has its own), neighbours hear a spine, and spines
        are lost and formed.

    Raises
    ------
    ParameterError
        If stimuli overlap, or name a spine that is not there.

    Attributes
    ----------
    t : float
        Biological time (ms).
    roster : Roster
        Spines by id.
    y : State
        States by row.
    """

    def __init__(
        self, tree: Geometry, segment: np.ndarray, x: np.ndarray, volume: np.ndarray, values: Parameters,
        schedule: Sequence[Stimulus | Trace] = (), puffs: Sequence[Puff] = (), drugs: Sequence[Drug] = (),
        tone: dict[str, float] | None = None, seed: int = 0, proteins: bool = True, crosstalk: bool = True,
        structure: bool = True,
    ) -> None:  # fmt: skip
        self.tree, self.t, self.seed, self.structure = tree, 0.0, seed, structure
        self.roster = Roster(segment, tree.section[segment], x, volume, seed)
        self.first = np.bincount(segment, minlength=len(tree))
        self.schedule = sorted(schedule, key=lambda event: event.start)
        for before, after in zip(self.schedule[:-1], self.schedule[1:], strict=True):
            if after.start < before.stop:
                raise ParameterError(
                    f"start = {after.start:g} ms: a stimulus begins before the last has ended, at {before.stop:g} ms"
                )
        for event in (*self.schedule, *(puff for puff in puffs if puff.spines is not None)):
            self.roster.check(event.spines)
        self.puffs, self.drugs, self.tone = tuple(puffs), tuple(drugs), dict(tone or {})
        self.p = parameters(values.flat(), float(np.mean(volume)))
        self.proteins = Proteins(tree, self.p) if proteins else None
        self.crosstalk = Crosstalk(tree, self.p) if crosstalk else None
        self.place = np.array([-1])  # segment of each row, -1 for a row that stands for several spines
        self.size = np.array([self.p.head_volume])  # head volume of each row (um3)
        self.y = resting(self.p, self._around(0.0, self.place), (1,))
        self.history, self.absence, self.hazard = np.zeros(1), np.zeros(1), np.zeros(1)
        self._tone_drive = self._drive(self.y)
        self._next = 0
        self._window = 0

    # ---- rows ---------------------------------------------------------------------------------------

    def _own(self, ids: np.ndarray) -> np.ndarray:
        """Give spines rows of their own where they share one, and return their rows."""
        shared = ids[self.place[self.roster.row[ids]] < 0]
        if len(shared):
            source = self.roster.row[shared]
            new = self.y.array[:, source]
            y = State(new)
            y["volume"] = y["volume"] * self.roster.volume[shared] / self.size[source]
            self.y = State(np.concatenate([self.y.array, new], axis=1))
            for name in ("history", "absence", "hazard"):
                values = getattr(self, name)
                setattr(self, name, np.append(values, values[source]))
            self.roster.row[shared] = len(self.place) + np.arange(len(shared))
            self.place = np.append(self.place, self.roster.segment[shared])
            self.size = np.append(self.size, self.roster.volume[shared])
        return self.roster.row[ids]

    def _living(self, ids: np.ndarray) -> np.ndarray:
        return ids[self.roster.alive[ids]]

    def _numbers(self, rows: np.ndarray | slice) -> SimpleNamespace:
        """Return the parameters of some rows: their size, and the kinase threshold that others have moved."""
        numbers = SimpleNamespace(**vars(self.p))
        numbers.head_volume = self.size[rows]
        numbers.K_P = self.p.K_P * (1 + self.p.w_abs * self.absence[rows])
        if self.crosstalk is not None and self.crosstalk.c.any():
            numbers.K_P = numbers.K_P * self.crosstalk.lowering(self.place[rows])
        return numbers

    # ---- surround -----------------------------------------------------------------------------------

    def _around(self, t: float, place: np.ndarray, rows: np.ndarray | slice = slice(None)) -> Surround:
        """Return what rows see at `t` (ms)."""
        now = bath(self.drugs, self.tone, t)
        free: dict[str, Any] = {name: now[f"{name}_ext"] for name in LIGANDS}
        for puff in self.puffs:
            if puff.start <= t < puff.stop:
                level = puff.conc
                if puff.spines is not None:
                    level = np.zeros(len(self.place))
                    level[self._own(self._living(puff.spines))] = puff.conc
                    level = level[rows]
                free[LIGAND[puff.modulator]] = free[LIGAND[puff.modulator]] + level
        drugs = {
            kind: {r: now[f"{short}_{r}"] for r in RECEPTORS if now[f"{short}_{r}"]}
            for kind, short in (("agonist", "ago"), ("antagonist", "ant"))
        }
        share = {name: now[f"share_{name}"] for name in SHARES}
        return Surround(**free, **drugs, gs=now["gs_ext"], share=share, pooled=self.proteins is not None)

    def _drive(self, y: State) -> np.ndarray:
        """Return how far modulators occupy the receptors that drive PKA and PLC (1)."""
        p = self.p
        return sum(getattr(p, "x_" + name) * bound(y, name, p) for name in ("D1", "beta", "M1", "alpha1"))

    # ---- motion -------------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        """Go on to `until` (ms)."""
        while self.t < until:
            events = self.schedule[self._next :]
            begin = events[0].start if events else np.inf
            if begin > self.t:
                self._rest(min(begin, until))
            if begin <= self.t and self.t < until:
                self._next += 1
                self._excite(events[0])

    def _rest(self, stop: float) -> None:
        """Rest to `stop`, ending windows on the way."""
        edges = [t for puff in self.puffs for t in (puff.start, puff.stop)]
        breaks = np.append(edges, bath_times(self.drugs, self.t, stop))
        if self.structure:
            last = (self._window + np.arange(1, 2 + (stop - self.t) // WINDOW)) * WINDOW
            ends = last[last <= stop]
        else:
            ends = np.zeros(0)
        grid = rest_grid(self.t, stop, breaks, FIRST, longest=LONGEST)
        for end in np.unique(np.append(grid, ends)):
            self._step(end - self.t)
            self.t = float(end)  # the very number: rounding must not leave a rest before the next event
            if self.structure and end >= (self._window + 1) * WINDOW:
                self._turn_over()

    def _step(self, h: float) -> None:
        """Move everything by `h` ms without calcium."""
        middle = self.t + 0.5 * h
        for puff in self.puffs:  # rows first: what they see has their shape
            if puff.spines is not None and puff.start <= middle < puff.stop:
                self._own(self._living(puff.spines))
        around = self._around(middle, self.place)
        numbers = self._numbers(slice(None))
        before = self._supply(h)
        self.y = midpoint(self.y, self.p.ca_rest, around, h, numbers)
        self._shared(h, before, around, self.y["kinase"])

    def _supply(self, h: float) -> np.ndarray:
        """Write what the tree offers into the spines and return their late weights."""
        y = self.y
        if self.proteins is not None:
            wish = np.abs(y["tag_P"] * (self.p.z_max - y["late"]) + y["tag_D"] * (self.p.z_min - y["late"]))
            y["prp"] = self.proteins.offer(self.place, wish * h / self.p.tau_z)
        return y["late"].copy()

    def _shared(self, h: float, late: np.ndarray, around: Surround, kinase: np.ndarray) -> None:
        """Move what spines share, and their slow memories, by the `h` ms that the rule has just moved."""
        y, p = self.y, self.p
        if self.proteins is not None:
            self.proteins.take(self.place, y["late"] - late)
            on = synthesises(y, around, p)
            self.proteins.advance(self.t, h, self.place, on, around.left("prp"))
        if self.crosstalk is not None:
            self.crosstalk.advance(h, self.place, kinase)
        y["late"] = y["late"] * np.exp(-h / p.tau_late)
        self.history = remember(self.history, y["tag_P"], y["tag_D"], y["late"], h, p)
        aim = np.clip(1 - self._drive(y) / self._tone_drive, 0, 1) if self._tone_drive > 0 else 0.0
        self.absence = aim + (self.absence - aim) * np.exp(-h / p.tau_abs)
        self.hazard = self.hazard + h * hazard_rate(self.history, p)
        self.t += h

    def _excite(self, event: Stimulus | Trace) -> None:
        """Set traces, or move the active spines tick by tick and all others once a repetition."""
        rows = self._own(self._living(event.spines))
        if isinstance(event, Trace):
            keep = self.roster.alive[event.spines]
            for name in ("elig_P", "elig_D"):
                least = np.broadcast_to(getattr(event, name), event.spines.shape)[keep]
                self.y[name][rows] = np.maximum(self.y[name][rows], least)
            return
        cai = event.cai if event.cai.shape[1] == 1 else event.cai[:, self.roster.alive[event.spines]]
        for k in range(event.n):
            end = event.start + k * event.interval + len(cai)
            if k + 1 < event.n:
                end = event.start + (k + 1) * event.interval
            self._repetition(rows, cai, event.pre, end - self.t)
            self.t = float(end)

    def _repetition(self, rows: np.ndarray, cai: np.ndarray, pre: np.ndarray | None, h: float) -> None:
        middle = self.t + 0.5 * h
        around = self._around(middle, self.place)
        before = self._supply(h)
        numbers, mine = self._numbers(slice(None)), self._numbers(rows)
        active, kinase = self._active(rows, cai, pre, middle, h, mine)
        self.y = midpoint(self.y, self.p.ca_rest, around, h, numbers)
        mean = self.y["kinase"].copy()
        if len(rows):
            self.y.array[:, rows] = active.array
            mean[rows] = kinase
        self._shared(h, before, around, mean)

    def _active(
        self, rows: np.ndarray, cai: np.ndarray, pre: np.ndarray | None, middle: float, h: float, p: SimpleNamespace
    ) -> tuple[State, np.ndarray]:
        """Return the states of the active rows after a unit of calcium and the rest of its `h` ms, and mean kinase."""
        y = State(self.y.array[:, rows])
        around = self._around(middle, self.place, rows)
        area = np.zeros(len(rows))
        steps = [(1.0, ca, None if pre is None else pre[k]) for k, ca in enumerate(cai)]
        if h > len(cai):
            ends = rest_grid(float(len(cai)), h, np.zeros(0))
            steps += [(size, None, None) for size in np.diff(ends, prepend=len(cai))]
        for size, ca, release in steps:
            if ca is None:
                y = midpoint(y, self.p.ca_rest, around, size, p)
            else:
                seen = around if release is None else Surround(**(vars(around) | {"release": release}))
                y = learn(y, ca, seen, size, p)
            area += size * y["kinase"]
        return y, area / h

    # ---- structure ----------------------------------------------------------------------------------

    def _turn_over(self) -> None:
        """End a window: spines over their limit are gone, new ones have formed."""
        self._window += 1
        roster, y = self.roster, self.y
        ids = np.flatnonzero(roster.alive)
        gone = ids[self.hazard[roster.row[ids]] > roster.limit[ids]]
        roster.lost[gone] = self.t
        own = self.place >= 0
        count = np.bincount(roster.segment[ids], minlength=len(self.tree))
        tag = np.minimum(y["tag_P"] + y["tag_D"], 1.0)
        raised = growth(np.where(own, self.place, -1), tag, y["primed"], count, self.p)
        draw = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, self._window)))
        segment, x = born(self.tree, self.first, raised, WINDOW, self.p, draw)
        roster.row[gone] = -1
        self._keep_rows()
        if len(segment):
            new = State(self.y.array[:, :1].copy())
            new["volume"] = np.full(1, self.p.V_new)
            self.y = State(np.concatenate([self.y.array, new.array], axis=1))
            self.history, self.hazard = np.append(self.history, self.p.s_new), np.append(self.hazard, 0.0)
            self.absence = np.append(self.absence, self.absence[0])
            self.place, self.size = np.append(self.place, -1), np.append(self.size, self.p.V_new)
            roster.add(segment, self.tree.section[segment], x, self.p.V_new, len(self.place) - 1, self.t)

    def _keep_rows(self) -> None:
        """Drop rows that stand for no spine; row 0 stays, as what a spine is to which nothing happens."""
        roster = self.roster
        keep = np.bincount(roster.row[roster.alive], minlength=len(self.place)) > 0
        keep[0] = True
        number = np.cumsum(keep) - 1
        roster.row = np.where(roster.alive, number[roster.row], -1)
        self.y = State(self.y.array[:, keep])
        for name in ("place", "size", "history", "absence", "hazard"):
            setattr(self, name, getattr(self, name)[keep])

    # ---- outcome ------------------------------------------------------------------------------------

    def outcome(self) -> dict[str, np.ndarray]:
        """Return, by id, the states of every spine that ever was, NaN for those lost, and who they are.

        Returns
        -------
        dict
            ``spine_id``, ``section``, ``x``, ``segment``, ``born`` and ``lost_at`` (ms), ``w``, ``history``,
            ``hazard`` and states of the rule, shape (n_spine,) each.
        """
        roster = self.roster
        alive, row = roster.alive, np.maximum(roster.row, 0)
        out = {"spine_id": np.arange(len(roster)), "section": roster.section, "segment": roster.segment,
               "x": roster.x, "born": roster.born, "lost_at": roster.lost}  # fmt: skip
        states = {name: self.y[name] for name in SHOWN}
        states |= {"w": efficacy(self.y, self.p), "history": self.history, "hazard": self.hazard}
        out |= {name: np.where(alive, values[row], np.nan) for name, values in states.items()}
        own = self.place[row] >= 0
        out["volume"] = np.where(own, out["volume"], out["volume"] * roster.volume / self.size[row])
        return out
