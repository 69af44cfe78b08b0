"""The report of a run: complete, self-contained, the same numbers as the file, nothing unescaped."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest

import dendplast as dp
from dendplast import cli
from dendplast.errors import StorageError
from dendplast.report import write_report


class Page(HTMLParser):
    """Open tags, pictures and table rows of a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.pictures, self.rows, self.links = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "img":
            self.pictures.append(attrs["src"])
        elif tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        self.links += [v for k, v in attrs.items() if k in {"src", "href"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1].append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a small run and its file: a passive cell, a patch, a drug, a name that HTML must escape."""
    folder = tmp_path_factory.mktemp("a<b>")
    cell = folder / "x&y.swc"
    cell.write_text("1 1 0 0 0 6 -1\n2 3 10 0 0 1 1\n3 3 80 0 0 1 2\n")
    patch = dp.Patch("dopamine", center=(40, 0, 0), radius=10)
    experiment = dp.Experiment(
        preset="passive", morphology=str(cell), spines=dp.Placement(n=6), until="20 ms",
        numerics=dp.Numerics(settle=1, d_lambda=1, dt=0.1),
        protocol=(dp.protocols.pairing(dt=5, n=1, spines=[0]), dp.burst(patch, start=0, n=1)),
        drugs=(dp.Drug(agent="AP5", conc="50 uM", start="5 ms"),),
    )  # fmt: skip
    result = dp.run(dp.build(experiment))
    return result, result.save(folder / "run<1>.h5")


def test_report_holds_what_the_file_holds(run, tmp_path):
    result, path = run
    written = write_report(path, tmp_path)
    assert written == tmp_path / "run<1>_report.html" and [*tmp_path.iterdir()] == [written]
    page = Page(written.read_text("utf-8"))
    assert page.open == []
    spines = {int(row[0]): row for row in page.rows if row[0].isdecimal()}
    head = next(row for row in page.rows if row[0] == "spine")
    assert set(spines) == set(range(6))  # fewer than are listed at most: all of them
    for i, row in spines.items():
        assert row[head.index("class")] == result.outcome["class"][i]
        for column, value in (
            ("efficacy", result.outcome["efficacy"][i]),
            ("peak calcium (µM)", 1e3 * result.outcome["cai_peak"][i]),
        ):
            assert float(row[head.index(column)]) == pytest.approx(value, rel=5e-3)  # three digits are shown
    done = [row[0] for row in page.rows]
    assert {"pairing", "release", "AP5", "neuron_version", "seed", "unchanged"} <= set(done)
    assert ["AP5", "5 ms", "50 µM in the bath"] in page.rows


def test_report_needs_no_other_file_and_escapes_names(run, tmp_path):
    text = write_report(run[1], tmp_path).read_text("utf-8")
    page = Page(text)
    assert page.links == page.pictures and len(page.pictures) == 1
    assert base64.b64decode(page.pictures[0].partition("base64,")[2]).startswith(b"\x89PNG")
    assert "run&lt;1&gt;.h5" in text and "x&amp;y.swc" in text
    assert not re.search("run<1>|x&y", text)


def test_same_file_same_report(run, tmp_path):
    (tmp_path / "again").mkdir()
    first, second = write_report(run[1], tmp_path), write_report(run[1], tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()


def test_command(run, tmp_path, capsys):
    assert cli.main(["report", str(run[1]), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'run<1>_report.html'}\n"


def test_no_folder_no_report(run, tmp_path):
    with pytest.raises(StorageError, match="does not exist; create it first"):
        write_report(run[1], tmp_path / "none")
