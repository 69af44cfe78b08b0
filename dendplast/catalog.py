"""What there is to choose from: versions, folders, presets, cells, protocols, drugs, studies, examples."""

from __future__ import annotations

import difflib
import platform
from importlib import metadata
from pathlib import Path
from typing import get_args

from . import __version__
from .drugs import AGENTS, Agent
from .errors import ParameterError
from .parameters import RECEPTORS, Parameters
from .paths import cache_dir, mod_dir
from .presets import load_preset, preset_names
from .protocol import Protocol
from .quantity import Description, source_of, unit_of

__all__ = ["example", "example_names", "gain_table", "parameter_table", "rows"]

_REPORTED = ("neuron", "numpy", "scipy", "h5py", "pydantic", "morphio")
_EXAMPLES = Path(__file__).with_name("examples")


def rows() -> list[tuple[str, str]]:
    """Return what ``dendplast info`` shows, as pairs of a heading and one line."""
    from .morphology import shipped
    from .studies.registry import STUDIES

    out = [
        ("dendplast", __version__),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("libraries", ", ".join(f"{name} {_version(name)}" for name in _REPORTED)),
        ("sources", str(mod_dir())),
        ("mechanisms", ", ".join(sorted(p.stem for p in mod_dir().glob("*.mod"))) or "none"),
        ("cache", str(cache_dir())),
        ("morphologies", ", ".join(shipped()) or "none"),
        ("examples", ", ".join(example_names())),
        ("studies", ", ".join(STUDIES)),
    ]
    out += [("preset", f"{name}: {load_preset(name).description}") for name in preset_names()]
    for kind in get_args(get_args(Protocol)[0]):
        out.append(("protocol", f"{kind.model_fields['kind'].default}: {_fields(kind)}"))
    out += [("drug", f"{name}: {_effect(name, agent)}") for name, agent in AGENTS.items()]
    return out


def parameter_table() -> str:
    """Return every parameter of the spine and its rule as Markdown: value, unit, source, and each preset's own."""
    presets = {name: load_preset(name).parameters.flat() for name in preset_names()}
    lines = [
        "| group | parameter | unit | default | bounds | " + " | ".join(presets) + " | source of the default |",
        "|---|---|---|---|---|" + "---|" * len(presets) + "---|",
    ]
    for group, info in Parameters.model_fields.items():
        kind = info.annotation
        for name, field in kind.model_fields.items():
            low = next((f"{m.ge:g}" for m in field.metadata if hasattr(m, "ge")), "")
            high = next((f"{m.le:g}" for m in field.metadata if hasattr(m, "le")), "")
            own = [f"{p[name]:g}" if p[name] != field.default else "" for p in presets.values()]
            cells = [group, f"`{name}`", unit_of(kind, name), f"{field.default:g}", f"{low} to {high}", *own]
            lines.append("| " + " | ".join([*cells, source_of(kind, name)]) + " |")
    return "\n".join(lines)


def gain_table() -> str:
    """Return the factors of the modulators on conductances (1) as Markdown: by preset, signal and target."""
    lines = ["| preset | signal | target | F | source |", "|---|---|---|---|---|"]
    for name in preset_names():
        preset = load_preset(name)
        for signal, targets in preset.gains.items():
            for target, factor in targets.items():
                source = preset.sources[f"gains.{signal}.{target}"]
                lines.append(f"| `{name}` | {signal} | `{target}` | {factor:g} | {source} |")
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _fields(kind: type[Description]) -> str:
    """Return the fields of a description: ``dt (ms), n = 100, hz = 0.2 Hz``."""
    out = []
    for name, info in kind.model_fields.items():
        unit = unit_of(kind, name)
        unit = "" if unit in (None, "1") else unit
        if name == "kind":
            continue
        if info.is_required():
            out.append(f"{name} ({unit})" if unit else name)
        else:
            value = f"{info.default:g}" if isinstance(info.default, float) else str(info.default)
            out.append(f"{name} = {value} {unit}".rstrip())
    return ", ".join(out)


def _effect(name: str, agent: Agent) -> str:
    """Return what an agent does, in words."""
    if agent.ligand:
        receptors = [r for r, ligand in RECEPTORS.items() if ligand == name]
        return f"the modulator in the bath; binds {', '.join(receptors)}"
    if agent.nmda_block:
        sites = " at each of two sites" if agent.nmda_sites == 2 else ""
        return f"blocks NMDA receptors, Kd {agent.nmda_block * 1e3:g} uM{sites}"
    if agent.blocker:
        return f"blocks {', '.join(f'{name} (Ki {ki * 1e6:g} nM)' for name, ki in agent.blocker.items())}"
    if agent.channel_block:
        blocked = (f"{s}-type (half at {k * 1e6:g} nM)" for s, k in agent.channel_block.items())
        return f"blocks calcium channels of the spines, {', '.join(blocked)}"
    if agent.agonist:
        affinities = (f"{r} ({k:g} times the affinity of {RECEPTORS[r]})" for r, k in agent.agonist.items())
        return f"agonist at {', '.join(affinities)}"
    return f"antagonist at {', '.join(f'{r} (Kd {kd * 1e6:g} nM)' for r, kd in agent.antagonist.items())}"


def example_names() -> list[str]:
    """Return the names of the shipped experiments."""
    return sorted(p.stem for p in _EXAMPLES.glob("*.toml"))


def example(name: str) -> str:
    """Return a complete, commented experiment as TOML.

    Raises
    ------
    ParameterError
        If there is no example of that name.
    """
    names = example_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, 1, 0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ParameterError(f"example {name!r} is not known; {hint}examples are {', '.join(names)}")
    return (_EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
