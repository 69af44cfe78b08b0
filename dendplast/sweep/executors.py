"""Where jobs run: in processes of this machine, or on a dask cluster.  Both call `child.compute`.

A job is named by its hash; what it is and what it finds are files of one folder, which every machine must see.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path
from typing import Any

from pebble import ProcessPool

from ..errors import ParameterError
from .child import compute

__all__ = ["on_dask", "on_this_machine"]

_POLL = 0.5  # s


def on_this_machine(
    folder: Path, names: Sequence[str], workers: int, limit: float | None
) -> Iterator[tuple[str, str]]:
    """Compute jobs, each in a process that is fresh for NEURON, and yield (hash, failure) as they end.

    Parameters
    ----------
    folder : Path
        Where the jobs lie.
    names : sequence of str
        Hashes of the jobs.
    workers : int
        Processes at once.
    limit : float or None
        Wall time after which a job is stopped and counts as failed (s).
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPool(max_workers=workers, max_tasks=1, context=context) as pool:
        futures = {pool.schedule(compute, args=(str(folder), n), timeout=limit): n for n in names}
        try:
            while futures:
                done, _ = wait(futures, timeout=_POLL, return_when=FIRST_COMPLETED)
                for future in done:
                    yield futures.pop(future), _ended(future, limit)
        except BaseException:
            pool.stop()
            raise


def _ended(future: Any, limit: float | None) -> str:
    """Return why a job failed, also when its process died."""
    try:
        return future.result()
    except TimeoutError:
        return f"took longer than its limit of {limit:g} s"
    except Exception as error:
        return " ".join(f"its process died: {error}".split())


def on_dask(
    folder: Path, names: Sequence[str], address: str, limit: float | None
) -> Iterator[tuple[str, str]]:
    """Compute jobs on a dask cluster and yield (hash, failure) as they end.

    A worker starts a fresh process for each job.  A job whose worker dies is given to another; what the dead
    worker had finished lies in the folder and is not computed again.

    Raises
    ------
    ParameterError
        If dask is not installed, or no scheduler answers at the address.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise ParameterError("scheduler: needs dask; install it with pip install 'dendplast[cluster]'") from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        text = " ".join(str(error).split())
        raise ParameterError(f"scheduler = {address!r}: no scheduler answers there ({text})") from None
    with client:
        futures = client.map(_in_a_child, [str(folder)] * len(names), names, [limit] * len(names), pure=False)
        of = {future.key: name for future, name in zip(futures, names, strict=True)}
        for future in as_completed(futures, raise_errors=False):
            yield of[future.key], _ended(future, limit)


def _in_a_child(folder: str, name: str, limit: float | None) -> str:
    """Compute a job in a process of its own: a worker of dask may have none of multiprocessing's."""
    command = [sys.executable, "-m", "dendplast.sweep.child", folder, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"took longer than its limit of {limit:g} s"
    if not done.returncode:
        return ""
    return done.stderr.strip().rsplit("\n", 1)[-1] or f"its process died with code {done.returncode}"
