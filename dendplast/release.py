"""Release sites and the tissue they release into: what is released, where, and how it spreads."""

from __future__ import annotations

from typing import Any, Literal, get_args

from .quantity import Description, quantity

__all__ = [
    "LIGAND",
    "MEDIA",
    "MODULATORS",
    "N_RATE",
    "Medium",
    "Patch",
    "Site",
    "SoeSettings",
    "TRANSPORTERS",
    "Varicosity",
]

Modulator = Literal["dopamine", "acetylcholine", "noradrenaline"]

#: The one spelling of every modulator.
MODULATORS: tuple[str, ...] = get_args(Modulator)

#: Name of each modulator in the compiled spine; the place in this table plus 1 is the agent of a release event.
LIGAND = {"dopamine": "da", "acetylcholine": "ach", "noradrenaline": "ne"}

#: What clears a modulator, and what blockers act on.
TRANSPORTERS = ("DAT", "NET", "AChE")

Transporter = Literal["DAT", "NET", "AChE"]

#: Number of shared exponentials in the compiled spine.
N_RATE = 12

_DREYER = "10.1523/JNEUROSCI.1894-10.2010"
_EJDRUP = "10.7554/eLife.105214"
_SYKOVA = "10.1152/physrev.00027.2007"


class Medium(Description):
    """Diffusion and clearance of one modulator in one tissue, and the terminals that release it there.

    The concentration C (mM, extracellular) obeys
    dC/dt = D/tortuosity^2 * lap C - Vmax C/(Km + C) + Q/alpha with Q the release per volume of tissue
    (Nicholson 1995, doi 10.1016/S0006-3495(95)80356-8). Vmax is per volume of extracellular space; a value
    measured per volume of tissue says so (`per`) and is divided by alpha, a factor of five. While C is well
    below Km the loss is `uptake` C with uptake = Vmax/Km.

    `transporter` is what carries the uptake and `residual` the share of it that no blocker reaches.

    The defaults are dopamine in the striatum; `MEDIA` holds the other modulators and regions.
    """

    D: float = quantity(0.763, "um2/ms", f"free diffusion of dopamine, {_EJDRUP}", 0.01, 5)
    tortuosity: float = quantity(1.54, "1", _DREYER, 1, 5)
    alpha: float = quantity(0.21, "1", _DREYER, 0.01, 1)
    Vmax: float = quantity(4.1e-6, "mM/ms", f"4.1 uM/s, {_DREYER}", 0, 10)
    Km: float = quantity(2e-4, "mM", f"0.16 to 0.21 uM, {_DREYER}", 1e-9, 1e3)
    per: Literal["extracellular", "tissue"] = "extracellular"
    molecules: float = quantity(3000, "1", f"molecules per vesicle, {_DREYER}", 0, 1e6)
    p: float = quantity(0.06, "1", f"release probability of a terminal per spike, {_DREYER}", 0, 1)
    density: float = quantity(0.104, "/um3", f"terminals per volume of tissue, {_DREYER}", 0, 10)
    transporter: Transporter = "DAT"
    residual: float = quantity(
        1 / 300, "1", "10.1073/pnas.95.7.4029 (clearance without the transporter, knock-out over wild type)", 0, 1
    )

    @property
    def D_star(self) -> float:
        """Apparent diffusion coefficient in tissue, D / tortuosity^2 (um2/ms)."""
        return self.D / self.tortuosity**2

    @property
    def clearance(self) -> float:
        """Largest rate of uptake per volume of extracellular space (mM/ms): Vmax, or Vmax/alpha."""
        return self.Vmax / self.alpha if self.per == "tissue" else self.Vmax

    @property
    def uptake(self) -> float:
        """Uptake of concentrations well below Km (/ms)."""
        return self.clearance / self.Km

    def around(self, background: float) -> Medium:
        """Return the medium that the excess over a steady concentration sees.

        With C = B + u and the source that keeps B steady, the loss of u is the difference of two
        Michaelis-Menten terms, Vmax Km u / ((Km + B)(Km + B + u)): again Michaelis-Menten, with
        Vmax Km/(Km + B) and Km + B. The background uses up a part of the uptake.

        Parameters
        ----------
        background : float
            Steady concentration B (mM).
        """
        if background == 0:
            return self
        total = self.Km + background
        return self.replaced(Vmax=self.Vmax * self.Km / total, Km=total)


