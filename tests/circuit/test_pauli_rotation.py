"""exp(−iθP/2) for Pauli words of any weight, against the dense cos(θ/2) − i sin(θ/2) P, and its derivatives."""

import math
from itertools import product

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import controlled_on, word_matrix
from dense_reference import PREPARATION, embed, expectation, gradient, pauli_matrix, places, play, run
from ketgrad_conformance import expect

TOLERANCE = 1e-12
THETA = 0.83
N = 5
START = run(PREPARATION, N)
RANDOM = np.random.default_rng(11)
OBSERVED = {"Z0 X3": 0.7, "Y1": -0.4, "X2 Z4": 1.1, "X0": 0.6, "Z2": -0.9, "Y4": 0.8, "Z3": 0.5, "Z1": 1.3}
"""An observable that commutes with none of the words that are differentiated."""


def words(weight):
    return ["".join(letters) for letters in product("XYZ", repeat=weight)]


def spread(word, qubits, n=N):
    """Write a word on some qubits as one with a letter for each of n qubits."""
    letters = dict(zip(qubits, word, strict=True))
    return "".join(letters.get(qubit, "I") for qubit in range(n))


def rotation(theta, word):
    """Return exp(−iθP/2) as a dense matrix."""
    return math.cos(theta / 2) * np.eye(2 ** len(word)) - 1j * math.sin(theta / 2) * word_matrix(word)


def prepared():
    return play(kg.Circuit(N), PREPARATION)


def near(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def long_words(weight, count):
    """Draw words with their places and angles."""
    for _ in range(count):
        word = "".join(RANDOM.choice(list("XYZ"), weight))
        yield word, RANDOM.permutation(6)[:weight].tolist(), float(RANDOM.uniform(-7, 7))


LONG = [item for weight in (4, 5, 6) for item in long_words(weight, 8)]
SIX = [("ry", (0.3 + 0.4 * qubit,), (qubit,)) for qubit in range(6)] + [("cx", (), (q, (q + 2) % 6)) for q in range(6)]
SIX += [("rz", (0.7 - 0.3 * qubit,), (qubit,)) for qubit in range(6)]


@pytest.mark.parametrize("word", [*words(1), *words(2), *words(3)])
def test_a_word_on_every_permutation_of_places_is_cos_minus_i_sin(word):
    for qubits in places(len(word), N):
        found = prepared().pauli_rotation(THETA, word, qubits).state()
        expected = rotation(THETA, spread(word, qubits)) @ START
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=f"{word} on {qubits}")


@pytest.mark.parametrize(("word", "qubits", "theta"), LONG, ids=[f"{w}-{q}" for w, q, _ in LONG])
def test_a_long_word_is_cos_minus_i_sin(word, qubits, theta):
    found = play(kg.Circuit(6), SIX).pauli_rotation(theta, word, qubits).state()
    expected = rotation(theta, spread(word, qubits, 6)) @ run(SIX, 6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("word", "qubits"),
    [("Y", [3]), ("XZ", [4, 1]), ("ZYX", [2, 0, 4]), ("YXZY", [3, 0, 4, 1]), ("XYZZY", [4, 2, 0, 3, 1])],
)
def test_every_backend_rotates_about_a_word(backend, word, qubits):
    found = prepared().pauli_rotation(THETA, word, qubits).state()
    near(backend, found, rotation(THETA, spread(word, qubits)) @ START)


@pytest.mark.parametrize("word", ["IX", "ZI", "YIZ", "IIXIY", "XIYIZ", "XYIZY", "IIIIZ"])
def test_a_letter_i_leaves_its_qubit_alone(word):
    qubits = [4, 1, 3, 0, 2][: len(word)]
    found = prepared().pauli_rotation(THETA, word, qubits).state()
    np.testing.assert_allclose(found, rotation(THETA, spread(word, qubits)) @ START, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("first", "second"), [("X", "Z"), ("XY", "YX"), ("XXZ", "ZXX"), ("XYZX", "YZXZ")])
