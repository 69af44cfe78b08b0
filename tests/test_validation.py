"""Tables, plans and scores of the validation: laws of the score, and that a user's own rows need no code."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast.cli import main
from dendplast.errors import ParameterError
from dendplast.parameters import Parameters
from dendplast.validation import calibrate, identify
from dendplast.validation.command import ARMS, score_table
from dendplast.validation.fit import Fit, bounds, loss_of, residuals, values_of
from dendplast.validation.ground import alike
from dendplast.validation.identify import LADDER, interval
from dendplast.validation.library import LIBRARY, find, unit_of_value
from dendplast.validation.plan import MEASURES, Plan, load_regions
from dendplast.validation.score import BLIND, TAU, score_row, summary
from dendplast.validation.table import COLUMNS, read_table

SLICE = "EPSP slope (% of baseline)"


def row(
    id="X-1", y_name=SLICE, y_value="150", y_err="10", err_kind="SEM", n="6", **more
):
    return dict.fromkeys(COLUMNS, "") | {
        "experiment_id": id, "y_name": y_name, "y_value": y_value, "y_err": y_err, "err_kind": err_kind, "n": n,
    } | more  # fmt: skip


def write(path, *rows):
    names = list(dict.fromkeys(name for r in rows for name in r))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


# --- tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "told"), [
    ({"y_value": "many"}, "y_value = 'many' is no number"), ({"experiment_id": ""}, "experiment_id is empty"),
    ({"y_err": "-3"}, "y_err = '-3' must be 0 or more"),
])  # fmt: skip
def test_a_wrong_cell_is_named_with_its_line(tmp_path, change, told):
    path = write(tmp_path / "t.csv", row("A-1"), row("A-2") | change)
    with pytest.raises(ParameterError, match="line 3") as error:
        read_table(path)
    assert told in str(error.value) and "t.csv" in str(error.value)


def test_a_missing_column_a_name_twice_and_a_missing_file_are_told(tmp_path):
    short = row()
    del short["y_value"]
    with pytest.raises(ParameterError, match="no column 'y_value'"):
        read_table(write(tmp_path / "short.csv", short))
    with pytest.raises(ParameterError, match="is that of line 2"):
        read_table(write(tmp_path / "twice.csv", row("A"), row("A")))
    with pytest.raises(ParameterError, match="can not be read"):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize(("text", "sign"), [
    ("+", "+"), ("+ (P=0.01)", "+"), ("-", "-"), ("0 (not significant)", "0"), ("reference", ""), ("yes", ""),
])  # fmt: skip
def test_the_sign_of_a_qualitative_row_is_no_number(tmp_path, text, sign):
    (read,) = read_table(
        write(
            tmp_path / "t.csv",
            row(y_value=text, y_err="unknown", err_kind="qualitative"),
        )
    )
    assert read.sign == sign and read.value is None and not read.numeric


# --- library ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_every_plan_is_an_experiment_or_a_reason(name):
    plan = LIBRARY[name]
    if isinstance(plan, str):
        assert len(plan) > 15
        return
    assert plan.measure in MEASURES and plan.region in load_regions()
    assert plan.control in ("", *LIBRARY) and plan.at > 0
    assert plan.experiment(1).seed == 1


def test_every_shared_row_has_a_plan_or_a_reason(shared):
    for name in ("calibration", "reserve"):
        for row_ in read_table(shared / "data" / f"experiments_{name}.csv"):
            assert row_.id in LIBRARY, row_.id
            plan = find(row_)
            assert isinstance(plan, Plan) or plan


HELD_OUT = (
    [f"BRZ15-{k}" for k in (14, 15, 16, 19)] + [f"BRZ17-{k}" for k in (14, 15, 16, 18, 19, 20)]
    + [f"FUC22-{k:02d}" for k in range(2, 25) if k not in (7, 17)] + [f"IIN20-{k:02d}" for k in range(1, 10)]
    + [f"HE15-{k:02d}" for k in range(1, 10)] + ["SHE08-06", "SHE08-07"] + [f"NEV06-{k}" for k in range(23, 29)]
    + [f"OHZ15-{k:02d}" for k in range(1, 8)] + [f"NOG19-{k:02d}" for k in range(1, 6)]
    + [f"WIE18-{k:02d}" for k in (8, 9, 10, 11, 13, 14, 15)]
)  # fmt: skip


def test_held_out_protocols_are_in_the_library():
    assert len(HELD_OUT) == 76 and set(HELD_OUT) <= set(LIBRARY)


@pytest.mark.parametrize("arm", ARMS)
def test_an_ablation_is_a_valid_change_of_parameters(arm):
    Parameters().replaced(ARMS[arm])


def test_a_row_without_an_entry_says_what_to_do(tmp_path):
    (read,) = read_table(write(tmp_path / "t.csv", row("NEW-1")))
    assert "column `experiment`" in find(read)


# --- scores -------------------------------------------------------------------------------------------------


def scored(model, **cells):
    import pathlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (read,) = read_table(write(pathlib.Path(folder) / "t.csv", row(**cells)))
    plan = Plan("ca1", (), 1.0, order=-20.0)
    return score_row(read, plan, np.full(3, model))


@given(st.floats(20, 300), st.floats(1, 30), st.floats(0.2, 3))
def test_class_and_z_follow_their_definitions(value, error, model):
    s = scored(model, y_value=repr(value), y_err=repr(error))
    expected = (
        "+" if value - 2 * error > 100 else "-" if value + 2 * error < 100 else "0"
    )
    assert s.expected == expected
    # the model is judged with the paper's error
    assert s.found == (
        "+"
        if 100 * model - 2 * error > 100
        else "-"
        if 100 * model + 2 * error < 100
        else "0"
    )
    assert s.z == pytest.approx(
        (100 * model - value) / math.hypot(error, TAU[expected]), rel=1e-9
    )
    assert s.null_z["blind"] == pytest.approx(
        (BLIND["-"] - value) / math.hypot(error, TAU[expected]), rel=1e-9
    )
    assert scored(
        value / 100, y_value=repr(value), y_err=repr(error)
    ).z == pytest.approx(0, abs=1e-9)


@given(st.floats(0.3, 2.5))
def test_ratio_percent_and_change_are_one_scale(model):
    """The same result in three units has the same class and z."""
    percent = scored(model, y_value="150", y_err="10")
    ratio = scored(
        model, y_name="EPSP ratio (after/before)", y_value="1.5", y_err="0.1"
    )
    change = scored(model, y_name="uEPSC change (%)", y_value="50", y_err="10")
    for other in (ratio, change):
        assert (
            other.z == pytest.approx(percent.z, rel=1e-9, abs=1e-9)
            and other.found == percent.found
        )


def test_a_row_that_was_not_simulated_never_passes(tmp_path):
    rows = read_table(write(tmp_path / "t.csv", row("A"), row("B", y_value="100")))
    found, _ = score_table(rows, {"A": "because", "B": "because"}, {})
    assert not any(s.passed or s.right_class for s in found)
    total = summary(found, [])
    assert total.simulated == 0 and total.rows == 2 and math.isnan(total.share("right"))


def test_conversions_and_contrasts_come_from_the_control(tmp_path):
    rows = read_table(write(tmp_path / "t.csv", row("CTL", y_value="60", y_err="5"), row("DRUG", y_value="150"),
                            row("SAME", y_value="65", y_err="5")))  # fmt: skip
    control = Plan("ca1", (), 1.0, order=-20.0)
    plans = {"CTL": control} | {
        k: Plan("ca1", (), 1.0, order=-20.0, control="CTL") for k in ("DRUG", "SAME")
    }
    done = {
        k: [{"value": np.array([v])}]
        for k, v in (("CTL", 0.6), ("DRUG", 1.4), ("SAME", 0.6))
    }
    found, pairs = score_table(rows, plans, done)
    assert [s.conversion for s in found] == [False, True, False]
    first = pairs[0]
    assert (first.paper, first.model) == pytest.approx((90, 80))
    assert first.error == pytest.approx(math.hypot(10, 5)) and first.z == pytest.approx(
        -10 / math.hypot(10, 5)
    )
    total = summary(found, pairs)
    assert total.converted == {
        "model": 1,
        "no change": 0,
        "blind": 0,
    }  # neither null can convert


def test_a_baseline_takes_away_what_happens_without_the_drug(tmp_path):
    (read,) = read_table(
        write(
            tmp_path / "t.csv",
            row(y_name="volume (sign)", y_value="0", err_kind="qualitative"),
        )
    )
    plan = Plan("ca1", (), 1.0, measure="volume", baseline=Plan("ca1", (), 1.0))
    assert score_row(read, plan, np.array([0.8]), np.array([0.8])).found == "0"
    assert score_row(read, plan, np.array([0.8]), np.array([0.5])).found == "+"


def test_a_measure_the_model_lacks_has_no_unit(tmp_path):
    (read,) = read_table(
        write(tmp_path / "t.csv", row("BRZ15-01", y_name="firing rate (Hz)"))
    )
    assert unit_of_value(read, "weight") is None and "no quantity of the model" in find(
        read
    )


# --- fit ----------------------------------------------------------------------------------------------------


def test_residuals_vanish_at_the_data_and_one_row_can_not_rule(tmp_path):
    rows = read_table(
        write(
            tmp_path / "t.csv",
            row("A"),
            row("B", y_value="-", y_err="", err_kind="qualitative"),
        )
    )
    plans = {k: Plan("ca1", (), 1.0) for k in "AB"}
    r = residuals(rows, plans, {"A": np.array([1.5, 9.0]), "B": np.array([0.7, 3.0])})
    assert r[:, 0] == pytest.approx([0, 0]) and (np.abs(r[:, 1]) > 5).all()
    assert loss_of(r) == pytest.approx([0, 50])  # each row is capped at 25


def test_bounds_are_within_the_parameters_own_and_zero_has_no_scale():
    start, low, high = bounds(["K_P", "zeta"], {"ca1": Parameters()})
    assert (low <= start).all() and (start <= high).all() and high[1] == 1.0
    with pytest.raises(ParameterError, match="r_E"):
        bounds(["r_E"], {"ca1": Parameters()})


@pytest.mark.parametrize(("free", "told"), [
    (["K_P", "a.K_P"], "free twice"), (["c.K_P"], "no region 'c'"), (["n_P"], "free it by region, such as a.n_P"),
])  # fmt: skip
def test_a_free_parameter_is_shared_or_of_one_region_and_free_once(free, told):
    start = {"a": Parameters(), "b": Parameters().replaced({"n_P": 4.0})}
    with pytest.raises(ParameterError, match=told):
        bounds(free, start)
    assert bounds(["K_P", "a.n_P", "b.n_P"], start)[0].tolist() == [Parameters().readout.K_P, 12.0, 4.0]
    assert values_of(["K_P", "a.n_P", "b.n_P"], [1, 2, 3], "b") == {"K_P": 1.0, "n_P": 3.0}


def test_rows_of_one_experiment_are_driven_once_and_no_others():
    a = LIBRARY["BRZ15-02"]
    assert alike({"a": a, "b": replace(a, control="a", note="x", measure="volume")}) == {"a": "a", "b": "a"}
    for change in ({"at": a.at + 1}, {"drugs": LIBRARY["BRZ15-06"].drugs}, {"solution": {"ca": 3.0}},
                   {"protocol": LIBRARY["BRZ15-01"].protocol}, {"since": 1.0}):  # fmt: skip
        assert alike({"a": a, "c": replace(a, **change)}) == {"a": "a", "c": "c"}


@given(st.floats(0.05, 0.5), st.floats(-1, 1), st.permutations(range(9)))
def test_a_parabolic_profile_gives_the_interval_of_its_deviation(deviation, middle, order):
    """log x is normal: its loss rises by 3.84 at 1.96 deviations; the line between points lies above a parabola."""
    steps = np.append(LADDER, 0.0)[list(order)]
    found = interval(np.exp(middle + steps * deviation), steps**2, 1e-9, 1e9)
    assert np.abs(np.log(found) - middle) / deviation == pytest.approx([1.96, 1.96], abs=0.06)
    assert interval(np.exp(steps), 0.1 * np.abs(steps), 0.01, 100.0) == (0.01, 100.0)  # rows that hold nothing


def test_what_rows_hold_is_the_inverse_of_what_moves_them(monkeypatch):
    """Predictions linear in logarithms, one combination held by the rows: its deviation is the rows' own."""
    rows = [SimpleNamespace(id=k) for k in "ABC"]
    slope = np.array([[30.0, 30.0], [30.0, 30.0], [0.0, 0.0]])
    monkeypatch.setattr(identify, "predictions", lambda grounds, names, x: np.log(x))
    monkeypatch.setattr(identify, "residuals", lambda rows, plans, x: slope @ x.T)
    best, low, high = np.ones(2), np.full(2, 0.25), np.full(2, 4.0)
    found = Fit(("a", "b"), best, best, low, high, (0.0, 0.0), (), tuple("ABC"), np.zeros(3), np.zeros(3))
    held = identify.identify([], rows, {}, found)
    assert held.eigenvalues == pytest.approx([3600.0, 0.0], abs=1e-6)
    assert np.abs(held.eigenvectors[:, 0]) == pytest.approx([0.5**0.5] * 2)
    # one number alone is held by the bounds only (uniform in the logarithm), with half of it left for the other
    assert held.deviation == pytest.approx([np.log(16) / 24**0.5] * 2, rel=0.01)
    assert held.prediction_deviation == pytest.approx([2**-0.5, 2**-0.5, 0.0], rel=0.01)
    assert held.low.tolist() == [0.25, 0.25] and held.high.tolist() == [4.0, 4.0]  # along its profile nothing rises


