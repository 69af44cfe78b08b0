"""Dose: how the change of synapses inside a patch of varicosities depends on how much each of them releases.

The same pairing, the same firing of the axons; the molecules in a vesicle are multiplied. Beside each curve the same
with the receptor blocked and with uptake (or acetylcholinesterase) blocked, and the weight without any release.
Calcium of the pairing is recorded once for each cell and replayed under every condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment
from ..netcdf import read_labelled, write_labelled
from ..protocol import Pairing, Release
from ..release import Patch
from ..replay import Condition, replay
from ..simulate import record
from ..storage import open_file, study_file
from ..style import PALETTE, curve, panel_letter, style
from .base import Finding, Job, Report, Study
from .places import all_spines, crossing, nearest_to
from .space import PRESETS as PLACES
from .timing import MIN, NUMERICS, S

__all__ = ["STUDY"]

START, AFTER = 20 * S, 40 * MIN

DOSES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Molecules in a vesicle over those of the tissue (1)."""

CELLS: dict[str, dict[str, Any]] = {
    "dspn": {
        "pairing": {"dt": 10, "n": 10, "hz": 10, "n_post": 3, "trains": 15, "train_interval": 10 * S},
        "burst": {"n": 10, "hz": 20, "trains": 15, "train_interval": 10 * S}, "delay": 0.6 * S,
        "modulators": ("dopamine", "acetylcholine"),
    },
    "ca1": {
        "pairing": {"dt": 10, "n": 30, "hz": 0.2},
        "burst": {"n": 20, "hz": 20, "trains": 30, "train_interval": 5 * S}, "delay": 0.0,
        "modulators": ("dopamine", "acetylcholine", "noradrenaline"),
    },
}
"""Pairing, firing of the axons and its delay after the first pairing (ms), and which modulators are released."""

BLOCKERS = {
    "dopamine": (("SCH23390", "10 uM", "D1 blocked"), ("nomifensine", "1 uM", "uptake blocked")),
    "acetylcholine": (("atropine", "10 uM", "muscarinic blocked"), ("donepezil", "100 nM", "esterase blocked")),
    "noradrenaline": (("propranolol", "10 uM", "beta blocked"), ("reboxetine", "1 uM", "uptake blocked")),
}
"""What blocks the receptor, and what blocks clearance."""

CURVES = ("release", "receptor blocked", "clearance blocked")
COLORS = {CURVES[0]: "vermilion", CURVES[1]: "blue", CURVES[2]: "orange"}


def _conditions(modulator: str, preset: str, center: np.ndarray, doses: tuple[float, ...]) -> list[Condition]:
    """Return a release of each dose: alone, with the receptor blocked, with clearance blocked."""
    about, (receptor, clearance) = CELLS[preset], BLOCKERS[modulator]
    out = []
    for block in (None, receptor, clearance):
        drugs = (Drug(agent=block[0], conc=block[1]),) if block else ()
        for dose in doses:
            site = Patch(modulator, center=tuple(center), radius=10.0, p=0.3)
            site = site.replaced(molecules=dose * _molecules(modulator, preset))
            out.append(Condition("", (Release(site=site, start=START + about["delay"], **about["burst"]),), drugs))
    return out


def _molecules(modulator: str, preset: str) -> float:
    from ..media import MEDIA
    from ..presets import load_preset

    return MEDIA[load_preset(preset).tissue][modulator].molecules


def _cell(report: Report, preset: str, n_spine: int, doses: tuple[float, ...], seed: int) -> dict[str, Any]:
    """Record the pairing on one cell and return the weights, shape (n_curve, n_dose, n_spine) a modulator."""
    base = Experiment(preset=preset, morphology=f"{preset}_1", numerics=NUMERICS, seed=seed)
    cell, everywhere = all_spines(base)
    center = everywhere.xyz[crossing(everywhere, PLACES[preset]["path"], 15.0)]
    model = build(base, cell=cell, spines=everywhere.select(nearest_to(everywhere, center, n_spine)))
    report(0.4)
    protocol = Pairing(start=START, **CELLS[preset]["pairing"])
    recorded = record(model, protocol)
    report(0.6)
    until = protocol.end(START) + AFTER
    out: dict[str, Any] = {"path_distance": recorded.spines.path_distance, "doses": np.array(doses)}
    out["none"] = replay(recorded, [Condition("none")], until)[1]["w"][-1, 0]
    for modulator in CELLS[preset]["modulators"]:
        _, outcome = replay(recorded, _conditions(modulator, preset, center, doses), until)
        out[modulator] = outcome["w"][-1].reshape(len(CURVES), len(doses), -1)
    return out


