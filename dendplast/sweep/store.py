"""The store of a sweep: a folder of finished jobs while it runs, one HDF5 file when it is finished.

Every job writes its own file, which appears whole, so that nothing has to be locked and a process that dies costs
one job.  The finished file is written from these by one process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tomli_w
from filelock import FileLock

from .. import __version__
from ..errors import StorageError
from ..files import replacing
from ..labels import describe
from ..netcdf import write_labelled
from ..parameters import OutcomeParameters
from ..result import classify
from ..storage import study_file
from .axes import Plan
from .work import checked_points, jobs_of

__all__ = ["Store"]


class Store:
    """Finished jobs of one sweep, and how they become one file.

    Parameters
    ----------
    path : str or Path
        The finished file; its jobs lie beside it in a folder ``NAME.jobs`` until then.
    plan : Plan
        The sweep.
    """

    def __init__(self, path: str | Path, plan: Plan) -> None:
        self.path, self.plan = Path(path), plan
        self.folder = self.path.with_name(self.path.name + ".jobs")
        self.jobs = jobs_of(plan)

    def open(self, resume: bool) -> None:
        """Make the folder, or go on in the one that is there.

        Raises
        ------
        StorageError
            If the folder can not be made, is there without `resume`, or holds another sweep.
        """
        text = _text(self.plan)
        plan_file = self.folder / "plan.toml"
        if plan_file.is_file():
            if not resume:
                raise StorageError(
                    f"{self.folder}: holds a sweep that is not finished; resume it (--resume), or remove the folder"
                )
            before = plan_file.read_text(encoding="utf-8")
            if before != text:
                raise StorageError(f"{self.folder}: holds another sweep: {_difference(before, text)}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.folder}: can not be made: {error.strerror}") from None
        for name, job in self.jobs.items():
            target = self.folder / f"{name}.json"
            if not target.is_file():
                with replacing(target, several=True) as partial:  # shards begin at once
                    partial.write_text(json.dumps(job, default=str), encoding="utf-8")
        with replacing(plan_file, several=True) as partial:
            partial.write_text(text, encoding="utf-8")

    def complete(self) -> bool:
        """Return whether the finished file is there already, without a failed job.

        Raises
        ------
        StorageError
            If the file holds another sweep.
        """
        if self.folder.is_dir() or not self.path.is_file():
            return False
        try:
            with h5py.File(self.path) as file:
                before = str(file.attrs.get("plan", ""))
        except OSError as error:
            raise StorageError(f"{self.path}: can not be read, so there is nothing to resume: {error}") from None
        if before != _text(self.plan):
            raise StorageError(f"{self.path}: holds another sweep: {_difference(before, _text(self.plan))}")
        return True

    def file(self, name: str) -> Path:
        """Return where a job's results are, or go."""
        return self.folder / (f"{name}.pickle" if self.jobs[name]["kind"] == "record" else f"{name}.npz")

    def finished(self) -> set[str]:
        """Return the hashes of the jobs that are done."""
        return {name for name in self.jobs if self.file(name).is_file()}

    def merge(self, failed: Mapping[str, str]) -> Path:
        """Write the finished file; points of jobs that failed are NaN, with their error in the file.

        The folder of jobs is removed when nothing failed. Of several shards that end at once, one writes.

        Raises
        ------
        StorageError
            If the disk refuses; the jobs stay.
        """
        lock = self.path.with_name(f".{self.path.name}.lock")
        with FileLock(lock):
            try:
                if self.folder.is_dir():
                    self._write(failed)
            finally:
                lock.unlink(missing_ok=True)
        return self.path

    def _write(self, failed: Mapping[str, str]) -> None:
        shape = (*self.plan.shape, len(self.plan.seeds))
        rows = {name: np.load(self.file(name)) for name in self.finished() if self.jobs[name]["kind"] != "record"}
        n_spine = max((len(r["spine_path_distance"]) for r in rows.values()), default=0)
        names = list(dict.fromkeys((*self.plan.outcomes, "tag_P", "tag_D", "w", "primed")))
        flat = {n: np.full((int(np.prod(shape[:-1])), shape[-1], n_spine), np.nan) for n in names}
        place = np.full((shape[-1], n_spine), np.nan)
        status = np.ones((int(np.prod(shape[:-1])), shape[-1]), np.int8)
        for name, job in self.jobs.items():  # in the order of the plan, whatever finished first
            if name not in rows or job.get("check"):
                continue
            row, seed = rows[name], self.plan.seeds.index(job["seed"])
            n = len(row["spine_path_distance"])
            for key in names:
                flat[key][job["indices"], seed, :n] = row[key]
            place[seed, :n] = row["spine_path_distance"]
            status[job["indices"], seed] = 0
        classes = classify(flat, None, OutcomeParameters())
        classes[np.isnan(flat["w"])] = -1
        values = {n: v.reshape(*shape, n_spine) for n, v in flat.items()}
        dims = (*self.plan.dims, "seed", "spine")
        coordinates = self.plan.coordinates()
        coords: dict[str, Any] = {
            name: (v, unit, f"{axis.key} of the experiment")
            for (name, (_, v, unit)), axis in zip(coordinates.items(), self.plan.axis, strict=True)
            if self.plan.sample is None
        }
        if self.plan.sample is not None:
            coords["sample"] = (np.arange(shape[0]), "1", "point of the sample")
        coords["seed"] = (np.array(self.plan.seeds), "1", "seed of the experiment")
        coords["spine"] = (np.arange(n_spine), *describe("spine"))
        variables: dict[str, Any] = {n: (dims, values[n], *describe(n)) for n in self.plan.outcomes}
        variables["class"] = (dims, classes.reshape(*shape, n_spine), *describe("class"))
        variables["failed"] = (dims[:-1], status.reshape(shape), "1", "1 where the job failed; the class is -1 there")
        if self.plan.sample is not None:
            for axis, (name, (_, v, unit)) in zip(self.plan.axis, coordinates.items(), strict=True):
                variables[name] = (("sample",), v, unit, f"{axis.key} of the experiment")
        variables["path_distance"] = (("seed", "spine"), place, *describe("path_distance"))
        attrs = {"plan": _text(self.plan), "mode": self.plan.mode, "errors": json.dumps(dict(failed))}
        attrs |= self._replay_error(rows, flat["w"])
        with study_file(self.path, {"dendplast_version": __version__}) as file:
            write_labelled(file, coords, variables, attrs)
        if not failed:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _replay_error(self, rows: Mapping[str, Any], w: np.ndarray) -> dict[str, float]:
        """Return the largest and mean difference of weights between replayed and simulated points."""
        found = []
        for name, job in self.jobs.items():
            if job.get("check") and name in rows:
                full = rows[name]["w"][0]
                found.append(np.abs(full - w[job["indices"][0], 0, : len(full)]))
        if not found:
            return {}
        values, span = np.concatenate(found), float(np.nanmax(w) - np.nanmin(w))
        return {
            "replay_error_max": float(values.max()), "replay_error_mean": float(values.mean()),
            "replay_error_range": span, "replay_checked": len(checked_points(self.plan)),
        }  # fmt: skip


def _text(plan: Plan) -> str:
    """Return the sweep as TOML, complete."""
    data = plan.model_dump(mode="json", exclude_none=True)
    data["experiment"] = json.loads(json.dumps(data["experiment"], sort_keys=True))
    return tomli_w.dumps(data)


def _difference(before: str, now: str) -> str:
    """Say where two texts differ first, and in how many lines."""
    old, new = set(before.splitlines()), set(now.splitlines())
    gone = [line for line in before.splitlines() if line not in new]
    came = [line for line in now.splitlines() if line not in old]
    first = f"it has {gone[0].strip()!r}" if gone else "it lacks a line"
    second = f"this one {came[0].strip()!r}" if came else "this one does not"
    more = max(len(gone), len(came)) - 1
    return f"{first}, {second}" + (f", and {more} more differences" if more > 0 else "")
