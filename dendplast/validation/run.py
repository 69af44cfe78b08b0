"""Simulate the plans of a table: one job a region, solution and seed, each in a fresh process.

Calcium comes from the full cell; every distinct electrical episode of the job's rows is simulated once and
drives the rule wherever it occurs (`episodes`).  Weights do not feed back on calcium meanwhile; `confirm`
simulates a plan in full, where they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .. import rule
from ..episodes import Course
from ..presets import preset_names
from ..release import LIGAND
from ..simulate import run
from ..studies.base import Job, Report, run_jobs
from .ground import Ground, ground, model_of
from .plan import Plan

__all__ = ["LIMIT", "Outcome", "confirm", "groups", "simulate", "simulate_group"]

LIMIT = 0.1
"""Change of weight (1) that counts as potentiated or depressed; assumed: what one recording can tell."""

Outcome = Mapping[str, np.ndarray]
"""What became of a plan: ``value`` (relative measure) and states of the rule, each (n_spine,) at its end."""

KEPT = ("tag_P", "tag_D", "elig_P", "elig_D", "PKA", "PLC", "labile", "primed")


def missing(plan: Plan) -> str:
    """Return why a plan can not be built with what is installed, empty if it can."""
    preset = plan.where().preset
    return (
        ""
        if preset in preset_names() or preset.endswith(".toml")
        else f"there is no preset {preset!r}"
    )


def groups(plans: Mapping[str, Plan]) -> dict[str, dict[str, Plan]]:
    """Gather plans that share cell and solution; a plan's baseline goes with it as ``id baseline``."""
    out: dict[str, dict[str, Plan]] = {}
    for name, plan in plans.items():
        for key, each in ((name, plan), (f"{name} baseline", plan.baseline)):
            if each is not None:
                where = " ".join(
                    [
                        each.region,
                        *(f"{k}={v:g}" for k, v in sorted(each.solution.items())),
                    ]
                )
                out.setdefault(where, {})[key] = each
    return out


def simulate(
    plans: Mapping[str, Plan], seeds: Sequence[int], n_spine: int, folder: Path, *, workers: int = 1,
    resume: bool = False, show: bool = False, changes: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, list[Outcome]]:  # fmt: skip
    """Simulate every plan with every seed.

    Parameters
    ----------
    plans : mapping of str to Plan
        By row.
    seeds : sequence of int
        Seeds of spine placement; they also choose the cell.
    n_spine : int
        Spines a cell.
    folder : Path
        Where finished jobs are kept until all are done.
    workers : int
        Processes at once; results do not depend on it.
    resume, show : bool
        Use finished jobs of an earlier run; show a progress bar.
    changes : mapping, optional
        Parameters by region (``"*"``: every region) instead of the presets'.

    Returns
    -------
    dict of str to list
        For each plan (and ``id baseline``) its outcome by seed.
    """
    jobs = []
    for where, some in groups(plans).items():
        region = next(iter(some.values())).region
        mine = {**(changes or {}).get("*", {}), **(changes or {}).get(region, {})}
        for seed in seeds:
            arguments = {
                "plans": some,
                "seed": seed,
                "n_spine": n_spine,
                "changes": mine,
            }
            jobs.append(
                Job(f"{where} {seed}", simulate_group, arguments, 20.0 + len(some))
            )
    found = run_jobs("validate", jobs, folder, workers, resume, show) if jobs else {}
    out: dict[str, list[Outcome]] = {}
    for job in jobs:
        for name, outcome in found[job.label].items():
            out.setdefault(name, []).append(outcome)
    return out


def simulate_group(
    report: Report,
    plans: Mapping[str, Plan],
    seed: int,
    n_spine: int,
    changes: Mapping[str, float],
) -> dict[str, Outcome]:
    """Simulate plans that share cell and solution on one seed's cell and spines."""
    g = ground(report, plans, seed, n_spine, changes)
    kept = g.states(g.parameters.flat())
    w_floor = g.parameters.expression.w_floor
    return {name: outcome(plans[name], course, g, kept[name], w_floor) for name, course in g.courses.items()}


def outcome(
    plan: Plan, course: Course, ground: Ground, states: Sequence[Mapping[str, np.ndarray]], w_floor: float
) -> Outcome:
    """Return the relative measure of a plan at its end, and the states that explain it."""
    last = states[-1]
    w = rule.efficacy(last, SimpleNamespace(w_floor=w_floor))
    if plan.measure == "volume":
        value = last["volume"] / ground.spines.volume
    elif plan.measure == "lost":
        value = -np.expm1(states[0]["hazard"] - last["hazard"])
    elif plan.measure == "potentiated":
        value = (w > 1 + LIMIT).astype(float)
    elif plan.measure == "depressed":
        value = (w < 1 - LIMIT).astype(float)
    elif plan.measure == "calcium":
        value = (
            max(ground.calcium[key].cai.max(axis=0) for _, key in course.episodes) - ground.rest
        )
    else:
        value = w
    return {"value": value} | {name: last[name] for name in KEPT}


def confirm(
    plan: Plan, seed: int, n_spine: int, changes: Mapping[str, float] | None = None
) -> np.ndarray:
    """Simulate a plan in full, electricity and rule together, and return the weights at its end, (n_spine,)."""
    model = model_of(plan, seed, n_spine, changes or {})
    numerics = model.experiment.numerics.replaced(plastic=True)
    model.experiment = model.experiment.replaced(numerics=numerics, drugs=plan.drugs)
    if plan.tone is not None:
        model.tone = {short: getattr(plan.tone, name) for name, short in LIGAND.items()}
    for process in model.processes:
        process.plastic = 1.0
    model.apply(*plan.protocol)
    return run(model, until=plan.at).outcomes["w"][-1]
