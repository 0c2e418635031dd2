"""The second path: finite differences, only where automatic differentiation gave nothing, and never in silence."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import pytest

from ketgrad.errors import GradientError, UnsupportedError
from ketgrad.precision import real_type
from ketgrad.protocol import Array, ArrayBackend, Capability
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers

pytestmark = covers("value_and_grad")


def by_differences() -> float:
    """Return the error to allow in finite differences: without double precision they are rough."""
    return 1e-8 if real_type() == "float64" else 1e-3


def has_autodiff(backend: ArrayBackend) -> bool:
    """Tell whether the first path is there."""
    return Capability.AUTODIFF in backend.capabilities


def test_an_unused_argument_is_zero_by_finite_differences_with_a_warning(backend: ArrayBackend) -> None:
    with expect.fallback_warning("argument 1"):
        _, (by_x, by_y) = backend.value_and_grad(lambda x, y: x * x, argnums=(0, 1))(3.0, 5.0)
    expect.close(backend, by_x, 6.0, tolerance=expect.derivative_tolerance(backend))
    expect.close(backend, by_y, 0.0)


@covers("detach")
def test_a_detached_argument_has_its_true_gradient_with_a_warning(backend: ArrayBackend) -> None:
    def squares(x: Array) -> Array:
        return backend.sum(backend.detach(x) * backend.detach(x))

    with expect.fallback_warning("argument 0"):
        value, gradient = backend.value_and_grad(squares)(backend.asarray([1.0, 2.0]))
    expect.close(backend, value, 5.0)
    expect.close(backend, gradient, [2.0, 4.0], tolerance=by_differences())


def test_only_the_argument_without_a_gradient_is_done_by_finite_differences(backend: ArrayBackend) -> None:
    calls = []

    def function(x: Array, y: Array) -> Array:
        calls.append(x)
        return backend.exp(x) * backend.sum(backend.detach(y))

    done = ("argument 1",) if has_autodiff(backend) else ("argument 0", "argument 1")
    with expect.fallback_warning(f"gradient for {', '.join(done)} by"):
        _, (by_x, by_y) = backend.value_and_grad(function, argnums=(0, 1))(1.0, backend.asarray([2.0, 3.0]))
    expect.close(backend, by_x, 5 * math.e, tolerance=expect.derivative_tolerance(backend))
    expect.close(backend, by_y, [math.e, math.e], tolerance=by_differences())
    assert len(calls) == 1 + (4 if has_autodiff(backend) else 6)


@covers("to_numpy")
def test_an_argument_taken_out_of_the_graph_has_its_true_gradient_with_a_warning(backend: ArrayBackend) -> None:
    def rebuilt(x: Array) -> Array:
        return backend.asarray(math.sin(float(backend.to_numpy(x))))

    with expect.fallback_warning("argument 0"):
        value, gradient = backend.value_and_grad(rebuilt)(0.6)
    expect.close(backend, value, math.sin(0.6))
    expect.close(backend, gradient, math.cos(0.6), tolerance=by_differences())


@pytest.mark.double_precision
def test_finite_differences_of_single_precision_are_taken_in_double(backend: ArrayBackend) -> None:
    seen = []

    def squares(x: Array) -> Array:
        seen.append(backend.dtype(x))
        outside = backend.detach(x)
        return backend.sum(outside * outside)

    leaf = backend.asarray([1.0, 2.0, 3.0], dtype="float32")
    with expect.fallback_warning():
        value, gradient = backend.value_and_grad(squares)(leaf)
    expect.close(backend, value, 14.0, dtype="float32")
    expect.close(backend, gradient, [2.0, 4.0, 6.0], dtype="float32", tolerance=1e-6)
    assert seen == ["float32"] + ["float64"] * 6


def test_finite_differences_by_a_complex_argument_point_up_the_steepest_way(backend: ArrayBackend) -> None:
    leaf = backend.asarray(1.0 + 2.0j)
    takes_complex = not has_autodiff(backend) or Capability.COMPLEX_AUTODIFF in backend.capabilities
    with nullcontext() if takes_complex else pytest.raises(UnsupportedError):
        with expect.fallback_warning():
            _, gradient = backend.value_and_grad(lambda z: squared_modulus(backend, backend.detach(z)))(leaf)
        expect.close(backend, gradient, 2.0 + 4.0j, dtype=backend.dtype(leaf), tolerance=by_differences())


def squared_modulus(backend: ArrayBackend, z: Array) -> Array:
    """Return |z|²."""
    return backend.real(backend.conj(z) * z)


@pytest.mark.parametrize("cut", ["unused", "detached"])
def test_finite_differences_are_ruled_out_by_asking_for_an_error(backend: ArrayBackend, cut: str) -> None:
    def function(x: Array, y: Array) -> Array:
        return x * x if cut == "unused" else x * backend.detach(y)

    with expect.refusal(GradientError, "argument 1"):
        backend.value_and_grad(function, argnums=(0, 1), fallback="error")(3.0, 5.0)


def test_a_gradient_that_is_zero_needs_no_second_path(backend: ArrayBackend) -> None:
    _, (by_x, by_y) = expect.value_and_grad(backend, lambda x, y: 0.0 * x + y, 3.0, 5.0, argnums=(0, 1))
    expect.close(backend, by_x, 0.0)
    expect.close(backend, by_y, 1.0, tolerance=expect.derivative_tolerance(backend))


@pytest.mark.parametrize("kind", [ValueError, TypeError, NotImplementedError, ZeroDivisionError])
def test_an_exception_of_the_function_comes_through_untried_again(backend: ArrayBackend, kind: type[Exception]) -> None:
    mishap, calls = kind("mine"), []

    def fails(x: Array) -> Any:
        calls.append(x)
        raise mishap

    with pytest.raises(kind) as caught:
        backend.value_and_grad(fails)(1.0)
    assert caught.value is mishap
    assert len(calls) == 1


@pytest.mark.double_precision
def test_finite_differences_and_automatic_differentiation_agree(backend: ArrayBackend) -> None:
    def function(x: Array) -> Array:
        return backend.sum(backend.sin(x) * backend.exp(x))

    points = [0.3, -1.2, 2.0]
    _, first = expect.value_and_grad(backend, function, backend.asarray(points))
    with expect.fallback_warning():
        _, second = backend.value_and_grad(lambda x: function(backend.detach(x)))(backend.asarray(points))
    expected = [math.exp(x) * (math.sin(x) + math.cos(x)) for x in points]
    for found in (first, second):
        expect.close(backend, found, expected, tolerance=by_differences())
