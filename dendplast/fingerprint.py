"""A name for the code and the data that a result depends on, so that kept work of other code is not used."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from . import __version__
from .paths import mod_dir, morphology_dir

__all__ = ["code_hash", "electric_hash", "files_hash", "reached"]

CALCIUM = ("build", "capture")
"""Modules that make calcium: whoever builds a cell and captures an episode uses these."""


@cache
def code_hash() -> str:
    """Return a hash of the package's sources, its data and the versions it runs with."""
    digest = hashlib.sha256(repr([__version__, *map(metadata.version, ("neuron", "numpy", "scipy"))]).encode())
    sources = [p for p in Path(__file__).parent.rglob("*") if p.suffix in {".py", ".toml"}]
    data = [*mod_dir().glob("*.mod"), *morphology_dir().glob("*.swc")]
    for path in sorted({*sources, *data}):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def electric_hash() -> str:
    """Return a hash of what calcium depends on: mechanisms, morphologies, NEURON's version, and code.

    Code is what `CALCIUM` reaches by imports; what they never load can not change what they compute.  Presets are not
    in it: whoever asks adds what of them is electrical.
    """
    digest = hashlib.sha256(repr([__version__, *map(metadata.version, ("neuron", "numpy"))]).encode())
    package = Path(__file__).parent
    sources = [*reached(package, CALCIUM), *mod_dir().glob("*.mod"), *morphology_dir().glob("*.swc")]
    for path in sorted(sources):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def reached(package: Path, names: Iterable[str]) -> set[Path]:
    """Return the files of a package's modules that some of them import, at once or by way of others.

    Parameters
    ----------
    package : Path
        Its folder.
    names : iterable of str
        Modules to begin with, which are in the result.
    """
    found: set[Path] = set()
    todo = {package / f"{name}.py" for name in names}
    while todo:
        path = todo.pop()
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                modules = [node.module] if node.module else [alias.name for alias in node.names]
                files = {package / f"{module.partition('.')[0]}.py" for module in modules}
                todo |= {file for file in files if file.is_file()} - found
    return found


def files_hash(names: Iterable[str]) -> str:
    """Return a hash of the content of those names that are files, such as a morphology of the user's own."""
    digest = hashlib.sha256()
    for name in names:
        if Path(name).is_file():
            digest.update(Path(name).read_bytes())
    return digest.hexdigest()
