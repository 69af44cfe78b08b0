"""The command line: exit codes, and one sentence for every error of the user's."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from dendplast import __version__, catalog, cli, protocols
from dendplast.drugs import AGENTS
from dendplast.errors import DendplastError
from dendplast.experiment import Experiment
from dendplast.paths import mod_dir
from dendplast.presets import preset_names
from dendplast.storage import read


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
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())  # the last of each heading
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


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Return an experiment of a few ms on a tiny cell, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.swc").write_text("1 1 0 0 0 6 -1\n2 3 10 0 0 1 1\n3 3 80 0 0 1 2\n")
    (tmp_path / "exp.toml").write_text(
        'preset = "passive"\nmorphology = "cell.swc"\nuntil = "end"\nspines = {n = 3}\n'
        "numerics = {settle = 1, d_lambda = 1}\n"
        '[[protocol]]\nkind = "pairing"\nstart = 1\ndt = 2\nn = 1\nhz = 200\n'
    )
    return "exp.toml"


def test_run_writes_the_file_and_the_figures(loaded, experiment, capsys, tmp_path):
    assert cli.main(["run", experiment, "--out", "a.h5", "--figures", "new/figures"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["a.h5: 3 unchanged", "new/figures/a.png", "new/figures/a.pdf"]
    assert shown.err == ""  # no terminal, no progress bar
    result = read("a.h5")
    assert Experiment.from_toml(result.experiment) == Experiment.from_toml(experiment)
    assert result.provenance["until"] == 6.0  # start at 1 ms and one period of 200 Hz
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "cell.swc", "exp.toml", "new"]


def test_run_with_changes_is_the_run_of_the_changed_file(loaded, experiment, capsys, tmp_path):
    changes = ["protocol.0.dt=-3", "numerics.dt=0.05", "parameters.K_P=5 uM"]
    options = [word for change in changes for word in ("--set", change)]
    assert cli.main(["run", experiment, *options, "--until", "2 ms"]) == 0
    text = (tmp_path / experiment).read_text().replace("dt = 2\n", "dt = -3\n").replace('"end"', '"2 ms"')
    text = text.replace("settle = 1,", "settle = 1, dt = 0.05,") + '[parameters]\nK_P = "5 uM"\n'
    assert read("run.h5").experiment == Experiment.from_toml(text).to_toml()


def test_progress_bar_goes_to_the_end(capsys):
    with cli._progress(True) as progress:
        for t in (1.0, 3.0, 4.0):
            progress(t, 4.0)
    assert "100%" in capsys.readouterr().err


def test_interrupted_run_leaves_no_file(loaded, experiment, monkeypatch, tmp_path):
    def interrupted(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("dendplast.simulate.run", interrupted)
    assert cli.main(["run", experiment]) == 130
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cell.swc", "exp.toml"]


def test_check_tells_notes_from_what_is_fatal(experiment, capsys, tmp_path):
    assert cli.main(["check", "dspn_1"]) == 0
    assert capsys.readouterr().out == "nothing wrong was found\n"
    (tmp_path / "bad.swc").write_text((tmp_path / "cell.swc").read_text().replace("80 0 0 1", "80 0 0 0"))
    assert cli.main(["check", "bad.swc"]) == 1
    assert capsys.readouterr().out.startswith("fatal: zero diameter: 1 diameters are zero")


@pytest.mark.parametrize("name", catalog.example_names())
def test_examples_are_complete_and_valid(name, capsys):
    assert cli.main(["example", name]) == 0
    text = capsys.readouterr().out
    experiment = Experiment.from_toml(text)
    assert Experiment.from_toml(experiment.to_toml()) == experiment
    assert experiment.protocol and all(len(line) <= 115 for line in text.splitlines())


def test_examples_show_every_table():
    shown = set().union(*(tomllib.loads(catalog.example(name)) for name in catalog.example_names()))
    assert shown == set(Experiment.model_fields)


def test_info_lists_what_there_is_to_choose_from():
    rows = catalog.rows()
    listed = {heading: {v.partition(":")[0] for h, v in rows if h == heading} for heading, _ in rows}
    assert listed["preset"] == set(preset_names()) and listed["drug"] == set(AGENTS)
    kinds = [k for n in protocols.__all__ if hasattr(k := getattr(protocols, n), "model_fields")]
    assert listed["protocol"] == {kind.model_fields["kind"].default for kind in kinds}
    text = "\n".join(f"{h} {v}" for h, v in rows)
    assert "pairing: start = end, spines = all, dt (ms), n = 100, hz = 0.2 Hz" in text
    assert "dopamine: the modulator in the bath; binds D1, D2" in text
    assert "SCH23390: antagonist at D1 (Kd 0.4 nM)" in text and "AP5: blocks NMDA receptors, Kd 1.4 uM" in text
