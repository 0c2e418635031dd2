"""The algebra of Pauli sums, against the table of products and against Kronecker products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ketgrad as kg
from dense_reference import pauli_matrix

ONE = {"X": kg.X, "Y": kg.Y, "Z": kg.Z}
some = settings(max_examples=40, deadline=None, derandomize=True)

# XY = iZ and its cyclic permutations; the other order has the other sign; squares are 1.
PRODUCTS = {
    ("X", "X"): {"I": 1}, ("X", "Y"): {"Z3": 1j}, ("X", "Z"): {"Y3": -1j},
    ("Y", "X"): {"Z3": -1j}, ("Y", "Y"): {"I": 1}, ("Y", "Z"): {"X3": 1j},
    ("Z", "X"): {"Y3": 1j}, ("Z", "Y"): {"X3": -1j}, ("Z", "Z"): {"I": 1},
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_the_product_of_two_paulis_on_one_qubit(left, right):
    assert ONE[left](3) @ ONE[right](3) == kg.PauliSum(PRODUCTS[left, right])


@pytest.mark.parametrize("letter", ONE)
def test_the_identity_changes_nothing_from_either_side(letter):
    assert kg.I() @ ONE[letter](1) == ONE[letter](1) == ONE[letter](1) @ kg.I()


@pytest.mark.parametrize(("left", "right"), [("X", "Y"), ("Y", "Z"), ("Z", "X")])
def test_different_paulis_on_one_qubit_anticommute(left, right):
    a, b = ONE[left](0), ONE[right](0)
    assert a @ b + b @ a == kg.PauliSum({})


@pytest.mark.parametrize(("left", "right"), PRODUCTS)
def test_paulis_on_different_qubits_commute(left, right):
    a, b = ONE[left](0), ONE[right](2)
    assert a @ b == b @ a == kg.PauliSum({f"{left}0 {right}2": 1.0})


def test_the_product_of_all_three_is_i():
    assert kg.X(0) @ kg.Y(0) @ kg.Z(0) == kg.PauliSum({"I": 1j})


def test_words_that_share_two_qubits_multiply_qubit_by_qubit():
    # X·Y = iZ on qubit 0 and Y·X = −iZ on qubit 1: the phases cancel.
    assert kg.PauliSum({"X0 Y1": 2.0}) @ kg.PauliSum({"Y0 X1": 3.0}) == kg.PauliSum({"Z0 Z1": 6.0})


@st.composite
def pauli_terms(draw, qubits=3):
    words = st.lists(st.sampled_from("IXYZ"), min_size=qubits, max_size=qubits)
    whole = st.integers(-4, 4)
    terms = {}
    for letters in draw(st.lists(words, max_size=4)):
        word = " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
        terms[word] = complex(draw(whole), draw(whole))
    return terms


def made(terms):
    return kg.PauliSum({word or "I": coefficient for word, coefficient in terms.items()})


def assert_matrix(observable, expected):
    # Whole coefficients: nothing is rounded.
    np.testing.assert_array_equal(observable.matrix(3), expected)


@some
@given(pauli_terms())
def test_the_matrix_is_the_sum_of_kronecker_products(a):
    assert_matrix(made(a), pauli_matrix(a, 3))


@some
@given(pauli_terms(), pauli_terms())
def test_sums_and_differences_are_those_of_the_matrices(a, b):
    assert_matrix(made(a) + made(b), pauli_matrix(a, 3) + pauli_matrix(b, 3))
    assert_matrix(made(a) - made(b), pauli_matrix(a, 3) - pauli_matrix(b, 3))
    assert_matrix(-made(a), -pauli_matrix(a, 3))


@some
@given(pauli_terms(), pauli_terms())
def test_products_are_those_of_the_matrices(a, b):
    assert_matrix(made(a) @ made(b), pauli_matrix(a, 3) @ pauli_matrix(b, 3))


@some
@given(pauli_terms(), pauli_terms(), pauli_terms())
def test_multiplication_distributes_over_addition(a, b, c):
    a, b, c = made(a), made(b), made(c)
    assert a @ (b + c) == a @ b + a @ c
    assert (a + b) @ c == a @ c + b @ c


@some
@given(pauli_terms(), pauli_terms(), pauli_terms())
def test_multiplication_is_associative(a, b, c):
    a, b, c = made(a), made(b), made(c)
    assert (a @ b) @ c == a @ (b @ c)


@some
@given(pauli_terms(), st.integers(-3, 3))
def test_a_number_multiplies_every_coefficient_from_either_side(a, factor):
    assert_matrix(factor * made(a), factor * pauli_matrix(a, 3))
    assert factor * made(a) == made(a) * factor


@some
@given(pauli_terms(), st.integers(-3, 3), st.sampled_from([int, float, complex, np.float64, np.int32]))
def test_a_number_is_that_many_identities_from_either_side(a, number, kind):
    matrix, identity = pauli_matrix(a, 3), np.eye(8)
    assert_matrix(made(a) + kind(number), matrix + number * identity)
    assert_matrix(kind(number) + made(a), matrix + number * identity)
    assert_matrix(made(a) - kind(number), matrix - number * identity)
    assert_matrix(kind(number) - made(a), number * identity - matrix)


def test_python_s_sum_adds_operators_up():
    assert sum(kg.Z(qubit) for qubit in range(3)) == kg.PauliSum({"Z0": 1.0, "Z1": 1.0, "Z2": 1.0})


@pytest.mark.parametrize("other", ["Z1", None, True, [1.0], float("nan"), kg.parameters("a")])
def test_what_is_no_number_is_not_added(other):
    with pytest.raises((kg.InvalidTypeError, kg.InvalidValueError), match="a coefficient is"):
        kg.Z(0) + other
    with pytest.raises((kg.InvalidTypeError, kg.InvalidValueError), match="a coefficient is"):
        kg.Z(0) - other


def test_division_divides_every_coefficient():
    assert kg.PauliSum({"X0": 1.0, "Z1": -3.0}) / 2 == kg.PauliSum({"X0": 0.5, "Z1": -1.5})


def test_terms_that_cancel_are_gone():
    assert len(kg.X(0) - kg.X(0)) == 0
    assert kg.X(0) - kg.X(0) == kg.PauliSum({})


def test_sums_are_equal_whatever_the_order_of_terms_and_factors():
    assert kg.PauliSum({"Z1 X0": 1, "Y2": 2}) == kg.PauliSum({"Y2": 2.0, "X0 Z1": 1.0})


@pytest.mark.parametrize(
    "other",
    [kg.PauliSum({"X0": 2.0}), kg.PauliSum({"X1": 1.0}), kg.PauliSum({"X0": 1.0, "I": 1.0}), "X0", 1.0, None],
)
def test_sums_that_differ_are_not_equal(other):
    assert kg.X(0) != other


def test_a_sum_has_no_hash_because_its_coefficients_may_be_arrays():
    with pytest.raises(TypeError):
        hash(kg.X(0))


def test_operands_are_left_as_they_were():
    a, b = kg.X(0), kg.Z(1)
    _ = a + b, a - b, a @ b, 2 * a, -a, a / 2
    assert (repr(a), repr(b)) == ("PauliSum({'X0': 1.0})", "PauliSum({'Z1': 1.0})")


@pytest.mark.parametrize(
    ("observable", "shown"),
    [
        (kg.Z(0) @ kg.Z(1) - 0.5 * kg.X(0), "PauliSum({'Z0 Z1': 1.0, 'X0': -0.5})"),
        (kg.I(), "PauliSum({'I': 1.0})"),
        (kg.PauliSum({}), "PauliSum({})"),
        (kg.X(0) @ kg.Y(0), "PauliSum({'Z0': 1j})"),
        (kg.PauliSum({"Y12X3": 2}), "PauliSum({'X3 Y12': 2.0})"),
    ],
)
def test_a_sum_shows_the_mapping_that_makes_it(observable, shown):
    assert repr(observable) == shown


def test_what_is_shown_makes_an_equal_sum():
    observable = kg.Z(0) @ kg.Z(10) - 0.5 * kg.X(0) + 3 * kg.I()
    assert eval(repr(observable), {"PauliSum": kg.PauliSum}) == observable


def test_the_number_of_qubits_is_one_more_than_the_highest_index():
    assert [o.num_qubits for o in (kg.Z(4) + kg.X(1), kg.I(), kg.PauliSum({}))] == [5, 0, 0]


def test_the_matrix_on_more_qubits_is_padded_with_identities():
    np.testing.assert_array_equal(kg.Y(1).matrix(3), pauli_matrix({"Y1": 1.0}, 3))


def test_the_matrix_of_the_identity_alone_is_that_of_one_qubit():
    np.testing.assert_array_equal((2 * kg.I()).matrix(), [[2, 0], [0, 2]])


def test_the_matrix_on_fewer_qubits_than_the_sum_acts_on_is_refused():
    with pytest.raises(kg.InvalidValueError):
        (kg.Z(0) @ kg.X(1)).matrix(1)


def test_multiplying_operators_by_a_star_is_refused_and_names_the_right_sign():
    with pytest.raises(kg.InvalidTypeError) as caught:
        kg.X(0) * kg.Z(0)
    assert str(caught.value) == "write the product of two operators with @, and * for numbers"


@pytest.mark.parametrize(
    "combine",
    [lambda h: h + "X0", lambda h: "X0" + h, lambda h: h - [1.0], lambda h: h @ 2, lambda h: h / h],
    ids=["sum", "reflected sum", "difference", "product", "quotient"],
)
def test_what_is_no_operator_is_not_added_or_multiplied_in_silence(combine):
    with pytest.raises(TypeError):
        combine(kg.X(0))
