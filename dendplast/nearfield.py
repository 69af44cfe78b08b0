"""A young release beside a grid: its own field until it is broad enough to be put on the points."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

from .kernels import kernel, kernel_integral
from .radial import Shells
from .release import Medium

__all__ = ["NearField"]

_LEVELS = np.array([0.0, 1 / 3, 2 / 3])  # of background, as its share B/(Km + B) of saturation
_N_AGE, _N_PLACE = 24, 48
_FAR = 2.5  # in units of sqrt(4 D* age): beyond, what uptake left is taken as it is here


class NearField:
    """What uptake leaves of a young release, by its age, by place, and by the concentration around it.

    The field of a release is the exact kernel without uptake times a share between 0 and 1, which
    varies slowly and is tabulated from `Shells`. The table knows the background: the excess of a release over a
    field B obeys uptake again, with Vmax Km/(Km + B) and Km + B (`Medium.around`), so that grid and young
    releases together take up what the sum of them takes up. At full saturation the share is 1.

    Parameters
    ----------
    radius : float
        Radius of the site (um), 0 for a point.
    amount : float
        Molecules (point) or molecules per um3 (ball) of one release.
    medium : Medium
        Diffusion and uptake.
    oldest : float
        Age up to which the table reaches (ms).
    """

    def __init__(self, radius: float, amount: float, medium: Medium, oldest: float) -> None:
        self.radius, self.amount, self.medium, self.oldest = radius, amount, medium, oldest
        self._free = medium.replaced(Vmax=0.0)
        self._table = np.ones((len(_LEVELS) + 1, _N_AGE, _N_PLACE))
        if medium.uptake > 0:
            for k, level in enumerate(_LEVELS):
                self._table[k] = self._shares(medium.around(medium.Km * level / (1 - level)))

    def _shares(self, medium: Medium) -> np.ndarray:
        """Return what uptake leaves, by age and place, shape (n_age, n_place)."""
        outer = self.radius + 8 * np.sqrt(4 * medium.D_star * self.oldest)
        shells, free = (Shells(self.radius, m, outer) for m in (medium, self._free))
        share = np.ones((_N_AGE, _N_PLACE))
        for s in (shells, free):
            s.release(self.amount)
        for k in range(1, _N_AGE):
            age = self.oldest * (k / (_N_AGE - 1)) ** 2
            for s in (shells, free):  # errors of the shells are the same in both, and cancel
                s.to(age)
            place = self._scale(age) * np.linspace(0, 1, _N_PLACE)
            share[k] = np.interp(place, shells.r, shells.c / np.maximum(free.c, 1e-300))
        return share

    def _scale(self, age: np.ndarray) -> np.ndarray:
        return self.radius + _FAR * np.sqrt(4 * self.medium.D_star * age)

    def share(self, r: np.ndarray, age: float, background: float) -> np.ndarray:
        """Return what uptake leaves at distance `r` (um), at `age` (ms), in a field `background` (mM)."""
        level = max(background, 0.0) / (self.medium.Km + max(background, 0.0))
        row = level * len(_LEVELS)
        column = np.sqrt(age / self.oldest) * (_N_AGE - 1)
        place = np.asarray(r, float) / self._scale(age) * (_N_PLACE - 1)
        at = np.broadcast_arrays(row, column, place)
        return map_coordinates(self._table, at, order=1, mode="nearest")

    def field(self, r: np.ndarray, age: float, background: float) -> np.ndarray:
        """Return the concentration (mM) at distance `r` (um) and `age` (ms)."""
        return self.amount * kernel(r, age, self.radius, self._free) * self.share(r, age, background)

    def average(self, r: np.ndarray, age0: float, age1: float, background: float) -> np.ndarray:
        """Return the integral of `field` from age0 to age1 over their distance (mM)."""
        area = kernel_integral(r, age0, age1, self.radius, self._free)
        return self.amount * area / (age1 - age0) * self.share(r, 0.5 * (age0 + age1), background)
