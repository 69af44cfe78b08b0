"""The live cell: sections and channels built from a morphology and a preset, or sections the user has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from neuron import h

from .errors import MorphologyError, ParameterError
from .geometry import Geometry, Morphology, Neurite
from .mechanisms import ensure_loaded
from .presets import REGIONS, CellPreset, Preset
from .segments import snapshot

__all__ = ["Cell", "adopt", "build_cell"]

# An axon stub where the morphology has none: 60 um of 1 um, as in doi 10.1371/journal.pcbi.1002107.
STUB_LENGTH, STUB_DIAMETER = 60.0, 1.0
FREQUENCY = 100.0  # Hz, at which d_lambda is measured, doi 10.1177/107385840100700207


class Cell:
    """A cell in NEURON: real sections, by region.

    Attributes
    ----------
    name : str
        Prefix of the section names.
    sections : list of nrn.Section
        Soma first.
    soma : nrn.Section
    regions : dict of str to list of nrn.Section
        Keys among ``"soma"``, ``"axon"``, ``"basal"``, ``"apical"``.
    morphology, preset : Morphology or None, Preset or None
        What the cell was built from; None when it was adopted.
    adopted : bool
        True when the sections belong to the user.
    """

    def __init__(self, name: str, morphology: Morphology | None, preset: Preset | None, adopted: bool) -> None:
        self.name = name
        self.morphology = morphology
        self.preset = preset
        self.adopted = adopted
        self.sections: list = []
        self.regions: dict[str, list] = {}

    def __str__(self) -> str:
        return self.name  # NEURON names our sections "<name>.<section>"

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(secs)} {region}" for region, secs in self.regions.items())
        return f"<Cell {self.name}: {counts}{', adopted' if self.adopted else ''}>"

    @property
    def soma(self):
        """The section path distances start from."""
        return self.sections[0]

    def geometry(self) -> Geometry:
        """Return the segments as arrays; rows follow `sections`, then x."""
        region_of = {sec: region for region, secs in self.regions.items() for sec in secs}
        return snapshot(self.sections, region_of, self.soma)


def build_cell(morphology: Morphology, preset: Preset, d_lambda: float = 0.1, name: str = "dendplast[0]") -> Cell:
    """Build sections and channels.

    The tree is the morphology's own: no cable is added between the soma and the first points of a stem,
    and stems are connected to the middle of the soma.  A morphology without axon gets a stub.  Nothing
    of the session is changed; a failed build leaves no section behind.

    Parameters
    ----------
    morphology : Morphology
        Tree to build.
    preset : Preset
        Channels to insert; temperature and initial voltage are the business of the run.
    d_lambda : float
        Largest segment, as a share of the length constant at 100 Hz (1).
    name : str
        Prefix of the section names.

    Raises
    ------
    MorphologyError
        If the preset can not run on this morphology.
    ParameterError
        If `d_lambda` is not in (0, 1], or the preset names an unknown mechanism.
    """
    if not 0 < d_lambda <= 1:
        raise ParameterError(f"d_lambda = {d_lambda!r}: must be more than 0 and at most 1")
    _check(morphology, preset)
    ensure_loaded()
    cell = Cell(name, morphology, preset, adopted=False)
    try:
        _make_sections(cell)
        for region, sections in cell.regions.items():
            for sec in sections:
                sec.Ra, sec.cm = preset.cell.Ra, preset.cell.membrane_of(region)[0]
                sec.nseg = _segments(sec, d_lambda)
        trunk = _trunk(cell.regions.get("apical", ()))
        tip = max((h.distance(cell.soma(0.5), sec(1)) for sec in cell.regions.get("apical", ())), default=None)
        for region, sections in cell.regions.items():
            for sec in sections:
                _insert(sec, cell.soma, region, preset, tip, sec in trunk)
    except BaseException:
        for sec in cell.sections:
            h.delete_section(sec=sec)
        raise
    return cell


def adopt(
    sections: Iterable | None = None, *, soma=None, regions: Mapping[str, Iterable] | None = None
) -> Cell:
    """Take sections the user has built; nothing is inserted, changed or deleted.

    Parameters
    ----------
    sections : iterable of nrn.Section, optional
        Sections of one connected tree; without it, all that hang together with `soma`, or, without
        that too, all of the session.
    soma : nrn.Section, optional
        Without it, the section with "soma" in its name.
    regions : mapping of str to iterable of nrn.Section, optional
        Without it, regions are guessed from the names: soma, axon, apic, else basal.

    Raises
    ------
    MorphologyError
        If there is no section, no soma or more than one, a section is in no region or in two, or the
        sections do not form one tree.
    """
    if sections is None:
        sections = soma.wholetree() if soma is not None else h.allsec()
    found = list(sections)
    if not found:
        raise MorphologyError("there is no section to adopt")
    if regions is not None:
        regions = {region: list(secs) for region, secs in regions.items()}
    if soma is None:
        soma = _find_soma(found, regions)
    tree = soma.wholetree()
    for sec in found:
        if sec not in tree:
            raise MorphologyError(f"section {sec.name()} is not connected to the soma {soma.name()}")
    if soma not in found:
        raise MorphologyError(f"the soma {soma.name()} is not among the sections to adopt")
    cell = Cell(soma.name().rpartition(".")[0], None, None, adopted=True)
    cell.sections = [soma, *(sec for sec in found if sec != soma)]
    chosen = {soma: "soma", **_chosen(regions)} if regions is not None else {}
    for sec in cell.sections:
        region = chosen.get(sec) if regions is not None else _guess(sec, soma)
        if region is None:
            raise MorphologyError(f"section {sec.name()} is in no region; regions must name every section")
        cell.regions.setdefault(region, []).append(sec)
    return cell


def _chosen(regions: Mapping[str, Iterable]) -> dict:
    """Return the region of each section the user named."""
    chosen: dict = {}
    for region, sections in regions.items():
        if region not in REGIONS:
            raise MorphologyError(f"region {region!r} is not known; regions are {', '.join(REGIONS)}")
        for sec in sections:
            if chosen.setdefault(sec, region) != region:
                raise MorphologyError(f"section {sec.name()} is in two regions, {chosen[sec]} and {region}")
    return chosen


def _guess(sec, soma) -> str:
    name = sec.name().rpartition(".")[2].lower()
    if sec == soma:
        return "soma"
    if "axon" in name or name.startswith(("hill", "iseg", "ais", "node", "myelin")):
        return "axon"
    return "apical" if "apic" in name else "basal"


def _find_soma(found: list, regions: Mapping[str, Iterable] | None):
    named = list(regions.get("soma", ())) if regions else []
    named = named or [sec for sec in found if "soma" in sec.name().rpartition(".")[2].lower()]
    if len(named) != 1:
        count = "no section is" if not named else f"{len(named)} sections are"
        raise MorphologyError(f"{count} named soma; pass soma= to say which one it is")
    return named[0]


def _check(morphology: Morphology, preset: Preset) -> None:
    kinds = {n.kind for n in morphology.neurites}
    has = ", ".join(sorted(kinds)) or "none"
    if not morphology.soma_diameter > 0:
        raise MorphologyError(
            f"{morphology.name}: soma diameter is {morphology.soma_diameter:g} um; a soma is needed"
        )
    if not kinds - {"axon"}:
        raise MorphologyError(f"{morphology.name}: has no dendrite (neurites: {has})")
    if preset.cell.requires_apical and "apical" not in kinds:
        raise MorphologyError(
            f"{morphology.name}: preset {preset.name!r} needs an apical tree (SWC type 4), but the file has {has}"
        )
    least = preset.cell.apical_min
    if least is not None and "apical" in kinds:
        ends = morphology.path_distances()
        tip = max(end for end, n in zip(ends, morphology.neurites, strict=True) if n.kind == "apical")
        if tip < least:
            raise MorphologyError(
                f"{morphology.name}: preset {preset.name!r} needs an apical tree that reaches {least:g} um or more, "
                f"but this one ends {tip:.0f} um from the soma"
            )
    for kind in sorted(kinds):
        if kind not in preset.cell.regions:
            raise MorphologyError(
                f"{morphology.name}: preset {preset.name!r} has no channels for {kind} neurites; "
                f"it knows {', '.join(preset.cell.regions)}"
            )


def _make_sections(cell: Cell) -> None:
    """Create, connect and shape the sections; nothing else."""
    morphology = cell.morphology
    made: list = []
    counts: dict[str, int] = {}

    def section(kind: str, label: str, points: np.ndarray, diameters: np.ndarray):
        sec = h.Section(name=label, cell=cell)
        cell.sections.append(sec)
        cell.regions.setdefault(kind, []).append(sec)
        for (x, y, z), diameter in zip(points, diameters, strict=True):
            h.pt3dadd(float(x), float(y), float(z), float(diameter), sec=sec)
        return sec

    radius = morphology.soma_diameter / 2
    ends = morphology.soma_center + radius * np.array([[0, -1, 0], [0, 1, 0]])
    soma = section("soma", "soma", ends, np.full(2, 2 * radius))
    neurites = list(morphology.neurites)
    if not any(n.kind == "axon" for n in neurites):
        neurites.append(_stub(morphology))
    for n in neurites:
        number = counts.setdefault(n.kind, 0)
        counts[n.kind] += 1
        sec = section(n.kind, f"{n.kind}[{number}]", n.points, n.diameters)
        sec.connect(soma(0.5) if n.parent < 0 else made[n.parent](1))
        made.append(sec)


def _stub(morphology: Morphology) -> Neurite:
    """Return a straight axon that leaves the soma away from its tallest dendrites."""
    tree = [n for n in morphology.neurites if n.kind == "apical"] or morphology.neurites
    away = morphology.soma_center - np.mean([n.points.mean(axis=0) for n in tree], axis=0)
    size = np.linalg.norm(away)
    away = away / size if size > 0 else np.array([0.0, -1.0, 0.0])
    start = morphology.soma_center + away * morphology.soma_diameter / 2
    return Neurite("axon", -1, np.array([start, start + away * STUB_LENGTH]), np.full(2, STUB_DIAMETER))


def _segments(sec, d_lambda: float) -> int:
    """Return the odd number of segments that keeps each below d_lambda length constants at 100 Hz.

    The length constant is that of the tapering cable: integrating ds/sqrt(d) over each frustum,
    with the mean diameter of its two ends.
    """
    arc = np.array([sec.arc3d(i) for i in range(sec.n3d())])
    diam = np.array([sec.diam3d(i) for i in range(sec.n3d())])
    # lambda (um) = 1e5 sqrt(d / (4 pi f Ra cm)); d in um, Ra in ohm cm, cm in uF/cm2
    per_length = np.sqrt(4 * math.pi * FREQUENCY * sec.Ra * sec.cm) / 1e5
    electrotonic = per_length * np.sum(np.diff(arc) / np.sqrt((diam[:-1] + diam[1:]) / 2))
    return 2 * int((electrotonic / d_lambda + 0.9) / 2) + 1


def _trunk(apical: Iterable) -> set:
    """Return the sections of the apical trunk: at each fork the child that carries the most apical length."""
    apical = list(apical)
    carried = dict.fromkeys(apical, 0.0)
    for sec in apical:
        above = sec
        while above in carried:
            carried[above] += sec.L
            above = above.parentseg().sec
    trunk, stems = set(), [sec for sec in apical if sec.parentseg().sec not in carried]
    while stems:
        stem = max(stems, key=carried.get)
        trunk.add(stem)
        below = set(stem.children())
        stems = [sec for sec in apical if sec in below]  # in the tree's order, which decides between equals
    return trunk


def _insert(sec, soma, region: str, preset: Preset, tip: float | None, on_trunk: bool) -> None:
    """Insert the channels of a region that are not zero all along this section."""
    cell: CellPreset = preset.cell
    sec.insert("pas")
    sec.g_pas, sec.e_pas = cell.membrane_of(region)[1], cell.e_pas
    distance = np.array([h.distance(soma(0.5), seg) for seg in sec])
    for name, channel in cell.regions[region].items():
        factor = channel.profile(distance, tip) * (1.0 if on_trunk else channel.off_trunk)
        if not factor.any():
            continue
        mechanism = f"dp_{name}"
        try:
            sec.insert(mechanism)
        except ValueError:
            raise ParameterError(f"preset {preset.name!r}: cell.{region}.{name} is no mechanism of mod/") from None
        values = {key: np.full_like(factor, value) for key, value in channel.settings.items()}
        for key in ("gbar", "pbar"):
            if getattr(channel, key) is not None:
                values[key] = getattr(channel, key) * factor
        for key, along in values.items():
            if not hasattr(getattr(sec(0.5), mechanism), key):
                raise ParameterError(f"preset {preset.name!r}: cell.{region}.{name} has no {key}")
            for seg, value in zip(sec, along, strict=True):
                setattr(getattr(seg, mechanism), key, value)
    for ion, key in (("na_ion", "ena"), ("k_ion", "ek")):
        if h.ismembrane(ion, sec=sec):
            if getattr(cell, key) is None:
                raise ParameterError(f"preset {preset.name!r}: cell.{key} is required by the channels of {region}")
            setattr(sec, key, getattr(cell, key))
