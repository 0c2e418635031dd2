"""Reading Pauli words, and what is refused as word, qubit or coefficient."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import ketgrad as kg


@pytest.mark.parametrize("text", ["Z0 X2", "X2 Z0", "Z0X2", " Z0   X2 ", "Z0\tX2", "Z0 I1 X2"])
def test_ways_to_write_one_word(text):
    assert kg.PauliSum({text: 1.0}) == kg.Z(0) @ kg.X(2)


@pytest.mark.parametrize("text", ["I", "I0", " I ", "I3 I1"])
def test_ways_to_write_the_identity(text):
    assert kg.PauliSum({text: 2.0}) == 2.0 * kg.I()


def test_an_index_of_several_digits_is_one_number():
    assert kg.PauliSum({"X10": 1.0}) == kg.X(10)


def test_spellings_of_one_word_add_up():
    assert kg.PauliSum({"Z0 X1": 1.0, "X1Z0": 0.5}) == 1.5 * kg.Z(0) @ kg.X(1)


@pytest.mark.parametrize(
    "text",
    ["", " ", "Z", "0", "z0", "Q0", "Z0 Z", "II", "Z-1", "Z0.5", "Z0*X1", "Z0,X1", "X0 @ Z1", "Z0 X1;"],
)
def test_what_is_no_word_is_refused_with_an_example(text):
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.PauliSum({text: 1.0})
    assert str(caught.value) == f'{text!r} is no Pauli word; write one such as "Z0 Z1", or "I" for the identity'


@pytest.mark.parametrize("text", ["Z1 2", "Z0 1", "X0 Z1 1"])
def test_digits_with_a_space_between_are_not_one_number(text):
    with pytest.raises(kg.InvalidValueError):
        kg.PauliSum({text: 1.0})


@pytest.mark.parametrize("key", [0, None, ("Z", 0), b"Z0"])
def test_a_word_that_is_no_string_is_refused(key):
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.PauliSum({key: 1.0})
    assert str(caught.value) == f'{key!r} is no Pauli word; write one such as "Z0 Z1", or "I" for the identity'


@pytest.mark.parametrize("text", ["Z0 Z0", "X0 Y1 Z0", "I0 Z0"])
def test_a_word_that_names_a_qubit_twice_is_refused(text):
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.PauliSum({text: 1.0})
    assert str(caught.value) == f"{text!r} names a qubit twice; multiply operators on one qubit with @"


@pytest.mark.parametrize(("terms", "shown"), [("Z0", "str"), ([("Z0", 1.0)], "list"), (None, "NoneType")])
def test_what_is_no_mapping_is_refused(terms, shown):
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.PauliSum(terms)
    assert str(caught.value) == f"PauliSum takes a mapping such as {{'Z0 Z1': 1.0}}, got {shown}"


@pytest.mark.parametrize("letter", ["X", "Y", "Z"])
@pytest.mark.parametrize(
    ("qubit", "kind", "sentence"),
    [
        (True, kg.InvalidTypeError, "{} got a qubit that is True; give an integer"),
        (1.0, kg.InvalidTypeError, "{} got a qubit that is 1.0; give an integer"),
        ("0", kg.InvalidTypeError, "{} got a qubit that is '0'; give an integer"),
        (-1, kg.InvalidValueError, "{} got qubit -1; qubits are counted from 0"),
    ],
)
def test_an_operator_on_no_sensible_qubit_is_refused(letter, qubit, kind, sentence):
    with pytest.raises(kind) as caught:
        getattr(kg, letter)(qubit)
    assert str(caught.value) == sentence.format(letter)


def test_a_numpy_integer_is_a_qubit():
    assert kg.X(np.int64(3)) == kg.X(3)


@pytest.mark.parametrize(
    "number", [2, 2.0, 2 + 0j, np.float64(2), np.float32(2), np.int64(2), np.complex128(2)], ids=repr
)
def test_numbers_of_every_type_are_coefficients_from_either_side(number):
    expected = kg.PauliSum({"Z0": 2.0})
    assert number * kg.Z(0) == expected
    assert kg.Z(0) * number == expected
    assert kg.PauliSum({"Z0": number}) == expected
    assert repr(number * kg.Z(0)) == "PauliSum({'Z0': 2.0})"


@pytest.mark.parametrize(
    ("value", "kind", "sentence"),
    [
        (float("nan"), kg.InvalidValueError, "a coefficient is nan; give a finite number"),
        (float("inf"), kg.InvalidValueError, "a coefficient is inf; give a finite number"),
        (np.float64("nan"), kg.InvalidValueError, "a coefficient is nan; give a finite number"),
        (complex(0, float("inf")), kg.InvalidValueError, "a coefficient is infj; give a finite number"),
        (True, kg.InvalidTypeError, "a coefficient is True; give a number or a 0-d array"),
        ("1", kg.InvalidTypeError, "a coefficient is '1'; give a number or a 0-d array"),
        (None, kg.InvalidTypeError, "a coefficient is None; give a number or a 0-d array"),
        (np.ones(2), kg.InvalidTypeError, "a coefficient is a ndarray; give a number or a 0-d array"),
        ([1.0], kg.InvalidTypeError, "a coefficient is a list; give a number or a 0-d array"),
        (Decimal(1), kg.InvalidTypeError, "a coefficient is a Decimal; give a number or a 0-d array"),
        (Fraction(1, 2), kg.InvalidTypeError, "a coefficient is a Fraction; give a number or a 0-d array"),
    ],
    ids=str,
)
def test_what_is_no_finite_number_is_refused_as_coefficient(value, kind, sentence):
    with pytest.raises(kind) as caught:
        kg.PauliSum({"Z0": value})
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", [10**400, np.True_], ids=["10^400", "a NumPy boolean"])
def test_a_number_beyond_all_floats_or_a_numpy_boolean_is_refused_by_an_error_of_ketgrad(value):
    with pytest.raises(kg.KetgradError):
        kg.PauliSum({"Z0": value})
