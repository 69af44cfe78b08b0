"""Exceptions: one root, one child for each thing a user can put right."""

__all__ = [
    "DendplastError",
    "MechanismError",
    "MorphologyError",
    "ParameterError",
    "SimulationError",
    "StorageError",
]


class DendplastError(Exception):
    """Root of every error dendplast raises on purpose.

    The message is one sentence: which file or key, the value, what is valid.
    """


class ParameterError(DendplastError, ValueError):
    """A key or value of a description is not valid."""


class MorphologyError(DendplastError, ValueError):
    """A morphology can not be read, or can not carry the cell that was asked for."""


class MechanismError(DendplastError, RuntimeError):
    """The NMODL mechanisms can not be compiled or loaded."""


class SimulationError(DendplastError, RuntimeError):
    """NEURON can not run, or was asked to run something that has no answer."""


class StorageError(DendplastError, OSError):
    """A result file can not be written, or is not one of ours."""
