"""Run the cell of ../tree.py in Arbor: python run.py N UNTIL; needs exspine-catalogue.so in the folder $ARBOR."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

import arbor as A
import numpy as np
from arbor import units as U

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tree  # noqa: E402

WARM = 10.0  # ms before the clock starts
GAP = 0.002  # um; stubs that name a place for a control volume or a spine
SOMA, SHAFT, HEAD, MARK = 1, 3, 4, 5


def memory() -> float:
    """Return the resident memory of this process (kB)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024


def morphology(section: np.ndarray, x: np.ndarray) -> A.segment_tree:
    """Return soma, dendrites with a mark in the middle of every control volume, and spine heads."""
    out = A.segment_tree()
    soma = out.append(A.mnpos, A.mpoint(-20, 0, 0, 10), A.mpoint(0, 0, 0, 10), tag=SOMA)
    ends: dict[int, int] = {}
    for s, (parent, length, diam) in enumerate(tree.sections()):
        marks = [(length * (j + 0.5) / tree.NSEG, "mark") for j in range(tree.NSEG)]
        events = sorted([*marks, *[(place * length, "spine") for place in x[section == s]], (length, "end")])
        at, last = 0.0, soma if parent < 0 else ends[parent]
        for place, kind in events:
            place = max(place, at + GAP)
            last = out.append(last, point(at, s, diam), point(place, s, diam), tag=SHAFT)
            at = place
            if kind == "mark":
                last = out.append(last, point(at, s, diam), point(at + GAP, s, diam), tag=MARK)
                at += GAP
            elif kind == "spine":
                top = A.mpoint(at, 10.0 * s, tree.HEAD, tree.HEAD / 2)
                out.append(last, A.mpoint(at, 10.0 * s, 0, tree.HEAD / 2), top, tag=HEAD)
        ends[s] = last
    return out


def point(at: float, s: int, diam: float) -> A.mpoint:
    return A.mpoint(at, 10.0 * s, 0, diam / 2)


class Recipe(A.recipe):
    """One cell with its events."""

    def __init__(self, cell: A.cable_cell, n: int, until: float) -> None:
        super().__init__()
        self.cell, self.n, self.until = cell, n, until
        self.properties = A.neuron_cable_properties()
        library = next(Path(os.environ["ARBOR"]).glob("exspine-catalogue.so"))
        self.properties.catalogue.extend(A.load_catalogue(str(library)), "")
        self.properties.coalesce_synapses = False

    def num_cells(self) -> int:
        return 1

    def cell_kind(self, gid: int) -> A.cell_kind:
        return A.cell_kind.cable

    def cell_description(self, gid: int) -> A.cable_cell:
        return self.cell

    def global_properties(self, kind: A.cell_kind) -> A.cable_global_properties:
        return self.properties

    def probes(self, gid: int) -> list:
        soma = A.cable_probe_membrane_voltage('"middle"', "v")
        return [soma, *([A.cable_probe_point_state_cell("exspine", "ca", "ca")] if self.n else [])]

    def event_generators(self, gid: int) -> list:
        t, spine, kind = tree.releases(self.n, self.until)
        out = []
        for i in range(self.n):
            for k, weight in ((0, 1.0), (1, 100.0 + 1e-4)):
                times = [float(q) * U.ms for q in t[(spine == i) & (kind == k)]]
                target = A.cell_local_label(f"spine{i}")
                if times:
                    out.append(A.event_generator(target, weight, A.explicit_schedule(times)))
        return out


def main(n: int, until: float) -> dict:
    """Build and run; returns what `spines.py` asks for."""
    before, begin = memory(), time.process_time()
    segments = morphology(*tree.places(n))
    form = A.morphology(segments)
    labels = A.label_dict({
        "soma": f"(tag {SOMA})", "head": f"(tag {HEAD})", "dend": f"(join (tag {SHAFT}) (tag {MARK}))",
        "middle": f"(on-components 0.5 (tag {SOMA}))",
    })  # fmt: skip
    decor = A.decor()
    decor.set_property(Vm=-70 * U.mV, cm=0.01 * U.F / U.m2, rL=tree.RA * U.Ohm * U.cm, tempK=295.15 * U.Kelvin)
    area = np.pi * (tree.HEAD / 2) ** 2
    decor.paint('"head"', rL=tree.R_NECK * area / (tree.HEAD / 2) * 1e2 * U.Ohm * U.cm)  # megohm um -> ohm cm
    decor.set_ion("na", rev_pot=50 * U.mV)
    decor.set_ion("k", rev_pot=-77 * U.mV)
    for region in ('"soma"', '"dend"', '"head"'):
        decor.paint(region, A.density("pas/e=-70", g=tree.G_PAS))
    decor.paint('"soma"', A.density("hh", gnabar=0.12, gkbar=0.036, gl=0.0003, el=-60))
    decor.paint('"dend"', A.density("hh", gnabar=0.01, gkbar=0.004, gl=0, el=-60))
    share = np.pi / 4 * tree.HEAD**3 / 0.087
    values = {"g_ampa": 0.0005, "g_nmda": 0.0003, "g_vgcc": 7e-5, "head_volume": 0.087}
    values = {name: value * share for name, value in values.items()}
    # numbers as in tree.places: heads come in the order of the tree, as the places do
    heads = [b for b in range(form.num_branches) if form.branch_segments(b)[-1].tag == HEAD]
    for i, branch in enumerate(heads):
        decor.place(f"(location {branch} 0.5)", A.synapse("exspine", **values), f"spine{i}")
    for t in tree.pulses(until + WARM):
        decor.place('"middle"', A.i_clamp(t * U.ms, tree.PULSE_DURATION * U.ms, tree.PULSE * U.nA))
    policy = f"(on-components 0.5 (tag {MARK}))"
    if n:
        policy = f"(join {policy} (on-components 0.001 (tag {HEAD})))"
    cell = A.cable_cell(segments, decor, labels, discretization=A.cv_policy_explicit(policy))
    simulation = A.simulation(Recipe(cell, n, until + WARM), A.context(threads=1))
    setup = time.process_time() - begin
    last = A.explicit_schedule([(WARM + until - tree.DT) * U.ms])
    handles = [simulation.sample((0, tag), last) for tag in (["v", "ca"] if n else ["v"])]
    simulation.run(WARM * U.ms, tree.DT * U.ms)
    begin = time.process_time()
    simulation.run((WARM + until) * U.ms, tree.DT * U.ms)
    cpu = time.process_time() - begin
    soma, *calcium = [simulation.samples(handle)[0][0][-1][1:] for handle in handles]
    mean = float(np.mean(calcium[0])) if calcium else 0.0
    grown = memory() - before
    return {"cpu": 1e3 * cpu / until, "setup": setup, "memory": grown, "soma": float(soma[0]), "calcium": mean}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), float(sys.argv[2]))))
