"""Probabilities, and expectation values of Pauli sums, from a state vector.

A Pauli word is P = i^m · X^x · Z^z, where x are its qubits with X or Y, z those with Y or Z, and m counts its Ys. So
⟨ψ|P|ψ⟩ = i^m Σᵢ (−1)^(z·i) ψ*ᵢ₊ₓ ψᵢ: words with the same x share the product ψ*ᵢ₊ₓ ψᵢ, and the signs are summed away
one qubit at a time, each time halving the array. No array of the size of the state is made by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.pauli import PauliSum, Word, show_word
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend


def probabilities(backend: ArrayBackend, state: Array, num_qubits: int, qubits: tuple[int, ...]) -> Array:
    """Return |ψ|² summed over the other qubits, of shape (2^k,), the first qubit most significant."""
    remaining = backend.real(backend.conj(state) * state)
    for qubit in reversed(range(num_qubits)):
        if qubit not in qubits:
            remaining = backend.sum(_split(backend, remaining, qubit), axis=1)
            remaining = backend.reshape(remaining, (-1,))
    return _reordered(backend, remaining, qubits)


def expectation(backend: ArrayBackend, state: Array, num_qubits: int, observable: PauliSum) -> Array:
    """Return ⟨ψ|H|ψ⟩ for a Pauli sum with real coefficients."""
    if not isinstance(observable, PauliSum):
        raise InvalidTypeError(
            f"got a {type(observable).__name__} as observable; give a Pauli sum such as kg.Z(0) @ kg.Z(1)"
        )
    if observable.num_qubits > num_qubits:
        raise InvalidValueError(
            f"the observable acts on qubit {observable.num_qubits - 1}, but the circuit has qubits 0 to "
            f"{num_qubits - 1}"
        )
    if not observable.words:
        return backend.real(backend.sum(state)) * 0.0
    products: dict[tuple[int, ...], Array] = {}
    values = []
    for word, _ in observable.words:
        flipped = tuple(qubit for qubit, letter in word if letter in "XY")
        if flipped not in products:
            products[flipped] = backend.conj(_flip(backend, state, flipped)) * state
        values.append(_word_value(backend, products[flipped], word))
    stacked = backend.stack(values)
    return backend.sum(stacked * _coefficients(backend, observable, stacked))


def _word_value(backend: ArrayBackend, product: Array, word: Word) -> Array:
    power = sum(letter == "Y" for _, letter in word) % 4
    part = backend.imag(product) if power % 2 else backend.real(product)
    signs = backend.asarray(np.array([1.0, -1.0]), dtype=backend.dtype(part), device=backend.device(part))
    for qubit, letter in reversed(word):
        if letter in "YZ":
            part = backend.einsum("asb,s->ab", _split(backend, part, qubit), signs)
    # i^m times the sum: its real part is Re, −Im, −Re, Im of the sum for m = 0, 1, 2, 3.
    total = backend.sum(part)
    return -total if power in (1, 2) else total


def _coefficients(backend: ArrayBackend, observable: PauliSum, values: Array) -> Array:
    for word, value in observable.words:
        is_complex = isinstance(value, complex) or (backend.is_array(value) and backend.dtype(value) in COMPLEX_TYPES)
        if is_complex:
            raise InvalidValueError(
                f"the coefficient of {show_word(word)} is complex ({_shown(value)}); an observable has real ones"
            )
    return backend.asarray(
        [value for _, value in observable.words],
        dtype=backend.dtype(values),
        device=backend.device(values),
    )


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, complex) else type(value).__name__


def _flip(backend: ArrayBackend, state: Array, qubits: Sequence[int]) -> Array:
    shape = tuple(state.shape)
    for qubit in qubits:
        state = backend.reshape(backend.take(_split(backend, state, qubit), np.array([1, 0]), axis=1), shape)
    return state


def _split(backend: ArrayBackend, array: Array, qubit: int) -> Array:
    """Give a qubit an axis of its own in the middle: (left, 2, right)."""
    return backend.reshape(array, (1 << qubit, 2, -1))


def _reordered(backend: ArrayBackend, marginal: Array, qubits: tuple[int, ...]) -> Array:
    """Bring a marginal of sorted qubits into the order asked for."""
    if list(qubits) == sorted(qubits):
        return marginal
    ranks = [sorted(qubits).index(qubit) for qubit in qubits]
    grid = np.arange(1 << len(qubits)).reshape((2,) * len(qubits))
    return backend.take(marginal, grid.transpose(ranks).reshape(-1), axis=0)
