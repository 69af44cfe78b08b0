"""Striatum: dopamine bursts and dips around pairing at single spines, and theta bursts in slices."""

from __future__ import annotations

from dataclasses import replace

from ..drugs import Drug
from ..presets import Tone
from ..protocol import Pairing, Release
from .plan import MIN, Plan, S, bath, patch, pulse

__all__ = ["ROWS"]

BEGIN = 20 * S
TRAINS, EVERY = 15, 10 * S
AFTER = 40 * MIN

TRAIN = Pairing(
    dt=10, n=10, hz=10, n_post=3, trains=TRAINS, train_interval=EVERY, start=BEGIN
)
END = TRAIN.end(BEGIN)

_NO_DA = Plan("accumbens_d1", (TRAIN,), END + AFTER, measure="volume", order=10.0)


def _burst(delay: float) -> Plan:
    """Return a burst of the patch, ten pulses at 30 Hz, `delay` s after the onset of each train."""
    release = Release(
        site=patch(),
        start=BEGIN + delay * S,
        n=10,
        hz=30,
        trains=TRAINS,
        train_interval=EVERY,
    )
    return replace(_NO_DA, patch=(release,), baseline=_NO_DA)


_PUFFS = tuple(
    pulse("dopamine", "100 uM", t, t + S)
    for t in (BEGIN + 600 + EVERY * k for k in range(TRAINS))
)

ROWS: dict[str, Plan | str] = {
    f"YAG14-{k:02d}": _burst(delay)
    for k, delay in enumerate((-1.0, 0.6, 1.0, 5.0, 0.3, 2.0), 1)
}
ROWS |= {
    "YAG14-07": "the reference itself, of unknown size",
    "YAG14-08": replace(
        _NO_DA,
        drugs=_PUFFS,
        baseline=_NO_DA,
        note="a puff of 1 s, 0.6 s after each train's onset",
    ),
    "YAG14-09": "a statement about PKA, not a change of a spine",
}


def _dips(duration: float, conc: str = "0.5 uM") -> tuple[Drug, ...]:
    """Return steady dopamine with a pause of `duration` s from the onset of each train."""
    edges, out = 0.0, []
    for k in range(TRAINS if duration else 0):
        dip = BEGIN + EVERY * k
        out.append(pulse("dopamine", conc, edges, dip))
        edges = dip + duration * S
    return (*out, pulse("dopamine", conc, edges, END + EVERY))


_D2 = Plan(
    "accumbens_d2", (TRAIN,), END + AFTER, _dips(0.0), "volume", order=10.0, tone=Tone()
)
_A2A = bath("CGS21680", "1 uM", 0.0)


def _tonic_d1(duration: float) -> Plan:
    """Return steady dopamine on a direct-pathway spine, with a burst of `duration` s from each train's onset."""
    tonic = pulse("dopamine", "20 nM", 0.0, END)
    onsets = [BEGIN + EVERY * k for k in range(TRAINS if duration else 0)]
    bursts = [pulse("dopamine", "1 uM", t, t + duration * S) for t in onsets]
    return replace(_NO_DA, drugs=(tonic, *bursts), tone=Tone())


ROWS |= {
    "IIN20-01": _D2, "IIN20-02": replace(_D2, drugs=_dips(0.4)), "IIN20-03": replace(_D2, drugs=_dips(0.6)),
    "IIN20-04": replace(_D2, drugs=_dips(2.0)), "IIN20-05": replace(_D2, drugs=(_A2A,)),
    "IIN20-06": _tonic_d1(0.0), "IIN20-07": _tonic_d1(0.5), "IIN20-08": _tonic_d1(1.0),
    "IIN20-09": "methamphetamine: it acts on release and uptake, which no drug of the model does",
}  # fmt: skip

_RELEASED = (
    "dopamine that the stimulation itself releases is a tone of 1 uM during the pairing"
)
_ACTIVE = pulse("dopamine", "1 uM", BEGIN - 5 * S, BEGIN + 15 * EVERY)


def _theta(region: str, dt: float, *drugs: Drug, stimulated: bool = True) -> Plan:
    """Return 15 trains of five pairs of one EPSP and three spikes at 50 Hz, at 5 Hz."""
    first = dt - 40 if dt < 0 else dt
    pairing = Pairing(
        dt=first,
        n=5,
        hz=5,
        n_post=3,
        post_hz=50,
        trains=15,
        train_interval=EVERY,
        start=BEGIN,
    )
    extra = (_ACTIVE,) if stimulated else ()
    return Plan(region, (pairing,), pairing.end(BEGIN) + AFTER, (*extra, *drugs), order=dt,
                note=_RELEASED if stimulated else "no dopamine at all")  # fmt: skip


_A2A_TONE = bath("CGS21680", "100 nM", 0.0)
_DEPLETED = Tone()

ROWS |= {
    "SHE08-01": _theta("dorsal_d2", 5, _A2A_TONE, bath("sulpiride", "10 uM", 0.0)),
    "SHE08-02": _theta("dorsal_d2", -10), "SHE08-03": _theta("dorsal_d1", 5), "SHE08-04": _theta("dorsal_d1", -10),
    "SHE08-05": replace(_theta("dorsal_d1", -10, bath("SCH23390", "3 uM", 0.0)), control="SHE08-04"),
    "SHE08-06": replace(_theta("dorsal_d2", -10, _A2A_TONE, stimulated=False), tone=_DEPLETED, control="SHE08-02"),
    "SHE08-07": replace(_theta("dorsal_d1", 5, stimulated=False), tone=_DEPLETED, control="SHE08-03"),
}  # fmt: skip
