"""What a run gives back: arrays, with the description that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .diffusion import Deliveries
from .geometry import Geometry
from .parameters import OutcomeParameters
from .spines import Spines
from .timescale import spell

if TYPE_CHECKING:
    from pathlib import Path

    import pandas

__all__ = ["CLASSES", "OUTCOMES", "Result", "classify"]

CLASSES = ("unchanged", "potentiated", "depressed", "pruned", "formed", "primed")
"""Outcome classes; a class is stored as its index here."""

OUTCOMES = (
    "tag_P", "tag_D", "early", "late", "w", "volume", "theta", "primed", "gate", "hazard", "prp", "cai_peak",
)  # fmt: skip
"""What is kept of every spine at each asked time."""

@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A run.

    Attributes
    ----------
    experiment : str
        The experiment as TOML.
    spines : Spines
        Every spine, in the order of all arrays.
    tree : Geometry
        The cell's segments, enough to draw it.
    sites : tuple of Site
        Release sites.
    deliveries : Deliveries
        Which site reaches which spine, how late and how much.
    time : ndarray, shape (n_time,)
        Times of the traces (ms); denser while something electrical happens.
    traces : dict of str to ndarray, shape (n_time, n_spine)
        Recorded quantities, float32, in the units of the mechanism (`labels.describe`).
    soma_v : ndarray, shape (n_time,)
        Somatic voltage (mV).
    outcome_time : ndarray, shape (n_outcome,)
        Asked times (ms); the last is the end of the run.
    outcomes : dict of str to ndarray, shape (n_outcome, n_spine)
        `OUTCOMES` at these times.
    lost : ndarray of bool, shape (n_outcome, n_spine)
        Spines whose cumulative hazard passed their own limit.
    conductances : dict of str to ndarray, shape (n_spine,)
        ``g_ampa``, ``g_nmda``, ``g_vgcc`` (uS), ``ca_fraction`` and ``ca_scale`` (1) of every spine.
    provenance : dict
        Versions, hashes, seed, wall time.
    state : dict, optional
        Where the run stopped, to go on from; not stored in files.
    """

    experiment: str
    spines: Spines
    tree: Geometry
    sites: tuple[Any, ...]
    deliveries: Deliveries
    time: np.ndarray
    traces: dict[str, np.ndarray]
    soma_v: np.ndarray
    outcome_time: np.ndarray
    outcomes: dict[str, np.ndarray]
    lost: np.ndarray
    conductances: dict[str, np.ndarray] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] | None = None

    @property
    def outcome(self) -> pandas.DataFrame:
        """The outcome of every spine at the end, one row a spine: class, tag, efficacy, volume and more."""
        import pandas as pd

        table = pd.DataFrame({name: values[-1] for name, values in self.outcomes.items()})
        table.insert(0, "efficacy", table.pop("w"))
        table.insert(0, "tag", table["tag_P"] - table["tag_D"])
        table.insert(0, "class", [CLASSES[c] for c in self.classes()])
        table.index.name = "spine"
        return table

    def classes(self, control: Result | None = None, limits: OutcomeParameters | None = None) -> np.ndarray:
        """Return the class of every spine at the end, as indices into `CLASSES`.

        Parameters
        ----------
        control : Result, optional
            The same run without release: changes are counted against it.
        limits : OutcomeParameters, optional
            Limits that name a change.
        """
        last = {name: values[-1] for name, values in self.outcomes.items()} | {"lost": self.lost[-1]}
        base = None
        if control is not None:
            base = {name: values[-1] for name, values in control.outcomes.items()}
        return classify(last, base, limits or OutcomeParameters())

    def __repr__(self) -> str:
        named = np.bincount(self.classes(), minlength=len(CLASSES))
        counts = ", ".join(f"{n} {name}" for n, name in zip(named, CLASSES, strict=True) if n)
        return f"<Result after {spell(self.outcome_time[-1])}: {counts or 'no spines'}>"

    def save(self, path: str | Path) -> Path:
        """Write the run to an HDF5 file and return its path."""
        # found when asked for: a result knows nothing of files or figures, its user expects both verbs on it
        from importlib import import_module

        return import_module("dendplast.storage").write(path, self)

    def plot(self, **options: Any) -> Any:
        """Draw the run: the cell with its spines coloured by outcome, and traces; return the figure."""
        from importlib import import_module

        return import_module("dendplast.figures").overview(self, **options)


def classify(
    outcome: Mapping[str, np.ndarray], control: Mapping[str, np.ndarray] | None, limits: OutcomeParameters
) -> np.ndarray:
    """Name the change of every spine.

    A tag counts before it has moved the weight: a spine is potentiated when its weight, or the weight its
    tag is about to give, exceeds the control's by the limit, and depressed likewise.

    Parameters
    ----------
    outcome, control : mapping of str to ndarray, shape (n_spine,)
        ``tag_P``, ``tag_D``, ``w``, ``primed`` and optionally ``lost``; without control, changes count
        against no tag, weight 1 and no priming.
    limits : OutcomeParameters
        Limits that name a change.

    Returns
    -------
    ndarray of int8, shape (n_spine,)
        Index into `CLASSES`.
    """
    base = control or {"tag_P": 0.0, "tag_D": 0.0, "w": 1.0, "primed": 0.0}
    tag = (outcome["tag_P"] - outcome["tag_D"]) - (base["tag_P"] - base["tag_D"])
    weight = outcome["w"] - base["w"]
    up = (tag >= limits.tag_min) | (weight >= limits.weight_min)
    down = (tag <= -limits.tag_min) | (weight <= -limits.weight_min)
    # a spine whose weight still moves against its tag goes where the tag points
    up, down = up & ~(down & (tag < 0)), down & ~(up & (tag >= 0))
    out = np.zeros(np.shape(tag), np.int8)
    out[outcome["primed"] - base["primed"] >= limits.primed_min] = CLASSES.index("primed")
    out[up] = CLASSES.index("potentiated")
    out[down] = CLASSES.index("depressed")
    if "lost" in outcome:
        out[np.asarray(outcome["lost"], bool)] = CLASSES.index("pruned")
    return out
