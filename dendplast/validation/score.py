"""Compare model and paper, row by row, beside two models that know nothing of modulators.

The three-way class of a row is ``+`` or ``-`` when its mean is more than two errors away from no change, else
``0``.  The model is judged with the paper's own error: it is ``+`` where the paper would have called it so.
z is the difference over sqrt(SEM^2 + tau^2); tau is how much the same protocol differs between series of one
laboratory beyond their sampling error, by class (DerSimonian-Laird on repeated controls of 10.7554/eLife.09685,
10.7554/eLife.27756 and 10.7554/eLife.81071).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .library import unit_of_value
from .plan import Plan
from .table import Row

__all__ = ["TAU", "Contrast", "Score", "Scored", "contrasts", "score_row", "summary"]

TAU = {"+": 20.0, "-": 0.0, "0": 10.0}
"""Spread between series by class of the paper (percent of baseline)."""

NO_ERROR = 5.0
"""Error of a row without one (percent of baseline); assumed: half of the usual SEM of slice data."""

BLIND = {"+": 158.5, "-": 66.9}
"""What a model blind to modulators says (percent): the pooled controls of 10.7554/eLife.09685 and its successors
for a first presynaptic, or a first postsynaptic spike."""

Z_PASS = 2.0


@dataclass(frozen=True)
class Scored:
    """A row beside its simulation; values in percent of no change where the row has a relative measure.

    Attributes
    ----------
    row : Row
    plan : Plan or None
        None when it was not simulated.
    reason : str
        Why not; such a row is never counted as passed.
    model, spread : float
        Mean and SD over spines and cells, in the row's own unit (NaN when not simulated).
    baseline : float
        No change, in the row's own unit.
    z : float
        NaN for a row without a number.
    expected, found : str
        Class of the paper and of the model.
    null_z, null_class : dict
        The same of the models ``"no change"`` and ``"blind"``.
    conversion : bool
        Whether drug or modulator changed the class against the interleaved control.
    """

    row: Row
    plan: Plan | None
    reason: str = ""
    model: float = math.nan
    spread: float = math.nan
    baseline: float = math.nan
    z: float = math.nan
    expected: str = ""
    found: str = ""
    null_z: Mapping[str, float] | None = None
    null_class: Mapping[str, str] | None = None
    conversion: bool = False

    @property
    def right_class(self) -> bool:
        """Whether the model was simulated and is of the paper's class."""
        return self.expected != "" and self.expected == self.found

    @property
    def passed(self) -> bool:
        """Whether the class is right, and z within 2 where there is a number to compare."""
        within = math.isnan(self.z) or abs(self.z) <= Z_PASS
        return (
            self.right_class and within
            if self.expected
            else within and not math.isnan(self.z)
        )


def score_row(
    row: Row,
    plan: Plan | str,
    values: np.ndarray | None,
    baseline: np.ndarray | None = None,
) -> Scored:
    """Score one row.

    Parameters
    ----------
    row : Row
    plan : Plan or str
        Its plan, or why there is none.
    values : ndarray or None
        Relative measure by spine, all seeds one after the other.
    baseline : ndarray or None
        The same of the plan's baseline experiment; the row's change is counted from it.
    """
    if isinstance(plan, str) or values is None:
        return Scored(row, None, plan if isinstance(plan, str) else "was not simulated")
    factor, offset = unit_of_value(row, plan.measure)
    if baseline is not None:
        values = 1 + values - baseline
    ours = factor * values + offset
    none = factor + offset
    if plan.measure in ("lost", "potentiated", "depressed", "calcium"):
        return _absolute(row, plan, ours, baseline is not None)
    mean = float(ours.mean())
    percent = 100.0 / factor
    expected = row.sign or _class(row.value, none, row.error or NO_ERROR / percent)
    limit = 2 * (row.error if row.numeric else NO_ERROR / percent)
    null = {
        "no change": none,
        "blind": none if plan.order is None else _blind(plan.order) / percent + offset,
    }
    if plan.measure == "volume" or baseline is not None:
        null["blind"] = none  # the pooled controls are weights
    tolerance = (
        math.hypot(row.error, TAU[expected] / percent) if row.numeric else math.nan
    )
    return Scored(
        row, plan, "", mean, float(ours.std()), none, (mean - row.value) / tolerance if row.numeric else math.nan,
        expected, _class(mean, none, limit / 2),
        {k: (v - row.value) / tolerance if row.numeric else math.nan for k, v in null.items()},
        {k: _class(v, none, limit / 2) for k, v in null.items()},
    )  # fmt: skip


