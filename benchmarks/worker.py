"""A process that holds one contestant and one case: `python -m benchmarks.worker CONTESTANT WORKLOAD PLACE`.

It reads one command a line and answers each with a line of JSON: `first` makes the first call and tells its result,
`time SECONDS` times calls, `memory` tells the peak of one call above the memory after a tiny circuit.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks import measuring
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.contestants.base import CannotRunError, Prepared
from benchmarks.workloads import Case, ansatz, samples

Answer = dict[str, Any]


class Worker:
    """A contestant and a case; nothing is prepared before the first command."""

    def __init__(self, contestant: Contestant, case: Case) -> None:
        self.contestant = contestant
        self.case = case
        self.prepared: Prepared | None = None

    def load(self) -> Answer:
        """Import what is needed."""
        self.contestant.load()
        return {}

    def first(self) -> Answer:
        """Build the circuit and make the first call, compilation included."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.prepared = self.contestant.prepare(self.case.recipe, self.case.family.is_gradient)
        output = self.prepared.run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        value, gradient = self.prepared.read(output)
        return {"wall": wall, "cpu": cpu, "value": value, "gradient": gradient.tolist()}

    def time(self, seconds: str) -> Answer:
        """Time calls after the first."""
        assert self.prepared is not None
        return measuring.timed(self.prepared.run, float(seconds))

    def memory(self) -> Answer:
        """Measure the peak, in a process where nothing else has run."""
        recipe, is_gradient = self.case.recipe, self.case.family.is_gradient
        tiny = ansatz(2, 1) if recipe.batch is None else samples(2, 2, 1)
        self.contestant.prepare(tiny, is_gradient).run()
        before = measuring.resident()
        prepared = self.contestant.prepare(recipe, is_gradient)
        prepared.run()
        peak = measuring.peak(prepared.run)
        return {"peak": None if peak is None or before is None else peak - before}


def answer(command: Callable[..., Answer], *arguments: str) -> Answer:
    """Run a command; whatever a library raises becomes part of the answer."""
    try:
        return command(*arguments)
    except CannotRunError as refusal:
        return {"cannot": str(refusal)}
    except Exception as error:  # noqa: BLE001 - libraries raise anything, and one failure must not end the run
        return {"error": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"}


def main() -> None:
    """Serve commands until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    warnings.simplefilter("ignore")
    name, workload, place = sys.argv[1:]
    worker = Worker(CONTESTANTS[name], Case(workload, int(place)))
    print(json.dumps(answer(worker.load)), file=answers, flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(answer(getattr(worker, command), *arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
