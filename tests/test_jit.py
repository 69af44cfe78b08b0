"""The rule in numba is the rule in numpy, and what replay does with it is what the engine does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dendplast import consolidate, drugs, fastrule, rule
from dendplast.parameters import RECEPTORS, SHARES, Parameters
from dendplast.rule import State, Surround

SHAPE = (3, 4)
"""Conditions by spines."""


def drawn(rng: np.random.Generator, spread: float = 1.0) -> dict[str, float]:
    """Return every parameter of the rule at a random place within its bounds, around its default."""
    out = {}
    for group, info in Parameters.model_fields.items():
        for name, field in info.annotation.model_fields.items():
            low = next((m.ge for m in field.metadata if hasattr(m, "ge")), -np.inf)
            high = next((m.le for m in field.metadata if hasattr(m, "le")), np.inf)
            value = getattr(getattr(Parameters(), group), name) * np.exp(spread * rng.uniform(-1, 1))
            # constants that are 0 by default would switch their term off
            out[name] = float(np.clip(value or 0.1 * rng.random(), low, high))
    return out


def states(rng: np.random.Generator) -> State:
    y = State(rng.uniform(0, 0.6, (len(State.NAMES), *SHAPE)))
    y["theta"], y["volume"], y["early"] = rng.uniform(0.5, 2, SHAPE), rng.uniform(0.02, 0.3, SHAPE), rng.normal(0, 0.3)
    y["late"] = rng.normal(0, 0.3, SHAPE)
    y["cam"] = rng.uniform(0, 3e-3, SHAPE)
    for name in ("tag_P", "tag_D"):
        y[name] = rng.choice([0.0, 0.1, 0.4], SHAPE)
    return y


def surround(rng: np.random.Generator, pooled: bool) -> Surround:
    """Return what differs by spine (releases), by condition (drugs) and not at all."""
    column = (SHAPE[0], 1)
    return Surround(
        da=rng.uniform(0, 3e-3, SHAPE), ach=rng.uniform(0, 1e-3, SHAPE), ne=float(rng.uniform(0, 1e-3)),
        agonist={str(r): rng.uniform(0, 1e-3, column) for r in rng.choice(list(RECEPTORS), 3)},
        antagonist={str(r): float(rng.uniform(0, 9)) for r in rng.choice(list(RECEPTORS), 3)},
        prp_drive=rng.uniform(0, 1, SHAPE), release=rng.choice([0.0, 0.5, 2.0], SHAPE), gs=rng.uniform(0, 1, column),
        share={str(s): rng.uniform(0, 1, column) for s in rng.choice(SHARES, 2)}, pooled=pooled,
    )  # fmt: skip


def parameters(rng: np.random.Generator) -> SimpleNamespace:
    """Return random parameters, two of them by condition, with the size of each spine's head."""
    values = drawn(rng)
    for name in ("K_P", "g0_D"):
        values[name] = values[name] * rng.uniform(0.5, 2, (SHAPE[0], 1))
    return rule.parameters(values, rng.uniform(0.02, 0.3, SHAPE[1:]), rng.uniform(0.5, 2, SHAPE[1:]))


def assert_same(found: State, expected: State) -> None:
    for name in State.NAMES:
        # the same operations in double precision but for the order of some products: a few roundings (2e-16 each),
        # which a hill function of exponent 12 enlarges twelvefold; the oracle's x_inf + (x - x_inf) e loses digits
        # where x_inf is large, as that of tag_P, which a flip drives without a part in its rate (4e-12 of 1500 draws)
        atol = 1e-11 if name == "tag_P" else 1e-13
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=atol, err_msg=name)


@given(st.integers(0, 2**32), st.sampled_from([0.1, 1.0, 40.0, 2e4]), st.booleans())
def test_a_compiled_step_is_that_of_the_oracle(seed, h, pooled):
    rng = np.random.default_rng(seed)
    p, y, around = parameters(rng), states(rng), surround(rng, pooled)
    before = y.array.copy()
    ca = rng.uniform(0, 5e-3, SHAPE)
    ca[0, 0] = 0.0
    compiled = fastrule.Rule(p, SHAPE)
    assert_same(compiled.learn(y, ca, around, h), rule.learn(y, ca, around, h, p))
    assert_same(compiled.midpoint(y, ca, around, h), rule.midpoint(y, ca, around, h, p))
    np.testing.assert_array_equal(y.array, before, err_msg="the old states are left as they were")


def test_states_come_back_from_records():
    y = states(np.random.default_rng(1))
    np.testing.assert_array_equal(fastrule.from_records(fastrule.to_records(y), SHAPE).array, y.array)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([(), (30.0,), (1.0, 90.0, 1e4)]))
def test_a_rest_in_one_call_is_that_of_its_steps(seed, changes):
    """To the bit, with a bath that changes on the way, so that where a run is looked at has no say in it."""
    rng = np.random.default_rng(seed)
    p, ends = parameters(rng), consolidate.rest_grid(7.0, 3e4, np.array(changes))
    rates, uptake = np.logspace(-3, 1, 12), dict.fromkeys(("da", "ach", "ne"), 0.02)

    def bath_of(t: float) -> dict[str, float]:
        return drugs.bath((), {"da": 1e-4 * np.searchsorted(changes, t)}, t)

    def times(t0: float, t1: float) -> np.ndarray:
        return np.array([t for t in changes if t0 < t < t1])

    def engine() -> consolidate.Engine:
        made = consolidate.Engine(p, SHAPE, rates, uptake, bath_of, times)
        compiled = fastrule.Rule(p, SHAPE)
        made.step, made.steps = compiled.midpoint, compiled.midpoints
        made.y = states(np.random.default_rng(seed))
        return made

    ca = 10 ** rng.uniform(-4, -3, SHAPE)
    whole, cut, single = engine(), engine(), engine()
    whole.through(7.0, ends, ca)
    k = len(ends) // 3
    cut.through(7.0, ends[:k], ca)
    cut.through(ends[k - 1], ends[k:], ca)
    for t0, t1 in zip([7.0, *ends], ends, strict=False):
        single.rest(t0, t1, ca)
    np.testing.assert_array_equal(whole.y.array, single.y.array)
    np.testing.assert_array_equal(whole.y.array, cut.y.array)
    assert whole.c == single.c
