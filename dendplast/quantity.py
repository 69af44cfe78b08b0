"""Quantities: a description's fields know their unit, bounds and source, and refuse what is not valid.

Every frozen description derives from `Description`; every number of the model is declared with
`quantity`.  A value may be given as a number in the field's unit or as a string with its own unit
(``"35 min"``, ``"20 uM"``), converted once, here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ParameterError

__all__ = ["Description", "InvalidValue", "convert", "quantity", "source_of", "under", "unit_of"]

# unit -> (dimension, size in the dimension's base unit)
_UNITS = {
    "1": ("number", 1.0), "%": ("number", 1e-2),
    "us": ("time", 1e-3), "ms": ("time", 1.0), "s": ("time", 1e3), "min": ("time", 6e4),
    "h": ("time", 3.6e6), "d": ("time", 8.64e7),
    "/ms": ("rate", 1.0), "/s": ("rate", 1e-3), "/min": ("rate", 1 / 6e4), "/h": ("rate", 1 / 3.6e6),
    "/d": ("rate", 1 / 8.64e7), "Hz": ("rate", 1e-3),
    "M": ("concentration", 1e3), "mM": ("concentration", 1.0), "uM": ("concentration", 1e-3),
    "nM": ("concentration", 1e-6),
    "mM/ms": ("turnover", 1.0), "uM/s": ("turnover", 1e-6),
    "/mM/ms": ("binding rate", 1.0), "/uM/s": ("binding rate", 1.0), "/nM/s": ("binding rate", 1e3),
    "nm": ("length", 1e-3), "um": ("length", 1.0), "mm": ("length", 1e3),
    "um2": ("area", 1.0), "um3": ("volume", 1.0), "/um": ("line density", 1.0), "/um3": ("density", 1.0),
    "um2/ms": ("diffusion", 1.0), "um2/s": ("diffusion", 1e-3), "um3/ms": ("flow", 1.0),
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


class InvalidValue(ParameterError):
    """A complaint that knows its key, so that the tables around it can complete the path.

    Parameters
    ----------
    keys : tuple of str
        Path to the value.
    text : str
        What follows the path: `` = value: what is valid`` or ``: what is valid``.
    """

    def __init__(self, keys: tuple[str, ...], text: str) -> None:
        super().__init__(keys, text)
        self.keys, self.text = keys, text

    def __str__(self) -> str:
        return ".".join(self.keys) + self.text if self.keys else self.text.removeprefix(": ")


def under(key: str, error: Exception) -> ParameterError:
    """Return the error with `key`, which may be dotted, before the path that it names."""
    keys, text = (error.keys, error.text) if isinstance(error, InvalidValue) else ((), f": {error}")
    return InvalidValue((key, *keys), text)


_MUST_BE = {
    "string": "text", "int": "a whole number", "float": "a number", "finite": "a finite number",
    "bool": "true or false", "tuple": "a list", "dict": "a table", "model": "a table",
}  # fmt: skip
"""First word of pydantic's kind of error, and what the value must be."""


