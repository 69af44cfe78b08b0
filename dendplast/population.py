"""How spines of one cell differ in conductances and calcium: by size, and beyond size and place."""

from __future__ import annotations

import numpy as np

from .anatomy import SpineSettings
from .parameters import Parameters
from .spines import Spines
from .streams import streams

__all__ = ["peak_targets", "relative_ampa", "unitary"]

REFERENCE_VOLUME = 0.087
"""Head volume (um3) whose conductances the parameters state: the mean of 10.1038/s41467-022-30214-w."""

CUT = 2.5
"""Largest deviation from the population's mean, in standard deviations: no spine is a freak."""

_SPREAD_STREAM = 6  # spawn key: what is drawn for each spine (see schedule)


def unitary(parameters: Parameters, volume: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the parameters give spines of some head volumes (um3): conductances (uS), shares and scales (1)."""
    p, share = parameters.flat(), volume / REFERENCE_VOLUME
    conductances = {name: p[name] * share for name in ("g_ampa", "g_nmda", "g_vgcc")}
    return conductances | {"ca_fraction": np.full(len(volume), p["ca_fraction"]), "ca_scale": np.ones(len(volume))}


def peak_targets(spines: Spines, p: Parameters, settings: SpineSettings, seed: int) -> dict[str, np.ndarray]:
    """Return the rise of calcium (mM) that one spike (``bap``) and one EPSP (``epsp``) give each spine.

    Log-normal with the means and spreads of the parameters.  A spine's draw is named by where it stands, so
    that it stays the same among other spines.

    Parameters
    ----------
    spines : Spines
        Places and volumes.
    p : Parameters
        ``calcium`` holds means, spreads and correlations.
    settings : SpineSettings
        Mean and spread of ln(volume), against which a spine is large or small.
    seed : int
        Names the draw.

    Returns
    -------
    dict of ndarray, shape (n_spine,)
    """
    c, draws, size = p.calcium, _draws(spines, seed), _size(spines, settings)
    return {
        "bap": _log_normal(c.bap_peak, c.bap_spread, _mixed(size, draws[:, 0], c.bap_volume)),
        "epsp": _log_normal(c.epsp_peak, c.epsp_spread, _mixed(size, draws[:, 1], c.epsp_volume)),
    }


def relative_ampa(spines: Spines, p: Parameters, settings: SpineSettings, seed: int) -> np.ndarray:
    """Return the factor on each spine's AMPA conductance (1), of mean 1.

    A conductance in proportion to volume, times this, correlates with volume by ``synapse.ampa_volume``
    (both in logarithms, over the population that `settings` describes).
    """
    sigma = settings.volume_sigma * np.sqrt(1 / p.synapse.ampa_volume**2 - 1)
    return np.exp(sigma * _draws(spines, seed)[:, 2] - 0.5 * sigma**2)


def _draws(spines: Spines, seed: int) -> np.ndarray:
    """Return three standard normals of every spine, cut at `CUT`, shape (n_spine, 3)."""
    place = np.round(spines.x * 1e9).astype(int)
    names = np.column_stack([np.full(len(spines), _SPREAD_STREAM), spines.section, place])
    return np.clip([stream.standard_normal(3) for stream in streams(seed, names)], -CUT, CUT).reshape(-1, 3)


def _size(spines: Spines, settings: SpineSettings) -> np.ndarray:
    """Return ln(volume) as deviations from the population's mean, in its standard deviations."""
    return (np.log(spines.volume) - settings.volume_mu) / max(settings.volume_sigma, 1e-12)


def _mixed(a: np.ndarray, b: np.ndarray, r: float) -> np.ndarray:
    """Return a standard normal that correlates by r with the standard normal `a`; the rest is `b`."""
    return r * a + np.sqrt(1 - r**2) * b


def _log_normal(mean: float, spread: float, z: np.ndarray) -> np.ndarray:
    """Return log-normal numbers of a mean and a coefficient of variation, from standard normals."""
    variance = np.log1p(spread**2)
    return mean * np.exp(np.sqrt(variance) * z - 0.5 * variance)
