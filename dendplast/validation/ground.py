"""Calcium of plans on one cell: captured once, and kept in the user's cache as long as nothing electrical changes.

The name of what is kept covers all that calcium depends on (cell, spines, solution, numerics, mechanisms, code
of the package's lower floors), and nothing of the rule: a fit, another row of the same protocol or a second
validation simulates no cell.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..build import build
from ..capture import capture
from ..episodes import Calcium, Course, Drive, Episode, split
from ..experiment import Experiment
from ..files import replacing
from ..fingerprint import electric_hash, files_hash
from ..media import choose_media
from ..model import Model
from ..parameters import ELECTRIC, Parameters
from ..paths import cache_dir
from ..presets import load_preset
from ..presynaptic import Presynaptic
from ..release import LIGAND, SoeSettings
from ..spines import Spines, chosen
from ..studies.base import Report
from ..supply import Supply
from ..terminals import Tissue
from .plan import Plan

__all__ = ["Ground", "alike", "ground", "model_of"]


@dataclass(frozen=True, eq=False)
class Ground:
    """What some plans on one cell need of it.

    Attributes
    ----------
    plans : dict of str to Plan
    courses : dict of str to Course
    calcium : dict of str to Calcium
        By name of the episode.
    rest : ndarray, shape (n_spine,)
        Calcium at rest (mM).
    spines : Spines
    ca_scale : ndarray, shape (n_spine,)
        Calcium of their own responses over the preset's (1).
    parameters : Parameters
        Of the region.
    """

    plans: dict[str, Plan]
    courses: dict[str, Course]
    calcium: dict[str, Calcium]
    rest: np.ndarray
    spines: Spines
    ca_scale: np.ndarray
    parameters: Parameters

    @property
    def region(self) -> str:
        """The region of its plans."""
        return next(iter(self.plans.values())).region

    def drive(self, names: Sequence[str] | None = None) -> Drive:
        """Return what drives the rule through the courses of some plans (None: of all)."""
        courses = [self.courses[name] for name in (self.courses if names is None else names)]
        return Drive(courses, self.calcium, self.rest, self.spines.volume, self.ca_scale)

    def states(self, values: Mapping[str, float], **steps: float) -> dict[str, list[dict[str, np.ndarray]]]:
        """Return the states of every plan at its times: each experiment is driven once, however many rows it has.

        Parameters
        ----------
        values : mapping of str to float
            Parameters of the rule (`Parameters.flat`).
        steps
            ``tick`` and ``growth`` of `Drive`.
        """
        first = alike(self.plans)
        names = list(dict.fromkeys(first.values()))
        found = dict(zip(names, self.drive(names)(values, **steps), strict=True))
        return {name: found[first[name]] for name in self.courses}


@dataclass(frozen=True, eq=False)
class _Kept:
    """What a cache file holds."""

    calcium: dict[str, Calcium]
    rest: np.ndarray
    spines: Spines
    ca_scale: np.ndarray


def alike(plans: Mapping[str, Plan]) -> dict[str, str]:
    """Return for every plan the first one with the same experiment; what is measured of it may differ."""
    out: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name, p in plans.items():
        told = repr((p.region, p.protocol, p.at, p.since, p.drugs, sorted(p.solution.items()), p.tone, p.own, p.patch))
        out[name] = seen.setdefault(told, name)
    return out


def ground(
    report: Report, plans: Mapping[str, Plan], seed: int, n_spine: int, changes: Mapping[str, float] | None = None
) -> Ground:
    """Find the courses of plans that share cell and solution, and the calcium of every episode in them.

    Parameters
    ----------
    report : callable
        Told how much is done (0 to 1).
    plans : mapping of str to Plan
    seed : int
        Of spines; it also chooses the cell.
    n_spine : int
        Spines of the cell.
    changes : mapping, optional
        Parameters instead of the region's.
    """
    experiment = _experiment(next(iter(plans.values())), seed, n_spine, changes or {})
    preset = load_preset(experiment.preset)
    parameters = preset.parameters.replaced(experiment.parameters)
    file = _file(experiment, parameters)
    kept = _load(file)
    model = None
    if kept is None:
        model = build(experiment)
        report(0.2)
        kept = _Kept({}, np.zeros(0), model.spines, model.conductances["ca_scale"])
    courses, episodes = {}, {}
    for name, plan in plans.items():
        supply = _supply(plan, experiment, kept.spines, parameters)
        parts = split(supply.schedule, plan.drugs)
        episodes |= {e.key: e for _, e in parts}
        at = (plan.since, plan.at) if plan.since else (plan.at,)
        courses[name] = Course([(t, e.key) for t, e in parts], supply, at)
    kept = _completed(kept, episodes, model, experiment, file)
    report(0.7)
    calcium = {key: kept.calcium[key] for key in episodes}
    return Ground(dict(plans), courses, calcium, kept.rest, kept.spines, kept.ca_scale, parameters)


def _experiment(plan: Plan, seed: int, n_spine: int, changes: Mapping[str, float]) -> Experiment:
    """Return the experiment that is built for a plan: its cell and solution, without protocol."""
    experiment = plan.experiment(seed, n_spine)
    parameters = {**experiment.parameters, **changes}
    return experiment.replaced(protocol=(), drugs=(), tone=None, until=0.0, parameters=parameters)


def model_of(plan: Plan, seed: int, n_spine: int, changes: Mapping[str, float]) -> Model:
    """Build the cell of a plan with its spines, without protocol."""
    return build(_experiment(plan, seed, n_spine, changes))


def _supply(plan: Plan, experiment: Experiment, spines: Spines, parameters: Parameters) -> Supply:
    """Return what a plan supplies its spines with; with a patch each spine is at the centre of its own."""
    preset = load_preset(experiment.preset)
    told = plan.tone or plan.where().tone or preset.tone
    tone = {short: getattr(told, name) for name, short in LIGAND.items()}
    media = choose_media(preset.tissue, experiment.medium)
    around = {name: medium.around(tone[LIGAND[name]]) for name, medium in media.items()}
    tissue = Tissue(around, parameters.flat(), tone, (), plan.drugs)
    xyz = np.zeros((len(spines), 3)) if plan.patch else spines.xyz
    return Supply.of(
        (*plan.protocol, *plan.patch), lambda what: chosen(spines, what), experiment.seed, tissue, xyz, SoeSettings(),
        experiment.numerics.field, experiment.numerics.grid_h, _synapse(experiment, parameters),
    )  # fmt: skip


def _synapse(experiment: Experiment, parameters: Parameters) -> Presynaptic | None:
    """Return the short-term plasticity of the region's connection, in the calcium of the experiment."""
    synapse = experiment.presynaptic
    return None if synapse is None else synapse.at(experiment.solution.ca, parameters.solution.ca_ref)