def _absolute(row: Row, plan: Plan, ours: np.ndarray, signed: bool) -> Scored:
    """Score a probability (binomial error), calcium (SD of the paper), or their sign against a baseline."""
    mean, spread = float(ours.mean()), float(ours.std())
    if signed:
        change = mean - 100.0
        return Scored(row, plan, "", mean, spread, 100.0, math.nan, row.sign, _class(change, 0.0, NO_ERROR / 2),
                      {"no change": math.nan, "blind": math.nan}, {"no change": "0", "blind": "0"})  # fmt: skip
    error = row.error
    if error is None and row.n and plan.measure != "calcium":
        share = min(max(row.value / 100.0, 0.5 / row.n), 1 - 0.5 / row.n)
        error = 100.0 * math.sqrt(share * (1 - share) / row.n)
    z = math.nan if error is None else (mean - row.value) / error
    return Scored(row, plan, "", mean, spread, math.nan, z)


def _class(value: float, none: float, error: float) -> str:
    if value - 2 * error > none:
        return "+"
    return "-" if value + 2 * error < none else "0"


def _blind(order: float) -> float:
    """Return what spike order alone says (percent); both at once counts as presynaptic first."""
    return BLIND["+" if order >= 0 else "-"]


@dataclass(frozen=True)
class Contrast:
    """A drug or modulator minus its interleaved control, in percent of no change."""

    row: str
    control: str
    paper: float
    error: float
    model: float

    @property
    def z(self) -> float:
        """The difference of the differences over the paper's error."""
        return (self.model - self.paper) / self.error


def contrasts(scored: Sequence[Scored]) -> tuple[list[Scored], list[Contrast]]:
    """Mark the conversion rows, and return the contrasts of numeric rows with their controls."""
    by = {s.row.id: s for s in scored}
    out, found = [], []
    for s in scored:
        control = by.get(s.plan.control) if s.plan is not None else None
        if (
            control is None
            or control.plan is None
            or not control.expected
            or not s.expected
        ):
            out.append(s)
            continue
        out.append(replace(s, conversion=s.expected != control.expected))
        if s.row.numeric and control.row.numeric and s.row.y_name == control.row.y_name:
            scale = 100.0 / unit_of_value(s.row, s.plan.measure)[0]
            found.append(Contrast(
                s.row.id, control.row.id, scale * (s.row.value - control.row.value),
                scale * math.hypot(s.row.error, control.row.error), scale * (s.model - control.model),
            ))  # fmt: skip
    return out, found


@dataclass(frozen=True)
class Score:
    """Counts: of how many, how many are right; for the model and for both null models."""

    simulated: int
    rows: int
    classes: int
    right: Mapping[str, int]
    numbers: int
    within: Mapping[str, int]
    conversions: int
    converted: Mapping[str, int]
    signs: int
    signs_right: Mapping[str, int]
    pairs: int
    pairs_within: int
    ten_hz: float

    def share(self, what: str, who: str = "model") -> float:
        """Return a share in percent of ``"right"``, ``"within"``, ``"converted"`` or ``"signs_right"``."""
        of = {
            "right": self.classes,
            "within": self.numbers,
            "converted": self.conversions,
            "signs_right": self.signs,
        }
        return 100.0 * getattr(self, what)[who] / of[what] if of[what] else math.nan


TEN_HZ = ("MRK97-03", "MRK97-07", "MRK97-08")
"""Pairings at 10 Hz whose summed squares over SEM other models of spine calcium are compared by."""


def summary(scored: Sequence[Scored], pairs: Sequence[Contrast]) -> Score:
    """Return the counts of a scored table; rows that were not simulated count in `rows` alone."""
    done = [s for s in scored if s.plan is not None]
    classes = [s for s in done if s.expected and s.row.numeric]
    numbers = [s for s in done if not math.isnan(s.z)]
    signs = [s for s in done if s.row.sign]
    conversions = [s for s in done if s.conversion]
    nulls = ("no change", "blind")

    def right(some: Sequence[Scored]) -> dict[str, int]:
        known = [s for s in some if s.null_class is not None]
        null = {k: sum(s.null_class[k] == s.expected for s in known) for k in nulls}
        return {"model": sum(s.right_class for s in some)} | null

    within = {"model": sum(abs(s.z) <= Z_PASS for s in numbers)}
    within |= {
        k: sum(s.null_z is not None and abs(s.null_z[k]) <= Z_PASS for s in numbers)
        for k in nulls
    }
    by = {s.row.id: s for s in done}
    ten = [
        ((by[i].model - by[i].row.value) / by[i].row.error) ** 2
        for i in TEN_HZ
        if i in by
    ]
    return Score(
        len(done), len(scored), len(classes), right(classes), len(numbers), within, len(conversions),
        right(conversions), len(signs), right(signs), len(pairs), sum(abs(c.z) <= Z_PASS for c in pairs),
        sum(ten) if len(ten) == len(TEN_HZ) else math.nan,
    )  # fmt: skip
