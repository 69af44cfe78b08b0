"""One job of a sweep in a process of its own: ``python -m dendplast.sweep.child FOLDER HASH``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..errors import DendplastError, StorageError
from .work import do

__all__ = ["DISK", "compute", "main"]

DISK = "disk: "
"""A failure that begins so is the disk's: no other job will fare better."""


def compute(folder: str, name: str) -> str:
    """Compute a job that lies in a folder, unless it is done, and return why it failed, ``""`` when it did not."""
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    place = Path(folder)
    try:
        job = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
        target = place / (f"{name}.pickle" if job["kind"] == "record" else f"{name}.npz")
        if not target.is_file():
            do(job, target, place / f"{job['needs']}.pickle" if "needs" in job else None)
    except StorageError as error:
        return f"{DISK}{error}"
    except DendplastError as error:
        return str(error)
    except Exception as error:  # a defect in one job must not cost the others
        return " ".join(f"{type(error).__name__}: {error}".split())
    return ""


def main() -> int:
    """Compute the job named on the command line; the reason of a failure goes to standard error."""
    failure = compute(*sys.argv[1:3])
    if failure:
        sys.stderr.write(failure)
    return 1 if failure else 0


if __name__ == "__main__":
    raise SystemExit(main())
