"""What studies compute from their results: fractions, distances, intervals; the studies' own descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("name", ["timing", "stdp", "space", "memory", "structure", "priming"])
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
