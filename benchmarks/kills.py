"""Kill a sweep at random moments, resume it, and compare its file with that of an undisturbed sweep.

    python benchmarks/kills.py [--kills 20] [--seed 1] [--out benchmarks/results/kills.md]

Twice: the main process is killed (`kill -9`) again and again, every other time together with all its children, and
started anew with `--resume`; then the processes that compute jobs are killed, one at a time, while the sweep goes on.
Datasets are compared byte for byte. A sweep of 16 simulations; some five minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import psutil

import dendplast as dp

PLACE = (0.0, 40.0, 0.0)
EXPERIMENT = dp.Experiment(
    preset="passive",
    morphology="dspn_1",
    spines=dp.Placement(n=6),
    protocol=(
        dp.protocols.pairing(dt=10, n=3, hz=0.9, start="10 ms"),
        dp.burst(dp.Varicosity("dopamine", at=PLACE, p=1), start="0.5 s", n=2),
    ),
    numerics=dp.Numerics(dt=0.1, d_lambda=0.3, settle=50),
    until="end + 10 s",
)
AXES = {"protocol.0.dt": [5, 10], "protocol.1.n": [1, 2], "site.dose": [0.5, 1, 2, 4]}
LONGEST = 900.0  # s; a sweep that takes longer than this hangs


def write(folder: Path) -> Path:
    """Write the sweep as a user would."""
    (folder / "exp.toml").write_text(EXPERIMENT.to_toml())
    text = "mode = 'full'\nexperiment = 'exp.toml'\n"
    for key, values in AXES.items():
        text += f"[[axis]]\nkey = '{key}'\nvalues = {values}\n"
    (folder / "map.toml").write_text(text)
    return folder / "map.toml"


def start(plan: Path, out: Path, *more: str) -> subprocess.Popen:
    """Start a sweep on two processes, in a session of its own."""
    command = [sys.executable, "-m", "dendplast.cli", "sweep", str(plan), "--out", str(out), "--jobs", "2", *more]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def datasets(path: Path) -> dict[str, bytes]:
    """Return the bytes of every dataset of a file."""
    found: dict[str, bytes] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, d: found.update({name: d[()].tobytes()}) if isinstance(d, h5py.Dataset) else None)
    return found


def finished(out: Path) -> int:
    """Return how many jobs are done."""
    folder = out.with_name(out.name + ".jobs")
    return len([*folder.glob("*.npz"), *folder.glob("*.pickle")])


def kill_main(plan: Path, out: Path, kills: int, rng: np.random.Generator) -> list[str]:
    """Kill the main process so often, then let it end; return a row for each kill."""
    rows, wanted = [], kills
    process = start(plan, out)
    while wanted:
        wait = rng.uniform(0.3, 4.0)
        time.sleep(wait)
        if process.poll() is not None:
            break
        whole = wanted % 2 == 0
        (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)
        process.communicate()
        rows.append(f"| {len(rows) + 1} | {'main and children' if whole else 'main'} | {wait:.2f} | {finished(out)} |")
        wanted -= 1
        process = start(plan, out, "--resume")
    end(process)
    return rows


def kill_workers(plan: Path, out: Path, kills: int, rng: np.random.Generator) -> list[str]:
    """Kill one computing process after another, resume what failed twice, and return a row for each kill."""
    rows, more, began = [], (), time.monotonic()
    while len(rows) < kills and time.monotonic() - began < LONGEST:
        process = start(plan, out, *more)
        more = ("--resume",)
        while process.poll() is None and len(rows) < kills:
            wait = rng.uniform(0.1, 2.5)
            time.sleep(wait)
            children = [c for c in psutil.Process(process.pid).children() if "dendplast.sweep.child" in c.cmdline()]
            if children:
                children[int(rng.integers(len(children)))].kill()
                rows.append(f"| {len(rows) + 1} | worker | {wait:.2f} | {finished(out)} |")
        process.communicate(timeout=LONGEST)
    if out.with_name(out.name + ".jobs").exists():  # some job was killed twice and is listed as failed
        end(start(plan, out, "--resume"))
    return rows


def end(process: subprocess.Popen) -> None:
    """Wait until a sweep has ended well."""
    _, text = process.communicate(timeout=LONGEST)
    if process.returncode:
        raise SystemExit(f"the sweep ended with {process.returncode}: {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "kills.md")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    dp.ensure_loaded()
    lines = ["# Kills", "", "Written by `benchmarks/kills.py`. `kill -9` at random moments, then `--resume`; datasets "
             "of the finished file against those of an undisturbed sweep, byte for byte.", ""]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        plan = write(Path(folder))
        alone = Path(folder) / "alone.h5"
        end(start(plan, alone))
        expected = datasets(alone)
        for what, kill in (("the main process", kill_main), ("workers", kill_workers)):
            out = Path(folder) / f"{kill.__name__}.h5"
            rows = kill(plan, out, options.kills, rng)
            same = datasets(out) == expected
            lines += [f"{len(rows)} kills of {what}: {len(expected)} datasets {'identical' if same else 'DIFFER'}.", "",
                      "| kill | of | after (s) | jobs done |", "|---|---|---|---|", *rows, ""]  # fmt: skip
            options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
            if not same:
                raise SystemExit(f"killing {what}: the file is not that of an undisturbed sweep")


if __name__ == "__main__":
    main()
