"""Quantities: a description's fields know their unit, bounds and source, and refuse what is not valid.

Every frozen description derives from `Description`; every number of the model is declared with
`quantity`.  A value may be given as a number in the field's unit or as a string with its own unit
(``"35 min"``, ``"20 uM"``), converted once, here.
"""

from __future__ import annotations

import difflib
import math
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ParameterError

__all__ = ["Description", "convert", "quantity", "unit_of", "source_of"]

# unit -> (dimension, size in the dimension's base unit)
_UNITS = {
    "1": ("number", 1.0), "%": ("number", 1e-2),
    "us": ("time", 1e-3), "ms": ("time", 1.0), "s": ("time", 1e3), "min": ("time", 6e4),
    "h": ("time", 3.6e6), "d": ("time", 8.64e7),
    "/ms": ("rate", 1.0), "/s": ("rate", 1e-3), "/min": ("rate", 1 / 6e4), "/h": ("rate", 1 / 3.6e6),
    "/d": ("rate", 1 / 8.64e7), "Hz": ("rate", 1e-3),
    "M": ("concentration", 1e3), "mM": ("concentration", 1.0), "uM": ("concentration", 1e-3),
    "nM": ("concentration", 1e-6),
    "/mM/ms": ("binding rate", 1.0), "/uM/s": ("binding rate", 1.0), "/nM/s": ("binding rate", 1e3),
    "nm": ("length", 1e-3), "um": ("length", 1.0), "mm": ("length", 1e3),
    "um2": ("area", 1.0), "um3": ("volume", 1.0), "/um": ("line density", 1.0), "/um3": ("density", 1.0),
    "um2/ms": ("diffusion", 1.0), "um2/s": ("diffusion", 1e-3),
    "mV": ("voltage", 1.0), "/mV": ("per voltage", 1.0),
    "pA": ("current", 1e-3), "nA": ("current", 1.0),
    "pS": ("conductance", 1e-6), "nS": ("conductance", 1e-3), "uS": ("conductance", 1.0),
    "S/cm2": ("conductance density", 1.0), "mS/cm2": ("conductance density", 1e-3),
    "megohm": ("resistance", 1.0), "ohm cm": ("resistivity", 1.0),
    "cm/s": ("permeability", 1.0), "uF/cm2": ("capacitance density", 1.0), "degC": ("temperature", 1.0),
}  # fmt: skip
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


def convert(text: str, unit: str) -> float:
    """Convert a string such as ``"35 min"`` to a number in `unit`.

    Raises
    ------
    ParameterError
        If the text is no number with a unit, or the unit measures something else.
    """
    match = _NUMBER.match(text.replace("µ", "u"))
    dimension, size = _UNITS[unit]
    valid = ", ".join(u for u, (d, _) in _UNITS.items() if d == dimension)
    if match is None or match[2] not in {*_UNITS, ""}:
        raise ParameterError(f"{text!r} is not a number with a unit; valid units here are {valid}")
    if not match[2] or unit == "1" and match[2] == "1":
        if dimension != "number":
            raise ParameterError(f"{text!r} has no unit; valid units here are {valid}")
        return float(match[1])
    found, factor = _UNITS[match[2]]
    if found != dimension:
        raise ParameterError(f"{text!r} is a {found}, not a {dimension}; valid units here are {valid}")
    return float(match[1]) * factor / size


def quantity(default: Any, unit: str, source: str, lo: float | None = None, hi: float | None = None) -> Any:
    """Declare a number of the model: a pydantic field with unit, bounds and source.

    Parameters
    ----------
    default : float or ... (required)
        Value in `unit`.
    unit : str
        One of the units known to `convert`.
    source : str
        DOI of the number, or ``"assumed: why"``.
    lo, hi : float, optional
        Inclusive bounds, in `unit`.
    """
    if unit not in _UNITS:
        raise KeyError(f"unit {unit!r} is not known to dendplast.quantity")
    return Field(default, ge=lo, le=hi, description=source, json_schema_extra={"unit": unit, "source": source})


def unit_of(model: type[BaseModel], name: str) -> str | None:
    """Return the unit of a field, or None when it is not a quantity."""
    extra = model.model_fields[name].json_schema_extra
    return extra.get("unit") if isinstance(extra, dict) else None


def source_of(model: type[BaseModel], name: str) -> str | None:
    """Return the source of a field, or None when it is not a quantity."""
    extra = model.model_fields[name].json_schema_extra
    return extra.get("source") if isinstance(extra, dict) else None


def _sentence(cls: type[BaseModel], error: ValidationError) -> str:
    """Turn pydantic's first complaint into one sentence: key, value, what is valid."""
    first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"]) or cls.__name__
    kind, value, context = first["type"], first.get("input"), first.get("ctx", {})
    more = f" ({error.error_count() - 1} more problems)" if error.error_count() > 1 else ""
    if kind == "extra_forbidden":
        owner, names = cls, []
        for part in first["loc"][:-1]:
            field_ = getattr(owner, "model_fields", {}).get(str(part))
            owner = field_.annotation if field_ is not None else None
        names = list(getattr(owner, "model_fields", {}) or cls.model_fields)
        near = difflib.get_close_matches(str(first["loc"][-1]), names, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(names)}"
        return f"{where}: unknown key; {hint}{more}"
    if kind == "missing":
        return f"{where}: is required{more}"
    if kind == "value_error":
        return f"{where}: {context.get('error', first['msg'])}{more}"
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        word = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
        bound = next((f"{word[k]} {v}" for k, v in context.items() if k in word), first["msg"])
        return f"{where} = {value!r}: must be {bound}{more}"
    return f"{where} = {value!r}: {first['msg'][0].lower() + first['msg'][1:]}{more}"


class Description(BaseModel):
    """Base of every frozen description: unknown keys are refused, strings with units are converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=False)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise ParameterError(_sentence(type(self), error)) from None

    @model_validator(mode="before")
    @classmethod
    def _strings_to_numbers(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        out = dict(data)
        for name, value in data.items():
            unit = unit_of(cls, name) if name in cls.model_fields else None
            if unit and isinstance(value, str):
                out[name] = _convert_field(name, value, unit)
            elif unit and isinstance(value, bool):
                raise ValueError(f"{name} = {value!r}: must be a number in {unit}")
            elif unit and isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} = {value!r}: must be a finite number in {unit}")
        return out


    def replaced(self, **changes: Any) -> Any:
        """Return a copy with some fields changed, checked like any other description."""
        return type(self)(**({name: getattr(self, name) for name in type(self).model_fields} | changes))


def _convert_field(name: str, value: str, unit: str) -> float:
    try:
        return convert(value, unit)
    except ParameterError as error:
        raise ValueError(f"{name}: {error}") from None
