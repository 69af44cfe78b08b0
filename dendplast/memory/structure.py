"""Loss and formation of spines.

The hazard reads a slow memory of the tags a spine had, not its size: depression raises loss without shrinking
the spine first, and potentiation protects although the volume is back (10.7554/eLife.39151).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..geometry import Geometry

__all__ = ["born", "growth", "hazard_rate", "remember"]


def remember(
    history: np.ndarray, tag_P: np.ndarray, tag_D: np.ndarray, late: np.ndarray, h: float, p: SimpleNamespace
) -> np.ndarray:
    """Return the structural history of spines, -1 (depressed) to 1 (potentiated), `h` ms on.

    ``s' = (tag_P (1 - s) - tag_D (1 + s))/tau_hist_up - s (1 - [late]+/h_P)/tau_hist``: late weight keeps it.
    """
    keeps = np.clip(late, 0.0, None) / p.h_P
    rate = (tag_P + tag_D) / p.tau_hist_up + np.maximum(1 - keeps, 0.0) / p.tau_hist
    aim = (tag_P - tag_D) / p.tau_hist_up / np.maximum(rate, 1e-300)
    return aim + (history - aim) * np.exp(-rate * h)


def hazard_rate(history: np.ndarray, p: SimpleNamespace) -> np.ndarray:
    """Return the hazard of loss (/ms): ``H_spine (1 + k_dep [-s]+)(1 - k_prot [s]+)``."""
    return p.H_spine * (1 + p.k_dep * np.maximum(-history, 0)) * (1 - p.k_prot * np.maximum(history, 0))


def growth(segment: np.ndarray, signal: np.ndarray, count: np.ndarray, p: SimpleNamespace) -> np.ndarray:
    """Return by how much formation is raised on each segment, shape (n_segment,).

    The mean over a segment's spines of tag times priming: where there was activity and PKA in the window.

    Parameters
    ----------
    segment : ndarray of int, shape (n,)
        Of the spines that have a tag, or -1.
    signal : ndarray, shape (n,)
        Mean of tag times priming of these spines over the window (1).
    count : ndarray, shape (n_segment,)
        All spines of each segment.
    """
    has = segment >= 0
    total = np.bincount(segment[has], signal[has], len(count))
    return 1 + p.k_form * total / np.maximum(count, 1)


def born(
    tree: Geometry, first: np.ndarray, raised: np.ndarray, h: float, p: SimpleNamespace, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the spines that form in `h` ms: segment and position in the section, shape (n,) each.

    Without activity, formation makes good the loss of unstimulated spines: ``H_spine first`` per segment.

    Parameters
    ----------
    tree : Geometry
        Segments.
    first : ndarray, shape (n_segment,)
        Spines of each segment at the beginning.
    raised : ndarray, shape (n_segment,)
        `growth`.
    """
    number = draw.poisson(p.H_spine * h * first * raised)
    segment = np.repeat(np.arange(len(tree)), number)
    width = 1 / np.bincount(tree.section, minlength=len(tree.section_names))[tree.section[segment]]
    return segment, tree.x[segment] + (draw.random(len(segment)) - 0.5) * width
