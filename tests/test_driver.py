"""A run is the same run however it is cut, driven or watched."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import LEFT, fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import consolidate, driver, exchange, protocols, stepping  # noqa: E402
from dendplast.engine import Engine  # noqa: E402
from dendplast.errors import DendplastError, ParameterError, SimulationError  # noqa: E402

SITE = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=15.0)
END = 7e3
NUMERICS = dp.Numerics(dt=0.1, settle=20.0, relax=300.0)


@pytest.fixture(scope="module", autouse=True)
def _coarse_rests():
    """Take few steps in a rest: these laws hold for every grid, and hold faster on a coarse one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consolidate, "GROWTH", 0.3)
        yield


def experiment(**changes):
    """Two stretches of activity, a plateau under a spine, a release in a rest and one in a stretch, and drugs."""
    return dp.Experiment(
        preset="passive",
        parameters={"g0_D": 0.2, "k_c": 1e-3, "e_0": 0.0, "K_D": 1e-4, "K_P": 2e-4},
        protocol=(
            protocols.pairing(start=500.0, dt=10, n=3, hz=10.0, n_pre=2),
            protocols.plateau(start=1000.0, amplitude=0.2, duration=150.0, at=2),
            dp.burst(SITE, start=1700.03, n=2, hz=20.0),
            protocols.uncaging(start=4000.0, n=2, hz=10.0, amplitude=2.0, spines=(0, 3)),
            dp.burst(SITE, start=4050.98, n=2, hz=40.0),
        ),
        drugs=(
            dp.Drug(agent="SCH23390", conc="1 nM", start=900.0, stop=1790.0, wash=25.0),
            dp.Drug(agent="propranolol", conc="1 nM", stop=4020.0),
            dp.Drug(agent="AP5", conc="1 uM", start=4050.0, wash=60.0),
        ),
        tone={"noradrenaline": 1e-5},
        numerics=NUMERICS,
        record=dp.Record(names=("cai", "tag_D"), every_active=20.0, every_rest=500.0, at=(2500.0, 6500.0)),
        until=END,
    ).replaced(**changes)  # fmt: skip


def bytes_of(state):
    """Return a state as bytes: equal bytes are equal bit by bit."""
    def plain(value):
        if isinstance(value, np.ndarray):
            return (value.dtype.str, value.shape, value.tobytes())
        if isinstance(value, dict):
            return {k: plain(v) for k, v in sorted(value.items())}
        return [plain(v) for v in value] if isinstance(value, list | tuple) else value
    return pickle.dumps(plain(state))  # fmt: skip


def same(one, two):
    """Assert that two runs have the same outcomes at the end and the same state, bit by bit."""
    for name, values in two.outcomes.items():
        np.testing.assert_array_equal(one.outcomes[name][-1], values[-1], err_msg=name)
    for part in one.state:
        assert bytes_of(one.state[part]) == bytes_of(two.state[part]), part


def go(until=END, state=None, model=None, **changes):
    return dp.run(model or fork_model(experiment(**changes)), until=until, state=state)


@cache
def whole(full=False):
    return go(numerics=NUMERICS.replaced(full=full))


@given(st.one_of(st.floats(0.0, END), st.integers(0, int(END)).map(float)))
@example(0.0)
@example(550.0)  # in a stretch, between the spikes of a burst
@example(1033.0)  # while the plateau is on
@example(1034.7)  # off the grid of ticks
@example(1744.0)  # while a release arrives
@example(1800.0)  # in a rest, while the bath empties
@example(3000.0)  # in a rest
@example(4051.0)  # where a release 0.02 ms earlier is rounded to
@example(4071.0)  # in a stretch, while the bath fills
@settings(max_examples=4)
def test_restart_is_continue(cut):
    first = go(cut)
    same(go(END, first.state), whole())


@pytest.mark.parametrize("cut", [0.0, 777.0, 1100.0, 1744.3, 4061.0])
def test_restart_is_continue_in_full(cut):
    numerics = NUMERICS.replaced(full=True)
    first = go(cut, numerics=numerics)
    same(go(2000.0, first.state, numerics=numerics) if cut < 2000.0 else go(END, first.state, numerics=numerics),
         go(2000.0, numerics=numerics) if cut < 2000.0 else whole(True))  # fmt: skip


def test_a_state_may_be_pickled_and_the_run_that_gave_it_is_not_changed_by_going_on():
    first = go(1050.0)
    before = bytes_of(first.state)
    kept = pickle.loads(pickle.dumps(first.state))
    same(go(END, first.state), whole())
    assert bytes_of(first.state) == before
    same(go(END, kept), whole())


@pytest.mark.parametrize("compiled", [False, True])
def test_many_cuts_are_no_cut(compiled, monkeypatch):
    """Whether rests are moved by the rule in numpy, step by step, or by the compiled one, many steps at once."""
    if compiled:
        monkeypatch.setattr(exchange, "COMPILED", 0)
    state = None
    for until in (300.0, 600.5, 1050.0, 1400.0, 1730.0, 3999.0, 4050.5, 4100.0, END):
        result = go(until, state)
        state = result.state
    same(result, go() if compiled else whole())


