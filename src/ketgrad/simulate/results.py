"""What is computed from a batch of states: expectation values, entropies, fidelities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.observables.matrix import Hermitian, Observable, Projector, check_hermitian
from ketgrad.observables.pauli import PauliSum, Terms, Word, show_word
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import readout, tensor
from ketgrad.simulate.bases import group_words
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.host import on_host
from ketgrad.simulate.pauli_words import word_expectations
from ketgrad.simulate.states import PlannedState, RuledState, State, StateVector

NO_TARGET_DERIVATIVE = (
    "the fidelity with a density matrix has no derivative by that matrix here; give a state vector, or exchange the two"
)

TINY = 1e-30
"""Keeps logarithms finite at eigenvalue zero, where x·log x and its gradient's weight vanish."""


def expectation(run: Run, observable: Observable) -> Array:
    """Return ⟨A⟩, real, of shape (batch,)."""
    check_observable(observable, run.state.num_qubits)
    if isinstance(observable, PauliSum):
        return pauli_expectation(run, observable)
    if isinstance(observable, Projector):
        outcomes = readout.read(run.state, observable.qubits, run.confusions)
        return run.state.backend.take(outcomes, int(observable.bits, 2), axis=1)
    refuse_misread_matrix(run, observable)
    return _hermitian_expectation(run.state, observable)


def variance(run: Run, observable: Observable) -> Array:
    """Return ⟨A²⟩ − ⟨A⟩², of shape (batch,)."""
    mean = expectation(run, observable)
    return second_moment(run, observable) - mean * mean


def second_moment(run: Run, observable: Observable) -> Array:
    """Return ⟨A²⟩, of shape (batch,)."""
    if isinstance(observable, PauliSum):
        return pauli_expectation(run, observable.square())
    if isinstance(observable, Projector):
        return expectation(run, observable)
    return _hermitian_expectation(run.state, observable, power=2)


def refuse_misread_matrix(run: Run, observable: Hermitian) -> None:
    """Refuse a Hermitian matrix on misread qubits: what is read depends on how its eigenbasis is chosen."""
    wrong = [qubit for qubit in observable.qubits if qubit in run.confusions]
    if wrong:
        raise UnsupportedError(
            f"qubit {wrong[0]} has a read-out error, under which a Hermitian matrix has no one value; give the "
            "observable as a Pauli sum"
        )


def purity(state: State, qubits: tuple[int, ...]) -> Array:
    """Return tr ρ² of some qubits, of shape (batch,)."""
    backend, matrix = state.backend, state.reduced(smaller_side(state, qubits))
    return backend.real(backend.einsum("zab,zba->z", matrix, matrix))


def entropy(state: State, qubits: tuple[int, ...], base: float | None) -> Array:
    """Return the von Neumann entropy −tr ρ log ρ of some qubits, of shape (batch,)."""
    backend = state.backend
    eigenvalues, _ = backend.eigh(state.reduced(smaller_side(state, qubits)))
    each = eigenvalues * backend.log(backend.abs(eigenvalues) + TINY)
    nats = -backend.sum(each, axis=1)
    return nats if base is None else nats / math.log(base)


def smaller_side(state: State, qubits: tuple[int, ...]) -> tuple[int, ...]:
    """Return the qubits, or of a pure state all others where those are fewer: their spectrum is the same."""
    is_pure = isinstance(state, StateVector | PlannedState | RuledState) and state.is_pure
    if not is_pure or 2 * len(qubits) <= state.num_qubits:
        return qubits
    return tuple(qubit for qubit in range(state.num_qubits) if qubit not in qubits)


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


def fidelity(state: State, target: Array, qubits: tuple[int, ...]) -> Array:
    """Return the fidelity of some qubits with a target state, of shape (batch,).

    With a vector φ it is ⟨φ|ρ|φ⟩; with a density matrix σ it is (tr √(√σ ρ √σ))², which has no derivative where the
    state's rank is smaller than the target's: eigenvalues below rounding count for nothing.
    Reference: R. Jozsa, J. Mod. Opt. 41, 2315 (1994).
    """
    backend = state.backend
    if isinstance(state, StateVector | PlannedState) and state.is_pure and len(tuple(target.shape)) == 1:
        overlaps = backend.einsum("a,zar->zr", backend.conj(target), tensor.bring_first(backend, state.values, qubits))
        return backend.sum(backend.real(backend.conj(overlaps) * overlaps), axis=1)
    matrix = state.reduced(qubits)
    if len(tuple(target.shape)) == 1:
        return backend.real(backend.einsum("a,zab,b->z", backend.conj(target), matrix, target))
    root = on_host(backend, _matrix_root, lambda spec: spec, NO_TARGET_DERIVATIVE)(target)
    inner = backend.matmul(backend.matmul(root, matrix), root)
    eigenvalues, _ = backend.eigh((inner + backend.conj(backend.transpose(inner, (0, 2, 1)))) * 0.5)
    total = backend.sum(_root(backend, eigenvalues), axis=1)
    return total * total


