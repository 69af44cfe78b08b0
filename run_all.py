#!/usr/bin/env python3
"""Run every study: data, figures and a summary in one folder. Works from a checkout, installed or not."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from importlib.util import find_spec
from pathlib import Path

if find_spec("dendplast") is None:  # a checkout that is not installed; processes that are started inherit it
    sys.path.insert(0, str(Path(__file__).resolve().parent))


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="run_all.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller: a few minutes instead of hours")
    parser.add_argument("--only", nargs="+", action="extend", metavar="NAME", help="these studies only")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="default: results")
    parser.add_argument("--jobs", metavar="N", type=int, default=cores(), help="processes at once; default: cores")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run into DIR stopped")
    parser.add_argument("--list", action="store_true", help="show the studies and end")
    options = parser.parse_args(argv)
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: must be at least 1")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run the studies and return the exit code: 0, 1 if a study failed, 2 for wrong use, 130 for Ctrl-C."""
    options = parse(argv)
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")  # else NEURON warns of a missing DISPLAY
    from dendplast.errors import DendplastError

    command = shlex.join(["python", "run_all.py", *(sys.argv[1:] if argv is None else argv)])
    try:
        return run(options, command)
    except DendplastError as error:
        print(f"run_all.py: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        again = command if options.resume else f"{command} --resume"
        print(f"\nInterrupted; finished jobs are kept. To go on: {again}", file=sys.stderr)
        return 130


def run(options: argparse.Namespace, command: str) -> int:
    """Do what the options ask."""
    from dendplast.studies import registry

    names = [registry.known(name) for name in dict.fromkeys(options.only or registry.STUDIES)]
    if options.list:
        for name in names:
            print(f"{name:<8} {registry.study(name).question}")
        return 0
    from dendplast.mechanisms import ensure_loaded
    from dendplast.studies.batch import duration, run_studies, write_summary

    start = time.monotonic()
    print("NEURON mechanisms (compiled at first use, in one to two minutes): ", end="", flush=True)
    print(ensure_loaded().origin)

    def say(outcome) -> None:
        if outcome.error:
            print(f"{outcome.name}: failed: {outcome.error}", file=sys.stderr, flush=True)
            return
        took = f"in {duration(outcome.seconds)}" if outcome.again else "not run again"
        print(f"{outcome.name}: {len(outcome.figures)} figure files, {took}", flush=True)
        for finding in outcome.findings:
            print(f"  {finding.sentence}: {finding.value} (control: {finding.control})", flush=True)

    outcomes = run_studies(
        names, options.out, quick=options.quick, workers=options.jobs, resume=options.resume,
        show=sys.stderr.isatty(), say=say,
    )  # fmt: skip
    print(write_summary(options.out, outcomes, command, time.monotonic() - start))
    return 1 if any(outcome.error for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
