"""The features of the battery: what each is, its unit, and how it is measured."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import efel
import numpy as np

from .. import probes
from ..bench import SOMA, Traces
from ..errors import ParameterError
from . import clusters

if TYPE_CHECKING:
    from ..spine_probes import Cluster
    from .measured import Measured
    from .targets import Target

__all__ = ["FEATURES", "Kind", "kind", "of_trace", "rate"]

NEAR = 50.0  # um, where the calcium of spikes is compared with


@dataclass(frozen=True)
class Kind:
    """A feature.

    Attributes
    ----------
    units : tuple of str
        Units that a target may give it in.
    text : str
        What it is.
    value : callable
        ``value(measured, target) -> float``.
    needs : str
        ``"at"`` or ``"current"`` when a target must give one.
    spines : bool
        True when spines have to be put on the cell, which then changes for good.
    """

    units: tuple[str, ...]
    text: str
    value: Callable[[Measured, Target], float]
    needs: str = ""
    spines: bool = False


def kind(name: str) -> Kind:
    """Return a feature by its name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in FEATURES:
        near = difflib.get_close_matches(name, FEATURES, 1, 0.0)
        raise ParameterError(f"feature {name!r} is not known; did you mean {near[0]!r}?")
    return FEATURES[name]


def of_trace(traces: Traces, name: str, which: int | None = 0, row: int = SOMA) -> float:
    """Return a feature of eFEL (10.5281/zenodo.593869) of one segment's voltage, NaN when the trace has none.

    Parameters
    ----------
    traces : Traces
        Of a step.
    name : str
        Name in eFEL.
    which : int or None
        Which of the values, or their mean.
    row : int
        Segment.
    """
    efel.reset()
    efel.set_setting("interp_step", float(traces.time[1] - traces.time[0]))
    efel.set_setting("strict_stiminterval", True)
    found = efel.get_feature_values(
        [{
            "T": traces.time, "V": traces.at(row), "stim_start": [traces.start], "stim_end": [traces.stop],
            "stimulus_current": [traces.amplitude],
        }],
        [name], raise_warnings=False,
    )[0][name]  # fmt: skip
    if found is None or not len(found):
        return np.nan
    return float(np.mean(found) if which is None else found[which])


def rate(traces: Traces) -> float:
    """Return the mean rate (Hz) from the start of a step to the last spike in it, 0 without spikes."""
    found = of_trace(traces, "mean_frequency")
    return 0.0 if np.isnan(found) else found


def _slope(m: Measured, _: Target) -> float:
    """Return the slope of the f-I curve between its first and its fastest firing step."""
    rates = {current: rate(traces) for current, traces in m.ladder.items()}
    top = max(rates, key=lambda current: rates[current])
    rising = [current for current, hz in rates.items() if hz > 0 and current <= top]
    if len(rising) < 2:
        return np.nan
    return float(np.polyfit(rising, [rates[current] for current in rising], 1)[0])


def _bap(m: Measured, target: Target) -> float:
    height = probes.along(m.bench.geometry, m.bap, target.at)
    return height / m.bap[SOMA] if target.unit == "1" else height


def _bap_calcium(m: Measured, target: Target) -> float:
    here, near = (probes.along(m.bench.geometry, m.bap_calcium, at) for at in (target.at, NEAR))
    return here / near


def _rectification(m: Measured, _: Target) -> float:
    """Return how much less a large hyperpolarising step moves the voltage for its current than a small one."""
    small, large = (of_trace(step, "ohmic_input_resistance_vb_ssse") for step in (m.small, m.sag))
    return large / small


def _attenuation(m: Measured, target: Target) -> float:
    """Return the mean ratio of the EPSPs in soma and dendrite."""
    here = np.isclose(m.psp.distance, target.at)
    return float(np.mean(m.psp.soma[here] / m.psp.local[here])) if here.any() else np.nan


def _ahp(m: Measured, _: Target) -> float:
    return of_trace(m.first, "AP_begin_voltage") - of_trace(m.first, "min_AHP_values")


