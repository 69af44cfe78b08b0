"""Compile the NMODL sources with the running NEURON's own nrnivmodl, once per machine.

Libraries are kept in the user's cache under a key of everything they depend on: sources, NEURON version,
system, machine, and the compiler with its flags.  Two processes that need one at once compile it once.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import neuron
from filelock import FileLock, Timeout
from neuron import h

from .errors import MechanismError
from .paths import cache_dir, mod_dir

__all__ = [
    "LIBRARY", "build_environment", "built", "built_library", "compile_mechanisms", "declared_names",
    "library_label", "source_hash", "sources",
]  # fmt: skip

_log = logging.getLogger(__name__)

LIBRARY = "libnrnmech.dylib" if sys.platform == "darwin" else "libnrnmech.so"
_LABEL = "libnrnmech.json"  # lies beside a library we compiled and says from which sources
_FLAGS = "-O3"  # a spine's step takes two thirds of the time of NEURON's own -O2, with the same bits
_PATIENCE = 900.0  # s; assumed: no compilation of our few files takes a quarter of an hour
_FOREIGN = {"NRNHOME_EXEC", "MAKEFLAGS", "MFLAGS"}  # left by another NEURON, or by a make that runs us
_REMARK = re.compile(r"\bCOMMENT\b.*?\bENDCOMMENT\b|:[^\n]*|^TITLE[^\n]*", re.S | re.M)
_NAME = re.compile(r"\b(?:SUFFIX|POINT_PROCESS|ARTIFICIAL_CELL)\s+(\w+)")
_INSTALL = "on Debian or Ubuntu `apt install g++ make`, on macOS `xcode-select --install`"


def declared_names() -> dict[str, Path]:
    """Return mechanism name -> NMODL file for every source of the package.

    Raises
    ------
    MechanismError
        If there is no source, or one that declares no mechanism.
    """
    names = {}
    for path in sources():
        found = _NAME.search(_REMARK.sub("", path.read_text("utf-8")))
        if found is None:
            raise MechanismError(f"{path} declares no SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL")
        names[found[1]] = path
    return names


def source_hash() -> str:
    """Return the SHA-256 of names and contents of the NMODL sources, as hexadecimal digits.

    Raises
    ------
    MechanismError
        If there is no source.
    """
    total = hashlib.sha256()
    for path in sources():
        total.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def compile_mechanisms(out: str | os.PathLike[str] | None = None) -> Path:
    """Compile the mechanisms unless the cache holds them, and return the library.

    Parameters
    ----------
    out : path, optional
        Folder that receives a copy of the library, for ``DENDPLAST_MECHANISMS``.

    Raises
    ------
    MechanismError
        If there is no compiler, a source does not compile, or `out` can not be written.
    """
    library, _ = built_library()
    if out is None:
        return library
    try:
        return _install(library, Path(out).expanduser().absolute())
    except OSError as error:
        raise MechanismError(f"the mechanism library can not be written into {out}: {error}") from None


def built_library() -> tuple[Path, str]:
    """Return the library of the present sources, and ``"cache"`` or ``"compiled"``.

    Raises
    ------
    MechanismError
        If it must be compiled, and can not.
    """
    key = f"{source_hash()[:16]}-neuron{neuron.__version__}-{platform.system()}-{platform.machine()}".lower()
    compiler = _compiler()
    version = _version(compiler) if compiler else ""
    # Without a compiler (a container made with one, run without) any library of these sources will do.
    label = f"{shlex.join(compiler)} {version} {_FLAGS}"
    leaf = hashlib.sha256(label.encode()).hexdigest()[:8] if compiler else "*"
    if found := _cached(key, leaf):
        return found, "cache"
    if not compiler or not shutil.which("make"):
        what = "make" if compiler else f"the C++ compiler {os.environ.get('CXX') or 'g++'!r}"
        raise MechanismError(
            f"the NEURON mechanisms must be compiled once, and {what} is not on PATH: install it "
            f"({_INSTALL}), or set DENDPLAST_MECHANISMS to a compiled library"
        )
    root = _writable_root(key)
    try:
        with FileLock(root / f"{leaf}.lock", timeout=_PATIENCE):
            if (library := root / leaf / LIBRARY).is_file():  # another process was faster
                return library, "cache"
            return _compile(root / leaf, compiler, version), "compiled"
    except Timeout:
        raise MechanismError(
            f"another process has held {root / leaf}.lock for {_PATIENCE:.0f} s: wait for it, or end it"
        ) from None


def library_label(library: Path) -> dict[str, str]:
    """Return what we know of a library we compiled (sources, NEURON, compiler), {} for another one."""
    try:
        return json.loads(library.with_name(_LABEL).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def sources() -> list[Path]:
    """Return the NMODL sources of the package.

    Raises
    ------
    MechanismError
        If there is none.
    """
    found = sorted(mod_dir().glob("*.mod"))
    if not found:
        raise MechanismError(f"{mod_dir()} holds no .mod file: install dendplast again, or complete the checkout")
    return found


def _cached(key: str, leaf: str) -> Path | None:
    try:
        return next(iter(sorted((cache_dir() / "mechanisms" / key).glob(f"{leaf}/{LIBRARY}"))), None)
    except OSError:
        return None


def _writable_root(key: str) -> Path:
    try:
        root = cache_dir() / "mechanisms" / key
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            return root
    except OSError as error:
        _log.warning(
            "the mechanism cache can not be written (%s), so this process compiles for itself alone; "
            "set DENDPLAST_CACHE to a folder that can be written",
            error,
        )
    root = Path(tempfile.mkdtemp(prefix="dendplast-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _compiler() -> list[str]:
    """Return the words of the C++ compiler's command: CXX if set, else Python's own, else a common one."""
    named = os.environ.get("CXX")
    for command in [named] if named else [sysconfig.get_config_var("CXX"), "g++", "c++", "clang++"]:
        words = shlex.split(command or "")
        if words and shutil.which(words[0]):
            return words
    return []


def _version(compiler: list[str]) -> str:
    shown = subprocess.run([*compiler, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return shown.stdout.partition("\n")[0]


def _compile(folder: Path, compiler: list[str], version: str) -> Path:
    label = {
        "source_hash": source_hash(), "neuron": neuron.__version__, "machine": platform.machine(),
        "compiler": shlex.join(compiler), "compiler_version": version, "flags": _FLAGS,
    }  # fmt: skip
    with built("nrnivmodl", ("-incflags", _FLAGS), LIBRARY, folder.parent, compiler) as library:
        library.with_name(_LABEL).write_text(json.dumps(label, indent=1), "utf-8")
        return _install(library, folder)


@contextmanager
def built(
    script: str, options: Sequence[str], library: str, parent: Path, compiler: list[str] | None = None
) -> Iterator[Path]:
    """Compile the sources with a script of the running NEURON, in a folder that is gone afterwards.

    Parameters
    ----------
    script : str
        ``"nrnivmodl"`` or ``"nrnivmodl-core"``.
    options : sequence of str
        Of the script.
    library : str
        Name of the library that it makes.
    parent : Path
        Folder in which the private folder is made.
    compiler : list of str, optional
        Words of the C++ compiler's command; looked for when not given.

    Yields
    ------
    Path
        The library.

    Raises
    ------
    MechanismError
        If NEURON is not complete, or a source does not compile.
    """
    command, environment = build_environment(script, compiler)
    # Never in place: object files of another machine in a copied folder break the link (nrn#2519).
    with tempfile.TemporaryDirectory(prefix="build-", dir=parent) as work:
        Path(work, "src").mkdir()
        for path in sources():
            shutil.copy(path, Path(work, "src"))
        done = subprocess.run(
            [command, *options, "src"], cwd=work, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        made = next(Path(work).glob(f"*/{library}"), None)  # the folder is named after the machine
        if done.returncode or made is None:
            raise MechanismError(_complaint(done.stdout, done.stderr, work))
        yield made


def build_environment(script: str, compiler: list[str] | None = None) -> tuple[Path, dict[str, str]]:
    """Return a script of the running NEURON, and the variables under which it is to run.

    The one on PATH may belong to another NEURON.

    Parameters
    ----------
    script : str
        ``"nrnivmodl"`` or ``"nrnivmodl-core"``.
    compiler : list of str, optional
        Words of the C++ compiler's command; looked for when not given.

    Raises
    ------
    MechanismError
        If NEURON is not complete.
    """
    home = Path(h.neuronhome())  # <prefix>/share/nrn
    prefix = home.parents[1]
    path = prefix / "bin" / script
    if not path.is_file():
        raise MechanismError(f"{path} is missing: install NEURON {neuron.__version__} again")
    environment = {k: v for k, v in os.environ.items() if k not in _FOREIGN}
    command = shlex.join(_compiler() if compiler is None else compiler)
    homes = {"NRNHOME": str(prefix), "NEURONHOME": str(home), "NMODLHOME": str(prefix)}
    return path, environment | homes | {"CXX": command}


def _install(library: Path, folder: Path) -> Path:
    """Put label, then library into `folder`, each by atomic rename: where a library is, its label is."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=folder) as work:
        for name in (_LABEL, LIBRARY):
            shutil.copy(library.with_name(name), work)
            os.replace(Path(work, name), folder / name)
    return folder / LIBRARY


def _complaint(output: str, errors: str, work: str) -> str:
    """Name the file that make stopped at, and keep the translator's and the compiler's own lines."""
    failed = re.search(r"\[(?:\S+ )?(?:\S*/)?(\w+)\.(?:cpp|o)\] Error", errors)
    what = mod_dir() / f"{failed[1]}.mod" if failed else "the set of mechanisms"
    noise = re.compile(r"Translating |Thread Safe|g?make(\[\d+\])?: |\s*$")
    lines = [line.replace(f"{work}/", "") for line in errors.splitlines() if not noise.match(line)]
    return "\n".join([f"{what} does not compile; the compiler says:", *(lines or output.splitlines()[-20:])])