def _jobs(quick: bool) -> list[Job]:
    arguments = {"n_spine": 5 if quick else 12, "doses": DOSES[::2] if quick else DOSES, "seed": 1}
    presets = ("dspn",) if quick else tuple(CELLS)
    return [Job(preset, _cell, {"preset": preset, **arguments}) for preset in presets]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    with study_file(path, {"study": "dose", "quick": int(quick)}) as file:
        for preset, r in results.items():
            coords = {
                "curve": (np.array(CURVES, object), "1", "what is blocked"),
                "dose": (r["doses"], "1", "molecules in a vesicle over those of the tissue"),
                "spine": (np.arange(len(r["path_distance"])), "1", "spine"),
            }
            variables: dict[str, Any] = {
                "path_distance": (("spine",), r["path_distance"], "um", "path distance from the soma"),
                "none": (("spine",), r["none"], "1", "synaptic weight relative to its start, without release"),
            }
            for modulator in CELLS[preset]["modulators"]:
                about = f"synaptic weight relative to its start, {modulator} released"
                variables[modulator] = (("curve", "dose", "spine"), r[modulator], "1", about)
            write_labelled(file.create_group(preset), coords, variables)


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {preset: read_labelled(file[preset]) for preset in CELLS if preset in file}


def _panels(path: Path) -> list[tuple[str, str, Any]]:
    return [(p, m, table) for p, table in _tables(path).items() for m in CELLS[p]["modulators"]]


def _draw(path: Path) -> dict[str, Figure]:
    panels = _panels(path)
    with style():
        columns = min(len(panels), 3)
        rows = -(-len(panels) // columns)
        figure = Figure(figsize=(0.6 + 2.3 * columns, 2.4 * rows))
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, letter, (preset, modulator, table) in zip(axes, "ABCDE", panels, strict=False):
            w, none = 100 * table.values(modulator), 100 * table.values("none")
            words = ("release alone", *(name for *_, name in BLOCKERS[modulator]))
            for k, name in enumerate(CURVES):
                curve(ax, table.values("dose"), w[k].mean(axis=1), w[k].std(axis=1, ddof=1), label=words[k],
                      color=PALETTE[COLORS[name]], marker="osD"[k])  # fmt: skip
            ax.axhline(none.mean(), color="black", lw=0.8, ls=":", label="no release")
            ax.set(xscale="log", xlabel="Vesicle content (× the tissue's)", title=f"{preset}: {modulator}",
                   ylabel=f"Weight (% of start)\nmean ± SD of {w.shape[2]} spines")  # fmt: skip
            low, high = ax.get_ylim()
            ax.set_ylim(low, high + 0.3 * (high - low))  # room for the legend above the curves
            ax.legend(loc="upper center", ncols=2, fontsize=5, columnspacing=0.5, handlelength=1.2, handletextpad=0.4)
            panel_letter(ax, letter)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
    return {"curves": figure}


def half_dose(dose: np.ndarray, change: np.ndarray) -> float | None:
    """Return the dose at which the change passes half of that at the largest dose; None when it does not."""
    share = change / change[-1] if abs(change[-1]) > 0 else np.zeros(len(change))
    first = np.flatnonzero((share[:-1] < 0.5) & (share[1:] >= 0.5))
    if not len(first) or share[0] >= 0.5:
        return None
    k = int(first[0])
    part = (0.5 - share[k]) / (share[k + 1] - share[k])
    return float(np.exp(np.log(dose[k]) + part * np.log(dose[k + 1] / dose[k])))


def _half(dose: np.ndarray, change: np.ndarray) -> str:
    """Say where half of the change is reached, if there is one that is no noise (5 % of the start)."""
    if abs(change[-1]) < 5:
        return ""
    half = half_dose(dose, change)
    return f", half of it at {half:.2g}" if half else ", half of it or more at every dose"


def _findings(path: Path) -> list[Finding]:
    out = []
    for preset, modulator, table in _panels(path):
        dose = table.values("dose")
        w, none = 100 * table.values(modulator).mean(axis=2), 100 * float(table.values("none").mean())
        free, receptor, clearance = w - none
        words = [name for *_, name in BLOCKERS[modulator]]
        said = f"{free[-1]:+.0f} % at dose {dose[-1]:g}{_half(dose, free)}; "
        said += f"{words[1]} {clearance[-1]:+.0f} %{_half(dose, clearance)}"
        out.append(Finding(
            f"{preset}: change with the dose of {modulator}", said,
            f"no release {none:.0f} %, {words[0]} {receptor[-1]:+.1f} %",
        ))  # fmt: skip
    return out


STUDY = Study(
    name="dose",
    question="How much of a modulator does a synapse need, and what do blocked receptors and blocked uptake change?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
