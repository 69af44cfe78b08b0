"""Streams of random numbers named by a seed and whole numbers, many at once.

They are numpy's own, ``default_rng(SeedSequence(seed, spawn_key=name))``, to the bit (a test): the hash of
``SeedSequence`` is taken for all names together, which is a third of the time of one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["streams"]

_POOL = 4  # words
_MASK32, _MASK128 = 0xFFFFFFFF, (1 << 128) - 1
_INIT_A, _MULT_A, _INIT_B, _MULT_B = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
"""Constants of numpy's SeedSequence (numpy/random/bit_generator.pyx)."""

_STEP = 47026247687942121848144207491837523525
"""Multiplier of PCG64 (O'Neill 2014, HMC-CS-2014-0905)."""


def streams(seed: int, names: np.ndarray) -> Iterator[np.random.Generator]:
    """Yield a generator at the beginning of each stream; it is one object, to be used before the next is asked for.

    Parameters
    ----------
    seed : int
        0 or more.
    names : ndarray of int, shape (n_stream, n_word)
        Each 0 to 2**32 - 1.
    """
    bits = np.random.PCG64(0)
    generator = np.random.Generator(bits)
    for a, b, c, d in _words(seed, np.asarray(names).astype(np.uint32)).tolist():
        increment = ((c << 64 | d) << 1 | 1) & _MASK128
        state = ((increment + (a << 64 | b)) * _STEP + increment) & _MASK128
        bits.state = {
            "bit_generator": "PCG64", "state": {"state": state, "inc": increment}, "has_uint32": 0, "uinteger": 0,
        }  # fmt: skip
        yield generator


def _words(seed: int, names: np.ndarray) -> np.ndarray:
    """Return ``SeedSequence(seed, spawn_key=name).generate_state(4, uint64)`` of each name, shape (n_stream, 4)."""
    own = [seed >> 32 * k & _MASK32 for k in range(max(_POOL, -(-seed.bit_length() // 32)))]
    entropy = [np.full(len(names), word, np.uint32) for word in own] + list(names.T)
    key = _INIT_A

    def hashed(words: np.ndarray, multiplier: int) -> np.ndarray:
        nonlocal key
        words = words ^ np.uint32(key)
        key = key * multiplier & _MASK32
        words = words * np.uint32(key)
        return words ^ words >> np.uint32(16)

    def mixed(into: np.ndarray, words: np.ndarray) -> np.ndarray:
        into = _MIX_L * into - _MIX_R * hashed(words, _MULT_A)
        return into ^ into >> np.uint32(16)

    pool = [hashed(words, _MULT_A) for words in entropy[:_POOL]]
    for i in range(_POOL):
        for j in range(_POOL):
            if i != j:
                pool[j] = mixed(pool[j], pool[i])
    for words in entropy[_POOL:]:
        pool = [mixed(into, words) for into in pool]
    key = _INIT_B
    out = np.column_stack([hashed(pool[k % _POOL], _MULT_B) for k in range(2 * _POOL)])
    return out[:, 0::2].astype(np.uint64) | out[:, 1::2].astype(np.uint64) << np.uint64(32)
