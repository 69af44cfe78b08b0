"""Change one key of an experiment: any dotted key of its description, or a ``site.`` key for all releases.

``site.delay``
    Added to the start of every release (ms, or text with a unit).
``site.distance``
    Moves every release site so far (um) along a direction.
``site.dose``
    Multiplies what a release event frees.
``site.molecules``, ``site.p``, ``site.radius``, ...
    Sets that field of every release site.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..experiment import Experiment
from ..media import choose_media
from ..modulation import MODULATION
from ..parameters import Parameters
from ..presets import load_preset
from ..protocol import Release, later
from ..quantity import Description, convert, under, unit_of

__all__ = ["SITE_UNITS", "apply_changes", "is_electrical", "read_key"]

SITE_UNITS = {"delay": "ms", "distance": "um", "dose": "1"}
"""Keys after ``site.`` that change all releases together, and their units."""

_ELECTRICAL_GROUPS = ("synapse", "calcium")


def apply_changes(
    experiment: Experiment, changes: Mapping[str, Any], direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
) -> Experiment:
    """Return the experiment with values changed by dotted key.

    Parameters
    ----------
    experiment : Experiment
        The description to start from.
    changes : mapping of str to object
        Key to value, such as ``{"protocol.0.dt": -20, "site.delay": "0.6 s"}``.
    direction : tuple of 3 floats
        Where ``site.distance`` leads, of any length.

    Raises
    ------
    ParameterError
        If a key is not known or a value is not valid.
    """
    plain = {key: value for key, value in changes.items() if not key.startswith("site.")}
    if plain:
        experiment = experiment.changed(plain)
    if len(plain) == len(changes):
        return experiment
    items = list(experiment.protocol)
    for key, value in changes.items():
        if key.startswith("site."):
            try:
                _change_sites(items, key.removeprefix("site."), value, direction, experiment)
            except ParameterError as error:
                raise under(key, error) from None
    return experiment.replaced(protocol=tuple(items))


def _change_sites(
    items: list[Any], name: str, value: Any, direction: tuple[float, float, float], experiment: Experiment
) -> None:
    """Change every release among the protocols of an experiment."""
    releases = [i for i, item in enumerate(items) if isinstance(item, Release)]
    if not releases:
        raise ParameterError("the experiment has no release to change; add a protocol of kind release")
    if name in SITE_UNITS:
        value = _number(value, SITE_UNITS[name])
    for i in releases:
        item = items[i]
        if name == "delay":
            items[i] = item.replaced(start=later(item.start, value))
        elif name == "distance":
            items[i] = item.replaced(site=_moved(item.site, value, direction))
        elif name == "dose":
            items[i] = item.replaced(site=_dosed(item.site, value, experiment))
        else:
            _known(item.site, name)
            items[i] = item.replaced(site=item.site.replaced(**{name: value}))


def _number(value: Any, unit: str) -> float:
    if isinstance(value, str):
        return convert(value, unit)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ParameterError(f"{value!r}: must be a number in {unit}, or text such as '3 {unit}'")
    return float(value)


def _known(site: Description, name: str) -> None:
    fields = [f for f in type(site).model_fields if f not in ("kind", "modulator")]
    if name not in type(site).model_fields:
        raise ParameterError(f"is not known; valid are {', '.join([*SITE_UNITS, *fields])}")


def _moved(site: Any, distance: float, direction: tuple[float, float, float]) -> Any:
    step = distance * np.array(direction) / np.linalg.norm(direction)
    for name in ("at", "center"):
        if name in type(site).model_fields:
            place = np.array(getattr(site, name)) + step
            return site.replaced(**{name: tuple(float(f"{x:.12g}") for x in place)})
    raise ParameterError(f"a {type(site).__name__} has no single place to move; change its own fields instead")


def _dosed(site: Any, factor: float, experiment: Experiment) -> Any:
    if factor < 0:
        raise ParameterError(f"{factor:g}: must be at least 0")
    molecules = site.molecules
    if molecules is None:
        file = Path(experiment.preset)
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        media = choose_media(_tissue(experiment.preset, changed), experiment.medium)
        molecules = media[site.modulator].molecules
    return site.replaced(molecules=factor * molecules)


@lru_cache(maxsize=8)
def _tissue(preset: str, changed: int) -> str:
    """Return the tissue of a preset, read once for thousands of points; `changed` is the time of its file."""
    return load_preset(preset).tissue


def read_key(
    experiment: Experiment, key: str, value: Any, direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
) -> tuple[Any, str]:
    """Return what a key holds after it was set to a value, in the unit of the description, and that unit.

    A value without a unit of its own, such as a name, comes back as it is, with unit ``"1"``.
    """
    if key.startswith("site."):
        name = key.removeprefix("site.")
        if name in SITE_UNITS:
            return _number(value, SITE_UNITS[name]), SITE_UNITS[name]
        changed = apply_changes(experiment, {key: value}, direction)
        site = next(item.site for item in changed.protocol if isinstance(item, Release))
        return getattr(site, name), unit_of(type(site), name) or "1"
    changed = apply_changes(experiment, {key: value}, direction)
    head, *rest = key.split(".")
    if head == "parameters" and rest:
        group, name = _parameter(rest[-1])
        values = Parameters().replaced(changed.parameters)
        return getattr(getattr(values, group), name), unit_of(type(getattr(values, group)), name) or "1"
    place: Any = changed
    *groups, last = key.split(".")
    for part in groups:
        place = place[int(part)] if isinstance(place, tuple) else getattr(place, part)
    found = place[int(last)] if isinstance(place, tuple) else getattr(place, last)
    return found, unit_of(type(place), last) or "1" if isinstance(place, Description) else "1"


def _parameter(name: str) -> tuple[str, str]:
    """Return group and name of a plasticity parameter."""
    for group in Parameters.model_fields:
        if name in type(getattr(Parameters(), group)).model_fields:
            return group, name
    raise ParameterError(f"parameters.{name}: is not known; `dendplast parameters` lists them")


def is_electrical(experiment: Experiment, key: str) -> bool:
    """Return whether a change of the key needs an electrical simulation of its own.

    Releases, drugs and the parameters of the rule act on recorded calcium (`replay`); all else acts on the cell.
    """
    head, *rest = key.split(".")
    if head == "site" or head == "drugs":
        return False
    if head == "protocol" and rest and rest[0].isdecimal():
        return not isinstance(experiment.protocol[int(rest[0])], MODULATION)
    if head == "parameters" and rest:
        return _parameter(rest[-1])[0] in _ELECTRICAL_GROUPS
    return True
