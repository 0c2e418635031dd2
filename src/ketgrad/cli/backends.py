"""`ketgrad backends`: which array frameworks are there, and what each can do."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ketgrad.cli.options import Commands
from ketgrad.protocol import Capability
from ketgrad.registry import ALIASES, available_backends


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("backends", help="list the array frameworks and what each can do")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print a table with a row for each backend."""
    table = Table(title="Backends", caption="for those not installed, the last column says how to install them")
    for heading in ("name", "alias", "version", "devices", "lacks"):
        table.add_column(heading, overflow="fold")
    shortened = {target: alias for alias, target in ALIASES.items()}
    for name, info in available_backends().items():
        lacking = sorted(set(Capability) - info.capabilities)
        row = (
            name,
            shortened.get(name, ""),
            info.library_version if info.installed else "not installed",
            ", ".join(info.devices),
            (", ".join(lacking) or "nothing") if info.installed else info.problem,
        )
        # As text: rich would take the name of an extra, in brackets, for a style, and leave it out.
        table.add_row(*map(Text, row))
    Console().print(table)
    return 0