class _CorticalDopamine(Medium):
    tortuosity: float = quantity(1.6, "1", _SYKOVA, 1, 5)
    alpha: float = quantity(0.2, "1", _SYKOVA, 0.01, 1)
    Vmax: float = quantity(
        3e-7, "mM/ms", "assumed: by the noradrenaline transporter, about a tenth of the striatum's", 0, 10
    )
    density: float = quantity(0.01, "/um3", "assumed: a tenth of the striatum's innervation", 0, 10)
    transporter: Transporter = "NET"
    residual: float = quantity(0.05, "1", "assumed: uptake 2 and diffusion into vessels", 0, 1)


class _Noradrenaline(Medium):
    D: float = quantity(0.69, "um2/ms", "assumed: between 0.6 and 0.763, a catecholamine as dopamine is", 0.01, 5)
    tortuosity: float = quantity(1.6, "1", _SYKOVA, 1, 5)
    alpha: float = quantity(0.2, "1", _SYKOVA, 0.01, 1)
    Vmax: float = quantity(5e-7, "mM/ms", "assumed: 0.5 uM/s per tissue, among 0.2 to 1; 5 /s at low dose", 0, 10)
    Km: float = quantity(5e-4, "mM", "assumed: 0.5 uM, among 0.5 to 1", 1e-9, 1e3)
    per: Literal["extracellular", "tissue"] = "tissue"
    molecules: float = quantity(2500, "1", "assumed: vesicle size of the dopamine terminal", 0, 1e6)
    p: float = quantity(0.1, "1", "assumed: between dopamine's and acetylcholine's", 0, 1)
    density: float = quantity(0.003, "/um3", "assumed: 1e6 to 5e6 varicosities per mm3 of cortex", 0, 10)
    transporter: Transporter = "NET"
    residual: float = quantity(0.05, "1", "assumed: uptake 2 and diffusion into vessels", 0, 1)


class _Acetylcholine(Medium):
    D: float = quantity(0.6, "um2/ms", "assumed: small cation in free solution; 0.4 in the cleft", 0.01, 5)
    tortuosity: float = quantity(1.6, "1", _SYKOVA, 1, 5)
    alpha: float = quantity(0.2, "1", _SYKOVA, 0.01, 1)
    Vmax: float = quantity(
        0.02, "mM/ms", "assumed: acetylcholinesterase, 0.2 /ms at low dose, among 0.006 to 1; disputed", 0, 10
    )
    Km: float = quantity(0.1, "mM", "assumed: of acetylcholinesterase, far above what is released", 1e-9, 1e3)
    molecules: float = quantity(2000, "1", "assumed: 1000 to 10000 per vesicle", 0, 1e6)
    p: float = quantity(0.15, "1", "assumed: 0.1 to 0.2", 0, 1)
    density: float = quantity(0.01, "/um3", "assumed: 0.005 to 0.02 in cortex", 0, 10)
    transporter: Transporter = "AChE"
    residual: float = quantity(0.05, "1", "assumed: butyrylcholinesterase and diffusion", 0, 1)


class _StriatalAcetylcholine(_Acetylcholine):
    tortuosity: float = quantity(1.54, "1", _DREYER, 1, 5)
    alpha: float = quantity(0.21, "1", _DREYER, 0.01, 1)
    density: float = quantity(0.1, "/um3", "assumed: as dense as the dopamine terminals of the striatum", 0, 10)


_CORTEX: dict[str, Medium] = {
    "dopamine": _CorticalDopamine(),
    "acetylcholine": _Acetylcholine(),
    "noradrenaline": _Noradrenaline(),
}

#: Region, then modulator, to the medium. Hippocampus shares the numbers of cortex for want of its own.
MEDIA: dict[str, dict[str, Medium]] = {
    "striatum": {
        "dopamine": Medium(),
        "acetylcholine": _StriatalAcetylcholine(),
        "noradrenaline": _Noradrenaline(),
    },
    "cortex": _CORTEX,
    "hippocampus": _CORTEX,
}


