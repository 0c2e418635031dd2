"""The one interface of all optimizers: where they begin, and how they take a step.

A step goes one way: parameters and the optimizer's state in, the problem's value or gradient asked for, new parameters
and a new state out. `advance` is that, without anything kept; `step` and `minimize` are made of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ketgrad import tree
from ketgrad.errors import InvalidTypeError, InvalidValueError, UntraceableError
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.result import Progress, Result
from ketgrad.optimize.training import Training, train
from ketgrad.protocol import Array


class Optimizer(ABC):
    """What all optimizers have.

    Each is a set of options, given once; `step` and `step_and_value` remember from one call to the next, until `reset`;
    `minimize` begins afresh. `start` and `advance` remember nothing, so that those of optimizers that follow the
    gradient can be compiled and mapped.
    """

    grows: ClassVar[bool] = False
    """Whether the parameters become more by steps, from none at the start."""
    _remembered: State | None = None

    def first_parameters(self, problem: Problem, x0: Any) -> Any:
        """Return the parameters to begin with, as native arrays."""
        if x0 is None:
            raise InvalidTypeError(f"{type(self).__name__} was given no parameters to begin with; give x0")
        return problem.parameters(x0)

    def value(self, problem: Problem, x: Any, state: State) -> Array:
        """Return the function of parameters in a state, a real number in an array of shape ()."""
        return problem.value(x)

    @abstractmethod
    def start(self, problem: Problem, x: Any) -> State:
        """Return the state before the first step."""

    @abstractmethod
    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        """Take one step from parameters and a state, neither of which is changed."""

    def step(self, f: Callable[..., Any], x: Any, *args: Any) -> Any:
        """Return the parameters after one step on f(x, *args)."""
        return self._stepped(Problem.of(f, args), x, has_value=False).x

    def step_and_value(self, f: Callable[..., Any], x: Any, *args: Any) -> tuple[Any, Array]:
        """Return the parameters after one step, and the function before it, at the parameters that were given."""
        taken = self._stepped(Problem.of(f, args), x, has_value=True)
        return taken.x, taken.value

    def reset(self) -> None:
        """Forget what earlier steps left."""
        self._remembered = None

    @property
    def state(self) -> State | None:
        """What the last `step` left; None before the first one."""
        return self._remembered

    def minimize(
        self,
        f: Callable[..., Any],
        x0: Any = None,
        *,
        args: tuple[Any, ...] = (),
        steps: int = 100,
        tolerance: float | None = None,
        patience: int = 1,
        callback: Callable[[Progress], Any] | None = None,
        progress: bool = False,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 10,
        resume: bool = False,
        seed: int | None = None,
    ) -> Result:
        """Take steps until one of the conditions below stops them.

        Parameters
        ----------
        f
            Takes the parameters, and what is in `args`, and returns one real number.
        x0
            Where to begin: an array, a list of numbers, or nested lists, tuples and dictionaries of arrays. Left out
            for optimizers that grow a circuit.
        args
            What else the function takes, which stays as it is, such as inputs.
        steps
            How many steps at most, those before an interruption included.
        tolerance
            Stop when the value has changed by less than this, `patience` steps in a row; never if left out.
        callback
            Called before each step with a `Progress`; training stops when it returns something true.
        progress
            Whether to show a bar on the terminal's error stream.
        checkpoint
            A file for the parameters, the state and the history: written every `checkpoint_every` steps, at the end,
            and when training is interrupted or fails. One that exists is refused, unless `resume` is true.
        resume
            Whether to go on from that file where it exists; the numbers are those of a run that was not interrupted.
            The options of the optimizer are those of this call, so that a learning rate may be lowered.
        seed
            An integer from which each step gets a `seed` that the function is called with, so that results from shots
            have new numbers at each step and the same in each run; left out, the function is called without one.

        Returns
        -------
        Result
            The last parameters and value, the history of values, and why training stopped.

        Raises
        ------
        NotFiniteError
            When the value, or a new parameter, is NaN or infinite: it names the step and the parameter, and its
            `result` has the last good parameters.

        Examples
        --------
        >>> import ketgrad as kg
        >>> theta = kg.parameters("theta", ())
        >>> energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
        >>> result = kg.optimize.GradientDescent(0.5).minimize(energy, 0.1, steps=100)
        >>> round(result.value, 9), round(float(result.x), 4), result.stopped
        (-1.0, 3.1416, 'steps')
        """
        options = Training(steps, tolerance, patience, callback, progress, checkpoint, checkpoint_every, resume, seed)
        return train(self, Problem.of(f, args), x0, options)

    def check_state(self, is_of_x: bool) -> None:
        """Refuse a state that belongs to parameters of other shapes, or of another backend."""
        if not is_of_x:
            raise InvalidValueError(
                f"{type(self).__name__} remembers steps on parameters of other shapes, or of another backend; call "
                "reset() before it gets new ones, or make another one for them"
            )

    def check_concrete(self, problem: Problem, x: Any, state: State) -> None:
        """Refuse a step inside of a compiled or mapped function, for optimizers that look at numbers in it."""
        backend, leaves = problem.backend, [*tree.flatten(x)[0], *tree.flatten(state)[0]]
        if not all(backend.is_concrete(leaf) for leaf in leaves if backend.is_array(leaf)):
            raise UntraceableError(
                f"a step of {type(self).__name__} looks at numbers, which traced arrays have none of; take it outside "
                "of jit and vmap, and compile the function that is minimized instead, by kg.jit"
            )

    def _stepped(self, problem: Problem, x: Any, *, has_value: bool) -> Advance:
        before = self._remembered
        parameters = self.first_parameters(problem, x) if before is None else problem.parameters(x)
        state = self.start(problem, parameters) if before is None else before
        taken = self.advance(problem, parameters, state)
        self._remembered = taken.state
        if has_value and taken.value is None:
            return taken._replace(value=self.value(problem, parameters, state))
        return taken
