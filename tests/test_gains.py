"""Modulators act on conductances: the law of the gain, who follows which signal, and that nothing else moves."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("neuron")

from test_driver import bytes_of  # noqa: E402
from tiny import fork_model  # noqa: E402

import dendplast as dp  # noqa: E402
from dendplast import driver, excitability, gains, protocols, rule  # noqa: E402
from dendplast import shafts as shafts_module  # noqa: E402
from dendplast import drugs  # noqa: E402
from dendplast.consolidate import Arrivals  # noqa: E402
from dendplast.errors import ParameterError  # noqa: E402
from dendplast.paths import mod_dir  # noqa: E402
from dendplast.shafts import Shafts, signals  # noqa: E402

SOURCE = '"assumed: for a test"'
CELL = f"""
name = "modulated"
description = "A fork with channels that are open at rest, so that every gain shows."
tissue = "striatum"
[cell]
spikes = false
celsius = ["35 degC", {SOURCE}]
v_init = ["-70 mV", {SOURCE}]
Ra = ["150 ohm cm", {SOURCE}]
cm = ["1 uF/cm2", {SOURCE}]
g_pas = ["6.667e-5 S/cm2", {SOURCE}]
e_pas = ["-70 mV", {SOURCE}]
ek = ["-90 mV", {SOURCE}]
pulse_amp = ["1 nA", {SOURCE}]
pulse_dur = ["2 ms", {SOURCE}]
pulse_latency = ["1 ms", {SOURCE}]
[cell.soma]
kir.gbar = ["3e-4 S/cm2", {SOURCE}]
[cell.axon]
[cell.basal]
kir.gbar = ["3e-4 S/cm2", {SOURCE}]
[cell.apical]
kir.gbar = ["3e-4 S/cm2", {SOURCE}]
hcn.gbar = ["5e-5 S/cm2", {SOURCE}]
[parameters.receptors]
x_D1 = ["1", {SOURCE}]
x_alpha2 = ["1", {SOURCE}]
x_M4 = ["0.5", {SOURCE}]
[parameters.cascade]
k_A = ["20 /s", {SOURCE}]
tau_A = ["0.2 s", {SOURCE}]
"""
GAINS = f"""
[gains.PKA]
kir = ["0.3", {SOURCE}]
g_nmda = ["1.5", {SOURCE}]
ca_fraction = ["1.4", {SOURCE}]
[gains.alpha2]
hcn = ["0.4", {SOURCE}]
g_ampa = ["0.6", {SOURCE}]
[gains.M4]
kir = ["1.2", {SOURCE}]
g_vgcc = ["0.7", {SOURCE}]
"""
SITE = dp.Patch("dopamine", center=(-60.0, 160.0, 0.0), radius=15.0, p=1.0)
RELEASE = dp.burst(SITE, start=300.03, n=4, hz=20.0)
PAIR = (protocols.pairing(start=250.0, dt=10, n=2, hz=5.0), protocols.uncaging(start=1500.0, n=2, hz=5.0))
NUMERICS = dp.Numerics(dt=0.2, settle=100.0, relax=300.0)
END = 2000.0


@pytest.fixture(scope="module")
def modulated(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "modulated.toml"
    path.write_text(CELL + GAINS)
    return str(path)


def experiment(preset, **changes):
    changes = {
        "protocol": (*PAIR, RELEASE), "numerics": NUMERICS, "excitability": True, "until": END,
        "record": dp.Record(names=("cai", "vhead", "D1"), every_active=5.0, every_rest=100.0), **changes,
    }  # fmt: skip
    return dp.Experiment(preset=preset, **changes)


def run(preset, until=END, state=None, **changes):
    """Return a run and its model, which holds the gains of the end."""
    model = fork_model(experiment(preset, **changes))
    return dp.run(model, until=until, state=state), model


def drug(agent, conc, **more):
    return dp.Drug(agent=agent, conc=conc, **more)


# --- the law ------------------------------------------------------------------------------------------------

share = st.floats(0, 1)
factor = st.floats(*excitability.BOUNDS)


@given(st.dictionaries(st.sampled_from(excitability.SIGNALS), st.tuples(factor, share), min_size=1))
def test_a_gain_is_the_product_over_its_signals(given_):
    factors, s = ({k: v[i] for k, v in given_.items()} for i in (0, 1))
    expected = np.prod([f * s[k] + (1 - s[k]) for k, f in factors.items()])
    # a share s of the channels is at F, the rest at 1; each factor is rounded at 1e-16 of max(1, F), ten at most
    rounding = 1e-14 * np.prod([max(1.0, f) for f in factors.values()])
    assert excitability.gain(factors, s) == pytest.approx(expected, rel=0, abs=rounding)
    none, full = dict.fromkeys(factors, 0.0), dict.fromkeys(factors, 1.0)
    assert excitability.gain(factors, none) == 1.0
    assert excitability.gain(factors, full) == pytest.approx(np.prod(list(factors.values())), rel=0, abs=rounding)
    assert excitability.gain(factors, s) >= 0


def test_what_is_no_signal_or_no_target_is_refused(tmp_path):
    for wrong, words in (
        ('[gains.PKAA]\nkir = ["1", "assumed: x"]', ("gains.PKAA", "did you mean 'PKA'")),
        ('[gains.PKA]\nkirr = ["1", "assumed: x"]', ("gains.PKA.kirr", "did you mean 'kir'")),
        ('[gains.PKA]\nkir = ["11", "assumed: x"]', ("gains.PKA.kir", "11", "at most 10")),
        ('[gains.PKA]\nkir = ["1 mV", "assumed: x"]', ("gains.PKA.kir", "voltage")),
        ('[gains.PKA]\nkir = 1.0', ("gains.PKA.kir", "must be a pair")),
        ('[gains]\nPKA = ["1", "assumed: x"]', ("gains.PKA", "table")),
    ):
        path = tmp_path / "wrong.toml"
        path.write_text(CELL + wrong)
        with pytest.raises(ParameterError) as error:
            dp.load_preset(path)
        assert "\n" not in str(error.value)
        for word in words:
            assert word in str(error.value), str(error.value)


def test_the_switch_needs_gains_and_channels_that_take_them(tmp_path):
    with pytest.raises(ParameterError, match=r"excitability = true: preset 'passive' has no \[gains\]"):
        fork_model(dp.Experiment(preset="passive", excitability=True))
    path = tmp_path / "pool.toml"
    pool = f'cal12.pbar = ["1e-5 cm/s", {SOURCE}]\ncapool.tau = ["10 ms", {SOURCE}]\n[cell.axon]'
    path.write_text(CELL.replace("[cell.axon]", pool) + f'[gains.PKA]\ncapool = ["2", {SOURCE}]')
    with pytest.raises(ParameterError, match="mod/capool.mod has no RANGE variable gain"):
        fork_model(experiment(str(path)))


def test_recorded_calcium_is_not_replayed_under_modulators_that_change_it(modulated):
    with pytest.raises(ParameterError, match="excitability = true"):
        dp.record(fork_model(experiment(modulated)), PAIR[0])


def test_every_channel_of_mod_can_take_a_gain():
    for path in sorted(mod_dir().glob("*.mod")):
        text = path.read_text("utf-8")
        assert bool(re.search(r"^    gain *= 1", text, re.M)) == bool(re.search(r"RANGE [gp]bar", text)), path


# --- signals of the shafts ----------------------------------------------------------------------------------


def shafts(bath=lambda t: {}, n=3, **parameters):
    flat = dp.load_preset("dspn").parameters.replaced(parameters).flat()
    empty = drugs.bath((), {}, 0.0) | {"uptake_da": 0.02, "uptake_ach": 0.2, "uptake_ne": 5e-3}
    edges = np.array([500.0])
    return Shafts(
        rule.parameters(flat), n, np.geomspace(14.0, 5e-4, 12), {"da": 0.02, "ach": 0.2, "ne": 5e-3},
        lambda t: empty | bath(t), lambda a, b: edges[(edges > a) & (edges < b)],
    )  # fmt: skip


@given(st.floats(1e-6, 1e-2), st.floats(0, 1e3))
@settings(max_examples=10)
def test_occupancy_in_a_shaft_is_the_closed_form(ago, ant):
    """A step of agonist against an antagonist: one exponential."""
    tree = shafts(lambda t: {"ago_D1": ago * (t >= 500.0), "ant_D1": ant})
    kon, koff = tree.p.kon_D1, tree.p.koff_D1
    ligand = ago / (1 + ant)
    for t in (0.0, 499.9, 500.0, 512.3, 777.7, 1500.0):
        since = max(0.0, t - 500.0)
        expected = kon * ligand / (kon * ligand + koff) * -np.expm1(-(kon * ligand + koff) * since)
        # exact steps, up to rounding
        np.testing.assert_allclose(tree.at(t)["D1"], expected, rtol=1e-10, atol=1e-18)


def test_signals_are_expression_times_occupancy_and_the_hill_functions_of_the_rule():
    p = rule.parameters(dp.load_preset("ca1").parameters.flat())
    y = {r: 0.4 for r in (*rule.RECEPTORS, "D1_high", "D2_low")} | {"PKA": np.array([0.0, p.K_A]), "PLC": 0.9}
    s = signals(y, p)
    assert s["M4"] == 0.3 * 0.4 and s["D2"] == 0.0
    assert s["PKA"].tolist() == [0.0, 0.5]  # half at K_A
    assert s["PLC"] == pytest.approx(1 / (1 + (p.K_Q / 0.9) ** p.n_Q))
    assert set(s) == set(excitability.SIGNALS)


def test_the_grid_of_the_shafts_is_fine_enough(monkeypatch):
    """PKA in the second after a step of dopamine, on grids that grow by 40 to 5 % of the time since."""
    times = np.array([520.0, 600.0, 800.0, 1500.0])

    def course(growth):
        monkeypatch.setattr(shafts_module, "GROWTH", growth)
        monkeypatch.setattr(shafts_module, "FIRST", 10 * growth)
        tree = shafts(lambda t: {"da_ext": 1e-3 * (t >= 500.0)})
        return np.array([tree.at(t)["PKA"][0] for t in times])

    exact = course(0.005)
    growths = np.array([0.05, 0.1, 0.2, 0.4])
    error = [np.abs(course(g) - exact).max() for g in growths]
    # between 1 and 2, as the first steps do not shrink in proportion; a wrong scheme would have 1 or less
    assert np.polyfit(np.log(growths), np.log(error), 1)[0] > 1.5
    assert error[1] < 2e-3 * exact.max()  # at the grid in use


@given(st.lists(st.floats(0, 3000), min_size=1, max_size=8))
@settings(max_examples=5)
def test_signals_do_not_depend_on_when_they_were_asked_for(times):
    """Bit by bit, wherever else they are looked at before, and after going on from a state in between."""
    weights = np.full((3, 12), 1e-4)
    heard = Arrivals(np.array([300.5, 620.0, 2000.0]), np.array([0, 0, 2]), (np.array([1, 1, 1]),), weights)
    often, once, later = (shafts(lambda t: {"da_ext": 1e-3 * (t >= 500.0)}) for _ in range(3))
    for tree in (often, once, later):
        tree.listen(heard)
    for t in sorted(times):
        last = often.at(t)
    state = often.state()
    later.restore(state)
    for name, values in once.at(max(times)).items():
        np.testing.assert_array_equal(values, last[name])
    for name, values in once.at(4000.0).items():
        np.testing.assert_array_equal(values, later.at(4000.0)[name])


# --- in the live cell ---------------------------------------------------------------------------------------


def test_gains_are_those_of_the_signals_and_are_in_neuron(modulated):
    result, model = run(modulated, until=600.0, drugs=(drug("clonidine", "100 nM"), drug("AP5", "1.4 uM")),
                        tone={"acetylcholine": 2e-4})  # fmt: skip
    assert len(result.deliveries)
    shaft = model.gains.shafts.at(model.gains.t + gains.GRID / 2)
    assert shaft["PKA"].max() > 0.05 and shaft["PKA"].min() == 0.0  # a part of the tree is reached
    segments = [seg for sec in model.cell.sections for seg in sec]
    expected = {"kir": (1 - 0.7 * shaft["PKA"]) * (1 + 0.2 * shaft["M4"]), "hcn": 1 - 0.6 * shaft["alpha2"]}
    for name, values in expected.items():
        values = np.where([hasattr(seg, f"dp_{name}") for seg in segments], values, 1.0)
        np.testing.assert_allclose(model.gains.values[name], values, rtol=1e-14)  # rounding of three operations
        inside = [getattr(seg, f"dp_{name}").gain for seg in segments if hasattr(seg, f"dp_{name}")]
        assert inside == [v for v, seg in zip(model.gains.values[name], segments, strict=True)
                          if hasattr(seg, f"dp_{name}")]  # fmt: skip
    # clonidine has ten times the affinity: 100 nM of it is 1 uM of noradrenaline, Kd 100 nM; the rest is at tone
    assert shaft["alpha2"] == pytest.approx(np.full(len(segments), 10 / 11))
    assert shaft["M4"] == pytest.approx(np.full(len(segments), 0.5 * 0.5))  # Kd 200 nM, expression 0.5
    for i, p in enumerate(model.processes):
        assert p.g_vgcc == pytest.approx(model.conductances["g_vgcc"][i] * (1 - 0.3 * 0.25))
        assert p.g_ampa == pytest.approx(model.conductances["g_ampa"][i] * (1 - 0.4 * 10 / 11))
        # AP5 leaves either site free at half, both at a quarter, which follows PKA; gains are held for GRID
        assert p.g_nmda == pytest.approx(0.25 * model.conductances["g_nmda"][i] * model.gains.values["g_nmda"][i])
    reached = np.unique(result.deliveries.spine)
    far = np.setdiff1d(np.arange(5), reached)
    for name in ("g_nmda", "ca_fraction"):  # a spine on the edge of the reach hears next to nothing
        assert model.gains.values[name].max() > 1.02 and (model.gains.values[name][far] == 1.0).all()


def test_off_is_what_it_was_bit_by_bit(modulated, tmp_path):
    plain = tmp_path / "plain.toml"
    plain.write_text(CELL)
    off, without = (run(preset, excitability=False)[0].state for preset in (modulated, str(plain)))
    for part in ("clock", "electric", "fast", "slow", "peak", "rest"):
        assert bytes_of(off[part]) == bytes_of(without[part]), part


def test_without_modulator_the_gain_is_exactly_one(modulated):
    tone = {"acetylcholine": 0.0, "dopamine": 0.0}
    on, model = run(modulated, protocol=PAIR, tone=tone)
    off, _ = run(modulated, protocol=PAIR, tone=tone, excitability=False)
    for name, values in model.gains.values.items():
        assert (values == 1.0).all(), name
    for part in ("electric", "fast", "slow", "peak"):
        assert bytes_of(on.state[part]) == bytes_of(off.state[part]), part


@pytest.mark.parametrize(("start", "full"), [(260.03, True), (900.0, False)], ids=["while active", "at rest"])
def test_segments_out_of_reach_keep_their_gain_bit_by_bit(modulated, start, full):
    """With a tone and a drug that is washed in, so that the gains move everywhere."""
    common = {
        "drugs": (drug("clonidine", "30 nM", start=200.0, wash=100.0),), "tone": {"acetylcholine": 1e-4},
        "numerics": NUMERICS.replaced(full=full),
    }  # fmt: skip
    beside, model = run(modulated, 1550.0, protocol=(*PAIR, RELEASE.replaced(start=start)), **common)
    alone, _ = run(modulated, 1550.0, protocol=PAIR, **common)
    heard = model.gains.shafts.reached
    assert 0 < heard.sum() < len(heard) and len(beside.deliveries)
    here, there = (result.state["gains"]["values"] for result in (beside, alone))
    assert beside.state["gains"]["t"] == alone.state["gains"]["t"] > 1540.0
    for name in ("kir", "hcn"):
        np.testing.assert_array_equal(here[name][~heard], there[name][~heard], err_msg=name)
    assert (here["kir"][heard] != there["kir"][heard]).all()
    assert np.ptp(there["hcn"]) > 0.01  # the drug has done something where there is HCN


def test_an_antagonist_removes_the_effect(modulated):
    agonist = drug("SKF38393", "10 uM")
    free = run(modulated, 400.0, protocol=PAIR, drugs=(agonist,))[1].gains.values["kir"]
    both = (agonist, drug("SCH23390", "100 uM"))
    blocked = run(modulated, 400.0, protocol=PAIR, drugs=both)[1].gains.values["kir"]
    assert (free[free != 1.0] < 0.4).all() and (free != 1.0).sum() == len(free) - 1  # the axon has none
    # 100 uM over 0.4 nM leaves 4e-6 of the agonist, and PKA enters by a Hill function of exponent 4
    np.testing.assert_allclose(blocked, 1.0, atol=1e-9)


# --- time ---------------------------------------------------------------------------------------------------


def same(one, two):
    for part in one.state:
        assert bytes_of(one.state[part]) == bytes_of(two.state[part]), part
    for name, values in two.outcomes.items():
        np.testing.assert_array_equal(one.outcomes[name][-1], values[-1], err_msg=name)


BUSY = (drug("clonidine", "30 nM", start=200.0, stop=1480.0, wash=100.0), drug("AP5", "1 uM", start=1600.0))


@pytest.fixture(scope="module")
def whole(modulated):
    return run(modulated, drugs=BUSY)[0]


@pytest.mark.parametrize("cut", [258.0, 333.3, 700.0, 1507.0])
def test_restart_is_continue(modulated, whole, cut):
    """On the grid of the gains and off it, in a rest while PKA falls, after a rest was settled anew."""
    first, _ = run(modulated, cut, drugs=BUSY)
    same(run(modulated, END, first.state, drugs=BUSY)[0], whole)


def test_restart_is_continue_in_full(modulated):
    full = {"drugs": BUSY, "numerics": NUMERICS.replaced(full=True)}
    first, _ = run(modulated, 333.0, **full)
    same(run(modulated, 450.0, first.state, **full)[0], run(modulated, 450.0, **full)[0])


def test_held_gains_are_of_second_order(modulated, monkeypatch):
    """The soma's voltage on a release while every step is taken, against gains that move every ms."""
    release = dp.burst(SITE.replaced(radius=100.0), start=100.03, n=2, hz=20.0)
    course = {}
    for grid in (1.0, 10.0, 20.0, 40.0):
        monkeypatch.setattr(gains, "GRID", grid)
        result, _ = run(modulated, 400.0, protocol=(release,), numerics=NUMERICS.replaced(full=True))
        keep = np.remainder(result.time + 0.5, 40.0) < 1.0  # where every grid moves its gains
        course[grid] = result.soma_v[keep].astype(float)
    error = {g: np.abs(v - course[1.0]).max() for g, v in course.items() if g > 1.0}
    change = np.ptp(course[1.0])
    assert change > 0.5
    # The voltage follows the end of each interval more than its beginning, so the order is a little below 2.
    assert np.polyfit(np.log(list(error)), np.log(list(error.values())), 1)[0] > 1.4
    assert error[10.0] < 0.01 * change


