"""Fields solved ahead in runs: the same laws as for exponentials, in every backend, and in every kind of run."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402
from tiny import QUICK, fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols  # noqa: E402
from dendplast.presets import Tone  # noqa: E402
from dendplast.stepping import fixed_step  # noqa: E402

BACKENDS = ("auto", "soe", "green", "radial", "grid")
AHEAD = ("green", "radial", "grid")
NAMES = ("cai", "da", "D1", "PKA", "elig_P", "tag_P", "tag_D", "w", "gate")
TONE = Tone(dopamine="20 nM")
# as much as fills uptake: 1 uM at once, five times Km
SITE = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=6.0, density=0.1, p=0.7)
PAIR = protocols.pairing(start=20.0, dt=10, n=2, hz=10.0, n_pre=2)
BURST = dp.burst(SITE, start=60.3, n=3, hz=20.0)
LATE = dp.burst(SITE, start=900.0, n=1)


@pytest.fixture(scope="module", autouse=True)
def striatum(tmp_path_factory, repository):
    """Give the passive cell the tissue whose uptake is fast, so that fields are small and short."""
    text = (repository / "dendplast" / "presets" / "passive.toml").read_text("utf-8")
    path = tmp_path_factory.mktemp("preset") / "passive.toml"
    path.write_text('tissue = "striatum"\n' + text, encoding="utf-8")
    PRESET.append(str(path))
    yield
    PRESET.clear()


PRESET: list[str] = []


def model(*protocol, backend="auto", **changes):
    numerics = dp.Numerics(dt=0.1, settle=20.0, relax=300.0, plastic=False, field=backend, grid_h=4.0)
    experiment = dp.Experiment(
        preset=PRESET[0], protocol=(PAIR, *protocol), until=1300.0, tone=TONE, numerics=numerics,
        parameters=QUICK | {"A_basal": 0.0, "adenosine": 0.0, "k_c": 1e-3},
        record=dp.Record(names=NAMES, every_active=5.0, every_rest=50.0),
    ).replaced(**changes)  # fmt: skip
    return fork_model(experiment)


@pytest.fixture(scope="module")
def runs(striatum):
    """Return runs with a burst and a late release in every backend, and one without."""
    from dendplast.mechanisms import ensure_loaded

    ensure_loaded()
    found = {backend: dp.run(model(BURST, LATE, backend=backend)) for backend in BACKENDS}
    return found | {"none": dp.run(model())}


def reached(result):
    return np.unique(result.deliveries.spine)


def test_the_result_says_which_backend_and_why(runs):
    assert runs["auto"].provenance["field_dopamine"].startswith("radial: releases fill uptake to ")
    for backend in BACKENDS[1:]:
        assert runs[backend].provenance["field_dopamine"].startswith(f"{backend}: asked for")
    assert "nM at the walls" in runs["grid"].provenance["field_dopamine"]
    assert not [name for name in runs["none"].provenance if name.startswith("field_")]


@pytest.mark.parametrize("backend", AHEAD)
def test_spines_out_of_reach_are_bit_by_bit_those_of_the_run_without_release(runs, backend):
    beside, alone = runs[backend], runs["none"]
    near = reached(beside)
    far = np.setdiff1d(np.arange(5), near)
    assert len(near) and len(far)
    np.testing.assert_array_equal(beside.time, alone.time)
    for name in NAMES:
        np.testing.assert_array_equal(beside.traces[name][:, far], alone.traces[name][:, far], err_msg=name)
    for name, values in alone.outcomes.items():
        np.testing.assert_array_equal(beside.outcomes[name][:, far], values[:, far], err_msg=name)
    assert (beside.outcomes["gate"][-1, near] > alone.outcomes["gate"][-1, near]).all()
    before = beside.time <= 60.0  # of the first release, at 60.3 ms
    assert (beside.traces["da"][before] == np.float32(TONE.dopamine)).all()


def test_backends_agree_where_they_solve_the_same_equation(runs):
    near = np.intersect1d(reached(runs["green"]), reached(runs["soe"]))
    for linear, saturating in (("soe", False), ("grid", True)):
        reference = runs["radial" if saturating else "green"]
        found, exact = runs[linear].traces["da"][:, near], reference.traces["da"][:, near]
        top = (exact - TONE.dopamine).max(axis=0)
        # exponentials err by 2 % of the peak and act from the begin of the tick they arrive in, up to 0.7 ms
        # early, which is 4 % beside the patch; a grid of 4 um errs by 3 %
        assert (np.abs(found - exact).max(axis=0) < 0.07 * top + 1e-7).all(), linear
    rise = {b: (runs[b].traces["da"][:, near] - TONE.dopamine).sum(axis=0) for b in ("green", "radial")}
    assert (rise["radial"] > 1.2 * rise["green"]).all()  # uptake that saturates leaves more


@pytest.mark.parametrize("backend", AHEAD)
@pytest.mark.parametrize("cut", [61.0, 110.5, 905.2], ids=["in a burst", "in its tail", "after the late one"])
def test_restart_is_continue(runs, backend, cut):
    first = dp.run(model(BURST, LATE, backend=backend), until=cut)
    rest = dp.run(model(BURST, LATE, backend=backend), state=first.state)
    for name, values in runs[backend].outcomes.items():
        np.testing.assert_array_equal(rest.outcomes[name], values, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_release_there_is_exactly_the_tone_and_no_gate(backend):
    silent = dp.run(model(backend=backend))
    assert (silent.traces["da"] == np.float32(TONE.dopamine)).all()
    dry = dp.run(model(backend=backend, tone=Tone()))
    assert not dry.traces["da"].any() and not dry.outcomes["gate"].any()
    # a site that never releases is no release either
    mute = dp.burst(dp.Varicosity("dopamine", at=(-60.0, 160.0, 0.0), p=0.0), start=50.0)
    with_mute = dp.run(model(mute, backend=backend))
    assert (with_mute.traces["da"] == np.float32(TONE.dopamine)).all()
    np.testing.assert_array_equal(with_mute.outcomes["gate"], silent.outcomes["gate"])


@pytest.mark.parametrize("backend", AHEAD)
def test_a_live_session_gives_the_states_of_a_run_in_full(backend):
    built = model(BURST, backend=backend, numerics__full=True, numerics__settle=0.0, until=180.0)
    driven = dp.run(built)
    with fixed_step(0.1, built.preset.cell.celsius):
        h.finitialize(built.preset.cell.v_init)
        assert {p.da for p in built.processes} == {TONE.dopamine}  # before the first step
        while h.t < 180.0 - 1e-6:
            h.fadvance()
    for name in ("tag_P", "tag_D", "gate", "theta"):
        live = np.array([getattr(p, name) for p in built.processes])
        # the same steps and the same writes at the same ticks
        np.testing.assert_array_equal(live, driven.outcomes[name][-1], err_msg=name)


@pytest.mark.parametrize("backend", AHEAD)
def test_replay_is_the_run_it_was_recorded_from(backend):
    protocol = protocols.pairing(start=20.0, dt=10, n=2, hz=2.0, n_pre=2)
    late = LATE.replaced(start="end + 0.2 s")
    full = model(backend=backend, protocol=(protocol, late), until=2500.0)
    recorded = dp.record(full, protocol)
    _, outcome = dp.replay(recorded, [dp.Condition("none"), dp.Condition("late", releases=(late,))], 2500.0)
    found, expected = outcome["gate"][-1, 1], dp.run(full).outcomes["gate"][-1]
    # single precision of the recorded calcium, and steps of rests that begin elsewhere
    np.testing.assert_allclose(found, expected, rtol=0.02)
    near = dp.run(full).deliveries.spine
    assert (outcome["gate"][-1, 1, near] > outcome["gate"][-1, 0, near]).all()
