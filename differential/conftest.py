"""The fixture that compares, and the table of the largest differences at the end of a run."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from differential.agreement import Agreement

PREFIX = "difference: "


@pytest.fixture
def agreement(record_property: Any) -> Agreement:
    """Compare with this; what it finds is reported at the end, from all processes."""
    return Agreement(lambda quantity, difference: record_property(PREFIX + quantity, difference))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many comparisons there were of each quantity, and their largest difference."""
    differences = defaultdict(list)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith(PREFIX):
                    differences[name.removeprefix(PREFIX)].append(value)
    if differences:
        terminalreporter.section("ketgrad and Qiskit")
    for quantity, values in sorted(differences.items()):
        terminalreporter.write_line(f"{quantity:<40} {len(values):>7} comparisons, at most {max(values):.2g} apart")