def test_a_fit_takes_every_placement_of_every_preparation(tmp_path, monkeypatch):
    jobs = []

    def asked(name, some, *_):
        jobs.extend(some)
        raise InterruptedError

    monkeypatch.setattr(calibrate, "run_jobs", asked)
    table = write(tmp_path / "rows.csv", row("BRZ15-01"), row("BRZ15-02"), row("ING20-05"))
    with pytest.raises(InterruptedError):
        calibrate.calibrate(table, tmp_path / "out", ["ca1_young", "ca1_rat"], ["ca1_rat.K_P"], seeds=(1, 3))
    assert len({job.label for job in jobs}) == 4
    found = [(tuple(job.arguments["plans"]), job.arguments["seed"]) for job in jobs]
    young = ("BRZ15-01", "BRZ15-02")
    assert sorted(found) == [(young, 1), (young, 3), (("ING20-05",), 1), (("ING20-05",), 3)]


# --- a user's own table -------------------------------------------------------------------------------------

OWN = """preset = "passive"
morphology = "ispn_1"
until = "end + 20 s"
spines = {{ n = 2 }}
drugs = [{{ agent = "dopamine", conc = "{conc}" }}]
[parameters]
g0_P = 2
k_c = 1e-3
tau_tr = 2000
K_P = 4e-4
K_D = 9e-3
e_0 = 0.001
[[protocol]]
kind = "pairing"
dt = {dt}
n = {n}
hz = 1
n_post = {n_post}
"""


