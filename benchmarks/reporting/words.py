"""Numbers as a reader wants them."""

from __future__ import annotations

from benchmarks.agreement import TOLERANCE, agrees
from benchmarks.running import Outcome


def duration(seconds: float | None) -> str:
    """Write seconds with two or three digits and a unit."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def factor(ratio: float | None) -> str:
    """Write how many times as long."""
    return "–" if ratio is None else f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.0f}×"


def states(outcome: Outcome) -> str:
    """Write a peak of memory as a number of state vectors."""
    return "–" if outcome.peak is None else f"{outcome.peak / outcome.case.recipe.state_bytes:.1f}"


def agreement(outcome: Outcome) -> str:
    """Write whether an outcome agrees with the others."""
    if outcome.value is None:
        return "–"
    if outcome.deviation is None:
        return "unchecked"
    return "yes" if agrees(outcome) else f"off by {outcome.deviation:.1e}, over {TOLERANCE:.0e}"
