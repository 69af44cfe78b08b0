"""The snapshot of a cell: nothing of the tree is lost or invented, for our sections and for a stranger's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("neuron")

from neuron import h  # noqa: E402

from dendplast.cell import adopt, build_cell  # noqa: E402
from dendplast.errors import MorphologyError  # noqa: E402
from dendplast.geometry import Morphology, Neurite  # noqa: E402
from dendplast.presets import load_preset  # noqa: E402

PASSIVE = load_preset("passive")
coordinate = st.floats(-80, 80).map(lambda x: round(x, 2))


@st.composite
def trees(draw):
    """Return a random small tree; each step is at least 1 um long."""
    center = np.array([draw(coordinate) for _ in range(3)])
    soma = draw(st.floats(5, 25))
    neurites = []
    for i in range(draw(st.integers(1, 6))):
        parent = draw(st.integers(-1, i - 1))
        kind = neurites[parent].kind if parent >= 0 else draw(st.sampled_from(["axon", "basal", "apical"]))
        kind = "basal" if i == 0 else kind
        start = neurites[parent].points[-1] if parent >= 0 else center + [0, soma / 2, 0]
        count = draw(st.integers(1, 4))
        steps = [[draw(coordinate), draw(coordinate), draw(st.floats(1, 80))] for _ in range(count)]
        points = start + np.vstack([np.zeros(3), np.cumsum(steps, axis=0)])
        diameters = np.array([draw(st.floats(0.3, 4)) for _ in points])
        neurites.append(Neurite(kind, parent, points, diameters))
    return Morphology("random", center, soma, tuple(neurites))


def frusta(n: Neurite) -> float:
    """Return the lateral area (um2) of the truncated cones along a neurite."""
    step = np.linalg.norm(np.diff(n.points, axis=0), axis=1)
    a, b = n.diameters[:-1], n.diameters[1:]
    return float(np.sum(np.pi * (a + b) / 2 * np.sqrt(step**2 + ((a - b) / 2) ** 2)))


@given(trees())
def test_segments_add_up_to_the_morphology(morphology):
    cell = build_cell(morphology, PASSIVE)
    g = cell.geometry()
    ours = morphology.neurites
    stub = 60.0 if not any(n.kind == "axon" for n in ours) else 0.0
    # 1e-6 relative: NEURON keeps 3-D points in single precision
    for i, sec in enumerate(cell.sections):
        assert g.length[g.section == i].sum() == pytest.approx(sec.L, rel=1e-9)
    total = morphology.soma_diameter + stub + sum(n.length for n in ours)
    assert g.length.sum() == pytest.approx(total, rel=1e-5)
    area = np.pi * morphology.soma_diameter**2 + np.pi * stub + sum(map(frusta, ours))
    assert g.area.sum() == pytest.approx(area, rel=1e-5)
    made = cell.sections[1 : 1 + len(ours)]
    for sec, n, end in zip(made, ours, morphology.path_distances(), strict=True):
        rows = np.flatnonzero(g.section == cell.sections.index(sec))
        assert set(g.region[rows]) == {n.kind}
        assert g.path_distance[rows[-1]] + g.length[rows[-1]] / 2 == pytest.approx(end, rel=1e-5)
        assert g.start[rows[0]] == pytest.approx(n.points[0], abs=1e-3)
        assert g.end[rows[-1]] == pytest.approx(n.points[-1], abs=1e-3)
    _check_topology(g)
    assert [g.parent[g.section == i][0] == -1 for i in range(len(cell.sections))] == [True] + [False] * (
        len(cell.sections) - 1
    )


def _check_topology(g):
    """One root; every parent is nearer to the root, and path distance grows by the half lengths between."""
    assert (g.parent == -1).sum() == 1
    for i, p in enumerate(g.parent):
        seen = {i}
        while p >= 0:
            assert p not in seen, "a cycle"
            seen.add(p)
            p = g.parent[p]
    inner = (g.parent >= 0) & (g.region != "soma")
    inner &= g.region[g.parent] != "soma"
    up = g.parent[inner]
    step = g.path_distance[inner] - g.path_distance[up]
    # connected at the parent's end, so the two half lengths lie between the centres
    assert step == pytest.approx((g.length[inner] + g.length[up]) / 2, rel=1e-5)


def test_chord_of_a_segment_is_never_longer_than_its_arc():
    points = np.array([[0, 0, 0], [0, 13, 0], [20, 13, 0], [20, 0, 0.0]])
    cell = build_cell(Morphology("u", np.zeros(3), 10.0, (Neurite("basal", -1, points, np.ones(4)),)), PASSIVE)
    g = cell.geometry()
    chord = np.linalg.norm(g.end - g.start, axis=1)
    assert (chord <= g.length * (1 + 1e-6)).all()
    assert (chord < g.length * 0.99).any()  # the corners are cut


def test_points_are_the_morphologys_own():
    points = np.array([[0, 30, 0], [0, 60, 5.5]])  # 25 um away from the soma surface: no cable is added
    cell = build_cell(Morphology("gap", np.zeros(3), 10.0, (Neurite("basal", -1, points, np.ones(2)),)), PASSIVE)
    dendrite = cell.regions["basal"][0]
    assert dendrite.n3d() == 2
    assert dendrite.L == pytest.approx(np.hypot(30, 5.5), rel=1e-6)
    assert dendrite.parentseg() == cell.soma(0.5)
    assert cell.soma.L == cell.soma.diam == pytest.approx(10.0)


@pytest.fixture
def stranger():
    """Return a user's cell without 3-D points: soma, a fork, and a section connected by its 1 end."""
    secs = {name: h.Section(name=name) for name in ("soma", "dend1", "dend2", "apic", "axon")}
    for sec, length in zip(secs.values(), (20, 100, 60, 300, 80), strict=True):
        sec.L, sec.diam, sec.nseg = length, 2, 3
    secs["dend1"].connect(secs["soma"](0))
    secs["dend2"].connect(secs["dend1"](1), 1)
    secs["apic"].connect(secs["soma"](1))
    secs["axon"].connect(secs["soma"](0.5))
    yield secs
    for sec in secs.values():
        h.delete_section(sec=sec)


