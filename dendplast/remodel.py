"""Change the spines of a live model: take spines out and put others in, without building the cell anew."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from .errors import SimulationError
from .model import Model
from .population import unitary
from .spines import Spines

__all__ = ["remodel", "take_off"]


def remodel(model: Model, keep: np.ndarray, added: Spines | None = None) -> Model:
    """Keep some spines of a model, and add others, in NEURON; the cell's sections stay as they are.

    Parameters
    ----------
    model : Model
        Built, not in the middle of a run.
    keep : ndarray of int or bool
        Spines that stay.  They come first and keep their conductances.
    added : Spines, optional
        Spines to add; their conductances follow their volume.

    Returns
    -------
    Model
        The same, for its next run: states begin anew, and protocols that name spines by number mean the new numbers.

    Raises
    ------
    SimulationError
        If modulators act on the model's conductances, whose gains belong to the spines it was built with.
    ParameterError
        If a protocol of the experiment names a spine that is gone.
    """
    if model.gains is not None:
        raise SimulationError("experiment.excitability = true: build the model anew to change its spines")
    index = np.arange(len(model.spines))[np.asarray(keep)]
    old = model.conductances
    spines = model.spines.select(index)
    if added is not None and len(added):
        joined = (np.concatenate([getattr(spines, f.name), getattr(added, f.name)]) for f in fields(Spines))
        spines = Spines(*joined)
    new = unitary(model.parameters, spines.volume[len(index) :])
    model.conductances = {name: np.concatenate([values[index], new[name]]) for name, values in old.items()}
    take_off(model)
    model._electrodes = {at: pulse for at, pulse in model._electrodes.items() if at < 0}
    model.spines, model.driver = spines, None
    model._place(model.preset.spines)
    model.set_conductances(**model.conductances)
    model._compile()
    return model


def take_off(model: Model) -> None:
    """Remove the spines of a model from NEURON; `Model._place` puts them back."""
    model._sources.clear()  # what sends to a spine goes before the spine
    model.every.remove_all()  # what reads the old spines would keep them
    model.processes, model.heads, model.necks, model._feed = [], [], [], None
