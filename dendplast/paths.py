"""Where the shipped files are, and where compiled ones may be kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .errors import DendplastError

__all__ = ["cache_dir", "mod_dir", "morphology_dir", "preset_dir"]

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    # A wheel holds the folder inside the package; a checkout (installed editable or not) beside it.
    # importlib.resources is of no help: it does not see mapped folders of an editable install.
    for base in (_PACKAGE, _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise DendplastError(
        f"folder {name}/ is neither in {_PACKAGE} nor beside it: install dendplast again, or complete the checkout"
    )


def mod_dir() -> Path:
    """Return the folder of the NMODL sources.

    Raises
    ------
    DendplastError
        If the installation lacks it.
    """
    return _shipped("mod")


def morphology_dir() -> Path:
    """Return the folder of the shipped morphologies.

    Raises
    ------
    DendplastError
        If the installation lacks it.
    """
    return _shipped("morphologies")


def preset_dir() -> Path:
    """Return the folder of the preset files (TOML); it need not exist."""
    return _PACKAGE / "presets"


def cache_dir() -> Path:
    """Return the folder that may hold files which can be made again; it need not exist.

    The environment variable ``DENDPLAST_CACHE`` names it; else it is where the platform keeps caches.

    Raises
    ------
    OSError
        If the user has no home folder.
    """
    if named := os.environ.get("DENDPLAST_CACHE"):
        return Path(named).expanduser().absolute()
    try:
        home = Path.home()
    except RuntimeError as error:
        raise OSError(str(error)) from None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "dendplast"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "dendplast"
