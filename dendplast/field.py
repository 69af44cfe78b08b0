"""Which solver carries each modulator from its release sites to the spines, and what it brings there.

Where concentrations stay well below Km uptake is linear, and a release is a sum of exponentials that the
compiled spine advances by itself (`soe`). Where not, the field is solved ahead over the whole schedule:
in shells around sites that are far from each other (`radial`), or on a grid (`grid`). `green` sums the exact
linear kernels and is there to judge the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .course import Course, assemble
from .diffusion import Deliveries, deliveries, in_reach
from .errors import ParameterError
from .exact import GreenSolver
from .grid import GridSolver
from .kernels import PER_UM3
from .radial import RadialSolver
from .release import Medium, Site, SoeSettings

__all__ = ["Field", "choose", "load", "solve_field"]

_log = logging.getLogger(__name__)

LINEAR = 0.5
"""Largest `load` that counts as linear: one vesicle of 3000 in the striatum has 0.46 and errs by 9 % at 10 um."""

ALONE = 1.1
"""Sites are solved one by one while their neighbours raise the load by less than a tenth."""

PAD_MAX = 60.0
"""Largest distance from a site to a wall of the grid (um)."""

_LOW = 0.1  # of the cut-off: below it nothing is left


@dataclass(frozen=True, eq=False)
class Field:
    """The field of a schedule: what arrives at which spine.

    Attributes
    ----------
    deliveries : Deliveries
        Every pair of site and spine in reach, with the weights of linear uptake.
    linear : Deliveries
        The rows of those modulators that are delivered as exponentials.
    courses : tuple of Course
        Excess over the tone of the others, solved ahead; several of one modulator add.
    report : dict of str to str
        For each released modulator the backend and why it was taken.
    """

    deliveries: Deliveries
    linear: Deliveries
    courses: tuple[Course, ...]
    report: Mapping[str, str]

    @property
    def reached(self) -> np.ndarray:
        """Spines that anything arrives at, sorted."""
        return np.unique(self.deliveries.spine)


def load(sites: Sequence[Site], times: Sequence[np.ndarray], medium: Medium) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each site fills its uptake: alone, and together with its neighbours.

    What is released within one time constant of uptake, spread over the site and one length of
    diffusion around it, makes a concentration; over Km it is the load. The error of linear uptake in peak and
    area is about a fifth of it.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites of one modulator.
    times : sequence of ndarray
        Release times of each site (ms).
    medium : Medium
        Diffusion and uptake.
    """
    if medium.uptake == 0:
        return np.zeros(len(sites)), np.zeros(len(sites))
    length, window = np.sqrt(medium.D_star / medium.uptake), 1 / medium.uptake
    extent = np.array([s.extent for s in sites])
    place = np.array([s.position for s in sites], float).reshape(-1, 3)
    size = np.where(extent > 0, 4 / 3 * np.pi * extent**3, 1.0)
    molecules = np.array([s.amount(medium) for s in sites]) * size
    per_molecule = PER_UM3 / medium.alpha / (4 / 3 * np.pi * (extent + length) ** 3) / medium.Km
    alone, together = np.zeros(len(sites)), np.zeros(len(sites))
    for k in range(len(sites)):
        near = np.flatnonzero(np.linalg.norm(place - place[k], axis=1) <= extent[k] + extent + length)
        alone[k] = per_molecule[k] * _most(times[k], np.full(len(times[k]), molecules[k]), window)
        when = np.concatenate([times[j] for j in near])
        what = np.repeat(molecules[near], [len(times[j]) for j in near])
        together[k] = per_molecule[k] * _most(when, what, window)
    return alone, together


def _most(times: np.ndarray, amounts: np.ndarray, window: float) -> float:
    """Return the largest sum of amounts within a window (ms)."""
    if not len(times):
        return 0.0
    order = np.argsort(times, kind="stable")
    times, total = times[order], np.concatenate([[0.0], np.cumsum(amounts[order])])
    last = np.searchsorted(times, times + window, side="right")
    return float((total[last] - total[:-1]).max())


def choose(sites: Sequence[Site], times: Sequence[np.ndarray], medium: Medium) -> tuple[str, str]:
    """Return the backend that the physics asks for, and the reason."""
    alone, together = load(sites, times, medium)
    most = float(together.max(initial=0.0))
    if most <= LINEAR:
        return "soe", f"releases fill uptake to {most:.2g} of Km at most, linear up to {LINEAR:g}"
    if (together <= ALONE * alone).all():
        return "radial", f"releases fill uptake to {most:.2g} of Km, each site by itself"
    return "grid", f"releases fill uptake to {most:.2g} of Km, sites together"


