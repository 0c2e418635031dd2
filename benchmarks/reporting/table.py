"""Tables on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.reporting.words import agreement, duration, factor, states
from benchmarks.running import Outcome

AGREES = "agrees, or why not there"


def show(console: Console, outcomes: Sequence[Outcome], clock: str, reference: str) -> None:
    """Print one case."""
    case = outcomes[0].case
    table = Table(title=f"{case}: {case.family.title}", title_justify="left")
    for column in ("contestant", "first call", "wall", "CPU", f"/ {reference}", "peak, states", AGREES):
        table.add_column(column, justify="left" if column in ("contestant", AGREES) else "right")
    base = [outcome.seconds(clock) for outcome in outcomes if outcome.contestant == reference]
    for outcome in outcomes:
        if outcome.problem is not None and not outcome.wall:
            table.add_row(outcome.contestant, *[""] * 5, outcome.problem)
            continue
        own = outcome.seconds(clock)
        ratio = own / base[0] if own is not None and base and base[0] is not None else None
        times = (outcome.first, outcome.seconds("wall"), outcome.seconds("cpu"))
        table.add_row(outcome.contestant, *map(duration, times), factor(ratio), states(outcome), agreement(outcome))
    console.print(table)
