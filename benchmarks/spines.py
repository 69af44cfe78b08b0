"""Time spines: this package, an explicit-spine NEURON script, and Arbor, side by side on one cell.

    python benchmarks/spines.py [--counts 100 1000 10000] [--repeats 5] [--arbor PYTHON]

Each run is a process of its own, one thread, and the runs of one count are interleaved; times are CPU times of
the steps alone. `--arbor` is the python of an environment with `pip install arbor` (0.12) and a C++ compiler;
without it Arbor is left out. Writes `benchmarks/results/spines.md`.

ours        one point process per spine (mod/spine.mod), the rule each ms; with NEURON and with CoreNEURON
ours-driven the same with CoreNEURON as `dendplast run` takes it: the driver sends the events and hands spines over
explicit    neck and head sections, benchmarks/explicit: cnexp, the whole rule at every step, NEURON
arbor       a head CV per spine (the neck in its resistance), benchmarks/arbor: cnexp, the whole rule at every step
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tree  # noqa: E402
from machine import machine, memory, spread  # noqa: E402

WARM = 10.0  # ms before the clock starts
ENGINES = ("ours-coreneuron", "ours-driven", "ours-neuron", "explicit", "arbor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--time", type=float, default=50.0, help="simulated time of a run (ms)")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--arbor", help="python of an environment with arbor")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "spines.md")
    parser.add_argument("--child", nargs=3, metavar=("ENGINE", "N", "UNTIL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        engine, n, until = arguments.child
        print(json.dumps(CHILDREN[engine](int(n), float(until))))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        engines = [e for e in arguments.engines if e != "arbor" or arguments.arbor]
        if "arbor" in arguments.engines and not arguments.arbor:
            print("Arbor is left out: --arbor names no python that has it")
        if "explicit" in engines:
            compile_explicit(work)
        if "arbor" in engines:
            build_catalogue(arguments.arbor, work)
        rows = []
        for n in arguments.counts:
            found: dict[str, list[dict]] = {e: [] for e in engines}
            for _ in range(arguments.repeats):
                for engine in engines:
                    found[engine].append(run(engine, n, arguments.time, work, arguments.arbor))
            rows.append((n, found))
            print(table([rows[-1]], arguments))
    arguments.out.write_text(table(rows, arguments), "utf-8")


def table(rows: list[tuple[int, dict[str, list[dict]]]], arguments: argparse.Namespace) -> str:
    """Return the results as Markdown."""
    command = f"benchmarks/spines.py --counts {' '.join(map(str, arguments.counts))}"
    lines = [
        "# Spines",
        "",
        f"Written by `{command} --repeats {arguments.repeats} --time {arguments.time:g}`. {machine()}. CPU seconds of "
        f"one simulated second at 0.025 ms, one thread: median (range) of {arguments.repeats} interleaved runs; the "
        "ratio of medians is over the first row. Cell of 658 segments with hh and pas; every spine gets glutamate at "
        f"{tree.RATE:g} and dopamine at {tree.TONE:g} per second, the soma a pulse every {tree.PULSE_EVERY:g} ms.",
        "",
        "| spines | what | CPU s per s | ratio | memory (kB a spine) | soma at the end (mV) | mean calcium (uM) |",
        "|---|---|---|---|---|---|---|",
    ]
    for n, found in rows:
        best = next(iter(found.values()))
        base = np.median([r["cpu"] for r in best])
        for engine, runs in found.items():
            cpu = [r["cpu"] for r in runs]
            ratio = np.median(cpu) / base
            memory = np.median([r["memory"] for r in runs]) / n
            lines.append(
                f"| {n} | {engine} | {spread(cpu)} | {ratio:.2f} | {memory:.1f} | {runs[0]['soma']:.2f} | "
                f"{1e3 * runs[0]['calcium']:.3f} |"
            )
    powers = [(engine, exponent(rows, engine)) for engine in rows[0][1]]
    if all(power is not None for _, power in powers):
        shown = ", ".join(f"{engine} {power:.2f}" for engine, power in powers)
        lines += ["", f"Power of the number of spines, from 1,000 on, with which the time grows: {shown}."]
    return "\n".join([*lines, "", NOTES, ""])


def exponent(rows: list[tuple[int, dict[str, list[dict]]]], engine: str) -> float | None:
    """Return the power of the number of spines with which a time grows, None for fewer than three counts."""
    found = [(n, np.median([r["cpu"] for r in runs[engine]])) for n, runs in rows if n >= 1000]
    return float(np.polyfit(*np.log(np.array(found)).T, 1)[0]) if len(found) > 2 else None


NOTES = """What is not the same. *explicit*: cnexp on every state at every step; concentrations of modulators are
two exponentials each, ours twelve, so it has 30 states less a spine; numbers equal in all spines are GLOBAL, ours are
RANGE. *arbor*: the same, and channels, pool and rule in one mechanism without ions; AVX2 wheel, rational
approximations of cnexp; hh without tables. *ours*: the rule at a tick of 1 ms, slow gates every 0.1 ms, which the
tests hold to the differential equations. Memory is what the process grew by from before the spines to after the run."""


def run(engine: str, n: int, until: float, work: Path, arbor: str | None) -> dict:
    """Run one engine in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "EXPLICIT": str(work / "explicit"), "ARBOR": str(work)}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, __file__, "--child", engine, str(n), str(until)]
    if engine == "arbor":
        command = [arbor, str(HERE / "arbor" / "run.py"), str(n), str(until)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=work, check=False)
    if done.returncode:
        raise SystemExit(f"{engine} with {n} spines failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compile_explicit(work: Path) -> None:
    """Compile the explicit script's mechanisms with the flags of ours."""
    from dendplast.nmodl import build_environment

    script, environment = build_environment("nrnivmodl")
    folder = work / "explicit"
    folder.mkdir()
    command = [script, "-incflags", "-O3", str(HERE / "explicit")]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def build_catalogue(python: str, work: Path) -> None:
    """Compile the Arbor form."""
    tool = Path(python).absolute().parent / "arbor-build-catalogue"
    mods = work / "mods"
    mods.mkdir()
    (mods / "exspine.mod").write_text((HERE / "arbor" / "exspine.mod").read_text("utf-8"), "utf-8")
    path = os.pathsep.join([str(tool.parent), os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path}
    subprocess.run([tool, "exspine", mods], cwd=work, env=environment, check=True, capture_output=True)


def build_tree() -> tuple:
    """Return soma and dendrites in NEURON."""
    from neuron import h

    soma = h.Section(name="soma")
    soma.L = soma.diam = 20.0
    dends = []
    for i, (parent, length, diam) in enumerate(tree.sections()):
        sec = h.Section(name=f"dend{i}")
        sec.L, sec.diam, sec.nseg = length, diam, tree.NSEG
        sec.connect(soma(0.5) if parent < 0 else dends[parent](1))
        dends.append(sec)
    for sec in (soma, *dends):
        sec.insert("pas")
        sec.insert("hh")
        sec.Ra, sec.cm, sec.g_pas, sec.e_pas = tree.RA, tree.CM, tree.G_PAS, tree.E_PAS
        if sec is not soma:
            sec.gnabar_hh, sec.gkbar_hh, sec.gl_hh = 0.01, 0.004, 0.0
        sec.el_hh = -60.0
    return soma, dends


def pulses(soma, until: float) -> list:
    """Return current clamps."""
    from neuron import h

    clamps = []
    for t in tree.pulses(until):
        clamp = h.IClamp(soma(0.5))
        clamp.delay, clamp.dur, clamp.amp = t, tree.PULSE_DURATION, tree.PULSE
        clamps.append(clamp)
    return clamps


def ours(n: int, until: float, engine: str, driven: bool = False) -> dict:
    """Run this package's spines, every step being taken, with all events queued at once or sent by the driver."""
    import dendplast as dp
    from dendplast.placing import place_at
    from dendplast.stepping import fixed_step

    dp.ensure_loaded()
    soma, dends = build_tree()
    cell = dp.adopt([soma, *dends], soma=soma)
    section, x = tree.places(n)
    clamps = pulses(soma, until + WARM)
    before = memory()
    begin = time.process_time()
    numerics = dp.Numerics(engine=engine, dt=tree.DT, settle=0.0)
    spines = place_at(cell.geometry(), section + 1, x, seed=1)
    alike = {"volume": np.full(n, np.pi / 4 * tree.HEAD**3), "R_neck": np.full(n, tree.R_NECK)}
    spines = replace(spines, **alike)
    model = dp.build(dp.Experiment(preset="passive", numerics=numerics), cell=cell, spines=spines)
    setup = time.process_time() - begin
    weights = np.linspace(1e-4, 1e-5, 12)
    with fixed_step(tree.DT, 22.0):
        cpu = (drive if driven else stepped)(model, tree.releases(n, until + WARM), weights, until)
    calcium = float(np.mean([p.cai for p in model.processes]))
    del clamps
    grown = memory() - before
    return {"cpu": 1e3 * cpu / until, "setup": setup, "memory": grown, "soma": soma(0.5).v, "calcium": calcium}


def stepped(model, releases: tuple, weights: np.ndarray, until: float) -> float:
    """Queue all events, take the steps, and return their CPU time (s)."""
    from dendplast.engine import choose_engine
    from neuron import h

    model.driver = model  # the model queues no events of its own
    step = choose_engine(model).forward
    h.finitialize(-70.0)
    for t, spine, kind in zip(*releases, strict=True):
        netcon = model.glutamate(spine, 1.0) if kind == 0 else model.arrival(0, spine, weights)
        netcon.event(t)
    step(round(WARM / tree.DT))
    begin = time.process_time()
    step(round(until / tree.DT))
    return time.process_time() - begin


def drive(model, releases: tuple, weights: np.ndarray, until: float) -> float:
    """Let the driver send the events and take the steps, and return its CPU time (s)."""
    from dendplast.consolidate import Arrivals
    from dendplast.driver import Driver

    model.driver = driver = Driver(model)
    at, spine, kind = releases
    glutamate, dopamine = np.flatnonzero(kind == 0), np.flatnonzero(kind == 1)
    senders = [lambda i=int(spine[k]): model.glutamate(i, 1.0) for k in glutamate]
    driver._events = driver._on_grid(at[glutamate]), senders
    driver.arrivals = Arrivals(
        driver._on_grid(at[dopamine]), np.zeros(len(dopamine), int), (spine[dopamine],),
        np.tile(weights, (len(dopamine), 1)),
    )  # fmt: skip
    driver.start()
    driver.to(WARM)
    begin = time.process_time()
    driver.to(WARM + until)
    return time.process_time() - begin


def explicit(n: int, until: float) -> dict:
    """Run neck and head sections with the mechanisms of benchmarks/explicit."""
    from neuron import h

    h.nrn_load_dll(str(next(Path(os.environ["EXPLICIT"]).glob("*/libnrnmech.*"))))
    soma, dends = build_tree()
    clamps = pulses(soma, until + WARM)
    before = memory()
    begin = time.process_time()
    necks, heads, synapses = [], [], []
    area, volume = np.pi * tree.HEAD**2, np.pi / 4 * tree.HEAD**3
    for i, (section, x) in enumerate(zip(*tree.places(n), strict=True)):
        neck, head = h.Section(name=f"neck{i}"), h.Section(name=f"head{i}")
        neck.L, neck.diam, neck.cm = tree.NECK_LENGTH, tree.NECK_DIAM, 0.0
        head.L = head.diam = tree.HEAD
        head.cm, head.Ra = tree.CM, 1.0
        neck.Ra = tree.R_NECK * (np.pi * neck.diam**2 / 4) / neck.L * 1e2
        neck.connect(dends[section](x))
        head.connect(neck(1))
        for name in ("pas", "exvgcc", "expool"):
            head.insert(name)
        head.g_pas, head.e_pas = tree.G_PAS, tree.E_PAS
        head.gbar_exvgcc = 7e-5 * volume / 0.087 / area * 1e2  # uS over um2 -> S/cm2
        head.depth_expool = volume / area
        synapse = h.ExSynapse(head(0.5))
        synapse.head_volume = volume
        synapse.g_ampa, synapse.g_nmda = 0.0005 * volume / 0.087, 0.0003 * volume / 0.087
        necks.append(neck)
        heads.append(head)
        synapses.append(synapse)
    setup = time.process_time() - begin
    h.dt, h.celsius = tree.DT, 22.0
    netcons = {}
    h.finitialize(-70.0)
    for t, spine, kind in zip(*tree.releases(n, until + WARM), strict=True):
        if (spine, kind) not in netcons:
            netcons[spine, kind] = h.NetCon(None, synapses[spine])
            netcons[spine, kind].weight[0], netcons[spine, kind].weight[1] = 1.0, float(kind)
            netcons[spine, kind].weight[2] = 1e-4
        netcons[spine, kind].event(t)
    for _ in range(round(WARM / tree.DT)):
        h.fadvance()
    begin = time.process_time()
    for _ in range(round(until / tree.DT)):
        h.fadvance()
    cpu = time.process_time() - begin
    calcium = float(np.mean([head(0.5).cai for head in heads]))
    del clamps
    grown = memory() - before
    return {"cpu": 1e3 * cpu / until, "setup": setup, "memory": grown, "soma": soma(0.5).v, "calcium": calcium}


CHILDREN = {
    "ours-neuron": lambda n, until: ours(n, until, "neuron"),
    "ours-coreneuron": lambda n, until: ours(n, until, "coreneuron"),
    "ours-driven": lambda n, until: ours(n, until, "coreneuron", driven=True),
    "explicit": explicit,
}

if __name__ == "__main__":
    main()
