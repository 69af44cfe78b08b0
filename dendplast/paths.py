"""Where the shipped mod files and morphologies lie: inside an installed package, or beside it in a checkout."""

from pathlib import Path

from .errors import DendplastError

__all__ = ["mod_dir", "morphology_dir"]

_PACKAGE = Path(__file__).resolve().parent


def _find(name: str) -> Path:
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise DendplastError(f"the folder {name!r} is neither in {_PACKAGE} nor beside it; install dendplast again")


def mod_dir() -> Path:
    """Return the folder of the NMODL files.

    Raises
    ------
    DendplastError
        If the folder does not exist.
    """
    return _find("mod")


def morphology_dir() -> Path:
    """Return the folder of the shipped morphologies.

    Raises
    ------
    DendplastError
        If the folder does not exist.
    """
    return _find("morphologies")
