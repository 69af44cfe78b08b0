"""Simulate episodes on a model, one after the other from rest, and keep their calcium."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .driver import Driver
from .episodes import CHANNELS, Calcium, Episode
from .model import Model
from .schedule import Schedule
from .stepping import TICK, fixed_step

__all__ = ["capture"]

PAUSE = 1500.0
"""Rest between two episodes (ms): longer than `Numerics.relax`, so that each begins from the rest at the start."""


def capture(
    model: Model, episodes: Mapping[str, Episode]
) -> tuple[dict[str, Calcium], np.ndarray]:
    """Simulate each episode once, from rest and with unchanged weights.

    Parameters
    ----------
    model : Model
        A built model with ``numerics.plastic = false``; what was applied to it is not done.
    episodes : mapping of str to Episode
        By name.

    Returns
    -------
    calcium : dict of str to Calcium
        By the same names.
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    """
    out: dict[str, Calcium] = {}
    rest = np.zeros(len(model.spines))
    before = model.experiment
    model.experiment = before.replaced(drugs=(), protocol=(), tone=None)
    try:
        for shares in sorted({e.open for e in episodes.values()}):
            some = {k: e for k, e in episodes.items() if e.open == shares}
            model.held = dict(zip(CHANNELS, shares, strict=True))
            found, rest = _pass(model, some)
            out |= found
    finally:
        model.driver = None
        model.held = {}
        model.experiment = before
        model._compile()
    return {key: out[key] for key in episodes}, rest


def _pass(
    model: Model, episodes: Mapping[str, Episode]
) -> tuple[dict[str, Calcium], np.ndarray]:
    """Simulate episodes that share their open channels in one run."""
    begins, t = [], 100.0
    for episode in episodes.values():
        begins.append(t)
        t = np.ceil(t + episode.length + PAUSE)
    model._compile()
    model.schedule = _joined(begins, list(episodes.values()))
    driver = Driver(model, capture=True)
    model.driver = driver
    with fixed_step(model.experiment.numerics.dt, model.celsius):
        driver.start()
        driver.to(t)
    rest = driver.rest["cai"]
    when = np.array([at for at, _ in driver.captured])
    found = {}
    for (key, episode), begin, end in zip(
        episodes.items(), begins, [*begins[1:], np.inf], strict=True
    ):
        mine = np.flatnonzero((when >= begin) & (when < end))
        ticks = np.round((when[mine] - begin) / TICK).astype(int)
        captured = np.array([driver.captured[i][1] for i in mine])
        cai = np.empty((ticks[-1] + 1, *captured.shape[1:]), np.float32)
        cai[:] = rest  # between stretches the cell is at rest
        cai[ticks] = captured
        pre = np.zeros((len(cai), len(rest)))
        tick = np.floor(episode.pre_time / TICK + 1e-9).astype(int)
        np.add.at(pre, (tick, episode.pre_spine), episode.pre_weight)
        found[key] = Calcium(cai, pre)
    return found, rest


def _joined(begins: list[float], episodes: list[Episode]) -> Schedule:
    """Return the episodes as one schedule, each at its beginning (ms)."""

    def column(name: str, timed: bool = False) -> np.ndarray:
        parts = [
            getattr(e, name) + (b if timed else 0)
            for b, e in zip(begins, episodes, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    none = np.zeros(0)
    return Schedule(
        column("pre_time", True), column("pre_spine"), column("pre_weight"), column("pulse_time", True),
        column("pulse_duration"), column("pulse_amplitude"), column("pulse_at"), none, none, none, (), {}, begins[-1],
    )  # fmt: skip
