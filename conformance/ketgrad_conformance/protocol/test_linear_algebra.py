"""`eigh` and `solve`, on matrices whose answers are known in closed form."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ketgrad.precision import complex_type, real_type
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect, oracle
from ketgrad_conformance.capabilities import covers, requires

pytestmark = [pytest.mark.usefixtures("precision"), requires("linear-algebra")]


@covers("eigh")
def test_eigenvalues_ascend_and_differentiate(backend: ArrayBackend) -> None:
    def eigenvalues(t: Any) -> Any:
        one = t * 0.0 + 1.0
        return backend.eigh(backend.stack([backend.stack([t, one]), backend.stack([one, -t])]))[0]

    root = math.sqrt(0.75**2 + 1)
    expect.forward_and_backward(backend, eigenvalues, [0.75], [-root, root], [0.75 / root * (2.0 - 1.0)])


@covers("eigh")
def test_eigenvectors_of_a_complex_matrix_are_its_orthonormal_columns(backend: ArrayBackend) -> None:
    matrix = [[2.0, 1.0 - 1.0j], [1.0 + 1.0j, 3.0]]
    values, vectors = backend.eigh(backend.asarray(matrix))
    expect.close(backend, values, [1.0, 4.0], dtype=real_type())
    assert backend.dtype(vectors) == complex_type()
    columns = backend.to_numpy(vectors).tolist()
    tolerance = expect.TOLERANCE[complex_type()]
    adjoint = oracle.each(lambda number: number.conjugate(), columns)
    expect.near(oracle.einsum("ji,jk->ik", adjoint, columns), [[1.0, 0.0], [0.0, 1.0]], tolerance)
    expect.near(oracle.einsum("ij,jk->ik", matrix, columns), oracle.einsum("k,ik->ik", [1.0, 4.0], columns), tolerance)


@covers("solve")
def test_solve_finds_the_columns_that_the_matrix_maps_to_the_right_side(backend: ArrayBackend) -> None:
    # x = [[2, 1], [1, 3]]⁻¹ b with determinant 5; ∂(w·x)/∂b = Aᵀ⁻¹ w and ∂/∂A = −(Aᵀ⁻¹ w) xᵀ.
    adjoint = [[(3 * 1 - 3) / 5, (3 * 2 - 4) / 5], [(2 * 3 - 1) / 5, (2 * 4 - 2) / 5]]
    solution = [[0.4, 3.0], [0.2, -1.0]]
    by_matrix = oracle.each(lambda number: -number, oracle.einsum("ik,jk->ij", adjoint, solution))
    expect.forward_and_backward(
        backend, backend.solve, [[[2.0, 1.0], [1.0, 3.0]], [[1.0, 5.0], [1.0, 0.0]]], solution, [by_matrix, adjoint]
    )


@covers("solve")
@requires("linear-algebra", "complex-autodiff")
def test_solve_takes_complex_matrices(backend: ArrayBackend) -> None:
    matrix = backend.asarray([[1.0j, 0.0], [0.0, 2.0]])
    right = backend.asarray([[1.0], [4.0j]])
    expect.pullback(
        backend, lambda b: backend.solve(matrix, b), [right], [[-1.0j], [2.0j]], [[1.0], [1.0]], [[[1.0j], [0.5]]],
        dtype=complex_type(),
    )  # fmt: skip