def test_a_stretch_begins_from_the_rest_of_its_moment(modulated, monkeypatch):
    """After a drug has moved the rest by millivolts: windows against every step, and against the old rest."""
    dose = (drug("SKF38393", "10 uM", start=700.0),)
    numerics = NUMERICS.replaced(full=True, settle=300.0)
    record = dp.Record(names=("cai",), every_active=1.0)
    result, _ = run(modulated, 1560.0, protocol=PAIR, drugs=dose, numerics=numerics, record=record)
    full = dict(zip(result.time, result.soma_v.astype(float), strict=True))
    shift = abs(full[1499.0] - full[200.0])
    assert shift > 2.0

    def errors():
        """Return the error before the EPSP and the largest after it (mV)."""
        windows, _ = run(modulated, 1560.0, protocol=PAIR, drugs=dose, record=record,
                         numerics=numerics.replaced(full=False))  # fmt: skip
        late = {t: v for t, v in zip(windows.time, windows.soma_v, strict=True) if t > 1498.0}
        assert len(late) > 50
        each = [abs(v - full[t]) for t, v in late.items()]
        return each[0], max(each)

    # QUIET leaves 0.02 mV, RESETTLE 0.01 mV; the gains of the two runs are held from other moments
    assert max(errors()) < 0.05
    monkeypatch.setattr(driver, "RESETTLE", np.inf)
    assert errors()[0] > 0.9 * shift


