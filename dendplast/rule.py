"""The plasticity rule in numpy: the oracle of the compiled spine, and the engine of everything fast.

The rule reads calcium and modulators and moves one set of states per spine.  Every state obeys
``x' = drive - rate x`` with coefficients that depend on the other states; `coefficients` is the one
place where they are written in Python, and ``PROCEDURE learn`` of ``mod/spine.mod`` the one place where
they are written in NMODL.  Equations and sources: docs/model.md.

All arrays broadcast: a state may have shape (n_spine,) or (n_condition, n_spine).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from .parameters import AFFINITY_STATES, RECEPTORS
from .release import LIGAND

__all__ = [
    "INTEGRALS",
    "STATES",
    "State",
    "Surround",
    "asked",
    "bound",
    "coefficients",
    "derivatives",
    "efficacy",
    "hill",
    "learn",
    "parameters",
    "readout",
    "resting",
    "signal",
    "synthesises",
]

STATES = (
    "cam", "kinase", "phosphatase", "cyclase", "glu", "glu_P", "ecb", "elig_P", "elig_D",
    *RECEPTORS, *AFFINITY_STATES, "PKA", "PLC",
    "tag_P", "tag_D", "labile",
    "early", "prp", "late", "primed", "theta", "volume",
)  # fmt: skip
"""States that relax, in the order in which one drives the next."""

INTEGRALS = ("gate", "hazard")
"""States that only add up: modulator-gated conversion so far, cumulative hazard of loss."""

_NO_RATE = 1e-300  # /ms: the late weight has neither rate nor drive while there is no protein
_TINY = 1e-20  # keeps the power below the largest double up to n = 12


class State(MutableMapping[str, np.ndarray]):
    """The states of the rule by name, as rows of one array (one array operation moves them all).

    Parameters
    ----------
    array : ndarray, shape (n_state, ...)
        `STATES` and then `INTEGRALS`.
    """

    __slots__ = ("array",)
    NAMES: ClassVar[tuple[str, ...]] = (*STATES, *INTEGRALS)
    ROW: ClassVar[dict[str, int]] = {name: i for i, name in enumerate((*STATES, *INTEGRALS))}

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> State:
        """Return the states of any mapping that has them all."""
        return cls(np.array(np.broadcast_arrays(*(values[n] for n in cls.NAMES)), float))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.array[self.ROW[name]]

    def __setitem__(self, name: str, value: Any) -> None:
        self.array[self.ROW[name]] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("a state can not be taken out of the rule")

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)


@dataclass(frozen=True)
class Surround:
    """What the tissue shows to a spine during one step.

    Attributes
    ----------
    da, ach, ne : float or ndarray
        Mean concentration of dopamine, acetylcholine, noradrenaline over the step (mM).
    agonist : mapping of str to float or ndarray
        Agonist of a receptor subtype, as the ligand concentration of the same occupancy (mM).
    antagonist : mapping of str to float or ndarray
        Competitive antagonist over its dissociation constant (1).
    prp_drive : float or ndarray
        What the cell's other synapses add to the synthesis of proteins (1).
    release : float or ndarray
        Glutamate released onto the spine, in releases per ms.
    gs : float or ndarray
        What a drug adds to the stimulation of adenylyl cyclase (1).
    share : mapping of str to float or ndarray
        Share that drugs leave of `parameters.SHARES`; 1 when not given.
    pooled : bool
        Proteins come from the tree: ``prp`` keeps what is written into it.
    """

    da: Any = 0.0
    ach: Any = 0.0
    ne: Any = 0.0
    agonist: Mapping[str, Any] = field(default_factory=dict)
    antagonist: Mapping[str, Any] = field(default_factory=dict)
    prp_drive: Any = 0.0
    release: Any = 0.0
    gs: Any = 0.0
    share: Mapping[str, Any] = field(default_factory=dict)
    pooled: bool = False

    def left(self, name: str) -> Any:
        """Return the share of one of `parameters.SHARES` that drugs leave."""
        return self.share.get(name, 1.0)

    def ligand(self, receptor: str, p: SimpleNamespace) -> Any:
        """Return the effective ligand concentration at a receptor subtype, or one of its states (mM)."""
        receptor = AFFINITY_STATES.get(receptor, receptor)
        name = LIGAND.get(RECEPTORS[receptor])
        free = getattr(self, name) if name else p.adenosine
        return (free + self.agonist.get(receptor, 0.0)) / (1 + self.antagonist.get(receptor, 0.0))


def parameters(values: Mapping[str, Any], head_volume: Any = 0.087, ca_scale: Any = 1.0) -> SimpleNamespace:
    """Return the flat parameter table (`Parameters.flat`) as attributes.

    With them come each spine's head volume (um3) and the calcium of its own responses over the preset's (1).
    """
    return SimpleNamespace(**values, head_volume=head_volume, ca_scale=ca_scale)


def hill(x: Any, k: Any, n: Any) -> Any:
    """Return ``x^n / (x^n + k^n)``, exactly 0 for x <= 0."""
    x = np.asarray(x, float)
    return (x > 0) / (1 + (k / np.maximum(x, _TINY)) ** n)


def efficacy(y: Mapping[str, Any], p: SimpleNamespace) -> Any:
    """Return the synaptic weight relative to its start: 1 + early + late, never below the floor."""
    return np.maximum(1 + y["early"] + y["late"], p.w_floor)


def readout(y: Mapping[str, Any], p: SimpleNamespace) -> tuple[Any, Any]:
    """Return how far calmodulin drives kinase and phosphatase at the current thresholds, each 0 to 1."""
    k_P = y["theta"] * (1 - p.w_A * y["PKA"] * (1 + p.K_w) / (y["PKA"] + p.K_w))
    return hill(y["cam"] / p.K_P, k_P, p.n_P), hill(y["cam"] / p.K_D, y["theta"], p.n_D)


def asked(y: Mapping[str, Any], p: SimpleNamespace) -> Any:
    """Return the change of weight that the tags ask for (1), positive for potentiation."""
    return p.h_P * y["tag_P"] - p.h_D * y["tag_D"]


def synthesises(y: Mapping[str, Any], around: Surround, p: SimpleNamespace) -> Any:
    """Return where proteins are made: what tags ask for and the cell's drive exceed a threshold that priming lowers."""
    return np.abs(asked(y, p)) + around.prp_drive > p.th_prp / (1 + p.k_mu * y["primed"])


