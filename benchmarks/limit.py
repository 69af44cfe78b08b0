"""Compare a spine's step with what the machine can do: bytes moved against bandwidth, exponentials against their rate.

    python benchmarks/limit.py [--spines 10000] [--repeats 5]

Bandwidth is that of `a = b + s c` in numpy over arrays as large as the spines' data; the rate of exponentials that of
numpy's vector exponential in the cache. Counts are of the step in mod/spine.mod: what BREAKPOINT and `advance` read
and write, and their exponentials. The step itself is timed bare: spines on one section, no cell. CoreNEURON is timed
where its library is compiled (`dendplast compile --coreneuron`). Writes `benchmarks/results/limit.md`.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from machine import machine, spread  # noqa: E402

DT, UNTIL = 0.025, 20.0
SLOW = ("share", "read", "learn")
"""Procedures that are not part of every step."""


def fast_part() -> str:
    """Return the source of what every step does."""
    source = (HERE.parent / "mod" / "spine.mod").read_text("utf-8")
    blocks = [re.search(rf"^{head}.*?^\}}", source, re.S | re.M)[0] for head in ("BREAKPOINT", r"PROCEDURE advance")]
    calls = [re.search(rf"^FUNCTION {name}\(.*?^\}}", source, re.S | re.M)[0] for name in ("unblocked",)]
    return "\n".join([*blocks, *calls])


def counts() -> tuple[int, int]:
    """Return variables read or written once a pass, and exponentials, of one step of one spine."""
    source = (HERE.parent / "mod" / "spine.mod").read_text("utf-8")
    declared = set(re.findall(r"^ {4}(\w+)(?:\[\d+\])?\s+(?:=|\()", source, re.M))
    touched = 0
    for block in ("BREAKPOINT", r"PROCEDURE advance"):
        words = set(re.findall(r"[A-Za-z_]\w*", re.search(rf"^{block}.*?^\}}", source, re.S | re.M)[0]))
        touched += len(words & declared)
    return touched, fast_part().count("exp(")


def bandwidth(n: int) -> float:
    """Return bytes per second of a triad over arrays of `n` doubles."""
    a, b, c = np.zeros(n), np.ones(n), np.ones(n)
    begin, rounds = time.process_time(), max(1, int(4e7 / n))
    for _ in range(rounds):
        np.multiply(c, 1.5, out=a)
        np.add(a, b, out=a)
    return rounds * 5 * 8 * n / (time.process_time() - begin)


def exponentials() -> float:
    """Return exponentials per second in the cache."""
    x, out = np.linspace(-5, 5, 2000), np.zeros(2000)
    begin, rounds = time.process_time(), 5000
    for _ in range(rounds):
        np.exp(x, out=out)
    return rounds * len(x) / (time.process_time() - begin)


def steps(n: int, name: str) -> float:
    """Return the CPU time (ns) of one step of one spine."""
    import dendplast as dp
    from dendplast.engine import choose_engine
    from dendplast.placing import place_at
    from dendplast.stepping import fixed_step
    from neuron import h

    dp.ensure_loaded()
    soma = h.Section(name="soma")
    soma.L = soma.diam = 200.0
    soma.insert("pas")
    cell = dp.adopt([soma], soma=soma)
    spines = place_at(cell.geometry(), np.zeros(n, int), np.full(n, 0.5), seed=1)
    numerics = dp.Numerics(engine=name, dt=DT)
    model = dp.build(dp.Experiment(preset="passive", numerics=numerics), cell=cell, spines=spines)
    model.driver = model
    with fixed_step(DT, 35.0):
        step = choose_engine(model).forward
        h.finitialize(-70.0)
        step(40)
        begin = time.process_time()
        step(round(UNTIL / DT))
        spent = time.process_time() - begin
    return 1e9 * spent / (UNTIL / DT) / n


def main() -> None:
    from dendplast.engine import core_library

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spines", type=int, default=10000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "limit.md")
    a = parser.parse_args()
    touched, exps = counts()
    engines = ["neuron", *(["coreneuron"] if core_library() else [])]
    measured = {name: [] for name in ("bandwidth", "exponentials", *engines)}
    for _ in range(a.repeats):
        measured["bandwidth"].append(1e-9 * bandwidth(a.spines * 20))
        measured["exponentials"].append(1e-9 * exponentials())
        for name in engines:
            measured[name].append(steps(a.spines, name))
    by_bytes = 8 * touched / np.median(measured["bandwidth"])
    by_exps = exps / np.median(measured["exponentials"])
    floor = max(by_bytes, by_exps)
    lines = [
        "# A spine's step and the machine",
        "",
        f"Written by `benchmarks/limit.py --spines {a.spines} --repeats {a.repeats}`. {machine()}. One thread, median "
        "(range).",
        "",
        "| | |",
        "|---|---|",
        f"| variables a step touches, both passes | {touched} ({8 * touched} bytes) |",
        f"| exponentials a step | {exps} |",
        f"| bandwidth of a triad (GB/s) | {spread(measured['bandwidth'])} |",
        f"| vector exponentials (1/ns) | {spread(measured['exponentials'])} |",
        f"| least time by bytes, by exponentials (ns) | {by_bytes:.2g}, {by_exps:.2g} |",
    ]
    for name in engines:
        times = measured[name]
        lines.append(f"| {name}: step with its share of the tick (ns), over the larger floor | {spread(times)}, "
                     f"{np.median(times) / floor:.2g} |")  # fmt: skip
    text = "\n".join([*lines, ""])
    print(text)
    a.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
