"""Everything modulatory of one run: events, who hears of which release, bath and clearance in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .consolidate import Arrivals
from .diffusion import Deliveries
from .drugs import bath, bath_times, unblocked
from .errors import ParameterError
from .field import Field, solve_field
from .presynaptic import Presynaptic
from .release import LIGAND, MODULATORS, Medium, SoeSettings
from .schedule import Schedule, compile_schedule
from .terminals import Tissue

__all__ = ["Supply"]


@dataclass(frozen=True, eq=False)
class Supply:
    """What spines at given places are supplied with.

    While uptake is blocked a release spreads by the uptake that holds when it happens, and what has arrived
    decays by the uptake of each moment. That is exact: diffusion with a uniform first-order loss k(t) is
    diffusion without loss times exp(-integral of k), and only a change of k between release and arrival, some
    milliseconds, is missed.

    Attributes
    ----------
    schedule : Schedule
        Events of the run.
    tissue : Tissue
        Media, tone, lesions and drugs.
    xyz : ndarray, shape (n_spine, 3)
        Places of the spines (um).
    soe : SoeSettings
        Numerics of the spread.
    backend, grid_h : str, float
        Solver of the field (`field.solve_field`) and distance of grid points (um).
    """

    schedule: Schedule
    tissue: Tissue
    xyz: np.ndarray
    soe: SoeSettings
    backend: str = "auto"
    grid_h: float = 1.0

    @classmethod
    def of(
        cls, protocols: Sequence[Any], resolve: Callable[[Any], np.ndarray], seed: int, tissue: Tissue,
        xyz: np.ndarray, soe: SoeSettings, backend: str = "auto", grid_h: float = 1.0,
        synapse: Presynaptic | None = None,
    ) -> Supply:  # fmt: skip
        """Compile protocols (`schedule.compile_schedule`) in a tissue."""
        return cls(compile_schedule(protocols, resolve, seed, tissue, synapse), tissue, xyz, soe, backend, grid_h)

    def at(self, xyz: np.ndarray) -> Supply:
        """Return what other places are supplied with, shape (n, 3) in um."""
        return replace(self, xyz=xyz)

    def under(self, drugs: tuple[Any, ...]) -> Supply:
        """Return the same under other drugs; releases keep the amounts they were compiled with."""
        return replace(self, tissue=replace(self.tissue, drugs=drugs))

    def left(self, modulator: str, t: float) -> float:
        """Return the share of a modulator's clearance that blockers leave at time `t` (ms)."""
        medium = self.tissue.media[modulator]
        return unblocked(self.tissue.drugs, medium.transporter, medium.residual, t)

    def uptake(self, t: float) -> dict[str, float]:
        """Return the loss of released ``da``, ``ach``, ``ne`` at time `t` (/ms)."""
        return {LIGAND[m]: medium.uptake * self.left(m, t) for m, medium in self.tissue.media.items()}

    def bath(self, t: float) -> dict[str, float]:
        """Return what tone and drugs set at time `t` (ms): `drugs.bath`, and ``uptake_da`` and the others."""
        tone = {name: level(t) for name, level in self.schedule.tone.items()}
        rates = {f"uptake_{name}": rate for name, rate in self.uptake(t).items()}
        return bath(self.tissue.drugs, tone, t) | rates

    def bath_times(self, t0: float, t1: float) -> np.ndarray:
        """Return the times in (t0, t1) at which the bath changes (ms)."""
        tone = self.schedule.tone.values()
        if not self.tissue.drugs and all(len(level.edges) == 1 for level in tone):
            return np.zeros(0)  # asked for at every stop of a run
        moved = [level.times(t0, t1) for level in tone]
        return np.unique(np.concatenate([bath_times(self.tissue.drugs, t0, t1), *moved]))

    @cached_property
    def _shares(self) -> np.ndarray:
        """Share of clearance that is left at each release (1)."""
        s = self.schedule
        at = zip(s.release_time, s.release_site.astype(int), strict=True)
        return np.array([self.left(s.sites[k].modulator, t) for t, k in at])

    @cached_property
    def _kinds(self) -> np.ndarray:
        """Modulator of each release."""
        return np.array([s.modulator for s in self.schedule.sites], object)[self.schedule.release_site.astype(int)]

    @cached_property
    def _varying(self) -> list[str]:
        """Modulators whose releases differ in amount, or meet uptake that is blocked."""
        odd = (self.schedule.release_weight != 1) | (self._shares != 1)
        return [m for m in MODULATORS if odd[self._kinds == m].any()]

    @cached_property
    def field(self) -> Field:
        """What the releases bring to the places, and by which solver.

        Releases that differ in amount or meet blocked uptake are carried as exponentials; they are listed with the
        least uptake that any of them meets.

        Raises
        ------
        ParameterError
            If another solver than exponentials is asked for such releases.
        """
        if not self._varying:
            return self._solve(np.ones(len(self._kinds), bool), {}, self.backend)
        if self.backend not in ("auto", "soe"):
            raise ParameterError(
                f"numerics.field = {self.backend!r}: releases of {' and '.join(self._varying)} differ in amount or "
                f"meet blocked uptake, which only 'soe' carries"
            )
        varies = np.isin(self._kinds, self._varying)
        least = {m: float(self._shares[self._kinds == m].min()) for m in self._varying}
        steady, moving = self._solve(~varies, {}, self.backend), self._solve(varies, least, "soe")
        mine = np.isin(np.array([s.modulator for s in self.schedule.sites], object), self._varying)
        table = _joined(steady.deliveries, moving.deliveries, mine)
        why = dict.fromkeys(self._varying, "soe: releases differ in amount, or meet blocked uptake")
        return Field(table, steady.linear.rows(~mine[steady.linear.site]), steady.courses, dict(steady.report) | why)

    def _solve(self, which: np.ndarray, left: Mapping[str, float], backend: str) -> Field:
        """Solve for some of the releases while so much of each modulator's clearance is left."""
        s = self.schedule
        media = {m: _slowed(medium, left.get(m, 1.0)) for m, medium in self.tissue.media.items()}
        return solve_field(
            s.sites, s.release_time[which], s.release_site[which].astype(int), self.xyz, media, backend, self.grid_h,
            self.soe,
        )  # fmt: skip

    @cached_property
    def arrivals(self) -> Arrivals:
        """Every release that acts as exponentials, as it arrives at every place in reach, sorted by time."""
        s = self.schedule
        varies = np.isin(self._kinds, self._varying)
        site = s.release_site.astype(int)
        parts = [Arrivals.of(self.field.linear, s.release_time[~varies], site[~varies])]
        for share in np.unique(self._shares[varies]):
            now = varies & (self._shares == share)
            table = self._solve(now, dict.fromkeys(MODULATORS, float(share)), "soe").linear
            parts.append(Arrivals.of(table, s.release_time[now], site[now], s.release_weight[now]))
        return Arrivals.merged(parts)


def _joined(steady: Deliveries, moving: Deliveries, which: np.ndarray) -> Deliveries:
    """Return the rows of one table for some sites and those of another for the rest, sorted by site and spine."""
    one, two = steady.rows(~which[steady.site]), moving.rows(which[moving.site])
    order = np.lexsort((np.append(one.spine, two.spine), np.append(one.site, two.site)))
    columns = ("site", "spine", "distance", "delay", "peak", "weights", "error")
    rows = {n: np.concatenate([getattr(one, n), getattr(two, n)])[order] for n in columns}
    return replace(moving, **rows, rates=np.where(which[:, None], moving.rates, steady.rates))


def _slowed(medium: Medium, left: float) -> Medium:
    """Return a medium whose transporter a competitive blocker has left a share of at low concentrations."""
    return medium if left == 1 else medium.replaced(Km=medium.Km / left)
