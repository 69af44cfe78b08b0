"""HDF5 that xarray opens: datasets with named dimensions, a unit and a long name, and labelled tables.

Each group carries its own dimension scales, so ``xarray.open_dataset(path, group=...)`` finds names and
coordinates in the group alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from .errors import StorageError
from .files import writing
from .result import CLASSES

__all__ = ["Labelled", "column", "dimension", "python_value", "read_column", "read_labelled", "set_class_flags",
           "write_labelled"]  # fmt: skip

_STRING = h5py.string_dtype("utf-8")
_COMPRESS = 4096  # values; smaller arrays would only grow


def dimension(group: h5py.Group, name: str, values: Any, unit: str, long_name: str, *, grows: bool = False,
              chunk: int = 1024) -> h5py.Dataset:  # fmt: skip
    """Make a coordinate: a 1-D dataset that names a dimension of its group.

    Parameters
    ----------
    group : h5py.Group
        Where.
    name : str
        Name of the dimension and of the dataset.
    values : array_like, shape (n,)
        Coordinate values in `unit`.
    unit, long_name : str
        What they are.
    grows : bool
        True when values are appended later, in chunks of `chunk`.

    Raises
    ------
    StorageError
        If unit or long name is empty, the name is taken, or the values are not one-dimensional.
    """
    values = np.asarray(values)
    if values.ndim != 1:
        raise StorageError(f"{group.name}/{name}: a coordinate has one dimension, not {values.ndim}")
    out = _create(group, name, values, unit, long_name, (None,) if grows else None, (chunk,) if grows else None)
    out.make_scale(name)
    return out


def column(group: h5py.Group, name: str, dims: Sequence[str], values: Any, unit: str, long_name: str, *,
           grows: bool = False, chunks: tuple[int, ...] | None = None) -> h5py.Dataset:  # fmt: skip
    """Make a dataset along existing dimensions of its group.

    Numbers keep their type, booleans become int8 with the attribute ``dtype = "bool"`` (as xarray writes
    them), text becomes UTF-8 of variable length.

    Parameters
    ----------
    group : h5py.Group
        Where.
    name : str
        Name of the dataset.
    dims : sequence of str
        Names of its dimensions, made before by `dimension`.
    values : array_like
        Values in `unit`.
    unit, long_name : str
        What they are.
    grows : bool
        True when values are appended along the first dimension later, in `chunks`.

    Raises
    ------
    StorageError
        If unit or long name is empty, the name is taken, or the shape is not that of the dimensions.
    """
    values = np.asarray(values)
    missing = [d for d in dims if d not in group]
    if missing:
        raise StorageError(f"{group.name}/{name}: dimension {missing[0]!r} has no coordinate")
    shape = tuple(len(group[d]) for d in dims)
    if values.shape != shape:
        raise StorageError(f"{group.name}/{name}: has shape {values.shape}, but {tuple(dims)} have {shape}")
    limits = (None, *(n or None for n in shape[1:])) if grows else None  # no chunk fits into a length of 0
    out = _create(group, name, values, unit, long_name, limits, chunks)
    for axis, dim in enumerate(dims):
        out.dims[axis].attach_scale(group[dim])
    return out


def _create(group: h5py.Group, name: str, values: np.ndarray, unit: str, long_name: str,
            maxshape: tuple[int | None, ...] | None, chunks: tuple[int, ...] | None) -> h5py.Dataset:  # fmt: skip
    if not unit or not long_name:
        raise StorageError(f"{group.name}/{name}: has no {'long name' if unit else 'unit'}; dimensionless is '1'")
    if not name or "/" in name or name in group:
        raise StorageError(f"{group.name}/{name}: is no free name for a dataset")
    options: dict[str, Any] = {"dtype": values.dtype, "data": values}
    if values.dtype.kind in "OUS":
        options = {"dtype": _STRING, "data": values.astype(object)}
    elif values.dtype.kind == "b":
        options = {"dtype": np.int8, "data": values.astype(np.int8)}
    elif values.dtype.kind not in "iuf":
        raise StorageError(f"{group.name}/{name}: values of type {values.dtype} can not be stored")
    elif maxshape or values.size > _COMPRESS:
        options |= {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    out = group.create_dataset(name, maxshape=maxshape, chunks=chunks or (True if maxshape else None), **options)
    out.attrs["units"] = unit
    out.attrs["long_name"] = long_name
    if values.dtype.kind == "b":
        out.attrs["dtype"] = "bool"
    return out


def set_class_flags(dataset: h5py.Dataset) -> None:
    """Say which number stands for which outcome class."""
    dataset.attrs["flag_values"] = np.arange(len(CLASSES), dtype=np.int8)
    dataset.attrs["flag_meanings"] = " ".join(CLASSES)


def read_column(dataset: h5py.Dataset) -> np.ndarray:
    """Return the values of a dataset in the type they had when `column` wrote them; text as numpy str."""
    if h5py.check_string_dtype(dataset.dtype):
        return np.asarray(dataset.asstr()[()], dtype=str)
    values = dataset[()]
    return np.asarray(values, bool) if dataset.attrs.get("dtype") == "bool" else np.asarray(values)


class Labelled(NamedTuple):
    """A labelled table: what `write_labelled` takes and `read_labelled` gives back.

    Attributes
    ----------
    coords : dict of str to (values, unit, long_name)
        One-dimensional; a coordinate names its own dimension.
    variables : dict of str to (dims, values, unit, long_name)
        Along coordinates.
    attrs : dict of str to str or number
        About the whole table.
    """

    coords: dict[str, tuple[np.ndarray, str, str]]
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, str, str]]
    attrs: dict[str, Any]

    def values(self, name: str) -> np.ndarray:
        """Return the values of a variable or coordinate."""
        return self.variables[name][1] if name in self.variables else self.coords[name][0]


def write_labelled(
    group: h5py.Group,
    coords: Mapping[str, tuple[Any, str, str]],
    variables: Mapping[str, tuple[Sequence[str], Any, str, str]],
    attrs: Mapping[str, Any] | None = None,
) -> None:
    """Write a table along named coordinates, such as a curve of efficacy against delay.

    A variable named ``class`` holds indices into `CLASSES` and says so in its flags.

    Parameters
    ----------
    group : h5py.Group
        An empty group of a file being written.
    coords, variables, attrs
        As in `Labelled`.

    Raises
    ------
    StorageError
        If a unit or long name is missing, or a shape does not fit its coordinates.
    """
    with writing(group.name):
        for name, (values, unit, long_name) in coords.items():
            dimension(group, name, values, unit, long_name)
        for name, (dims, values, unit, long_name) in variables.items():
            values = np.asarray(values, np.int8) if name == "class" else values
            made = column(group, name, dims, values, unit, long_name)
            if name == "class":
                set_class_flags(made)
        group.attrs.update(attrs or {})


def read_labelled(group: h5py.Group) -> Labelled:
    """Read a table that `write_labelled` wrote."""
    coords: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for name, data in group.items():
        if isinstance(data, h5py.Group):
            continue
        about = (str(data.attrs["units"]), str(data.attrs["long_name"]))
        if data.is_scale:
            coords[name] = (read_column(data), *about)
        else:
            dims = tuple(d[0].name.rsplit("/", 1)[-1] for d in data.dims)
            variables[name] = (dims, read_column(data), *about)
    return Labelled(coords, variables, {k: python_value(v) for k, v in group.attrs.items()})


def python_value(value: Any) -> Any:
    """Return an attribute as Python's own type."""
    return value.item() if isinstance(value, np.generic) else value
