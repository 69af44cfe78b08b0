"""Tags become memory or fade: proteins, crosstalk, structure and priming of a tree's spines over weeks, in numpy."""

from .stimuli import Puff, Stimulus, Trace, interval, pulses
from .survival import Survival, kaplan_meier
from .tree import finer, segment_at, straight
from .weeks import Weeks

__all__ = ["Puff", "Stimulus", "Survival", "Trace", "Weeks", "finer", "interval", "kaplan_meier", "pulses",
           "segment_at", "straight"]  # fmt: skip
