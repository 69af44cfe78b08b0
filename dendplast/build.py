"""Build a model from a description: morphology, cell, spines, mechanisms."""

from __future__ import annotations

import numpy as np
from neuron import h

from .calibration import calibrate, targets
from .cell import Cell, build_cell
from .errors import ParameterError
from .experiment import Experiment, Placement
from .gains import Gains
from .geometry import Geometry
from .mechanisms import ensure_loaded
from .model import Model
from .morphology import load
from .placing import place
from .population import relative_ampa
from .presets import Preset, load_preset
from .spines import Spines
from .stepping import check_dt

__all__ = ["build", "build_cell_for"]


def build(experiment: Experiment, cell: Cell | None = None, spines: Spines | None = None) -> Model:
    """Build the cell and its spines in NEURON; the session's other objects and settings stay as they are.

    Parameters
    ----------
    experiment : Experiment
        The description.  Spines are calibrated where the preset holds, and then put into its
        solution and given its indicator.
    cell : Cell, optional
        Sections the user has built (`adopt`) to carry the spines; the description's morphology is not used.
    spines : Spines, optional
        Spines to put on the cell instead of drawing them.

    Returns
    -------
    Model
        Ready to `run`, or to be used in a session of the user's own (``h.continuerun``).

    Raises
    ------
    ParameterError, MorphologyError, MechanismError
        If the description can not be built; nothing is left behind.
    """
    check_dt(experiment.numerics.dt)
    preset = load_preset(experiment.preset)
    parameters = preset.parameters.replaced(experiment.parameters)
    ensure_loaded()
    if cell is None:
        cell = build_cell_for(experiment, preset)
    tree = cell.geometry()
    if spines is None:
        spines = _spines(tree, preset.spines, experiment)
    model = Model(experiment, preset, cell, tree, spines, parameters)
    if experiment.spines.calibrate and preset.cell.spikes and not cell.adopted:
        if not experiment.spines.identical:
            model.set_conductances(**_differing(model))
        calibrate(model)
    model.set_solution(experiment.solution)
    model.set_indicator(experiment.indicator)
    if experiment.excitability:  # after the calibration, whose targets were measured without modulators
        model.gains = Gains(model)
    return model


def _differing(model: Model) -> dict[str, np.ndarray]:
    """Return conductances (uS) that differ between spines; those to be calibrated start near their targets."""
    p, g = model.parameters, model.conductances
    aims = targets(model)
    return {
        "g_ampa": g["g_ampa"] * relative_ampa(model.spines, p, model.preset.spines, model.experiment.seed),
        "g_vgcc": g["g_vgcc"] * aims["bap"] / p.calcium.bap_peak,
        "g_nmda": g["g_nmda"] * aims["epsp"] / p.calcium.epsp_peak,
    }


def build_cell_for(experiment: Experiment, preset: Preset) -> Cell:
    """Build the cell of an experiment, without spines; where the preset needs an apical tree, one is looked for."""
    apical = "auto" if preset.cell.requires_apical else "as written"
    morphology = load(
        experiment.morphology, repair=experiment.repair, drop_axon=experiment.drop_axon, apical=apical
    )
    return build_cell(morphology, preset, experiment.numerics.d_lambda, name=_free_name())


def _free_name() -> str:
    """Return a section prefix that no section of the session has."""
    taken = {sec.name().partition(".")[0] for sec in h.allsec()}
    return next(f"dendplast[{i}]" for i in range(len(taken) + 1) if f"dendplast[{i}]" not in taken)


def _spines(tree: Geometry, settings: object, experiment: Experiment) -> Spines:
    """Draw the spines that the placement asks for."""
    placement: Placement = experiment.spines
    if placement.radius is not None and placement.center is None:
        raise ParameterError("spines.radius: needs spines.center, the point it is measured from (um)")

    def there(path: np.ndarray, region: np.ndarray) -> np.ndarray:
        inside = (path >= placement.path_min) & (path <= placement.path_max)
        if placement.region is not None:
            inside &= region == placement.region
        found = np.flatnonzero(inside)
        return found if placement.radius is not None else _choice(found, len(path), experiment)

    settings = settings.model_copy(update={"scale": placement.scale})
    spines = place(tree, settings, experiment.seed, keep=there)
    if placement.radius is None:
        return spines
    away = np.linalg.norm(spines.xyz - np.array(placement.center), axis=1)
    return spines.select(_choice(np.flatnonzero(away <= placement.radius), len(spines), experiment))


def _choice(found: np.ndarray, among: int, experiment: Experiment) -> np.ndarray:
    """Return `n` of the spines found where the placement asks, ascending; `among` is how many there were."""
    n = experiment.spines.n
    if not len(found):
        raise ParameterError(
            f"spines: none of this cell's {among} spines is where region, path_min, path_max and radius ask"
        )
    if n is None:
        return found
    if n > len(found):
        raise ParameterError(f"spines.n = {n}: only {len(found)} spines are there to choose from")
    rng = np.random.default_rng(np.random.SeedSequence(experiment.seed, spawn_key=(_CHOICE_STREAM,)))
    return np.sort(rng.choice(found, n, replace=False))


_CHOICE_STREAM = 4  # spawn key: which of the spines are kept
