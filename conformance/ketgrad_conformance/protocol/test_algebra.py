"""Sums and products: `einsum`, `matmul`, `sum`, and the arithmetic operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ketgrad.precision import complex_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect, oracle
from ketgrad_conformance.capabilities import covers, requires

pytestmark = pytest.mark.usefixtures("precision")

A = [[1.0, 2.0, -1.0], [0.5, 3.0, 4.0]]
B = [[2.0, -1.0], [1.0, 5.0], [0.5, 1.5]]
CUBE = [[[1.0, -2.0], [3.0, 0.5], [2.0, 1.0]], [[0.0, 1.0], [-1.0, 2.0], [4.0, 3.0]]]
V = [2.0, -3.0]
EINSUMS: dict[str, list[Any]] = {
    "ij->ji": [A],
    "ijk->ik": [CUBE],
    "ij,jk->ik": [A, B],
    "ij,jk->ki": [A, B],
    "ij,ki->jk": [A, B],
    "i,j->ji": [V, A[1]],
    "i,i->": [V, [0.5, 7.0]],
    "ij,ij->ij": [A, [[2.0, 1.0, 0.0], [3.0, 5.0, 7.0]]],
    "ab,bcd->acd": [A[:1], [[[1.0], [2.0]], [[3.0], [-1.0]], [[0.5], [4.0]]]],
    "bij,bj->bi": [CUBE, [[1.0, 2.0], [-1.0, 3.0]]],
    "iA,AZ,Z->i": [A, B, V],
}
COMPLEX_A = [[1.0 + 2.0j, -1.0j], [0.5, 3.0 - 1.0j]]
COMPLEX_B = [[2.0j, 1.0 - 1.0j], [1.5 + 0.5j, -2.0]]
WEIGHTS = [[1.0 + 1.0j, 2.0], [-3.0j, 0.5 - 2.0j]]


def conjugated(tree: Any) -> Any:
    """Return nested lists with the conjugate of each number."""
    return oracle.each(lambda number: complex(number).conjugate(), tree)


def einsum_gradients(subscripts: str, operands: list[Any], weights: Any) -> list[Any]:
    """Return the gradient by each operand: the weights contracted with the conjugates of the others."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    gradients = []
    for place, term in enumerate(terms):
        others = [*terms[:place], *terms[place + 1 :]]
        rest = [conjugated(operand) for operand in (*operands[:place], *operands[place + 1 :])]
        lost = [name for name in term if name not in output + "".join(others)]
        ones = [[1.0] * oracle.shape(operands[place])[term.index(name)] for name in lost]
        reverse = f"{','.join([output, *others, *lost])}->{term}"
        gradients.append(oracle.einsum(reverse, weights, *rest, *ones))
    return gradients


def real_parts(tree: Any) -> Any:
    """Return nested lists with the real part of each number."""
    return oracle.each(lambda number: complex(number).real, tree)


@covers("einsum")
@pytest.mark.parametrize("subscripts", EINSUMS)
def test_einsum_sums_products_of_real_elements(backend: ArrayBackend, subscripts: str) -> None:
    operands = EINSUMS[subscripts]
    value = oracle.einsum(subscripts, *operands)
    gradients = einsum_gradients(subscripts, operands, expect.ramp(oracle.shape(value)))
    expect.forward_and_backward(
        backend, lambda *arrays: backend.einsum(subscripts, *arrays), operands, value, real_parts(gradients)
    )


@covers("einsum", "matmul")
@requires("complex-autodiff")
@pytest.mark.parametrize("member", ["einsum", "matmul"])
def test_complex_products_pull_back_through_the_conjugate_of_the_other_factor(
    backend: ArrayBackend, member: str
) -> None:
    def product(left: Array, right: Array) -> Array:
        return backend.matmul(left, right) if member == "matmul" else backend.einsum("ij,jk->ik", left, right)

    inputs = [backend.asarray(COMPLEX_A), backend.asarray(COMPLEX_B)]
    value = oracle.einsum("ij,jk->ik", COMPLEX_A, COMPLEX_B)
    gradients = einsum_gradients("ij,jk->ik", [COMPLEX_A, COMPLEX_B], WEIGHTS)
    expect.pullback(backend, product, inputs, value, WEIGHTS, gradients, dtype=complex_type())


@covers("matmul")
def test_matmul_multiplies_matrices(backend: ArrayBackend) -> None:
    value = oracle.einsum("ij,jk->ik", A, B)
    gradients = einsum_gradients("ij,jk->ik", [A, B], expect.ramp((2, 2)))
    expect.forward_and_backward(backend, backend.matmul, [A, B], value, real_parts(gradients))


