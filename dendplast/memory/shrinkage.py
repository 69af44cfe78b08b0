"""Heterosynaptic shrinkage: where several spines were potentiated, neighbours without input of their own are weakened.

Active spines give off a second signal, which needs group I metabotropic receptors and calcineurin.  It spreads along
the dendrite and tags what it finds idle for depression, so that the rule weakens, shrinks and may prune it.  One
active spine is not enough (10.1038/nature06416: no change within 4 um), which is what the steep response is for.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ..geometry import Geometry
from ..rule import State, hill
from ..spread import TreeSpread
from .pools import Signal

__all__ = ["Shrinkage"]

FELT = 0.1
"""Below this share of `K_het` the signal has no effect at all, so that spines out of reach stay untouched."""


class Shrinkage(Signal):
    """The signal by which potentiated spines shrink idle neighbours.

    ``tag_D' = k_het hill(c, K_het, n_het)(1 - tag_P - tag_D)(1 - labile)``: a spine that was active itself is
    labile, and one that was potentiated has its tag.

    Parameters
    ----------
    tree : Geometry
        Segments no longer than the reach of the signal.
    p : SimpleNamespace
        `rule.parameters`.
    base : TreeSpread, optional
        Spread of another substance in this tree, whose modes are used.
    """

    def __init__(self, tree: Geometry, p: SimpleNamespace, base: TreeSpread | None = None) -> None:
        super().__init__(tree, p, "het", base)

    @property
    def felt(self) -> np.ndarray:
        """Whether each segment has enough of it to act, shape (n_segment,)."""
        return self.c > FELT * self.K

    def tag(self, y: State, segment: np.ndarray, h: float) -> None:
        """Tag spines of a `segment` (-1: none) for depression, for `h` ms."""
        rate = self.p.k_het * np.where(self.felt, hill(self.c, self.K, self.n), 0.0)
        rate = np.where(segment >= 0, rate[segment], 0.0) * (1 - y["labile"])
        free = np.maximum(1 - y["tag_P"] - y["tag_D"], 0.0)
        y["tag_D"] = y["tag_D"] - free * np.expm1(-rate * h)
