"""The battery of the cells: closed forms on passive cells, exact states, targets that are refused, tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast.cells import clusters, names_for, shipped_for
from dendplast.cells.features import FEATURES, kind
from dendplast.cells.record import Record
from dendplast.cells.table import markdown, summary, table
from dendplast.cells.targets import Target, Targets, load_targets, target_names
from dendplast.errors import MorphologyError, ParameterError, SimulationError
from dendplast.geometry import Morphology, Neurite
from dendplast.morphology import load
from dendplast.presets import load_preset

AT_REST = {"feature": ({"name": "v_rest", "unit": "mV", "mean": -70, "sd": 2, "source": "assumed: a test"},)}


def morphology(length: float = 300.0, apical: bool = True) -> Morphology:
    """Return a soma with one basal and one apical dendrite."""
    kinds = [("basal", -1.0, 0.5 * length), *([("apical", 1.0, length)] if apical else [])]
    neurites = tuple(
        Neurite(kind, -1, np.array([[0, side * 9, 0], [0, side * (9 + size), 0]]), np.array([2.0, 1.0]))
        for kind, side, size in kinds
    )
    return Morphology("tiny", np.zeros(3), 18.0, neurites)


@pytest.fixture
def on_bench(loaded):
    """Return a function that gives a bench, its sections and NEURON's settings to go with the test."""
    from contextlib import ExitStack

    from dendplast.bench import bench
    from dendplast.cell import build_cell

    with ExitStack() as stack:
        yield lambda preset, tree, dt=0.05: stack.enter_context(bench(build_cell(tree, load_preset(preset)), dt))


def measured(live):
    from dendplast.cells.measured import Measured

    return Measured(live, Targets(**AT_REST))


def test_passive_cell_has_its_closed_forms(on_bench):
    from dendplast.bench import SOMA

    live = on_bench("passive", morphology(length=20.0))
    m, cell = measured(live), live.cell.preset.cell
    area = sum(live.geometry.area) * 1e-8  # cm2
    assert m.rest == pytest.approx(cell.e_pas, abs=1e-3)  # the bench stops when the voltage moves by less
    # 0.2 %: the dendrites of 20 um, and the stub of an axon, are not quite at the voltage of the soma
    assert kind("R_in").value(m, None) == pytest.approx(1e-6 / (cell.g_pas * area), rel=2e-3)
    # 2 %: the fit of eFEL begins after the fast charging of the axon
    assert kind("tau_m").value(m, None) == pytest.approx(1e-3 * cell.cm / cell.g_pas, rel=0.02)
    assert kind("sag").value(m, None) == pytest.approx(0, abs=1e-3)
    assert live.geometry.region[SOMA] == "soma"


def test_epsp_attenuates_as_in_an_infinite_cable(on_bench):
    """From x to y of a uniform cable that is far longer, steady voltage falls by exp(-(y - x)/lambda)."""
    from dendplast.bench import steps

    tree = Morphology("cable", np.zeros(3), 2.0, (
        Neurite("apical", -1, np.array([[0, 1.0, 0], [0, 6001.0, 0]]), np.full(2, 2.0)),
        Neurite("axon", -1, np.array([[0, -1.0, 0], [0, -6001.0, 0]]), np.full(2, 2.0)),
    ))  # fmt: skip
    live = on_bench("passive", tree)
    cell = live.cell.preset.cell
    length = 1e4 * np.sqrt(2e-4 / (4 * cell.Ra * cell.g_pas))  # um
    row = int(np.flatnonzero(live.geometry.region == "apical")[20])
    run = live.run(400.0, {row: steps(0.05, 400.0, (0.0, 400.0, 0.05))}, [row, 0])
    rise = run.v[-1] - run.v[0]
    # 0.5 %: segments of a tenth of the AC length, and 400 ms are many membrane time constants but not all
    assert rise[1] / rise[0] == pytest.approx(np.exp(-live.geometry.path_distance[row] / length), rel=5e-3)


def test_every_run_begins_at_the_same_rest(on_bench):
    """With calcium pools too: the same stimulus gives the same bits after a burst as before it."""
    from dendplast import probes

    live = on_bench("ca1", morphology())
    before = probes.step(live, 0.2, 20.0).soma
    burst = probes.step(live, 1.0, 50.0).soma
    assert burst.max() > 0
    assert np.array_equal(probes.step(live, 0.2, 20.0).soma, before)


@pytest.mark.parametrize("distance", [290.0, 333.0, 371.0])
def test_what_is_injected_stays_at_its_place_when_segments_change(loaded, distance):
    from dendplast import probes
    from dendplast.bench import bench
    from dendplast.cell import build_cell

    height, share = [], []
    for d_lambda in (0.3, 0.02):
        with bench(build_cell(morphology(length=800.0), load_preset("passive"), d_lambda), 0.05) as live:
            soma = probes.coincidence(live, distance, 0.1, spike=False).soma
            height.append(soma.max() - soma[0])
            psp = probes.attenuation(live, [distance])
            share.append(float(psp.soma[0] / psp.local[0]))
    # 1 %: with all of it at the nearest centre, up to half a segment away, it is up to 4 %
    assert height[0] == pytest.approx(height[1], rel=0.01)
    # 2 %: an EPSC of 3 ms falls off within the length of these segments, which are three times the default
    assert share[0] == pytest.approx(share[1], rel=0.02)


