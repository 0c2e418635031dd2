"""Values in double precision computed with PennyLane 0.45.1, or in closed form."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ketgrad as kg
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import requires
from ketgrad_conformance.simulator.circuits import ANGLES, elements, energy, three_rotations

PROBABILITIES = [0.9658078983442255, 0.034192101655774375]
JACOBIAN = [
    [-0.046736682735180765, -0.09442393561357809, -0.14409126831234337],
    [0.046736682735180765, 0.09442393561357809, 0.14409126831234337],
]
ENERGY = 0.9316157966884512
GRADIENT = [-0.09347336547036153, -0.18884787122715618, -0.28818253662468674]
VARIANCE = 0.13209200736054227
GRADIENT_OF_VARIANCE = [0.1741625276836432, 0.3518673200124104, 0.5369508068986126]
DIAGONAL, FIRST_SECOND, FIRST_THIRD, SECOND_THIRD = (
    -0.9316157966884515,
    0.018947989233612274,
    0.028914700312991273,
    0.05841749223216966,
)
HESSIAN = [
    [DIAGONAL, FIRST_SECOND, FIRST_THIRD],
    [FIRST_SECOND, DIAGONAL, SECOND_THIRD],
    [FIRST_THIRD, SECOND_THIRD, DIAGONAL],
]


def value_and_gradient(backend: ArrayBackend, function: Any, point: Any, value: Any, gradient: Any) -> None:
    """Expect a value and a gradient of a real function of one array."""
    with expect.differentiation(backend):
        found, slope = kg.value_and_grad(function)(backend.asarray(point))
    expect.close(backend, found, value)
    expect.close(backend, slope, gradient, tolerance=expect.derivative_tolerance(backend))


@pytest.mark.usefixtures("precision")
def test_probabilities_and_their_jacobian(backend: ArrayBackend) -> None:
    def probabilities(w: Array) -> Array:
        return three_rotations(backend, w).probabilities([1])

    w = backend.asarray(ANGLES)
    expect.close(backend, probabilities(w), PROBABILITIES)
    with expect.differentiation(backend):
        found = kg.jacobian(probabilities)(w)
    expect.close(backend, found, JACOBIAN, tolerance=expect.derivative_tolerance(backend))


@pytest.mark.usefixtures("precision")
def test_an_expectation_and_its_gradient(backend: ArrayBackend) -> None:
    value_and_gradient(backend, lambda w: energy(backend, w), ANGLES, ENERGY, GRADIENT)


def test_a_variance_and_its_gradient(backend: ArrayBackend) -> None:
    def variance(w: Array) -> Array:
        return three_rotations(backend, w).variance(kg.Z(1))

    value_and_gradient(backend, variance, ANGLES, VARIANCE, GRADIENT_OF_VARIANCE)


@requires("higher-order", refusal=(kg.UnsupportedError, kg.GradientError))
@pytest.mark.usefixtures("precision")
def test_the_hessian_of_an_expectation(backend: ArrayBackend) -> None:
    found = kg.hessian(lambda w: energy(backend, w), fallback="error")(backend.asarray(ANGLES))
    expect.close(backend, found, HESSIAN)


def test_a_circuit_with_a_gradient_that_is_zero(backend: ArrayBackend) -> None:
    def function(p: Array) -> Array:
        first, second, third, fourth = elements(backend, p)
        c = kg.Circuit(3).ry(math.pi / 4, 0).ry(math.pi / 3, 1).ry(math.pi / 7, 2)
        c.rz(first, 0).rz(second, 1).cx(0, 1).cx(1, 2).ry(third, 1).rx(fourth, 2).cx(0, 1).cx(1, 2)
        return c.expectation(kg.Y(0))

    gradient = [0.25479476735986606, 0.28517692854177545, -0.1247889055204491, 0.0]
    value_and_gradient(backend, function, [0.432, -0.123, 0.543, 0.233], 0.0747230475052495, gradient)


def test_a_parameter_shared_by_five_gates(backend: ArrayBackend) -> None:
    def function(theta: Array) -> Array:
        c = kg.Circuit(2)
        for x in (0.1, 0.2, 0.3, 0.4, 0.5):
            c.rx(x, 1).ry(theta, 0).cx(0, 1)
        return c.expectation(kg.Z(1))

    value_and_gradient(backend, function, 0.7, -0.035711400712234276, -0.1831830451502745)


@pytest.mark.usefixtures("precision")
def test_the_energy_of_hydrogen_in_the_hartree_fock_state(backend: ArrayBackend) -> None:
    found = kg.Circuit(4).x(0).x(1).expectation(kg.hamiltonians.h2())
    expect.close(backend, found, -1.1173489211359318)


def test_the_energy_of_hydrogen_in_the_ground_state_where_its_gradient_is_zero(backend: ArrayBackend) -> None:
    def function(theta: Array) -> Array:
        # cos(θ/2)|1100⟩ − sin(θ/2)|0011⟩
        c = kg.Circuit(4).ry(-theta, 2).cx(2, 3).cx(2, 0).cx(2, 1).x(0).x(1)
        return c.expectation(kg.hamiltonians.h2())

    value_and_gradient(backend, function, 0.2097328891166756, -1.1361891625218807, 0.0)
