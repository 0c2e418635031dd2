"""Optimizers that take the gradient and nothing else; their slots have the structure of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.options import Schedule, check_options, rate_at
from ketgrad.optimize.problem import Problem, named_leaves
from ketgrad.protocol import Array
from ketgrad.tree import map_leaves


@dataclass
class GradientOptimizer(Optimizer):
    """What follows the gradient: x ← x − η·direction, where the direction is made from the gradient and slots.

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    """

    learning_rate: Schedule = 0.01

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate",))

    def slots(self) -> tuple[str, ...]:
        """Name what is remembered for each parameter, zeros at the start."""
        return ()

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        """Return the direction and new slots; `step` counts from 1."""
        return gradient, {}

    def start(self, problem: Problem, x: Any) -> State:
        return {"step": 0, **{name: map_leaves(lambda leaf: 0.0 * leaf, x) for name in self.slots()}}

    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        self.check_state(all(_shapes(problem, state[name]) == _shapes(problem, x) for name in self.slots()))
        value, gradient = problem.value_and_grad(x)
        step = state["step"]
        direction, slots = self.direction(problem, x, gradient, state, step + 1)
        rate = rate_at(self.learning_rate, step)
        moved = map_leaves(lambda leaf, change: leaf - _like(problem, leaf, rate * change), x, direction)
        return Advance(moved, {"step": step + 1, **slots}, value, gradient)


@dataclass
class GradientDescent(GradientOptimizer):
    """Gradient descent: x ← x − η ∇f(x).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.

    Examples
    --------
    >>> import ketgrad as kg
    >>> round(float(kg.optimize.GradientDescent(0.25).step(lambda x: x**2, 1.0)), 12)
    0.5
    """


@dataclass
class Momentum(GradientOptimizer):
    """Gradient descent with momentum: v ← μv + ∇f(x), x ← x − ηv.

    Reference: B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1 (1964).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    momentum
        μ, from 0 up to 1.
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate",), fractions=("momentum",))

    def slots(self) -> tuple[str, ...]:
        return ("velocity",)

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        velocity = map_leaves(lambda v, g: self.momentum * v + g, slots["velocity"], gradient)
        return velocity, {"velocity": velocity}


@dataclass
class Nesterov(Momentum):
    """Nesterov's momentum: v ← μv + ∇f(x), x ← x − η(∇f(x) + μv), with x the point that is looked ahead to.

    Reference: Y. Nesterov, Soviet Math. Dokl. 27, 372 (1983), in the form of Y. Bengio, N. Boulanger-Lewandowski and
    R. Pascanu, ICASSP 2013, which takes one gradient a step.

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    momentum
        μ, from 0 up to 1.
    """

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        velocity, kept = super().direction(problem, x, gradient, slots, step)
        return map_leaves(lambda g, v: g + self.momentum * v, gradient, velocity), kept


@dataclass
class Adagrad(GradientOptimizer):
    """Adagrad: s ← s + ∇f², x ← x − η ∇f / (√s + ε), elementwise.

    Reference: J. Duchi, E. Hazan and Y. Singer, J. Mach. Learn. Res. 12, 2121 (2011).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    epsilon
        ε, above 0.
    """

    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate", "epsilon"))

    def slots(self) -> tuple[str, ...]:
        return ("squares",)

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        squares = map_leaves(lambda s, g: s + g * g, slots["squares"], gradient)
        return _over_root(problem, gradient, squares, self.epsilon), {"squares": squares}


@dataclass
class RMSProp(GradientOptimizer):
    """RMSProp: s ← αs + (1 − α)∇f², x ← x − η ∇f / (√s + ε), elementwise.

    Reference: T. Tieleman and G. Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    decay
        α, from 0 up to 1.
    epsilon
        ε, above 0.
    """

    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate", "epsilon"), fractions=("decay",))

    def slots(self) -> tuple[str, ...]:
        return ("squares",)

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        squares = map_leaves(lambda s, g: _mean(self.decay, s, g * g), slots["squares"], gradient)
        return _over_root(problem, gradient, squares, self.epsilon), {"squares": squares}


@dataclass
class Adam(GradientOptimizer):
    """Adam: m ← β₁m + (1 − β₁)∇f, s ← β₂s + (1 − β₂)∇f², x ← x − η m̂ / (√ŝ + ε), elementwise.

    m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) at step t.
    Reference: D. P. Kingma and J. Ba, ICLR 2015, arXiv:1412.6980.

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    beta1, beta2
        β₁ and β₂, from 0 up to 1.
    epsilon
        ε, above 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate", "epsilon"), fractions=("beta1", "beta2"))

    def slots(self) -> tuple[str, ...]:
        return ("mean", "squares")

    def direction(self, problem: Problem, x: Any, gradient: Any, slots: State, step: int) -> tuple[Any, State]:
        mean = map_leaves(lambda m, g: _mean(self.beta1, m, g), slots["mean"], gradient)
        squares = map_leaves(lambda s, g: _mean(self.beta2, s, g * g), slots["squares"], gradient)
        corrected = map_leaves(lambda m: m / (1.0 - self.beta1**step), mean)
        sizes = map_leaves(lambda s: s / (1.0 - self.beta2**step), squares)
        return _over_root(problem, corrected, sizes, self.epsilon), {"mean": mean, "squares": squares}


def _shapes(problem: Problem, x: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of the backend."""
    return {name: tuple(leaf.shape) for name, leaf in named_leaves(x) if problem.backend.is_array(leaf)}


def _like(problem: Problem, leaf: Array, change: Array) -> Array:
    """Return a change in the type of a parameter, which is not that of a learning rate in an array."""
    return problem.backend.astype(change, problem.backend.dtype(leaf))


def _mean(weight: float, old: Any, new: Any) -> Any:
    return weight * old + (1.0 - weight) * new


def _over_root(problem: Problem, numerators: Any, squares: Any, epsilon: float) -> Any:
    sqrt = problem.backend.sqrt
    return map_leaves(lambda n, s: n / (sqrt(s) + epsilon), numerators, squares)
