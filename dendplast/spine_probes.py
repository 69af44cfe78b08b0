"""Protocols of the battery that need spines: calcium of spikes, EPSPs and pairs, and clusters on one branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bench import SOMA, Bench, steps
from .build import build
from .cell import Cell
from .experiment import Experiment, Numerics
from .geometry import Geometry
from .model import Model
from .placing import place
from .presets import Preset
from .probes import trunk
from .responses import groups
from .slots import SPINE_FAST, SPINE_RULE, spine_references
from .spines import Spines

__all__ = ["Calcium", "Cluster", "branches", "calcium", "cluster", "spine_bench"]

PAIR = 10.0  # ms between the EPSP and the peak of the spike
FIRST = 25.0  # ms, of the first event
WHOLE = 250.0  # ms
CLUSTER = 30
"""Synapses of a cluster; the largest that is released together."""
LONG = 100.0
"""Length (um) from which on an end branch is typical; basal ones are 100 to 200 um (10.1152/jn.00011.2008)."""
SPREAD = 0.1  # ms between one synapse of a cluster and the next, as in 10.1016/j.neuron.2006.03.016


@dataclass(frozen=True)
class Calcium:
    """Calcium of spines in the four protocols.

    Attributes
    ----------
    time : ndarray, shape (n_time,)
        ms.
    cai : dict of str to ndarray, shape (n_time, n_spine)
        Calcium (mM) for ``bap``, ``epsp``, ``pre_post``, ``post_pre``.
    head, dendrite : ndarray, shape (n_spine,)
        Height of the EPSP (mV) in the head and in the dendrite under it.
    path_distance : ndarray, shape (n_spine,)
        um.
    """

    time: np.ndarray
    cai: dict[str, np.ndarray]
    head: np.ndarray
    dendrite: np.ndarray
    path_distance: np.ndarray

    def rise(self, name: str) -> np.ndarray:
        """Return each spine's peak of calcium above rest (mM), shape (n_spine,)."""
        cai = self.cai[name]
        return cai.max(axis=0) - cai[0]


@dataclass(frozen=True)
class Cluster:
    """One branch, and what more and more of its synapses do together.

    Attributes
    ----------
    branch : str
        Name of its section.
    n : ndarray of int, shape (n_count,)
        Synapses released.
    expected, soma : ndarray, shape (n_count,)
        Sum of the single EPSPs, and the EPSP of all together, in the soma (mV).
    local : ndarray, shape (n_time, n_count)
        Voltage of the branch above rest (mV).
    elsewhere : ndarray, shape (n_count,)
        Height (mV) on the nearest branch that has no part in it.
    time : ndarray, shape (n_time,)
        ms, from the first release.
    """

    branch: str
    n: np.ndarray
    expected: np.ndarray
    soma: np.ndarray
    local: np.ndarray
    elsewhere: np.ndarray
    time: np.ndarray


def branches(tree: Geometry, region: str, distance: float, n: int, length: float = 0.0) -> list[int]:
    """Return the sections of `n` end branches of a region whose middles are nearest to a path distance (um).

    Branches shorter than a length (um) come after all others.  The apical trunk has no part in it.
    """
    pairs = zip(tree.section, tree.parent, strict=True)
    parents = {int(tree.section[p]) for s, p in pairs if p >= 0 and tree.section[p] != s}
    stem = set(tree.section[trunk(tree)].tolist())
    found = []
    for section in np.unique(tree.section[tree.region == region]):
        if int(section) in parents | stem:
            continue
        rows = np.flatnonzero(tree.section == section)
        own = float(tree.length[rows].sum())
        if own > 40.0:  # um, long enough for a cluster
            found.append((own < length, abs(float(tree.path_distance[rows].mean()) - distance), int(section)))
    return [section for *_, section in sorted(found)[:n]]


def spines_for(
    tree: Geometry, preset: Preset, sections: Sequence[int], n: int, reach: tuple[float, float]
) -> Spines:
    """Return `n` spines over the dendrites within a reach (um), then `CLUSTER` in the middle of each section."""
    everywhere = place(tree, preset.spines, 1)
    within = np.flatnonzero((everywhere.path_distance >= reach[0]) & (everywhere.path_distance <= reach[1]))
    chosen = [within[np.linspace(0, len(within) - 1, n).round().astype(int)]]
    for section in sections:
        rows = np.flatnonzero(everywhere.section == section)
        middle = rows[np.argsort(np.abs(everywhere.x[rows] - 0.5), kind="stable")]
        chosen.append(np.sort(middle[:CLUSTER]))
    return everywhere.select(np.concatenate(chosen))


