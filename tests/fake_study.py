"""Small studies with which `run_all.py` is tested: jobs that count, fail, wait, or run a passive cell."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dendplast.storage import open_file, read_labelled, study_file, write_labelled
from dendplast.studies.base import Finding, Job, Study


def count(report, seed, folder, wait_for=""):
    """Leave a mark, wait for a file if told to, return numbers drawn from the seed."""
    report(0.5)
    if seed == 5:
        logging.getLogger(__name__).warning("the draw is\n small")
    Path(folder, f"began-{seed}-{os.getpid()}").touch()
    while wait_for and not Path(wait_for).exists():
        time.sleep(0.02)
    return np.random.default_rng(seed).random(5)


def passive(report, seed, folder):
    """Run a passive cell for a few ms; NEURON is imported here, as in a worker."""
    import dendplast as dp

    numerics = dp.Numerics(settle=1, d_lambda=1)
    spines = dp.Placement(n=2)
    model = dp.build(
        dp.Experiment(preset="passive", morphology="dspn_1", spines=spines, numerics=numerics, seed=seed)
    )
    return dp.run(model, until="5 ms").outcomes["w"][-1]


def crash(report, seed, folder):
    """Fail as a defect would."""
    raise ZeroDivisionError("nothing to\ndivide by")


def _save(path, results, quick):
    with study_file(path, {"quick": int(quick)}) as file:
        for label, values in results.items():
            coords = {"k": (np.arange(len(values)), "1", "number of the draw")}
            write_labelled(file.create_group(label), coords, {"x": (("k",), values, "1", "draw")})


def _first(path):
    with open_file(path) as file:
        return read_labelled(file["first"]).variables["x"][1]


def _draw(path):
    fig = Figure()
    fig.subplots().plot(_first(path))
    return {"draws": fig}


def _findings(path):
    return [Finding("the draws are what they are", f"{_first(path)[0]:.3f}", "none | at all")]


def make(name, functions, **more):
    """Return a study with one job a function."""
    folder = os.environ["FAKE_STUDY_FOLDER"]

    def jobs(quick):
        labels = ["first", "second", "third"][: len(functions)]
        return [
            Job(label, f, {"seed": 5 + i, "folder": folder} | (more if i else {}))
            for i, (label, f) in enumerate(zip(labels, functions, strict=True))
        ]

    return Study(name, f"What does {name} draw?", jobs, _save, _draw, _findings)


def register(names):
    """Make these the studies that there are."""
    from dendplast.studies import registry

    made = {
        "fake": lambda: make("fake", [count, count]),
        "slow": lambda: make("slow", [count, count], wait_for=os.environ.get("FAKE_STUDY_GATE", "")),
        "cell": lambda: make("cell", [passive]),
        "broken": lambda: make("broken", [crash]),
    }
    registry.STUDIES.clear()
    for name in names:
        module = type(sys)(f"fake_study_{name}")
        sys.modules[module.__name__] = module
        if name in made:
            module.STUDY = made[name]()
            registry.STUDIES[name] = module.__name__
        else:
            registry.STUDIES[name] = f"dendplast.studies.{name}"


if __name__ == "__main__":  # as a process of its own: names, then the options of run_all.py
    import fake_study  # the module that workers can import; this one is called __main__
    import run_all

    fake_study.register(sys.argv[1].split(","))
    sys.exit(run_all.main(sys.argv[2:]))
