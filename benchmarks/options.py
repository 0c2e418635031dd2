"""The command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.contestants import CONTESTANTS
from benchmarks.processes import ROOT
from benchmarks.running import Settings
from benchmarks.workloads import WORKLOADS

USUAL = [name for name in CONTESTANTS if not name.startswith("ketgrad-traced")]
QUICK_CONTESTANTS = ["ketgrad numpy", "ketgrad torch", "ketgrad jax", "qulacs", "lightning autograd", "pennylane torch"]
QUICK_QUBITS = [4, 10]
DOCUMENT, PICTURE = Path("docs/benchmarks.md"), Path("docs/images/benchmarks.png")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options; --quick changes the defaults of others."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="ketgrad side by side with other simulators that differentiate."
    )
    parser.add_argument("--quick", action="store_true", help="a small comparison, in under a minute")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument(
        "--contestants",
        nargs="+",
        metavar="NAME",
        help="whole names, or first words for all of a library; default: all but ketgrad-traced. "
        + ", ".join(CONTESTANTS),
    )
    parser.add_argument("--qubits", nargs="+", type=_positive, metavar="N", help="in place of a workload's own numbers")
    parser.add_argument("--threads", type=_positive, default=1, help="for every contestant alike (default 1)")
    parser.add_argument("--repeats", type=_positive, help="interleaved (default 7, quick 3)")
    parser.add_argument("--seconds", type=float, help="that one repeat lasts at least (default 0.2, quick 0.05)")
    parser.add_argument("--timeout", type=float, help="seconds for a first call (default 200, quick 10)")
    parser.add_argument(
        "--memory", action=argparse.BooleanOptionalAction, help="measure peaks too (default, not if quick)"
    )
    parser.add_argument(
        "--clock", choices=("cpu", "wall"), help="to compare by (default cpu with one thread, else wall)"
    )
    parser.add_argument("--reference", metavar="NAME", help="contestant that ratios refer to (default the first)")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="LIBRARY=PATH",
        help="another interpreter for a library's workers",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all repeats, machine and versions")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw cost against qubits, layers and samples (PNG)")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="PATH",
        help="write tables, and a link to the plot: into a file between its marks, or as a page of their own",
    )
    parser.add_argument(
        "--write-docs", action="store_true", help=f"the same as --markdown {DOCUMENT} --plot {PICTURE} of this checkout"
    )
    options = parser.parse_args(arguments)
    try:
        _fill(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def settings_of(options: argparse.Namespace) -> Settings:
    """Return how to measure."""
    return Settings(options.threads, options.repeats, options.seconds, options.timeout, options.memory, options.pythons)


def _fill(options: argparse.Namespace) -> None:
    quick = options.quick
    if options.write_docs:
        options.markdown, options.plot = options.markdown or ROOT / DOCUMENT, options.plot or ROOT / PICTURE
    if options.plot is not None and find_spec("matplotlib") is None:
        raise ValueError("--plot needs matplotlib, which is not installed; run: pip install 'ketgrad[plot]'")
    options.workloads = options.workloads or (["ansatz"] if quick else list(WORKLOADS))
    options.contestants = _contestants(options.contestants or (QUICK_CONTESTANTS if quick else USUAL))
    options.qubits = options.qubits or (QUICK_QUBITS if quick else None)
    options.repeats = options.repeats or (3 if quick else 7)
    options.seconds = options.seconds if options.seconds is not None else (0.05 if quick else 0.2)
    options.timeout = options.timeout or (10.0 if quick else 200.0)
    options.memory = (not quick) if options.memory is None else options.memory
    options.clock = options.clock or ("cpu" if options.threads == 1 else "wall")
    options.reference = options.reference or options.contestants[0]
    if options.reference not in options.contestants:
        raise ValueError(
            f"--reference {options.reference!r} does not run; give one of {', '.join(options.contestants)}"
        )
    options.pythons = {"": sys.executable}
    for text in options.python:
        library, equals, path = text.partition("=")
        if not equals or library not in _libraries():
            raise ValueError(f"--python got {text!r}; give LIBRARY=PATH, with one of {', '.join(_libraries())}")
        if not Path(path).is_file():
            raise ValueError(f"--python got {path!r} for {library}, which is no file; give an interpreter")
        options.pythons[library] = path


def _contestants(words: Sequence[str]) -> list[str]:
    found = []
    for word in words:
        matching = [name for name in CONTESTANTS if word in (name, name.partition(" ")[0])]
        if not matching:
            raise ValueError(f"contestant {word!r} is not known; give some of {', '.join(CONTESTANTS)}")
        found += matching
    return list(dict.fromkeys(found))


def _libraries() -> list[str]:
    return sorted({contestant.module.removeprefix("with_") for contestant in CONTESTANTS.values()})


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number
