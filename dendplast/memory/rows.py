"""Rows of states: one stands for all spines to which nothing has happened, and one for each of the others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..rule import State
from .roster import Roster

__all__ = ["Rows"]

_OWN = ("place", "size", "history", "absence", "hazard", "signal")


class Rows:
    """The states of the rule and of structure, by row.

    Parameters
    ----------
    y : State
        Of the one row of the beginning, shape (1,).
    size : float
        Its head volume (um3).

    Attributes
    ----------
    y : State
        States of the rule.
    place : ndarray of int, shape (n_row,)
        Segment below; -1 for a row that stands for several spines.
    size : ndarray, shape (n_row,)
        Head volume at the beginning (um3).
    history, absence, hazard : ndarray, shape (n_row,)
        Structural history (-1 to 1), absence of modulators (0 to 1), cumulative hazard of loss (1).
    signal : ndarray, shape (n_row,)
        Tag times priming, summed over the window so far (ms): what new spines form on.
    """

    def __init__(self, y: State, size: float) -> None:
        self.y, self.place, self.size = y, np.array([-1]), np.array([size])
        self.history, self.absence, self.hazard, self.signal = (np.zeros(1) for _ in range(4))

    def __len__(self) -> int:
        return len(self.place)

    def own(self, roster: Roster, ids: np.ndarray) -> np.ndarray:
        """Give spines rows of their own where they share one, and return their rows."""
        shared = ids[self.place[roster.row[ids]] < 0]
        if len(shared):
            source = roster.row[shared]
            new = self.y.array[:, source]
            y = State(new)
            y["volume"] = y["volume"] * roster.volume[shared] / self.size[source]
            self.y = State(np.concatenate([self.y.array, new], axis=1))
            for name in ("history", "absence", "hazard", "signal"):
                values = getattr(self, name)
                setattr(self, name, np.append(values, values[source]))
            roster.row[shared] = len(self) + np.arange(len(shared))
            self.place = np.append(self.place, roster.segment[shared])
            self.size = np.append(self.size, roster.volume[shared])
        return roster.row[ids]

    def newborn(self, p: SimpleNamespace) -> int:
        """Add the row of spines that form now, which have what row 0 has, and return its number."""
        y = State(self.y.array[:, :1].copy())
        y["volume"] = np.full(1, p.V_new)
        self.y = State(np.concatenate([self.y.array, y.array], axis=1))
        self.history, self.hazard = np.append(self.history, p.s_new), np.append(self.hazard, 0.0)
        self.absence, self.signal = np.append(self.absence, self.absence[0]), np.append(self.signal, 0.0)
        self.place, self.size = np.append(self.place, -1), np.append(self.size, p.V_new)
        return len(self) - 1

    def drop_empty(self, roster: Roster) -> None:
        """Drop rows that stand for no spine; row 0 stays, as what a spine is to which nothing happens."""
        keep = np.bincount(roster.row[roster.alive], minlength=len(self)) > 0
        keep[0] = True
        number = np.cumsum(keep) - 1
        roster.row = np.where(roster.alive, number[roster.row], -1)
        self.y = State(self.y.array[:, keep])
        for name in _OWN:
            setattr(self, name, getattr(self, name)[keep])
