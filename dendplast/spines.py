"""Spines as arrays, found by path, region or point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from .errors import ParameterError
from .protocol import Selection

if TYPE_CHECKING:
    import pandas

__all__ = ["Spines", "chosen"]


@dataclass(frozen=True, eq=False, repr=False)
class Spines:
    """Spines as arrays of length n; the index into them is the spine id everywhere.

    Attributes
    ----------
    segment, section : ndarray of int, shape (n,)
        Row of the geometry, and section index, of the dendrite below.
    x : ndarray, shape (n,)
        Position in the section, 0 to 1.
    xyz : ndarray, shape (n, 3)
        Centre of the head (um).
    path_distance : ndarray, shape (n,)
        Path from the centre of the soma to the foot of the neck (um).
    region : ndarray of str, shape (n,)
        Region of the dendrite below.
    volume : ndarray, shape (n,)
        Head volume (um3).
    neck_length, neck_diam : ndarray, shape (n,)
        um.
    R_neck : ndarray, shape (n,)
        Resistance of the neck (megohm).
    """

    segment: np.ndarray
    section: np.ndarray
    x: np.ndarray
    xyz: np.ndarray
    path_distance: np.ndarray
    region: np.ndarray
    volume: np.ndarray
    neck_length: np.ndarray
    neck_diam: np.ndarray
    R_neck: np.ndarray

    def __len__(self) -> int:
        return len(self.segment)

    def __repr__(self) -> str:
        if not len(self):
            return "<Spines: none>"
        where, path = ", ".join(sorted(set(self.region.tolist()))), self.path_distance
        return f"<Spines: {len(self)} ({where}), {path.min():.0f} to {path.max():.0f} um from the soma>"

    @property
    def area(self) -> np.ndarray:
        """Membrane area of the head (um2), that of a sphere of its volume."""
        return np.cbrt(36 * np.pi * self.volume**2)

    def nearest(
        self, *, path: float | None = None, xyz: np.ndarray | None = None, region: str | None = None
    ) -> int:
        """Return the spine nearest to a path distance (um) or to a point (um).

        Parameters
        ----------
        path : float, optional
            Path distance from the soma (um).
        xyz : array_like, shape (3,), optional
            A point (um). Give either this or `path`.
        region : str, optional
            Look only at spines of this region.

        Raises
        ------
        ParameterError
            If not exactly one of `path` and `xyz` is given, or no spine is in `region`.
        """
        if (path is None) == (xyz is None):
            raise ParameterError("nearest: give exactly one of path (um) and xyz (um)")
        among = np.arange(len(self)) if region is None else np.flatnonzero(self.region == region)
        if len(among) == 0:
            have = ", ".join(sorted(set(self.region.tolist()))) or "none"
            raise ParameterError(f"nearest: no spine in region {region!r}; regions with spines: {have}")
        if path is not None:
            away = np.abs(self.path_distance[among] - path)
        else:
            away = np.linalg.norm(self.xyz[among] - _point("xyz", xyz), axis=1)
        return int(among[away.argmin()])

    def within(self, xyz: np.ndarray, radius: float) -> np.ndarray:
        """Return the indices of spines whose head centre is within `radius` (um) of a point (um), ascending."""
        return np.flatnonzero(np.linalg.norm(self.xyz - _point("xyz", xyz), axis=1) <= radius)

    def select(self, indices: np.ndarray) -> Spines:
        """Return the spines at `indices` (or where a mask is true), in that order, with new ids."""
        return Spines(*(getattr(self, f.name)[np.asarray(indices)] for f in fields(self)))

    def table(self) -> pandas.DataFrame:
        """Return one row per spine, indexed by spine id, with units in ``table.attrs["units"]``."""
        import pandas

        columns = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "xyz"}
        columns |= {axis: self.xyz[:, i] for i, axis in enumerate(("head_x", "head_y", "head_z"))}
        table = pandas.DataFrame(columns | {"area": self.area}, index=pandas.RangeIndex(len(self), name="spine"))
        table.attrs["units"] = dict.fromkeys(("head_x", "head_y", "head_z", "path_distance"), "um") | {
            "volume": "um3", "area": "um2", "neck_length": "um", "neck_diam": "um", "R_neck": "megohm",
        }  # fmt: skip
        return table


def chosen(spines: Spines, what: str | Selection | Iterable[int]) -> np.ndarray:
    """Return spine numbers: of ``"all"``, of a sequence of numbers, or of a `Selection`.

    Raises
    ------
    ParameterError
        If a number is no spine's, or no spine fits the selection.
    """
    if isinstance(what, str):
        return np.arange(len(spines))
    if isinstance(what, Selection):
        keep = (spines.path_distance >= what.path_min) & (spines.path_distance <= what.path_max)
        if what.region:
            keep &= spines.region == what.region
        found = np.flatnonzero(keep)
        if not len(found):
            raise ParameterError(f"none of {len(spines)} spines is where region, path_min and path_max ask")
        if what.n is not None and what.n > len(found):
            raise ParameterError(f"n = {what.n} is too many: {len(found)} spines are there to choose from")
        if what.n is not None:
            found = np.sort(np.random.default_rng(what.seed).choice(found, what.n, replace=False))
        return found
    numbers = np.asarray(list(what), int)
    wrong = numbers[(numbers < 0) | (numbers >= len(spines))]
    if len(wrong):
        raise ParameterError(f"there is no spine {wrong[0]}; spines are 0 to {len(spines) - 1}")
    return numbers


def _point(name: str, xyz: np.ndarray) -> np.ndarray:
    point = np.asarray(xyz, float)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise ParameterError(f"{name} = {xyz!r}: must be three finite numbers in um")
    return point
