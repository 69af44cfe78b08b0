"""Compare the grid with NEURON's rxd on one box, and time what a run asks of a field.

    python benchmarks/field.py [--out benchmarks/results/field.md]

Both solve the same vesicles with the same saturating uptake in a box of 100 um at 1 um, in this process, one
after the other; the solution in shells judges both. Times are CPU times and are given as ratios only, as
medians of blocks with their spread, so that the table does not depend on the machine. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy: one thread for everybody

import numpy as np
from neuron import h, rxd

from dendplast.course import Course, Segment
from dendplast.feed import Feed
from dendplast.grid import GridSolver
from dendplast.mechanisms import ensure_loaded
from dendplast.radial import RadialSolver
from dendplast.release import Medium, Varicosity

HALF, END = 50.0, 25.0  # um, ms
RADII = (1.0, 2.0, 5.0)  # um; peaks at 0.5, 2 and 13 ms
RELEASE = 0.3  # ms
BLOCKS = 7
MEDIUM = Medium()


def vesicles() -> list[Varicosity]:
    """Return eight sites in the corners of a cube, too far from each other to matter, at no special place."""
    rng = np.random.default_rng(4)
    corners = np.array([[x, y, z] for x in (-20, 20) for y in (-20, 20) for z in (-20, 20)], float)
    return [Varicosity("dopamine", at=tuple(c)) for c in corners + rng.uniform(-1, 1, corners.shape)]


def readers(sites: list[Varicosity]) -> tuple[np.ndarray, np.ndarray]:
    """Return places at each distance in random directions around every site, and the distances (um)."""
    rng = np.random.default_rng(5)
    places, distances = [], []
    for site in sites:
        for r in np.repeat(RADII, 6):
            direction = rng.normal(size=3)
            places.append(np.array(site.at) + r * direction / np.linalg.norm(direction))
            distances.append(r)
    return np.array(places), np.array(distances)


def errors(mean: np.ndarray, exact: np.ndarray, distance: np.ndarray) -> dict[float, tuple[float, float]]:
    """Return, for each distance, the largest error over the peak and the root mean square error of areas."""
    miss = np.abs(mean - exact).max(axis=0) / exact.max(axis=0)
    area = mean.sum(axis=0) / exact.sum(axis=0) - 1
    return {r: (miss[distance == r].max(), np.sqrt((area[distance == r] ** 2).mean())) for r in RADII}


def timed(work: Callable[[], object], count: int) -> np.ndarray:
    """Return the CPU time of one call (ms) in each block of `count` calls."""
    found = []
    for _ in range(BLOCKS):
        begin = time.process_time()
        for _ in range(count):
            work()
        found.append((time.process_time() - begin) / count * 1e3)
    return np.array(found)


def with_rxd(sites: list[Varicosity], places: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Return means over each ms at the voxel of every place (mM), and CPU time of one step (ms) in blocks."""
    section = h.Section(name="any")
    section.pt3dadd(-1, 0, 0, 1)
    section.pt3dadd(1, 0, 0, 1)
    rxd.options.enable.extracellular = True
    tissue = rxd.Extracellular(*[-HALF] * 3, *[HALF] * 3, dx=1.0, volume_fraction=MEDIUM.alpha,
                               tortuosity=MEDIUM.tortuosity)  # fmt: skip
    da = rxd.Species(tissue, name="da", charge=0, d=MEDIUM.D, initial=0)
    uptake = rxd.Rate(da, -MEDIUM.clearance * da[tissue] / (MEDIUM.Km + da[tissue]))
    h.dt = dt
    h.finitialize(-65)
    state = da[tissue].states3d
    voxel = tuple(np.floor(places + HALF).astype(int).T)
    added = MEDIUM.molecules / 602214.076 / MEDIUM.alpha  # mM in one um3
    steps, mean = round(1 / dt), []
    for t in range(int(END)):
        total = np.zeros(len(places))
        for k in range(steps):
            if t == 0 and k == round(RELEASE / dt):
                for site in sites:
                    state[tuple(np.floor(np.array(site.at) + HALF).astype(int))] += added
            before = state[voxel].copy()
            h.fadvance()
            total += 0.5 * (before + state[voxel])
        mean.append(total / steps)
    cost = timed(h.fadvance, 4)
    del uptake
    return np.array(mean), cost


