"""Measure, compare, and report: see `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.table import Table

from benchmarks import agreement, machine, options, running, targets
from benchmarks.reporting import markdown, plot, record, table
from benchmarks.results import Results
from benchmarks.running import Outcome
from benchmarks.workloads import cases


def main() -> None:
    """Run the chosen cases one after another and report after each."""
    given = options.parse()
    settings = options.settings_of(given)
    console = Console(width=None if os.isatty(1) else 160)
    outcomes: list[Outcome] = []
    described = machine.describe(settings.pythons.values(), settings.threads)
    results = Results(outcomes, described, settings, given.clock, given.reference)
    with console.status("") as status:
        for case in cases(given.workloads, given.qubits):
            found = running.measure(case, given.contestants, settings, status.update, outcomes)
            agreement.compare(found)
            outcomes += found
            table.show(console, results, case)
            _write(given, results)
    table.show_ratios(console, results)
    _show_targets(console, results)


def _write(given: argparse.Namespace, results: Results) -> None:
    """Write what there is so far, so that a run that is cut short leaves that behind."""
    if given.json is not None:
        record.write(given.json, results)
    is_drawn = given.plot is not None and plot.write(given.plot, results)
    if given.markdown is not None:
        markdown.write(given.markdown, results, given.plot if is_drawn else None)


def _show_targets(console: Console, results: Results) -> None:
    shown = Table(title="aims", title_justify="left")
    for name in ("", "aim", "measured"):
        shown.add_column(name)
    for row in targets.rows(results):
        shown.add_row(*row)
    if shown.row_count:
        console.print(shown)


if __name__ == "__main__":
    main()
