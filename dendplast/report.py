"""A report of a run: one HTML file with its figure and tables, from the result file alone."""

from __future__ import annotations

import base64
import html
import io
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .figures import overview, site_distance, style
from .files import replacing
from .result import CLASSES, Result
from .storage import read

__all__ = ["report_html", "write_report"]

_ROWS = 40
"""So many spines are listed, the most changed ones."""

_COLUMNS = {
    "class": "class", "tag": "tag, P − D", "efficacy": "efficacy",
    "early": "early change", "late": "late change",
    "volume": "head volume (µm³)", "cai_peak": "peak calcium (µM)",
}  # fmt: skip

_LOOK = """
body { font: 15px/1.45 sans-serif; max-width: 58em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 0.5em 0 1.5em } th { text-align: left; font-weight: 600 }
td, th { padding: 0.15em 0.9em 0.15em 0; border-bottom: 1px solid #ddd; vertical-align: top }
td.number, th.number { text-align: right } img { max-width: 100% } pre { font-size: 13px; overflow-x: auto }
"""


def write_report(path: str | Path, folder: str | Path = ".", group: str = "/") -> Path:
    """Write a report of a run beside nothing else: ``<name>_report.html`` in a folder; return its path.

    Parameters
    ----------
    path : str or Path
        A result file.
    folder : str or Path
        Where to.
    group : str
        Which run of a file that holds many.

    Raises
    ------
    StorageError
        If the file is none of ours, or the report can not be written.
    """
    path = Path(path)
    text = report_html(read(path, group), path.name)
    out = Path(folder) / f"{path.stem}_report.html"
    with replacing(out) as partial:
        partial.write_text(text, encoding="utf-8")
    return out


def report_html(result: Result, name: str) -> str:
    """Return a run as one HTML page that needs no other file.

    Parameters
    ----------
    result : Result
        The run.
    name : str
        What to call it.
    """
    experiment = tomllib.loads(result.experiment)
    classes = result.classes()
    counts = [(c, str(np.sum(classes == i))) for i, c in enumerate(CLASSES) if np.any(classes == i)]
    title = f"{name}: {experiment['preset']} on {experiment['morphology']}, {len(result.spines)} spines"
    head, rows = _spine_rows(result, classes)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f'<img alt="overview of the run" src="data:image/png;base64,{_picture(result)}">',
        "<h2>What was done</h2>",
        _table(("", "from", "what"), _done(experiment)),
        f"<h2>Outcome after {_time(result.outcome_time[-1])}</h2>",
        _table(("class", "spines"), counts, numbers=1),
        f"<p>The {len(rows)} most changed spines:</p>",
        _table(head, rows, numbers=len(head) - 1, first=2),
        "<h2>What made it</h2>",
        _table(("", ""), [(k, _text(v)) for k, v in sorted(result.provenance.items())]),
        f"<details><summary>The experiment as TOML</summary><pre>{html.escape(result.experiment)}</pre></details>",
    ]
    page = f"<title>{html.escape(title)}</title><style>{_LOOK}</style></head><body>"
    top = '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    return f"{top}{page}{chr(10).join(parts)}</body></html>\n"


def _picture(result: Result) -> str:
    data = io.BytesIO()
    with style():
        overview(result).savefig(data, format="png", metadata={"Software": None})
    return base64.b64encode(data.getvalue()).decode()


def _done(experiment: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return protocols, drugs and tone, one row each."""
    rows = [
        (item["kind"], _text(item["start"]), _text({k: v for k, v in item.items() if k not in {"kind", "start"}}))
        for item in experiment.get("protocol", ())
    ]
    for drug in experiment.get("drugs", ()):
        stop = f" to {_time(drug['stop'])}" if drug["stop"] < 1e15 else ""
        rows.append((drug["agent"], f"{_time(drug['start'])}{stop}", f"{drug['conc'] * 1e3:g} µM in the bath"))
    if "tone" in experiment:
        rows.append(("tone", "0 ms", ", ".join(f"{k} {v * 1e3:g} µM" for k, v in experiment["tone"].items())))
    return rows or [("nothing", "", "")]


def _spine_rows(result: Result, classes: np.ndarray) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the head and the rows of the table of spines, the most changed first."""
    distance, label = site_distance(result)
    table = result.outcome
    change = np.abs(table["tag"]) + np.abs(table["efficacy"] - 1)
    order = np.lexsort((-change, classes == CLASSES.index("unchanged")))[:_ROWS]
    rows = []
    for i in order:
        row = table.iloc[i]
        cells = [str(i), row["class"], result.spines.region[i], f"{result.spines.path_distance[i]:.1f}"]
        if result.sites:
            cells.append(f"{distance[i]:.1f}")
        cells += [f"{row[n] * (1e3 if n == 'cai_peak' else 1):.3g}" for n in list(_COLUMNS)[1:]]
        rows.append(tuple(cells))
    away = [label.replace("Distance from", "from")] if result.sites else []
    return ["spine", "class", "region", "path from the soma (µm)", *away, *list(_COLUMNS.values())[1:]], rows


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0, first: int = 0) -> str:
    """Return an HTML table; the last `numbers` columns, but for those up to `first`, are set as numbers."""
    start = max(len(head) - numbers, first + 1 if first else 0)

    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="number"' if k >= start and numbers else "" for k in range(len(cells))]
        pairs = zip(kinds, cells, strict=True)
        return f"<tr>{''.join(f'<{tag}{k}>{html.escape(c)}</{tag}>' for k, c in pairs)}</tr>"

    top = row(head, "th") if any(head) else ""
    return f"<table>{top}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _text(value: Any) -> str:
    """Return a value for people: tables as ``key value``, long lists by their length."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_text, value))})" if len(value) <= 6 else f"({len(value)} values)"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _time(ms: float) -> str:
    """Return a time (ms) in the largest unit that keeps it above 1."""
    for unit, size in (("h", 3.6e6), ("min", 6e4), ("s", 1e3)):
        if ms >= size:
            return f"{ms / size:g} {unit}"
    return f"{ms:g} ms"