def test_the_release_and_the_activity_of_this_run_do_something():
    last = {k: v[-1] for k, v in whole().outcomes.items()}
    assert last["tag_D"].min() > 1e-3 and last["gate"].max() > 1e-4 and last["cai_peak"].min() > 2e-4


def test_outcomes_before_the_state_are_not_made_up():
    """A run that goes on has no outcome of a time that lies before it began."""
    later = go(END, go(3000.0).state)
    assert later.outcome_time.tolist() == [6500.0, END]
    np.testing.assert_array_equal(later.outcomes["tag_D"][0], whole().outcomes["tag_D"][1])


def test_going_on_to_an_earlier_time_is_refused():
    first = go(3000.0)
    with pytest.raises(DendplastError, match="1000"):
        go(1000.0, first.state)


def test_a_state_of_another_experiment_is_refused():
    first = go(300.0)
    with pytest.raises(SimulationError, match="experiment"):
        go(END, first.state, seed=2)


def test_asked_times_do_not_change_the_run():
    record = experiment().record.replaced(at=(100.0, 550.0, 1033.0, 1730.0, 3000.0, 4062.0))
    other = go(record=record)
    for name, values in whole().outcomes.items():
        np.testing.assert_array_equal(other.outcomes[name][-1], values[-1], err_msg=name)


@pytest.mark.parametrize("every", [(5.0, 100.0), (20.0, 1e6), (7.0, 333.0)])
def test_watching_does_not_change_the_run(every):
    other = go(record=experiment().record.replaced(every_active=every[0], every_rest=every[1]))
    for name, values in whole().outcomes.items():
        np.testing.assert_array_equal(other.outcomes[name], values, err_msg=name)


def test_telling_progress_does_not_change_the_run():
    told = []
    other = dp.run(fork_model(experiment()), until=END, progress=lambda t, end: told.append((t, end)))
    same(other, whole())
    times = [t for t, _ in told]
    assert times == sorted(times) and told[-1] == (END, END)


def test_steps_are_handed_out_in_long_pieces_where_events_leave_no_room_for_calm(monkeypatch):
    def run():
        model = fork_model(experiment(protocol=(protocols.pairing(n=30, hz=12.0, dt=10.0),), drugs=(), tone=None))
        with stepping.fixed_step(NUMERICS.dt, 22.0):
            moved = driver.Driver(model)
            model.driver = moved
            moved.start()
            pieces = []
            count = lambda n: (pieces.append(n), stepping.forward(n))  # noqa: E731
            monkeypatch.setattr(moved, "engine", Engine("counted", "", count))
            moved.to(3000.0)
        return pieces, moved.state()

    long, state = run()
    monkeypatch.setattr(driver, "LONGEST", 0.0)  # as if calm could come at any time
    short, same_state = run()
    assert sum(long) == sum(short) and bytes_of(state) == bytes_of(same_state)
    assert len(short) > 100 and len(long) < 20  # the train takes three; what follows it is looked at every 20 ms


@pytest.mark.parametrize("edge", [518.0, 4038.0])
def test_a_bath_that_changes_on_the_grid_of_chunks_is_seen(edge):
    """Stretches begin 2 ms before their event and are cut every 20 ms: a change at such a cut is not missed."""
    drugs = (dp.Drug(agent="AP5", conc="1 mM", start=edge),)
    record = experiment().record.replaced(every_active=20.0)
    at, before = (go(drugs=(d,), record=record, until=4500.0) for d in (drugs[0], drugs[0].replaced(start=edge - 1)))
    free = go(drugs=(), record=record, until=4500.0)
    blocked = [r.state["slow"]["tag_D"] for r in (free, at, before)]
    # one millisecond more of block is a small part of what the block does
    assert np.abs(blocked[1] - blocked[2]).max() < 0.1 * np.abs(blocked[0] - blocked[2]).max()


def test_a_stretch_lasts_as_long_as_its_current():
    """A step longer than `relax` is no rest: the leak has to balance it to its end."""
    step = protocols.plateau(start=100.0, amplitude=0.05, duration=900.0)
    result = go(1500.0, protocol=(step,), drugs=(), record=dp.Record(names=("cai",), every_active=20.0))
    during = (result.time > 200.0) & (result.time < 999.0)
    assert during.sum() >= 39  # every 20 ms
    v = result.soma_v[during]
    # the passive cell has charged within 100 ms (7 time constants of 15 ms); 1e-3 of the step is left
    assert np.ptp(v) < 1e-3 * (v[-1] + 70.0) and v[-1] > -69.0


def test_two_builds_run_bit_by_bit_alike():
    same(go(), whole())


def test_running_twice_is_running_once():
    model = fork_model(experiment())
    go(model=model)
    same(go(model=model), whole())


def test_a_bad_name_to_record_is_named():
    with pytest.raises(ParameterError, match="nonsense"):
        go(record=dp.Record(names=("nonsense",)))


# --- order of spines, and strangers -----------------------------------------------------------------------


