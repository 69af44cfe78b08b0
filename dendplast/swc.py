"""The table of an SWC file: read it, say what is wrong with it, repair what can be repaired, write it.

The tree itself is built by morphio (see `morphology`); this file only looks at rows.  It exists because
some defects never reach morphio's caller: rows of a cycle are left out without a word, and a file that
is refused names neither the cure nor, always, the line.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .errors import MorphologyError
from .geometry import Finding, Morphology

__all__ = ["KINDS", "REPAIRABLE", "Table", "examine", "read_table", "table_text", "write_swc"]

KINDS = {2: "axon", 3: "basal", 4: "apical"}  # SWC type codes; 1 is the soma
_CODES = {kind: code for code, kind in KINDS.items()}
# Kinds of fatal finding that `examine` or `morphology.load` can cure.
REPAIRABLE = frozenset(
    {"zero diameter", "missing parent", "cycle", "unknown type", "no soma", "several somata", "soma bifurcation",
     "soma without area", "disconnected piece"}
)  # fmt: skip
INVENTED_SOMA = 12.0  # um; assumed: between the somata of an SPN (10-13) and a pyramidal cell (15-20)


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
        row = {int(i): r for r, i in enumerate(self.ids)}
        return np.array([row.get(int(p), -1) for p in self.parents], int)


def read_table(path: Path) -> Table:
    """Read the rows of an SWC file.

    Raises
    ------
    MorphologyError
        If a line is not seven finite numbers, or the file has no row.
    """
    rows, lines = [], []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            try:
                row = [float(word) for word in words[:7]]
            except ValueError:
                row = []
            if len(row) < 7 or not np.isfinite(row).all() or any(row[k] % 1 for k in (0, 1, 6)):
                raise MorphologyError(
                    f"{path}:{number}: {line.strip()[:60]!r} is not an SWC row; valid is "
                    "'id type x y z radius parent', whole numbers for id, type and parent"
                )
            rows.append(row)
            lines.append(number)
    if not rows:
        raise MorphologyError(f"{path}: the file has no SWC row")
    a = np.array(rows)
    parents = np.where(a[:, 6] < 0, -1, a[:, 6]).astype(int)
    return Table(a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2:5], a[:, 5], parents, np.array(lines))


def table_text(table: Table) -> str:
    """Return the table as SWC text."""
    columns = zip(table.ids, table.types, table.xyz.tolist(), table.radii.tolist(), table.parents, strict=True)
    return "".join(f"{i} {t} {x!r} {y!r} {z!r} {r!r} {p}\n" for i, t, (x, y, z), r, p in columns)


def examine(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    """Check the rows one law after the other; with `repair` each law is made true before the next.

    Returns
    -------
    Table
        The table, repaired if that was asked for.
    list of Finding
        What was found; the search ends at a fatal finding that is not repaired.
    """
    findings: list[Finding] = []
    for law in (_numbers, _parents, _cycles, _types, _soma, _soma_shape, _pieces):
        table, found = law(table, repair)
        findings += found
        if any(f.fatal and not f.repaired for f in found):
            break
    return table, findings


def _places(table: Table, rows: np.ndarray) -> str:
    """Name the first lines of `rows`."""
    lines = table.lines[rows]
    more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:3]))}{more}"


def _numbers(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    count = Counter(table.ids.tolist())
    rows = np.flatnonzero([count[i] > 1 for i in table.ids.tolist()])
    if not len(rows):
        return table, []
    text = f"sample {table.ids[rows[0]]} is defined more than once ({_places(table, rows)})"
    return table, [Finding("repeated id", text, fatal=True)]


def _parents(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    findings = []
    up = table.parent_rows()
    lost = np.flatnonzero((table.parents >= 0) & (up < 0))
    if len(lost):
        text = f"parent {table.parents[lost[0]]} does not exist ({_places(table, lost)})"
        findings.append(Finding("missing parent", text, fatal=True, repaired=repair))
        if repair:
            table = replace(table, parents=np.where(np.isin(np.arange(len(up)), lost), -1, table.parents))
    late = np.flatnonzero(up > np.arange(len(up)))
    if len(late):
        text = f"{len(late)} parents come after their children (first: {_places(table, late)})"
        findings.append(Finding("parent after child", text))
    return table, findings


def _reached(table: Table) -> np.ndarray:
    """Return for each row the row of the root it hangs on, -1 for the rows of a cycle, shape (n,)."""
    up = table.parent_rows()
    root = np.where(up < 0, np.arange(len(up)), -2)
    for start in range(len(up)):
        row, trail = start, []
        while root[row] == -2:
            root[row] = -1  # on the trail: meeting it again is a cycle
            trail.append(row)
            row = up[row]
        root[trail] = root[row]
    return root


def _cycles(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    root = _reached(table)
    rows = np.flatnonzero(root == -1)
    if not len(rows):
        return table, []
    text = f"{len(rows)} samples hang on a cycle of parents ({_places(table, rows)})"
    finding = Finding("cycle", text, fatal=True, repaired=repair and len(rows) < len(root))
    return (table.keep(root != -1) if finding.repaired else table), [finding]


def _types(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    rows = np.flatnonzero(~np.isin(table.types, (1, *KINDS)))
    if not len(rows):
        return table, []
    text = (
        f"type {table.types[rows[0]]} is not one of 1 soma, 2 axon, 3 basal dendrite, 4 apical dendrite "
        f"({_places(table, rows)})"
    )
    if repair:
        up, types = table.parent_rows(), table.types.copy()
        for row in rows:
            top = row
            while top >= 0 and types[top] not in (1, *KINDS):
                top = up[top]
            types[row] = types[top] if top >= 0 and types[top] in KINDS else 3
        table = replace(table, types=types)
    return table, [Finding("unknown type", text, fatal=True, repaired=repair)]


def _soma(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    root, soma = _reached(table), table.types == 1
    up = table.parent_rows()
    below = np.flatnonzero(soma & (up >= 0) & (table.types[up] != 1))
    if len(below):
        text = f"a soma sample has a neurite as parent ({_places(table, below)})"
        return table, [Finding("soma below neurite", text, fatal=True)]
    sizes = Counter(root.tolist())
    if not soma.any():
        text = "the file has no soma (no row of type 1)"
        if repair:
            main = max(sizes, key=lambda r: (sizes[r], -r))
            table = _with_soma(table, table.xyz[main], max(INVENTED_SOMA / 2, table.radii[main]), [main])
        return table, [Finding("no soma", text, fatal=True, repaired=repair)]
    somata = sorted({int(r) for r in root[soma]}, key=lambda r: (-sizes[r], r))
    if len(somata) == 1:
        return table, []
    text = f"the file has {len(somata)} somata that are not joined ({_places(table, np.array(sorted(somata)))})"
    if repair:
        table = table.keep(~np.isin(root, somata[1:]))
    return table, [Finding("several somata", text, fatal=True, repaired=repair)]


def _with_soma(table: Table, xyz: np.ndarray, radius: float, stems: list[int]) -> Table:
    """Put a one-point soma before all rows and hang the rows `stems` on it."""
    number = int(table.ids.max()) + 1
    parents = table.parents.copy()
    parents[stems] = number
    return Table(
        np.r_[number, table.ids], np.r_[1, table.types], np.vstack([xyz, table.xyz]), np.r_[radius, table.radii],
        np.r_[-1, parents], np.r_[0, table.lines],
    )  # fmt: skip


def _soma_shape(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    soma, up = np.flatnonzero(table.types == 1), table.parent_rows()
    children = Counter(up[soma].tolist())
    forks = np.array([row for row in soma if children[row] > 1], int)
    is_three_point = len(soma) == 3 and len(forks) == 1
    outline = len(soma) > 2 and not len(forks)  # a ring of zero radii has the area of its outline
    if len(forks) and not is_three_point:
        kind, text = "soma bifurcation", f"the soma branches ({_places(table, forks)})"
    elif (table.radii[soma] <= 0).all() and not outline:
        kind, text = "soma without area", f"no soma radius is positive ({_places(table, soma)})"
    else:
        return table, []
    if repair:
        table = _one_point_soma(table, soma, up)
    return table, [Finding(kind, text, fatal=True, repaired=repair)]


def _one_point_soma(table: Table, soma: np.ndarray, up: np.ndarray) -> Table:
    """Replace the soma by one point with the area of all frusta between its samples."""
    low = soma[up[soma] >= 0]
    radii = np.maximum(table.radii, 0.0)
    slant = np.hypot(np.linalg.norm(table.xyz[low] - table.xyz[up[low]], axis=1), radii[low] - radii[up[low]])
    area = float(np.pi * ((radii[low] + radii[up[low]]) * slant).sum())
    radius = np.sqrt(area / (4 * np.pi)) or INVENTED_SOMA / 2
    center = table.xyz[soma].mean(0)
    stems = np.isin(up, soma) & (table.types != 1)
    rest = table.types != 1
    return _with_soma(table.keep(rest), center, radius, list(np.flatnonzero(stems[rest])))


def _pieces(table: Table, repair: bool) -> tuple[Table, list[Finding]]:
    root = _reached(table)
    soma = np.flatnonzero(table.types == 1)
    stray = np.flatnonzero((table.parents < 0) & (np.arange(len(root)) != root[soma[0]]))
    if not len(stray):
        return table, []
    center, reach = table.xyz[soma].mean(0), 2 * max(float(table.radii[soma].max()), INVENTED_SOMA / 2)
    distance = np.linalg.norm(table.xyz[stray] - center, axis=1)
    text = f"{len(stray)} pieces are not joined to the soma ({_places(table, stray)})"
    if repair:
        # A piece that starts within one soma diameter of the centre is a stem whose link was lost.
        parents = table.parents.copy()
        parents[stray[distance <= reach]] = table.ids[root[soma[0]]]
        dropped = stray[distance > reach]
        text += f"; {len(stray) - len(dropped)} joined, {len(dropped)} dropped"
        table = replace(table, parents=parents).keep(~np.isin(root, dropped))
    return table, [Finding("disconnected piece", text, fatal=True, repaired=repair)]


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
    lines += [
        f"{number} {row[0]} {' '.join(_number(v) for v in row[1:5])} {row[5]}" for number, row in enumerate(rows, 1)
    ]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
