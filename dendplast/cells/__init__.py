"""The battery of the cells: published protocols on a preset's cells, compared with published features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["battery", "names_for", "shipped_for"]


def battery(
    preset: str,
    morphologies: str | Path | Sequence[str | Path] | None = None,
    *,
    targets: str | Path | None = None,
    dt: float = 0.025,
    d_lambda: float = 0.1,
    repair: bool = False,
    workers: int = 1,
    show: bool = False,
) -> pd.DataFrame:
    """Measure a preset's cells and compare every feature with its target.

    Parameters
    ----------
    preset : str
        Name of a preset, or a TOML file.
    morphologies : str, Path or sequence of them, optional
        Shipped names or files; the shipped cells of the preset when not given.
    targets : str or Path, optional
        TOML file of targets; those of the preset when not given.
    dt : float
        Time step (ms).
    d_lambda : float
        Largest segment, as a share of the length constant at 100 Hz (1).
    repair : bool
        Repair what can be repaired in a reconstruction; its axon is replaced by a stub in any case.
    workers : int
        Processes at once; each cell has a process of its own.
    show : bool
        Show a progress bar.

    Returns
    -------
    DataFrame
        One row for each feature of each cell, see `cells.table.table`.

    Raises
    ------
    ParameterError, MorphologyError
        If preset, targets and morphologies are not valid, or do not go together.
    SimulationError
        If a cell can not be measured.
    """
    from .record import Numbers, measure
    from .table import table
    from .targets import load_targets

    names = names_for(preset, morphologies)
    records = measure(preset, names, Numbers(dt, d_lambda, repair=repair), targets=targets, workers=workers, show=show)
    return table(records, load_targets(targets or preset))


def shipped_for(preset: str) -> list[str]:
    """Return the shipped morphologies that are named after a preset: ``["ca1_1", "ca1_2"]`` for ``"ca1"``."""
    from ..morphology import shipped

    stem = Path(preset).stem
    return [name for name in shipped() if name.rpartition("_")[0] in {stem, stem.rpartition("_")[2]}]


def names_for(preset: str, morphologies: str | Path | Sequence[str | Path] | None) -> list[str]:
    """Return the morphologies to measure: those that are named, else the shipped ones of the preset.

    Raises
    ------
    ParameterError
        If none is named and none is shipped.
    """
    from ..errors import ParameterError

    if isinstance(morphologies, str | Path):
        morphologies = [morphologies]
    names = [str(m) for m in morphologies] if morphologies is not None else shipped_for(preset)
    if not names:
        raise ParameterError(f"preset {preset!r}: no shipped morphology is named after it; name one")
    return names
