"""What the literature measured of a neuron type: ``targets/<preset>.toml``, one table for each feature."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ..errors import ParameterError
from ..quantity import Description, quantity, under

__all__ = ["Stimulus", "Target", "Targets", "load_targets", "target_names"]

_SOURCE = re.compile(r"10\.\d{4,9}/\S.*|PMC\d+\S*.*|assumed: \S.*")


class Target(Description):
    """One feature as measured.

    Attributes
    ----------
    name : str
        One of ``features.FEATURES``.
    at : float or None
        Path distance from the soma (um), for features of a place.
    current : float or None
        Current (nA), for features of a step.
    unit : str
        Unit of `mean` and `sd`; it must be one that the feature has.
    mean, sd : float
        Mean and spread between cells.
    source : str
        DOI, number of PubMed Central, or ``"assumed: why"``.
    note : str
        How mean and spread came about, where the paper does not state them so.
    """

    name: str
    at: float | None = quantity(None, "um", "given by the target", 0.0, 2e3)
    current: float | None = quantity(None, "nA", "given by the target", -5.0, 5.0)
    unit: str
    mean: float
    sd: float = Field(gt=0)
    source: str
    note: str = ""

    @model_validator(mode="after")
    def _is_measured_by_us(self) -> Target:
        from .features import kind

        feature = kind(self.name)
        if self.unit not in feature.units:
            raise ValueError(f"{self.name} has unit {' or '.join(feature.units)}, not {self.unit!r}")
        for key in ("at", "current"):
            if (getattr(self, key) is not None) != (key == feature.needs):
                has = f"needs {key}" if key == feature.needs else f"has no {key}"
                raise ValueError(f"{self.name} {has}")
        if not _SOURCE.fullmatch(self.source):
            known = "a DOI, a number of PubMed Central (PMC...) or 'assumed: why'"
            raise ValueError(f"source {self.source!r} must be {known}")
        return self

    @property
    def label(self) -> str:
        """Name with the place or current, one for each row of a table: ``"bap at 150 um"``."""
        where = [
            f"{value:g} {unit}" for value, unit in ((self.at, "um"), (self.current, "nA")) if value is not None
        ]
        return " at ".join([self.name, *where])


class Stimulus(Description):
    """What the battery does to a cell.

    Attributes
    ----------
    small, sag : float
        Hyperpolarising steps (nA) for the input resistance and for the sag.
    spike : float or None
        Step (nA) whose first spike is measured; 1.1 times rheobase when not given.
    duration : float
        Of the steps (ms).
    ladder : float or None
        Of the steps of the f-I curve (ms), where the paper's were longer; `duration` when not given.
    steps : tuple of float
        Depolarising steps (nA) of the f-I curve.
    block : tuple of float
        Rising steps (nA), each of 500 ms, among which firing stops; `steps` when empty.
    bap_from : str
        Whether the spike that propagates back is evoked by the preset's pulse, or is the first of a step.
    nmda_region, nmda_at : str, float
        Dendrites, and path distance (um) of the middle of end branches, on which synapses are released together.
    calcium_from, calcium_to : float
        Path distances (um) between which spines are asked for their calcium.
    """

    small: float = quantity(-0.05, "nA", "assumed: a few mV, where the membrane is nearly linear", -1.0, 0.0)
    sag: float = quantity(-0.2, "nA", "assumed: far enough down to open the h current", -2.0, 0.0)
    spike: float | None = quantity(None, "nA", "given by the targets", 0.0, 5.0)
    duration: float = quantity(500.0, "ms", "assumed: the usual step", 100.0, 5e3)
    ladder: float | None = quantity(None, "ms", "given by the targets", 100.0, 5e3)
    steps: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5)
    block: tuple[float, ...] = ()
    bap_from: Literal["pulse", "step"] = "pulse"
    nmda_region: Literal["basal", "apical"] = "basal"
    nmda_at: float = quantity(100.0, "um", "assumed: the middle of the branches", 0.0, 2e3)
    calcium_from: float = quantity(50.0, "um", "assumed: beyond the smooth stems", 0.0, 2e3)
    calcium_to: float = quantity(200.0, "um", "assumed: where slices are imaged", 0.0, 2e3)


class Targets(Description):
    """The targets of one preset and the stimuli they were measured with."""

    stimulus: Stimulus = Stimulus()
    feature: tuple[Target, ...] = ()

    @model_validator(mode="after")
    def _labels_differ(self) -> Targets:
        labels = [target.label for target in self.feature]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"feature {twice[0]!r} is given twice")
        return self


def target_names() -> list[str]:
    """Return the names of the presets that have targets."""
    return sorted(p.stem for p in _folder().glob("*.toml"))


def _folder() -> Path:
    return Path(__file__).parents[1] / "targets"


def load_targets(name_or_path: str | Path) -> Targets:
    """Load the targets of a preset by its name, or a TOML file; a preset without a file has none.

    Raises
    ------
    ParameterError
        If the file is missing, is not TOML, or something in it is not valid.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _folder() / f"{path.name}.toml"
        if not path.is_file():
            return Targets()
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: can not be read as TOML: {error}") from None
    try:
        features = []
        for k, row in enumerate(table.pop("feature", [])):
            try:
                features.append(Target(**row))
            except ParameterError as error:
                raise under(f"feature.{k}", error) from None
        return Targets(**table, feature=tuple(features))
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from None
