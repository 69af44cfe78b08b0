"""What is wrong with a morphology: laws of an SWC table with their repairs, and a look at the built tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .geometry import Finding, Morphology, Neurite
from .swc import KINDS, Table

__all__ = ["INVENTED_SOMA", "REPAIRABLE", "examine", "inspect", "rising_stems", "stem_of"]

# Kinds of fatal finding that `examine` or `morphology.load` can cure.
REPAIRABLE = frozenset(
    {"zero diameter", "missing parent", "cycle", "unknown type", "no soma", "several somata", "soma bifurcation",
     "soma without area", "disconnected piece"}
)  # fmt: skip
INVENTED_SOMA = 12.0  # um; assumed: between the somata of an SPN (10-13) and a pyramidal cell (15-20)
GIANT_DIAMETER = 20.0  # um; assumed: twice the thickest apical trunk
GIANT_SOMA = 60.0  # um; assumed: twice the largest cortical soma
Z_STEP, Z_SHARE, Z_JUMP = 5.0, 0.05, 30.0  # um, share of steps, um; assumed: from good and rejected cells
SAME_SHARE = 0.8  # share of length with one diameter; assumed: real cells stay below
HUGE_LENGTH, HUGE_AREA = 1e6, 1e5  # um, um2; assumed: 100 times a large cell, so the unit is nm
JUMP, JUMP_RATIO = 100.0, 20.0  # um, medians of the steps; assumed: 4 times the longest of 16 good cells
FARTHEST = 1e4  # um along the tree; assumed: three times the reach of the largest dendrites known
RISING = 1.5  # how much farther than the next stem an apical stem reaches; assumed: splits the test cells


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
    _, index, count = np.unique(table.ids, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(count[index] > 1)
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
    root = np.where(up < 0, np.arange(len(up)), up)
    for _ in range(len(up).bit_length()):  # each pass doubles the steps taken towards the root
        root = root[root]
    return np.where(up[root] < 0, root, -1)


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


def inspect(morphology: Morphology) -> list[Finding]:
    """Return what looks wrong in a tree that can be built; a wrong unit, a jump and an empty tree are fatal."""
    neurites = morphology.neurites
    if not neurites:
        return [Finding("no neurites", "the file has a soma but no neurite", fatal=True)]
    findings = []
    # Axons are left out where dendrites are there: many are artificial or traced with one diameter.
    dendrites = [n for n in neurites if n.kind != "axon"] or list(neurites)
    steps = np.vstack([np.diff(n.points, axis=0) for n in dendrites])
    size = np.linalg.norm(steps, axis=1)
    diameters = np.concatenate([(n.diameters[1:] + n.diameters[:-1]) / 2 for n in dendrites])
    soma = morphology.soma_diameter
    if size.sum() > HUGE_LENGTH or np.pi * soma**2 > HUGE_AREA:
        text = f"length {size.sum():.3g} um and soma diameter {soma:.3g} um look like nanometres; scale by 0.001"
        return [Finding("nanometres", text, fatal=True)]
    if text := _jump(steps, size, np.vstack([n.points[1:] for n in dendrites])):
        return [Finding("jump", text, fatal=True)]
    if (far := _reach(neurites)) > FARTHEST:
        text = f"a dendrite ends {far:.3g} um from the soma; none does beyond {FARTHEST:g} um: is the unit um?"
        return [Finding("endless dendrite", text, fatal=True)]
    if soma > GIANT_SOMA:
        findings.append(Finding("giant soma", f"the soma is {soma:.3g} um thick"))
    if diameters.max() > GIANT_DIAMETER:
        findings.append(Finding("giant diameter", f"a neurite is {diameters.max():.3g} um thick"))
    values, where = np.unique(np.round(diameters, 3), return_inverse=True)
    share = np.bincount(where, weights=size) / size.sum()
    if share.max() > SAME_SHARE and len(dendrites) > 1:
        text = f"{share.max():.0%} of the length has the diameter {values[share.argmax()]:g} um: not measured?"
        findings.append(Finding("one diameter", text))
    # A jump of the focus goes along z alone; a slanted step is only coarse sampling.
    dz = np.where(np.abs(steps[:, 2]) > 2 * np.hypot(steps[:, 0], steps[:, 1]), np.abs(steps[:, 2]), 0.0)
    if (dz > Z_STEP).mean() > Z_SHARE or dz.max() > Z_JUMP:
        text = f"{(dz > Z_STEP).mean():.1%} of steps jump more than {Z_STEP:g} um in z, at most {dz.max():.3g} um"
        findings.append(Finding("z jump", text))
    if top := rising_stems(morphology):
        text = f"{len(top)} stems rise far above the others but none is typed apical; apical='auto' retypes them"
        findings.append(Finding("no apical type", text))
    return findings


def _jump(steps: np.ndarray, size: np.ndarray, ends: np.ndarray) -> str:
    """Say where a step (um) is far longer than all that a tracing has, "" when none is.

    A schematic cell of a few long steps has none: they are alike.
    """
    k = int(size.argmax())
    if size[k] <= max(JUMP, JUMP_RATIO * float(np.median(size))):
        return ""
    a, b = (", ".join(f"{x:.4g}" for x in point) for point in (ends[k] - steps[k], ends[k]))
    return f"two joined samples are {size[k]:.3g} um apart, ({a}) and ({b}): is one joined to a wrong parent?"


def _reach(neurites: Sequence[Neurite]) -> float:
    """Return how far from the soma (um, along the tree) dendrites reach, or axons where there is nothing else."""
    far = np.zeros(len(neurites))
    for i, n in enumerate(neurites):  # parents come first
        far[i] = n.length + (far[n.parent] if n.parent >= 0 else 0.0)
    dendritic = np.array([n.kind != "axon" for n in neurites])
    return float(far[dendritic].max() if dendritic.any() else far.max())


def stem_of(morphology: Morphology) -> np.ndarray:
    """Return for each neurite the neurite at the soma that it hangs on, shape (n,)."""
    stem = np.arange(len(morphology.neurites))
    for i, n in enumerate(morphology.neurites):
        if n.parent >= 0:
            stem[i] = stem[n.parent]
    return stem


def rising_stems(morphology: Morphology) -> tuple[int, ...]:
    """Return the one or two dendritic stems that reach far above all others when none is typed apical."""
    if any(n.kind == "apical" for n in morphology.neurites):
        return ()
    reach: dict[int, float] = {}
    for n, stem in zip(morphology.neurites, stem_of(morphology), strict=True):
        if n.kind == "basal":
            far = np.linalg.norm(n.points - morphology.soma_center, axis=1).max()
            reach[int(stem)] = max(reach.get(int(stem), 0.0), float(far))
    order = sorted(reach, key=reach.__getitem__, reverse=True)
    for count in (1, 2):  # two: an apical dendrite that forks inside the soma's outline
        if len(order) >= count + 2 and reach[order[count - 1]] > RISING * reach[order[count]]:
            return tuple(order[:count])
    return ()
