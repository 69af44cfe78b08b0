"""Spikes of modulatory axons as they visit release sites, and the random numbers that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from .drugs import bath
from .modulation import Firing, Release
from .release import LIGAND, Patch
from .sources import Volume, varicosities
from .terminals import Tissue, released
from .tonic import Stairs

__all__ = ["Axons"]

_RELEASE_STREAM, _AXON_STREAM = 2, 9  # spawn keys; what the others are for stands in `schedule`


class Axons:
    """Spikes of every release site.

    A site draws from a stream named by its protocol and its number in the source, so that what it does depends
    on no other site, and a lesion leaves the draws of those that are left.

    Parameters
    ----------
    seed : int
        Seed of the run.
    tissue : Tissue
        What surrounds the sites.
    """

    def __init__(self, seed: int, tissue: Tissue) -> None:
        self.seed, self.tissue = seed, tissue
        self.sites: list[Any] = []
        self._number: dict[Any, int] = {}
        self._spikes: list[list[tuple[np.ndarray, np.ndarray, float]]] = []

    def add(self, item: Release | Firing, start: float, number: int) -> None:
        """Add the spikes of protocol `number`, which starts at `start` (ms), to the sites of its source.

        Raises
        ------
        ParameterError
            If the source has too many varicosities, or a lesion cuts through a patch.
        """
        source = item.site
        for k, site in varicosities(source, self.seed, self.tissue.media, self.tissue.lesions):
            own = k if isinstance(source, Volume) else 0  # each varicosity of a volume is on its own axon
            times, share = self._axon(item, number, own)
            rng = self._stream(_RELEASE_STREAM, number, *([k] if k else []))
            if site not in self._number:
                self._number[site] = len(self.sites)
                self.sites.append(site)
                self._spikes.append([])
            self._spikes[self._number[site]].append((times + start, rng.random(len(times)), share))

    def _axon(self, item: Release | Firing, number: int, axon: int) -> tuple[np.ndarray, float]:
        """Return the spikes of one axon (ms from the start), and the share of axons that they stand for."""
        if isinstance(item, Firing):
            return item.draw(self._stream(_AXON_STREAM, number, axon)), 1.0
        times = item.spikes()
        if isinstance(item.site, Patch):
            return times, item.fidelity
        if item.fidelity < 1:
            times = times[self._stream(_AXON_STREAM, number, axon).random(len(times)) < item.fidelity]
        return times, 1.0

    def _stream(self, *name: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=name))

    def released(self, tone: Mapping[str, Stairs]) -> list[tuple[np.ndarray, ...]]:
        """Return times (ms), sites and weights of what is released, site by site.

        Parameters
        ----------
        tone : mapping of str to Stairs
            ``da``, ``ach``, ``ne`` around the sites without their own releases.
        """
        around = partial(bath, self.tissue.drugs, {})
        out = []
        for number, (site, parts) in enumerate(zip(self.sites, self._spikes, strict=True)):
            times, draws = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
            share = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
            order = np.argsort(times, kind="stable")
            weight = released(site, times[order], draws[order], self.tissue, tone[LIGAND[site.modulator]], around)
            weight = weight * share[order]
            on = np.ones(len(weight), bool) if isinstance(site, Patch) else weight > 0
            out.append((times[order][on], np.full(on.sum(), number), weight[on]))
        return out
