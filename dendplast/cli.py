"""The ``dendplast`` command: one function per subcommand, which takes the parsed arguments."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import __version__
from .errors import DendplastError, ParameterError, StorageError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0; 1 when `check` found what makes a morphology unusable; 2 for an error of the user's; 130 for Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the command's name; those of the process when left out.
    """
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")  # else NEURON warns of a missing DISPLAY
    try:
        arguments = _parser().parse_args(argv)
        code = arguments.command(arguments)
        sys.stdout.flush()
    except DendplastError as error:
        print(f"dendplast: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dendplast", description="Which synapses of a dendrite change when a neuromodulator is released."
    )
    parser.add_argument("--version", action="version", version=f"dendplast {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = _add(commands, "run", _run, "run an experiment")
    command.add_argument("experiment", metavar="EXP.toml", help="its description; `dendplast example` shows one")
    command.add_argument("--out", metavar="FILE", default="run.h5", help="default: run.h5")
    command.add_argument("--figures", metavar="DIR", help="also draw the run there, as PNG and PDF")
    command.add_argument("--until", metavar="T", help="end of the run, such as '45 min' or 'end + 10 s'")
    command.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="changes",
        help="change the description, such as numerics.dt=0.05 or protocol.0.n=20; may be given again",
    )  # fmt: skip
    command.add_argument("--no-progress", action="store_true", help="show no progress bar")

    command = _add(commands, "follow", _follow, "follow a cell over hours to weeks")
    command.add_argument("timeline", metavar="TIMELINE.toml", help="sessions and what lies between; see docs/memory.md")
    command.add_argument("--out", metavar="FILE", default="weeks.h5", help="default: weeks.h5")
    command.add_argument("--until", metavar="T", help="where to stop, such as '2 d'; default: the timeline's end")
    command.add_argument("--resume", action="store_true", help="go on where an earlier run into FILE stopped")
    command.add_argument("--no-progress", action="store_true", help="show no progress bar")

    command = _add(commands, "sweep", _sweep, "run an experiment at every point of a map")
    command.add_argument("plan", metavar="MAP.toml", help="the experiment, the axes, the seeds; see docs/howto.md")
    command.add_argument("--out", metavar="FILE", help="default: the plan's name with .h5, in this folder")
    command.add_argument("--jobs", metavar="N", type=int, help="processes at once; default: cores")
    command.add_argument("--resume", action="store_true", help="go on where an interrupted sweep stopped")
    command.add_argument("--scheduler", metavar="ADDRESS", help="compute on the workers of this dask scheduler")
    command.add_argument("--shard", metavar="I/N", default="1/1", help="only the I-th of N parts (array jobs)")
    command.add_argument("--limit", metavar="S", type=float, help="stop a job after so many seconds")
    command.add_argument("--figures", metavar="DIR", help="also draw the map there, as PNG and PDF")
    command.add_argument("--no-progress", action="store_true", help="show no progress bar")

    command = _add(commands, "report", _report, "write a report of a run, with its figure, as one HTML file")
    command.add_argument("file", metavar="RUN.h5")
    command.add_argument("--out", metavar="DIR", default=".", help="folder; default: this one")

    command = _add(commands, "cells", _cells, "compare the cells of a preset with published features")
    command.add_argument("--preset", metavar="P", action="append", help="default: all with targets; may be repeated")
    command.add_argument(
        "--morphology", metavar="M", action="append",
        help="a file or a shipped cell; may be repeated; default: the shipped cells of the preset",
    )  # fmt: skip
    command.add_argument("--out", metavar="DIR", default="cells", help="folder of tables and figures; default: cells")
    command.add_argument("--coarse", action="store_true", help="steps of 0.05 ms, d_lambda 0.2")
    command.add_argument("--quick", action="store_true", help="the same, and no spines")
    command.add_argument("--repair", action="store_true", help="repair what can be repaired in a reconstruction")
    command.add_argument("--jobs", metavar="N", type=int, default=1, help="cells measured at once; default: 1")

    command = _add(commands, "validate", _validate, "score the rule against a table of published experiments")
    command.add_argument("table", metavar="TABLE.csv", help="rows of experiments; see docs/howto.md")
    command.add_argument("--out", metavar="DIR", default="validation", help="folder; default: validation")
    command.add_argument("--quick", action="store_true", help="a few rows of each kind on one cell")
    command.add_argument("--jobs", metavar="N", type=int, default=1, help="processes at once; default: 1")
    command.add_argument("--resume", action="store_true", help="go on where an interrupted run stopped")
    command.add_argument("--parameters", metavar="FILE.toml", help="parameters by region, as a calibration writes them")
    command.add_argument("--seeds", metavar="N", type=int, default=2, help="placements of spines; default: 2")
    command.add_argument("--spines", metavar="N", type=int, default=6, help="of each cell; default: 6")
    command.add_argument("--without", metavar="ARM", default="", help="take an arm from the rule, such as PKA")

    command = _add(commands, "calibrate", _calibrate, "fit parameters of the rule to experiments")
    command.add_argument("table", metavar="TABLE.csv", help="rows of experiments; see docs/howto.md")
    command.add_argument("--region", metavar="R,S,...", required=True, help="whose rows, such as ca1_young")
    command.add_argument(
        "--free", metavar="A,B,...", required=True,
        help="parameters to fit, such as K_P,g0_P; shared by the regions, or of one, such as ca1_young.K_P",
    )  # fmt: skip
    command.add_argument("--leave", metavar="ID,...", default="", help="rows that are not fitted")
    command.add_argument("--out", metavar="DIR", default="calibration", help="folder; default: calibration")
    command.add_argument("--seed", metavar="N", type=int, default=1, help="of the search; default: 1")
    command.add_argument("--seeds", metavar="N", type=int, default=1, help="placements of spines; default: 1")
    command.add_argument("--spines", metavar="N", type=int, default=4, help="of each cell; default: 4")
    command.add_argument("--generations", metavar="N", type=int, default=40, help="default: 40")
    command.add_argument("--jobs", metavar="N", type=int, default=1, help="processes at once; default: 1")

    command = _add(commands, "check", _check, "show what is wrong with a morphology")
    command.add_argument("morphology", metavar="MORPHOLOGY", help="a file (.swc, .asc), or a shipped cell")

    command = _add(commands, "example", _example, "print a complete experiment to start from")
    command.add_argument("name", metavar="NAME", nargs="?", default="pairing", help="default: pairing")

    command = _add(commands, "compile", _compile, "compile the NEURON mechanisms ahead of time")
    command.add_argument("--out", metavar="DIR", help="put a copy there, for the variable DENDPLAST_MECHANISMS")
    command.add_argument("--coreneuron", action="store_true", help="compile them for CoreNEURON too")
    _add(commands, "parameters", _parameters, "print every parameter of the spine with unit, bounds and source")
    _add(commands, "info", _info, "show versions, folders, presets, cells, protocols, drugs and studies")
    return parser


