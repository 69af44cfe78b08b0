"""Volume transmission to spines: who is in reach of which release, and the concentration that arrives.

Two forms give the same linear field; `field` chooses among them and those with saturating uptake. `green`
sums the closed-form kernels and is the oracle. The sum of exponentials (`soe_weights`, `deliveries`,
`concentration`) is what the compiled spine advances: twelve rates shared by all sites, so a spine needs
twelve states per modulator whatever the number of sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .errors import ParameterError
from .kernels import ONCE, ball_kernel, bound, kernel, peak, point_kernel, reach, trains
from .release import MODULATORS, N_RATE, Medium, Site, SoeSettings
from .soe import soe_rates, soe_weights

__all__ = [
    "Deliveries",
    "ball_kernel",
    "concentration",
    "deliveries",
    "green",
    "in_reach",
    "point_kernel",
    "soe_rates",
    "soe_weights",
]


@dataclass(frozen=True, eq=False, repr=False)
class Deliveries:
    """Which release site reaches which spine, and with what: one row for each pair in reach.

    Attributes
    ----------
    site, spine : ndarray of int, shape (n,)
        Index of the site and of the spine.
    distance : ndarray, shape (n,)
        From the centre of the site to the spine (um).
    delay : ndarray, shape (n,)
        From the release event to its arrival (ms).
    peak : ndarray, shape (n,)
        Largest concentration after one release event (mM).
    weights : ndarray, shape (n, 12)
        Jump of each shared exponential at arrival (mM).
    error : ndarray, shape (n,)
        Largest difference of the sum of exponentials from the kernel, over the peak; see `soe_weights`.
    modulators : tuple of str, length n_site
        Modulator of each site.
    rates : ndarray, shape (n_site, 12)
        Decay rates of the exponentials, uptake included (/ms).
    n_spine : int
        Number of spines asked about.
    """

    site: np.ndarray
    spine: np.ndarray
    distance: np.ndarray
    delay: np.ndarray
    peak: np.ndarray
    weights: np.ndarray
    error: np.ndarray
    modulators: tuple[str, ...]
    rates: np.ndarray
    n_spine: int

    def __len__(self) -> int:
        return len(self.site)

    def __repr__(self) -> str:
        reached = len(np.unique(self.spine))
        return f"<Deliveries: {len(self.modulators)} sites reach {reached} of {self.n_spine} spines>"

    def of(self, modulator: str) -> Deliveries:
        """Return the rows of one modulator; sites and spines keep their numbers.

        Raises
        ------
        ParameterError
            If `modulator` is not one of `MODULATORS`.
        """
        if modulator not in MODULATORS:
            raise ParameterError(f"modulator = {modulator!r}: must be one of {', '.join(MODULATORS)}")
        keep = np.array([m == modulator for m in self.modulators], bool)[self.site]
        return self.rows(keep)

    def rows(self, keep: np.ndarray) -> Deliveries:
        """Return the rows selected by a boolean mask; sites and spines keep their numbers."""
        columns = ("site", "spine", "distance", "delay", "peak", "weights", "error")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})


def deliveries(
    sites: Sequence[Site],
    spine_xyz: np.ndarray,
    media: Mapping[str, Medium],
    settings: SoeSettings | None = None,
    pairs: Sequence[np.ndarray] | None = None,
) -> Deliveries:
    """List every pair of release site and spine that matters.

    Out of reach means no row: such a spine never hears of the release. Without `pairs` the cut-off is held
    against the peak after one event; `in_reach` looks at a whole schedule.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites.
    spine_xyz : array_like, shape (n_spine, 3)
        Positions of the spine heads (um).
    media : mapping
        Medium of each modulator that the sites release, such as ``MEDIA["striatum"]``.
    settings : SoeSettings, optional
        Time constants, cut-off and smallest distance.
    pairs : sequence of ndarray of int, optional
        Spines to list for each site, sorted, in place of those in reach of one event.

    Returns
    -------
    Deliveries
        Sorted by site, then spine.

    Raises
    ------
    ParameterError
        If positions are not finite or of the wrong shape, or a site's modulator has no medium.
    """
    settings = settings or SoeSettings()
    xyz = _points(spine_xyz)
    if pairs is None:
        pairs = in_reach(sites, xyz, media, settings)
    site = np.repeat(np.arange(len(sites)), [len(spine) for spine in pairs])
    spine = np.concatenate([np.empty(0, int), *pairs])
    away = [np.linalg.norm(xyz[p] - s.position, axis=1) for s, p in zip(sites, pairs, strict=True)]
    distance = np.concatenate([np.empty(0), *away])
    delay, top, error = np.empty(len(site)), np.empty(len(site)), np.empty(len(site))
    weights = np.empty((len(site), N_RATE))
    # Sites of one shape in one medium share a fit, so a thousand varicosities cost one call.
    shapes = [(s.extent, _medium(s, media)) for s in sites]
    amounts = np.array([s.amount(medium) for s, (_, medium) in zip(sites, shapes, strict=True)])
    for shape in dict.fromkeys(shapes):
        radius, medium = shape
        rows = np.flatnonzero(np.array([s == shape for s in shapes], bool)[site])
        amount = amounts[site[rows]]
        r = np.maximum(distance[rows], settings.r_min) if radius == 0 else distance[rows]
        delay[rows], per_unit, error[rows] = soe_weights(r, radius, medium, settings)
        weights[rows] = amount[:, None] * per_unit
        top[rows] = amount * peak(r, radius, medium)[0]
    rates = soe_rates(settings) + np.array([m.uptake for _, m in shapes], float)[:, None]
    modulators = tuple(s.modulator for s in sites)
    return Deliveries(site, spine, distance, delay, top, weights, error, modulators, rates, len(xyz))


def _points(xyz: np.ndarray) -> np.ndarray:
    points = np.asarray(xyz, float)
    if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
        raise ParameterError(f"positions of shape {points.shape}: must be finite numbers of shape (n, 3) in um")
    return points


def _medium(site: Site, media: Mapping[str, Medium]) -> Medium:
    if site.modulator not in media:
        known = ", ".join(media) or "none"
        raise ParameterError(f"media: no medium for {site.modulator!r}; media are given for {known}")
    return media[site.modulator]


def in_reach(
    sites: Sequence[Site],
    xyz: np.ndarray,
    media: Mapping[str, Medium],
    settings: SoeSettings,
    times: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Return the spines in reach of each site, sorted: what a spine does not hear of stays below the cut-off.

    Without `times` the cut-off is held against the peak after one event. With them it is held against the
    whole schedule: a pair is left out when the sum of the site's overlapping events stays below the cut-off
    (`kernels.bound`), and at a spine where all that would be left out might together exceed it, each site
    gets its share of the cut-off.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites.
    xyz : array_like, shape (n_spine, 3)
        Positions of the spine heads (um).
    media : mapping
        Medium of each modulator that the sites release.
    settings : SoeSettings
        Cut-off and smallest distance.
    times : sequence of array_like, optional
        Release times of each site (ms), one entry per site.

    Raises
    ------
    ParameterError
        As `deliveries`, or if there is not one entry of `times` per site.
    """
    xyz = _points(xyz)
    if times is not None:
        _one_per_site(times, len(sites))
    distances = [np.linalg.norm(xyz - site.position, axis=1) for site in sites]
    patterns = [ONCE] * len(sites) if times is None else [trains(np.sort(np.asarray(t, float))) for t in times]

    def within(k: int, cutoff: float) -> np.ndarray:
        """Return whether each spine is in reach of site k; a near spine counts as at the least distance."""
        site, medium = sites[k], _medium(sites[k], media)
        far = reach(site.extent, site.amount(medium), medium, cutoff, patterns[k])
        return distances[k] <= far if site.extent > 0 or far > settings.r_min else np.zeros(len(xyz), bool)

    chosen = [within(k, settings.cutoff) for k in range(len(sites))]
    for modulator in dict.fromkeys(site.modulator for site in sites):
        numbers = [k for k, site in enumerate(sites) if site.modulator == modulator]
        if times is None or len(numbers) == 1 or not len(xyz):
            continue
        left_out = np.zeros(len(xyz))
        for k in numbers:
            left_out += np.where(chosen[k], 0.0, _at_most(sites[k], distances[k], media[modulator], patterns[k]))
        crowded = left_out > settings.cutoff
        if crowded.any():
            for k in numbers:
                chosen[k] |= crowded & within(k, settings.cutoff / len(numbers))
    return [np.flatnonzero(c) for c in chosen]


