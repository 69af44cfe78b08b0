"""STDP: the change of weight against spike timing, with and without dopamine, and its controls.

`ca1`: 100 pairings at 0.2 Hz, tone of the slice, dopamine in the bath during pairing.  `dspn`: 15 trains of 10
single-spike pairings at 10 Hz with a dopamine burst of a patch 0.6 s after the onset of each train.  The calcium of
one unit at each timing is recorded on the cell and drives the rule under every condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment, Placement
from ..figures import panel_letter, style
from ..protocol import Pairing
from ..replay import Condition, replay
from ..simulate import record
from ..storage import open_file, read_labelled, study_file, write_labelled
from ..style import PALETTE, curve
from .base import Finding, Job, Report, Study
from .places import all_spines, crossing, nearest_to
from .timing import DSPN_START, MIN, NUMERICS, SLICE, SLICE_TONE, S, burst

__all__ = ["STUDY"]

TIMINGS = (-60.0, -40.0, -20.0, -10.0, -5.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0)  # ms
QUICK_TIMINGS = (-20.0, -10.0, 10.0, 20.0)
AFTER = 40 * MIN  # outcome, after the last pairing

LOOKS = {
    "no dopamine": (PALETTE["black"], "o"),
    "dopamine": (PALETTE["vermilion"], "s"),
    "weak dopamine": (PALETTE["orange"], "^"),
    "dopamine, D1 blocked": (PALETTE["blue"], "D"),
}
"""Colour and marker of each condition."""


CONTROLS = ("no dopamine", "dopamine, D1 blocked")

SENTENCES = {
    "ca1": "ca1: without dopamine spike order decides the sign; dopamine during pairing potentiates every timing",
    "dspn": "dspn: without dopamine every timing depresses; dopamine 0.6 s later potentiates, most for pre before post",
}


def _ca1(report: Report, timings: tuple[float, ...], n_spine: int, seed: int) -> dict[str, Any]:
    experiment = Experiment(
        preset="ca1", morphology="ca1_1", numerics=NUMERICS, seed=seed, solution=SLICE, tone=SLICE_TONE,
        spines=Placement(n=n_spine, region="apical", path_min=80, path_max=200),
    )  # fmt: skip
    model = build(experiment)

    def conditions(protocol: Pairing) -> list[Condition]:
        end = protocol.end(0.0)
        bath = Drug(agent="dopamine", conc="20 uM", stop=end)
        weak = Drug(agent="dopamine", conc="1 uM", stop=end)
        block = Drug(agent="SCH23390", conc="10 uM")
        return [
            Condition("no dopamine"), Condition("dopamine", drugs=(bath,)),
            Condition("weak dopamine", drugs=(weak,)), Condition("dopamine, D1 blocked", drugs=(bath, block)),
        ]  # fmt: skip

    return _curve(report, model, [Pairing(dt=dt, n=100, hz=0.2, start=0.0) for dt in timings], conditions)


def _dspn(report: Report, timings: tuple[float, ...], n_spine: int, seed: int) -> dict[str, Any]:
    experiment = Experiment(preset="dspn", morphology="dspn_1", numerics=NUMERICS, seed=seed)
    cell, everywhere = all_spines(experiment)
    center = everywhere.xyz[crossing(everywhere, (60.0, 110.0), 15.0)]
    model = build(experiment, cell=cell, spines=everywhere.select(nearest_to(everywhere, center, n_spine)))
    release, block = (burst(center, 0.6),), Drug(agent="SCH23390", conc="10 uM")
    half = (release[0].replaced(site=release[0].site.replaced(p=0.15)),)

    def conditions(_: Pairing) -> list[Condition]:
        return [
            Condition("no dopamine"), Condition("dopamine", release), Condition("weak dopamine", half),
            Condition("dopamine, D1 blocked", release, (block,)),
        ]  # fmt: skip

    protocols = [
        Pairing(dt=dt, n=10, hz=10, trains=15, train_interval=10 * S, start=DSPN_START)
        for dt in timings
        if abs(dt) <= 40
    ]
    return _curve(report, model, protocols, conditions)


def _curve(report: Report, model: Any, protocols: list[Pairing], conditions: Any) -> dict[str, Any]:
    """Return weight and peak calcium at the end, (n_condition, n_timing, n_spine)."""
    weights, peaks, labels = [], [], []
    for k, protocol in enumerate(protocols):
        report((k + 0.5) / (len(protocols) + 1))
        recorded = record(model, protocol)
        todo = conditions(protocol)
        labels = [c.label for c in todo]
        _, outcome = replay(recorded, todo, until=protocol.end(protocol.start) + AFTER)
        weights.append(outcome["w"][-1])
        peaks.append(recorded.cai.max(axis=0))
    return {
        "timing": np.array([p.dt for p in protocols]),
        "labels": labels,
        "w": np.array(weights).swapaxes(0, 1),
        "peak": np.array(peaks),
        "path_distance": model.spines.path_distance,
    }


def _jobs(quick: bool) -> list[Job]:
    n, timings = (6, QUICK_TIMINGS) if quick else (16, TIMINGS)
    arguments = {"timings": timings, "n_spine": n, "seed": 1}
    return [Job("ca1", _ca1, arguments, 1.3), Job("dspn", _dspn, arguments, 1.0)]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    with study_file(path, {"study": "stdp", "quick": int(quick)}) as file:
        for label, r in results.items():
            coords = {
                "condition": (np.array(r["labels"], object), "1", "condition"),
                "timing": (r["timing"], "ms", "first postsynaptic after first presynaptic spike"),
                "spine": (np.arange(len(r["path_distance"])), "1", "spine"),
            }
            variables = {
                "w": (("condition", "timing", "spine"), r["w"], "1", "synaptic weight relative to its start"),
                "cai_peak": (("timing", "spine"), r["peak"], "mM", "largest calcium in a pairing"),
                "path_distance": (("spine",), r["path_distance"], "um", "path distance from the soma"),
            }
            write_labelled(file.create_group(label), coords, variables)


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {label: read_labelled(file[label]) for label in ("ca1", "dspn")}


def _draw(path: Path) -> dict[str, Figure]:
    with style():
        figure = Figure(figsize=(7.2, 3.3))
        axes = figure.subplots(1, 2)
        titles = {
            "ca1": "ca1: 100 pairings at 0.2 Hz, tone and bath", "dspn": "dspn: 15 trains of 10 at 10 Hz, patch burst",
        }  # fmt: skip
        for ax, letter, (label, table) in zip(axes, "AB", _tables(path).items(), strict=True):
            w = 100 * table.values("w")
            n = w.shape[2]
            for k, name in enumerate(table.values("condition")):
                color, marker = LOOKS[name]
                curve(ax, table.values("timing"), w[k].mean(axis=1), w[k].std(axis=1), label=name, color=color,
                      marker=marker)  # fmt: skip
            ax.axhline(100, color="black", lw=0.4)
            ax.axvline(0, color="black", lw=0.4)
            ax.set(xlabel="Spike timing, post − pre (ms)", ylabel=f"Weight (% of start)\nmean ± SD, n = {n} spines")
            ax.set_title(titles[label])
            panel_letter(ax, letter)
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return {"curve": figure}


def _findings(path: Path) -> list[Finding]:
    out = []
    for label, table in _tables(path).items():
        w, timing = 100 * table.values("w").mean(axis=2), table.values("timing")
        name = list(table.values("condition"))
        rows = {c: dict(zip(timing, w[k], strict=True)) for k, c in enumerate(name)}
        out.append(Finding(
            SENTENCES[label],
            f"{rows['dopamine'][10.0]:.0f} % at +10 ms and {rows['dopamine'][-20.0]:.0f} % at -20 ms with dopamine",
            ", ".join(f"{rows[c][10.0]:.0f} % and {rows[c][-20.0]:.0f} % {c}" for c in CONTROLS),
        ))  # fmt: skip
    return out


STUDY = Study(
    name="stdp",
    question="How does dopamine change the curve of spike-timing-dependent plasticity?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