def test_a_live_session_has_the_gains_and_states_of_a_run_in_full(modulated):
    from neuron import h

    h.load_file("stdrun.hoc")
    drugs = (drug("clonidine", "30 nM", start=200.0),)
    numerics = NUMERICS.replaced(full=True, settle=0.0)
    result, driven = run(modulated, 500.0, drugs=drugs, numerics=numerics)
    model = fork_model(experiment(modulated, drugs=drugs, numerics=numerics))
    before = h.dt, h.celsius, h.steps_per_ms
    h.dt, h.celsius, h.steps_per_ms = 0.2, model.preset.cell.celsius, 5
    for _ in range(2):  # finitialize begins anew
        h.finitialize(model.preset.cell.v_init)
        h.continuerun(500.0)
        assert model.gains.t == pytest.approx(500.0, abs=gains.GRID)
    h.dt, h.celsius, h.steps_per_ms = before
    assert np.ptp(driven.gains.values["kir"]) > 0.02
    for name, values in driven.gains.values.items():
        # a live session's last step on the grid may be the one before; a change of the bath falls on another step
        np.testing.assert_allclose(model.gains.values[name], values, atol=2e-3, err_msg=name)
    v = [sec(0.5).v for sec in model.cell.sections]
    driven_v = [sec(0.5).v for sec in driven.cell.sections]
    np.testing.assert_allclose(v, driven_v, atol=0.02)


