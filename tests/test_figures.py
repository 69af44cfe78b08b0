"""Laws of figures: everything is drawn once and where it is, axes say their unit, and pixels repeat."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from synthetic import SITE, VARICOSITY, result, spines, tree

from dendplast.errors import ParameterError, StorageError
from dendplast.figures import choose_spines, curve, draw_cell, overview, save, site_distance, style, trace_rows
from dendplast.result import CLASSES
from dendplast.storage import read, write
from dendplast.style import CLASS_COLORS, CLASS_MARKERS
from dendplast.timescale import time_unit, time_windows


@pytest.fixture
def ax():
    with style():
        yield Figure(figsize=(3, 3)).subplots()


def dots(ax) -> list[PathCollection]:
    return [c for c in ax.collections if isinstance(c, PathCollection)]


def pixels(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=50, metadata={"Software": None})
    return out.getvalue()


def texts(ax) -> list[str]:
    return [t.get_text() for t in ax.texts]


# ---- the cell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plane", "axes"), [("xy", (0, 1)), ("xz", (0, 2)), ("yz", (1, 2))])
def test_every_segment_and_spine_is_drawn_once_in_its_place(ax, plane, axes):
    placed, cell = spines(), tree()
    classes = result().classes()
    draw_cell(ax, cell, placed, classes=classes, plane=plane)
    lines = np.concatenate([c.get_segments() for c in ax.collections if isinstance(c, LineCollection)])
    outside = cell.region != "soma"
    assert len(lines) == outside.sum()
    expected = np.stack([cell.start[outside], cell.end[outside]], 1)[:, :, axes]
    assert np.array_equal(sorted(lines.reshape(-1, 4).tolist()), sorted(expected.reshape(-1, 4).tolist()))
    seen = {d.get_label().split(" (")[0]: np.asarray(d.get_offsets()) for d in dots(ax)}
    assert set(seen) == {CLASSES[c] for c in np.unique(classes)}
    for name, xy in seen.items():
        assert np.array_equal(xy, placed.xyz[classes == CLASSES.index(name)][:, axes]), name


def test_lines_are_wider_where_the_dendrite_is_thicker(ax):
    cell = tree()
    draw_cell(ax, cell)
    diam = cell.diam[np.isin(cell.region, ["apical", "basal"])]
    dendrites = next(c for c in ax.collections if len(c.get_segments()) == len(diam))
    width = np.asarray(dendrites.get_linewidths())
    order = np.argsort(diam)
    assert (np.diff(width[order]) >= 0).all() and width.max() > 2 * width.min()


def test_values_are_coloured_with_a_labelled_bar(ax):
    placed = spines()
    draw_cell(ax, tree(), placed, values=placed.volume, value_label="Head volume (µm³)", limits=(0.0, 0.2))
    (points,) = dots(ax)
    order = np.argsort(placed.volume, kind="stable")
    assert np.array_equal(points.get_array(), placed.volume[order])
    assert np.array_equal(points.get_offsets(), placed.xyz[order][:, :2])
    assert points.get_clim() == (0.0, 0.2)
    assert [a.get_ylabel() for a in ax.figure.axes if a is not ax] == ["Head volume (µm³)"]


def test_sites_are_drawn_at_their_size(ax):
    draw_cell(ax, tree(), sites=(SITE, SITE, VARICOSITY))
    balls = [p for p in ax.patches if isinstance(p, Circle) and p.get_radius() == SITE.radius]
    assert {tuple(p.center) for p in balls} == {SITE.center[:2]}
    (star,) = dots(ax)
    assert np.array_equal(star.get_offsets(), [VARICOSITY.at[:2]])
    assert ax.get_legend_handles_labels()[1].count("dopamine release") == 1  # once, however many sites


@given(st.floats(0.01, 1000))
def test_scale_bar_is_as_long_as_it_says(factor):
    cell = tree()
    cell = replace(cell, start=cell.start * factor, end=cell.end * factor)
    axes = Figure(figsize=(3, 3)).subplots()
    draw_cell(axes, cell)
    (bar,), (text,) = axes.lines, texts(axes)
    length, unit = text.split()
    x = bar.get_xdata()
    assert unit == "µm" and f"{float(length):e}"[0] in "125" and float(f"{float(length):e}"[1:6]) == 0
    assert x[1] - x[0] == pytest.approx(float(length), rel=1e-5)  # :g shows six digits
    left, right = axes.get_xlim()
    assert 0.08 < (x[1] - x[0]) / (right - left) <= 0.22  # 22 % of the view, down to the next of 1, 2, 5


def test_window_limits_the_view(ax):
    draw_cell(ax, tree(), spines(), window=(40, 80, 42, 82))
    assert ax.get_xlim() == (40, 80) and ax.get_ylim() == (42, 82)
    assert texts(ax) == ["5 µm"]


def test_crowds_leave_the_tree_visible():
    sizes = []
    for n in (40, 4000):
        axes = Figure().subplots()
        draw_cell(axes, tree(), spines(n), classes=np.zeros(n, np.int8))
        sizes.append(dots(axes)[0].get_sizes()[0])
    assert sizes[1] < sizes[0] / 5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"plane": "yx"}, "plane = 'yx': must be one of xy, xz, yz"),
        ({"values": np.zeros(39)}, r"\(39,\) values for 40 spines"),
        ({"classes": np.zeros(40, int), "values": np.zeros(40)}, "not both"),
    ],
)
def test_wrong_input_is_one_sentence(ax, options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        draw_cell(ax, tree(), spines(), **options)
    assert not ax.collections


def test_classes_differ_in_marker_and_colour():
    assert set(CLASS_COLORS) == set(CLASS_MARKERS) == set(CLASSES)
    assert len(set(CLASS_MARKERS.values())) == len(set(CLASS_COLORS.values())) == len(CLASSES)
    # the two that must never be mixed up also differ in print without colour (CIE luminance of sRGB)
    grey = {n: np.dot([0.2126, 0.7152, 0.0722], np.array(to_rgb(c)) ** 2.2) for n, c in CLASS_COLORS.items()}
    assert abs(grey["potentiated"] - grey["depressed"]) > 0.05


# ---- the page -----------------------------------------------------------------------------------------


def test_overview_says_what_it_shows():
    run = result()
    figure = overview(run)
    figure.draw_without_rendering()
    assert {t for a in figure.axes for t in texts(a)} >= {"A", "B", "C", "D", "E", "20 µm", "10 µm"}
    framed = [a for a in figure.axes if a.axison]
    labels = {a.get_xlabel() for a in framed} - {""}
    assert labels == {"Time (ms)", "Time (s)", "Time (min)", "Distance from the release site (µm)"}
    rows = [a.get_ylabel() for a in framed if a.get_ylabel()]
    traces = ["Calcium\n(µM)", "Dopamine\n(µM)", "D1\noccupancy", "Eligibility\nP − D", "Tag\nP − D", "Efficacy"]
    assert rows == [*traces, "Tag, P − D", "Efficacy"]
    entries = [t.get_text() for part in figure.subfigs for legend in part.legends for t in legend.get_texts()]
    assert "dopamine release" in entries and "potentiated (12)" in entries
    assert sum(int(e.split("(")[1][:-1]) for e in entries if "(" in e) == len(run.spines)
    for i in choose_spines(run):
        assert f"spine {i}, {CLASSES[run.classes()[i]]}" in entries


def test_traces_are_shown_in_full_and_in_their_units():
    run = result()
    figure = overview(run, [3, 7])
    axes = [a for a in figure.axes if a.axison and a.lines and a.lines[0].get_label().startswith("spine 3")]
    rows = trace_rows(run)
    assert len(axes) == 3 * len(rows)
    drawn = np.concatenate([a.lines[1].get_ydata() for a in axes[3:6]])  # dopamine, second spine
    # one sample is in both windows at each change of scale
    assert len(drawn) == len(run.time) + 2
    assert drawn.max() == pytest.approx(1e3 * run.traces["da"][:, 7].max(), rel=1e-6)  # mM to uM in float32


def test_far_spines_are_counted():
    run = result()
    far = replace(run.spines, xyz=run.spines.xyz + np.where(run.classes() == 0, 1e4, 0.0)[:, None])
    figure = overview(replace(run, spines=far))
    n = (run.classes() == 0).sum()
    assert sum(f"{n} farther spines unchanged" in texts(a) for a in figure.axes) == 2


def test_overview_works_from_the_file_alone(tmp_path):
    run = result(sites=(SITE, VARICOSITY))
    drawn = pixels(overview(run))
    assert drawn == pixels(overview(read(write(tmp_path / "run.h5", run))))
    assert drawn != pixels(overview(result(seed=2)))  # pixels tell runs apart


def test_same_result_same_bytes(tmp_path):
    for name in "ab":
        save(overview(result()), tmp_path, name)
    for kind in ("png", "pdf"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf", "a.png", "b.pdf", "b.png"]
    assert b"/Subtype /Type0" in (tmp_path / "a.pdf").read_bytes()  # text stays text: outlines have no such font


@pytest.mark.parametrize("n", [0, 1, 40])
@pytest.mark.parametrize("sites", [(), (VARICOSITY,)], ids=["none", "point"])
def test_overview_of_sparse_runs(n, sites):
    pixels(overview(result(n, sites)))


def test_overview_without_traces():
    figure = overview(replace(result(), traces={}))
    assert not any(a.get_xlabel().startswith("Time") for a in figure.axes)
    pixels(figure)


def test_unknown_spine_is_refused():
    with pytest.raises(ParameterError, match="spines: 40 does not exist; valid numbers are 0 to 39"):
        overview(result(), [0, 40])


def test_chosen_spines_are_the_most_changed_of_their_class():
    run = result()
    classes, last = run.classes(), {k: v[-1] for k, v in run.outcomes.items()}
    chosen = choose_spines(run)
    assert len({classes[i] for i in chosen}) == len(chosen) == 4
    first = CLASSES.index("potentiated")
    change = np.abs(last["tag_P"] - last["tag_D"]) + np.abs(last["w"] - 1)
    assert classes[chosen[0]] == first and change[chosen[0]] == change[classes == first].max()
    still = classes == CLASSES.index("unchanged")
    distance = site_distance(run)[0]
    assert still[chosen[-1]] and distance[chosen[-1]] == distance[still].min()


def test_distance_is_to_the_nearest_site():
    run = result(sites=(SITE, VARICOSITY))
    distance, label = site_distance(run)
    brute = [min(np.linalg.norm(x - np.array(s.position)) for s in run.sites) for x in run.spines.xyz]
    assert np.allclose(distance, brute, rtol=1e-12)  # sums of three squares, in another order
    assert label == "Distance from the nearest release site (µm)"
    assert site_distance(result(sites=()))[1] == "Path distance from the soma (µm)"


def test_drawing_leaves_matplotlib_alone():
    before = dict(mpl.rcParams)
    overview(result())
    assert dict(mpl.rcParams) == before
    code = "import sys, dendplast.figures as f; print('matplotlib.pyplot' in sys.modules, 'neuron' in sys.modules)"
    where = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=where)
    assert done.stdout.split() == ["False", "False"], done.stderr


# ---- curves and files ---------------------------------------------------------------------------------


def test_curve_shows_mean_error_and_sample_size(ax):
    x, mean, err = np.array([0.0, 1, 2]), np.array([1.0, 2, 1]), np.array([0.1, 0.2, 0.3])
    line = curve(ax, x, mean, err, 12, "dopamine")
    assert line.get_label() == "dopamine (n = 12)"
    assert np.array_equal(line.get_ydata(), mean)
    bars = next(c for c in ax.collections if isinstance(c, LineCollection))
    ends = np.array(bars.get_segments())[:, :, 1]
    assert np.allclose(ends, np.stack([mean - err, mean + err], 1), rtol=1e-15)
    assert to_rgb(bars.get_color()[0]) == to_rgb(line.get_color())
    curve(ax, x, mean, err, label="control", band=True)
    area = ax.collections[-1].get_paths()[0].vertices
    assert area[:, 1].min() == pytest.approx((mean - err).min()) and area[:, 1].max() == pytest.approx(2.2)
    assert ax.get_legend_handles_labels()[1] == ["dopamine (n = 12)", "control"]


def test_save_is_whole_or_nothing(tmp_path):
    figure = Figure()
    assert save(figure, tmp_path, "a") == (tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "a.pdf").read_bytes()[:4] == b"%PDF"
    with pytest.raises(StorageError, match="missing does not exist"):
        save(figure, tmp_path / "missing", "a")
    figure.savefig = lambda *a, **k: (_ for _ in ()).throw(RuntimeError("half way"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="half way"):
        save(figure, tmp_path, "b")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf", "a.png"]


# ---- time axes ----------------------------------------------------------------------------------------


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=400), st.integers(1, 4))
def test_windows_cover_time_without_gap(steps, most):
    time = np.concatenate([[0.0], np.cumsum(steps)])
    windows = time_windows(time, most)
    assert 1 <= len(windows) <= most
    assert windows[0][0] == time[0] and windows[-1][1] == time[-1]
    assert all(a < b for a, b in windows)
    assert all(before[1] == after[0] for before, after in zip(windows[:-1], windows[1:], strict=True))


@given(st.floats(1e-2, 1e6), st.integers(2, 1000))
def test_even_time_is_one_window(step, n):
    assert time_windows(np.arange(n) * step) == [(0.0, (n - 1) * step)]


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])  # where to cut does not depend on the unit
def test_windows_are_cut_where_the_step_changes(scale):
    time = scale * np.concatenate([np.arange(0, 100, 1.0), np.arange(100, 5e4, 1e3), np.arange(5e4, 5.01e4, 1.0)])
    windows = time_windows(time)
    # samples are binned to 240 before the search: a cut is right to one bin, here one sample of 250
    assert [np.searchsorted(time, a) for a, _ in windows] == pytest.approx([0, 99, 149], abs=2)


def test_no_time_no_windows():
    assert time_windows(np.zeros(0)) == time_windows(np.zeros(5)) == time_windows(np.array([3.0])) == []


@given(st.floats(1e-3, 1e12))
def test_units_keep_numbers_readable(span):
    size, unit = time_unit(span)
    assert unit in ("ms", "s", "min", "h", "d")
    assert span / size <= 2000 or unit == "d"
    assert span / size >= 2 or unit == "ms"
