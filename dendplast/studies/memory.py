"""Tagging and capture: a weak input keeps its change when a strong input, or novelty, comes within an hour or two.

Two inputs of one CA1 cell.  The weak one gets one short tetanus, which changes it for hours; the strong one three
long tetani ten minutes apart that recruit dopamine fibres, whose spines make proteins for days (10.1038/385533a0).
Calcium of each tetanus is that of the cell, simulated once; hours are those of `memory.Weeks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment, Numerics, Placement
from ..figures import panel_letter, style
from ..geometry import Geometry
from ..memory import Puff, Weeks, finer, segment_at
from ..protocol import LowFrequency
from ..storage import open_file, read_labelled, study_file, write_labelled
from ..style import PALETTE, curve
from .base import Finding, Job, Report, Study
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
"""Synapses of both inputs on one cell, assumed; those that are simulated stand for them."""

DELAYS = (-4.0, -3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 4.0)  # h, weak after strong
QUICK_DELAYS = (-4.0, -2.0, -0.5, 0.5, 2.0, 4.0)

ANISOMYCIN = Drug(agent="anisomycin", conc="25 uM", start=STRONG - 0.75 * H, stop=STRONG + 3 * H)
SCH23390 = Drug(agent="SCH23390", conc="1 uM", start=STRONG - 0.75 * H, stop=STRONG + 0.7 * H)

COURSE = np.array([-0.02, 0.02, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12])  # h after the weak input
PROTEIN = (0.5, 1.0, 2.0, 4.0, 8.0)  # h after the first strong tetanus


def _cell(n: int, seed: int) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Unit]]:
    """Return a model, the spines of both inputs, and the calcium of both tetani."""
    model = build(Experiment(
        preset="ca1", morphology="ca1_1", seed=seed, numerics=Numerics(dt=0.05, d_lambda=0.2, plastic=False),
        spines=Placement(n=n, region="apical", path_min=80, path_max=250),
    ))  # fmt: skip
    ids = np.random.default_rng(seed).permutation(n)
    strong, weak = np.sort(ids[: 2 * n // 3]), np.sort(ids[2 * n // 3 :])
    found = units(model, {
        "strong": (LowFrequency(n=100, hz=100, spines=tuple(strong.tolist()), start=0.0),),
        "weak": (LowFrequency(n=21, hz=100, spines=tuple(weak.tolist()), start=0.0),),
    })  # fmt: skip
    return model, strong, weak, {name: unit.steady(0, 1500) for name, unit in found.items()}


def _weeks(model: Any, tree: Geometry, unit: Mapping[str, Unit], weak: float | None, strong: bool, drugs: tuple = (),
           novelty: float | None = None, dopamine: bool = True) -> Weeks:  # fmt: skip
    """Return the hours of one condition; `weak` and `novelty` are h after the first strong tetanus."""
    spines = model.spines
    schedule, puffs = [], []
    if strong:
        schedule.append(unit["strong"].at(STRONG, TRAINS, BREAK))
        onsets = STRONG + BREAK * np.arange(TRAINS)
        puffs = [Puff(DOPAMINE.modulator, DOPAMINE.conc, t, t + DOPAMINE.stop) for t in onsets if dopamine]
    if weak is not None:
        schedule.append(unit["weak"].at(STRONG + weak * H))
    if novelty is not None:
        puffs = [Puff("dopamine", NOVELTY, STRONG + novelty * H, STRONG + novelty * H + 30 * MIN)]
    return Weeks(
        tree, segment_at(tree, spines.section, spines.x), spines.x, spines.volume, model.parameters, schedule, puffs,
        drugs, tone=model.tone, crosstalk=False, structure=False, shrinkage=False, each=SYNAPSES / len(spines),
    )  # fmt: skip


def _conditions(delays: tuple[float, ...]) -> dict[str, dict[str, Any]]:
    """Return what is done in each condition."""
    return {f"{d:g} h": {"weak": d, "strong": True} for d in delays} | {
        "weak alone": {"weak": 0.5, "strong": False},
        "strong alone": {"weak": None, "strong": True},
        "anisomycin": {"weak": 0.5, "strong": True, "drugs": (ANISOMYCIN,)},
        "D1 blocked": {"weak": 0.5, "strong": True, "drugs": (SCH23390,)},
        "no dopamine": {"weak": 0.5, "strong": True, "dopamine": False},
        "novelty -0.5 h": {"weak": 0.5, "strong": False, "novelty": 0.0},
        "novelty +0.5 h": {"weak": 0.5, "strong": False, "novelty": 1.0},
        "novelty -5 h": {"weak": 0.5, "strong": False, "novelty": -4.5},
    }


def _ca1(report: Report, delays: tuple[float, ...], n: int, seed: int) -> dict[str, Any]:
    model, strong, weak, unit = _cell(n, seed)
    report(0.3)
    tree = finer(model.tree, 20.0)  # the same object for all: its modes are found once
    todo = _conditions(delays)
    late, w, courses, protein = [], [], {}, []
    for k, (name, what) in enumerate(todo.items()):
        weeks = _weeks(model, tree, unit, **what)
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
        "conditions": list(todo), "delays": np.array(delays), "late": np.array(late), "w": np.array(w),
        "weak": weak, "strong": strong, "courses": courses, "protein": np.array(protein),
        "path_distance": model.spines.path_distance, "segment_distance": tree.path_distance,
        "region": tree.region.astype(str), "limit": model.parameters.outcome.weight_min,
    }  # fmt: skip


def _jobs(quick: bool) -> list[Job]:
    arguments = {"delays": QUICK_DELAYS if quick else DELAYS, "n": 30 if quick else 60, "seed": 1}
    return [Job("ca1", _ca1, arguments)]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    r = results["ca1"]
    n = len(r["path_distance"])
    which = np.where(np.isin(np.arange(n), r["strong"]), "strong", "weak")
    with study_file(path, {"study": "memory", "quick": int(quick), "limit": float(r["limit"])}) as file:
        write_labelled(
            file.create_group("outcome"),
            {
                "condition": (np.array(r["conditions"], object), "1", "condition; h: weak after strong"),
                "spine": (np.arange(n), "1", "spine"),
            },
            {
                "late": (("condition", "spine"), r["late"], "1", "late weight, 8 h after the later input"),
                "w": (("condition", "spine"), r["w"], "1", "weight, 8 h after the later input"),
                "input": (("spine",), which.astype(object), "1", "input that the spine belongs to"),
                "path_distance": (("spine",), r["path_distance"], "um", "path distance from the soma"),
            },
        )
        write_labelled(
            file.create_group("course"),
            {
                "condition": (np.array(list(r["courses"]), object), "1", "condition"),
                "since": (COURSE, "h", "time after the weak input"), "spine": (np.arange(n), "1", "spine"),
            },
            {"w": (("condition", "since", "spine"), np.array(list(r["courses"].values())), "1", "weight")},
        )  # fmt: skip
        write_labelled(
            file.create_group("protein"),
            {
                "since": (np.array(PROTEIN), "h", "time after the first strong tetanus"),
                "segment": (np.arange(len(r["region"])), "1", "segment"),
            },
            {
                "protein": (("since", "segment"), r["protein"], "1", "plasticity-related protein"),
                "path_distance": (("segment",), r["segment_distance"], "um", "path distance from the soma"),
                "region": (("segment",), r["region"].astype(object), "1", "region of the cell"),
            },
        )


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {name: read_labelled(file[name]) for name in ("outcome", "course", "protein")} | {
            "limit": float(file.attrs["limit"])
        }


def _late(table: Any, name: str, which: str = "weak") -> np.ndarray:
    """Return the late weight of one input's spines in a condition (% of the start)."""
    return 100 * table.values("late")[list(table.values("condition")).index(name)][table.values("input") == which]


