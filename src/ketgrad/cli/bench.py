"""`ketgrad bench`: measure ketgrad side by side with other simulators, from a checkout of the sources."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import ketgrad
from ketgrad.cli.options import Commands
from ketgrad.errors import UnsupportedError


def add_parser(commands: Commands) -> None:
    # No argument is an option here: they all belong to the benchmarks, --help too.
    parser = commands.add_parser("bench", help="compare with other simulators", add_help=False, prefix_chars="\0")
    parser.add_argument("arguments", nargs="*", metavar="OPTION")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the benchmarks with all arguments and return their exit status."""
    # The folder at hand stays what it is, for files named in options, but no `benchmarks` in it comes before ours.
    paths = os.pathsep.join(filter(None, (str(checkout()), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "benchmarks", *arguments.arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def checkout() -> Path:
    """Return the checkout around the folder at hand, or the one that ketgrad is installed from."""
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(ketgrad.__file__).resolve().parents):
        if (folder / "benchmarks" / "__main__.py").is_file() and (folder / "src" / "ketgrad").is_dir():
            return folder
    raise UnsupportedError(
        "the benchmarks are not in the installed package but in its sources; unpack those, which `pip download "
        "--no-deps --no-binary ketgrad ketgrad` gets, and run this inside of them"
    )