def solve_field(
    sites: Sequence[Site],
    time: np.ndarray,
    site: np.ndarray,
    xyz: np.ndarray,
    media: Mapping[str, Medium],
    backend: str = "auto",
    grid_h: float = 1.0,
    settings: SoeSettings | None = None,
) -> Field:
    """Find whom the releases reach, and with what.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites.
    time, site : ndarray, shape (n_release,)
        Releases (ms), and the number of the site of each.
    xyz : array_like, shape (n_spine, 3)
        Positions of the spines (um).
    media : mapping
        Medium of each modulator, as the excess over the tone sees it (`Medium.around`).
    backend : str
        ``"auto"``, ``"soe"``, ``"green"``, ``"radial"`` or ``"grid"``.
    grid_h : float
        Distance of grid points (um).
    settings : SoeSettings, optional
        Cut-off and least distance, for every backend.

    Raises
    ------
    ParameterError
        If positions or media are not valid, or a grid is asked for that would have too many points, or no uptake.
    """
    settings = settings or SoeSettings()
    xyz = np.asarray(xyz, float).reshape(-1, 3)
    times = [np.asarray(time, float)[np.asarray(site, int) == k] for k in range(len(sites))]
    pairs = in_reach(sites, xyz, media, settings, times)
    courses: list[Course] = []
    report: dict[str, str] = {}
    ahead = []  # modulators solved ahead
    for modulator in dict.fromkeys(site.modulator for site in sites):
        numbers = [k for k, site in enumerate(sites) if site.modulator == modulator and len(times[k])]
        mine, when = [sites[k] for k in numbers], [times[k] for k in numbers]
        medium = media[modulator]
        kind, why = (backend, "asked for") if backend != "auto" else choose(mine, when, medium)
        if kind != "soe" and numbers:
            ahead.append(modulator)
            found, more = _COURSES[kind](modulator, mine, when, xyz, medium, grid_h, settings)
            courses += [course for course in found if len(course.spine)]
            why += more
            _list_reached(modulator, pairs, found, sites, xyz)
        report[modulator] = f"{kind}: {why}"
    table = deliveries(sites, xyz, media, settings, pairs)
    linear = np.array([m not in ahead for m in table.modulators], bool)[table.site]
    return Field(table, table.rows(linear), tuple(courses), report)


def _list_reached(
    modulator: str, pairs: list[np.ndarray], courses: Sequence[Course], sites: Sequence[Site], xyz: np.ndarray
) -> None:
    """Make the pairs of a modulator's sites those of the spines that its courses reach.

    A spine that linear uptake would not have reached is listed with its nearest site.
    """
    numbers = [k for k, site in enumerate(sites) if site.modulator == modulator]
    reached = np.unique(np.concatenate([c.spine for c in courses]))
    for k in numbers:
        pairs[k] = np.intersect1d(pairs[k], reached)
    alone = np.setdiff1d(reached, np.concatenate([pairs[k] for k in numbers]))
    if len(alone):
        away = [np.linalg.norm(xyz[alone] - sites[k].position, axis=1) - sites[k].extent for k in numbers]
        nearest = np.argmin(away, axis=0)
        for place, k in enumerate(numbers):
            pairs[k] = np.union1d(pairs[k], alone[nearest == place]).astype(int)


def _ordered(times: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all release times, sorted, and the number of the site of each."""
    when = np.concatenate([np.zeros(0), *times])
    which = np.repeat(np.arange(len(times)), [len(t) for t in times])
    order = np.argsort(when, kind="stable")
    return when[order], which[order]


def _distance(site: Site, xyz: np.ndarray, r_min: float) -> np.ndarray:
    r = np.linalg.norm(xyz - site.position, axis=1)
    return r if site.extent > 0 else np.maximum(r, r_min)


def _radial(
    modulator: str, sites: Sequence[Site], times: Sequence[np.ndarray], xyz: np.ndarray, medium: Medium,
    grid_h: float, settings: SoeSettings,
) -> tuple[list[Course], str]:  # fmt: skip
    courses = []
    for site, when in zip(sites, times, strict=True):
        solver = RadialSolver(
            _distance(site, xyz, settings.r_min), site.extent, site.amount(medium), medium, _LOW * settings.cutoff
        )
        when = np.sort(when)
        courses.append(assemble(solver, modulator, when, np.zeros(len(when), int), settings.cutoff))
    return courses, ""


def _grid(
    modulator: str, sites: Sequence[Site], times: Sequence[np.ndarray], xyz: np.ndarray, medium: Medium,
    grid_h: float, settings: SoeSettings,
) -> tuple[list[Course], str]:  # fmt: skip
    if medium.uptake == 0:
        raise ParameterError(
            f"numerics.field = 'grid': {modulator} has no uptake here, and nothing would ever leave the grid; use "
            f"'soe', which is exact without uptake"
        )
    _, together = load(sites, times, medium)
    pad = min(_pad(sites, together, medium, settings.cutoff), PAD_MAX)
    solver = GridSolver(sites, xyz, medium, pad, grid_h, _LOW * settings.cutoff, settings.r_min)
    course = assemble(solver, modulator, *_ordered(times), settings.cutoff)
    points = " x ".join(str(n) for n in solver.box.c.shape)
    if solver.wall > 100 * settings.cutoff:
        _log.warning(
            "%s at the walls of the grid reached %.3g nM: it would go on beyond them", modulator, solver.wall * 1e6
        )
    return [course], f"; {points} points of {grid_h:g} um, at most {solver.wall * 1e6:.2g} nM at the walls"


def _pad(sites: Sequence[Site], together: np.ndarray, medium: Medium, cutoff: float) -> float:
    """Return a distance from the sites (um) at which the concentration is down to the cut-off.

    Uptake is saturated up to where all that is there at once would fill it to Km; from there on a
    concentration falls at least as exp(-r/L).
    """
    length = np.sqrt(medium.D_star / medium.uptake)
    extent = np.array([s.extent for s in sites])
    front = np.cbrt(together.max()) * (extent.max() + length) - extent.max()
    return float(max(front, 0.0) + length * np.log(medium.Km / cutoff))


def _green(
    modulator: str, sites: Sequence[Site], times: Sequence[np.ndarray], xyz: np.ndarray, medium: Medium,
    grid_h: float, settings: SoeSettings,
) -> tuple[list[Course], str]:  # fmt: skip
    distances = [_distance(s, xyz, settings.r_min) for s in sites]
    solver = GreenSolver(distances, sites, medium, _LOW * settings.cutoff, settings.r_min)
    return [assemble(solver, modulator, *_ordered(times), settings.cutoff)], ""


_COURSES = {"radial": _radial, "grid": _grid, "green": _green}
