"""`fold`: a step taken for each element, by a loop that a compiled function holds once."""

from __future__ import annotations

import numpy as np
import pytest

from ketgrad.differentiate.derivatives import hessian
from ketgrad.errors import GradientError, UnsupportedError
from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = covers("fold")

NUMBERS = [[2.0], [3.0], [5.0]]


def polynomial(backend: ArrayBackend, start: Array, numbers: Array) -> Array:
    """Return ((s·a + 1)·b + 1)·c + 1 for the start s and the numbers a, b, c."""
    return backend.fold(lambda carry, number: carry * number + 1.0, start, [numbers])


@pytest.mark.usefixtures("precision")
def test_each_step_takes_what_the_one_before_it_returned(backend: ArrayBackend) -> None:
    expect.forward_and_backward(
        backend, lambda s, x: polynomial(backend, s, x), [[0.5], NUMBERS], [36.0], [[30.0], [[7.5], [10.0], [7.0]]]
    )


@pytest.mark.usefixtures("precision")
def test_a_step_takes_an_element_of_each_array(backend: ArrayBackend) -> None:
    # x ↦ M x + b, first with a nilpotent M, then with an exchange.
    matrices, shifts = [[[0.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]], [[1.0, 2.0], [10.0, 20.0]]

    def folded(start: Array, first: Array, second: Array) -> Array:
        return backend.fold(lambda x, m, b: backend.einsum("ij,j->i", m, x) + b, start, (first, second))

    expect.forward_and_backward(
        backend,
        folded,
        [[3.0, 4.0], matrices, shifts],
        [12.0, 25.0],
        [[0.0, 2.0], [[[6.0, 8.0], [3.0, 4.0]], [[5.0, 2.0], [10.0, 4.0]]], [[2.0, 1.0], [1.0, 2.0]]],
    )


@requires("complex-autodiff")
@pytest.mark.usefixtures("precision")
def test_complex_steps_pull_back_through_the_conjugate(backend: ArrayBackend) -> None:
    kind = complex_type()
    inputs = [backend.asarray(1.0j, dtype=kind), backend.asarray([2.0j, 1.0 + 1.0j], dtype=kind)]
    expect.pullback(
        backend, lambda s, x: backend.fold(lambda carry, factor: carry * factor, s, [x]), inputs, -2.0 - 2.0j, 1.0,
        [-2.0 - 2.0j, [-1.0 - 1.0j, -2.0]], dtype=kind,
    )  # fmt: skip


def test_no_element_leaves_the_start(backend: ArrayBackend) -> None:
    none = backend.take(backend.asarray(NUMBERS), np.array([], int), axis=0)
    expect.close(backend, polynomial(backend, backend.asarray([0.5]), none), [0.5])


@covers("jit")
@requires("jit")
def test_a_fold_is_compiled_and_takes_later_values(backend: ArrayBackend) -> None:
    compiled = backend.jit(lambda s, x: polynomial(backend, s, x))
    numbers = backend.asarray(NUMBERS)
    expect.close(backend, compiled(backend.asarray([0.5]), numbers), [36.0])
    expect.close(backend, compiled(backend.asarray([1.5]), numbers), [66.0])


@covers("vmap")
@requires("vmap")
@pytest.mark.parametrize(
    ("axes", "values"), [((0, None), [36.0, 66.0]), ((None, 0), [36.0, 3.5]), ((0, 0), [36.0, 4.5])]
)
def test_a_fold_is_mapped(backend: ArrayBackend, axes: tuple[int | None, ...], values: list[float]) -> None:
    starts, numbers = [0.5, 1.5], [[2.0, 3.0, 5.0], [1.0, 1.0, 1.0]]
    given = [starts if axes[0] == 0 else starts[0], numbers if axes[1] == 0 else numbers[0]]
    mapped = backend.vmap(lambda s, x: polynomial(backend, s, x), axes)
    expect.close(backend, mapped(*map(backend.asarray, given)), values)


@covers("jit", "vmap", "value_and_grad")
@requires("jit", "vmap", "autodiff", refusal=(UnsupportedError, GradientError))
def test_a_mapped_derivative_of_a_fold_is_compiled(backend: ArrayBackend) -> None:
    derivative = backend.value_and_grad(lambda s, x: polynomial(backend, s, x), 1, fallback="error")
    starts, numbers = backend.asarray([0.5, 1.0]), backend.asarray([[2.0, 3.0, 5.0], [1.0, 1.0, 1.0]])
    value, gradient = backend.jit(backend.vmap(derivative))(starts, numbers)
    expect.close(backend, value, [36.0, 4.0])
    expect.close(backend, gradient, [[7.5, 10.0, 7.0], [1.0, 2.0, 3.0]])


@covers("value_and_grad")
@requires("higher-order", refusal=(UnsupportedError, GradientError))
@pytest.mark.parametrize("is_compiled", [False, True], ids=["eager", "compiled"])
def test_a_fold_is_differentiated_twice(backend: ArrayBackend, is_compiled: bool) -> None:
    # ((s·a + 1)·b + 1)·c + 1 at s = 1/2, a = 2, b = 3, c = 5.
    start = backend.asarray(0.5)
    second = hessian(backend, lambda x: polynomial(backend, start, x), 0, fallback="error")
    found = (backend.jit(second) if is_compiled else second)(backend.asarray([2.0, 3.0, 5.0]))
    expect.close(backend, found, [[0.0, 2.5, 1.5], [2.5, 0.0, 2.0], [1.5, 2.0, 0.0]])
