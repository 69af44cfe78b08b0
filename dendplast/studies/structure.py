"""Structure: which spines are lost after an induction, and what the cell is without them.

Days: tags are set as an induction leaves them, and the slow system follows (10.7554/eLife.39151).  Pruning: a tenth of
the spines of a passive CA1 cell is taken from the live model, and the same cell is built anew without them.  Pairs of
spines show what neighbours hear of a potentiated one (`crosstalk`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..build import build
from ..experiment import Experiment, Numerics, Placement
from ..figures import panel_letter, style
from ..memory import Puff, Trace, Weeks, kaplan_meier, straight
from ..presets import load_preset
from ..remodel import remodel
from ..storage import open_file, read_labelled, study_file, write_labelled
from ..style import PALETTE, curve
from ..unitary import unitary_responses
from . import crosstalk
from .base import Finding, Job, Report, Study

__all__ = ["STUDY"]

MIN, DAY = 6e4, 8.64e7
GROUPS = ("unstimulated", "potentiated", "depressed")
LOOKS = (("black", "o"), ("vermilion", "^"), ("blue", "v"))
PUBLISHED = {"unstimulated": (0.27, 6.0, None), "potentiated": (1 / 11, 7.0, 11), "depressed": (0.45, 6.0, None)}
"""Share lost, in days (6: from day 1 to 7), of n spines (10.7554/eLife.39151; n of two is not given)."""

LOW = np.arange(0.0, 15 * MIN, MIN / 6)
"""When low frequency renews its trace (ms): for a quarter of an hour, 900 pulses at 1 Hz (10.7554/eLife.39151)."""

MOMENTS = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 7, 10, 14])  # d
MEASURED = ("input resistance", "EPSP in the soma", "EPSP in the head")


def _days(report: Report, n: int, days: float, seed: int) -> dict[str, Any]:
    """Return loss and volume of three groups of spines, induced at the first day's beginning."""
    tree = straight([(-1, 200.0, 1.5)] * 6, 20.0)
    rows = np.flatnonzero(tree.region != "soma")
    segment = np.resize(rows, 3 * n)
    group = np.repeat(np.arange(3), n)[np.random.default_rng(seed).permutation(3 * n)]
    # seconds at 5 Hz, and a quarter of an hour at 1 Hz; without modulator the change fades before the first day is over
    up, down = (np.flatnonzero(group == k) for k in (1, 2))
    schedule = [Trace(MIN, up, elig_P=0.9)] + [Trace(t, down, elig_D=0.9) for t in LOW + 2 * MIN]
    weeks = Weeks(
        tree, segment, tree.x[segment], np.full(3 * n, 0.087), load_preset("ca1").parameters, schedule, seed=seed,
        crosstalk=False,
    )  # fmt: skip
    volume = []
    for t in MOMENTS[days >= MOMENTS]:
        weeks.run(2 * MIN + LOW[-1] + t * DAY)
        volume.append(weeks.outcome()["volume"][: 3 * n])
        report(t / days)
    lost = weeks.outcome()["lost_at"][: 3 * n]
    return {"group": group, "volume": np.array(volume), "lost": lost / DAY, "moments": MOMENTS[days >= MOMENTS]}


def _formed(report: Report, days: float, seed: int) -> dict[str, Any]:
    """Return how many spines formed per 100 on each branch; the first is active and modulated thrice a day."""
    tree = straight([(-1, 200.0, 1.5)] * 6, 20.0)
    rows = np.flatnonzero(tree.region != "soma")
    segment = np.repeat(rows, 40)
    active = np.flatnonzero(tree.section[segment] == 1)
    schedule, puffs = [], []
    for day in range(int(days)):
        for hour in (4, 12, 20):
            t = day * DAY + hour * 60 * MIN
            schedule.append(Trace(t, active, elig_P=0.9))
            puffs.append(Puff("dopamine", 3e-3, t, t + 20 * MIN))
    weeks = Weeks(
        tree, segment, tree.x[segment], np.full(len(segment), 0.087), load_preset("ca1").parameters, schedule, puffs,
        seed=seed, crosstalk=False,
    )  # fmt: skip
    weeks.run(days * DAY)
    out = weeks.outcome()
    new = out["section"][len(segment) :]
    return {"formed": np.array([100 * np.count_nonzero(new == k) / (len(segment) / 6) for k in range(1, 7)])}


