"""The recipes for sweeps in docs/howto.md do what they say, on a cluster that is this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import dendplast as dp
from dendplast.sweep import Plan
from dendplast.sweep.work import jobs_of

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "howto.md").read_text("utf-8")

EXPERIMENT = dp.Experiment(
    preset="passive", morphology="dspn_1", spines=dp.Placement(n=2),
    protocol=(
        dp.protocols.pairing(dt=10, n=1, start="10 ms"),
        dp.burst(dp.Varicosity("dopamine", at=(0.0, 40.0, 0.0), p=1), start="2.5 s", n=1),
    ),
    numerics=dp.Numerics(dt=0.1, d_lambda=0.5, settle=20), until="end + 1 s",
)  # fmt: skip


def block(language: str) -> str:
    """Return the one block of the page whose fence says this."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return text


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder with an experiment and a sweep of two simulations, and the command on the path."""
    (tmp_path / "exp.toml").write_text(EXPERIMENT.to_toml())
    (tmp_path / "map.toml").write_text(
        "mode = 'full'\nexperiment = 'exp.toml'\n[[axis]]\nkey = 'protocol.0.dt'\nvalues = [5, 10]\n"
    )
    command = tmp_path / "bin" / "dendplast"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dendplast.cli "$@"\n')
    command.chmod(0o755)
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    root = Path(__file__).resolve().parents[1]
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": f"{folder}{os.pathsep}{root}"} | more


def test_the_sweep_in_a_file_is_one(folder):
    (folder / "documented.toml").write_text(block("toml sweep"))
    plan = Plan.from_toml(folder / "documented.toml")
    assert plan.shape == (25, 2) and len(plan.seeds) == 3
    kinds = [job["kind"] for job in jobs_of(plan).values()]
    assert {k: kinds.count(k) for k in kinds} == {"record": 3, "replay": 3, "full": 3}


@pytest.mark.slow
def test_the_array_job_leaves_one_file(folder, loaded):
    script = block("sh slurm")
    last = int(re.search(r"--array=1-(\d+)", script)[1])
    assert last > 1
    (folder / "job.sh").write_text(script)
    for task in ("1", "2"):
        more = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_MAX": "2"}
        done = subprocess.run(
            ["bash", "job.sh"], cwd=folder, env=environment(folder, **more), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert (folder / "map.h5").exists() == (task == "2")
    with h5py.File(folder / "map.h5") as file:
        assert file["w"].shape == (2, 1, 2) and not file["failed"][:].any()


@pytest.mark.slow
def test_the_dask_recipe_runs(folder, loaded):
    pytest.importorskip("distributed")
    (folder / "dask_jobqueue.py").write_text(  # a cluster of the same interface that is this machine
        "from distributed import LocalCluster\n"
        "class SLURMCluster(LocalCluster):\n"
        "    def __init__(self, cores, processes, memory, walltime):\n"
        "        super().__init__(n_workers=0, threads_per_worker=cores, dashboard_address=None)\n"
        "    def scale(self, jobs):\n"
        "        super().scale(jobs)\n"
    )
    code = "".join(f"    {line}\n" for line in block("python slurm").splitlines())
    (folder / "script.py").write_text(f"if __name__ == '__main__':\n{code}")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0 and "protocol_0_dt" in done.stdout, done.stderr
    with h5py.File(folder / "dask.h5") as file:
        assert file["w"].shape == (2, 1, 2)
