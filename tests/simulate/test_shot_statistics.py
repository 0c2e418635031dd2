"""Estimates from shots, as statistics: right on average, and standard errors as large as the spread.

Each case is run thousands of times, as a batch under one fixed seed. Bounds are five standard deviations of what is
compared: exceeded by chance about once in a million. Exact values come from the dense reference alone.
"""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, pure, reduced, word_matrix
from dense_reference import expectation, pauli_matrix, play, probabilities, run, variance

RUNS = 4000
BELL = [("h", (), (0,)), ("cx", (), (0, 1))]
PROGRAM = [
    ("ry", (0.8,), (0,)),
    ("cx", (), (0, 1)),
    ("rx", (1.9,), (1,)),
    ("cry", (0.7,), (1, 2)),
    ("rz", (0.4,), (1,)),
]
STATE = run(PROGRAM, 3)
RANDOM = np.random.default_rng(8)
GENERAL = RANDOM.normal(size=(4, 4)) + 1j * RANDOM.normal(size=(4, 4))
GENERAL = GENERAL + GENERAL.conj().T
DEGENERATE = 2.0 * word_matrix("XY") - 1.0 * np.eye(4)
"""Eigenvalues 1 and −3, each twice."""


def one(angle):
    return [("ry", (angle,), (0,))]


def estimates(circuit, measurement, shots, seed, runs=RUNS):
    """Return values and standard errors of many independent runs."""
    start = np.tile(np.eye(1, 1 << circuit.num_qubits), (runs, 1))
    found = kg.function(circuit, measurement, shots=shots, seed=seed).estimate(initial_state=start)
    return np.asarray(found.value), np.asarray(found.standard_error)


def assert_unbiased(values, exact):
    bound = 5 * values.std(axis=0, ddof=1) / math.sqrt(len(values)) + 1e-12
    assert np.all(np.abs(values.mean(axis=0) - exact) <= bound), (values.mean(axis=0), exact, bound)


def assert_right_errors(values, errors, slack=0.0):
    """Compare the squares, whose mean has no bias, with the spread; both fluctuate."""
    distance = values - values.mean(axis=0)
    spread, square = distance.var(axis=0, ddof=1), errors**2
    fluctuation = ((distance**2).var(axis=0) + square.var(axis=0)) / len(values)
    bound = 5 * np.sqrt(fluctuation) + slack * spread + 1e-20
    assert np.all(np.abs(spread - square.mean(axis=0)) <= bound), (spread, square.mean(axis=0), bound)


def sum_of(terms):
    return kg.PauliSum({word or "I": value for word, value in terms.items()})


SUMS = {
    "one word": {"Z0": 1.0},
    "a word of three letters": {"X0 Y1 Z2": 1.0},
    "commuting words in one setting": {"Z0": 1.0, "Z1": -0.7, "Z0 Z1": 0.4, "Z2": 1.1},
    "a word within another": {"X0 Z1": 1.0, "X0": -0.5, "Z1": 2.0},
    "words that disagree": {"X0": 0.5, "Y0": 1.0, "Z0": -2.0},
    "words that commute in different settings": {"X0 X1": 1.0, "Y0 Y1": 0.6, "Z0 Z1": -0.8},
    "a word that two settings could measure": {"Z0 X1": 1.0, "Z0 Y1": 1.0, "Z0": 1.0},
    "with an identity": {"": 3.0, "Z0": 0.5, "X2": 0.3},
    "a chain": {"Z0 Z1": -1.0, "Z1 Z2": -1.0, "X0": -0.6, "X1": -0.6, "X2": -0.6},
}


@pytest.mark.parametrize("shots", [2, 40])
@pytest.mark.parametrize("terms", SUMS.values(), ids=SUMS)
def test_an_expectation_value_is_unbiased_with_the_right_error(terms, shots):
    values, errors = estimates(play(kg.Circuit(3), PROGRAM), kg.expval(sum_of(terms)), shots, 100)
    assert_unbiased(values, expectation(terms, STATE))
    assert_right_errors(values, errors)


@pytest.mark.parametrize("shots", [2, 40])
@pytest.mark.parametrize("terms", SUMS.values(), ids=SUMS)
def test_a_variance_is_unbiased(terms, shots):
    values, _ = estimates(play(kg.Circuit(3), PROGRAM), kg.var(sum_of(terms)), shots, 200)
    assert_unbiased(values, variance(terms, STATE))


@pytest.mark.parametrize("terms", SUMS.values(), ids=SUMS)
def test_a_variance_has_the_right_error_to_first_order(terms):
    values, errors = estimates(play(kg.Circuit(3), PROGRAM), kg.var(sum_of(terms)), 400, 300, runs=2000)
    assert_right_errors(values, errors, slack=0.05)


def test_the_mean_over_many_seeds_is_unbiased_too():
    function = kg.function(play(kg.Circuit(3), PROGRAM), kg.expval(sum_of(SUMS["a chain"])), shots=10)
    values = np.array([function(seed=seed) for seed in range(400)])
    assert_unbiased(values, expectation(SUMS["a chain"], STATE))


