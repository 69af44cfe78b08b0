"""Measure one cell in a process of its own, and keep what tables and figures show."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..studies.base import Job, run_jobs
from .targets import Targets, load_targets

__all__ = ["Numbers", "Record", "measure"]


@dataclass(frozen=True)
class Numbers:
    """How finely a battery is computed.

    Attributes
    ----------
    dt : float
        Step (ms).
    d_lambda : float
        Largest segment, as a share of the length constant at 100 Hz.
    """

    dt: float = 0.025
    d_lambda: float = 0.1


@dataclass(frozen=True)
class Record:
    """What was measured of one cell.

    Attributes
    ----------
    preset, morphology : str
    values : dict of str to float
        By the label of the target.
    time : ndarray, shape (n_time,)
        Of the traces (ms).
    traces : dict of float to ndarray, shape (n_time,)
        Voltage of the soma (mV) in each step, by its current (nA).
    rates : ndarray, shape (n_step, 2)
        Current (nA) and mean rate (Hz).
    bap : ndarray, shape (n_segment, 2)
        Path distance (um) and height of the back-propagating spike (mV).
    bap_region : ndarray of str, shape (n_segment,)
    """

    preset: str
    morphology: str
    values: dict[str, float]
    time: np.ndarray
    traces: dict[float, np.ndarray]
    rates: np.ndarray
    bap: np.ndarray
    bap_region: np.ndarray
    calcium: dict[str, np.ndarray] = field(default_factory=dict)


def measure(
    preset: str,
    morphologies: Sequence[str],
    numbers: Numbers | None = None,
    *,
    targets: str | Path | None = None,
    workers: int = 1,
    show: bool = False,
) -> list[Record]:
    """Measure a preset on morphologies, each in a fresh process.

    Parameters
    ----------
    preset : str
        Name, or TOML file.
    morphologies : sequence of str
        Shipped names or files.
    numbers : Numbers, optional
        How finely.
    targets : str or Path, optional
        TOML file of targets; those of the preset when not given.
    workers : int
        Processes at once.
    show : bool
        Show a progress bar.

    Raises
    ------
    ParameterError, MorphologyError
        If preset, targets or a morphology are not valid, or do not go together.
    SimulationError
        If a cell can not be measured.
    """
    loaded = load_targets(targets or preset)
    jobs = [
        Job(
            Path(name).stem, job,
            {"preset": preset, "morphology": name, "targets": loaded, "numbers": numbers or Numbers()},
        )
        for name in morphologies
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        return list(run_jobs("cells", jobs, Path(folder), workers, resume=False, show=show).values())


def job(
    report: Callable[[float], None], preset: str, morphology: str, targets: Targets, numbers: Numbers
) -> Record:
    """Build the cell and measure every feature that has a target."""
    from ..bench import bench
    from ..cell import build_cell
    from ..morphology import load
    from ..presets import load_preset
    from .features import kind, rate
    from .measured import Measured

    cell = build_cell(load(morphology), load_preset(preset), numbers.d_lambda)
    with bench(cell, numbers.dt) as live:
        measured = Measured(live, targets)
        values = {}
        for k, target in enumerate(targets.feature):
            values[target.label] = kind(target.name).value(measured, target)
            report((k + 1) / (len(targets.feature) + 1))
        ladder = measured.ladder
        return Record(
            preset=preset,
            morphology=cell.morphology.name,
            values=values,
            time=next(iter(ladder.values())).time,
            traces={current: traces.soma.astype(np.float32) for current, traces in ladder.items()},
            rates=np.array([(current, rate(traces)) for current, traces in ladder.items()]),
            bap=np.column_stack([live.geometry.path_distance, measured.bap]),
            bap_region=live.geometry.region,
        )
