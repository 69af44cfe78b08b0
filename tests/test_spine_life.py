"""Calcium of spines on the shipped cells: order of a pairing, drugs on channel subtypes, temperature, bath calcium.

What is asked here is direction and rough size, as published; `benchmarks/spine_calcium.py` prints the numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("loaded")

N = 5


@pytest.fixture(scope="module", params=["ca1", "dspn"])
def probed(request):
    """Return a calibrated model and its rest; the step is set for as long as the tests of it run."""
    from dendplast import Experiment, Numerics, Placement, build, ensure_loaded
    from dendplast.responses import Rest
    from dendplast.stepping import fixed_step

    ensure_loaded()
    placement = Placement(n=N, path_min=60, path_max=200, identical=True)
    numerics = Numerics(dt=0.05, d_lambda=0.3)
    model = build(
        Experiment(preset=request.param, morphology=f"{request.param}_1", spines=placement, numerics=numerics)
    )
    model.driver = request
    with fixed_step(numerics.dt, model.celsius):
        yield model, Rest(model, 250.0, model.preset.cell.v_init)


def pair(model, rest, dt):
    first = 2.0 + max(0.0, -dt)
    return rest.response(np.arange(N), (first,), (first + dt - model.preset.cell.pulse_latency,), abs(dt) + 50.0)


def test_calcium_tells_the_order_of_a_pairing(probed):
    """More than the sum when the EPSP comes first, not more when the spike does (10.1523/JNEUROSCI.1749-06.2006)."""
    model, rest = probed
    total = rest.bap() + rest.epsp(np.arange(N))
    before, after = pair(model, rest, 10.0) / total, pair(model, rest, -10.0) / total
    assert before.mean() > 1.2
    assert (after <= 1.05).all()  # linear, and the 5 % by which peaks may come together
    far = pair(model, rest, -100.0)  # the EPSP comes when the spike's calcium has gone: the larger of both is left
    assert far == pytest.approx(np.maximum(rest.bap(), rest.epsp(np.arange(N))), rel=0.05)


def test_rest_comes_back_bit_by_bit(probed):
    _, rest = probed
    first = rest.bap()
    rest.epsp(np.arange(2))
    assert np.array_equal(rest.bap(), first)


def test_every_subtype_has_a_part_in_a_spike(probed):
    """R-type most in `ca1`; blocking one leaves the others (10.1038/35046076, 10.1016/j.neuron.2004.10.013)."""
    model, rest = probed
    whole = rest.bap()
    parts = {}
    for subtype in "RLT":
        for process in model.processes:
            setattr(process, f"open_{subtype}", 0.0)
        parts[subtype] = 1 - (rest.bap() / whole).mean()
        for process in model.processes:
            setattr(process, f"open_{subtype}", 1.0)
    if model.preset.name == "ca1":  # the broader spikes of projection neurons open more of the L-type channels
        assert parts["R"] >= max(parts.values()) - 0.1
    assert min(parts.values()) > 0.05
    # parts are not exact: less calcium current also changes the voltage of the head a little
    assert sum(parts.values()) == pytest.approx(1.0, abs=0.1)


def test_less_bath_calcium_gives_less_of_both(probed):
    from dendplast import Solution

    model, rest = probed
    reference = rest.bap(), rest.epsp(np.arange(N))
    model.set_solution(Solution(ca=1.3))
    low = rest.bap(), rest.epsp(np.arange(N))
    model.set_solution(Solution())
    for before, after in zip(reference, low, strict=True):
        assert (after < 0.9 * before).all()
        assert (after > 0.5 * before).all()  # less than in proportion: both saturate
