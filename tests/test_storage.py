"""Laws of result files: what goes in comes out, whole or not at all, and xarray can read it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from synthetic import SITE, VARICOSITY, result

from dendplast.diffusion import Deliveries
from dendplast.errors import StorageError
from dendplast.files import Partial, replacing
from dendplast.geometry import Geometry
from dendplast.labels import axis_label, describe
from dendplast.netcdf import column, dimension
from dendplast.result import CLASSES, OUTCOMES, Result
from dendplast.rule import STATES
from dendplast.slots import SPINE_FAST, SPINE_RULE
from dendplast.spines import Spines
from dendplast.storage import Writer, open_file, read, read_labelled, set_main, study_file, write, write_labelled
from dendplast.writer import _chunk

GROUPS = ("traces", "outcome", "spines", "sites", "deliveries", "tree")


def assert_same(a: object, b: object, where: str = "") -> None:
    """Assert that two values are equal to the bit, with their types."""
    if hasattr(a, "__dataclass_fields__"):
        assert type(a) is type(b), where
        for field in fields(a):  # type: ignore[arg-type]
            assert_same(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, np.ndarray):
        assert isinstance(b, np.ndarray) and a.shape == b.shape, where
        assert a.dtype == b.dtype or a.dtype.kind == b.dtype.kind == "U", f"{where}: {a.dtype} {b.dtype}"
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), where
    elif isinstance(a, dict):
        assert isinstance(b, dict) and a.keys() == b.keys(), where
        for key in a:
            assert_same(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, tuple):
        assert isinstance(b, tuple) and len(a) == len(b), where
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_same(one, other, f"{where}[{i}]")
    else:
        assert type(a) is type(b) and a == b, f"{where}: {a!r} {b!r}"


def datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """Return every dataset below a group by its path, one path for each."""
    found: dict[str, h5py.Dataset] = {}
    group.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, from the root of the checkout."""
    where = Path(__file__).parents[1]
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=where)


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# ---- round trip ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sites", [(), (SITE,), (SITE, VARICOSITY, VARICOSITY)], ids=len)
def test_round_trip_is_exact(tmp_path, sites):
    run = result(sites=sites)
    assert write(tmp_path / "run.h5", run) == tmp_path / "run.h5"
    assert_same(run, read(tmp_path / "run.h5"))
    assert leftovers(tmp_path) == ["run.h5"]


def test_result_save_uses_this_layout(tmp_path):
    run = result()
    assert_same(run, read(run.save(tmp_path / "run.h5")))


# NUL ends a string in HDF5, and surrogates are no UTF-8
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def runs(draw) -> Result:
    """Draw a run with any shape and any numbers, also NaN, infinite, subnormal and none at all."""
    n, n_time, n_outcome = draw(st.integers(0, 5)), draw(st.integers(0, 6)), draw(st.integers(0, 3))
    run = result(n, draw(st.sampled_from([(), (SITE,), (VARICOSITY, SITE)])))

    def numbers(shape, kind=np.float64):
        return draw(hnp.arrays(kind, shape))

    names = draw(st.lists(st.sampled_from(sorted(STATES)), unique=True, max_size=3))
    asked = draw(st.lists(st.sampled_from(sorted(OUTCOMES)), unique=True, max_size=3)) if n_outcome else []
    return replace(
        run,
        experiment=draw(TEXT),
        time=numbers(n_time),
        traces={k: numbers((n_time, n), np.float32) for k in names},
        soma_v=numbers(n_time, np.float32),
        outcome_time=numbers(n_outcome),
        outcomes={k: numbers((n_outcome, n)) for k in asked},
        lost=numbers((n_outcome, n), np.bool_),
        provenance=draw(st.dictionaries(st.from_regex(r"[a-z]{12,15}", fullmatch=True), JSON, max_size=3)),
    )


@given(runs())
def test_any_run_comes_back(run):
    with tempfile.TemporaryDirectory() as folder:
        assert_same(run, read(write(Path(folder) / "run.h5", run)))


def test_long_experiment_fits(tmp_path):
    run = replace(result(4), experiment="# " + "x" * 1_000_000)  # attributes proper end at 64 KiB
    assert read(write(tmp_path / "run.h5", run)).experiment == run.experiment


def test_stored_class_is_that_of_the_result(tmp_path):
    run = result()
    with xr.open_dataset(write(tmp_path / "run.h5", run), group="outcome") as data:
        assert data["class"].dtype == np.int8
        assert data["class"].attrs["flag_meanings"].split() == list(CLASSES)
        assert data["class"].attrs["flag_values"].tolist() == list(range(len(CLASSES)))
        assert np.array_equal(data["class"][-1], run.classes())
        assert len(np.unique(data["class"])) >= 4  # else the test would say little


