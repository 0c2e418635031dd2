"""Symbols: arrays of them, affine expressions, how they are written, and what is refused."""

import numpy as np
import pytest

import ketgrad as kg


def test_an_element_is_written_with_its_name_and_place():
    theta = kg.parameters("theta", (2, 3))
    assert repr(theta[1, 2]) == "theta[1, 2]"
    assert repr(theta[1][2]) == "theta[1, 2]"
    assert repr(theta[-1, -3]) == "theta[1, 0]"


def test_a_single_parameter_is_written_by_its_name_alone():
    assert repr(kg.parameters("x") + 0) == "x"
    assert repr(kg.Circuit(1).rx(kg.parameters("x"), 0)) == "Circuit(1): rx(x) 0"


def test_an_array_of_symbols_has_a_shape_a_size_and_a_length():
    theta = kg.parameters("theta", (2, 3))
    assert (theta.shape, theta.size, len(theta)) == ((2, 3), 6, 2)
    assert repr(theta) == "parameters('theta', (2, 3))"
    assert kg.parameters("theta", 4).shape == (4,)
    assert kg.parameters("theta").shape == ()


def test_a_slice_keeps_the_places_of_the_whole_array():
    theta = kg.parameters("theta", (3, 4))
    part = theta[1:, ::2]
    assert part.shape == (2, 2)
    assert [repr(symbol) for row in part for symbol in row] == [
        "theta[1, 0]", "theta[1, 2]", "theta[2, 0]", "theta[2, 2]",
    ]  # fmt: skip
    assert [repr(symbol) for symbol in theta[:, 3]] == ["theta[0, 3]", "theta[1, 3]", "theta[2, 3]"]
    assert repr(theta[::-1][0, ..., 1]) == "theta[2, 1]"


def test_iterating_gives_rows_and_then_elements():
    rows = list(kg.parameters("theta", (2, 2)))
    assert [row.shape for row in rows] == [(2,), (2,)]
    first, second = rows[1]
    assert (repr(first), repr(second)) == ("theta[1, 0]", "theta[1, 1]")


X = kg.parameters("x", (2,))
WRITTEN = {
    "a sum": (X[0] + X[1], "x[0] + x[1]"),
    "a sum with a number": (X[0] + 0.5, "x[0] + 0.5"),
    "a number first": (0.5 + X[0], "x[0] + 0.5"),
    "a difference from a number": (1 - X[0], "-1 * x[0] + 1"),
    "a difference": (X[0] - 2 * X[1], "x[0] - 2 * x[1]"),
    "a negative constant": (X[0] - 0.25, "x[0] - 0.25"),
    "a product from the left": (2 * X[0], "2 * x[0]"),
    "a product from the right": (X[0] * 2, "2 * x[0]"),
    "a quotient": (X[0] / 4, "0.25 * x[0]"),
    "a negation": (-X[0], "-1 * x[0]"),
    "a symbol that comes twice": (X[0] + X[0], "2 * x[0]"),
    "a product of a sum": (3 * (X[0] + 2 * X[1] - 1), "3 * x[0] + 6 * x[1] - 3"),
    "a NumPy number from the left": (np.float64(0.5) * X[0], "0.5 * x[0]"),
    "a NumPy integer": (X[0] * np.int64(3), "3 * x[0]"),
    "two arrays": (X[0] + kg.parameters("y"), "x[0] + y"),
    "a single parameter": (1 - kg.parameters("y") / 2, "-0.5 * y + 1"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_an_affine_expression_is_written_as_it_is(case):
    expression, text = WRITTEN[case]
    assert repr(expression) == text


def test_an_expression_in_a_gate_is_written_with_it():
    circuit = kg.Circuit(2).rx(2 * X[0] + 0.5, 0).cu(X[0], 0.1, -X[1], 0, 1, 0)
    assert repr(circuit) == "Circuit(2): rx(2 * x[0] + 0.5) 0; cu(x[0], 0.1, -1 * x[1], 0) 1 0"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.float64(2.0), kg.parameters("y")),
        (kg.parameters("y"), np.float64(2.0)),
        (np.int64(2), kg.parameters("y")),
    ],
    ids=["float64 first", "float64 last", "int64 first"],
)
def test_a_numpy_number_times_a_single_parameter_is_an_expression(left, right):
    assert repr(left * right) == "2 * y"


