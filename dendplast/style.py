"""How figures look: one style, one colour and one marker for each outcome class, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .files import replacing

__all__ = [
    "CLASS_COLORS", "CLASS_MARKERS", "MODULATOR_COLORS", "PALETTE", "curve", "panel_letter", "save", "style",
]  # fmt: skip

# Okabe & Ito, Color Universal Design: told apart with every common form of colour blindness
PALETTE = {
    "black": "#000000", "orange": "#E69F00", "sky": "#56B4E9", "green": "#009E73", "yellow": "#F0E442",
    "blue": "#0072B2", "vermilion": "#D55E00", "purple": "#CC79A7", "grey": "#999999",
}  # fmt: skip

CLASS_COLORS = {
    "unchanged": "#BBBBBB",
    "potentiated": PALETTE["vermilion"],
    "depressed": PALETTE["blue"],
    "pruned": PALETTE["black"],
    "formed": PALETTE["green"],
    "primed": PALETTE["purple"],
}
"""Colour of each outcome class."""

CLASS_MARKERS = {
    "unchanged": "o", "potentiated": "^", "depressed": "v", "pruned": "X", "formed": "P", "primed": "D",
}  # fmt: skip
"""Marker of each outcome class: classes stay apart in print without colour."""

MODULATOR_COLORS = {
    "dopamine": PALETTE["orange"], "acetylcholine": PALETTE["sky"], "noradrenaline": PALETTE["green"],
}  # fmt: skip
"""Colour of the release sites of each modulator."""

_LINES = ("-", "--", "-.", ":")

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so figures are the same everywhere
    "font.size": 8, "axes.labelsize": 8, "axes.titlesize": 8, "legend.fontsize": 7,
    "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4, "ytick.minor.width": 0.4, "lines.linewidth": 1.1, "lines.markersize": 3.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "legend.frameon": False, "legend.handlelength": 1.6,
    "figure.constrained_layout.use": True, "figure.dpi": 100, "savefig.dpi": 200,
    "pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "dendplast",
    "image.cmap": "viridis",
    "axes.prop_cycle": (
        cycler(color=[PALETTE[c] for c in ("blue", "vermilion", "green", "purple", "orange", "sky", "black")])
        + cycler(linestyle=[*_LINES, *_LINES[:3]])
    ),
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside the block; matplotlib's settings come back afterwards."""
    with mpl.rc_context(_STYLE):
        yield


def panel_letter(ax: Axes, letter: str) -> None:
    """Put a bold letter at the upper left of a panel, outside its axes."""
    ax.annotate(
        letter, (0, 1), (-2, 4), "axes fraction", "offset points", weight="bold", size=9, ha="right", va="bottom",
        annotation_clip=False,
    )  # fmt: skip


def curve(
    ax: Axes,
    x: Any,
    mean: Any,
    err: Any = None,
    n: int | None = None,
    label: str = "",
    *,
    color: str | None = None,
    marker: str = "o",
    band: bool = False,
) -> Any:
    """Draw a mean with its error.

    Parameters
    ----------
    ax : Axes
        Where.
    x, mean : array_like, shape (n_x,)
        What, in the units of the axes.
    err : array_like, shape (n_x,), optional
        Standard error or deviation, in the units of `mean`.
    n : int, optional
        Sample size, shown in the label.
    label : str
        Entry of the legend.
    color : str, optional
        The next of the style's cycle when not given.
    marker : str
        Marker of the points; none with ``""``.
    band : bool
        Show the error as a band instead of bars.

    Returns
    -------
    Line2D
        The line of the mean.
    """
    text = label if n is None else f"{label} (n = {n})".lstrip()
    (line,) = ax.plot(x, mean, marker=marker, label=text or "_", color=color, markeredgewidth=0)
    if err is not None and band:
        mean, err = np.asarray(mean, float), np.asarray(err, float)
        ax.fill_between(x, mean - err, mean + err, color=line.get_color(), alpha=0.2, linewidth=0)
    elif err is not None:
        ax.errorbar(x, mean, err, fmt="none", ecolor=line.get_color(), elinewidth=0.8, capsize=1.5, capthick=0.8)
    return line


def save(fig: Figure, folder: str | Path, name: str) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF, each whole or not at all, and return both paths.

    The same figure gives the same bytes.

    Raises
    ------
    StorageError
        If the folder does not exist or can not be written.
    """
    png, pdf = (Path(folder) / f"{name}.{kind}" for kind in ("png", "pdf"))
    with mpl.rc_context(_STYLE):
        with replacing(png) as partial:
            fig.savefig(partial, format="png", metadata={"Software": None})
        with replacing(pdf) as partial:
            fig.savefig(partial, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return png, pdf
