"""Background activity: what it does to voltage, whom it spares, and that chance has a name."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import LEFT, RIGHT, fork_model

pytest.importorskip("neuron")

import dendplast as dp
from dendplast.bombardment import EXCITATION, INHIBITION, Bombardment
from dendplast.driver import Driver
from dendplast.stepping import fixed_step

NOISE = Bombardment(start=50.0, duration=400.0)


def model(*protocol, seed=2):
    dp.ensure_loaded()
    experiment = dp.Experiment(
        preset="passive", spines=dp.Placement(calibrate=False), numerics=dp.Numerics(dt=0.1, settle=50.0), seed=seed,
        protocol=protocol, until=600.0,
    )  # fmt: skip
    return fork_model(experiment, (LEFT, RIGHT), np.array([0.5, 0.5]))


def soma(built) -> np.ndarray:
    """Return the voltage of the soma each ms (mV)."""
    out = []
    with fixed_step(0.1, built.celsius):
        driver = built.driver = Driver(built)
        driver.start()
        for t in np.arange(1.0, 601.0):
            driver.to(t)
            out.append(built.cell.soma(0.5).v)
    return np.array(out)


def test_rates_are_those_of_the_membrane():
    tree = model().tree
    long = NOISE.replaced(duration=20_000.0)
    time, row, kind = long.events(tree, 0.0, 1, 0)
    area = tree.area[tree.region != "axon"].sum()
    for which, rate in ((EXCITATION, long.excitation), (INHIBITION, long.inhibition)):
        expected = rate / 100 * area * 20
        error = np.sqrt(long.synchrony * expected)  # of a Poisson number of volleys
        assert abs(np.count_nonzero(kind == which) - expected) < 4 * error
    assert (np.diff(time) >= 0).all() and 0 <= time[0] and time[-1] < 20_000
    assert not np.isin(row, np.flatnonzero(tree.region == "axon")).any()


@pytest.mark.parametrize("synchrony", [1, 20])
def test_synapses_release_together(synchrony):
    """Counts in bins have a variance of `synchrony` times their mean, all over the cell."""
    long = NOISE.replaced(duration=50_000.0, synchrony=synchrony)
    tree = model().tree
    time, row, kind = long.events(tree, 0.0, 1, 0)
    counts = np.histogram(time[kind == EXCITATION], np.arange(0, 50_001, 10.0))[0]
    # 5,000 bins: the ratio has a relative error of sqrt(2/5000) = 2 %, here five times that
    assert counts.var() / counts.mean() == pytest.approx(synchrony, rel=0.1)
    share = np.bincount(row, minlength=len(tree)) / len(row)
    area = np.where(tree.region == "axon", 0.0, tree.area)
    assert share == pytest.approx(area / area.sum(), abs=0.01)  # multinomial, 4 sigma of 50,000 or more events


def test_it_depolarises_and_the_cell_is_quiet_before_and_after():
    v = soma(model(NOISE))
    rest = v[:45].mean()
    during = v[150:440]
    assert np.ptp(v[:45]) < 0.01
    assert during.mean() > rest + 0.5 and during.std() > 0.1
    assert abs(v[-1] - rest) < 0.1 * (during.mean() - rest)  # five time constants of the membrane later


def test_the_same_seed_is_the_same_noise_and_another_is_not():
    a, b, c = (soma(model(NOISE, seed=seed)) for seed in (2, 2, 3))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_inhibition_alone_holds_the_cell_down():
    v = soma(model(NOISE.replaced(excitation=0.0, e_inhibition=-90.0)))
    assert v[150:440].mean() < v[:45].mean() - 0.5


def test_a_run_goes_on_in_the_middle_of_it_bit_by_bit():
    built = model(NOISE)
    with fixed_step(0.1, built.celsius):
        driver = built.driver = Driver(built)
        driver.start()
        driver.to(200.0)
        state = driver.state()
        driver.to(400.0)
        expected = driver.electric.get().copy()
        again = built.driver = Driver(built)
        again.restore(state)
        again.to(400.0)
        assert np.array_equal(again.electric.get(), expected)


def test_a_session_of_a_timeline_can_have_it():
    text = dp.Timeline(sessions=(dp.Session(start=0, protocol=(NOISE,)),)).to_toml()
    assert dp.Timeline.from_toml(text).sessions[0].protocol[0] == NOISE
