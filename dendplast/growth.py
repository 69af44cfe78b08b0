"""Grow synthetic cells, so that morphologies can be shipped that are ours to give away.

Method: minimum spanning trees with a balancing factor (Cuntz et al. 2010, doi:10.1371/journal.pcbi.1000877).
Carrier points are scattered where a cell of the class has dendrite; the next one joined is that of least

    distance + balance * path from the soma + turn_cost * distance * (1 - cos turn) / 2

to a node with room.  Three things are added to the published method: a turn has a cost; a node has room
for one child only when it is farther than a fork limit from its stem, which gives the long unbranched
end sections of real dendrites; and paths have an upper limit.  Then short twigs are pruned, kinks
smoothed, the path jittered, and diameters set from the number of tips downstream.

    python -m dendplast.growth ca1 --seed 1 --out ca1_1.swc
"""

from __future__ import annotations

import argparse
import difflib
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DendplastError, ParameterError
from .geometry import Morphology, Neurite
from .spanning import Tree, join
from .swc import write_swc

__all__ = ["classes", "grow", "header", "parameters"]

STEP = 4.0  # um between points; assumed: well below the length of a segment
CANDIDATES = 12  # directions tried for each stem; assumed: stems apart, but not a lattice
TAPER = (0.8, 0.5)  # an end section's diameter is tip * (a + b * (1 - u)^2), u from 0 to 1; assumed
UP = np.array([0.0, 1.0, 0.0])  # the apical direction


@cache
def _recipe() -> dict[str, Any]:
    with open(Path(__file__).with_name("growth.toml"), "rb") as file:
        return tomllib.load(file)


def classes() -> tuple[str, ...]:
    """Return the names of the classes that can be grown."""
    return tuple(name for name in _recipe() if name not in ("version", "parameters"))


