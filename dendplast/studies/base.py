"""What every study has, and how its jobs are run: in fresh processes, with progress, resumable."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pebble import ProcessPool
from tqdm import tqdm

from ..errors import DendplastError, SimulationError
from ..fingerprint import code_hash

__all__ = ["Finding", "Job", "Study", "run_jobs"]

Report = Callable[[float], None]
_POLL = 0.2  # s


@dataclass(frozen=True)
class Job:
    """One unit of work, run in a process that is fresh for NEURON.

    Attributes
    ----------
    label : str
        Name within the study.
    function : callable
        Module-level function ``function(report, **arguments)``; `report` takes a share done, 0 to 1.
    arguments : dict
        Picklable.
    cost : float
        Expected share of the work, for the progress bar.
    """

    label: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 1.0

    @property
    def hash(self) -> str:
        """A name for what the job computes: its function, its arguments, and all of the code."""
        with np.printoptions(threshold=sys.maxsize, floatmode="unique"):  # arrays in full
            content = (self.function.__module__, self.function.__qualname__, repr(self.arguments), code_hash())
        return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Finding:
    """One line of the summary: what was found, the number, and the control beside it."""

    sentence: str
    value: str
    control: str


@dataclass(frozen=True)
class Study:
    """A named study.

    Attributes
    ----------
    name, question : str
        What it is called and what it asks.
    jobs : callable
        ``jobs(quick) -> list of Job``.
    save : callable
        ``save(path, results, quick)`` writes the results (a dict by job label) to HDF5.
    draw : callable
        ``draw(path) -> dict of str to Figure``, from the file alone.
    findings : callable
        ``findings(path) -> list of Finding``, from the file alone.
    """

    name: str
    question: str
    jobs: Callable[[bool], list[Job]]
    save: Callable[[Path, Mapping[str, Any], bool], None]
    draw: Callable[[Path], dict[str, Any]]
    findings: Callable[[Path], list[Finding]]


def run_jobs(
    name: str, jobs: Sequence[Job], folder: Path, workers: int, resume: bool, show: bool = True
) -> dict[str, Any]:
    """Run jobs in parallel and return their results by label.

    Each finished job is kept in `folder` until the caller removes it, so that an interrupted study goes on
    where it stopped.  A job that fails stops the study; what is finished stays.

    Parameters
    ----------
    name : str
        Name of the study, in the progress bar.
    jobs : sequence of Job
        What to do.
    folder : Path
        Where finished jobs are kept.
    workers : int
        Processes at once.
    resume : bool
        Use finished jobs of an earlier run with the same hash.
    show : bool
        Show the progress bar.

    Raises
    ------
    SimulationError
        If a job fails; its own error is the cause.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    files = {job.label: folder / f"{name}-{job.label}-{job.hash}.pickle" for job in jobs}
    if resume:
        for job in jobs:
            if files[job.label].is_file():
                results[job.label] = pickle.loads(files[job.label].read_bytes())
    left = [job for job in jobs if job.label not in results]
    total = sum(job.cost for job in jobs)
    kept = sum(job.cost for job in jobs if job.label in results) / total
    layout = "{desc} {percentage:3.0f}%|{bar:30}| {elapsed}, {remaining} left"
    with tqdm(total=1.0, initial=kept, desc=f"{name:<8}", disable=not show, bar_format=layout) as bar:
        if left:
            context = multiprocessing.get_context("spawn")
            with context.Manager() as manager:
                told = manager.dict(), manager.dict()
                _run(left, files, results, workers, context, told, bar, total, {j.label: j.cost for j in jobs})
    return {job.label: results[job.label] for job in jobs}


def _run(left, files, results, workers, context, told, bar, total, costs) -> None:  # noqa: ANN001
    """Schedule jobs, follow their progress, show what they warn of above the bar, keep what is finished."""
    shares, notes = told
    with ProcessPool(max_workers=workers, max_tasks=1, context=context) as pool:
        order = sorted(left, key=lambda job: -job.cost)  # long ones first keep both processes busy to the end
        with _interrupts_held():
            futures = {pool.schedule(_work, args=(job, shares, notes)): job for job in order}
        try:
            while futures:
                done, _ = wait(futures, timeout=_POLL, return_when=FIRST_COMPLETED)
                for future in done:
                    job = futures.pop(future)
                    for note in notes.pop(job.label, ()):
                        bar.write(f"{job.label}: {note}", file=sys.stderr)
                    try:
                        results[job.label] = future.result()
                    except DendplastError:
                        raise
                    except Exception as error:
                        text = " ".join(f"{type(error).__name__}: {error}".split())
                        raise SimulationError(f"job {job.label!r} failed: {text}") from error
                    partial = files[job.label].with_suffix(".partial")
                    partial.write_bytes(pickle.dumps(results[job.label]))
                    os.replace(partial, files[job.label])
                share = sum(costs[k] for k in results) + sum(
                    costs[k] * v for k, v in dict(shares).items() if k not in results
                )
                bar.update(max(0.0, share / total - bar.n))
        except BaseException:
            pool.stop()
            raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while the pool starts: its threads and processes inherit that, and so never see one.

    The terminal sends Ctrl-C to every process at once; a worker that is just starting would end in a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Notes(logging.Handler):
    """Keeps what is logged, for the process that shows the progress bar."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message as one line."""
        self.texts.append(" ".join(record.getMessage().split()))


def _work(job: Job, shares: Any, notes: Any) -> Any:
    """Do one job in its own process."""
    logging.captureWarnings(True)
    kept = _Notes()
    logging.getLogger().addHandler(kept)
    last = [0.0]

    def report(share: float) -> None:
        if time.monotonic() - last[0] > _POLL:
            last[0] = time.monotonic()
            shares[job.label] = min(1.0, share)

    try:
        return job.function(report, **job.arguments)
    finally:
        if kept.texts:
            notes[job.label] = kept.texts
