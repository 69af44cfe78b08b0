"""Streams made together are those that numpy makes one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendplast.streams import streams

WORD = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**160), names=st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=5))
def test_streams_are_numpys_own(seed, names):
    for name, stream in zip(names, streams(seed, np.array(names)), strict=True):
        alone = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=name))
        assert stream.standard_exponential() == alone.standard_exponential()
        assert stream.random(dtype=np.float32) == alone.random(dtype=np.float32)  # half a word is kept for the next
        np.testing.assert_array_equal(stream.standard_normal(9), alone.standard_normal(9))


@pytest.mark.parametrize("n_word", (1, 2, 6))
def test_names_have_any_length(n_word):
    names = np.arange(3 * n_word).reshape(3, n_word)
    drawn = [stream.random() for stream in streams(7, names)]
    alone = [np.random.default_rng(np.random.SeedSequence(7, spawn_key=name)).random() for name in names.tolist()]
    assert drawn == alone
