"""Where a timeline stopped, kept in a file beside its history, so that an interrupted run can go on.

The file is a pickle: read back only what this program has written.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from . import __version__
from .errors import StorageError
from .files import replacing, writing

__all__ = ["beside", "read_state", "write_state"]


def beside(path: str | Path) -> Path:
    """Return the name of the file of state that belongs to a file of history."""
    path = Path(path)
    return path.with_name(f"{path.name}.state")


def write_state(path: str | Path, state: dict[str, Any]) -> None:
    """Write a history's `state` beside `path`.

    Raises
    ------
    StorageError
        If the file can not be written; what was there before remains.
    """
    with writing(path), replacing(beside(path)) as partial:
        partial.write_bytes(pickle.dumps({"version": __version__, "state": state}, protocol=5))


def read_state(path: str | Path) -> dict[str, Any]:
    """Read the state beside `path`, to give it to `follow`.

    Raises
    ------
    StorageError
        If there is none, it is damaged, or another version has written it.
    """
    file = beside(path)
    try:
        found = pickle.loads(file.read_bytes())
    except FileNotFoundError:
        raise StorageError(f"{file}: there is no such file, so that nothing can be resumed") from None
    except Exception:  # a damaged pickle may raise nearly anything
        raise StorageError(f"{file}: is damaged, or was not written by dendplast {__version__}") from None
    if not isinstance(found, dict) or found.get("version") != __version__:
        raise StorageError(f"{file}: is damaged, or was not written by dendplast {__version__}")
    return found["state"]
