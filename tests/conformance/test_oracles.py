"""The kit's plain Python is right where it can be checked by hand, and doctests run."""

import doctest
import math

import pytest

from ketgrad_conformance import expect, oracle, oracle_circuits


def test_einsum_multiplies_matrices_and_traces():
    a, b = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    assert oracle.einsum("ij,jk->ik", a, b) == [[19, 22], [43, 50]]
    assert oracle.einsum("ij,ij->", a, b) == 70
    assert oracle.einsum("ij->ji", a) == [[1, 3], [2, 4]]


def test_the_examples_in_the_oracle_run():
    assert doctest.testmod(oracle).failed == 0


@pytest.mark.parametrize("name", oracle_circuits.GATES)
def test_every_gate_of_the_oracle_is_unitary(name):
    angles = [0.7, -1.3, 2.1, 0.4]
    matrix = next(
        found for count in range(5) if (found := _called(oracle_circuits.GATES[name], angles[:count])) is not None
    )
    adjoint = [[complex(entry).conjugate() for entry in column] for column in zip(*matrix, strict=True)]
    product = oracle.einsum("ij,jk->ik", adjoint, matrix)
    expect.near(product, oracle_circuits.identity(len(matrix)), 1e-14)


def test_the_first_qubit_of_a_gate_is_its_most_significant():
    # A controlled NOT from qubit 2 to qubit 0, on |001⟩.
    state = oracle_circuits.state(3, [("x", [], [2]), ("cx", [], [2, 0])])
    assert [abs(amplitude) for amplitude in state] == [0, 0, 0, 0, 0, 1, 0, 0]


def test_expectations_of_a_bell_state():
    bell = oracle_circuits.state(2, [("h", [], [0]), ("cx", [], [0, 1])])
    words = {"Z0 Z1": 1.0, "X0 X1": 2.0, "Y0 Y1": 4.0, "Z0": 8.0}
    assert oracle_circuits.expectation(bell, words, 2) == pytest.approx(1 + 2 - 4)


def test_the_derivative_keeps_twelve_digits():
    assert oracle_circuits.derivative(math.sin, 0.7) == pytest.approx(math.cos(0.7), abs=1e-12)


def _called(function, arguments):
    try:
        return function(*arguments)
    except TypeError:
        return None
