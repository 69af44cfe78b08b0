"""Spines on a dendrite: placed at random by density or at exact places, found by path, region or point.

Chance: spine k of section s draws everything it has from its own stream, named by (seed, s, k). So a spine
stays the same spine when other sections are left out, change their density, or are asked for in another
order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from .anatomy import DensityProfile, SpineSettings
from .errors import ParameterError
from .geometry import Geometry
from .protocol import Selection
from .streams import streams

if TYPE_CHECKING:
    import pandas

__all__ = ["Spines", "beside", "chosen", "place", "place_at"]

_BY_DENSITY, _AT_PLACE, _BESIDE = 0, 1, 2  # first word of a stream's name


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


def place(
    geometry: Geometry,
    settings: SpineSettings | None = None,
    seed: int = 0,
    *,
    n: int | None = None,
    sections: Iterable[int] | None = None,
) -> Spines:
    """Place spines along the dendrites as an inhomogeneous Poisson process.

    Along a section the integral of the density between neighbouring spines is an exponential number of
    mean 1, which is a Poisson process of that density.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    settings : SpineSettings, optional
        Densities and sizes.
    seed : int
        Names the draw.
    n : int, optional
        Keep this many, chosen at random; the n of a smaller number are among the n of a larger one.
    sections : iterable of int, optional
        Only these sections; each spine is the same as with all sections.

    Returns
    -------
    Spines
        Sorted by section, then position.

    Raises
    ------
    ParameterError
        If a section does not exist, or fewer than `n` spines are there.
    """
    settings = settings or SpineSettings()
    profiles = {"basal": settings.basal, "apical": settings.apical}
    wanted = range(len(geometry.section_names)) if sections is None else sorted(set(sections))
    at, draws, priority = [], [], []
    for section in wanted:
        rows = _rows(geometry, section)
        profile = profiles.get(str(geometry.region[rows[0]]))
        if profile is None or settings.scale == 0:
            continue
        s, drawn = _positions(geometry, rows, profile, settings.scale, seed, (_BY_DENSITY, section))
        at += [(section, position) for position in s]
        priority += [row[1] for row in drawn]
        draws += [row[2] for row in drawn]
    keep = np.arange(len(at))
    if n is not None:
        if not 0 <= n <= len(at):
            raise ParameterError(f"n = {n}: must be 0 to {len(at)}, the spines that density and seed give")
        keep = np.sort(np.argsort(priority, kind="stable")[:n])
    return _make(geometry, [at[i] for i in keep], np.array(draws, float).reshape(-1, 7)[keep], settings)


def place_at(
    geometry: Geometry,
    section: int | np.ndarray,
    x: float | np.ndarray,
    settings: SpineSettings | None = None,
    seed: int = 0,
) -> Spines:
    """Place spines at exact positions, with sizes and directions drawn as by `place`.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    section : int or array_like of int, shape (n,)
        Section index; broadcast against `x`.
    x : float or array_like, shape (n,)
        Position in the section, 0 to 1.
    settings : SpineSettings, optional
        Sizes.
    seed : int
        Names the draw; spine i is the same whatever comes after it.

    Returns
    -------
    Spines
        In the order given.

    Raises
    ------
    ParameterError
        If a section does not exist or x is outside 0 to 1.
    """
    pairs = np.broadcast_arrays(np.atleast_1d(section), np.atleast_1d(np.asarray(x, float)))
    at = [(int(s), _arc(geometry, int(s), float(p))) for s, p in zip(*pairs, strict=True)]
    names = np.array([(_AT_PLACE, s, i) for i, (s, _) in enumerate(at)], int).reshape(-1, 3)
    draws = [stream.standard_normal(7) for stream in streams(seed, names)]
    return _make(geometry, at, np.array(draws, float).reshape(-1, 7), settings or SpineSettings())


def beside(geometry: Geometry, section: int, x: float, distance: float, seed: int = 0) -> np.ndarray:
    """Return a point (um) in the tissue at a distance (um) from the membrane of a dendrite, shape (3,).

    The direction is perpendicular to the dendrite and drawn at random; another branch may be nearer.

    Raises
    ------
    ParameterError
        If the section does not exist, x is outside 0 to 1, or the distance is negative.
    """
    if not 0 <= distance < np.inf:
        raise ParameterError(f"distance = {distance}: must be a finite number of um, at least 0")
    rows = _rows(geometry, section)
    row, point, axis, _ = _on_shaft(geometry, rows, np.array([_arc(geometry, section, x)]))
    draw = _stream((seed, _BESIDE, section)).standard_normal((1, 3))
    return (point + (0.5 * geometry.diam[row, None] + distance) * _perpendicular(axis, draw))[0]


def _stream(name: tuple[int, ...]) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(name[0], spawn_key=name[1:]))


def _point(name: str, xyz: np.ndarray) -> np.ndarray:
    point = np.asarray(xyz, float)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise ParameterError(f"{name} = {xyz!r}: must be three finite numbers in um")
    return point


def _rows(geometry: Geometry, section: int) -> np.ndarray:
    """Return the segments of a section, ordered by x."""
    rows = np.flatnonzero(geometry.section == section)
    if len(rows) == 0:
        raise ParameterError(f"section = {section}: must be 0 to {len(geometry.section_names) - 1}")
    return rows[np.argsort(geometry.x[rows], kind="stable")]


def _arc(geometry: Geometry, section: int, x: float) -> float:
    """Return the arc length (um) at x of a section."""
    if not 0 <= x <= 1:
        raise ParameterError(f"x = {x}: must be 0 to 1")
    return x * float(geometry.length[_rows(geometry, section)].sum())


def _on_shaft(
    geometry: Geometry, rows: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return segment, point on the axis (um), direction of the axis and path distance (um) at arc lengths."""
    edge = np.append(0.0, np.cumsum(geometry.length[rows]))
    i = np.clip(np.searchsorted(edge, s, side="right") - 1, 0, len(rows) - 1)
    row, along = rows[i], s - edge[i]
    chord = geometry.end[row] - geometry.start[row]
    point = geometry.start[row] + (along / geometry.length[row])[:, None] * chord
    length = np.linalg.norm(chord, axis=1, keepdims=True)
    axis = np.where(length > 0, chord / np.where(length > 0, length, 1.0), [0.0, 0.0, 1.0])
    return row, point, axis, geometry.path_distance[row] + along - 0.5 * geometry.length[row]


