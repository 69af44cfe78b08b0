"""Timing: the same pairing with dopamine before, during, after and long after it.

`ca1`: 10 min of 20 uM dopamine in the bath around 100 pairings at 0.2 Hz, test stimuli before and after, as in the
slices of Brzosko et al. 2015 (10.7554/eLife.09685).  `dspn`: a burst of a patch of varicosities around 15
trains of 10 pairings at 10 Hz, as in Yagishita et al. 2014 (10.1126/science.1255514).  Calcium of one unit is
recorded on the cell and drives the rule under every condition; some conditions are run in full beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..build import build
from ..capture import capture
from ..drugs import Drug
from ..episodes import Course, Drive, split
from ..experiment import Experiment, Numerics, Placement, Record
from ..model import Model
from ..protocol import Pairing, Release, TestPulses
from ..release import Patch
from ..replay import Condition, replay
from ..rule import efficacy
from ..simulate import record, run
from ..solution import Solution
from ..storage import study_file, write_labelled
from .base import Finding, Job, Report, Study
from .places import all_spines, crossing, nearest_to
from .timing_figure import PANELS, draw, panels

__all__ = ["STUDY", "ca1_model", "ca1_protocol", "driven", "tested"]

MIN, S = 6e4, 1e3  # ms

NUMERICS = Numerics(dt=0.05, d_lambda=0.2)
"""Coarser than the default: a spike in the dendrite moves by less than 2 %, its calcium by up to 4 %."""

SLICE = Solution(ca=2.0, mg=2.0)
"""Of the slices of 10.7554/eLife.09685 (mM)."""

SLICE_TONE = {"dopamine": "25.5 nM"}
"""Of the same slices, also where a condition says "no dopamine": as in validation/regions.toml (a test)."""

CA1_START, CA1_BATH = 20 * MIN, 10 * MIN
CA1_ONSETS = (-25.0, -20.0, -15.0, -8.33, 0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0)  # min after the last pairing
TEST_HZ = 0.2
CA1_AFTER = 45 * MIN  # outcome, after the last pairing

DSPN_START = 20 * S
DSPN_DELAYS = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)  # s after train onset
DSPN_AFTER = 45 * MIN

CONTROLS = ("no dopamine", "D1 blocked", "no activity", "far site")


def ca1_protocol(dt: float) -> Pairing:
    """Return the pairing of the slices: 100 at 0.2 Hz."""
    return Pairing(dt=dt, n=100, hz=0.2, start=CA1_START)


def tested(start: float, stop: float) -> TestPulses:
    """Return the test stimulation of the slices, 0.2 Hz, between two times (ms)."""
    return TestPulses(n=int((stop - start) * TEST_HZ / S), hz=TEST_HZ, start=start + 0.5 * S / TEST_HZ)


def dspn_protocol() -> Pairing:
    """Return 15 trains of 10 pairings at 10 Hz with three spikes each."""
    return Pairing(dt=10, n=10, hz=10, n_post=3, trains=15, train_interval=10 * S, start=DSPN_START)


def patch(center: np.ndarray) -> Patch:
    """Return the default patch: 10 um, release probability of a burst."""
    return Patch("dopamine", center=tuple(center), radius=10.0, p=0.3)


def burst(center: np.ndarray, delay: float) -> Release:
    """Return ten spikes at 20 Hz, `delay` s after the onset of every train."""
    return Release(site=patch(center), start=DSPN_START + delay * S, n=10, hz=20, trains=15, train_interval=10 * S)


def _experiment(preset: str, seed: int) -> Experiment:
    return Experiment(preset=preset, morphology=f"{preset}_1", numerics=NUMERICS, seed=seed)


def ca1_model(n_spine: int, seed: int) -> Model:
    placement = Placement(n=n_spine, region="apical", path_min=80, path_max=200)
    return build(_experiment("ca1", seed).replaced(spines=placement, solution=SLICE, tone=SLICE_TONE))


def _ca1(report: Report, dt: float, n_spine: int, seed: int) -> dict[str, Any]:
    """Record the pairing at `dt` ms and replay it under every time of dopamine."""
    model = ca1_model(n_spine, seed)
    report(0.2)
    protocol = ca1_protocol(dt)
    end = protocol.end(CA1_START)
    tests = (tested(0.0, CA1_START), tested(end, end + CA1_AFTER))
    conditions = [_bathed(f"{onset:g} min", end + onset * MIN) for onset in CA1_ONSETS]
    conditions.append(Condition("no dopamine"))
    conditions.append(_bathed("D1 blocked", end, Drug(agent="SCH23390", conc="10 uM")))
    conditions.append(_silent(_bathed("no activity", end)))
    outcome = driven(model, (*tests[:1], protocol, *tests[1:]), conditions, end + CA1_AFTER, report)
    return _pack(conditions, outcome, np.array(CA1_ONSETS)) | {"path_distance": model.spines.path_distance}


def driven(
    model: Model, protocols: tuple[Any, ...], conditions: list[Condition], until: float, report: Report
) -> dict[str, np.ndarray]:
    """Capture each kind of stimulus once and drive the rule through all of them under every condition."""
    model.apply(*protocols)
    parts = split(model.schedule, ())
    calcium, rest = capture(model, {episode.key: episode for _, episode in parts})
    report(0.5)
    starts = [(t, episode.key) for t, episode in parts]
    courses = [Course(starts if c.active else [], model.supply.under(c.drugs), (until,)) for c in conditions]
    p = model.rule_parameters()
    drive = Drive(courses, calcium, rest, p.head_volume, p.ca_scale)
    kept = [states[-1] for states in drive(model.parameters.flat())]
    outcome = {n: np.array([[y[n] for y in kept]]) for n in ("tag_P", "tag_D", "primed")}
    return outcome | {"w": np.array([[efficacy(y, p) for y in kept]])}


def _ca1_full(report: Report, dt: float, onset: float | None, n_spine: int, seed: int) -> np.ndarray:
    """Run the pairing in full, with dopamine from `onset` min after its end (None: without), and return the weights."""
    model = ca1_model(n_spine, seed)
    protocol = ca1_protocol(dt)
    end = protocol.end(CA1_START)
    if onset is None:
        return _weights(report, model, (protocol,), (), end + CA1_AFTER)
    # test stimuli do something with dopamine only, so that others are left out
    begin = end + onset * MIN
    tests = tested(begin, begin + CA1_BATH)
    return _weights(report, model, (protocol, tests), _bathed("", begin).drugs, end + CA1_AFTER)


def _weights(
    report: Report, model: Model, protocols: tuple[Any, ...], drugs: tuple[Drug, ...], until: float
) -> np.ndarray:
    model.experiment = model.experiment.replaced(drugs=drugs, record=Record(names=("w",)))
    model.apply(*protocols)
    return run(model, until=until, progress=lambda t, end: report(t / end)).outcomes["w"][-1]


def _bathed(label: str, start: float, *more: Drug) -> Condition:
    dopamine = Drug(agent="dopamine", conc="20 uM", start=start, stop=start + CA1_BATH)
    return Condition(label, drugs=(dopamine, *more))


def _silent(condition: Condition) -> Condition:
    return Condition(condition.label, condition.releases, condition.drugs, condition.parameters, active=False)


def _dspn_model(n_spine: int, seed: int) -> tuple[Model, np.ndarray]:
    """Return a model with the spines nearest to a crossing of dendrites, and that place."""
    experiment = _experiment("dspn", seed)
    cell, everywhere = all_spines(experiment)
    center = everywhere.xyz[crossing(everywhere, (60.0, 110.0), 15.0)]
    return build(experiment, cell=cell, spines=everywhere.select(nearest_to(everywhere, center, n_spine))), center


def _dspn(report: Report, n_spine: int, seed: int) -> dict[str, Any]:
    """Record the trains at spines inside the patch and replay them under every time of dopamine."""
    model, center = _dspn_model(n_spine, seed)
    report(0.3)
    protocol = dspn_protocol()
    recorded = record(model, protocol)
    report(0.4)
    best = (burst(center, 0.6),)
    conditions = [Condition(f"{d:g} s", (burst(center, d),)) for d in DSPN_DELAYS]
    conditions.append(Condition("no dopamine"))
    conditions.append(Condition("D1 blocked", best, (Drug(agent="SCH23390", conc="10 uM"),)))
    conditions.append(Condition("no activity", best, active=False))
    conditions.append(Condition("far site", (burst(center + [0.0, 0.0, 60.0], 0.6),)))
    _, outcome = replay(recorded, conditions, until=protocol.end(DSPN_START) + DSPN_AFTER)
    return _pack(conditions, outcome, np.array(DSPN_DELAYS)) | {"path_distance": recorded.spines.path_distance}


def _dspn_full(report: Report, delay: float | None, n_spine: int, seed: int) -> np.ndarray:
    """Run the trains in full, with a burst `delay` s after the onset of each (None: without)."""
    model, center = _dspn_model(n_spine, seed)
    protocol = dspn_protocol()
    release = () if delay is None else (burst(center, delay),)
    return _weights(report, model, (protocol, *release), (), protocol.end(DSPN_START) + DSPN_AFTER)


def _pack(conditions: list[Condition], outcome: Mapping[str, np.ndarray], onsets: np.ndarray) -> dict[str, Any]:
    """Return the changes of weight at the end, curve and controls apart, each (n_condition, n_spine)."""
    last = {n: v[-1] for n, v in outcome.items()}
    k = len(onsets)
    return {
        "onset": onsets,
        "labels": [c.label for c in conditions[k:]],
        "curve": {n: last[n][:k] for n in ("w", "tag_P", "tag_D", "primed")},
        "controls": {n: last[n][k:] for n in ("w", "tag_P", "tag_D", "primed")},
    }


def _jobs(quick: bool) -> list[Job]:
    common = {"n_spine": 8 if quick else 16, "seed": 1}
    out = [Job(f"ca1_{dt:+d}", _ca1, {"dt": float(dt)} | common, 1.0) for dt in (-20, 10)]
    out.append(Job("dspn", _dspn, common, 1.0))
    if not quick:
        out += [
            Job("ca1_-20 full no dopamine", _ca1_full, {"dt": -20.0, "onset": None} | common, 4.0),
            Job("ca1_-20 full 0 min", _ca1_full, {"dt": -20.0, "onset": 0.0} | common, 4.0),
            Job("dspn full no dopamine", _dspn_full, {"delay": None} | common, 2.0),
            Job("dspn full 0.6 s", _dspn_full, {"delay": 0.6} | common, 2.0),
        ]
    return out


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    """Write one group a panel: change of weight by onset (or control) and spine."""
    with study_file(path, {"study": "timing", "quick": int(quick)}) as file:
        for label in PANELS:
            r = results[label]
            unit = "min" if label.startswith("ca1") else "s"
            coords = {
                "onset": (r["onset"], unit, "onset of dopamine after the last pairing"
                          if unit == "min" else "onset of dopamine after the onset of each train"),
                "control": (np.array(r["labels"], object), "1", "control"),
                "spine": (np.arange(len(r["path_distance"])), "1", "spine"),
            }  # fmt: skip
            variables: dict[str, Any] = {
                "path_distance": (("spine",), r["path_distance"], "um", "path distance from the soma"),
            }
            for name, long_name in (("w", "synaptic weight relative to its start"), ("tag_P", "tag for potentiation"),
                                    ("tag_D", "tag for depression"), ("primed", "slow PKA memory")):  # fmt: skip
                variables[name] = (("onset", "spine"), r["curve"][name], "1", long_name)
                variables[f"control_{name}"] = (("control", "spine"), r["controls"][name], "1", long_name)
            for key in [k for k in results if k.startswith(f"{label} full ")]:
                what = key.removeprefix(f"{label} full ")
                name = "full_" + what.replace(" ", "_").replace(".", "p")
                variables[name] = (("spine",), results[key], "1", f"weight in the full run, {what}")
            write_labelled(file.create_group(label), coords, variables)


def _findings(path: Path) -> list[Finding]:
    out = []
    for label, table in panels(path).items():
        onset, unit = table.coords["onset"][:2]
        mean = 100 * table.values("w").mean(axis=1)
        control = dict(zip(table.values("control"), 100 * table.values("control_w").mean(axis=1), strict=True))
        at = {
            "min": (("before", -20.0), ("during", -8.33), ("at once after", 0.0), ("30 min after", 30.0)),
            "s": (("2 s before", -2.0), ("0.6 s after", 0.6), ("1 s after", 1.0), ("4 s after", 4.0)),
        }[unit]
        values = [f"{word} {mean[np.flatnonzero(np.isclose(onset, x))[0]]:.0f} %" for word, x in at]
        out.append(Finding(
            f"{PANELS[label]}: the time of dopamine decides the sign" if label != "ca1_+10"
            else f"{PANELS[label]}: dopamine changes little, as the tone of the slice has done it",
            ", ".join(values),
            ", ".join(f"{name} {value:.0f} %" for name, value in control.items()),
        ))  # fmt: skip
    return out


STUDY = Study(
    name="timing",
    question="Does dopamine before, during, after or long after the same pairing change its direction?",
    jobs=_jobs,
    save=_save,
    draw=draw,
    findings=_findings,
)
