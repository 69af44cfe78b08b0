"""Dose, blocked uptake, density and three modulators around one crossing of branches, by replay.

Calcium of one unit of the pairing is recorded once; every condition drives the rule with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..build import build
from ..drugs import Drug
from ..experiment import Experiment
from ..parameters import OutcomeParameters
from ..protocol import Pairing, Release
from ..release import Patch
from ..replay import Condition, replay
from ..simulate import record
from ..sources import Volume
from .base import Report
from .timing import NUMERICS

__all__ = ["AFTER", "BLOCKERS", "DENSITIES", "DOSES", "conditions", "specificity", "sweep"]

DOSES = {True: (0.1, 0.3, 1.0), False: (0.06, 0.1, 0.2, 0.3, 0.6, 1.0)}
"""Release probability of every varicosity in the patch, by whether the study is quick; 0.06 is tonic firing's."""

DENSITIES = {True: (0.1, 1.0), False: (0.1, 0.3, 1.0)}
"""Density of varicosities over that of the tissue."""

BLOCKERS = {"dspn": Drug(agent="nomifensine", conc="0.26 uM"), "ca1": Drug(agent="desipramine", conc="8 nM")}
"""Blocks the carrier of dopamine in each tissue at ten times its inhibition constant: a tenth is left."""

GRID_H = {True: 2.0, False: 1.0}
"""Distance of a grid's points (um), by whether the study is quick, of which the grid of random varicosities was most:
with 2 um their dopamine is 2 to 3 % less, and a net tag at most 0.006 of 0.46."""

AFTER = 120e3  # ms from the end of the pairing to the outcome

RADIUS = 10.0  # um


def conditions(
    preset: str, center: tuple[float, ...], burst: dict[str, Any], quick: bool
) -> list[tuple[Condition, str, str]]:
    """Return conditions, each with the axis it stands on and the label of its control.

    Parameters
    ----------
    preset : str
        ``"dspn"`` or ``"ca1"``.
    center : tuple of 3 floats
        Middle of the patch (um).
    burst : dict
        What the axons do: fields of a `Release`, but its site.
    quick : bool
        Fewer of them.
    """
    block = (BLOCKERS[preset],)

    def patch(modulator: str = "dopamine", p: float = 0.3) -> Release:
        return Release(site=Patch(modulator, center=center, radius=RADIUS, p=p), **burst)

    def volume(share: float) -> Release:
        density = share * {"dspn": 0.104, "ca1": 0.01}[preset]
        return Release(site=Volume("dopamine", center=center, radius=RADIUS, density=density, p=0.3), **burst)

    rows = [(Condition("no release"), "control", "no release"),
            (Condition("no release, blocked", drugs=block), "control", "no release, blocked")]  # fmt: skip
    for p in DOSES[quick]:
        rows.append((Condition(f"p = {p:g}", (patch(p=p),)), "dose", "no release"))
        rows.append((Condition(f"p = {p:g}, blocked", (patch(p=p),), block), "dose blocked", "no release, blocked"))
    rows += [(Condition(f"density x {x:g}", (volume(x),)), "density", "no release") for x in DENSITIES[quick]]
    for name in ("acetylcholine", "noradrenaline"):
        rows.append((Condition(name, (patch(name),)), "modulator", "no release"))
    both = (patch(), patch("acetylcholine"))
    rows.append((Condition("dopamine and acetylcholine", both), "modulator", "no release"))
    return rows


def sweep(
    report: Report, experiment: Experiment, cell: Any, spines: Any, preset: str, center: np.ndarray, pairing: Pairing,
    burst: dict[str, Any], quick: bool,
) -> dict[str, Any]:  # fmt: skip
    """Record one unit and replay every condition.

    Returns
    -------
    dict
        ``label``, ``axis`` and ``value`` by condition, and ``change``: net tag against the condition's control,
        shape (n_condition, n_spine).
    """
    numerics = NUMERICS.replaced(plastic=False, grid_h=GRID_H[quick])
    model = build(experiment.replaced(numerics=numerics), cell=cell, spines=spines)
    report(0.3)
    recorded = record(model, pairing)
    report(0.5)
    rows = conditions(preset, tuple(center.tolist()), burst, quick)
    _, outcome = replay(recorded, [row[0] for row in rows], pairing.end(float(pairing.start)) + AFTER)
    net = outcome["tag_P"][-1] - outcome["tag_D"][-1]
    label = [row[0].label for row in rows]
    control = [label.index(row[2]) for row in rows]
    number = [float(x) if x.replace(".", "", 1).isdigit() else np.nan for x in (_last(n) for n in label)]
    return {"label": label, "axis": [row[1] for row in rows], "value": np.array(number), "change": net - net[control]}


def _last(label: str) -> str:
    """Return the number at the end of a label, if there is one."""
    return label.partition(",")[0].split()[-1]


def specificity(distance: np.ndarray, change: np.ndarray, radius: float = RADIUS) -> dict[str, float]:
    """Return shares tagged within and beyond a radius (um), and which part of all tags lies within.

    `index` is 1 when every tag is within, and NaN when nothing is tagged.
    """
    flag, near = np.abs(change) >= OutcomeParameters().tag_min, distance <= radius
    inside, outside = int(flag[near].sum()), int(flag[~near].sum())
    return {
        "inside": inside / max(1, near.sum()), "outside": outside / max(1, (~near).sum()),
        "n_inside": inside, "n_outside": outside,
        "index": inside / (inside + outside) if inside + outside else np.nan,
    }  # fmt: skip