def spine_bench(cell: Cell, spines: Spines, numerics: Numerics) -> tuple[Bench, Model]:
    """Put calibrated spines on a cell and bring it to rest; NEURON must have the cell's step already."""
    experiment = Experiment(preset=cell.preset.name, numerics=numerics.replaced(plastic=False))
    model = build(experiment, cell=cell, spines=spines)
    names = (*SPINE_FAST, *SPINE_RULE)
    extra = [reference for name in names for reference in spine_references(model.processes, name)]
    model.driver = spine_bench  # nothing is queued by finitialize
    return Bench(cell, numerics.dt, extra), model


def calcium(bench: Bench, model: Model, spines: Sequence[int]) -> Calcium:
    """Give spines a back-propagating spike, an EPSP, and both in either order.

    EPSPs are given to a few distant spines at a time, so that they hardly lift each other.
    """
    spines = np.asarray(spines, int)
    cell = model.preset.cell
    also = spine_references([model.processes[i] for i in spines], "cai")
    heads = spine_references([model.processes[i] for i in spines], "vhead")
    segment = model.spines.segment[spines]

    def go(spike: float | None, group: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start = 0.0 if spike is None else spike - cell.pulse_latency
        amplitude = 0.0 if spike is None else cell.pulse_amp
        current = steps(bench.dt, WHOLE, (start, start + cell.pulse_dur, amplitude))
        events = [(FIRST, model.glutamate(int(spines[k]), 1.0)) for k in group]
        run = bench.run(WHOLE, {SOMA: current}, segment, events=events, also=[*also, *heads])
        rise = (run.v.max(axis=0) - run.v[0], (run.also.max(axis=0) - run.also[0])[len(spines) :])
        return run.also[:, : len(spines)], *rise

    cai = {"bap": go(FIRST, ())[0]}
    head, dendrite = np.zeros(len(spines)), np.zeros(len(spines))
    for name, spike in (("epsp", None), ("pre_post", FIRST + PAIR), ("post_pre", FIRST - PAIR)):
        cai[name] = np.zeros_like(cai["bap"])
        for group in groups(model.tree, segment):
            values, dendritic, spiny = go(spike, group)
            cai[name][:, group] = values[:, group]
            if spike is None:
                head[group], dendrite[group] = spiny[group], dendritic[group]
    time = np.arange(len(cai["bap"])) * bench.dt
    return Calcium(time, cai, head, dendrite, model.spines.path_distance[spines])


def cluster(bench: Bench, model: Model, section: int) -> Cluster:
    """Release the synapses of a branch one by one, then more and more of them together, the middle ones first.

    Raises
    ------
    SimulationError
        If a voltage is not finite.
    """
    spines, tree = model.spines, model.tree
    mine = np.flatnonzero(spines.section == section)
    middle = spines.x[mine].mean()
    order = mine[np.argsort(np.abs(spines.x[mine] - middle), kind="stable")][:CLUSTER]
    rows = np.flatnonzero(tree.section == section)
    here = int(rows[np.argmin(np.abs(tree.x[rows] - middle))])
    other = _neighbour(tree, section, here)

    def go(chosen: Sequence[int], duration: float) -> np.ndarray:
        events = [(1.0 + SPREAD * k, model.glutamate(int(i), 1.0)) for k, i in enumerate(chosen)]
        run = bench.run(duration, {}, [SOMA, here, other], events=events)
        return run.v - run.v[0]

    single = np.array([go([i], 40.0)[:, 0].max() for i in order])
    counts = np.unique(np.round(np.geomspace(2, len(order), 12)).astype(int))
    runs = [go(order[:n], 200.0) for n in counts]
    return Cluster(
        branch=tree.section_names[section],
        n=counts,
        expected=np.array([single[:n].sum() for n in counts]),
        soma=np.array([run[:, 0].max() for run in runs]),
        local=np.column_stack([run[:, 1] for run in runs]),
        elsewhere=np.array([run[:, 2].max() for run in runs]),
        time=np.arange(len(runs[0])) * bench.dt - 1.0,
    )


def _neighbour(tree: Geometry, section: int, row: int) -> int:
    """Return the row in another dendrite of the same region at the nearest path distance."""
    others = np.flatnonzero((tree.region == tree.region[row]) & (tree.section != section))
    if not len(others):
        return SOMA
    return int(others[np.argmin(np.abs(tree.path_distance[others] - tree.path_distance[row]))])
