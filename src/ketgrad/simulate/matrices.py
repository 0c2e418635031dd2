"""The matrices of all gates of a circuit, computed together: a few operations for the whole circuit, not a few a gate.

The way through: gates are taken apart into fixed matrices, rotations, given matrices and channels; the numbers in all
of them become one array; one exponential gives the phases exp(−iθλ/2), one sum over projectors the matrices of all
rotations on the same number of qubits; each step of the circuit picks its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.checks import Controls, check_kraus, check_unitary, is_number
from ketgrad.circuit.gates import FixedGate, RotationGate
from ketgrad.circuit.instructions import Instruction, Measure, Operation, PostSelect, Prepare, ReadoutError, numbers_of
from ketgrad.circuit.operations import check_amplitudes
from ketgrad.precision import COMPLEX_TYPE, INTEGER_TYPES, REAL_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.parts import elementary, table_gate
from ketgrad.simulate.program import Snapshot
from ketgrad.simulate.scalars import Number, Values, scalar_vector


@dataclass(frozen=True)
class Step:
    """A matrix and the qubits that it acts on, the first one most significant.

    The matrix has shape (2^k, 2^k), or (batch, 2^k, 2^k); that of a channel, which is a superoperator, has 4^k for 2^k.
    """

    matrix: Array
    qubits: tuple[int, ...]
    controls: Controls = ()
    conditions: Controls = ()
    is_channel: bool = False


@dataclass(frozen=True)
class Choice:
    """A channel ρ → Σ KρK† by its operators, of which a single run takes one.

    Operators have shape (m, 2^k, 2^k) or (batch, m, 2^k, 2^k). For a mixture of unitary matrices their probabilities
    are known, of shape (m,) or (batch, m); else the state decides.
    """

    operators: Array
    qubits: tuple[int, ...]
    probabilities: Array | None = None


@dataclass(frozen=True)
class Loading:
    """Normalised amplitudes, of shape (2^k,) or (batch, 2^k), that qubits in |0…0⟩ take."""

    amplitudes: Array
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class Confusion:
    """The probabilities [read, true] with which a qubit is read from here on, of shape (2, 2) or (batch, 2, 2)."""

    matrix: Array
    qubit: int


Event: TypeAlias = Step | Choice | Loading | Confusion | PostSelect | Measure | Snapshot


def circuit_events(
    backend: ArrayBackend,
    items: Sequence[Instruction | Snapshot],
    values: Values,
    precision: Precision,
    *,
    by_choice: bool = False,
) -> list[Event]:
    """Return the circuit with its matrices as arrays of the backend, in order, in the precision given.

    Channels become superoperators, or choices of one operator.
    """
    named = [(_name_of(item), part) for item in items for part in elementary(item)]
    parts = [part for _, part in named]
    owned = [() if isinstance(part, Snapshot) else numbers_of(part) for part in parts]
    numbers = [Number(value, name) for (name, _), own in zip(named, owned, strict=True) for value in own]
    maker = _Maker(backend, precision, scalar_vector(backend, numbers, values, precision), by_choice)
    slots = np.cumsum([0, *map(len, owned)])[:-1].tolist()
    rotations = maker.rotations(parts, slots)
    return [
        _step(part, rotations[index]) if index in rotations else maker.event(part, slot)
        for index, (part, slot) in enumerate(zip(parts, slots, strict=True))
    ]


def _step(part: Any, matrix: Array) -> Step:
    return Step(matrix, part.qubits, part.controls, part.conditions, part.is_channel)


def _name_of(item: Any) -> str:
    """Name an item that takes numbers, for messages."""
    return item.name if isinstance(item, Operation) else "prepare" if isinstance(item, Prepare) else "readout_error"


@dataclass(frozen=True)
class _Maker:
    """Makes the matrices of one run."""

    backend: ArrayBackend
    precision: Precision
    scalars: Array | None
    by_choice: bool

    @property
    def device(self) -> str | None:
        return None if self.scalars is None else self.backend.device(self.scalars)

    def rotations(self, parts: Sequence[Any], slots: Sequence[int]) -> dict[int, Array]:
        """Return the matrices of all rotations, by their place among the parts."""
        found: dict[int, Array] = {}
        places = [index for index, part in enumerate(parts) if isinstance(table_gate(part), RotationGate)]
        for size in sorted({len(parts[index].qubits) for index in places}):
            group = [index for index in places if len(parts[index].qubits) == size]
            gates = tuple(table_gate(parts[index]) for index in group)
            angles = self.backend.take(self.scalars, np.array([slots[index] for index in group]), axis=-1)
            stacked = self._rotations_of_one_size(gates, angles)
            for row, index in enumerate(group):
                found[index] = self.backend.take(stacked, row, axis=-3)
        return found

    def event(self, part: Any, slot: int) -> Event:
        """Return anything but a rotation with its arrays."""
        match part:
            case Prepare():
                return Loading(self._amplitudes(part, slot), part.qubits)
            case ReadoutError():
                return Confusion(self._confusion(part.parameters, slot), part.qubit)
            case Operation():
                return self._operation(part, slot)
        return part

    def _operation(self, part: Operation, slot: int) -> Step | Choice:
        gate = table_gate(part)
        if isinstance(gate, FixedGate):
            return _step(part, self._constant(gate.matrix))
        if not part.is_channel:
            return _step(part, self._unitary(part))
        if self.by_choice:
            return self._choice(part, slot)
        return _step(part, self._kraus_superoperator(part) if part.name == "kraus" else self._superoperator(part, slot))

    def _rotations_of_one_size(self, gates: tuple[Any, ...], angles: Array) -> Array:
        backend = self.backend
        eigenvalues, projectors = _spectra(gates)
        halves = backend.asarray(-0.5 * eigenvalues, dtype=REAL_TYPE[self.precision], device=self.device)
        exponents = backend.einsum(_batched(angles, "g,gk->gk"), angles, halves)
        phases = backend.exp(1j * backend.astype(exponents, COMPLEX_TYPE[self.precision]))
        return backend.einsum(_batched(phases, "gk,gkij->gij"), phases, self._constant(projectors))

    def _weights(self, name: str, parameters: Sequence[Any], slot: int) -> Array:
        """Return a channel's weights, of shape (terms,) or (batch, terms), real."""
        backend, channel = self.backend, CHANNELS[name]
        if not channel.parameters:
            return backend.asarray(np.ones(1), dtype=REAL_TYPE[self.precision], device=self.device)
        if all(map(is_number, parameters)):
            # Apart from the other numbers of the circuit, whose graph these constants would join.
            kind = REAL_TYPE[self.precision]
            numbers = [backend.asarray(float(value), dtype=kind, device=self.device) for value in parameters]
        else:
            numbers = [backend.take(self.scalars, slot + offset, axis=-1) for offset in range(len(parameters))]
        if all(map(backend.is_concrete, numbers)):
            rows = np.stack([backend.to_numpy(number).reshape(-1) for number in numbers], axis=-1)
            for row in rows:
                channel.check(name, row.tolist())
        return backend.stack(channel.weights(backend, numbers), axis=-1)

    def _superoperator(self, part: Operation, slot: int) -> Array:
        weights = self.backend.astype(self._weights(part.name, part.parameters, slot), COMPLEX_TYPE[self.precision])
        terms = self._constant(CHANNELS[part.name].terms)
        return self.backend.einsum(_batched(weights, "t,tij->ij"), weights, terms)

    def _kraus_superoperator(self, part: Operation) -> Array:
        backend, stacked = self.backend, self._kraus(part)
        size = tuple(stacked.shape)[1] ** 2
        return backend.reshape(backend.einsum("tij,tkl->ikjl", stacked, backend.conj(stacked)), (size, size))

    def _kraus(self, part: Operation) -> Array:
        backend = self.backend
        arrays = [
            backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)
            for matrix in part.parameters
        ]
        if all(map(backend.is_concrete, arrays)):
            check_kraus([backend.to_numpy(array) for array in arrays])
        return backend.stack(arrays)

    def _choice(self, part: Operation, slot: int) -> Choice:
        backend = self.backend
        if part.name == "kraus":
            return Choice(self._kraus(part), part.qubits)
        channel, weights = CHANNELS[part.name], self._weights(part.name, part.parameters, slot)
        if channel.unitaries is not None:
            shares = backend.asarray(channel.shares, dtype=REAL_TYPE[self.precision], device=self.device)
            probabilities = backend.einsum(_batched(weights, "t,tm->m"), weights, shares)
            return Choice(self._constant(channel.unitaries), part.qubits, probabilities)
        factors = backend.stack(channel.kraus_factors(backend, weights), axis=-1)
        complex_factors = backend.astype(factors, COMPLEX_TYPE[self.precision])
        units = self._constant(channel.kraus_units)
        return Choice(backend.einsum(_batched(complex_factors, "u,umij->mij"), complex_factors, units), part.qubits)

    def _confusion(self, parameters: Sequence[Any], slot: int) -> Array:
        weights = self._weights("misread", parameters, slot)
        places = np.zeros((5, 2, 2))
        for term, (true, read) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
            places[term, read, true] = 1
        constants = self.backend.asarray(places, dtype=REAL_TYPE[self.precision], device=self.device)
        return self.backend.einsum(_batched(weights, "t,tij->ij"), weights, constants)

    def _amplitudes(self, part: Prepare, slot: int) -> Array:
        backend = self.backend
        if isinstance(part.amplitudes, tuple):
            array = backend.take(self.scalars, np.arange(slot, slot + len(part.amplitudes)), axis=-1)
        else:
            array = backend.asarray(part.amplitudes, device=self.device)
        if backend.is_concrete(array):
            check_amplitudes(backend.to_numpy(array))
        return normalised(backend, array, self.precision)

    def _unitary(self, part: Operation) -> Array:
        backend, matrix = self.backend, part.parameters[0]
        array = backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)
        if backend.is_concrete(array) and not isinstance(matrix, np.ndarray):
            check_unitary(backend.to_numpy(array))
        return backend.conj(backend.transpose(array, (1, 0))) if part.is_adjoint else array

    def _constant(self, matrix: Any) -> Array:
        return self.backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)


