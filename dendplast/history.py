"""What a timeline gives back: every spine at the moments that were asked for, and what the tree shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .geometry import Geometry
from .memory import Survival, kaplan_meier
from .result import Result
from .spines import Spines
from .timescale import spell

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["History"]


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """Spines of one cell over hours to weeks; a spine's number is its own for life.

    Attributes
    ----------
    timeline : str
        The description as TOML.
    spines : Spines
        Every spine that ever was, as it was born or first seen, by number.
    born, lost : ndarray, shape (n_spine,)
        When each was born and lost (ms); lost is inf for those that are there.
    tree : Geometry
        The segments along which proteins spread, finer than those of the electrical cell.
    time : ndarray, shape (n_time,)
        Moments at which the spines were looked at (ms).
    outcomes : dict of str to ndarray, shape (n_time, n_spine)
        States; NaN where a spine is not there.
    protein, neighbour, shrinkage : ndarray, shape (n_time, n_segment)
        Plasticity-related protein along the tree, the signal by which spines lower the kinase threshold of
        their neighbours, and the one by which they shrink idle neighbours (1); 0 where the timeline has none.
    runs : tuple of Result
        The sessions so far.
    run_spines : tuple of ndarray
        For each of `runs`, the numbers of its spines.
    provenance : dict
        Versions, hashes, seed, wall time.
    state : dict, optional
        Where it stopped, to go on from; not stored in files.
    """

    timeline: str
    spines: Spines
    born: np.ndarray
    lost: np.ndarray
    tree: Geometry
    time: np.ndarray
    outcomes: Mapping[str, np.ndarray]
    protein: np.ndarray
    neighbour: np.ndarray
    shrinkage: np.ndarray
    runs: tuple[Result, ...] = ()
    run_spines: tuple[np.ndarray, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    state: dict[str, Any] | None = None

    def __repr__(self) -> str:
        gone, formed = int(np.isfinite(self.lost).sum()), int((self.born > self.time[0]).sum())
        return (
            f"<History of {spell(self.time[-1] - self.time[0])}: {len(self.born)} spines, {formed} formed, {gone} lost;"
            f" {len(self.runs)} sessions>"
        )

    def survival(self, ids: np.ndarray | None = None, since: float = 0.0) -> Survival:
        """Return the survival curve of spines (Kaplan-Meier), in ms after `since`.

        Parameters
        ----------
        ids : ndarray of int, optional
            Whose; all that are there at `since` when not given.
        since : float
            From when they are followed (ms).

        Raises
        ------
        ParameterError
            If none of them is there at that time.
        """
        among = np.arange(len(self.born)) if ids is None else np.asarray(ids, int)
        there = among[(self.born[among] <= since) & (self.lost[among] > since)]
        seen = np.minimum(self.lost[there], self.time[-1])
        return kaplan_meier(seen - since, self.lost[there] <= self.time[-1])

    def save(self, path: str | Path) -> Path:
        """Write the history to an HDF5 file and return its path."""
        # found when asked for: a history knows nothing of files, its user expects the verb on it
        from importlib import import_module

        return import_module("dendplast.history_file").write_history(path, self)
