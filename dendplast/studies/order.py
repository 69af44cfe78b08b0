"""Order: two modulators one after the other, in both orders and together, around the same pairing of `ca1`.

100 pairings at 0.2 Hz with test stimuli before and after them, as in the slices of Brzosko et al. 2017
(10.7554/eLife.27756), where acetylcholine during pairing gave depression and dopamine after it turned that into
potentiation. Noradrenaline comes before, during or after the pairing, whose calcium is the same in all conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..drugs import Drug
from ..netcdf import read_labelled, write_labelled
from ..parameters import OutcomeParameters
from ..replay import Condition
from ..result import CLASSES, classify
from ..storage import open_file, study_file
from ..style import CLASS_COLORS, CLASS_MARKERS, MODULATOR_COLORS, panel_letter, style
from .base import Finding, Job, Report, Study
from .timing import CA1_AFTER, CA1_START, MIN, ca1_model, ca1_protocol, driven, tested

__all__ = ["STUDY"]

TIMINGS = (10.0, -20.0)
"""First postsynaptic after first presynaptic spike (ms)."""

DOSE = {"dopamine": "20 uM", "acetylcholine": "1 uM", "noradrenaline": "10 uM"}
"""In the bath."""

SHORT = {"DA": "dopamine", "ACh": "acetylcholine", "NE": "noradrenaline"}

PHASES = ("before", "during", "after")
"""Ten minutes before the pairing, the pairing, ten minutes after it."""

WINDOW = 10 * MIN

ORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "no modulator": (),
    "ACh": (("ACh", "during"),),
    "DA": (("DA", "during"),),
    "DA late": (("DA", "after"),),
    "ACh, then DA": (("ACh", "during"), ("DA", "after")),
    "DA, then ACh": (("DA", "during"), ("ACh", "after")),
    "ACh with DA": (("ACh", "during"), ("DA", "during")),
    "NE before": (("NE", "before"),),
    "NE during": (("NE", "during"),),
    "NE after": (("NE", "after"),),
}
"""Which modulator in which phase."""

BLOCKED = {
    "ACh, then DA; D1 blocked": ("ACh, then DA", "SCH23390", "10 uM"),
    "ACh, then DA; muscarinic blocked": ("ACh, then DA", "atropine", "10 uM"),
    "NE during; beta blocked": ("NE during", "propranolol", "10 uM"),
}
SILENT = "ACh, then DA; no activity"


def _window(phase: str, end: float) -> tuple[float, float]:
    """Return begin and end of a phase (ms) around a pairing that ends at `end`."""
    return {
        "before": (CA1_START - WINDOW, CA1_START), "during": (CA1_START, end), "after": (end, end + WINDOW)
    }[phase]  # fmt: skip


def _bath(order: str, end: float) -> tuple[Drug, ...]:
    found = []
    for short, phase in ORDERS[order]:
        start, stop = _window(phase, end)
        found.append(Drug(agent=SHORT[short], conc=DOSE[SHORT[short]], start=start, stop=stop))
    return tuple(found)


def conditions(end: float) -> list[Condition]:
    """Return every condition around a pairing that ends at `end` (ms)."""
    out = [Condition(name, drugs=_bath(name, end)) for name in ORDERS]
    for name, (order, agent, conc) in BLOCKED.items():
        out.append(Condition(name, drugs=(*_bath(order, end), Drug(agent=agent, conc=conc))))
    return [*out, Condition(SILENT, drugs=_bath("ACh, then DA", end), active=False)]


def _pairing(report: Report, dt: float, n_spine: int, seed: int) -> dict[str, Any]:
    """Capture the pairing at `dt` ms once and drive the rule with it under every condition."""
    model = ca1_model(n_spine, seed)
    protocol = ca1_protocol(dt)
    end = protocol.end(CA1_START)
    todo = conditions(end)
    # test stimuli do something beside a modulator only, so that others are left out
    tests = tested(CA1_START - WINDOW, CA1_START), tested(end, end + WINDOW)
    outcome = driven(model, (tests[0], protocol, tests[1]), todo, end + CA1_AFTER, report)
    final = {name: values[-1] for name, values in outcome.items()}
    return final | {
        "class": classify(final, None, OutcomeParameters()),
        "path_distance": model.spines.path_distance, "labels": [c.label for c in todo],
    }  # fmt: skip


def _label(dt: float) -> str:
    return f"ca1 {dt:+g}"


def _jobs(quick: bool) -> list[Job]:
    n, timings = (5, TIMINGS[:1]) if quick else (12, TIMINGS)
    return [Job(_label(dt), _pairing, {"dt": dt, "n_spine": n, "seed": 1}) for dt in timings]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    with study_file(path, {"study": "order", "quick": int(quick)}) as file:
        for label, r in results.items():
            coords = {
                "condition": (np.array(r["labels"], object), "1", "what was in the bath, and when"),
                "spine": (np.arange(len(r["path_distance"])), "1", "spine"),
            }
            dims = ("condition", "spine")
            variables = {
                "w": (dims, r["w"], "1", "synaptic weight relative to its start"),
                "tag_P": (dims, r["tag_P"], "1", "tag for potentiation"),
                "tag_D": (dims, r["tag_D"], "1", "tag for depression"),
                "class": (dims, r["class"], "1", f"outcome class, number in {', '.join(CLASSES)}"),
                "path_distance": (("spine",), r["path_distance"], "um", "path distance from the soma"),
            }
            write_labelled(file.create_group(label.replace(" ", "_")), coords, variables)


def _tables(path: Path) -> dict[float, Any]:
    with open_file(path) as file:
        names = {dt: _label(dt).replace(" ", "_") for dt in TIMINGS}
        return {dt: read_labelled(file[name]) for dt, name in names.items() if name in file}


def _draw(path: Path) -> dict[str, Figure]:
    """Draw when which modulator was there, and beside it the weight of every spine, by class."""
    tables = _tables(path)
    labels = list(next(iter(tables.values())).values("condition"))
    rows = np.arange(len(labels))[::-1]
    with style():
        figure = Figure(figsize=(3.9 + 1.9 * len(tables), 0.9 + 0.22 * len(labels)))
        axes = figure.subplots(1, 1 + len(tables), width_ratios=[1.1, *[1.4] * len(tables)], sharey=True)
        _timeline(axes[0], labels, rows)
        for ax, letter, (dt, table) in zip(axes[1:], "BC", tables.items(), strict=False):
            _weights(ax, table, rows)
            n = table.values("w").shape[1]
            ax.set_xlabel(f"Weight (% of start)\nbar: mean ± SD of {n} spines")
            ax.set_title(f"post {abs(dt):g} ms {'after' if dt > 0 else 'before'} pre")
            panel_letter(ax, letter)
        panel_letter(axes[0], "A")
        figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return {"orders": figure}


def _timeline(ax: Any, labels: list[str], rows: np.ndarray) -> None:
    begins = {"before": -10.0, "during": 0.0, "after": 8.3}
    ends = {"before": 0.0, "during": 8.3, "after": 18.3}
    ax.axvspan(0, 8.3, color="#EEEEEE", lw=0)
    ax.text(4.15, len(labels) - 0.45, "pairing", ha="center", va="bottom", fontsize=7)
    for row, label in zip(rows, labels, strict=True):
        order = ORDERS[label.partition(";")[0]]
        together = len({phase for _, phase in order}) < len(order)
        for k, (short, phase) in enumerate(order):
            height = 0.36 if together else 0.72
            middle = row + (0.18 - 0.36 * k if together else 0.0)
            ax.barh(middle, ends[phase] - begins[phase], height, begins[phase],
                    color=MODULATOR_COLORS[SHORT[short]], lw=0)  # fmt: skip
            ax.text((begins[phase] + ends[phase]) / 2, middle, short, ha="center", va="center",
                    fontsize=4.5 if together else 6)  # fmt: skip
    ax.set(xlim=(-12, 20), xlabel="Time from the first pairing (min)", ylim=(-0.6, len(labels) + 0.3))
    ax.set_yticks(rows, labels)


def _weights(ax: Any, table: Any, rows: np.ndarray) -> None:
    w, kinds = 100 * table.values("w"), table.values("class")
    shift = np.linspace(-0.22, 0.22, w.shape[1])
    for number, name in enumerate(CLASSES):
        chosen = np.argwhere(kinds == number)
        if len(chosen):
            ax.scatter(w[tuple(chosen.T)], rows[chosen[:, 0]] + shift[chosen[:, 1]], s=9, lw=0, label=name,
                       color=CLASS_COLORS[name], marker=CLASS_MARKERS[name])  # fmt: skip
    ax.errorbar(w.mean(axis=1), rows, xerr=w.std(axis=1, ddof=1), fmt="|", color="black", ms=7, lw=0.8, capsize=2)
    ax.axvline(100, color="black", lw=0.4)


def _findings(path: Path) -> list[Finding]:
    out = []
    for dt, table in _tables(path).items():
        mean = dict(zip(table.values("condition"), 100 * table.values("w").mean(axis=1), strict=True))
        one, two = mean["ACh, then DA"] - 100, mean["DA, then ACh"] - 100
        said = "decides the sign" if one * two < 0 else f"changes the size ({one:+.0f} and {two:+.0f} %), not the sign"
        beside = ("no modulator", "ACh", "DA", "DA late", *(name for name in BLOCKED if "NE" not in name), SILENT)
        out.append(Finding(
            f"ca1 {dt:+g} ms: the order of acetylcholine and dopamine {said}",
            _list(mean, ("ACh, then DA", "DA, then ACh", "ACh with DA")), _list(mean, beside),
        ))  # fmt: skip
        out.append(Finding(
            f"ca1 {dt:+g} ms: noradrenaline before, during and after the same calcium",
            _list(mean, [f"NE {phase}" for phase in PHASES]), _list(mean, ("no modulator", "NE during; beta blocked")),
        ))  # fmt: skip
    return out


def _list(mean: Mapping[str, float], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {mean[name]:.0f} %" for name in names)


STUDY = Study(
    name="order",
    question="Does the order of acetylcholine and dopamine, or of noradrenaline and calcium, decide the sign?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