def normalised(backend: ArrayBackend, vectors: Array, precision: Precision) -> Array:
    """Return vectors, divided in the last axis by their norms, as complex numbers of this precision."""
    complex_vectors = backend.astype(_rescaled(backend, vectors), COMPLEX_TYPE[precision])
    squares = backend.real(backend.conj(complex_vectors) * complex_vectors)
    norms = backend.sqrt(backend.sum(squares, axis=-1))
    return _divided(backend, complex_vectors, backend.astype(norms, COMPLEX_TYPE[precision]))


def _rescaled(backend: ArrayBackend, vectors: Array) -> Array:
    """Divide by the largest elements, where they can be seen, so that no square is too large or too small."""
    if not backend.is_concrete(vectors) or backend.dtype(vectors) in INTEGER_TYPES:
        return vectors
    largest = np.abs(backend.to_numpy(vectors)).max(axis=-1)
    return _divided(
        backend, vectors, backend.asarray(largest, dtype=backend.dtype(vectors), device=backend.device(vectors))
    )


def _divided(backend: ArrayBackend, vectors: Array, divisors: Array) -> Array:
    return backend.einsum("za,z->za" if len(tuple(vectors.shape)) == 2 else "a,->a", vectors, 1.0 / divisors)


def _batched(array: Array, subscripts: str) -> str:
    """Add the batch to the first operand and the result, where the array has one."""
    first, rest = subscripts.split(",")
    if len(tuple(array.shape)) == len(first):
        return subscripts
    second, result = rest.split("->")
    return f"Z{first},{second}->Z{result}"


@cache
def _spectra(gates: tuple[RotationGate, ...]) -> tuple[Any, Any]:
    """Return eigenvalues (gates, k) and projectors (gates, k, d, d), filled up with zeros to the same k."""
    depth = max(len(gate.eigenvalues) for gate in gates)
    dimension = gates[0].projectors.shape[-1]
    eigenvalues = np.zeros((len(gates), depth))
    projectors = np.zeros((len(gates), depth, dimension, dimension), "complex128")
    for row, gate in enumerate(gates):
        eigenvalues[row, : len(gate.eigenvalues)] = gate.eigenvalues
        projectors[row, : len(gate.eigenvalues)] = gate.projectors
    return eigenvalues, projectors
