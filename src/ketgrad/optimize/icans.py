"""Gradient descent that gives each partial derivative as many shots as it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidValueError
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.chance import resolved_seed, seed_of_step
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.options import check_options
from ketgrad.optimize.problem import Problem, named_leaves
from ketgrad.optimize.shot_gradients import Partial, from_shots, partial_derivative, sum_of_coefficients
from ketgrad.optimize.spectra import element_frequencies
from ketgrad.optimize.vectors import Layout
from ketgrad.protocol import Array
from ketgrad.randomness import random_key

FEWEST = 2
"""Of fewer shots there is no variance."""

MOST = 1 << 40
"""What a ratio to nothing is cut to, before the largest number of shots that is worth it."""


@dataclass
class ICANS(Optimizer):
    """Gradient descent from shots: xᵢ ← xᵢ − α gᵢ, where gᵢ comes from sᵢ shots for each value of its shift rule.

    For the next step sᵢ = ⌈2Lα/(2 − Lα) · ξᵢ/(χᵢ² + bμᵏ)⌉, from sₘᵢₙ up to the number of that derivative for which the
    expected gain of a shot is largest, with running means χ of gᵢ and ξ of its variance for a single shot. Minimizes a
    function made by `ketgrad.function` with shots, of one expval. The state's "shots" are those that derivatives took
    in all, of each setting in which the observable is measured; the values of the history take the function's own, not
    counted.
    Reference: J. M. Kübler, A. Arrasmith, L. Cincio and P. J. Coles, Quantum 4, 263 (2020), Algorithm 1, "iCANS1".

    Parameters
    ----------
    learning_rate
        α, above 0 and below 2/L; left out, 1/L.
    lipschitz
        L, a bound on the second derivatives; left out, the sum of |coefficients| of the Pauli sum, the identity aside.
    min_shots
        sₘᵢₙ, at least 2.
    decay
        μ of the running means, from 0 up to 1.
    bias
        b, above 0.
    max_shots
        Training stops as "shots" when it has used so many; left out, never.
    seed
        An integer for the same shots in each run and on each backend, where `minimize` is given none; None for new
        ones.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).ry(theta[0], 0).cx(0, 1).ry(theta[1], 1)
    >>> energy = kg.function(circuit, kg.expval(kg.Z(0) @ kg.Z(1)), shots=1000)
    >>> result = kg.optimize.ICANS(seed=3).minimize(energy, [0.4, 0.3], steps=40)
    >>> result.value < -0.99, result.state["shots"] < 100_000
    (True, True)
    """

    learning_rate: float | None = None
    lipschitz: float | None = None
    min_shots: int = FEWEST
    decay: float = 0.99
    bias: float = 1e-6
    max_shots: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        given = tuple(name for name in ("learning_rate", "lipschitz") if getattr(self, name) is not None)
        counted = () if self.max_shots is None else ("max_shots",)
        check_options(
            self, positive=(*given, "bias"), fractions=("decay",), counts=("min_shots", *counted), schedules=()
        )
        if self.min_shots < FEWEST:
            raise InvalidValueError(f"min_shots is {self.min_shots}; give an integer of at least {FEWEST}")
        random_key(self.seed)

    def start(self, problem: Problem, x: Array) -> State:
        function, size = from_shots(problem), Layout.of(problem.backend, x).size
        element_frequencies(function)
        _check_array(function, x)
        self._rates(function)
        zeros = [0.0] * size
        seed, fewest = resolved_seed(self.seed), [self.min_shots] * size
        return {"step": 0, "seed": seed, "shots": 0, "next": fewest, "means": zeros, "variances": zeros}

    def value(self, problem: Problem, x: Array, state: State) -> Array:
        own = seed_of_step(state["seed"], state["step"]) if problem.seed is None else problem.seed
        return problem.with_seed(own).value(x)

    def advance(self, problem: Problem, x: Array, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        if self.max_shots is not None and state["shots"] >= self.max_shots:
            return Advance(x, state, stop="shots")
        layout = Layout.of(problem.backend, x)
        self.check_state(len(state["next"]) == layout.size)
        partials = self._partials(problem, x, state)
        rate, lipschitz = self._rates(from_shots(problem))
        gradient = np.array([each.value for each in partials])
        moved = layout.parameters(layout.vector(x) - rate * gradient)
        return Advance(moved, self._following(partials, state, rate, lipschitz), gradient=layout.parameters(gradient))

    def _following(self, partials: Sequence[Partial], state: State, rate: float, lipschitz: float) -> State:
        """Return the state after a step with these derivatives."""
        step, decay = state["step"], self.decay
        means = decay * np.array(state["means"]) + (1 - decay) * np.array([each.value for each in partials])
        spread = decay * np.array(state["variances"]) + (1 - decay) * np.array([each.variance for each in partials])
        correction, bias = 1 - decay ** (step + 1), self.bias * decay**step
        return {
            "step": step + 1,
            "seed": state["seed"],
            "shots": state["shots"] + sum(each.shots for each in partials),
            "next": next_shots(rate, lipschitz, bias, means / correction, spread / correction, self.min_shots),
            "means": means.tolist(),
            "variances": spread.tolist(),
        }

    def _rates(self, function: CircuitFunction) -> tuple[float, float]:
        """Return α and L."""
        lipschitz = sum_of_coefficients(function) if self.lipschitz is None else self.lipschitz
        rate = 1.0 / lipschitz if self.learning_rate is None else self.learning_rate
        if rate * lipschitz >= 2.0:
            raise InvalidValueError(
                f"learning_rate is {rate:g}, with which steps need not go down; give one below 2/L = "
                f"{2.0 / lipschitz:g}"
            )
        return rate, lipschitz

    def _partials(self, problem: Problem, x: Array, state: State) -> list[Partial]:
        function = from_shots(problem)
        seed = seed_of_step(state["seed"], state["step"]) if problem.seed is None else problem.seed
        frequencies = element_frequencies(function)
        return [
            partial_derivative(problem, function.with_shots(shots), x, place, own, seed_of_step(seed, place))
            for place, (own, shots) in enumerate(zip(frequencies, state["next"], strict=True))
        ]


def _check_array(function: CircuitFunction, x: Any) -> None:
    array = function.parameters[0]
    if tree.map_leaves(lambda leaf: tuple(leaf.shape), x) != array.shape:
        shapes = ", ".join(f"{name} of shape {tuple(leaf.shape)}" for name, leaf in named_leaves(x))
        raise InvalidValueError(f"ICANS got {shapes}; give one array of shape {array.shape}, that of {array.name}")


def next_shots(rate: float, lipschitz: float, bias: float, means: Any, variances: Any, fewest: int) -> list[int]:
    """Return how many shots each partial derivative gets next, from the means of it and of its variance."""
    product = lipschitz * rate
    wanted = 2 * product / (2 - product) * variances / (means**2 + bias)
    shots = np.clip(np.ceil(wanted), 1, MOST)  # one where there is no variance, so that a gain for each shot is there
    gains = ((rate - product * rate / 2) * means**2 - product * rate / 2 * variances / shots) / shots
    most = max(fewest, int(shots[np.argmax(gains)]))
    return [int(each) for each in np.clip(shots, fewest, most)]