def test_a_numpy_number_in_front_of_a_single_parameter_is_added_to_it():
    assert repr(np.float64(0.5) + kg.parameters("y")) == "y + 0.5"
    assert repr(np.float64(0.5) - kg.parameters("y")) == "-1 * y + 0.5"


PRODUCT = (
    "a product of two parameters is not affine; compute it from the values before the call, or put the values straight "
    "into the gates"
)
NO_NUMBER = "got {} in an expression of parameters; give a real number"
NOT_FINITE = "got {} in an expression of parameters; give a finite number"
NO_NAME = '{} is no name for parameters; give a Python identifier such as "theta"'
REFUSED = {
    "a product of symbols": (lambda: X[0] * X[1], kg.UnsupportedError, PRODUCT),
    "a square": (lambda: X[0] * X[0], NotImplementedError, PRODUCT),
    "a quotient of symbols": (lambda: X[0] / X[1], kg.UnsupportedError, PRODUCT),
    "a product with a whole array": (lambda: X[0] * X, kg.UnsupportedError, PRODUCT),
    "a complex factor": (lambda: 1j * X[0], TypeError, NO_NUMBER.format("1j")),
    "a string": (lambda: X[0] + "a", TypeError, NO_NUMBER.format("'a'")),
    "a boolean": (lambda: X[0] * True, kg.InvalidTypeError, NO_NUMBER.format("True")),
    "NaN": (lambda: X[0] * float("nan"), ValueError, NOT_FINITE.format("nan")),
    "infinity": (lambda: X[0] + float("inf"), kg.InvalidValueError, NOT_FINITE.format("inf")),
    "a place beyond the last": (lambda: X[2], ValueError, "x[2] is out of range: its shape is (2,)"),
    "a place too deep": (lambda: X[0, 0], ValueError, "x[(0, 0)] is out of range: its shape is (2,)"),
    "arithmetic with a whole array": (
        lambda: 2 * X, ValueError, "got all of parameters('x', (2,)) where one parameter is due; index it",
    ),
    "a whole array in a gate": (
        lambda: kg.Circuit(1).rx(X, 0),
        ValueError,
        "got all of parameters('x', (2,)) where one parameter is due; index it",
    ),
    "a name with a space": (lambda: kg.parameters("a b"), ValueError, NO_NAME.format("'a b'")),
    "no name": (lambda: kg.parameters(""), ValueError, NO_NAME.format("''")),
    "a number as name": (lambda: kg.parameters(3), kg.InvalidValueError, NO_NAME.format("3")),
    "a size of zero": (
        lambda: kg.parameters("a", (2, 0)), ValueError, "the shape of a is (2, 0); give sizes of at least 1",
    ),
    "a negative size": (lambda: kg.parameters("a", -1), ValueError, "the shape of a is -1; give sizes of at least 1"),
    "a float as size": (
        lambda: kg.parameters("a", (1.5,)), ValueError, "the shape of a is (1.5,); give sizes of at least 1",
    ),
    "a boolean as size": (
        lambda: kg.parameters("a", True), ValueError, "the shape of a is True; give sizes of at least 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_of_symbols_is_refused_with_its_sentence(case):
    attempt, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        attempt()
    assert str(caught.value) == sentence
    assert isinstance(caught.value, kg.KetgradError)


@pytest.mark.parametrize(
    "attempt", [lambda: X[0] / 0, lambda: X[0] / 0.0, lambda: kg.parameters("y") / 0], ids=["0", "0.0", "single"]
)
def test_division_by_zero_is_refused(attempt):
    with pytest.raises((ZeroDivisionError, kg.KetgradError)):
        attempt()


UNBOUND = "the circuit has parameters without values: {}; call it by kg.function"


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.state(),
        lambda c: c.probabilities(),
        lambda c: c.expectation(kg.Z(0)),
        lambda c: c.density_matrix([0]),
        lambda c: c.counts(10, seed=1),
    ],
    ids=["state", "probabilities", "expectation", "density_matrix", "counts"],
)
def test_a_circuit_with_symbols_has_no_results_without_their_values(ask):
    circuit = kg.Circuit(1).rx(X[1], 0).ry(kg.parameters("a"), 0)
    with pytest.raises(kg.InvalidValueError) as caught:
        ask(circuit)
    assert str(caught.value) == UNBOUND.format("a of shape (), x of shape (2,)")


def test_a_channel_with_a_symbol_has_no_results_without_its_value():
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).bit_flip(X[0], 0).probabilities()
    assert str(caught.value) == UNBOUND.format("x of shape (2,)")
