"""Partial derivatives of an expectation value from shots, with their variances and what they cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.shift_rules import shift_rule
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import expval
from ketgrad.observables.matrix import Observable
from ketgrad.observables.pauli import PauliSum
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.spectra import Frequencies
from ketgrad.optimize.vectors import Layout
from ketgrad.protocol import Array
from ketgrad.simulate.bases import group_words


class Partial(NamedTuple):
    """An estimate of a partial derivative, and its variance for a single shot."""

    value: float
    variance: float
    shots: int
    """How many shots it took."""


def partial_derivative(
    problem: Problem, function: CircuitFunction, x: Array, place: int, frequencies: Frequencies, seed: int
) -> Partial:
    """Return the partial derivative by an element from the values of its shift rule, all by one call."""
    if not frequencies:
        return Partial(0.0, 0.0, 0)
    backend, layout, rule = problem.backend, Layout.of(problem.backend, x), np.array(shift_rule(frequencies))
    rows = layout.vector(x) + np.multiply.outer(rule[:, 0], np.arange(layout.size) == place)
    batch = layout.native(rows.reshape(-1, *tuple(x.shape)))
    value, error = (backend.to_numpy(part) for part in function.estimate(batch, *problem.args, seed=seed))
    shots = function.execution.shots
    assert shots is not None
    squares = (rule[:, 1] * np.asarray(error, "float64")) ** 2
    slope = float(rule[:, 1] @ np.asarray(value, "float64"))
    return Partial(slope, float(squares.sum()) * shots, shots * len(rule) * count_settings(function))


def from_shots(problem: Problem) -> CircuitFunction:
    """Return a problem's function, which has shots and one result, or say what is due."""
    function = problem.circuit_function
    if function is None:
        raise InvalidTypeError(
            "ICANS chooses shots, which an ordinary function has not; minimize one made by kg.function, such as "
            "kg.function(circuit, kg.expval(hamiltonian), shots=1000)"
        )
    measured = function.execution.measurements
    if function.execution.shots is None or len(measured) != 1 or not isinstance(measured[0], expval):
        raise UnsupportedError(
            "ICANS is for one expval from shots; give kg.function(circuit, kg.expval(hamiltonian), shots=1000)"
        )
    return function


def sum_of_coefficients(function: CircuitFunction) -> float:
    """Return Σ|c| over the words of the observable that are not the identity."""
    observable = _observable(function)
    terms = observable.constant_terms if isinstance(observable, PauliSum) else None
    total = sum(abs(value) for word, value in terms.items if word) if terms else 0.0
    if not total:
        raise InvalidValueError(
            "the Lipschitz constant is known only for Pauli sums with numbers as coefficients; give lipschitz, a bound "
            "on the second derivatives"
        )
    return total


def count_settings(function: CircuitFunction) -> int:
    """Return in how many settings the observable is measured."""
    observable = _observable(function)
    return len(group_words([word for word, _ in observable.words if word])) if isinstance(observable, PauliSum) else 1


def _observable(function: CircuitFunction) -> Observable:
    (measured,) = function.execution.measurements
    assert isinstance(measured, expval)
    return measured.observable
