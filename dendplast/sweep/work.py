"""The jobs of a sweep: which there are, and what one of them computes in its own process.

A job is a plain dictionary, so that it lies in a file, travels to any machine, and has a hash.  Three kinds:
``record`` keeps the calcium of the electrical protocol, ``replay`` drives the rule with it at many points, and
``full`` simulates one point.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..experiment import Experiment
from ..files import replacing
from ..fingerprint import code_hash, files_hash
from ..modulation import MODULATION
from ..protocol import resolve_time
from .axes import Plan
from .change import apply_changes, is_electrical

__all__ = ["checked_points", "do", "jobs_of"]

CHUNK = 500
"""Points of one replay job: a few seconds of work, a few megabytes."""

_CHECK_STREAM = 11  # spawn key: which points are simulated beside the replay


def jobs_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return every job by its hash, those that others wait for first.

    A job's hash names all it depends on: the experiment, the points, the seed and the code.
    """
    points = plan.points()
    own = [e for p in points for e in (p.get("morphology"), p.get("preset")) if e is not None]
    files = files_hash([plan.experiment.morphology, plan.experiment.preset, *own])
    common = {"experiment": plan.experiment.to_toml(), "direction": plan.direction, "outcomes": plan.outcomes}
    out: dict[str, dict[str, Any]] = {}

    def add(**job: Any) -> str:
        job = common | job
        text = json.dumps([job, code_hash(), files], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        out[name] = job
        return name

    if plan.mode == "full":
        for index, point in enumerate(points):
            for seed in plan.seeds:
                add(kind="full", points=[point], indices=[index], seed=seed)
        return out
    groups: dict[str, list[int]] = {}
    for index, point in enumerate(points):
        electrical = {k: v for k, v in point.items() if is_electrical(plan.experiment, k)}
        groups.setdefault(json.dumps(electrical, sort_keys=True, default=str), []).append(index)
    chunks = []
    for text, members in groups.items():
        members.sort(key=lambda i: _released(points[i]))  # a train that is solved once stays in one process
        for seed in plan.seeds:
            recorded = add(kind="record", points=[json.loads(text)], indices=[], seed=seed)
            chunks += [(recorded, seed, members[k : k + CHUNK]) for k in range(0, len(members), CHUNK)]
    for recorded, seed, members in chunks:
        add(kind="replay", needs=recorded, points=[points[i] for i in members], indices=members, seed=seed)
    for index in checked_points(plan):
        add(kind="full", points=[points[index]], indices=[index], seed=plan.seeds[0], check=True)
    return out


def _released(point: Mapping[str, Any]) -> str:
    """Return what of a point decides the field that its releases make, wherever and whenever that is."""
    return json.dumps({k: v for k, v in point.items() if k not in ("site.delay", "site.distance")}, default=str)


def checked_points(plan: Plan) -> list[int]:
    """Return the points that are simulated beside the replay, drawn from the experiment's seed."""
    if plan.mode == "full":
        return []
    n = len(plan.points())
    rng = np.random.default_rng(np.random.SeedSequence(plan.experiment.seed, spawn_key=(_CHECK_STREAM,)))
    return sorted(int(i) for i in rng.choice(n, min(plan.check, n), replace=False))


def do(job: Mapping[str, Any], target: Path, needed: Path | None = None) -> None:
    """Compute a job and write its file, which appears whole.

    A process whose main process was killed goes on, so that two may write the same file, with the same bytes.

    Parameters
    ----------
    job : mapping
        One of `jobs_of`.
    target : Path
        Where its results go.
    needed : Path, optional
        File of the recording that a replay needs.

    Raises
    ------
    DendplastError
        If the job can not be computed or its file not be written.
    """
    if job["kind"] == "record":
        recorded = _record(_experiments(job)[0])
        with replacing(target, several=True) as partial:
            partial.write_bytes(pickle.dumps(recorded))
        return
    rows = _full(job) if job["kind"] == "full" else _replay(job, needed)
    with replacing(target, several=True) as partial, partial.open("wb") as file:
        np.savez(file, **rows)


def _experiments(job: Mapping[str, Any]) -> list[Experiment]:
    base = Experiment.from_toml(job["experiment"]).replaced(seed=job["seed"])
    return [apply_changes(base, point, tuple(job["direction"])) for point in job["points"]]


def _in_time(experiment: Experiment) -> tuple[list[Any], float]:
    """Return the protocols with starts in ms, and the end of the last."""
    items, end = [], 0.0
    for item in experiment.protocol:
        items.append(item.replaced(start=resolve_time(item.start, end)))
        end = max(end, item.end(items[-1].start))
    return items, end


def _record(experiment: Experiment) -> Any:
    """Record the one electrical protocol of an experiment."""
    from ..build import build
    from ..simulate import record

    protocols = [item for item in _in_time(experiment)[0] if not isinstance(item, MODULATION)]
    if len(protocols) != 1 or not hasattr(protocols[0], "onsets"):
        kinds = ", ".join(p.kind for p in protocols) or "none"
        raise ParameterError(
            f"mode = 'replay': records one protocol of kind pairing, the experiment has {kinds}; use mode = 'full'"
        )
    return record(build(experiment.replaced(protocol=(), drugs=())), protocols[0])


def _blocks_current(experiment: Experiment) -> bool:
    from ..drugs import AGENTS

    return any(AGENTS[drug.agent].nmda_block for drug in experiment.drugs)


def _replay(job: Mapping[str, Any], needed: Path | None) -> dict[str, np.ndarray]:
    """Drive the rule with recorded calcium at every point of a job."""
    from ..replay import Condition, replay

    assert needed is not None
    recorded = pickle.loads(needed.read_bytes())
    conditions, ends = [], []
    for experiment in _experiments(job):
        if _blocks_current(experiment):
            raise ParameterError("mode = 'replay': a drug acts on the synaptic current itself; use mode = 'full'")
        items, end = _in_time(experiment)
        (paired,) = [item for item in items if not isinstance(item, MODULATION)]
        if paired.start != recorded.protocol.start:
            raise ParameterError(
                "mode = 'replay': a release before the pairing moves its start; give the pairing a start in ms"
            )
        releases = tuple(item for item in items if isinstance(item, MODULATION))
        conditions.append(Condition("", releases, experiment.drugs, experiment.parameters))
        ends.append(resolve_time(experiment.until, end))
    times, outcome = replay(recorded, conditions, until=max(ends), at=tuple(set(ends)))
    row = np.searchsorted(times, ends)
    values = {n: outcome[n][row, np.arange(len(ends))] for n in _kept(job)}
    return _packed(values, recorded.spines)


def _full(job: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Simulate one point."""
    from ..build import build
    from ..experiment import Record
    from ..simulate import run

    (experiment,) = _experiments(job)
    model = build(experiment.replaced(record=Record(names=(), every_rest=1e9)))
    result = run(model)
    active = _driven(model)
    return _packed({n: result.outcomes[n][-1:][:, active] for n in _kept(job)}, model.spines.select(active))


def _driven(model: Any) -> np.ndarray:
    """Return the spines that the protocols drive, all of them when none does: those that a replay has too."""
    chosen = [model.choose(item.spines) for item in model.experiment.protocol if hasattr(item, "spines")]
    return np.unique(np.concatenate(chosen)) if chosen else np.arange(len(model.spines))


def _kept(job: Mapping[str, Any]) -> list[str]:
    """Return the outcomes of a job, those that name a class included."""
    return list(dict.fromkeys((*job["outcomes"], "tag_P", "tag_D", "w", "primed")))


def _packed(values: Mapping[str, np.ndarray], spines: Any) -> dict[str, np.ndarray]:
    return dict(values) | {"spine_path_distance": spines.path_distance, "spine_xyz": spines.xyz}


def waves(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield the hashes of jobs that can run at once, wave by wave."""
    first = [name for name, job in jobs.items() if "needs" not in job]
    yield first
    yield [name for name in jobs if name not in set(first)]