# --- what it does to cells ----------------------------------------------------------------------------------


def steps(preset, morphology, amplitude, drugs=(), duration=200.0, settle=100.0, **changes):
    """Return the number of spikes during a current step, the voltage before it, and the sag during it."""
    from neuron import h

    model = dp.build(
        dp.Experiment(
            preset=preset, morphology=morphology, drugs=drugs, excitability=True,
            protocol=(protocols.plateau(start=20.0, amplitude=amplitude, duration=duration),),
            spines=dp.Placement(n=1, calibrate=False), numerics=dp.Numerics(dt=0.05, d_lambda=0.3, settle=settle),
            record=dp.Record(names=("cai",), every_active=1.0), **changes,
        )
    )  # fmt: skip
    counter = h.APCount(model.cell.soma(0.5))  # spikes of the cortex are narrower than the ms of the record
    counter.thresh = -10.0
    result = dp.run(model, until=20.0 + duration)
    v = result.soma_v[result.time > 20.0]
    rest = result.soma_v[np.searchsorted(result.time, 19.5)]
    return int(counter.n), rest, v[-1] - v.min()


def test_d1_agonist_makes_a_projection_neuron_fire_more_and_its_antagonist_does_not():
    agonist = drug("SKF38393", "10 uM")
    free, *_ = steps("dspn", "dspn_1", 0.5)
    more, *_ = steps("dspn", "dspn_1", 0.5, (agonist,))
    blocked, *_ = steps("dspn", "dspn_1", 0.5, (agonist, drug("SCH23390", "100 uM")))
    assert blocked == free > 0
    assert more > free


