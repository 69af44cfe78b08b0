"""What is wrong in a file is said in one sentence, and repaired where that was promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendplast.errors import MorphologyError
from dendplast.morphology import check, load, statistics

SINGLE = 2e-6  # morphio keeps single precision: 1.2e-7 per number, more for sums of differences
SOMA = "1 1 0 0 0 5 -1\n"
STEM = SOMA + "2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n"

@pytest.fixture
def swc(tmp_path):
    """Write text to a file and return its path."""

    def write(text, name="cell.swc"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


FORKED_SOMA = SOMA + "2 1 0 5 0 5 1\n3 1 0 -5 0 5 1\n4 1 5 0 0 5 1\n"
BAD = {
    "empty": ("", "no SWC row"),
    "comments only": ("# a\n\n# b\n", "no SWC row"),
    "word": (SOMA + "2 3 x 0 0 1 1\n", r"cell\.swc:2: "),
    "short line": ("# header\n" + SOMA + "2 3 5 0 1\n", r"cell\.swc:3: "),
    "nan": (SOMA + "2 3 5 0 0 nan 1\n", r"cell\.swc:2: "),
    "fraction": (SOMA + "2.5 3 5 0 0 1 1\n", r"cell\.swc:2: "),
    "repeated id": (STEM + "3 3 60 0 0 1 2\n", "sample 3 is defined more than once"),
    "missing parent": (STEM + "4 3 60 0 0 1 9\n", r"parent 9 does not exist \(line 4\)"),
    "cycle": (STEM + "4 3 60 0 0 1 5\n5 3 70 0 0 1 4\n", r"2 samples hang on a cycle of parents \(lines 4, 5\)"),
    "own parent": (STEM + "4 3 60 0 0 1 4\n", "cycle"),
    "type 9": (STEM + "4 9 60 0 0 1 3\n", "type 9 is not one of"),
    "type 99": (STEM + "4 99 60 0 0 1 3\n", "type 99 is not one of"),
    "no soma": ("1 3 0 0 0 1 -1\n2 3 50 0 0 1 1\n", "no soma"),
    "two somata": (STEM + "4 1 900 0 0 5 -1\n5 3 905 0 0 1 4\n6 3 999 0 0 1 5\n", "2 somata"),
    "soma on dendrite": (STEM + "4 1 60 0 0 5 3\n", "neurite as parent"),
    "soma fork": (FORKED_SOMA + "5 3 9 0 0 1 1\n6 3 60 0 0 1 5\n", "the soma branches"),
    "flat soma": ("1 1 0 0 0 0 -1\n2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n", "no soma radius is positive"),
    "stray piece": (STEM + "4 3 500 0 0 1 -1\n5 3 600 0 0 1 4\n", "1 pieces are not joined"),
    "zero diameter": (STEM + "4 3 60 0 0 0 3\n", r"zero or negative \(first: line 4\)"),
    "negative diameter": (STEM + "4 3 60 0 0 -2 3\n", "zero or negative"),
    "soma only": (SOMA, "no neurite"),
    "nanometres": ("1 1 0 0 0 5000 -1\n2 3 5000 0 0 300 1\n3 3 90000 0 0 300 2\n", "nanometres"),
    "jump": (
        STEM + "4 3 55 0 0 1 3\n" + "".join(f"{k} 3 {5 * k + 300 * (k > 20)} 0 0 1 {k - 1}\n" for k in range(5, 31)),
        r"two joined samples are 305 um apart, \(100, 0, 0\) and \(405, 0, 0\)",
    ),
    "10 cm": (STEM + "4 3 1e5 0 0 1 3\n5 3 0 -2e4 0 1 1\n6 3 0 -9e4 0 1 5\n", "a dendrite ends 1e.05 um from"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_sentence(name, swc, capfd):
    text, words = BAD[name]
    path = swc(text)
    with pytest.raises(MorphologyError, match=words) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and "\x1b" not in message
    fatal = [f for f in check(path) if f.fatal]
    assert fatal and not any(f.repaired for f in fatal)
    assert capfd.readouterr() == ("", "")


REPAIRED = {  # name: neurites, total length after the repair
    "missing parent": (1, 45), "cycle": (1, 45), "own parent": (1, 45), "type 9": (1, 55), "type 99": (1, 55),
    "no soma": (1, 50), "two somata": (1, 45), "soma fork": (1, 51), "flat soma": (1, 45), "stray piece": (1, 45),
    "zero diameter": (1, 55), "negative diameter": (1, 55),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_repair_repairs_or_refuses(name, swc):
    path = swc(BAD[name][0])
    if name not in REPAIRED:
        with pytest.raises(MorphologyError) as caught:
            load(path, repair=True)
        assert "repair=True" not in str(caught.value)
        return
    with pytest.raises(MorphologyError, match="repair=True can repair this"):
        load(path)
    m = load(path, repair=True)
    count, length = REPAIRED[name]
    assert len(m.neurites) == count
    assert sum(n.length for n in m.neurites) == pytest.approx(length, rel=SINGLE)
    assert min(n.diameters.min() for n in m.neurites) >= 0.1
    assert m.soma_diameter > 0
    assert any(f.fatal and f.repaired for f in m.findings)


def test_a_lost_stem_is_joined_a_far_piece_dropped(swc):
    text = STEM + "4 3 0 6 0 1 -1\n5 3 0 60 0 1 4\n6 3 500 0 0 1 -1\n7 3 600 0 0 1 6\n"
    m = load(swc(text), repair=True)
    assert [n.length for n in m.neurites] == pytest.approx([45, 54])


def test_soma_bifurcation_keeps_the_area(swc):
    """Three arms of a branched soma become one sphere with the area of the three cylinders."""
    m = load(swc(BAD["soma fork"][0]), repair=True)
    assert np.pi * m.soma_diameter**2 == pytest.approx(3 * 2 * np.pi * 5 * 5, rel=SINGLE)


def test_soma_samples_without_radius_do_not_empty_the_soma(swc):
    """Three points of which only the outer ones have a radius; a chain with one negative radius."""
    three = "1 1 0 0 0 0 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 5 0 0 1 1\n5 3 50 0 0 1 4\n"
    assert load(swc(three)).soma_diameter == 10
    chain = "1 1 0 0 0 3 -1\n2 1 4 0 0 -9 1\n3 3 9 0 0 1 1\n4 3 50 0 0 1 3\n"
    cone = np.pi * 3 * np.hypot(3, 4)
    assert np.pi * load(swc(chain)).soma_diameter ** 2 == pytest.approx(cone, rel=SINGLE)


def test_a_schematic_cell_of_long_steps_is_no_jump(swc):
    load(swc(STEM + "4 3 400 0 0 1 3\n5 3 700 0 0 1 4\n"))


def test_findings_that_are_not_fatal(swc):
    steps = "".join(f"{i} 3 {10 * i} 0 {40 * (i % 2)} {i / 9} {i - 1}\n" for i in range(3, 9))
    zigzag = SOMA + "2 3 5 0 0 1 1\n" + steps
    thick = STEM + "4 3 90 0 0 30 3\n"
    one = STEM + "4 3 60 9 0 1 3\n5 3 60 -9 0 1 3\n"
    late = SOMA + "2 3 50 0 0 1 3\n3 3 5 0 0 1 1\n"
    fat = "1 1 0 0 0 50 -1\n2 3 50 0 0 1 1\n3 3 90 0 0 2 2\n"
    twin = STEM + "4 3 50 0 0 2 3\n5 3 70 0 0 1 4\n"
    for text, kind in (
        (zigzag, "z jump"), (thick, "giant diameter"), (one, "one diameter"), (late, "parent after child"),
        (fat, "giant soma"), (twin, "duplicate points"),
    ):  # fmt: skip
        findings = load(swc(text)).findings
        assert [f.kind for f in findings] == [kind]
        assert not findings[0].fatal
    assert load(swc(STEM)).findings == ()


def test_asc_without_outline(swc):
    """With repair the soma is put amid the first points of the trees."""
    path = swc("((Dendrite) (5 0 0 2) (60 0 0 2))\n((Dendrite) (-5 0 0 2) (-90 0 0 2))\n", "cell.asc")
    with pytest.raises(MorphologyError, match=r"no outline of a soma; repair=True can"):
        load(path)
    m = load(path, repair=True)
    assert m.soma_center.tolist() == [0, 0, 0] and m.soma_diameter > 0
    assert statistics(m).length == pytest.approx(140)


def test_repair_leaves_thin_but_positive_diameters(swc):
    m = load(swc(STEM + "4 3 60 0 0 0.01 3\n5 3 70 0 0 0 4\n"), repair=True)
    assert m.neurites[0].diameters == pytest.approx([2, 2, 0.02, 0.1])


def test_unreadable_asc(swc):
    for text in ("", "nonsense", '("CellBody" (CellBody) (0 0 0 1) (1 0 0 1)'):
        path = swc(text, "cell.asc")
        with pytest.raises(MorphologyError, match=r"cell\.asc") as caught:
            load(path)
        assert "\n" not in str(caught.value) and "STRING" not in str(caught.value)


NUMBERS = st.one_of(
    st.integers(-2, 12), st.sampled_from(["nan", "inf", "1e400", "1e30", "x", "", "1.5", "0.0", "#", "é"])
).map(str)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(NUMBERS, min_size=6, max_size=8).map(" ".join), max_size=6),
    codes=st.lists(st.integers(1, 4), min_size=2, max_size=8),
    parents=st.lists(st.integers(-1, 9), min_size=8, max_size=8),
    repair=st.booleans(),
)
def test_any_file_loads_or_is_refused_in_a_sentence(rows, codes, parents, repair, tmp_path_factory):
    """Random rows, most of them with ids, types and parents that nearly make a tree."""
    made = [f"{i} {t} {9 * i} {i} {-i} 1 {p}" for i, (t, p) in enumerate(zip(codes, parents, strict=False), 1)]
    path = tmp_path_factory.mktemp("any") / "any.swc"
    path.write_text("\n".join([*made, *rows]), encoding="utf-8")
    fatal = [f for f in check(path) if f.fatal]
    try:
        m = load(path, repair=repair)
    except MorphologyError as error:
        assert fatal and "\n" not in str(error) and str(path) in str(error)
        return
    assert repair or not fatal
    assert all((n.diameters > 0).all() and np.isfinite(n.points).all() for n in m.neurites)
    assert all(n.parent < i for i, n in enumerate(m.neurites)) and m.soma_diameter > 0
