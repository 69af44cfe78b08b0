"""Outcome classes: limits, the control that changes are counted against, and which class goes first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast.parameters import OutcomeParameters
from dendplast.result import CLASSES, classify

LIMITS = OutcomeParameters(tag_min=0.1, weight_min=0.2, primed_min=0.3)


def one(tag_P=0.0, tag_D=0.0, w=1.0, primed=0.0, lost=None, control=None, limits=LIMITS):
    """Return the class of one spine by name; `control` is the tag, weight and priming of the control."""
    values = {"tag_P": tag_P, "tag_D": tag_D, "w": w, "primed": primed}
    arrays = {k: np.array([v]) for k, v in values.items()} | ({} if lost is None else {"lost": np.array([lost])})
    base = control and {k: np.array([v]) for k, v in control.items()}
    return CLASSES[classify(arrays, base, limits)[0]]


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({}, "unchanged"),
        ({"tag_P": 0.099}, "unchanged"),
        ({"tag_P": 0.1}, "potentiated"),
        ({"tag_D": 0.1}, "depressed"),
        ({"w": 1.19}, "unchanged"),
        ({"w": 1.25}, "potentiated"),
        ({"w": 0.75}, "depressed"),
        ({"primed": 0.29}, "unchanged"),
        ({"primed": 0.3}, "primed"),
        ({"primed": 0.5, "w": 1.5}, "potentiated"),
        ({"primed": 0.5, "w": 0.5}, "depressed"),
        ({"tag_P": 0.4, "tag_D": 0.4}, "unchanged"),
        ({"tag_P": 0.5, "tag_D": 0.2}, "potentiated"),
        ({"tag_P": 0.5, "w": 0.5}, "potentiated"),
        ({"tag_D": 0.5, "w": 1.5}, "depressed"),
        ({"tag_P": 0.05, "w": 0.5}, "depressed"),
        ({"w": 1.5, "lost": True}, "pruned"),
        ({"w": 1.5, "lost": False}, "potentiated"),
        ({"primed": 1.0, "lost": True}, "pruned"),
    ],
    ids=str,
)
def test_limits_and_which_goes_first(state, name):
    assert one(**state) == name


def test_changes_count_against_the_control():
    same = {"tag_P": 0.3, "tag_D": 0.0, "w": 1.4, "primed": 0.6}
    assert one(**same, control=same) == "unchanged"
    assert one(**same) == "potentiated"
    assert one(tag_P=0.0, w=1.0, primed=0.6, control=same) == "depressed"
    assert one(tag_P=0.3, w=1.4, primed=0.95, control=same) == "primed"


share = st.floats(0, 1)


@given(share, share, st.floats(0.05, 2.0), share)
def test_exchanging_the_signs_exchanges_the_classes(tag_P, tag_D, w, primed):
    name, mirrored = one(tag_P, tag_D, w, primed), one(tag_D, tag_P, 2.0 - w, primed)
    exchanged = {"potentiated": "depressed", "depressed": "potentiated"}
    close = abs(abs(tag_P - tag_D) - 0.1) < 1e-9 or abs(abs(w - 1) - 0.2) < 1e-9  # rounding at a limit
    assert close or mirrored == exchanged.get(name, name)


@given(st.lists(st.tuples(share, share, st.floats(0.05, 2.0), share), min_size=1, max_size=6))
def test_every_spine_is_named_for_itself(rows):
    columns = {k: np.array(c) for k, c in zip(("tag_P", "tag_D", "w", "primed"), zip(*rows, strict=True), strict=True)}
    assert [CLASSES[c] for c in classify(columns, None, LIMITS)] == [one(*row) for row in rows]