def _draw(path: Path) -> dict[str, Figure]:
    tables = _tables(path)
    with style():
        figure = Figure(figsize=(7.2, 5.4))
        axes = figure.subplots(2, 2)
        _draw_courses(axes[0, 0], tables)
        _draw_window(axes[0, 1], tables)
        _draw_controls(axes[1, 0], tables)
        _draw_protein(axes[1, 1], tables["protein"])
        for ax, letter in zip(axes.flat, "ABCD", strict=True):
            panel_letter(ax, letter)
    return {"capture": figure}


def _draw_courses(ax: Any, tables: Mapping[str, Any]) -> None:
    table, which = tables["course"], tables["outcome"].values("input")
    looks = {
        ("strong alone", "strong", "strong input"): ("vermilion", "s"),
        ("0.5 h", "weak", "weak input, strong 0.5 h before"): ("green", "D"),
        ("weak alone", "weak", "weak input alone"): ("blue", "o"),
    }
    names = list(table.values("condition"))
    for (name, group, label), (color, marker) in looks.items():
        w = 100 * table.values("w")[names.index(name)][:, which == group]
        curve(ax, table.values("since"), w.mean(axis=1), _sem(w.T), w.shape[1], label, color=PALETTE[color],
              marker=marker)  # fmt: skip
    ax.axhline(100, color="black", lw=0.4)
    ax.set(xlabel="Time after the weak input (h)", ylabel="Weight (% of start)\nmean ± SEM over spines")
    ax.margins(y=0.35)
    ax.legend(loc="upper right")


