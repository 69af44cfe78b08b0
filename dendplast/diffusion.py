"""Volume transmission to spines: who is in reach of which release, and the concentration that arrives.

Two backends give the same linear field. `green` sums the closed-form kernels and is the oracle. The sum of
exponentials (`soe_weights`, `deliveries`, `concentration`) is what the compiled spine advances: twelve
rates shared by all sites, so a spine needs twelve states per modulator whatever the number of sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .errors import ParameterError
from .kernels import ball_kernel, kernel, peak, point_kernel, reach
from .release import MODULATORS, N_RATE, Medium, Site, SoeSettings
from .soe import soe_rates, soe_weights

__all__ = [
    "Deliveries",
    "ball_kernel",
    "concentration",
    "deliveries",
    "green",
    "point_kernel",
    "soe_rates",
    "soe_weights",
]


@dataclass(frozen=True, eq=False)
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
        return self._rows(keep)

    def _rows(self, keep: np.ndarray) -> Deliveries:
        columns = ("site", "spine", "distance", "delay", "peak", "weights", "error")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})


def deliveries(
    sites: Sequence[Site],
    spine_xyz: np.ndarray,
    media: Mapping[str, Medium],
    settings: SoeSettings | None = None,
) -> Deliveries:
    """List every pair of release site and spine whose peak after one release event exceeds the cut-off.

    Out of reach means no row: such a spine never hears of the release. The cut-off looks at one event; a
    train of overlapping events may lift a spine just outside to a few times the cut-off.

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
    near = [_in_reach(site, xyz, _medium(site, media), settings.cutoff) for site in sites]
    count = [len(spine) for spine, _ in near]
    site = np.repeat(np.arange(len(sites)), count)
    spine = np.concatenate([np.empty(0, int), *(s for s, _ in near)])
    distance = np.concatenate([np.empty(0), *(d for _, d in near)])
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
    table = Deliveries(site, spine, distance, delay, top, weights, error, modulators, rates, len(xyz))
    return table._rows(top > settings.cutoff)


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


def _in_reach(site: Site, xyz: np.ndarray, medium: Medium, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    distance = np.linalg.norm(xyz - site.position, axis=1)
    spine = np.flatnonzero(distance <= reach(site.extent, site.amount(medium), medium, cutoff))
    return spine, distance[spine]


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
