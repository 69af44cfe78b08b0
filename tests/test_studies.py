"""What studies compute from their results: fractions, distances, intervals; the studies' own descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast.studies.registry import STUDIES

pytest.importorskip("neuron")


def test_half_distance_of_a_sharp_edge_is_the_edge():
    from dendplast.studies.space import fractions

    distance = np.linspace(0.01, 40, 4000)
    found = fractions(distance, distance < 11.0)
    assert found["core"] == 1.0
    assert found["far"] == 0.0
    # bins are 2.5 um wide, and the share falls linearly between their centres
    assert found["half"] == pytest.approx(11.0, abs=1.25)


def test_nothing_tagged_has_no_half_distance():
    from dendplast.studies.space import fractions

    found = fractions(np.linspace(0, 40, 100), np.zeros(100, bool))
    assert np.isnan(found["half"])
    assert found["core"] == found["far"] == 0.0


@given(st.integers(1, 300), st.data())
def test_wilson_interval_holds_the_share_and_stays_a_share(n, data):
    from dendplast.studies.space_figure import wilson

    k = data.draw(st.integers(0, n))
    low, high = wilson(np.array([k / n]), np.array([n]))
    # rounding of a root of a square
    assert -1e-9 <= low[0] <= k / n + 1e-9
    assert k / n - 1e-9 <= high[0] <= 1 + 1e-9


def test_wilson_interval_is_that_of_the_textbook():
    from dendplast.studies.space_figure import wilson

    # 10.1080/01621459.1927.10502953 for 0 of 20 at 95 %: 0 to z^2/(n + z^2)
    low, high = wilson(np.array([0.0]), np.array([20]))
    assert low[0] == pytest.approx(0, abs=1e-12)
    assert high[0] == pytest.approx(1.96**2 / (20 + 1.96**2))


@pytest.mark.parametrize("name", STUDIES)
def test_jobs_of_a_study_have_own_names_and_stable_hashes(name):
    from dendplast.studies.registry import study

    for quick in (True, False):
        jobs = study(name).jobs(quick)
        assert len({job.label for job in jobs}) == len(jobs)
        assert [job.hash for job in jobs] == [job.hash for job in study(name).jobs(quick)]


def test_every_space_run_has_the_same_activity():
    from dendplast.studies.space import PRESETS, START, _protocol, _release

    for preset in PRESETS:
        pairing = _protocol(preset, False)
        release = _release(preset, np.zeros(3), "release", False)
        assert release.trains == (pairing.trains if pairing.trains > 1 else pairing.n)
        assert release.start > START


def test_conditions_of_an_order_differ_by_what_they_say_alone():
    """Windows touch and do not overlap; a control has the same bath and one agent more."""
    from dendplast.studies import order
    from dendplast.studies.timing import CA1_START

    end = CA1_START + 5e5
    edges = [order._window(phase, end) for phase in order.PHASES]
    assert edges[0][1] == edges[1][0] and edges[1][1] == edges[2][0]
    by_label = {c.label: c for c in order.conditions(end)}
    for name, (same, agent, _) in order.BLOCKED.items():
        assert by_label[name].drugs[:-1] == by_label[same].drugs and by_label[name].drugs[-1].agent == agent
    swapped = [{d.agent: d.start for d in by_label[n].drugs} for n in ("ACh, then DA", "DA, then ACh")]
    assert swapped[0]["dopamine"] == swapped[1]["acetylcholine"] == end
    assert swapped[1]["dopamine"] == swapped[0]["acetylcholine"] == CA1_START
    assert not by_label[order.SILENT].active and by_label[order.SILENT].drugs == by_label["ACh, then DA"].drugs


@given(st.floats(0.02, 5.0), st.floats(-50, 50).filter(lambda x: abs(x) > 0.1))
def test_half_dose_of_a_known_curve(k, top):
    from dendplast.studies.dose import half_dose

    dose = np.geomspace(1e-4, 1e4, 400)
    # a hill curve of exponent 1 has its half at k; between doses 5 % apart it is a line in the logarithm of the dose
    assert half_dose(dose, top * dose / (dose + k)) == pytest.approx(k, rel=2e-3)
    assert half_dose(dose, np.full(400, top)) is None, "no dose at which it begins"
    assert half_dose(dose, np.zeros(400)) is None
