"""Replay: calcium recorded once gives what the run gives, for one condition or for many at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("neuron")

from tiny import QUICK, fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import protocols, rule  # noqa: E402
from dendplast.consolidate import Engine, Inflow  # noqa: E402
from dendplast.diffusion import soe_rates  # noqa: E402
from dendplast.errors import ParameterError  # noqa: E402
from dendplast.release import SoeSettings  # noqa: E402
from dendplast.replay import _supply, replay  # noqa: E402
from dendplast.replay_steps import Steps, blocks  # noqa: E402

SITE = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=15.0, density=0.1, p=0.5)
FAR = dp.Patch("acetylcholine", center=(120.0, 190.0, 0.0), radius=15.0, density=0.1, p=0.5)
PARAMETERS = {"K_D": 2e-4, "K_P": 3e-4, "k_c": 1e-3, "g0_D": 0.1, "e_0": 1e-3, "K_A": 0.2}
PAIRING = protocols.pairing(start=200.0, dt=10, n=2, hz=2.0, n_pre=2)
BURST = dp.burst(SITE, start="end + 1 s", n=5, hz=20.0)
UPTAKE = dict.fromkeys(("da", "ach", "ne"), np.nan)  # not read: the bath says it


def model(*protocol, **changes):
    experiment = dp.Experiment(
        preset="passive", parameters=PARAMETERS, protocol=protocol,
        numerics=dp.Numerics(dt=0.1, settle=50.0, relax=300.0, plastic=False),
    ).replaced(**changes)  # fmt: skip
    return fork_model(experiment)


@pytest.fixture(scope="module")
def recorded():
    return dp.record(model(), PAIRING)


CONDITIONS = (
    dp.Condition("none"),
    dp.Condition("dopamine", releases=(BURST,)),
    dp.Condition("blocked", releases=(BURST,), drugs=(dp.Drug(agent="SCH23390", conc="100 nM"),)),
    dp.Condition("bath", drugs=(dp.Drug(agent="dopamine", conc="5 uM", start=500.0, stop=1500.0),)),
    dp.Condition("other", releases=(dp.burst(FAR, start=3000.0, n=3),), parameters={"K_P": 4e-4, "tau_A": 2000.0}),
    dp.Condition("silent", releases=(BURST,), active=False),
)


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_replay_is_the_run_it_was_recorded_from(recorded, k):
    condition = CONDITIONS[k]
    _, out = replay(recorded, [condition], "end + 3 s")
    run = dp.run(model(PAIRING, *condition.releases, drugs=condition.drugs), until=PAIRING.end(200.0) + 3000.0)
    for name in ("tag_P", "tag_D", "early", "prp", "theta", "w"):
        whole = run.outcomes[name][-1]
        if name == "w":
            whole = 1 + run.outcomes["early"][-1] + run.outcomes["late"][-1]  # frozen weights stay 1 in the run
        # calcium is kept in single precision (6e-8) and units begin on whole ms; steps of a rest differ
        # 1e-4 of a tag seen at most; weights of a few per mille differ by 2e-6
        np.testing.assert_allclose(out[name][-1, 0], whole, rtol=1e-3, atol=5e-6, err_msg=name)
    assert np.abs(run.outcomes["tag_D"][-1]).max() > 1e-3


def test_many_conditions_at_once_are_each_alone(recorded):
    """Bit by bit: neither steps nor states of a condition depend on the others."""
    times, together = replay(recorded, CONDITIONS, "end + 1500 ms", at=["end"])
    for k, condition in enumerate(CONDITIONS):
        alone_times, alone = replay(recorded, [condition], "end + 1500 ms", at=["end"])
        np.testing.assert_array_equal(times, alone_times)
        for name, values in alone.items():
            np.testing.assert_array_equal(together[name][:, k], values[:, 0], err_msg=f"{condition.label} {name}")


def test_a_spine_that_no_release_reaches_is_that_of_the_control(recorded):
    """Bit by bit, and the reached ones are not."""
    _, out = replay(recorded, CONDITIONS[:2], "end + 1500 ms")
    reached = _supply(recorded, CONDITIONS[1], recorded.parameters.flat()).field.reached
    far = np.setdiff1d(np.arange(len(recorded.spines)), reached)
    assert len(reached) and len(far)
    for name, values in out.items():
        np.testing.assert_array_equal(values[:, 1, far], values[:, 0, far], err_msg=name)
    assert (out["PKA"][0, 1, reached] > out["PKA"][0, 0, reached]).all()


@pytest.mark.parametrize("field", ["soe", "radial"])
@pytest.mark.parametrize("k", range(len(CONDITIONS)))
def test_a_replay_is_the_engine_step_by_step(recorded, field, k):
    """Every spine against the numpy engine on that spine alone, over the same steps."""
    condition, recorded = CONDITIONS[k], replace(recorded, field=field)
    values = recorded.parameters.replaced(condition.parameters).flat()
    until = recorded.protocol.end(200.0) + 1500.0
    whole = rule.parameters(values, recorded.spines.volume, recorded.ca_scale)
    sizes = blocks(recorded.cai, recorded.pre, recorded.rest, whole)
    begins = np.concatenate([[0], np.cumsum(sizes)])
    _, out = replay(recorded, [condition], until)
    for i in range(len(recorded.spines)):
        supply = _supply(recorded, condition, values).at(recorded.spines.xyz[[i]])
        engine = Engine(
            rule.parameters(values, recorded.spines.volume[[i]], recorded.ca_scale[[i]]), (1,),
            soe_rates(SoeSettings()), UPTAKE, supply.bath, supply.bath_times, supply.arrivals,
            [Inflow((c.spine,), c) for c in supply.field.courses],
        )  # fmt: skip
        steps = Steps.of(recorded.onsets, sizes, [until], supply.bath_times(0.0, until))
        t, rest = 0.0, recorded.rest[[i]]
        for end, row, tick in zip(*steps[:3], strict=True):
            ca, pre = rest, 0.0
            if condition.active and row < len(sizes):
                ticks = slice(begins[row], begins[row + 1])
                ca, pre = recorded.cai[ticks, [i]].astype(float).mean(axis=0), recorded.pre[ticks, [i]].sum(axis=0)
            if tick:
                engine.tick(t, ca, pre=pre)
            else:
                engine.rest(t, end, ca)
            t = float(end)
        for name in rule.State.NAMES:
            # the same steps in double precision: some ten thousand roundings of 2e-16
            np.testing.assert_allclose(out[name][-1, 0, i], engine.y[name][0], rtol=1e-9, atol=1e-13, err_msg=name)


def test_silent_cells_make_no_tag(recorded):
    parameters = {"g0_D": 0.0, "e_0": 0.6}  # above what T-type channels let in at rest, under this quick rule
    _, out = replay(
        recorded, [dp.Condition("silent", releases=(BURST,), parameters=parameters, active=False)], "end + 5 s"
    )
    assert not out["tag_P"].any() and not out["tag_D"].any()


def test_times_are_those_that_were_asked(recorded):
    times, out = replay(recorded, CONDITIONS[:2], "end + 1 s", at=[0.5, "end", "end + 0.5 s", 900.0])
    end = PAIRING.end(200.0)
    assert times.tolist() == [0.5, 900.0, end, end + 500.0, end + 1000.0]
    assert all(values.shape == (5, 2, 5) for values in out.values())
    assert 0 < out["kinase"][0].max() < 1e-3 < out["kinase"][1].max()  # before and inside the second pairing


def test_what_is_kept_at_a_time_does_not_depend_on_what_else_is_asked(recorded):
    """Outcomes inside a recorded unit, at its edges and in the rest after it are those asked for alone."""
    first = float(recorded.onsets[0])
    asked = [0.0, first, first + 5.0, first + 40.5, float(recorded.onsets[1]), 1150.0]
    _, together = replay(recorded, CONDITIONS[1:2], 1150.0, at=asked)
    for k, t in enumerate(asked):
        times, alone = replay(recorded, CONDITIONS[1:2], t)
        assert times.tolist() == [t]
        for name in ("kinase", "elig_D", "theta"):
            # a rest ends on the asked time, so its steps differ: second order in steps of GROWTH
            np.testing.assert_allclose(together[name][k], alone[name][-1], rtol=1e-3, atol=1e-9, err_msg=name)


def test_what_was_applied_before_is_not_recorded_and_comes_back(recorded):
    busy = model(BURST.replaced(start=100.0), protocols.plateau(start=150.0, amplitude=0.5))
    again = dp.record(busy, PAIRING)
    np.testing.assert_array_equal(again.cai, recorded.cai)
    assert len(busy.experiment.protocol) == 2 and len(busy.field.reached)


def test_units_too_close_to_rest_in_between_are_refused():
    with pytest.raises(ParameterError, match="run in full"):
        dp.record(model(), protocols.pairing(dt=10, n=20, hz=20.0, trains=2, train_interval=500.0))


def test_no_condition_is_refused(recorded):
    with pytest.raises(ParameterError, match="no condition"):
        replay(recorded, [], "end + 5 s")


def test_quick_parameters_are_known():
    """The sped-up rule of the tests names parameters that exist."""
    from dendplast.parameters import Parameters

    assert set(QUICK) <= set(Parameters().flat())
