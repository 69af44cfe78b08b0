"""What kept calcium depends on: every module it could come from, and none that it can not."""

from __future__ import annotations

import ast
from pathlib import Path

import dendplast
from dendplast.fingerprint import CALCIUM, reached

PACKAGE = Path(dendplast.__file__).parent


def test_code_is_followed_through_imports_wherever_they_stand(tmp_path):
    for name, text in {
        "a": "from .b import x", "b": "def f():\n    from . import c, d\n", "c": "import os", "d": "x = 1",
        "e": "from .a import f",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.py").write_text(text)
    assert {p.stem for p in reached(tmp_path, ["a"])} == {"a", "b", "c", "d"}


def test_calcium_depends_on_cells_spines_and_steps_but_not_on_what_shows_them():
    found = {p.stem for p in reached(PACKAGE, CALCIUM)}
    assert {"cell", "spines", "calibration", "stepping", "driver", "solution", "presynaptic", "mechanisms"} <= found
    assert not {"cli", "figures", "report", "timeline", "writer"} & found


def test_no_import_of_what_makes_calcium_escapes():
    """Only a top-level module by a relative import is followed; these modules use nothing else of the package."""
    top = {p.stem for p in PACKAGE.glob("*.py")}
    for path in reached(PACKAGE, CALCIUM):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level < 2 and not (node.module or "").startswith("dendplast"), path.name
                if node.level and node.module:
                    assert node.module in top, f"{path.name} imports {node.module}"
                elif node.level:
                    assert all(a.name in top or a.name.startswith("__") for a in node.names), path.name
            elif isinstance(node, ast.Import):
                assert not any(a.name.split(".")[0] == "dendplast" for a in node.names), path.name
