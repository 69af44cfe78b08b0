"""Substances of the whole tree: plasticity-related proteins, and signals that leave active spines."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import numpy as np

from ..geometry import Geometry
from ..rule import hill
from ..spread import TreeSpread

__all__ = ["Crosstalk", "Proteins", "Signal"]

LEAST = 1e-9
"""Protein below which there is none, where none is made: ends the work."""

FAINT = 1e-4
"""Share of what half acts below which a signal counts as gone: with its second power it acts by 1e-8.
Kinases at rest keep up less than that, so that rests cost nothing."""


class Proteins:
    """Plasticity-related proteins along the tree: made in dendrite and soma, lost, and kept by spines that capture.

    ``dc/dt = (1 - c)/(tau_rise + V/(q_dend n)) - c/tau_prp + diffusion - capture`` with n synthesising spines on it
    of volume V: in a closed volume with many of them this is the pool ``prp`` of the rule.

    Parameters
    ----------
    tree : Geometry
        The cell's segments.
    p : SimpleNamespace
        `rule.parameters`.
    each : float
        How many spines each spine stands for.

    Attributes
    ----------
    c : ndarray, shape (n_segment,)
        Concentration, 0 to 1.
    made, kept : float
        Amounts so far (um3).
    """

    def __init__(self, tree: Geometry, p: SimpleNamespace, each: float = 1.0) -> None:
        self.p, self.each, self.spread = p, each, TreeSpread(tree, p.D_prp, p.tau_prp)
        self.soma = np.flatnonzero(tree.region == "soma")
        self.c = np.zeros(len(tree))
        self.made = self.kept = 0.0
        self._heard: deque[tuple[float, float]] = deque([(-np.inf, 0.0)])  # time, synthesising spines

    @property
    def amount(self) -> float:
        """What is in the tree (um3)."""
        return float(self.c @ self.spread.volume)

    def offer(self, segment: np.ndarray, appetite: np.ndarray) -> np.ndarray:
        """Return what of the proteins acts on each spine over a step, 0 to 1, shape (n,).

        Below `K_prp` hardly any: what leaks past a block of synthesis stabilises nothing.  Spines of a segment share:
        with an appetite for more than there is, each sees the mean over the step of a concentration that falls
        exponentially.

        Parameters
        ----------
        segment : ndarray of int, shape (n,)
            Of each spine; -1 for one that takes no part.
        appetite : ndarray, shape (n,)
            Late weight each would capture in the step where all acts (1).
        """
        has = segment >= 0
        wish = np.bincount(segment[has], appetite[has], len(self.c)) * self.each * self.p.q_late
        acts = hill(self.c, self.p.K_prp, self.p.n_prp)
        x = wish / self.spread.volume * acts / np.where(self.c > 0, self.c, 1.0)
        level = acts * np.where(x > 1e-8, -np.expm1(-x) / np.maximum(x, 1e-8), 1.0)
        return np.where(has, level[segment], 0.0)

    def take(self, segment: np.ndarray, captured: np.ndarray) -> None:
        """Remove what spines captured in late weight (1); a tag that grew meanwhile takes at most all."""
        has = segment >= 0
        used = np.bincount(segment[has], np.abs(captured[has]), len(self.c)) * self.each * self.p.q_late
        used = np.minimum(used, self.c * self.spread.volume)
        self.c = self.c - used / self.spread.volume
        self.kept += float(used.sum())

    def advance(self, t: float, h: float, segment: np.ndarray, synthesis: np.ndarray, share: float) -> None:
        """Make proteins for `h` ms from time `t`, spread and lose them.

        Parameters
        ----------
        t, h : float
            ms.
        segment : ndarray of int, shape (n,)
            Of each spine, or -1.
        synthesis : ndarray of bool, shape (n,)
            Whether a spine synthesises.
        share : float
            Share of all synthesis that drugs leave (1).
        """
        has = segment >= 0
        flow = self.each * self.p.q_dend * np.bincount(segment[has], synthesis[has], len(self.c))
        flow[self.soma] += self._somatic(t, self.each * float(synthesis[has].sum())) / max(len(self.soma), 1)
        volume = self.spread.volume
        rate = share * flow / (volume + self.p.tau_rise * flow)
        made = (1 - self.c) * -np.expm1(-rate * h)
        if not made.any() and self.c.max() < LEAST:
            self.c = np.zeros_like(self.c)
            return
        self.made += float(made @ volume)
        self.c = np.clip(self.spread.advance(self.c, h, made / h), 0.0, 1.0)  # rounding

    def _somatic(self, t: float, count: float) -> float:
        """Return what the soma makes (um3/ms): it answers to the synapses of `soma_delay` ago."""
        self._heard.append((t, count))
        while len(self._heard) > 1 and self._heard[1][0] <= t - self.p.soma_delay:
            self._heard.popleft()
        heard = self._heard[0][1] if self._heard[0][0] <= t - self.p.soma_delay else 0.0
        return float(self.p.q_soma * hill(heard, self.p.n_soma, 4.0))


class Signal:
    """A signal that leaves spines with an active kinase, spreads along the dendrite, and is lost.

    Parameters
    ----------
    tree : Geometry
        Segments no longer than the reach of the signal.
    p : SimpleNamespace
        `rule.parameters`, with ``D_``, ``tau_``, ``q_``, ``K_`` and ``n_`` of the signal.
    name : str
        What these names end with, such as ``"ras"``.
    base : TreeSpread, optional
        Spread of another substance in this tree, whose modes are used.

    Attributes
    ----------
    c : ndarray, shape (n_segment,)
        Signal (1, see `K_ras` and `K_het`).
    """

    def __init__(self, tree: Geometry, p: SimpleNamespace, name: str, base: TreeSpread | None = None) -> None:
        D, tau, self.q, self.K, self.n = (getattr(p, f"{kind}_{name}") for kind in ("D", "tau", "q", "K", "n"))
        known = base is not None and base.D > 0
        self.p, self.spread = p, base.like(D, tau) if known else TreeSpread(tree, D, tau)
        self.c = np.zeros(len(tree))

    @property
    def amount(self) -> float:
        """What is in the tree (um3)."""
        return float(self.c @ self.spread.volume)

    def advance(self, h: float, segment: np.ndarray, kinase: np.ndarray, share: float = 1.0) -> None:
        """Spread the signal for `h` ms; each spine of a `segment` (-1: none) adds by its mean kinase activity.

        Drugs leave `share` (1) of what is added.
        """
        has = segment >= 0
        flow = share * self.q * np.bincount(segment[has], kinase[has], len(self.c))
        production = flow / self.spread.volume
        # by the level it would keep up, not by what one step adds: short steps add up
        fed = production.max() >= FAINT * self.K / self.spread.tau
        if self.c.any() or fed:
            self.c = np.maximum(self.spread.advance(self.c, h, production), 0.0)
            if not fed:
                self.c[self.c < FAINT * self.K] = 0.0


class Crosstalk(Signal):
    """A Ras-like signal that lowers the kinase threshold of the neighbours of active spines."""

    def __init__(self, tree: Geometry, p: SimpleNamespace, base: TreeSpread | None = None) -> None:
        super().__init__(tree, p, "ras", base)

    def lowering(self, segment: np.ndarray) -> np.ndarray:
        """Return the factor on the kinase threshold of spines, shape (n,)."""
        factor = 1 - self.p.w_ras * hill(self.c, self.K, self.n)
        return np.where(segment >= 0, factor[segment], 1.0)
