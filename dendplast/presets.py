"""Cell presets: which channels, how dense, where, each number with its unit and source.

A preset is a TOML file.  A number is written as a pair, ``["0.040 S/cm2", "10.1038/nn1599"]``: the value
with its unit, and the DOI it comes from (or ``"assumed: why"``).
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from . import excitability
from .anatomy import SpineSettings
from .errors import ParameterError
from .parameters import Parameters
from .quantity import Description, convert, quantity

__all__ = ["CellPreset", "Channel", "Preset", "Profile", "Tone", "load_preset", "preset_names", "split_sources"]

REGIONS = ("soma", "axon", "basal", "apical")
MEMBRANE = ("cm", "g_pas")
# RANGE parameters of the mechanisms in mod/ that a preset may set, and their units there.
SETTINGS = {
    "ar2": "1", "vhalf": "mV", "k": "mV", "e": "mV", "vshift": "mV", "khalf": "mM", "hill": "1", "otau": "ms",
    "depth": "um", "tau": "ms", "gamma": "1", "cainf": "mM",
}  # fmt: skip
_SOURCE = re.compile(r"10\.\d{4,9}/\S+|assumed: \S.*")
_PRESET = "given by the preset file"


class Profile(Description):
    """How a density changes with the path distance x (um) from the soma: density = bar * f(x).

    ==============  ==================================================================
    kind            f(x)
    ==============  ==================================================================
    constant        1
    linear          1 + slope * min(x, limit)
    sigmoid         low + (high - low) / (1 + exp(-(x - center) / width))
    exponential     1 + amplitude * exp(-x / width)
    growth          1 + amplitude * (exp(x / width) - 1)
    step            1 from `start` up to `stop`, `outside` elsewhere
    ==============  ==================================================================

    Every kind is multiplied by `outside` where x < start or x >= stop.  With `ramp` a step rises and falls over that
    distance, centred on start and stop: what a zone carries in all would else hang on where segments end.

    With `reach` all distances are those of a tree whose farthest apical tip is `reach` away: on another tree the
    profile is stretched, so that what sits around the main bifurcation of one tree does so on the next.
    """

    kind: Literal["constant", "linear", "sigmoid", "exponential", "growth", "step"] = "constant"
    source: str = "assumed: uniform"
    slope: float = quantity(0.0, "/um", _PRESET, 0.0)
    limit: float = quantity(1e6, "um", _PRESET, 0.0)
    low: float = quantity(1.0, "1", _PRESET, 0.0)
    high: float = quantity(1.0, "1", _PRESET, 0.0)
    center: float = quantity(0.0, "um", _PRESET)
    width: float = quantity(1.0, "um", _PRESET, 1e-3)
    amplitude: float = quantity(0.0, "1", _PRESET, -1.0)
    start: float = quantity(0.0, "um", _PRESET, 0.0)
    stop: float = quantity(1e6, "um", _PRESET, 0.0)
    outside: float = quantity(0.0, "1", _PRESET, 0.0)
    ramp: float = quantity(0.0, "um", _PRESET, 0.0)
    reach: float | None = quantity(None, "um", _PRESET, 1.0)

    @model_validator(mode="after")
    def _only_what_the_kind_uses(self) -> Profile:
        window = {"kind", "source", "start", "stop", "outside", "reach"}
        own = {
            "constant": set(), "step": {"ramp"}, "linear": {"slope", "limit"},
            "sigmoid": {"low", "high", "center", "width"}, "exponential": {"amplitude", "width"},
            "growth": {"amplitude", "width"},
        }[self.kind]  # fmt: skip
        extra = sorted(self.model_fields_set - window - own)
        if extra:
            raise ValueError(f"a {self.kind} profile has no {extra[0]}; it has {', '.join(sorted(own | window))}")
        if self.start >= self.stop:
            raise ValueError(f"start = {self.start:g} um must be less than stop = {self.stop:g} um")
        if not self.start >= self.ramp / 2 or self.stop - self.start < self.ramp:
            raise ValueError(f"ramp = {self.ramp:g} um must fit between start and stop, and half of it before start")
        return self

    def __call__(self, distance: np.ndarray, tip: float | None = None) -> np.ndarray:
        """Return f at path distances `distance` (um), same shape, on a tree whose farthest apical tip is at `tip`.

        Raises
        ------
        ParameterError
            If the profile has a `reach` and the tree no tip to stretch it to.
        """
        x = np.asarray(distance, float)
        if self.reach is not None:
            if not tip:
                raise ParameterError(f"reach = {self.reach:g} um: needs an apical tree to stretch the profile to")
            x = x * (self.reach / tip)
        if self.kind == "linear":
            f = 1 + self.slope * np.minimum(x, self.limit)
        elif self.kind == "sigmoid":
            f = self.low + (self.high - self.low) / (1 + np.exp(-(x - self.center) / self.width))
        elif self.kind == "exponential":
            f = 1 + self.amplitude * np.exp(-x / self.width)
        elif self.kind == "growth":
            f = 1 + self.amplitude * np.expm1(x / self.width)
        else:
            f = np.ones_like(x)
        inside = self._passed(x, self.start) - self._passed(x, self.stop)
        return inside * f + (1 - inside) * self.outside * f

    def _passed(self, x: np.ndarray, edge: float) -> np.ndarray:
        """Return the share of the change at an edge (um) that is over."""
        if self.ramp == 0:
            return np.where(x >= edge, 1.0, 0.0)
        return np.clip((x - edge) / self.ramp + 0.5, 0.0, 1.0)


class Channel(Description):
    """One density mechanism in one region.

    Attributes
    ----------
    gbar : float or None
        Conductance density (S/cm2).
    pbar : float or None
        Permeability density (cm/s), for Goldman-Hodgkin-Katz currents.
    profile : Profile
        Factor on the density by path distance.
    off_trunk : float
        Factor on the density in apical branches off the trunk (1): obliques, and the tuft but for its main branch.
    settings : dict of str to float
        Other RANGE parameters of the mechanism, in the units of the mechanism.
    """

    gbar: float | None = quantity(None, "S/cm2", _PRESET, 0.0, 10.0)
    pbar: float | None = quantity(None, "cm/s", _PRESET, 0.0, 1.0)
    profile: Profile = Profile()
    off_trunk: float = quantity(1.0, "1", _PRESET, 0.0, 100.0)
    settings: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_settings(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "settings" in data:
            return data
        known = [*cls.model_fields, *SETTINGS]
        rest = [key for key in data if key not in known]
        if rest:
            near = difflib.get_close_matches(rest[0], known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise ValueError(f"unknown key {rest[0]!r}; {hint}")
        settings = {key: _number(key, data[key], SETTINGS[key]) for key in data if key in SETTINGS}
        return {key: value for key, value in data.items() if key not in SETTINGS} | {"settings": settings}

    @model_validator(mode="after")
    def _one_density(self) -> Channel:
        if self.gbar is not None and self.pbar is not None:
            raise ValueError("a mechanism has gbar or pbar, not both")
        return self


class Membrane(Description):
    """What the bare membrane of one region has of its own; None leaves the cell's value."""

    cm: float | None = quantity(None, "uF/cm2", _PRESET, 0.1, 10.0)
    g_pas: float | None = quantity(None, "S/cm2", _PRESET, 0.0, 1.0)


