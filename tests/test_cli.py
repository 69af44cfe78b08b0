"""The command line: exit codes, and one sentence for every error of the user's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dendplast import __version__, cli
from dendplast.errors import DendplastError
from dendplast.paths import mod_dir


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"dendplast {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["info", "--no-such-option"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: dendplast" in capsys.readouterr().err


def test_info_names_what_is_shipped(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DENDPLAST_CACHE", str(tmp_path))
    assert cli.main(["info"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["dendplast"] == __version__ and rows["cache"] == str(tmp_path)
    assert {"current_pulse", "varicosity"} <= set(rows["mechanisms"].split(", "))


def test_compile_prints_the_library(loaded, capsys, tmp_path):
    assert cli.main(["compile", "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out' / loaded.path.name}\n"
    assert (tmp_path / "out" / loaded.path.name).is_file()


def test_error_is_one_line_and_exit_code_2(loaded, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert cli.main(["compile", "--out", str(tmp_path / "file")]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("dendplast: error: ") and shown.err.count("\n") == 1


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (DendplastError("no"), 2)])
def test_exit_codes(raised, code, monkeypatch):
    def command(arguments):
        raise raised

    monkeypatch.setattr(cli, "_info", command)
    assert cli.main(["info"]) == code


def test_closed_pipe_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "dendplast.cli", "info"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=mod_dir().parent)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
