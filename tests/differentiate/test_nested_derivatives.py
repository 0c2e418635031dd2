"""Derivatives of derivatives: what `value_and_grad` returns is connected to whatever surrounds it."""

import math
import warnings

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


def test_the_derivative_of_a_derivative_by_a_captured_variable(autodiff_backend):
    # d/dx (w x²) at 5 is 10 w.
    def slope(w):
        return kg.grad(lambda x: w * x * x)(5.0)

    value, gradient = kg.value_and_grad(slope, fallback="error")(3.0)
    expect.close(autodiff_backend, value, 30.0)
    expect.close(autodiff_backend, gradient, 10.0)


def test_a_gradient_penalty_is_differentiated(autodiff_backend):
    # f = w x³ at x = 2 has the slope 12 w; the penalty (12 w − 1)² has the derivative 24 (12 w − 1).
    def penalty(w):
        _, slope = kg.value_and_grad(lambda x: w * x * x * x)(2.0)
        return (slope - 1.0) * (slope - 1.0)

    value, gradient = kg.value_and_grad(penalty, fallback="error")(0.5)
    expect.close(autodiff_backend, value, 25.0)
    expect.close(autodiff_backend, gradient, 120.0)


def test_the_inner_value_is_connected_too(autodiff_backend):
    def outer(w):
        value, slope = kg.value_and_grad(lambda x: w * w * x)(5.0)
        return value * slope

    # 5 w² · w² = 5 w⁴
    expect.close(autodiff_backend, kg.grad(outer, fallback="error")(2.0), 160.0)


def test_the_same_variable_inside_and_outside(autodiff_backend):
    # x · d/dy (x y³) at y = x is 3 x⁴, whose derivative is 12 x³.
    def outer(x):
        return x * kg.grad(lambda y: x * y * y * y)(x)

    expect.close(autodiff_backend, kg.grad(outer, fallback="error")(2.0), 96.0)


def test_four_derivatives_deep(autodiff_backend):
    derivative = lambda x: kg.backend.sin(2.0 * x)  # noqa: E731
    for order, expected in enumerate(
        [2 * math.cos(0.6), -4 * math.sin(0.6), -8 * math.cos(0.6), 16 * math.sin(0.6)], start=1
    ):
        derivative = kg.grad(derivative, fallback="error")
        expect.close(autodiff_backend, derivative(0.3), expected), order


def test_vectors_inside_and_outside(autodiff_backend):
    # |∇(x·w·x)|² = 4 Σ w²x², by w: 8 w x².
    def outer(w):
        slope = kg.grad(lambda x: kg.backend.sum(w * x * x))(np.array([1.0, 2.0, 3.0]))
        return kg.backend.sum(slope * slope)

    value, gradient = kg.value_and_grad(outer, fallback="error")(np.array([3.0, 2.0, 1.0]))
    expect.close(autodiff_backend, value, 4.0 * (9.0 + 16.0 + 9.0))
    expect.close(autodiff_backend, gradient, [24.0, 64.0, 72.0])


def test_containers_inside_and_outside(autodiff_backend):
    def outer(p):
        slopes = kg.grad(lambda q: p["a"] * q["b"] * q["b"] + p["c"][0] * q["d"])({"b": 5.0, "d": 1.0})
        return slopes["b"] * slopes["d"]

    # 10 a · c
    gradient = kg.grad(outer, fallback="error")({"a": 2.0, "c": [3.0]})
    expect.close(autodiff_backend, gradient["a"], 30.0)
    expect.close(autodiff_backend, gradient["c"][0], 20.0)


def slope_of_cube(x):
    """A function of the user's own that differentiates, as a library would."""
    return kg.value_and_grad(lambda y: y * y * y)(x)[1]


def test_a_derivative_hidden_in_a_function_is_differentiated(autodiff_backend):
    expect.close(autodiff_backend, kg.grad(slope_of_cube, fallback="error")(2.0), 12.0)
    expect.close(autodiff_backend, kg.grad(lambda x: x * slope_of_cube(x * x), fallback="error")(2.0), 15.0 * 16.0)


