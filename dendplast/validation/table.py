"""Read a table of experiments: one row a measured point, in the form of a spreadsheet saved as CSV."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ParameterError

__all__ = ["COLUMNS", "Row", "read_table"]

COLUMNS = (
    "experiment_id", "paper", "year", "doi", "brain_region", "cell_type", "protocol_summary", "x_name", "x_value",
    "x_unit", "y_name", "y_value", "y_err", "err_kind", "n", "source_of_number", "confidence",
)  # fmt: skip
"""Columns every table has."""

EXTRA = ("experiment", "control", "measure")
"""Columns a table may have: the protocol of a row that the library lacks, its control, what is measured."""

_NEEDED = ("experiment_id", "y_name", "y_value")
_SIGN = re.compile(r"\s*([+\-0])(?!\d)")


@dataclass(frozen=True)
class Row:
    """One measured point.

    Attributes
    ----------
    id : str
        Unique in its table.
    paper, doi, protocol, x_name, x_value, x_unit, y_name : str
        As in the table.
    value, error : float or None
        Measured value and its error, in the unit of `y_name`; None for a row without a number.
    error_kind : str
        ``"SEM"`` and the like.
    sign : str
        ``"+"``, ``"-"`` or ``"0"`` of a qualitative row, else empty.
    n : int or None
        Number of measurements.
    confidence : str
        How sure the number is.
    experiment, control, measure : str
        The further columns, empty when absent.
    file : str
        Where the row is from; a relative path in `experiment` starts there.
    """

    id: str
    paper: str
    doi: str
    protocol: str
    x_name: str
    x_value: str
    x_unit: str
    y_name: str
    value: float | None
    error: float | None
    error_kind: str
    sign: str
    n: int | None
    confidence: str
    experiment: str = ""
    control: str = ""
    measure: str = ""
    file: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the row has a mean and an error."""
        return self.value is not None and self.error is not None and self.error > 0


def read_table(path: str | Path) -> list[Row]:
    """Read a table of experiments.

    Raises
    ------
    ParameterError
        If the file can not be read, lacks a column, or a row has no name, a name twice, or a value that is
        neither a number nor a sign where one is needed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ParameterError(
            f"{path}: can not be read as a table of experiments: {reason}"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in reader.fieldnames or ()]
    for name in COLUMNS:
        if name not in header:
            near = difflib.get_close_matches(name, header, 1, 0.6)
            hint = (
                f"; did you mean it by {near[0]!r}?"
                if near
                else f"; columns are {', '.join(COLUMNS)}"
            )
            raise ParameterError(f"{path}: has no column {name!r}{hint}")
    reader.fieldnames = header
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for cells in reader:
        line = reader.line_num
        values = {name: (cells.get(name) or "").strip() for name in (*COLUMNS, *EXTRA)}
        if None in cells:
            raise ParameterError(
                f"{path}, line {line}: has more cells than columns; quote cells with commas"
            )
        for name in _NEEDED:
            if not values[name]:
                raise ParameterError(
                    f"{path}, line {line}: {name} is empty; every row needs one"
                )
        if values["experiment_id"] in seen:
            first = seen[values["experiment_id"]]
            raise ParameterError(
                f"{path}, line {line}: experiment_id {values['experiment_id']!r} is that of line {first}; "
                "each is given once"
            )
        seen[values["experiment_id"]] = line
        rows.append(_row(values, str(path), line))
    if not rows:
        raise ParameterError(f"{path}: has no rows")
    return rows


def _row(v: dict[str, str], file: str, line: int) -> Row:
    qualitative = v["err_kind"].startswith("qualitative")
    value, error, sign = None, None, ""
    if qualitative:
        match = _SIGN.match(v["y_value"])
        sign = match[1] if match else ""
    else:
        value = _number(v["y_value"])
        error = _number(v["y_err"])
        if error is not None and error < 0:
            raise ParameterError(
                f"{file}, line {line}: y_err = {v['y_err']!r} must be 0 or more"
            )
        if value is None and error is not None:
            raise ParameterError(
                f"{file}, line {line}: y_value = {v['y_value']!r} is no number; a sign (+, -, 0) needs "
                "err_kind = qualitative"
            )
    n = _number(v["n"])
    return Row(
        v["experiment_id"], v["paper"], v["doi"], v["protocol_summary"], v["x_name"], v["x_value"], v["x_unit"],
        v["y_name"], value, error, v["err_kind"], sign, None if n is None else int(n), v["confidence"],
        v["experiment"], v["control"], v["measure"], file,
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