def _calcium_tau(m: Measured, _: Target) -> float:
    """Return the decay of calcium after a spike, fitted from 80 to 20 % of the peak of the mean."""
    mean = m.calcium.cai["bap"].mean(axis=1)
    rise = mean - mean[0]
    top = int(rise.argmax())
    falling = np.flatnonzero((rise[top:] < 0.8 * rise[top]) & (rise[top:] > 0.2 * rise[top])) + top
    return float(-1 / np.polyfit(m.calcium.time[falling], np.log(rise[falling]), 1)[0])


def _pair(name: str) -> Callable[[Measured, Target], float]:
    def ratio(m: Measured, _: Target) -> float:
        return float(np.mean(m.calcium.rise(name) / (m.calcium.rise("bap") + m.calcium.rise("epsp"))))

    return ratio


def _nmda(value: Callable[[Cluster], float]) -> Callable[[Measured, Target], float]:
    return lambda m, _: _mean([value(c) for c in m.nmda])


def _oblique(value: Callable[[Cluster], float]) -> Callable[[Measured, Target], float]:
    return lambda m, _: _mean([value(c) for c in m.oblique])


def _mean(values: list[float]) -> float:
    """Return the mean of what is finite, NaN when nothing is."""
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else np.nan


FEATURES: dict[str, Kind] = {
    "v_rest": Kind(("mV",), "resting voltage of the soma", lambda m, _: m.rest),
    "R_in": Kind(
        ("megohm",), "input resistance: steady deflection of a small hyperpolarising step over its current",
        lambda m, _: of_trace(m.small, "ohmic_input_resistance_vb_ssse"),
    ),
    "sag": Kind(
        ("1",), "1 - steady/peak deflection of a large hyperpolarising step",
        lambda m, _: of_trace(m.sag, "sag_ratio1"),
    ),
    "rectification": Kind(
        ("1",), "input resistance of a large hyperpolarising step (`sag`) over that of a small one", _rectification
    ),
    "tau_m": Kind(
        ("ms",), "membrane time constant, from the small hyperpolarising step",
        lambda m, _: of_trace(m.small, "time_constant"),
    ),
    "rheobase": Kind(("nA",), "smallest step that makes a spike", lambda m, _: m.rheobase),
    "latency": Kind(
        ("ms",), "start of the step to the peak of its first spike",
        lambda m, _: of_trace(m.first, "time_to_first_spike"),
    ),
    "ap_threshold": Kind(
        ("mV",), "voltage at which the first spike rises at 10 V/s",
        lambda m, _: of_trace(m.first, "AP_begin_voltage"),
    ),
    "ap_amplitude": Kind(
        ("mV",), "threshold to peak of the first spike", lambda m, _: of_trace(m.first, "AP_amplitude")
    ),
    "ap_width": Kind(
        ("ms",), "width of the first spike at half height", lambda m, _: of_trace(m.first, "spike_half_width")
    ),
    "ahp_depth": Kind(("mV",), "threshold to the lowest voltage after the first spike", _ahp),
    "f_at": Kind(
        ("Hz",), "mean rate from the start of a step to its last spike", lambda m, t: rate(m.ladder[t.current]),
        needs="current",
    ),
    "f_above": Kind(
        ("Hz",), "mean rate from the start of a step that is larger than rheobase by a current, to its last spike",
        lambda m, t: rate(probes.step(m.bench, m.rheobase + t.current)), needs="current",
    ),
    "f_slope": Kind(("Hz/nA",), "slope of the f-I curve up to its fastest step", _slope),
    "adaptation": Kind(
        ("1",), "mean relative change from one interspike interval to the next",
        lambda m, t: of_trace(m.ladder[t.current], "adaptation_index2"), needs="current",
    ),
    "block_current": Kind(("nA",), "smallest step of 500 ms in which firing stops", lambda m, _: m.block[0]),
    "block_voltage": Kind(("mV",), "voltage of the soma when firing has stopped", lambda m, _: m.block[1]),
    "bap": Kind(
        ("mV", "1"), "height of the back-propagating spike: above rest after a pulse, above the voltage at the soma's "
        "threshold in a step; in mV, or as a share of the soma's", _bap, needs="at",
    ),
    "ca_spike_threshold": Kind(
        ("nA",), "smallest EPSC-shaped current at the place that sets off a calcium spike there",
        lambda m, t: m.coupling.threshold(t.at), needs="at",
    ),
    "bac_ratio": Kind(
        ("1",), "that current with a spike of the soma 5 ms before, over that without",
        lambda m, t: m.coupling.ratio(t.at), needs="at",
    ),
    "bac_spikes": Kind(
        ("1",), "spikes of the soma when a pulse of its own meets an EPSC-shaped current of 0.5 nA at the place",
        lambda m, t: m.coupling.firing(t.at)[0], needs="at",
    ),
    "burst_hz": Kind(
        ("Hz",), "their mean rate", lambda m, t: m.coupling.firing(t.at)[1], needs="at",
    ),
    "bap_calcium": Kind(
        ("1",), f"calcium of a back-propagating spike in a spine over that of a spine at {NEAR:g} um", _bap_calcium,
        needs="at",
    ),
    "epsp_attenuation": Kind(("1",), "peak of an EPSP in the soma over that at its place", _attenuation, needs="at"),
    "ca_bap": Kind(
        ("uM",), "calcium of a spine above rest, one back-propagating spike",
        lambda m, _: 1e3 * float(np.mean(m.calcium.rise("bap"))), spines=True,
    ),
    "ca_epsp": Kind(
        ("uM",), "calcium of a spine above rest, one EPSP at rest",
        lambda m, _: 1e3 * float(np.mean(m.calcium.rise("epsp"))), spines=True,
    ),
    "ca_tau": Kind(("ms",), "decay of spine calcium after a spike", _calcium_tau, spines=True),
    "pair_pre_post": Kind(
        ("1",), "calcium of EPSP 10 ms before spike over the sum of both", _pair("pre_post"), spines=True,
    ),
    "pair_post_pre": Kind(
        ("1",), "calcium of EPSP 10 ms after spike over the sum of both", _pair("post_pre"), spines=True,
    ),
    "neck_attenuation": Kind(
        ("1",), "height of an EPSP in the head over that in the dendrite under it",
        lambda m, _: float(np.mean(m.calcium.head / m.calcium.dendrite)), spines=True,
    ),
    "nmda_spike_synapses": Kind(
        ("1",), "synapses on an end branch from which on its voltage stays up for 20 ms",
        _nmda(clusters.threshold), spines=True,
    ),
    "nmda_plateau_amplitude": Kind(
        ("mV",), "height of the branch's voltage above rest, median from 10 to 26 ms after 30 synapses were released",
        _nmda(clusters.height), spines=True,
    ),
    "nmda_spike_duration": Kind(
        ("ms",), "width of the branch's voltage at half height, 30 synapses",
        _nmda(clusters.duration), spines=True,
    ),
    "nmda_spike_spread": Kind(
        ("1",), "height on a branch beside, as a share, with 30 synapses", _nmda(clusters.spread), spines=True,
    ),
    "oblique_spike_synapses": Kind(
        ("1",), "synapses on an oblique branch beyond which the EPSP of the soma exceeds their sum by a tenth",
        _oblique(clusters.exceeds), spines=True,
    ),
    "oblique_threshold": Kind(
        ("mV",), "sum of single EPSPs in the soma at which a set of synapses begins to exceed it",
        _oblique(clusters.exceeds_at), spines=True,
    ),
    "branch_strength": Kind(
        ("1",), "largest ratio of the soma's EPSP to the sum of single ones", _oblique(clusters.gain), spines=True,
    ),
}  # fmt: skip
"""Every feature by its name."""