def test_eight_rows_by_hand_give_the_same_score_for_one_and_two_jobs(tmp_path, capsys):
    """Rows of new experiments need no code; what they give does not depend on how many processes work."""
    pytest.importorskip("neuron")
    rows = []
    for k in range(8):
        text = OWN.format(
            conc=("1 nM", "10 uM")[k % 2], dt=(10, -10)[k // 4], n=1 + k % 3, n_post=1
        )
        (tmp_path / f"own{k}.toml").write_text(text)
        where = f"own{k}.toml" if k else text  # inline or by path
        rows.append(
            row(
                f"OWN-{k}",
                y_value=str(100 + 10 * k),
                experiment=where,
                control="OWN-0" if k else "",
            )
        )
    table = write(tmp_path / "own.csv", *rows, row("STRANGE-1"))
    few = write(tmp_path / "few.csv", *rows[:2])  # each row costs a process
    for jobs, file in ((1, few), (2, table)):
        out = str(tmp_path / f"out{jobs}")
        assert main(["validate", str(file), "--out", out, "--jobs", str(jobs), "--quick"]) == 0
    one, two = ((tmp_path / f"out{jobs}" / "validation.csv").read_text() for jobs in (1, 2))
    assert two.startswith(one)
    lines = list(csv.DictReader(two.splitlines()))
    assert [line["passed"] for line in lines].count("not simulated") == 1
    assert (
        len({line["model"] for line in lines[:-1]}) > 3
    )  # they are different experiments
    assert "8 of 9 rows simulated" in capsys.readouterr().out
    page = (tmp_path / "out2" / "validation.md").read_text()
    assert "STRANGE-1: not in the library" in page and "OWN-7" in page
