"""What calcium, magnesium and temperature of the solution do to a spine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dendplast as dp
from dendplast.errors import ParameterError
from dendplast.parameters import Parameters
from dendplast.solution import Q10, changes

P = Parameters().flat()
solutions = st.builds(
    dp.Solution, ca=st.floats(0.05, 10), mg=st.one_of(st.none(), st.floats(0, 5)),
    celsius=st.one_of(st.none(), st.floats(20, 40)),
)  # fmt: skip


@given(st.floats(20, 40))
def test_the_reference_changes_nothing(celsius):
    same = changes(dp.Solution(ca=P["ca_ref"], mg=P["mg"], celsius=celsius), P, celsius)
    assert same == changes(dp.Solution(), P, celsius)
    for name in ("vgcc_scale", "ca_fraction_scale"):
        assert same.pop(name) == pytest.approx(1.0, rel=1e-15)  # a product of two inverse quotients: rounding
    assert same == pytest.approx({name: P[name] for name in same}, rel=1e-15)


@given(solutions, st.floats(20, 40))
def test_only_electricity_follows_the_solution(solution, celsius):
    changed = set(changes(solution, P, celsius)) - {"vgcc_scale", "ca_fraction_scale"}
    assert changed <= {*Parameters().synapse.model_dump(), *Parameters().calcium.model_dump()}


@given(st.floats(0.1, 6), st.floats(1.01, 3))
def test_calcium_entry_grows_with_calcium_and_saturates(ca, factor):
    low, high = (changes(dp.Solution(ca=c), P, 35.0) for c in (ca, ca * factor))
    for name in ("ca_fraction_scale", "vgcc_scale"):
        assert low[name] < high[name] < factor * low[name]
    # Nernst: RT/2F ln(factor), 13.28 mV times ln(factor) at 35 degC (four digits of the constant)
    assert high["e_ca"] - low["e_ca"] == pytest.approx(13.28 * np.log(factor), rel=1e-3)


def test_the_calcium_share_of_the_nmda_current_is_the_published_one():
    """0.6 4 Ca/(4 Ca + 120/1.38), 10.1038/s41467-022-30214-w; the parameter has three digits of its value at 2 mM."""
    for ca in (1.2, 2.0, 3.0):
        published = 0.6 * 4 * ca / (4 * ca + 120 / 1.38)
        scale = changes(dp.Solution(ca=ca), P, 35.0)["ca_fraction_scale"]
        assert P["ca_fraction"] * scale == pytest.approx(published, rel=2e-3)


@given(st.floats(25, 40), st.floats(20, 40), st.floats(20, 40))
def test_temperature_factors_multiply(a, b, c):
    """From a to c by way of b is from a to c."""
    first = P | changes(dp.Solution(celsius=b), P, a)
    there, direct = changes(dp.Solution(celsius=c), first, b), changes(dp.Solution(celsius=c), P, a)
    for name, q10 in Q10.items():
        assert there[name] == pytest.approx(direct[name], rel=1e-12)  # rounding of two powers
        assert changes(dp.Solution(celsius=a - 10), P, a)[name] == pytest.approx(P[name] * P[q10], rel=1e-12)


def test_a_wrong_solution_is_said_in_one_sentence():
    with pytest.raises(ParameterError, match=r"solution\.ca = -1\.0: must be at least 0\.01 mM"):
        dp.Experiment(solution={"ca": -1.0})
    assert dp.Experiment.from_toml("[solution]\nca = '1300 uM'\n").solution.ca == pytest.approx(1.3)


@pytest.fixture
def fork(loaded):
    from tiny import fork_model

    return fork_model


def test_a_model_lies_in_its_solution(fork):
    solution = dp.Solution(ca=1.2, mg=0.5, celsius=25.0)
    model = fork(solution=solution)
    expected = changes(solution, model.parameters.flat(), model.preset.cell.celsius)
    scales = {"g_vgcc": expected.pop("vgcc_scale"), "ca_fraction": expected.pop("ca_fraction_scale")}
    for i, process in enumerate(model.processes):
        assert {name: getattr(process, name) for name in expected} == expected
        for name, scale in scales.items():
            assert getattr(process, name) == model.conductances[name][i] * scale
    assert model.celsius == 25.0
    model.set_bath(0.0)  # drugs act on top of the solution
    assert model.processes[0].mg == 0.5


def test_calcium_of_the_nmda_current_follows_the_solution(fork):
    """At a voltage held by a strong leak the charge through NMDA receptors goes as its calcium share."""
    from neuron import h

    from dendplast.stepping import fixed_step, forward

    gained = []
    for ca in (2.0, 1.0):
        model = fork(solution=dp.Solution(ca=ca))
        for sec in model.cell.sections:
            sec.g_pas = 1.0
        model.set_conductances(g_vgcc=np.zeros(len(model.spines)), g_ampa=np.zeros(len(model.spines)))
        for process in model.processes:
            process.R_neck = 1e-3
        with fixed_step(0.05, 35.0):
            h.finitialize(-70.0)
            model.glutamate(0, 1.0).event(1.0)
            forward(400)
        gained.append(model.processes[0].cai_peak - 7e-5)
    # the head's voltage is held to 1e-4 mV, so that everything but the share cancels
    ratio = changes(dp.Solution(ca=1.0), P, 35.0)["ca_fraction_scale"]
    assert gained[1] / gained[0] == pytest.approx(ratio, rel=1e-4)


def test_the_cells_own_channels_see_the_calcium(loaded):
    from neuron import h

    experiment = dp.Experiment(
        preset="dspn", morphology="dspn_1", spines=dp.Placement(n=1, calibrate=False),
        numerics=dp.Numerics(d_lambda=0.5), solution=dp.Solution(ca=1.2),
    )  # fmt: skip
    model = dp.build(experiment)
    h.finitialize(-80.0)
    seen = {round(seg.cao, 12) for sec in model.cell.sections if h.ismembrane("ca_ion", sec=sec) for seg in sec}
    assert seen == {1.2}
