"""Sweeps: an experiment at every point of a map, over seeds, in parallel, resumable."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..errors import ParameterError, SimulationError, StorageError
from ..experiment import Experiment
from ..files import ensure_writable
from .axes import Axis, Plan
from .child import DISK
from .executors import on_dask, on_this_machine
from .samples import Sample
from .store import Store
from .work import waves

__all__ = ["Axis", "Plan", "Sample", "Swept", "run_plan", "sweep"]


class Swept:
    """A finished sweep.

    Attributes
    ----------
    path : Path
        Its file.
    failed : dict of str to str
        Hash of each job that failed, and why.
    finished_before : bool
        Whether the file was finished already, so that there was nothing to compute.
    """

    def __init__(
        self, path: Path, failed: Mapping[str, str], temporary: Any = None, *, finished_before: bool = False
    ) -> None:
        self.path, self.failed, self._temporary = path, dict(failed), temporary
        self.finished_before = finished_before

    def to_xarray(self) -> Any:
        """Return the sweep as an ``xarray.Dataset`` in memory, dimensions: the axes, seed, spine.

        Raises
        ------
        ParameterError
            If xarray and h5netcdf are not installed.
        """
        try:
            import xarray
        except ImportError:
            raise ParameterError("to_xarray: needs xarray and h5netcdf; pip install xarray h5netcdf") from None
        with xarray.open_dataset(self.path, engine="h5netcdf") as data:
            return data.load()

    def plot(self, **options: Any) -> Any:
        """Return a heat map of the mean outcome, see `figure.draw`."""
        from .figure import draw

        return draw(self.path, **options)

    def __repr__(self) -> str:
        return f"<Swept {self.path}{f', {len(self.failed)} jobs failed' if self.failed else ''}>"


def sweep(
    experiment: Experiment,
    axes: Mapping[str, Sequence[Any]],
    *,
    seeds: Sequence[int] = (1,),
    out: str | Path | None = None,
    workers: int | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    progress: bool = False,
    **more: Any,
) -> Swept:
    """Run an experiment at every combination of values and return the labelled results.

    Parameters
    ----------
    experiment : Experiment
        What all points share.
    axes : mapping of str to sequence
        Dotted key of the experiment, or a ``site.`` key of `change`, to its values:
        ``{"site.delay": ["0 s", "0.6 s"], "site.dose": [0.1, 1, 10]}``.
    seeds : sequence of int
        Every point is computed once for each.
    out : str or Path, optional
        The HDF5 file; a temporary one, gone with the result, when not given.
    workers : int, optional
        Processes at once; one for each core when not given.
    resume : bool
        Go on with what an interrupted sweep left beside `out`; nothing is computed when `out` is finished.
    scheduler : str, optional
        Address of a dask scheduler whose workers compute the jobs.
    progress : bool
        Show a progress bar.
    **more
        Fields of `Plan`: ``mode``, ``outcomes``, ``direction``, ``check``, ``sample``.

    Returns
    -------
    Swept
        The file, and `to_xarray`.

    Raises
    ------
    ParameterError
        If a key or value is not valid.
    SimulationError
        If every job failed.
    StorageError
        If the store can not be written, or holds another sweep.
    """
    plan = Plan.of(experiment, axes, seeds=tuple(seeds), **more)
    temporary = None
    if out is None:
        temporary = tempfile.TemporaryDirectory(prefix="dendplast-sweep-")
        out = Path(temporary.name) / "sweep.h5"
    done = run_plan(plan, out, workers=workers, resume=resume, scheduler=scheduler, progress=progress)
    assert done is not None
    return Swept(done.path, done.failed, temporary)


def run_plan(
    plan: Plan,
    out: str | Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    shard: tuple[int, int] = (1, 1),
    limit: float | None = None,
    progress: bool = False,
) -> Swept | None:
    """Run the jobs of a plan that are not done yet and write the file when all are.

    Parameters
    ----------
    plan : Plan
        The sweep.
    out : str or Path
        The HDF5 file.
    workers, resume, scheduler, progress
        As in `sweep`.
    shard : tuple of int
        (i, n): only the i-th of n parts, for the array jobs of a cluster.  Whichever part ends last writes the file.
    limit : float, optional
        Wall time after which one job is stopped (s).

    Returns
    -------
    Swept or None
        None while other shards are not done.

    Raises
    ------
    SimulationError
        If every job failed.
    StorageError
        If the store can not be written, or holds another sweep.
    """
    part, parts = shard
    if not 1 <= part <= parts:
        raise ParameterError(f"shard = {part}/{parts}: must be i/n with i from 1 to n")
    ensure_writable(out)
    store = Store(out, plan)
    if resume and store.complete():
        return Swept(store.path, {}, finished_before=True)
    store.open(resume or parts > 1)
    failed: dict[str, str] = {}
    mine = set(_part(store, part, parts))
    done = store.finished()
    layout = "{desc} {percentage:3.0f}%|{bar:30}| {n_fmt} of {total_fmt} jobs, {elapsed}, {remaining} left"
    with tqdm(total=len(mine), initial=len(mine & done), desc="sweep", disable=not progress, bar_format=layout) as bar:
        for wave in waves(store.jobs):
            left = [n for n in wave if n in mine and n not in done]
            for needed in {store.jobs[n]["needs"] for n in left if "needs" in store.jobs[n]} & failed.keys():
                for name in [n for n in left if store.jobs[n].get("needs") == needed]:
                    failed[name] = failed[needed]
                    left.remove(name)
            for attempt in (1, 2):  # a job that fails is given one more try
                again = []
                for name, failure in _computed(store.folder, left, workers, scheduler, limit):
                    if failure.startswith(DISK):
                        raise StorageError(failure.removeprefix(DISK))
                    if failure and attempt == 1:
                        again.append(name)
                        continue
                    if failure:
                        failed[name] = failure
                    bar.update()
                left = again
    if failed and len(failed) == len(mine - done):
        raise SimulationError(f"every job of the sweep failed; the first: {next(iter(failed.values()))}")
    if store.finished() | failed.keys() < store.jobs.keys():
        return None
    return Swept(store.merge(failed), failed)


def _part(store: Store, part: int, parts: int) -> Iterator[str]:
    """Return the jobs of one shard, with the recordings they need."""
    points = [name for name, job in store.jobs.items() if job["kind"] != "record"]
    for name in points[part - 1 :: parts]:
        yield name
        if "needs" in store.jobs[name]:
            yield store.jobs[name]["needs"]


def _computed(
    folder: Path, names: Sequence[str], workers: int | None, scheduler: str | None, limit: float | None
) -> Iterator[tuple[str, str]]:
    if not names:
        return iter(())
    if scheduler is not None:
        return on_dask(folder, names, scheduler, limit)
    return on_this_machine(folder, names, workers or os.cpu_count() or 1, limit)
