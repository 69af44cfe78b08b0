"""Who is who: spines of a tree by id, and the rows of states that stand for them.

Spines to which nothing has happened are in the same state, so one row stands for all of them, and one for each
group born together.  A spine gets a row of its own when something happens to it.
"""

from __future__ import annotations

import numpy as np

from ..errors import ParameterError

__all__ = ["Roster"]


class Roster:
    """Spines by id, with what does not move: place, birth, loss, and the row of states of each.

    Parameters
    ----------
    segment : ndarray of int, shape (n_spine,)
        Row of the tree below each spine.
    section : ndarray of int, shape (n_spine,)
        Section below.
    x : ndarray, shape (n_spine,)
        Position in the section, 0 to 1.
    volume : ndarray, shape (n_spine,)
        Head volume at the beginning (um3).
    seed : int
        Names the draw of each spine's limit of hazard.

    Attributes
    ----------
    row : ndarray of int, shape (n_spine,)
        Row of states; -1 for a spine that is lost.
    born, lost : ndarray, shape (n_spine,)
        ms; inf while not lost.
    limit : ndarray, shape (n_spine,)
        Cumulative hazard at which a spine is lost, exponential of mean 1 beyond what it was born with.
    """

    def __init__(
        self, segment: np.ndarray, section: np.ndarray, x: np.ndarray, volume: np.ndarray, seed: int
    ) -> None:
        n = len(segment)
        self.seed = seed
        self.segment, self.section = np.array(segment, int), np.array(section, int)
        self.x, self.volume = np.array(x, float), np.array(volume, float)
        self.row = np.zeros(n, int)
        self.born, self.lost = np.zeros(n), np.full(n, np.inf)
        self.limit = self._limits(0, n)

    def _limits(self, first: int, n: int) -> np.ndarray:
        """Return the limits of spines first to first + n - 1; each depends on seed and id alone."""
        streams = (np.random.SeedSequence(self.seed, spawn_key=(first + k,)) for k in range(n))
        return np.array([np.random.default_rng(stream).standard_exponential() for stream in streams])

    def __len__(self) -> int:
        return len(self.row)

    @property
    def alive(self) -> np.ndarray:
        """Whether each spine is there now."""
        return self.row >= 0

    def check(self, ids: np.ndarray) -> None:
        """Refuse ids that no spine has.

        Raises
        ------
        ParameterError
            If there is one.
        """
        wrong = ids[(ids < 0) | (ids >= len(self))]
        if len(wrong):
            raise ParameterError(f"there is no spine {wrong[0]}; spines are 0 to {len(self) - 1}")

    def add(self, segment: np.ndarray, section: np.ndarray, x: np.ndarray, volume: float, row: int, t: float) -> None:
        """Add spines born at `t` (ms) that share a row of states without hazard so far."""
        n, old = len(segment), len(self)
        more = {
            "segment": segment, "section": section, "x": x, "volume": np.full(n, volume),
            "row": np.full(n, row), "born": np.full(n, t), "lost": np.full(n, np.inf), "limit": self._limits(old, n),
        }  # fmt: skip
        for name, values in more.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))
