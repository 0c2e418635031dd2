"""The loop of `minimize`: steps, history, stopping rules, progress, checkpoints, and what is kept when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize import checkpoint
from ketgrad.optimize.advance import State
from ketgrad.optimize.chance import seed_of_step
from ketgrad.optimize.finite import what_is_not_finite
from ketgrad.optimize.options import is_real
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.result import NotFiniteError, Progress, Result
from ketgrad.randomness import random_key

if TYPE_CHECKING:
    from ketgrad.optimize.optimizer import Optimizer


@dataclass(frozen=True)
class Training:
    """The options of `minimize`, checked."""

    steps: int
    tolerance: float | None
    patience: int
    callback: Callable[[Progress], Any] | None
    progress: bool
    checkpoint: str | Path | None
    checkpoint_every: int
    resume: bool
    seed: int | None

    def __post_init__(self) -> None:
        for name, least in (("steps", 0), ("patience", 1), ("checkpoint_every", 1)):
            if check_integer(getattr(self, name), name) < least:
                raise InvalidValueError(f"{name} is {getattr(self, name)}; give an integer of at least {least}")
        if self.tolerance is not None and not (is_real(self.tolerance) and self.tolerance > 0):
            raise InvalidValueError(f"tolerance is {self.tolerance!r}; give a number above 0, or None")
        if self.callback is not None and not callable(self.callback):
            raise InvalidTypeError(f"callback is a {type(self.callback).__name__}; give a function of a Progress")
        if not isinstance(self.resume, bool):
            raise InvalidTypeError(f"resume is {self.resume!r}; give True or False, and the file as checkpoint")
        if self.resume and self.checkpoint is None:
            raise InvalidValueError("resume needs the file to go on from; give checkpoint as well")
        self._check_path()
        if self.seed is not None:
            random_key(self.seed)

    def _check_path(self) -> None:
        if not isinstance(self.checkpoint, str | Path | None):
            raise InvalidTypeError(f"checkpoint is a {type(self.checkpoint).__name__}; give the path of a file")
        if self.path is None:
            return
        if not self.path.absolute().parent.is_dir():
            raise InvalidValueError(f"the folder of the checkpoint {self.path} does not exist; make it first")
        if self.path.is_dir():
            raise InvalidValueError(f"the checkpoint {self.path} is a folder; give a file in it, such as run.npz")
        if self.path.exists() and not self.resume:
            raise InvalidValueError(
                f"the checkpoint {self.path} exists; give resume=True to go on from it, or another name, or delete it"
            )

    @property
    def path(self) -> Path | None:
        """The file of checkpoints."""
        return None if self.checkpoint is None else Path(self.checkpoint)


@dataclass(frozen=True)
class Moment:
    """Training between two steps."""

    step: int
    x: Any
    state: State


def train(optimizer: Optimizer, problem: Problem, x0: Any, options: Training) -> Result:
    """Take steps until one of the conditions stops them; see `Optimizer.minimize`."""
    if options.seed is not None:
        problem.check_takes_seed()
    return Loop(optimizer, problem, options, optimizer.first_parameters(problem, x0)).run()


class Loop:
    """One training: the moment it has come to, and the values before each step up to there."""

    def __init__(self, optimizer: Optimizer, problem: Problem, options: Training, x0: Any) -> None:
        self.optimizer, self.problem, self.options = optimizer, problem, options
        self.moment, self.history = self._beginning(x0)
        self.good = self.moment

    def run(self) -> Result:
        """Train, and write the checkpoint however it ends; one that can't be written is found before."""
        if self.options.path is not None:
            checkpoint.check_writable(self.options.path)
        try:
            with _bar(self.options, self.moment.step) as show:
                stopped = self._steps(show)
        finally:
            self._save(self.good)
        return self._result(stopped)

    def _steps(self, show: Callable[[int, float], None]) -> str:
        while True:
            moment, problem = self.moment, self._problem()
            is_last = moment.step >= self.options.steps
            taken = None if is_last else self.optimizer.advance(problem, moment.x, moment.state)
            value = self._value(problem, None if taken is None else taken.value)
            gradient = None if taken is None else taken.gradient
            self._check(value, moment.x if taken is None else taken.x, gradient)
            show(moment.step, value)
            reason = "steps" if taken is None else taken.stop or self._reason(value)
            if taken is None or reason:
                return reason
            self.moment = Moment(moment.step + 1, taken.x, taken.state)
            if moment.step and moment.step % self.options.checkpoint_every == 0:
                self._save(moment)

    def _value(self, problem: Problem, known: Any) -> float:
        array = self.optimizer.value(problem, self.moment.x, self.moment.state) if known is None else known
        return float(problem.backend.to_numpy(array))

    def _check(self, value: float, new_x: Any, gradient: Any) -> None:
        """Keep the value, and the parameters as good ones, or raise where something is not finite."""
        backend, moment = self.problem.backend, self.moment
        problem = what_is_not_finite(backend, value, moment.x, new_x, gradient)
        if np.isfinite(value):
            self.good = moment
            self.history.append(value)
        if problem is not None:
            raise NotFiniteError(f"training stopped at step {moment.step}: {problem}", self._result("not finite"))

    def _reason(self, value: float) -> str:
        moment, options = self.moment, self.options
        if options.callback is not None and options.callback(Progress(moment.step, moment.x, value)):
            return "callback"
        return "tolerance" if self._has_settled() else ""

    def _has_settled(self) -> bool:
        tolerance, patience = self.options.tolerance, self.options.patience
        if tolerance is None or len(self.history) <= patience:
            return False
        return bool(np.all(np.abs(np.diff(self.history[-patience - 1 :])) < tolerance))

    def _problem(self) -> Problem:
        seed = self.options.seed
        return self.problem.with_seed(None if seed is None else seed_of_step(seed, self.moment.step))

    def _beginning(self, x0: Any) -> tuple[Moment, list[float]]:
        path, backend = self.options.path, self.problem.backend
        if self.options.resume and path is not None and path.exists():
            is_as_x0 = not self.optimizer.grows
            saved = checkpoint.load(path, backend, type(self.optimizer).__name__, x0, is_as_x0)
            return Moment(saved.step, saved.x, saved.state), saved.history
        return Moment(0, x0, self.optimizer.start(self.problem, x0)), []

    def _save(self, moment: Moment) -> None:
        if self.options.path is None or not self.history:  # no file of a run that failed before there was a value
            return
        saved = checkpoint.Saved(moment.step, moment.x, moment.state, self.history[: moment.step])
        checkpoint.save(self.options.path, self.problem.backend, type(self.optimizer).__name__, saved)

    def _result(self, stopped: str) -> Result:
        good, history = self.good, tuple(self.history)
        value = history[-1] if history else float("nan")
        return Result(good.x, value, history, good.step, stopped, good.state)


@contextmanager
def _bar(options: Training, begun: int) -> Iterator[Callable[[int, float], None]]:
    """Yield what shows a step and its value: nothing, or a bar on the error stream."""
    if not options.progress:
        yield lambda step, value: None
        return
    # Here alone: importing rich draws from Python's own random numbers.
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=options.steps, completed=begun)
        yield lambda step, value: bar.update(task, completed=step, description=f"value {value:.8g}")
