"""The command and the function that run the kit on one backend; pytest is the engine, and is imported only here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ketgrad.errors import KetgradError, MissingFrameworkError
from ketgrad.protocol import ArrayBackend
from ketgrad.registry import backend_names, resolve, use_backend
from ketgrad_conformance.summary import summary

PARTS = ("protocol", "simulator")
HERE = Path(__file__).parent
USAGE_ERROR = 2


def run(
    backend: str | ArrayBackend,
    *,
    precision: Literal["double", "single", "both"] = "both",
    select: str | None = None,
    parts: Sequence[str] = PARTS,
    members: Sequence[str] = (),
    known: Path | str | None = None,
    report: Path | str | None = None,
    pytest_args: Sequence[str] = (),
) -> int:
    """Run the kit on a backend, in this process, and print the report.

    Use one process for each backend: frameworks do not always bear one another's company.

    Parameters
    ----------
    backend
        A name from the entry-point group "ketgrad.backends", or a backend itself.
    precision
        Which of the two precisions to test in.
    select
        An expression that chooses tests by name, as pytest's `-k` takes it.
    parts
        Which parts of the kit to run: "protocol", "simulator", or both.
    members
        Names of members of `ArrayBackend`; only the tests about these run. All by default.
    known
        A table of known failures, in TOML, besides those found by name.
    report
        A file to write the report to, as JSON.
    pytest_args
        More arguments for pytest.

    Returns
    -------
    int
        pytest's exit code: 0 if the backend conforms, 1 if a test failed, other numbers if the run could not be made.

    Raises
    ------
    UnknownBackendError
        If nothing installed provides the name.
    MissingFrameworkError
        If the backend's framework is not installed, or pytest is not.
    """
    chosen = resolve(backend)
    try:
        import pytest
    except ModuleNotFoundError as error:
        raise MissingFrameworkError(
            "the conformance kit needs pytest, which is not installed; run: pip install 'ketgrad[conformance]'",
            name="pytest",
        ) from error
    options = {"-k": select, "--ketgrad-precision": precision, "--ketgrad-known": known, "--ketgrad-json": report}
    given = [str(word) for option, value in options.items() if value is not None for word in (option, value)]
    given += [word for member in members for word in ("--ketgrad-member", member)]
    folders = [str(HERE / part) for part in parts]
    with use_backend(chosen):
        return int(pytest.main(["-c", str(HERE / "pytest.ini"), "-q", "--tb=short", *given, *pytest_args, *folders]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the kit as a command, and return its exit code.

    Parameters
    ----------
    argv
        The words after the command's name; None takes them from the command line.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if options.backend is None and not (options.compare or options.summary):
        parser.error("name a backend, records to --compare, or reports for a --summary")
    try:
        if options.summary:
            print(summary(options.summary), end="")
            return 0
        if options.compare or options.record:
            return _agreement(options)
        return run(
            options.backend,
            precision=options.precision,
            select=options.select,
            members=options.member,
            known=options.known,
            report=options.json,
        )
    except KetgradError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR


def _agreement(options: argparse.Namespace) -> int:
    from ketgrad_conformance import agreement

    if options.compare:
        return agreement.report(agreement.compare(options.compare))
    agreement.record(options.backend, options.record)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ketgrad conformance", description=__doc__)
    parser.add_argument("backend", nargs="?", help=f"one of {', '.join(backend_names())}")
    parser.add_argument("--precision", choices=("double", "single", "both"), default="both")
    parser.add_argument("-k", dest="select", metavar="EXPR", help="run only the tests whose names match")
    parser.add_argument("--member", action="append", default=[], metavar="NAME", help="run only the tests about it")
    parser.add_argument("--known", type=Path, metavar="FILE", help="a table of known failures, in TOML")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
    parser.add_argument("--record", type=Path, metavar="FILE", help="instead of testing, record results to compare")
    parser.add_argument("--compare", type=Path, nargs="+", metavar="FILE", help="compare records of several backends")
    parser.add_argument("--summary", type=Path, nargs="+", metavar="FILE", help="print a table of several reports")
    return parser
