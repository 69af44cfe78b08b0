"""Sample a run as it goes: often while the cell is active, seldom while it rests."""

from __future__ import annotations

import numpy as np

from .errors import ParameterError
from .model import Model
from .slots import SPINE_FAST, SPINE_RULE, spine_slots
from .stepping import next_multiple

__all__ = ["Recorder"]

VALID = (*SPINE_RULE, *SPINE_FAST, "cai_peak")


class Recorder:
    """Samples of every spine, kept in memory.

    Parameters
    ----------
    model : Model
        Whose spines; ``model.experiment.record`` says what and how often.

    Raises
    ------
    ParameterError
        If a recorded name is nothing a spine has.
    """

    def __init__(self, model: Model) -> None:
        record = model.experiment.record
        for name in record.names:
            if name not in VALID:
                raise ParameterError(
                    f"record.names: {name!r} is nothing a spine has; valid names are {', '.join(VALID)}"
                )
        self.every_rest, self.every_active = record.every_rest, next_multiple(0.0, record.every_active)
        self.last = -np.inf
        self.slots = spine_slots(model.every, record.names)
        self.n_spine = len(model.spines)
        self.soma = model.cell.soma(0.5)
        self.time: list[float] = []
        self.soma_v: list[float] = []
        self.rows: dict[str, list[np.ndarray]] = {n: [] for n in record.names}

    def wants(self, t: float, active_since: float | None) -> bool:
        """Return whether a sample is due: on the grid of an active stretch, or after enough rest."""
        if active_since is not None:
            return bool(np.remainder(t - active_since + 1e-6, self.every_active) < 1e-3)
        return t - self.last >= self.every_rest

    def sample(self, t: float, active: bool) -> None:
        """Take a sample at `t` ms; the soma has no voltage of its own in a rest (NaN)."""
        self.last = t
        self.time.append(t)
        self.soma_v.append(float(self.soma.v) if active else float("nan"))
        for name, slots in self.slots.items():
            self.rows[name].append(slots.get().astype(np.float32))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the samples, each of shape (n_time, n_spine)."""
        return {k: np.array(v, np.float32).reshape(len(v), self.n_spine) for k, v in self.rows.items()}
