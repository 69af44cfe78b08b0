"""Protocols in time: a sequence of descriptions as one table of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .axons import Axons
from .drugs import blocked_times, unblocked
from .errors import ParameterError
from .modulation import Dip, Firing, Release, ToneStep
from .moments import resolve_time
from .presynaptic import Presynaptic, release_weights
from .protocol import Pairing, Plateau, Spikes, Synaptic, ThetaBurst, Uncaging
from .quantity import under
from .release import LIGAND, MODULATORS
from .terminals import Tissue
from .tonic import Move, Stairs, stairs

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
    tone : mapping of str to Stairs
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
    tone: Mapping[str, Stairs]
    end: float


def compile_schedule(
    protocols: Sequence[Any], resolve: Callable[[Any], np.ndarray], seed: int, tissue: Tissue,
    synapse: Presynaptic | None = None,
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
    synapse : Presynaptic, optional
        Gives each presynaptic spike its weight, each spine from a stream of its own; without it every spike
        releases.  Uncaged glutamate needs no release.

    Raises
    ------
    ParameterError
        If a start time is not valid or a spine does not exist, if a lesion cuts through a patch, or a tone
        should move that nothing clears.
    """
    pre: list[tuple[np.ndarray, ...]] = []
    pulses: list[tuple[np.ndarray, ...]] = []
    spikes = Axons(seed, tissue)
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
                    np.full(len(times) * len(spines), not isinstance(item, Uncaging)),
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
    time, spine, weight, released = _sorted(pre, 4)
    if synapse is not None:
        weight = weight * _weights(synapse, time, spine, released.astype(bool), seed)
    some = weight != 0  # a failure is no event
    columns = [time[some], spine[some], weight[some], *_sorted(pulses, 4), *_sorted(spikes.released(tone), 3)]
    return Schedule(*columns, sites=tuple(spikes.sites), tone=tone, end=end)


def _course(modulator: str, moves: list[Move], tissue: Tissue) -> Stairs:
    """Return the tone of one modulator in time."""
    medium = tissue.media[modulator]
    left = partial(unblocked, tissue.drugs, medium.transporter, medium.residual)
    times = blocked_times(tissue.drugs, medium.transporter, 0.0, 1e15)
    try:
        return stairs(tissue.tone.get(LIGAND[modulator], 0.0), moves, medium.uptake, left, times)
    except ParameterError as error:
        raise under(f"tone.{modulator}", error) from None



def _resolved(resolve: Callable[[Any], np.ndarray], what: Any, key: str) -> np.ndarray:
    try:
        return resolve(what)
    except ParameterError as error:
        raise under(key, error) from None


def _weights(
    synapse: Presynaptic, time: np.ndarray, spine: np.ndarray, released: np.ndarray, seed: int
) -> np.ndarray:
    """Return the weight of every presynaptic spike: each spine's train has its history and its stream."""
    out = np.ones(len(time))
    for i in np.unique(spine[released]):
        mine = released & (spine == i)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SYNAPSE_STREAM, int(i))))
        out[mine] = release_weights(synapse, time[mine], rng)
    return out


# spawn keys: 1 spine placement, 2 release, 3 loss, 4 choice of spines, 5 glutamate, 6 spread between spines,
# 7 places of varicosities, 8 lesions, 9 firing of axons
_SYNAPSE_STREAM = 5


def _sorted(rows: list[tuple[np.ndarray, ...]], width: int) -> list[np.ndarray]:
    """Concatenate columns and sort them by time, keeping the order of equal times."""
    if not rows:
        return [np.zeros(0) for _ in range(width)]
    columns = [np.concatenate(c) for c in zip(*rows, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [c[order] for c in columns]