def test_two_words_of_one_length_on_the_same_qubits_are_not_taken_for_each_other(backend, first, second):
    qubits = [3, 0, 4, 1][: len(first)]
    found = prepared().pauli_rotation(THETA, first, qubits).pauli_rotation(0.4, second, qubits).state()
    expected = rotation(0.4, spread(second, qubits)) @ rotation(THETA, spread(first, qubits)) @ START
    near(backend, found, expected)


def test_words_of_one_length_in_two_circuits_are_not_taken_for_each_other():
    for word in (*words(2), *reversed(words(2))):
        found = prepared().pauli_rotation(THETA, word, [2, 0]).state()
        np.testing.assert_allclose(found, rotation(THETA, spread(word, [2, 0])) @ START, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("name", "word"), [("rx", "X"), ("rzx", "ZX"), ("ryy", "YY")])
def test_a_word_beside_the_named_rotation_of_as_many_qubits_is_itself(name, word):
    qubits = [4, 1][: len(word)]
    other = "Y" if len(word) == 1 else "XY"
    circuit = prepared().append(name, (0.4,), qubits).pauli_rotation(THETA, other, qubits)
    expected = rotation(THETA, spread(other, qubits)) @ rotation(0.4, spread(word, qubits)) @ START
    np.testing.assert_allclose(circuit.state(), expected, rtol=0, atol=TOLERANCE)


CONTROLLED = [
    ("X", [0], [3], "1"), ("Y", [3], [0], "0"), ("ZX", [1], [4, 2], "0"), ("XY", [4, 0], [1, 3], "01"),
    ("YZX", [2], [4, 0, 3], "1"), ("YZX", [2, 1], [4, 0, 3], "10"), ("XYZY", [1], [4, 0, 3, 2], "0"),
    ("YXZX", [4], [3, 1, 0, 2], "1"), ("IXZ", [0], [3, 4, 1], "1"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "controls", "qubits", "on"), CONTROLLED)
def test_a_controlled_rotation_acts_only_where_the_controls_have_their_values(backend, word, controls, qubits, on):
    gate = kg.Circuit(len(word)).pauli_rotation(THETA, word, range(len(word)))
    found = prepared().controlled(gate, controls, qubits, on).state()
    block = controlled_on(rotation(THETA, word), on)
    near(backend, found, embed(block, [*controls, *qubits], N) @ START)


@pytest.mark.parametrize("word", ["X", "YZ", "XZY", "XYZX", "ZYXXY"])
def test_the_inverse_turns_back(backend, word):
    qubits = [2, 4, 0, 3, 1][: len(word)]
    found = prepared().compose(kg.Circuit(N).pauli_rotation(THETA, word, qubits).inverse()).state()
    near(backend, found, rotation(-THETA, spread(word, qubits)) @ START)


@pytest.mark.parametrize("word", ["Z", "XXY", "YXZX"])
def test_a_power_turns_by_that_many_angles(word):
    qubits = [2, 4, 0, 3][: len(word)]
    for exponent in (3, -2, 0.5, -1.5):
        found = prepared().compose(kg.Circuit(N).pauli_rotation(THETA, word, qubits).power(exponent)).state()
        expected = rotation(exponent * THETA, spread(word, qubits)) @ START
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("word", ["X", "ZY", "XYZY"])
def test_a_full_turn_is_minus_one(word):
    qubits = range(len(word))
    found = prepared().pauli_rotation(2 * math.pi, word, qubits).state()
    np.testing.assert_allclose(found, -START, rtol=0, atol=TOLERANCE)


def test_a_word_in_a_noisy_circuit_rotates_the_density_matrix(backend):
    word, qubits = "YXZX", [2, 0, 3, 1]
    found = kg.Circuit(4).ry(0.4, 0).rx(0.9, 2).bit_flip(0.2, 0).pauli_rotation(THETA, word, qubits).density_matrix()
    state = run([("ry", (0.4,), (0,)), ("rx", (0.9,), (2,))], 4)
    flip, matrix = word_matrix("XIII"), rotation(THETA, spread(word, qubits, 4))
    before = np.outer(state, state.conj())
    near(backend, found, matrix @ (0.8 * before + 0.2 * flip @ before @ flip) @ matrix.conj().T)


