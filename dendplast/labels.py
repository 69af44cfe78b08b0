"""What stored columns are called and measured in: the one table behind result files and axis labels."""

from __future__ import annotations

import difflib

from .errors import StorageError
from .parameters import AFFINITY_STATES, RECEPTORS, Parameters

__all__ = ["axis_label", "describe", "plot_scale"]

# name: (unit, long name); a receptor's occupancy and every parameter are added by `describe`
_LABELS = {
    # traces and outcomes
    "v": ("mV", "membrane potential"),
    "soma_v": ("mV", "somatic membrane potential"),
    "vhead": ("mV", "membrane potential of the spine head"),
    "i": ("nA", "synaptic current"),
    "ica": ("nA", "calcium current of the spine head"),
    "g": ("uS", "synaptic conductance"),
    "ca_scale": ("1", "calcium of a spine's own responses over the preset's"),
    "gneck": ("uS", "conductance of the spine neck"),
    "r_ampa": ("1", "rising part of the AMPA conductance"),
    "d_ampa": ("1", "decaying part of the AMPA conductance"),
    "r_nmda": ("1", "rising part of the NMDA conductance"),
    "d_nmda": ("1", "decaying part of the NMDA conductance"),
    "m_ca": ("1", "activation of the spine's R-type channels"),
    "h_ca": ("1", "availability of the spine's R-type channels"),
    "m_L": ("1", "activation of the spine's L-type channels"),
    "m_T": ("1", "activation of the spine's T-type channels"),
    "h_T": ("1", "availability of the spine's T-type channels"),
    "part_R": ("1", "share of the spine's calcium channels that are R-type and not blocked"),
    "open_LT": ("1", "open share of the spine's L-type and T-type channels"),
    "ca_ind": ("mM", "calcium bound to the indicator"),
    "fluorescence": ("1", "fluorescence over that of a saturated indicator"),
    "offset": ("nA", "current term of the eliminated head"),
    "schur": ("megohm", "resistance term of the eliminated head"),
    "capacity": ("uS", "capacitance of the head over the step"),
    "in_head": ("1", "1 in a head section, 0 on a dendrite"),
    "to_ca": ("mM/nA", "rise of calcium per calcium current"),
    "unblock": ("1", "share of NMDA receptors that magnesium leaves open"),
    "cai": ("mM", "calcium"),
    "cai_peak": ("mM", "peak calcium so far"),
    "da": ("mM", "dopamine"),
    "ach": ("mM", "acetylcholine"),
    "ne": ("mM", "noradrenaline"),
    "kinase": ("1", "kinase activity"),
    "phosphatase": ("1", "phosphatase activity"),
    "cam": ("mM", "calcium as calmodulin has bound it, over what the spine is used to"),
    "glu_P": ("1", "glutamate on NMDA receptors"),
    "cyclase": ("1", "stimulation of adenylyl cyclase by calcium"),
    "glu": ("1", "glutamate at presynaptic receptors"),
    "ecb": ("1", "endocannabinoid"),
    "elig_P": ("1", "eligibility for potentiation"),
    "elig_D": ("1", "eligibility for depression"),
    "PKA": ("1", "PKA-like activity"),
    "PLC": ("1", "PLC-like activity"),
    "tag_P": ("1", "potentiation tag"),
    "tag_D": ("1", "depression tag"),
    "labile": ("1", "lability of the synapse"),
    "early": ("1", "early efficacy"),
    "prp": ("1", "plasticity-related protein"),
    "late": ("1", "late efficacy"),
    "w": ("1", "efficacy"),
    "primed": ("1", "priming"),
    "theta": ("1", "sliding threshold"),
    "volume": ("um3", "head volume"),
    "gate": ("1", "conversion by modulators so far"),
    "hazard": ("1", "cumulative hazard of loss"),
    "lost": ("1", "spine is lost"),
    "class": ("1", "class of the change, without control"),
    # coordinates
    "time": ("ms", "time from the start of the run"),
    "outcome_time": ("ms", "time at which the outcome was taken"),
    "axis": ("1", "axis of space"),
    # spines and segments
    "segment": ("1", "index of the segment"),
    "section": ("1", "index of the section"),
    "section_names": ("1", "name of the section"),
    "x": ("1", "position along the section"),
    "xyz": ("um", "position of the spine head"),
    "path_distance": ("um", "path distance from the soma"),
    "region": ("1", "region of the cell"),
    "neck_length": ("um", "neck length"),
    "neck_diam": ("um", "neck diameter"),
    "R_neck": ("megohm", "neck resistance"),
    "C_head": ("nF", "head capacitance"),
    "area": ("um2", "membrane area"),
    "start": ("um", "start of the segment"),
    "end": ("um", "end of the segment"),
    "length": ("um", "length of the segment"),
    "diam": ("um", "diameter of the segment"),
    "parent": ("1", "index of the parent segment, -1 at the root"),
    # sites and deliveries
    "kind": ("1", "kind of release site"),
    "modulator": ("1", "what the site releases"),
    "position": ("um", "centre of the release site"),
    "site": ("1", "index of the release site"),
    "spine": ("1", "index of the spine"),
    "distance": ("um", "distance from the centre of the site"),
    "delay": ("ms", "delay from release to arrival"),
    "peak": ("mM", "largest concentration after one release"),
    "weights": ("mM", "jump of each exponential at arrival"),
    "error": ("1", "largest error of the exponentials over the peak"),
    "modulators": ("1", "modulator of each site"),
    "rates": ("/ms", "decay rate of each exponential"),
    "n_spine": ("1", "number of spines"),
    # timelines
    "spine_id": ("1", "number that the spine keeps for life"),
    "born": ("ms", "time at which the spine formed, 0 for those of the beginning"),
    "lost_at": ("ms", "time at which the spine was lost, inf while it is there"),
    "history": ("1", "structural history, -1 depressed to 1 potentiated"),
    "protein": ("1", "plasticity-related protein in the dendrite"),
    "neighbour": ("1", "signal that lowers the kinase threshold of neighbours"),
    "shrinkage": ("1", "signal that weakens idle neighbours"),
}

