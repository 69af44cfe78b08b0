"""Manners in a session of the user's own: nothing foreign changes, nothing of ours stays."""

from __future__ import annotations

import gc

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import LEFT, fork_model, stick  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402
from dendplast.errors import DendplastError  # noqa: E402
from dendplast.placing import place_at  # noqa: E402

NUMERICS = dp.Numerics(dt=0.1, settle=0.0, relax=300.0)
SITE = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=15.0)
PROTOCOL = (
    protocols.pairing(start=50.0, dt=10, n=2, hz=10.0),
    protocols.plateau(start=300.0, amplitude=0.1, duration=20.0, at=1),
    dp.burst(SITE, start=120.03, n=2, hz=20.0),
)
DRUGS = (dp.Drug(agent="SCH23390", conc="1 nM", start=200.0, stop=320.0),)


@pytest.fixture(autouse=True)
def _loaded(loaded):
    """Load the mechanisms first: what is counted are objects of theirs."""


class Stranger:
    """What a user may have in the session: a spiking section, a clamp, a recording, a handler, settings."""

    def __init__(self):
        self.section = h.Section(name="stranger")
        self.section.L = self.section.diam = 20.0
        self.section.insert("hh")
        self.clamp = h.IClamp(self.section(0.5))
        self.clamp.delay, self.clamp.dur, self.clamp.amp = 5.0, 50.0, 0.3
        self.v = h.Vector().record(self.section(0.5)._ref_v)
        self.called = 0
        self.handler = h.FInitializeHandler(self._count)
        self.before = h.dt, h.celsius, h.secondorder, h.CVode().active()
        h.dt, h.celsius, h.secondorder = 0.0375, 11.5, 2

    def _count(self):
        self.called += 1

    def settings(self):
        return h.dt, h.celsius, h.secondorder, bool(h.CVode().active())

    def course(self):
        """Return the voltage of a run of the user's own (20 ms)."""
        called = self.called
        h.finitialize(-65.0)
        for _ in range(500):
            h.fadvance()
        assert self.called == called + 1
        return self.v.to_python()

    def leave(self):
        self.handler = None  # NEURON's list of handlers holds what they call
        h.CVode().active(self.before[3])
        h.dt, h.celsius, h.secondorder = self.before[:3]
        del self.section, self.clamp, self.v


@pytest.fixture
def stranger():
    one = Stranger()
    yield one
    one.leave()


def counted():
    gc.collect()
    return sum(1 for _ in h.allsec()), len(list(h.List("DpSpine"))), len(list(h.List("NetCon")))


def test_build_and_run_leave_a_stranger_alone(stranger):
    course, before, set_ = stranger.course(), counted(), stranger.settings()
    model = fork_model(dp.Experiment(preset="passive", protocol=PROTOCOL, numerics=NUMERICS))
    assert stranger.settings() == set_
    dp.run(model, until=400.0)
    assert stranger.settings() == set_
    assert stranger.section.psection()["density_mechs"].keys() == {"hh"}
    del model
    assert counted() == before
    assert stranger.course() == course


def test_the_variable_step_is_off_while_there_are_spines_and_the_log_says_so(stranger, caplog):
    h.CVode().active(1)
    model = fork_model(dp.Experiment(preset="passive", protocol=PROTOCOL, numerics=NUMERICS))
    assert h.CVode().active()
    dp.run(model, until=100.0)
    assert stranger.settings()[1:3] == (11.5, 2)
    assert "CVode was active and is off now" in caplog.text
    del model
    gc.collect()
    h.CVode().active(1)  # NEURON takes it again
    assert h.CVode().active()


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "nothing"}, {"preset": "passive", "morphology": "nothing"},
        {"preset": "passive", "spines__path_min": 1e8}, {"preset": "passive", "spines__n": 190_000},
        {"preset": "passive", "parameters": {"K_P": "3 mV"}}, {"preset": "passive", "parameters": {"K_PP": 1.0}},
        {"preset": "passive", "spines__radius": 5.0}, {"preset": "passive", "numerics__dt": 0.03},
        {"preset": "passive", "protocol": (protocols.uncaging(spines=(99_999,)),)},
        {"preset": "passive", "protocol": (protocols.plateau(amplitude=0.1, at=99_999),)},
    ],
    ids=str,
)  # fmt: skip
def test_a_failed_build_leaves_nothing(stranger, change):
    before, set_ = counted(), stranger.settings()
    with pytest.raises(DendplastError) as error:
        dp.build(dp.Experiment(spines=dp.Placement(scale=0.02)).replaced(**change))
    assert "\n" not in str(error.value)
    del error
    assert counted() == before and stranger.settings() == set_


def test_a_failed_run_gives_the_settings_back(stranger):
    set_ = stranger.settings()
    model = fork_model(dp.Experiment(preset="passive", protocol=PROTOCOL, numerics=NUMERICS))
    with pytest.raises(DendplastError):
        dp.run(model, until="soon")
    model.cell.soma.e_pas = -20.0  # nothing is at rest any more
    model.experiment = model.experiment.replaced(numerics__settle=10.0)
    with pytest.raises(DendplastError, match="not at rest"):
        dp.run(model, until=100.0)
    assert stranger.settings() == set_
    assert model.driver is None


def test_a_failed_apply_changes_nothing():
    model = fork_model(dp.Experiment(preset="passive", protocol=PROTOCOL, numerics=NUMERICS))
    before = model.experiment, len(model.arrivals())
    with pytest.raises(DendplastError):
        model.apply(protocols.uncaging(spines=(77,)))
    assert (model.experiment, len(model.arrivals())) == before


