"""Arranging elements: `reshape`, `transpose`, `stack`, `take`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ketgrad.precision import complex_type
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = pytest.mark.usefixtures("precision")

TWO_BY_THREE = [[10.0, 11.0, 12.0], [20.0, 21.0, 22.0]]


@covers("reshape")
def test_reshape_keeps_the_order_with_the_last_axis_fastest(backend: ArrayBackend) -> None:
    expect.forward_and_backward(
        backend,
        lambda x: backend.reshape(x, (3, 2)),
        [TWO_BY_THREE],
        [[10.0, 11.0], [12.0, 20.0], [21.0, 22.0]],
        [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]],
    )


@covers("reshape")
def test_reshape_makes_and_takes_away_axes_of_length_one(backend: ArrayBackend) -> None:
    expect.forward_and_backward(backend, lambda x: backend.reshape(x, ()), [[[7.0]]], 7.0, [[[1.0]]])
    expect.forward_and_backward(backend, lambda x: backend.reshape(x, [1, 1]), [7.0], [[7.0]], [1.0])


@covers("transpose")
def test_transpose_reverses_a_matrix(backend: ArrayBackend) -> None:
    expect.forward_and_backward(
        backend,
        lambda x: backend.transpose(x, (1, 0)),
        [TWO_BY_THREE],
        [[10.0, 20.0], [11.0, 21.0], [12.0, 22.0]],
        [[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]],
    )


@covers("transpose")
def test_transpose_puts_axis_k_of_the_list_in_place_k(backend: ArrayBackend) -> None:
    # A cycle of three axes differs from its inverse, which a wrong reading of `axes` would give.
    expect.forward_and_backward(
        backend,
        lambda x: backend.transpose(x, [2, 0, 1]),
        [[TWO_BY_THREE]],
        [[[10.0, 20.0]], [[11.0, 21.0]], [[12.0, 22.0]]],
        [[[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]]],
    )


@covers("transpose")
@requires("complex-autodiff")
def test_transpose_conjugates_nothing(backend: ArrayBackend) -> None:
    matrix = backend.asarray([[1.0j, 2.0], [3.0 - 1.0j, 4.0]])
    expect.pullback(
        backend, lambda z: backend.transpose(z, (1, 0)), [matrix], [[1.0j, 3.0 - 1.0j], [2.0, 4.0]],
        [[1.0j, 2.0], [3.0, 4.0j]], [[[1.0j, 3.0], [2.0, 4.0j]]], dtype=complex_type(),
    )  # fmt: skip


@covers("stack")
@pytest.mark.parametrize(
    ("axis", "value", "gradients"),
    [
        (0, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])),
        (1, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], ([1.0, 3.0, 5.0], [2.0, 4.0, 6.0])),
        (-1, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], ([1.0, 3.0, 5.0], [2.0, 4.0, 6.0])),
    ],
)
def test_stack_joins_along_a_new_axis(backend: ArrayBackend, axis: int, value: Any, gradients: Any) -> None:
    inputs = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    expect.forward_and_backward(backend, lambda x, y: backend.stack([x, y], axis=axis), inputs, value, gradients)


@covers("stack")
def test_stack_joins_scalars_along_axis_zero_by_default(backend: ArrayBackend) -> None:
    expect.forward_and_backward(backend, lambda x, y: backend.stack((x, y, x)), [7.0, 8.0], [7.0, 8.0, 7.0], [4.0, 2.0])


@covers("take")
def test_a_list_of_indices_picks_in_its_order_and_adds_up_in_the_gradient(backend: ArrayBackend) -> None:
    expect.forward_and_backward(
        backend,
        lambda x: backend.take(x, [2, 0, 2], axis=1),
        [TWO_BY_THREE],
        [[12.0, 10.0, 12.0], [22.0, 20.0, 22.0]],
        [[[2.0, 0.0, 4.0], [5.0, 0.0, 10.0]]],
    )


@covers("take")
@pytest.mark.parametrize("indices", [[1, 0], (1, 0), np.array([1, 0])], ids=["list", "tuple", "NumPy array"])
def test_indices_come_in_any_form(backend: ArrayBackend, indices: Any) -> None:
    expect.forward_and_backward(
        backend, lambda x: backend.take(x, indices, axis=0), [[7.0, 8.0]], [8.0, 7.0], [[2.0, 1.0]]
    )


@covers("take")
@pytest.mark.parametrize("index", [1, np.int64(1)], ids=["int", "NumPy integer"])
def test_a_single_integer_removes_the_axis(backend: ArrayBackend, index: Any) -> None:
    expect.forward_and_backward(
        backend,
        lambda x: backend.take(x, index, axis=0),
        [TWO_BY_THREE],
        [20.0, 21.0, 22.0],
        [[[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]],
    )


@covers("take")
@pytest.mark.parametrize("axis", [1, -1])
def test_take_heeds_the_axis_counted_from_either_end(backend: ArrayBackend, axis: int) -> None:
    expect.forward_and_backward(
        backend,
        lambda x: backend.take(x, 1, axis=axis),
        [TWO_BY_THREE],
        [11.0, 21.0],
        [[[0.0, 1.0, 0.0], [0.0, 2.0, 0.0]]],
    )
