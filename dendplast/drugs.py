"""Drugs in the bath: what an agent does, as changes of named parameters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pydantic import field_validator, model_validator

from .parameters import RECEPTORS, SHARES
from .quantity import Description, quantity

__all__ = ["AGENTS", "OPEN", "Agent", "Drug", "bath", "bath_times", "blocked_times", "unblocked"]

OPEN = {"nmda_scale": 1.0, "open_R": 1.0, "open_L": 1.0, "open_T": 1.0}
"""Shares left (1) of NMDA receptors and calcium channels when nothing blocks them."""


@dataclass(frozen=True)
class Agent:
    """What one agent acts on.

    Attributes
    ----------
    ligand : str
        ``"da"``, ``"ach"`` or ``"ne"`` for a modulator put into the bath, else empty.
    agonist : dict of str to float
        Receptor subtype to affinity relative to its own ligand (1).
    antagonist : dict of str to float
        Receptor subtype to dissociation constant (mM).
    nmda_block : float
        Dissociation constant at the spine's NMDA receptors (mM), 0 for none.
    nmda_sites : int
        Sites of a receptor that must all be free of it for the receptor to open.
    blocker : dict of str to float
        Transporter or enzyme that clears a modulator (`TRANSPORTERS`) to inhibition constant (mM).
    effects : dict of str to (float, float)
        Bath variable to its value under a saturating dose, and the dose of half the effect (mM; 0: any
        dose saturates).  ``share_*`` are shares left, ``gs_ext`` adds to Gs.
    shrinkage : float
        Concentration (mM) that halves the signal of heterosynaptic shrinkage, 0 for none.
    channel_block : dict of str to float
        Subtype of the spine's calcium channels (``"R"``, ``"L"``, ``"T"``) to half-blocking concentration (mM).
    source : str
        Where the affinities come from.
    """

    ligand: str = ""
    agonist: Mapping[str, float] = field(default_factory=dict)
    antagonist: Mapping[str, float] = field(default_factory=dict)
    nmda_block: float = 0.0
    nmda_sites: int = 1
    blocker: Mapping[str, float] = field(default_factory=dict)
    effects: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shrinkage: float = 0.0
    channel_block: Mapping[str, float] = field(default_factory=dict)
    source: str = ""


_IUPHAR = "10.1093/nar/gkad944 (Guide to Pharmacology, rounded)"
_OWN = "the modulator itself"


def _agonist(source: str = _IUPHAR, **affinity: float) -> Agent:
    return Agent(agonist=affinity, source=source)


def _effect(source: str, nmda_block: float = 0.0, shrinkage: float = 0.0, **effects: tuple[float, float]) -> Agent:
    return Agent(nmda_block=nmda_block, shrinkage=shrinkage, effects=effects, source=source)


def _competitor(source: str, kd: float) -> Agent:
    """Return an agent that takes the place of either glutamate, of which a receptor needs two."""
    return Agent(nmda_block=kd, nmda_sites=2, effects={"share_ecb": (0.0, kd)}, source=source)


def _antagonist(source: str = _IUPHAR, **kd: float) -> Agent:
    return Agent(antagonist=kd, source=source)


def _clearance(source: str, **ki: float) -> Agent:
    return Agent(blocker=ki, source=source)


_TATSUMI = "10.1016/S0014-2999(97)01393-9 (human transporters, rounded)"

def _blocker(source: str, **half: float) -> Agent:
    return Agent(channel_block=half, source=source)


AGENTS: dict[str, Agent] = {
    "dopamine": Agent("da", source=_OWN),
    "acetylcholine": Agent("ach", source=_OWN),
    "noradrenaline": Agent("ne", source=_OWN),
    "SKF38393": _agonist("assumed: partial D1 agonist, 100 nM against dopamine's 1 uM", D1=10.0),
    "quinpirole": _agonist("assumed: D2 affinity as dopamine's", D2=1.0),
    "isoproterenol": _agonist("assumed: ten times noradrenaline's beta affinity", beta=10.0),
    "methoxamine": _agonist("assumed: a tenth of noradrenaline's alpha1 affinity", alpha1=0.1),
    "clonidine": _agonist("assumed: ten times noradrenaline's alpha2 affinity", alpha2=10.0),
    "carbachol": _agonist("assumed: a tenth of acetylcholine's affinity, not hydrolysed", M1=0.1, M4=0.1),
    "McN-A-343": _agonist("assumed: a tenth of acetylcholine's M1 affinity", M1=0.1),
    "CGS21680": _agonist("assumed: ten times adenosine's A2A affinity", A2A=10.0),
    "SCH23390": _antagonist(D1=4e-7),
    "sulpiride": _antagonist(D2=1e-5),
    "propranolol": _antagonist(beta=1e-6),
    "prazosin": _antagonist(alpha1=2e-7),
    "yohimbine": _antagonist(alpha2=1e-6),
    "atropine": _antagonist(M1=1e-6, M4=1e-6),
    "pirenzepine": _antagonist(M1=1e-5, M4=1e-4),
    "SCH58261": _antagonist(A2A=2e-6),
    "SKF81297": _agonist("assumed: D1 agonist, 50 nM against dopamine's 1 uM", D1=20.0),
    "haloperidol": _antagonist(D2=2e-6),
    "ICI118551": _antagonist(beta=1e-6),
    "AP5": _competitor(
        "10.1093/nar/gkad944 (D-AP5, 1.4 uM), at two sites a receptor (10.1016/S0006-3495(91)82272-X); presynaptic "
        "receptors too (10.1016/S0896-6273(03)00476-8)", 1.4e-3,
    ),
    "MK-801": _effect(
        "assumed: 0.1 uM, open channels only in truth; presynaptic receptors too", nmda_block=1e-4,
        share_ecb=(0.0, 1e-4),
    ),
    "MK-801 in the presynaptic cell": _effect("assumed: presynaptic receptors only", share_ecb=(0.0, 1e-3)),
    "MK-801 in the cell": _effect("assumed: 10 uM from inside; the presynaptic side is spared", nmda_block=0.01),
    "MCPG": _effect("assumed: 0.1 mM; no endocannabinoid or heterosynaptic shrinkage without metabotropic receptors",
                    shrinkage=0.1, share_ecb=(0.0, 0.1)),
    "MPEP": _effect("assumed: 40 nM; mGluR5 carries the endocannabinoid arm and heterosynaptic shrinkage",
                    shrinkage=4e-5, share_ecb=(0.0, 4e-5)),
    "FK506": _effect("assumed: 10 nM at the calcineurin of heterosynaptic shrinkage; the rule's phosphatase is spared",
                     shrinkage=1e-5),
    "AM251": _effect("assumed: 10 nM at CB1, the receptor of the endocannabinoid arm", share_ecb=(0.0, 1e-5)),
    "U73122": _effect("assumed: 2 uM at PLC, which also makes the endocannabinoid", share_PLC=(0.0, 2e-3),
                      share_ecb=(0.0, 2e-3)),
    "heparin": _effect("assumed: any dose in the cell; IP3 receptors feed the endocannabinoid arm",
                       share_ecb=(0.0, 0.0)),
    "forskolin": _effect("assumed: 10 uM for half of what three saturated Gs receptors do", gs_ext=(3.0, 0.01)),
    "H-89": _effect("assumed: 1 uM in tissue", share_PKA=(0.0, 1e-3)),
    "PKI": _effect("assumed: 10 nM in the cell", share_PKA=(0.0, 1e-5)),
    "anisomycin": _effect("assumed: 1 uM at the ribosome", share_prp=(0.0, 1e-3)),
    "AC1/AC8 knockout": _effect("assumed: both calcium-stimulated cyclases gone", share_AC=(0.0, 0.0)),
    "nimodipine": _blocker("assumed: 0.1 uM, so that the usual 10 uM block 99 %", L=1e-4),
    "D-600": _blocker("assumed: 1 uM, a phenylalkylamine binds less than a dihydropyridine", L=1e-3),
    "mibefradil": _blocker("assumed: 1 uM at T-type, ten times that at the others", T=1e-3, R=1e-2, L=1e-2),
    "SNX-482": _blocker("assumed: 30 nM at R-type", R=3e-5),
    "nickel": _blocker("assumed: 30 uM at R-type; the T-type channel of CA1, Cav3.2, likewise", R=0.03, T=0.03),
    "cocaine": _clearance("10.1186/1471-2210-6-6 (human transporters, rounded)", DAT=2.3e-4, NET=4.8e-4),
    "nomifensine": _clearance(_TATSUMI, DAT=2.6e-5, NET=1.6e-5),
    "GBR12935": _clearance("assumed: 10 nM at DAT, a hundredfold less at NET", DAT=1e-5, NET=1e-3),
    "desipramine": _clearance(_TATSUMI, NET=8e-7, DAT=3.2e-3),
    "reboxetine": _clearance("assumed: a few nM at NET, little at DAT", NET=5e-6, DAT=1e-2),
    "donepezil": _clearance("assumed: half inhibition of acetylcholinesterase at 6.7 nM", AChE=6.7e-6),
    "physostigmine": _clearance("assumed: half inhibition of acetylcholinesterase at 30 nM", AChE=3e-5),
}
"""Agents by name; a genotype is an agent at any dose from the start."""


class Drug(Description):
    """One agent in the bath over an interval.

    The concentration rises and falls with the time constant of the bath's exchange.

    Examples
    --------
    >>> Drug(agent="dopamine", conc="20 uM", start="10 min", stop="20 min").conc
    0.02
    """

    agent: str
    conc: float = quantity(..., "mM", "the experimenter's choice", 0, 100)
    start: float = quantity(0.0, "ms", "assumed: from the beginning; a negative one was there before", -1e15)
    stop: float = quantity(1e15, "ms", "assumed: to the end", 0)
    wash: float = quantity(0.0, "ms", "assumed: exchange at once; slices need 30 s to minutes", 0, 1e7)

    @field_validator("agent")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in AGENTS:
            near = difflib.get_close_matches(value, AGENTS, 1, 0.4)
            raise ValueError(f"agent {value!r} is not known; " + (f"did you mean {near[0]!r}?" if near else
                             f"valid agents are {', '.join(AGENTS)}"))  # fmt: skip
        return value

    @model_validator(mode="after")
    def _stops_after_it_starts(self) -> Drug:
        if self.stop <= self.start:
            raise ValueError(f"stop = {self.stop:g} ms must be after start = {self.start:g} ms")
        return self

    def level(self, t: float) -> float:
        """Return the concentration (mM) at a time (ms)."""
        if t < self.start:
            return 0.0
        if not self.wash:
            return self.conc if t < self.stop else 0.0
        risen = self.conc * -np.expm1(-(min(t, self.stop) - self.start) / self.wash)
        return float(risen if t < self.stop else risen * np.exp(-(t - self.stop) / self.wash))


def bath(drugs: tuple[Drug, ...], tone: dict[str, float], t: float) -> dict[str, float]:
    """Return what tone and drugs set at time `t`, by the names of the compiled spine's variables.

    Parameters
    ----------
    drugs : tuple of Drug
        What is in the bath.
    tone : dict of str to float
        Steady concentration of ``da``, ``ach`` and ``ne`` (mM).
    t : float
        Time (ms).

    Returns
    -------
    dict
        ``da_ext``, ``ach_ext``, ``ne_ext`` and ``ago_*`` (mM), ``ant_*`` and ``gs_ext`` (1), the shares left
        (1) of what the rule does (``share_*``), of NMDA receptors (``nmda_scale``) and of calcium channels
        (``open_R``, ``open_L``, ``open_T``).
    """
    out = {f"{name}_ext": tone.get(name, 0.0) for name in ("da", "ach", "ne")}
    out |= {f"{kind}_{receptor}": 0.0 for kind in ("ago", "ant") for receptor in RECEPTORS}
    out |= {f"share_{name}": 1.0 for name in SHARES} | {"gs_ext": 0.0} | OPEN
    for drug in drugs:
        agent, level = AGENTS[drug.agent], drug.level(t)
        if agent.ligand:
            out[f"{agent.ligand}_ext"] += level
        for receptor, affinity in agent.agonist.items():
            out[f"ago_{receptor}"] += level * affinity
        for receptor, kd in agent.antagonist.items():
            out[f"ant_{receptor}"] += level / kd
        if agent.nmda_block:
            left = (1 + level / agent.nmda_block) ** -agent.nmda_sites
            out["nmda_scale"] *= left
            if agent.nmda_sites == 2:  # glutamate does not even bind
                out["share_NMDA"] *= left
        for name, (most, half) in agent.effects.items():
            effect = level / (level + half) if level else 0.0
            if name == "gs_ext":
                out[name] += most * effect
            else:
                out[name] *= 1 - (1 - most) * effect
        for subtype, half in agent.channel_block.items():
            out[f"open_{subtype}"] /= 1 + level / half
    return out


def shrinking(drugs: tuple[Drug, ...], t: float) -> float:
    """Return the share of the signal of heterosynaptic shrinkage that drugs leave at time `t` (ms)."""
    acting = (drug for drug in drugs if AGENTS[drug.agent].shrinkage)
    return float(np.prod([1 / (1 + drug.level(t) / AGENTS[drug.agent].shrinkage) for drug in acting]))


def unblocked(drugs: tuple[Drug, ...], transporter: str, residual: float, t: float) -> float:
    """Return the share of a modulator's clearance that is left at time `t` (ms).

    Blockers compete with the modulator for its carrier, and with each other: what is carried while C is
    well below Km falls to 1/(1 + sum of [I]/K_i). A share `residual` is nobody's to block.

    Parameters
    ----------
    drugs : tuple of Drug
        What is in the bath.
    transporter : str
        One of ``TRANSPORTERS``.
    residual : float
        Share of the clearance that is not the transporter's (1).
    t : float
        Time (ms).
    """
    bound = sum(d.level(t) / AGENTS[d.agent].blocker[transporter] for d in _blockers(drugs, transporter))
    return residual + (1 - residual) / (1 + bound) if bound else 1.0


def blocked_times(drugs: tuple[Drug, ...], transporter: str, t0: float, t1: float) -> np.ndarray:
    """Return the times in (t0, t1) at which what blocks a transporter changes (ms)."""
    return bath_times(_blockers(drugs, transporter), t0, t1)


def _blockers(drugs: tuple[Drug, ...], transporter: str) -> tuple[Drug, ...]:
    return tuple(d for d in drugs if transporter in AGENTS[d.agent].blocker)


def bath_times(drugs: tuple[Drug, ...], t0: float, t1: float) -> np.ndarray:
    """Return the times in (t0, t1) at which the bath changes (ms): edges, and 20 steps of each wash."""
    times = []
    for drug in drugs:
        for edge in (drug.start, drug.stop):
            times.append(edge)
            if drug.wash:
                times.extend(edge + drug.wash * np.arange(1, 101) / 20)
    return np.unique([t for t in times if t0 < t < t1])
