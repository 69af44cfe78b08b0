"""Small cells that tests run on: a lone compartment with one bare spine, and a fork built as a passive cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from neuron import h

import dendplast as dp
from dendplast.cell import Cell, build_cell
from dendplast.geometry import Morphology, Neurite
from dendplast.parameters import Parameters
from dendplast.placing import place_at
from dendplast.presets import load_preset

SPECIAL = set(Parameters().flat()) - set(Parameters().compiled())
"""Parameters that are not the compiled spine's: targets, limits, coefficients."""

QUICK = {
    "tau_K": 20.0, "tau_N": 20.0, "tau_P": 200.0, "tau_D": 300.0, "r_P": 0.02, "r_D": 0.02, "k_K": 0.3, "k_N": 0.2,
    "tau_A": 100.0, "k_A": 0.02, "tau_Q": 100.0, "k_Q": 0.02, "k_c": 0.02, "k_x": 0.01, "tau_T": 5e3, "k_l": 0.02,
    "tau_l": 500.0, "tau_tr": 100.0, "th_prp": 0.02, "tau_rise": 50.0, "tau_prp": 300.0, "tau_z": 100.0,
    "tau_mu_up": 80.0, "tau_mu_down": 400.0, "tau_V": 60.0, "tau_theta": 300.0, "H_0": 1e-3, "g0_P": 0.1, "g0_D": 0.1,
    "K_P": 1e-3, "K_D": 5e-4, "chi": 0.5, "e_GiQ": 0.2, "x_D2": 0.3, "x_A2A": 0.5, "adenosine": 1e-4, "A_basal": 0.1,
    "Q_basal": 0.1, "n_P": 3.0, "n_D": 3.0, "K_A": 0.3, "K_Q": 0.3, "ca_mean": 5e-4,
    "tau_C": 100.0, "k_C": 0.05, "tau_E": 40.0, "k_E": 0.05, "r_E": 0.02,
    **{f"koff_{r}": 0.02 for r in ("D1", "D2", "beta", "alpha1", "alpha2", "M1", "M4", "A2A", "D1_high", "D2_low")},
    "high_D1": 0.2, "low_D2": 0.3,
}  # fmt: skip
"""A rule whose every state moves within 0.3 s: what takes hours by default is sped up, nothing is switched off."""


def fork(length: float = 120.0) -> Morphology:
    """Return a soma of 14 um with an apical trunk, its two daughters far apart, and a basal branch."""
    trunk = np.array([[0, 7, 0], [0, 7 + length, 0]], float)
    left = np.array([trunk[1], trunk[1] + [-length, length / 2, 0]])
    right = np.array([trunk[1], trunk[1] + [length, length / 2, 0]])
    basal = np.array([[0, -7, 0], [0, -7 - length, 0]], float)
    return Morphology(
        "fork", np.zeros(3), 14.0,
        (
            Neurite("apical", -1, trunk, np.array([2.0, 1.5])), Neurite("apical", 0, left, np.array([1.2, 0.8])),
            Neurite("apical", 0, right, np.array([1.2, 0.8])), Neurite("basal", -1, basal, np.array([1.2, 0.8])),
        ),
    )  # fmt: skip


LEFT, RIGHT, BASAL = 2, 3, 4
"""Section numbers of the fork's branches (0 is the soma, 1 the trunk)."""


def fork_model(
    experiment: dp.Experiment | None = None, section: Any = (LEFT, LEFT, RIGHT, RIGHT, BASAL), x: Any = None,
    order: np.ndarray | None = None, **changes: Any,
) -> dp.Model:  # fmt: skip
    """Build the fork with spines at `x` of the sections, by the passive preset; `order` permutes the spines."""
    experiment = (experiment or dp.Experiment(preset="passive")).replaced(**changes)
    cell = build_cell(fork(), load_preset(experiment.preset), 0.3, name=_name())
    places = np.linspace(0.3, 0.9, len(section)) if x is None else x
    spines = place_at(cell.geometry(), np.array(section), np.array(places), seed=3)
    return dp.build(experiment, cell=cell, spines=spines if order is None else spines.select(order))


def _name() -> str:
    taken = {sec.name().partition(".")[0] for sec in h.allsec()}
    return next(f"fork[{i}]" for i in range(len(taken) + 1) if f"fork[{i}]" not in taken)


def stick(length: float = 100.0, diam: float = 1.0, nseg: int = 5, name: str = "stick") -> tuple[Cell, list[Any]]:
    """Return a passive soma and dendrite of the user's own, adopted, and the sections, which the user holds."""
    soma, dend = h.Section(name=f"{name}_soma"), h.Section(name=f"{name}_dend")
    soma.L = soma.diam = 12.0
    dend.L, dend.diam, dend.nseg = length, diam, nseg
    dend.connect(soma(1))
    for sec in (soma, dend):
        sec.insert("pas")
        sec.cm, sec.Ra, sec.g_pas, sec.e_pas = 1.0, 150.0, 6.667e-5, -70.0
    return dp.adopt([soma, dend], soma=soma), [soma, dend]


class Bare:
    """One compartment with one compiled spine, driven by hand; times are whole steps of `dt` ms.

    Parameters
    ----------
    values : dict
        Changes of the spine's variables.
    rest : float
        Reversal potential of the leak, where the compartment rests (mV).
    dt : float
        Step (ms).
    """

    def __init__(self, values: dict[str, float] | None = None, rest: float = -70.0, dt: float = 0.1) -> None:
        dp.ensure_loaded()
        self.section = h.Section(name="bare")
        self.section.L = self.section.diam = 20.0
        self.section.insert("pas")
        self.section.g_pas, self.section.e_pas = 1e-3, rest
        self.rest, self.dt = rest, dt
        self.spine = h.DpSpine(self.section(0.5))
        for name, value in ({"C_head": 1e-5, "g_leak": 1e-6, "e_leak": rest} | (values or {})).items():
            setattr(self.spine, name, value)
        self._netcons: dict[Any, Any] = {}

    def event(self, t: float, weight: float, agent: int = 0, weights: Any = ()) -> None:
        """Queue an event: glutamate (agent 0), or a release of da (1), ach (2), ne (3)."""
        netcon = h.NetCon(None, self.spine)
        for k, value in enumerate((weight, agent, *weights)):
            netcon.weight[k] = value
        netcon.event(t)
        self._netcons[len(self._netcons)] = netcon

    def start(self) -> None:
        """Initialise; the session's step is set and stays so until `stop`."""
        self._before = h.dt, h.celsius, h.secondorder
        h.dt, h.secondorder = self.dt, 0
        h.finitialize(self.rest)

    def stop(self) -> None:
        """Give the session its step back."""
        h.dt, h.celsius, h.secondorder = self._before
