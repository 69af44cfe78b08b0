"""Experiments kept for later checks: those of layer 2/3 and layer 5 pairs, and why the others are left out."""

from __future__ import annotations

from dataclasses import replace

from .plan import MIN, Plan, bath, pulse
from .rows_cortex import trains
from .rows_spine import ROWS as SPINE

__all__ = ["ROWS"]

_BEFORE = bath("MK-801 in the presynaptic cell", "1 mM", 0.0)


def _single(region: str, dt: float, n: int, **more: object) -> Plan:
    """Return `n` single pairings at 0.2 Hz."""
    return trains(region, dt, 0.2, n, 1, 5.0, **more)


def _pawlak(dt: float) -> Plan:
    """Return 60 single pairings at 0.1 Hz in a direct-pathway cell, whose stimulation releases dopamine."""
    released = pulse("dopamine", "1 uM", 5e3, 11 * MIN)
    note = "60 pairings at 0.1 Hz, the pathway, and dopamine of 1 uM by the stimulation are assumed"
    return trains("dorsal_d1", dt, 0.1, 60, 1, 10.0, drugs=(released,), note=note)


def _zhang(dt: float, n: int) -> Plan:
    """Return `n` single pairings at 1 Hz with dopamine in the bath around them."""
    dopamine = bath("dopamine", "20 uM", 0.0, 2 * MIN)
    note = "cells in culture are simulated as ca1; the number of pairs, at 1 Hz, is assumed"
    return trains("ca1_culture", dt, 1.0, n, 1, 1.0, drugs=(dopamine,), note=note)


ROWS: dict[str, Plan | str] = {
    "PAW08-01": _pawlak(10), "PAW08-02": _pawlak(-30),
    "PAW08-03": "two experiments in one row: potentiation and depression",
    "PAW08-04": "a time course of two experiments",
    "ZHA09-01": _zhang(-45, 60), "ZHA09-02": _zhang(10, 10), "ZHA09-04": _zhang(-20, 60),
    "ZHA09-03": replace(_zhang(10, 60), baseline=replace(_zhang(10, 60), drugs=())),
    "RMP08-01": _single("l23_barrel", 10, 100, drugs=(_BEFORE,)), "RMP08-02": _single("l23_barrel", -15, 100),
    "RMP08-03": _single("l23_barrel", -15, 100, drugs=(_BEFORE,), control="RMP08-02"),
    "BNR14-01": _single("l23_barrel", -15, 100),
    "BNR14-02": _single("l23_barrel", -15, 100, drugs=(_BEFORE,), control="BNR14-01"),
    "ZLB09-01": _single("l23_visual", 10, 40), "ZLB09-02": _single("l23_visual", -10, 40),
    "ZLB09-03": trains("l23_visual", 10, 10, 5, 40, 5.0), "ZLB09-04": trains("l23_visual", 10, 20, 5, 40, 5.0),
    "ZLB09-05": trains("l23_visual", -10, 20, 5, 40, 5.0), "SJH06-01": trains("l5tt_visual", 10, 50, 5, 15, 10.0),
    "SJH06-02": "distal synapses on the apical tuft: the region has proximal ones",
    "ZHO04-01": replace(SPINE["WIE18-19"], solution={}),
}  # fmt: skip

_NO_CELL = "there is no such cell among the presets"
_UNKNOWN = "dose, number of pairings or timing is not given"
_SERIES = "a number fitted to a series, not one experiment"
_FIELD = "a tetanus of a field: how many synapses of a cell it drives is not known"
_VIVO = "in vivo: the model has no ongoing activity of a living brain"
_CURRENT = "a current or an indicator's signal, not a change of a spine"
_SHARED = "synthesis shared by two inputs: proteins of the model are each spine's own"

_REASONS = {
    "XUY10": (6, _NO_CELL), "MAT06": (2, _NO_CELL), "OTA15": (1, _NO_CELL),
    "MIS16": (8, _NO_CELL),
    "CAY23": (4, _NO_CELL), "SAL12": (2, _UNKNOWN), "WIT06": (2, _UNKNOWN),
    "MAZ04": (2, _UNKNOWN),
    "BIP98": (2, _SERIES), "FRO02": (6, _SERIES), "BIT17": (3, _SERIES), "RAS08": (2, _SERIES),
    "HUN20": (1, _SERIES),
    "FIS17": (1, _VIVO), "MIL21": (1, _VIVO), "LIC03": (1, _VIVO), "LUR15": (12, _CURRENT), "FRM97": (1, _SHARED),
    "FRM98": (4, _SHARED), "GOV11": (1, _SHARED), "OTM96": (1, _FIELD), "OTM98": (1, _FIELD), "HUA92": (1, _FIELD),
    "KIR96": (1, _FIELD), "HUA04": (1, _FIELD), "SWA06": (1, _FIELD),
    "HAY13": (4, "inhibition and its spread: the model has no inhibitory synapse"),
}  # fmt: skip
ROWS |= {
    f"{name}-{k:02d}": reason
    for name, (n, reason) in _REASONS.items()
    for k in range(1, n + 1)
}