def _sem(values: np.ndarray) -> np.ndarray:
    """Return the standard error of the mean along the first axis."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def _draw_window(ax: Any, tables: Mapping[str, Any]) -> None:
    table = tables["outcome"]
    names = [name for name in table.values("condition") if name.endswith(" h") and not name.startswith("novelty")]
    delays = np.array([float(name.removesuffix(" h")) for name in names])
    values = np.array([_late(table, name) for name in names])
    curve(ax, delays, values.mean(axis=1), _sem(values.T), values.shape[1], "weak input", color=PALETTE["green"],
          marker="D")  # fmt: skip
    ax.axhline(100 * tables["limit"], color="black", lw=0.6, ls=":", label="limit of a change")
    ax.axhline(_late(table, "weak alone").mean(), color=PALETTE["blue"], lw=0.8, ls="--", label="weak input alone")
    ax.axvline(0, color="black", lw=0.4)
    ax.set(xlabel="Weak input after strong input (h)", ylabel="Late weight of the weak input (%)\nmean ± SEM")
    ax.margins(y=0.3)
    ax.legend(loc="upper left")


def _draw_controls(ax: Any, tables: Mapping[str, Any]) -> None:
    table = tables["outcome"]
    shown = {
        "0.5 h": "strong 0.5 h before", "anisomycin": "same, anisomycin", "D1 blocked": "same, D1 blocked",
        "no dopamine": "same, no dopamine", "weak alone": "weak alone", "novelty -0.5 h": "novelty 0.5 h before",
        "novelty +0.5 h": "novelty 0.5 h after", "novelty -5 h": "novelty 5 h before",
    }  # fmt: skip
    draw = np.random.default_rng(0)
    for k, name in enumerate(shown):
        values = _late(table, name)
        ax.barh(k, values.mean(), 0.7, color=PALETTE["sky"] if k else PALETTE["green"], zorder=0)
        ax.errorbar(values.mean(), k, xerr=_sem(values), fmt="none", ecolor="black", elinewidth=0.8, capsize=2)
        ax.plot(values, k + draw.uniform(-0.25, 0.25, len(values)), ".", ms=2.5, color="black", alpha=0.5)
    ax.axvline(100 * tables["limit"], color="black", lw=0.6, ls=":")
    ax.set_yticks(range(len(shown)), list(shown.values()))
    ax.invert_yaxis()
    ax.set(xlabel=f"Late weight of the weak input (%)\nmean ± SEM, n = {len(_late(table, '0.5 h'))} spines")


def _draw_protein(ax: Any, table: Any) -> None:
    distance, region = table.values("path_distance"), table.values("region")
    signed = np.where(region == "basal", -distance, distance)
    edges = np.arange(-200, 601, 50.0)
    for k, since in enumerate(table.values("since")):
        bins = np.digitize(signed, edges)
        means = [table.values("protein")[k][bins == b].mean() if (bins == b).any() else np.nan
                 for b in range(1, len(edges))]  # fmt: skip
        ax.plot(0.5 * (edges[1:] + edges[:-1]), means, marker="osD^v"[k], label=f"{since:g} h")
    ax.axvspan(80, 250, color=PALETTE["grey"], alpha=0.2, lw=0)
    ax.text(165, 0.98, "strong input", transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=7)
    ax.set(xlabel="Path from the soma (µm; basal negative)", ylabel="Protein (1 is the most)")
    ax.margins(y=0.2)
    ax.legend(title="after strong", ncols=2, loc="center right")


def _findings(path: Path) -> list[Finding]:
    tables = _tables(path)
    table, limit = tables["outcome"], 100 * tables["limit"]
    mean = {name: _late(table, name).mean() for name in table.values("condition")}
    error = {name: float(_sem(_late(table, name))) for name in mean}
    near = {name: mean[name] for name in ("-0.5 h", "0.5 h")}
    far = {name: mean[name] for name in ("-2 h", "2 h", "-4 h", "4 h")}
    return [
        Finding(
            "ca1: a weak input keeps its change when a strong one comes within half an hour before or after",
            ", ".join(f"{value:.1f} ± {error[name]:.1f} % late weight at {name}" for name, value in near.items()),
            f"{mean['weak alone']:.1f} % alone, "
            + ", ".join(f"{value:.1f} ± {error[name]:.1f} % at {name}" for name, value in far.items())
            + f" (limit {limit:g} %; SEM, n = {len(_late(table, '0.5 h'))})",
        ),
        Finding(
            "ca1: rescue needs protein synthesis, and the modulator during the strong input",
            f"{mean['0.5 h']:.1f} %",
            f"{mean['anisomycin']:.1f} % with anisomycin, {mean['D1 blocked']:.1f} % with D1 blocked, "
            f"{mean['no dopamine']:.1f} % without dopamine",
        ),
        Finding(
            "ca1: novelty (dopamine for 30 min) rescues a weak input within half an hour",
            f"{mean['novelty -0.5 h']:.1f} % when 0.5 h before, {mean['novelty +0.5 h']:.1f} % when 0.5 h after",
            f"{mean['novelty -5 h']:.1f} % when 5 h before",
        ),
    ]


STUDY = Study(
    name="memory",
    question="Which changes are kept, and what does a strong input or novelty do for a weak one?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
