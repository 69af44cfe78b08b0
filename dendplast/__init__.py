"""Which synapses of a dendrite change when a neuromodulator is released here and now, and why.

NEURON is imported when a name that needs it is first used, so results can be read without it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

# public name -> module that defines it
_HOME = {
    "Cell": "cell",
    "Condition": "replay",
    "DendplastError": "errors",
    "Denervation": "sources",
    "Dip": "modulation",
    "Drug": "drugs",
    "Experiment": "experiment",
    "Fibre": "sources",
    "Firing": "modulation",
    "Geometry": "geometry",
    "History": "history",
    "Indicator": "indicator",
    "MechanismError": "errors",
    "Model": "model",
    "Morphology": "geometry",
    "MorphologyError": "errors",
    "Numerics": "experiment",
    "ParameterError": "errors",
    "Patch": "release",
    "Presynaptic": "presynaptic",
    "Placement": "experiment",
    "Record": "experiment",
    "Release": "modulation",
    "Result": "result",
    "Selection": "protocol",
    "Session": "timeline",
    "SimulationError": "errors",
    "Solution": "solution",
    "Spines": "spines",
    "StorageError": "errors",
    "Timeline": "timeline",
    "ToneStep": "modulation",
    "Varicosity": "release",
    "Volume": "sources",
    "adopt": "cell",
    "at_stage": "stages",
    "build": "build",
    "burst": "modulation",
    "cells": "cells",
    "ensure_loaded": "mechanisms",
    "follow": "follow",
    "grow": "growth",
    "in_network": "stages",
    "load_morphology": "morphology:load",
    "load_preset": "presets",
    "protocols": "protocols",
    "read": "storage",
    "read_history": "history_file",
    "record": "simulate",
    "remodel": "remodel",
    "replay": "replay",
    "run": "simulate",
    "sensitivity": "sweep.sensitivity",
    "sweep": "sweep",
    "write": "storage",
}

__all__ = ["__version__", *_HOME]


class _Package(ModuleType):
    """Keeps ``build`` and ``replay`` the functions.

    The import system sets a submodule as attribute of its package, over a function of the same name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dendplast' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    found = import_module(f".{module}", __name__)
    value = globals()[name] = getattr(found, attribute or name, found)
    return value


def __dir__() -> list[str]:
    return sorted({*(n for n in globals() if n.startswith("__")), *_HOME})
