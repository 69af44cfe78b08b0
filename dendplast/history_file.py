"""Files of timelines: every spine over weeks, the tree, and the sessions as runs of their own.

Layout: ``spines`` and ``tree`` as in a run's file, with ``born`` and ``lost_at`` of every spine; ``outcome``, states
by moment and spine; ``shared``, what the tree has along it by moment; ``sessions/0`` and so on, each a run whose
column ``spine_id`` says who is who.  xarray opens each group: ``xarray.open_dataset(path, group="outcome")``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from .errors import StorageError
from .files import open_file
from .geometry import Geometry
from .history import History
from .labels import describe
from .netcdf import read_column, read_labelled, write_labelled
from .spines import Spines
from .storage import read, study_file, write
from .tables import attributes, provenance_of, read_table, write_table

__all__ = ["read_history", "write_history"]

_ALONG = ("protein", "neighbour", "shrinkage")


def write_history(path: str | Path, history: History) -> Path:
    """Write what became of a cell along a timeline.

    Raises
    ------
    StorageError
        If the file can not be written; nothing half-written remains.
    """
    h = history
    with study_file(path) as file:
        file.attrs.update(attributes({**h.provenance, "timeline": h.timeline}))
        write_table(file.create_group("spines"), h.spines, {"born": h.born, "lost_at": h.lost})
        write_table(file.create_group("tree"), h.tree)
        time = (h.time, *describe("outcome_time"))
        spine = (np.arange(len(h.spines)), *describe("spine"))
        place = describe("path_distance")
        states = {n: (("outcome_time", "spine"), values, *describe(n)) for n, values in h.outcomes.items()}
        write_labelled(
            file.create_group("outcome"),
            {"outcome_time": time, "spine": spine},
            states | {"path_distance": (("spine",), h.spines.path_distance, *place)},
        )
        along = {
            n: (("outcome_time", "segment"), getattr(h, n), *describe(n)) for n in _ALONG
        }
        write_labelled(
            file.create_group("shared"),
            {"outcome_time": time, "segment": (np.arange(len(h.tree)), *describe("segment"))},
            along | {"path_distance": (("segment",), h.tree.path_distance, *place)},
        )
        for k, (run, ids) in enumerate(zip(h.runs, h.run_spines, strict=True)):
            write(file, replace(run, conductances=run.conductances | {"spine_id": ids}), group=f"/sessions/{k}")
    return Path(path)


def read_history(path: str | Path) -> History:
    """Read what `write_history` wrote.

    Raises
    ------
    StorageError
        If there is no such file, it is incomplete, or it holds no timeline.
    """
    with open_file(path) as file:
        if "timeline" not in file.attrs:
            raise StorageError(f"{path}: holds no timeline; dendplast.read reads a run")
        about = provenance_of(file.attrs)
        timeline = about.pop("timeline")
        outcome, shared = read_labelled(file["outcome"]), read_labelled(file["shared"])
        spines, tree = read_table(file["spines"], Spines), read_table(file["tree"], Geometry)
        born, lost = (read_column(file["spines"][name]) for name in ("born", "lost_at"))
        n_run = len(file["sessions"]) if "sessions" in file else 0
    runs = [read(path, f"/sessions/{k}") for k in range(n_run)]
    return History(
        timeline=timeline, spines=spines, born=born, lost=lost, tree=tree, time=outcome.values("outcome_time"),
        outcomes={n: v[1] for n, v in outcome.variables.items() if n != "path_distance"},
        **{name: shared.values(name) for name in _ALONG},
        run_spines=tuple(run.conductances.pop("spine_id") for run in runs), runs=tuple(runs), provenance=about,
    )  # fmt: skip