def bound(y: Mapping[str, Any], receptor: str, p: SimpleNamespace) -> Any:
    """Return the occupancy of a receptor subtype over its affinity states (1)."""
    if receptor == "D1":
        return (1 - p.high_D1) * y["D1"] + p.high_D1 * y["D1_high"]
    if receptor == "D2":
        return (1 - p.low_D2) * y["D2"] + p.low_D2 * y["D2_low"]
    return y[receptor]


def _gi(y: Mapping[str, Any], p: SimpleNamespace) -> Any:
    return p.x_D2 * bound(y, "D2", p) + p.x_alpha2 * y["alpha2"] + p.x_M4 * y["M4"]


def _pka_drive(y: Mapping[str, Any], around: Surround, p: SimpleNamespace) -> Any:
    gs = p.x_D1 * bound(y, "D1", p) + p.x_beta * y["beta"] + p.x_A2A * y["A2A"] + p.A_basal + around.gs
    return p.k_A * gs * (1 + p.chi * around.left("AC") * y["cyclase"]) / (1 + p.e_Gi * _gi(y, p))


def _plc_drive(y: Mapping[str, Any], p: SimpleNamespace) -> Any:
    return p.k_Q * (p.x_M1 * y["M1"] + p.x_alpha1 * y["alpha1"] + p.Q_basal + p.e_GiQ * _gi(y, p))