def _matrix_root(matrix: Any) -> Any:
    """Return the square root of a positive NumPy matrix; eigenvalues below zero are rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.conj().T


def _root(backend: ArrayBackend, values: Array) -> Array:
    """Return the square roots of eigenvalues; those below rounding are zero, and so is their derivative."""
    above = values - 8.0 * float(np.finfo(backend.dtype(values)).eps)
    is_above = backend.detach(0.5 * (1.0 + above / (backend.abs(above) + TINY)))
    return backend.sqrt(values * is_above + TINY)


def _hermitian_expectation(state: State, observable: Hermitian, power: int = 1) -> Array:
    backend, reduced = state.backend, state.reduced(observable.qubits)
    matrix = hermitian_matrix(state, observable)
    if power == 2:
        matrix = backend.matmul(matrix, matrix)
    return backend.real(backend.einsum("zab,ba->z", reduced, matrix))


def hermitian_matrix(state: State, observable: Hermitian) -> Array:
    """Return an observable's matrix as an array of the backend, checked where its values can be seen."""
    backend = state.backend
    matrix = backend.asarray(observable.matrix, dtype=state.dtype, device=state.device)
    if backend.is_concrete(matrix):
        check_hermitian(backend.to_numpy(matrix))
    return matrix


def pauli_expectation(run: Run, observable: PauliSum) -> Array:
    """Return ⟨A⟩ of a Pauli sum, of shape (batch,)."""
    backend = run.state.backend
    words = [word for word, _ in observable.words] or [()]
    is_misread = any(qubit in run.confusions for word in words for qubit, _ in word) if run.confusions else False
    if _sums_together(run.state, is_misread=is_misread):
        terms = observable.constant_terms
        if terms is not None:
            return run.state.expectations([terms])[0]
        each = backend.stack(run.state.expectations([Terms(((word, 1.0),)) for word in words]))
        return backend.einsum("tz,t->z", each, coefficients(backend, observable, each))
    stacked = backend.stack(_misread_words(run, words) if is_misread else word_expectations(run.state, words))
    return backend.einsum("tz,t->z", stacked, coefficients(backend, observable, stacked))


def foresee(run: Run, observables: Sequence[PauliSum]) -> None:
    """Compute the expectation values of several Pauli sums together, where the state is one that was not made yet."""
    if _sums_together(run.state, is_misread=bool(run.confusions)):
        run.state.expectations([sum.constant_terms for sum in observables if sum.constant_terms is not None])


def _sums_together(state: State, *, is_misread: bool) -> TypeGuard[PlannedState | RuledState]:
    """Tell whether a state computes Pauli sums itself, several at once."""
    return isinstance(state, RuledState) or (isinstance(state, PlannedState) and not is_misread and not state.measured)


def _misread_words(run: Run, words: Sequence[Word]) -> list[Array]:
    """Return the words' values as a device with errors of reading finds them, each from its own basis."""
    values: dict[Word, Array] = {}
    for setting, members in group_words(words):
        places = {qubit: place for place, (qubit, _) in enumerate(setting)}
        outcomes = readout.read_in_basis(run.state, setting, run.confusions)
        for word in members:
            asked = [places[qubit] for qubit, _ in word]
            values[word] = readout.parity_mean(run.state.backend, outcomes, asked, len(setting))
    return [values[word] for word in words]


def coefficients(backend: ArrayBackend, observable: PauliSum, values: Array) -> Array:
    """Return a Pauli sum's coefficients, real and finite, as an array of the type and on the device of the values."""
    for word, value in observable.words:
        is_complex = isinstance(value, complex) or (backend.is_array(value) and backend.dtype(value) in COMPLEX_TYPES)
        if is_complex:
            shown = str(value) if isinstance(value, complex) else type(value).__name__
            raise InvalidValueError(
                f"the coefficient of {show_word(word)} is complex ({shown}); an observable has real ones"
            )
    numbers = [value for _, value in observable.words] or np.zeros(1)
    array = constants_like(backend, numbers, values)
    if backend.is_concrete(array) and not np.isfinite(backend.to_numpy(array)).all():
        raise InvalidValueError("a coefficient of the observable is not finite; give finite numbers")
    return array