def parameters(kind: str, **overrides: float) -> dict[str, float]:
    """Return the growth parameters of a class, with some of them replaced.

    Units and bounds are in ``growth.toml``.

    Raises
    ------
    ParameterError
        If the class or a parameter is not known, or a value is out of bounds.
    """
    if kind not in classes():
        raise ParameterError(f"{kind!r} is no class of cell; valid are {', '.join(classes())}")
    values = dict(_recipe()[kind])
    for name, value in overrides.items():
        if name not in values:
            near = difflib.get_close_matches(name, values, 3, 0.4) or values
            raise ParameterError(f"{kind} has no growth parameter {name!r}; nearest are {', '.join(near)}")
        known = _recipe()["parameters"][name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not known["lo"] <= value <= known["hi"]:
            raise ParameterError(
                f"{name} = {value!r}: must be a number from {known['lo']} to {known['hi']} {known['unit']}"
            )
        values[name] = value
    return values


def grow(kind: str, seed: int, **overrides: float) -> Morphology:
    """Grow a synthetic cell; the same arguments give the same cell on every machine.

    The basal, oblique and tuft trees and the jitter draw from separate streams of the seed, so that a
    change to one does not redraw the others.

    Parameters
    ----------
    kind : str
        One of `classes`: ``"ca1"``, ``"l5tt"``, ``"l23"``, ``"dspn"``, ``"ispn"``.
    seed : int
        Not negative.
    **overrides : float
        Growth parameters to replace, see ``growth.toml``.

    Raises
    ------
    ParameterError
        If the class, a parameter or the seed is not valid.
    """
    p = parameters(kind, **overrides)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ParameterError(f"seed = {seed!r}: must be a whole number, not negative")
    # RandomState's streams are frozen by numpy's policy (NEP 19); Generator's are not.
    basal, trunk, oblique, tuft, jitter = (
        np.random.RandomState(np.random.MT19937(s)) for s in np.random.SeedSequence(int(seed)).spawn(5)
    )
    tree = Tree()
    stems = _stems(basal, tree, p)
    ball = _ball(basal, p)
    join(tree, ball, stems, "basal", **_limits(p, "basal", "basal"))
    if "trunk_length" in p:
        line = _trunk(trunk, tree, p)
        shift = tree.points[line[-1]] * [1, 0, 1]
        flat = p["flatten"]
        # Obliques reach less far the higher they start; the tuft opens as a cone from half its final radius.
        carriers = _tube(
            oblique, p["oblique_carriers"], (p["oblique_start"], p["oblique_end"]),
            (p["oblique_radius"], p["oblique_radius"] / 2), p["oblique_spread"], flat,
        )  # fmt: skip
        join(tree, carriers, line[1:-1], "apical", **_limits(p, "oblique", "apical"))
        carriers = shift + _tube(
            tuft, p["tuft_carriers"], (p["trunk_length"], p["tuft_end"]),
            (p["tuft_radius"] / 2, p["tuft_radius"]), p["tuft_spread"], flat,
        )  # fmt: skip
        join(tree, carriers, line[-2:], "apical", **_limits(p, "tuft", "apical"))
    tree.prune(p["shortest_twig"])
    tree.smooth()
    return Morphology(f"{kind}_{seed}", np.zeros(3), p["soma_diameter"], _neurites(jitter, tree, p))


def _limits(p: Mapping[str, float], part: str, kind: str) -> dict[str, float]:
    """Return the arguments of `join` for one part of the tree."""
    return {
        "balance": p[f"{part}_balance"],
        "turn_cost": p["turn_cost"],
        "fork_limit": p[f"{part}_fork_limit"],
        "path_limit": p[f"{kind}_path_limit"],
    }


def _directions(rng: np.random.RandomState, n: int) -> np.ndarray:
    v = rng.standard_normal((n, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def _stems(rng: np.random.RandomState, tree: Tree, p: Mapping[str, float]) -> list[int]:
    """Place stems on the soma, each at the candidate farthest from those before it; return their ends."""
    placed: list[np.ndarray] = []
    while len(placed) < round(p["stems"]):
        tried = _directions(rng, CANDIDATES)
        tried = tried[-tried @ UP >= p["stem_floor"]]
        if len(tried):
            nearness = (tried @ np.transpose(placed)).max(1) if placed else np.zeros(len(tried))
            placed.append(tried[nearness.argmin()])
    radius = p["soma_diameter"] / 2
    starts = [tree.add(v * radius, 0, "basal") for v in placed]
    return [tree.add(v * (radius + p["stem_length"]), s, "basal") for v, s in zip(placed, starts, strict=True)]


def _trunk(rng: np.random.RandomState, tree: Tree, p: Mapping[str, float]) -> list[int]:
    """Grow the apical trunk from the top of the soma, with a drift sideways; return its nodes."""
    point, line = UP * p["soma_diameter"] / 2, [0]
    while point[1] <= p["trunk_length"]:
        line.append(tree.add(point, line[-1], "apical"))
        x, z = rng.standard_normal(2) * p["trunk_drift"]
        point = point + np.array([x, 10.0, z])
    return line[1:]


def _ball(rng: np.random.RandomState, p: Mapping[str, float]) -> np.ndarray:
    """Scatter carrier points about the soma, beyond the stems and below the ceiling, shape (n, 3)."""
    n, kept, near = round(p["basal_carriers"]), np.zeros((0, 3)), p["soma_diameter"] / 2 + p["stem_length"]
    while len(kept) < n:
        radius = p["basal_radius"] * rng.random_sample(n) ** (1 / p["basal_spread"])
        points = _directions(rng, n) * radius[:, None] * [1, 1, p["flatten"]]
        kept = np.vstack([kept, points[(points[:, 1] < p["basal_ceiling"]) & (radius > near)]])
    return kept[:n]


def _tube(
    rng: np.random.RandomState,
    n: float,
    y: tuple[float, float],
    radius: tuple[float, float],
    spread: float,
    flat: float,
) -> np.ndarray:
    """Scatter carrier points about the y axis, in a tube whose radius changes with height, shape (n, 3)."""
    n = round(n)
    height = rng.random_sample(n) ** (1 / spread)
    angle = 2 * np.pi * rng.random_sample(n)
    off = (radius[0] + (radius[1] - radius[0]) * height) * np.sqrt(rng.random_sample(n))
    return np.c_[off * np.cos(angle), y[0] + height * (y[1] - y[0]), flat * off * np.sin(angle)]


def _neurites(rng: np.random.RandomState, tree: Tree, p: Mapping[str, float]) -> tuple[Neurite, ...]:
    """Turn chains of nodes into neurites: even points, correlated jitter, diameters; rounded to 0.001 um."""
    children = tree.children()
    tips = [0] * len(children)
    for node in range(len(children) - 1, 0, -1):  # children come after parents
        tips[node] = tips[node] or 1
        tips[tree.parents[node]] += tips[node]
    neurites: list[Neurite] = []
    heads = [(node, -1) for node in reversed(children[0])]
    while heads:
        head, parent = heads.pop()
        chain = [head]
        while len(children[chain[-1]]) == 1:
            chain += children[chain[-1]]
        before = [tree.parents[head]] if tree.parents[head] > 0 else []
        line = np.array([tree.points[i] for i in before + chain])
        along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
        at = np.linspace(0.0, along[-1], max(2, round(along[-1] / STEP) + 1))
        points = np.transpose([np.interp(at, along, axis) for axis in line.T])
        points += _wander(rng, len(at), p)
        kind, is_end = tree.kinds[head], not children[chain[-1]]
        tip = p[f"{kind}_tip_diameter"]
        full = min(tip * tips[chain[-1]] ** (1 / p[f"{kind}_power"]), p.get("trunk_diameter", np.inf))
        taper = tip * (TAPER[0] + TAPER[1] * (1 - at / at[-1]) ** 2)
        diameters = taper if is_end else np.full(len(at), full)
        if parent >= 0:
            points[0], diameters[0] = neurites[parent].points[-1], neurites[parent].diameters[-1]
        neurites.append(Neurite(kind, parent, np.round(points, 3), np.round(diameters, 3)))
        heads += [(node, len(neurites) - 1) for node in reversed(children[chain[-1]])]
    return tuple(neurites)


def _wander(rng: np.random.RandomState, n: int, p: Mapping[str, float]) -> np.ndarray:
    """Return correlated jitter (um) that is zero at both ends, shape (n, 3)."""
    keep = np.exp(-STEP / p["wiggle_length"])
    kicks = p["wiggle"] * np.sqrt(1 - keep**2) * rng.standard_normal((n, 3))
    jitter = np.zeros((n, 3))
    for k in range(1, n):
        jitter[k] = keep * jitter[k - 1] + kicks[k]
    return jitter - np.linspace(0.0, 1.0, n)[:, None] * jitter[-1]


def header(kind: str, seed: int, overrides: Mapping[str, float], out: str) -> str:
    """Return the header of a grown file: what it is, and the command that makes it again."""
    words = ["python", "-m", "dendplast.growth", kind, "--seed", str(seed)]
    words += [word for name, value in overrides.items() for word in ("--set", f"{name}={value:g}")]
    return (
        f"synthetic {kind} cell of dendplast {_recipe()['version']}, seed {seed}; statistics matched to\n"
        "reconstructions as docs/morphologies.md tells, shape grown; no sample comes from a real cell\n"
        f"{shlex.join([*words, '--out', out])}"
    )


def _assignment(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER") from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Grow a cell and write it as SWC (the command line)."""
    parser = argparse.ArgumentParser(prog="python -m dendplast.growth", description="Grow a synthetic cell.")
    parser.add_argument("kind", choices=classes())
    parser.add_argument("--seed", type=int, required=True, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.swc")
    parser.add_argument(
        "--set", type=_assignment, action="append", default=[], metavar="NAME=VALUE", dest="overrides",
        help="replace a growth parameter (see growth.toml)",
    )  # fmt: skip
    a = parser.parse_args(arguments)
    overrides = dict(a.overrides)
    try:
        write_swc(grow(a.kind, a.seed, **overrides), a.out, header(a.kind, a.seed, overrides, a.out.name))
    except DendplastError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
