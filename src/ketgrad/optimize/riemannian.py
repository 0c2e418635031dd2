"""Gradient flow on the group of unitaries: a circuit grown along its steepest descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.pauli import PauliSum
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.generators import append_all, as_generators, name_of
from ketgrad.optimize.growth import GrowingOptimizer, reference, reference_circuit, without_parameters
from ketgrad.optimize.options import Schedule, check_options, rate_at
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.result import Result
from ketgrad.placement import constants_like
from ketgrad.protocol import Array

LARGEST = 12
"""The most qubits on which an exponential is a matrix."""


@dataclass
class RiemannianGradientFlow(GrowingOptimizer):
    """A circuit grown by U ← ∏ exp(iηωP/2) U over Pauli words P, with ω = ∂⟨H⟩/∂θ of exp(−iθP/2) behind it, at θ = 0.

    So ω = i/2 ⟨[P, H]⟩, and with all words of n qubits the exponential of the sum is exp(−η 2ⁿ⁻² [H, ρ]), a step along
    the Riemannian gradient. Minimizes a function made by `ketgrad.function` of a circuit without parameters. x is the
    record of the angles −ηω, of shape (steps, words).
    Reference: R. Wiersema and N. Killoran, Phys. Rev. A 107, 062421 (2023).

    Parameters
    ----------
    learning_rate
        η, or a function from the number of steps taken to it.
    directions
        The words, such as "X0 Y1", or PauliSums of words that commute; left out, all words on one and two qubits.
    exact
        Whether a step is the exponential of the whole sum, as one matrix on all qubits, in place of the product.

    Examples
    --------
    >>> import ketgrad as kg
    >>> energy = kg.function(kg.Circuit(2).ry(0.3, 0).ry(0.2, 1), kg.expval(kg.Z(0) @ kg.Z(1) - kg.X(0)))
    >>> flow = kg.optimize.RiemannianGradientFlow(0.5)
    >>> result = flow.minimize(energy, steps=30)
    >>> round(result.value, 3), result.x.shape
    (-1.414, (30, 15))
    """

    learning_rate: Schedule = 0.1
    directions: Sequence[Any] | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        check_options(self, positive=("learning_rate",))
        if not isinstance(self.exact, bool):
            raise InvalidTypeError(f"exact is {self.exact!r}; give True or False")
        self._given = None if self.directions is None else _sums(self.directions)

    def first_shape(self, function: CircuitFunction) -> tuple[int, ...]:
        return (0, len(self._words(function.num_qubits)))

    def start(self, problem: Problem, x: Array) -> State:
        size = reference(problem, self).num_qubits
        if self.exact and size > LARGEST:
            raise InvalidValueError(
                f"exact=True takes matrices of 2^{size} rows, and {LARGEST} qubits are the most; leave exact out"
            )
        return {"directions": [name_of(word) for word in self._words(size)]}

    def value(self, problem: Problem, x: Array, state: State) -> Array:
        function = reference(problem, self)
        grown = without_parameters(function.followed_by(self._appended(problem, x, state)))
        return replace(problem, function=grown).value(x)

    def advance(self, problem: Problem, x: Array, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        backend, function = problem.backend, reference(problem, self)
        words = self._words(function.num_qubits)
        appended = append_all(self._appended(problem, x, state), words, parameters("directions", len(words)))
        zeros = constants_like(backend, np.zeros(len(words)), x)
        value, slopes = replace(problem, function=function.followed_by(appended)).value_and_grad(zeros)
        before, gradient = np.asarray(backend.to_numpy(x)), np.asarray(backend.to_numpy(slopes))
        row = -rate_at(self.learning_rate, len(before)) * gradient
        longer = constants_like(backend, np.vstack([before, row]), x)
        return Advance(longer, state, value, slopes)

    def circuit(self, f: CircuitFunction, result: Result) -> Circuit:
        """Return the circuit that a result of `minimize` stands for, with its angles as numbers."""
        problem = Problem.of(f)
        return reference_circuit(reference(problem, self)).compose(self._appended(problem, result.x, result.state))

    def _words(self, num_qubits: int) -> tuple[PauliSum, ...]:
        return words_up_to_two(num_qubits) if self._given is None else self._given

    def _appended(self, problem: Problem, x: Array, state: State) -> Circuit:
        """Return what the steps so far have put behind the circuit."""
        size = reference(problem, self).num_qubits
        words, circuit = self._words(size), Circuit(size)
        if state["directions"] != [name_of(word) for word in words] or tuple(x.shape)[1:] != (len(words),):
            raise InvalidValueError(
                f"x, of shape {tuple(x.shape)}, belongs to other directions than these {len(words)}; give those that "
                "it was made with"
            )
        for row in np.asarray(problem.backend.to_numpy(x), "float64").tolist():
            if self.exact:
                circuit.unitary(exponential(words, row, size), range(size))
            else:
                append_all(circuit, words, row)
        return circuit


def words_up_to_two(num_qubits: int) -> tuple[PauliSum, ...]:
    """Return all Pauli words on one qubit and on two."""
    single = [((qubit, letter),) for qubit in range(num_qubits) for letter in "XYZ"]
    double = [
        ((first, left), (second, right))
        for first, second in combinations(range(num_qubits), 2)
        for left, right in product("XYZ", repeat=2)
    ]
    return tuple(PauliSum.from_words([(word, 1.0)]) for word in (*single, *double))


def exponential(words: Sequence[PauliSum], angles: Sequence[float], num_qubits: int) -> Any:
    """Return exp(−i Σ θP/2) as a matrix of NumPy."""
    total = PauliSum({})
    for word, angle in zip(words, angles, strict=True):
        total = total + 0.5 * angle * word
    eigenvalues, vectors = np.linalg.eigh(total.matrix(num_qubits))
    return (vectors * np.exp(-1j * eigenvalues)) @ vectors.conj().T


def _sums(directions: Sequence[Any]) -> tuple[PauliSum, ...]:
    found = as_generators(directions, "directions")
    sums = tuple(item for item in found if isinstance(item, PauliSum))
    if len(sums) < len(found):
        raise InvalidTypeError('directions hold a function; give Pauli words such as "X0 Y1", or PauliSums')
    return sums
