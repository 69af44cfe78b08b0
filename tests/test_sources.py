"""Fibres, volumes and lesions: where varicosities are, what each releases, and what is left of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendplast import protocols
from dendplast.diffusion import green
from dendplast.errors import ParameterError
from dendplast.experiment import Experiment
from dendplast.modulation import Dip, Firing, Release, burst, optogenetic
from dendplast.release import MEDIA, Patch, Varicosity
from dendplast.schedule import compile_schedule
from dendplast.sources import Denervation, Fibre, Volume, varicosities
from dendplast.terminals import Tissue

STRIATUM = MEDIA["striatum"]
FIBRE = Fibre("dopamine", points=[[0, 0, 0], [30, 0, 0], [30, 40, 0]], spacing=3.5, p=0.4)
BALL = Volume("dopamine", center=(10, -5, 3), radius=8.0, density=0.05, p=0.4)


def compiled(*items, seed=1, **tissue):
    return compile_schedule(items, lambda s: np.arange(3), seed, Tissue(STRIATUM, **tissue))


def places(source, seed=1, lesions=()):
    return np.array([site.at for _, site in varicosities(source, seed, STRIATUM, lesions)]).reshape(-1, 3)


corners = st.lists(st.tuples(*3 * [st.floats(-100, 100)]), min_size=2, max_size=6).filter(
    lambda p: np.linalg.norm(np.diff(np.array(p), axis=0), axis=1).sum() > 20.0
)


@given(corners, st.floats(0.5, 20.0))
def test_varicosities_of_a_fibre_are_evenly_spaced_on_it(points, spacing):
    fibre = Fibre("dopamine", points=points, spacing=spacing)
    found = places(fibre)
    assert abs(len(found) - fibre.length / spacing) <= 0.5 + 1e-6  # half a spacing is left at each end
    corner = np.array(points)
    a, b = corner[:-1], corner[1:]
    along = np.append(0, np.cumsum(np.linalg.norm(b - a, axis=1)))
    at = spacing * (np.arange(len(found)) + 0.5)
    leg = np.clip(np.searchsorted(along, at, side="right") - 1, 0, len(a) - 1)
    part = (at - along[leg]) / np.maximum(along[leg + 1] - along[leg], 1e-300)
    # coordinates up to 100 um: rounding of 1e-13 times the number of legs
    np.testing.assert_allclose(found, a[leg] + part[:, None] * (b - a)[leg], atol=1e-9)


@given(st.floats(2.0, 15.0), st.floats(0.001, 0.1), st.floats(1.0, 2.0), st.integers(0, 99))
def test_a_denser_volume_adds_to_the_places_of_a_thinner_one(radius, density, factor, seed):
    thin = places(Volume("dopamine", center=(1, 2, 3), radius=radius, density=density), seed)
    dense = places(Volume("dopamine", center=(1, 2, 3), radius=radius, density=density * factor), seed)
    assert len(thin) == round(density * 4 / 3 * np.pi * radius**3)
    np.testing.assert_array_equal(dense[: len(thin)], thin)
    assert (np.linalg.norm(dense - (1, 2, 3), axis=1) <= radius * (1 + 1e-12)).all()  # rounding


def test_places_fill_the_ball_evenly_and_depend_on_both_seeds():
    big = Volume("dopamine", center=(0, 0, 0), radius=20.0, density=0.1)
    r = np.linalg.norm(places(big), axis=1) / 20.0
    # (r/R)^3 is uniform: its mean has a standard deviation of sqrt(1/12/3351) = 0.005; five of them
    assert np.mean(r**3) == pytest.approx(0.5, abs=0.025)
    for other in (places(big, 2), places(big.replaced(seed=1))):
        assert not np.array_equal(other, places(big))


@pytest.mark.parametrize(("source", "n"), [(FIBRE, 20), (BALL, 107)], ids=["fibre", "volume"])
def test_each_varicosity_releases_by_its_own_chance(source, n):
    s = compiled(burst(source, n=400, hz=50.0))
    assert len(s.sites) == n and (s.release_weight == 1).all()
    share = np.bincount(s.release_site, minlength=n) / 400
    # binomial: five standard deviations of sqrt(0.24/400)
    assert np.abs(share - 0.4).max() < 5 * np.sqrt(0.24 / 400)
    assert len({tuple(s.release_time[s.release_site == k]) for k in range(n)}) == n


def test_a_varicosity_alone_draws_as_it_always_did():
    """The stream of a single site is named by the protocol's number alone."""
    site = Varicosity("dopamine", at=(0, 0, 0), p=0.3)
    rng = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(2, 1)))
    s = compiled(protocols.spikes(n=1, start=0.0), burst(site, start=0.0, n=40), seed=7)
    np.testing.assert_array_equal(s.release_time, np.arange(40)[rng.random(40) < 0.3] * 50.0)


