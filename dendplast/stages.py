"""Developmental stages and states of the network, as presets: what they change in an experiment or a timeline."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from .bombardment import Bombardment
from .errors import ParameterError
from .experiment import Experiment
from .moments import resolve_time
from .presets import Tone, load_preset
from .timeline import Session, Timeline

__all__ = ["at_stage", "in_network", "network_names", "stage_names"]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("stages.toml").read_text("utf-8"))


def stage_names() -> tuple[str, ...]:
    """Return the names of the developmental stages."""
    return tuple(_table()["stage"])


def network_names() -> tuple[str, ...]:
    """Return the names of the states of the network."""
    return tuple(_table()["network"])


def _chosen(kind: str, name: str) -> dict[str, Any]:
    found = _table()[kind].get(name)
    if found is None:
        raise ParameterError(f"{kind} {name!r} is not known; valid are {', '.join(_table()[kind])}")
    return found


def at_stage(experiment: Experiment, name: str) -> Experiment:
    """Return an experiment with the receptors and the tone of a developmental stage.

    Factors act on the numbers that the experiment has: its preset's, or its own.

    Parameters
    ----------
    experiment : Experiment
        The description.
    name : str
        One of `stage_names`: ``"young"``, ``"adult"``, ``"old"``.

    Raises
    ------
    ParameterError
        If there is no such stage.

    Examples
    --------
    >>> at_stage(Experiment(preset="ca1"), "young").parameters["tau_d_nmda"]
    119.0
    """
    stage = _chosen("stage", name)
    now = load_preset(experiment.preset).parameters.replaced(experiment.parameters).flat()
    changes = {key: factor * now[key] for key, (factor, _) in stage["parameters"].items()}
    return experiment.replaced(
        parameters=experiment.parameters | changes, tone=_tone(experiment, stage.get("tone", {}))
    )


def in_network(timeline: Timeline, name: str) -> Timeline:
    """Return a timeline on a cell in a network: background between sessions, bombardment in them, and tone.

    Each session is bombarded from its beginning to the end of its protocols.

    Parameters
    ----------
    timeline : Timeline
        The description.
    name : str
        One of `network_names`: ``"slice"``, ``"asleep"``, ``"awake"``.

    Raises
    ------
    ParameterError
        If there is no such state.
    """
    state = _chosen("network", name)
    rate = state["bombardment"][0]
    experiment = timeline.experiment.replaced(tone=_tone(timeline.experiment, state.get("tone", {})))
    sessions = tuple(_bombarded(session, rate) for session in timeline.sessions) if rate else timeline.sessions
    return timeline.replaced(experiment=experiment, sessions=sessions, background=state["background"][0])


def _bombarded(session: Session, rate: float) -> Session:
    end = 0.0
    for item in session.protocol:
        end = max(end, item.end(resolve_time(item.start, end)))
    usual = Bombardment()
    noise = Bombardment(
        start=0.0, duration=end, excitation=rate * usual.excitation, inhibition=rate * usual.inhibition
    )  # fmt: skip
    return session.replaced(protocol=(*session.protocol, noise))


def _tone(experiment: Experiment, factors: dict[str, Any]) -> Tone:
    tone = load_preset(experiment.preset).tone if experiment.tone is None else experiment.tone
    return tone.replaced(**{key: factor * getattr(tone, key) for key, (factor, _) in factors.items()})
