"""Metaplasticity: what modulators did hours ago, or did not do for days, decides how large a change becomes.

Spines with a spread of calcium peaks get one short tetanus.  Dopamine for half an hour, some time before, primes
them; a week without dopamine raises the threshold of their kinase.  Calcium is prescribed, so that nothing but history
differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..drugs import Drug
from ..figures import panel_letter, style
from ..memory import Puff, Stimulus, Weeks, straight
from ..modulation import ToneStep
from ..parameters import Parameters
from ..presets import load_preset
from ..storage import open_file, read_labelled, study_file, write_labelled
from ..style import PALETTE, curve
from .base import Finding, Job, Report, Study

__all__ = ["STUDY", "absent", "primed"]

MIN, H, DAY = 6e4, 3.6e6, 8.64e7
DOSE, LASTS = 2e-2, 30 * MIN
"""Dopamine of the prior modulation (mM, as in 10.7554/eLife.09685) and how long it is there (ms), assumed."""

TONE = {"da": 2e-4}
"""Dopamine that is there before it is taken away (mM), assumed."""

BLOCK = Drug(agent="SCH23390", conc="1 uM")
DELAYS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0)  # h from the end of the modulation to the tetanus
QUICK_DELAYS = (0.25, 1.0, 6.0)
PEAKS = tuple(np.round(np.geomspace(0.015, 0.2, 10), 3).tolist())  # uM per pulse
QUICK_PEAKS = (0.02, 0.03, 0.04, 0.055, 0.08, 0.14)
AFTER = 8 * H


def _spines(values: Parameters, n: int, seed: int, branches: int = 1, **more: Any) -> Any:
    """Return a function that makes weeks of branches with `n` spines each, the same draw of calcium on each."""
    tree = straight([(-1, 100.0, 1.0)] * branches, 10.0)
    segment = np.concatenate([np.resize(np.flatnonzero(tree.section == 1 + k), n) for k in range(branches)])
    total = n * branches
    sigma = np.sqrt(np.log1p(values.calcium.epsp_spread**2)) * 0.5  # half: the thresholds follow a spine's own calcium
    scale = np.exp(sigma * np.random.default_rng(seed).standard_normal(n) - sigma**2 / 2)

    def weeks(peak: Any, start: float, **given: Any) -> Weeks:
        train = Stimulus.train(start, np.arange(total), 1.0, 0.0, n=21, hz=100.0)
        cai = values.calcium.ca_rest + train.cai * np.outer(np.broadcast_to(peak, branches), scale).ravel()
        stimulus = Stimulus(start, train.spines, cai, pre=train.pre)
        return Weeks(
            tree, segment, tree.x[segment], np.full(total, 0.087), values, [stimulus], crosstalk=False,
            structure=False, shrinkage=False, each=30 / n, **(more | given),
        )  # fmt: skip

    return weeks


def primed(values: Parameters, delays: Sequence[float], n: int, seed: int, blocked: bool = False) -> np.ndarray:
    """Return what is left of a tetanus's change 8 h later, shape (1 + n_delay, n_spine): unprimed, then by delay (h).

    Parameters
    ----------
    values : Parameters
        Of all spines.
    delays : sequence of float
        From the end of the modulation to the tetanus (h).
    n, seed : int
        Spines, and their draw.
    blocked : bool
        D1 receptors are blocked while dopamine is there.
    """
    weeks, out = _spines(values, n, seed), []
    for delay in (None, *delays):
        stop = LASTS
        start = stop + (delay or 1.0) * H
        puffs = [] if delay is None else [Puff("dopamine", DOSE, 0.0, stop)]
        drugs = [BLOCK.replaced(stop=stop + MIN)] if blocked else []
        run = weeks(values.calcium.epsp_peak, start, puffs=puffs, drugs=drugs)
        run.run(start + AFTER)
        out.append(run.outcome()["w"] - 1)
    return np.array(out)


def absent(
    values: Parameters, peaks: Sequence[float], days: float, n: int, seed: int, blocked: bool = False
) -> np.ndarray:
    """Return the change 20 min after a tetanus by calcium peak per pulse (mM), shape (n_peak, n_spine).

    Dopamine's tone was gone for `days`, and is back since an hour. Each peak has a branch of its own.

    Parameters
    ----------
    values, n, seed
        As of `primed`.
    peaks : sequence of float
        Of calcium per pulse (mM).
    days : float
        0: it was there all the time.
    blocked : bool
        D1 receptors are blocked all the time.
    """
    steps = [ToneStep(modulator="dopamine", conc=0.0, start=H, duration=days * DAY)] if days else []
    # background keeps the sliding threshold where it is, so that days alone make no difference
    ongoing = values.readout.ca_mean
    drugs = [BLOCK] if blocked else []
    weeks = _spines(values, n, seed, len(peaks), tone=TONE, steps=steps, drugs=drugs, background=ongoing)
    start = 2 * H + days * DAY
    run = weeks(np.asarray(peaks), start)
    run.run(start + 20 * MIN)
    return (run.outcome()["w"] - 1).reshape(len(peaks), n)


def threshold(peaks: np.ndarray, change: np.ndarray) -> float:
    """Return the calcium peak at which the mean change reaches half of its largest, by interpolation."""
    mean = change.mean(axis=1)
    return float(np.exp(np.interp(0.5 * mean.max(), np.maximum.accumulate(mean), np.log(peaks))))


def _job(report: Report, delays: tuple[float, ...], peaks: tuple[float, ...], n: int, seed: int) -> dict[str, Any]:
    values = load_preset("ca1").parameters
    out: dict[str, Any] = {"delays": np.array(delays), "peaks": 1e-3 * np.array(peaks)}
    out["primed"] = np.array([primed(values, delays, n, seed, blocked) for blocked in (False, True)])
    report(0.5)
    conditions = ((0.0, False), (7.0, False), (0.0, True), (7.0, True))
    out["absent"] = np.array([absent(values, out["peaks"], days, n, seed, blocked) for days, blocked in conditions])
    return out


def _jobs(quick: bool) -> list[Job]:
    arguments = {"delays": QUICK_DELAYS, "peaks": QUICK_PEAKS, "n": 12} if quick else {
        "delays": DELAYS, "peaks": PEAKS, "n": 40}  # fmt: skip
    return [Job("ca1", _job, arguments | {"seed": 1})]


ABSENT = ("tone all along", "no tone for 7 d", "tone, D1 blocked", "no tone for 7 d, D1 blocked")


def _save(path: Path, results: Mapping[str, Any], quick: bool) -> None:
    r = results["ca1"]
    spine = (np.arange(r["primed"].shape[2]), "1", "spine")
    with study_file(path, {"study": "priming", "quick": int(quick)}) as file:
        write_labelled(
            file.create_group("primed"),
            {
                "condition": (np.array(["D1 free", "D1 blocked"], object), "1", "receptors during the modulation"),
                "delay": (np.append(np.nan, r["delays"]), "h", "tetanus after modulation; NaN: none before"),
                "spine": spine,
            },
            {"change": (("condition", "delay", "spine"), r["primed"], "1", "change of weight after 8 h")},
        )
        write_labelled(
            file.create_group("absent"),
            {
                "condition": (np.array(ABSENT, object), "1", "dopamine before; it is back for an hour"),
                "peak": (r["peaks"], "mM", "rise of calcium per pulse"), "spine": spine,
            },
            {"change": (("condition", "peak", "spine"), r["absent"], "1", "change of weight after 20 min")},
        )  # fmt: skip


def _tables(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        return {name: read_labelled(file[name]) for name in ("primed", "absent")}


def _sem(values: np.ndarray) -> np.ndarray:
    return values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])


def _draw(path: Path) -> dict[str, Figure]:
    tables = _tables(path)
    with style():
        figure = Figure(figsize=(7.2, 3.2))
        left, right = figure.subplots(1, 2)
        table = tables["primed"]
        change, delay = 100 * table.values("change"), table.values("delay")[1:]
        looks = (("D1 free", "vermilion", "s"), ("D1 blocked", "blue", "o"))
        for k, (label, color, marker) in enumerate(looks):
            y = change[k, 1:]
            curve(left, delay, y.mean(axis=1), _sem(y), y.shape[1], label, color=PALETTE[color], marker=marker)
        left.axhline(change[0, 0].mean(), color="black", lw=0.8, ls=":", label="no modulation before")
        left.set(xlabel="Tetanus after 30 min of dopamine (h)", ylabel="Change left 8 h later (%)\nmean ± SEM")
        left.margins(y=0.3)
        left.legend(loc="upper right")
        table = tables["absent"]
        looks = (("black", "o"), ("vermilion", "s"), ("sky", "^"), ("blue", "v"))
        for k, (label, (color, marker)) in enumerate(zip(ABSENT, looks, strict=True)):
            y = 100 * table.values("change")[k]
            curve(right, 1e3 * table.values("peak"), y.mean(axis=1), _sem(y), y.shape[1], label, color=PALETTE[color],
                  marker=marker)  # fmt: skip
        right.set(xlabel="Calcium per pulse (µM)", ylabel="Change after 20 min (%)\nmean ± SEM", xscale="log")
        right.set_xticks([0.02, 0.04, 0.08, 0.15], ["0.02", "0.04", "0.08", "0.15"])
        right.minorticks_off()
        right.margins(y=0.7)
        right.legend(loc="upper left")
        for ax, letter in zip((left, right), "AB", strict=True):
            panel_letter(ax, letter)
    return {"history": figure}


def _findings(path: Path) -> list[Finding]:
    tables = _tables(path)
    change, delay = 100 * tables["primed"].values("change").mean(axis=2), tables["primed"].values("delay")
    near, far = 1 + int(np.argmin(np.abs(delay[1:] - 0.25))), len(delay) - 1
    table = tables["absent"]
    at = [1e3 * threshold(table.values("peak"), c) for c in table.values("change")]
    return [
        Finding(
            "ca1: dopamine a quarter of an hour before a tetanus enlarges what is left of its change",
            f"{change[0, near]:.1f} % after 8 h",
            f"{change[0, 0]:.1f} % without, {change[0, far]:.1f} % when {delay[far]:g} h before, "
            f"{change[1, near]:.1f} % with D1 blocked",
        ),
        Finding(
            "ca1: a week without dopamine raises the calcium that a tetanus needs",
            f"{at[1]:.3f} uM per pulse", f"{at[0]:.3f} uM with it; D1 blocked: {at[3]:.3f} and {at[2]:.3f} uM",
        ),
    ]  # fmt: skip


STUDY = Study(
    name="priming",
    question="Does a synapse change more after modulators have acted, and less after they were gone for long?",
    jobs=_jobs,
    save=_save,
    draw=_draw,
    findings=_findings,
)
