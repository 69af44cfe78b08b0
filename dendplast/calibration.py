"""Scale each spine's calcium channels, and the calcium share of its NMDA current, to calcium measured in spines.

Spines differ in volume, neck and place; measured peaks do not follow from conductance per volume alone.
Each spine is given the `g_vgcc` and the `ca_fraction` that make one back-propagating spike and one EPSP at rest
raise calcium by its targets.  NMDA and AMPA conductances are left as they are (but for synapses that make their
branch spike alone): electrical measurements decide the electrics.  Targets differ between spines as measured
peaks do: log-normal, with mean `bap_peak` and `epsp_peak` and the published spread, unless spines are to be
identical.  As in Chindemi et al. 2022 (10.1038/s41467-022-30214-w), where each synapse's thresholds follow its
own responses, the rule then reads calcium over the root mean square of the two relative to the preset's
(`ca_scale`): beside a plain mean, it makes calmodulin of a pairing a third more alike between spines.
"""

from __future__ import annotations

import logging

import numpy as np

from .drugs import OPEN
from .model import Model
from .parts import PART, in_parts
from .population import peak_targets
from .responses import Rest
from .stepping import fixed_step

__all__ = ["calibrate", "targets"]

_log = logging.getLogger(__name__)

SCALED = {"bap": "g_vgcc", "epsp": "ca_fraction"}
"""What is scaled to which peak."""

SPIKE = 20.0
"""A branch that one EPSP lifts by so much (mV) is near its spike or in it: measured synapses lift theirs by 1 to 15."""

WEAKENINGS = 5
"""How often a synapse that makes its branch spike is weakened, by 0.6 each time."""

RANGE = 30.0
"""Largest factor by which either may be scaled; beyond it the spine is reported instead."""

MOST_VGCC = 8.8e-5
"""Largest calcium conductance (uS) that calibration gives a spine: 20 channels, the most that were counted in one
(10.1038/35040556), of 4.4 pS each, as T-type channels in 2 mM calcium (10.1529/biophysj.107.128124).  Where spikes
hardly arrive more would be asked for, and spines would hold their branch in a calcium plateau, which basal dendrites
do not have (10.1038/nn1826)."""


def calibrate(model: Model, rounds: int = 1) -> dict[str, np.ndarray]:
    """Scale ``g_vgcc`` and ``ca_fraction`` of every spine to the target peaks without drugs, and set its `ca_scale`.

    No spine is given more than `MOST_VGCC`, unless the preset's density alone gives it more, and none is scaled by more
    than `RANGE`; its `ca_scale` is that of the calcium it can have.

    Parameters
    ----------
    model : Model
        A built model; its conductances and `ca_scale` are changed.
    rounds : int
        Corrections.  Peaks are nearly linear in what is scaled and the presets start near the target, so
        one leaves an error of a few percent, two of less than 1 % (a test).

    Returns
    -------
    dict of ndarray, shape (n_spine,)
        ``bap`` and ``epsp``: peaks of calcium above rest (mM) before the last correction.
    """
    numerics, cell = model.experiment.numerics, model.preset.cell
    aims = targets(model)
    given = dict(aims)
    start = {name: model.conductances[name].copy() for name in SCALED.values()}
    peaks: dict[str, np.ndarray] = {}
    model.driver, held = calibrate, model.held
    model.held = held | OPEN  # the targets were measured without drugs
    try:
        with fixed_step(numerics.dt, cell.celsius):
            for _ in range(rounds):
                for name, conductance in SCALED.items():
                    target = aims[name]
                    if name == "bap":
                        peaks[name] = Rest(model, numerics.settle, cell.v_init).bap()
                    elif len(model.spines) <= PART:
                        peaks[name] = _unitary(model, Rest(model, numerics.settle, cell.v_init))
                    else:
                        peaks[name] = _unitary_in_parts(model)
                    wanted = model.conductances[conductance] * target / np.maximum(peaks[name], 1e-12)
                    low, high = start[conductance] / RANGE, start[conductance] * RANGE
                    if conductance == "ca_fraction":
                        high = np.minimum(high, 1.0)  # a share
                    beyond = np.flatnonzero((wanted < low) | (wanted > high))
                    if len(beyond):
                        _log.warning(
                            "%d of %d spines can not be given their %s calcium within %g-fold of the preset's %s; "
                            "spine %d had %.2g uM of %.2g uM",
                            len(beyond), len(wanted), name, RANGE, conductance, beyond[0],
                            1e3 * peaks[name][beyond[0]], 1e3 * target[beyond[0]],
                        )  # fmt: skip
                    if conductance == "g_vgcc":  # what the preset's own density gives a large head stays
                        high = np.minimum(high, np.maximum(start[conductance], MOST_VGCC))
                    set_to = np.clip(wanted, low, high)
                    model.set_conductances(**{conductance: set_to})
                    given[name] = target * set_to / wanted
    finally:
        model.driver, model.held = None, held
    c = model.parameters.calcium
    own = {"bap": given["bap"] / c.bap_peak, "epsp": given["epsp"] / c.epsp_peak}
    model.set_conductances(ca_scale=np.sqrt((1 - c.epsp_share) * own["bap"] ** 2 + c.epsp_share * own["epsp"] ** 2))
    return peaks


def targets(model: Model) -> dict[str, np.ndarray]:
    """Return the rise of calcium (mM) that one spike (``bap``) and one EPSP (``epsp``) is to give each spine."""
    p, spines = model.parameters, model.spines
    if model.experiment.spines.identical:
        return {"bap": np.full(len(spines), p.calcium.bap_peak), "epsp": np.full(len(spines), p.calcium.epsp_peak)}
    return peak_targets(spines, p, model.preset.spines, model.experiment.seed)


def _unitary_in_parts(model: Model) -> np.ndarray:
    """Return what `_unitary` does, a few hundred spines being there at a time."""

    def probe(part: Model) -> dict[str, np.ndarray]:
        rest = Rest(part, part.experiment.numerics.settle, part.preset.cell.v_init)
        return {"epsp": _unitary(part, rest), "g_ampa": part.conductances["g_ampa"]}

    found = in_parts(model, probe)
    model.set_conductances(g_ampa=found["g_ampa"])
    return found["epsp"]


def _unitary(model: Model, rest: Rest) -> np.ndarray:
    """Return each spine's EPSP calcium (mM), after weakening the synapses that set off a local spike alone.

    One synapse does not make an oblique branch spike; it takes about twenty (10.1016/j.neuron.2006.03.016).
    A large head on a thin synthetic branch would.
    """
    every = np.arange(len(model.spines))
    strong = every[rest.lift(every) > SPIKE]
    for _ in range(WEAKENINGS):
        if not len(strong):
            break
        ampa = model.conductances["g_ampa"].copy()
        ampa[strong] *= 0.6
        model.set_conductances(g_ampa=ampa)
        strong = strong[rest.lift(strong) > SPIKE]
    return rest.epsp(every)
