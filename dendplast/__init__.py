"""Which synapses of a dendrite change when a neuromodulator is released here and now, and why.

NEURON is imported when a name that needs it is first used, so results can be read without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# public name -> module that defines it
_HOME = {
    "DendplastError": "errors",
    "Geometry": "geometry",
    "MechanismError": "errors",
    "Morphology": "geometry",
    "MorphologyError": "errors",
    "ParameterError": "errors",
    "SimulationError": "errors",
    "StorageError": "errors",
    "ensure_loaded": "mechanisms",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dendplast' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
