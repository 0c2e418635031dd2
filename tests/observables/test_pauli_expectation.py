"""Expectation values and variances of Pauli sums, and what their coefficients may be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ketgrad as kg
from dense_reference import expectation, play, random_program, run, variance

TOLERANCE = 1e-12
some = settings(max_examples=40, deadline=None, derandomize=True)

# Every number of Ys from none to four, the identity, words that share their flips, and one qubit out of order.
TERMS = {
    "": 0.3,
    "Z0": -0.7,
    "X1": 0.4,
    "Y2": 1.1,
    "Z0 Z3": 0.25,
    "X3 X1": -0.5,
    "Y0 X1": 0.6,
    "Y1 Y3": -0.9,
    "X1 Y3 Z0": 0.35,
    "Y0 Y1 Y2": 0.8,
    "Y0 Y1 Y2 Y3": -0.45,
    "Z0 X1 Y2 X3": 0.15,
}


def made(terms):
    return kg.PauliSum({word or "I": value for word, value in terms.items()})


@pytest.mark.parametrize("word", TERMS)
def test_the_expectation_of_one_word_equals_the_dense_one(backend, word):
    program = random_program(11, 4, 20)
    found = backend.to_numpy(play(kg.Circuit(4), program).expectation(made({word: 1.0})))
    assert found.shape == ()
    np.testing.assert_allclose(found, expectation({word: 1.0}, run(program, 4)), rtol=0, atol=TOLERANCE)


def test_the_expectation_of_a_sum_equals_the_dense_one(backend):
    program = random_program(12, 4, 20)
    found = backend.to_numpy(play(kg.Circuit(4), program).expectation(made(TERMS)))
    np.testing.assert_allclose(found, expectation(TERMS, run(program, 4)), rtol=0, atol=TOLERANCE)


def test_the_variance_of_a_sum_equals_the_dense_one(backend):
    program = random_program(13, 4, 20)
    found = backend.to_numpy(play(kg.Circuit(4), program).variance(made(TERMS)))
    assert found.shape == ()
    np.testing.assert_allclose(found, variance(TERMS, run(program, 4)), rtol=0, atol=1e-11)


@st.composite
def real_terms(draw, qubits):
    words = st.lists(st.sampled_from("IXYZ"), min_size=qubits, max_size=qubits)
    terms = {}
    for letters in draw(st.lists(words, max_size=5)):
        word = " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
        terms[word] = draw(st.floats(-2, 2))
    return terms


@some
@given(st.integers(0, 10**6), real_terms(qubits=3))
def test_expectation_and_variance_of_random_sums_equal_the_dense_ones(seed, terms):
    program = random_program(seed, 3, 8)
    circuit, state = play(kg.Circuit(3), program), run(program, 3)
    np.testing.assert_allclose(circuit.expectation(made(terms)), expectation(terms, state), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(circuit.variance(made(terms)), variance(terms, state), rtol=0, atol=1e-11)


def test_an_observable_on_fewer_qubits_than_the_circuit_is_taken(backend):
    # Qubit 0 alone: cos θ.
    found = kg.Circuit(3).ry(0.6, 0).x(2).expectation(kg.Z(0))
    np.testing.assert_allclose(backend.to_numpy(found), math.cos(0.6), rtol=0, atol=TOLERANCE)


def test_the_expectation_of_nothing_is_zero_and_of_the_identity_its_coefficient(backend):
    circuit = kg.Circuit(2).h(0).ry(0.3, 1)
    assert backend.to_numpy(circuit.expectation(kg.PauliSum({}))) == 0.0
    np.testing.assert_allclose(backend.to_numpy(circuit.expectation(-2.5 * kg.I())), -2.5, rtol=0, atol=TOLERANCE)


def test_the_variance_of_an_eigenstate_is_zero_and_of_the_identity_too(backend):
    circuit = kg.Circuit(1).h(0)
    np.testing.assert_allclose(backend.to_numpy(circuit.variance(kg.X(0))), 0.0, atol=TOLERANCE)
    np.testing.assert_allclose(backend.to_numpy(circuit.variance(kg.I())), 0.0, atol=TOLERANCE)


@pytest.mark.parametrize("multiply", [lambda a, h: h * a, lambda a, h: h / (1.0 / a)], ids=["multiplied", "divided"])
def test_a_native_array_is_a_coefficient(backend, multiply):
    observable = multiply(backend.asarray(2.5), kg.Z(0) + 0.5 * kg.X(1))
    found = kg.Circuit(2).ry(0.6, 0).h(1).expectation(observable)
    expected = 2.5 * (math.cos(0.6) + 0.5)
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


def test_an_array_of_a_framework_is_a_coefficient_from_the_left_too(autodiff_backend):
    found = kg.Circuit(1).ry(0.6, 0).expectation(autodiff_backend.asarray(2.5) * kg.Z(0))
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), 2.5 * math.cos(0.6), rtol=0, atol=TOLERANCE)


def test_a_native_array_in_the_mapping_is_a_coefficient(backend):
    observable = kg.PauliSum({"Z0": backend.asarray(2.5), "I": 1.0})
    found = kg.Circuit(1).ry(0.6, 0).expectation(observable)
    np.testing.assert_allclose(backend.to_numpy(found), 2.5 * math.cos(0.6) + 1, rtol=0, atol=TOLERANCE)


def test_native_coefficients_of_one_word_add_up(backend):
    observable = kg.Z(0) * backend.asarray(2.5) + kg.Z(0) * backend.asarray(0.5) - 1.0 * kg.Z(0)
    found = kg.Circuit(1).ry(0.6, 0).expectation(observable)
    np.testing.assert_allclose(backend.to_numpy(found), 2 * math.cos(0.6), rtol=0, atol=TOLERANCE)


def test_a_float32_coefficient_leaves_a_double_precision_one_beside_it_as_it_is(backend):
    observable = kg.PauliSum({"I": 0.1, "Z0": backend.asarray(0.5, dtype="float32")})
    found = kg.Circuit(1).expectation(observable)
    np.testing.assert_allclose(backend.to_numpy(found), 0.6, rtol=0, atol=TOLERANCE)


def test_an_integer_coefficient_leaves_a_fractional_one_beside_it_as_it_is(backend):
    found = kg.Circuit(1).expectation(kg.PauliSum({"I": 0.5, "Z0": backend.asarray(2)}))
    np.testing.assert_allclose(backend.to_numpy(found), 2.5, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("add", [lambda a, h: h + a, lambda a, h: a + h, lambda a, h: a - -1.0 * h])
def test_an_array_that_is_added_shifts_the_value_and_has_the_slope_one(autodiff_backend, add):
    def shifted(a):
        return kg.Circuit(1).ry(0.6, 0).expectation(add(a, kg.Z(0)))

    value, slope = kg.value_and_grad(shifted, fallback="error")(autodiff_backend.asarray(2.5))
    to_numpy = autodiff_backend.to_numpy
    np.testing.assert_allclose([to_numpy(value), to_numpy(slope)], [2.5 + math.cos(0.6), 1.0], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("multiply", [lambda a, h: h * a, lambda a, h: a * h], ids=["from the right", "from the left"])
def test_the_gradient_by_a_coefficient_is_the_expectation_of_its_word(autodiff_backend, multiply):
    def energy(a):
        return kg.Circuit(2).ry(0.6, 0).h(1).expectation(multiply(a[0], kg.Z(0)) + multiply(a[1], kg.X(1)))

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([2.5, -0.5]))
    to_numpy = autodiff_backend.to_numpy
    np.testing.assert_allclose(to_numpy(value), 2.5 * math.cos(0.6) - 0.5, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(to_numpy(gradient), [math.cos(0.6), 1.0], rtol=0, atol=TOLERANCE)


def test_the_gradient_by_a_coefficient_and_an_angle_at_once(autodiff_backend):
    def energy(a, theta):
        return kg.Circuit(1).ry(theta, 0).expectation(kg.PauliSum({"Z0": a}))

    arguments = autodiff_backend.asarray(2.5), autodiff_backend.asarray(0.6)
    by_a, by_theta = kg.grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    to_numpy = autodiff_backend.to_numpy
    np.testing.assert_allclose(to_numpy(by_a), math.cos(0.6), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(to_numpy(by_theta), -2.5 * math.sin(0.6), rtol=0, atol=TOLERANCE)


def test_the_variance_takes_native_coefficients_of_words_that_commute(backend):
    observable = kg.Z(0) * backend.asarray(2.0) + kg.Z(1) * backend.asarray(0.5)
    found = kg.Circuit(2).ry(0.6, 0).ry(1.1, 1).variance(observable)
    expected = 4 * math.sin(0.6) ** 2 + 0.25 * math.sin(1.1) ** 2
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


def test_the_variance_takes_native_coefficients_of_words_that_anticommute(backend):
    # (aZ + bX)² = a² + b², for ZX + XZ = 0.
    observable = kg.Z(0) * backend.asarray(2.0) + kg.X(0) * backend.asarray(0.5)
    found = kg.Circuit(1).ry(0.6, 0).variance(observable)
    expected = 4.25 - (2 * math.cos(0.6) + 0.5 * math.sin(0.6)) ** 2
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


def test_the_variance_differentiates_by_the_coefficients_of_words_that_anticommute(autodiff_backend):
    def spread(a):
        return kg.Circuit(1).ry(0.6, 0).variance(kg.Z(0) * a[0] + kg.X(0) * a[1])

    value, gradient = kg.value_and_grad(spread, fallback="error")(autodiff_backend.asarray([2.0, 0.5]))
    to_numpy, mean = autodiff_backend.to_numpy, 2 * math.cos(0.6) + 0.5 * math.sin(0.6)
    np.testing.assert_allclose(to_numpy(value), 4.25 - mean**2, rtol=0, atol=TOLERANCE)
    expected = [4 - 2 * mean * math.cos(0.6), 1 - 2 * mean * math.sin(0.6)]
    np.testing.assert_allclose(to_numpy(gradient), expected, rtol=0, atol=TOLERANCE)


def test_a_complex_coefficient_is_refused_where_the_expectation_is_asked_for():
    observable = kg.X(0) @ kg.Y(0)
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).expectation(observable)
    assert str(caught.value) == "the coefficient of Z0 is complex (1j); an observable has real ones"


def test_a_complex_coefficient_of_the_identity_is_refused_too():
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).variance(kg.Z(0) + 2j * kg.I())
    assert str(caught.value) == "the coefficient of I is complex (2j); an observable has real ones"


def test_a_native_complex_coefficient_is_refused(backend):
    observable = kg.PauliSum({"Z0": backend.asarray(0.5 + 0j)})
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(1).expectation(observable)
    assert str(caught.value).startswith("the coefficient of Z0 is complex (")
    assert str(caught.value).endswith("); an observable has real ones")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_native_coefficient_that_is_not_finite_is_refused(backend, value):
    observable = kg.PauliSum({"Z0": backend.asarray(float(value))})
    with pytest.raises(kg.InvalidValueError):
        kg.Circuit(1).expectation(observable)


def test_a_native_coefficient_of_two_numbers_is_refused(backend):
    with pytest.raises(kg.InvalidTypeError):
        kg.Z(0) * backend.asarray([1.0, 2.0])