class _Site(Description):
    """What every release site shares; `p` and `molecules` of None stand for the medium's.

    `pool` vesicles are ready at rest and each is replaced with the time constant `refill`; the release
    probability is proportional to those left. `feedback` is the share of the release probability that the
    terminal's own receptor (D2, M4, alpha2) takes away when every one of them is bound. `terminals` says how.
    """

    modulator: Modulator
    p: float | None = quantity(None, "1", "None: the medium's release probability", 0, 1)
    molecules: float | None = quantity(None, "1", "None: the medium's molecules per vesicle", 0, 1e6)
    pool: int | None = quantity(None, "1", "None: vesicles never run out", 1, 1000)
    refill: float = quantity(5000.0, "ms", "assumed: seconds, within the recovery of evoked dopamine in slices", 1, 1e7)
    feedback: float = quantity(0.0, "1", "assumed: no autoreceptor unless the site has one", 0, 1)

    def __init__(self, modulator: str | None = None, /, **data: Any) -> None:
        super().__init__(**data) if modulator is None else super().__init__(modulator=modulator, **data)


class Varicosity(_Site):
    """One release site at a point: ``Varicosity("dopamine", at=[0, 0, 1.5])``.

    A release event is one vesicle; whether a spike releases one is drawn with probability `p` by whoever
    makes the events.

    Parameters
    ----------
    modulator : str
        One of `MODULATORS`.
    at : sequence of 3 floats
        Position (um).
    p, molecules : float, optional
        Release probability per spike and molecules per vesicle; the medium's when not given.

    Raises
    ------
    ParameterError
        If a value is not finite, out of bounds or unknown.
    """

    at: tuple[float, float, float]

    @property
    def position(self) -> tuple[float, float, float]:
        """Centre of the site (um)."""
        return self.at

    @property
    def extent(self) -> float:
        """Radius of the released ball (um): 0, a point."""
        return 0.0

    def amount(self, medium: Medium) -> float:
        """Return what one release event frees (molecules)."""
        return medium.molecules if self.molecules is None else self.molecules


class Patch(_Site):
    """A ball of varicosities that fire together, treated as its mean field.

    A release event is one spike in every axon of the ball: it frees density * p * molecules per volume of
    tissue at once, everywhere in the ball. The mean field leaves out which terminals happened to release.

    Parameters
    ----------
    modulator : str
        One of `MODULATORS`.
    center : sequence of 3 floats
        Position (um).
    radius : float
        Radius (um).
    density, p, molecules : float, optional
        Varicosities (/um3), release probability per spike, molecules per vesicle; the medium's when not given.

    Raises
    ------
    ParameterError
        If a value is not finite, out of bounds or unknown.
    """

    center: tuple[float, float, float]
    radius: float = quantity(..., "um", "assumed: chosen by the experimenter", 0.1, 1000)
    density: float | None = quantity(None, "/um3", "None: the medium's density of terminals", 0, 10)

    @property
    def position(self) -> tuple[float, float, float]:
        """Centre of the site (um)."""
        return self.center

    @property
    def extent(self) -> float:
        """Radius of the released ball (um)."""
        return self.radius

    def amount(self, medium: Medium) -> float:
        """Return what one release event frees (molecules per um3 of tissue)."""
        density = medium.density if self.density is None else self.density
        p = medium.p if self.p is None else self.p
        return density * p * (medium.molecules if self.molecules is None else self.molecules)


Site = Varicosity | Patch


class SoeSettings(Description):
    """Numerics of the sum of exponentials that carries a release to a spine.

    The `N_RATE` time constants run geometrically from `tau_min` to `tau_max`. With the defaults the error
    against the exact kernel is below 2 % of its peak from 0.025 ms after arrival on, for every medium of
    `MEDIA`, every point from 1 um and every ball of 5 to 20 um in reach; the area up to 3 s errs by less than
    0.1 %. From 1 um down to `r_min` the first 0.1 ms err by up to 9 %. Without any uptake the error grows from
    2 % at 20 um to 10 % at 40 um. Every delivery carries its own error.
    """

    tau_min: float = quantity(0.07, "ms", "assumed: least worst-case error among 0.04 to 0.1 ms", 1e-3, 10)
    tau_max: float = quantity(
        2000, "ms", "assumed: carries the tail of slow uptake to 3 s; 300 ms loses a quarter at 30 um", 10, 1e5
    )
    onset: float = quantity(
        0.015, "1", "assumed: share of the peak at arrival; what comes before is left out", 1e-6, 0.1
    )
    cutoff: float = quantity(
        1e-7, "mM", "assumed: 0.1 nM, 1/200 of the lowest dissociation constant (D2, 20 nM)", 1e-12, 1
    )
    r_min: float = quantity(
        0.75, "um", "assumed: nearer points get this distance; 12 rates fit no sharper kernel", 0.1, 10
    )
