"""An experiment is its description: the same from Python and from TOML, with the same hash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dendplast as dp
from dendplast import protocols
from dendplast.drugs import AGENTS
from dendplast.errors import ParameterError

number = st.floats(0.1, 500)
times = st.one_of(st.floats(0, 1e6), st.sampled_from(["end", "end + 30 s", "2 min", "end - 1 ms"]))
spines = st.one_of(
    st.just("all"), st.lists(st.integers(0, 50), max_size=3).map(tuple),
    st.builds(dp.Selection, region=st.sampled_from(["basal", "apical", None]),
               n=st.one_of(st.none(), st.integers(1, 9))),
)  # fmt: skip
points = st.tuples(*[st.floats(-500, 500)] * 3)
sites = st.one_of(
    st.builds(lambda at: dp.Varicosity("dopamine", at=at, p=0.2), points),
    st.builds(lambda c, r: dp.Patch("noradrenaline", center=c, radius=r), points, st.floats(1, 100)),
)
protocol = st.one_of(
    st.builds(protocols.pairing, dt=st.floats(-100, 100), n=st.integers(1, 200), start=times, spines=spines),
    st.builds(protocols.uncaging, n=st.integers(1, 60), amplitude=st.floats(0, 10), start=times, spines=spines),
    st.builds(protocols.theta_burst, post=st.booleans(), start=times),
    st.builds(protocols.plateau, amplitude=st.floats(-1, 1), at=st.one_of(st.just("soma"), st.integers(0, 9))),
    st.builds(protocols.test_pulses, start=times),
    st.builds(protocols.low_frequency, start=times),
    st.builds(protocols.spikes, n=st.integers(1, 9), start=times),
    st.builds(dp.Release, site=sites, n=st.integers(1, 20), start=times),
)
drug = st.builds(dp.Drug, agent=st.sampled_from(sorted(AGENTS)), conc=st.floats(0, 1), wash=st.floats(0, 1e5))
placement = st.builds(
    dp.Placement, n=st.one_of(st.none(), st.integers(1, 100)), radius=st.one_of(st.none(), number),
    center=st.one_of(st.none(), points), form=st.sampled_from(["process", "sections"]), calibrate=st.booleans(),
)  # fmt: skip
experiments = st.builds(
    dp.Experiment,
    preset=st.sampled_from(["ca1", "dspn", "passive"]), spines=placement,
    protocol=st.lists(protocol, max_size=4).map(tuple), drugs=st.lists(drug, max_size=3).map(tuple),
    parameters=st.dictionaries(st.sampled_from(["K_P", "K_D", "k_c"]), st.floats(1e-4, 1e-2), max_size=3),
    until=times, seed=st.integers(0, 2**63 - 1),
    record=st.builds(dp.Record, every_rest=st.floats(1, 1e5), at=st.lists(times, max_size=3).map(tuple)),
)  # fmt: skip


@given(experiments)
@settings(max_examples=25)
def test_toml_keeps_the_experiment_and_its_hash(experiment):
    again = dp.Experiment.from_toml(experiment.to_toml() + "\n")
    assert again == experiment
    assert again.hash == experiment.hash
    assert again.to_toml() == experiment.to_toml()


@given(experiments, experiments)
@settings(max_examples=10)
def test_hashes_are_equal_when_descriptions_are(one, two):
    assert (one == two) == (one.hash == two.hash)
    assert one.replaced().hash == one.hash


def test_the_order_of_writing_does_not_matter():
    one = dp.Experiment(parameters={"K_P": 3e-3, "K_D": 1e-3}, seed=3)
    two = dp.Experiment(seed=3, parameters={"K_D": 1e-3, "K_P": 3e-3})
    assert one == two and one.hash == two.hash


def test_whole_numbers_and_floats_are_one_description():
    assert dp.Experiment(until=1000).hash == dp.Experiment(until=1000.0).hash
    assert dp.Numerics(settle=400) == dp.Numerics(settle=400.0)


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"numerics__dt": 0.05}, {"preset": "passive"}, {"until": 5.0}, {"spines__n": 3},
     {"protocol": (protocols.spikes(),)}, {"drugs": (dp.Drug(agent="AP5", conc=1e-3),)}, {"record__at": (3.0,)}],
    ids=str,
)  # fmt: skip
def test_every_change_changes_the_hash(change):
    assert dp.Experiment().replaced(**change).hash != dp.Experiment().hash


def test_units_are_converted_once():
    text = """
    until = "45 min"
    numerics.dt = "50 us"
    [[protocol]]
    kind = "pairing"
    dt = "-20 ms"
    hz = "12 /min"
    start = "1 s"
    [[drugs]]
    agent = "dopamine"
    conc = "20 uM"
    start = "10 min"
    stop = "0.5 h"
    wash = "30 s"
    """
    e = dp.Experiment.from_toml(text)
    # one product each: rounding
    assert e.numerics.dt == pytest.approx(0.05, rel=1e-15)
    assert (e.protocol[0].dt, e.protocol[0].start) == (-20.0, "1 s")
    assert 1e3 / e.protocol[0].hz == pytest.approx(5000.0, rel=1e-12) or e.protocol[0].hz == pytest.approx(0.2)
    d = e.drugs[0]
    assert (d.conc, d.start, d.stop, d.wash) == pytest.approx((0.02, 6e5, 1.8e6, 3e4), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed = 3\n", ("sed", "seed")),
        ("[numerics]\ndtt = 0.1\n", ("numerics", "dtt", "did you mean 'dt'")),
        ("[numerics]\ndt = 3.0\n", ("dt", "3.0", "at most 0.2")),
        ('[[protocol]]\nkind = "pairings"\ndt = 5\n', ("protocol", "pairings")),
        ('[[drugs]]\nagent = "coffee"\nconc = 1.0\n', ("coffee",)),
        ('[[drugs]]\nagent = "AP5"\nconc = "3 mV"\n', ("conc", "voltage", "concentration")),
        ("seed = \n", ("no valid TOML",)),
        ("seed = -1\n", ("seed", "-1", "at least 0")),
        ('until = "soon"\n', ("until", "soon")),
    ],
)
def test_a_wrong_text_is_said_in_one_sentence(text, words):
    with pytest.raises(ParameterError) as error:
        dp.Experiment.from_toml(text)
    assert "\n" not in str(error.value) and str(error.value).startswith("TOML text:")
    for word in words:
        assert word in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"nothing\.toml.*No such file"):
        dp.Experiment.from_toml(tmp_path / "nothing.toml")


def test_descriptions_are_frozen():
    with pytest.raises(Exception, match="frozen"):
        dp.Experiment().seed = 2
