"""The compiled spine and the Python table say the same of every parameter, and every number has a source."""

from __future__ import annotations

import re

import pytest

from dendplast.errors import ParameterError
from dendplast.parameters import SHARES, Parameters
from dendplast.paths import mod_dir
from dendplast.quantity import source_of, unit_of

GROUPS = {group: info.annotation for group, info in Parameters.model_fields.items()}
NAMES = [(group, name) for group, kind in GROUPS.items() for name in kind.model_fields]
NOT_IN_MOD = {
    "bap_peak", "epsp_peak", "bap_spread", "epsp_spread", "bap_volume", "epsp_volume", "epsp_share", "ampa_volume",
    "tag_min", "weight_min", "primed_min",
    "ca_ref", "K_pf", "K_vgcc", "q10_ampa", "q10_nmda", "q10_vgcc", "q10_ca",
    *(name for group in ("protein", "crosstalk", "heterosynaptic", "structure", "absence")
      for name in GROUPS[group].model_fields),
}  # fmt: skip
"""Targets of the calibration, limits that name a change, coefficients of the solution, and what the tree has."""

OWN = {"R_neck", "ca_scale", "C_head", "g_leak", "e_leak", "head_volume", "plastic", "tick", "sample"}
"""What each spine has of its own, and its numerics."""

AROUND = {
    "open_R", "open_L", "open_T", "indicator", "kon_ind", "koff_ind", "range_ind",
    "gs_ext", *(f"share_{name}" for name in SHARES),
    "da_ext", "ach_ext", "ne_ext", "uptake_da", "uptake_ach", "uptake_ne", "soe_tau_min", "soe_tau_max", "prp_drive",
    *(f"{kind}_{r}" for kind in ("ago", "ant") for r in ("D1", "D2", "beta", "alpha1", "alpha2", "M1", "M4", "A2A")),
}  # fmt: skip
"""What the tissue, the bath and the cell show to a spine."""

SHOWN = {
    "vhead", "g", "ica", "w", "da", "ach", "ne", "cai_peak", "gneck", "offset", "schur", "capacity", "in_head", "to_ca",
    "n_tick", "n_sample",
    "i_tick", "i_sample", "sum_ca", "unblock",
    "part_R", "open_LT", "fluorescence",
}  # fmt: skip
"""Computed by the mechanism."""

_LINE = re.compile(
    r"^\s*(\w+)\s*=\s*(\S+)\s*\(([^)]*)\)\s*<\s*([^,]+),\s*([^>]+)>", re.M
)  # name = default (unit) <lo, hi>


def declared():
    """Return name: (default, unit, lo, hi) of the PARAMETER block of the compiled spine's source."""
    block = re.search(r"PARAMETER \{(.*?)\n\}", (mod_dir() / "spine.mod").read_text("utf-8"), re.S)[1]
    return {m[0]: (float(m[1]), m[2], float(m[3]), float(m[4])) for m in _LINE.findall(block)}


def bounds(group, name):
    found = GROUPS[group].model_fields[name].metadata
    return tuple(next(getattr(m, k) for m in found if hasattr(m, k)) for k in ("ge", "le"))


@pytest.fixture(scope="module")
def standard():
    """Return the default of every parameter as NEURON has it."""
    pytest.importorskip("neuron")
    from neuron import h

    from dendplast.mechanisms import ensure_loaded

    ensure_loaded()
    table = h.MechanismStandard("DpSpine", 1)
    name, out = h.ref(""), {}
    for i in range(int(table.count())):
        table.name(name, i)
        out[name[0]] = table.get(name[0])
    return out


@pytest.mark.parametrize(("group", "name"), NAMES, ids=lambda v: str(v))
def test_every_number_has_unit_bounds_and_source(group, name):
    kind = GROUPS[group]
    lo, hi = bounds(group, name)
    assert unit_of(kind, name)
    assert lo <= getattr(kind(), name) <= hi
    assert re.match(r"10\.\d{4,9}/\S+|assumed: \S.*\S", source_of(kind, name)), source_of(kind, name)


def test_the_mechanism_has_the_same_defaults_units_and_bounds(standard):
    from neuron import h

    source = declared()
    for group, name in NAMES:
        if name in NOT_IN_MOD:
            assert name not in standard
            continue
        default, kind = getattr(GROUPS[group](), name), GROUPS[group]
        # six digits are written in the source; 5e-6 is half of the last one
        assert standard[name] == pytest.approx(default, rel=5e-6), name
        unit = unit_of(kind, name)
        assert source[name][1] == unit
        assert h.units(f"DpSpine.{name}") in (unit, "" if unit == "1" else unit), name
        assert source[name][2:] == pytest.approx(bounds(group, name), rel=5e-6), name


def test_every_parameter_of_the_mechanism_is_in_the_table_or_named_here(standard):
    ours = {name for _, name in NAMES} - NOT_IN_MOD
    assert set(declared()) == ours | OWN | AROUND
    assert set(standard) == set(declared())


def test_every_range_variable_is_a_parameter_or_named_here():
    text = (mod_dir() / "spine.mod").read_text("utf-8")
    listed = {n for line in re.findall(r"^\s*RANGE (.+)$", text, re.M) for n in line.replace(" ", "").split(",")}
    assert listed == {name for _, name in NAMES} - NOT_IN_MOD | OWN | AROUND | SHOWN


def test_numerics_of_the_mechanism_are_those_of_python(standard):
    from dendplast.experiment import Numerics  # noqa: F401  (the fixture has loaded NEURON)
    from dendplast.release import MEDIA, SoeSettings
    from dendplast.stepping import TICK

    assert standard["tick"] == TICK
    assert (standard["soe_tau_min"], standard["soe_tau_max"]) == (SoeSettings().tau_min, SoeSettings().tau_max)
    assert standard["uptake_da"] == pytest.approx(MEDIA["striatum"]["dopamine"].uptake, rel=1e-12)  # a quotient
    assert standard["uptake_ach"] == pytest.approx(MEDIA["cortex"]["acetylcholine"].uptake, rel=1e-12)
    assert standard["uptake_ne"] == pytest.approx(MEDIA["cortex"]["noradrenaline"].uptake, rel=1e-12)


def test_names_are_unique_over_the_groups():
    assert len({name for _, name in NAMES}) == len(NAMES) == len(Parameters().flat())


@pytest.mark.parametrize("changes", [{"K_P": "3 uM"}, {"readout": {"K_P": 3e-3}}, {"readout": {"K_P": "3000 nM"}}])
def test_changes_may_be_flat_or_in_groups_with_units(changes):
    new = Parameters().replaced(changes)
    # conversion multiplies by one power of ten: rounding only
    assert new.readout.K_P == pytest.approx(3e-3, rel=1e-15)
    assert {k: v for k, v in new.flat().items() if k != "K_P"} == {
        k: v for k, v in Parameters().flat().items() if k != "K_P"
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"K_p": 1.0}, ("K_p", "did you mean")),
        ({"K_P": 2.0}, ("readout", "K_P", "2.0", "at most 1")),
        ({"K_P": "3 mV"}, ("readout", "K_P", "voltage", "concentration")),
        ({"readout": {"K_Q": 1.0}}, ("readout", "K_Q", "unknown key")),
        ({"tau_K": float("nan")}, ("tau_K", "finite")),
    ],
)
def test_a_wrong_change_is_said_in_one_sentence(changes, words):
    with pytest.raises(ParameterError) as error:
        Parameters().replaced(changes)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)