# ---- what others read ---------------------------------------------------------------------------------


def test_xarray_finds_dimensions_coordinates_and_units(tmp_path):
    run = result(sites=(SITE, VARICOSITY))
    path = write(tmp_path / "run.h5", run)
    expected = {"traces": ("time", "spine"), "outcome": ("outcome_time", "spine"), "spines": ("spine",),
                "deliveries": ("delivery",), "sites": ("site",), "tree": ("segment",)}  # fmt: skip
    assert set(expected) == set(GROUPS)
    for group, dims in expected.items():
        with xr.open_dataset(path, engine="h5netcdf", group=group) as data:
            assert set(dims) <= set(data.dims) and not any("phony" in str(d) for d in data.dims)
            assert all(d in data.coords for d in data.dims), f"{group}: a dimension without coordinate"
            for name, variable in data.variables.items():
                assert variable.attrs["units"] and variable.attrs["long_name"], f"{group}/{name}"
    with xr.open_dataset(path, engine="h5netcdf", group="traces") as data:
        assert data["da"].dims == ("time", "spine") and data["da"].attrs["units"] == "mM"
        assert data["da"].coords["path_distance"].attrs["units"] == "um"
        assert data["time"].attrs["units"] == "ms" and data["time"].dtype == float  # not made a date
        assert np.array_equal(data["da"].sel(time=3e4), run.traces["da"][run.time == 3e4][0])
        assert np.array_equal(data["path_distance"], run.spines.path_distance)
    with xr.open_dataset(path, engine="h5netcdf", group="outcome") as data:
        assert data["lost"].dtype == bool and data["lost"].dims == ("outcome_time", "spine")
    with xr.open_dataset(path, engine="h5netcdf", group="spines") as data:
        assert data["g_ampa"].attrs["units"] == "uS"
        assert data["xyz"].sel(axis="y").values.tolist() == run.spines.xyz[:, 1].tolist()
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert {g.strip("/") for g in tree.groups} == {"", *GROUPS}


def test_xarray_reads_an_empty_run(tmp_path):
    path = write(tmp_path / "run.h5", result(0, ()))
    for group in GROUPS:
        with xr.open_dataset(path, engine="h5netcdf", group=group) as data:
            data.load()


def test_root_says_what_made_the_file(tmp_path):
    with h5py.File(write(tmp_path / "run.h5", result())) as file:
        assert {"format_version", "Conventions", "experiment", "dendplast_version", "neuron_version", "mod_hash",
                "git_commit", "seed", "wall_time_s", "complete"} <= file.attrs.keys()  # fmt: skip
        assert file.attrs["complete"] == 1


def test_every_dataset_has_unit_long_name_and_dimensions(tmp_path):
    with study_file(tmp_path / "study.h5") as file:
        write(file, result(sites=(SITE, VARICOSITY)), group="/runs/a")
        set_main(file, "a")
        write_labelled(file.create_group("curve"), *curve())
    with h5py.File(tmp_path / "study.h5") as file:
        assert len(datasets(file)) > 60
        for name, data in datasets(file).items():
            assert data.attrs["units"] and data.attrs["long_name"], name
            # each by its own scale: xarray would guess a missing one from the lengths
            assert data.is_scale or all(len(dim) == 1 for dim in data.dims), name