def _perpendicular(axis: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return unit vectors perpendicular to `axis`, uniform on the circle when `normal` is standard normal."""
    across = normal - (normal * axis).sum(axis=1, keepdims=True) * axis
    return across / np.linalg.norm(across, axis=1, keepdims=True)


def _positions(
    geometry: Geometry, rows: np.ndarray, profile: DensityProfile, scale: float, seed: int, name: tuple[int, ...]
) -> tuple[np.ndarray, list[tuple[float, float, np.ndarray]]]:
    """Return arc lengths (um) of the spines of one section, and their draws: distance, priority, seven normals."""
    total = geometry.length[rows].sum()
    s = np.linspace(0.0, total, max(2, int(np.ceil(total / 0.1)) + 1))  # 0.1 um: finer than a neck is wide
    path = geometry.path_distance[rows[0]] - 0.5 * geometry.length[rows[0]] + s
    count = scale * (profile.count(path) - profile.count(path[0]))
    reached: list[float] = []
    drawn: list[tuple[float, float, np.ndarray]] = []
    below = 0.0
    while True:  # hardly ever twice: four standard deviations more than expected are drawn
        first = len(drawn)
        more = np.arange(first, first + int(np.ceil(count[-1] + 4 * np.sqrt(count[-1]))) + 4)
        for stream in streams(seed, np.column_stack([np.tile(name, (len(more), 1)), more])):
            one = stream.standard_exponential(), stream.random(), stream.standard_normal(7)
            below += one[0]
            if below >= count[-1]:
                return np.interp(reached, count, s), drawn
            reached.append(below)
            drawn.append(one)


def _make(geometry: Geometry, at: list[tuple[int, float]], draws: np.ndarray, settings: SpineSettings) -> Spines:
    """Build spines from (section, arc length) and seven standard normals each: direction 3, sizes 4."""
    section = np.array([a[0] for a in at], int)
    arc = np.array([a[1] for a in at], float)
    n = len(at)
    row, x, path = np.empty(n, int), np.empty(n), np.empty(n)
    foot, axis = np.empty((n, 3)), np.empty((n, 3))
    for one in np.unique(section):
        here = section == one
        rows = _rows(geometry, one)
        row[here], foot[here], axis[here], path[here] = _on_shaft(geometry, rows, arc[here])
        x[here] = arc[here] / geometry.length[rows].sum()
    c = settings
    size, length, diam, resistance = draws[:, 3:].T
    diam = c.neck_diam_correlation * size + np.sqrt(1 - c.neck_diam_correlation**2) * diam
    resistance = c.R_neck_correlation * size + np.sqrt(1 - c.R_neck_correlation**2) * resistance
    volume = np.clip(np.exp(c.volume_mu + c.volume_sigma * size), c.volume_min, c.volume_max)
    neck_length = c.neck_length_median * np.exp(c.neck_length_sigma * length)
    neck_length = np.clip(neck_length, c.neck_length_min, c.neck_length_max)
    neck_diam = np.clip(c.neck_diam_median * np.exp(c.neck_diam_sigma * diam), c.neck_diam_min, c.neck_diam_max)
    R_neck = np.clip(c.R_neck_median * np.exp(c.R_neck_sigma * resistance), c.R_neck_min, c.R_neck_max)
    out = 0.5 * geometry.diam[row] + neck_length + np.cbrt(0.75 * volume / np.pi)
    xyz = foot + out[:, None] * _perpendicular(axis, draws[:, :3])
    return Spines(row, section, x, xyz, path, geometry.region[row], volume, neck_length, neck_diam, R_neck)


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
