"""Sweeps: what varies, what each job is, and that the store is the same however the work was cut up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dendplast as dp
from dendplast.files import replacing
from dendplast.protocol import later, resolve_time
from dendplast.sweep import Plan, Swept, run_plan
from dendplast.sweep.axes import Axis
from dendplast.sweep.change import apply_changes, is_electrical
from dendplast.sweep.child import compute
from dendplast.sweep.executors import on_this_machine
from dendplast.sweep.samples import Sample
from dendplast.sweep.store import Store
from dendplast.sweep.work import CHUNK, jobs_of

PLACE = (0.0, 40.0, 0.0)
EXPERIMENT = dp.Experiment(
    preset="passive",
    morphology="dspn_1",
    spines=dp.Placement(n=3),
    protocol=(
        dp.protocols.pairing(dt=10, n=2, hz=0.9, start="10 ms"),
        dp.burst(dp.Varicosity("dopamine", at=PLACE, p=1), start="0.5 s", n=2),
    ),
    numerics=dp.Numerics(dt=0.1, d_lambda=0.5, settle=50),
    until="end + 1 s",
)
AXES = {"protocol.0.dt": [5, 10], "protocol.1.n": [1, 2]}


def datasets(path: Path) -> dict[str, bytes]:
    """Return the bytes of every dataset of a file."""
    found: dict[str, bytes] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, d: found.update({name: d[()].tobytes()}) if isinstance(d, h5py.Dataset) else None)
    return found


def write(path: Path) -> Path:
    """Write the sweep of this file as a user would."""
    text = "mode = 'full'\nexperiment = 'exp.toml'\n"
    for key, values in AXES.items():
        text += f"[[axis]]\nkey = '{key}'\nvalues = {values}\n"
    (path / "exp.toml").write_text(EXPERIMENT.to_toml())
    (path / "map.toml").write_text(text)
    return path / "map.toml"


def command(plan: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "dendplast.cli", "sweep", str(plan), "--out", str(out), *more]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """Return the file of the sweep, computed one job after the other."""
    pytest.importorskip("neuron")
    dp.ensure_loaded()  # compiled once, before the jobs ask for it
    out = tmp_path_factory.mktemp("sweep") / "map.h5"
    done = run_plan(Plan.of(EXPERIMENT, AXES, mode="full"), out, workers=1)
    assert done.failed == {}
    return out


# ---- axes ---------------------------------------------------------------------------------------------


def test_grid_is_the_product_of_the_axes():
    plan = Plan.of(EXPERIMENT, AXES)
    assert plan.shape == (2, 2) and plan.dims == ("protocol_0_dt", "protocol_1_n")
    assert plan.points()[1] == {"protocol.0.dt": 5, "protocol.1.n": 2}, "the last axis runs fastest"


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_sample_fills_every_axis_evenly(method):
    shares = Sample(method=method, n=64).shares(3)
    assert shares.shape == (64, 3)
    # both methods put one point into each of n equal slices of every axis
    np.testing.assert_array_equal(np.sort((shares * 64).astype(int), axis=0), np.tile(np.arange(64)[:, None], 3))


@given(st.floats(1e-3, 1e3), st.floats(1.1, 1e4), st.integers(2, 9))
def test_log_range_has_a_constant_factor(start, factor, n):
    found = np.array(Axis(key="k", start=start, stop=start * factor, n=n, scale="log").points())
    # written with 12 digits
    np.testing.assert_allclose(found[1:] / found[:-1], factor ** (1 / (n - 1)), rtol=1e-9)


def test_range_keeps_its_unit():
    assert Axis(key="k", start="1 uM", stop="3 uM", n=3).points() == ["1 uM", "2 uM", "3 uM"]


@given(st.sampled_from(["end", "end + 3 s", "end - 200 ms", "4 s", 5000.0]), st.floats(-200, 200))
def test_later_moves_the_resolved_time(text, delay):
    # 12 digits of a time of seconds are 1e-9 ms
    assert resolve_time(later(text, delay), 1e4) == pytest.approx(resolve_time(text, 1e4) + delay, abs=1e-6)


@given(st.floats(-50, 50), st.tuples(*[st.floats(-3, 3)] * 3).filter(lambda d: np.linalg.norm(d) > 1e-3))
def test_distance_is_a_distance(distance, direction):
    moved = apply_changes(EXPERIMENT, {"site.distance": distance}, direction).protocol[1].site.at
    # 12 digits of 40 um
    assert np.linalg.norm(np.array(moved) - PLACE) == pytest.approx(abs(distance), abs=1e-9)


def test_dose_scales_what_is_released():
    once, thrice = (apply_changes(EXPERIMENT, {"site.dose": f}).protocol[1].site.molecules for f in (1, 3))
    assert thrice == 3 * once > 0


def test_coordinates_have_the_units_of_the_description():
    plan = Plan.of(EXPERIMENT, {"parameters.K_P": ["2 uM", 0.003], "site.delay": ["1 s", 0]})
    dims, values, unit = plan.coordinates()["parameters_K_P"]
    assert (dims, values.tolist(), unit) == (("parameters_K_P",), [0.002, 0.003], "mM")
    assert plan.coordinates()["site_delay"][1:][0].tolist() == [1000, 0]


@pytest.mark.parametrize(
    ("axes", "more", "words"),
    [
        ({"site.dela": [1]}, {}, "site.dela: is not known; valid are delay, distance, dose"),
        ({"protocol.0.nn": [1]}, {}, "protocol.0.nn: unknown key; did you mean 'n'"),
        ({"protocol.7.n": [1]}, {}, "there is no entry 7 in a list of 2"),
        ({"parameters.K_PP": [1]}, {}, "'K_PP' is not known; did you mean 'K_P'"),
        ({"site.delay": []}, {}, "site.delay.values = .*: must have at least one value"),
        ({"site.delay": "1 s"}, {}, "'1 s' must be a list of values"),
        ({"site.delay": ["3 um"]}, {}, "'3 um' is a length, not a time"),
        ({"site.delay": ["-1 s"]}, {}, "valid is a time from 0 ms on"),
        ({"site.dose": [-1]}, {}, "-1: must be at least 0"),
        ({"site.dose": [1, 1]}, {}, "each value may be given once"),
        ({"seed": [1]}, {}, "give seeds"),
        ({}, {}, "axis = .*: must have at least one axis"),
        (AXES, {"seeds": ()}, "seeds = .*: must be different whole numbers"),
        (AXES, {"outcomes": ("v",)}, "'v' is no outcome; valid are"),
        (AXES, {"direction": (0, 0, 0)}, "must not be 0 0 0"),
        (AXES, {"mode": "fast"}, "must be 'replay' or 'full'"),
    ],
)
def test_a_wrong_sweep_is_refused_in_one_sentence(axes, more, words):
    with pytest.raises(dp.ParameterError, match=words) as error:
        Plan.of(EXPERIMENT, axes, **more)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "1 s", "stop": "3 uM", "n": 3}, "must have the same unit"),
        ({"start": 3, "stop": 1, "n": 3}, "must be below stop"),
        ({"start": 0, "stop": 1, "n": 3, "scale": "log"}, "above 0 on a log scale"),
        ({"start": 1, "stop": 3}, "needs n"),
    ],
)
def test_a_wrong_range_is_refused(change, words):
    with pytest.raises(dp.ParameterError, match=words):
        Axis(key="site.dose", **change).points()


# ---- jobs ---------------------------------------------------------------------------------------------


def test_replay_records_once_for_all_that_differs_in_modulators_alone():
    axes = {"protocol.0.dt": [5, 10], "site.dose": list(np.linspace(0.1, 9, CHUNK + 1)), "parameters.K_P": ["2 uM"]}
    kinds = [job["kind"] for job in jobs_of(Plan.of(EXPERIMENT, axes, seeds=(1, 2), check=3)).values()]
    assert {k: kinds.count(k) for k in kinds} == {"record": 4, "replay": 8, "full": 3}


@pytest.mark.parametrize(
    ("key", "electrical"),
    [
        ("site.delay", False), ("protocol.1.n", False), ("parameters.K_P", False), ("protocol.0.dt", True),
        ("parameters.g_ampa", True), ("spines.n", True), ("until", True),
    ],
)  # fmt: skip
def test_what_needs_a_simulation_of_its_own(key, electrical):
    assert is_electrical(EXPERIMENT, key) is electrical


def test_jobs_have_other_names_when_anything_differs(tmp_path):
    plans = [Plan.of(EXPERIMENT, AXES), Plan.of(EXPERIMENT, AXES, seeds=(2,)), Plan.of(EXPERIMENT, AXES, mode="full")]
    plans.append(Plan.of(EXPERIMENT.replaced(until="end + 2 s"), AXES))
    names = [set(jobs_of(plan)) for plan in plans]
    assert len(set.union(*names)) == sum(map(len, names))
    assert set(jobs_of(Plan.of(EXPERIMENT, AXES))) == names[0], "the same plan has the same jobs"


# ---- the store ----------------------------------------------------------------------------------------


def test_file_opens_labelled(undisturbed):
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(undisturbed, engine="h5netcdf") as data:
        assert data.w.dims == ("protocol_0_dt", "protocol_1_n", "seed", "spine")
        assert data.w.shape == (2, 2, 1, 3) and np.isfinite(data.w).all()
        assert data.protocol_0_dt.attrs["units"] == "ms" and not data.failed.any()
        point = apply_changes(EXPERIMENT, {"protocol.0.dt": 10, "protocol.1.n": 2}).replaced(seed=1)
        alone = dp.run(dp.build(point))
        np.testing.assert_array_equal(data.w.sel(protocol_0_dt=10, protocol_1_n=2, seed=1), alone.outcomes["w"][-1])
    assert not undisturbed.with_name("map.h5.jobs").exists()


def test_two_processes_and_two_shards_give_the_same_file(undisturbed, tmp_path):
    plan, out = Plan.of(EXPERIMENT, AXES, mode="full"), tmp_path / "map.h5"
    assert run_plan(plan, out, workers=2, shard=(1, 2)) is None and not out.exists()
    assert run_plan(plan, out, workers=2, shard=(2, 2)) is not None
    assert datasets(out) == datasets(undisturbed)


def filled(out: Path, plan: Plan, value: Any = lambda job: 1.0) -> Store:
    """Return a store whose jobs have been done, with one spine that has the value of each job."""
    store = Store(out, plan)
    store.open(resume=False)
    for name, job in store.jobs.items():
        rows = {n: np.full((1, 1), value(job)) for n in ("w", "tag_P", "tag_D", "primed")}
        np.savez(store.file(name), **rows, spine_path_distance=np.zeros(1), spine_xyz=np.zeros((1, 3)))
    return store


def test_of_shards_that_end_at_once_one_writes_the_file(tmp_path):
    plan = Plan.of(EXPERIMENT, AXES, mode="full")
    store = filled(tmp_path / "map.h5", plan)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.merge({}), range(8)))
    assert [p.name for p in tmp_path.iterdir()] == ["map.h5"]
    with h5py.File(tmp_path / "map.h5") as file:
        assert (file["w"][:] == 1.0).all()


def test_two_that_write_one_job_leave_it_whole(tmp_path):
    """The process of a killed sweep goes on beside the one that resumed it; whoever ends last stands."""
    target = tmp_path / "job.npz"
    with replacing(target, several=True) as one:
        one.write_bytes(b"first half of one, ")
        with replacing(target, several=True) as two:
            two.write_bytes(b"all of two")
        assert target.read_bytes() == b"all of two"
        one.write_bytes(b"all of one")
    assert target.read_bytes() == b"all of one" and len(list(tmp_path.iterdir())) == 1


def test_killed_and_resumed_is_as_undisturbed(undisturbed, tmp_path):
    plan, out = write(tmp_path), tmp_path / "map.h5"
    chance = random.Random(os.getpid())
    for more in ((), ("--resume",)):  # twice: a resumed sweep can be killed as well
        process = subprocess.Popen(command(plan, out, "--jobs", "2", *more), start_new_session=True)
        folder = out.with_name("map.h5.jobs")
        before, limit = len(list(folder.glob("*.npz"))), time.monotonic() + 120
        while len(list(folder.glob("*.npz"))) <= before and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not out.exists()
    kept = {p.name: p.stat().st_mtime_ns for p in folder.glob("*.npz")}
    assert kept
    store = Store(out, Plan.from_toml(plan))
    store.open(resume=True)
    assert {f"{name}.npz" for name in store.finished()} == set(kept)
    subprocess.run(command(plan, out, "--resume"), check=True, capture_output=True)
    assert datasets(out) == datasets(undisturbed)


def test_a_finished_sweep_is_not_computed_again(tmp_path, monkeypatch):
    plan, out = Plan.of(EXPERIMENT, AXES, mode="full"), tmp_path / "map.h5"
    filled(out, plan).merge({})
    before = out.read_bytes()
    monkeypatch.setattr(sys.modules[run_plan.__module__], "_computed", lambda *a: pytest.fail("a job was computed"))
    done = run_plan(plan, out, resume=True)
    assert done.finished_before and done.failed == {} and done.path == out
    assert out.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [out.name]
    with pytest.raises(dp.StorageError, match="holds another sweep"):
        run_plan(Plan.of(EXPERIMENT, AXES, mode="full", seeds=(2,)), out, resume=True)
    out.write_text("nothing")
    with pytest.raises(dp.StorageError, match="nothing to resume"):
        run_plan(plan, out, resume=True)


def test_a_worker_that_dies_costs_one_try(undisturbed, tmp_path):
    plan, out = write(tmp_path), tmp_path / "map.h5"
    process = subprocess.Popen(command(plan, out, "--jobs", "1"), stderr=subprocess.PIPE, text=True)
    killed, limit = False, time.monotonic() + 120
    while not killed and time.monotonic() < limit:
        time.sleep(0.1)
        for worker in workers_of(process.pid):
            worker.kill()
            killed = True
    assert killed and process.wait(240) == 0, process.stderr.read()
    process.stderr.close()
    assert datasets(out) == datasets(undisturbed)


def workers_of(pid: int) -> list[Any]:
    """Return the computing processes that a process has started."""
    psutil = pytest.importorskip("psutil")
    try:
        children = psutil.Process(pid).children()
        return [child for child in children if "dendplast.sweep.child" in child.cmdline()]
    except psutil.NoSuchProcess:
        return []


def test_a_job_that_takes_too_long_is_stopped(tmp_path):
    store = Store(tmp_path / "map.h5", Plan.of(EXPERIMENT, {"protocol.0.dt": [5]}, mode="full"))
    store.open(resume=False)
    (found,) = on_this_machine(store.folder, list(store.jobs), 1, 0.05)
    assert found == (next(iter(store.jobs)), "took longer than its limit of 0.05 s")


def test_dask_gives_the_same_file(undisturbed, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        out = tmp_path / "map.h5"
        run_plan(Plan.of(EXPERIMENT, AXES, mode="full"), out, scheduler=cluster.scheduler_address)
    assert datasets(out) == datasets(undisturbed)


def test_another_experiment_is_refused_with_the_difference(tmp_path):
    out = tmp_path / "map.h5"
    Store(out, Plan.of(EXPERIMENT, AXES)).open(resume=False)
    with pytest.raises(dp.StorageError, match="--resume"):
        Store(out, Plan.of(EXPERIMENT, AXES)).open(resume=False)
    with pytest.raises(dp.StorageError, match="holds another sweep: it has 'until = \"end \\+ 1 s\"', this one"):
        Store(out, Plan.of(EXPERIMENT.replaced(until="end + 2 s"), AXES)).open(resume=True)


def test_a_job_that_fails_is_listed_and_the_others_are_kept(tmp_path):
    pytest.importorskip("neuron")
    plan = Plan.of(EXPERIMENT, {"spines.n": [2, 100_000]}, mode="full")
    done = run_plan(plan, tmp_path / "map.h5", workers=2)
    (why,) = done.failed.values()
    assert "spines.n = 100000: only" in why
    with h5py.File(tmp_path / "map.h5") as file:
        assert file["failed"][:, 0].tolist() == [0, 1]
        assert np.isfinite(file["w"][0, 0]).all() and np.isnan(file["w"][1]).all() and (file["class"][1] == -1).all()
        assert json.loads(file.attrs["errors"]) == done.failed
    assert (tmp_path / "map.h5.jobs").is_dir(), "what failed can be tried again"


def test_every_job_failing_is_an_error(tmp_path):
    pytest.importorskip("neuron")
    plan = Plan.of(EXPERIMENT, {"spines.n": [100_000]}, mode="full")
    with pytest.raises(dp.SimulationError, match="every job of the sweep failed; the first: spines.n"):
        run_plan(plan, tmp_path / "map.h5", workers=1)
    assert not (tmp_path / "map.h5").exists()


def test_replay_refuses_what_it_can_not_record(tmp_path):
    experiment = EXPERIMENT.replaced(protocol=(*EXPERIMENT.protocol, dp.protocols.spikes(n=2)))
    store = Store(tmp_path / "map.h5", Plan.of(experiment, AXES))
    store.open(resume=False)
    first = next(name for name, job in store.jobs.items() if job["kind"] == "record")
    assert "records one protocol of kind pairing, the experiment has pairing, spikes" in compute(
        str(store.folder), first
    )


def test_replay_is_the_full_run(tmp_path):
    pytest.importorskip("neuron")
    experiment = EXPERIMENT.replaced(spines=dp.Placement(n=3, center=PLACE, radius=60))
    axes = {"protocol.1.n": [1, 3], "parameters.g0_D": [0, 1]}
    done = run_plan(Plan.of(experiment, axes, check=1, outcomes=("tag_D", "w")), tmp_path / "map.h5", workers=2)
    assert done.failed == {}
    with h5py.File(done.path) as file:
        # weights do not move within a second; what error there is, is that of the window's end
        assert file.attrs["replay_checked"] == 1 and file.attrs["replay_error_max"] < 1e-6
        assert np.ptp(file["tag_D"][:]) > 0


def test_a_full_disk_leaves_the_store_intact(undisturbed, tmp_path):
    resource = pytest.importorskip("resource")
    plan, out = write(tmp_path), tmp_path / "map.h5"

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))  # the plan fits, a job's file does not
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(command(plan, out, "--jobs", "1"), capture_output=True, text=True, preexec_fn=small)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "can not be written" in done.stderr
    assert not out.exists() and not list(tmp_path.glob("**/.*.partial"))
    subprocess.run(command(plan, out, "--resume"), check=True, capture_output=True)
    assert datasets(out) == datasets(undisturbed)


# ---- what is made of it -------------------------------------------------------------------------------


def test_figure_shows_the_axes(undisturbed):
    figure = Swept(undisturbed, {}).plot()
    assert figure.axes[0].get_ylabel() == "Dt (ms)" and figure.axes[0].get_xlabel() == "N"


def test_sobol_indices_of_a_known_function(tmp_path):
    """Write a sweep whose outcome is 3 a + b: first-order indices are 0.9 and 0.1 (variances 9/12 and 1/12)."""
    pytest.importorskip("SALib")
    ranges = (Axis(key="site.dose", start=0, stop=1), Axis(key="protocol.0.dt", start=5, stop=6))
    plan = Plan(experiment=EXPERIMENT, axis=ranges, sample=Sample(method="saltelli", n=32), mode="full")
    shares = plan.sample.shares(2)
    filled(tmp_path / "map.h5", plan, lambda job: shares[job["indices"][0]] @ [3, 1]).merge({})
    table = dp.sensitivity(tmp_path / "map.h5")
    # 32 base points of a Sobol sequence, a linear function
    np.testing.assert_allclose(table["S1"], [0.9, 0.1], atol=0.05)
    np.testing.assert_allclose(table["ST"], [0.9, 0.1], atol=0.05)
