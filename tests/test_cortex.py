"""The cortical presets: profiles that stretch, trees that are refused, a run of the whole machine, a calcium zone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("neuron")

import dendplast as dp  # noqa: E402
from dendplast import probes  # noqa: E402
from dendplast.bench import bench  # noqa: E402
from dendplast.build import build_cell_for  # noqa: E402
from dendplast.cell import build_cell  # noqa: E402
from dendplast.cells.coupling import Coupling  # noqa: E402
from dendplast.cells.targets import load_targets  # noqa: E402
from dendplast.errors import MorphologyError, ParameterError  # noqa: E402
from dendplast.geometry import Morphology, Neurite  # noqa: E402
from dendplast.morphology import load  # noqa: E402
from dendplast.presets import Profile, load_preset  # noqa: E402

CORTICAL = {"l5tt": "l5tt_1", "v1_l23": "l23_1"}
COARSE = {"dt": 0.05, "d_lambda": 0.5}
SHARED = os.environ.get("DENDPLAST_SHARED")


# --- profiles -----------------------------------------------------------------------------------------------

ZONE = Profile(kind="step", start="685 um", stop="885 um", outside="0.1", reach="1300 um", source="assumed: test")


@given(st.floats(100, 3000), st.floats(0, 1))
def test_a_stretched_profile_depends_on_the_share_of_the_tree_alone(tip, share):
    growth = Profile(kind="growth", amplitude="1.7", width="360 um", reach="1300 um", source="assumed: test")
    # 1e-12: the same number in other units; a few roundings
    assert growth(share * tip, tip) == pytest.approx(growth(share * 1300, 1300), rel=1e-12)
    inside = 685 / 1300 + 1e-9 < share < 885 / 1300 - 1e-9
    outside = share < 685 / 1300 - 1e-9 or share > 885 / 1300 + 1e-9
    if inside or outside:  # at the edges themselves rounding decides
        assert ZONE(share * tip, tip) == (1.0 if inside else 0.1)


def test_growth_is_the_published_curve_of_the_h_current():
    cell = load_preset("l5tt").cell.regions["apical"]["ih"]
    x = np.linspace(0, 1300, 14)
    published = 2e-4 * (-0.8696 + 2.087 * np.exp(3.6161 * x / 1300))
    # 1e-3: the preset writes the value at the soma and the share of the exponential with four digits
    assert cell.gbar * cell.profile(x, 1300.0) == pytest.approx(published, rel=1e-3)


def test_a_stretched_profile_needs_a_tree_to_stretch_to():
    with pytest.raises(ParameterError, match="apical tree"):
        ZONE(100.0)
    with pytest.raises(ParameterError, match="requires_apical"):
        load_preset("l5tt").cell.replaced(requires_apical=False)


@pytest.mark.parametrize("name", ["l5tt_1", "l5tt_2"])
def test_the_calcium_zone_holds_the_main_fork(name):
    """The fork whose smaller side carries most cable lies in the zone, on either tree."""
    tree, zone = load(name), load_preset("l5tt").cell.regions["apical"]["calva"].profile
    ends = tree.path_distances()
    beyond = np.array([n.length for n in tree.neurites])
    for i in range(len(beyond) - 1, -1, -1):
        if tree.neurites[i].parent >= 0:
            beyond[tree.neurites[i].parent] += beyond[i]
    sides = {i: sorted(beyond[j] for j, n in enumerate(tree.neurites) if n.parent == i) for i in range(len(beyond))}
    apical = [i for i, n in enumerate(tree.neurites) if n.kind == "apical" and len(sides[i]) > 1]
    fork = max(apical, key=lambda i: sides[i][-2])
    tip = max(end for end, n in zip(ends, tree.neurites, strict=True) if n.kind == "apical")
    assert zone(ends[fork], tip) == 1.0


# --- trees that do not fit ----------------------------------------------------------------------------------


def pyramid(height: float) -> Morphology:
    trunk, basal = np.array([[0, 9, 0], [0, 9 + height, 0]], float), np.array([[0, -9, 0], [0, -159, 0]], float)
    return Morphology(
        "pyramid", np.zeros(3), 18.0,
        (Neurite("apical", -1, trunk, np.array([3.0, 1.5])), Neurite("basal", -1, basal, np.array([1.0, 0.8]))),
    )  # fmt: skip


def test_a_tree_too_short_for_a_calcium_zone_is_refused_with_the_reason():
    with pytest.raises(MorphologyError, match="reaches 600 um or more, but this one ends 400 um"):
        build_cell(pyramid(400.0), load_preset("l5tt"))
    assert build_cell(pyramid(700.0), load_preset("l5tt"), 0.5)


@pytest.mark.parametrize("preset", CORTICAL)
def test_a_tree_without_apical_dendrite_is_refused(preset):
    with pytest.raises(MorphologyError, match="apical"):
        dp.build(dp.Experiment(preset=preset, morphology="dspn_1"))


@pytest.mark.skipif(not SHARED, reason="DENDPLAST_SHARED is not set: the reconstruction is not here")
def test_an_apical_tree_without_label_is_found():
    path = Path(SHARED or "", "morphologies", "l23_rat_j8_L23pc.CNG.swc")
    cell = build_cell_for(dp.Experiment(preset="v1_l23", morphology=str(path)), load_preset("v1_l23"))
    assert cell.regions["apical"]


def test_membrane_is_that_of_the_region():
    preset = load_preset("l5tt")
    cell = build_cell(pyramid(700.0), preset, 0.5)
    (basal,), soma = cell.regions["basal"], cell.soma
    assert (soma.cm, basal.cm) == (1.0, 2.0)
    assert (soma.g_pas, basal.g_pas) == (3.38e-5, 4.67e-5)


# --- the cells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", CORTICAL)
def test_targets_are_given_for_what_the_battery_measures(preset):
    assert {t.name for t in load_targets(preset).feature} >= {"v_rest", "R_in", "ap_width", "f_at", "bap"}


@pytest.mark.parametrize("preset", CORTICAL)
def test_one_pulse_makes_one_spike_that_fades_along_the_trunk(preset):
    cell = build_cell(load(CORTICAL[preset]), load_preset(preset), COARSE["d_lambda"])
    with bench(cell, COARSE["dt"]) as live:
        traces = probes.backpropagation(live, n=3)
        soma = traces.v[:, 0]
        assert ((soma[:-1] < -10) & (soma[1:] >= -10)).sum() == 3  # one for each pulse at 100 Hz
        height = traces.v.max(axis=0) - traces.v[0]
        far = {"l5tt": (300.0, 620.0, 800.0), "v1_l23": (50.0, 150.0, 250.0)}[preset]
        along = [height[0], *(probes.along(live.geometry, height, d) for d in far)]
        assert all(a > b for a, b in zip(along, along[1:], strict=False)), along


def test_a_spike_of_the_soma_lowers_the_threshold_of_the_calcium_spike():
    cell = build_cell(load("l5tt_1"), load_preset("l5tt"), COARSE["d_lambda"])
    with bench(cell, COARSE["dt"]) as live:
        coupling = Coupling(live)
        alone, helped = coupling.threshold(620.0), coupling.threshold(620.0, True)
        # 10.1038/18686 has 49 +- 17 % less; without coupling the two would be equal
        assert 0 < helped < 0.85 * alone
        assert coupling.ratio(620.0) == helped / alone
        spikes, hz = coupling.firing(620.0)
        # a burst of two to four spikes (10.1371/journal.pcbi.1002107: three at 101 Hz); the pulse alone makes one
        assert 2 <= spikes <= 4 and 50 < hz < 150
        assert coupling.firing(5000.0)[0] == 0
        assert np.isnan(coupling.threshold(5000.0))


# --- the whole machine --------------------------------------------------------------------------------------


def tags(preset: str, **changes) -> tuple[float, float]:
    """Return the largest tags of potentiation and depression after six pairings of six spines."""
    experiment = dp.Experiment(
        preset=preset, morphology=CORTICAL[preset], numerics=dp.Numerics(**COARSE, settle=200),
        spines=dp.Placement(n=6, path_max=200, region="apical"),
        protocol=(dp.protocols.pairing(dt=10, n=6, hz=5.0),), **changes,
    )  # fmt: skip
    table = dp.run(dp.build(experiment)).outcome
    return float(table["tag_P"].max()), float(table["tag_D"].max())


def test_visual_cortex_is_plastic_only_while_a_modulator_acts():
    # 10.1016/j.neuron.2007.08.013: exactly nothing without, as both basal gates are shut
    assert tags("v1_l23") == (0.0, 0.0)
    up, _ = tags("v1_l23", drugs=(dp.Drug(agent="isoproterenol", conc="10 uM"),))
    assert up > 0.01


def test_layer_5_is_plastic_in_a_plain_slice():
    assert max(tags("l5tt")) > 0.01