def test_a_variable_detached_inside_has_its_true_gradient_by_differences(autodiff_backend):
    def outer(x):
        return kg.grad(lambda y: kg.backend.detach(x) * y * y)(3.0)

    with pytest.warns(kg.GradientFallbackWarning, match="argument 0"):
        gradient = kg.grad(outer)(2.0)
    expect.close(autodiff_backend, gradient, 6.0, tolerance=1e-8)


def test_a_variable_detached_inside_may_be_an_error(autodiff_backend):
    with pytest.raises(kg.GradientError, match="argument 0"):
        kg.grad(lambda x: kg.grad(lambda y: kg.backend.detach(x) * y * y)(3.0), fallback="error")(2.0)


def test_finite_differences_inside_are_differentiated_by_a_captured_variable(autodiff_backend):
    # d/dy (w y²) at 3 is 6 w, although y is cut off.
    def outer(w):
        return kg.grad(lambda y: w * kg.backend.detach(y) * kg.backend.detach(y))(3.0)

    with pytest.warns(kg.GradientFallbackWarning, match="argument 0"):
        value, gradient = kg.value_and_grad(outer, fallback="error")(2.0)
    expect.close(autodiff_backend, value, 12.0, tolerance=1e-8)
    expect.close(autodiff_backend, gradient, 6.0, tolerance=1e-8)


def test_nothing_is_left_behind_by_a_derivative_that_fails(autodiff_backend):
    def outer(x):
        with pytest.raises(ZeroDivisionError):
            kg.grad(lambda y: 1 / 0)(x)
        return kg.grad(lambda y: y * y * y)(x)

    expect.close(autodiff_backend, kg.grad(outer, fallback="error")(2.0), 12.0)


def test_a_circuit_s_second_derivative_by_another_parameter(autodiff_backend):
    # ⟨Z⟩ after ry(a) and ry(b) is cos(a + b); its mixed derivative −cos(a + b).
    def energy(a, b):
        return kg.Circuit(1).ry(a, 0).ry(b, 0).expectation(kg.Z(0))

    mixed = kg.grad(lambda b: kg.grad(lambda a: energy(a, b))(0.3), fallback="error")(0.4)
    expect.close(autodiff_backend, mixed, -math.cos(0.7))


def test_a_derivative_of_a_map_of_derivatives(autodiff_backend):
    # Σ (d/dy w y³)² = Σ 9 w² y⁴ over y = 1, 2; by w: 18 w · 17.
    def outer(w):
        slopes = kg.vmap(kg.grad(lambda y: w * y * y * y))(np.array([1.0, 2.0]))
        return kg.backend.sum(slopes * slopes)

    expect.close(autodiff_backend, kg.grad(outer, fallback="error")(0.5), 153.0)


def test_a_map_of_second_derivatives(autodiff_backend):
    second = kg.vmap(kg.grad(kg.grad(lambda y: kg.backend.sin(y), fallback="error"), fallback="error"))
    expect.close(autodiff_backend, second(np.array([0.3, 0.7])), [-math.sin(0.3), -math.sin(0.7)])


def test_a_map_inside_a_map_of_derivatives(autodiff_backend):
    table = kg.vmap(
        lambda x: kg.vmap(lambda y: kg.grad(lambda z: x * z * z, fallback="error")(y))(np.array([1.0, 2.0]))
    )
    expect.close(autodiff_backend, table(np.array([3.0, 5.0])), [[6.0, 12.0], [10.0, 20.0]])


def test_second_derivatives_without_automatic_differentiation():
    with kg.use_backend("strict") as strict, warnings.catch_warnings():
        warnings.simplefilter("ignore", kg.GradientFallbackWarning)
        second = kg.grad(kg.grad(lambda x: x * x * x))(2.0)
    assert float(strict.to_numpy(second)) == pytest.approx(12.0, abs=1e-4)
