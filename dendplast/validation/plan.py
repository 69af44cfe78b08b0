"""What it takes to simulate a row: a region, a protocol, drugs, a solution, what is measured and when."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ..drugs import Drug
from ..errors import ParameterError
from ..experiment import Experiment, Numerics, Placement
from ..presets import Tone, split_sources
from ..presynaptic import Presynaptic
from ..protocol import Release
from ..quantity import Description
from ..release import Patch
from ..solution import Solution

__all__ = ["MIN", "WASH", "Plan", "Region", "S", "bath", "load_regions"]

MIN, S = 6e4, 1e3
"""ms"""

WASH = 0.5 * MIN
"""Exchange of the bath (ms); assumed: 2 ml/min through a chamber of 1 ml (10.7554/eLife.09685 gives the flow)."""

NUMERICS = Numerics(dt=0.05, d_lambda=0.2, plastic=False)
"""Coarser than the default: a spike in the dendrite moves by less than 2 %, its calcium by up to 4 %."""

MEASURES = ("weight", "volume", "lost", "potentiated", "depressed", "calcium")


class Region(Description):
    """A cell type in a slice: what rows of one preparation share.

    Attributes
    ----------
    preset : str
        Of the cell.
    morphologies : tuple of str
        Cells; seed 1 has the first, seed 2 the next, and so on around.
    spines : Placement
        Which spines stand for the synapses of the paper.
    solution : Solution
        Of the preparation.
    tone : Tone, optional
        The preset's when not given.
    presynaptic : Presynaptic, optional
        Short-term plasticity of the connection; every presynaptic spike releases alike when not given.
    parameters : dict
        Changes of the preset's rule.
    sources : dict
        Where each of these is from.
    """

    preset: str
    morphologies: tuple[str, ...]
    spines: Placement = Placement()
    solution: Solution = Solution()
    tone: Tone | None = None
    presynaptic: Presynaptic | None = None
    parameters: dict[str, Any] = {}
    sources: dict[str, str] = {}


@dataclass(frozen=True)
class Plan:
    """How a row is simulated.

    Attributes
    ----------
    region : str
        Name in ``regions.toml``, or of the user's own row.
    protocol : tuple of Protocol
        What is done.
    at : float
        When the outcome is taken (ms).
    drugs : tuple of Drug
        Bath, pipette and genotype.
    measure : str
        One of `MEASURES`.
    since : float
        For ``"lost"``: from when losses count (ms).
    order : float or None
        First postsynaptic minus first presynaptic spike (ms), None without pairing: all that a model blind
        to modulators is given.
    control : str
        Row of the interleaved control, empty for none.
    baseline : Plan or None
        The change is counted from this experiment's instead of from the start.
    solution : dict
        Changes of the region's solution.
    tone : Tone or None
        Instead of the region's.
    own : Region or None
        Region of a row that brings its own experiment.
    patch : tuple of Release
        Releases from a patch around every spine: fibres are everywhere, and each spine is the centre.
    note : str
        What was assumed.
    """

    region: str
    protocol: tuple[Any, ...]
    at: float
    drugs: tuple[Drug, ...] = ()
    measure: str = "weight"
    since: float = 0.0
    order: float | None = None
    control: str = ""
    baseline: Plan | None = None
    solution: Mapping[str, Any] = field(default_factory=dict)
    tone: Tone | None = None
    own: Region | None = None
    patch: tuple[Release, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ParameterError(
                f"measure {self.measure!r} is not known; measures are {', '.join(MEASURES)}"
            )

    def where(self) -> Region:
        """Return the region.

        Raises
        ------
        ParameterError
            If there is none of that name.
        """
        if self.own is not None:
            return self.own
        regions = load_regions()
        if self.region not in regions:
            raise ParameterError(
                f"region {self.region!r} is not known; regions are {', '.join(regions)}"
            )
        return regions[self.region]

    def experiment(self, seed: int, n_spine: int | None = None) -> Experiment:
        """Return the experiment that is built, on `n_spine` spines (None: as many as the region says)."""
        region = self.where()
        spines = (
            region.spines
            if n_spine is None or region.spines.n
            else region.spines.replaced(n=n_spine)
        )
        morphology = region.morphologies[(seed - 1) % len(region.morphologies)]
        return Experiment(
            preset=region.preset, morphology=morphology, spines=spines, numerics=NUMERICS,
            parameters=region.parameters, tone=self.tone or region.tone, protocol=self.protocol, drugs=self.drugs,
            solution=region.solution.replaced(**self.solution), presynaptic=region.presynaptic, until=self.at,
            seed=seed,
        )  # fmt: skip


@cache
def load_regions() -> dict[str, Region]:
    """Return the regions that come with dendplast, by name."""
    text = (
        files("dendplast.validation")
        .joinpath("regions.toml")
        .read_text(encoding="utf-8")
    )
    out = {}
    for name, table in tomllib.loads(text).items():
        sources: dict[str, str] = {}
        try:
            data = split_sources(table, name, sources)
            like = out.get(data.pop("like", ""))
            if (
                like is not None
            ):  # a preparation of a cell type whose rule another region has
                data["parameters"] = like.parameters | data.get("parameters", {})
            out[name] = Region(
                **(data | {"morphologies": tuple(data["morphologies"].split())}),
                sources=sources,
            )
        except ParameterError as error:
            raise ParameterError(f"regions.toml: {name}.{error}") from None
    return out


def bath(
    agent: str, conc: str, start: float, stop: float = 1e15, wash: float = WASH
) -> Drug:
    """Return a drug in the bath between two times (ms); a start of 0 means it is there from the start."""
    return Drug(
        agent=agent, conc=conc, start=start, stop=stop, wash=wash if start > 0 else 0.0
    )


def pulse(agent: str, conc: str, start: float, stop: float) -> Drug:
    """Return a puff, or a steady level, that comes and goes at once (ms)."""
    return Drug(agent=agent, conc=conc, start=start, stop=stop)


def patch(modulator: str = "dopamine") -> Patch:
    """Return the patch around every spine: 10 um, release probability of a burst."""
    return Patch(modulator, center=(0.0, 0.0, 0.0), radius=10.0, p=0.3)
