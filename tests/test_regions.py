"""Regions of the validation: connections that depress, and the signs that modulators give, on drawn calcium.

Calcium is drawn here, not simulated: exponentials of 12 ms after each spike, larger while NMDA receptors are
open.  So these laws are about the numbers of the rule and its gates, and take no cell.
"""

from __future__ import annotations

import numpy as np
import pytest

from dendplast.episodes import Calcium, Course, Episode, split
from dendplast.parameters import Parameters
from dendplast.presets import load_preset
from dendplast.presynaptic import mean_release
from dendplast.spines import Spines
from dendplast.studies.timing import SLICE_TONE
from dendplast.validation.ground import Ground, _experiment, _supply
from dendplast.validation.library import LIBRARY
from dendplast.validation.plan import Plan, load_regions
from dendplast.validation.run import outcome

TAU_CA, TAU_NMDA = 12.0, 70.0  # ms; defaults of the spine
PEAKS = {  # uM: EPSP, spike, what open NMDA receptors add to a spike; as captured on the shipped cells
    "dspn": (0.7, 0.65, 2.4), "ispn": (0.7, 0.65, 2.4), "v1_l23": (0.7, 1.4, 2.2),
    "l5tt": (0.7, 1.4, 2.2), "ca1": (0.7, 1.4, 1.0),
}  # fmt: skip


def one_spine() -> Spines:
    n, zero = np.zeros(1, int), np.zeros(1)
    return Spines(n, n, zero, np.zeros((1, 3)), zero + 60, np.array(["basal"]), zero + 0.087, zero, zero, zero)


def drawn(episode: Episode, preset: str) -> Calcium:
    """Return calcium of an episode by sums of exponentials."""
    epsp, spike, boost = (1e-3 * x for x in PEAKS[preset])
    t = np.arange(int(episode.length) + 400) + 0.5
    cai = np.full(len(t), 7e-5)

    def add(at: float, peak: float, tau: float) -> None:
        cai[t >= at] += peak * np.exp(-(t[t >= at] - at) / tau)

    for at in episode.pre_time:
        add(at + 2, epsp, 40.0)
    for at in episode.pulse_time + 1.6:  # a spike follows its pulse
        since = at - episode.pre_time[episode.pre_time < at]
        add(at, spike + boost * np.exp(-since / TAU_NMDA).sum(), TAU_CA)
    pre = np.zeros((len(t), 1))
    np.add.at(pre[:, 0], episode.pre_time.astype(int), episode.pre_weight)
    return Calcium(cai[:, None].astype(np.float32), pre)


def courses_of(plans: dict[str, Plan]) -> tuple[dict[str, Course], dict[str, Calcium], Parameters]:
    courses, calcium = {}, {}
    for name, plan in plans.items():
        experiment = _experiment(plan, 1, 1, {})
        preset = load_preset(experiment.preset)
        parameters = preset.parameters.replaced(experiment.parameters)
        supply = _supply(plan, experiment, one_spine(), parameters)
        parts = split(supply.schedule, plan.drugs)
        calcium |= {e.key: drawn(e, experiment.preset) for _, e in parts if e.key not in calcium}
        courses[name] = Course([(t, e.key) for t, e in parts], supply, (plan.at,))
    return courses, calcium, parameters


def percent(*ids: str, **more: Plan) -> dict[str, float]:
    """Return the measure of rows, and of more plans, of one region in percent, on drawn calcium."""
    plans = {name: LIBRARY[name] for name in ids} | more
    courses, calcium, parameters = courses_of(plans)
    ground = Ground(plans, courses, calcium, np.array([7e-5]), one_spine(), np.ones(1), parameters)
    kept = ground.drive()(parameters.flat())
    w_floor = parameters.expression.w_floor
    return {
        name: 100 * float(outcome(plans[name], course, ground, states, w_floor)["value"][0])
        for (name, course), states in zip(courses.items(), kept, strict=True)
    }


def test_a_connection_that_depresses_gives_each_spike_its_mean_release():
    plan = LIBRARY["MRK97-04"]  # five spikes at 20 Hz
    supply = _supply(plan, _experiment(plan, 1, 1, {}), one_spine(), load_preset("l5tt").parameters)
    first, synapse = split(supply.schedule, ())[0][1], load_regions()[plan.region].presynaptic
    u, R = mean_release(synapse, first.pre_time)
    assert first.pre_weight == pytest.approx(synapse.quantum * synapse.sites * u * R)  # the formula, to rounding
    assert np.all(np.diff(first.pre_weight) < 0) and first.pre_weight[-1] < 0.4 * first.pre_weight[0]


