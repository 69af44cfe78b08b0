"""The studies by name; a study's file is imported when it is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module

from ..errors import ParameterError
from .base import Study

__all__ = ["STUDIES", "study"]

STUDIES = {
    name: f"dendplast.studies.{name}"
    for name in ("timing", "stdp", "space", "map", "order", "dose", "memory", "structure", "priming")
}
"""Name to module; each module has its `Study` as ``STUDY``."""


def known(name: str) -> str:
    """Return the name if there is such a study.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in STUDIES:
        near = difflib.get_close_matches(name, STUDIES, 1, 0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ParameterError(f"study {name!r} is not known; {hint}studies are {', '.join(STUDIES)}")
    return name


def study(name: str) -> Study:
    """Return a study.

    Raises
    ------
    ParameterError
        If there is no study of that name, or this installation lacks its file.
    """
    module = STUDIES[known(name)]
    try:
        return import_module(module).STUDY
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ParameterError(f"study {name!r}: this installation has no module {module}") from None
