"""Circuits whose results are known, built from arrays of the backend under test."""

from __future__ import annotations

import math

import ketgrad as kg
from ketgrad.protocol import Array, ArrayBackend

ANGLES = [0.1, 0.2, 0.3]
"""The angles of `three_rotations` for which the literals in the tests hold."""


def elements(backend: ArrayBackend, vector: Array) -> list[Array]:
    """Return the elements of a vector, one 0-d array each."""
    return [backend.take(vector, index, axis=0) for index in range(int(vector.shape[0]))]


def three_rotations(backend: ArrayBackend, angles: Array) -> kg.Circuit:
    """Return RX RY CX RX on two qubits; ⟨Z₁⟩ is the product of the three cosines."""
    first, second, third = elements(backend, angles)
    return kg.Circuit(2).rx(first, 0).ry(second, 1).cx(0, 1).rx(third, 1)


def energy(backend: ArrayBackend, angles: Array) -> Array:
    """Return ⟨Z₁⟩ of `three_rotations`."""
    return three_rotations(backend, angles).expectation(kg.Z(1))


def energy_by_hand(angles: list[float]) -> float:
    """Return the product of the cosines."""
    return math.prod(map(math.cos, angles))


def gradient_by_hand(angles: list[float]) -> list[float]:
    """Return its derivatives."""
    return [-math.tan(angle) * energy_by_hand(angles) for angle in angles]


def hessian_by_hand(angles: list[float]) -> list[list[float]]:
    """Return its second derivatives."""
    value, tangents = energy_by_hand(angles), [math.tan(angle) for angle in angles]
    return [[-value if i == j else value * a * b for j, b in enumerate(tangents)] for i, a in enumerate(tangents)]
