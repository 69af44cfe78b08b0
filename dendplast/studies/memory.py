"""Tagging and capture: a weak input keeps its change when a strong input, or novelty, comes within an hour or two.

Two inputs of a CA1 cell, in full three draws of their spines on each of two cells.  The weak one gets one short
tetanus, which changes it for hours; the strong one three long tetani ten minutes apart that recruit dopamine
fibres, whose spines make proteins for days (10.1038/385533a0).  Calcium of each tetanus is that of the cell,
simulated once; hours are those of `memory.Weeks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment, Numerics, Placement
from ..geometry import Geometry
from ..memory import Puff, Stimulus, Weeks, finer, segment_at
from ..placing import place
from ..presets import load_preset
from ..protocol import LowFrequency
from ..spines import Spines
from ..storage import study_file, write_labelled
from .base import Job, Report, Study
from .memory_figure import draw, findings
from .units import Unit, units

__all__ = ["STUDY"]

MIN, H = 6e4, 3.6e6
STRONG = 6 * H
"""Onset of the first strong tetanus (ms)."""

AFTER = 8 * H
"""Outcome, after the later of both inputs: early change is gone by then."""

TRAINS, BREAK = 3, 10 * MIN
"""Strong tetani and their interval (10.1038/385533a0, from memory)."""

NOVELTY = 3e-3
"""Dopamine that novelty releases for half an hour (mM), assumed."""

DOPAMINE = Puff("dopamine", NOVELTY, 0.0, BREAK)
"""What strong tetani release, from the onset of each to the next: assumed, as novelty. With 1 uM for five minutes each
proteins are made for ten minutes only, and 6 and 10 % of late weight are left half an hour before and after."""

SYNAPSES = 300
"""Synapses of both inputs on one cell, assumed. Each gets the calcium of one of the simulated spines of its input: were
these alone to make proteins for all, there would be proteins around them only."""

NEAR, FAR = 80.0, 250.0
"""Where the synapses are: path from the soma along the apical dendrite (um)."""

DELAYS = (-4.0, -3.0, -2.0, -1.0, -0.5, -1 / 12, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0)  # h, weak after strong
QUICK_DELAYS = (-4.0, -2.0, -0.5, 0.5, 2.0, 4.0)
CELLS, SEEDS = ("ca1_1", "ca1_2"), (1, 2, 3)

ANISOMYCIN = Drug(agent="anisomycin", conc="25 uM", start=STRONG - 0.75 * H, stop=STRONG + 3 * H)
SCH23390 = Drug(agent="SCH23390", conc="1 uM", start=STRONG - 0.75 * H, stop=STRONG + 0.7 * H)

COURSE = np.array([-0.02, 0.02, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12])  # h after the weak input
PROTEIN = (0.5, 1.0, 2.0, 4.0, 8.0)  # h after the first strong tetanus


class Inputs(NamedTuple):
    """Synapses of both inputs, and the calcium of a tetanus of each."""

    spines: Spines
    strong: np.ndarray
    weak: np.ndarray
    unit: Mapping[str, Unit]
    source: np.ndarray  # the simulated spine whose calcium each synapse gets

    def tetanus(self, name: str, start: float, *times: float) -> Stimulus:
        ids = getattr(self, name)
        return self.unit[name].at(start, *times, spines=ids, where=self.source[ids])


def _cell(morphology: str, n: int, seed: int) -> tuple[Any, Inputs]:
    """Return a model of `n` spines, and both inputs."""
    model = build(Experiment(
        preset="ca1", morphology=morphology, seed=seed, numerics=Numerics(dt=0.05, d_lambda=0.2, plastic=False),
        spines=Placement(n=n, region="apical", path_min=NEAR, path_max=FAR),
    ))  # fmt: skip
    draw = np.random.default_rng(seed)
    ids = draw.permutation(n)
    simulated = {"strong": np.sort(ids[: 2 * n // 3]), "weak": np.sort(ids[2 * n // 3 :])}
    found = units(model, {
        name: (LowFrequency(n=pulses, hz=100, spines=tuple(simulated[name].tolist()), start=0.0),)
        for name, pulses in (("strong", 100), ("weak", 21))
    })  # fmt: skip
    every = place(model.tree, load_preset("ca1").spines, seed)
    there = (every.region == "apical") & (every.path_distance >= NEAR) & (every.path_distance <= FAR)
    spines = every.select(np.sort(draw.choice(np.flatnonzero(there), SYNAPSES, replace=False)))
    ids = draw.permutation(SYNAPSES)
    inputs = {"strong": np.sort(ids[: 2 * SYNAPSES // 3]), "weak": np.sort(ids[2 * SYNAPSES // 3 :])}
    source = np.empty(SYNAPSES, int)
    for name, mine in inputs.items():
        source[mine] = draw.choice(simulated[name], len(mine))
    return model, Inputs(spines, **inputs, unit={name: u.steady(0, 1500) for name, u in found.items()}, source=source)


def _weeks(model: Any, tree: Geometry, inputs: Inputs, weak: float | None, strong: bool, drugs: tuple = (),
           novelty: float | None = None, dopamine: bool = True) -> Weeks:  # fmt: skip
    """Return the hours of one condition; `weak` and `novelty` are h after the first strong tetanus."""
    spines = inputs.spines
    schedule, puffs = [], []
    if strong:
        schedule.append(inputs.tetanus("strong", STRONG, TRAINS, BREAK))
        onsets = STRONG + BREAK * np.arange(TRAINS)
        puffs = [Puff(DOPAMINE.modulator, DOPAMINE.conc, t, t + DOPAMINE.stop) for t in onsets if dopamine]
    if weak is not None:
        schedule.append(inputs.tetanus("weak", STRONG + weak * H))
    if novelty is not None:
        puffs = [Puff("dopamine", NOVELTY, STRONG + novelty * H, STRONG + novelty * H + 30 * MIN)]
    return Weeks(
        tree, segment_at(tree, spines.section, spines.x), spines.x, spines.volume, model.parameters, schedule, puffs,
        drugs, tone=model.tone, crosstalk=False, structure=False, shrinkage=False,
    )  # fmt: skip


def _conditions(delays: tuple[float, ...]) -> dict[str, dict[str, Any]]:
    """Return what is done in each condition."""
    before = {
        "anisomycin, weak first": {"weak": -0.5, "strong": True, "drugs": (ANISOMYCIN,)},
        "D1 blocked, weak first": {"weak": -0.5, "strong": True, "drugs": (SCH23390,)},
        "no dopamine, weak first": {"weak": -0.5, "strong": True, "dopamine": False},
    }
    return {f"{d:.3g} h": {"weak": d, "strong": True} for d in delays} | (before if -1.0 in delays else {}) | {
        "weak alone": {"weak": 0.5, "strong": False},
        "strong alone": {"weak": None, "strong": True},
        "anisomycin": {"weak": 0.5, "strong": True, "drugs": (ANISOMYCIN,)},
        "D1 blocked": {"weak": 0.5, "strong": True, "drugs": (SCH23390,)},
        "no dopamine": {"weak": 0.5, "strong": True, "dopamine": False},
        "novelty -0.5 h": {"weak": 0.5, "strong": False, "novelty": 0.0},
        "novelty +0.5 h": {"weak": 0.5, "strong": False, "novelty": 1.0},
        "novelty -5 h": {"weak": 0.5, "strong": False, "novelty": -4.5},
    }


def _ca1(report: Report, morphology: str, delays: tuple[float, ...], n: int, seed: int) -> dict[str, Any]:
    model, inputs = _cell(morphology, n, seed)
    report(0.3)
    tree = finer(model.tree, 20.0)  # the same object for all: its modes are found once
    todo = _conditions(delays)
    late, w, courses, protein = [], [], {}, []
    for k, (name, what) in enumerate(todo.items()):
        weeks = _weeks(model, tree, inputs, **what)
        at = what["weak"] if what["weak"] is not None else 0.5
        moments = np.array([])
        if name in ("0.5 h", "weak alone"):
            moments = STRONG + (at + COURSE) * H
        if name == "strong alone":
            moments = STRONG + (np.union1d(0.5 + COURSE, PROTEIN)) * H
        states = {}
        for t in np.append(moments, STRONG + max(at, 0.0) * H + AFTER):
            weeks.run(t)
            states[t] = weeks.look(t)
        last = states[STRONG + max(at, 0.0) * H + AFTER].outcome()
        late.append(last["late"])
        w.append(last["w"])
        if len(moments):
            courses[name] = np.array([states[t].outcome()["w"] for t in STRONG + (0.5 + COURSE) * H])
        if name == "strong alone":
            protein = [states[STRONG + t * H].proteins.c for t in PROTEIN]
        report(0.3 + 0.7 * (k + 1) / len(todo))
    return {
        "conditions": list(todo), "cell": morphology, "seed": seed, "late": np.array(late), "w": np.array(w),
        "weak": inputs.weak, "strong": inputs.strong, "courses": courses, "protein": np.array(protein),
        "path_distance": inputs.spines.path_distance, "segment_distance": tree.path_distance,
        "region": tree.region.astype(str), "limit": model.parameters.outcome.weight_min,
    }  # fmt: skip


def _jobs(quick: bool) -> list[Job]:
    draws = [(CELLS[0], SEEDS[0])] if quick else [(cell, seed) for cell in CELLS for seed in SEEDS]
    delays = QUICK_DELAYS if quick else DELAYS
    return [Job(f"{cell}, {seed}", _ca1, {"morphology": cell, "delays": delays, "n": 30, "seed": seed})
            for cell, seed in draws]  # fmt: skip


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    runs = list(results.values())
    first = runs[0]
    n = [len(r["path_distance"]) for r in runs]
    which = [np.where(np.isin(np.arange(k), r["strong"]), "strong", "weak") for k, r in zip(n, runs, strict=True)]

    def joined(values: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(values, axis=-1)

    def draws(count: list[int]) -> dict[str, tuple]:
        """Return whose each spine, or segment, is."""
        return {
            "cell": (np.repeat([r["cell"] for r in runs], count).astype(object), "1", "cell"),
            "draw": (np.repeat(np.arange(len(runs)), count), "1", "draw of the spines"),
        }

    of_spines = {name: (("spine",), *column) for name, column in draws(n).items()}
    of_segments = {
        name: (("segment",), *column) for name, column in draws([len(r["region"]) for r in runs]).items()
    }
    spine = (np.arange(sum(n)), "1", "spine")
    courses = {name: joined([r["courses"][name] for r in runs]) for name in first["courses"]}
    with study_file(path, {"study": "memory", "quick": int(quick), "limit": float(first["limit"])}) as file:
        write_labelled(
            file.create_group("outcome"),
            {
                "condition": (np.array(first["conditions"], object), "1", "condition; h: weak after strong"),
                "spine": spine,
            },
            {
                "late": (
                    ("condition", "spine"), joined([r["late"] for r in runs]), "1",
                    "late weight, 8 h after the later input",
                ),
                "w": (("condition", "spine"), joined([r["w"] for r in runs]), "1", "weight, 8 h after the later input"),
                "input": (("spine",), joined(which).astype(object), "1", "input that the spine belongs to"),
                "path_distance": (
                    ("spine",), joined([r["path_distance"] for r in runs]), "um", "path distance from the soma"
                ),
            } | of_spines,
        )  # fmt: skip
        write_labelled(
            file.create_group("course"),
            {
                "condition": (np.array(list(courses), object), "1", "condition"),
                "since": (COURSE, "h", "time after the weak input"), "spine": spine,
            },
            {"w": (("condition", "since", "spine"), np.array(list(courses.values())), "1", "weight")},
        )  # fmt: skip
        write_labelled(
            file.create_group("protein"),
            {
                "since": (np.array(PROTEIN), "h", "time after the first strong tetanus"),
                "segment": (np.arange(len(of_segments["cell"][1])), "1", "segment"),
            },
            {
                "protein": (
                    ("since", "segment"), joined([r["protein"] for r in runs]), "1", "plasticity-related protein"
                ),
                "path_distance": (
                    ("segment",), joined([r["segment_distance"] for r in runs]), "um", "path distance from the soma"
                ),
                "region": (
                    ("segment",), joined([r["region"] for r in runs]).astype(object), "1", "region of the cell"
                ),
            } | of_segments,
        )  # fmt: skip


STUDY = Study(
    name="memory",
    question="Which changes are kept, and what does a strong input or novelty do for a weak one?",
    jobs=_jobs,
    save=_save,
    draw=draw,
    findings=findings,
)
