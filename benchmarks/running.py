"""One case, all contestants: they start one after another, and then take turns, so that noise hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.contestants import CONTESTANTS
from benchmarks.processes import OverTimeError, WorkerDiedError, WorkerProcess
from benchmarks.workloads import Case

IMPORT_SECONDS = 120.0
FIRST_CALL_OVER = "first call over the time limit"
WEIGHABLE_BYTES = 8 << 20
"""The smallest state whose copies stand out from what compilers and caches leave behind."""


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    threads: int
    repeats: int
    least_seconds: float
    """How long one repeat lasts at least, in calls of one contestant."""
    timeout: float
    """How long the first call may take, and after it all repeats of one contestant together."""
    with_memory: bool
    pythons: Mapping[str, str]
    """The interpreter for each library, "" for all others."""

    def python(self, contestant: str) -> str:
        """Return a contestant's interpreter."""
        library = CONTESTANTS[contestant].module.removeprefix("with_")
        return self.pythons.get(library, self.pythons[""])


@dataclass
class Outcome:
    """What one contestant did with one case."""

    case: Case
    contestant: str
    problem: str | None = None
    first: float | None = None
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    value: float | None = None
    gradient: list[float] = field(default_factory=list)
    deviation: float | None = None
    """The largest difference of value and gradient from the medians of all; None where there is no other."""
    peak: int | None = None

    def seconds(self, clock: str) -> float | None:
        """Return the median of the repeats."""
        samples = self.wall if clock == "wall" else self.cpu
        return median(samples) if samples else None


def measure(
    case: Case, names: Sequence[str], settings: Settings, tell: Callable[[str], None], earlier: Sequence[Outcome] = ()
) -> list[Outcome]:
    """Run one case; a contestant that ran out of time in an easier case of the workload is left out."""
    outcomes = [Outcome(case, name, _hopeless(case, name, earlier)) for name in names]
    with ExitStack() as stack:
        running: list[tuple[Outcome, WorkerProcess]] = []
        for outcome in outcomes:
            if outcome.problem is not None:
                continue
            tell(f"{case}: first call of {outcome.contestant}")
            process = stack.enter_context(_process(outcome, settings))
            if _begin(outcome, process, settings):
                running.append((outcome, process))
        for number in range(settings.repeats):
            tell(f"{case}: repeat {number + 1} of {settings.repeats}")
            for outcome, process in running:
                if sum(outcome.wall) < settings.timeout:
                    _repeat(outcome, process, settings)
    is_weighed = settings.with_memory and case.recipe.state_bytes >= WEIGHABLE_BYTES
    for outcome in outcomes if is_weighed else []:
        if outcome.problem is None:
            tell(f"{case}: memory of {outcome.contestant}")
            _weigh(outcome, settings)
    return outcomes


def _hopeless(case: Case, name: str, earlier: Sequence[Outcome]) -> str | None:
    for past in earlier:
        if past.contestant == name and past.problem == FIRST_CALL_OVER and past.case.is_within(case):
            return f"not run: over the time limit at {past.case.place} {past.case.family.axis} already"
    return None


def _process(outcome: Outcome, settings: Settings) -> WorkerProcess:
    return WorkerProcess(settings.python(outcome.contestant), outcome.contestant, outcome.case, settings.threads)


def _begin(outcome: Outcome, process: WorkerProcess, settings: Settings) -> bool:
    with _problems(outcome, FIRST_CALL_OVER):
        _checked(process.answer(IMPORT_SECONDS))
        found = _checked(process.ask("first", settings.timeout))
        outcome.first, outcome.value, outcome.gradient = found["wall"], found["value"], found["gradient"]
    if outcome.problem is not None:
        process.process.kill()  # one that is still busy would disturb the others
    return outcome.problem is None


def _repeat(outcome: Outcome, process: WorkerProcess, settings: Settings) -> None:
    with _problems(outcome, "a call over the time limit"):
        if outcome.problem is None:
            found = _checked(process.ask(f"time {settings.least_seconds}", settings.timeout))
            outcome.wall.append(found["wall"])
            outcome.cpu.append(found["cpu"])


def _weigh(outcome: Outcome, settings: Settings) -> None:
    unweighed = Outcome(outcome.case, outcome.contestant)
    with _process(outcome, settings) as process, _problems(unweighed, "memory over the time limit"):
        _checked(process.answer(IMPORT_SECONDS))
        outcome.peak = _checked(process.ask("memory", 3 * settings.timeout))["peak"]


class _RefusedError(Exception):
    """A worker answered that it can't, or what went wrong."""


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "cannot" in answer:
        raise _RefusedError(f"can't: {answer['cannot']}")
    if "error" in answer:
        raise _RefusedError(answer["error"])
    return answer


@contextmanager
def _problems(outcome: Outcome, over_time: str) -> Iterator[None]:
    try:
        yield
    except OverTimeError:
        outcome.problem = over_time
    except (WorkerDiedError, _RefusedError) as error:
        outcome.problem = str(error)
