"""Options that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from ketgrad.precision import use_precision
from ketgrad.protocol import ArrayBackend
from ketgrad.registry import use_backend

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Add the backend and the precision to compute in."""
    parser.add_argument(
        "--backend", default="numpy", metavar="NAME", help="numpy (default), pytorch, jax, tensorflow, ..."
    )
    parser.add_argument("--precision", choices=("double", "single"), default="double", help="default: double")


@contextmanager
def chosen_backend(arguments: argparse.Namespace) -> Iterator[ArrayBackend]:
    """Put the backend and the precision of the command line in force."""
    with use_backend(arguments.backend) as backend, use_precision(arguments.precision):
        yield backend


def positive_integer(text: str) -> int:
    """Read an integer of at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def positive_number(text: str) -> float:
    """Read a number above zero."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no finite number above zero")
    return value
