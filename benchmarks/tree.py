"""The cell and the stimulus that every engine of `spines.py` gets: 74 sections, 658 segments, hh and pas."""

from __future__ import annotations

import numpy as np

NSEG, RA, CM = 9, 100.0, 1.0
G_PAS, E_PAS = 1e-4, -70.0
DT = 0.025
RATE, TONE = 5.0, 1.0
"""Releases of glutamate at every spine, and of dopamine (per second)."""

PULSE, PULSE_DURATION, PULSE_EVERY = 2.0, 3.0, 50.0
"""Current into the soma (nA, ms, ms)."""

HEAD, NECK_LENGTH, NECK_DIAM, R_NECK = 0.55, 0.6, 0.15, 150.0
"""Every spine's head (um, a cylinder as long as wide) and neck (um, um, megohm)."""


def sections() -> list[tuple[int, float, float]]:
    """Return parent (-1: the soma), length and diameter (um) of every dendritic section."""
    out: list[tuple[int, float, float]] = []

    def branch(parent: int, depth: int, diam: float, length: float) -> None:
        own = len(out)
        out.append((parent, length, diam))
        if depth:
            branch(own, depth - 1, 0.7 * diam, length)
            branch(own, depth - 1, 0.7 * diam, length)

    for _ in range(6):
        branch(-1, 2, 1.6, 80.0)
    branch(-1, 4, 3.0, 120.0)
    return out


def places(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return section number and place (0 to 1) of `n` spines, drawn by length and sorted along the tree."""
    rng = np.random.default_rng(1)
    length = np.array([row[1] for row in sections()])
    section = rng.choice(len(length), n, p=length / length.sum())
    x = 0.01 + 0.98 * rng.random(n)
    order = np.lexsort((x, section))
    return section[order], x[order]


def releases(n: int, until: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return time (ms), spine and kind (0 glutamate, 1 dopamine) of every release before `until`, by time."""
    spine = np.arange(n)
    rows = []
    for kind, rate in ((0, RATE), (1, TONE)):
        period = 1e3 / rate
        first = 5.0 + DT * np.round(period * (spine % 50) / 50 / DT)
        for k in range(int(until / period) + 1):
            t = first + k * period
            rows.append(np.column_stack([t, spine, np.full(n, kind)])[t < until])
    table = np.concatenate(rows)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return table[:, 0], table[:, 1].astype(int), table[:, 2].astype(int)


def pulses(until: float) -> np.ndarray:
    """Return when current into the soma begins (ms)."""
    return np.arange(20.0, until, PULSE_EVERY)
