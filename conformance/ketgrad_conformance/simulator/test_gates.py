"""Each gate by name, on qubits out of order, against plain Python: the state, and the gradient by every angle."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest

import ketgrad as kg
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance import oracle_circuits as oracle

ANGLES = [0.7, -1.3, 2.1, 0.4]
PLACES: dict[int, tuple[int, ...]] = {2: (1,), 4: (2, 0), 8: (2, 0, 1)}
TERMS = {"Z0": 1.0, "X1": 0.5, "Y2": -0.8, "X0 Y1": 0.6, "Y0 Z1 X2": 1.2}
PREPARATION = [
    ("ry", [0.4], [0]),
    ("ry", [1.1], [1]),
    ("ry", [2.0], [2]),
    ("rz", [0.3], [0]),
    ("rz", [0.9], [1]),
    ("cx", [], [0, 2]),
]


def operations(name: str, angles: Any) -> list[Any]:
    """Return a circuit in whose state no two qubits are alike, and the gate at its end."""
    size = len(oracle.GATES[name](*ANGLES[: len(angles)]))
    return [*PREPARATION, (name, angles, PLACES[size])]


def circuit(name: str, angles: Any) -> kg.Circuit:
    """Return the same as a circuit."""
    built = kg.Circuit(3)
    for entry in operations(name, angles):
        built.append(*entry)
    return built


def angles_of(name: str) -> list[float]:
    """Return as many angles as the gate takes."""
    return ANGLES[: len(signature(oracle.GATES[name]).parameters)]


def energy(name: str, angles: list[float]) -> float:
    """Return the energy by plain Python."""
    return oracle.expectation(oracle.state(3, operations(name, angles)), TERMS, 3)


@pytest.mark.parametrize("name", oracle.GATES)
@pytest.mark.usefixtures("precision")
def test_a_gate_makes_the_state_of_its_matrix(backend: ArrayBackend, name: str) -> None:
    expected = oracle.state(3, operations(name, angles_of(name)))
    expect.close(backend, circuit(name, angles_of(name)).state(), expected, dtype=complex_type())


@pytest.mark.parametrize("name", [name for name in oracle.GATES if angles_of(name)])
def test_a_gate_has_an_expectation_and_its_gradient_by_every_angle(backend: ArrayBackend, name: str) -> None:
    angles = angles_of(name)
    count = len(angles)

    def function(vector: Array) -> Array:
        return circuit(name, [backend.take(vector, index, axis=0) for index in range(count)]).expectation(
            kg.PauliSum(TERMS)
        )

    with expect.differentiation(backend):
        value, gradient = kg.value_and_grad(function)(backend.asarray(angles))
    expect.close(backend, value, energy(name, angles))
    expected = [
        oracle.derivative(lambda x, k=k: energy(name, [*angles[:k], x, *angles[k + 1 :]]), angles[k])  # type: ignore[misc]
        for k in range(count)
    ]
    expect.close(backend, gradient, expected, tolerance=expect.derivative_tolerance(backend))