@covers("matmul")
def test_matmul_multiplies_batches_of_matrices_in_the_last_two_axes(backend: ArrayBackend) -> None:
    right = [[[1.0, 0.5], [2.0, -1.0]], [[3.0, 1.0], [0.0, 4.0]]]
    value = oracle.einsum("bij,bjk->bik", CUBE, right)
    gradients = einsum_gradients("bij,bjk->bik", [CUBE, right], expect.ramp((2, 3, 2)))
    expect.forward_and_backward(backend, backend.matmul, [CUBE, right], value, real_parts(gradients))


@covers("sum")
@pytest.mark.parametrize(
    ("axis", "value", "gradient"),
    [
        (None, 9.5, [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]),
        (0, [1.5, 5.0, 3.0], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]),
        (1, [2.0, 7.5], [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]),
        (-1, [2.0, 7.5], [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]),
    ],
)
def test_sum_runs_over_one_axis_or_over_all_elements(
    backend: ArrayBackend, axis: int | None, value: Any, gradient: Any
) -> None:
    expect.forward_and_backward(backend, lambda x: backend.sum(x, axis=axis), [A], value, [gradient])


@covers("sum")
@requires("complex-autodiff")
def test_sum_adds_complex_numbers(backend: ArrayBackend) -> None:
    numbers = backend.asarray([1.0 + 2.0j, -3.0j])
    expect.pullback(backend, backend.sum, [numbers], 1.0 - 1.0j, 2.0 + 1.0j, [[2.0 + 1.0j] * 2], dtype=complex_type())


ROW, COLUMN = [[2.0, 4.0]], [[1.0], [8.0]]
OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], Any, Any, Any]] = {
    "+": (lambda x, y: x + y, [[3.0, 5.0], [10.0, 12.0]], [[4.0, 6.0]], [[3.0], [7.0]]),
    "-": (lambda x, y: x - y, [[1.0, 3.0], [-6.0, -4.0]], [[4.0, 6.0]], [[-3.0], [-7.0]]),
    "*": (lambda x, y: x * y, [[2.0, 4.0], [16.0, 32.0]], [[25.0, 34.0]], [[10.0], [22.0]]),
    "/": (lambda x, y: x / y, [[2.0, 4.0], [0.25, 0.5]], [[1.375, 2.5]], [[-10.0], [-22.0 / 64]]),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_broadcast_and_their_gradients_sum_back(backend: ArrayBackend, operator: str) -> None:
    function, value, by_row, by_column = OPERATORS[operator]
    expect.forward_and_backward(backend, function, [ROW, COLUMN], value, [by_row, by_column])


PYTHON_NUMBERS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "2 + x": (lambda x: 2 + x, [4.0, 6.0], [1.0, 2.0]),
    "x + 2.0": (lambda x: x + 2.0, [4.0, 6.0], [1.0, 2.0]),
    "2.0 - x": (lambda x: 2.0 - x, [0.0, -2.0], [-1.0, -2.0]),
    "x - 2": (lambda x: x - 2, [0.0, 2.0], [1.0, 2.0]),
    "3 * x": (lambda x: 3 * x, [6.0, 12.0], [3.0, 6.0]),
    "x * 0.5": (lambda x: x * 0.5, [1.0, 2.0], [0.5, 1.0]),
    "1 / x": (lambda x: 1 / x, [0.5, 0.25], [-0.25, -0.125]),
    "x / 2": (lambda x: x / 2, [1.0, 2.0], [0.5, 1.0]),
    "-x": (lambda x: -x, [-2.0, -4.0], [-1.0, -2.0]),
}


@pytest.mark.parametrize("expression", PYTHON_NUMBERS)
def test_python_numbers_change_no_type(backend: ArrayBackend, expression: str) -> None:
    function, value, gradient = PYTHON_NUMBERS[expression]
    expect.forward_and_backward(backend, function, [[2.0, 4.0]], value, [gradient])


@requires("complex-autodiff")
def test_a_complex_factor_pulls_back_through_its_conjugate(backend: ArrayBackend) -> None:
    numbers = backend.asarray([1.0 + 2.0j, -1.0j])
    expect.pullback(
        backend, lambda z: 2.0j * z / 4 - z, [numbers], [-2.0 - 1.5j, 0.5 + 1.0j], [1.0, 1.0j],
        [[-1.0 - 0.5j, 0.5 - 1.0j]], dtype=complex_type(),
    )  # fmt: skip
