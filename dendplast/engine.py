"""What takes the fixed steps: NEURON itself, or CoreNEURON, which takes several spines at once.

CoreNEURON needs a library of its own, compiled with flags that let the compiler use the machine's vector
instructions and reorder sums: results are NEURON's to rounding, not to the bit.  It is compiled only when
``numerics.engine = "coreneuron"`` asks for it or `compile_core` is called, and lies beside NEURON's library.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from neuron import coreneuron, h

from .errors import MechanismError, ParameterError
from .mechanisms import ensure_loaded
from .model import Model
from .nmodl import LIBRARY, built
from .stepping import forward

__all__ = ["CORE_LIBRARY", "Engine", "choose_engine", "compile_core", "core_library"]

_log = logging.getLogger(__name__)

CORE_LIBRARY = LIBRARY.replace("nrnmech", "corenrnmech")

TUNED = (
    "-O3 -march=native -fno-math-errno -fno-trapping-math -ffinite-math-only -fno-signed-zeros "
    "-fassociative-math -freciprocal-math -D__FAST_MATH__"
)
"""What of -ffast-math matters; the whole of it would flush denormal numbers to zero in all of Python.

The macro lets the C library offer its vector exponential.
"""

PLAIN = "-O3"
"""Taken where the tuned flags do not compile."""

WORTHWHILE = 300
"""Spines from which CoreNEURON pays: below it, handing the cell over takes what the faster steps save."""

_PATIENCE = 900.0  # s; as for NEURON's library

_loaded: Path | None = None  # the library CoreNEURON has loaded; it keeps the first for the process


@dataclass(frozen=True)
class Engine:
    """What takes the steps of a run.

    Attributes
    ----------
    name : str
        ``"neuron"`` or ``"coreneuron"``.
    reason : str
        Why this one.
    forward : callable
        Takes a number of fixed steps.
    """

    name: str
    reason: str
    forward: Callable[[int], None]


def choose_engine(model: Model, capture: bool = False) -> Engine:
    """Choose what takes the steps of a model's run.

    Parameters
    ----------
    model : Model
        A built model; ``numerics.engine`` of its experiment asks for one, or leaves the choice.
    capture : bool
        Calcium of every sample is read while the run goes on.

    Raises
    ------
    ParameterError
        If CoreNEURON is asked for and can not run this model.
    MechanismError
        If its library must be compiled, and can not.
    """
    asked = model.experiment.numerics.engine
    if asked == "neuron":
        return Engine("neuron", "asked for", forward)
    if asked == "auto" and len(model.processes) < WORTHWHILE:
        return Engine("neuron", f"fewer than {WORTHWHILE} spines", forward)
    obstacle = _obstacle(model, capture)
    if asked == "coreneuron":
        if obstacle:
            raise ParameterError(f"numerics.engine = 'coreneuron': {obstacle}; take 'neuron' or 'auto'")
        return Engine("coreneuron", "asked for", _stepper(compile_core()))
    if obstacle:
        return Engine("neuron", obstacle, forward)
    library = core_library()
    if library is None:
        return Engine("neuron", "CoreNEURON's library is not compiled (dendplast compile --coreneuron)", forward)
    return Engine("coreneuron", f"{WORTHWHILE} spines or more, and its library is there", _stepper(library))


def _obstacle(model: Model, capture: bool) -> str:
    """Say what of a model CoreNEURON can not run, or nothing."""
    if capture:
        return "the calcium of every tick is recorded, which only NEURON shows"
    if foreign := _foreign(model):
        return f"the cell has {foreign}, which CoreNEURON's library does not know"
    if model.field.courses:
        return "a field solved ahead is written into the spines every ms, which only NEURON can be told in a run"
    if _loaded is not None and _loaded != core_library():
        return "this process has loaded another library into CoreNEURON, which keeps its first"
    others = [sec.name() for sec in h.allsec() if sec not in _own(model)]
    if others:
        return f"CoreNEURON would take along the session's other sections, such as {others[0]}"
    return ""


def _foreign(model: Model) -> str:
    """Return a mechanism of the cell that is neither ours nor one that every CoreNEURON has, or nothing."""
    known = {*ensure_loaded().names, "pas", "hh", "capacitance", "morphology"}
    names = {mechanism.name() for sec in model.cell.sections for mechanism in sec(0.5)}
    return min((name for name in names - known if not name.endswith("_ion")), default="")


def _own(model: Model) -> set:
    return {*model.cell.sections, *model.heads, *model.necks}


def _stepper(library: Path) -> Callable[[int], None]:
    """Return what hands the session to CoreNEURON for some steps and takes it back."""
    global _loaded
    _loaded = library
    context = h.ParallelContext()

    def steps(n: int) -> None:
        if n < 1:
            return
        before = os.environ.get("CORENEURONLIB"), coreneuron.enable, coreneuron.verbose
        os.environ["CORENEURONLIB"] = str(library)
        try:
            coreneuron.enable, coreneuron.verbose = True, 0
            context.set_maxstep(10)
            context.psolve(h.t + (n + 0.01) * h.dt)  # CoreNEURON takes the whole steps before its end
        finally:
            coreneuron.enable, coreneuron.verbose = before[1:]
            if before[0] is None:
                del os.environ["CORENEURONLIB"]
            else:
                os.environ["CORENEURONLIB"] = before[0]

    return steps


def core_library() -> Path | None:
    """Return CoreNEURON's library of the present mechanisms if it has been compiled, else None."""
    path = _place()
    return path if path is not None and path.is_file() else None


def _place() -> Path | None:
    """Return where CoreNEURON's library lies: beside NEURON's, under a key of its flags."""
    beside = ensure_loaded().path
    if beside is None:
        return None
    flags = hashlib.sha256(f"{TUNED}|{PLAIN}".encode()).hexdigest()[:8]
    return beside.parent / f"coreneuron-{flags}" / CORE_LIBRARY


def compile_core() -> Path:
    """Compile the mechanisms for CoreNEURON unless that has been done, and return the library.

    Raises
    ------
    MechanismError
        If NEURON's library is not in a folder of its own, CoreNEURON is missing, or a source does not compile.
    """
    path = _place()
    if path is None:
        raise MechanismError(
            "CoreNEURON's library lies beside NEURON's, but the session's mechanisms come from an unknown file: "
            "start a new Python and let dendplast load them"
        )
    if path.is_file():
        return path
    try:
        path.parent.mkdir(exist_ok=True)
        with FileLock(path.parent.with_suffix(".lock"), timeout=_PATIENCE):
            return path if path.is_file() else _compile(path)
    except OSError as error:
        raise MechanismError(f"CoreNEURON's library can not be written into {path.parent}: {error}") from None
    except Timeout:
        raise MechanismError(f"another process has been compiling {path} for {_PATIENCE:.0f} s: end it") from None


def _compile(path: Path) -> Path:
    for flags in (TUNED, PLAIN):
        try:
            with built("nrnivmodl-core", ("-i", flags), CORE_LIBRARY, path.parent) as library:
                os.replace(library, path)
                return path
        except MechanismError as error:
            _log.warning("CoreNEURON's mechanisms do not compile with %s", flags)
            failed = error
    raise MechanismError(f"for CoreNEURON, {failed}")