def test_the_mean_over_volumes_is_the_mean_field_of_a_patch():
    """A patch is what volumes are on average: concentration at the centre 5 ms after one spike."""
    patch = Patch("dopamine", center=(0, 0, 0), radius=8.0, density=0.05, p=0.5)
    expected = green([patch], [[0.0]], np.zeros((1, 3)), np.array([5.0]), STRIATUM)[0, 0]
    found = []
    for seed in range(200):
        volume = Volume("dopamine", center=(0, 0, 0), radius=8.0, density=0.05, p=0.5)
        s = compiled(burst(volume, n=1), seed=seed)
        times = [s.release_time[s.release_site == k] for k in range(len(s.sites))]
        found.append(green(s.sites, times, np.zeros((1, 3)), np.array([5.0]), STRIATUM)[0, 0])
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected, abs=4 * error) and error < 0.05 * expected


# --- spikes ----------------------------------------------------------------------------------------------


def test_fidelity_is_drawn_for_each_axon():
    fibre = compiled(optogenetic(FIBRE.replaced(p=1.0), n=2000, hz=40.0))
    times = [fibre.release_time[fibre.release_site == k] for k in range(20)]
    assert all(np.array_equal(t, times[0]) for t in times)  # one axon: a spike visits every varicosity
    assert len(times[0]) / 2000 == pytest.approx(0.9, abs=0.034)  # five times sqrt(0.09/2000)
    np.testing.assert_allclose(np.remainder(times[0] - 3.0, 25.0), 0.0, atol=1e-9)  # 3 ms late, whole periods
    ball = compiled(optogenetic(BALL.replaced(p=1.0), n=50, hz=40.0))
    assert len({tuple(ball.release_time[ball.release_site == k]) for k in range(107)}) > 50
    patch = compiled(optogenetic(Patch("dopamine", center=(0, 0, 0), radius=5.0), n=50, fidelity=0.7))
    assert len(patch.release_time) == 50 and np.all(patch.release_weight == 0.7)


@given(st.integers(0, 1000))
def test_firing_is_a_poisson_process_of_each_axon(seed):
    s = compiled(Firing(site=BALL.replaced(p=1.0), hz=4.0, duration=10_000.0, start=500.0), seed=seed)
    assert s.end == 10_500.0 and s.release_time.min() >= 500.0 and s.release_time.max() <= 10_500.0
    # 107 axons, 40 spikes each: six standard deviations
    assert abs(len(s.release_time) - 4280) < 6 * np.sqrt(4280)
    one = compiled(Firing(site=FIBRE.replaced(p=1.0), duration=5_000.0, start=0.0), seed=seed)
    np.testing.assert_array_equal(one.release_time[one.release_site == 0], one.release_time[one.release_site == 7])


def test_spikes_may_be_given_one_by_one():
    site = Varicosity("dopamine", at=(0, 0, 0), p=1.0)
    s = compiled(Release(site=site, times=[0.0, 3.0, 70.0], trains=2, train_interval=100.0, start=10.0))
    assert s.release_time.tolist() == [10.0, 13.0, 80.0, 110.0, 113.0, 180.0] and s.end == 180.0


def test_what_one_source_draws_does_not_depend_on_the_others():
    alone = compiled(burst(BALL, start=0.0, n=10))
    beside = compiled(burst(BALL, start=0.0, n=10), burst(FIBRE, start=0.0, n=30))
    mine = beside.release_site < 107
    np.testing.assert_array_equal(beside.release_time[mine], alone.release_time)
    np.testing.assert_array_equal(beside.release_site[mine], alone.release_site)


# --- lesions ---------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 50))
def test_a_larger_lesion_removes_the_same_and_more(a, b, seed):
    small, large = sorted((a, b))
    left = [
        {k for k, _ in varicosities(BALL, 1, STRIATUM, [Denervation(modulator="dopamine", share=s, seed=seed)])}
        for s in (0.0, small, large, 1.0)
    ]
    assert left[0] == set(range(107)) and left[3] == set() and left[2] <= left[1]
    assert abs(len(left[1]) / 107 - (1 - small)) < 0.25  # five standard deviations of sqrt(1/4/107)


