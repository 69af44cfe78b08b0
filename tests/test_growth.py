"""Laws of growth: the same cell from the same seed, a proper tree, and what each parameter promises."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from dendplast.errors import ParameterError
from dendplast.growth import _recipe, classes, grow, main, parameters
from dendplast.morphology import load, shipped, statistics
from dendplast.spanning import Tree, join

ROOT = Path(__file__).parents[1]


def same(a, b):
    return len(a) == len(b) and all(
        x.kind == y.kind and x.parent == y.parent and np.array_equal(x.points, y.points)
        and np.array_equal(x.diameters, y.diameters) for x, y in zip(a, b, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("name", shipped())
def test_shipped_cells_can_be_grown_again(name, tmp_path):
    """The command in the header makes the file byte for byte."""
    path = shipped()[name]
    text = path.read_text()
    command = next(line for line in text.splitlines() if "dendplast.growth" in line).split()
    arguments = command[command.index("dendplast.growth") + 1 :]
    arguments[-1] = str(tmp_path / arguments[-1])
    main(arguments)
    assert (tmp_path / path.name).read_text() == text
    assert path.stat().st_size < 150_000
    assert not load(name).findings


def test_every_class_is_shipped_twice():
    assert sorted(shipped()) == sorted(f"{kind}_{n}" for kind in classes() for n in (1, 2))


@settings(max_examples=12, deadline=None)
@given(kind=st.sampled_from(classes()), seed=st.integers(0, 2**31))
def test_a_grown_cell_is_a_proper_tree(kind, seed):
    m = grow(kind, seed)
    assert ("apical" in {n.kind for n in m.neurites}) == ("trunk_length" in parameters(kind))
    for i, n in enumerate(m.neurites):
        assert n.parent < i and len(n.points) == len(n.diameters) >= 2
        assert (n.diameters > 0).all() and (np.linalg.norm(np.diff(n.points, axis=0), axis=1) > 0).all()
        if n.parent >= 0:
            up = m.neurites[n.parent]
            assert n.kind == up.kind
            assert np.array_equal(n.points[0], up.points[-1]) and n.diameters[0] == up.diameters[-1]
        else:
            # Stems start on the soma, rounded to 0.001 um in each axis.
            assert np.linalg.norm(n.points[0]) == pytest.approx(m.soma_diameter / 2, abs=2e-3)
    counts = np.bincount([n.parent for n in m.neurites if n.parent >= 0], minlength=len(m.neurites))
    assert not (counts == 1).any()  # what does not branch is one neurite


def test_seed_decides_and_nothing_else():
    """Neither the global generator nor an earlier cell changes a cell; another seed does."""
    np.random.seed(1)
    a = grow("dspn", 5)
    grow("ispn", 9)
    np.random.seed(2)
    assert same(a.neurites, grow("dspn", 5).neurites)
    assert not same(a.neurites, grow("dspn", 6).neurites)


def test_parts_draw_from_their_own_streams():
    """More tuft carriers leave the basal tree as it was."""
    a, b = grow("l23", 3), grow("l23", 3, tuft_carriers=60)
    basal = [[n for n in m.neurites if n.kind == "basal"] for m in (a, b)]
    assert same(*basal)
    assert statistics(a, ["apical"]).length < statistics(b, ["apical"]).length


def spanning(seed, balance, **limits):
    """Return the tree that joins 80 random carriers from one stem of 8 um."""
    tree = Tree()
    start = tree.add(np.array([0.0, 7.0, 0.0]), 0, "basal")
    start = tree.add(np.array([0.0, 8.0, 0.0]), start, "basal")
    carriers = np.random.default_rng(seed).uniform(-100, 100, (80, 3))
    join(tree, carriers, [start], "basal", balance=balance, **limits)
    return tree


def cable(tree):
    return sum(np.linalg.norm(tree.points[i] - tree.points[tree.parents[i]]) for i in range(1, len(tree.points)))


def test_without_balance_the_tree_is_a_minimum_spanning_tree():
    """From one stem, with no limits: the length of scipy's tree; the cap of two children costs little."""
    for seed in range(5):
        tree = spanning(seed, 0.0)
        least = minimum_spanning_tree(cdist(tree.points, tree.points)).sum()
        # Nodes of a Euclidean tree in space may have many neighbours, but few have more than three.
        assert least * (1 - 1e-12) <= cable(tree) < 1.05 * least
        assert max(len(c) for c in tree.children()) <= 2