def test_in_both_solutions_of_layer_5_half_of_the_sites_release():
    for name in ("l5tt_visual", "l5tt_somatosensory"):
        region = load_regions()[name]
        assert region.presynaptic.at(region.solution.ca, 2.0).U == pytest.approx(0.5, abs=0.01)  # as declared


def test_without_presynaptic_every_spike_releases_alike():
    plan = LIBRARY["NEV06-05"]
    experiment = _experiment(plan, 1, 1, {})
    parts = split(_supply(plan, experiment, one_spine(), load_preset("v1_l23").parameters).schedule, ())
    assert all((e.pre_weight == 1).all() for _, e in parts)


def test_the_sign_matrix_of_visual_cortex():
    """Nothing without modulators, beta + at either order, M1 - at either order, both: order decides.

    10.1016/j.neuron.2007.08.013.
    """
    w = percent(*(f"SEO07-{k:02d}" for k in range(1, 9)))
    assert [round(w[f"SEO07-{k:02d}"], 6) for k in (1, 2)] == [100, 100]  # both gates are shut: exactly nothing
    assert all(w[f"SEO07-{k:02d}"] > 110 for k in (3, 4, 7))  # 10 %: two errors of a recording of 5 %
    assert all(w[f"SEO07-{k:02d}"] < 90 for k in (5, 6, 8))


def test_the_sign_matrix_of_the_striatum():
    """10.1126/science.1160575: in both cells order decides, and D1 takes depression from the direct pathway."""
    d1, d2 = percent("SHE08-03", "SHE08-04", "SHE08-05"), percent("SHE08-01", "SHE08-02")
    assert d1["SHE08-03"] > 110 and 90 < d1["SHE08-04"] < 110 and d1["SHE08-05"] < 90
    assert d2["SHE08-01"] > 110 and d2["SHE08-02"] < 90


def test_dopamine_acts_from_a_third_of_a_second_to_two_after_the_onset_of_the_train():
    """10.1126/science.1255514; change of volume against the same trains without dopamine."""
    ids = [f"YAG14-{k:02d}" for k in range(1, 7)]
    v = percent(*ids, none=LIBRARY["YAG14-01"].baseline)
    gain = {name: v[name] - v["none"] for name in ids}
    assert all(gain[f"YAG14-{k:02d}"] > 10 for k in (2, 3, 5, 6))  # 0.6, 1, 0.3, 2 s
    assert all(abs(gain[f"YAG14-{k:02d}"]) < 5 for k in (1, 4))  # -1 and 5 s
    assert v["none"] > 80  # the trains alone leave the spine as it is, or a little smaller


@pytest.mark.parametrize("family", ["NEV06", "EGG99", "SJS01", "MRK97", "SEO07", "HE15", "YAG14", "IIN20", "SHE08",
                                    "PAW08", "ZHA09", "RMP08", "BNR14", "ZLB09", "SJH06"])  # fmt: skip
def test_every_protocol_can_be_built_and_the_others_say_why(family):
    """Rows held out and in reserve too: what is done is known, whatever came out."""
    rows = {name: plan for name, plan in LIBRARY.items() if name.startswith(family)}
    plans = {name: plan for name, plan in rows.items() if isinstance(plan, Plan)}
    assert plans and all(isinstance(r, str) and r for name, r in rows.items() if name not in plans)
    for name, plan in plans.items():
        courses, calcium, _ = courses_of({name: plan})
        course = courses[name]
        assert course.episodes and set(dict(course.episodes).values()) <= set(calcium)
        assert max(dict(course.episodes)) < course.at[-1]  # the outcome is looked at after all of it
        assert all(np.isfinite(list(course.supply.bath(t).values())).all() for t in (0.0, course.at[-1]))


def test_studies_of_ca1_have_the_tone_that_its_rule_was_fitted_with():
    tone = load_regions()["ca1_young"].tone
    assert tone.replaced(**SLICE_TONE) == tone
    assert tone.dopamine > 0
