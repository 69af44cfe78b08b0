"""Measure one cell in a process of its own, and keep what tables and figures show."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    spines : bool
        Measure what needs spines too.
    repair : bool
        Repair what can be repaired in a reconstruction; else a defect refuses it.
    """

    dt: float = 0.025
    d_lambda: float = 0.1
    spines: bool = True
    repair: bool = False


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
        Current (nA) and rate (Hz) over the whole step: few spikes before a block are a low rate.
    bap : ndarray, shape (n_segment, 2)
        Path distance (um) and height of the back-propagating spike (mV).
    bap_main : ndarray of bool, shape (n_segment,)
        Segments of the apical trunk and the soma, or of all dendrites where there is no trunk.
    bap_is_trunk : bool
    calcium : dict of str to ndarray, shape (n_spine,)
        Peak of calcium above rest (mM) of each spine for ``bap``, ``epsp``, ``pre_post``, ``post_pre``.
    """

    preset: str
    morphology: str
    values: dict[str, float]
    time: np.ndarray
    traces: dict[float, np.ndarray]
    rates: np.ndarray
    bap: np.ndarray
    bap_main: np.ndarray
    bap_is_trunk: bool
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
    loaded, numbers = load_targets(targets or preset), numbers or Numbers()
    jobs = [
        Job(Path(name).stem, job, {"preset": preset, "morphology": name, "targets": loaded, "numbers": numbers})
        for name in morphologies
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        return list(run_jobs("cells", jobs, Path(folder), workers, resume=False, show=show).values())


def job(
    report: Callable[[float], None], preset: str, morphology: str, targets: Targets, numbers: Numbers
) -> Record:
    """Build the cell and measure every feature that has a target."""
    from ..bench import SOMA, bench
    from ..build import build_cell_for
    from ..experiment import Experiment, Numerics
    from ..presets import load_preset
    from ..probes import trunk
    from .features import kind
    from .measured import Measured

    # the presets' axon is a stub: most reconstructions have none, or one that their paper cut off
    described = Experiment(
        preset=preset, morphology=morphology, drop_axon=True, repair=numbers.repair,
        numerics=Numerics(d_lambda=numbers.d_lambda),
    )  # fmt: skip
    cell = build_cell_for(described, load_preset(preset))
    with bench(cell, numbers.dt) as live:
        measured = Measured(live, targets)
        bare, spiny = ([t for t in targets.feature if kind(t.name).spines == what] for what in (False, True))
        order = [*bare, *spiny] if numbers.spines else bare
        _ = measured.ladder, measured.bap  # the figure's, before there are spines on the cell
        values = {}
        for k, target in enumerate(order):
            values[target.label] = kind(target.name).value(measured, target)
            report((k + 1) / (len(order) + 1))
        ladder = measured.ladder
        main = np.isin(np.arange(len(live.geometry)), trunk(live.geometry))
        main = main | (np.arange(len(main)) == SOMA) if main.any() else live.geometry.region != "axon"
        return Record(
            preset=preset,
            morphology=cell.morphology.name,
            values=values,
            time=next(iter(ladder.values())).time,
            traces={current: traces.soma.astype(np.float32) for current, traces in ladder.items()},
            rates=np.array([(current, _over_the_step(traces)) for current, traces in ladder.items()]),
            bap=np.column_stack([live.geometry.path_distance, measured.bap]),
            bap_main=main,
            bap_is_trunk=len(trunk(live.geometry)) > 0,
            calcium={name: measured.calcium.rise(name) for name in measured.calcium.cai} if numbers.spines else {},
        )


def _over_the_step(traces: Any) -> float:
    """Return the spikes in a step over its duration (Hz)."""
    from .features import of_trace

    spikes = of_trace(traces, "Spikecount_stimint")
    return 0.0 if np.isnan(spikes) else 1e3 * spikes / (traces.stop - traces.start)
