"""`ketgrad run FILE.qasm`: simulate an OpenQASM 2 program and print what it measures."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ketgrad.circuit import Circuit
from ketgrad.cli.options import Commands, add_backend, chosen_backend, positive_integer
from ketgrad.engine import Engine, use_engine
from ketgrad.errors import InvalidValueError
from ketgrad.interchange.openqasm2 import Limits
from ketgrad.simulate.sampling import Counts

BAR_WIDTH = 30

SMALL = 12
"""Qubits up to which a single run takes less time than to compile the kernels of the other engine."""


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("run", help="simulate an OpenQASM 2 file and count its outcomes")
    parser.add_argument("file", metavar="FILE", help='an OpenQASM 2 file, or "-" for standard input')
    parser.add_argument("--shots", type=positive_integer, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same counts on every backend")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    add_backend(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print the counts, most frequent first."""
    circuit = Circuit.from_qasm(_read(arguments.file))
    engine: Engine = "traced" if circuit.num_qubits <= SMALL else "auto"
    with chosen_backend(arguments), use_engine(engine):
        counts = circuit.counts(arguments.shots, seed=arguments.seed)
    if arguments.json:
        print(json.dumps(counts))
    else:
        Console().print(_table(counts))
    return 0


def _table(counts: Counts) -> Table:
    table = Table(title=f"{counts.shots} shots")
    table.add_column("outcome")
    table.add_column("count", justify="right")
    table.add_column("share")
    most = max(counts.values())
    for outcome, number in counts.items():
        bar = "█" * max(1, round(BAR_WIDTH * number / most))
        table.add_row(outcome, str(number), f"{bar} {100 * number / counts.shots:.1f} %")
    return table


def _read(name: str) -> str:
    """Read a file or standard input, and no more of it than the reader takes."""
    limit = Limits().bytes + 1
    if name == "-":
        data = sys.stdin.buffer.read(limit)
    else:
        with Path(name).open("rb") as file:
            data = file.read(limit)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValueError(f"{name} is not UTF-8 text at byte {error.start}; give an OpenQASM file") from error
