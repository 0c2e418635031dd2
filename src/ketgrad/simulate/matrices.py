"""The matrices of all gates of a circuit, computed together: a few operations for the whole circuit, not a few a gate.

The way through: gates are taken apart into fixed matrices, rotations and given matrices; the angles of all rotations
become one array; one exponential gives the phases exp(−iθλ/2), one sum over projectors the matrices of all rotations
on the same number of qubits; each step of the circuit picks its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ketgrad.circuit.gates import GATES, CompositeGate, FixedGate, RotationGate
from ketgrad.circuit.operations import Operation, check_finite, check_unitary
from ketgrad.errors import InvalidTypeError
from ketgrad.precision import COMPLEX_TYPE, COMPLEX_TYPES, REAL_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True)
class Step:
    """A matrix and the qubits that it acts on, the first one most significant."""

    matrix: Array
    qubits: tuple[int, ...]


def gate_steps(backend: ArrayBackend, operations: Sequence[Operation], precision: Precision) -> list[Step]:
    """Return the circuit as matrices of the backend, in order, in the precision given."""
    parts = [part for operation in operations for part in _elementary(operation)]
    rotations = [part for part in parts if isinstance(GATES.get(part.name), RotationGate)]
    angles = _angle_vector(backend, rotations, precision)
    device = None if angles is None else backend.device(angles)
    rotation_matrices = iter(_rotation_matrices(backend, rotations, angles, precision))
    steps = []
    for part in parts:
        gate = GATES.get(part.name)
        if isinstance(gate, RotationGate):
            matrix = next(rotation_matrices)
        elif isinstance(gate, FixedGate):
            matrix = backend.asarray(gate.matrix, dtype=COMPLEX_TYPE[precision], device=device)
        else:
            matrix = _given_matrix(backend, part.parameters[0], precision, device)
        steps.append(Step(matrix, part.qubits))
    return steps


def _elementary(operation: Operation) -> Iterator[Operation]:
    gate = GATES.get(operation.name)
    if not isinstance(gate, CompositeGate):
        yield operation
        return
    for name, parameters, places in gate.parts(*operation.parameters):
        yield from _elementary(Operation(name, parameters, tuple(operation.qubits[place] for place in places)))


def _angle_vector(backend: ArrayBackend, rotations: Sequence[Operation], precision: Precision) -> Array | None:
    if not rotations:
        return None
    angles = backend.asarray([_real_angle(backend, rotation) for rotation in rotations])
    if backend.is_concrete(angles):
        for value, rotation in zip(backend.to_numpy(angles).tolist(), rotations, strict=True):
            check_finite(value, rotation.name)
    return backend.astype(angles, REAL_TYPE[precision])


def _real_angle(backend: ArrayBackend, rotation: Operation) -> Any:
    angle = rotation.parameters[0]
    if isinstance(angle, int | float):
        return float(angle)
    array = backend.asarray(angle)
    if backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidTypeError(f"{rotation.name} got a complex parameter; give a real one")
    return array


def _rotation_matrices(
    backend: ArrayBackend, rotations: Sequence[Operation], angles: Array | None, precision: Precision
) -> list[Array]:
    matrices: list[Array] = [None] * len(rotations)
    sizes = {len(rotation.qubits) for rotation in rotations}
    for size in sorted(sizes):
        places = [index for index, rotation in enumerate(rotations) if len(rotation.qubits) == size]
        names = tuple(rotations[index].name for index in places)
        chosen = backend.take(angles, np.array(places), axis=0)
        stacked = _matrices_of_one_size(backend, names, chosen, precision)
        for row, index in enumerate(places):
            matrices[index] = backend.take(stacked, row, axis=0)
    return matrices


def _matrices_of_one_size(backend: ArrayBackend, names: tuple[str, ...], angles: Array, precision: Precision) -> Array:
    eigenvalues, projectors = _spectra(names)
    device = backend.device(angles)
    halves = backend.asarray(-0.5 * eigenvalues, dtype=REAL_TYPE[precision], device=device)
    exponents = backend.einsum("g,gk->gk", angles, halves)
    phases = backend.exp(1j * backend.astype(exponents, COMPLEX_TYPE[precision]))
    constants = backend.asarray(projectors, dtype=COMPLEX_TYPE[precision], device=device)
    return backend.einsum("gk,gkij->gij", phases, constants)


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


def _given_matrix(backend: ArrayBackend, matrix: Any, precision: Precision, device: str | None) -> Array:
    array = backend.asarray(matrix, dtype=COMPLEX_TYPE[precision], device=device)
    if backend.is_concrete(array) and not isinstance(matrix, np.ndarray):
        check_unitary(backend.to_numpy(array))
    return array
