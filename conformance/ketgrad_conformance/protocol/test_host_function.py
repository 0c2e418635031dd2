"""`host_function`: operations from functions over NumPy arrays, as compiled kernels, shots and hardware need them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ketgrad.errors import GradientError
from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = [covers("host_function"), requires("host-function")]


def elementwise(backend: ArrayBackend, function: Any, derivative: Any) -> Any:
    """Make an operation of one input from a function and its complex derivative."""

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        assert all(isinstance(entry, np.ndarray | np.generic) for entry in (*inputs, result, cotangent))
        return [np.conj(derivative(inputs[0])) * cotangent]

    return backend.host_function(lambda x: function(x), backward, lambda spec: spec)


def weighted_product(backend: ArrayBackend) -> Any:
    """Make the operation x, y ↦ Σ_k x_k y_k², of two inputs of one shape."""
    return backend.host_function(
        lambda x, y: np.sum(x * y * y),
        lambda inputs, result, cotangent: [cotangent * inputs[1] ** 2, cotangent * 2 * inputs[0] * inputs[1]],
        lambda x, y: ArraySpec((), x.dtype),
    )


@pytest.mark.usefixtures("precision")
def test_forward_computes_on_numpy_arrays_what_comes_out_native(backend: ArrayBackend) -> None:
    def forward(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        assert x.dtype == real_type()
        return np.outer(x, x)

    operation = backend.host_function(forward, lambda *_: [], lambda x: ArraySpec((*x.shape, *x.shape), x.dtype))
    expect.close(backend, operation(backend.asarray([1.0, 2.0])), [[1.0, 2.0], [2.0, 4.0]])


def test_output_says_shape_and_type_of_the_result(backend: ArrayBackend) -> None:
    seen = []

    def output(x: ArraySpec) -> ArraySpec:
        seen.append((tuple(x.shape), x.dtype))
        return ArraySpec((1, 2), complex_type())

    operation = backend.host_function(lambda x: [[1.0, 2.0]], lambda *_: [], output)
    expect.close(backend, operation(backend.asarray([1.0, 2.0, 3.0])), [[1.0, 2.0]], dtype=complex_type())
    assert seen[0] == ((3,), real_type())


@requires("host-function", "autodiff")
@pytest.mark.usefixtures("precision")
def test_backward_gives_a_gradient_for_each_input(backend: ArrayBackend) -> None:
    leaves = [backend.asarray([2.0, 3.0]), backend.asarray([5.0, 7.0])]
    expect.pullback(
        backend, weighted_product(backend), leaves, 197.0, 2.0, [[50.0, 98.0], [40.0, 84.0]], dtype=real_type()
    )


@requires("host-function", "autodiff")
def test_an_operation_stands_in_the_middle_of_a_graph(backend: ArrayBackend) -> None:
    cube = elementwise(backend, lambda x: x**3, lambda x: 3 * x**2)
    leaf = backend.asarray([1.0, 2.0])
    # y = (3x)³, z = y²: dz/dx = 2y · 3(3x)² · 3.
    expect.pullback(
        backend, lambda x: cube(3.0 * x) * cube(3.0 * x), [leaf], [729.0, 46656.0], [1.0, 1.0],
        [[2 * 27.0 * 27 * 3, 2 * 216.0 * 108 * 3]], dtype=real_type(),
    )  # fmt: skip


@requires("host-function", "autodiff")
def test_backward_gets_a_whole_cotangent_where_one_element_was_picked(backend: ArrayBackend) -> None:
    cube = elementwise(backend, lambda x: x**3, lambda x: 3 * x**2)
    leaf = backend.asarray([[1.0, 2.0], [3.0, 4.0]])
    expect.pullback(
        backend, lambda x: backend.take(cube(x), 1, axis=0), [leaf], [27.0, 64.0], [1.0, 10.0],
        [[[0.0, 0.0], [27.0, 480.0]]], dtype=real_type(),
    )  # fmt: skip


@requires("host-function", "complex-autodiff")
@pytest.mark.usefixtures("precision")
def test_a_complex_cotangent_reaches_backward_by_the_protocols_convention(backend: ArrayBackend) -> None:
    square = elementwise(backend, lambda z: z * z, lambda z: 2 * z)
    z, w = 1.0 + 2.0j, 3.0 - 1.0j
    expect.pullback(
        backend, square, [backend.asarray([z])], [z * z], [w], [[(2 * z).conjugate() * w]], dtype=complex_type()
    )


@requires("host-function", "autodiff")
def test_a_real_input_of_a_complex_result_has_a_real_gradient(backend: ArrayBackend) -> None:
    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        return [np.real(np.conj(1j * result) * cotangent)]

    phase = backend.host_function(lambda x: np.exp(1j * x), backward, lambda x: ArraySpec(x.shape, complex_type()))
    expect.pullback(backend, phase, [backend.asarray([0.0])], [1.0], [1.0 + 2.0j], [[2.0]], dtype=complex_type())


@requires("host-function", "vmap")
def test_an_operation_is_mapped(backend: ArrayBackend) -> None:
    operation = weighted_product(backend)
    rows, row = backend.asarray([[1.0, 2.0], [3.0, 4.0]]), backend.asarray([5.0, 7.0])
    expect.close(backend, backend.vmap(operation, in_axes=(0, None))(rows, row), [123.0, 271.0])


@requires("host-function", "vmap", "autodiff")
def test_a_mapped_operation_is_differentiated(backend: ArrayBackend) -> None:
    mapped = backend.vmap(weighted_product(backend), in_axes=(0, None))
    leaves = [backend.asarray([[1.0, 2.0], [3.0, 4.0]]), backend.asarray([5.0, 7.0])]
    expect.pullback(
        backend, mapped, leaves, [123.0, 271.0], [1.0, 10.0],
        [[[25.0, 49.0], [250.0, 490.0]], [310.0, 588.0]], dtype=real_type(),
    )  # fmt: skip


@covers("jit")
@requires("host-function", "jit")
def test_a_compiled_operation_computes_anew_at_each_call(backend: ArrayBackend) -> None:
    compiled = backend.jit(lambda x: 2.0 * elementwise(backend, lambda x: x**3, lambda x: 3 * x**2)(x))
    expect.close(backend, compiled(backend.asarray([1.0, 2.0])), [2.0, 16.0])
    expect.close(backend, compiled(backend.asarray([3.0, -1.0])), [54.0, -2.0])


@covers("jit")
@requires("host-function", "jit", "autodiff")
def test_the_derivative_of_an_operation_is_compiled(backend: ArrayBackend) -> None:
    cube = elementwise(backend, lambda x: x**3, lambda x: 3 * x**2)

    def pulled(x: Array) -> Array:
        _, _, pull = backend.vjp(lambda y: (backend.sum(cube(y)), None), [x])
        return pull(backend.asarray(1.0))[0]

    expect.close(backend, backend.jit(pulled)(backend.asarray([1.0, 2.0])), [3.0, 12.0])


@requires("host-function", "autodiff")
@pytest.mark.parametrize("after", ["nothing", "square"])
def test_a_second_derivative_raises_and_is_never_zero(backend: ArrayBackend, after: str) -> None:
    cube = elementwise(backend, lambda x: x**3, lambda x: 3 * x**2)

    def function(x: Array) -> tuple[Array, None]:
        return (cube(x) if after == "nothing" else cube(x) * cube(x)), None

    def slope(x: Array) -> tuple[Array, None]:
        _, _, pull = backend.vjp(function, [x])
        return pull(backend.asarray(1.0))[0], None

    first, _ = slope(backend.asarray(2.0))
    expect.close(backend, first, 12.0 if after == "nothing" else 192.0)
    with expect.some_error():
        _, _, pull = backend.vjp(slope, [backend.asarray(2.0)])
        pull(backend.asarray(1.0))


@requires("host-function", "autodiff")
@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("after", ["nothing", "square"])
def test_a_second_derivative_goes_through_the_native_function(backend: ArrayBackend, after: str) -> None:
    cube = backend.host_function(
        lambda x: x**3,
        lambda inputs, result, cotangent: [3 * inputs[0] ** 2 * cotangent],
        lambda x: x,
        native=lambda x: x * x * x,
    )

    def function(x: Array) -> tuple[Array, None]:
        return (cube(x) if after == "nothing" else cube(x) * cube(x)), None

    def slope(x: Array) -> tuple[Array, None]:
        _, _, pull = backend.vjp(function, [x])
        return pull(backend.asarray(1.0))[0], None

    first, _, pull = backend.vjp(slope, [backend.asarray(2.0)])
    # (x³)″ = 6x, (x⁶)″ = 30x⁴.
    expect.close(backend, first, 12.0 if after == "nothing" else 192.0)
    expect.close(backend, pull(backend.asarray(1.0))[0], 12.0 if after == "nothing" else 480.0)


def product_over_axes(backend: ArrayBackend) -> Any:
    """Make the operation x, y ↦ Σ_k x_k y_k², whose functions take further axes."""

    def backward(inputs: Any, result: Any, cotangent: Any) -> list[Any]:
        x, y = inputs
        assert x.shape == y.shape
        return [cotangent[..., None] * y**2, cotangent[..., None] * 2 * x * y]

    return backend.host_function(
        lambda x, y: np.sum(x * y * y, axis=-1),
        backward,
        lambda x, y: ArraySpec(tuple(x.shape)[:-1], x.dtype),
        is_vectorized=True,
        native=lambda x, y: backend.sum(x * y * y, axis=0),
    )


@requires("host-function", "vmap", "autodiff")
def test_an_operation_over_further_axes_is_mapped_and_differentiated(backend: ArrayBackend) -> None:
    mapped = backend.vmap(product_over_axes(backend), in_axes=(0, None))
    leaves = [backend.asarray([[1.0, 2.0], [3.0, 4.0]]), backend.asarray([5.0, 7.0])]
    expect.pullback(
        backend, mapped, leaves, [123.0, 271.0], [1.0, 10.0],
        [[[25.0, 49.0], [250.0, 490.0]], [310.0, 588.0]], dtype=real_type(),
    )  # fmt: skip


@requires("host-function", "vmap")
def test_an_operation_over_further_axes_is_mapped_twice(backend: ArrayBackend) -> None:
    operation = product_over_axes(backend)
    table = backend.vmap(backend.vmap(operation, in_axes=(None, 1)), in_axes=(0, None))
    xs, ys = np.arange(6.0).reshape(3, 2), np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    expect.close(backend, table(backend.asarray(xs.tolist()), backend.asarray(ys.tolist())), xs @ ys**2)


@requires("host-function", "vmap", "autodiff")
def test_a_mapped_operation_has_its_second_derivatives(backend: ArrayBackend) -> None:
    mapped = backend.vmap(product_over_axes(backend), in_axes=(None, 0))
    weights = backend.asarray([1.0, 2.0])

    def slope(rows: Array) -> tuple[Array, None]:
        _, _, pull = backend.vjp(lambda y: (backend.sum(mapped(weights, y)), None), [rows])
        return pull(backend.asarray(1.0))[0], None

    first, _, pull = backend.vjp(slope, [backend.asarray([[5.0, 7.0], [3.0, 1.0]])])
    # d/dy Σ x y² = 2xy, and its derivative 2x.
    expect.close(backend, first, [[10.0, 28.0], [6.0, 4.0]])
    cotangent = backend.asarray([[1.0, 10.0], [100.0, 1000.0]])
    expect.close(backend, pull(cotangent)[0], [[2.0, 40.0], [200.0, 4000.0]])


@requires("host-function", "autodiff")
def test_an_operation_without_a_derivative_says_why(backend: ArrayBackend) -> None:
    floor = backend.host_function(np.floor, "a floor has no derivative; leave it out", lambda x: x)
    expect.close(backend, floor(backend.asarray([1.5, 2.25])), [1.0, 2.0])
    with expect.refusal(GradientError, "a floor has no derivative; leave it out"):
        _, _, pull = backend.vjp(lambda x: (backend.sum(floor(x)), None), [backend.asarray([1.5, 2.25])])
        pull(backend.asarray(1.0))