def test_adopt_guesses_regions_and_lays_the_tree_out(stranger):
    cell = adopt(stranger.values())
    assert cell.adopted and cell.preset is None
    assert {region: [s.name() for s in secs] for region, secs in cell.regions.items()} == {
        "soma": ["soma"], "basal": ["dend1", "dend2"], "apical": ["apic"], "axon": ["axon"],
    }  # fmt: skip
    g = cell.geometry()
    assert np.linalg.norm(g.end - g.start, axis=1) == pytest.approx(g.length)  # straight
    _check_topology_of_stranger(cell, g)


def _check_topology_of_stranger(cell, g):
    for i, p in enumerate(g.parent):
        if p < 0 or g.section[i] == g.section[p]:
            continue
        sec = cell.sections[g.section[i]]
        orientation = int(h.section_orientation(sec=sec))
        near = g.start[i] if orientation == 0 else g.end[i]
        up = sec.parentseg()
        place = up.x * g.length[p] * up.sec.nseg
        far = np.linalg.norm(near - g.start[g.section == g.section[p]][0])
        assert far == pytest.approx(place, abs=1e-6)  # starts where it is connected
    reverse = np.flatnonzero([cell.sections[s].name() == "dend2" for s in g.section])
    assert g.parent[reverse[0]] == reverse[1] and g.parent[reverse[2]] not in reverse
    assert g.path_distance[reverse[0]] > g.path_distance[reverse[2]]
    assert g.path_distance[g.region == "axon"][0] == pytest.approx(80 / 6)  # from the middle of the soma


def test_adopting_changes_nothing(stranger):
    before = [_state(sec) for sec in stranger.values()]
    cell = adopt(soma=stranger["soma"])
    cell.geometry()
    del cell
    assert [_state(sec) for sec in stranger.values()] == before
    assert stranger["dend1"].n3d() == 0


def _state(sec):
    return sec.psection() | {"hname": sec.hname()}


def test_adopt_takes_regions_by_name(stranger):
    regions = {"soma": [stranger["soma"]], "apical": [stranger["apic"], stranger["dend1"], stranger["dend2"]]}
    cell = adopt(list(stranger.values())[:4], regions=regions)
    assert set(cell.regions) == {"soma", "apical"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: {"sections": []}, "no section"),
        (lambda s: {"sections": [s["dend1"], s["dend2"]]}, "named soma"),
        (lambda s: {"sections": [s["dend1"]], "soma": s["soma"]}, "not among"),
        (lambda s: {"regions": {"soma": [s["soma"]], "apical": [s["apic"]]}}, "in no region"),
        (lambda s: {"regions": {"soma": [s["soma"]], "tuft": [s["apic"]]}}, "'tuft' is not known"),
        (lambda s: {"regions": {"soma": [s["soma"]], "apical": [s["apic"]], "basal": [s["apic"]]}}, "two regions"),
    ],
)
def test_adopt_refuses(stranger, change, words):
    given_ = {"sections": list(stranger.values())} | change(stranger)
    with pytest.raises(MorphologyError, match=words):
        adopt(**given_)


def test_adopt_refuses_a_section_of_another_tree(stranger):
    lonely = h.Section(name="dend_lonely")
    with pytest.raises(MorphologyError, match="not connected"):
        adopt([*stranger.values(), lonely])
    h.delete_section(sec=lonely)