def test_balance_trades_cable_for_short_paths():
    """A greater balancing factor gives shorter paths and more cable (Cuntz et al. 2010)."""
    trees = [[spanning(seed, balance) for seed in range(6)] for balance in (0.0, 0.1, 0.4)]
    length = [np.mean([cable(t) for t in row]) for row in trees]
    path = [np.mean([np.mean(t.paths) for t in row]) for row in trees]
    assert length[0] < length[1] < length[2]
    assert path[0] > path[1] > path[2]


def test_smoothing_adds_no_cable_and_keeps_the_ends():
    for seed in range(5):
        tree = spanning(seed, 0.3)
        before, points = cable(tree), list(tree.points)
        tree.smooth()
        assert cable(tree) < before
        children = tree.children()
        fixed = [i for i, c in enumerate(children) if not c or tree.parents[i] <= 0]
        assert all(np.array_equal(points[i], tree.points[i]) for i in fixed)


def test_limits_of_path_and_fork():
    """No path is longer than its limit, and no node beyond the fork limit has two children."""
    for seed in range(4):
        free = spanning(seed, 0.1)
        tree = spanning(seed, 0.1, path_limit=150.0, fork_limit=60.0)
        assert max(tree.paths) <= 150 < max(free.paths)
        forks = [[t.paths[i] - 8 for i, c in enumerate(t.children()) if len(c) > 1] for t in (tree, free)]
        assert max(forks[0]) < 60 < max(forks[1])  # the stem ends 8 um from the centre
        assert len(tree.points) < len(free.points)  # carriers out of reach stay out


def test_limits_reach_each_part_of_a_cell():
    """A tighter limit of one part changes that part and no other."""
    usual = grow("l5tt", 2)
    short = {"basal": grow("l5tt", 2, basal_path_limit=130), "apical": grow("l5tt", 2, apical_path_limit=900)}
    for kind, other in (("basal", "apical"), ("apical", "basal")):
        m = short[kind]
        # Jitter adds up to a fifth to a path.
        assert statistics(m, [kind]).max_path < {"basal": 156, "apical": 1080}[kind]
        assert statistics(usual, [kind]).max_path > {"basal": 156, "apical": 1080}[kind]
        # The jitter's stream runs on through all neurites, so the other part is the same but for its jitter.
        assert statistics(m, [other]).bifurcations == statistics(usual, [other]).bifurcations
    few = grow("l5tt", 2, oblique_fork_limit=1, tuft_fork_limit=1)
    assert statistics(few, ["apical"]).bifurcations < statistics(usual, ["apical"]).bifurcations


def test_a_turn_cost_makes_straighter_trees():
    """Mean cosine between a step and the step before it, over the nodes of 6 trees."""
    cosine = []
    for cost in (0.0, 1.5):
        values = []
        for t in (spanning(seed, 0.1, turn_cost=cost) for seed in range(6)):
            for i in range(3, len(t.points)):
                up = t.parents[i]
                a, b = t.points[i] - t.points[up], t.points[up] - t.points[t.parents[up]]
                values.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        cosine.append(np.mean(values))
    assert cosine[1] > cosine[0] + 0.1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), shortest=st.floats(0, 60))