def curve(word, qubits):
    """Return a, b and c of ⟨A⟩ = a + b cos θ + c sin θ, from dense states at 0, π/2 and π."""
    at = [expectation(OBSERVED, rotation(t, spread(word, qubits)) @ START) for t in (0, math.pi / 2, math.pi)]
    middle = (at[0] + at[2]) / 2
    return middle, at[0] - middle, at[1] - middle


DIFFERENTIATED = [("Y", [3]), ("XZ", [3, 1]), ("ZYX", [2, 0, 4]), ("YXZY", [3, 0, 4, 1]), ("XIYZY", [4, 2, 0, 3, 1])]


@pytest.mark.parametrize(("word", "qubits"), DIFFERENTIATED)
def test_value_and_gradient_by_the_angle_follow_the_sine_curve(autodiff_backend, word, qubits):
    def energy(theta):
        return prepared().pauli_rotation(theta, word, qubits).expectation(kg.PauliSum(OBSERVED))

    a, b, c = curve(word, qubits)
    assert abs(b) + abs(c) > 0.05
    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(THETA))
    near(autodiff_backend, value, a + b * math.cos(THETA) + c * math.sin(THETA))
    near(autodiff_backend, slope, -b * math.sin(THETA) + c * math.cos(THETA))


@pytest.mark.parametrize(("word", "qubits"), DIFFERENTIATED[1::2])
def test_the_second_derivative_by_the_angle_follows_the_sine_curve(autodiff_backend, word, qubits):
    def energy(theta):
        return prepared().pauli_rotation(theta, word, qubits).expectation(kg.PauliSum(OBSERVED))

    _, b, c = curve(word, qubits)
    found = kg.hessian(energy, fallback="error")(autodiff_backend.asarray(THETA))
    near(autodiff_backend, found, -b * math.cos(THETA) - c * math.sin(THETA))


def test_the_mixed_second_derivative_of_two_words_of_one_length(autodiff_backend):
    # exp(−iaXX/2) and exp(−ibZY/2) commute and both anticommute with Z1, so on |00⟩ ⟨Z1⟩ = cos a cos b.
    def energy(angles):
        circuit = kg.Circuit(2).pauli_rotation(angles[0], "XX", [0, 1]).pauli_rotation(angles[1], "ZY", [0, 1])
        return circuit.expectation(kg.Z(1))

    a, b = 0.4, 1.1
    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray([a, b]))
    near(autodiff_backend, value, math.cos(a) * math.cos(b))
    near(autodiff_backend, slope, [-math.sin(a) * math.cos(b), -math.cos(a) * math.sin(b)])
    mixed, own = math.sin(a) * math.sin(b), -math.cos(a) * math.cos(b)
    near(autodiff_backend, kg.hessian(energy, fallback="error")(autodiff_backend.asarray([a, b])), [
        [own, mixed], [mixed, own],
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("word", "controls", "qubits", "on"), [("YZ", [1], [4, 2], "0"), ("XYZY", [1], [4, 0, 3, 2], "1")]
)
def test_the_gradient_through_controls_is_that_of_the_dense_matrices(autodiff_backend, word, controls, qubits, on):
    def energy(theta):
        gate = kg.Circuit(len(word)).pauli_rotation(theta, word, range(len(word)))
        return prepared().controlled(gate, controls, qubits, on).expectation(kg.PauliSum(OBSERVED))

    operator = pauli_matrix(OBSERVED, N)

    def reference(values):
        state = embed(controlled_on(rotation(values[0], word), on), [*controls, *qubits], N) @ START
        return (state.conj() @ operator @ state).real

    value, slope = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(THETA))
    near(autodiff_backend, value, reference([THETA]))
    near(autodiff_backend, slope, gradient(reference, [THETA])[0], 1e-9)


@pytest.mark.parametrize("word", ["ZX", "YZXX"])
def test_the_angle_may_be_an_expression_of_symbols_with_a_batch(backend, word):
    qubits = [3, 0, 2, 4][: len(word)]
    theta = kg.parameters("theta", (2,))
    circuit = prepared().pauli_rotation(2 * theta[1] - theta[0] + 0.1, word, qubits)
    points = np.array([[0.2, 0.5], [-1.0, 2.2], [0.0, 0.0]])
    found = kg.function(circuit, kg.state())(backend.asarray(points))
    expected = [rotation(2 * b - a + 0.1, spread(word, qubits)) @ START for a, b in points]
    near(backend, found, np.stack(expected))


