"""The rows of an SWC file: read them, write them.

The tree is built by morphio (see `morphology`).  Rows are read here too because some defects never reach
morphio's caller: rows of a cycle are left out without a word, and a file that is refused names neither
the cure nor, always, the line (see `defects`).
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import MorphologyError, StorageError
from .geometry import Morphology

__all__ = ["KINDS", "Table", "read_table", "table_text", "write_swc"]

KINDS = {2: "axon", 3: "basal", 4: "apical"}  # SWC type codes; 1 is the soma
_CODES = {kind: code for code, kind in KINDS.items()}


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of an SWC file.

    Attributes
    ----------
    ids, types, parents, lines : ndarray of int, shape (n,)
        Sample number, type code, parent's sample number (-1: none), line in the file.
    xyz : ndarray, shape (n, 3)
        Coordinates (um).
    radii : ndarray, shape (n,)
        Radii (um).
    """

    ids: np.ndarray
    types: np.ndarray
    xyz: np.ndarray
    radii: np.ndarray
    parents: np.ndarray
    lines: np.ndarray

    def keep(self, rows: np.ndarray) -> Table:
        """Return the table with only these rows (mask or indices)."""
        return Table(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def place(self, xyz: np.ndarray) -> str:
        """Name the line of the sample nearest to `xyz` (um)."""
        return f"line {self.lines[np.abs(self.xyz - xyz).sum(1).argmin()]}"

    def parent_rows(self) -> np.ndarray:
        """Return the row of each row's parent, -1 where it has none, shape (n,)."""
        order = np.argsort(self.ids)
        row = order[np.searchsorted(self.ids, self.parents, sorter=order).clip(max=len(order) - 1)]
        return np.where(self.ids[row] == self.parents, row, -1)


def read_table(path: Path) -> Table:
    """Read the rows of an SWC file.

    Raises
    ------
    MorphologyError
        If a line is not seven finite numbers, or the file has no row.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if words := line.split("#", 1)[0].split():
                rows.append(words[:7])
                lines.append(number)
    if not rows:
        raise MorphologyError(f"{path}: the file has no SWC row")
    a = np.array([_values(row) for row in rows])
    whole = a[:, [0, 1, 6]]
    bad = ~np.isfinite(a).all(1) | ((np.trunc(whole) != whole) | (np.abs(whole) > 2**53)).any(1)
    if bad.any():
        first = int(bad.argmax())
        raise MorphologyError(
            f"{path}:{lines[first]}: {' '.join(rows[first])[:60]!r} is not an SWC row; valid is "
            "'id type x y z radius parent', finite numbers, whole ones for id, type and parent"
        )
    parents = np.where(a[:, 6] < 0, -1, a[:, 6]).astype(int)
    return Table(a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2:5], a[:, 5], parents, np.array(lines))


def _values(row: list[str]) -> list[float]:
    """Return seven numbers, NaN where there is none."""
    try:
        return [float(word) for word in row] if len(row) == 7 else [np.nan] * 7
    except ValueError:
        return [np.nan] * 7


def table_text(table: Table) -> str:
    """Return the table as SWC text."""
    columns = zip(table.ids, table.types, table.xyz.tolist(), table.radii.tolist(), table.parents, strict=True)
    return "".join(f"{i} {t} {x!r} {y!r} {z!r} {r!r} {p}\n" for i, t, (x, y, z), r, p in columns)


def _number(value: float) -> str:
    """Return the shortest text that gives back the value in single precision, which is what morphio reads."""
    return np.format_float_positional(np.float32(value), trim="-")


def write_swc(morphology: Morphology, path: str | Path, comment: str = "") -> None:
    """Write a morphology as SWC, by a temporary file that is renamed when complete.

    The soma is one point of the sphere's radius.  Where a neurite starts with another diameter than its
    parent ends with, its first point is written as a second sample at the same place, so that `load`
    gives the same diameters back.

    Parameters
    ----------
    morphology : Morphology
        What to write (um).
    path : str or Path
        File to make or replace.
    comment : str
        Lines for the header.

    Raises
    ------
    StorageError
        If the file can not be written.
    """
    path = Path(path)
    rows = [(1, *morphology.soma_center, morphology.soma_diameter / 2, -1)]
    last: list[int] = []
    for neurite in morphology.neurites:
        up = 1 if neurite.parent < 0 else last[neurite.parent]
        first = int(neurite.parent >= 0 and np.float32(neurite.diameters[0] / 2) == np.float32(rows[up - 1][4]))
        for xyz, diameter in zip(neurite.points[first:], neurite.diameters[first:], strict=True):
            rows.append((_CODES[neurite.kind], *xyz, diameter / 2, up))
            up = len(rows)
        last.append(up)
    lines = [f"# {line}".rstrip() for line in comment.splitlines()] + ["# id type x y z radius parent (um)"]
    for number, (code, *values, up) in enumerate(rows, 1):
        lines.append(f"{number} {code} {' '.join(map(_number, values))} {up}")
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner reads
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            os.unlink(temporary)
        raise StorageError(f"{path}: can not be written ({error.strerror or error})") from None