def test_prune_leaves_no_short_twig_and_no_gap(seed, shortest):
    rng = np.random.default_rng(seed)
    tree = Tree()
    for i in range(40):
        tree.add(rng.normal(0, 30, 3), int(rng.integers(0, i + 1)), "basal")
    before = {tuple(p) for p in tree.points}
    stems = len(tree.children()[0])
    tree.prune(shortest)
    children = tree.children()
    assert {tuple(p) for p in tree.points} <= before
    assert len(children[0]) == stems
    assert all(parent < node for node, parent in enumerate(tree.parents))
    for tip in (i for i, c in enumerate(children) if not c and i):
        node = tree.parents[tip]
        while node > 0 and len(children[node]) == 1:
            node = tree.parents[node]
        assert node == 0 or tree.paths[tip] - tree.paths[node] >= shortest


def test_parameters_have_units_bounds_and_words():
    known = _recipe()["parameters"]
    for kind in classes():
        for name, value in parameters(kind).items():
            assert known[name]["lo"] <= value <= known[name]["hi"], (kind, name)
    used = {name for kind in classes() for name in parameters(kind)}
    assert used == set(known)
    assert all(set(entry) == {"unit", "lo", "hi", "what"} for entry in known.values())


@pytest.mark.parametrize("kind", classes())
def test_grown_cells_match_their_targets(kind):
    """Mean of 4 cells within 20 % of the real cells' mean in length, area and longest path.

    The spread of single grown cells is 10 %, so of the mean 5 %; the fit leaves up to 10 %.
    """
    with open(ROOT / "benchmarks" / "growth_targets.toml", "rb") as file:
        targets = tomllib.load(file)[kind]
    cells = [grow(kind, seed) for seed in range(50, 54)]
    for tree in {"basal", "apical"} & set(targets):
        for name in ("length", "area", "max_path"):
            mean = np.mean([getattr(statistics(m, [tree]), name) for m in cells])
            assert mean == pytest.approx(targets[tree][name], rel=0.2), (tree, name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ca3", 1), "'ca3' is no class of cell; valid are ca1"),
        (("ca1", -1), "seed = -1"),
        (("ca1", True), "seed = True"),
        (("ca1", 1.5), "seed = 1.5"),
    ],
)
def test_bad_class_or_seed(arguments, words):
    with pytest.raises(ParameterError, match=words):
        grow(*arguments)


def test_bad_overrides():
    with pytest.raises(ParameterError, match="no growth parameter 'tuft_carrier'; nearest are tuft_carriers"):
        grow("ca1", 1, tuft_carrier=3)
    with pytest.raises(ParameterError, match="no growth parameter 'tuft_carriers'"):
        grow("dspn", 1, tuft_carriers=3)
    for value in (-1, 1e9, float("nan"), True, "9"):
        with pytest.raises(ParameterError, match="must be a number from 20 to 1000 um"):
            grow("dspn", 1, basal_radius=value)


def test_command_line(tmp_path):
    """A good call makes the file and says nothing; a bad one makes none and ends with 2 and a sentence."""
    command = [sys.executable, "-m", "dendplast.growth", "ispn", "--seed", "4", "--out", str(tmp_path / "a.swc")]
    good = subprocess.run([*command, "--set", "stems=6"], capture_output=True, text=True, cwd=ROOT)
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert "--seed 4 --set stems=6 --out a.swc" in (tmp_path / "a.swc").read_text()
    assert len(load(tmp_path / "a.swc").neurites) == len(grow("ispn", 4, stems=6).neurites)
    (tmp_path / "a.swc").unlink()
    bad = subprocess.run([*command, "--set", "stems=99"], capture_output=True, text=True, cwd=ROOT)
    assert bad.returncode == 2 and "stems = 99.0: must be a number from 1 to 20" in bad.stderr
    with pytest.raises(SystemExit, match="2"):
        main(["ispn", "--seed", "4", "--out", str(tmp_path / "a.swc"), "--set", "stems"])
    with pytest.raises(SystemExit, match="2"):
        main(["ispn", "--seed", "4", "--out", str(tmp_path / "none" / "a.swc")])
    assert not list(tmp_path.iterdir())
