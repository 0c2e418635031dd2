"""The command line's parser; each command is a module with `add_parser` and `execute`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import ketgrad
from ketgrad.cli import backends, bench, conformance, run, vqe, warmup
from ketgrad.errors import KetgradError

COMMANDS = (vqe, run, backends, conformance, warmup, bench)

ENVIRONMENT = {"JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""In a process of ketgrad's own frameworks compute in double precision and keep their start-up messages to themselves;
whatever is set already stays as it is."""


def console() -> int:
    """Run as a process of its own."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for a failed check, 2 for what could not be done.

    Examples
    --------
    >>> main(["run", "missing.qasm"])
    2
    """
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.execute(arguments)
    except KetgradError as error:
        print(f"ketgrad: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"ketgrad: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ketgrad: interrupted", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketgrad", description="Quantum circuits, differentiable in the array framework you already use."
    )
    parser.add_argument("--version", action="version", version=f"ketgrad {ketgrad.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser
