"""Load the NMODL mechanisms into NEURON, once per process.

The library is looked for in this order: already registered; the environment variable
``DENDPLAST_MECHANISMS`` (a library file, or a folder that holds one); the user's cache; else it is
compiled.  What NEURON has is judged by the names it lists, never by the return value of the load:
loading can be partial, and can fail in silence.
"""

from __future__ import annotations

import logging
import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path

import neuron
from neuron import h

from .errors import MechanismError
from .nmodl import LIBRARY, built_library, compile_mechanisms, declared_names, library_label, source_hash
from .paths import mod_dir

__all__ = ["MechanismInfo", "compile_mechanisms", "ensure_loaded", "source_hash"]

_log = logging.getLogger(__name__)
_loaded: MechanismInfo | None = None


@dataclass(frozen=True)
class MechanismInfo:
    """The mechanisms of this process.

    Attributes
    ----------
    path : Path or None
        The library; None when NEURON had the mechanisms already and it can not be told from where.
    origin : str
        ``"registered"``, ``"DENDPLAST_MECHANISMS"``, ``"cache"`` or ``"compiled"``.
    names : tuple of str
        Every mechanism of the package, in alphabetical order.
    source_hash : str or None
        SHA-256 of the sources the library was compiled from; None when the library does not say.
    seconds : float
        Wall time (s) that compiling and loading took.
    """

    path: Path | None
    origin: str
    names: tuple[str, ...]
    source_hash: str | None
    seconds: float


def ensure_loaded() -> MechanismInfo:
    """Load the mechanisms, compiling them at first use; calling it again is harmless.

    Raises
    ------
    MechanismError
        If there is no compiler, a source does not compile, a name is taken by another library, or
        ``DENDPLAST_MECHANISMS`` names no usable library.
    """
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _load() -> MechanismInfo:
    start = time.perf_counter()
    names = set(declared_names())
    taken = names & _registered()
    if taken and taken != names:
        raise MechanismError(_clash(min(taken)))
    if taken:
        path, origin = _holder(min(names)), "registered"
    else:
        path, origin = _named_by_user() or built_library()
    built_from = library_label(path).get("source_hash") if path else None
    if built_from is None:
        _log.warning(
            "the mechanisms come from %s, which does not say from which sources it was compiled: "
            "changes of %s since then are not seen",
            path or "a library that was loaded before",
            mod_dir(),
        )
    elif built_from != source_hash():
        raise MechanismError(
            f"{path} was compiled from other sources than {mod_dir()}: make it again with "
            f"`dendplast compile --out {path.parent}`, or do not load it"
        )
    if not taken:
        _give_to_neuron(path, names)
    return MechanismInfo(path, origin, tuple(sorted(names)), built_from, time.perf_counter() - start)


def _named_by_user() -> tuple[Path, str] | None:
    named = os.environ.get("DENDPLAST_MECHANISMS")
    if not named:
        return None
    path = Path(named).expanduser().absolute()
    for library in (path, path / LIBRARY, path / platform.machine() / LIBRARY):
        if library.is_file():
            return library, "DENDPLAST_MECHANISMS"
    raise MechanismError(
        f"DENDPLAST_MECHANISMS = {named!r}: is neither a mechanism library nor a folder with {LIBRARY}; "
        f"make one with `dendplast compile --out {named}`, or unset the variable"
    )


def _give_to_neuron(library: Path, names: set[str]) -> None:
    try:
        h.nrn_load_dll(str(library))
    except RuntimeError as error:
        found = re.search(r"already exists: (\w+)", str(error))
        sentence = _clash(found[1], library) if found else f"NEURON refuses {library}: {error}"
        raise MechanismError(sentence) from None
    if missing := sorted(names - _registered()):
        raise MechanismError(
            f"{library} did not give NEURON {neuron.__version__} the mechanisms {', '.join(missing)}: "
            f"delete it and let this NEURON compile it again"
        )


def _registered() -> set[str]:
    """Ask NEURON for every mechanism it has; `hasattr(h, name)` would also find variables."""
    names, name = set(), h.ref("")
    for kind in (0, 1):  # density mechanisms; point processes with artificial cells
        types = h.MechanismType(kind)
        for i in range(int(types.count())):
            types.select(i)
            types.selected(name)
            names.add(name[0])
    return names


def _clash(name: str, ours: Path | None = None) -> str:
    holder = _holder(name, ours) or "something else in this session"
    return (
        f"the mechanism name {name!r} is already taken by {holder} and NEURON can not replace it: start a new "
        f"Python in a folder without {platform.machine()}/, unset NRN_NMODL_PATH, and do not load that library"
    )


def _holder(name: str, but: Path | None = None) -> Path | None:
    """Guess which library, but for one, registered `name`; NEURON does not say."""
    candidates = [Path(p) for p in neuron.nrn_dll_loaded]
    maps = Path("/proc/self/maps")  # only Linux has it
    if maps.exists():
        fields = (line.split(maxsplit=5) for line in maps.read_text(errors="replace").splitlines())
        candidates += [Path(f[5]) for f in fields if len(f) == 6 and "nrnmech" in f[5]]
    # `import neuron` loads from these folders without a trace in nrn_dll_loaded.
    for folder in (".", *filter(None, os.environ.get("NRN_NMODL_PATH", "").split(os.pathsep))):
        candidates.append(Path(folder).absolute() / platform.machine() / LIBRARY)
    holders = (p for p in candidates if p.is_file() and f"{name}\0".encode() in p.read_bytes())
    return next((p for p in holders if but is None or not p.samefile(but)), None)
