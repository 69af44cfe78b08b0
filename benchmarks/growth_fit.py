"""Fit the growth parameters of one class to `growth_targets.toml` and print what it found.

    python benchmarks/growth_fit.py ca1 --seconds 100

A greedy random search: a few parameters at a time are changed, and the change is kept when the score
falls.  Score: weighted mean square of log(grown / target) / 0.1, over the means of FIT seeds, plus that of
CHECK seeds, which take no part in the search, for comparison.  The values are copied into growth.toml by hand.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path

import numpy as np

from dendplast.growth import classes, grow, parameters
from dendplast.growth import _recipe as recipe
from dendplast.morphology import statistics

FIT, CHECK = range(1000, 1006), range(2000, 2008)
WEIGHTS = {
    "bifurcations": 1.0, "length": 2.0, "area": 1.0, "max_path": 2.0, "mean_end_section": 0.5,
    "mean_inner_section": 0.5, "sholl_peak": 1.0, "sholl_peak_radius": 0.25,
}  # fmt: skip
# Held: the outer shape, which is set by eye beside the real cells, and what is set for looks.
HELD = {
    "soma_diameter", "stem_floor", "stem_length", "stems", "basal_ceiling", "trunk_length", "trunk_drift",
    "oblique_end", "tuft_end", "tuft_radius", "flatten", "wiggle", "wiggle_length", "turn_cost",
}  # fmt: skip


def targets(kind: str) -> dict[str, dict[str, float]]:
    """Return the target numbers of a class, by tree."""
    with open(Path(__file__).with_name("growth_targets.toml"), "rb") as file:
        return {tree: t for tree, t in tomllib.load(file)[kind].items() if isinstance(t, dict)}


def score(kind: str, values: dict[str, float], seeds: range) -> float:
    """Return the weighted mean square log error of the mean grown cell."""
    cells = [grow(kind, seed, **values) for seed in seeds]
    total = 0.0
    wanted = targets(kind)
    for tree, target in wanted.items():
        found = [statistics(cell, [tree]) for cell in cells]
        mean = {k: np.mean([getattr(s, k) for s in found]) for k in target}
        error = {k: np.log(max(mean[k], 1e-3) / target[k]) / 0.1 for k in target}
        total += sum(WEIGHTS[k] * e**2 for k, e in error.items()) / sum(WEIGHTS[k] for k in error)
    return total / len(wanted)


def fit(kind: str, seconds: float, seed: int) -> dict[str, float]:
    """Search for better parameters, starting from those of growth.toml."""
    rng = np.random.default_rng(seed)
    best = parameters(kind)
    free = [name for name in best if name not in HELD]
    least = score(kind, best, FIT)
    start, end = (least, score(kind, best, CHECK)), time.monotonic() + seconds
    tries = 0
    while time.monotonic() < end:
        tries += 1
        trial = dict(best)
        for name in rng.choice(free, rng.integers(1, 5), replace=False):
            known = recipe()["parameters"][name]
            value = trial[name] * np.exp(rng.normal(0, 0.15))
            value = float(np.clip(value, known["lo"], known["hi"]))
            trial[name] = float(round(value)) if "carriers" in name else float(f"{value:.3g}")
        if (now := score(kind, trial, FIT)) < least:
            best, least = trial, now
    print(f"# {kind}: {tries} tries, score {start[0]:.2f} -> {least:.2f} on the fitted seeds,")
    print(f"# {start[1]:.2f} -> {score(kind, best, CHECK):.2f} on seeds that were not fitted")
    return best


def main() -> None:
    """Run the fit and print the class's table for growth.toml."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=classes())
    parser.add_argument("--seconds", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    print(f"[{a.kind}]")
    for name, value in fit(a.kind, a.seconds, a.seed).items():
        print(f"{name} = {value:g}")


if __name__ == "__main__":
    main()
