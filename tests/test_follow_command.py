"""The command `follow`: a timeline from a file, stopped and gone on with, and one sentence where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

import dendplast as dp
from dendplast import cli
from dendplast.protocol import Uncaging
from dendplast.timeline import Session, Timeline

SWC = "1 1 0 0 0 8 -1\n2 3 8 0 0 1 1\n3 3 80 0 0 1 2\n4 3 160 0 0 1 3\n"
"""A soma and one dendrite of 150 um."""


@pytest.fixture
def plan(tmp_path):
    dp.ensure_loaded()
    (tmp_path / "cell.swc").write_text(SWC)
    experiment = dp.Experiment(
        preset="passive", morphology=str(tmp_path / "cell.swc"), spines=dp.Placement(n=6, calibrate=False),
        numerics=dp.Numerics(dt=0.1, settle=50.0), parameters={"K_P": "1.2 uM", "g0_P": 6.0},
    )  # fmt: skip
    train = Uncaging(n=3, hz=2.0, amplitude=4.0, spines=(3, 4))
    sessions = tuple(Session(start=t, protocol=(train,), last="end + 1 s") for t in ("1 h", "30 h"))
    path = tmp_path / "plan.toml"
    path.write_text(Timeline(experiment=experiment, sessions=sessions, at=("20 h",), until="2 d").to_toml())
    return path


def test_stopped_and_resumed_is_the_run_that_did_not_stop(plan, tmp_path, capsys):
    whole, part = tmp_path / "whole.h5", tmp_path / "part.h5"
    state = tmp_path / "part.h5.state"
    assert cli.main(["follow", str(plan), "--out", str(whole)]) == 0
    assert capsys.readouterr().out.startswith(f"{whole}: 2 sessions, ")
    assert cli.main(["follow", str(plan), "--out", str(part), "--until", "26 h"]) == 0
    assert state.is_file() and len(dp.read_history(part).runs) == 1
    assert cli.main(["follow", str(plan), "--out", str(part), "--resume"]) == 0
    assert not state.exists() and not (tmp_path / "whole.h5.state").exists()
    a, b = dp.read_history(whole), dp.read_history(part)
    assert len(b.runs) == 2
    for name, values in a.outcomes.items():
        assert np.array_equal(values, b.outcomes[name], equal_nan=True), name


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.toml"], "can not be read as a timeline"),
        (["PLAN", "--resume"], "there is no such file, so that nothing can be resumed"),
        (["PLAN", "--until", "61 minutes"], "'61 minutes' is not a number with a unit"),
        (["PLAN", "--until", "3600500 ms"], "lies in the session from 3.6e+06"),
        (["PLAN", "--out", "nowhere/weeks.h5"], "the folder nowhere does not exist"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(plan, tmp_path, capsys, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    arguments = [str(plan) if one == "PLAN" else one for one in arguments]
    assert cli.main(["follow", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and says in shown.err and shown.err.count("\n") == 1
    assert not (tmp_path / "weeks.h5").exists()


def test_a_damaged_or_foreign_state_is_refused(plan, tmp_path, capsys):
    out = tmp_path / "weeks.h5"
    (tmp_path / "weeks.h5.state").write_bytes(b"no pickle")
    assert cli.main(["follow", str(plan), "--out", str(out), "--resume"]) == 2
    assert "is damaged, or was not written by dendplast" in capsys.readouterr().err
