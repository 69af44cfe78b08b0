"""Find places on a cell: the point where most branches pass, and the spines around it."""

from __future__ import annotations

import numpy as np

from ..build import build_cell_for
from ..cell import Cell
from ..experiment import Experiment
from ..placing import place
from ..presets import load_preset
from ..spines import Spines

__all__ = ["all_spines", "crossing", "nearest_to"]


def all_spines(experiment: Experiment) -> tuple[Cell, Spines]:
    """Build the cell of an experiment and draw every spine it would have at the preset's density."""
    preset = load_preset(experiment.preset)
    cell = build_cell_for(experiment, preset)
    return cell, place(cell.geometry(), preset.spines, experiment.seed)


def crossing(spines: Spines, path: tuple[float, float], radius: float) -> int:
    """Return the spine within a range of path distance (um) that has most dendrites within `radius` (um).

    Ties go to the one with most spines around it.
    """
    candidates = np.flatnonzero((spines.path_distance >= path[0]) & (spines.path_distance <= path[1]))
    best, found = (-1, -1), int(candidates[0])
    for i in candidates[:: max(1, len(candidates) // 400)]:
        near = spines.within(spines.xyz[i], radius)
        score = (len(np.unique(spines.section[near])), len(near))
        if score > best:
            best, found = score, int(i)
    return found


def nearest_to(spines: Spines, point: np.ndarray, n: int) -> np.ndarray:
    """Return the numbers of the `n` spines nearest to a point (um), ascending."""
    distance = np.linalg.norm(spines.xyz - point, axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:n])
