"""`vjp`: the framework's own derivative, before anything is filled in."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketgrad.errors import UntraceableError
from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = [covers("vjp"), requires("autodiff")]


class MishapError(Exception):
    """An exception of the user's own."""


def once(function: Any) -> Any:
    """Give a function the form that `vjp` takes, with nothing beside its value."""
    return lambda *leaves: (function(*leaves), None)


@pytest.mark.usefixtures("precision")
def test_vjp_returns_the_value_and_a_gradient_for_each_leaf(backend: ArrayBackend) -> None:
    leaves = [backend.asarray([1.0, 2.0]), backend.asarray([3.0, 5.0])]
    expect.pullback(
        backend,
        lambda x, y: x * x * y,
        leaves,
        [3.0, 20.0],
        [1.0, 10.0],
        [[6.0, 200.0], [1.0, 40.0]],
        dtype=real_type(),
    )


def test_a_pullback_is_called_as_often_as_one_likes(backend: ArrayBackend) -> None:
    _, _, pull = backend.vjp(once(lambda x: x * x), [backend.asarray([1.0, 2.0])])
    expect.close(backend, pull(backend.asarray([1.0, 0.0]))[0], [2.0, 0.0])
    expect.close(backend, pull(backend.asarray([0.0, 1.0]))[0], [0.0, 4.0])


def test_what_comes_beside_the_value_is_returned_as_values(backend: ArrayBackend) -> None:
    def function(x: Array) -> tuple[Array, Any]:
        return backend.sum(x), {"squares": x * x, "note": "kept"}

    _, aux, _ = backend.vjp(function, [backend.asarray([1.0, 2.0])])
    assert aux["note"] == "kept"
    expect.close(backend, aux["squares"], [1.0, 4.0])
    assert backend.is_concrete(aux["squares"])


def test_the_value_is_concrete_and_native(backend: ArrayBackend) -> None:
    value, _, _ = backend.vjp(once(backend.sum), [backend.asarray([1.0, 2.0])])
    expect.close(backend, value, 3.0)
    assert backend.is_concrete(value)


def test_an_unused_leaf_has_no_gradient_rather_than_zeros(backend: ArrayBackend) -> None:
    _, _, pull = backend.vjp(once(lambda x, y: x * 2.0), [backend.asarray(1.0), backend.asarray(1.0)])
    by_x, by_y = pull(backend.asarray(1.0))
    expect.close(backend, by_x, 2.0)
    assert by_y is None


def test_a_function_that_ignores_all_leaves_gives_none_for_each(backend: ArrayBackend) -> None:
    value, _, pull = backend.vjp(once(lambda x: backend.asarray(4.0)), [backend.asarray(1.0)])
    expect.close(backend, value, 4.0)
    assert pull(backend.asarray(1.0)) == [None]


def test_a_gradient_that_is_zero_is_zeros_rather_than_none(backend: ArrayBackend) -> None:
    leaf = backend.asarray([1.0, 2.0])
    expect.pullback(backend, lambda x: 0.0 * x, [leaf], [0.0, 0.0], [1.0, 1.0], [[0.0, 0.0]], dtype=real_type())


@pytest.mark.double_precision
def test_each_gradient_has_the_type_of_its_leaf(backend: ArrayBackend) -> None:
    leaves = [backend.asarray([2.0], dtype="float32"), backend.asarray([3.0], dtype="float64")]

    def product(x: Array, y: Array) -> Array:
        return backend.astype(x, "float64") * y

    expect.pullback(backend, product, leaves, [6.0], [1.0], [[3.0], [2.0]], dtype="float64")


def test_the_gradient_of_a_real_leaf_in_a_complex_result_is_real(backend: ArrayBackend) -> None:
    def phase(x: Array) -> Array:
        return backend.exp(1.0j * backend.astype(x, complex_type()))

    # ⟨w, dz⟩ = Re(conj(w) · i e^{ix}), with x = π/3 and w = 1 + 2i.
    value, gradient = complex(0.5, math.sqrt(3) / 2), -math.sqrt(3) / 2 + 2 * 0.5
    leaf = backend.asarray(math.pi / 3)
    result, _, pull = backend.vjp(once(phase), [leaf])
    expect.close(backend, result, value, dtype=complex_type())
    expect.close(backend, pull(backend.asarray(1.0 + 2.0j))[0], gradient)


@requires("complex-autodiff")
@pytest.mark.usefixtures("precision")
def test_the_gradient_of_a_squared_modulus_is_twice_the_number_itself(backend: ArrayBackend) -> None:
    def squared_modulus(z: Array) -> Array:
        return backend.real(backend.conj(z) * z)

    leaf = backend.asarray(1.0 + 2.0j)
    expect.pullback(backend, squared_modulus, [leaf], 5.0, 1.0, [2.0 + 4.0j], dtype=real_type())


def test_an_exception_of_the_function_comes_through(backend: ArrayBackend) -> None:
    mishap = MishapError("mine")

    def fails(x: Array) -> Any:
        raise mishap

    with pytest.raises(MishapError) as caught:
        backend.vjp(fails, [backend.asarray(1.0)])
    assert caught.value is mishap


@covers("is_array", "is_concrete", "to_numpy", "dtype")
def test_an_array_inside_a_derivative_tells_what_it_is(backend: ArrayBackend) -> None:
    def function(x: Array) -> tuple[Array, None]:
        assert backend.is_array(x)
        assert backend.dtype(x) == real_type()
        assert tuple(x.shape) == (2,)
        agrees_on_being_concrete(backend, x, [1.0, 2.0])
        return x * 1.0, None

    backend.vjp(function, [backend.asarray([1.0, 2.0])])


def agrees_on_being_concrete(backend: ArrayBackend, array: Array, values: Any) -> None:
    """Expect the values of a concrete array to be had, and those of another refused."""
    if backend.is_concrete(array):
        expect.near(backend.to_numpy(array), values, expect.TOLERANCE[backend.dtype(array)])
        return
    with expect.refusal(UntraceableError):
        backend.to_numpy(array)
