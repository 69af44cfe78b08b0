"""Protocols in time: a sequence of descriptions as one table of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ParameterError
from .presynaptic import Presynaptic, release_weights
from .protocol import Pairing, Plateau, Release, Spikes, Synaptic, ThetaBurst, Uncaging, resolve_time
from .quantity import under
from .release import Varicosity

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
    release_time, release_site : ndarray, shape (n_release,)
        Releases: ms, index into `sites`.
    sites : tuple of Site
        The release sites.
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
    sites: tuple[Any, ...]
    end: float


def compile_schedule(
    protocols: Sequence[Any],
    resolve: Callable[[Any], np.ndarray],
    seed: int,
    release_p: Callable[[Any], float],
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
    release_p : callable
        Maps a site to its release probability.
    synapse : Presynaptic, optional
        Gives each presynaptic spike its weight, each spine from a stream of its own; without it every spike
        releases.  Uncaged glutamate needs no release.

    Raises
    ------
    ParameterError
        If a start time is not valid or a spine does not exist.
    """
    pre: list[tuple[np.ndarray, ...]] = []
    pulses: list[tuple[np.ndarray, ...]] = []
    releases: list[tuple[np.ndarray, np.ndarray]] = []
    sites: list[Any] = []
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
        if isinstance(item, Release):
            if item.site not in sites:
                sites.append(item.site)
            times = item.spikes() + start
            if isinstance(item.site, Varicosity):
                rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_RELEASE_STREAM, number)))
                times = times[rng.random(len(times)) < release_p(item.site)]
            releases.append((times, np.full(len(times), sites.index(item.site))))
        end = max(end, item.end(start))
    time, spine, weight, released = _sorted(pre, 4)
    if synapse is not None:
        weight = weight * _weights(synapse, time, spine, released.astype(bool), seed)
    some = weight != 0  # a failure is no event
    columns = [time[some], spine[some], weight[some], *_sorted(pulses, 4), *_sorted(releases, 2)]
    return Schedule(*columns, sites=tuple(sites), end=end)


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


# spawn keys: 1 spine placement, 2 release, 3 loss, 4 choice of spines, 5 glutamate, 6 spread between spines
_RELEASE_STREAM, _SYNAPSE_STREAM = 2, 5


def _sorted(rows: list[tuple[np.ndarray, ...]], width: int) -> list[np.ndarray]:
    """Concatenate columns and sort them by time, keeping the order of equal times."""
    if not rows:
        return [np.zeros(0) for _ in range(width)]
    columns = [np.concatenate(c) for c in zip(*rows, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [c[order] for c in columns]
