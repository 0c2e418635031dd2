"""All that a run found, and the few numbers that are derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.running import Outcome, Settings
from benchmarks.workloads import Case


@dataclass(frozen=True)
class Results:
    """Outcomes of all cases, with what they were measured on and by which clock they are compared."""

    outcomes: list[Outcome]
    machine: dict[str, Any]
    settings: Settings
    clock: str
    reference: str
    """The contestant that ratios refer to."""

    def workloads(self) -> list[str]:
        """Return the workloads in their order."""
        return list(dict.fromkeys(outcome.case.workload for outcome in self.outcomes))

    def cases(self, workload: str) -> list[Case]:
        """Return a workload's cases in their order."""
        return list(dict.fromkeys(outcome.case for outcome in self.outcomes if outcome.case.workload == workload))

    def contestants(self) -> list[str]:
        """Return the contestants in their order."""
        return list(dict.fromkeys(outcome.contestant for outcome in self.outcomes))

    def find(self, contestant: str, case: Case) -> Outcome | None:
        """Return one outcome."""
        found = [outcome for outcome in self.outcomes if (outcome.contestant, outcome.case) == (contestant, case)]
        return found[0] if found else None

    def seconds(self, contestant: str, case: Case) -> float | None:
        """Return the time of one call."""
        outcome = self.find(contestant, case)
        return outcome.seconds(self.clock) if outcome is not None else None

    def reference_of(self, case: Case) -> str:
        """Return the contestant that ratios refer to, or the first one with a time where that one has none."""
        timed = [name for name in self.contestants() if self.seconds(name, case) is not None]
        return self.reference if self.reference in timed or not timed else timed[0]

    def ratio(self, contestant: str, case: Case) -> float | None:
        """Return a contestant's time over the reference's."""
        own, base = self.seconds(contestant, case), self.seconds(self.reference_of(case), case)
        return own / base if own is not None and base is not None else None

    def line(self, contestant: str, workload: str) -> tuple[float, float] | None:
        """Return the fixed cost and the cost of one gate, in seconds, by least squares over a workload's cases."""
        points = [
            (len(case.recipe.gates), found)
            for case in self.cases(workload)
            if (found := self.seconds(contestant, case)) is not None
        ]
        if len(points) < 2:
            return None
        gates, seconds = np.array(points).T
        slope, fixed = np.polyfit(gates, seconds, 1)
        return float(fixed), float(slope)

    def pass_bandwidth(self, contestant: str, case: Case) -> float | None:
        """Return bytes a second, if each gate were a pass that reads and writes the state once, and a CX half of it."""
        seconds, recipe = self.seconds(contestant, case), case.recipe
        passes = sum(0.5 if gate.name == "cx" else 1.0 for gate in recipe.gates)
        return None if seconds is None else 2 * recipe.state_bytes * passes / seconds