def _completed(
    kept: _Kept, episodes: Mapping[str, Episode], model: Model | None, experiment: Experiment, file: Path
) -> _Kept:
    """Return what was kept with every episode, those that were missing captured and kept."""
    missing = {key: e for key, e in episodes.items() if key not in kept.calcium}
    if not missing and len(kept.rest):
        return kept
    found, rest = capture(model or build(experiment), missing)
    kept = _Kept(kept.calcium | found, rest, kept.spines, kept.ca_scale)
    with contextlib.suppress(OSError):  # a cache that can not be written saves nothing, and costs nothing
        file.parent.mkdir(parents=True, exist_ok=True)
        before = _load(file)  # another process may have kept other episodes meanwhile
        calcium = kept.calcium if before is None else before.calcium | kept.calcium
        with replacing(file) as partial:
            partial.write_bytes(pickle.dumps(_Kept(calcium, rest, kept.spines, kept.ca_scale)))
    return kept


def _file(experiment: Experiment, parameters: Parameters) -> Path:
    """Return the cache file of all calcium on one cell, by what it depends on."""
    preset = load_preset(experiment.preset)
    electric = {name: getattr(parameters, name).model_dump() for name in ELECTRIC}
    words = (
        experiment.replaced(parameters={}).hash, electric, preset.cell.model_dump(), preset.spines.model_dump(),
        files_hash([experiment.morphology]), electric_hash(),
    )  # fmt: skip
    return cache_dir() / "calcium" / f"{hashlib.sha256(repr(words).encode()).hexdigest()[:24]}.pickle"


def _load(file: Path) -> _Kept | None:
    """Return what a cache file holds, None without a readable one."""
    try:
        return pickle.loads(file.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
        return None
