"""Load, check and change reconstructions: SWC or Neurolucida ASC in, `Morphology` out, read by morphio."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import morphio
import numpy as np

from .defects import INVENTED_SOMA, REPAIRABLE, examine, inspect, rising_stems, stem_of
from .errors import MorphologyError
from .geometry import Finding, Morphology, Neurite
from .morphometry import MorphologyStatistics, statistics
from .paths import morphology_dir
from .swc import KINDS, read_table, table_text, write_swc

__all__ = ["MorphologyStatistics", "check", "load", "retype_apical", "shipped", "statistics", "write_swc"]

FLOOR_DIAMETER = 0.1  # um, in place of a zero; assumed: below the thinnest dendrite that light microscopy resolves
STUB_LENGTH, STUB_DIAMETER = 30.0, 1.0  # um, two pieces; assumed: the usual stand-in for an initial segment
SAME_PLACE = 1e-6  # um


def shipped() -> dict[str, Path]:
    """Return the morphologies that come with dendplast, by name."""
    files = sorted(p for p in morphology_dir().iterdir() if p.suffix in {".swc", ".asc"})
    return {p.stem: p for p in files}


def load(
    source: str | Path, *, repair: bool = False, drop_axon: bool = False, apical: str = "as written"
) -> Morphology:
    """Load a morphology.

    The soma becomes the sphere of equal membrane area.  For one point, NeuroMorpho's three points and
    chains of samples this is the area NEURON and morphio take (sphere, or sum of frusta).  For an
    outline it is four times the outline's own area, which for a convex body is exact on average over
    viewing directions (Cauchy) and does not depend on how densely the outline was sampled.  Stems start
    at their first recorded point: no cable is invented between it and the soma.

    Parameters
    ----------
    source : str or Path
        Name of a shipped morphology, or a file (.swc, .asc).
    repair : bool
        Repair what can be repaired (see `check`); each repair stays listed in ``findings``.
    drop_axon : bool
        Replace any axon by a stub of two 30 um pieces, 1 um thick, pointing away from the apical tree.
    apical : {"as written", "auto"}
        With "auto", retype the stem (or two) that rises far above the others if none is typed apical.

    Raises
    ------
    MorphologyError
        If there is no such file or shipped name, or the file has a defect that is not repaired.
    """
    if apical not in ("as written", "auto"):
        raise MorphologyError(f"apical = {apical!r}: valid are 'as written' and 'auto'")
    path = _locate(source)
    morphology, findings = _read(path, repair)
    fatal = [f for f in findings if f.fatal and not f.repaired]
    if fatal:
        raise MorphologyError(_sentence(path, fatal, repair))
    morphology = replace(morphology, findings=tuple(findings))
    if apical == "auto":
        morphology = retype_apical(morphology)
    return _with_stub(morphology) if drop_axon else morphology


def check(path: str | Path) -> tuple[Finding, ...]:
    """Return everything noticed about a file; fatal findings are what `load` would refuse.

    Kinds: unreadable, repeated id, missing parent, parent after child, cycle, unknown type, no soma,
    several somata, soma below neurite, soma bifurcation, soma without area, disconnected piece, zero
    diameter, giant diameter, giant soma, duplicate points, one diameter, z jump, nanometres, no
    neurites, no apical type.

    Raises
    ------
    MorphologyError
        If there is no such file or shipped name.
    """
    return tuple(_read(_locate(path), repair=False)[1])


def _locate(source: str | Path) -> Path:
    names = shipped()
    if str(source) in names:
        return names[str(source)]
    path = Path(source)
    if path.suffix.lower() in {".swc", ".asc"} and path.is_file():
        return path
    if path.is_file():
        raise MorphologyError(f"{path}: the name must end in .swc or .asc")
    near = difflib.get_close_matches(path.stem, names, 3, 0.3) or list(names)
    raise MorphologyError(f"{source}: no such file and no such shipped morphology; nearest are {', '.join(near)}")


def _sentence(path: Path, fatal: list[Finding], repair: bool) -> str:
    first, more = fatal[0], len(fatal) - 1
    text = f"{path}: {first.message}" if str(path) not in first.message else first.message
    if more:
        text += f"; {more} more fatal finding{'s' if more > 1 else ''}"
    if not repair and all(f.kind in REPAIRABLE for f in fatal):
        text += "; repair=True can repair this"
    return text


def _read(path: Path, repair: bool) -> tuple[Morphology | None, list[Finding]]:
    """Read a file as far as it goes; None, and a fatal finding, when no tree can be built."""
    findings: list[Finding] = []
    place: Callable[[np.ndarray], str] = _coordinates
    try:
        if path.suffix.lower() == ".swc":
            table, findings = examine(read_table(path), repair)
            if any(f.fatal and not f.repaired for f in findings):
                return None, findings
            text, kind, place = table_text(table), "swc", table.place
        else:
            text, kind = path.read_text(encoding="utf-8", errors="replace"), "asc"
        raw = _morphio(path, text, kind)
        if not len(raw.soma.points) and raw.root_sections:  # an ASC file; the table of an SWC file was seen to
            findings.append(Finding("no soma", "the file has no outline of a soma", fatal=True, repaired=repair))
            center = np.mean([s.points[0] for s in raw.root_sections], axis=0, dtype=float)
            diameter = INVENTED_SOMA
        else:
            center, diameter = _soma_sphere(path, raw.soma)
    except MorphologyError as error:
        return None, [*findings, Finding("unreadable", str(error), fatal=True)]
    except OSError as error:
        return None, [Finding("unreadable", f"{path}: {error.strerror}", fatal=True)]
    neurites, found = _neurites(raw, repair, place)
    morphology = Morphology(path.stem, center, diameter, neurites)
    return morphology, findings + found + inspect(morphology)


def _morphio(path: Path, text: str, kind: str) -> morphio.Morphology:
    """Let morphio build the tree, without its warnings, and with its errors as one sentence of ours."""
    try:
        return morphio.Morphology(
            text, kind, options=morphio.Option.allow_unifurcated_section_change,
            warning_handler=morphio.WarningHandlerCollector(),
        )  # fmt: skip
    except morphio.MorphioError as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        line = re.search(r"\$STRING\$:(\d+)", plain)
        words = " ".join(re.sub(r"\$STRING\$:\d+:\w+", " ", plain).split())
        # Line numbers of a rewritten SWC table are not the file's; its own laws were checked before.
        where = f"{path}:{line[1]}" if line and kind == "asc" else str(path)
        raise MorphologyError(f"{where}: not a readable {kind.upper()} file ({words})") from None


def _soma_sphere(path: Path, soma: morphio.Soma) -> tuple[np.ndarray, float]:
    """Return centre and diameter (um) of the sphere of equal membrane area."""
    points, diameters = np.asarray(soma.points, float), np.maximum(np.asarray(soma.diameters, float), 0.0)
    if not len(points):
        raise MorphologyError(f"{path}: the file has neither soma nor neurite")
    three_point = soma.type == morphio.SomaType.SOMA_NEUROMORPHO_THREE_POINT_CYLINDERS
    if len(points) == 1 or three_point:
        return points[0], float(diameters[0] or diameters.max())
    if soma.type == morphio.SomaType.SOMA_SIMPLE_CONTOUR or not diameters.any():
        center, area = _outline(points)
    else:
        a, b, d, e = points[:-1], points[1:], diameters[:-1], diameters[1:]
        areas = np.pi / 2 * (d + e) * np.hypot(np.linalg.norm(b - a, axis=1), (d - e) / 2)
        area = float(areas.sum())
        center = areas @ (a + b) / (2 * area) if area > 0 else points.mean(0)
    if area <= 0:
        raise MorphologyError(f"{path}: the soma has no area")
    return center, float(np.sqrt(area / np.pi))


def _outline(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Return centre (um) and 4 x enclosed area (um2) of a closed outline, in its plane of best fit."""
    middle = points.mean(0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    x, y = ((points - middle) @ axes[:2].T).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    if abs(cross.sum()) < SAME_PLACE:
        return middle, 0.0
    shift = [((q + np.roll(q, -1)) * cross).sum() / (3 * cross.sum()) for q in (x, y)]
    return middle + shift @ axes[:2], float(2 * abs(cross.sum()))


def _coordinates(xyz: np.ndarray) -> str:
    return "({:.5g}, {:.5g}, {:.5g}) um".format(*xyz)


def _neurites(
    raw: morphio.Morphology, repair: bool, place: Callable[[np.ndarray], str]
) -> tuple[tuple[Neurite, ...], list[Finding]]:
    """Turn morphio's sections into neurites: no duplicate points, no zero diameters, no empty pieces."""
    neurites: list[Neurite] = []
    index: dict[int, int] = {}  # morphio's section -> neurite that its children hang on
    twins, zeros, unknown = [], [], []
    for section in raw.iter():
        points, diameters = np.asarray(section.points, float), np.asarray(section.diameters, float)
        same = np.linalg.norm(np.diff(points, axis=0), axis=1) <= SAME_PLACE
        twins += list(points[1:][same])
        # Of two samples at one place the second is what the cable after it starts with.
        points, diameters = points[np.r_[~same, True]], diameters[np.r_[~same, True]]
        zeros += list(points[diameters <= 0])
        parent = -1 if section.is_root else index[section.parent.id]
        if len(points) < 2:
            index[section.id] = parent
            continue
        if int(section.type) not in KINDS:
            unknown.append(points[0])
        if repair:
            diameters = np.where(diameters > 0, diameters, FLOOR_DIAMETER)
        index[section.id] = len(neurites)
        neurites.append(Neurite(KINDS.get(int(section.type), "basal"), parent, points, diameters))
    findings = []
    if twins:
        text = f"{len(twins)} samples repeat the place before them and were dropped (first: {place(twins[0])})"
        findings.append(Finding("duplicate points", text))
    if zeros:
        text = f"{len(zeros)} diameters are zero or negative (first: {place(zeros[0])})"
        findings.append(Finding("zero diameter", text, fatal=True, repaired=repair))
    if unknown:
        text = f"{len(unknown)} neurites are no axon or dendrite (first: {place(unknown[0])})"
        findings.append(Finding("unknown type", text, fatal=True, repaired=repair))
    return tuple(neurites), findings


def retype_apical(morphology: Morphology) -> Morphology:
    """Return the morphology with its rising stem, or two, typed apical; unchanged when there is none."""
    top = rising_stems(morphology)
    if not top:
        return morphology
    pairs = zip(morphology.neurites, stem_of(morphology), strict=True)
    neurites = (replace(n, kind="apical") if s in top and n.kind == "basal" else n for n, s in pairs)
    kept = tuple(f for f in morphology.findings if f.kind != "no apical type")
    found = (*kept, Finding("no apical type", f"{len(top)} rising stems were typed apical", repaired=True))
    return replace(morphology, neurites=tuple(neurites), findings=found)


def _with_stub(morphology: Morphology) -> Morphology:
    """Return the morphology without its axon, and all that hangs on it, with a stub in its place."""
    old = morphology.neurites
    new: list[int] = []  # old neurite -> new index, -2 when it goes with the axon
    neurites: list[Neurite] = []
    for n in old:
        parent = -1 if n.parent < 0 else new[n.parent]
        if n.kind == "axon" or parent == -2:
            new.append(-2)
            continue
        new.append(len(neurites))
        neurites.append(replace(n, parent=parent))
    # Away from the apical tree; without one, away from the middle of all dendrites.
    tree = [n for n in neurites if n.kind == "apical"] or neurites
    middle = np.mean([n.points.mean(0) for n in tree], axis=0) if tree else morphology.soma_center
    away = morphology.soma_center - middle
    away = away / np.linalg.norm(away) if np.linalg.norm(away) > SAME_PLACE else np.array([0.0, -1.0, 0.0])
    start = morphology.soma_center + away * morphology.soma_diameter / 2
    for piece, parent in ((0, -1), (1, len(neurites))):
        points = start + np.outer([piece, piece + 1], away) * STUB_LENGTH
        neurites.append(Neurite("axon", parent, points, np.full(2, STUB_DIAMETER)))
    dropped = sum(n == -2 for n in new)
    text = f"{dropped} axonal sections were replaced by a stub of {2 * STUB_LENGTH:g} um"
    return replace(
        morphology, neurites=tuple(neurites), findings=(*morphology.findings, Finding("axon stub", text))
    )
