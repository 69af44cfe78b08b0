"""The whole description of an experiment: frozen, hashable, the same from Python and from TOML."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import Field, field_validator

from .drugs import Drug
from .errors import ParameterError
from .indicator import Indicator
from .media import choose_media
from .parameters import Parameters
from .presets import Tone
from .presynaptic import Presynaptic
from .protocol import Protocol, check_time
from .quantity import Description, quantity
from .solution import Solution
from .sources import Denervation

__all__ = ["Experiment", "Numerics", "Placement", "Record"]


class Placement(Description):
    """How many spines the cell gets, where, and in which form.

    Without `n` and `scale` 1 the preset's measured density decides.  `calibrate` gives each spine the
    calcium that was measured in spines, with the measured spread unless they are to be `identical`.
    """

    n: int | None = Field(None, ge=1, le=200_000)
    scale: float = quantity(1.0, "1", "assumed: the measured density", 0, 100)
    center: tuple[float, float, float] | None = None
    radius: float | None = quantity(None, "um", "assumed: the whole tree", 0.1, 1e5)
    region: Literal["basal", "apical"] | None = None
    path_min: float = quantity(0.0, "um", "assumed: no lower limit", 0)
    path_max: float = quantity(1e9, "um", "assumed: no upper limit", 0)
    form: Literal["process", "sections"] = "process"
    calibrate: bool = True
    identical: bool = False


class Numerics(Description):
    """How the experiment is computed.

    `field` is the backend of the modulators' fields: linear uptake as exponentials (``"soe"``) or exact sums
    (``"green"``), saturating uptake around each site by itself (``"radial"``) or of all together (``"grid"``,
    points `grid_h` apart); ``"auto"`` decides by how far releases fill the uptake.  `engine` takes the steps:
    NEURON, or CoreNEURON, which is faster with many spines and equal to rounding; ``"auto"`` takes CoreNEURON
    where it pays and has been compiled for.  With `check` a run is done a second time with every step taken, and
    the result says by how much efficacies and tags were off (``check_w`` and others, over the largest change).
    """

    dt: float = quantity(0.025, "ms", "10.1162/neco.1997.9.6.1179 (the usual step of NEURON)", 1e-4, 0.2)
    d_lambda: float = quantity(0.1, "1", "10.1162/089976600300015934", 0.005, 1)
    settle: float = quantity(400.0, "ms", "assumed: channels reach rest", 0, 1e5)
    tail: float = quantity(60.0, "ms", "assumed: least electricity after the last event of a window", 0, 1e4)
    calm: float = quantity(3e-5, "mM", "assumed: moves no readout (benchmarks/results/calm.md)", 1e-9, 1e-2)
    calm_v: float = quantity(0.5, "mV", "assumed: a voltage this near rest moves no readout", 1e-6, 10)
    calm_gate: float = quantity(0.02, "1", "assumed: a channel this near rest moves no spike", 1e-6, 1)
    relax: float = quantity(1000.0, "ms", "assumed: a cell left alone this long is at rest", 10, 1e6)
    full: bool = False
    check: bool = False
    plastic: bool = True
    engine: Literal["auto", "neuron", "coreneuron"] = "auto"
    field: Literal["auto", "soe", "green", "radial", "grid"] = "auto"
    grid_h: float = quantity(1.0, "um", "assumed: a vesicle is right within 1 % from 1 um on (a test)", 0.2, 10)


class Record(Description):
    """What is recorded of every spine, and how often.

    `every_active` holds while something electrical happens, `every_rest` in between.
    """

    names: tuple[str, ...] = ("cai", "da", "D1", "PKA", "elig_P", "elig_D", "tag_P", "tag_D", "w")
    every_active: float = quantity(5.0, "ms", "assumed: resolves a calcium transient", 0.025, 1e6)
    every_rest: float = quantity(1000.0, "ms", "assumed: resolves receptors and traces", 1, 1e9)
    at: tuple[float | str, ...] = ()

    @field_validator("names")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("each name may be given once")
        return value

    @field_validator("at")
    @classmethod
    def _at(cls, value: tuple[float | str, ...]) -> tuple[float | str, ...]:
        for t in value:
            check_time(t)
        return value


class Experiment(Description):
    """Everything an experiment is: cell, spines, what is done, what is in the bath, numerics, seed.

    Attributes
    ----------
    preset : str
        ``"ca1"``, ``"dspn"``, ``"passive"``, or a path to a TOML of the same form.
    morphology : str
        A shipped cell, or the path of an SWC or ASC file.
    drop_axon, repair : bool
        Replace the axon by a stub; repair what the checks find.
    spines : Placement
        How spines are placed.
    parameters : dict
        Changes of the plasticity parameters: ``{"K_P": "3 uM"}`` or in groups.
    protocol : tuple of Protocol
        What is done, in order.
    drugs : tuple of Drug
        What is in the bath, and when.
    tone : Tone, optional
        Steady concentration of each modulator; the preset's when not given.
    medium : dict
        Where a modulator goes, other than the preset's tissue says: the name of a variant of `media.VARIANTS` or
        changes of single numbers, ``{"dopamine": "ejdrup_dorsal"}``, ``{"dopamine": {"Vmax": "2 uM/s"}}``.
    denervation : tuple of Denervation
        Varicosities that are gone.
    solution : Solution
        Extracellular calcium and magnesium, and temperature.
    indicator : Indicator, optional
        Calcium indicator in the cell; none unless given.
    presynaptic : Presynaptic, optional
        Short-term plasticity and stochastic release; every presynaptic spike releases unless given.
    excitability : bool
        Modulators act on the conductances that the preset's ``[gains]`` name.
    until : float or str
        End of the run: ms, ``"45 min"``, or ``"end + 30 min"`` after the protocol.
    seed : int
        Seed of everything drawn.
    """

    preset: str = "ca1"
    morphology: str = "ca1_1"
    drop_axon: bool = False
    repair: bool = False
    spines: Placement = Placement()
    parameters: dict[str, Any] = {}
    protocol: tuple[Protocol, ...] = ()
    drugs: tuple[Drug, ...] = ()
    tone: Tone | None = None
    medium: dict[str, Any] = {}
    denervation: tuple[Denervation, ...] = ()
    solution: Solution = Solution()
    indicator: Indicator | None = None
    presynaptic: Presynaptic | None = None
    excitability: bool = False
    until: float | str = "end + 1 s"
    numerics: Numerics = Numerics()
    record: Record = Record()
    seed: int = Field(1, ge=0, lt=2**63)

    @field_validator("parameters")
    @classmethod
    def _parameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        Parameters().replaced(value)
        return value

    @field_validator("medium")
    @classmethod
    def _medium(cls, value: dict[str, Any]) -> dict[str, Any]:
        choose_media("striatum", value)
        return value

    @field_validator("until")
    @classmethod
    def _until(cls, value: float | str) -> float | str:
        check_time(value)
        return value

    def replaced(self, **changes: Any) -> Experiment:
        """Return a copy with some fields changed; ``numerics__dt=0.05`` reaches into a group."""
        data = {name: getattr(self, name) for name in type(self).model_fields}
        for key, value in changes.items():
            head, _, rest = key.partition("__")
            if rest:
                group = data.get(head)
                if not isinstance(group, Description):
                    raise ParameterError(
                        f"{head}: is no group of an experiment; groups are spines, solution, numerics, record"
                    )
                value = type(group)(**({n: getattr(group, n) for n in type(group).model_fields} | {rest: value}))
            data[head] = value
        return Experiment(**data)

    def changed(self, changes: Mapping[str, Any]) -> Experiment:
        """Return a copy with values changed by dotted key: ``{"protocol.0.n": 20, "numerics.dt": 0.05}``.

        Raises
        ------
        ParameterError
            If a key or a value is not valid.
        """
        data = self.model_dump(mode="json", exclude_none=True)
        for key, value in changes.items():
            _change(data, key, value)
        return type(self)(**data)

    def to_toml(self) -> str:
        """Return the description as TOML, complete, in the units of NEURON."""
        return tomli_w.dumps(_plain(self.model_dump(mode="json", exclude_none=True)))

    @classmethod
    def from_toml(cls, source: str | Path, changes: Mapping[str, Any] | None = None) -> Experiment:
        """Read a description from a TOML file, or from TOML text that contains a line break.

        Parameters
        ----------
        source : str or Path
            The file, or the text.
        changes : mapping of str to object, optional
            Values that take the place of the file's, by dotted key: ``{"protocol.0.n": 20}``.

        Raises
        ------
        ParameterError
            If the file is missing, is no TOML, or a key or value is not valid; the file is named.
        """
        text, where = str(source), "TOML text"
        if isinstance(source, Path) or "\n" not in text:
            where = str(source)
            try:
                text = Path(source).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
                raise ParameterError(f"{where}: can not be read as an experiment: {reason}") from None
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ParameterError(f"{where}: is no valid TOML: {error}") from None
        try:
            for key, value in (changes or {}).items():
                _change(data, key, value)
            return cls(**data)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None

    @property
    def hash(self) -> str:
        """A name for the content: equal descriptions have equal hashes."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()[:16]


def _change(data: dict[str, Any], key: str, value: Any) -> None:
    """Set the value at a dotted key; numbers count the entries of a list from 0."""
    *groups, last = key.split(".")
    place: Any = data
    path = ""
    for part in groups:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[_entry(place, path, part)]
        path = f"{path}.{part}".lstrip(".")
    place[last if isinstance(place, dict) else _entry(place, path, last)] = value


def _entry(place: Any, path: str, part: str) -> int:
    """Return the number of a list's entry."""
    if not isinstance(place, list):
        raise ParameterError(f"{path}.{part}: there is no table {path} to hold it")
    if not part.isdecimal() or int(part) >= len(place):
        raise ParameterError(f"{path}.{part}: there is no entry {part} in a list of {len(place)}; the first is 0")
    return int(part)


def _plain(value: Any) -> Any:
    """Sort mappings, so that the text depends on the content only."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