FINE = ("v_rest", "R_in", "sag", "rheobase", "ap_threshold", "ap_amplitude", "ap_width", "latency")


@pytest.mark.slow
def test_halving_step_and_segments_moves_no_feature_by_more_than_two_percent(loaded):
    """The bar of the project, on a small cell with all channels of the preset; `ap_width` is 1.2 ms, 50 steps."""
    from dendplast import probes
    from dendplast.bench import bench
    from dendplast.cell import build_cell

    stems = [(1.0, 400.0, "apical"), *((-1.0, 180.0 + 10 * k, "basal") for k in range(4))]
    tree = Morphology("small", np.zeros(3), 18.0, tuple(
        Neurite(region, -1, np.array([[0, 9 * side, 0], [0, side * (9 + size), 0]]), np.array([3.0, 1.5]))
        for side, size, region in stems
    ))  # fmt: skip
    found = []
    for dt, d_lambda in ((0.025, 0.1), (0.0125, 0.05)):
        stimulus = {"duration": 100.0, "spike": 0.3}
        with bench(build_cell(tree, load_preset("ca1"), d_lambda), dt) as live:
            from dendplast.cells.measured import Measured

            m = Measured(live, Targets(stimulus=stimulus, **AT_REST))
            m.ladder = {}
            values = [kind(name).value(m, None) for name in FINE]
            found.append([*values, probes.along(live.geometry, m.bap, 150.0)])
    assert np.isfinite(found).all()
    assert np.allclose(*found, rtol=0.02, atol=0)


def test_cell_comes_back_to_rest_after_a_step_that_blocks_it(on_bench):
    """Calcium and persistent sodium currents that are too large would hold it up."""
    from dendplast import probes

    live = on_bench("ca1", load("ca1_1"))
    soma = probes.step(live, 0.8, 200.0).soma
    assert soma[-1] == pytest.approx(soma[0], abs=10)  # 100 ms later, in its afterhyperpolarisation


def test_rheobase_divides_silence_from_spikes(on_bench):
    from dendplast import probes

    live = on_bench("ca1", morphology())
    found = probes.rheobase(live, 100.0)
    assert not probes.fires(live, found * (1 - probes.PRECISION), 100.0)
    assert probes.fires(live, found * (1 + probes.PRECISION), 100.0)


def test_a_passive_cell_has_no_rheobase(on_bench):
    from dendplast import probes

    large = Morphology("large", np.zeros(3), 400.0, morphology().neurites)  # so that no current brings it above 0 mV
    with pytest.raises(SimulationError, match="does not spike"):
        probes.rheobase(on_bench("passive", large, dt=0.2), 20.0)


@pytest.mark.parametrize("tree", [morphology(apical=False), Morphology("ball", np.zeros(3), 18.0, ())])
def test_cell_that_lacks_what_the_preset_needs_is_refused(loaded, tree):
    from dendplast.cell import build_cell

    with pytest.raises(MorphologyError, match=r"needs an apical tree|has no dendrite"):
        build_cell(tree, load_preset("ca1"))


@given(st.floats(0.01, 2.5), st.floats(0.01, 2.5))
def test_bisection_finds_any_threshold(true, high):
    from dendplast import probes

    top = max(true, high) * 1.01
    found = probes._threshold(lambda current: current >= true, min(high, 0.5 * top), top)
    assert found == pytest.approx(true, rel=probes.PRECISION)  # half the bracket, which is as wide


@given(st.floats(0.2, 2.0), st.floats(2.5, 20.0), st.floats(-1, 1))
def test_synaptic_current_has_its_peak_and_charge(rise, decay, peak):
    from dendplast.bench import epsc

    dt, whole = 0.01, 40 * decay
    current = epsc(dt, whole, 1.0, rise, decay, peak)
    top = np.log(decay / rise) * rise * decay / (decay - rise)
    factor = np.exp(-top / decay) - np.exp(-top / rise)
    # 0.1 %: sampled every 0.01 ms; charge of a difference of exponentials is (decay - rise)/factor
    assert np.abs(current).max() == pytest.approx(abs(peak), rel=1e-3)
    assert current.sum() * dt == pytest.approx(peak * (decay - rise) / factor, rel=1e-3, abs=1e-12)


def test_trunk_and_interpolation():
    from synthetic import tree

    from dendplast.probes import along, crossings, trunk

    geometry = tree()
    names = {geometry.section_names[geometry.section[row]] for row in trunk(geometry)}
    assert names == {"trunk", "right"}  # the longer child
    for distance in (20.0, 70.0, 110.0):
        assert along(geometry, 3 * geometry.path_distance - 1, distance) == pytest.approx(3 * distance - 1)
        assert len(crossings(geometry, distance)) == 1
    assert np.isnan(along(geometry, geometry.path_distance, 1e4))