def _at_most(
    site: Site, distance: np.ndarray, medium: Medium, pattern: tuple[tuple[float, float], ...]
) -> np.ndarray:
    """Return `kernels.bound` at each distance, by a table (mM)."""
    top = max(distance.max(initial=1.0), 1.0)
    r = np.geomspace(0.1, top, 120)
    value = np.maximum(site.amount(medium) * bound(r, site.extent, medium, pattern), 1e-300)
    return np.exp(np.interp(np.log(np.maximum(distance, 0.1)), np.log(r), np.log(value)))


def concentration(table: Deliveries, times: Sequence[np.ndarray], t: np.ndarray, modulator: str) -> np.ndarray:
    """Return the concentration of one modulator at every spine by the sum of exponentials.

    This is what the compiled spine computes, in numpy.

    Parameters
    ----------
    table : Deliveries
        Who reaches whom.
    times : sequence of array_like
        Release times of each site (ms), one entry per site.
    t : array_like, shape (n_t,)
        Times asked for (ms).
    modulator : str
        One of `MODULATORS`.

    Returns
    -------
    ndarray, shape (n_t, n_spine)
        mM; exactly 0 at a spine without a delivery.

    Raises
    ------
    ParameterError
        If there is not one entry of `times` per site, or `modulator` is unknown.
    """
    _one_per_site(times, len(table.modulators))
    t = np.asarray(t, float)
    out = np.zeros((len(t), table.n_spine))
    rows = table.of(modulator)
    for site, spine, delay, weights in zip(rows.site, rows.spine, rows.delay, rows.weights, strict=True):
        for start in np.asarray(times[site], float):
            since = t - start - delay
            on = since >= 0
            out[on, spine] += np.exp(-np.outer(since[on], table.rates[site])) @ weights
    return out


