"""`jit`: the same results, compiled or not. Few tests, because one compilation may take seconds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketgrad.errors import GradientError, UnsupportedError
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = [covers("jit"), requires("jit")]


@pytest.mark.double_precision
def test_a_compiled_function_serves_other_shapes_and_types_at_later_calls(backend: ArrayBackend) -> None:
    compiled = backend.jit(lambda x: backend.sum(x * x))
    expect.close(backend, compiled(backend.asarray([1.0, 2.0])), 5.0)
    expect.close(backend, compiled(backend.asarray([3.0, 4.0])), 25.0)
    expect.close(backend, compiled(backend.asarray([1.0, 2.0, 3.0])), 14.0)
    expect.close(backend, compiled(backend.asarray([1.0, 2.0], dtype="float32")), 5.0, dtype="float32")


def test_containers_and_names_pass_through_a_compiled_function(backend: ArrayBackend) -> None:
    def function(model: dict[str, Any], *, shift: Array) -> dict[str, Any]:
        first, second = model["layers"]
        return {"sum": first + second + shift, "pair": (first * second, -first)}

    layers = [backend.asarray([1.0, 2.0]), backend.asarray([3.0, 4.0])]
    found = backend.jit(function)({"layers": layers}, shift=backend.asarray(10.0))
    expect.close(backend, found["sum"], [14.0, 16.0])
    expect.close(backend, found["pair"][0], [3.0, 8.0])
    expect.close(backend, found["pair"][1], [-1.0, -2.0])


def test_an_exception_of_a_compiled_function_comes_through(backend: ArrayBackend) -> None:
    def fails(x: Array) -> Any:
        raise ZeroDivisionError("mine")

    compiled = backend.jit(fails)
    with pytest.raises(ZeroDivisionError, match="mine"):
        compiled(backend.asarray(1.0))


@covers("value_and_grad")
@requires("jit", "autodiff", refusal=(UnsupportedError, GradientError))
def test_a_compiled_function_is_differentiated(backend: ArrayBackend) -> None:
    compiled = backend.jit(lambda x: backend.sin(x) * x)
    value, gradient = backend.value_and_grad(compiled, fallback="error")(0.7)
    expect.close(backend, value, math.sin(0.7) * 0.7)
    expect.close(backend, gradient, math.cos(0.7) * 0.7 + math.sin(0.7))


@covers("value_and_grad")
@requires("jit", "autodiff", refusal=(UnsupportedError, GradientError))
def test_a_derivative_is_compiled(backend: ArrayBackend) -> None:
    compiled = backend.jit(backend.value_and_grad(lambda x: backend.sin(x) * x, fallback="error"))
    for x in (0.7, 1.9):
        value, gradient = compiled(backend.asarray(x))
        expect.close(backend, value, math.sin(x) * x)
        expect.close(backend, gradient, math.cos(x) * x + math.sin(x))


@covers("value_and_grad", "vmap")
@requires("jit", "vmap", "autodiff", refusal=(UnsupportedError, GradientError))
def test_a_mapped_derivative_is_compiled(backend: ArrayBackend) -> None:
    derivative = backend.value_and_grad(lambda x: backend.sin(x) * x, fallback="error")
    value, gradient = backend.jit(backend.vmap(derivative))(backend.asarray([0.7, 1.9]))
    expect.close(backend, value, [math.sin(x) * x for x in (0.7, 1.9)])
    expect.close(backend, gradient, [math.cos(x) * x + math.sin(x) for x in (0.7, 1.9)])
