"""Space: which of hundreds of active spines does one dopamine release reach in time to tag?

A patch of varicosities (or one varicosity) releases beside a crossing of branches while every spine around
is paired.  Each run has the same activity; runs differ in what is released and what is blocked, and tags
are counted against the run without release.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment, Record
from ..parameters import OutcomeParameters
from ..presets import Tone
from ..protocol import Pairing, Release
from ..release import Patch, Varicosity
from ..result import Result
from ..simulate import run
from ..storage import (
    open_file,
    read_labelled,
    set_main,
    study_file,
    write,
    write_labelled,
)
from .base import Finding, Job, Report, Study
from .places import all_spines, crossing
from .space_figure import draw
from .space_sweep import specificity, sweep
from .timing import NUMERICS

__all__ = ["CORE", "FAR", "PRESETS", "RUNS", "STUDY"]

S, MIN = 1e3, 6e4  # ms

CORE, FAR = 5.0, 20.0
"""Core of the patch, and where nothing should be tagged (um from its centre)."""

RUNS = ("release", "no release", "D1 blocked", "single varicosity", "single vesicle", "no release, no tone")

START = 20 * S

PRESETS: dict[str, dict[str, Any]] = {
    "dspn": {
        "path": (60.0, 110.0),
        "pairing": {"dt": 10, "n": 10, "hz": 10, "n_post": 3, "trains": 15, "train_interval": 10 * S},
        "burst": {"delay": 0.6 * S, "n": 10, "hz": 20, "trains": 15, "train_interval": 10 * S},
    },
    "ca1": {
        "path": (100.0, 200.0),
        "pairing": {"dt": -20, "n": 30, "hz": 0.2},
        "burst": {"delay": 0.5 * S, "n": 80, "hz": 20, "trains": 30, "train_interval": 5 * S},
    },
}
"""Path distance of the patch (um), the pairing of every active spine, and the firing of the dopamine axons.

