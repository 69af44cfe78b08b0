"""CoreNEURON takes the same steps as NEURON; what it can not run is refused or left to NEURON; windows are checked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import fork_model, stick  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import engine, nmodl, protocols  # noqa: E402
from dendplast.errors import ParameterError  # noqa: E402
from dendplast.nmodl import sources  # noqa: E402

NUMERICS = dp.Numerics(dt=0.1, settle=20.0, relax=300.0)
END = 2500.0


def experiment(**numerics):
    """A pairing, a release that arrives while the cell is active, a rest, and a second stretch."""
    site = dp.Varicosity("dopamine", at=(-20.0, 130.0, 2.0))
    return dp.Experiment(
        preset="passive",
        parameters={"g0_D": 0.2, "k_c": 1e-3, "e_0": 0.0, "K_D": 1e-4, "K_P": 2e-4},
        protocol=(
            protocols.pairing(start=300.0, dt=10, n=3, hz=10.0, n_pre=2),
            dp.burst(site, start=350.0, n=3, hz=20.0),
            protocols.uncaging(start=1500.0, n=2, hz=10.0, amplitude=2.0, spines=(0, 3)),
        ),
        numerics=NUMERICS.replaced(**numerics),
        record=dp.Record(names=("cai", "vhead"), every_active=20.0, every_rest=500.0),
        until=END,
    )


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """Compile for CoreNEURON what these models have: the spine and the electrode (20 s; all would take minutes).

    A library that an earlier test of this process has loaded is taken instead: CoreNEURON keeps its first.
    """
    if engine._loaded is not None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "_place", lambda: engine._loaded)
            yield engine._loaded
        return
    folder = tmp_path_factory.mktemp("coreneuron")
    own = [path for path in sources() if path.stem in {"spine", "current_pulse"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_place", lambda: folder / "library" / engine.CORE_LIBRARY)
        with pytest.MonkeyPatch.context() as few:
            few.setattr(nmodl, "sources", lambda: own)
            library = engine.compile_core()
        yield library


@pytest.fixture(scope="module")
def both(core):
    return [dp.run(fork_model(experiment(engine=name))) for name in ("neuron", "coreneuron")]


def test_coreneuron_takes_neurons_steps(both):
    one, two = both
    assert [r.provenance["engine"] for r in both] == ["neuron", "coreneuron"]
    assert np.abs(one.outcomes["w"][-1] - 1).max() > 1e-4  # something is learned
    np.testing.assert_array_equal(one.time, two.time)
    for name in one.outcomes:
        # sums in another order: 1e-15 seen, and a few hundred steps may add up
        np.testing.assert_allclose(two.outcomes[name], one.outcomes[name], rtol=1e-11, atol=1e-16, err_msg=name)
    np.testing.assert_allclose(two.soma_v, one.soma_v, rtol=1e-6)  # kept in single precision


@pytest.mark.parametrize("cut", [330.0, 1000.0])
def test_restart_is_continue_in_coreneuron(both, cut):
    model = fork_model(experiment(engine="coreneuron"))
    halves = dp.run(model, until=END, state=dp.run(model, until=cut).state)
    for name, values in both[1].outcomes.items():
        np.testing.assert_array_equal(halves.outcomes[name][-1], values[-1], err_msg=name)


def test_the_session_is_left_as_it_was(both):
    from neuron import coreneuron

    assert not coreneuron.enable


def test_other_sections_of_the_session_are_not_taken_along(core):
    model, other = fork_model(experiment(engine="coreneuron")), h.Section(name="somebody")
    with pytest.raises(ParameterError, match="the session's other sections, such as somebody"):
        dp.run(model)
    del other


def test_a_recording_of_calcium_is_left_to_neuron(core):
    model = fork_model(experiment(engine="coreneuron"))
    with pytest.raises(ParameterError, match="calcium of every tick is recorded"):
        dp.record(model, protocols.pairing(n=1, dt=10.0))


def test_a_mechanism_that_coreneuron_does_not_know_is_named():
    cell, sections = stick()
    sections[0].insert("fastpas")
    model = dp.build(experiment(engine="coreneuron").replaced(protocol=()), cell=cell)
    with pytest.raises(ParameterError, match="the cell has fastpas"):
        dp.run(model, until=10.0)


def test_few_spines_are_left_to_neuron_and_the_result_says_so():
    result = dp.run(fork_model(experiment()), until=50.0)
    assert result.provenance["engine"] == "neuron"
    assert "fewer than" in result.provenance["engine_reason"]


def test_check_reports_the_error_of_the_windows():
    checked = dp.run(fork_model(experiment(check=True, calm=2e-4)))
    windows, full = checked.outcomes["w"][-1], dp.run(fork_model(experiment(full=True))).outcomes["w"][-1]
    expected = np.abs(windows - full).max() / np.abs(full - 1).max()
    assert expected > 1e-6  # there is an error to report
    assert checked.provenance["check_w"] == pytest.approx(expected, rel=1e-9)


def test_check_of_a_full_run_finds_nothing():
    assert dp.run(fork_model(experiment(check=True, full=True))).provenance["check_w"] == 0.0
