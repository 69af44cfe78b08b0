"""Timelines: sessions in NEURON and the weeks between are one history, whose spines keep their numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from tiny import LEFT, RIGHT, fork_model

import dendplast as dp
from dendplast.errors import ParameterError, SimulationError, StorageError
from dendplast.protocol import LowFrequency, Plateau, Release, Uncaging
from dendplast.timeline import Session, Timeline

pytest.importorskip("neuron")

MIN, H, DAY = 6e4, 3.6e6, 8.64e7
PLACES = np.r_[np.linspace(0.1, 0.9, 14), 0.2, 0.5, 0.8]
ALONE = {"q_ras": "0 um3/ms", "q_het": "0 um3/ms", "tau_late": 1e15}
"""What only the slow system has: neighbours and the decay of late weight."""
EXPERIMENT = dp.Experiment(
    preset="passive", spines=dp.Placement(calibrate=False), numerics=dp.Numerics(dt=0.1, settle=50.0), seed=2,
    # a passive cell in a slice's rule: EPSPs alone are enough, so that a session is short
    parameters={"K_P": "1.2 uM", "g0_P": 6.0, "th_prp": 0.2, "k_mu": 0.0, "H_spine": "0.2 /d", "w_theta": 0.0},
)  # fmt: skip
TRAIN = Uncaging(n=20, hz=5.0, amplitude=4.0, spines=(3, 4))


@pytest.fixture(scope="module")
def body():
    dp.ensure_loaded()
    model = fork_model(EXPERIMENT, (LEFT,) * 14 + (RIGHT,) * 3, PLACES)
    return {"cell": model.cell, "spines": model.spines}


def timeline(*sessions, **more):
    return Timeline(**({"experiment": EXPERIMENT, "sessions": sessions, "until": "3 d"} | more))


@pytest.fixture(scope="module")
def history(body):
    plan = timeline(
        Session(start="1 h", protocol=(TRAIN,)),
        Session(start="40 h", protocol=(TRAIN.replaced(spines=(3, 12)),)),
        at=("2 h", "20 h"),
    )
    return plan, dp.follow(plan, **body)


def test_a_session_changes_the_spines_it_drives_and_proteins_keep_the_change(history):
    _, h = history
    w, there = h.outcomes["w"], np.isfinite(h.outcomes["w"])
    assert (w[0] == 1)[there[0]].all()
    driven = np.isin(np.arange(17), (3, 4))
    assert w[1][:17][driven].min() > 1.3 > 1.1 > np.nanmax(w[1][:17][~driven])
    late = h.outcomes["late"][2][:17]
    assert late[driven].min() > 0.1 > np.nanmax(late[~driven])
    assert h.protein[1].max() > 0.01 and h.protein[0].max() == 0


def test_spines_keep_their_numbers_in_sessions(history):
    _, h = history
    n = len(h.born)
    assert n > 17 and (h.born[:17] == 0).all() and (h.born[17:] > 0).all()
    gone = h.lost < 40 * H
    assert gone.any()
    expected = np.flatnonzero((h.born < 40 * H) & ~gone)
    assert np.array_equal(h.run_spines[1], expected)
    run = h.runs[1]
    assert np.array_equal(run.spines.x, h.spines.x[expected])
    assert np.array_equal(run.spines.section, h.spines.section[expected])
    lives = h.time[:, None]
    there = (h.born <= lives) & (lives < h.lost)
    assert np.array_equal(np.isfinite(h.outcomes["w"]), there)


def test_heads_necks_and_channels_of_a_session_are_those_of_its_moment(history):
    _, h = history
    run, ids = h.runs[1], h.run_spines[1]
    k = int(np.flatnonzero(ids == 3)[0])
    before = h.outcomes["volume"][2, 3]  # at 20 h: the volume has followed the weight for long by then
    growth = run.spines.volume[k] / h.spines.volume[3]
    assert run.spines.volume[k] == pytest.approx(before, rel=0.1)
    assert growth > 1.1
    assert run.spines.R_neck[k] == pytest.approx(h.spines.R_neck[3] / np.sqrt(growth))
    assert run.conductances["g_vgcc"][k] == pytest.approx(h.runs[0].conductances["g_vgcc"][3] * growth ** (2 / 3))
    assert run.conductances["g_nmda"][k] == h.runs[0].conductances["g_nmda"][3]


def test_stopped_and_gone_on_is_the_run_that_did_not_stop(history, body):
    plan, whole = history
    part = dp.follow(plan, "30 h", **body)  # between two looks, off the grid of steps
    assert len(part.runs) == 1 and part.time[-1] == 20 * H
    again = dp.follow(plan, state=part.state, **body)
    for name, values in whole.outcomes.items():
        assert np.array_equal(values, again.outcomes[name], equal_nan=True), name
    assert np.array_equal(whole.lost, again.lost) and np.array_equal(whole.protein, again.protein)
    with pytest.raises(SimulationError, match="the state is of timeline"):
        dp.follow(plan.replaced(until=4 * DAY), state=part.state, **body)
    with pytest.raises(SimulationError, match="is at 1.08e[+]08 ms already"):
        dp.follow(plan, "2 h", state=part.state, **body)


def test_looking_changes_nothing(history, body):
    plan, whole = history
    fewer = dp.follow(plan.replaced(at=()), **body)
    for name, values in whole.outcomes.items():
        assert np.array_equal(values[-1], fewer.outcomes[name][-1], equal_nan=True), name


def test_a_session_is_the_run_of_dp_run(body):
    """One session right after the start, nothing shared: the same as the run without a timeline."""
    still = EXPERIMENT.replaced(parameters=EXPERIMENT.parameters | ALONE)
    site = dp.Patch("dopamine", center=tuple(body["spines"].xyz[4].tolist()), radius=8.0)
    protocol = (TRAIN.replaced(start="1 s"), Release(site=site, start="2 s", n=5, hz=2.0))
    plan = Timeline(
        experiment=still, sessions=(Session(start=0.0, protocol=protocol, last="5 min"),), until="5 min",
        proteins=False, structure=False,
    )  # fmt: skip
    found = dp.follow(plan, **body)
    direct = dp.run(dp.build(still.replaced(protocol=protocol, until="5 min"), **body))
    for name in ("tag_P", "early", "late", "w", "theta", "volume", "gate"):
        expected = direct.outcomes[name][-1]
        # the same steps in both; what spines share is zero, and written as such
        assert found.runs[0].outcomes[name][-1] == pytest.approx(expected, rel=1e-9, abs=1e-12), name
    # 20 s of rest in steps of their own from the end of the session on
    assert found.outcomes["tag_P"][-1] == pytest.approx(direct.outcomes["tag_P"][-1], rel=1e-9, abs=1e-12)
    assert direct.outcomes["tag_P"][-1].max() > 0.05


def test_drugs_keep_the_clock_of_the_timeline(body):
    """A block from before the session to after it acts in it; one that ends before does not."""
    train = Session(start="2 h", protocol=(TRAIN.replaced(spines=(3,)),))

    def tag(**drug):
        drugs = (dp.Drug(agent="AP5", conc="50 uM", **drug),) if drug else ()
        plan = timeline(train, until="130 min", drugs=drugs, structure=False)
        return dp.follow(plan, **body).outcomes["tag_P"][-1, 3]

    assert tag(start="1 h", stop="125 min") < 0.01 < 0.1 < tag()
    assert tag(start="1 h", stop="119 min") == pytest.approx(tag(), rel=1e-6)  # AP5 leaves nothing behind


def test_file_gives_it_back_and_xarray_opens_it(history, tmp_path):
    _, h = history
    path = h.save(tmp_path / "weeks.h5")
    again = dp.read_history(path)
    for name in ("timeline", "run_spines", "time", "born", "lost", "protein", "neighbour"):
        np.testing.assert_equal(getattr(again, name), getattr(h, name), err_msg=name)
    for name, values in h.outcomes.items():
        assert np.array_equal(again.outcomes[name], values, equal_nan=True)
    assert again.provenance == dict(h.provenance)
    assert again.runs[1].traces.keys() == h.runs[1].traces.keys()
    assert np.array_equal(again.runs[1].outcomes["w"], h.runs[1].outcomes["w"])
    for group, dims in (("outcome", {"outcome_time", "spine"}), ("shared", {"outcome_time", "segment"})):
        with xarray.open_dataset(path, engine="h5netcdf", group=group) as table:
            assert set(table.sizes) == dims
            assert all(v.attrs["units"] and v.attrs["long_name"] for v in table.variables.values())
    with xarray.open_dataset(path, engine="h5netcdf", group="sessions/1/spines") as table:
        assert np.array_equal(table["spine_id"], h.run_spines[1])
    run = tmp_path / "run.h5"
    h.runs[0].save(run)
    with pytest.raises(StorageError, match="holds no timeline"):
        dp.read_history(run)


def test_survival_counts_what_is_there(history):
    _, h = history
    curve = h.survival()
    assert curve.share[-1] == pytest.approx(np.isinf(h.lost[:17]).mean())
    later = h.survival(since=30 * H)
    assert later.at_risk[0] == np.count_nonzero((h.born <= 30 * H) & (h.lost > 30 * H))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"until": "1 h"}, "until = 3.6e[+]06 ms must not be before the session's end"),
        ({"at": ("61 min",)}, "at = 3.66e[+]06 ms: lies in the session from 3.6e[+]06 to"),
        ({"at": ("80 h",)}, "at = 2.88e[+]08 ms must be from 0 to until"),
        ({"sessions": [Session(start=t, protocol=(TRAIN,)) for t in (0, 5e4)]}, "begins before the one at 0 ms ends"),
        ({"experiment": EXPERIMENT.replaced(excitability=True)}, "experiment.excitability must be false"),
        ({"experiment": EXPERIMENT.replaced(protocol=(TRAIN,))}, "experiment.protocol must be empty: give it in"),
        ({"background": "-1 Hz"}, "background"),
        ({"untill": "3 d"}, "did you mean 'until'"),
    ],
)
def test_what_does_not_fit_is_refused(change, says):
    with pytest.raises(ParameterError, match=says):
        timeline(*change.pop("sessions", [Session(start="1 h", protocol=(TRAIN,))]), **change)


def test_spines_that_never_were_and_moments_in_sessions_are_refused(body):
    plan = timeline(Session(start="1 h", protocol=(TRAIN.replaced(spines=(99,)),)))
    with pytest.raises(ParameterError, match="there is no spine 99"):
        dp.follow(plan, **body)
    with pytest.raises(ParameterError, match="until = 3.61e[+]06 ms: lies in the session"):
        dp.follow(timeline(Session(start="1 h", protocol=(TRAIN,))), 3.61e6, **body)
    with pytest.raises(ParameterError, match="whole number"):
        Session(start=0.5, protocol=(TRAIN,))


def test_protocols_of_lost_spines_are_left_out():
    from dendplast.live import named, present

    session = Session(
        start=0,
        protocol=(
            LowFrequency(n=2, hz=1, spines=(1, 5)), LowFrequency(n=2, hz=1, spines=(2,)),
            Plateau(amplitude=0.1, at=5), Plateau(amplitude=0.1, at=2),
        ),
    )  # fmt: skip
    assert named(session).tolist() == [1, 2, 5]
    left = present(session, np.array([0, 1, 3, 5]))
    assert [getattr(p, "spines", None) or p.at for p in left] == [(1, 3), 3]
    assert left[1].start == 4000.0  # what is left out still takes its time


def test_a_timeline_is_its_toml(history):
    plan, h = history
    assert Timeline.from_toml(plan.to_toml()) == plan
    assert h.timeline == plan.to_toml()
    with pytest.raises(ParameterError, match="TOML text: sesions: unknown key"):
        Timeline.from_toml("until = '1 d'\nsesions = []\n")
