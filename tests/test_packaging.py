"""A source archive and a wheel hold everything: the wheel is built from the archive, and used unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dendplast import __version__

pytest.importorskip("setuptools", minversion="70.1", reason="older setuptools can not build wheels alone")

LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv*", "venv*", "build", "dist", "results", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis",
    "x86_64", "arm64", "aarch64",
)  # fmt: skip


def build(kind: str, source: Path, target: Path) -> Path:
    """Build as pip does, but with the setuptools at hand: no network."""
    target.mkdir()
    code = f"import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, target], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built_file,) = target.iterdir()
    return built_file


@pytest.fixture(scope="module")
def built(tmp_path_factory, repository):
    """Return the unpacked source archive and the unpacked wheel that was built from it."""
    work = tmp_path_factory.mktemp("packaging")
    shutil.copytree(repository, work / "checkout", ignore=LEFT_BEHIND)
    archive = build("sdist", work / "checkout", work / "archive")
    subprocess.run([sys.executable, "-m", "tarfile", "-e", archive, work], check=True)
    unpacked = work / f"dendplast-{__version__}"
    with zipfile.ZipFile(build("wheel", unpacked, work / "wheel")) as packed:
        packed.extractall(work / "site")
    return unpacked, work / "site"


def names(folder: Path, *patterns: str) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for pattern in patterns for p in folder.rglob(pattern))


def test_archive_holds_sources_tests_and_data(built, repository):
    unpacked, _ = built
    for folder in ("dendplast", "mod", "morphologies", "tests"):
        patterns = ("*.py", "*.mod", "*.swc", "*.toml", "*.csv", "*.md")
        assert names(unpacked / folder, *patterns) == names(repository / folder, *patterns)
    assert (unpacked / "docs" / "design.md").is_file() and (unpacked / "README.md").is_file()


def test_wheel_holds_code_and_data(built, repository):
    _, site = built
    package = site / "dendplast"
    assert names(package / "mod", "*.mod") == names(repository / "mod", "*.mod") != []
    assert names(package / "morphologies", "*.swc") == names(repository / "morphologies", "*.swc")
    patterns = ("*.py", "*.toml", "*.csv")
    assert names(package, *patterns) == names(repository / "dendplast", *patterns)


def test_nothing_compiled_travels(built):
    for folder in built:
        assert names(folder, "*.so", "*.dylib", "*.o", "*.pyc") == []


def test_wheel_finds_its_own_files(built, tmp_path):
    _, site = built
    done = subprocess.run(
        [sys.executable, "-m", "dendplast.cli", "info"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(site)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["sources"] == str(site / "dendplast" / "mod")
    assert "current_pulse" in rows["mechanisms"]


def test_presets_folder_does_not_hide_the_module(repository):
    # A folder with __init__.py would win over presets.py.
    assert not (repository / "dendplast" / "presets" / "__init__.py").exists()