def test_no_unit_no_dataset(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        with pytest.raises(StorageError, match="no unit"):
            dimension(file, "time", np.arange(3), "", "time")
        with pytest.raises(StorageError, match="no long name"):
            dimension(file, "time", np.arange(3), "ms", "")
        dimension(file, "time", np.arange(3), "ms", "time")
        with pytest.raises(StorageError, match=r"has shape \(2,\)"):
            column(file, "v", ("time",), np.zeros(2), "mV", "voltage")
        with pytest.raises(StorageError, match="'spine' has no coordinate"):
            column(file, "v", ("spine",), np.zeros(2), "mV", "voltage")
        assert set(file) == {"time"}
    run = result()
    with pytest.raises(StorageError, match="'elig_p': no unit is known.*did you mean 'elig_P'"):
        write(tmp_path / "run.h5", replace(run, traces={"elig_p": run.traces["elig_P"]}))
    assert leftovers(tmp_path) == ["x.h5"]


def test_every_name_of_the_package_has_a_unit():
    for kind in (Spines, Geometry, Deliveries):
        for field in fields(kind):
            assert all(describe(field.name)), field.name
    for name in (*STATES, *OUTCOMES, "cai", "da", "ach", "ne", "vhead", "v", "ica"):
        assert all(describe(name)), name
    for name in (*SPINE_RULE, *SPINE_FAST, "cai_peak"):  # what can be recorded can be stored
        assert all(describe(name)), name
    assert axis_label("cai") == "Calcium (µM)" and axis_label("w") == "Efficacy"


def test_readable_without_neuron(tmp_path):
    path = write(tmp_path / "run.h5", result())
    code = f"""
import sys
sys.modules["neuron"] = None  # import neuron now raises ImportError
from dendplast.storage import read
print(read({str(path)!r}).outcome["class"].value_counts().sum())
"""
    done = python(code)
    assert (done.returncode, done.stdout.strip()) == (0, "40"), done.stderr


# ---- streaming ----------------------------------------------------------------------------------------


def writer(path, run, **more) -> Writer:
    parts = (run.experiment, run.spines, run.tree, run.sites, run.deliveries, tuple(run.traces), run.provenance)
    return Writer(path, *parts, conductances=run.conductances, **more)


@settings(max_examples=10)  # each writes two files
@given(st.lists(st.integers(0, 719), max_size=6), st.booleans())
def test_streaming_equals_writing_at_once(cuts, outcome_first):
    run = result(4)

    def outcomes(out):
        for i, t in enumerate(run.outcome_time):
            out.outcome(t, {k: v[i] for k, v in run.outcomes.items()}, run.lost[i])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "once.h5", run)
        edges = [0, *sorted(cuts), len(run.time)]
        with writer(folder / "stream.h5", run) as out:
            if outcome_first:
                outcomes(out)
            for a, b in zip(edges[:-1], edges[1:], strict=True):
                traces = {k: v[a:b].copy() for k, v in run.traces.items()}
                out.append(run.time[a:b], traces, run.soma_v[a:b])
                for values in traces.values():
                    values[:] = np.nan  # a recorder may use its memory again
            if not outcome_first:
                outcomes(out)
        with h5py.File(folder / "once.h5") as once, h5py.File(folder / "stream.h5") as stream:
            assert_same(dict(once.attrs), dict(stream.attrs))
            a, b = datasets(once), datasets(stream)
            assert list(a) == list(b)
            for path in a:
                assert a[path].chunks == b[path].chunks, path
                assert_same(a[path][()], b[path][()], path)


def test_file_appears_only_when_finished(tmp_path):
    run = result()
    out = writer(tmp_path / "run.h5", run)
    out.append(run.time, run.traces, run.soma_v)
    assert leftovers(tmp_path) == [".run.h5.partial"]
    assert out.finish({"wall_time_s": 7.5}) == tmp_path / "run.h5"
    out.abort()  # too late to take it back
    assert leftovers(tmp_path) == ["run.h5"]
    assert read(tmp_path / "run.h5").provenance == run.provenance | {"wall_time_s": 7.5}


def test_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    run = result()
    write(tmp_path / "run.h5", run)
    before = (tmp_path / "run.h5").read_bytes()
    with pytest.raises(KeyboardInterrupt), writer(tmp_path / "run.h5", run) as out:
        out.append(run.time, run.traces, run.soma_v)
        raise KeyboardInterrupt
    assert leftovers(tmp_path) == ["run.h5"]
    assert (tmp_path / "run.h5").read_bytes() == before


def test_killed_run_can_be_looked_at(tmp_path):
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from synthetic import result
from test_storage import writer
run = result()
out = writer({str(tmp_path / "run.h5")!r}, run)
out.append(run.time, run.traces, run.soma_v)
os._exit(9)
"""
    done = python(code)
    assert done.returncode == 9, done.stderr
    left = tmp_path / ".run.h5.partial"
    with pytest.raises(StorageError, match="is incomplete: its run did not end"):
        read(left)
    run, seen = result(), read(left, allow_incomplete=True)
    n = len(seen.time)
    assert n == len(run.time) // _chunk(40)[0] * _chunk(40)[0] > 0  # whole chunks
    assert np.array_equal(seen.traces["w"], run.traces["w"][:n])
    write(tmp_path / "run.h5", run)  # the next run clears it away
    assert leftovers(tmp_path) == ["run.h5"]


def test_two_writers_of_one_file(tmp_path):
    run = result(4)
    first = writer(tmp_path / "run.h5", run)
    second = writer(tmp_path / "run.h5", replace(run, experiment="second"))
    with pytest.raises(StorageError, match="another run"):
        first.finish()
    second.finish()
    assert read(tmp_path / "run.h5").experiment == "second"
    assert leftovers(tmp_path) == ["run.h5"]


@pytest.mark.parametrize("size", [10, 3000, 60_000, 200_000])
@pytest.mark.parametrize("study", [False, True], ids=["run", "study"])
def test_full_disk_is_one_sentence(tmp_path, size, study):
    pytest.importorskip("resource")  # limits the size of files, where there are such limits
    code = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from synthetic import result
from dendplast.errors import StorageError
from dendplast.storage import study_file, write
run = result()
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
try:
    if {study}:
        with study_file({str(tmp_path / "run.h5")!r}) as file:
            write(file, run, group="/runs/a")
    else:
        write({str(tmp_path / "run.h5")!r}, run)
except StorageError as error:
    print(error)
"""
    done = python(code)
    # HDF5 left to itself ends the process with a segmentation fault here
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)
    assert done.stdout.strip() == f"{tmp_path / 'run.h5'}: can not be written: File too large"
    assert leftovers(tmp_path) == []


