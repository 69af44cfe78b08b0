"""Compiling and loading: once, by the right NEURON, and one clear sentence when it can not be done."""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dendplast import mechanisms, nmodl
from dendplast.errors import MechanismError

TINY = "NEURON { SUFFIX dp_tiny THREADSAFE }\n"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Put one tiny source in the place of the package's, and an empty cache; return the source folder."""
    folder = tmp_path / "mod"
    folder.mkdir()
    (folder / "tiny.mod").write_text(TINY)
    monkeypatch.setattr(nmodl, "mod_dir", lambda: folder)
    monkeypatch.setenv("DENDPLAST_CACHE", str(tmp_path / "cache"))
    return folder


def python(code: str, cwd: Path | None = None, **variables: str) -> subprocess.Popen:
    """Start `code` in a Python of its own."""
    checkout = Path(nmodl.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=cwd, env=os.environ | {"PYTHONPATH": str(checkout)} | variables,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def output(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


LOAD = """
from dendplast.errors import MechanismError
from dendplast.mechanisms import ensure_loaded
try:
    info = ensure_loaded()
    print(info.origin, info.path, info.source_hash)
except MechanismError as error:
    print(error)
"""


def test_loading_gives_every_declared_name(loaded):
    assert loaded.names == tuple(sorted(nmodl.declared_names()))
    assert loaded.path.is_file()
    assert loaded.source_hash == nmodl.source_hash()


def test_loading_twice_is_harmless():
    assert mechanisms.ensure_loaded() is mechanisms.ensure_loaded()


def test_hash_sees_content_and_name(tiny):
    hashes = [nmodl.source_hash()]
    (tiny / "tiny.mod").write_text(TINY + "\n")
    hashes.append(nmodl.source_hash())
    (tiny / "tiny.mod").rename(tiny / "other.mod")
    hashes.append(nmodl.source_hash())
    assert len(set(hashes)) == 3


def test_names_are_not_read_from_comments(tiny):
    (tiny / "tiny.mod").write_text(f"TITLE a SUFFIX title\nCOMMENT\nSUFFIX no\nENDCOMMENT\n: SUFFIX nor\n{TINY}")
    assert nmodl.declared_names() == {"dp_tiny": tiny / "tiny.mod"}


def test_two_processes_compile_once(tiny):
    code = f"""
from pathlib import Path
from dendplast import nmodl
nmodl.mod_dir = lambda: Path({str(tiny)!r})
print(*nmodl.built_library())
"""
    both = [python(code), python(code)]
    said = [output(process).rsplit(" ", 1) for process in both]
    assert sorted(origin for _, origin in said) == ["cache", "compiled"]
    assert said[0][0] == said[1][0]
    # Nothing but the library, its label and the lock stays behind.
    left = {p.name for p in (tiny.parent / "cache").rglob("*") if p.is_file() and p.suffix != ".lock"}
    assert left == {nmodl.LIBRARY, "libnrnmech.json"}


def test_copy_for_a_cluster(loaded, tmp_path):
    copy = nmodl.compile_mechanisms(tmp_path / "a folder" / "deep")
    assert copy == tmp_path / "a folder" / "deep" / nmodl.LIBRARY
    assert nmodl.library_label(copy)["source_hash"] == nmodl.source_hash()
    assert copy.read_bytes() == loaded.path.read_bytes()


def test_cached_library_needs_no_compiler(loaded, monkeypatch):
    monkeypatch.setenv("PATH", "")
    library, origin = nmodl.built_library()
    assert origin == "cache" and nmodl.library_label(library)["source_hash"] == nmodl.source_hash()


def test_nrnivmodl_of_another_neuron_is_not_used(tiny, tmp_path, monkeypatch):
    other = tmp_path / "other" / "bin" / "nrnivmodl"
    other.parent.mkdir(parents=True)
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}{os.pathsep}{os.environ['PATH']}")
    for variable in ("NRNHOME", "NRNHOME_EXEC", "NEURONHOME"):
        monkeypatch.setenv(variable, str(tmp_path / "other"))
    monkeypatch.setenv("MAKEFLAGS", "n")  # a make that only says what it would do
    assert nmodl.built_library()[1] == "compiled"


def test_no_compiler(tiny, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MechanismError, match=r"compiler 'g\+\+' is not on PATH: install it .*apt install g\+\+"):
        nmodl.compile_mechanisms()


def test_named_compiler_is_not_replaced_by_another(tiny, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    with pytest.raises(MechanismError, match="'no-such-compiler -O2' is not on PATH"):
        nmodl.compile_mechanisms()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("BREAKPOINT { q = sin(1 }", r"Illegal block at line 3 in file src/broken\.mod|in file broken\.mod"),
        ("ASSIGNED { q }\nBREAKPOINT { q = nowhere(1) }", r"broken\.cpp:\d+:\d+: error: .*nowhere.* not declared"),
    ],
    ids=["NMODL", "C++"],
)  # fmt: skip
def test_broken_source(tiny, body, line):
    (tiny / "broken.mod").write_text(f"NEURON {{ SUFFIX dp_broken }}\n{body}\n")
    with pytest.raises(MechanismError, match=line) as caught:
        nmodl.compile_mechanisms()
    assert str(caught.value).startswith(f"{tiny / 'broken.mod'} does not compile; the compiler says:\n")
    assert "Traceback" not in str(caught.value) and "build-" not in str(caught.value)
    assert not list((tiny.parent / "cache").rglob(nmodl.LIBRARY))