Dopamine axons are sparse in CA1 (a tenth of the striatum's), so that they have to fire for most of the
pairing to reach D1; nothing is changed to make a release reach farther.
"""

COSTS = {"dspn": 1.0, "ca1": 3.0}
"""Relative cost of a run."""

RADIUS = 40.0
"""Spines within this distance of the patch's centre are active (um)."""


def _protocol(preset: str, quick: bool) -> Pairing:
    pairing = PRESETS[preset]["pairing"]
    return Pairing(start=START, **(pairing | ({"trains": 3} if quick else {})))


def _release(preset: str, center: np.ndarray, label: str, quick: bool) -> Release:
    """Return the bursts of the patch, of one varicosity at its centre that never fails, or one vesicle a burst."""
    burst = dict(PRESETS[preset]["burst"]) | ({"trains": 3} if quick else {})
    place = tuple(center)
    site: Any = Patch("dopamine", center=place, radius=10.0, p=0.3)
    if label.startswith("single"):
        site = Varicosity("dopamine", at=place, p=1.0)
    if label == "single vesicle":
        burst["n"] = 1
    return Release(site=site, start=START + burst.pop("delay"), **burst)


def _place(preset: str, n: int, seed: int) -> tuple[Experiment, Any, Any, np.ndarray]:
    """Return experiment, cell, the active spines and the middle of the patch (um)."""
    numerics = NUMERICS.replaced(plastic=False)
    experiment = Experiment(
        preset=preset, morphology=f"{preset}_1", numerics=numerics, seed=seed,
        record=Record(every_active=50.0, every_rest=2000.0),
    )  # fmt: skip
    cell, everywhere = all_spines(experiment)
    center = everywhere.xyz[crossing(everywhere, PRESETS[preset]["path"], 15.0)]
    distance = np.linalg.norm(everywhere.xyz - center, axis=1)
    around = np.flatnonzero(distance <= RADIUS)
    if len(around) > n:
        around = np.sort(np.random.default_rng(seed).choice(around, n, replace=False))
    return experiment, cell, everywhere.select(around), center


def _sweep(report: Report, preset: str, quick: bool, n: int, seed: int) -> dict[str, Any]:
    """Replay doses, blocked uptake, densities and modulators."""
    experiment, cell, spines, center = _place(preset, n, seed)
    burst = dict(PRESETS[preset]["burst"]) | ({"trains": 3} if quick else {})
    burst["start"] = START + burst.pop("delay")
    return sweep(report, experiment, cell, spines, preset, center, _protocol(preset, quick), burst, quick)


def _run(report: Report, preset: str, label: str, quick: bool, n: int, seed: int) -> Result:
    """Run one of `RUNS` in full, with weights frozen so that only the modulator differs between runs."""
    experiment, cell, spines, center = _place(preset, n, seed)
    if "tone" in label:
        experiment = experiment.replaced(tone=Tone())
    if label == "D1 blocked":
        experiment = experiment.replaced(drugs=(Drug(agent="SCH23390", conc="10 uM"),))
    model = build(experiment, cell=cell, spines=spines)
    report(0.3)
    model.apply(_protocol(preset, quick))
    if not label.startswith("no release"):
        model.apply(_release(preset, center, label, quick))
    end = _protocol(preset, quick).end(START) + 2 * MIN  # the same with and without release
    return run(model, until=end, progress=lambda t, end: report(0.3 + 0.7 * t / end))


def _jobs(quick: bool) -> list[Job]:
    presets = ("dspn",) if quick else ("dspn", "ca1")
    common = {"quick": quick, "n": 90 if quick else 300, "seed": 1}
    runs = [
        Job(f"{p} {label}", _run, {"preset": p, "label": label} | common, COSTS[p])
        for p in presets
        for label in RUNS
    ]
    return runs + [Job(f"{p} sweep", _sweep, {"preset": p} | common, 2 * COSTS[p]) for p in presets]


def tagged(result: Result, control: Result) -> np.ndarray:
    """Return which spines a release tags: their net tag differs from the control's by the limit or more."""
    last = {n: result.outcomes[n][-1] - control.outcomes[n][-1] for n in ("tag_P", "tag_D")}
    return np.abs(last["tag_P"] - last["tag_D"]) >= OutcomeParameters().tag_min


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    presets = [p for p in PRESETS if f"{p} release" in results]
    with study_file(path, {"study": "space", "quick": int(quick)}) as file:
        for label, result in results.items():
            if isinstance(result, Result):
                write(file, result, group=f"/runs/{label}")
        set_main(file, f"{presets[0]} release")
        for preset in presets:
            control = results[f"{preset} no release"]
            site = results[f"{preset} release"].sites[0]
            distance = np.linalg.norm(control.spines.xyz - np.array(site.position), axis=1)
            change, tag = [], []
            for label in RUNS:
                result = results[f"{preset} {label}"]
                net = result.outcomes["tag_P"][-1] - result.outcomes["tag_D"][-1]
                change.append(net - (control.outcomes["tag_P"][-1] - control.outcomes["tag_D"][-1]))
                tag.append(tagged(result, control))
            coords = {
                "run": (np.array(RUNS, object), "1", "run"),
                "spine": (np.arange(len(distance)), "1", "spine"),
            }
            gate = [results[f"{preset} {label}"].outcomes["gate"][-1] for label in RUNS]
            peak = [results[f"{preset} {label}"].traces["da"].max(axis=0) for label in RUNS]
            variables = {
                "distance": (("spine",), distance, "um", "distance from the centre of the patch"),
                "own_branch": (("spine",), _own(control, distance), "1", "on the branch the patch is centred on"),
                "tag_change": (("run", "spine"), np.array(change), "1", "net tag minus that without release"),
                "tagged": (("run", "spine"), np.array(tag, np.int8), "1", "tagged against the no-release control"),
                "gate": (("run", "spine"), np.array(gate), "1", "modulator-gated conversion"),
                "peak_da": (("run", "spine"), np.array(peak), "mM", "largest sampled dopamine concentration"),
                "unreached_equal": (
                    (),
                    np.int8(_equal(results, preset)),
                    "1",
                    "out of reach bitwise as without release",
                ),
            }
            write_labelled(file.create_group(f"tagging_{preset}"), coords, variables)
            found = results[f"{preset} sweep"]
            coords = {
                "condition": (np.array(found["label"], object), "1", "condition"),
                "spine": (np.arange(len(distance)), "1", "spine"),
            }
            variables = {
                "axis_of": (("condition",), np.array(found["axis"], object), "1", "what is varied"),
                "value": (("condition",), found["value"], "1", "release probability, or density over the tissue's"),
                "change": (("condition", "spine"), found["change"], "1", "net tag minus that of the control"),
            }
            write_labelled(file.create_group(f"sweep_{preset}"), coords, variables)


def _own(result: Result, distance: np.ndarray) -> np.ndarray:
    """Return which spines sit on the branch (section) of the spine nearest to the centre."""
    section = result.spines.section
    return (section == section[distance.argmin()]).astype(np.int8)


def _equal(results: Mapping[str, Any], preset: str) -> bool:
    """Return whether every spine out of reach is bit for bit the spine of the run without release."""
    release, control = results[f"{preset} release"], results[f"{preset} no release"]
    away = np.ones(len(control.spines), bool)
    away[release.deliveries.spine] = False
    same = [np.array_equal(release.traces[n][:, away], control.traces[n][:, away]) for n in control.traces]
    same += [np.array_equal(release.outcomes[n][:, away], control.outcomes[n][:, away]) for n in control.outcomes]
    return all(same)


def fractions(distance: np.ndarray, flag: np.ndarray) -> dict[str, Any]:
    """Return tagged fractions in the core and far away, and the distance at which half are tagged (um)."""
    core, far = distance <= CORE, distance > FAR
    edges = np.arange(0.0, distance.max() + 2.5, 2.5)
    middle, share = binned(distance, flag, edges)
    above = np.flatnonzero((share[:-1] >= 0.5) & (share[1:] < 0.5))
    half = np.nan
    if len(above):
        i = above[-1]
        half = middle[i] + (share[i] - 0.5) / (share[i] - share[i + 1]) * (middle[i + 1] - middle[i])
    return {
        "core": float(flag[core].mean()) if core.any() else np.nan, "n_core": int(core.sum()),
        "far": float(flag[far].mean()) if far.any() else np.nan, "n_far": int(far.sum()), "half": float(half),
    }  # fmt: skip


def binned(distance: np.ndarray, flag: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return centres of the bins that hold spines (um), and the share tagged in each."""
    index = np.digitize(distance, edges) - 1
    used = [k for k in range(len(edges) - 1) if (index == k).any()]
    return (edges[used] + edges[1] / 2), np.array([flag[index == k].mean() for k in used])


def _findings(path: Path) -> list[Finding]:
    out = []
    with open_file(path) as file:
        presets = [p for p in PRESETS if f"tagging_{p}" in file]
        tables = {p: read_labelled(file[f"tagging_{p}"]) for p in presets}
        sweeps = {p: read_labelled(file[f"sweep_{p}"]) for p in presets}
    for preset, table in tables.items():
        out += _swept(preset, table, sweeps[preset])
        distance = table.values("distance")
        flag = dict(zip(RUNS, table.values("tagged").astype(bool), strict=True))
        gate = dict(zip(RUNS, table.values("gate"), strict=True))
        f = fractions(distance, flag["release"])
        out.append(Finding(
            f"{preset}: bursts of a 10 um patch tag the spines in and just around it, none far away "
            f"({len(distance)} active spines)",
            f"{f['core']:.2f} within {CORE:g} um (n = {f['n_core']}), {f['far']:.2f} beyond {FAR:g} um "
            f"(n = {f['n_far']}), half at {f['half']:.1f} um",
            f"D1 blocked {flag['D1 blocked'].mean():.2f}; without release 0 by definition",
        ))  # fmt: skip
        single = flag["single varicosity"]
        within = f", all within {distance[single].max():.1f} um" if single.any() else ""
        burst = PRESETS[preset]["burst"]["n"]
        out.append(Finding(
            f"{preset}: a single vesicle a burst does not suffice for D1, and one varicosity with {burst} vesicles a "
            "burst reaches only what touches it",
            f"vesicle {int(flag['single vesicle'].sum())} of {len(distance)} spines tagged; varicosity "
            f"{int(single.sum())}{within}",
            f"patch {int(flag['release'].sum())} of {len(distance)}",
        ))  # fmt: skip
        out.append(Finding(
            f"{preset}: spines out of reach are bit for bit those of the run without release; "
            "without release and tone no modulator converts anything",
            f"equal: {bool(table.values('unreached_equal'))}; largest gated conversion "
            f"{gate['no release, no tone'].max():g}",
            f"with tone {gate['no release'].max():.2g}",
        ))  # fmt: skip
    return out


def _swept(preset: str, table: Any, swept: Any) -> list[Finding]:
    """Return what dose, block, density and modulators do, and what leaks to other branches."""
    distance, own = table.values("distance"), table.values("own_branch").astype(bool)
    flag = dict(zip(RUNS, table.values("tagged").astype(bool), strict=True))["release"]
    change = dict(zip(swept.values("condition"), swept.values("change"), strict=True))
    near = distance <= 10.0
    found = {label: specificity(distance, values) for label, values in change.items()}

    def share(label: str) -> str:
        f = found[label]
        return f"{f['inside']:.2f} within, {f['outside']:.2f} beyond ({f['n_inside']} : {f['n_outside']} spines)"

    return [
        Finding(
            f"{preset}: what is near is tagged on every branch: a release reaches through the tissue, not along it",
            f"within 10 um {flag[near & own].mean():.2f} on the own branch (n = {(near & own).sum()}), "
            f"{flag[near & ~own].mean():.2f} on others (n = {(near & ~own).sum()})",
            "tags without release 0 by definition",
        ),
        Finding(
            f"{preset}: dose and blocked uptake, tags within and beyond 10 um",
            f"p = 0.1: {share('p = 0.1')}; with a tenth of the uptake: {share('p = 0.1, blocked')}",
            "each against its own control without release",
        ),
        Finding(
            f"{preset}: varicosities drawn at random, at the tissue's density and at a tenth of it",
            f"{share('density x 1')}; a tenth: {share('density x 0.1')}",
            f"mean field {share('p = 0.3')}",
        ),
        Finding(
            f"{preset}: the other modulators, released alike",
            f"acetylcholine {share('acetylcholine')}; noradrenaline {share('noradrenaline')}",
            f"dopamine with acetylcholine {share('dopamine and acetylcholine')}",
        ),
    ]


STUDY = Study(
    name="space",
    question="Which of hundreds of active spines does one dopamine release tag?",
    jobs=_jobs,
    save=_save,
    draw=draw,
    findings=_findings,
)