def test_m1_agonist_makes_a_pyramidal_cell_fire_more_and_its_antagonist_does_not():
    agonist = drug("McN-A-343", "100 uM")
    free, rest, _ = steps("ca1", "ca1_1", 0.2)
    more, higher, _ = steps("ca1", "ca1_1", 0.2, (agonist,))
    blocked, same_rest, _ = steps("ca1", "ca1_1", 0.2, (agonist, drug("pirenzepine", "10 mM")))
    assert (blocked, same_rest) == (free, pytest.approx(rest, abs=1e-3))
    assert more > free and higher > rest


@pytest.mark.parametrize(("preset", "morphology", "amplitude"), [("l5tt", "l5tt_1", 0.8), ("v1_l23", "l23_1", 0.25)])
def test_m1_and_beta_agonists_make_cortical_cells_fire_more(preset, morphology, amplitude):
    """Both suppress the AHP current ([gains] of the presets)."""
    kept = {"duration": 250.0, "settle": 300.0}  # the h current of layer 5 rests late
    free, *_ = steps(preset, morphology, amplitude, **kept)
    m1, *_ = steps(preset, morphology, amplitude, (drug("McN-A-343", "100 uM"),), **kept)
    beta, *_ = steps(preset, morphology, amplitude, (drug("isoproterenol", "10 uM"),), **kept)
    assert 0 < free < min(m1, beta)


def test_alpha2_agonist_lowers_the_sag_of_a_cell_with_hcn():
    full = {"parameters": {"x_alpha2": 1.0}}
    _, rest, sag = steps("ca1", "ca1_1", -0.2, **full)
    _, lower, less = steps("ca1", "ca1_1", -0.2, (drug("clonidine", "10 uM"),), **full)
    assert sag > 0.4 and less < 0.95 * sag
    assert lower < rest
