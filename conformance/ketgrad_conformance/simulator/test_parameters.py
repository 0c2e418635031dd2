"""Parameters of many kinds, and what becomes of their graph."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ketgrad as kg
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import requires


def cosine(theta: Any) -> Array:
    """Return ⟨Z⟩ after RX(θ), which is cos θ."""
    return kg.Circuit(1).rx(theta, 0).expectation(kg.Z(0))


@pytest.mark.usefixtures("precision")
def test_a_python_number_is_a_parameter(backend: ArrayBackend) -> None:
    expect.close(backend, cosine(0.7), math.cos(0.7))
    expect.close(backend, cosine(1), math.cos(1))


@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("precision")
def test_a_gradient_has_its_parameter_s_type_and_a_value_the_precision_in_force(
    backend: ArrayBackend, dtype: str
) -> None:
    with expect.differentiation(backend):
        value, gradient = kg.value_and_grad(cosine)(backend.asarray(0.7, dtype=dtype))
    expect.close(backend, value, math.cos(0.7), tolerance=1e-6)
    expect.close(backend, gradient, -math.sin(0.7), dtype=dtype, tolerance=1e-6)


def test_arithmetic_before_the_gates_belongs_to_the_graph(backend: ArrayBackend) -> None:
    def function(x: Array) -> Array:
        return cosine(2.0 * backend.sin(x) + x * x)

    x = 0.6
    inner, slope = 2 * math.sin(x) + x * x, 2 * math.cos(x) + 2 * x
    with expect.differentiation(backend):
        value, gradient = kg.value_and_grad(function)(x)
    expect.close(backend, value, math.cos(inner))
    expect.close(backend, gradient, -math.sin(inner) * slope, tolerance=expect.derivative_tolerance(backend))


def test_parameters_come_in_containers(backend: ArrayBackend) -> None:
    def function(model: dict[str, Any]) -> Array:
        first, second = model["layers"]
        return kg.Circuit(1).ry(first, 0).rx(second, 0).expectation(kg.Z(0)) * model["scale"]

    a, b = 0.4, 1.2
    with expect.differentiation(backend):
        _, gradient = kg.value_and_grad(function)({"layers": [a, b], "scale": 3.0})
    tolerance = expect.derivative_tolerance(backend)
    expect.close(backend, gradient["layers"][0], -3 * math.sin(a) * math.cos(b), tolerance=tolerance)
    expect.close(backend, gradient["layers"][1], -3 * math.cos(a) * math.sin(b), tolerance=tolerance)
    expect.close(backend, gradient["scale"], math.cos(a) * math.cos(b), tolerance=tolerance)


def test_the_coefficients_of_an_observable_are_differentiated(backend: ArrayBackend) -> None:
    def function(j: Array, h: Array) -> Array:
        return kg.Circuit(1).ry(0.8, 0).expectation(kg.PauliSum({"Z0": j * j, "X0": h}))

    with expect.differentiation(backend):
        value, (by_j, by_h) = kg.value_and_grad(function, argnums=(0, 1))(3.0, 0.5)
    tolerance = expect.derivative_tolerance(backend)
    expect.close(backend, value, 9 * math.cos(0.8) + 0.5 * math.sin(0.8))
    expect.close(backend, by_j, 6 * math.cos(0.8), tolerance=tolerance)
    expect.close(backend, by_h, math.sin(0.8), tolerance=tolerance)


def test_an_array_times_an_operator_is_an_operator(backend: ArrayBackend) -> None:
    def function(j: Array) -> Array:
        return kg.Circuit(1).ry(0.8, 0).expectation(j * kg.Z(0) + kg.X(0) * j)

    with expect.differentiation(backend):
        value, gradient = kg.value_and_grad(function)(3.0)
    expect.close(backend, value, 3 * (math.cos(0.8) + math.sin(0.8)))
    expect.close(backend, gradient, math.cos(0.8) + math.sin(0.8), tolerance=expect.derivative_tolerance(backend))


@pytest.mark.double_precision
def test_a_detached_parameter_has_its_true_gradient_with_a_warning(backend: ArrayBackend) -> None:
    def function(x: Array, y: Array) -> Array:
        return kg.Circuit(1).ry(x, 0).rx(backend.detach(y), 0).expectation(kg.Z(0))

    with expect.fallback_warning("argument 1"):
        _, (by_x, by_y) = kg.value_and_grad(function, argnums=(0, 1))(0.4, 1.2)
    expect.close(backend, by_x, -math.sin(0.4) * math.cos(1.2), tolerance=expect.derivative_tolerance(backend))
    expect.close(backend, by_y, -math.cos(0.4) * math.sin(1.2), tolerance=1e-8)


@pytest.mark.usefixtures("precision")
def test_the_jacobian_of_a_state_is_complex(backend: ArrayBackend) -> None:
    with expect.differentiation(backend):
        found = kg.jacobian(lambda theta: kg.Circuit(1).rx(theta, 0).state())(backend.asarray(0.7))
    expected = [-0.5 * math.sin(0.35), -0.5j * math.cos(0.35)]
    expect.close(backend, found, expected, dtype=complex_type(), tolerance=expect.derivative_tolerance(backend))


@requires("autodiff")
def test_a_state_is_still_connected_to_the_graph(backend: ArrayBackend) -> None:
    def overlap(theta: Array) -> tuple[Array, None]:
        amplitude = backend.take(kg.Circuit(1).ry(theta, 0).state(), 1, axis=0)
        return backend.real(amplitude * amplitude), None

    value, _, pull = backend.vjp(overlap, [backend.asarray(0.7)])
    expect.close(backend, value, math.sin(0.35) ** 2)
    expect.close(backend, pull(backend.asarray(1.0))[0], 0.5 * math.sin(0.7))