def _pruning(report: Report, n: int, probes: int, seed: int) -> dict[str, Any]:
    """Return what changes when a tenth of the spines goes (%), by `remodel` and by a cell built anew."""
    experiment = Experiment(
        preset="passive", morphology="ca1_1", seed=seed, spines=Placement(n=n, calibrate=False),
        numerics=Numerics(dt=0.1, d_lambda=0.2, plastic=False),
    )  # fmt: skip
    model = build(experiment)
    draw = np.random.default_rng(seed)
    gone = draw.choice(n, n // 10, replace=False)
    keep = np.setdiff1d(np.arange(n), gone)
    chosen = np.sort(draw.choice(keep, probes, replace=False))
    before = unitary_responses(model, chosen)
    report(0.3)
    remodel(model, keep)
    after = unitary_responses(model, np.searchsorted(keep, chosen))
    conductances, spines, cell = dict(model.conductances), model.spines, model.cell
    del model  # a cell carries the spines of both
    report(0.6)
    rebuilt = build(experiment, cell=cell, spines=spines)
    rebuilt.set_conductances(**conductances)
    anew = unitary_responses(rebuilt, np.searchsorted(keep, chosen))
    return {"change": 100 * (np.array([after, anew]) / before - 1), "spine": chosen, "n": n, "gone": len(gone)}


def _jobs(quick: bool) -> list[Job]:
    pairs = {
        "distances": (1.0, 3.0, 5.0, 6.0, 8.0, 10.0) if quick else (0.5, 1.5, 3, 4, 5, 5.5, 6, 7, 8, 10),
        "waits": (4.0, 6.0, 9.0) if quick else (3.0, 4.5, 6.0, 7.5, 9.0, 12.0), "n": 4 if quick else 12,
    }  # fmt: skip
    seeds = (1,) if quick else (1, 2, 3)
    return [
        *(Job(f"days {seed}", _days, {"n": 200 if quick else 700, "days": 7.0 if quick else 14.0, "seed": seed})
          for seed in seeds),
        Job("formed", _formed, {"days": 2.0 if quick else 14.0, "seed": 1}),
        *(Job(f"crosstalk {seed}", crosstalk.job, pairs | {"seed": seed}, 2.0) for seed in seeds),
        Job("pruning", _pruning, {"n": 500 if quick else 2000, "probes": 4 if quick else 12, "seed": 1}, 2.0),
    ]  # fmt: skip


def _of(results: Mapping[str, Any], kind: str) -> list[Any]:
    """Return the results of the jobs of one kind, one a seed."""
    return [found for label, found in results.items() if label.split()[0] == kind]


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    pruning, days = results["pruning"], _of(results, "days")
    group = np.concatenate([one["group"] for one in days])
    with study_file(path, {"study": "structure", "quick": int(quick), "n_spine": pruning["n"]}) as file:
        write_labelled(
            file.create_group("days"),
            {"since": (days[0]["moments"], "d", "time after induction"),
             "spine": (np.arange(len(group)), "1", "spine")},
            {
                "volume": (("since", "spine"), np.hstack([one["volume"] for one in days]), "um3",
                           "head volume; NaN: lost"),
                "lost_at": (("spine",), np.concatenate([one["lost"] for one in days]), "d",
                            "when the spine was lost; inf: it is there"),
                "group": (("spine",), np.array(GROUPS, object)[group], "1", "what was done to the spine"),
                "seed": (("spine",), np.repeat(1 + np.arange(len(days)), len(days[0]["group"])), "1",
                         "seed of its fate"),
            },
        )  # fmt: skip
        write_labelled(
            file.create_group("formed"), {"branch": (np.arange(6), "1", "branch; 0 is the active one")},
            {"formed": (("branch",), results["formed"]["formed"], "1", "spines formed per 100 there were")},
        )  # fmt: skip
        crosstalk.write(file, _of(results, "crosstalk"))
        write_labelled(
            file.create_group("pruning"),
            {
                "way": (np.array(["taken from the live model", "cell built anew"], object), "1", "how they went"),
                "quantity": (np.array(MEASURED, object), "1", "what was measured"),
                "probe": (pruning["spine"], "1", "spine that was probed"),
            },
            {"change": (("way", "quantity", "probe"), pruning["change"], "%", "change without a tenth of the spines")},
        )


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {name: read_labelled(file[name]) for name in ("days", "formed", "crosstalk", "pruning")}


def _draw(path: Path) -> dict[str, Figure]:
    from .space_figure import wilson

    tables = _tables(path)
    days, end = tables["days"], float(tables["days"].values("since")[-1])
    with style():
        figure = Figure(figsize=(7.2, 5.4))
        (loss, size), (birth, prune) = figure.subplots(2, 2)
        for k, (name, (color, marker)) in enumerate(zip(GROUPS, LOOKS, strict=True)):
            mine = days.values("group") == name
            lost = days.values("lost_at")[mine]
            curve_ = kaplan_meier(np.minimum(lost, end), lost <= end)
            x, y = np.append(curve_.time, end), 100 * np.append(curve_.share, curve_.share[-1])
            error = 100 * np.append(curve_.error, curve_.error[-1])
            loss.step(x, y, where="post", color=PALETTE[color], label=f"{name} (n = {mine.sum()})")
            loss.fill_between(x, y - error, y + error, step="post", color=PALETTE[color], alpha=0.2, lw=0)
            share, day, n = PUBLISHED[name]
            bars = None
            if n:
                low, high = wilson(np.array([share]), np.array([n]))
                bars = 100 * np.array([high - share, share - low])
            loss.errorbar(day + 0.15 * (k - 1), 100 * (1 - share), bars, fmt=marker, mfc="white", ms=5,
                          color=PALETTE[color], capsize=2)  # fmt: skip
            volume = 1e2 * days.values("volume")[:, mine] / 0.087
            there = np.isfinite(volume).sum(axis=1)
            curve(size, days.values("since"), np.nanmean(volume, axis=1), np.nanstd(volume, axis=1) / np.sqrt(there),
                  color=PALETTE[color], marker=marker, label=name)  # fmt: skip
        loss.set(xlabel="Time after induction (d)", ylabel="Spines that are there (%)\nband: ± SE; open: published",
                 ylim=(0, 103))  # fmt: skip
        loss.legend(loc="lower left")
        size.set(xlabel="Time after induction (d)", ylabel="Head volume (% of start)\nmean ± SEM of those there")
        size.set_xscale("symlog", linthresh=0.02)
        size.set_xticks([0, 0.02, 0.1, 1, end], ["0", "0.02", "0.1", "1", f"{end:g}"])
        size.margins(y=0.3)
        size.legend(loc="upper right")
        formed = tables["formed"].values("formed")
        birth.bar([0, 1], [formed[0], formed[1:].mean()], 0.6, color=[PALETTE["green"], PALETTE["grey"]])
        birth.errorbar([1], [formed[1:].mean()], formed[1:].std(ddof=1), fmt="none", ecolor="black", capsize=3)
        birth.plot(np.linspace(0.8, 1.2, 5), formed[1:], ".", color="black", ms=4)
        birth.set_xticks([0, 1], ["active,\nmodulated branch", "other branches\n(mean ± SD, n = 5)"])
        birth.set(ylabel="Spines formed per 100")
        _draw_pruning(prune, tables["pruning"])
        for ax, letter in zip((loss, size, birth, prune), "ABCD", strict=True):
            panel_letter(ax, letter)
    return {"spines": figure, "crosstalk": crosstalk.draw(tables["crosstalk"])}


def _draw_pruning(ax: Any, table: Any) -> None:
    change = table.values("change")
    for k, (way, color) in enumerate(zip(table.values("way"), ("sky", "grey"), strict=True)):
        y = change[k]
        at = np.arange(3) + 0.36 * k - 0.18
        ax.bar(at, y.mean(axis=1), 0.34, color=PALETTE[color], label=way)
        ax.errorbar(at, y.mean(axis=1), y.std(axis=1, ddof=1), fmt="none", ecolor="black", elinewidth=0.8, capsize=2)
    ax.axhline(0, color="black", lw=0.5)
    ax.set_xticks(range(3), [name.replace(" in", "\nin").replace(" res", "\nres") for name in MEASURED])
    ax.set(ylabel=f"Change without a tenth (%)\nmean ± SD, n = {change.shape[2]} synapses")
    ax.margins(y=0.35)
    ax.legend(loc="upper right")


def _deviation(days: Any, name: str) -> float:
    """Return how far the share lost is from the published one, over the binomial error of both (1)."""
    share, day, n = PUBLISHED[name]
    lost = days.values("lost_at")[days.values("group") == name] <= day
    variance = share * (1 - share) * (1 / len(lost) + (1 / n if n else 0.0))
    return float((lost.mean() - share) / np.sqrt(variance))


def _findings(path: Path) -> list[Finding]:
    tables = _tables(path)
    days = tables["days"]
    lost = {
        name: 100 * np.mean(days.values("lost_at")[days.values("group") == name] <= PUBLISHED[name][1])
        for name in GROUPS
    }
    change = tables["pruning"].values("change")
    formed = tables["formed"].values("formed")
    apart = float(np.abs(change[0] - change[1]).max())
    return [
        Finding(
            "ca1: within six or seven days depressed spines are lost more often than others, potentiated ones less",
            f"{lost['depressed']:.0f} % and {lost['potentiated']:.0f} % lost",
            f"{lost['unstimulated']:.0f} % unstimulated (published: 45, 9 and 27 %)",
        ),
        Finding(
            "ca1: shares lost differ from the published ones by less than twice the binomial error",
            ", ".join(f"z = {_deviation(days, name):+.1f} {name}" for name in GROUPS),
            "the model's own error, and that of 1 of 11 published; n of the others is not given",
        ),
        *crosstalk.findings(tables["crosstalk"]),
        Finding(
            "spines form on active, modulated dendrite", f"{formed[0]:.1f} per 100 spines",
            f"{formed[1:].mean():.1f} on other branches",
        ),
        Finding(
            "without a tenth of its spines the cell has a higher input resistance",
            f"{change[0, 0].mean():+.2f} %, EPSPs {change[0, 1].mean():+.2f} % in the soma, "
            f"{change[0, 2].mean():+.2f} % in the head",
            f"a cell built anew differs by {apart:.1e} % at most",
        ),
    ]  # fmt: skip


STUDY = Study(
    name="structure",
    question="Which spines are lost and formed in days, and what is the cell without them?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
