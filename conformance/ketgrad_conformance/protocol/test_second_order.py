"""Derivatives of derivatives."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketgrad.differentiate.derivatives import hessian
from ketgrad.errors import GradientError, UnsupportedError
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

needs_native = requires("higher-order", refusal=(UnsupportedError, GradientError))


@covers("vjp")
@requires("higher-order")
@pytest.mark.usefixtures("precision")
def test_what_a_pullback_returns_is_differentiated_again(backend: ArrayBackend) -> None:
    def slope(x: Array) -> tuple[Array, None]:
        value, _, pull = backend.vjp(lambda y: (backend.sin(y) * y, None), [x])
        (found,) = pull(value * 0.0 + 1.0)
        return found, None

    x = 0.8
    leaf = backend.asarray(x)
    value, _, pull = backend.vjp(slope, [leaf])
    expect.close(backend, value, math.cos(x) * x + math.sin(x))
    expect.close(backend, pull(backend.asarray(1.0))[0], 2 * math.cos(x) - x * math.sin(x))


@covers("vjp")
@requires("higher-order")
def test_a_pullback_is_differentiated_by_its_cotangent(backend: ArrayBackend) -> None:
    def pulled(cotangent: Array) -> tuple[Array, None]:
        _, _, pull = backend.vjp(lambda y: (y * y, None), [backend.asarray(3.0)])
        return pull(cotangent)[0], None

    value, _, pull = backend.vjp(pulled, [backend.asarray(2.0)])
    expect.close(backend, value, 12.0)
    expect.close(backend, pull(backend.asarray(1.0))[0], 6.0)


@covers("value_and_grad")
@needs_native
def test_value_and_grad_nests(backend: ArrayBackend) -> None:
    def cube(x: Array) -> Array:
        return x * x * x

    def slope(x: Array) -> Array:
        return backend.value_and_grad(cube, fallback="error")(x)[1]

    def bend(x: Array) -> Array:
        return backend.value_and_grad(slope, fallback="error")(x)[1]

    third, fourth = backend.value_and_grad(bend, fallback="error")(backend.asarray(2.0))
    expect.close(backend, third, 12.0)
    expect.close(backend, fourth, 6.0)


@covers("value_and_grad")
@needs_native
@pytest.mark.usefixtures("precision")
def test_a_hessian_follows_from_value_and_grad(backend: ArrayBackend) -> None:
    def function(x: Array) -> Any:
        first, second = (backend.take(x, index, axis=0) for index in (0, 1))
        return backend.exp(first) * second * second

    e = math.exp(0.5)
    found = hessian(backend, function, 0, fallback="error")(backend.asarray([0.5, 3.0]))
    expect.close(backend, found, [[9.0 * e, 6.0 * e], [6.0 * e, 2.0 * e]])


@covers("value_and_grad", "conj")
@requires("higher-order", "complex-autodiff", refusal=(UnsupportedError, GradientError))
def test_a_second_derivative_runs_through_complex_numbers(backend: ArrayBackend) -> None:
    # |e^{ix} + 2|² = 5 + 4 cos x.
    def function(x: Array) -> Array:
        amplitude = backend.exp(1.0j * backend.astype(x, complex_type())) + 2.0
        return backend.real(backend.conj(amplitude) * amplitude)

    def slope(x: Array) -> Array:
        return backend.value_and_grad(function, fallback="error")(x)[1]

    first, second = backend.value_and_grad(slope, fallback="error")(backend.asarray(0.7))
    expect.close(backend, first, -4 * math.sin(0.7))
    expect.close(backend, second, -4 * math.cos(0.7))