class CellPreset(Description):
    """The electrical cell of a preset.

    `apical_min` is how far the apical tree must reach for the preset to make sense on it.
    """

    celsius: float = quantity(..., "degC", _PRESET, 0.0, 45.0)
    v_init: float = quantity(..., "mV", _PRESET, -120.0, 0.0)
    Ra: float = quantity(..., "ohm cm", _PRESET, 1.0, 1e4)
    cm: float = quantity(..., "uF/cm2", _PRESET, 0.1, 10.0)
    g_pas: float = quantity(..., "S/cm2", _PRESET, 0.0, 1.0)
    e_pas: float = quantity(..., "mV", _PRESET, -120.0, 0.0)
    ena: float | None = quantity(None, "mV", _PRESET, 0.0, 120.0)
    ek: float | None = quantity(None, "mV", _PRESET, -130.0, 0.0)
    pulse_amp: float = quantity(..., "nA", _PRESET, 0.0, 100.0)
    pulse_dur: float = quantity(..., "ms", _PRESET, 0.1, 100.0)
    pulse_latency: float = quantity(..., "ms", _PRESET, 0.0, 100.0)
    requires_apical: bool = False
    apical_min: float | None = quantity(None, "um", _PRESET, 0.0, 1e4)
    spikes: bool = True
    regions: dict[str, dict[str, Channel]]
    membrane: dict[str, Membrane] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _regions_are_known(self) -> CellPreset:
        for region in self.regions:
            if region not in REGIONS:
                raise ValueError(f"unknown region {region!r}; regions are {', '.join(REGIONS)}")
        if "soma" not in self.regions or "axon" not in self.regions:
            raise ValueError("regions soma and axon are required (an empty table is allowed)")
        for region, channels in self.regions.items():
            for name, channel in channels.items():
                if channel.off_trunk != 1.0 and region != "apical":
                    raise ValueError(f"{region}.{name}.off_trunk: only the apical tree has a trunk")
                if channel.profile.reach is not None and not self.requires_apical:
                    raise ValueError(f"{region}.{name}.profile.reach: needs requires_apical = true")
        return self

    def membrane_of(self, region: str) -> tuple[float, float]:
        """Return capacitance (uF/cm2) and leak conductance (S/cm2) of a region."""
        own = self.membrane.get(region, Membrane())
        return self.cm if own.cm is None else own.cm, self.g_pas if own.g_pas is None else own.g_pas


