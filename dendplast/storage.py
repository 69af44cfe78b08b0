"""Result files: a run written to HDF5 and read back exactly, and the files of studies that hold many runs.

Layout: groups ``traces``, ``outcome``, ``spines``, ``sites``, ``deliveries``, ``tree`` at the root, or
under ``/runs/<label>`` in a study's file; root attributes say what made the file.  No NEURON is needed to
read one, nor this package: ``xarray.open_dataset(path, engine="h5netcdf", group="traces")``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from .spines import Spines
from .diffusion import Deliveries
from .errors import StorageError
from .files import NewFile, open_file
from .geometry import Geometry
from .netcdf import read_column, read_labelled, write_labelled
from .result import Result
from .tables import OWN, provenance_of, read_more, read_sites, read_table
from .writer import Writer

__all__ = ["Writer", "open_file", "read", "read_labelled", "set_main", "study_file", "write", "write_labelled"]

# datasets of a run's groups that are no recorded quantity
_NOT_RECORDED = {"time", "spine", "path_distance", "soma_v", "outcome_time", "lost", "class"}


def write(target: str | Path | h5py.File, result: Result, group: str = "/") -> Path | None:
    """Write a finished run.

    Parameters
    ----------
    target : str, Path or h5py.File
        A path, or the open file of `study_file`.
    result : Result
        The run; traces are stored as float32, its ``state`` is not stored.
    group : str
        Where in the file, such as ``"/runs/control"``.

    Returns
    -------
    Path or None
        Where the file is; None within a study's file.

    Raises
    ------
    StorageError
        If the file can not be written; nothing half-written remains.
    """
    r = result
    parts = (r.experiment, r.spines, r.tree, r.sites, r.deliveries, tuple(r.traces), r.provenance)
    with Writer(target, *parts, conductances=r.conductances, group=group) as writer:
        writer.append(r.time, r.traces, r.soma_v)
        for i, time in enumerate(r.outcome_time):
            writer.outcome(time, {name: values[i] for name, values in r.outcomes.items()}, r.lost[i])
        return writer.finish()


def read(path: str | Path, group: str = "/", allow_incomplete: bool = False) -> Result:
    """Read a run.

    Parameters
    ----------
    path : str or Path
        A file of `write`, `Writer` or `study_file`.
    group : str
        Which run; ``"/"`` is the file's only, or main, run.
    allow_incomplete : bool
        Also read what a killed run left behind.

    Raises
    ------
    StorageError
        If there is no such file or run, it is not ours, or it is incomplete.
    """
    with open_file(path, allow_incomplete) as file:
        if group == "/" and "main_run" in file.attrs:
            group = f"/runs/{file.attrs['main_run']}"  # the attributes there are the run's alone
        run = file.get(group)
        if run is None or "experiment" not in run.attrs:
            labels = ", ".join(f"/runs/{name}" for name in file.get("runs", ())) or "none"
            raise StorageError(f"{path}: holds no run at {group}; runs under a label are: {labels}")
        if not run.attrs["complete"] and not allow_incomplete:
            raise StorageError(f"{path}: run {group} is incomplete; allow_incomplete=True reads it")
        traces, outcome = run["traces"], run["outcome"]
        return Result(
            experiment=run.attrs["experiment"],
            spines=read_table(run["spines"], Spines),
            tree=read_table(run["tree"], Geometry),
            sites=read_sites(run["sites"]),
            deliveries=read_table(run["deliveries"], Deliveries),
            time=read_column(traces["time"]),
            traces={name: read_column(traces[name]) for name in traces if name not in _NOT_RECORDED},
            soma_v=read_column(traces["soma_v"]),
            outcome_time=read_column(outcome["outcome_time"]),
            outcomes={name: read_column(outcome[name]) for name in outcome if name not in _NOT_RECORDED},
            lost=read_column(outcome["lost"]),
            conductances=read_more(run["spines"], Spines),
            provenance=provenance_of(run.attrs),
        )


@contextmanager
def study_file(path: str | Path, attrs: Mapping[str, Any] | None = None) -> Iterator[h5py.File]:
    """Open a study's file for writing; it appears, whole, when the block ends well.

    Inside, write runs with ``write(file, result, group="/runs/label")`` or a `Writer`, curves with
    ``write_labelled(file.create_group("curve"), ...)``, and name the main run with `set_main`.

    Parameters
    ----------
    path : str or Path
        Such as ``results/space.h5``.
    attrs : mapping, optional
        About the study, such as its finding.

    Raises
    ------
    StorageError
        If the file can not be written; nothing half-written remains.
    """
    wrong = sorted(OWN & (attrs or {}).keys())
    if wrong:
        raise StorageError(f"study attribute {wrong[0]!r}: is a name of the file's own; choose another")
    file = NewFile(path)
    try:
        file.root.attrs.update(attrs or {})
        yield file.root
    except BaseException:
        file.discard()
        file.check()  # on a full disk, HDF5's complaints are only consequences
        raise
    file.commit()


def set_main(file: h5py.File, label: str) -> None:
    """Show one run of a study at the root of its file as well: the same groups, by hard links.

    Raises
    ------
    StorageError
        If there is no such run, or a main run was named before.
    """
    run = file.get(f"/runs/{label}")
    if run is None:
        labels = ", ".join(file.get("runs", ())) or "none yet"
        raise StorageError(f"main run {label!r}: is no run of this study; its runs are: {labels}")
    if "main_run" in file.attrs or any(name in file for name in run):
        raise StorageError(f"main run {label!r}: the root of the file already holds a run")
    for name in run:
        file[name] = run[name]
    for name in run.attrs.keys() - file.attrs.keys():
        file.attrs[name] = run.attrs[name]
    file.attrs["main_run"] = label