@pytest.mark.parametrize("word", ["Y", "XYZ", "XYZX"])
def test_single_precision_is_kept(backend, word):
    qubits = [4, 1, 3, 0][: len(word)]
    with kg.use_precision("single"):
        found = prepared().pauli_rotation(THETA, word, qubits).state()
        expect.close(backend, found, rotation(THETA, spread(word, qubits)) @ START, dtype="complex64", tolerance=1e-6)


WORD = (
    "pauli_rotation got the word {} for {}; give a string with I, X, Y or Z for each qubit, not all of them I, such as "
    '"XYZ"'
)
REFUSED = {
    "a word too long": (lambda c: c.pauli_rotation(0.1, "XYZ", [0, 1]), WORD.format("'XYZ'", "2 qubits")),
    "a word too short": (lambda c: c.pauli_rotation(0.1, "X", [0, 1]), WORD.format("'X'", "2 qubits")),
    "small letters": (lambda c: c.pauli_rotation(0.1, "xy", [0, 1]), WORD.format("'xy'", "2 qubits")),
    "another letter": (lambda c: c.pauli_rotation(0.1, "XA", [0, 1]), WORD.format("'XA'", "2 qubits")),
    "letters I alone": (lambda c: c.pauli_rotation(0.1, "II", [0, 1]), WORD.format("'II'", "2 qubits")),
    "an empty word": (lambda c: c.pauli_rotation(0.1, "", []), WORD.format("''", "no qubits")),
    "a word with indices": (lambda c: c.pauli_rotation(0.1, "X0", [0, 1]), WORD.format("'X0'", "2 qubits")),
    "a list of letters": (lambda c: c.pauli_rotation(0.1, ["X", "Y"], [0, 1]), WORD.format("['X', 'Y']", "2 qubits")),
    "None": (lambda c: c.pauli_rotation(0.1, None, [0]), WORD.format("None", "1 qubit")),
    "one qubit twice": (
        lambda c: c.pauli_rotation(0.1, "XY", [1, 1]),
        "pauli_rotation got the qubits (1, 1), but each may come only once",
    ),
    "one qubit twice under a letter I": (
        lambda c: c.pauli_rotation(0.1, "XI", [1, 1]),
        "pauli_rotation got the qubits (1, 1), but each may come only once",
    ),
    "a qubit that is not there": (
        lambda c: c.pauli_rotation(0.1, "XI", [0, 3]),
        "pauli_rotation got qubit 3, but the circuit has qubits 0 to 2",
    ),
    "a number for the qubits": (
        lambda c: c.pauli_rotation(0.1, "X", 0),
        "pauli_rotation got 0 where a list is due; give one, such as [0, 1]",
    ),
    "NaN": (
        lambda c: c.pauli_rotation(float("nan"), "X", [0]),
        "pauli_rotation got the parameter nan; give a finite number",
    ),
    "a complex angle": (
        lambda c: c.pauli_rotation(0.1j, "X", [0]),
        "pauli_rotation got the parameter 0.1j; give a real number or a 0-d array",
    ),
    "the word first": (
        lambda c: c.pauli_rotation("X", 0.1, [0]),
        WORD.format("0.1", "1 qubit"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence_and_the_circuit_stays_as_it_was(case):
    call, sentence = REFUSED[case]
    circuit = kg.Circuit(3).h(0)
    with pytest.raises(kg.KetgradError) as caught:
        call(circuit)
    assert str(caught.value) == sentence
    assert len(circuit) == 1


def test_a_native_angle_that_is_not_finite_is_refused_under_the_name_that_was_written(backend):
    circuit = kg.Circuit(4).pauli_rotation(backend.asarray(float("nan")), "XYZX", range(4))
    with pytest.raises(kg.InvalidValueError, match="pauli_rotation got the parameter nan; give a finite number"):
        circuit.state()