# ---- clusters --------------------------------------------------------------------------------------


def cluster(local: np.ndarray, soma: np.ndarray, expected: np.ndarray) -> object:
    from dendplast.spine_probes import Cluster

    n = np.arange(2, 2 + len(local))
    time = np.arange(0.0, 100.0, 0.5)
    shape = np.exp(-time / 20.0)[:, None]
    return Cluster("branch", n, expected, soma, shape * local, 0.1 * local, time)


def test_a_plateau_is_told_from_an_epsp_by_how_long_it_lasts():
    from dataclasses import replace

    n = np.arange(2, 20)
    short = cluster(2.0 * n, n, n)  # 14 ms wide at half height, however high
    assert np.isnan(clusters.threshold(short))
    held = np.where((n > 9) & (short.time[:, None] < 60), 40.0, short.local)
    long = replace(short, local=held)
    assert clusters.threshold(long) == 9.5  # between the last that is short and the first that lasts
    assert clusters.height(long) == 40.0
    assert clusters.duration(long) == pytest.approx(60, abs=0.5)  # sampled every 0.5 ms
    assert clusters.threshold(replace(long, local=held[:, 8:], n=n[8:])) == n[8]


@given(st.floats(3, 15))
def test_where_the_epsp_exceeds_its_parts(begin):
    n = np.arange(2.0, 20.0)
    # the ratio rises linearly from 1, so that it passes 1.1 one synapse after `begin`
    c = cluster(n, 0.2 * n * (1 + 0.1 * np.clip(n - begin, 0, None)), 0.2 * n)
    # a kink in the interval before bends the line that is drawn through it: half a synapse
    assert clusters.exceeds(c) == pytest.approx(begin + 1, abs=0.5)
    assert clusters.exceeds_at(c) == pytest.approx(0.2 * clusters.exceeds(c))
    assert clusters.duration(c) == pytest.approx(20 * np.log(2), abs=0.5)  # sampled every 0.5 ms
    assert clusters.spread(c) == pytest.approx(0.1)


# ---- targets and tables ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", target_names())
def test_targets_that_come_with_dendplast_are_valid(name):
    targets = load_targets(name)
    assert targets.feature and load_preset(name)
    assert all(t.source for t in targets.feature)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "v_rset"}, "did you mean 'v_rest'"),
        ({"name": "bap"}, "needs at"),
        ({"at": "50 um"}, "has no at"),
        ({"unit": "ms"}, "has unit mV"),
        ({"sd": 0}, "more than 0"),
        ({"source": "a paper"}, "must be a DOI"),
        ({"color": "red"}, "unknown key"),
    ],
)
def test_target_that_is_not_valid_is_refused(changes, words):
    good = {"name": "v_rest", "unit": "mV", "mean": -70.0, "sd": 2.0, "source": "10.1000/x"}
    Target(**good)
    with pytest.raises(ParameterError, match=words):
        Target(**(good | changes))


def test_targets_given_twice_or_no_toml_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="'v_rest' is given twice"):
        Targets(feature=2 * AT_REST["feature"])
    (tmp_path / "x.toml").write_text("feature = [")
    with pytest.raises(ParameterError, match="can not be read as TOML"):
        load_targets(tmp_path / "x.toml")


def record(value: float, name: str = "a") -> Record:
    nothing = np.zeros((0, 2))
    return Record("p", name, {"v_rest": value}, np.zeros(0), {}, nothing, nothing, np.zeros(0, bool), False)


@given(st.floats(-200, 100))
def test_distance_from_the_paper(value):
    frame = table([record(value)], Targets(**AT_REST))
    assert frame["z"].item() == pytest.approx((value + 70) / 2)
    assert summary(frame)["within"].item() == (abs(value + 70) <= 4)
    assert summary(frame)["beyond"].item() == (abs(value + 70) > 8)


def test_a_feature_that_a_cell_lacks_is_beyond_every_bound():
    frame = table([record(-69.0), record(np.nan, "b")], Targets(**AT_REST))
    assert summary(frame)["beyond"].tolist() == [0, 1]
    text = markdown(frame)
    assert "| -69 (+0.5) | none |" in text and "| 100 % | 0 % |" in text
    assert isinstance(frame, pd.DataFrame)


def test_names_of_features_are_explained():
    assert all(k.text and k.units for k in FEATURES.values())


def test_shipped_cells_of_a_preset():
    assert shipped_for("ca1") == ["ca1_1", "ca1_2"]
    assert shipped_for("v1_l23") == ["l23_1", "l23_2"]
    assert names_for("ca1", "x.swc") == ["x.swc"]
    with pytest.raises(ParameterError, match="no shipped morphology"):
        names_for("passive", None)