def test_no_source(tiny):
    (tiny / "tiny.mod").unlink()
    with pytest.raises(MechanismError, match="holds no .mod file"):
        nmodl.compile_mechanisms()


def test_source_without_a_name(tiny):
    (tiny / "tiny.mod").write_text("NEURON { THREADSAFE }")
    with pytest.raises(MechanismError, match=r"tiny\.mod declares no SUFFIX"):
        nmodl.declared_names()


def test_unwritable_cache_is_a_warning(tiny, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DENDPLAST_CACHE", str(tmp_path / "file" / "cache"))  # no user, not even root, can make it
    library, origin = nmodl.built_library()
    assert origin == "compiled" and library.is_file()
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "can not be written" in caplog.text and "DENDPLAST_CACHE" in caplog.text


def test_unwritable_out(loaded, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MechanismError, match="can not be written into .*file"):
        nmodl.compile_mechanisms(tmp_path / "file")


def test_variable_names_nothing(tmp_path):
    said = output(python(LOAD, DENDPLAST_MECHANISMS=str(tmp_path / "nothing")))
    assert said.startswith("DENDPLAST_MECHANISMS = ") and "neither a mechanism library nor a folder" in said


@pytest.mark.parametrize("part", [".", nmodl.LIBRARY])
def test_variable_names_folder_or_file(loaded, part):
    said = output(python(LOAD, DENDPLAST_MECHANISMS=str(loaded.path.parent / part)))
    assert said == f"DENDPLAST_MECHANISMS {loaded.path} {loaded.source_hash}"


def test_variable_names_a_library_of_other_sources(loaded, tmp_path):
    (tmp_path / nmodl.LIBRARY).write_bytes(loaded.path.read_bytes())
    (tmp_path / "libnrnmech.json").write_text(json.dumps({"source_hash": "0" * 64}))
    said = output(python(LOAD, DENDPLAST_MECHANISMS=str(tmp_path)))
    assert "was compiled from other sources than" in said and f"dendplast compile --out {tmp_path}" in said


def test_variable_names_a_library_that_says_nothing(loaded, tmp_path):
    (tmp_path / nmodl.LIBRARY).write_bytes(loaded.path.read_bytes())
    process = python(LOAD, DENDPLAST_MECHANISMS=str(tmp_path))
    out, err = process.communicate(timeout=60)
    assert out.split() == ["DENDPLAST_MECHANISMS", str(tmp_path / nmodl.LIBRARY), "None"]
    assert "does not say from which sources" in err


def test_variable_names_a_file_that_is_no_library(tmp_path):
    (tmp_path / "junk.so").write_text("junk")
    said = output(python(LOAD, DENDPLAST_MECHANISMS=str(tmp_path / "junk.so")))
    assert "did not give NEURON" in said and "DpCurrentPulse" in said


def test_mechanisms_that_were_there_before(loaded):
    before = f"from neuron import h; h.nrn_load_dll({str(loaded.path)!r})\n"
    assert output(python(before + LOAD)) == f"registered {loaded.path} {loaded.source_hash}"


def test_mechanisms_of_the_start_folder(loaded, tmp_path):
    # NEURON loads <machine>/ of the folder it starts in, unasked: what `nrnivmodl mod` leaves in a checkout.
    library = tmp_path / platform.machine() / nmodl.LIBRARY
    library.parent.mkdir()
    library.write_bytes(loaded.path.read_bytes())
    out, err = python(LOAD, cwd=tmp_path).communicate(timeout=60)
    assert out.split() == ["registered", str(library), "None"]
    assert f"the mechanisms come from {library}, which does not say" in err


@pytest.fixture
def other(tiny, tmp_path):
    """Return another package's library: one name of ours and one of nobody; only `tiny` is left as source."""
    (tiny / "tiny.mod").unlink()
    (tiny / "extra.mod").write_text("NEURON { SUFFIX extra }\n")
    (tiny / "varicosity.mod").write_text("NEURON { POINT_PROCESS DpVaricosity }\n")
    library = nmodl.compile_mechanisms(tmp_path / "other")
    (tiny / "tiny.mod").write_text(TINY)
    (tiny / "varicosity.mod").unlink()
    return library


def test_name_taken_by_another_library(tiny, other, tmp_path):
    first = f"from neuron import h; h.nrn_load_dll({str(other)!r})\n"
    # Seen before loading, which would be partial: the other library holds one of our names only.
    said = output(python(first + LOAD))
    assert said.startswith(f"the mechanism name 'DpVaricosity' is already taken by {other}")
    # Seen while loading: the user's library holds more than the package knows of.
    own = nmodl.compile_mechanisms(tmp_path / "own")
    own.with_name("libnrnmech.json").unlink()
    (tiny / "extra.mod").unlink()
    first += f"import pathlib\nfrom dendplast import nmodl\nnmodl.mod_dir = lambda: pathlib.Path({str(tiny)!r})\n"
    said = output(python(first + LOAD, DENDPLAST_MECHANISMS=str(own)))
    assert said.startswith(f"the mechanism name 'extra' is already taken by {other}")
