"""Laws of loading: nothing is added, nothing is lost, and what is wrong is said in one sentence."""

import os
from dataclasses import replace
from pathlib import Path

import morphio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dendplast.errors import MorphologyError, StorageError
from dendplast.geometry import Morphology, Neurite
from dendplast.morphology import check, load, retype_apical, shipped, statistics, write_swc

SHARED = os.environ.get("DENDPLAST_SHARED")
REAL = sorted(p for p in Path(SHARED, "morphologies").iterdir() if p.suffix in {".swc", ".asc"}) if SHARED else []
FILES = [pytest.param(p, id=p.stem) for p in (*shipped().values(), *REAL)] + (
    [] if SHARED else [pytest.param(None, id="real", marks=pytest.mark.skip("DENDPLAST_SHARED is not set"))]
)
SINGLE = 2e-6  # morphio and NEURON keep single precision: 1.2e-7 per number, more for sums of differences

SOMA = "1 1 0 0 0 5 -1\n"
STEM = SOMA + "2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n"


def real(name):
    if not SHARED:
        pytest.skip("DENDPLAST_SHARED is not set")
    return Path(SHARED, "morphologies", name)


@pytest.fixture
def swc(tmp_path):
    """Write text to a file and return its path."""

    def write(text, name="cell.swc"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def raw(path):
    """Return length, area and longest path as morphio's own arrays give them."""
    m = morphio.Morphology(
        path, options=morphio.Option.allow_unifurcated_section_change,
        warning_handler=morphio.WarningHandlerCollector(),
    )  # fmt: skip
    length = area = 0.0
    ends = {}
    for s in m.iter():
        p, r = s.points.astype(float), s.diameters.astype(float) / 2
        step = np.linalg.norm(np.diff(p, axis=0), axis=1)
        # The ring between two samples at one place is no membrane: the second is where the cable goes on.
        slant = np.where(step > 0, np.hypot(step, np.diff(r)), 0.0)
        length += step.sum()
        area += (np.pi * (r[1:] + r[:-1]) * slant).sum()
        ends[s.id] = step.sum() + (0.0 if s.is_root else ends[s.parent.id])
    return length, area, max(ends.values())


def in_neuron(morphology):
    """Build sections by pt3dadd; return soma area, length, area and longest path of the neurites."""
    from neuron import h

    soma = h.Section(name="soma")
    soma.L = soma.diam = morphology.soma_diameter
    sections, ends = [], []
    for i, n in enumerate(morphology.neurites):
        section = h.Section(name=f"{n.kind}{i}")
        for (x, y, z), d in zip(n.points, n.diameters, strict=True):
            section.pt3dadd(x, y, z, d)
        section.connect(soma(0.5) if n.parent < 0 else sections[n.parent](1))
        sections.append(section)
        ends.append(section.L + (ends[n.parent] if n.parent >= 0 else 0.0))
    return soma(0.5).area(), sum(s.L for s in sections), sum(s(0.5).area() for s in sections), max(ends)


@pytest.mark.parametrize("path", FILES)
def test_load_adds_and_loses_nothing(path):
    """Length, area and longest path are morphio's raw ones, and NEURON's when it gets our points."""
    m = load(path)
    s = statistics(m, ["axon", "basal", "apical"])
    assert (s.length, s.area, s.max_path) == pytest.approx(raw(path), rel=SINGLE)
    soma, length, area, far = in_neuron(m)
    assert soma == pytest.approx(np.pi * m.soma_diameter**2, rel=SINGLE)
    # NEURON sums single-precision points of up to 2000 um over steps of 0.1 um.
    assert (s.length, s.area, s.max_path) == pytest.approx((length, area, far), rel=1e-5)


@pytest.mark.parametrize("path", FILES)
def test_write_then_load_is_identity(path, tmp_path):
    m = load(path)
    write_swc(m, tmp_path / "copy.swc", comment="a\nb")
    again = load(tmp_path / "copy.swc")
    assert_same(m, again)


def assert_same(a, b):
    assert [(n.kind, n.parent) for n in a.neurites] == [(n.kind, n.parent) for n in b.neurites]
    for x, y in zip(a.neurites, b.neurites, strict=True):
        assert np.array_equal(np.float32(x.points), y.points)
        # The radius is written, so a diameter is halved and doubled: exact in binary.
        assert np.array_equal(np.float32(x.diameters), y.diameters)
    assert b.soma_diameter == pytest.approx(a.soma_diameter, rel=SINGLE)
    assert b.soma_center == pytest.approx(a.soma_center, rel=SINGLE)


@st.composite
def trees(draw):
    """Small random morphologies whose children may start thinner than their parent ends."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    neurites = []
    kinds = []
    for i in range(draw(st.integers(1, 8))):
        parent = draw(st.integers(-1, i - 1))
        # A lone child of the same kind would be one section with its parent, for any reader.
        siblings = sum(n.parent == parent for n in neurites)
        if parent >= 0 and siblings == 0:
            kinds.append({"axon": "basal", "basal": "apical", "apical": "axon"}[kinds[parent]])
        else:
            kinds.append(draw(st.sampled_from(["axon", "basal", "apical"])))
        n = draw(st.integers(2, 5))
        start = rng.normal(0, 5, 3) if parent < 0 else neurites[parent].points[-1]
        points = np.float32(start + np.vstack([np.zeros(3), np.cumsum(rng.normal(0, 9, (n - 1, 3)), axis=0)]))
        neurites.append(Neurite(kinds[i], parent, points, np.float32(rng.uniform(0.2, 3, n))))
    return Morphology("tree", np.zeros(3), 10.0, depth_first(neurites))


def depth_first(neurites):
    """Sort as morphio walks: each neurite is followed by all that hangs on it."""
    order, new = [], {-1: -1}

    def walk(i):
        new[i] = len(order)
        order.append(i)
        for j, n in enumerate(neurites):
            if n.parent == i:
                walk(j)

    for i, n in enumerate(neurites):
        if n.parent < 0:
            walk(i)
    return tuple(replace(neurites[i], parent=new[neurites[i].parent]) for i in order)


@settings(max_examples=60, deadline=None)
@given(tree=trees())
def test_random_trees_survive_a_file(tree, tmp_path_factory):
    path = tmp_path_factory.mktemp("tree") / "tree.swc"
    write_swc(tree, path)
    assert_same(tree, load(path))


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.tuples(*[st.floats(-500, 500)] * 3),
    name=st.sampled_from(["chain", "ring", "one"]),
)
def test_rotation_and_translation_change_no_number(seed, shift, name, tmp_path_factory):
    """The soma's area in each of its forms, the tree's statistics and the stub move with the cell."""
    ring = [(6 * np.cos(a), 4 * np.sin(a), 0, 0) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)]
    chain = [(-6, 0, 0, 2), (0, 1, 0, 5), (4, 0, 2, 3), (7, 1, 3, 1)]
    soma = {"one": [(0, 0, 0, 5)], "chain": chain, "ring": ring}
    apical = [(0, 9, 0, 2), (3, 80, 9, 1), (40, 200, 0, 0.5), (-30, 160, 5, 0.5)]
    points = [*soma[name], *apical, (0, -9, 2, 1), (9, -90, 0, 1)]
    n = len(soma[name])
    parents = [-1, *range(1, n), 1, n + 1, n + 2, n + 2, 1, n + 5]
    types = [1] * n + [4] * 4 + [3] * 2
    xyz = np.array(points)[:, :3]
    turn = Rotation.random(random_state=seed)
    found = []
    for moved in (xyz, turn.apply(xyz) + shift):
        path = tmp_path_factory.mktemp("turn") / "cell.swc"
        rows = zip(range(1, len(points) + 1), types, moved, points, parents, strict=True)
        path.write_text("".join(f"{i} {t} {x} {y} {z} {p[3]} {u}\n" for i, t, (x, y, z), p, u in rows))
        found.append(load(path, drop_axon=True))
    a, b = found
    sa, sb = (statistics(m) for m in found)
    # Single precision at 500 um is 3e-5 um; steps are tens of um.
    assert sb.length == pytest.approx(sa.length, rel=1e-5)
    assert sb.area == pytest.approx(sa.area, rel=1e-5)
    assert sb.max_path == pytest.approx(sa.max_path, rel=1e-5)
    assert b.soma_diameter == pytest.approx(a.soma_diameter, rel=1e-4)
    assert turn.apply(a.soma_center) + shift == pytest.approx(b.soma_center, abs=1e-3)
    assert turn.apply(a.neurites[-1].points) + shift == pytest.approx(b.neurites[-1].points, abs=1e-2)


def test_statistics_of_a_fork(swc):
    """A stem of 40 um that forks into 30 and 50 um, all 2 um thick: every number in closed form."""
    m = load(swc(SOMA + "2 3 5 0 0 1 1\n3 3 45 0 0 1 2\n4 3 45 30 0 1 3\n5 3 95 0 0 1 3\n"))
    s = statistics(m)
    assert (s.stems, s.bifurcations, s.tips) == (1, 1, 2)
    assert (s.length, s.area, s.max_path) == pytest.approx((120, 2 * np.pi * 120, 90))
    assert (s.mean_end_section, s.mean_inner_section) == pytest.approx((40, 40))
    # Radii 10-40 cross the stem, 50 crosses both branches (the short one ends at 54.08), 60-90 the long one.
    assert s.sholl.tolist()[:9] == [1, 1, 1, 1, 2, 1, 1, 1, 1]
    assert (s.sholl_peak, s.sholl_peak_radius) == (2, 50)
    assert statistics(m, ["apical"]).length == 0


def test_names(tmp_path):
    assert load("ca1_1").name == "ca1_1"
    with pytest.raises(MorphologyError, match="nearest are ca1_1"):
        load("ca1-1")
    with pytest.raises(MorphologyError, match="no such file"):
        load(tmp_path / "none.swc")
    with pytest.raises(MorphologyError, match="no such file"):
        check(tmp_path)
    (tmp_path / "cell.txt").write_text(STEM)
    with pytest.raises(MorphologyError, match=r"cell\.txt: the name must end in \.swc or \.asc"):
        load(tmp_path / "cell.txt")
    with pytest.raises(MorphologyError, match="apical = 'yes'"):
        load("ca1_1", apical="yes")


# The pitfalls seen in public files, one test each.


def test_pitfall_no_cable_between_soma_and_stem(swc):
    """A soma of many samples: the stem starts where it was recorded, 8 um from the first soma sample."""
    text = "1 1 0 0 0 2 -1\n2 1 0 0 8 5 1\n3 1 0 0 16 4 2\n4 1 0 0 20 1 3\n5 3 8 0 0 1 1\n6 3 58 0 0 1 5\n"
    m = load(swc(text))
    assert statistics(m).length == pytest.approx(50, rel=SINGLE)
    radii, step = np.array([2, 5, 4, 1]), np.array([8, 8, 4])
    frusta = np.pi * (radii[1:] + radii[:-1]) * np.hypot(step, np.diff(radii))
    assert np.pi * m.soma_diameter**2 == pytest.approx(frusta.sum(), rel=SINGLE)


def test_pitfall_second_of_two_samples_at_one_place(swc):
    """The cable after a repeated sample starts with the second diameter."""
    m = load(swc(SOMA + "2 3 5 0 0 2 1\n3 3 5 0 0 1 2\n4 3 25 0 0 1 3\n"))
    assert m.neurites[0].diameters.tolist() == [2, 2]
    assert statistics(m).area == pytest.approx(2 * np.pi * 20, rel=SINGLE)


def test_pitfall_outline_soma_area(swc):
    """Four times the area inside a closed outline, however densely one side is sampled: a sphere's own area."""
    dense, sparse = np.linspace(0, np.pi, 60, endpoint=False), np.linspace(np.pi, 2 * np.pi, 30, endpoint=False)
    outline = "".join(f"({9 + 7 * np.cos(a)} {7 * np.sin(a)} 3 1)" for a in (*dense, *sparse))
    text = f'("CellBody" (Color Red) (CellBody) {outline})\n((Color Blue) (Dendrite) (16 0 3 2) (60 0 3 2))\n'
    m = load(swc(text, "cell.asc"))
    # The polygon of 120 and 60 corners a turn has 0.1 % less area than the circle.
    assert m.soma_diameter == pytest.approx(14, rel=2e-3)
    assert m.soma_center == pytest.approx([9, 0, 3], abs=0.02)
    assert statistics(m).length == pytest.approx(44, rel=SINGLE)


def test_pitfall_blank_and_carriage_return_lines(swc, capfd):
    text = "# a\r\n\r\n \r\n# b\r\r\n" + STEM.replace("\n", "\r\n")
    assert statistics(load(swc(text))).length == pytest.approx(45, rel=SINGLE)
    assert capfd.readouterr() == ("", "")


def test_pitfall_type_change_without_bifurcation(swc):
    m = load(swc(STEM + "4 4 60 0 0 1 3\n5 4 80 0 0 1 4\n"))
    assert [(n.kind, n.parent) for n in m.neurites] == [("basal", -1), ("apical", 0)]
    assert statistics(m).bifurcations == 0


def test_pitfall_zero_length_section_and_trifurcation(swc):
    """A section without length vanishes, and its children hang on its parent: a trifurcation."""
    m = load(swc(STEM + "4 3 50 0 0 1 3\n5 3 60 0 0 1 3\n6 3 70 0 0 1 4\n7 3 50 90 0 1 4\n"))
    assert [n.parent for n in m.neurites] == [-1, 0, 0, 0]
    assert statistics(m).length == pytest.approx(45 + 20 + 90 + 10, rel=SINGLE)
    assert np.array_equal(m.neurites[1].points[0], m.neurites[0].points[-1])


def test_pitfall_ring_soma_without_diameter(swc):
    corners = [(-3, -4), (3, -4), (3, 4), (-3, 4)]
    ring = "".join(f"{i + 1} 1 {x} {y} 0 0 {i or -1}\n" for i, (x, y) in enumerate(corners))
    m = load(swc(ring + "5 3 6 0 0 1 1\n6 3 50 0 0 1 5\n"))
    assert np.pi * m.soma_diameter**2 == pytest.approx(4 * 48, rel=SINGLE)


def test_pitfall_artificial_axon_becomes_a_stub(swc):
    """The axon and what hangs on it go; a stub of 2 x 30 um points away from the apical tree."""
    text = SOMA + (
        "2 4 0 5 0 1 1\n3 4 0 99 0 1 2\n4 2 5 0 0 1 1\n5 2 50 0 0 1 4\n6 2 60 9 0 1 5\n7 3 60 -9 0 1 5\n"
        "8 3 -5 0 0 1 1\n9 3 -70 0 0 1 8\n"
    )
    m = load(swc(text), drop_axon=True)
    assert [(n.kind, n.parent) for n in m.neurites] == [("apical", -1), ("basal", -1), ("axon", -1), ("axon", 2)]
    assert [n.length for n in m.neurites[2:]] == pytest.approx([30, 30])
    assert all((n.diameters == 1).all() for n in m.neurites[2:])
    assert m.neurites[2].points[0] == pytest.approx([0, -5, 0])
    assert m.neurites[3].points[-1] == pytest.approx([0, -65, 0])


@pytest.mark.parametrize("file", ["dspn_mouse_WT-0728MSN01.swc", "ispn_mouse_51-5-DE.swc"])
def test_pitfall_snudda_axons(file):
    """Dropping the artificial axon leaves the dendrites as they are."""
    path = real(file)
    full, short = load(path), load(path, drop_axon=True)
    assert sum(n.kind == "axon" for n in full.neurites) > 300
    assert sum(n.kind == "axon" for n in short.neurites) == 2
    assert statistics(short).area == statistics(full).area


def test_pitfall_untyped_apical_tree():
    """The rising stems of the L2/3 cell are retyped, those of a spiny projection neuron are not."""
    path = real("l23_rat_j8_L23pc.CNG.swc")
    assert [f.kind for f in load(path).findings] == ["no apical type"]
    m = load(path, apical="auto")
    apical, basal = statistics(m, ["apical"]), statistics(m, ["basal"])
    assert apical.max_path > 1.5 * basal.max_path
    assert apical.length + basal.length == pytest.approx(statistics(load(path)).length)
    for name in ("dspn_1", real("ispn_mouse_51-5-DE.swc")):
        spn = load(name)
        assert retype_apical(spn) is spn


def test_write_is_atomic(tmp_path, monkeypatch):
    """When the last step fails the old file is whole and nothing else is left."""
    path = tmp_path / "cell.swc"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StorageError, match=r"cell\.swc: can not be written \(disk full\)"):
        write_swc(load("dspn_1"), path)
    assert [p.name for p in tmp_path.iterdir()] == ["cell.swc"] and path.read_text() == "old"
    with pytest.raises(StorageError, match=r"No such file or directory"):
        write_swc(load("dspn_1"), tmp_path / "none" / "cell.swc")
