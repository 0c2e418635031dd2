"""`vmap`: a function mapped over a batch axis, by the framework or by a loop."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketgrad.errors import GradientError, InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend, InAxes
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires
from ketgrad_conformance.protocol.test_vjp import agrees_on_being_concrete

pytestmark = [covers("vmap"), requires("vmap")]

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
WITH_DERIVATIVE = requires("vmap", "autodiff", refusal=(UnsupportedError, GradientError))


@pytest.mark.usefixtures("precision")
def test_a_function_is_mapped_over_the_first_axis(backend: ArrayBackend) -> None:
    def weighted(row: Array) -> Array:
        assert tuple(row.shape) == (3,)
        return backend.sum(row * backend.asarray([1.0, 10.0, 100.0]))

    expect.close(backend, backend.vmap(weighted)(backend.asarray(ROWS)), [321.0, 654.0])


@pytest.mark.parametrize("axis", [1, -1])
def test_the_axis_is_counted_from_either_end_and_comes_out_first(backend: ArrayBackend, axis: int) -> None:
    def doubled(column: Array) -> Array:
        assert tuple(column.shape) == (2,)
        return column * 2.0

    expected = [[2.0, 8.0], [4.0, 10.0], [6.0, 12.0]]
    expect.close(backend, backend.vmap(doubled, axis)(backend.asarray(ROWS)), expected)


def test_the_axis_in_the_middle_of_three_is_mapped(backend: ArrayBackend) -> None:
    cube = backend.asarray([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    expected = [[[1.0], [4.0]], [[2.0], [5.0]], [[3.0], [6.0]]]
    expect.close(backend, backend.vmap(lambda part: part * 1.0, in_axes=-2)(cube), expected)


@pytest.mark.parametrize(
    ("in_axes", "expected"),
    [
        ((0, None), [[10.0, 40.0], [30.0, 80.0]]),
        ([0, 1], [[10.0, 60.0], [60.0, 160.0]]),
        ((1, 0), [[10.0, 60.0], [60.0, 160.0]]),
    ],
    ids=["second held", "second by columns", "first by columns"],
)
def test_each_argument_has_an_axis_of_its_own(backend: ArrayBackend, in_axes: InAxes, expected: Any) -> None:
    square, other = backend.asarray([[1.0, 2.0], [3.0, 4.0]]), backend.asarray([[10.0, 20.0], [30.0, 40.0]])
    held = backend.asarray([10.0, 20.0])
    second = held if in_axes == (0, None) else other

    def product(x: Array, y: Array) -> Array:
        return x * y

    expect.close(backend, backend.vmap(product, in_axes)(square, second), expected)


def test_an_argument_that_is_not_mapped_may_be_anything(backend: ArrayBackend) -> None:
    mapped = backend.vmap(lambda x, options: x * options["factor"], in_axes=(0, None))
    expect.close(backend, mapped(backend.asarray([1.0, 2.0]), {"factor": 3.0}), [3.0, 6.0])


def test_arguments_by_name_are_not_mapped(backend: ArrayBackend) -> None:
    mapped = backend.vmap(lambda x, *, factor: x * factor)
    expect.close(backend, mapped(backend.asarray([1.0, 2.0]), factor=3.0), [3.0, 6.0])


def test_lists_of_numbers_inside_containers_are_mapped_leaf_by_leaf(backend: ArrayBackend) -> None:
    def affine(model: dict[str, Array]) -> Array:
        return model["weight"] * 10.0 + model["bias"]

    model = {"weight": backend.asarray([1.0, 2.0]), "bias": backend.asarray([0.5, 0.25])}
    expect.close(backend, backend.vmap(affine)(model), [10.5, 20.25])


def test_containers_of_results_are_stacked_leaf_by_leaf(backend: ArrayBackend) -> None:
    def function(x: Array) -> tuple[Array, dict[str, Array]]:
        return x * 2.0, {"square": x * x, "cube": x * x * x}

    doubled, powers = backend.vmap(function)(backend.asarray([1.0, 2.0]))
    expect.close(backend, doubled, [2.0, 4.0])
    expect.close(backend, powers["square"], [1.0, 4.0])
    expect.close(backend, powers["cube"], [1.0, 8.0])


def test_a_result_that_does_not_depend_on_the_batch_is_repeated(backend: ArrayBackend) -> None:
    mapped = backend.vmap(lambda x: backend.asarray([7.0, 8.0]))
    expect.close(backend, mapped(backend.asarray([1.0, 2.0, 3.0])), [[7.0, 8.0]] * 3)


def test_a_map_stands_inside_another(backend: ArrayBackend) -> None:
    table = backend.vmap(backend.vmap(lambda x, y: x * y, in_axes=(None, 0)), in_axes=(0, None))
    expect.close(backend, table(backend.asarray([1.0, 2.0]), backend.asarray([3.0, 5.0])), [[3.0, 5.0], [6.0, 10.0]])


@covers("einsum", "exp", "take", "stack", "reshape", "transpose", "astype", "conj", "real", "matmul")
def test_what_a_simulator_does_runs_inside_a_map(backend: ArrayBackend) -> None:
    def flip(angle: Array) -> Array:
        phase = backend.exp(0.5j * backend.astype(angle, complex_type()))
        diagonal = backend.stack([backend.conj(phase), phase])
        matrix = backend.einsum("i,ij->ij", diagonal, backend.asarray([[1.0, 0.0], [0.0, 1.0]], dtype=complex_type()))
        plus = backend.asarray([[0.5**0.5], [0.5**0.5]], dtype=complex_type())
        state = backend.reshape(backend.transpose(backend.matmul(matrix, plus), (1, 0)), (2,))
        first, second = (backend.take(state, index, axis=0) for index in (0, 1))
        return 2.0 * backend.real(backend.conj(first) * second)

    angles = [0.3, 1.1]
    expect.close(backend, backend.vmap(flip)(backend.asarray(angles)), [math.cos(angle) for angle in angles])


@covers("is_array", "is_concrete", "to_numpy")
def test_an_array_inside_a_map_tells_what_it_is(backend: ArrayBackend) -> None:
    def function(x: Array) -> Array:
        assert backend.is_array(x)
        assert tuple(x.shape) == (2,)
        if backend.is_concrete(x):
            assert backend.to_numpy(x).tolist() in ([1.0, 2.0], [3.0, 4.0])
        else:
            agrees_on_being_concrete(backend, x, None)
        return x * 1.0

    backend.vmap(function)(backend.asarray([[1.0, 2.0], [3.0, 4.0]]))


@covers("value_and_grad")
@WITH_DERIVATIVE
def test_a_derivative_is_mapped(backend: ArrayBackend) -> None:
    derivative = backend.value_and_grad(lambda x: backend.sin(x) * x, fallback="error")
    points = [0.3, -1.2, 2.0]
    value, gradient = backend.vmap(derivative)(backend.asarray(points))
    expect.close(backend, value, [math.sin(x) * x for x in points])
    expect.close(backend, gradient, [math.cos(x) * x + math.sin(x) for x in points])


@covers("value_and_grad")
@WITH_DERIVATIVE
def test_a_map_is_differentiated(backend: ArrayBackend) -> None:
    def loss(x: Array, y: Array) -> Array:
        return backend.sum(backend.vmap(lambda row, scale: row * row * scale, in_axes=(0, None))(x, y))

    derivative = backend.value_and_grad(loss, argnums=(0, 1), fallback="error")
    value, (by_x, by_y) = derivative(backend.asarray([1.0, 2.0]), backend.asarray(3.0))
    expect.close(backend, value, 15.0)
    expect.close(backend, by_x, [6.0, 12.0])
    expect.close(backend, by_y, 5.0)


def test_batches_of_different_lengths_are_refused(backend: ArrayBackend) -> None:
    mapped = backend.vmap(lambda x, y: x * y)
    with expect.refusal(InvalidValueError, "2", "3"):
        mapped(backend.asarray([1.0, 2.0]), backend.asarray([1.0, 2.0, 3.0]))


@pytest.mark.parametrize(
    ("in_axes", "error"),
    [(None, InvalidValueError), ((0, 0), InvalidValueError), (1, InvalidValueError), ((0.5,), InvalidTypeError)],
    ids=["nothing mapped", "too many axes", "no such axis", "no integer"],
)
def test_axes_that_do_not_fit_the_arguments_are_refused(
    backend: ArrayBackend, in_axes: Any, error: type[Exception]
) -> None:
    with expect.refusal(error):
        backend.vmap(lambda x: x, in_axes)(backend.asarray([1.0, 2.0]))


def test_an_exception_of_a_mapped_function_comes_through(backend: ArrayBackend) -> None:
    mishap = ZeroDivisionError("mine")

    def fails(x: Array) -> Any:
        raise mishap

    mapped = backend.vmap(fails)
    with pytest.raises(ZeroDivisionError) as caught:
        mapped(backend.asarray([1.0, 2.0]))
    assert caught.value is mishap
