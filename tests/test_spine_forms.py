"""A spine as one point process and as neck and head sections is the same spine; both converge in the step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import LEFT, RIGHT, fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast.stepping import fixed_step  # noqa: E402

PLACES = {"section": (LEFT, LEFT, RIGHT), "x": (0.35, 0.85, 0.5)}
"""Three spines, none at a border between two segments, where a place belongs to either."""


def traces(form, dt, until, synaptic=(), pulses=(), every=1):
    """Return head voltage, calcium (n_time, n_spine) and soma voltage (n_time,) of a live model."""
    model = fork_model(dp.Experiment(preset="passive", spines=dp.Placement(form=form)), **PLACES)
    rows = []
    with fixed_step(dt, 35.0):
        h.finitialize(-70.0)
        for t, spine, weight in synaptic:
            model.glutamate(spine, weight).event(t)
        for t, duration, amplitude in pulses:
            model.pulse(-1, amplitude).event(t)
            model.pulse(-1, -amplitude).event(t + duration)
        for k in range(round(until / dt)):
            h.fadvance()
            if k % every == every - 1:
                heads = [s(0.5).v for s in model.heads] or [p.vhead for p in model.processes]
                rows.append([*heads, *(p.cai for p in model.processes), model.cell.soma(0.5).v])
    values = np.array(rows)
    return values[:, :3], values[:, 3:6], values[:, 6]


events = st.lists(
    st.tuples(st.integers(0, 150).map(lambda k: 0.2 * k), st.integers(0, 2), st.floats(0.1, 3)), max_size=8
)
steps = st.lists(
    st.tuples(st.integers(0, 150).map(lambda k: 0.2 * k), st.sampled_from([1.0, 2.0, 10.0]), st.floats(-0.2, 0.4)),
    max_size=3,
)


@given(events, steps)
@settings(max_examples=8)
def test_process_and_sections_are_the_same_spine(synaptic, pulses):
    one = traces("process", 0.05, 40.0, synaptic, pulses)
    two = traces("sections", 0.05, 40.0, synaptic, pulses)
    # eliminating the head is exact algebra: rounding only (3e-11 mV seen), times a few hundred steps
    assert np.abs(one[0] - two[0]).max() < 1e-8  # mV
    assert np.abs(one[2] - two[2]).max() < 1e-8
    assert np.abs(one[1] / two[1] - 1).max() < 1e-10


def drive(form, dt):
    """One spine driven three times, its neighbour once, and a current into the soma."""
    synaptic = [(2.0, 0, 1.0), (6.0, 0, 1.0), (10.0, 0, 1.0), (8.0, 1, 1.0)]
    return traces(form, dt, 24.0, synaptic, [(12.0, 4.0, 0.05)], every=round(0.4 / dt))


@pytest.mark.parametrize("dt", [0.2, 0.1, 0.05, 0.025])
def test_the_two_forms_agree_at_every_step(dt):
    one, two = drive("process", dt), drive("sections", dt)
    assert np.ptp(one[0]) > 5.0  # mV: there is something to agree on
    assert np.abs(one[0] - two[0]).max() < 1e-8  # rounding, as above; the forms share their error of the step


@pytest.mark.parametrize("form", ["process", "sections"])
def test_order_of_convergence_in_the_step(form):
    """Backward Euler is of first order: the error falls with the step for voltage and calcium."""
    steps_ = np.array([0.1, 0.05, 0.025])
    runs = [drive(form, dt) for dt in [*steps_, 0.003125]]
    for k in range(3):
        error = np.array([np.abs(run[k] - runs[-1][k]).max() for run in runs[:-1]])
        slope = np.polyfit(np.log(steps_), np.log(error), 1)[0]
        # the reference has an error of its own, a thirty-second of the largest step's: it lifts the slope by 0.1
        assert 0.85 < slope < 1.25, (k, slope, error)


def test_the_head_is_a_compartment_of_its_own():
    """At a steady current through its synapse the head lies above the dendrite by the current times R_neck."""
    model = fork_model(section=(LEFT,), x=(0.5,))
    spine = model.processes[0]
    spine.tau_d_nmda, spine.tau_r_nmda, spine.g_ampa = 1e9, 1e-2, 0.0  # an NMDA conductance that stays
    with fixed_step(0.1, 35.0):
        h.finitialize(-70.0)
        model.glutamate(0, 1.0).event(0.0)
        for _ in range(5000):
            h.fadvance()
        dendrite = spine.get_segment().v
        # 500 ms are 30 membrane time constants
        assert spine.vhead - dendrite == pytest.approx(-spine.i * spine.R_neck, rel=1e-6)
        assert spine.vhead - dendrite > 0.01  # mV: there is something to see