def live(model, until):
    """Run a model by NEURON's own verbs, as a user would at the prompt."""
    before = h.dt, h.celsius
    h.load_file("stdrun.hoc")
    h.dt, h.celsius, h.steps_per_ms = 0.1, model.preset.cell.celsius, 10
    h.finitialize(-70.0)
    h.continuerun(until)
    h.dt, h.celsius = before


@pytest.mark.parametrize("drugs", [(), DRUGS], ids=["no drug", "drug"])
def test_a_live_session_gives_the_states_of_a_run_in_full(drugs):
    experiment = dp.Experiment(
        preset="passive", protocol=PROTOCOL, drugs=drugs, numerics=NUMERICS.replaced(full=True),
        parameters={"K_D": 2e-4, "k_c": 1e-3, "g0_D": 0.1, "e_0": 0.0},
    )  # fmt: skip
    result = dp.run(fork_model(experiment), until=400.0)
    model = fork_model(experiment)
    live(model, 400.0)
    assert result.outcomes["tag_D"].max() > 1e-4
    assert len(result.deliveries)
    for name in ("tag_P", "tag_D", "gate", "early", "theta", "volume", "w", "cai_peak"):
        values = [getattr(p, name) for p in model.processes]
        # the same steps from the same start; a release off the grid of steps is rounded to it by either: rounding
        np.testing.assert_allclose(values, result.outcomes[name][-1], rtol=1e-9, atol=1e-15, err_msg=name)
    twice = [p.tag_D for p in model.processes]
    live(model, 400.0)  # finitialize queues everything anew, once
    assert [p.tag_D for p in model.processes] == twice


def test_a_model_that_goes_leaves_a_session_that_runs(stranger):
    """Events of the gone model that were queued do no harm, and nothing keeps it alive."""
    course, before = stranger.course(), counted()
    model = fork_model(dp.Experiment(preset="passive", protocol=PROTOCOL, drugs=DRUGS, numerics=NUMERICS))
    live(model, 5.0)
    del model
    assert counted() == before
    assert stranger.course() == course


def test_an_adopted_cell_is_only_added_to():
    cell, (soma, dend) = stick()
    for sec in (soma, dend):
        sec.insert("hh")
    before = {sec.name(): sec.psection()["density_mechs"] for sec in (soma, dend)}
    spines = place_at(cell.geometry(), np.array([1, 1]), np.array([0.3, 0.7]))
    protocol = (
        protocols.uncaging(start=20.0, n=2, hz=20.0),
        protocols.plateau(start=100.0, amplitude=0.2, duration=5.0),
    )
    experiment = dp.Experiment(preset="passive", protocol=protocol, numerics=NUMERICS.replaced(dt=0.05))
    model = dp.build(experiment, cell=cell, spines=spines)
    for sec in (soma, dend):
        assert sec.psection()["density_mechs"].keys() == before[sec.name()].keys() == {"pas", "hh"}
        assert sec.psection()["density_mechs"]["hh"]["gnabar"] == before[sec.name()]["hh"]["gnabar"]
    result = dp.run(model, until=150.0)
    assert (result.outcomes["cai_peak"][-1] > 1e-4).all()
    assert np.nanmax(result.soma_v) > -60.0  # mV: the plateau reaches the soma
    del model, cell
    assert len(list(h.List("DpSpine"))) == 0
    assert soma.name() in [sec.name() for sec in h.allsec()]


def test_spines_as_sections_go_with_their_model():
    before = counted()
    cell, held = stick()
    spines = place_at(cell.geometry(), np.array([1, 1]), np.array([0.3, 0.7]))
    experiment = dp.Experiment(preset="passive", spines=dp.Placement(form="sections"), numerics=NUMERICS)
    model = dp.build(experiment, cell=cell, spines=spines)
    assert len(model.heads) == len(model.necks) == 2
    del model
    assert counted()[0] == before[0] + len(held)


def test_two_models_run_each_for_itself():
    experiment = dp.Experiment(preset="passive", protocol=PROTOCOL, numerics=NUMERICS)
    one, two = fork_model(experiment), fork_model(experiment.replaced(protocol=()), section=(LEFT,), x=(0.5,))
    alone = dp.run(one, until=400.0).outcomes
    dp.run(two, until=400.0)
    again = dp.run(one, until=400.0).outcomes
    for name, values in alone.items():
        np.testing.assert_array_equal(again[name], values)


def test_what_a_session_shows_is_one_line():
    model = fork_model(numerics=NUMERICS)
    model.apply(*PROTOCOL)
    result = dp.run(model, until=500.0)
    recorded = dp.record(model, PROTOCOL[0])
    shown = (model, result, result.spines, result.tree, result.deliveries, recorded, dp.load_morphology("dspn_1"))
    for what in shown:
        assert len(repr(what)) < 160 and "\n" not in repr(what) and "array(" not in repr(what)
    assert f"{len(result.spines)} (" in repr(result.spines) and "after 500 ms" in repr(result)
    assert "Any" not in dir(dp) and "Timeline" in dir(dp) and "__version__" in dir(dp)


def test_a_model_is_not_pickled():
    import pickle

    with pytest.raises(TypeError, match="pickle its experiment"):
        pickle.dumps(fork_model(dp.Experiment(preset="passive")))
