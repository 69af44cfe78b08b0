"""From a row of a table to the experiment that simulates it, or to the reason why nothing does."""

from __future__ import annotations

from pathlib import Path

from ..errors import ParameterError
from ..experiment import Experiment
from ..protocol import Pairing, resolve_time
from . import rows_ca1, rows_cortex, rows_reserve, rows_spine, rows_striatum
from .plan import MEASURES, Plan, Region
from .table import Row

__all__ = ["LIBRARY", "find", "unit_of_value"]

LIBRARY: dict[str, Plan | str] = {
    **rows_ca1.ROWS, **rows_cortex.ROWS, **rows_striatum.ROWS, **rows_spine.ROWS, **rows_reserve.ROWS,
}  # fmt: skip
"""Experiment by the id of its row; a text says why there is none."""


def find(row: Row) -> Plan | str:
    """Return the plan of a row, or one sentence that says why it can not be simulated.

    A row that brings its own `experiment` (TOML text, or the path of a TOML file from where the table is)
    needs no entry in the library.

    Raises
    ------
    ParameterError
        If the row's own experiment or measure is not valid.
    """
    plan = _own(row) if row.experiment else LIBRARY.get(row.id)
    if plan is None:
        return "not in the library; give its protocol in a column `experiment`"
    if isinstance(plan, str):
        return plan
    if row.value is None and not row.sign:
        return "its value is neither a number nor a sign"
    if unit_of_value(row, plan.measure) is None:
        return f"what it measures, {row.y_name!r}, is no quantity of the model"
    return plan


def _own(row: Row) -> Plan:
    """Return the plan of a row with its own experiment."""
    where = f"{row.file}, row {row.id}"
    text = row.experiment
    if text.endswith(".toml") and "\n" not in text:
        experiment = Experiment.from_toml(Path(row.file).parent / text)
    else:
        try:
            experiment = Experiment.from_toml(text.replace(";;", "\n") + "\n")
        except ParameterError as error:
            raise ParameterError(f"{where}: experiment: {error}") from None
    measure = row.measure or ("volume" if "volume" in row.y_name else "weight")
    if measure not in MEASURES:
        raise ParameterError(
            f"{where}: measure {measure!r} is not known; measures are {', '.join(MEASURES)}"
        )
    if not experiment.protocol:
        raise ParameterError(
            f"{where}: experiment: has no protocol, so nothing happens in it"
        )
    end = 0.0
    for item in experiment.protocol:
        end = max(end, item.end(resolve_time(item.start, end)))
    region = Region(
        preset=experiment.preset, morphologies=(experiment.morphology,), spines=experiment.spines,
        tone=experiment.tone,
        solution=experiment.solution, parameters=experiment.parameters,
    )  # fmt: skip
    orders = [p.dt for p in experiment.protocol if isinstance(p, Pairing)]
    return Plan(
        f"{experiment.preset} of {row.id}", experiment.protocol, resolve_time(experiment.until, end),
        experiment.drugs,
        measure, order=orders[0] if orders else None, control=row.control, own=region,
    )  # fmt: skip


def unit_of_value(row: Row, measure: str) -> tuple[float, float] | None:
    """Return (factor, offset) from a relative measure of the model, 1 for no change, to the row's own unit.

    Calcium and probabilities are no relative measures: their offset is 0.
    """
    name = row.y_name.lower()
    if measure == "calcium":
        return (1e3, 0.0) if "(um)" in name else None
    if measure in ("lost", "potentiated", "depressed"):
        return (100.0, 0.0)
    if row.sign and row.value is None:
        return (100.0, 0.0)
    if "ratio" in name:
        return (1.0, 0.0)
    if "% of baseline" in name:
        return (100.0, 0.0)
    if "change" in name and "%" in name:
        return (100.0, -100.0)
    return None
