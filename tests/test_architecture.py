"""The floors of docs/design.md, read from that table and from the imports of every file."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dendplast

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "dendplast"
NEURON_FLOOR = 3


def read_table(text: str) -> dict[str, tuple[int, int]]:
    """Return module -> (floor, position in its row); a folder such as ``studies/`` counts as one module."""
    place = {}
    for row in re.findall(r"^\| *(\d)[^|]*\|(.+)\|$", text, re.M):
        names = re.findall(r"`([\w/]+)`", row[1])
        place |= {name.rstrip("/"): (int(row[0]), i) for i, name in enumerate(names)}
    return place


def imports(tree: ast.AST, depth: int, module: str) -> set[str]:
    """Return what a file imports: ``.name`` for our own, else the top name.

    The file lies `depth` folders deep (1: in the package itself); deeper ones lie in the sub-package `module`.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level == depth:  # relative to the package itself
                base = f"dendplast.{base}".rstrip(".")
            elif node.level:
                base = f"dendplast.{module}.{base}".rstrip(".")
            # `from . import a` imports the module a, `from .a import b` the module a
            found |= {f"{base}.{n.name}" for n in node.names} if base == "dendplast" else {base}
    ours = {name for name in found if name.split(".")[0] == "dendplast"}
    dunders = {"dendplast.__version__"}
    return {f".{name.split('.')[1]}" for name in ours - dunders if "." in name} | {
        name.split(".")[0] for name in found - ours
    }


def violations(module: str, tree: ast.AST, place: dict[str, tuple[int, int]], depth: int = 1) -> list[str]:
    """Return a sentence for each import that the table forbids."""
    floor, position = place[module]
    wrong = []
    for name in sorted(imports(tree, depth, module)):
        if name == "neuron" and floor != NEURON_FLOOR:
            wrong.append(f"{module} (floor {floor}) imports neuron")
        if not name.startswith(".") or name[1:] == module:
            continue
        if name[1:] not in place:
            wrong.append(f"{module} imports {name[1:]}, which is not in the table")
        elif place[name[1:]] >= (floor, position):
            wrong.append(f"{module} imports {name[1:]}, which is not below it")
    return wrong


def package_files() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def text_files() -> list[Path]:
    folders = ["dendplast", "mod", "tests", "docs", "benchmarks", ".ci"]
    kinds = {".py", ".mod", ".md", ".toml", ".cfg", ".csv", ".in", ""}
    files = [p for p in ROOT.iterdir() if p.name != ".git"]
    files += [p for f in folders for p in (ROOT / f).rglob("*") if "__pycache__" not in p.parts]
    return sorted(p for p in files if p.is_file() and p.suffix in kinds)


PLACE = read_table((ROOT / "docs" / "design.md").read_text("utf-8"))


@pytest.mark.parametrize("path", package_files(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path):
    inside = path.relative_to(PACKAGE)
    module = inside.parts[0].removesuffix(".py")
    assert module in PLACE, f"{inside} is missing from the floors table of docs/design.md"
    assert violations(module, ast.parse(path.read_text("utf-8")), PLACE, len(inside.parts)) == []


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("rule", "from .model import build"),  # up
        ("cell", "def f():\n    from dendplast import simulate"),  # right in its own row, inside a function
        ("geometry", "from . import result"),
        ("storage", "from neuron import h"),
        ("storage", "import neuron.units"),
        ("cell", "from .nowhere import x"),
        ("model", "import dendplast.figures as f"),
    ],
)
def test_the_check_sees_a_wrong_import(module, code):
    assert violations(module, ast.parse(code), PLACE)


@pytest.mark.parametrize(
    ("module", "code", "depth"),
    [
        ("model", "import numpy\nfrom neuron import h\nfrom .cell import Cell\nfrom .errors import X", 1),
        ("cli", "from . import __version__, storage", 1),
        ("studies", "from .timing import x\nfrom ..storage import read", 2),
    ],
)
def test_the_check_allows_a_right_import(module, code, depth):
    assert violations(module, ast.parse(code), PLACE, depth) == []


def test_import_is_light_and_silent():
    code = "import sys, dendplast; sys.exit(str(sorted({'neuron', 'matplotlib', 'pandas'} & set(sys.modules))))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr.strip()) == ("", "[]")


def test_what_builds_and_runs_loads_no_library_that_is_slow_to_load():
    """Each job is a process of its own, and scipy.signal, which loads scipy.stats, is 0.6 s of it."""
    code = (
        "import sys, dendplast.build, dendplast.simulate, dendplast.capture, dendplast.sweep.child; "
        "sys.exit(str(sorted({'scipy.signal', 'scipy.stats', 'matplotlib', 'pandas', 'numba'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", sorted(dendplast._HOME))
def test_every_public_name_has_its_home(name):
    module, _, attribute = dendplast._HOME[name].partition(":")
    home = importlib.import_module(f"dendplast.{module}")  # which also sets dendplast.build to the module build
    assert getattr(dendplast, name) is (home if name in {"cells", "protocols"} else getattr(home, attribute or name))


def test_importing_a_submodule_hides_no_function():
    code = "import dendplast as dp, dendplast.replay; from dendplast.replay import Condition; print(dp.replay.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("replay\n", "")
    assert callable(dendplast.replay) and callable(dendplast.build)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dendplast.nothing


def test_only_the_command_line_prints():
    for path in [p for p in package_files() if p.name != "cli.py"]:
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        assert not [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"], path


def test_files_and_lines_are_short():
    for path in [p for p in text_files() if p.suffix in {".py", ".mod"}]:
        lines = path.read_text("utf-8").splitlines()
        if path.suffix == ".py" and "tests" not in path.parts:  # a mechanism lists its states one a line
            assert len(lines) <= 400, path
        assert [(path.name, i) for i, line in enumerate(lines, 1) if len(line) > 120] == []


def test_no_path_of_somebodys_machine():
    machine_path = re.compile(r"(?<![\w.~/)}$*])/(?:work|tmp|root|home|Users)\b")
    for path in text_files():
        assert not machine_path.search(path.read_text("utf-8")), path