@given(st.integers(0, 200_000))
def test_chunks_have_a_sensible_size(n):
    rows, columns = _chunk(n)
    assert 1 <= rows * columns * 4 <= 2**16
    assert rows * max(n, 1) * 4 <= 16 * 2**20 or rows == 16  # bytes that wait in memory, a recorded quantity


def test_wrong_shapes_and_names_are_refused(tmp_path):
    run = result(4)
    with pytest.raises(StorageError, match="must be exactly"), writer(tmp_path / "a.h5", run) as out:
        out.append(run.time, {"w": run.traces["w"]}, run.soma_v)
    with pytest.raises(StorageError, match=r"'D1': has shape \(719, 3\)"), writer(tmp_path / "a.h5", run) as out:
        out.append(run.time, run.traces | {"D1": run.traces["D1"][:, :3]}, run.soma_v)
    with pytest.raises(StorageError, match=r"'w': has shape \(3,\)"), writer(tmp_path / "a.h5", run) as out:
        out.outcome(1.0, {"w": np.zeros(3)}, run.lost[0])
    with pytest.raises(StorageError, match="as the first time"), writer(tmp_path / "a.h5", run) as out:
        out.outcome(1.0, {"w": np.zeros(4)}, run.lost[0])
        out.outcome(2.0, {"early": np.zeros(4)}, run.lost[0])
    with pytest.raises(StorageError, match="'complete': is a name of the file's own"):
        write(tmp_path / "a.h5", replace(run, provenance={"complete": 1}))
    assert leftovers(tmp_path) == []


# ---- what is refused ----------------------------------------------------------------------------------


