"""Saturating uptake in a box: Strang splitting on a grid, with every release exact until the grid can hold it."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn, idctn, next_fast_len
from scipy.sparse import csr_matrix

from .errors import ParameterError
from .kernels import PER_UM3
from .release import Medium
from .saturation import mm_step

__all__ = ["Box"]

_MOST = 2e7
"""Largest number of grid points: 160 MB for each array."""

_OFFSETS = np.arange(-2, 4)  # of the six points around a place, for interpolation of fifth order


class Box:
    """A concentration on the points of a box whose walls nothing passes.

    Diffusion is exact: the cosines that the walls allow decay each at its own rate. Uptake is exact
    (`mm_step`). What is left is the error of the splitting, second order in the step and nothing where uptake
    is linear (Strang 1968, doi 10.1137/0705041), and of a field too sharp for the grid.

    Parameters
    ----------
    low, high : array_like, shape (3,)
        Corners (um); the box may come out a little larger.
    h : float
        Distance of the points (um).
    medium : Medium
        Diffusion and uptake.

    Attributes
    ----------
    c : ndarray, shape (nx, ny, nz)
        Concentration (mM).
    axes : list of ndarray
        Coordinates of the points (um).

    Raises
    ------
    ParameterError
        If the box has too many points.
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, h: float, medium: Medium) -> None:
        low, high = np.asarray(low, float), np.asarray(high, float)
        count = np.maximum(np.ceil((high - low) / h), 8)
        if count.prod() > _MOST:
            sides = " x ".join(f"{x:.0f}" for x in high - low)
            raise ParameterError(
                f"numerics.grid_h = {h:g} um: a box of {sides} um has {count.prod():.2g} points, {_MOST:.0e} is "
                f"the limit; use a larger numerics.grid_h, or numerics.field = 'soe', which is linear"
            )
        shape = tuple(next_fast_len(int(n), real=True) for n in count)
        begin = 0.5 * (low + high) - 0.5 * h * np.array(shape)
        self.h, self.medium, self.c = h, medium, np.zeros(shape)
        self.axes = [b + h * (np.arange(n) + 0.5) for b, n in zip(begin, shape, strict=True)]
        self._rates = [medium.D_star * (np.pi * np.arange(n) / (n * h)) ** 2 for n in shape]
        self._decay: tuple[float, np.ndarray] = (0.0, np.ones(()))  # of the last step

    @property
    def molecules(self) -> float:
        """Molecules in the box."""
        return float(self.c.sum()) * self.h**3 * self.medium.alpha / PER_UM3

    def step(self, dt: float) -> None:
        """Advance by `dt` ms: half of the uptake, diffusion, the other half."""
        self.react(0.5 * dt)
        self.diffuse(dt)
        self.react(0.5 * dt)

    def react(self, dt: float) -> None:
        """Take up for `dt` ms."""
        mm_step(self.c, self.medium, dt)

    def diffuse(self, dt: float) -> None:
        """Spread for `dt` ms."""
        waves = dctn(self.c, type=2, overwrite_x=True)
        if dt != self._decay[0]:
            x, y, z = (np.exp(-rates * dt) for rates in self._rates)
            self._decay = dt, x[:, None, None] * y[:, None] * z
        waves *= self._decay[1]
        self.c = idctn(waves, type=2, overwrite_x=True)

    def wall(self) -> float:
        """Return the largest concentration at the walls (mM): what open tissue would have let through."""
        faces = [np.take(self.c, [0, -1], axis) for axis in range(3)]
        return float(max(face.max() for face in faces))

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Return which points (um), shape (n, 3), are inside, as booleans."""
        inside = [
            (points[:, k] >= axis[0] - 0.5 * self.h) & (points[:, k] <= axis[-1] + 0.5 * self.h)
            for k, axis in enumerate(self.axes)
        ]
        return inside[0] & inside[1] & inside[2]

    def reader(self, points: np.ndarray) -> csr_matrix:
        """Return the matrix from ``c.ravel()`` to the concentration at points (um) inside the box, shape (n, 3).

        Lagrange interpolation through six points along each axis; the walls mirror.
        """
        points = np.asarray(points, float).reshape(-1, 3)
        index, weight = [], []
        for k, axis in enumerate(self.axes):
            place = (points[:, k] - axis[0]) / self.h
            whole = np.floor(place).astype(int)
            near = whole[:, None] + _OFFSETS
            n = len(axis)
            index.append(np.where(near < 0, -1 - near, np.where(near >= n, 2 * n - 1 - near, near)))
            weight.append(_lagrange(place - whole))
        flat = np.ravel_multi_index(
            (index[0][:, :, None, None], index[1][:, None, :, None], index[2][:, None, None, :]), self.c.shape
        )
        product = weight[0][:, :, None, None] * weight[1][:, None, :, None] * weight[2][:, None, None, :]
        rows = np.arange(len(points) + 1) * len(_OFFSETS) ** 3
        return csr_matrix((product.ravel(), flat.ravel(), rows), shape=(len(points), self.c.size))

    def window(self, center: np.ndarray, reach: float) -> tuple[tuple[slice, ...], np.ndarray]:
        """Return the part of the box within `reach` of a place along each axis, and its distances (um)."""
        part, squares = [], []
        for k, axis in enumerate(self.axes):
            a, b = np.searchsorted(axis, (center[k] - reach, center[k] + reach))
            part.append(slice(int(a), int(b)))
            squares.append((axis[a:b] - center[k]) ** 2)
        return tuple(part), np.sqrt(
            squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
        )


def _lagrange(f: np.ndarray) -> np.ndarray:
    """Return the weights of the six points around a place `f` of a step beyond the third, shape (n, 6)."""
    weight = np.ones((len(f), len(_OFFSETS)))
    for a, x in enumerate(_OFFSETS):
        for y in _OFFSETS:
            if y != x:
                weight[:, a] *= (f - y) / (x - y)
    return weight
