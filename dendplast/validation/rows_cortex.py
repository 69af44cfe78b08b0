"""Neocortex: frequency and timing of pairing, bursts and their pharmacology, modulators in visual cortex."""

from __future__ import annotations

from collections.abc import Sequence

from ..drugs import Drug
from ..protocol import LowFrequency, Pairing, Spikes
from .plan import MIN, Plan, S, bath

__all__ = ["ROWS"]

BEGIN = 10 * S
AFTER = 30 * MIN


def trains(
    region: str,
    dt: float,
    hz: float,
    n: int,
    count: int,
    interval: float,
    **more: object,
) -> Plan:
    """Return `count` trains of `n` pairings at `hz`, `interval` s apart."""
    pairing = Pairing(
        dt=dt, n=n, hz=hz, trains=count, train_interval=interval * S, start=BEGIN
    )
    return Plan(region, (pairing,), pairing.end(BEGIN) + AFTER, order=dt, **more)


def _markram(dt: float, hz: float) -> Plan:
    return trains("l5tt_somatosensory", dt, hz, 5, 10, 4.0)


def _sjostrom(dt: float, hz: float) -> Plan:
    if hz < 1:
        return trains("l5tt_visual", dt, hz, 50, 1, 10.0)
    return trains("l5tt_visual", dt, hz, 5, 15, 10.0)


ROWS: dict[str, Plan | str] = {
    f"MRK97-{k:02d}": _markram(dt, hz)
    for k, (dt, hz) in enumerate(
        [(5, 2), (5, 5), (5, 10), (5, 20), (5, 30), (5, 40), (10, 10), (-10, 10)], 1
    )
}
ROWS |= {
    f"SJS01-{k:02d}": _sjostrom(dt, hz)
    for k, (dt, hz) in enumerate(
        [(10, 0.1), (10, 10), (10, 20), (10, 40), (10, 50), (-10, 0.1), (-10, 10), (-10, 20), (-10, 40), (-10, 50),
         (0, 0.1), (25, 20), (0, 20), (-25, 20), (0, 40), (0, 50), (0, 100)], 1,
    )
}  # fmt: skip

_STELLATE = "spiny stellate cells of layer 4: there is no such cell among the presets"

ROWS |= {"EGG99-01": trains("l23_pairs", 10, 20, 5, 10, 10.0)}
ROWS |= {f"EGG99-{k:02d}": _STELLATE for k in (2, 3, 4, 5)}


def _nevian(
    dt: float,
    n: int = 3,
    hz: float = 50,
    *drugs: Drug,
    nearest: bool = False,
    control: str = "",
) -> Plan:
    """Return 60 pairings at 0.1 Hz of an EPSP with a burst that begins at `dt`.

    With `nearest`, `dt` is from the EPSP to the nearest spike, that is the last one when negative.
    """
    first = dt - (n - 1) * 1e3 / hz if nearest and dt < 0 else dt
    pairing = Pairing(dt=first, n=60, hz=0.1, n_post=n, post_hz=hz, start=BEGIN)
    at = pairing.end(BEGIN) + AFTER
    return Plan("l23_barrel", (pairing,), at, drugs, order=dt, control=control)


def _blocked(dt: float, agent: str, conc: str, hz: float = 50) -> Plan:
    if dt > 0:
        control = "NEV06-05"
    else:
        control = "NEV06-16" if hz == 100 else "NEV06-02"
    return _nevian(dt, 3, hz, bath(agent, conc, 0.0), nearest=True, control=control)


