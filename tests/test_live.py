"""Sources, pauses and blocked uptake in a session of the user's own, in windows, and after a restart."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402

END = 320.0
VOLUME = dp.Volume("dopamine", center=(-60.0, 160.0, 0.0), radius=15.0, density=0.005, p=0.5, pool=2, refill=200.0)
FIBRE = dp.Fibre("acetylcholine", points=[(-90.0, 160.0, 0.0), (-30.0, 150.0, 0.0)], spacing=6.0, p=0.8)
PATCH = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=10.0, p=0.3, feedback=0.5)
EXPERIMENT = dp.Experiment(
    preset="passive", until=END,
    protocol=(
        protocols.pairing(start=40.0, dt=10, n=2, hz=20.0),
        dp.burst(VOLUME, start=60.03, n=3, hz=30.0),
        protocols.firing(site=FIBRE, start=20.0, duration=250.0, hz=20.0),
        dp.burst(PATCH, start=150.0, n=2, hz=20.0),
        protocols.dip(modulator="dopamine", start=100.0, duration=60.0),
        protocols.tone_step(modulator="noradrenaline", conc="50 nM", start=130.0),
    ),
    drugs=(dp.Drug(agent="cocaine", conc="10 uM", start=180.0), dp.Drug(agent="donepezil", conc="10 nM", stop=200.0)),
    tone={"dopamine": 2e-5, "acetylcholine": 1e-6}, medium={"dopamine": "dreyer"},
    parameters={"K_D": 2e-4, "k_c": 1e-3, "g0_D": 0.1, "e_0": 0.0, "x_D2": 0.5, "high_D1": 0.3, "low_D2": 0.3},
    numerics=dp.Numerics(dt=0.1, settle=0.0, relax=100.0, full=True),
    record=dp.Record(names=("da", "ach", "ne", "D1", "D2"), every_active=10.0, every_rest=10.0),
)  # fmt: skip
NAMES = ("tag_P", "tag_D", "gate", "early", "w")
STATES = ("D1", "D2", "D1_high", "D2_low", "alpha2", "M1", "da", "ach", "ne", *NAMES)


@pytest.fixture(scope="module")
def full():
    """Return the run in full, step by step."""
    return dp.run(fork_model(EXPERIMENT))


@pytest.fixture
def session():
    """Set the session for a live run, and give it back."""
    h.load_file("stdrun.hoc")
    before = h.dt, h.celsius
    h.dt, h.steps_per_ms = 0.1, 10
    yield
    h.dt, h.celsius = before


def begin():
    model = fork_model(EXPERIMENT)
    h.celsius = model.celsius
    h.finitialize(-70.0)
    return model


def values(model):
    return {name: np.array([getattr(p, name) for p in model.processes]) for name in STATES}


def to_the_end(model):
    while h.t < END - 1e-9:
        h.fadvance()


def by_psolve(model):
    pc = h.ParallelContext()
    pc.set_maxstep(10)
    h.finitialize(-70.0)
    pc.psolve(END)


def by_save_and_restore(model):
    """Go half of the way, save, go astray, restore, and go on."""
    h.continuerun(140.0)
    state = h.SaveState()
    state.save()
    h.continuerun(END)
    state.restore()
    assert h.t == pytest.approx(140.0, abs=1e-6)  # sums of steps of 0.1 ms
    h.continuerun(END)


@pytest.mark.parametrize(
    "go", [lambda m: h.continuerun(END), to_the_end, by_psolve, by_save_and_restore],
    ids=["continuerun", "fadvance", "psolve", "SaveState"],
)  # fmt: skip
def test_a_live_session_is_the_run_in_full(full, session, go):
    model = begin()
    go(model)
    found = values(model)
    for name in NAMES:
        # the same steps from the same start; an event off the grid of steps is rounded to it by either: rounding
        np.testing.assert_allclose(found[name], full.outcomes[name][-1], rtol=1e-9, atol=1e-15, err_msg=name)
    for name in ("D1", "D2"):
        np.testing.assert_allclose(found[name], full.traces[name][-1], rtol=1e-6, err_msg=name)  # stored in 32 bit


def test_this_run_has_everything_in_it(full):
    da, ne = full.traces["da"], full.traces["ne"]
    time = full.time
    reached, far = np.unique(full.deliveries.spine), 4
    assert far not in reached and len(reached)
    before = da[time < 100.0][-1, far]
    assert before == pytest.approx(2e-5, rel=1e-6)  # the declared tone, stored in 32 bit
    assert da[np.argmin(abs(time - 158.0)), far] < 0.45 * before  # pause of 60 ms, clearance of 59 ms
    assert da[-1, far] > 1.5 * before  # cocaine
    assert ne[-1, far] == pytest.approx(5e-5, rel=0.5) and full.traces["ach"].max() > 1e-6
    assert da[:, reached].max() > 3e-5


def test_windows_give_the_run_in_full(full):
    """Rests are second order in their steps: 1 % of the largest value, as without modulators."""
    windows = dp.run(fork_model(EXPERIMENT.replaced(numerics__full=False)))
    for name in NAMES:
        miss = np.abs(windows.outcomes[name][-1] - full.outcomes[name][-1])
        assert miss.max() <= 0.01 * np.abs(full.outcomes[name][-1]).max() + 1e-12, name


@pytest.mark.parametrize("cut", [120.0, 171.5, 190.0])
@pytest.mark.parametrize("whole", [True, False], ids=["full", "windows"])
def test_restart_is_continue(full, cut, whole):
    experiment = EXPERIMENT.replaced(numerics__full=whole)
    first = dp.run(fork_model(experiment), until=cut)
    again = dp.run(fork_model(experiment), state=first.state)
    once = full if whole else dp.run(fork_model(experiment))
    for name, expected in once.outcomes.items():
        np.testing.assert_array_equal(again.outcomes[name][-1], expected[-1], err_msg=name)


def test_spines_that_no_release_reaches_are_those_of_the_run_without():
    """Tone, pause and blocked uptake are the same everywhere, bit by bit, with and without releases.

    Weights are frozen: a changed synapse is heard by its neighbours through the dendrite.
    """
    experiment = EXPERIMENT.replaced(numerics=EXPERIMENT.numerics.replaced(full=False, plastic=False))
    quiet = experiment.replaced(protocol=tuple(p for p in experiment.protocol if not hasattr(p, "site")))
    one, two = dp.run(fork_model(experiment)), dp.run(fork_model(quiet))
    far = np.setdiff1d(np.arange(5), np.unique(one.deliveries.spine))
    assert len(far)
    for name, expected in two.outcomes.items():
        np.testing.assert_array_equal(one.outcomes[name][:, far], expected[:, far], err_msg=name)


def test_the_variable_step_is_refused(session):
    """The rule's scheme knows the step: NEURON itself says so when the variable step is asked for."""
    model = begin()
    cvode = h.CVode()
    try:
        with pytest.raises(RuntimeError):
            cvode.active(1)
            h.finitialize(-70.0)
    finally:
        cvode.active(0)
    assert model.processes


