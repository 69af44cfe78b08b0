"""A small run made by hand: a forked tree, spines on it, one release, and traces in closed form."""

from __future__ import annotations

import numpy as np

from dendplast.diffusion import deliveries
from dendplast.geometry import Geometry
from dendplast.release import MEDIA, Patch, Varicosity
from dendplast.result import OUTCOMES, Result
from dendplast.spines import Spines

SITE = Patch("dopamine", center=(60.0, 62.0, 0.0), radius=20.0)


def tree() -> Geometry:
    """Return a soma, a trunk that forks, and an axon."""
    pieces = [  # section, region, parent section, from, to, diameters
        ("soma", "soma", -1, (0, -8, 0), (0, 8, 0), (16, 16)),
        ("trunk", "apical", 0, (0, 8, 0), (0, 60, 0), (3, 2)),
        ("left", "apical", 1, (0, 60, 0), (-60, 120, 10), (1.2, 0.6)),
        ("right", "apical", 1, (0, 60, 0), (120, 60, -10), (1.2, 0.6)),
        ("basal", "basal", 0, (0, -8, 0), (-40, -60, 0), (1.5, 0.7)),
        ("axon", "axon", 0, (0, -8, 0), (20, -70, 0), (0.8, 0.5)),
    ]
    n = 8
    names = ("section", "x", "start", "end", "length", "diam", "path", "region", "parent")
    rows: dict[str, list] = {k: [] for k in names}
    last, reach = {}, {}
    for number, (_, region, above, start, end, diams) in enumerate(pieces):
        a, b = np.array(start, float), np.array(end, float)
        step = np.linalg.norm(b - a) / n
        base = reach.get(above, 0.0)
        for i in range(n):
            rows["section"].append(number)
            rows["x"].append((i + 0.5) / n)
            rows["start"].append(a + (b - a) * i / n)
            rows["end"].append(a + (b - a) * (i + 1) / n)
            rows["length"].append(step)
            rows["diam"].append(diams[0] + (diams[1] - diams[0]) * (i + 0.5) / n)
            rows["path"].append(base + step * (i + 0.5))
            rows["region"].append(region)
            rows["parent"].append(len(rows["parent"]) - 1 if i else last.get(above, -1))
        last[number], reach[number] = len(rows["section"]) - 1, base + step * n
    array = {k: np.array(v) for k, v in rows.items()}
    return Geometry(
        section_names=tuple(p[0] for p in pieces), section=array["section"], x=array["x"], start=array["start"],
        end=array["end"], length=array["length"], diam=array["diam"], parent=array["parent"],
        area=np.pi * array["diam"] * array["length"], path_distance=array["path"], region=array["region"],
    )  # fmt: skip


def spines(n: int = 40, seed: int = 1) -> Spines:
    """Return `n` spines on the dendrites of `tree`."""
    rng = np.random.default_rng(seed)
    geometry = tree()
    weight = np.isin(geometry.region, ["apical", "basal"]) + 5.0 * (geometry.section == 3)  # most near the site
    segment = np.sort(rng.choice(len(geometry), n, p=weight / weight.sum()))
    return Spines(
        segment=segment, section=geometry.section[segment], x=geometry.x[segment],
        xyz=geometry.center[segment] + rng.normal(0, 1.0, (n, 3)), path_distance=geometry.path_distance[segment],
        region=geometry.region[segment].astype(str), volume=rng.lognormal(-3, 0.5, n),
        neck_length=rng.uniform(0.2, 1, n), neck_diam=rng.uniform(0.1, 0.2, n), R_neck=rng.uniform(50, 300, n),
    )  # fmt: skip


def result(n: int = 40, sites: tuple = (SITE,), seed: int = 1) -> Result:
    """Return a run: pairing for 2 s, release 30 s later, outcome at 10 and 40 min; no site, no change.

    Every trace is a closed form of time and of the distance from the first site.
    """
    placed = spines(n, seed)
    distance = np.linalg.norm(placed.xyz - (sites[0].position if sites else 1e6), axis=1)
    hit = np.exp(-((distance / 30.0) ** 2))
    windows = [np.arange(0, 2e3, 5.0), np.arange(3e4, 3.4e4, 50.0), np.arange(1e4, 2.4e6 + 1, 1e4)]
    time = np.unique(np.concatenate(windows))
    t = time[:, None]
    pulse = np.where(t < 2e3, np.exp(-(t % 200.0) / 30.0), 0.0)
    since = np.clip(t - 3e4, 0, None)
    sign = np.array([-1.0, 1.0, 0.0, 1.0, 1.0])[np.arange(n) % 5]  # every fifth is depressed, every fifth primed
    da = 2e-3 * hit * np.exp(-since / 400.0) * (since > 0)
    elig = np.exp(-np.clip(t - 2e3, 0, None) / 3e4) * np.clip(t / 2e3, 0, 1) * np.ones(n)
    tag = 0.6 * hit * (1 - np.exp(-since / 5e3)) * np.exp(-since / 5.4e6)
    weight = 1 + sign * 0.8 * hit * (1 - np.exp(-since / 3e5))
    bound = 0.8 * hit * np.exp(-since / 2e3) * (since > 0)
    traces = {
        "cai": 7e-5 + 1e-3 * pulse * np.ones(n), "da": da, "D1": bound, "PKA": tag / 0.6, "elig_P": elig,
        "elig_D": 0.7 * elig, "tag_P": tag * (sign > 0), "tag_D": tag * (sign < 0), "w": weight,
    }  # fmt: skip
    at = np.array([6e5, 2.4e6])
    row = np.searchsorted(time, at)
    outcomes = {name: np.zeros((2, n)) for name in OUTCOMES}
    for name in ("tag_P", "tag_D", "w"):
        outcomes[name] = np.array(traces[name][row])
    outcomes["volume"] = placed.volume * outcomes["w"]
    outcomes["primed"][:] = 0.5 * (hit > 0.2)
    lost = np.zeros((2, n), bool)
    if n > 3 and sites:
        lost[1, np.flatnonzero(outcomes["w"][1] < 0.6)[:2]] = True
    return Result(
        experiment='preset = "ca1"\n', spines=placed, tree=tree(), sites=sites,
        deliveries=deliveries(sites, placed.xyz, MEDIA["hippocampus"]), time=time,
        traces={k: v.astype(np.float32) for k, v in traces.items()},
        soma_v=(-70 + 90 * pulse[:, 0]).astype(np.float32), outcome_time=at, outcomes=outcomes, lost=lost,
        conductances={"g_ampa": np.full(n, 5e-4), "g_nmda": np.full(n, 3e-4), "g_vgcc": np.full(n, 8e-6)},
        provenance={"dendplast_version": "0", "neuron_version": "9", "mod_hash": "abc", "git_commit": "none",
                    "seed": 1, "wall_time_s": 1.5, "until": 2.4e6, "backend": {"dopamine": "soe"}},
    )  # fmt: skip


VARICOSITY = Varicosity("acetylcholine", at=(-30.0, 90.0, 1.5), p=0.2, molecules=1000)
