"""`custom_gradient`: a gradient by a rule of one's own, as shift rules need it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = covers("custom_gradient")


def shifted_sine(backend: ArrayBackend) -> Any:
    """Return sin x with a derivative from its own values a quarter of a period away; seven times it, to be known by."""

    def pullback(inputs: Sequence[Array], cotangent: Array) -> list[Array]:
        (x,) = inputs
        return [cotangent * 3.5 * (operation(x + math.pi / 2) - operation(x - math.pi / 2))]

    operation = backend.custom_gradient(backend.sin, pullback)
    return operation


def marked_product(backend: ArrayBackend) -> Any:
    """Return x·y with twice its gradient by x and three times that by y."""
    return backend.custom_gradient(
        lambda x, y: x * y,
        lambda inputs, cotangent: [2.0 * cotangent * inputs[1], 3.0 * cotangent * inputs[0]],
    )


@pytest.mark.usefixtures("precision")
def test_the_values_are_the_functions(backend: ArrayBackend) -> None:
    found = marked_product(backend)(backend.asarray([2.0, 3.0]), backend.asarray([5.0, 7.0]))
    expect.close(backend, found, [10.0, 21.0])


@requires("autodiff")
@pytest.mark.usefixtures("precision")
def test_each_input_has_the_gradient_that_was_given(backend: ArrayBackend) -> None:
    leaves = [backend.asarray([2.0, 3.0]), backend.asarray([5.0, 7.0])]
    expect.pullback(
        backend, marked_product(backend), leaves, [10.0, 21.0], [1.0, 10.0], [[10.0, 140.0], [6.0, 90.0]],
        dtype=real_type(),
    )  # fmt: skip


@requires("autodiff")
def test_the_gradient_stands_in_the_middle_of_a_graph(backend: ArrayBackend) -> None:
    sine, x = shifted_sine(backend), 0.4
    # z = sin(3x)², with 7·cos for the derivative of sin: dz/dx = 2 sin(3x) · 7 cos(3x) · 3.
    expect.pullback(
        backend, lambda y: sine(3.0 * y) * sine(3.0 * y), [backend.asarray(x)], math.sin(1.2) ** 2, 1.0,
        [42 * math.sin(1.2) * math.cos(1.2)], dtype=real_type(),
    )  # fmt: skip


@requires("complex-autodiff")
@pytest.mark.usefixtures("precision")
def test_complex_cotangents_come_and_go_by_the_protocols_convention(backend: ArrayBackend) -> None:
    square = backend.custom_gradient(
        lambda z: z * z, lambda inputs, cotangent: [7.0 * backend.conj(2.0 * inputs[0]) * cotangent]
    )
    z, w = 1.0 + 2.0j, 3.0 - 1.0j
    expect.pullback(
        backend, square, [backend.asarray([z])], [z * z], [w], [[7 * (2 * z).conjugate() * w]], dtype=complex_type()
    )


@requires("higher-order")
def test_the_pullback_is_differentiated_in_turn(backend: ArrayBackend) -> None:
    sine, x = shifted_sine(backend), 0.4

    def slope(y: Array) -> tuple[Array, None]:
        value, _, pull = backend.vjp(lambda z: (sine(z), None), [y])
        return pull(value * 0.0 + 1.0)[0], None

    value, _, pull = backend.vjp(slope, [backend.asarray(x)])
    expect.close(backend, value, 7 * math.cos(x))
    expect.close(backend, pull(backend.asarray(1.0))[0], -49 * math.sin(x))


@requires("autodiff", "vmap")
def test_a_mapped_operation_keeps_its_gradient(backend: ArrayBackend) -> None:
    def gradient(x: Array, y: Array) -> Array:
        value, _, pull = backend.vjp(lambda u, v: (marked_product(backend)(u, v), None), [x, y])
        return backend.stack(pull(value * 0.0 + 1.0))

    rows = backend.vmap(gradient, in_axes=(0, None))(backend.asarray([2.0, 3.0]), backend.asarray(5.0))
    expect.close(backend, rows, [[10.0, 6.0], [10.0, 9.0]])


@covers("jit")
@requires("autodiff", "jit")
def test_the_gradient_is_compiled(backend: ArrayBackend) -> None:
    def slope(x: Array) -> Array:
        _, _, pull = backend.vjp(lambda y: (backend.sum(shifted_sine(backend)(y)), None), [x])
        return pull(backend.asarray(1.0))[0]

    expected = [7 * math.cos(number) for number in (0.3, 0.9)]
    expect.close(backend, backend.jit(slope)(backend.asarray([0.3, 0.9])), expected)


@covers("jit")
@requires("autodiff", "jit")
def test_a_compiled_function_keeps_the_gradient(backend: ArrayBackend) -> None:
    sine = backend.jit(lambda x: 2.0 * shifted_sine(backend)(3.0 * x))
    value, _, pull = backend.vjp(lambda x: (sine(x), None), [backend.asarray(0.3)])
    expect.close(backend, value, 2 * math.sin(0.9))
    expect.close(backend, pull(backend.asarray(1.0))[0], 42 * math.cos(0.9))


@requires("autodiff")
def test_an_exception_in_the_pullback_comes_out(backend: ArrayBackend) -> None:
    def refuse(inputs: Sequence[Array], cotangent: Array) -> list[Array]:
        raise ZeroDivisionError("no gradient here")

    operation = backend.custom_gradient(lambda x, y: x * y, refuse)
    x = backend.asarray(2.0)
    value, _, pull = backend.vjp(lambda y: (operation(x, y), None), [backend.asarray(3.0)])
    expect.close(backend, value, 6.0)
    with pytest.raises(ZeroDivisionError, match="no gradient here"):
        pull(backend.asarray(1.0))
