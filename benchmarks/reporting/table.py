"""Tables on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.reporting.words import agreement, duration, factor, states
from benchmarks.results import Results
from benchmarks.workloads import Case

AGREES = "agrees, or why not there"


def show(console: Console, results: Results, case: Case) -> None:
    """Print one case."""
    outcomes = [outcome for outcome in results.outcomes if outcome.case == case]
    reference = results.reference_of(case)
    table = Table(title=f"{case}: {case.family.title}", title_justify="left")
    for column in ("contestant", "first call", "wall", "CPU", f"/ {reference}", "peak, states", AGREES):
        table.add_column(column, justify="left" if column in ("contestant", AGREES) else "right")
    for outcome in outcomes:
        if outcome.problem is not None and not outcome.wall:
            table.add_row(outcome.contestant, *[""] * 5, outcome.problem)
            continue
        ratio = results.ratio(outcome.contestant, case)
        times = (outcome.first, outcome.seconds("wall"), outcome.seconds("cpu"))
        table.add_row(outcome.contestant, *map(duration, times), factor(ratio), states(outcome), agreement(outcome))
    console.print(table)


def show_ratios(console: Console, results: Results) -> None:
    """Print how many times as long as the reference each contestant takes, all cases together."""
    table = Table(title=f"times over those of {results.reference}", title_justify="left", padding=(0, 0))
    table.add_column("")
    for contestant in results.contestants():
        table.add_column(contestant.replace(" ", "\n"), justify="right")
    for case in [case for name in results.workloads() for case in results.cases(name)]:
        table.add_row(str(case), *(factor(results.ratio(contestant, case)) for contestant in results.contestants()))
    console.print(table)
