"""`ketgrad conformance NAME`: put a backend through the conformance suite, in a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys

from ketgrad.cli.options import Commands


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "conformance",
        help="check a backend against the protocol",
        description="All arguments go to `python -m ketgrad_conformance`; `ketgrad conformance -- --help` lists them.",
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="NAME [OPTION ...]")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the suite and return its exit status."""
    passed = [argument for argument in arguments.arguments if argument != "--"]
    return subprocess.run([sys.executable, "-m", "ketgrad_conformance", *passed], check=False).returncode
