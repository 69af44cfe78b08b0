"""The script that runs every study: what it leaves behind, resuming, failing, Ctrl-C, and what it says."""

from __future__ import annotations

import functools
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_study
import h5py
import numpy as np
import pytest

from dendplast.errors import ParameterError
from dendplast.studies import registry
from dendplast.studies.base import Job

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run_all():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("run_all", ROOT / "run_all.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def studies(monkeypatch, tmp_path):
    """Return a function that makes the fake studies named the only ones."""
    monkeypatch.setenv("FAKE_STUDY_FOLDER", str(tmp_path))
    monkeypatch.setattr(registry, "STUDIES", {})
    return fake_study.register


def start(names, options, folder, gate="", **more):
    """Start the script with fake studies as a process."""
    env = os.environ | {"FAKE_STUDY_FOLDER": str(folder), "FAKE_STUDY_GATE": str(gate), "PYTHONPATH": str(ROOT)}
    env.pop("DISPLAY", None)
    env.pop("NEURON_MODULE_OPTIONS", None)
    command = [sys.executable, ROOT / "tests" / "fake_study.py", names, *map(str, options)]
    # tests that run in parallel ignore Ctrl-C, and a process inherits that
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=env, text=True, preexec_fn=heed, **pipes, **more)


def datasets(path):
    """Return the bytes of every dataset by its name."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, x: found.update({name: x[()]}) if isinstance(x, h5py.Dataset) else None)
    return {name: np.asarray(value).tobytes() for name, value in found.items()}


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def wait_until(condition, process, seconds=60.0):
    """Wait for something another process does; generous, since a busy machine starts processes slowly."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_a_run_leaves_data_figures_and_summary(run_all, studies, loaded, tmp_path, capsys):
    studies(["fake"])
    out = tmp_path / "out"
    assert run_all.main(["--quick", "--jobs", "2", "--out", str(out)]) == 0
    assert files(out) == ["fake.h5", "figures/fake_draws.pdf", "figures/fake_draws.png", "summary.md"]
    with h5py.File(out / "fake.h5") as file:
        assert file.attrs["complete"] == 1 and file.attrs["quick"] == 1
    number = f"{np.random.default_rng(5).random(5)[0]:.3f}"
    summary = (out / "summary.md").read_text("utf-8")
    assert f"| fake | the draws are what they are | {number} | none \\| at all |" in summary
    assert "![fake](figures/fake_draws.png)" in summary and "seed: 5, 6" in summary
    assert "run_all.py --quick --jobs 2 --out" in summary and "neuron 9" in summary
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == str(out / "summary.md") and number in shown.out
    assert shown.err == "first: the draw is small\n"  # what a job warns of, by its parent: no bar is torn


def test_resume_of_a_finished_study_runs_no_job(run_all, studies, loaded, tmp_path, capsys):
    studies(["fake"])
    out = tmp_path / "out"
    arguments = ["--jobs", "2", "--out", str(out)]
    assert run_all.main(arguments) == 0
    written, marks = (out / "fake.h5").stat(), sorted(tmp_path.glob("began-*"))
    assert len(marks) == 2
    assert run_all.main([*arguments, "--resume"]) == 0
    again = (out / "fake.h5").stat()
    assert (written.st_ino, written.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)
    assert sorted(tmp_path.glob("began-*")) == marks
    assert "not computed again" in (out / "summary.md").read_text("utf-8")
    assert run_all.main([*arguments, "--resume", "--quick"]) == 0  # other jobs: they run
    assert len(sorted(tmp_path.glob("began-*"))) == 4