def _add(
    commands: argparse._SubParsersAction,
    name: str,
    function: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(command=function)
    return command


def _run(arguments: argparse.Namespace) -> None:
    from .experiment import Experiment
    from .files import ensure_writable

    changes = dict(_change(text) for text in arguments.changes)
    if arguments.until is not None:
        changes["until"] = _value(arguments.until)
    experiment = Experiment.from_toml(Path(arguments.experiment), changes)
    ensure_writable(arguments.out)
    folder = _folder(arguments.figures)

    from .build import build
    from .result import CLASSES
    from .simulate import run

    try:
        model = build(experiment)
        with _progress(sys.stderr.isatty() and not arguments.no_progress) as progress:
            result = run(model, progress=progress)
    except ParameterError as error:
        raise ParameterError(f"{arguments.experiment}: {error}") from None
    path = result.save(arguments.out)
    found = result.outcome["class"].value_counts()
    print(f"{path}: {', '.join(f'{found[name]} {name}' for name in CLASSES if name in found)}")
    if folder is not None:
        _draw(result.plot(), folder, path.stem)


def _follow(arguments: argparse.Namespace) -> None:
    from .checkpoint import beside, read_state, write_state
    from .files import ensure_writable
    from .timeline import Timeline

    timeline, out = Timeline.from_toml(Path(arguments.timeline)), Path(arguments.out)
    ensure_writable(out)
    state = read_state(out) if arguments.resume else None

    from .follow import follow

    with _progress(sys.stderr.isatty() and not arguments.no_progress) as progress:
        try:
            history = follow(
                timeline, arguments.until, state=state, progress=progress, keep=lambda now: write_state(out, now)
            )
        except ParameterError as error:
            raise ParameterError(f"{arguments.timeline}: {error}") from None
    history.save(out)
    if history.state["until"] < timeline.until:
        write_state(out, history.state)
    else:
        beside(out).unlink(missing_ok=True)
    new, lost = int((history.born > 0).sum()), int((history.lost <= history.time[-1]).sum())
    print(f"{out}: {len(history.runs)} sessions, {lost} spines lost, {new} formed")


def _change(text: str) -> tuple[str, Any]:
    """Split ``key=value``."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ParameterError(f"--set {text!r}: must be KEY=VALUE, such as numerics.dt=0.05")
    return key.strip(), _value(value)


def _value(text: str) -> Any:
    """Read a value as TOML, or as plain text: quotes around ``45 min`` may be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


@contextmanager
def _progress(show: bool) -> Iterator[Callable[[float, float], None] | None]:
    """Give a function that moves a progress bar to (time, end), or None."""
    if not show:
        yield None
        return
    from tqdm import tqdm

    layout = "{desc} {percentage:3.0f}%|{bar:30}| {elapsed}, {remaining} left"
    with tqdm(total=1.0, desc="run", bar_format=layout) as bar:
        yield lambda time, end: bar.update(time / end - bar.n) if end else None


def _sweep(arguments: argparse.Namespace) -> int:
    from .sweep import run_plan
    from .sweep.axes import Plan

    plan = Plan.from_toml(arguments.plan)
    out = Path(arguments.out or Path(arguments.plan).with_suffix(".h5").name)
    folder = _folder(arguments.figures)
    part, slash, parts = arguments.shard.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal()):
        raise ParameterError(f"--shard {arguments.shard}: must be I/N, such as 1/8")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise ParameterError(f"--jobs {arguments.jobs}: must be at least 1")
    try:
        done = run_plan(
            plan, out, workers=arguments.jobs, resume=arguments.resume, scheduler=arguments.scheduler,
            shard=(int(part), int(parts)), limit=arguments.limit,
            progress=sys.stderr.isatty() and not arguments.no_progress,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("\nInterrupted; finished jobs are kept. To go on: the same command with --resume", file=sys.stderr)
        raise
    if done is None:
        print(f"shard {arguments.shard} is done; the file is written when all are")
        return 0
    if done.finished_before:
        print("This sweep was finished before: nothing was left to compute", file=sys.stderr)
    for name, why in done.failed.items():
        print(f"failed: job {name}: {why}", file=sys.stderr)
    print(done.path)
    if folder is not None:
        _draw(done.plot(), folder, out.stem)
    return 1 if done.failed else 0


def _folder(name: str | None) -> Path | None:
    """Return the folder for figures, refusing what can be none before a long run."""
    folder = None if name is None else Path(name)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder}: is no folder; give --figures a folder")
    return folder