# how a stored unit is shown: factor and unit on axes
_PLOT = {"mM": (1e3, "µM"), "um": (1.0, "µm"), "um2": (1.0, "µm²"), "um3": (1.0, "µm³"), "/ms": (1.0, "1/ms"),
         "megohm": (1.0, "MΩ"), "uS": (1e3, "nS"), "nA": (1e3, "pA"), "1": (1.0, "")}  # fmt: skip


def describe(name: str) -> tuple[str, str]:
    """Return unit and long name of a stored quantity.

    Raises
    ------
    StorageError
        If the unit of `name` is not known: nothing is stored without one.
    """
    if name in _LABELS:
        return _LABELS[name]
    if name in RECEPTORS:
        return "1", f"{name} occupancy"
    if name in AFFINITY_STATES:
        receptor, _, state = name.partition("_")
        return "1", f"{receptor} occupancy in its state of {state} affinity"
    units = Parameters.units()
    if name in units:
        return units[name], name
    near = difflib.get_close_matches(name, [*_LABELS, *RECEPTORS, *AFFINITY_STATES, *units], 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise StorageError(f"{name!r}: no unit is known for it, and nothing is stored without a unit{hint}")


def plot_scale(name: str) -> tuple[float, str]:
    """Return the factor from the stored to the shown unit, and the shown unit ('' when dimensionless)."""
    unit = describe(name)[0]
    return _PLOT.get(unit, (1.0, unit))


def axis_label(name: str, unit: str | None = None) -> str:
    """Return an axis label such as ``"Calcium (µM)"``."""
    long_name = describe(name)[1]
    unit = plot_scale(name)[1] if unit is None else unit
    text = long_name[0].upper() + long_name[1:]
    return f"{text} ({unit})" if unit else text