ROWS |= {
    f"NEV06-{k:02d}": _nevian(dt)
    for k, dt in enumerate((-90, -50, -30, -10, 10, 50), 1)
}
ROWS |= {
    "NEV06-07": _nevian(10, 1), "NEV06-08": _nevian(-10, 1), "NEV06-09": _nevian(10, 2),
    "NEV06-10": _nevian(-10, 2, nearest=True),
    "NEV06-11": Plan("l23_barrel", (LowFrequency(n=60, hz=0.1, start=BEGIN),), BEGIN + 40 * MIN),
    "NEV06-12": Plan("l23_barrel", (Spikes(n=3, hz=50, trains=60, start=BEGIN),), BEGIN + 40 * MIN),
    "NEV06-13": _nevian(10, 3, 20), "NEV06-14": _nevian(-10, 3, 20, nearest=True),
    "NEV06-15": _nevian(10, 3, 100), "NEV06-16": _nevian(-10, 3, 100, nearest=True),
    "NEV06-17": _blocked(10, "AP5", "50 uM"), "NEV06-18": _blocked(-10, "AP5", "50 uM"),
    "NEV06-19": _blocked(10, "MK-801 in the cell", "1 mM"),
    "NEV06-20": _blocked(-10, "MK-801 in the cell", "1 mM"),
    "NEV06-21": _blocked(10, "nimodipine", "10 uM"), "NEV06-22": _blocked(-10, "nimodipine", "10 uM"),
    "NEV06-23": _blocked(-10, "MCPG", "1 mM"), "NEV06-24": _blocked(10, "MCPG", "1 mM"),
    "NEV06-25": _blocked(-10, "MCPG", "1 mM", 100), "NEV06-26": _blocked(-10, "AM251", "3 uM"),
    "NEV06-27": _blocked(-10, "U73122", "10 uM"), "NEV06-28": _blocked(-10, "heparin", "1 mM"),
    "NEV06-29": "ratio of imaged calcium to its linear sum: the model has no indicator",
}  # fmt: skip
ROWS |= {
    f"NEV06-{k}": "a buffer in the pipette: the spine's buffer is fast and linear"
    for k in (30, 31, 32)
}

_ISO, _MCN, _MOX = (
    ("isoproterenol", "10 uM"),
    ("McN-A-343", "10 uM"),
    ("methoxamine", "5 uM"),
)


def _seol(dt: float, *agents: tuple[str, str], control: str = "") -> Plan:
    """Return 120 pairings at 1 Hz of an EPSP with four spikes at 100 Hz, agonists for 10 min around them."""
    first = dt - 30 if dt < 0 else dt
    pairing = Pairing(dt=first, n=120, hz=1.0, n_post=4, post_hz=100, start=5 * MIN)
    end = pairing.end(5 * MIN)
    drugs = tuple(
        bath(agent, conc, 1 * MIN, max(end, 11 * MIN)) for agent, conc in agents
    )
    return Plan(
        "l23_visual", (pairing,), end + 35 * MIN, drugs, order=dt, control=control
    )


ROWS |= {
    "SEO07-01": _seol(10), "SEO07-02": _seol(-10), "SEO07-03": _seol(10, _ISO, control="SEO07-01"),
    "SEO07-04": _seol(-10, _ISO, control="SEO07-02"), "SEO07-05": _seol(10, _MCN, control="SEO07-01"),
    "SEO07-06": _seol(-10, _MCN, control="SEO07-02"), "SEO07-07": _seol(10, _ISO, _MCN, control="SEO07-01"),
    "SEO07-08": _seol(-10, _ISO, _MCN, control="SEO07-02"),
    "HUA14-01": "primate visual cortex: there is no such cell among the presets",
    "HUA14-02": "primate visual cortex: there is no such cell among the presets",
}  # fmt: skip


def _he(dt: float, agents: Sequence[tuple[str, str]], before: bool = False) -> Plan:
    """Return 200 pairings with bursts at 10 Hz in trains of ten, a puff after each train (or before it).

    An EPSP is paired with four spikes at 100 Hz, as this laboratory did before (10.1016/j.neuron.2007.08.013).
    """
    pairing = Pairing(
        dt=dt, n=10, hz=10, n_post=4, post_hz=100, trains=20, train_interval=20 * S, start=MIN
    )
    end = pairing.end(MIN)
    puffs = []
    for k in range(20):
        start = MIN + 20 * S * k + (-2.0 * S if before else 1.5 * S)
        puffs.append(
            Drug(agent="noradrenaline", conc="50 uM", start=start, stop=start + 1.0 * S)
        )
    blockers = tuple(bath(agent, conc, 0.0) for agent, conc in agents)
    note = "ten pairings at 10 Hz, four spikes each, and a puff of 1 s after each train are assumed"
    return Plan("l23_visual", (pairing,), end + 35 * MIN, (*puffs, *blockers), order=dt, note=note)


_PEPTIDE = (
    "a peptide that takes the receptor from its scaffold: the model has no scaffold"
)
_SEROTONIN = "serotonin: the model has no receptor for it"

ROWS |= {
    "HE15-01": _he(10, ()), "HE15-02": _PEPTIDE, "HE15-03": _he(10, [("ICI118551", "1 uM")]),
    "HE15-04": _SEROTONIN,
    "HE15-05": _SEROTONIN, "HE15-06": _SEROTONIN, "HE15-07": _he(10, (), before=True),
    "HE15-08": "a lifetime taken from a series of delays, not one experiment",
    "HE15-09": _SEROTONIN,
}  # fmt: skip
