"""Where jobs run: in processes of this machine, or on a dask cluster; both start `child` as a program.

A job is named by its hash; what it is and what it finds are files of one folder, which every machine must see.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..errors import ParameterError

__all__ = ["on_dask", "on_this_machine"]


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
    running: set[subprocess.Popen[str]] = set()
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(_in_a_child, str(folder), name, limit, running): name for name in names}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # also when the caller stops asking: no process is left behind
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.kill()
            raise


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
        from distributed import Client
        from distributed import as_completed as dask_completed
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
        for future in dask_completed(futures):
            error = future.exception()  # such as KilledWorker, after as many tries as dask allows
            yield of[future.key], f"its worker died: {error}" if error is not None else future.result()


def _in_a_child(folder: str, name: str, limit: float | None, running: set[subprocess.Popen[str]] | None = None) -> str:
    """Compute a job in a process of its own and return why it failed.

    It is started as a program, not forked or spawned: it is fresh for NEURON, a script of the user's needs no guard
    around its main part, and a worker of dask, which may have no children of multiprocessing's, can have it.
    """
    running = set() if running is None else running
    command = [sys.executable, "-m", "dendplast.sweep.child", folder, name]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    running.add(process)
    try:
        _, text = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"took longer than its limit of {limit:g} s"
    finally:
        running.discard(process)
    if not process.returncode:
        return ""
    return text.strip().rsplit("\n", 1)[-1] or f"its process died with code {process.returncode}"
