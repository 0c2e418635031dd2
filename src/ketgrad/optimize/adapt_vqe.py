"""A circuit grown operator by operator, from a pool, by the largest gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.generators import Generator, append_all, as_generators, name_of
from ketgrad.optimize.growth import GrowingOptimizer, reference, reference_circuit, without_parameters
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.options import check_options
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.result import Result
from ketgrad.optimize.rotosolve import Rotosolve
from ketgrad.placement import constants_like
from ketgrad.protocol import Array

ANGLES = "angles"


@dataclass
class AdaptVQE(GrowingOptimizer):
    """A circuit grown from a pool: Uₖ(θ) = exp(−iθₖGₖ/2) Uₖ₋₁, where Gₖ has the largest |∂⟨H⟩/∂θ| at θ = 0.

    Minimizes a function made by `ketgrad.function` of a circuit without parameters, the reference state. Each step
    appends one operator, and optimizes all angles again from where they are; training stops as "converged" when the
    largest gradient of the pool is below the threshold. The state's "chosen" are the operators' places in the pool,
    its "operators" their names.
    Reference: H. R. Grimsley, S. E. Economou, E. Barnes and N. J. Mayhall, Nat. Commun. 10, 3007 (2019).

    Parameters
    ----------
    pool
        Pauli words such as "Y0 X1", PauliSums G of words that commute, for exp(−iθG/2), or functions that make a
        circuit of an angle, such as excitations.
    optimizer
        What optimizes the angles in each step.
    inner_steps
        How many steps of it at most.
    inner_tolerance
        It stops when the function changes by less than this, above 0.
    threshold
        Above 0.

    Examples
    --------
    >>> import ketgrad as kg
    >>> from ketgrad import templates
    >>> energy = kg.function(kg.Circuit(4).x(0).x(1), kg.expval(kg.hamiltonians.h2()))
    >>> pool = ["Y0 X2", "Y1 X3", lambda theta: templates.ucc_double(theta, 4)]
    >>> result = kg.optimize.AdaptVQE(pool).minimize(energy)
    >>> round(result.value, 10), result.state["chosen"], result.stopped
    (-1.1361891625, [2], 'converged')
    """

    pool: Sequence[Any]
    optimizer: Optimizer = field(default_factory=Rotosolve)
    inner_steps: int = 100
    inner_tolerance: float = 1e-10
    threshold: float = 1e-3

    def __post_init__(self) -> None:
        check_options(self, positive=("inner_tolerance", "threshold"), counts=("inner_steps",))
        if not isinstance(self.optimizer, Optimizer) or self.optimizer.grows:
            raise InvalidTypeError(
                f"optimizer is {self.optimizer!r}; give one that does not grow a circuit, such as Adam(0.1)"
            )
        self._generators = as_generators(self.pool, "the pool")

    def start(self, problem: Problem, x: Array) -> State:
        return {"chosen": [], "operators": []}

    def value(self, problem: Problem, x: Array, state: State) -> Array:
        return self._grown(problem, self._chosen(state)).value(x)

    def advance(self, problem: Problem, x: Array, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        generators = self._chosen(state)
        value, gradients = self._pool_gradients(problem, x, generators)
        best = int(np.argmax(np.abs(gradients)))
        native = problem.backend.asarray(gradients, dtype=problem.backend.dtype(x))
        if abs(gradients[best]) < self.threshold:
            return Advance(x, state, value, native, stop="converged")
        added = self._generators[best]
        angles = self._optimized(self._grown(problem, [*generators, added]), _with_zeros(problem, x, 1))
        operators = [*state["operators"], name_of(added)]
        return Advance(angles, {"chosen": [*state["chosen"], best], "operators": operators}, value, native)

    def circuit(self, f: CircuitFunction, result: Result) -> Circuit:
        """Return the circuit that a result of `minimize` stands for, with its angles as numbers."""
        problem = Problem.of(f)
        angles = np.asarray(problem.backend.to_numpy(result.x), "float64").tolist()
        base = reference_circuit(reference(problem, self))
        return append_all(base, self._chosen(result.state), angles)

    def _chosen(self, state: State) -> list[Generator]:
        found = []
        for place, name in zip(state["chosen"], state["operators"], strict=True):
            if place >= len(self._generators) or name_of(self._generators[place]) != name:
                raise InvalidValueError(
                    f"the state holds operator {place}, {name!r}, and the pool has other ones; give the pool that it "
                    "was made with"
                )
            found.append(self._generators[place])
        return found

    def _grown(self, problem: Problem, generators: Sequence[Generator]) -> Problem:
        """Return the problem of the angles of these operators."""
        function = reference(problem, self)
        if not generators:
            return replace(problem, function=without_parameters(function))
        symbols = parameters(ANGLES, len(generators))
        grown = append_all(Circuit(function.num_qubits), generators, symbols)
        return replace(problem, function=function.followed_by(grown))

    def _pool_gradients(self, problem: Problem, x: Array, chosen: Sequence[Generator]) -> tuple[Array, Any]:
        """Return the function, and its derivatives by angles of all operators of the pool, at 0 behind the circuit."""
        extended = self._grown(problem, [*chosen, *self._generators])
        value, gradient = extended.value_and_grad(_with_zeros(problem, x, len(self._generators)))
        return value, np.asarray(problem.backend.to_numpy(gradient), "float64")[len(chosen) :]

    def _optimized(self, problem: Problem, angles: Array) -> Array:
        return self.optimizer.minimize(
            problem.function, angles, steps=self.inner_steps, tolerance=self.inner_tolerance, seed=problem.seed
        ).x


def _with_zeros(problem: Problem, x: Array, count: int) -> Array:
    backend = problem.backend
    padded = np.concatenate([np.asarray(backend.to_numpy(x)), np.zeros(count)])
    return constants_like(backend, padded, x)
