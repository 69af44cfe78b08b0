"""Many varicosities described at once: fibres, volumes, and what a lesion leaves of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from .errors import ParameterError
from .quantity import Description, quantity
from .release import Medium, Modulator, Patch, Site, Varicosity, _Site

__all__ = ["Denervation", "Fibre", "Source", "Volume", "varicosities"]

_PLACE_STREAM, _LESION_STREAM = 7, 8  # spawn keys; what the others are for stands in `schedule`
_MANY = 20_000


class Fibre(_Site):
    """An axon as a polyline with varicosities along it: ``Fibre("dopamine", points=[[0, 0, 0], [80, 0, 0]])``.

    The first varicosity lies half a `spacing` from the first point. Every spike visits all of them; each
    releases, or fails, for itself.

    Parameters
    ----------
    modulator : str
        One of `MODULATORS`.
    points : sequence of sequences of 3 floats
        Corners of the polyline (um), two or more.
    spacing : float
        Distance between varicosities along the axon (um).
    p, molecules, pool, refill, feedback : optional
        As for a `Varicosity`.

    Raises
    ------
    ParameterError
        If a value is not finite, out of bounds or unknown.
    """

    kind: Literal["fibre"] = "fibre"
    points: tuple[tuple[float, float, float], ...] = Field(min_length=2)
    spacing: float = quantity(4.0, "um", "assumed: a varicosity every few um, as of monoamine axons", 0.1, 1000)

    @model_validator(mode="after")
    def _long_enough(self) -> Fibre:
        if self.length < 0.5 * self.spacing:
            raise ValueError(f"points: {self.length:g} um of fibre hold no varicosity at spacing = {self.spacing:g} um")
        return self

    @property
    def length(self) -> float:
        """Length of the polyline (um)."""
        return float(np.linalg.norm(np.diff(np.array(self.points), axis=0), axis=1).sum())

    def places(self, seed: int, medium: Medium) -> np.ndarray:
        """Return the positions of the varicosities (um), shape (n, 3); nothing is drawn."""
        points = np.array(self.points)
        along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
        at = np.arange(0.5 * self.spacing, along[-1] * (1 + 1e-12), self.spacing)
        return np.column_stack([np.interp(at, along, x) for x in points.T])


class Volume(_Site):
    """A ball of varicosities at random places, of given density: each releases, or fails, for itself.

    The same seed of the run and the same `seed` give the same places; a larger density adds to them. The mean
    field of such a ball is a `Patch`.

    Parameters
    ----------
    modulator : str
        One of `MODULATORS`.
    center : sequence of 3 floats
        Position (um).
    radius : float
        Radius (um).
    density : float, optional
        Varicosities per volume of tissue (/um3); the medium's when not given.
    seed : int
        Another volume of the same run.
    p, molecules, pool, refill, feedback : optional
        As for a `Varicosity`.

    Raises
    ------
    ParameterError
        If a value is not finite, out of bounds or unknown.
    """

    kind: Literal["volume"] = "volume"
    center: tuple[float, float, float]
    radius: float = quantity(..., "um", "assumed: chosen by the experimenter", 0.1, 1000)
    density: float | None = quantity(None, "/um3", "None: the medium's density of terminals", 0, 10)
    seed: int = Field(0, ge=0)

    def places(self, seed: int, medium: Medium) -> np.ndarray:
        """Return the positions of the varicosities (um), shape (n, 3).

        Raises
        ------
        ParameterError
            If there would be more than 20 000.
        """
        density = medium.density if self.density is None else self.density
        n = round(density * 4 / 3 * np.pi * self.radius**3)
        if n > _MANY:
            raise ParameterError(
                f"radius = {self.radius:g} um holds {n} varicosities: a volume has at most {_MANY}; "
                f"a patch is its mean field"
            )
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PLACE_STREAM, self.seed)))
        out = np.empty((n, 3))
        for row in out:  # one by one, so that a larger density adds to the places of a smaller one
            direction = rng.standard_normal(3)
            row[:] = direction / np.linalg.norm(direction) * np.cbrt(rng.random()) * self.radius
        return out + self.center


def _form(value: Any) -> str:
    """Say which kind of source a table is, by its kind or its keys."""
    if isinstance(value, Description):
        return type(value).__name__.lower()
    keys = set(value) if isinstance(value, dict) else set()
    if "points" in keys or keys and value.get("kind") == "fibre":
        return "fibre"
    if keys and value.get("kind") == "volume":
        return "volume"
    return "patch" if "at" not in keys and keys & {"center", "radius", "density"} else "varicosity"


Source = Annotated[
    Annotated[Varicosity, Tag("varicosity")] | Annotated[Patch, Tag("patch")]
    | Annotated[Fibre, Tag("fibre")] | Annotated[Volume, Tag("volume")],
    Discriminator(_form),
]  # fmt: skip


class Denervation(Description):
    """A lesion that removes varicosities of one modulator at random, everywhere or in a ball.

    Tone and uptake stay as they are declared, as if what is left of either made up for the other; change them
    beside the lesion where that is not meant.

    Examples
    --------
    >>> Denervation(modulator="dopamine", share=0.8).share
    0.8
    """

    modulator: Modulator
    share: float = quantity(1.0, "1", "assumed: a complete lesion unless said otherwise", 0, 1)
    center: tuple[float, float, float] | None = None
    radius: float | None = quantity(None, "um", "None: everywhere", 0.1, 1e5)
    seed: int = Field(0, ge=0)

    @field_validator("radius")
    @classmethod
    def _with_center(cls, value: float | None, info: Any) -> float | None:
        if (value is None) != (info.data.get("center") is None):
            raise ValueError("center and radius are given together, or neither")
        return value

    def hits(self, xyz: np.ndarray) -> np.ndarray:
        """Return which positions (um, shape (n, 3)) lie in the lesion."""
        if self.center is None:
            return np.ones(len(xyz), bool)
        return np.linalg.norm(np.asarray(xyz, float) - self.center, axis=1) <= self.radius


def varicosities(
    source: Site | Fibre | Volume, seed: int, media: Mapping[str, Medium], lesions: Sequence[Denervation] = ()
) -> list[tuple[int, Site]]:
    """Return the sites that a source consists of and that no lesion has removed, each with its number in it.

    Parameters
    ----------
    source : Varicosity, Patch, Fibre or Volume
        What was described.
    seed : int
        Seed of the run.
    media : mapping of str to Medium
        Medium of each modulator.
    lesions : sequence of Denervation
        What was removed. A larger `share` removes the same varicosities and more.

    Raises
    ------
    ParameterError
        If a lesion cuts through a patch, which has no varicosities of its own.
    """
    lesions = [lesion for lesion in lesions if lesion.modulator == source.modulator]
    if isinstance(source, Patch):
        return [(0, _thinned(source, lesions, media[source.modulator]))]
    if isinstance(source, Varicosity):
        places, sites = np.array([source.at]), [source]
    else:
        places = source.places(seed, media[source.modulator])
        common = {name: getattr(source, name) for name in _Site.model_fields}
        sites = [Varicosity(at=tuple(place), **common) for place in places.tolist()]
    left = np.ones(len(sites), bool)
    for lesion in lesions:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_LESION_STREAM, lesion.seed)))
        left &= ~(lesion.hits(places) & (rng.random(len(sites)) < lesion.share))
    return [(int(k), sites[k]) for k in np.flatnonzero(left)]


def _thinned(patch: Patch, lesions: Sequence[Denervation], medium: Medium) -> Patch:
    """Return a patch with the density that lesions leave."""
    density = medium.density if patch.density is None else patch.density
    for lesion in lesions:
        apart = 0.0 if lesion.center is None else np.linalg.norm(np.subtract(patch.center, lesion.center))
        reach = np.inf if lesion.radius is None else lesion.radius
        if apart >= patch.radius + reach:
            continue
        if apart + patch.radius > reach:
            raise ParameterError(
                f"denervation.radius = {reach:g} um: cuts through a patch of {patch.radius:g} um, which is a mean "
                f"field without varicosities of its own; a volume can be cut"
            )
        density *= 1 - lesion.share
    return patch.replaced(density=density) if lesions else patch
