"""Map: delay by distance by dose of a dopamine release, around one pairing, over seeds.

Calcium of the pairing is recorded once for each seed and replayed at every point of the map; a few points are
simulated as well, and the largest difference stands beside the map.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SimulationError
from ..experiment import Experiment, Placement
from ..protocol import Pairing, Release
from ..release import Patch
from ..result import CLASSES
from ..storage import open_file, read_labelled, study_file, write_labelled
from ..sweep import Axis, Plan
from ..sweep.child import compute
from ..sweep.figure import draw_table
from ..sweep.store import Store
from .base import Finding, Job, Report, Study
from .places import all_spines, crossing, nearest_to
from .space import PRESETS as PLACES
from .timing import NUMERICS

__all__ = ["STUDY"]

S, MIN = 1e3, 6e4  # ms

START = 60 * S

PRESETS: dict[str, dict[str, Any]] = {
    "dspn": {
        "pairing": {"dt": 10, "n": 10, "hz": 10, "n_post": 3, "trains": 5, "train_interval": 10 * S},
        "burst": {"n": 10, "hz": 20, "trains": 5, "train_interval": 10 * S},
        "delay": (-2 * S, 4 * S),
    },
    "ca1": {
        "pairing": {"dt": -20, "n": 30, "hz": 0.2},
        "burst": {"n": 80, "hz": 20, "trains": 30, "train_interval": 5 * S},
        "delay": (-60 * S, 240 * S),
    },
}
"""Pairing, firing of the dopamine axons, and the range of delays of the first burst after the first pairing (ms)."""

AFTER = 30 * MIN


def plan(preset: str, seed: int, quick: bool) -> Plan:
    """Return the map of a preset for one seed: spines around the crossing, and the axes."""
    about = PRESETS[preset]
    base = Experiment(preset=preset, morphology=f"{preset}_1", numerics=NUMERICS, seed=seed)
    _, everywhere = all_spines(base)
    center = everywhere.xyz[crossing(everywhere, PLACES[preset]["path"], 15.0)]
    near = nearest_to(everywhere, center, 40)
    radius = float(np.ceil(np.linalg.norm(everywhere.xyz[near] - center, axis=1).max()))
    place = tuple(float(x) for x in center)
    n_delay, n_distance = (5, 4) if quick else (13, 9)
    experiment = base.replaced(
        spines=Placement(center=place, radius=radius, n=6 if quick else 12),
        protocol=(
            Pairing(start=START, **about["pairing"]),
            Release(site=Patch("dopamine", center=place, radius=10.0, p=0.3), start=START, **about["burst"]),
        ),
        until=START + (about["delay"][1] + AFTER),
    )
    return Plan(
        experiment=experiment,
        axis=(
            Axis(key="site.delay", start=about["delay"][0], stop=about["delay"][1], n=n_delay),
            Axis(key="site.distance", start=0, stop=40, n=n_distance),
            Axis(key="site.dose", values=(0.3, 1.0) if quick else (0.1, 0.3, 1.0, 3.0)),
        ),
        seeds=(seed,),
        check=1 if quick else 3,
    )


def _map(report: Report, preset: str, seed: int, quick: bool) -> Any:
    """Return the labelled map of one preset and seed."""
    chosen = plan(preset, seed, quick)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "map.h5", chosen)
        store.open(resume=False)
        for k, name in enumerate(store.jobs):
            failure = compute(str(store.folder), name)
            if failure:
                raise SimulationError(failure)
            report((k + 1) / len(store.jobs))
        with open_file(store.merge({})) as file:
            return read_labelled(file)


def _jobs(quick: bool) -> list[Job]:
    presets = ("dspn",) if quick else ("dspn", "ca1")
    seeds = (1, 2) if quick else (1, 2, 3)
    return [Job(f"{p} {s}", _map, {"preset": p, "seed": s, "quick": quick}, 1.0) for p in presets for s in seeds]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    """Write one group a preset, the seeds stacked."""
    with study_file(path, {"study": "map", "quick": int(quick)}) as file:
        for preset in dict.fromkeys(label.split()[0] for label in results):
            tables = [t for label, t in results.items() if label.split()[0] == preset]
            first = tables[0]
            coords = dict(first.coords)
            coords["seed"] = (np.concatenate([t.coords["seed"][0] for t in tables]), *first.coords["seed"][1:])
            variables = {}
            for name, (dims, _, unit, about) in first.variables.items():
                stacked = np.concatenate([t.values(name) for t in tables], axis=dims.index("seed"))
                variables[name] = (dims, stacked, unit, about)
            attrs = {k: max(t.attrs[k] for t in tables) for k in ("replay_error_max", "replay_error_range")}
            write_labelled(file.create_group(preset), coords, variables, attrs)


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {preset: read_labelled(file[preset]) for preset in PRESETS if preset in file}


def _draw(path: Path) -> dict[str, Any]:
    return {preset: draw_table(table) for preset, table in _tables(path).items()}


def _findings(path: Path) -> list[Finding]:
    out = []
    for preset, table in _tables(path).items():
        weight = 100 * table.values("w").mean(axis=(-1, -2))
        share = (table.values("class") == CLASSES.index("potentiated")).mean(axis=(-1, -2))
        delay, distance, dose = (table.coords[f"site_{n}"][0] for n in ("delay", "distance", "dose"))
        best = np.unravel_index(weight.argmax(), weight.shape)
        where = f"{delay[best[0]] / S:g} s, {distance[best[1]]:g} um, dose {dose[best[2]]:g}"
        error = 100 * float(table.attrs["replay_error_max"])
        out.append(Finding(
            f"{preset}: dopamine potentiates in one corner of delay, distance and dose",
            f"largest {weight.max():.0f} % at {where}; potentiated in {100 * (share > 0.5).mean():.0f} % of the map",
            f"farthest and weakest: {weight[:, -1, 0].mean():.0f} %; replay errs by {error:.2g} % of a weight",
        ))  # fmt: skip
    return out


STUDY = Study(
    name="map",
    question="At which delay, distance and dose does a release of dopamine decide the fate of a synapse?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
