"""Protocols in time: a sequence of descriptions as one table of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .course import Course, Move, course
from .drugs import bath, blocked_times, unblocked
from .errors import ParameterError
from .modulation import Dip, Firing, Release, ToneStep
from .moments import resolve_time
from .protocol import Pairing, Plateau, Spikes, Synaptic, ThetaBurst
from .quantity import under
from .release import LIGAND, MODULATORS, Patch
from .sources import Volume, varicosities
from .terminals import Tissue, released

__all__ = ["Schedule", "compile_schedule"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """Every event of a run, sorted by time.

    Attributes
    ----------
    pre_time, pre_spine, pre_weight : ndarray, shape (n_pre,)
        Presynaptic spikes: ms, spine number, multiple of one release.
    pulse_time, pulse_duration, pulse_amplitude, pulse_at : ndarray, shape (n_pulse,)
        Current steps: onset (ms), ms, nA (NaN: the preset's spike-making pulse, whose duration also
        holds), spine number whose shaft takes it (-1: soma).
    release_time, release_site, release_weight : ndarray, shape (n_release,)
        Releases: ms, index into `sites`, multiple of what one release event frees.
    sites : tuple of Site
        The release sites: varicosities and patches, also those that never released.
    tone : mapping of str to Course
        Concentration of ``da``, ``ach``, ``ne`` without these releases and without bath (mM).
    end : float
        End of the last protocol (ms).
    """

    pre_time: np.ndarray
    pre_spine: np.ndarray
    pre_weight: np.ndarray
    pulse_time: np.ndarray
    pulse_duration: np.ndarray
    pulse_amplitude: np.ndarray
    pulse_at: np.ndarray
    release_time: np.ndarray
    release_site: np.ndarray
    release_weight: np.ndarray
    sites: tuple[Any, ...]
    tone: Mapping[str, Course]
    end: float


def compile_schedule(
    protocols: Sequence[Any], resolve: Callable[[Any], np.ndarray], seed: int, tissue: Tissue
) -> Schedule:
    """Turn protocols into one table of events.

    Parameters
    ----------
    protocols : sequence of Protocol
        In order; each may start relative to the end of those before it.
    resolve : callable
        Maps a protocol's ``spines`` to spine numbers.
    seed : int
        Seed of the run; each release site draws from its own stream.
    tissue : Tissue
        Media, tone, lesions and drugs around the release sites.

    Raises
    ------
    ParameterError
        If a start time is not valid or a spine does not exist, if a lesion cuts through a patch, or a tone
        should move that nothing clears.
    """
    pre: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    pulses: list[tuple[np.ndarray, ...]] = []
    spikes = _Spikes(seed, tissue)
    moves: dict[str, list[Move]] = {m: [] for m in MODULATORS}
    end = 0.0
    for number, item in enumerate(protocols):
        try:
            start = resolve_time(item.start, end)
        except ParameterError as error:
            raise under(f"protocol.{number}.start", error) from None
        if isinstance(item, Synaptic):
            spines = _resolved(resolve, item.spines, f"protocol.{number}.spines")
            times = item.pre() + start
            weight = getattr(item, "amplitude", 1.0)
            pre.append(
                (
                    np.repeat(times, len(spines)),
                    np.tile(spines, len(times)),
                    np.full(len(times) * len(spines), weight),
                )
            )
        post = None
        if isinstance(item, ThetaBurst) and item.post:
            post = item.pre()
        elif isinstance(item, Pairing | Spikes):
            post = item.post()
        if post is not None:
            nan = np.full(len(post), np.nan)
            pulses.append((post + start, nan, nan, np.full(len(post), -1)))
        if isinstance(item, Plateau):
            at = -1 if item.at == "soma" else int(_resolved(resolve, (item.at,), f"protocol.{number}.at")[0])
            steps = item.steps() + start
            full = np.ones(len(steps))
            pulses.append((steps, full * item.duration, full * item.amplitude, full.astype(int) * at))
        if isinstance(item, Release | Firing):
            try:
                spikes.add(item, start, number)
            except ParameterError as error:
                raise under(f"protocol.{number}.site", error) from None
        elif isinstance(item, Dip):
            onsets = item.onsets() + start
            moves[item.modulator] += [Move(t, t + item.duration, factor=1 - item.depth) for t in onsets.tolist()]
        elif isinstance(item, ToneStep):
            moves[item.modulator].append(Move(start, start + (item.duration or np.inf), level=item.conc))
        end = max(end, item.end(start))
    tone = {LIGAND[m]: _course(m, moves[m], tissue) for m in MODULATORS if m in tissue.media}
    columns = [*_sorted(pre, 3), *_sorted(pulses, 4), *_sorted(spikes.released(tone), 3)]
    return Schedule(*columns, sites=tuple(spikes.sites), tone=tone, end=end)


def _course(modulator: str, moves: list[Move], tissue: Tissue) -> Course:
    """Return the tone of one modulator in time."""
    medium = tissue.media[modulator]
    left = partial(unblocked, tissue.drugs, medium.transporter, medium.residual)
    times = blocked_times(tissue.drugs, medium.transporter, 0.0, 1e15)
    try:
        return course(tissue.tone.get(LIGAND[modulator], 0.0), moves, medium.uptake, left, times)
    except ParameterError as error:
        raise under(f"tone.{modulator}", error) from None


class _Spikes:
    """Spikes of every release site, and the random numbers that go with them.

    A site draws from a stream named by its protocol and its number in the source, so that what it does depends
    on no other site, and a lesion leaves the draws of those that are left.
    """

    def __init__(self, seed: int, tissue: Tissue) -> None:
        self.seed, self.tissue = seed, tissue
        self.sites: list[Any] = []
        self._number: dict[Any, int] = {}
        self._spikes: list[list[tuple[np.ndarray, np.ndarray, float]]] = []

    def add(self, item: Release | Firing, start: float, number: int) -> None:
        """Add the spikes of one protocol to the sites of its source."""
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

    def released(self, tone: Mapping[str, Course]) -> list[tuple[np.ndarray, ...]]:
        """Return times, sites and weights of what is released, site by site."""
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


def _resolved(resolve: Callable[[Any], np.ndarray], what: Any, key: str) -> np.ndarray:
    try:
        return resolve(what)
    except ParameterError as error:
        raise under(key, error) from None


_RELEASE_STREAM, _AXON_STREAM = 2, 6  # spawn keys: 1 spine placement, 3 loss, 4 and 5 in `sources`


def _sorted(rows: list[tuple[np.ndarray, ...]], width: int) -> list[np.ndarray]:
    """Concatenate columns and sort them by time, keeping the order of equal times."""
    if not rows:
        return [np.zeros(0) for _ in range(width)]
    columns = [np.concatenate(c) for c in zip(*rows, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [c[order] for c in columns]
