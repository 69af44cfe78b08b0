"""CA1: slices of Brzosko et al. 2015 and 2017, Fuchsberger et al. 2022, Inglebert et al. 2020.

Protocols only; what came out is in the user's table.  Times count from the end of the pairing.
"""

from __future__ import annotations

from ..drugs import Drug
from ..protocol import Pairing, Spikes, TestPulses
from .plan import MIN, Plan, bath

__all__ = ["ROWS"]

START = 5 * MIN
"""Baseline before the pairing (ms); assumed: shorter than the paper's, the rule is at rest from the start."""

TRAIN = 500_000.0
"""100 pairings at 0.2 Hz (ms)."""

END = START + TRAIN
AFTER = 37.5 * MIN
"""Outcome, the middle of the paper's 35 to 40 min."""

TEST = 0.2  # Hz

DA, BLOCK = "100 uM", (("SCH23390", "10 uM"), ("sulpiride", "50 uM"))


def slice_(dt: float | None, *drugs: Drug, control: str = "", silent: float = 0.0, after: float = AFTER,
           bursts: bool = False, region: str = "ca1_young", note: str = "") -> Plan:  # fmt: skip
    """Return 100 pairings at 0.2 Hz (dt None: none) with test pulses at 0.2 Hz, off for `silent` ms after them."""
    tests = [TestPulses(n=int(START * TEST / 1e3), hz=TEST, start=0.0)]
    if dt is None:
        tests.append(TestPulses(n=int(TRAIN * TEST / 1e3), hz=TEST, start=START))
        pairing: tuple = ()
    else:
        pairing = (Pairing(dt=dt, n=100, hz=TEST, start=START),)
    burst = (Spikes(n=5, hz=50, trains=6, start=END + 10 * MIN),) if bursts else ()
    rest = int((after - silent) * TEST / 1e3)
    tests.append(TestPulses(n=rest, hz=TEST, start=END + silent))
    return Plan(
        region,
        (*pairing, *burst, *tests),
        END + after,
        tuple(drugs),
        order=dt,
        control=control,
        note=note,
    )


def during(agent: str, conc: str, minutes: float = 2.0) -> Drug:
    """Return a drug from some minutes before the pairing to its end."""
    return bath(agent, conc, START - minutes * MIN, END)


def after(agent: str, conc: str, start: float = 0.5, minutes: float = 11.0) -> Drug:
    """Return a drug some minutes after the pairing."""
    return bath(agent, conc, END + start * MIN, END + (start + minutes) * MIN)


def always(agent: str, conc: str) -> Drug:
    """Return a drug that is there from the start."""
    return bath(agent, conc, 0.0)


_BOTH = tuple(always(agent, conc) for agent, conc in BLOCK)
_TONE = "endogenous dopamine is the region's tone"
_LTP, _LTD = "BRZ15-01", "BRZ15-05"

ROWS: dict[str, Plan | str] = {
    "BRZ15-01": slice_(10), "BRZ15-02": slice_(-20), "BRZ15-03": slice_(-10, note=_TONE),
    "BRZ15-04": slice_(-10, *_BOTH, control="BRZ15-03"), "BRZ15-05": slice_(-20),
    "BRZ15-06": slice_(-20, during("dopamine", "20 uM"), control=_LTD),
    "BRZ15-07": slice_(-20, after("dopamine", DA), control=_LTD),
    "BRZ15-08": slice_(-20, after("dopamine", DA), *_BOTH, control="BRZ15-07"),
    "BRZ15-09": slice_(-20, after("dopamine", DA), control="BRZ15-07", silent=15 * MIN),
    "BRZ15-10": slice_(None, after("dopamine", DA)),
    "BRZ15-11": slice_(-20, after("dopamine", DA, 10), control=_LTD),
    "BRZ15-12": slice_(-20, after("dopamine", DA, 30), control=_LTD, after=57.5 * MIN),
    "BRZ15-13": slice_(-20, after("AP5", "50 uM"), control=_LTD),
    "BRZ15-14": slice_(-20, after("dopamine", DA), after("AP5", "50 uM", 0.1, 13), control="BRZ15-07"),
    "BRZ15-15": slice_(-20, after("dopamine", DA), always(*BLOCK[0]), control="BRZ15-07"),
    "BRZ15-16": slice_(-20, after("dopamine", DA), always(*BLOCK[1]), control="BRZ15-07"),
    "BRZ15-17": slice_(-20, after("forskolin", "50 uM"), control=_LTD),
    "BRZ15-18": slice_(None, after("forskolin", "50 uM")),
    "BRZ15-19": slice_(-20, after("forskolin", "50 uM"), after("AP5", "50 uM", 0.1, 13), control="BRZ15-17"),
    "BRZ15-20": slice_(-20, after("dopamine", DA), always("H-89", "20 uM"), control="BRZ15-07"),
    "BRZ15-21": slice_(-20, after("dopamine", DA), control=_LTD),
}  # fmt: skip


def _ach(dt: float | None, conc: str = "1 uM", *more: Drug, control: str = "") -> Plan:
    return slice_(dt, during("acetylcholine", conc, 1.5), *more, control=control)


_WASHED = after("atropine", "100 nM", 0.5, 60)

