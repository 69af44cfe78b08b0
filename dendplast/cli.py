"""The ``dendplast`` command: one function per subcommand, which takes the parsed arguments."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from importlib import metadata

from . import __version__
from .errors import DendplastError
from .paths import cache_dir, mod_dir, morphology_dir, preset_dir

__all__ = ["main"]

_REPORTED = ("neuron", "numpy", "scipy", "h5py", "pydantic", "morphio")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 2 for an error of the user's, 130 for Ctrl-C.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the command's name; those of the process when left out.
    """
    try:
        arguments = _parser().parse_args(argv)
        arguments.command(arguments)
        sys.stdout.flush()
    except DendplastError as error:
        print(f"dendplast: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dendplast", description="Which synapses of a dendrite change when a neuromodulator is released."
    )
    parser.add_argument("--version", action="version", version=f"dendplast {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = _add(commands, "compile", _compile, "compile the NEURON mechanisms ahead of time")
    command.add_argument("--out", metavar="DIR", help="put a copy there, for the variable DENDPLAST_MECHANISMS")
    _add(commands, "info", _info, "show versions, folders, mechanisms, presets and cells")
    return parser


def _add(
    commands: argparse._SubParsersAction, name: str, function: Callable[[argparse.Namespace], None], text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(command=function)
    return command


def _compile(arguments: argparse.Namespace) -> None:
    from .mechanisms import compile_mechanisms

    print(compile_mechanisms(arguments.out))


def _info(arguments: argparse.Namespace) -> None:
    rows = {
        "dendplast": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _REPORTED),
        "sources": mod_dir(),
        "mechanisms": ", ".join(sorted(p.stem for p in mod_dir().glob("*.mod"))) or "none",
        "cache": cache_dir(),
        "presets": ", ".join(sorted(p.stem for p in preset_dir().glob("*.toml"))) or "none",
        "morphologies": ", ".join(sorted(p.stem for p in morphology_dir().glob("*.swc"))) or "none",
    }
    for name, value in rows.items():
        print(f"{name:<13} {value}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    sys.exit(main())