def _complaint(cls: type[BaseModel], data: Mapping[str, Any], error: ValidationError) -> InvalidValue:
    """Turn pydantic's first complaint into ours: the key, the value, what is valid."""
    first, *others = error.errors()
    kind, value, context = first["type"], first.get("input"), first.get("ctx", {})
    keys = _keys(data, first["loc"], kind)
    field = cls.model_fields.get(keys[0]) if keys else None
    annotation = field.annotation if field is not None else None
    cause = context.get("error")
    if isinstance(cause, InvalidValue):
        return InvalidValue((*keys, *cause.keys), cause.text)
    if kind == "value_error":
        text = str(cause)
        return InvalidValue(keys, f": {text}" if not keys or repr(value) in text else f" = {_shown(value)}: {text}")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], cls.model_fields, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(cls.model_fields)}"
        return InvalidValue(keys, f": unknown key; {hint}")
    if kind == "union_tag_invalid":
        tags = re.findall(r"'(\w+)'", context["expected_tags"])
        near = difflib.get_close_matches(context["tag"], tags, 1, 0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        name = context["discriminator"].strip("'")
        return InvalidValue((*keys, name), f" = {context['tag']!r}: {hint}valid are {', '.join(tags)}")
    if kind == "union_tag_not_found":
        name = context["discriminator"].strip("'")
        return InvalidValue((*keys, name), f": is required; valid are {', '.join(_tags(annotation, name))}")
    length = _length(annotation)
    if length and (kind in {"too_long", "tuple_type"} or kind == "missing" and len(keys) > 1):
        return InvalidValue(keys[:1], f" = {_shown(data[keys[0]])}: must be a list of {length} numbers")
    if kind == "missing":
        unit = unit_of(cls, keys[-1])
        what = f", a list of {length} numbers" if length else ""
        return InvalidValue(keys, f": is required{f', a number in {unit}' if unit and unit != '1' else what}")
    if kind == "tuple_type" and isinstance(value, dict):
        return InvalidValue(keys, f" = {_shown(value)}: must be a list of tables, each written [[{keys[-1]}]]")
    same = [first, *(e for e in others if e.get("input") is value and e["loc"][:1] == first["loc"][:1])]
    words = [_must_be(e, unit_of(cls, keys[0]) if len(keys) == 1 else None) for e in same]
    return InvalidValue(keys, f" = {_shown(value)}: must be {' or '.join(dict.fromkeys(words))}")


def _keys(data: Any, loc: tuple[Any, ...], kind: str) -> tuple[str, ...]:
    """Return the path as the user wrote it: without the names that pydantic gives to members of a union."""
    keys = []
    for i, part in enumerate(loc):
        last = i == len(loc) - 1 and kind in {"missing", "extra_forbidden"}
        inside = isinstance(data, Mapping) and part in data
        inside |= isinstance(data, list | tuple) and isinstance(part, int)
        if inside or last:
            keys.append(str(part))
        if inside:
            data = data[part] if isinstance(data, Mapping) or part < len(data) else None
    return tuple(keys)


def _must_be(error: Mapping[str, Any], unit: str | None) -> str:
    """Return what a value must be, in words."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return context["expected"]
    bound = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
    for name, words in bound.items():
        if name in context:
            return f"{words} {context[name]:g}{f' {unit}' if unit and unit != '1' else ''}"
    word = _MUST_BE.get(kind.split("_")[0])
    if word is None:
        return error["msg"][0].lower() + error["msg"][1:]
    return f"{word} in {unit}" if unit and unit != "1" and word.endswith("number") else word


def _shown(value: Any) -> str:
    """Return a value as text of one short line, true and false as TOML writes them."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tags(annotation: Any, name: str) -> list[str]:
    """Return the values that a discriminating field takes in the members of a union."""
    if name in getattr(annotation, "model_fields", {}):
        return [annotation.model_fields[name].default]
    return [tag for part in get_args(annotation) for tag in _tags(part, name)]


def _length(annotation: Any) -> int:
    """Return the number of entries of a tuple in an annotation such as ``tuple[float, float, float] | None``."""
    for part in (annotation, *get_args(annotation)):
        if getattr(part, "__origin__", None) is tuple and ... not in get_args(part):
            return len(get_args(part))
    return 0


class Description(BaseModel):
    """Base of every frozen description: unknown keys are refused, strings with units are converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=False)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise _complaint(type(self), data, error) from None

    @model_validator(mode="before")
    @classmethod
    def _strings_to_numbers(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        out = dict(data)
        for name, value in data.items():
            field = cls.model_fields.get(name)
            if field is None:
                continue
            unit = unit_of(cls, name)
            if isinstance(value, bool) and field.annotation is not bool:  # pydantic would take true for 1
                raise InvalidValue((name,), f" = {_shown(value)}: true and false are not valid here")
            if unit and isinstance(value, str):
                try:
                    out[name] = convert(value, unit)
                except ParameterError as error:
                    raise under(name, error) from None
            elif unit and isinstance(value, float) and not math.isfinite(value):
                words = _must_be({"type": "finite_number"}, unit)
                raise InvalidValue((name,), f" = {value!r}: must be {words}")
        return out

    def replaced(self, **changes: Any) -> Any:
        """Return a copy with some fields changed, checked like any other description."""
        return type(self)(**({name: getattr(self, name) for name in type(self).model_fields} | changes))
