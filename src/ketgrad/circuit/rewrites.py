"""Instructions made from others: moved to other qubits, controlled, conditioned, inverted, raised to a power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.gates import GATES, INVERSES, FixedGate, RotationGate
from ketgrad.circuit.instructions import Instruction, Measure, Operation, ReadoutError
from ketgrad.errors import InvalidValueError, UnsupportedError

SAME_EIGENVALUE = 1e-9
"""Eigenvalues closer than this are told apart by their other part, where that differs more."""


def relabelled(instruction: Instruction, places: Sequence[int], bits: Sequence[int] | None = None) -> Instruction:
    """Return the instruction with qubit q moved to places[q], and bit b, where places are given, to bits[b]."""

    def moved_bit(bit: int) -> int:
        return bit if bits is None else bits[bit]

    if isinstance(instruction, Measure):
        return Measure(places[instruction.qubit], moved_bit(instruction.bit))
    if isinstance(instruction, ReadoutError):
        return replace(instruction, qubit=places[instruction.qubit])
    qubits = tuple(places[qubit] for qubit in instruction.qubits)
    if not isinstance(instruction, Operation):
        return replace(instruction, qubits=qubits)
    controls = tuple((places[qubit], value) for qubit, value in instruction.controls)
    conditions = tuple((moved_bit(bit), value) for bit, value in instruction.conditions)
    return replace(instruction, qubits=qubits, controls=controls, conditions=conditions)


def with_controls(instruction: Instruction, controls: Controls) -> Operation:
    """Return the gate acting only where the control qubits have their values."""
    gate = _only_gate(instruction, "controlled form; control gates alone")
    both = (*controls, *gate.controls)
    taken = [qubit for qubit, _ in both] + list(gate.qubits)
    if len(set(taken)) != len(taken):
        raise InvalidValueError(f"{gate.name} got the qubits {tuple(taken)}, but each may come only once")
    return replace(gate, controls=both)


def with_conditions(instruction: Instruction, conditions: Controls) -> Operation:
    """Return the gate acting only where the classical bits have their values."""
    gate = _only_gate(instruction, "conditioned form; condition gates alone")
    merged = dict(gate.conditions)
    for bit, value in conditions:
        if merged.setdefault(bit, value) != value:
            raise InvalidValueError(f"{gate.name} is conditioned on bit {bit} being 0 and 1; give one value for a bit")
    return replace(gate, conditions=tuple(merged.items()))


def inverse(instruction: Instruction) -> Operation:
    """Return the gate that undoes this one."""
    gate = _only_gate(instruction, "inverse; invert circuits of gates alone")
    name, parameters = gate.name, gate.parameters
    if name == "unitary":
        return replace(gate, is_adjoint=not gate.is_adjoint)
    if name in INVERSES:
        return replace(gate, name=INVERSES[name])
    if name in ("u", "cu"):
        theta, phi, lam, *gamma = parameters
        return replace(gate, parameters=(-theta, -lam, -phi, *(-value for value in gamma)))
    if name == "u2":
        return replace(gate, name="u", parameters=(-math.pi / 2, -parameters[1], -parameters[0]))
    return replace(gate, parameters=tuple(-value for value in parameters))


def fractional_power(instruction: Instruction, exponent: float) -> Operation:
    """Return a rotation by a part of its angle, or a fixed matrix by its principal power, exp(x·log U)."""
    gate = _only_gate(instruction, "power; raise gates alone")
    entry = GATES.get(gate.name)
    if isinstance(entry, RotationGate) or gate.name == "pauli_rotation":
        return replace(gate, parameters=(gate.parameters[0] * exponent,))
    if isinstance(entry, FixedGate):
        return replace(gate, name="unitary", parameters=(_matrix_power(entry.matrix, exponent),))
    if gate.name == "unitary" and isinstance(gate.parameters[0], np.ndarray):
        signed = -exponent if gate.is_adjoint else exponent
        return replace(gate, parameters=(_matrix_power(gate.parameters[0], signed),), is_adjoint=False)
    raise UnsupportedError(
        f"{gate.name} has no fractional power here; give an integer, or build the power from rotations"
    )


def _only_gate(instruction: Instruction, lacks: str) -> Operation:
    if not isinstance(instruction, Operation):
        raise UnsupportedError(f"{type(instruction).__name__} has no {lacks}")
    if instruction.is_channel:
        raise UnsupportedError(f"{instruction.name} is a channel, which has no {lacks}")
    return instruction


def _matrix_power(matrix: Any, exponent: float) -> Any:
    """Raise a unitary matrix to a power: its eigenvalues' phases, above −π and up to π, are multiplied."""
    vectors = _eigenvectors(matrix)
    phases = np.angle(np.diag(vectors.conj().T @ matrix @ vectors))
    phases = np.where(np.isclose(phases, -np.pi, rtol=0, atol=1e-12), np.pi, phases)
    power = (vectors * np.exp(1j * exponent * phases)) @ vectors.conj().T
    power.flags.writeable = False
    return power


def _eigenvectors(matrix: Any) -> Any:
    """Return orthonormal eigenvectors of a unitary matrix, those of coinciding eigenvalues included.

    Its Hermitian parts cos φ and sin φ share them: those of the first, and where it has eigenvalues twice, within
    their space those of the second.
    """
    adjoint = matrix.conj().T
    cosines, vectors = np.linalg.eigh((matrix + adjoint) / 2)
    sines = vectors.conj().T @ ((matrix - adjoint) / 2j) @ vectors
    starts = [0, *(np.flatnonzero(np.diff(cosines) > SAME_EIGENVALUE) + 1), len(matrix)]
    for start, stop in pairwise(starts):
        _, turned = np.linalg.eigh(sines[start:stop, start:stop])
        vectors[:, start:stop] = vectors[:, start:stop] @ turned
    return vectors
