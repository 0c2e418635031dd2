"""The dense reference itself, against matrices written down in full."""

import numpy as np
import pytest

from dense_reference import (
    EVERY_GATE,
    bits_of,
    embed,
    gate_matrix,
    gradient,
    hessian,
    index_of,
    pauli_matrix,
    probabilities,
    run,
)

ANGLES = (0.7, -1.3, 2.1, 0.4)


@pytest.mark.parametrize("name", EVERY_GATE)
def test_every_reference_matrix_is_unitary_and_of_its_size(name):
    gate = EVERY_GATE[name]
    matrix = gate_matrix(name, ANGLES[: gate.angles])
    np.testing.assert_allclose(matrix.conj().T @ matrix, np.eye(2**gate.qubits), atol=1e-15)


def test_embedding_keeps_a_matrix_that_covers_all_qubits_in_order():
    matrix = np.arange(16).reshape(4, 4)
    np.testing.assert_array_equal(embed(matrix, (0, 1), 2), matrix)


def test_embedding_on_exchanged_qubits_exchanges_the_middle_rows_and_columns():
    matrix = np.arange(16).reshape(4, 4)
    expected = [[0, 2, 1, 3], [8, 10, 9, 11], [4, 6, 5, 7], [12, 14, 13, 15]]
    np.testing.assert_array_equal(embed(matrix, (1, 0), 2), expected)


def test_embedding_puts_a_one_qubit_matrix_where_kron_puts_it():
    matrix = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(embed(matrix, (0,), 3), np.kron(matrix, np.eye(4)))
    np.testing.assert_array_equal(embed(matrix, (2,), 3), np.kron(np.eye(4), matrix))


def test_cx_from_the_last_to_the_first_of_three_qubits_takes_001_to_101():
    state = run([("x", (), (2,)), ("cx", (), (2, 0))], 3)
    np.testing.assert_array_equal(state, np.eye(8)[5])


def test_bits_are_read_with_qubit_0_first():
    assert bits_of(6, 4) == [0, 1, 1, 0]
    assert index_of([0, 1, 1, 0]) == 6


def test_marginal_of_exchanged_qubits():
    state = np.sqrt(np.arange(8) / 28)
    np.testing.assert_allclose(probabilities(state, [2, 0]) * 28, [0 + 2, 4 + 6, 1 + 3, 5 + 7], atol=1e-14)


def test_pauli_words_have_qubit_0_leftmost_in_the_kronecker_product():
    np.testing.assert_array_equal(np.diag(pauli_matrix({"Z0": 2.0}, 2)).real, [2, 2, -2, -2])


def test_stencils_give_the_derivatives_of_sines():
    def function(x):
        return np.sin(x[0]) * np.cos(x[1])

    sin, cos = np.sin([0.3, 0.8]), np.cos([0.3, 0.8])
    np.testing.assert_allclose(gradient(function, [0.3, 0.8]), [cos[0] * cos[1], -sin[0] * sin[1]], atol=1e-12)
    np.testing.assert_allclose(
        hessian(function, [0.3, 0.8]),
        [[-sin[0] * cos[1], -cos[0] * sin[1]], [-cos[0] * sin[1], -sin[0] * cos[1]]],
        atol=1e-8,
    )
