"""Spines of a tree over weeks: the rule of each, what they share, and who is lost and formed.

Between stimuli the rule moves by `rule.midpoint` on steps that grow; what spines share (proteins, Ras-like signal)
moves by operator splitting; spines are lost and formed at the ends of windows.  The grid of steps depends on the
schedule alone: looking at a moment, or stopping there and going on, changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from ..consolidate import LIGANDS, rest_grid
from ..drugs import Drug, bath, bath_times, shrinking
from ..errors import ParameterError
from ..fastrule import Rule
from ..geometry import Geometry
from ..modulation import ToneStep
from ..parameters import RECEPTORS, SHARES, Parameters
from ..release import LIGAND
from ..rule import State, Surround, bound, efficacy, parameters, resting, synthesises
from .pools import Crosstalk, Proteins, Signal
from .roster import Roster
from .rows import Rows
from .shrinkage import Shrinkage
from .stimuli import Puff, Stimulus, Trace, Window, interval
from .structure import born, growth, hazard_rate, remember

__all__ = ["SHOWN", "Weeks"]

LONGEST = 3.6e6
"""Longest step of a rest (ms), reached ten hours after the last event; against steps of a minute, weights after a day
move by less than 2 % (a test)."""

FIRST = 10.0
"""First step of a rest after a change in the bath (ms); receptors, which bind in 200 ms, follow it exactly."""

WINDOW = 2.16e7
"""Spines are lost and formed every 6 h: at this interval (ms)."""

AHEAD = 1e8
"""A rest without end has its grid this far (ms) beyond what is asked, so that the end asked for has no say in it."""

SHOWN = ("early", "late", "tag_P", "tag_D", "volume", "primed", "theta", "elig_P", "elig_D")
"""States of the rule in an outcome."""


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
    schedule : sequence of Stimulus, Trace or Window
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
    shrinkage : bool
        Whether idle neighbours of potentiated spines are weakened.
    background : float
        Mean calcium that ongoing activity adds to rest in every spine (mM); it moves the sliding threshold.
    steps : sequence of ToneStep
        Changes of the tone; of those that overlap the later one in the sequence holds.
    each : float
        How many spines of the cell each of these stands for: where only some of a dendrite's spines are simulated,
        the proteins that they make and take are those of all.

    Raises
    ------
    ParameterError
        If stimuli overlap, or name a spine that is not there.

    Attributes
    ----------
    t : float
        Biological time (ms): the last step of the grid before the time that was asked for (see `look`).
    roster : Roster
        Spines by id.
    rows : Rows
        States by row.
    """

    def __init__(
        self, tree: Geometry, segment: np.ndarray, x: np.ndarray, volume: np.ndarray, values: Parameters,
        schedule: Sequence[Stimulus | Trace | Window] = (), puffs: Sequence[Puff] = (), drugs: Sequence[Drug] = (),
        tone: Mapping[str, float] | None = None, seed: int = 0, proteins: bool = True, crosstalk: bool = True,
        structure: bool = True, background: float = 0.0, steps: Sequence[ToneStep] = (),
        each: float = 1.0, shrinkage: bool = True,
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
        self.steps = tuple((*interval(step), LIGAND[step.modulator], step.conc) for step in steps)
        self.p = parameters(values.flat(), float(np.mean(volume)))
        self.calcium = self.p.ca_rest + background
        self.proteins = Proteins(tree, self.p, each) if proteins else None
        base = self.proteins.spread if self.proteins else None
        self.crosstalk = Crosstalk(tree, self.p, base) if crosstalk else None
        base = base or (self.crosstalk.spread if self.crosstalk else None)
        self.shrinkage = Shrinkage(tree, self.p, base) if shrinkage else None
        start = resting(self.p, self._bath(0.0), (1,))
        if background:  # it has been there for long
            level = 1 + self.p.w_theta * (background / self.p.ca_mean - 1)
            start["theta"] = np.full(1, np.clip(level, self.p.theta_lo, self.p.theta_hi))
        self.rows = Rows(start, self.p.head_volume)
        self._tone_drive = self._drive(start)
        self._since = self._asked = 0.0
        self._next = 0
        self._window = 0

    # ---- surround -----------------------------------------------------------------------------------

    def _living(self, ids: np.ndarray) -> np.ndarray:
        return ids[self.roster.alive[ids]]

    def _bath(self, t: float) -> Surround:
        """Return what tone and drugs make at `t` (ms)."""
        tone = self.tone | {name: conc for begin, end, name, conc in self.steps if begin <= t < end}
        now = bath(self.drugs, tone, t)
        drugs = {
            kind: {r: now[f"{short}_{r}"] for r in RECEPTORS if now[f"{short}_{r}"]}
            for kind, short in (("agonist", "ago"), ("antagonist", "ant"))
        }
        free = {name: now[f"{name}_ext"] for name in LIGANDS}
        share = {name: now[f"share_{name}"] for name in SHARES}
        return Surround(**free, **drugs, gs=now["gs_ext"], share=share, pooled=self.proteins is not None)

    def around(self, t: float, rows: np.ndarray | slice = slice(None)) -> Surround:
        """Return what rows see at `t` (ms); spines that a puff reaches get rows of their own."""
        out = self._bath(t)
        for puff in self.puffs:
            if puff.start <= t < puff.stop:
                name, level = LIGAND[puff.modulator], puff.conc
                if puff.spines is not None:
                    mine = self.rows.own(self.roster, self._living(puff.spines))
                    level = np.bincount(mine, np.full(len(mine), puff.conc), len(self.rows))[rows]
                out = replace(out, **{name: getattr(out, name) + level})
        return out

    def numbers(self, rows: np.ndarray | slice = slice(None)) -> SimpleNamespace:
        """Return the parameters of some rows: their size, and the kinase threshold that others have moved."""
        numbers, r = SimpleNamespace(**vars(self.p)), self.rows
        numbers.head_volume = r.size[rows]
        numbers.K_P = self.p.K_P * (1 + self.p.w_abs * r.absence[rows])
        if self.crosstalk is not None and self.crosstalk.c.any():
            numbers.K_P = numbers.K_P * self.crosstalk.lowering(r.place[rows])
        return numbers

    def _rule(self, rows: np.ndarray | slice = slice(None)) -> Rule:
        """Return the compiled rule of some rows."""
        numbers = self.numbers(rows)
        return Rule(numbers, np.shape(numbers.head_volume))

    def _drive(self, y: State) -> np.ndarray:
        """Return how far modulators occupy the receptors that drive PKA and PLC (1)."""
        p = self.p
        return sum(getattr(p, "x_" + name) * bound(y, name, p) for name in ("D1", "beta", "M1", "alpha1"))

    # ---- motion -------------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        """Go on to `until` (ms), or to the last step before it; an event that begins before it is played whole."""
        self._asked = max(self._asked, until)
        while self._next < len(self.schedule) and self.schedule[self._next].start < until:
            event = self.schedule[self._next]
            self._rest(event.start, event.start)
            self._next += 1
            event.play(self) if isinstance(event, Window) else self._excite(event)
            self._since = self.t
            while self.structure and self.t >= (self._window + 1) * WINDOW:
                self._turn_over()
        later = self.schedule[self._next].start if self._next < len(self.schedule) else until + AHEAD
        self._rest(later, until)

    def look(self, t: float | None = None) -> Weeks:
        """Return a copy at `t` (ms), at or after where this one is; the time last asked for when not given."""
        shared = [self.tree, self.first, self.schedule, self.p, *(pool.spread for pool in self._pools())]
        twin = copy.deepcopy(self, {id(part): part for part in shared})
        t = self._asked if t is None else t
        if t > twin.t:
            twin.step(t - twin.t)
        return twin

    def _pools(self) -> list[Proteins | Signal]:
        return [pool for pool in (self.proteins, self.crosstalk, self.shrinkage) if pool is not None]

    def _rest(self, horizon: float, until: float) -> None:
        """Rest on the grid that begins at the end of the last event and ends at `horizon`, as far as `until`."""
        if self.t >= until:
            return
        edges = [t for puff in self.puffs for t in (puff.start, puff.stop)]
        edges += [t for step in self.steps for t in step[:2]]
        breaks = np.append(edges, bath_times(self.drugs, self._since, horizon))
        grid = rest_grid(self._since, horizon, breaks, FIRST, longest=LONGEST, late=0.0)
        if self.structure:
            grid = np.union1d(grid, np.arange(self._window + 1, until // WINDOW + 1) * WINDOW)
        for end in grid[(grid > self.t) & (grid <= until)]:
            self.step(float(end) - self.t)
            self.t = float(end)  # the very number: rounding must not leave a rest before the next event
            if self.structure and end >= (self._window + 1) * WINDOW:
                self._turn_over()

    def step(self, h: float) -> None:
        """Move everything by `h` ms without electricity."""
        around = self.around(self.t + 0.5 * h)
        before = self.supply(h)
        self.rows.y = self._rule().midpoint(self.rows.y, self.calcium, around, h)
        self._shared(h, before, around, self.rows.y["kinase"])

    def supply(self, h: float) -> np.ndarray:
        """Write what the tree offers for the next `h` ms into the spines, and return their late weights.

        Proteins bind where there are tags: a spine whose tag has all but faded captures slowly.
        """
        y = self.rows.y
        if self.proteins is not None:
            tag = y["tag_P"] + y["tag_D"]
            y["prp"] = tag * self.proteins.offer(self.rows.place, tag * np.abs(y["early"]) * h / self.p.tau_z)
        return y["late"].copy()

    def follow(self, h: float, rows: np.ndarray, moved: State, kinase: np.ndarray) -> None:
        """Take the states of some rows from elsewhere, `h` ms on since `supply`, and move all that is not theirs.

        Parameters
        ----------
        h : float
            ms.
        rows : ndarray of int, shape (n,)
            Rows that something else has moved, under `around` and `numbers`.
        moved : State, shape (n,)
            Where it has moved them.
        kinase : ndarray, shape (n,)
            Their mean kinase activity meanwhile (1).
        """
        around, before = self.around(self.t + 0.5 * h), self.rows.y["late"].copy()
        self.rows.y = self._rule().midpoint(self.rows.y, self.calcium, around, h)
        mean = self.rows.y["kinase"].copy()
        self.rows.y.array[:, rows], mean[rows] = moved.array, kinase
        self._shared(h, before, around, mean)

    def _shared(self, h: float, late: np.ndarray, around: Surround, kinase: np.ndarray) -> None:
        """Move what spines share, and their slow memories, by the `h` ms that the rule has just moved."""
        r, p = self.rows, self.p
        y = r.y
        if self.proteins is not None:
            self.proteins.take(r.place, y["late"] - late)
            on = synthesises(y, around, p)
            self.proteins.advance(self.t, h, r.place, on, around.left("prp"))
        if self.crosstalk is not None:
            self.crosstalk.advance(h, r.place, kinase)
        if self.shrinkage is not None:
            self.shrinkage.tag(y, r.place, h)
            self.shrinkage.advance(h, r.place, kinase, shrinking(self.drugs, self.t + 0.5 * h))
        y["late"] = y["late"] * np.exp(-h / p.tau_late)
        r.history = remember(r.history, y["tag_P"], y["tag_D"], y["late"], h, p)
        missing = np.maximum(self._tone_drive - self._drive(y), 0.0)
        aim = missing / (missing + p.K_abs)
        r.absence = aim + (r.absence - aim) * np.exp(-h / p.tau_abs)
        r.hazard = r.hazard + h * hazard_rate(r.history, p)
        r.signal = r.signal + h * np.minimum(y["tag_P"] + y["tag_D"], 1.0) * y["primed"]
        self.t += h
        if self.shrinkage is not None and self.shrinkage.c.any():  # spines that feel it have rows of their own
            r.own(self.roster, np.flatnonzero(self.roster.alive & self.shrinkage.felt[self.roster.segment]))

    def _excite(self, event: Stimulus | Trace) -> None:
        """Set traces, or move the active spines tick by tick and all others once a repetition."""
        rows = self.rows.own(self.roster, self._living(event.spines))
        keep = self.roster.alive[event.spines]
        if isinstance(event, Trace):
            for name in ("elig_P", "elig_D"):
                least = np.broadcast_to(getattr(event, name), event.spines.shape)[keep]
                self.rows.y[name][rows] = np.maximum(self.rows.y[name][rows], least)
            return
        cai = event.cai if event.cai.shape[1] == 1 else event.cai[:, keep]
        for k in range(event.n):
            last = k + 1 == event.n
            end = event.start + k * event.interval + (len(cai) if last else event.interval)
            h = end - self.t
            self.around(self.t + 0.5 * h)  # rows first: what they see has their shape
            self.supply(h)
            self.follow(h, rows, *self._active(rows, cai, event.pre, h))
            self.t = float(end)

    def _active(
        self, rows: np.ndarray, cai: np.ndarray, pre: np.ndarray | None, h: float
    ) -> tuple[State, np.ndarray]:
        """Return the states of the active rows after a unit of calcium and the rest of its `h` ms, and mean kinase."""
        y, rule = State(self.rows.y.array[:, rows]), self._rule(rows)
        around = self.around(self.t + 0.5 * h, rows)
        area = np.zeros(len(rows))
        steps = [(1.0, ca, None if pre is None else pre[k]) for k, ca in enumerate(cai)]
        if h > len(cai):
            ends = rest_grid(float(len(cai)), h, np.zeros(0))
            steps += [(size, None, None) for size in np.diff(ends, prepend=len(cai))]
        for size, ca, release in steps:
            if ca is None:
                y = rule.midpoint(y, self.calcium, around, size)
            else:
                seen = around if release is None else replace(around, release=release)
                y = rule.learn(y, ca, seen, size)
            area += size * y["kinase"]
        return y, area / h

    # ---- structure ----------------------------------------------------------------------------------

    def _turn_over(self) -> None:
        """End a window: spines over their limit are gone, new ones have formed."""
        self._window += 1
        roster, r = self.roster, self.rows
        ids = np.flatnonzero(roster.alive)
        gone = ids[r.hazard[roster.row[ids]] > roster.limit[ids]]
        roster.lost[gone] = self.t
        count = np.bincount(roster.segment[ids], minlength=len(self.tree))
        raised = growth(r.place, r.signal / WINDOW, count, self.p)
        r.signal = np.zeros_like(r.signal)
        draw = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, self._window)))
        segment, x = born(self.tree, self.first, raised, WINDOW, self.p, draw)
        roster.row[gone] = -1
        r.drop_empty(roster)
        if len(segment):
            roster.add(segment, self.tree.section[segment], x, self.p.V_new, r.newborn(self.p), self.t)

    # ---- outcome ------------------------------------------------------------------------------------

    def outcome(self, t: float | None = None) -> dict[str, np.ndarray]:
        """Return, by id, the states of every spine that ever was, NaN for those lost, and who they are.

        Parameters
        ----------
        t : float, optional
            When (ms), as in `look`.

        Returns
        -------
        dict
            ``spine_id``, ``section``, ``x``, ``segment``, ``born`` and ``lost_at`` (ms), ``w``, ``history``,
            ``hazard`` and states of the rule, shape (n_spine,) each.
        """
        now = self.look(t)
        roster, r = now.roster, now.rows
        alive, row = roster.alive, np.maximum(roster.row, 0)
        out = {"spine_id": np.arange(len(roster)), "section": roster.section, "segment": roster.segment,
               "x": roster.x, "born": roster.born, "lost_at": roster.lost}  # fmt: skip
        states = {name: r.y[name] for name in SHOWN}
        states |= {"w": efficacy(r.y, now.p), "history": r.history, "hazard": r.hazard}
        out |= {name: np.where(alive, values[row], np.nan) for name, values in states.items()}
        own = r.place[row] >= 0
        out["volume"] = np.where(own, out["volume"], out["volume"] * roster.volume / r.size[row])
        return out
