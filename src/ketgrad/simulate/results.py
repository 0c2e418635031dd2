"""What is computed from a batch of states: probabilities, expectation values, entropies.

A Pauli word is P = i^m · X^x · Z^z, where x are its qubits with X or Y, z those with Y or Z, and m counts its Ys. So
⟨P⟩ = i^m Σᵢ (−1)^(z·i) cᵢ with the correlations cᵢ = ψ*ᵢ₊ₓ ψᵢ, or ρᵢ,ᵢ₊ₓ: words with the same x share them, and the
signs are summed away one qubit at a time, each time halving the array.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.matrix import Hermitian, Observable, Projector, check_hermitian
from ketgrad.observables.pauli import PauliSum, Word, show_word
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import tensor
from ketgrad.simulate.states import State

TINY = 1e-30
"""Keeps logarithms finite at eigenvalue zero, where x·log x and its gradient's weight vanish."""


def probabilities(state: State, qubits: tuple[int, ...]) -> Array:
    """Return the outcomes' probabilities, of shape (batch, 2^k), the first qubit most significant."""
    backend = state.backend
    remaining = backend.real(state.correlations(()))
    for qubit in reversed(range(state.num_qubits)):
        if qubit not in qubits:
            remaining = tensor.weigh_out(backend, remaining, qubit, (1.0, 1.0))
    return tensor.reorder(backend, remaining, qubits, axis=1)


def expectation(state: State, observable: Observable) -> Array:
    """Return ⟨A⟩, real, of shape (batch,)."""
    check_observable(observable, state.num_qubits)
    if isinstance(observable, PauliSum):
        return _pauli_expectation(state, observable)
    if isinstance(observable, Projector):
        outcomes = probabilities(state, observable.qubits)
        return state.backend.take(outcomes, int(observable.bits, 2), axis=1)
    return _hermitian_expectation(state, observable)


def variance(state: State, observable: Observable) -> Array:
    """Return ⟨A²⟩ − ⟨A⟩², of shape (batch,)."""
    mean = expectation(state, observable)
    if isinstance(observable, PauliSum):
        square = _pauli_expectation(state, observable.square())
    elif isinstance(observable, Projector):
        square = mean
    else:
        square = _hermitian_expectation(state, observable, power=2)
    return square - mean * mean


def purity(state: State, qubits: tuple[int, ...]) -> Array:
    """Return tr ρ² of some qubits, of shape (batch,)."""
    backend, matrix = state.backend, state.reduced(qubits)
    return backend.real(backend.einsum("zab,zba->z", matrix, matrix))


def entropy(state: State, qubits: tuple[int, ...], base: float | None) -> Array:
    """Return the von Neumann entropy −tr ρ log ρ of some qubits, of shape (batch,)."""
    backend = state.backend
    eigenvalues, _ = backend.eigh(state.reduced(qubits))
    each = eigenvalues * backend.log(backend.abs(eigenvalues) + TINY)
    nats = -backend.sum(each, axis=1)
    return nats if base is None else nats / math.log(base)


def check_observable(observable: Any, num_qubits: int) -> None:
    """Refuse what is no observable, or acts on qubits that are not there."""
    if not isinstance(observable, PauliSum | Hermitian | Projector):
        raise InvalidTypeError(
            f"got a {type(observable).__name__} as observable; give a Pauli sum such as kg.Z(0) @ kg.Z(1)"
        )
    if observable.num_qubits > num_qubits:
        raise InvalidValueError(
            f"the observable acts on qubit {observable.num_qubits - 1}, but the circuit has qubits 0 to "
            f"{num_qubits - 1}"
        )


def _hermitian_expectation(state: State, observable: Hermitian, power: int = 1) -> Array:
    backend, reduced = state.backend, state.reduced(observable.qubits)
    matrix = backend.asarray(observable.matrix, dtype=backend.dtype(reduced), device=backend.device(reduced))
    if backend.is_concrete(matrix):
        check_hermitian(backend.to_numpy(matrix))
    if power == 2:
        matrix = backend.matmul(matrix, matrix)
    return backend.real(backend.einsum("zab,ba->z", reduced, matrix))


def _pauli_expectation(state: State, observable: PauliSum) -> Array:
    backend = state.backend
    shared: dict[tuple[int, ...], Array] = {}
    values = []
    for word, _ in observable.words or [((), 0.0)]:
        flipped = tuple(qubit for qubit, letter in word if letter in "XY")
        if flipped not in shared:
            shared[flipped] = state.correlations(flipped)
        values.append(_word_value(backend, shared[flipped], word))
    stacked = backend.stack(values)
    return backend.einsum("tz,t->z", stacked, _coefficients(backend, observable, stacked))


def _word_value(backend: ArrayBackend, correlations: Array, word: Word) -> Array:
    power = sum(letter == "Y" for _, letter in word) % 4
    part = backend.imag(correlations) if power % 2 else backend.real(correlations)
    for qubit, letter in reversed(word):
        if letter in "YZ":
            part = tensor.weigh_out(backend, part, qubit, (1.0, -1.0))
    # i^m times the sum: its real part is Re, −Im, −Re, Im of the sum for m = 0, 1, 2, 3.
    total = backend.sum(part, axis=1)
    return -total if power in (1, 2) else total


def _coefficients(backend: ArrayBackend, observable: PauliSum, values: Array) -> Array:
    for word, value in observable.words:
        is_complex = isinstance(value, complex) or (backend.is_array(value) and backend.dtype(value) in COMPLEX_TYPES)
        if is_complex:
            shown = str(value) if isinstance(value, complex) else type(value).__name__
            raise InvalidValueError(
                f"the coefficient of {show_word(word)} is complex ({shown}); an observable has real ones"
            )
    numbers = [value for _, value in observable.words] or np.zeros(1)
    array = backend.asarray(numbers, dtype=backend.dtype(values), device=backend.device(values))
    if backend.is_concrete(array) and not np.isfinite(backend.to_numpy(array)).all():
        raise InvalidValueError("a coefficient of the observable is not finite; give finite numbers")
    return array
