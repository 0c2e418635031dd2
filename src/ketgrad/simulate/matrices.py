"""The matrices of all gates of a circuit, computed together: a few operations for the whole circuit, not a few a gate.

The way through: gates are taken apart into fixed matrices, rotations, given matrices and channels; the numbers in all
of them become one array; one exponential gives the phases exp(−iθλ/2), one sum over projectors the matrices of all
rotations on the same number of qubits; each step of the circuit picks its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.gates import GATES, CompositeGate, FixedGate, RotationGate
from ketgrad.circuit.operations import Controls, Operation, check_kraus, check_unitary
from ketgrad.precision import COMPLEX_TYPE, REAL_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.scalars import Number, Values, scalar_vector


@dataclass(frozen=True)
class Step:
    """A matrix and the qubits that it acts on, the first one most significant.

    The matrix has shape (2^k, 2^k), or (batch, 2^k, 2^k); that of a channel, which is a superoperator, has 4^k for 2^k.
    """

    matrix: Array
    qubits: tuple[int, ...]
    controls: Controls = ()
    is_channel: bool = False


def circuit_steps(
    backend: ArrayBackend, operations: Sequence[Operation], values: Values, precision: Precision
) -> list[Step]:
    """Return the circuit as matrices of the backend, in order, in the precision given."""
    named = [(operation.name, part) for operation in operations for part in _elementary(operation)]
    parts = [part for _, part in named]
    numbers = [Number(value, name) for name, part in named for value in _numbers_of(part)]
    scalars = scalar_vector(backend, numbers, values, precision)
    maker = _Maker(backend, precision, scalars)
    starts = np.cumsum([0, *(len(_numbers_of(part)) for part in parts)])
    slots = [int(start) for start in starts[:-1]]
    rotations = maker.rotations(parts, slots)
    return [
        Step(
            rotations[index] if index in rotations else maker.matrix(part, slot),
            part.qubits,
            part.controls,
            part.is_channel,
        )
        for index, (part, slot) in enumerate(zip(parts, slots, strict=True))
    ]


@dataclass(frozen=True)
class _Maker:
    """Makes the matrices of one run."""

    backend: ArrayBackend
    precision: Precision
    scalars: Array | None

    @property
    def device(self) -> str | None:
        return None if self.scalars is None else self.backend.device(self.scalars)

    def rotations(self, parts: Sequence[Operation], slots: Sequence[int]) -> dict[int, Array]:
        """Return the matrices of all rotations, by their place among the parts."""
        found: dict[int, Array] = {}
        places = [index for index, part in enumerate(parts) if isinstance(GATES.get(part.name), RotationGate)]
        for size in sorted({len(parts[index].qubits) for index in places}):
            group = [index for index in places if len(parts[index].qubits) == size]
            names = tuple(parts[index].name for index in group)
            angles = self.backend.take(self.scalars, np.array([slots[index] for index in group]), axis=-1)
            stacked = self._rotations_of_one_size(names, angles)
            for row, index in enumerate(group):
                found[index] = self.backend.take(stacked, row, axis=-3)
        return found

    def matrix(self, part: Operation, slot: int) -> Array:
        """Return the matrix of anything but a rotation."""
        gate = GATES.get(part.name)
        if isinstance(gate, FixedGate):
            return self._constant(gate.matrix)
        if part.name in CHANNELS:
            return self._channel(part, slot)
        if part.name == "kraus":
            return self._kraus(part.parameters)
        return self._unitary(part)

    def _rotations_of_one_size(self, names: tuple[str, ...], angles: Array) -> Array:
        backend = self.backend
        eigenvalues, projectors = _spectra(names)
        halves = backend.asarray(-0.5 * eigenvalues, dtype=REAL_TYPE[self.precision], device=self.device)
        exponents = backend.einsum(_batched(angles, "g,gk->gk"), angles, halves)
        phases = backend.exp(1j * backend.astype(exponents, COMPLEX_TYPE[self.precision]))
        return backend.einsum(_batched(phases, "gk,gkij->gij"), phases, self._constant(projectors))

    def _channel(self, part: Operation, slot: int) -> Array:
        backend, channel = self.backend, CHANNELS[part.name]
        if not channel.parameters:
            return self._constant(channel.terms[0])
        numbers = [backend.take(self.scalars, slot + offset, axis=-1) for offset in range(len(channel.parameters))]
        if all(map(backend.is_concrete, numbers)):
            rows = np.stack([backend.to_numpy(number).reshape(-1) for number in numbers], axis=-1)
            for row in rows:
                channel.check(part.name, row.tolist())
        weights = backend.astype(
            backend.stack(channel.weights(backend, numbers), axis=-1), COMPLEX_TYPE[self.precision]
        )
        return backend.einsum(_batched(weights, "t,tij->ij"), weights, self._constant(channel.terms))

    def _kraus(self, matrices: Sequence[Any]) -> Array:
        backend = self.backend
        arrays = [
            backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device) for matrix in matrices
        ]
        if all(map(backend.is_concrete, arrays)):
            check_kraus([backend.to_numpy(array) for array in arrays])
        stacked = backend.stack(arrays)
        size = tuple(stacked.shape)[1] ** 2
        return backend.reshape(backend.einsum("tij,tkl->ikjl", stacked, backend.conj(stacked)), (size, size))

    def _unitary(self, part: Operation) -> Array:
        backend, matrix = self.backend, part.parameters[0]
        array = backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)
        if backend.is_concrete(array) and not isinstance(matrix, np.ndarray):
            check_unitary(backend.to_numpy(array))
        return backend.conj(backend.transpose(array, (1, 0))) if part.is_adjoint else array

    def _constant(self, matrix: Any) -> Array:
        return self.backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)


def _elementary(operation: Operation) -> Iterator[Operation]:
    gate = GATES.get(operation.name)
    if not isinstance(gate, CompositeGate):
        yield operation
        return
    for name, parameters, places in gate.parts(*operation.parameters):
        qubits = tuple(operation.qubits[place] for place in places)
        yield from _elementary(Operation(name, parameters, qubits, operation.controls))


def _numbers_of(part: Operation) -> tuple[Any, ...]:
    return () if part.name in ("unitary", "kraus") else part.parameters


def _batched(array: Array, subscripts: str) -> str:
    """Add the batch to the first operand and the result, where the array has one."""
    first, rest = subscripts.split(",")
    if len(tuple(array.shape)) == len(first):
        return subscripts
    second, result = rest.split("->")
    return f"Z{first},{second}->Z{result}"


@cache
def _spectra(names: tuple[str, ...]) -> tuple[Any, Any]:
    """Return eigenvalues (gates, k) and projectors (gates, k, d, d), filled up with zeros to the same k."""
    gates = [gate for name in names if isinstance(gate := GATES[name], RotationGate)]
    depth = max(len(gate.eigenvalues) for gate in gates)
    dimension = gates[0].projectors.shape[-1]
    eigenvalues = np.zeros((len(gates), depth))
    projectors = np.zeros((len(gates), depth, dimension, dimension), "complex128")
    for row, gate in enumerate(gates):
        eigenvalues[row, : len(gate.eigenvalues)] = gate.eigenvalues
        projectors[row, : len(gate.eigenvalues)] = gate.projectors
    return eigenvalues, projectors
