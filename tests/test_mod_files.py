"""Every NMODL source: consistent units, portable, thread safe, named by rule, with its source."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from dendplast.paths import mod_dir

FILES = sorted(mod_dir().glob("*.mod"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)


def code(text: str) -> str:
    """Return NMODL without title and comments."""
    return re.sub(r"\bCOMMENT\b.*?\bENDCOMMENT\b|:[^\n]*|^TITLE[^\n]*", "", text, flags=re.S | re.M)


def name_by_rule(stem: str, kind: str) -> str:
    """Return the mechanism name that a file stem demands."""
    if kind == "SUFFIX":
        return f"dp_{stem}"
    return "Dp" + "".join(part.capitalize() for part in stem.split("_"))


def written_globals(text: str) -> set[str]:
    """Return the GLOBAL variables that are assigned outside PARAMETER and CONSTANT blocks."""
    body = code(text)
    names = {n for line in re.findall(r"\bGLOBAL\s+([\w ,]+)", body) for n in re.findall(r"\w+", line)}
    body = re.sub(r"\b(?:PARAMETER|CONSTANT)\s*\{[^}]*\}", "", body)
    return {n for n in names if re.search(rf"\b{n}\s*=(?!=)", body)}


def modlunit(path: Path) -> subprocess.CompletedProcess:
    from neuron import h

    home = Path(h.neuronhome())  # the units table is found through these two variables
    environment = os.environ | {"NEURONHOME": str(home), "NRNHOME": str(home.parents[1])}
    command = [home.parents[1] / "bin" / "modlunit", path]
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_there_are_files():
    assert FILES


@each_file
def test_units_are_consistent(path):
    done = modlunit(path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_modlunit_sees_a_wrong_unit(tmp_path):
    text = (mod_dir() / "current_pulse.mod").read_text("utf-8")
    wrong = tmp_path / "wrong.mod"
    wrong.write_text(text.replace("level = level + amp", "level = level + amp * amp"))
    assert modlunit(wrong).returncode != 0


@each_file
def test_nothing_that_breaks_threads_or_coreneuron(path):
    text = path.read_text("utf-8")
    found = re.findall(r"\b(?:VERBATIM|POINTER|BBCOREPOINTER|UNITSOFF)\b", code(text))
    # exchange.mod is no mechanism but C++ for Python, all of it hidden from CoreNEURON
    hidden = r"\bVERBATIM\s#ifndef CORENEURON_BUILD\n.*?\n#endif\s+ENDVERBATIM\b"
    assert len(found) == (len(re.findall(hidden, text, re.S)) if path.stem == "exchange" else 0)
    assert re.search(r"\bTHREADSAFE\b", code(text))
    assert written_globals(text) == set()


def test_a_written_global_is_seen():
    assert written_globals("NEURON { GLOBAL a, b }\nPARAMETER { a = 1 b = 2 }\nINITIAL { b = a }") == {"b"}


@each_file
def test_name_follows_the_file(path):
    declaration = r"\b(SUFFIX|POINT_PROCESS|ARTIFICIAL_CELL)\s+(\w+)"
    kind, name = re.search(declaration, code(path.read_text("utf-8"))).groups()
    assert name == name_by_rule(path.stem, kind)


@each_file
def test_source_is_given(path):
    comment = re.search(r"\bCOMMENT\b(.*?)\bENDCOMMENT\b", path.read_text("utf-8"), re.S)
    assert comment and re.search(r"\b10\.\d{4,}/\S+|no published source", comment[1])