def _signalling(y: Mapping[str, Any], around: Surround, p: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
    """Return drive and rate of receptors and cascades: calcium has a say in them through the cyclase alone."""
    out = {}
    for receptor in (*RECEPTORS, *AFFINITY_STATES):
        drive = getattr(p, "kon_" + receptor) * around.ligand(receptor, p)
        out[receptor] = (drive, drive + getattr(p, "koff_" + receptor))
    drive = _pka_drive(y, around, p)
    out["PKA"] = (drive * around.left("PKA"), drive + 1 / p.tau_A)
    drive = _plc_drive(y, p)
    out["PLC"] = (drive * around.left("PLC"), drive + 1 / p.tau_Q)
    return out


def coefficients(
    y: Mapping[str, Any], ca: Any, around: Surround, p: SimpleNamespace
) -> tuple[dict[str, tuple[Any, Any]], dict[str, Any]]:
    """Return drive and rate of every relaxing state, and the growth of every integral.

    Parameters
    ----------
    y : State or mapping of str to ndarray
        States (`STATES`, `INTEGRALS`).
    ca : float or ndarray
        Mean calcium over the step (mM).
    around : Surround
        Modulators and drugs.
    p : SimpleNamespace
        `parameters`.

    Returns
    -------
    relaxing : dict of (drive, rate)
        In /ms (volume: um3/ms and /ms).
    growing : dict
        In /ms.
    """
    out: dict[str, tuple[Any, Any]] = {}
    own = ca / p.ca_scale
    out["cam"] = (own / p.tau_cam, 1 / p.tau_cam)
    phi_P, phi_D = readout(y, p)
    drive = p.k_K * phi_P
    out["kinase"] = (drive, drive + 1 / p.tau_K)
    drive = p.k_N * phi_D
    out["phosphatase"] = (drive, drive + 1 / p.tau_N)
    drive = p.k_C * hill(y["cam"], p.K_C, p.n_C)
    out["cyclase"] = (drive, drive + 1 / p.tau_C)
    out["glu"] = (around.release, around.release + 1 / p.tau_G)
    drive = around.left("NMDA") * around.release
    out["glu_P"] = (drive, drive + 1 / p.tau_GP)
    drive = p.k_E * hill(own, p.K_E, p.n_E)
    out["ecb"] = (drive, drive + 1 / p.tau_E)
    drive = p.r_P * y["kinase"] * y["glu_P"]
    out["elig_P"] = (drive, drive + 1 / p.tau_P)
    drive = p.r_D * y["phosphatase"] * y["glu_P"] + p.r_E * around.left("ecb") * y["ecb"] * y["glu"]
    drive = drive * (1 - p.zeta * y["kinase"])
    out["elig_D"] = (drive, drive + 1 / p.tau_D)

    out |= _signalling(y, around, p)

    a, q = hill(y["PKA"], p.K_A, p.n_A), hill(y["PLC"], p.K_Q, p.n_Q)
    pp1 = 1 / (1 + (y["PKA"] / p.K_AD) ** 2)
    x_P, x_D = np.maximum(y["elig_P"] - p.e_0, 0), np.maximum(y["elig_D"] - p.e_0, 0)
    up = p.k_c * ((p.g0_P / (1 + p.e_Gi * _gi(y, p)) + p.g_P * a) * (x_P + p.omega * a * x_D))
    ud = p.k_c * (((p.g0_D + p.g_D * q) * pp1) * x_D)
    flip = p.k_x * a * y["labile"]
    out["tag_P"] = (up * (1 - y["tag_D"]) + flip * y["tag_D"], up + ud + 1 / p.tau_T)
    out["tag_D"] = (ud * (1 - y["tag_P"]), ud + up + flip + 1 / p.tau_T)
    drive = p.k_l * (x_P + x_D)
    out["labile"] = (drive, drive + 1 / p.tau_l)

    change = asked(y, p)
    kept = np.clip(y["late"], np.minimum(change, 0), np.maximum(change, 0))  # of it, in late weight already
    capture = y["prp"] / p.tau_z
    out["early"] = ((change - kept) / p.tau_tr, 1 / p.tau_tr + capture)
    drive = np.where(synthesises(y, around, p), around.left("prp") / p.tau_rise, 0.0)
    out["prp"] = (0.0, 0.0) if around.pooled else (drive, drive + 1 / p.tau_prp)
    out["late"] = (capture * (y["early"] + y["late"]), capture)
    prior = hill(y["PKA"], p.K_mu, p.n_mu)
    rate = np.where(prior > y["primed"], 1 / p.tau_mu_up, 1 / p.tau_mu_down)
    out["primed"] = (prior * rate, rate)
    target = 1 + p.w_theta * ((ca - p.ca_rest) / p.ca_mean - 1)
    out["theta"] = (target / p.tau_theta, 1 / p.tau_theta)
    out["volume"] = (p.head_volume * efficacy(y, p) / p.tau_V, 1 / p.tau_V)

    plc_basal = p.k_Q * p.Q_basal / (p.k_Q * p.Q_basal + 1 / p.tau_Q)
    basal_D = p.k_c * ((p.g0_D + p.g_D * hill(plc_basal, p.K_Q, p.n_Q)) * x_D)
    growing = {
        "gate": np.abs(up - p.k_c * (p.g0_P * x_P)) + np.abs(ud - basal_D) + flip * y["tag_D"],
        "hazard": p.H_0
        * np.exp(-y["volume"] / p.V_h)
        * (1 + p.k_TD * y["tag_D"])
        * (1 - p.k_z * np.maximum(y["late"], 0) / p.h_P),
    }
    return out, growing


def relax(x: Any, drive: Any, rate: Any, h: float) -> Any:
    """Return the solution of ``x' = drive - rate x`` after `h` ms; without a rate there is no drive either."""
    x_inf = drive / np.maximum(rate, _NO_RATE)
    return x_inf + (x - x_inf) * np.exp(-rate * h)


def move(y: Mapping[str, Any], frozen: tuple[dict, dict], h: Any, p: SimpleNamespace) -> State:
    """Return the states `h` ms on under frozen `coefficients`."""
    relaxing, growing = frozen
    old = y.array if isinstance(y, State) else State.of(y).array
    n = len(STATES)
    drive, rate, new = np.empty_like(old[:n]), np.empty_like(old[:n]), np.empty_like(old)
    for i, name in enumerate(STATES):
        drive[i], rate[i] = relaxing[name]
    new[:n] = relax(old[:n], drive, rate, h)
    for i, name in enumerate(INTEGRALS, n):
        new[i] = old[i] + h * growing[name]
    out = State(new)
    out["theta"] = np.clip(out["theta"], p.theta_lo, p.theta_hi)
    return out


def learn(y: Mapping[str, Any], ca: Any, around: Surround, h: Any, p: SimpleNamespace) -> State:
    """Return the states one tick of `h` ms on: the step of the compiled spine (first order in h)."""
    return move(y, coefficients(y, ca, around, p), h, p)


def midpoint(y: Mapping[str, Any], ca: Any, around: Surround, h: Any, p: SimpleNamespace) -> State:
    """Return the states `h` ms on at steady calcium, second order in h (coefficients at half time)."""
    half = learn(y, ca, around, h / 2, p)
    return move(y, coefficients(half, ca, around, p), h, p)


def signal(y: State, ca: Any, around: Surround, h: Any, p: SimpleNamespace) -> State:
    """Return the states `h` ms on where only receptors and cascades move: `midpoint` without calcium `ca`."""
    half = _signalled(y, _signalling(y, around, p), h / 2)
    return _signalled(y, _signalling(half, around, p), h)


def _signalled(y: State, frozen: Mapping[str, tuple[Any, Any]], h: Any) -> State:
    new = y.array.copy()
    for name, (drive, rate) in frozen.items():
        new[State.ROW[name]] = relax(y[name], drive, rate, h)
    return State(new)


def derivatives(y: Mapping[str, Any], ca: Any, around: Surround, p: SimpleNamespace) -> dict[str, Any]:
    """Return the time derivative of every state (/ms): the rule as differential equations, for tests."""
    relaxing, growing = coefficients(y, ca, around, p)
    return {n: d - r * y[n] for n, (d, r) in relaxing.items()} | growing


def resting(p: SimpleNamespace, around: Surround, shape: tuple[int, ...]) -> State:
    """Return the states before any activity: receptors and cascades in equilibrium with the tone.

    Parameters
    ----------
    p : SimpleNamespace
        `parameters`.
    around : Surround
        The tone.
    shape : tuple of int
        Shape of every state, usually (n_spine,).
    """
    y = State(np.zeros((len(State.NAMES), *shape)))
    for receptor in (*RECEPTORS, *AFFINITY_STATES):
        drive = getattr(p, "kon_" + receptor) * around.ligand(receptor, p)
        y[receptor] = y[receptor] + drive / (drive + getattr(p, "koff_" + receptor))
    drive = _pka_drive(y, around, p)
    y["PKA"] = y["PKA"] + around.left("PKA") * drive / (drive + 1 / p.tau_A)
    drive = _plc_drive(y, p)
    y["PLC"] = y["PLC"] + around.left("PLC") * drive / (drive + 1 / p.tau_Q)
    y["primed"] = y["primed"] + hill(y["PKA"], p.K_mu, p.n_mu)
    y["cam"] = y["cam"] + p.ca_rest / p.ca_scale
    y["theta"] = y["theta"] + 1.0
    y["volume"] = y["volume"] + p.head_volume
    return y
