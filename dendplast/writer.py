"""A run streams into HDF5 while it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from .spines import Spines
from .diffusion import Deliveries
from .errors import StorageError
from .files import NewFile, writing
from .geometry import Geometry
from .labels import describe
from .netcdf import column, dimension, set_class_flags
from .parameters import OutcomeParameters
from .result import classify
from .tables import attributes, provenance_of, write_sites, write_table

__all__ = ["Writer"]

_NEEDED_FOR_CLASS = {"tag_P", "tag_D", "w", "primed"}


class Writer:
    """Stream a run into a file that appears, whole, when the run is finished.

    Until `finish`, the file lies under another name in the same folder and says ``complete = 0``.  Used in
    a ``with`` block, the end of the block finishes it and an exception aborts it.

    Parameters
    ----------
    target : str, Path or h5py.File
        Where to; an open file is one that `study_file` gave.
    experiment : str
        The experiment as TOML.
    spines : Spines
        Every spine, in the order of all arrays.
    tree : Geometry
        The cell's segments.
    sites : sequence of Site
        Release sites.
    deliveries : Deliveries
        Which site reaches which spine.
    names : sequence of str
        Recorded quantities, in the units of `labels.describe`.
    provenance : mapping
        Versions (``dendplast``, ``neuron``), ``mod_hash``, ``git_commit``, ``seed``, and what else is known.
    conductances : mapping of str to array_like, shape (n_spine,), optional
        ``g_ampa``, ``g_nmda``, ``g_vgcc`` (uS), ``ca_fraction`` (1); they stand among the columns of the spines.
    group : str
        Where in the file, such as ``"/runs/control"``.

    Raises
    ------
    StorageError
        If the file can not be written, or a unit is not known.
    """

    def __init__(
        self,
        target: str | Path | h5py.File,
        experiment: str,
        spines: Spines,
        tree: Geometry,
        sites: Sequence[Any],
        deliveries: Deliveries,
        names: Sequence[str],
        provenance: Mapping[str, Any],
        *,
        conductances: Mapping[str, np.ndarray] | None = None,
        group: str = "/",
    ) -> None:
        self._file = None if isinstance(target, h5py.Group) else NewFile(target)
        root = target if self._file is None else self._file.root
        self._where = group if self._file is None else str(self._file.path)
        self._open = True
        self._group: h5py.Group | None = None
        self._names = tuple(names)
        self._n = len(spines)
        self._rows, self._columns = _chunk(self._n)
        self._waiting: list[tuple[np.ndarray, ...]] = []
        try:
            with writing(self._where, self._file):
                if group.strip("/") and group in root:
                    raise StorageError(f"{group}: is there already; give each run its own label")
                self._group = root.create_group(group) if group.strip("/") else root
                self._group.attrs.update(attributes(provenance))
                self._group.attrs.update(experiment=experiment, complete=np.int8(0))
                write_table(self._group.create_group("spines"), spines, conductances)
                write_table(self._group.create_group("tree"), tree)
                write_table(self._group.create_group("deliveries"), deliveries)
                write_sites(self._group.create_group("sites"), sites)
                self._start(spines)
        except BaseException:
            self.abort()
            raise

    def _start(self, spines: Spines) -> None:
        """Make the growing datasets."""
        assert self._group is not None
        self._traces = self._group.create_group("traces", track_order=True)
        self._outcome = self._group.create_group("outcome", track_order=True)
        for group, time in ((self._traces, "time"), (self._outcome, "outcome_time")):
            dimension(group, time, np.zeros(0), *describe(time), grows=True, chunk=1024)
            dimension(group, "spine", np.arange(self._n), *describe("spine"))
            column(group, "path_distance", ("spine",), spines.path_distance, *describe("path_distance"))
        column(self._traces, "soma_v", ("time",), np.zeros(0, np.float32), *describe("soma_v"), grows=True,
               chunks=(1024,))  # fmt: skip
        for name in self._names:
            self._per_spine(self._traces, name, "time", np.float32, (self._rows, self._columns))
        self._per_spine(self._outcome, "lost", "outcome_time", bool, (1, self._columns))

    def _per_spine(self, group: h5py.Group, name: str, time: str, kind: Any, chunks: tuple[int, int]) -> None:
        """Make a growing dataset with a value for every spine."""
        made = column(group, name, (time, "spine"), np.zeros((0, self._n), kind), *describe(name),
                      grows=True, chunks=chunks)  # fmt: skip
        made.attrs["coordinates"] = "path_distance"

    def append(self, time: np.ndarray, traces: Mapping[str, np.ndarray], soma_v: np.ndarray) -> None:
        """Add a stretch of time.

        Parameters
        ----------
        time : array_like, shape (n,)
            Times (ms).
        traces : mapping of str to array_like, shape (n, n_spine)
            Every recorded quantity; stored as float32.
        soma_v : array_like, shape (n,)
            Somatic voltage (mV); stored as float32.

        Raises
        ------
        StorageError
            If names or shapes are not those of the run, or the disk refuses.
        """
        time = np.array(time, float)
        if set(traces) != set(self._names):
            raise StorageError(f"traces {sorted(traces)}: must be exactly {sorted(self._names)}")
        block = [time, np.array(soma_v, np.float32), *(np.array(traces[n], np.float32) for n in self._names)]
        shapes = [(len(time),)] * 2 + [(len(time), self._n)] * len(self._names)
        for name, values, shape in zip(("time", "soma_v", *self._names), block, shapes, strict=True):
            if values.shape != shape:
                raise StorageError(f"trace {name!r}: has shape {values.shape}, must have {shape}")
        self._waiting.append(tuple(block))
        if sum(len(b[0]) for b in self._waiting) >= self._rows:
            self._flush()

    def _flush(self, everything: bool = False) -> None:
        """Write whole chunks, so that none is compressed twice; the rest only when `everything`."""
        if not self._waiting:
            return
        block = [np.concatenate(part) for part in zip(*self._waiting, strict=True)]
        ready = len(block[0]) if everything else len(block[0]) // self._rows * self._rows
        with writing(self._where, self._file):
            for name, values in zip(("time", "soma_v", *self._names), block, strict=True):
                _extend(self._traces[name], values[:ready])
            self._traces.file.flush()
        self._waiting = [tuple(values[ready:] for values in block)]

    def outcome(self, time: float, values: Mapping[str, np.ndarray], lost: np.ndarray) -> None:
        """Add the outcome of every spine at one asked time, with its class where the values name one.

        Parameters
        ----------
        time : float
            When (ms).
        values : mapping of str to array_like, shape (n_spine,)
            Such as `result.OUTCOMES`; the same names each time.
        lost : array_like of bool, shape (n_spine,)
            Spines that are gone.

        Raises
        ------
        StorageError
            If names or shapes are not those of the run, or the disk refuses.
        """
        rows = {name: np.asarray(v, float) for name, v in values.items()} | {"lost": np.asarray(lost, bool)}
        if values.keys() >= _NEEDED_FOR_CLASS:
            rows["class"] = classify(rows, None, OutcomeParameters())
        for name, row in rows.items():
            if row.shape != (self._n,):
                raise StorageError(f"outcome {name!r}: has shape {row.shape}, must have {(self._n,)}")
        with writing(self._where, self._file):
            if not len(self._outcome["outcome_time"]):
                for name, row in rows.items():
                    if name != "lost":
                        self._per_spine(self._outcome, name, "outcome_time", row.dtype, (1, self._columns))
                if "class" in rows:
                    set_class_flags(self._outcome["class"])
            there = self._outcome.keys() - {"outcome_time", "spine", "path_distance"}
            if rows.keys() != there:
                raise StorageError(f"outcome {sorted(rows)}: must be {sorted(there)}, as the first time")
            _extend(self._outcome["outcome_time"], np.array([time], float))
            for name, row in rows.items():
                _extend(self._outcome[name], row[None])

    def finish(self, provenance: Mapping[str, Any] | None = None) -> Path | None:
        """Write what waits, mark the run complete, put the file in its place.

        Parameters
        ----------
        provenance : mapping, optional
            What is only known at the end, such as ``wall_time_s``.

        Returns
        -------
        Path or None
            Where the file is; None within a study's file.

        Raises
        ------
        StorageError
            If the disk refuses; nothing is left then.
        """
        assert self._group is not None
        try:
            self._flush(everything=True)
            with writing(self._where, self._file):
                self._group.attrs.update(attributes({**provenance_of(self._group.attrs), **(provenance or {})}))
                self._group.attrs["complete"] = np.int8(1)
            path = None if self._file is None else self._file.commit()
        except BaseException:
            self.abort()
            raise
        self._open = False
        return path

    def abort(self) -> None:
        """Remove what was written."""
        if not self._open:
            return
        self._open = False
        if self._file is not None:
            self._file.discard()
        elif self._group is not None and self._group.name != "/":
            del self._group.parent[self._group.name]

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif self._open:
            self.finish()


def _chunk(n_spine: int) -> tuple[int, int]:
    """Return rows and columns of a chunk of 64 KiB: fewer rows for more spines, whole rows wait in memory."""
    rows = int(np.clip(2**19 // max(n_spine, 1), 16, 256))
    return rows, max(1, min(n_spine, 2**14 // rows))


def _extend(data: h5py.Dataset, rows: np.ndarray) -> None:
    n = len(data)
    data.resize(n + len(rows), 0)
    data[n:] = rows
