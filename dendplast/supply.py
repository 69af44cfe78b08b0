"""Everything modulatory of one run: events, who hears of which release, bath and clearance in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .consolidate import Arrivals
from .diffusion import Deliveries, deliveries
from .drugs import bath, bath_times, unblocked
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
    """

    schedule: Schedule
    tissue: Tissue
    xyz: np.ndarray
    soe: SoeSettings

    @classmethod
    def of(
        cls, protocols: Sequence[Any], resolve: Callable[[Any], np.ndarray], seed: int, tissue: Tissue,
        xyz: np.ndarray, soe: SoeSettings, synapse: Presynaptic | None = None,
    ) -> Supply:  # fmt: skip
        """Compile protocols (`schedule.compile_schedule`) in a tissue."""
        return cls(compile_schedule(protocols, resolve, seed, tissue, synapse), tissue, xyz, soe)

    def at(self, xyz: np.ndarray) -> Supply:
        """Return what other places are supplied with, shape (n, 3) in um."""
        return replace(self, xyz=xyz)

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
        moved = [level.times(t0, t1) for level in self.schedule.tone.values()]
        return np.unique(np.concatenate([bath_times(self.tissue.drugs, t0, t1), *moved]))

    @cached_property
    def _shares(self) -> np.ndarray:
        """Share of clearance that is left at each release (1)."""
        s = self.schedule
        at = zip(s.release_time, s.release_site.astype(int), strict=True)
        return np.array([self.left(s.sites[k].modulator, t) for t, k in at])

    @cached_property
    def deliveries(self) -> Deliveries:
        """Who hears of which site, at the least uptake that any release of its modulator meets."""
        kind = np.array([s.modulator for s in self.schedule.sites], object)[self.schedule.release_site.astype(int)]
        least = {m: float(self._shares[kind == m].min()) for m in MODULATORS if (kind == m).any()}
        return self._spread(least)

    def _spread(self, left: Mapping[str, float]) -> Deliveries:
        """Return who hears of which site while so much of each modulator's clearance is left."""
        media = {m: _slowed(medium, left.get(m, 1.0)) for m, medium in self.tissue.media.items()}
        return deliveries(self.schedule.sites, self.xyz, media, self.soe)

    @cached_property
    def arrivals(self) -> Arrivals:
        """Every release as it arrives at every spine in reach, sorted by time."""
        s, parts = self.schedule, []
        site = s.release_site.astype(int)
        shares = np.unique(self._shares) if len(site) else [1.0]
        for share in shares:
            now = self._shares == share
            table = self._spread(dict.fromkeys(MODULATORS, float(share))) if len(shares) > 1 else self.deliveries
            parts.append(Arrivals.of(table, s.release_time[now], site[now], s.release_weight[now]))
        return Arrivals.merged(parts)


def _slowed(medium: Medium, left: float) -> Medium:
    """Return a medium whose transporter a competitive blocker has left a share of at low concentrations."""
    return medium if left == 1 else medium.replaced(Km=medium.Km / left)