def test_a_lesion_in_space_removes_what_is_in_it_and_leaves_the_draws_of_the_others():
    lesion = Denervation(modulator="dopamine", center=(30, 0, 0), radius=10.0)
    whole, cut = compiled(burst(FIBRE, n=30)), compiled(burst(FIBRE, n=30), lesions=(lesion,))
    far = {s.at for s in whole.sites if np.linalg.norm(np.subtract(s.at, (30, 0, 0))) > 10.0}
    assert {s.at for s in cut.sites} == far and 0 < len(far) < 20
    for k, site in enumerate(cut.sites):
        mine = whole.release_time[whole.release_site == whole.sites.index(site)]
        np.testing.assert_array_equal(cut.release_time[cut.release_site == k], mine)


def test_a_lesion_of_another_modulator_does_nothing():
    lesion = Denervation(modulator="acetylcholine")
    assert len(compiled(burst(FIBRE), lesions=(lesion,)).sites) == 20


def test_a_patch_loses_density_or_is_refused():
    patch = Patch("dopamine", center=(0, 0, 0), radius=5.0)
    one = compiled(burst(patch), lesions=(Denervation(modulator="dopamine", share=0.8),)).sites[0]
    assert one.density == pytest.approx(0.2 * STRIATUM["dopamine"].density, rel=1e-12)  # rounding
    away = Denervation(modulator="dopamine", center=(20, 0, 0), radius=15.0)
    assert compiled(burst(patch), lesions=(away,)).sites[0].amount(STRIATUM["dopamine"]) == patch.amount(
        STRIATUM["dopamine"]
    )
    with pytest.raises(ParameterError, match="cuts through a patch"):
        compiled(burst(patch), lesions=(away.replaced(radius=17.0),))


# --- descriptions ----------------------------------------------------------------------------------------


def test_a_description_survives_its_own_text():
    experiment = Experiment(
        protocol=(
            burst(FIBRE), optogenetic(BALL), Firing(site=FIBRE, duration="2 s"),
            Release(site=BALL, times=[0.0, 5.0]), Dip(modulator="dopamine", duration="0.6 s", n=3),
            protocols.tone_step(modulator="dopamine", conc="100 nM"),
            burst(Patch("noradrenaline", center=(0, 0, 0), radius=4.0, pool=5, feedback=0.5)),
        ),
        denervation=(Denervation(modulator="dopamine", share=0.5, center=(0, 0, 0), radius=20.0),),
        medium={"dopamine": {"variant": "ejdrup_dorsal", "Vmax": "3 uM/s"}, "acetylcholine": "volume"},
    )  # fmt: skip
    again = Experiment.from_toml(experiment.to_toml())
    assert again == experiment and again.hash == experiment.hash


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Fibre("dopamine", points=[[0, 0, 0]]), ("points", "at least 2")),
        (lambda: Fibre("dopamine", points=[[0, 0, 0], [1, 0, 0]]), ("points", "spacing")),
        (lambda: Volume("dopamine", center=(0, 0, 0)), ("radius", "required")),
        (lambda: Firing(site=Patch("dopamine", center=(0, 0, 0), radius=5), duration=5), ("mean field", "volume")),
        (lambda: Release(site=FIBRE, times=[1, 2], n=3), ("times", "n and hz")),
        (lambda: Release(site=FIBRE, times=[2, 1]), ("times", "in order")),
        (lambda: Release(site={"kind": "volume", "modulator": "dopamine"}), ("site", "required")),
        (lambda: Dip(modulator="dopamine", duration=20, n=2, interval=10), ("interval", "longer")),
        (lambda: Denervation(modulator="dopamine", radius=5.0), ("center", "radius")),
        (lambda: compiled(burst(Volume("dopamine", center=(0, 0, 0), radius=50.0))), ("20000", "patch")),
        (lambda: Experiment(medium={"dopamine": "ejdrup"}), ("medium.dopamine", "ejdrup_dorsal")),
        (lambda: Experiment(medium={"dopamine": {"uptake": 1}}), ("medium.dopamine.uptake", "unknown")),
        (lambda: Experiment(medium={"serotonin": "x"}), ("medium.serotonin", "noradrenaline")),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_in_one_sentence(make, words):
    with pytest.raises(ParameterError) as error:
        make()
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value), str(error.value)