def test_consecutive_rows_of_a_batch_are_independent():
    values, _ = estimates(play(kg.Circuit(1), one(1.1)), kg.expval(kg.Z(0)), 20, 17)
    distance = values - values.mean()
    correlation = np.mean(distance[1:] * distance[:-1]) / np.mean(distance**2)
    assert abs(correlation) < 5 / math.sqrt(RUNS)


def test_two_settings_of_one_function_are_independent():
    start = np.tile([1.0, 0.0], (RUNS, 1))
    function = kg.function(play(kg.Circuit(1), one(1.1)), kg.expval(kg.Z(0)), kg.expval(kg.X(0)), shots=20, seed=18)
    assert abs(np.corrcoef(*function(initial_state=start))[0, 1]) < 5 / math.sqrt(RUNS)


# Closed forms


@pytest.mark.parametrize("shots", [2, 3, 100])
def test_the_error_of_one_qubit_is_the_square_root_of_one_minus_the_mean_squared(backend, shots):
    function = kg.function(play(kg.Circuit(1), one(1.1)), kg.expval(kg.Z(0)), shots=shots)
    for seed in range(3):
        value, error = (float(backend.to_numpy(part)) for part in function.estimate(seed=seed))
        assert error == pytest.approx(math.sqrt((1 - value**2) / (shots - 1)), abs=1e-12)


def test_the_error_of_a_frequency_is_that_of_a_binomial_share(backend):
    found = kg.function(play(kg.Circuit(1), one(1.1)), kg.probs(), shots=50, seed=2).estimate()
    share = backend.to_numpy(found.value)
    np.testing.assert_allclose(backend.to_numpy(found.standard_error), np.sqrt(share * (1 - share) / 49), atol=1e-12)


@pytest.mark.parametrize(("terms", "value"), [({"Z0": 1, "Z1": -1}, 0), ({"X0 X1": 1}, 1), ({"Z0 Z1": -2}, -2)])
def test_what_each_shot_of_a_bell_state_agrees_on_has_no_error(backend, terms, value):
    found = kg.function(play(kg.Circuit(2), BELL), kg.expval(sum_of(terms)), shots=100, seed=3).estimate()
    assert float(backend.to_numpy(found.value)) == pytest.approx(value, abs=1e-12)
    assert float(backend.to_numpy(found.standard_error)) == pytest.approx(0, abs=1e-12)


def test_words_that_are_equal_in_each_shot_add_their_errors(backend):
    # Z0 + Z1 of a Bell state is twice Z0: the errors add, not their squares.
    single, double = (
        kg.function(play(kg.Circuit(2), BELL), kg.expval(observable), kg.probs(), shots=64, seed=3).estimate()[0]
        for observable in (kg.Z(0), kg.Z(0) + kg.Z(1))
    )
    assert float(backend.to_numpy(double.standard_error)) == pytest.approx(
        2 * float(backend.to_numpy(single.standard_error)), abs=1e-12
    )


@pytest.mark.parametrize("observable", [kg.PauliSum({}), 0 * kg.Z(0), 2.5 * kg.I()], ids=["empty", "zero", "identity"])
def test_a_sum_that_needs_no_measurement_is_exact(backend, observable):
    constant = observable.words[0][1] if len(observable) else 0
    measured = kg.function(kg.Circuit(1).h(0), kg.expval(observable), kg.var(observable), shots=7, seed=1)
    for estimate, value in zip(measured.estimate(), (constant, 0), strict=True):
        assert float(backend.to_numpy(estimate.value)) == value
        assert float(backend.to_numpy(estimate.standard_error)) == 0


def test_one_shot_is_unbiased():
    measurement = kg.expval(sum_of(SUMS["a chain"]))
    start = np.tile(np.eye(1, 8), (RUNS, 1))
    function = kg.function(play(kg.Circuit(3), PROGRAM), measurement, shots=1, seed=23)
    values = np.asarray(function(initial_state=start))
    assert_unbiased(values, expectation(SUMS["a chain"], STATE))


@pytest.mark.parametrize(
    "measurement", [kg.expval(kg.Z(0)), kg.var(kg.Z(0)), kg.probs()], ids=["expval", "var", "probs"]
)
def test_one_shot_never_claims_to_be_exact(measurement):
    # One number tells nothing about its spread: dividing by N − 1 = 0 is no number.
    try:
        found = kg.function(kg.Circuit(1).h(0), measurement, shots=1, seed=1).estimate()
    except kg.KetgradError:
        return
    assert not np.any(np.asarray(found.standard_error) == 0)


# Other observables


