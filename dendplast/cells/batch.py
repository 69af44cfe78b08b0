"""Measure the cells of presets and write tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import ParameterError, StorageError
from ..files import replacing
from ..style import save
from . import names_for
from .figure import draw
from .record import Numbers, measure
from .table import markdown, table
from .targets import load_targets, target_names

__all__ = ["run_cells"]

COARSE = Numbers(dt=0.05, d_lambda=0.2)


def run_cells(
    presets: Sequence[str] | None,
    morphologies: Sequence[str] | None,
    out: Path,
    *,
    coarse: bool = False,
    quick: bool = False,
    repair: bool = False,
    workers: int = 1,
    show: bool = False,
) -> list[Path]:
    """Measure presets and write table (``<preset>.csv``, ``<preset>.md``) and figure (PNG, PDF) of each.

    Parameters
    ----------
    presets : sequence of str, optional
        Names or TOML files; every preset that has targets when not given.
    morphologies : sequence of str, optional
        Shipped names or files, for every preset; the preset's shipped cells when not given.
    out : Path
        Folder; it is made when missing.
    coarse : bool
        Steps and segments of the studies.
    quick : bool
        The same, and nothing that needs spines.
    repair : bool
        Repair what can be repaired in a reconstruction.
    workers : int
        Processes at once.
    show : bool
        Show progress bars.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ParameterError, MorphologyError, SimulationError
        As `cells.battery`; before anything is measured when a preset has no targets.
    StorageError
        If the folder can not be made or written.
    """
    chosen = list(presets) if presets else target_names()
    loaded = {preset: load_targets(preset) for preset in chosen}
    for preset, targets in loaded.items():
        if not targets.feature:
            have = ", ".join(target_names())
            raise ParameterError(f"preset {preset!r}: has no targets; presets with targets are {have}")
    names = {preset: names_for(preset, morphologies) for preset in chosen}
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out}: can not be made: {error.strerror}; give another folder") from None
    written = []
    numbers = replace(COARSE if coarse or quick else Numbers(), spines=not quick, repair=repair)
    for preset, targets in loaded.items():
        records = measure(preset, names[preset], numbers, workers=workers, show=show)
        name = Path(preset).stem
        written += [*_write(out / name, table(records, targets)), *save(draw(records, targets), out, name)]
    return written


def _write(stem: Path, frame: pd.DataFrame) -> list[Path]:
    csv, md = stem.with_suffix(".csv"), stem.with_suffix(".md")
    with replacing(csv) as partial:
        frame.to_csv(partial, index=False, float_format="%.5g")
    with replacing(md) as partial:
        partial.write_text(markdown(frame) + "\n", encoding="utf-8")
    return [csv, md]