def test_interrupted_and_resumed_is_the_uninterrupted_run(tmp_path):
    gate, out, whole = tmp_path / "gate", tmp_path / "out", tmp_path / "whole"
    options = ["--jobs", "1", "--out", out]
    process = start("slow", options, tmp_path, gate, start_new_session=True)
    wait_until(lambda: list((out / ".jobs").rglob("*.pickle")) and list(tmp_path.glob("began-6-*")), process)
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does: to every process
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in stderr and "Traceback" not in stderr, stderr
    assert not (out / "slow.h5").exists() and not (out / "summary.md").exists()
    assert files(out) == [p for p in files(out) if p.startswith(".jobs/slow/")] != []

    gate.touch()
    process = start("slow", [*options, "--resume"], tmp_path, gate)
    assert (process.communicate(timeout=60), process.returncode)[1] == 0
    assert len(list(tmp_path.glob("began-5-*"))) == 1  # the finished job was not done again
    process = start("slow", ["--out", whole], tmp_path, gate)
    assert (process.communicate(timeout=60), process.returncode)[1] == 0
    assert datasets(out / "slow.h5") == datasets(whole / "slow.h5") != {}
    assert not (out / ".jobs").exists()


def test_a_failing_study_does_not_stop_the_others(run_all, studies, loaded, tmp_path, capsys):
    studies(["broken", "absent", "fake"])
    out = tmp_path / "out"
    assert run_all.main(["--jobs", "1", "--out", str(out)]) == 1
    assert (out / "fake.h5").is_file() and not (out / "broken.h5").exists()
    summary = (out / "summary.md").read_text("utf-8")
    assert "**2 of 3 failed: broken, absent.**" in summary
    assert "**Failed:** job 'first' failed: ZeroDivisionError: nothing to divide by" in summary
    assert "**Failed:** study 'absent': this installation has no module dendplast.studies.absent" in summary
    shown = capsys.readouterr().err
    assert shown.startswith("broken: failed: job 'first' failed") and "Traceback" not in shown


def test_neuron_in_the_workers_keeps_quiet(loaded, tmp_path):
    out = tmp_path / "out"
    process = start("cell", ["--out", out], tmp_path)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0 and stderr == ""  # without -nogui NEURON warns that there is no DISPLAY
    assert datasets(out / "cell.h5")["first/x"] == np.ones(2).tobytes()  # weights of a cell left alone


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "fak"], "study 'fak' is not known; did you mean 'fake'? studies are fake"),
        (["--only", "fak", "--only", "fake"], "study 'fak' is not known; did you mean 'fake'? studies are fake"),
        (["--out", "{file}/out"], "can not be made"),
    ],
)
def test_wrong_use_is_one_sentence(run_all, studies, loaded, tmp_path, capsys, arguments, words):
    studies(["fake"])
    (tmp_path / "file").touch()
    assert run_all.main([a.format(file=tmp_path / "file") for a in arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("run_all.py: error: ") and words in shown and shown.count("\n") == 1


def test_no_processes_is_wrong_use(run_all, capsys):
    with pytest.raises(SystemExit) as caught:
        run_all.main(["--jobs", "0"])
    assert caught.value.code == 2 and "--jobs 0: must be at least 1" in capsys.readouterr().err


def test_list_shows_names_and_questions(run_all, studies, capsys):
    studies(["fake", "slow"])
    assert run_all.main(["--list"]) == 0
    assert capsys.readouterr().out == "fake     What does fake draw?\nslow     What does slow draw?\n"


def test_checkout_without_installation(tmp_path):
    # -S and an empty PYTHONPATH hide what is installed; the libraries' folders are given back, after them
    code = (
        f"import sys; sys.path += {[p for p in sys.path if 'packages' in p]!r};"
        "sys.argv = ['run_all.py', '--only', 'nothing'];"
        f"import runpy; runpy.run_path({str(ROOT / 'run_all.py')!r}, run_name='__main__')"
    )
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 2 and "study 'nothing' is not known" in done.stderr, done.stderr


def test_names_of_studies_are_checked():
    with pytest.raises(ParameterError, match="did you mean 'timing'"):
        registry.study("timming")


def test_hash_of_a_job_sees_every_element_of_an_array():
    values = np.linspace(0, 1, 5000)
    other = values.copy()
    other[2500] = np.nextafter(other[2500], 2)  # numpy's usual text leaves the middle and small digits out
    jobs = [Job("a", fake_study.count, {"x": x}) for x in (values, values.copy(), other)]
    assert jobs[0].hash == jobs[1].hash != jobs[2].hash