class Tone(Description):
    """Steady concentration of each modulator around the cell."""

    dopamine: float = quantity(0.0, "mM", _PRESET, 0.0, 1.0)
    acetylcholine: float = quantity(0.0, "mM", _PRESET, 0.0, 1.0)
    noradrenaline: float = quantity(0.0, "mM", _PRESET, 0.0, 1.0)


class Preset(Description):
    """A neuron type: its electrical cell, its spines, its tissue, and what differs in its plasticity rule.

    `parameters` and `spines` are complete; the file holds differences from the defaults. `tone` is the
    steady concentration of each modulator (mM), `tissue` names the media of `release.MEDIA`, and `gains` are
    the factors of the modulators on conductances (1), by signal and target.
    """

    name: str
    description: str
    cell: CellPreset
    tissue: Literal["striatum", "cortex", "hippocampus"] = "cortex"
    tone: Tone = Tone()
    spines: SpineSettings = SpineSettings()
    parameters: Parameters = Parameters()
    gains: dict[str, dict[str, float]] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)

    @field_validator("gains", mode="before")
    @classmethod
    def _factors(cls, value: Any) -> dict[str, dict[str, float]]:
        return excitability.read(value)

    @model_validator(mode="after")
    def _gains_have_targets(self) -> Preset:
        excitability.check_targets(self.gains, {name for region in self.cell.regions.values() for name in region})
        return self


def preset_names() -> list[str]:
    """Return the names of the presets that come with dendplast."""
    return sorted(p.stem for p in _folder().glob("*.toml"))


def load_preset(name_or_path: str | Path) -> Preset:
    """Load a preset by its name, or from a TOML file.

    Raises
    ------
    ParameterError
        If there is no such preset or file, or something in the file is not valid.
    """
    path = _locate(name_or_path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: is not TOML: {error}") from None
    sources: dict[str, str] = {}
    try:
        parts = {key: split_sources(value, key, sources) for key, value in table.items() if isinstance(value, dict)}
        parts["cell"] = _arrange(parts.get("cell", {}))
        return Preset(**(table | parts), sources=sources)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from None


def _folder() -> Path:
    return Path(__file__).with_name("presets")


def _locate(name_or_path: str | Path) -> Path:
    names = preset_names()
    if str(name_or_path) in names:
        return _folder() / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise ParameterError(f"{path}: no such preset file")
    near = difflib.get_close_matches(str(name_or_path), names, 1, 0.4)
    hint = f"did you mean {near[0]!r}?" if near else "a file must end in .toml"
    raise ParameterError(f"preset {str(name_or_path)!r} is not known; {hint} (presets: {', '.join(names)})")


def split_sources(value: Any, where: str, sources: dict[str, str]) -> Any:
    """Take the source out of each [value, source] pair; bare numbers are refused."""
    if isinstance(value, dict):
        inside = {k: split_sources(v, f"{where}.{k}", sources) for k, v in value.items()}
        if where.endswith(".profile"):
            source = inside.get("source", "")
            if not _SOURCE.fullmatch(source):
                raise ParameterError(f"{where}: source = {source!r} must be a DOI or 'assumed: why'")
        return inside
    if isinstance(value, list):
        if len(value) != 2 or not all(isinstance(v, str) for v in value):
            raise ParameterError(f"{where} = {value!r}: must be a pair [\"value unit\", \"source\"]")
        if not _SOURCE.fullmatch(value[1]):
            raise ParameterError(f"{where}: source {value[1]!r} must be a DOI or 'assumed: why'")
        sources[where] = value[1]
        return value[0]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ParameterError(f"{where} = {value!r}: must be a pair [\"value unit\", \"source\"]")
    return value


def _arrange(cell: dict[str, Any]) -> dict[str, Any]:
    """Gather the region tables of [cell] under ``regions`` and ``membrane``; unknown tables are refused later."""
    tables = {key: cell[key] for key in REGIONS if isinstance(cell.get(key), dict)}
    regions = {key: {k: v for k, v in table.items() if k not in MEMBRANE} for key, table in tables.items()}
    membrane = {key: {k: v for k, v in table.items() if k in MEMBRANE} for key, table in tables.items()}
    return {k: v for k, v in cell.items() if k not in tables} | {"regions": regions, "membrane": membrane}


def _number(key: str, value: Any, unit: str) -> float:
    number = convert(value, unit) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise ValueError(f"{key} = {value!r}: must be a number in {unit}")
    return float(number)
