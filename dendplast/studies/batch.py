"""Run studies one after the other: results, figures, findings and one summary, resumable."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import h5py

from .. import __version__
from ..errors import DendplastError, StorageError
from ..files import open_file, replacing
from ..style import save
from .base import Finding, Job, Study, run_jobs
from .registry import study as find

__all__ = ["Outcome", "run_studies", "run_study", "write_summary"]

JOBS = ".jobs"
"""Folder in the output folder that keeps finished jobs of studies that are not finished."""

_VERSIONS = ("neuron", "numpy", "scipy", "h5py", "matplotlib", "pydantic", "morphio")


@dataclass(frozen=True)
class Outcome:
    """What became of one study.

    Attributes
    ----------
    name, question : str
        The study.
    file : Path or None
        Its results, when they were computed.
    findings : tuple of Finding
    figures : tuple of Path
        PNG and PDF of every figure.
    seeds : tuple of int
        Seeds of its jobs.
    seconds : float
        How long it took to compute (s); of a study that was not run again, what it took then.
    again : bool
        False when an earlier run's file was used.
    error, details : str
        Why it failed, in one line, and the traceback of an unexpected error; empty otherwise.
    """

    name: str
    question: str = ""
    file: Path | None = None
    findings: tuple[Finding, ...] = ()
    figures: tuple[Path, ...] = ()
    seeds: tuple[int, ...] = ()
    seconds: float = 0.0
    again: bool = True
    error: str = ""
    details: str = ""


def run_studies(
    names: Sequence[str],
    out: Path,
    *,
    quick: bool = False,
    workers: int = 1,
    resume: bool = False,
    show: bool = False,
    say: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Run studies by name; one that fails does not keep the others from running.

    Parameters
    ----------
    names : sequence of str
        Which, in order.
    out : Path
        Folder of results; it is made when missing.
    quick : bool
        Fewer conditions, smaller cells.
    workers : int
        Processes at once.
    resume : bool
        Use what an earlier, perhaps interrupted, run of the same jobs left in `out`.
    show : bool
        Show progress bars.
    say : callable, optional
        Called with each outcome when the study is done.

    Raises
    ------
    StorageError
        If the folder can not be made.
    """
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"{out}: can not be made: {error.strerror}; give a folder that can be written"
        raise StorageError(text) from None
    outcomes = []
    for name in names:
        outcome = Outcome(name)
        try:
            outcome = run_study(find(name), out, quick=quick, workers=workers, resume=resume, show=show)
        except DendplastError as error:
            outcome = replace(outcome, error=str(error))
        except Exception as error:  # a defect in one study must not cost the results of the others
            text = " ".join(f"{type(error).__name__}: {error}".split())
            outcome = replace(outcome, error=text, details=traceback.format_exc())
        outcomes.append(outcome)
        if say is not None:
            say(outcome)
    return outcomes


def run_study(
    study: Study, out: Path, *, quick: bool = False, workers: int = 1, resume: bool = False, show: bool = False
) -> Outcome:
    """Run one study: jobs, file, figures, findings.

    The file holds a hash of the jobs.  With `resume`, a file with the hash of today's jobs is kept and only
    its figures are drawn again; without one, jobs that an interrupted run finished are not done again.

    Raises
    ------
    SimulationError
        If a job fails.
    StorageError
        If a file can not be written.
    """
    start = time.monotonic()
    jobs, path, kept = study.jobs(quick), out / f"{study.name}.h5", out / JOBS / study.name
    digest = jobs_hash(jobs, quick)
    seconds = _seconds(path, digest) if resume else None
    again = seconds is None
    if again:
        results = run_jobs(study.name, jobs, kept, workers, resume, show)
        seconds = time.monotonic() - start
        _save(study, path, kept, results, quick, {"study_jobs": digest, "study_seconds": seconds})
    _remove(kept)
    figures: list[Path] = []
    for name, figure in study.draw(path).items():
        figures += save(figure, out / "figures", f"{study.name}_{name}")
    seeds = sorted({int(job.arguments["seed"]) for job in jobs if "seed" in job.arguments})
    findings = tuple(study.findings(path))
    return Outcome(study.name, study.question, path, findings, tuple(figures), tuple(seeds), seconds, again)


