"""History decides: prior modulators enlarge a later change, their absence raises its threshold, neighbours lower it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from dendplast.errors import ParameterError
from dendplast.presets import load_preset
from dendplast.studies.neighbours import HALF_TIME, WIDTH, Pair, crosstalk
from dendplast.studies.priming import absent, primed, threshold

VALUES = load_preset("ca1").parameters
MIN = 6e4


def test_prior_modulation_enlarges_a_later_change_within_hours_only():
    free, blocked = (primed(VALUES, (0.25, 6.0), 4, 1, block).mean(axis=1) for block in (False, True))
    assert free[1] > 1.5 * max(free[0], 0.02)  # what a weight of 1 can be told from
    assert free[2] < 0.02 and blocked.max() < 0.02


def test_long_absence_of_modulators_raises_the_threshold_unless_their_receptor_is_blocked():
    peaks = np.geomspace(1.5e-5, 1.5e-4, 8)
    found = {(d, b): threshold(peaks, absent(VALUES, peaks, d, 2, 1, b)) for d in (0.0, 7.0) for b in (False, True)}
    assert found[7.0, False] > 1.2 * found[0.0, False]
    assert found[7.0, True] == pytest.approx(found[0.0, True], rel=0.03)  # 1 uM leaves a thousandth of D1


PAIRS = {
    "near": Pair(0.5), "inside": Pair(2 / 3 * WIDTH / 2), "outside": Pair(4 / 3 * WIDTH / 2), "far": Pair(10.0),
    "early": Pair(wait=2 / 3 * HALF_TIME * MIN), "later": Pair(wait=4 / 3 * HALF_TIME * MIN),
    "alone": Pair(order=0), "before": Pair(order=-1), "apart": Pair(apart=True), "idle": Pair(weak=False),
}  # fmt: skip


@pytest.fixture(scope="module")
def pairs():
    return {name: found for name, *found in zip(PAIRS, *crosstalk(VALUES, list(PAIRS.values())), strict=True)}


def test_crosstalk_has_the_published_width_and_lasts_as_long(pairs):
    """HAR07-05 to 10 and 19 to 23; width and half time within a third."""
    strong, weak = (np.array([pairs[name][k] for name in ("near", "inside", "outside", "far")]) for k in (0, 1))
    assert strong.min() > 0.3
    assert weak[0] > 0.5 * strong[0]
    assert weak[1] > 0.5 * weak[0] > weak[2] and abs(weak[3]) < 0.05
    assert pairs["early"][1] > 0.5 * weak[0] > pairs["later"][1]


@pytest.mark.parametrize("name", ["alone", "before", "apart", "idle"])
def test_crosstalk_needs_the_neighbour_first_pulses_and_the_same_branch(pairs, name):
    assert abs(pairs[name][1]) < 0.02


def test_trains_that_overlap_are_refused():
    with pytest.raises(ParameterError, match="before the last has ended"):
        crosstalk(VALUES, [Pair(wait=1.5 * MIN), Pair(wait=2.0 * MIN)])
