"""A name for the code and the data that a result depends on, so that kept work of other code is not used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from . import __version__
from .paths import mod_dir, morphology_dir

__all__ = ["code_hash", "electric_hash", "files_hash"]


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
    """Return a hash of what calcium depends on: mechanisms, the package's own level, and NEURON's version.

    Presets are not in it: whoever asks adds what of them is electrical.
    """
    digest = hashlib.sha256(repr([__version__, *map(metadata.version, ("neuron", "numpy"))]).encode())
    sources = [*Path(__file__).parent.glob("*.py"), *mod_dir().glob("*.mod"), *morphology_dir().glob("*.swc")]
    for path in sorted(sources):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def files_hash(names: Iterable[str]) -> str:
    """Return a hash of the content of those names that are files, such as a morphology of the user's own."""
    digest = hashlib.sha256()
    for name in names:
        if Path(name).is_file():
            digest.update(Path(name).read_bytes())
    return digest.hexdigest()
