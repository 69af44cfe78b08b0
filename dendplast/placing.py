"""Place spines on a dendrite: at random by density, or at exact places.

Chance: spine k of section s draws everything it has from its own stream, named by (seed, s, k). So a spine
stays the same spine when other sections are left out, change their density, or are asked for in another
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np

from .anatomy import DensityProfile, SpineSettings
from .errors import ParameterError
from .geometry import Geometry
from .spines import Spines
from .streams import streams

__all__ = ["beside", "place", "place_at"]

_BY_DENSITY, _AT_PLACE, _BESIDE = 0, 1, 2  # first word of a stream's name


def place(
    geometry: Geometry,
    settings: SpineSettings | None = None,
    seed: int = 0,
    *,
    n: int | None = None,
    sections: Iterable[int] | None = None,
    keep: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
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
    keep : callable, optional
        Given path distance (um) and region of every spine that density gives, both of shape (n_all,), returns the
        ascending indices of those to place.  Sizes of others are not drawn, which spares most of the time.

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
    found = [_Stretch(geometry, section, settings, profiles) for section in wanted]
    found = [stretch for stretch in found if stretch.count[-1] > 0]
    arcs = _arcs([stretch.count for stretch in found], [stretch.section for stretch in found], seed)
    at = [np.interp(arc, stretch.count, stretch.s) for arc, stretch in zip(arcs, found, strict=True)]
    feet = _Feet.of([_Feet.on(geometry, f.section, f.rows, s) for f, s in zip(found, at, strict=True)])
    number = np.concatenate([np.arange(len(s)) for s in at]) if at else np.zeros(0, int)
    names = np.column_stack([np.full(len(number), _BY_DENSITY), feet.section, number])
    index = np.arange(len(number)) if keep is None else keep(feet.path, geometry.region[feet.row])
    if n is not None:
        if not 0 <= n <= len(index):
            raise ParameterError(f"n = {n}: must be 0 to {len(index)}, the spines that density and seed give")
        priority = [(stream.standard_exponential(), stream.random())[1] for stream in streams(seed, names[index])]
        index = index[np.sort(np.argsort(priority, kind="stable")[:n])]
    draws = [
        (stream.standard_exponential(), stream.random(), stream.standard_normal(7))[2]  # in the order of the stream
        for stream in streams(seed, names[index])
    ]
    return _make(geometry, feet.select(index), np.array(draws, float).reshape(-1, 7), settings)


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
    section = pairs[0].astype(int)
    arc = np.array([_arc(geometry, int(s), float(p)) for s, p in zip(section, pairs[1], strict=True)], float)
    names = np.column_stack([np.full(len(arc), _AT_PLACE), section, np.arange(len(arc))])
    draws = [stream.standard_normal(7) for stream in streams(seed, names)]
    together, order = [], []
    for one in np.unique(section):
        order.append(np.flatnonzero(section == one))
        together.append(_Feet.on(geometry, one, _rows(geometry, one), arc[order[-1]]))
    feet = _Feet.of(together).select(np.argsort(np.concatenate([np.zeros(0, int), *order]), kind="stable"))
    return _make(geometry, feet, np.array(draws, float).reshape(-1, 7), settings or SpineSettings())


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


class _Stretch:
    """A section with the expected number of spines (`count`) up to arc lengths `s` (um) of it."""

    def __init__(
        self, geometry: Geometry, section: int, settings: SpineSettings, profiles: dict[str, DensityProfile]
    ) -> None:
        self.section, self.rows = section, _rows(geometry, section)
        length = geometry.length[self.rows]
        total = length.sum()
        self.s = np.linspace(0.0, total, max(2, int(np.ceil(total / 0.1)) + 1))  # 0.1 um: finer than a neck is wide
        profile = profiles.get(str(geometry.region[self.rows[0]]))
        if profile is None:
            self.count = np.zeros(len(self.s))
        else:
            path = geometry.path_distance[self.rows[0]] - 0.5 * length[0] + self.s
            self.count = settings.scale * (profile.count(path) - profile.count(path[0]))


def _arcs(counts: list[np.ndarray], sections: list[int], seed: int) -> list[np.ndarray]:
    """Return, for each section, the expected numbers of spines at which spines are: sums of exponentials."""
    want = [int(np.ceil(c[-1] + 4 * np.sqrt(c[-1]))) + 4 for c in counts]  # hardly ever too few: four SD more
    have = [np.zeros(0)] * len(counts)
    short = list(range(len(counts)))
    while short:
        number = np.concatenate([len(have[k]) + np.arange(want[k]) for k in short])
        section = np.repeat([sections[k] for k in short], [want[k] for k in short])
        names = np.column_stack([np.full(len(number), _BY_DENSITY), section, number])
        drawn = np.array([stream.standard_exponential() for stream in streams(seed, names)])
        for k, new in zip(short, np.split(drawn, np.cumsum([want[k] for k in short])[:-1]), strict=True):
            have[k] = np.append(have[k], new)
        short = [k for k in short if np.cumsum(have[k])[-1] < counts[k][-1]]
    sums = [np.cumsum(e) for e in have]
    return [at[at < c[-1]] for at, c in zip(sums, counts, strict=True)]


@dataclass(frozen=True)
class _Feet:
    """Where necks begin: segment, section, x, point on the axis (um), its direction, path distance (um)."""

    row: np.ndarray
    section: np.ndarray
    x: np.ndarray
    point: np.ndarray
    axis: np.ndarray
    path: np.ndarray

    @classmethod
    def on(cls, geometry: Geometry, section: int, rows: np.ndarray, arc: np.ndarray) -> _Feet:
        """Return the feet at arc lengths (um) of one section."""
        row, point, axis, path = _on_shaft(geometry, rows, arc)
        return cls(row, np.full(len(arc), section), arc / geometry.length[rows].sum(), point, axis, path)

    @classmethod
    def of(cls, parts: list[_Feet]) -> _Feet:
        """Return the feet of several sections after one another."""
        none = cls(*(np.zeros(0, int),) * 2, np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))
        return cls(*(np.concatenate([getattr(part, f.name) for part in (none, *parts)]) for f in fields(cls)))

    def select(self, index: np.ndarray) -> _Feet:
        return _Feet(*(getattr(self, f.name)[index] for f in fields(self)))


def _make(geometry: Geometry, feet: _Feet, draws: np.ndarray, settings: SpineSettings) -> Spines:
    """Build spines from their feet and seven standard normals each: direction 3, sizes 4."""
    c = settings
    size, length, diam, resistance = draws[:, 3:].T
    diam = c.neck_diam_correlation * size + np.sqrt(1 - c.neck_diam_correlation**2) * diam
    resistance = c.R_neck_correlation * size + np.sqrt(1 - c.R_neck_correlation**2) * resistance
    volume = np.clip(np.exp(c.volume_mu + c.volume_sigma * size), c.volume_min, c.volume_max)
    neck_length = c.neck_length_median * np.exp(c.neck_length_sigma * length)
    neck_length = np.clip(neck_length, c.neck_length_min, c.neck_length_max)
    neck_diam = np.clip(c.neck_diam_median * np.exp(c.neck_diam_sigma * diam), c.neck_diam_min, c.neck_diam_max)
    R_neck = np.clip(c.R_neck_median * np.exp(c.R_neck_sigma * resistance), c.R_neck_min, c.R_neck_max)
    out = 0.5 * geometry.diam[feet.row] + neck_length + np.cbrt(0.75 * volume / np.pi)
    xyz = feet.point + out[:, None] * _perpendicular(feet.axis, draws[:, :3])
    region = geometry.region[feet.row]
    return Spines(
        feet.row, feet.section, feet.x, xyz, feet.path, region, volume, neck_length, neck_diam, R_neck
    )