@pytest.mark.parametrize("matrix", [GENERAL, DEGENERATE, np.eye(4), np.diag([0, 0, 1, 0])], ids=range(4))
@pytest.mark.parametrize("qubits", [(0, 1), (2, 0)], ids=str)
def test_a_hermitian_matrix_is_unbiased_with_the_right_error(matrix, qubits):
    circuit, shots = play(kg.Circuit(3), PROGRAM), 30
    rho = reduced(pure(STATE), qubits)
    values, errors = estimates(circuit, kg.expval(kg.Hermitian(matrix, qubits)), shots, 31)
    exact = np.trace(rho @ matrix).real
    assert_unbiased(values, exact)
    assert_right_errors(values, errors)
    spread = np.trace(rho @ matrix @ matrix).real - exact**2
    values, _ = estimates(circuit, kg.var(kg.Hermitian(matrix, qubits)), shots, 32)
    assert_unbiased(values, spread)


@pytest.mark.parametrize("measure", [kg.expval, kg.var])
def test_a_projector_is_unbiased(measure):
    share = probabilities(STATE, [2, 1])[0b10]
    values, errors = estimates(play(kg.Circuit(3), PROGRAM), measure(kg.Projector("10", [2, 1])), 30, 33)
    assert_unbiased(values, share if measure is kg.expval else share * (1 - share))
    if measure is kg.expval:
        assert_right_errors(values, errors)


def test_frequencies_are_unbiased_with_the_right_errors():
    values, errors = estimates(play(kg.Circuit(3), PROGRAM), kg.probs([2, 0]), 30, 34)
    assert_unbiased(values, probabilities(STATE, [2, 0]))
    assert_right_errors(values, errors)


# Noise, read-out errors, measurements


def test_a_noisy_density_matrix_is_unbiased_with_the_right_error():
    terms = SUMS["words that commute in different settings"]
    rho = apply_kraus(pure(STATE), CHANNELS["amplitude_damping"].kraus(0.3), [0])
    rho = apply_kraus(rho, CHANNELS["depolarizing2"].kraus(0.2), [1, 0])
    circuit = play(kg.Circuit(3), PROGRAM).amplitude_damping(0.3, 0).depolarizing(0.2, 1, 0)
    values, errors = estimates(circuit, kg.expval(sum_of(terms)), 30, 41)
    assert_unbiased(values, np.trace(rho @ pauli_matrix(terms, 3)).real)
    assert_right_errors(values, errors)


def test_a_misread_word_is_unbiased_with_the_right_error():
    # Read: (1 − p01 − p10)⟨X⟩ + p10 − p01.
    circuit = play(kg.Circuit(3), PROGRAM).readout_error(0.1, 0.25, 2)
    values, errors = estimates(circuit, kg.expval(kg.X(2)), 30, 42)
    assert_unbiased(values, 0.65 * expectation({"X2": 1}, STATE) + 0.15)
    assert_right_errors(values, errors)


def test_classical_bits_are_unbiased_with_the_right_errors():
    circuit = play(kg.Circuit(2), one(1.1)).measure(0).cx(0, 1).ry(0.9, 0).measure(0).measure(1)
    ones, again = math.sin(0.55) ** 2, math.sin(0.45) ** 2
    exact = np.zeros((2, 2, 2))
    exact[0, :, 0] = (1 - ones) * np.array([1 - again, again])
    exact[1, :, 1] = ones * np.array([again, 1 - again])
    values, errors = estimates(circuit, kg.probs(bits=[0, 1, 2]), 30, 43)
    assert_unbiased(values, exact.ravel())
    assert_right_errors(values, errors)


MEASURED = {
    "measured at the end": lambda: kg.Circuit(1).h(0).measure(0),
    "measured twice": lambda: kg.Circuit(1).h(0).measure(0).measure(0),
    "measured and one more gate": lambda: kg.Circuit(1).h(0).measure(0).id(0),
    "dephased": lambda: kg.Circuit(1).h(0).phase_flip(0.5, 0),
}


@pytest.mark.parametrize("circuit", MEASURED.values(), ids=MEASURED)
@pytest.mark.parametrize(
    "observable", [kg.X(0), kg.Hermitian([[0, 1], [1, 0]], [0])], ids=["Pauli word", "Hermitian matrix"]
)
def test_a_measured_qubit_has_no_coherence_left(circuit, observable):
    values, errors = estimates(circuit(), kg.expval(observable), 20, 44, runs=500)
    assert_unbiased(values, 0.0)
    assert_right_errors(values, errors)


@pytest.mark.parametrize("qubits", [(0, 1), (1, 0)], ids=str)
def test_a_hermitian_matrix_on_one_measured_and_one_free_qubit_is_unbiased(qubits):
    circuit = play(kg.Circuit(2), [*BELL, ("ry", (0.7,), (1,)), ("rx", (0.4,), (0,))]).measure(0)
    rho = pure(run([*BELL, ("ry", (0.7,), (1,)), ("rx", (0.4,), (0,))], 2))
    rho = apply_kraus(rho, CHANNELS["phase_flip"].kraus(0.5), [0])
    values, errors = estimates(circuit, kg.expval(kg.Hermitian(GENERAL, qubits)), 30, 45)
    assert_unbiased(values, np.trace(reduced(rho, qubits) @ GENERAL).real)
    assert_right_errors(values, errors)
