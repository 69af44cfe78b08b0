"""Single spines of CA1: uncaging, neighbours, days after induction; and calcium itself."""

from __future__ import annotations

from dataclasses import replace

from ..protocol import LowFrequency, Pairing, Spikes, Uncaging
from .plan import MIN, Plan, S, bath

__all__ = ["ROWS"]

BEGIN = 10 * S
DAY = 1440 * MIN

_NO_CROSSTALK = "what a potentiated spine does to its neighbours: only `dendplast follow` has it (study `structure`)"
_CLAMP = "a somatic voltage clamp at 0 mV: the model injects current only"


def _uncaged(amplitude: float) -> Plan:
    """Return 30 pulses at 0.5 Hz without magnesium in 4 mM calcium."""
    pulses = Uncaging(n=30, hz=0.5, amplitude=amplitude, start=BEGIN)
    return Plan("ca1_uncaging", (pulses,), pulses.end(BEGIN) + 30 * MIN, measure="volume",
                solution={"ca": 4.0, "mg": 0.0},
                note="a subthreshold pulse is a quarter of a release")  # fmt: skip


def _paired(dt: float, measure: str) -> Plan:
    pairing = Pairing(dt=dt, n=60, hz=2, n_post=3, post_hz=50, start=BEGIN)
    return Plan(
        "ca1_uncaging",
        (pairing,),
        pairing.end(BEGIN) + 30 * MIN,
        measure=measure,
        order=dt,
    )


ROWS: dict[str, Plan | str] = {f"HAR07-{k:02d}": _CLAMP for k in (1, 2, 4, 5)}
ROWS |= {
    f"HAR07-{k:02d}": _NO_CROSSTALK
    for k in (3, 6, 7, 10, 11, 16, 17, 19, 20, 21, 22, 23, 24)
}
ROWS |= {
    "HAR07-08": _uncaged(1.0), "HAR07-09": _uncaged(0.25), "HAR07-12": _paired(5, "weight"),
    "HAR07-13": _paired(5, "volume"), "HAR07-14": _paired(35, "weight"), "HAR07-15": _paired(35, "volume"),
    "HAR07-18": "a time constant fitted to a series, not one experiment",
}  # fmt: skip

_LTP = Pairing(dt=5, n=150, hz=5, n_post=3, post_hz=100, start=BEGIN)
_WEAK = LowFrequency(n=150, hz=5, start=BEGIN)
_LTD = LowFrequency(n=900, hz=1, start=BEGIN)
_IN_4_4 = {"ca": 4.0, "mg": 4.0}
_NOTE = (
    "a complex spike is three spikes at 100 Hz; losses are counted from day 1 to day 7"
)


def _after(protocol: tuple, at: float, measure: str, **more: object) -> Plan:
    end = max(p.end(BEGIN) for p in protocol) if protocol else BEGIN
    return Plan("ca1_culture", protocol, end + at, measure=measure, note=_NOTE, **more)


def _lost(*protocol: object, **more: object) -> Plan:
    plan = _after(protocol, 7 * DAY, "lost", **more)
    return replace(plan, since=plan.at - 6 * DAY)


_AGAIN = "two inductions a day apart in two solutions: one experiment has one solution"

ROWS |= {
    "WIE18-01": _after((_LTP,), 30 * MIN, "volume", order=5.0), "WIE18-02": _NO_CROSSTALK,
    "WIE18-03": _NO_CROSSTALK,
    "WIE18-04": _after((), 30 * MIN, "volume"), "WIE18-05": _lost(), "WIE18-06": _lost(_LTP, order=5.0),
    "WIE18-07": _lost(_LTD, solution=_IN_4_4),
    "WIE18-12": _after((_LTD,), 30 * MIN, "depressed", solution=_IN_4_4),
    "WIE18-16": replace(_lost(_WEAK), baseline=_lost()),
    "WIE18-17": _after((_LTP,), DAY, "volume", order=5.0),
    "WIE18-18": _after((_LTP,), 30 * MIN, "volume", order=5.0, drugs=(bath("AP5", "50 uM", 0.0),),
        control="WIE18-01"),
    "WIE18-19": _after((_LTD,), 30 * MIN, "volume", solution=_IN_4_4), "WIE18-20": _NO_CROSSTALK,
    "WIE18-22": _after((_LTP,), 30 * MIN, "potentiated", order=5.0),
}  # fmt: skip
ROWS |= {f"WIE18-{k:02d}": _AGAIN for k in (8, 9, 10, 11, 13, 21)}
ROWS |= {f"WIE18-{k}": _NO_CROSSTALK for k in (14, 15)}
ROWS |= {f"OHZ15-{k:02d}": _NO_CROSSTALK for k in range(1, 8)}
_IN_VIVO = "uncaging in vivo: the model has no ongoing activity of a living brain"
ROWS |= {f"NOG19-{k:02d}": _IN_VIVO for k in range(1, 6)}

ROWS |= {
    "SAB02-01": Plan("ca1", (LowFrequency(n=1, hz=0.1, start=BEGIN),), BEGIN + S, measure="calcium",
                     note="a target of the calibration of spines"),
    "SAB02-02": Plan("ca1", (Spikes(n=1, hz=1, start=BEGIN),), BEGIN + S, measure="calcium",
                     note="a target of the calibration of spines"),
}  # fmt: skip
_GIVEN = "a number that goes into the model, so no prediction of it"
ROWS |= {f"SAB02-{k:02d}": _GIVEN for k in (3, 4, 5, 6)}
ROWS |= {"SAB02-07": "a spine held at 0 mV: the model injects current only"}
ROWS |= {f"DRE10-{k:02d}": _GIVEN for k in range(1, 7)}
ROWS |= {f"EJD25-{k:02d}": _GIVEN for k in range(1, 15)}
_FIELD = "a field of many axons in another model's tissue, not a change of a spine"
ROWS |= {f"EJD25-{k}": _FIELD for k in (15, 16, 17, 18, 19)}
_KERNEL = "spread of one release, not a change of a spine: see the reach of the kernels in docs/model.md"
ROWS |= {
    name: _KERNEL
    for name in ("WIK20-01", "WIK20-02", "RIC08-01", "RIC08-02", "RIC08-03", "ZHU20-01")
}
