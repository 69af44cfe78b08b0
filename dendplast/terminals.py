"""What a terminal does with spikes: it runs out of vesicles, and its own receptor holds release back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from .kernels import kernel
from .release import LIGAND, Medium, Patch, Site
from .tonic import Stairs

__all__ = ["AUTORECEPTOR", "Tissue", "released"]

#: Receptor by which a terminal of each modulator hears what it released.
AUTORECEPTOR = {"dopamine": "D2", "acetylcholine": "M4", "noradrenaline": "alpha2"}

NEAR = 0.5
"""Distance from a release to the receptors of the same varicosity (um): its radius; assumed."""

_PARTS = np.append(0.0, np.geomspace(1e-3, 1.0, 12))
"""Edges between two spikes, over the time between them: a release is heard most just after it."""

_TIMES = np.geomspace(1e-4, 1e5, 2000)  # ms


@dataclass(frozen=True)
class Tissue:
    """What a release depends on, beside the spikes.

    Attributes
    ----------
    media : mapping of str to Medium
        Medium of each modulator.
    parameters : mapping of str to float
        Binding rates of the receptors (``kon_D2``, ...).
    tone : mapping of str to float
        Declared ``da``, ``ach``, ``ne`` (mM).
    lesions : tuple of Denervation
        What was removed.
    drugs : tuple of Drug
        What is in the bath.
    """

    media: Mapping[str, Medium]
    parameters: Mapping[str, float] = field(default_factory=dict)
    tone: Mapping[str, float] = field(default_factory=dict)
    lesions: tuple[Any, ...] = ()
    drugs: tuple[Any, ...] = ()

    def p(self, site: Any) -> float:
        """Return the release probability of a site (1)."""
        return self.media[site.modulator].p if site.p is None else site.p


def released(
    site: Site,
    times: np.ndarray,
    draws: np.ndarray,
    tissue: Tissue,
    tone: Stairs,
    bath: Callable[[float], Mapping[str, float]],
) -> np.ndarray:
    """Return what a site releases at each of its spikes, in release events.

    With n vesicles ready of `pool`, and the site's receptor bound to a share R (R0 at the declared tone), the
    release probability is p n/pool (1 - feedback R)/(1 - feedback R0). A vesicle that was released comes back
    with the time constant `refill`; R follows what the site itself released, the tone and the bath.
    Depletion: Tsodyks & Markram 1997 (10.1073/pnas.94.2.719).

    Parameters
    ----------
    site : Varicosity or Patch
        The site.
    times : ndarray, shape (n,)
        Spikes, sorted (ms).
    draws : ndarray, shape (n,)
        Uniform numbers in [0, 1): a varicosity releases where its probability is larger.
    tissue : Tissue
        Media and binding rates.
    tone : Stairs
        Concentration around the site without its own releases.
    bath : callable
        Maps a time (ms) to what drugs set (`drugs.bath`).

    Returns
    -------
    ndarray, shape (n,)
        0 or 1 for a varicosity; for a patch the mean, 1 when nothing is depleted or held back.
    """
    p, mean = tissue.p(site), isinstance(site, Patch)
    if site.pool is None and not site.feedback:
        return np.ones(len(times)) if mean else (draws < p).astype(float)
    medium = tissue.media[site.modulator]
    name = AUTORECEPTOR[site.modulator]
    own = _cumulative(site.extent, medium)
    amount = site.amount(medium)
    ready, bound = 1.0, _Receptor(name, site, tissue, bath)  # share of the pool that is ready
    out = np.zeros(len(times))
    for i, t in enumerate(times):
        if i and t > times[i - 1]:
            before = times[i - 1]
            ready = 1 - (1 - ready) * np.exp(-(t - before) / site.refill)
            if site.feedback:
                edges = before + (t - before) * _PARTS
                area = own(edges[:, None] - times[:i]) @ out[:i] * amount
                for a, b, heard in zip(edges[:-1], edges[1:], np.diff(area), strict=True):
                    bound.move(a, b, tone.mean(a, b) + heard / (b - a))
        chance = min(1.0, p * ready * bound.scale())
        out[i] = (chance / p if p else 0.0) if mean else float(draws[i] < chance)
        if site.pool is not None:
            ready = max(0.0, ready - (chance if mean else out[i]) / site.pool)
    return out


class _Receptor:
    """Occupancy of a terminal's own receptor, and what it leaves of the release probability."""

    def __init__(self, name: str, site: Site, tissue: Tissue, bath: Callable[[float], Mapping[str, float]]) -> None:
        self.name, self.feedback, self.bath = name, site.feedback, bath
        if self.feedback:
            self.kon, self.koff = tissue.parameters[f"kon_{name}"], tissue.parameters[f"koff_{name}"]
            declared = self.kon * tissue.tone.get(LIGAND[site.modulator], 0.0)
            self.rest = declared / (declared + self.koff)
            drive = self.kon * self._ligand(0.0, tissue.tone.get(LIGAND[site.modulator], 0.0))
            self.occupancy = drive / (drive + self.koff)

    def _ligand(self, t: float, c: float) -> float:
        drugs = self.bath(t)
        return (c + drugs[f"ago_{self.name}"]) / (1 + drugs[f"ant_{self.name}"])

    def move(self, t0: float, t1: float, c: float) -> None:
        """Let the receptor see a mean concentration (mM) from t0 to t1 (ms)."""
        drive = self.kon * self._ligand(0.5 * (t0 + t1), c)
        rate = drive + self.koff
        self.occupancy = drive / rate + (self.occupancy - drive / rate) * np.exp(-rate * (t1 - t0))

    def scale(self) -> float:
        """Return the release probability over that at the declared tone (1)."""
        return (1 - self.feedback * self.occupancy) / (1 - self.feedback * self.rest) if self.feedback else 1.0


@lru_cache(maxsize=64)
def _cumulative(extent: float, medium: Medium) -> Callable[[np.ndarray], np.ndarray]:
    """Return the integral of the concentration at a site from its own release on (mM ms), by time since (ms)."""
    c = kernel(np.array(NEAR if extent == 0 else 0.0), _TIMES, extent, medium)
    area = np.append(0.0, np.cumsum(0.5 * (c[1:] + c[:-1]) * np.diff(_TIMES)))
    return lambda t: np.interp(t, _TIMES, area, left=0.0)