ROWS |= {
    "BRZ17-01": slice_(10), "BRZ17-02": _ach(10, control="BRZ17-01"), "BRZ17-03": _ach(None),
    "BRZ17-04": _ach(10, control="BRZ17-01"),
    "BRZ17-05": _ach(10, "1 uM", always("atropine", "100 nM"), control="BRZ17-04"),
    "BRZ17-06": slice_(0), "BRZ17-07": _ach(0, control="BRZ17-06"), "BRZ17-08": slice_(-20),
    "BRZ17-09": _ach(-20, control="BRZ17-08"), "BRZ17-10": _ach(50), "BRZ17-11": _ach(-50), "BRZ17-12": slice_(10),
    "BRZ17-13": _ach(10, "0.1 uM", control="BRZ17-12"),
    "BRZ17-14": _ach(10, "1 uM", _WASHED, control="BRZ17-04"),
    "BRZ17-15": _ach(10, "1 uM", _WASHED, after("dopamine", DA), control="BRZ17-14"),
    "BRZ17-16": _ach(10, "1 uM", _WASHED, after("forskolin", "50 uM"), control="BRZ17-14"),
    "BRZ17-17": slice_(None, always("atropine", "100 nM")),
    "BRZ17-18": slice_(10, after("acetylcholine", "1 uM", 0.5, 10), control="BRZ17-01"),
    "BRZ17-19": _ach(-20, "1 uM", during("dopamine", "20 uM", 1.5), control="BRZ17-08"),
    "BRZ17-20": _ach(10, "1 uM", during("dopamine", "20 uM", 1.5), control="BRZ17-01"),
}  # fmt: skip

_FUC_END = 40 * MIN
_LATE = after("dopamine", DA, 8, 11)  # around bursts 10 min after the pairing


def _silent(
    *drugs: Drug,
    da: bool = True,
    bursts: bool = True,
    dt: float | None = -20,
    control: str = "FUC22-15",
) -> Plan:
    """Return the silent trace: no test pulses for 11 min after the pairing, then bursts and dopamine."""
    extra = (_LATE,) if da else ()
    return slice_(
        dt,
        *extra,
        *drugs,
        control=control,
        silent=11 * MIN,
        after=_FUC_END,
        bursts=bursts,
    )


def _plain(dt: float | None, *drugs: Drug, control: str = "") -> Plan:
    return slice_(dt, *drugs, control=control, after=_FUC_END)


_CELL = {"MK": always("MK-801 in the cell", "1 mM"), "PKI": always("PKI", "1 uM"),
    "ANI": always("anisomycin", "0.5 mM"),
         "DKO": always("AC1/AC8 knockout", "1 mM"), "MPEP": always("MPEP", "10 uM")}  # fmt: skip

ROWS |= {
    "FUC22-01": _plain(-20), "FUC22-02": _silent(bursts=False, control="FUC22-01"),
    "FUC22-03": _silent(control="FUC22-01"),
    "FUC22-04": _silent(da=False, control="FUC22-01"), "FUC22-05": _silent(dt=None, control=""),
    "FUC22-06": _plain(-20, _CELL["MPEP"], control="FUC22-07"), "FUC22-07": _plain(-20),
    "FUC22-08": _silent(_CELL["MPEP"]),
    "FUC22-09": _silent(bath("AP5", "50 uM", START - 2 * MIN, END)),
    "FUC22-10": _plain(-20, _CELL["MK"], control="FUC22-07"), "FUC22-11": _silent(_CELL["MK"]),
    "FUC22-12": _silent(after("AP5", "50 uM", 0.5, 12)), "FUC22-13": _silent(after("nimodipine", "10 uM", 6, 14)),
    "FUC22-14": _silent(_CELL["DKO"]), "FUC22-15": _silent(control=""),
    "FUC22-16": _plain(10, _CELL["DKO"], control="FUC22-17"), "FUC22-17": _plain(10),
    "FUC22-18": _silent(_CELL["PKI"]),
    "FUC22-19": _plain(10, _CELL["PKI"], control="FUC22-17"),
    "FUC22-20": _silent(_CELL["ANI"], control="FUC22-21"),
    "FUC22-21": _silent(control=""), "FUC22-22": _plain(10, _CELL["ANI"], control="FUC22-17"),
    "FUC22-23": _plain(-20, _CELL["ANI"], control="FUC22-07"), "FUC22-24": _plain(None, _CELL["ANI"]),
}  # fmt: skip


def _inglebert(ca: float, n_post: int = 1, dt: float = 10, n: int = 100) -> Plan:
    pairing = Pairing(dt=dt, n=n, hz=0.3, n_post=n_post, post_hz=50, start=30_000.0)
    end = pairing.end(30_000.0)
    return Plan("ca1_rat", (pairing,), end + 25 * MIN, order=dt, solution={"ca": ca},
                note="magnesium 1 mM and the cell's temperature; bursts at 50 Hz")  # fmt: skip


_CALCIUM = (1.3, 1.5, 1.8, 2.5, 3.0)

ROWS |= {f"ING20-{k:02d}": _inglebert(ca) for k, ca in enumerate(_CALCIUM, 1)}
ROWS |= {
    f"ING20-{k:02d}": _inglebert(ca, dt=-25, n=150) for k, ca in enumerate(_CALCIUM, 6)
}
ROWS |= {
    f"ING20-{k:02d}": _inglebert(1.8, n_post=n) for k, n in enumerate((1, 2, 3, 4), 11)
}
