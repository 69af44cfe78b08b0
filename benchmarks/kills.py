"""Kill a sweep at random moments, resume it, and compare its file with that of an undisturbed sweep.

    python benchmarks/kills.py [--kills 20] [--seed 1] [--out benchmarks/results/kills.md]

Twice: the main process is killed (`kill -9`) again and again, at times together with all its children, and
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


def kill_main(plan: Path, out: Path, kills: int, pace: float, rng: np.random.Generator) -> list[str]:
    """Kill the main process up to so often, then let it end; return a row for each kill."""
    rows = []
    process = start(plan, out)
    while len(rows) < kills:
        wait = rng.uniform(0.1, 2) * pace
        time.sleep(wait)
        if process.poll() is not None:
            break
        whole = rng.random() < 0.5
        (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)
        process.communicate()
        rows.append(f"{'main and children' if whole else 'main'} | {wait:.2f} | {finished(out)} |")
        process = start(plan, out, "--resume")
    end(process)
    return rows


def kill_workers(plan: Path, out: Path, kills: int, pace: float, rng: np.random.Generator) -> list[str]:
    """Kill up to so many computing processes, resume what failed twice, and return a row for each kill."""
    rows: list[str] = []
    process = start(plan, out)
    while process.poll() is None and len(rows) < kills:
        wait = rng.uniform(0.1, 2) * pace
        time.sleep(wait)
        try:
            children = [c for c in psutil.Process(process.pid).children() if "dendplast.sweep.child" in c.cmdline()]
        except psutil.NoSuchProcess:
            break
        if children:
            children[int(rng.integers(len(children)))].kill()
            rows.append(f"worker | {wait:.2f} | {finished(out)} |")
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
    lines = [
        "# Kills",
        "",
        "Written by `benchmarks/kills.py`. `kill -9` at random moments, then `--resume`; datasets of every finished "
        "file against those of an undisturbed sweep of 16 simulations, byte for byte. Where a sweep ended before the "
        "kills were used up, another one began.",
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        plan = write(Path(folder))
        alone = Path(folder) / "alone.h5"
        began = time.monotonic()
        end(start(plan, alone))
        pace = (time.monotonic() - began) / 8  # s; as long as two jobs take on two processes
        expected = datasets(alone)
        for what, kill in (("the main process", kill_main), ("workers", kill_workers)):
            rows: list[str] = []
            sweeps = 0
            while len(rows) < options.kills:
                sweeps += 1
                out = Path(folder) / f"{kill.__name__}{sweeps}.h5"
                some = kill(plan, out, options.kills - len(rows), pace, rng)
                if datasets(out) != expected:
                    raise SystemExit(f"killing {what}: the file is not that of an undisturbed sweep")
                rows += [f"| {len(rows) + i + 1} | {sweeps} | {row}" for i, row in enumerate(some)]
            lines += [
                f"{len(rows)} kills of {what} in {sweeps} sweeps: {len(expected)} datasets of each identical.",
                "",
                "| kill | sweep | of | after (s) | jobs done |",
                "|---|---|---|---|---|",
                *rows,
                "",
            ]
            options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