def test_only_our_complete_files_of_a_known_version_are_read(tmp_path):
    path = write(tmp_path / "run.h5", result(4))
    with pytest.raises(StorageError, match="no such file"):
        read(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(StorageError, match="text.h5: can not be read as HDF5"):
        read(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(StorageError, match="was not written by dendplast"):
        read(tmp_path / "other.h5")
    with pytest.raises(StorageError, match="holds no run at /runs/a; runs under a label are: none"):
        read(path, "/runs/a")
    with h5py.File(path, "a") as file:
        del file["deliveries/weights"]
    with pytest.raises(StorageError, match="deliveries has no 'weights'"):
        read(path)
    with h5py.File(path, "a") as file:
        file.attrs["complete"] = np.int8(0)
    with pytest.raises(StorageError, match="its run did not end"), open_file(path):
        pass
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 999
    with pytest.raises(StorageError, match="format_version 999; this dendplast reads 1"):
        read(path, allow_incomplete=True)


def test_places_that_can_not_be_written(tmp_path):
    run = result(4)
    with pytest.raises(StorageError, match="folder .*missing does not exist"):
        write(tmp_path / "missing" / "run.h5", run)
    with pytest.raises(StorageError, match="is a folder"):
        write(tmp_path, run)
    (tmp_path / ".run.h5.partial").mkdir()  # as unwritable as a folder without permission, also for root
    with pytest.raises(StorageError, match="run.h5: can not be written"):
        write(tmp_path / "run.h5", run)
    with pytest.raises(StorageError, match="can not be written: No space"), replacing(tmp_path / "a.txt") as part:
        part.write_text("half")
        raise OSError(28, "No space left on device")
    assert leftovers(tmp_path) == [".run.h5.partial"]


def test_partial_commits_once_and_whole(tmp_path):
    file = Partial(tmp_path / "a.txt")
    file.partial.write_text("whole")
    assert not (tmp_path / "a.txt").exists()
    assert file.commit().read_text() == "whole"
    with pytest.raises(StorageError, match="can not be written"):
        file.commit()
    assert leftovers(tmp_path) == ["a.txt"]


# ---- studies ------------------------------------------------------------------------------------------


def curve() -> tuple[dict, dict, dict]:
    """Return a table as `write_labelled` takes it."""
    coords = {"delay": (np.array([0.0, 1e3, 6e4]), "ms", "delay of the release"),
              "modulator": (np.array(["dopamine", "noradrenaline"]), "1", "what is released")}  # fmt: skip
    variables = {"w": (("delay", "modulator"), np.arange(6.0).reshape(3, 2), "1", "efficacy"),
                 "n": ((), np.array(5), "1", "number of spines"),
                 "open": (("delay",), np.array([True, False, True]), "1", "inside the window"),
                 "class": (("delay",), np.array([0, 1, 2], np.int8), "1", "class of the change")}  # fmt: skip
    return coords, variables, {"finding": "the window closes", "seeds": 3}


def test_study_holds_runs_and_curves(tmp_path):
    main, control = result(), result(sites=())
    with study_file(tmp_path / "space.h5", {"finding": "only near spines are tagged"}) as file:
        write(file, control, group="/runs/no release")
        write(file, main, group="/runs/release")
        set_main(file, "release")
        write_labelled(file.create_group("curve"), *curve())
        assert leftovers(tmp_path) == [".space.h5.partial"]
    path = tmp_path / "space.h5"
    assert_same(main, read(path))
    assert_same(main, read(path, "/runs/release"))
    assert_same(control, read(path, "/runs/no release"))
    with open_file(path) as file:
        assert file.attrs["finding"] == "only near spines are tagged" and file.attrs["seed"] == 1
        assert file["traces/w"] == file["runs/release/traces/w"]  # stored once
        coords, variables, attrs = read_labelled(file["curve"])
    expected = curve()
    assert_same(coords, expected[0])
    assert_same(variables, expected[1])
    assert attrs == expected[2]
    for group in (*GROUPS, *(f"runs/release/{g}" for g in GROUPS), *(f"runs/no release/{g}" for g in GROUPS)):
        with xr.open_dataset(path, engine="h5netcdf", group=group) as data:
            data.load()
            assert all(d in data.coords for d in data.dims), group
            assert not any("phony" in str(d) for d in data.dims), group
    with xr.open_dataset(path, group="traces") as data:
        assert data["w"].dims == ("time", "spine") and np.array_equal(data["w"], main.traces["w"])
    with xr.open_dataset(path, group="curve") as data:
        assert data["w"].sel(delay=1e3, modulator="noradrenaline") == 3.0
        assert data["class"].attrs["flag_meanings"].split() == list(CLASSES)


def test_study_without_main_run_names_its_runs(tmp_path):
    with study_file(tmp_path / "s.h5") as file:
        write(file, result(4), group="/runs/a")
        with pytest.raises(StorageError, match="/runs/a: is there already"):
            write(file, result(4), group="/runs/a")
        with pytest.raises(StorageError, match="'b': is no run of this study; its runs are: a"):
            set_main(file, "b")
        set_main(file, "a")
        with pytest.raises(StorageError, match="already holds a run"):
            set_main(file, "a")
    assert read(tmp_path / "s.h5").experiment == result(4).experiment
    with study_file(tmp_path / "t.h5") as file:
        write(file, result(4), group="/runs/a")
    with pytest.raises(StorageError, match="holds no run at /; runs under a label are: /runs/a"):
        read(tmp_path / "t.h5")


def test_failed_run_leaves_the_rest_of_the_study(tmp_path):
    run = result(4)
    with study_file(tmp_path / "s.h5") as file:
        write(file, run, group="/runs/a")
        with pytest.raises(ZeroDivisionError), writer(file, run, group="/runs/b"):
            raise ZeroDivisionError
        assert list(file["runs"]) == ["a"]
    assert_same(run, read(tmp_path / "s.h5", "/runs/a"))


def test_failed_study_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), study_file(tmp_path / "s.h5") as file:
        write(file, result(4), group="/runs/a")
        raise ZeroDivisionError
    with pytest.raises(StorageError, match="name of the file's own"):
        study_file(tmp_path / "s.h5", {"complete": 1}).__enter__()
    assert leftovers(tmp_path) == []


def test_unfinished_run_of_a_study_is_refused(tmp_path):
    run = result(4)
    with study_file(tmp_path / "s.h5") as file:
        writer(file, run, group="/runs/a")
    with pytest.raises(StorageError, match="run /runs/a is incomplete"):
        read(tmp_path / "s.h5", "/runs/a")
    assert read(tmp_path / "s.h5", "/runs/a", allow_incomplete=True).experiment == run.experiment
