"""Published disagreements about where a modulator goes: named media, and the media of one experiment."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from .errors import ParameterError
from .quantity import quantity, under
from .release import MEDIA, MODULATORS, Medium

__all__ = ["VARIANTS", "choose_media"]

_EJDRUP = "10.7554/eLife.105214"


class _Ejdrup(Medium):
    """Dopamine in the dorsal striatum: faster uptake by fewer terminals that are active."""

    Vmax: float = quantity(6e-6, "mM/ms", f"6.0 uM/s dorsal, 2.0 uM/s ventral, {_EJDRUP}", 0, 10)
    Km: float = quantity(2.1e-4, "mM", f"210 nM, {_EJDRUP}", 1e-9, 1e3)
    density: float = quantity(0.04, "/um3", f"active terminals, {_EJDRUP}", 0, 10)


class _SlowEsterase(type(MEDIA["striatum"]["acetylcholine"])):  # type: ignore[misc]
    """Acetylcholine cleared so slowly that it acts in volume."""

    Vmax: float = quantity(6e-4, "mM/ms", "6 /s at low dose, 10.7554/eLife.55714", 0, 10)


#: Modulator, then name, to a medium that stands in for that of the preset's tissue.
VARIANTS: dict[str, dict[str, Medium]] = {
    "dopamine": {
        "dreyer": MEDIA["striatum"]["dopamine"],
        "ejdrup_dorsal": _Ejdrup(),
        "ejdrup_ventral": _Ejdrup(Vmax=2e-6),
        "cortex": MEDIA["cortex"]["dopamine"],
    },
    "acetylcholine": {
        "striatum": MEDIA["striatum"]["acetylcholine"],
        "cortex": MEDIA["cortex"]["acetylcholine"],
        "volume": _SlowEsterase(),
    },
    "noradrenaline": {"cortex": MEDIA["cortex"]["noradrenaline"]},
}


def choose_media(tissue: Literal["striatum", "cortex", "hippocampus"], choices: Mapping[str, Any]) -> dict[str, Medium]:
    """Return the medium of every modulator in a tissue, with what an experiment chooses instead.

    Parameters
    ----------
    tissue : str
        Region of `MEDIA`.
    choices : mapping of str to str or mapping
        Modulator to the name of a variant, or to changes of single numbers of which ``variant`` may name where
        they start from: ``{"dopamine": "ejdrup_dorsal"}``, ``{"dopamine": {"Vmax": "2 uM/s"}}``.

    Raises
    ------
    ParameterError
        If a modulator, a variant, a name or a value is not valid.
    """
    media = dict(MEDIA[tissue])
    for modulator, choice in choices.items():
        if modulator not in MODULATORS:
            raise ParameterError(f"medium.{modulator}: must be one of {', '.join(MODULATORS)}")
        changes = {"variant": choice} if isinstance(choice, str) else dict(choice)
        name = changes.pop("variant", None)
        if name is not None:
            known = VARIANTS[modulator]
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1, 0.4)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ParameterError(f"medium.{modulator} = {name!r}: {hint}variants are {', '.join(known)}")
            media[modulator] = known[name]
        try:
            media[modulator] = media[modulator].replaced(**changes)
        except ParameterError as error:
            raise under(f"medium.{modulator}", error) from None
    return media