def with_grid(sites: list[Varicosity], places: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Return the same from the grid, CPU time of one ms in blocks (with 10,000 readers), and its shape."""
    solver = GridSolver(sites, places, MEDIUM, HALF - 21.0, step, 1e-8, 0.75)
    time_, site = np.full(len(sites), RELEASE), np.arange(len(sites))
    segment, _ = solver.run(time_, site)
    last = int(np.searchsorted(segment.edges, END))
    assert segment.edges[last] == END  # spans of 1 ms up to here
    many = np.random.default_rng(6).uniform(-HALF + 2, HALF - 2, (10_000, 3))
    full = GridSolver(sites, many, MEDIUM, HALF - 21.0, step, 1e-8, 0.75)
    full.box.c[:] = solver.box.c + 1e-5
    cost = timed(lambda: full._advance(0.0, 1.0, []), 3)
    return segment.mean[:last], cost, solver.box.c.shape


def with_shells(sites: list[Varicosity], places: np.ndarray) -> np.ndarray:
    """Return the same from shells around every site, which add."""
    total = 0.0
    for site in sites:
        r = np.linalg.norm(places - site.at, axis=1)
        solver = RadialSolver(r, 0.0, MEDIUM.molecules, MEDIUM, 1e-8)
        segment, _ = solver.run(np.array([RELEASE]), np.zeros(1, int))
        total = total + segment.mean[: int(END)]
    return total


def feeding() -> np.ndarray:
    """Return the CPU time (ms) of feeding 10,000 spines once, in blocks."""
    ensure_loaded()
    section = h.Section(name="many")
    processes = [h.DpSpine(section(0.5)) for _ in range(10_000)]
    rng = np.random.default_rng(7)
    segment = Segment(np.arange(201.0), rng.random((200, len(processes))) * 1e-4)
    course = Course("dopamine", np.arange(len(processes)), np.zeros(1), np.zeros(1), (segment,))
    feed = Feed(processes, [course])
    ticks = iter(np.tile(np.arange(200.0), 50))
    return timed(lambda: feed.write(next(ticks), {"da": 2e-5}), 200)


def percent(share: float) -> str:
    """Return a share in percent with two digits."""
    return f"{100 * share:.0f}" if share > 0.1 else f"{100 * share:.2g}"


def spread(values: np.ndarray, digits: int = 2) -> str:
    """Return median and range."""
    return f"{np.median(values):.{digits}g} ({values.min():.{digits}g} to {values.max():.{digits}g})"


def main() -> None:
    """Run everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "field.md")
    out = parser.parse_args().out
    sites = vesicles()
    places, distance = readers(sites)
    exact = with_shells(sites, places)
    rows = []
    theirs, cost = with_rxd(sites, places, 0.1)
    rows.append(("rxd.Extracellular, 1 um, step 0.1 ms", errors(theirs, exact, distance), cost * 10))
    rows.append(("the same at the step of a run, 0.025 ms", None, cost * 40))
    for step in (1.0, 2.0):
        ours, cost, shape = with_grid(sites, places, step)
        label = f"grid, {step:g} um, step 1 ms, {' x '.join(map(str, shape))}"
        rows.append((label, errors(ours, exact, distance), cost))
    base = np.median(rows[2][2])
    lines = [
        "# Fields in a box of 100 um",
        "",
        "Written by `benchmarks/field.py`. Eight vesicles of 3000 molecules at random places of their voxels, "
        f"saturating uptake of the striatum, {END:g} ms; 144 readers in random directions, judged by the solution "
        "in shells; rxd is read in the voxel of each reader, as it gives it to a segment. Largest error over the peak "
        "of the mean in each ms; root mean square error of the area. CPU "
        f"time of one biological ms over that of the grid at 1 um: median (range) of {BLOCKS} blocks. The grid's "
        "time includes 10,000 readers.",
        "",
        "| solver | " + " | ".join(f"{r:g} um: peak, area" for r in RADII) + " | CPU time |",
        "|---|" + "---|" * (len(RADII) + 1),
    ]
    for label, miss, cost in rows:
        cells = [", ".join(f"{percent(x)} %" for x in miss[r]) if miss else "not run" for r in RADII]
        lines.append(f"| {label} | {' | '.join(cells)} | {spread(cost / base)} |")
    fed = feeding()
    lines += [
        "",
        f"Feeding 10,000 spines once: {spread(fed / base, 1)} of the time of one ms on the grid; "
        f"{'less' if np.median(fed) < 1 else 'more'} than 1 ms here.",
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
