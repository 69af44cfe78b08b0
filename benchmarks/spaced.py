"""Write what a second session adds, by when it comes: train, sleep, retrain.

    python benchmarks/spaced.py

Spines of one branch with a spread of calcium get the same session again.  With dopamine (three tetani of 100 pulses ten
minutes apart, which release it) the outcome is late weight; a lone short tetanus makes early change only, and is the
test of trains that add an hour apart (10.1073/pnas.1120700109).  Calcium is prescribed: what is asked is what the slow
system makes of repetition.  Writes `benchmarks/results/spaced.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from dendplast.memory import Puff, Stimulus, Weeks, straight
from dendplast.presets import load_preset

MIN, H, DAY = 6e4, 3.6e6, 8.64e7
SPINES, SEEDS = 60, (1, 2, 3)
FIRST = H
LATE, EARLY = 8 * H, H
"""Outcome after the last session (ms): of late weight, when early change is gone, and of a lone weak tetanus."""

PULSES = {"strong": (100, 3), "weak": (21, 1)}
"""Pulses of a tetanus, and tetani ten minutes apart."""

WEAK_PEAK = 1e-4
"""Calcium of a pulse of the weak tetanus (mM): some half of the spines answer it, the others can be recruited."""

LIMIT = load_preset("ca1").parameters.outcome.weight_min
"""Least change that counts (1)."""

GAPS = {"30 min": 30 * MIN, "1 h": H, "2 h": 2 * H, "4 h": 4 * H, "1 d": DAY, "7 d": 7 * DAY, "28 d": 28 * DAY}
WEAK_GAPS = {"10 min": 10 * MIN, "30 min": 30 * MIN, "1 h": H, "4 h": 4 * H}
PUBLISHED = {"10 min": "nothing", "30 min": "nothing", "1 h": "more, by spines that the first missed"}


def after(seed: int, sessions: dict[float, str], wait: float) -> dict[str, np.ndarray]:
    """Return the outcome `wait` ms after the last of some sessions, by when each begins (ms)."""
    values = load_preset("ca1").parameters
    calcium, every = values.calcium, np.arange(SPINES)
    sigma = 0.5 * np.sqrt(np.log1p(calcium.epsp_spread**2))  # as in study `priming`
    scale = np.exp(sigma * np.random.default_rng(seed).standard_normal(SPINES) - sigma**2 / 2)
    schedule, puffs = [], []
    for start, kind in sessions.items():
        n, times = PULSES[kind]
        train = Stimulus.train(start, every, calcium.epsp_peak if kind == "strong" else WEAK_PEAK, 0.0, n=n, hz=100.0)
        schedule.append(Stimulus(start, every, calcium.ca_rest + train.cai * scale, times, 10 * MIN, train.pre))
        if kind == "strong":
            puffs += [Puff("dopamine", 1e-3, t, t + 5 * MIN) for t in start + 10 * MIN * np.arange(times)]
    tree = straight([(-1, 100.0, 1.0)], 10.0)
    segment = np.resize(np.flatnonzero(tree.section == 1), SPINES)
    weeks = Weeks(
        tree, segment, tree.x[segment], np.full(SPINES, 0.087), values, schedule, puffs, crosstalk=False,
        structure=False, shrinkage=False, each=30 / SPINES, background=values.readout.ca_mean,  # thresholds rest
    )  # fmt: skip
    weeks.run(max(sessions) + wait)
    return weeks.outcome()


def said(each: list[np.ndarray]) -> str:
    """Return mean and SD over seeds of the mean over spines, in percent."""
    means = 100 * np.array([one.mean() for one in each])
    return f"{means.mean():.1f} ± {means.std(ddof=1):.1f}"


def strong() -> list[str]:
    """Return the late weight that sessions with dopamine leave."""
    plans = {"one": {FIRST: "strong"}}
    plans |= {f"two, {name} apart": {FIRST: "strong", FIRST + gap: "strong"} for name, gap in GAPS.items()}
    plans["five, a day apart"] = {FIRST + k * DAY: "strong" for k in range(5)}
    plans["one, and a weak tetanus a day later"] = {FIRST: "strong", FIRST + DAY: "weak"}
    lines = ["| sessions with dopamine | late weight (%) |", "|---|---|"]
    for name, plan in plans.items():
        lines.append(f"| {name} | {said([after(seed, plan, LATE)['late'] for seed in SEEDS])} |")
    alone = [after(seed, plans["one"], DAY + LATE)["late"] for seed in SEEDS]
    return [*lines, f"| one, a day and eight hours later | {said(alone)} |"]


def weak() -> list[str]:
    """Return the early change that tetani without dopamine make."""
    plans = {"once": {FIRST: "weak"}} | {
        f"twice, {name} apart": {FIRST: "weak", FIRST + gap: "weak"} for name, gap in WEAK_GAPS.items()
    }
    lines = ["| weak tetanus | change (%) | spines changed (%) | published: the second adds |", "|---|---|---|---|"]
    for name, plan in plans.items():
        change = [after(seed, plan, EARLY)["w"] - 1 for seed in SEEDS]
        published = next((what for gap, what in PUBLISHED.items() if f", {gap} " in name), "")
        lines.append(f"| {name} | {said(change)} | {said([one > LIMIT for one in change])} | {published} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "spaced.md")
    a = parser.parse_args()
    text = "\n".join([
        "# Sessions again", "",
        f"Written by `benchmarks/spaced.py`. {SPINES} spines of `ca1` on one branch, mean ± SD over {len(SEEDS)} "
        "seeds.", "",
        "Late weight 8 h after the last session:", "", *strong(), "",
        f"Change an hour after the last tetanus; a spine has changed by more than {100 * LIMIT:g} %. Published: "
        "10.1073/pnas.1120700109, theta trains in slices.", "", *weak(), "",
    ])  # fmt: skip
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
