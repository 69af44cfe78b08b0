"""Tables of a run as HDF5 groups: spines, segments, deliveries, release sites, and where a run came from.

Dataclasses of arrays are written over their fields, so a new field needs its unit in `labels` and no more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args

import h5py
import numpy as np

from .spines import Spines
from .diffusion import Deliveries
from .errors import StorageError
from .geometry import Geometry
from .labels import describe
from .netcdf import column, dimension, python_value, read_column
from .quantity import unit_of
from .release import Site

__all__ = ["OWN", "attributes", "provenance_of", "read_more", "read_sites", "read_table", "write_sites",
           "write_table"]  # fmt: skip

OWN = frozenset({"format_version", "Conventions", "complete", "experiment", "json_attributes", "main_run"})
"""Attributes with a meaning of their own; nobody else may use these names."""

Table = TypeVar("Table", Spines, Geometry, Deliveries)

_ROW = {Spines: "spine", Geometry: "segment", Deliveries: "delivery"}
# dimensions of the columns that are more, or other, than one number a row
_DIMS = {
    "xyz": ("spine", "axis"),
    "start": ("segment", "axis"),
    "end": ("segment", "axis"),
    "section_names": ("section_index",),
    "weights": ("delivery", "rate"),
    "modulators": ("source",),
    "rates": ("source", "rate"),
}
_SITE_PLACE = ("at", "center")  # both stored as `position`


def attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes: text and numbers as they are, anything else as JSON and named as such."""
    wrong = sorted(OWN & values.keys())
    if wrong:
        raise StorageError(f"provenance {wrong[0]!r}: is a name of the file's own; choose another")
    out: dict[str, Any] = {}
    coded = []
    for name, value in values.items():
        value = python_value(value)
        if isinstance(value, str | float) or type(value) is int and abs(value) < 2**63:
            out[name] = value
        else:
            out[name] = json.dumps(value)
            coded.append(name)
    return out | {"json_attributes": json.dumps(coded)}


def provenance_of(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `attributes` made attributes of."""
    coded = json.loads(attrs["json_attributes"])
    values = {name: python_value(value) for name, value in attrs.items() if name not in OWN}
    return {name: json.loads(value) if name in coded else value for name, value in values.items()}


def write_table(group: h5py.Group, table: Any, more: Mapping[str, np.ndarray] | None = None) -> None:
    """Write a dataclass of arrays, one dataset a field, with `more` columns of one number a row."""
    row = _ROW[type(table)]
    _index(group, row, len(table))
    for field in fields(table):
        value = getattr(table, field.name)
        if isinstance(value, tuple):
            value = np.asarray(value) if value else np.empty(0, object)
        dims = _DIMS.get(field.name) or ((row,) if np.ndim(value) else ())
        for axis, dim in enumerate(dims):
            if dim not in group:
                _index(group, dim, np.shape(value)[axis])
        column(group, field.name, dims, value, *describe(field.name))
    for name, value in (more or {}).items():
        column(group, name, (row,), value, *describe(name))


def _index(group: h5py.Group, dim: str, n: int) -> None:
    """Make the coordinate of a dimension: x, y, z for ``axis``, else 0 to n - 1."""
    if dim == "axis":
        dimension(group, dim, np.array(["x", "y", "z"]), *describe(dim))
    else:
        dimension(group, dim, np.arange(n), "1", f"index of the {dim.removesuffix('_index')}")


def read_table(group: h5py.Group, kind: type[Table]) -> Table:
    """Read what `write_table` wrote.

    Raises
    ------
    StorageError
        If a field is not in the file.
    """
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in group:
            value = read_column(group[field.name])
            if str(field.type).startswith("tuple"):
                values[field.name] = tuple(value.tolist())
            else:
                values[field.name] = value if value.ndim else value.item()
        elif field.default is MISSING and field.default_factory is MISSING:
            raise StorageError(f"{group.file.filename}: {group.name} has no {field.name!r}: of another version")
    return kind(**values)


def read_more(group: h5py.Group, kind: type[Table]) -> dict[str, np.ndarray]:
    """Return the columns that are no field of the dataclass."""
    known = {field.name for field in fields(kind)}
    return {n: read_column(data) for n, data in group.items() if n not in known and not data.is_scale}


def write_sites(group: h5py.Group, sites: Sequence[Any]) -> None:
    """Write release sites as columns over all kinds; what a kind does not have is NaN or empty."""
    _index(group, "site", len(sites))
    _index(group, "axis", 3)
    column(group, "kind", ("site",), np.array([type(s).__name__ for s in sites], object), *describe("kind"))
    column(group, "position", ("site", "axis"), np.reshape([s.position for s in sites], (-1, 3)).astype(float),
           *describe("position"))  # fmt: skip
    for name, kind in _site_fields().items():
        unit = unit_of(kind, name)
        values = [getattr(s, name, None) for s in sites]
        if unit is None:
            column(group, name, ("site",), np.array([v or "" for v in values], object), *describe(name))
        else:
            numbers = np.array([np.nan if v is None else v for v in values], float)
            column(group, name, ("site",), numbers, unit, f"{name} of the site; NaN: the medium's, or none")


def _site_fields() -> dict[str, Any]:
    """Return every field of every kind of site but its place, and a kind that has it."""
    return {name: kind for kind in get_args(Site) for name in kind.model_fields if name not in _SITE_PLACE}


def read_sites(group: h5py.Group) -> tuple[Any, ...]:
    """Read release sites as the descriptions they were.

    Raises
    ------
    StorageError
        If a kind of site is unknown.
    """
    kinds = {kind.__name__: kind for kind in get_args(Site)}
    columns = {name: read_column(group[name]).tolist() for name in _site_fields() if name in group}
    out = []
    places = read_column(group["position"]).tolist()
    for i, (kind, place) in enumerate(zip(read_column(group["kind"]).tolist(), places, strict=True)):
        if kind not in kinds:
            raise StorageError(f"{group.file.filename}: site {i} is a {kind!r}; known are {', '.join(kinds)}")
        known = kinds[kind].model_fields
        values = {n: c[i] for n, c in columns.items() if n in known and c[i] != "" and c[i] == c[i]}
        out.append(kinds[kind](**values, **{n: tuple(place) for n in _SITE_PLACE if n in known}))
    return tuple(out)
