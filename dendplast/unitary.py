"""Input resistance of a model, and the EPSPs of single spines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from neuron import h

from .model import Model
from .stepping import fixed_step, forward

__all__ = ["unitary_responses"]

STEP = 0.1  # ms
CURRENT = 0.01  # nA, small against any conductance that depends on voltage
SETTLE = 2500  # steps until the soma is steady
LAST = 200  # steps in which an EPSP peaks


def unitary_responses(model: Model, chosen: Sequence[int]) -> np.ndarray:
    """Return input resistance (megohm), and EPSPs in soma and head (mV) of single spines.

    Parameters
    ----------
    model : Model
        A built model without driver; its session's clock is used.
    chosen : sequence of int
        Spines that get one release each, one after the other.

    Returns
    -------
    ndarray, shape (3, n)
        The input resistance is that of the soma, the same in every column.
    """
    soma = model.cell.soma(0.5)
    zap = h.IClamp(soma)
    zap.delay, zap.dur = 0.0, 1e9
    rest = np.empty(2)
    out = np.empty((3, len(chosen)))
    with fixed_step(STEP, model.celsius):
        for k, amp in enumerate((CURRENT, 0.0)):
            zap.amp = amp
            h.finitialize(model.preset.cell.v_init)
            forward(SETTLE)
            rest[k] = soma.v
        out[0] = (rest[0] - rest[1]) / CURRENT
        releases = [model.glutamate(int(i), 1.0) for i in chosen]  # a state is that of all NetCons there are
        state = h.SaveState()
        state.save()
        for k, (i, release) in enumerate(zip(chosen, releases, strict=True)):
            state.restore()
            process = model.processes[int(i)]
            base = np.array([soma.v, process.vhead])
            release.event(h.t + 1.0)
            top = base.copy()
            for _ in range(LAST):
                forward(1)
                top = np.maximum(top, [soma.v, process.vhead])
            out[1:, k] = top - base
    return out