@given(st.permutations(range(5)))
@settings(max_examples=2)
def test_permuting_the_spines_permutes_the_results(order):
    order = np.array(order)
    plain = experiment(protocol=tuple(
        p.replaced(spines=(0, 1, 2, 3, 4)) if hasattr(p, "spines") else p for p in experiment().protocol
    ), until=2500.0)  # fmt: skip
    back = np.argsort(order)
    moved = plain.replaced(protocol=tuple(
        p.replaced(at=int(back[p.at])) if getattr(p, "at", "soma") != "soma" else p for p in plain.protocol
    ))  # fmt: skip
    one = dp.run(fork_model(plain))
    two = dp.run(fork_model(moved, order=order))
    for name, values in one.outcomes.items():
        # NEURON adds the currents of spines on one segment in the order in which they were made: rounding of a
        # sum, 1e-16 of itself, carried through at most 1e4 steps of a contracting membrane
        np.testing.assert_allclose(two.outcomes[name], values[:, order], rtol=1e-9, atol=1e-15, err_msg=name)
    for name in ("cai", "tag_D"):
        np.testing.assert_allclose(two.traces[name], one.traces[name][:, order], rtol=1e-6)  # stored in float32


def test_spines_on_segments_of_their_own_permute_bit_by_bit():
    spots = {"section": (LEFT, 3, 4), "x": (0.5, 0.5, 0.5)}
    done = {}
    for order in ((0, 1, 2), (2, 0, 1)):
        which = np.array(order)
        protocol = (protocols.pairing(start=500.0, dt=10, n=3, hz=10.0, n_pre=2), dp.burst(SITE, start=900.0))
        done[order] = dp.run(fork_model(experiment(protocol=protocol), order=which, **spots), until=2500.0)
    for name, values in done[0, 1, 2].outcomes.items():
        np.testing.assert_array_equal(done[2, 0, 1].outcomes[name], values[:, [2, 0, 1]], err_msg=name)


def test_another_cell_in_the_session_changes_nothing():
    from neuron import h

    other = fork_model(experiment(protocol=(protocols.pairing(dt=10, n=3),)), section=(LEFT, LEFT), x=(0.2, 0.6))
    stranger = h.Section(name="stranger")
    stranger.insert("hh")
    clamp = h.IClamp(stranger(0.5))
    clamp.delay, clamp.dur, clamp.amp = 1.0, 1e9, 0.1
    result = go()
    for name, values in whole().outcomes.items():
        np.testing.assert_array_equal(result.outcomes[name], values, err_msg=name)
    assert len(other.processes) == 2


def test_no_state_is_left_out_of_what_counts_as_calm():
    """Each state in turn, moved from rest by twice what counts as near, keeps the window open."""
    from dendplast.driver import GATES, Driver
    from dendplast.stepping import fixed_step

    model = fork_model(experiment(protocol=(), drugs=()))
    model.cell.sections[-1].insert("dp_sk")  # has a gate and sees calcium
    numerics = model.experiment.numerics
    model.driver = driver = Driver(model)
    with fixed_step(numerics.dt, model.celsius):
        driver.start()
    assert driver.excess() == 0
    last = model.cell.sections[-1](0.5)
    kinds = ((last._ref_v, numerics.calm_v), (last._ref_cai, numerics.calm), (last.dp_sk._ref_o, numerics.calm_gate))
    spine = model.processes[-1]
    kinds += ((spine._ref_vhead, numerics.calm_v), (spine._ref_cai, numerics.calm))
    kinds += tuple((getattr(spine, f"_ref_{gate}"), numerics.calm_gate) for gate in GATES)
    for reference, near in kinds:
        before = reference[0]
        reference[0] = before + 2 * near
        assert driver.excess() == pytest.approx(2, rel=1e-6)  # the difference of two numbers near 70
        reference[0] = before
    model.driver = None


def test_a_changed_number_reaches_a_rule_that_is_compiled_already(monkeypatch):
    """A timeline moves thresholds while a session runs."""
    from dendplast.driver import Driver

    monkeypatch.setattr(exchange, "COMPILED", 1)
    moved = []
    for late in (False, True):
        model = fork_model(experiment(drugs=()))
        hands = Driver(model).exchange
        if late:
            hands.gather()
        hands.change("K_P", np.full(len(model.spines), 1e-4))
        for group, engine in zip(hands.groups, hands.gather(), strict=True):
            engine.through(0.0, np.array([50.0, 100.0]), np.full(len(group), 3e-4))
        moved.append(hands.join("kinase"))
    np.testing.assert_array_equal(*moved)


def test_the_calcium_of_a_pool_is_part_of_the_state_a_cell_returns_to():
    """A pool with a time constant of half a second would else carry one train into the next."""
    from dendplast.slots import Slots, cell_references

    dp.ensure_loaded()
    section = h.Section(name="pool")
    section.insert("dp_capool")
    h.finitialize(-70)
    state = Slots(cell_references([section]))
    rest = state.get()
    section(0.5).cai = 5e-3
    state.set(rest)
    assert section(0.5).cai == section(0.5).dp_capool.cainf