def jobs_hash(jobs: Sequence[Job], quick: bool) -> str:
    """Return a name for what a study computes."""
    return hashlib.sha256(repr((quick, [(job.label, job.hash) for job in jobs])).encode()).hexdigest()[:16]


def _seconds(path: Path, digest: str) -> float | None:
    """Return how long the study's finished file took (s), None when there is none or it holds other jobs."""
    try:
        with open_file(path) as file:
            same = file.attrs.get("study_jobs") == digest
            return float(file.attrs["study_seconds"]) if same else None
    except StorageError:
        return None


def _save(study: Study, path: Path, kept: Path, results: dict, quick: bool, attrs: dict) -> None:
    """Write the study's file with our attributes in it; it appears whole."""
    written = kept / path.name
    study.save(written, results, quick)
    with h5py.File(written, "r+") as file:
        file.attrs.update(attrs)
    os.replace(written, path)


def _remove(kept: Path) -> None:
    """Remove the finished jobs of a finished study, and their folder after the last."""
    shutil.rmtree(kept, ignore_errors=True)
    if kept.parent.is_dir() and not any(kept.parent.iterdir()):
        kept.parent.rmdir()


def write_summary(out: Path, outcomes: Sequence[Outcome], command: str, seconds: float) -> Path:
    """Write ``summary.md``: what every study found, beside its control, and what made it.

    Parameters
    ----------
    out : Path
        Folder of results.
    outcomes : sequence of Outcome
        In order.
    command : str
        What was typed.
    seconds : float
        Wall time of all (s).

    Raises
    ------
    StorageError
        If it can not be written.
    """
    lines = ["# dendplast: summary", ""]
    failed = [o for o in outcomes if o.error]
    if failed:
        lines += [f"**{len(failed)} of {len(outcomes)} failed: {', '.join(o.name for o in failed)}.**", ""]
    rows = [(o.name, f) for o in outcomes for f in o.findings]
    if rows:
        lines += ["| study | finding | number | control |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(map(_cell, (name, f.sentence, f.value, f.control))) + " |" for name, f in rows]
        lines.append("")
    for o in outcomes:
        lines += _section(o, out)
    seeds = sorted({s for o in outcomes for s in o.seeds})
    lines += [
        "## How this was made",
        "",
        f"- command: `{command}`",
        f"- wall time: {duration(seconds)}",
        f"- seed: {', '.join(map(str, seeds)) or 'none'}",
        f"- dendplast {__version__}, Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"- {', '.join(f'{name} {metadata.version(name)}' for name in _VERSIONS)}",
        "",
    ]
    path = out / "summary.md"
    with replacing(path) as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")
    return path


def _section(o: Outcome, out: Path) -> list[str]:
    lines = [f"## {o.name}", ""]
    if o.question:
        lines += [o.question, ""]
    if o.error:
        lines += [f"**Failed:** {o.error}", ""]
        if o.details:
            lines += ["```", o.details.rstrip(), "```", ""]
        return lines
    lines += [f"- {f.sentence}: {f.value} (control: {f.control})" for f in o.findings]
    took = "computed in" if o.again else "not computed again; it took"
    if o.file:
        lines.append(f"- data: [{o.file.name}]({o.file.name}), {took} {duration(o.seconds)}")
    figures = [p.relative_to(out).as_posix() for p in o.figures]
    if figures:
        lines.append(f"- figures: {', '.join(f'[{name}]({name})' for name in figures)}")
    lines.append("")
    for name in figures:
        if name.endswith(".png"):
            lines += [f"![{o.name}]({name})", ""]
    return lines


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def duration(seconds: float) -> str:
    """Return a time for people: ``"3.2 s"``, ``"2 min 5 s"``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
