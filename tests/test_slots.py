"""Variables of many spines are read and written at once, to the bit and in the order of the spines."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("neuron")

from neuron import h  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast.release import N_RATE  # noqa: E402
from dendplast.slots import listed, spine_references, spine_slots, write_spines  # noqa: E402

N = 5


@pytest.fixture(scope="module")
def spines():
    """Spines in places out of order on two sections, beside one that is not among them."""
    dp.ensure_loaded()
    sections = [h.Section(name=f"slots{i}") for i in range(2)]
    for sec in sections:
        sec.nseg = 3
    places = [(1, 0.9), (0, 0.1), (1, 0.2), (0, 0.9), (0, 0.1)]
    other = h.DpSpine(sections[0](0.5))
    yield [h.DpSpine(sections[k](x)) for k, x in places]
    del other


def test_slots_are_those_of_single_references(spines):
    names = ("cai", "s_da", "w")
    for slots in spine_slots(listed(spines), names).values():
        slots.set(0.0)
    for k, process in enumerate(spines):
        process.cai, process.w = 0.1 + k, 1 / (k + 3)
        for j in range(N_RATE):
            process.s_da[j] = k + 10 * j
    slots = spine_slots(listed(spines), names)
    for name in names:
        np.testing.assert_array_equal(slots[name].get(), [r[0] for r in spine_references(spines, name)])
    slots["cai"].set(np.arange(N) / 7)
    assert [p.cai for p in spines] == [k / 7 for k in range(N)]


def test_slots_outlast_a_change_of_the_cell(spines):
    slots = spine_slots(listed(spines), ["cai"])["cai"]
    slots.set(np.arange(N) / 7)
    more = [h.DpSpine(spines[0].get_segment()) for _ in range(100)]
    h.finitialize(-70)
    slots.set(np.arange(N) / 3)
    assert [p.cai for p in spines] == [k / 3 for k in range(N)]
    assert not set(p.cai for p in more) & {k / 3 for k in range(1, N)}


@pytest.mark.parametrize("value", (1 / 3, 4.62963e-09, 1e300, 5e-324, -0.5, 3.0, 7200000.000000001))
def test_written_numbers_are_exact(spines, value):
    own = np.random.default_rng(1).random(N) * value
    write_spines(listed(spines), {"K_P": value, "g_ampa": own})
    assert [p.K_P for p in spines] == [value] * N
    assert [p.g_ampa for p in spines] == own.tolist()


def test_no_spines_are_no_slots():
    slots = spine_slots(listed([]), ("cai",))["cai"]
    slots.set(1.0)
    write_spines(listed([]), {"K_P": 1.0})
    assert len(slots) == 0 and slots.get().shape == (0,)


def test_what_is_no_variable_of_a_spine_is_refused(spines):
    with pytest.raises(RuntimeError):
        spine_slots(listed(spines), ["no_such"])["no_such"].get()


def test_a_vector_without_place_for_every_value_is_refused(spines):
    for size in (N - 1, N + 1, 0):
        with pytest.raises(RuntimeError):
            h.gather_dp_exchange(listed(spines), "cai", h.Vector(size))


def test_spines_of_two_kinds_are_refused(spines):
    other = h.ExpSyn(spines[0].get_segment())
    with pytest.raises(RuntimeError):
        spine_slots(listed([*spines, other]), ["i"])["i"].get()


def test_a_list_that_is_emptied_reads_nothing_and_keeps_no_spine():
    section = h.Section(name="emptied")
    before = int(h.List("DpSpine").count())
    every = listed([h.DpSpine(section(0.5))])
    spine_slots(every, ["cai"])
    assert h.List("DpSpine").count() == before + 1
    every.remove_all()
    assert h.List("DpSpine").count() == before