def test_a_result_with_sources_is_stored_and_read(full, tmp_path):
    full.save(tmp_path / "run.h5")
    again = dp.read(tmp_path / "run.h5")
    assert again.sites == full.sites and again.experiment == full.experiment


def test_replay_hears_sources_pauses_and_blockers():
    """A condition of a replay is the run in full of the same things (weights frozen, no feedback on calcium)."""
    pairing = protocols.pairing(start=40.0, dt=10, n=2, hz=5.0)
    numerics = dp.Numerics(dt=0.1, settle=20.0, relax=150.0, plastic=False)
    base = EXPERIMENT.replaced(numerics=numerics, protocol=(), drugs=(), until=1500.0)
    done = (
        dp.burst(VOLUME, start=560.0, n=3, hz=30.0), protocols.dip(modulator="dopamine", start=500.0, duration=200.0)
    )  # fmt: skip
    drugs = (dp.Drug(agent="cocaine", conc="1 uM", start=450.0),)
    recorded = dp.record(fork_model(base), pairing)
    _, outcome = dp.replay(recorded, [dp.Condition("all", done, drugs), dp.Condition("none")], until=1500.0)
    for k, (items, bath) in enumerate(((done, drugs), ((), ()))):
        # the recorded pairing is the first of the protocol, as in the run: the streams of releases are the same
        run = dp.run(fork_model(base.replaced(protocol=(pairing, *items), drugs=bath)))
        for name in ("tag_D", "D2", "D1"):
            if name in run.outcomes:
                found, expected = outcome[name][-1, k], run.outcomes[name][-1]
                np.testing.assert_allclose(found, expected, rtol=0.02, atol=1e-6, err_msg=name)  # coarser rests
