"""Shipped files are found beside or inside the package; the cache follows the platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from dendplast import paths
from dendplast.errors import DendplastError


@pytest.mark.parametrize(("find", "name"), [(paths.mod_dir, "mod"), (paths.morphology_dir, "morphologies")])
def test_inside_the_package_wins_over_beside_it(find, name, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "dendplast")
    with pytest.raises(DendplastError, match=f"folder {name}/ is neither in .* nor beside it"):
        find()
    (tmp_path / name).mkdir()
    assert find() == tmp_path / name
    (tmp_path / "dendplast" / name).mkdir(parents=True)
    assert find() == tmp_path / "dendplast" / name


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "~/.cache/dendplast"),
        ("linux", {"XDG_CACHE_HOME": "/scratch/cache"}, "/scratch/cache/dendplast"),
        ("darwin", {}, "~/Library/Caches/dendplast"),
        ("darwin", {"DENDPLAST_CACHE": "~/mine"}, "~/mine"),
    ],
)
def test_cache(platform, variables, expected, monkeypatch):
    for name in ("DENDPLAST_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(paths.sys, "platform", platform)
    assert paths.cache_dir() == Path(expected).expanduser()


def test_a_relative_cache_becomes_absolute(monkeypatch):
    monkeypatch.setenv("DENDPLAST_CACHE", "here")
    assert paths.cache_dir() == Path.cwd() / "here"


def test_no_home(monkeypatch):
    monkeypatch.delenv("DENDPLAST_CACHE", raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(paths.Path, "home", no_home)
    with pytest.raises(OSError, match="home"):
        paths.cache_dir()