def _draw(figure: Any, folder: Path, name: str) -> None:
    """Save a figure in a folder, which is made when missing, and say where."""
    from .style import save

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: can not be made: {error.strerror}") from None
    for drawn in save(figure, folder, name):
        print(drawn)


def _report(arguments: argparse.Namespace) -> None:
    from .report import write_report

    print(write_report(arguments.file, arguments.out))


def _cells(arguments: argparse.Namespace) -> None:
    from .cells.batch import run_cells

    for path in run_cells(
        arguments.preset, arguments.morphology, Path(arguments.out), coarse=arguments.coarse,
        quick=arguments.quick, repair=arguments.repair,
        workers=arguments.jobs, show=sys.stderr.isatty(),
    ):  # fmt: skip
        print(path)


def _validate(arguments: argparse.Namespace) -> None:
    from .validation.calibrate import read_changes
    from .validation.command import findings, validate

    changes = None if arguments.parameters is None else read_changes(arguments.parameters)
    scored, pairs = validate(
        arguments.table, arguments.out, quick=arguments.quick, workers=arguments.jobs, resume=arguments.resume,
        show=sys.stderr.isatty(), changes=changes, without=arguments.without,
        seeds=range(1, arguments.seeds + 1), n_spine=arguments.spines,
    )  # fmt: skip
    for line in findings(scored, pairs):
        print(line)
    print(Path(arguments.out) / "validation.md")


def _calibrate(arguments: argparse.Namespace) -> None:
    from .validation.calibrate import calibrate

    regions, free, leave = (
        [name.strip() for name in text.split(",") if name.strip()]
        for text in (arguments.region, arguments.free, arguments.leave)
    )
    found, held = calibrate(
        arguments.table, arguments.out, regions, free, seed=arguments.seed,
        seeds=range(1, arguments.seeds + 1), generations=arguments.generations, n_spine=arguments.spines,
        workers=arguments.jobs, show=sys.stderr.isatty(), leave=leave,
    )  # fmt: skip
    print(f"loss {found.loss[0]:.1f} -> {found.loss[1]:.1f} over {len(found.rows)} rows")
    for name, before, after, low, high in zip(found.names, found.start, found.best, held.low, held.high, strict=True):
        print(f"{name:<8} {before:.4g} -> {after:.4g} (95 %: {low:.4g} to {high:.4g})")
    print(Path(arguments.out) / "parameters.toml")


def _check(arguments: argparse.Namespace) -> int:
    from .morphology import check

    findings = check(arguments.morphology)
    for finding in findings:
        print(f"{'fatal' if finding.fatal else 'note'}: {finding.kind}: {finding.message}")
    if not findings:
        print("nothing wrong was found")
    return int(any(finding.fatal for finding in findings))


def _example(arguments: argparse.Namespace) -> None:
    from .catalog import example

    print(example(arguments.name), end="")


def _compile(arguments: argparse.Namespace) -> None:
    from .engine import compile_core
    from .mechanisms import compile_mechanisms

    print(compile_mechanisms(arguments.out))
    if arguments.coreneuron:
        print(compile_core())


def _parameters(arguments: argparse.Namespace) -> None:
    from .catalog import gain_table, parameter_table

    print(f"{parameter_table()}\n\n{gain_table()}")


def _info(arguments: argparse.Namespace) -> None:
    from .catalog import rows

    for name, value in rows():
        print(f"{name:<13} {value}")


if __name__ == "__main__":
    sys.exit(main())