def green(
    sites: Sequence[Site],
    times: Sequence[np.ndarray],
    xyz: np.ndarray,
    t: np.ndarray,
    media: Mapping[str, Medium],
) -> np.ndarray:
    """Return the concentration of one modulator by summing the exact kernels: no cut-off, no smallest distance.

    Parameters
    ----------
    sites : sequence of Varicosity or Patch
        Release sites, all of one modulator.
    times : sequence of array_like
        Release times of each site (ms), one entry per site.
    xyz : array_like, shape (n_xyz, 3)
        Positions (um).
    t : array_like, shape (n_t,)
        Times asked for (ms).
    media : mapping
        Medium of each modulator.

    Returns
    -------
    ndarray, shape (n_t, n_xyz)
        mM.

    Raises
    ------
    ParameterError
        If the sites release different modulators, or a medium or a list of times is missing.
    """
    names = sorted({site.modulator for site in sites})
    if len(names) > 1:
        raise ParameterError(f"sites release {', '.join(names)}: their concentrations do not add, ask for one")
    _one_per_site(times, len(sites))
    points, t = _points(xyz), np.asarray(t, float)
    out = np.zeros((len(t), len(points)))
    for site, starts in zip(sites, times, strict=True):
        medium = _medium(site, media)
        distance = np.linalg.norm(points - site.position, axis=1)
        for start in np.asarray(starts, float):
            out += site.amount(medium) * kernel(distance, (t - start)[:, None], site.extent, medium)
    return out


def _one_per_site(times: Sequence[np.ndarray], n_site: int) -> None:
    if len(times) != n_site:
        raise ParameterError(f"times has {len(times)} entries: must have one list for each of {n_site} sites")
