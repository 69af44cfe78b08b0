"""The documents: every python block runs, links lead somewhere, TOML is valid, commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dendplast import __version__, cli
from dendplast.experiment import Experiment

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CELL = "1 1 0 0 0 6 -1\n2 3 10 0 0 1 1\n3 3 80 0 0 1 2\n4 3 120 30 0 1 3\n5 3 120 -30 0 1 3\n"

def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_python_blocks_run(loaded, page, tmp_path):
    """One process a page, one block after the other, each with names of its own, in one folder."""
    (tmp_path / "my_cell.swc").write_text(CELL)
    program = tmp_path / "blocks.py"
    code = [f"exec(compile({b!r}, 'block {i}', 'exec'), {{}})\n" for i, b in enumerate(blocks(page, "python"), 1)]
    program.write_text("".join(code), encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(ROOT), "NEURON_MODULE_OPTIONS": "-nogui"}
    command = [sys.executable, "-W", "error::DeprecationWarning:dendplast", program]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    if page.name == "README.md":  # the example shows what it says: both directions, and spines left alone
        assert "potentiated" in done.stdout and "depressed" in done.stdout
        assert (tmp_path / "run.h5").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        target = (page.parent / link).resolve()
        assert target.exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_toml_blocks_are_experiments(page):
    for text in blocks(page, "toml"):
        assert Experiment.from_toml(text)


def test_toml_and_python_of_the_parameters_are_the_same():
    (text,) = blocks(ROOT / "docs" / "howto.md", "toml")
    given = tomllib.loads(text)["parameters"]
    assert given.pop("conversion") | given == {"K_P": "3.5 uM", "tau_T": "90 min"}
    written = 'parameters={"K_P": "3.5 uM", "tau_T": "90 min"}'
    assert any(written in code for code in blocks(ROOT / "docs" / "howto.md", "python"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_exist(page):
    text = page.read_text("utf-8")
    commands = re.findall(r"(?:^|`)dendplast ([a-z]+)", text, re.M)
    known = cli._parser()._subparsers._group_actions[0].choices
    assert [c for c in commands if c not in known] == []
    options = set(re.findall(r"--[a-z][a-z-]+", text)) - {"--version"}
    helps = "".join(command.format_help() for command in known.values())
    script = subprocess.run([sys.executable, ROOT / "run_all.py", "--help"], capture_output=True, text=True).stdout
    others = {"--install", "--seed", "--docs"}  # of xcode-select, `python -m dendplast.growth` and a benchmark
    others |= {"--array", "--cpus-per-task", "--job-name", "--mem", "--time", "--output"}  # of sbatch
    assert [o for o in options - others if o not in helps + script] == []


def test_citation_names_this_version():
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_table_of_parameters_is_the_command_s():
    from dendplast.catalog import gain_table, parameter_table

    page = (ROOT / "docs" / "parameters.md").read_text("utf-8")
    again = "make it again with `dendplast parameters`"
    assert parameter_table() + "\n" in page, again
    assert page.endswith(gain_table() + "\n"), again
