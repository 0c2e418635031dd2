"""Read-out errors: seen once by everything that reads, by bits in the middle and their conditions, by nothing else."""

import math

import numpy as np
import pytest

import ketgrad as kg

X = kg.Circuit(1).x(0)
ANGLE = 0.9
ZERO, ONE = math.cos(ANGLE / 2) ** 2, math.sin(ANGLE / 2) ** 2
ERRORS = [(0.1, 0.1), (0.05, 0.3), (0.0, 0.2), (0.25, 0.0), (1.0, 1.0)]

every_error = pytest.mark.parametrize(("p01", "p10"), ERRORS)


def close(backend, found, expected, tolerance=1e-12):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def confusion(p01, p10):
    """Return the probabilities [read, true]."""
    return np.array([[1 - p01, p10], [p01, 1 - p10]])


def misread(mean, p01, p10):
    """Return the mean of (−1)^read for a true mean."""
    return (p10 - p01) + (1 - p01 - p10) * mean


def turned(p01, p10, n=1):
    return kg.Circuit(n).ry(ANGLE, 0).readout_error(p01, p10, 0)


@every_error
def test_probabilities_are_those_of_reading(backend, p01, p10):
    close(backend, turned(p01, p10).probabilities(), confusion(p01, p10) @ [ZERO, ONE])


@every_error
def test_expectation_values_in_all_three_bases_are_those_of_reading(backend, p01, p10):
    close(backend, turned(p01, p10).expectation(kg.Z(0)), misread(math.cos(ANGLE), p01, p10))
    close(backend, turned(p01, p10).expectation(kg.X(0)), misread(math.sin(ANGLE), p01, p10))
    about_x = kg.Circuit(1).rx(-ANGLE, 0).readout_error(p01, p10, 0)
    close(backend, about_x.expectation(kg.Y(0)), misread(math.sin(ANGLE), p01, p10))


def test_a_product_is_read_with_the_error_of_each_of_its_qubits(backend):
    """⟨(a + b Z)(c + d Z)⟩ = ac + ad⟨Z₁⟩ + bc⟨Z₀⟩ + bd⟨Z₀Z₁⟩."""
    circuit = kg.Circuit(2).ry(ANGLE, 0).cx(0, 1).ry(0.5, 1).readout_error(0.1, 0.3, 0).readout_error(0.05, 0.2, 1)
    z0, z1, both = math.cos(ANGLE), math.cos(ANGLE) * math.cos(0.5), math.cos(0.5)
    (a, b), (c, d) = (0.2, 0.6), (0.15, 0.75)
    close(backend, circuit.expectation(kg.Z(0) @ kg.Z(1)), a * c + a * d * z1 + b * c * z0 + b * d * both)


@every_error
def test_a_variance_is_that_of_what_is_read(backend, p01, p10):
    close(backend, turned(p01, p10).variance(kg.Z(0)), 1 - misread(math.cos(ANGLE), p01, p10) ** 2)


@every_error
def test_a_projector_is_read_with_the_error(backend, p01, p10):
    close(backend, turned(p01, p10).expectation(kg.Projector("1", [0])), p01 * ZERO + (1 - p10) * ONE)


@every_error
def test_counts_are_those_of_reading(backend, p01, p10):
    expected = (confusion(p01, p10) @ [ZERO, ONE])[1]
    found = turned(p01, p10).counts(20000, seed=5).get("1", 0) / 20000
    assert abs(found - expected) < 5 * math.sqrt(expected * (1 - expected) / 20000)


@every_error
def test_bits_in_the_middle_are_misread_once(backend, p01, p10):
    circuit = turned(p01, p10).measure(0, 0).h(0)
    close(backend, circuit.probabilities(bits=[0]), confusion(p01, p10) @ [ZERO, ONE])


@every_error
def test_bits_at_the_end_are_misread_once(backend, p01, p10):
    close(backend, turned(p01, p10).measure(0, 0).probabilities(bits=[0]), confusion(p01, p10) @ [ZERO, ONE])


@every_error
def test_counts_of_bits_at_the_end_are_misread_once(backend, p01, p10):
    expected = (confusion(p01, p10) @ [ZERO, ONE])[1]
    found = turned(p01, p10).measure(0, 0).counts(20000, seed=6).get("1", 0) / 20000
    assert abs(found - expected) < 5 * math.sqrt(expected * (1 - expected) / 20000)


@every_error
def test_density_matrices_and_what_follows_from_them_do_not_see_the_error(backend, p01, p10):
    c, s = math.cos(ANGLE / 2), math.sin(ANGLE / 2)
    close(backend, turned(p01, p10).density_matrix(), [[c * c, c * s], [c * s, s * s]])
    close(backend, turned(p01, p10).purity(), 1)
    close(backend, turned(p01, p10).entropy([0]), 0, 1e-10)
    close(backend, turned(p01, p10).state(), [c, s])


@every_error
def test_a_condition_on_a_misread_bit_follows_what_was_read(backend, p01, p10):
    circuit = turned(p01, p10, 2).measure(0, 0).conditioned(X, [0], [1])
    expected = confusion(p01, p10) * [ZERO, ONE]  # [read, true]
    close(backend, circuit.density_matrix(), np.diag(expected.T.reshape(-1)))
    # The qubit itself is misread a second time when it is read at the end; qubit 1 and the bit are not.
    close(backend, circuit.probabilities([1]), expected.sum(axis=1))
    close(backend, circuit.probabilities(bits=[0]), expected.sum(axis=1))
    close(backend, circuit.probabilities([0]), confusion(p01, p10) @ [ZERO, ONE])


def test_resetting_by_a_misread_outcome_leaves_the_errors_in_the_qubit(backend):
    circuit = turned(0.1, 0.2).measure(0, 0).conditioned(X, [0], [0])
    close(backend, circuit.density_matrix(), np.diag([0.9 * ZERO + 0.8 * ONE, 0.1 * ZERO + 0.2 * ONE]))


def test_one_qubit_measured_twice_is_misread_independently(backend):
    each = confusion(0.1, 0.2)
    joint = sum(chance * np.kron(each[:, true], each[:, true]) for true, chance in enumerate([ZERO, ONE]))
    close(backend, turned(0.1, 0.2).measure(0, 1).measure(0, 0).probabilities(bits=[0, 1]), joint)


def test_one_qubit_measured_twice_is_misread_independently_where_one_bit_is_a_condition(backend):
    each = confusion(0.1, 0.2)
    joint = sum(chance * np.kron(each[:, true], each[:, true]) for true, chance in enumerate([ZERO, ONE]))
    circuit = turned(0.1, 0.2, 2).measure(0, 1).conditioned(X, [1], [1]).measure(0, 0)
    close(backend, circuit.probabilities(bits=[1, 0]), joint)
    circuit.measure(1, 2)
    close(backend, circuit.probabilities(bits=[2, 0]), joint)


def test_the_error_holds_from_where_it_stands_and_not_before(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).measure(0, 0).readout_error(0.1, 0.2, 0).measure(0, 1)
    read = confusion(0.1, 0.2)
    close(backend, circuit.probabilities(bits=[0]), [ZERO, ONE])
    close(backend, circuit.probabilities(bits=[0, 1]), [*(ZERO * read[:, 0]), *(ONE * read[:, 1])])


def test_a_second_error_takes_the_place_of_the_first(backend):
    circuit = turned(0.4, 0.3).measure(0, 0).readout_error(0.1, 0.2, 0).measure(0, 1)
    first, second = confusion(0.4, 0.3), confusion(0.1, 0.2)
    joint = sum(chance * np.kron(first[:, true], second[:, true]) for true, chance in enumerate([ZERO, ONE]))
    close(backend, circuit.probabilities(bits=[0, 1]), joint)
    close(backend, circuit.probabilities(), second @ [ZERO, ONE])


def test_the_error_stays_with_the_qubit_through_a_reset(backend):
    circuit = turned(0.1, 0.2).reset(0).measure(0, 0)
    close(backend, circuit.probabilities(bits=[0]), [0.9, 0.1])


def test_post_selection_keeps_what_the_qubit_is_and_not_what_is_read(backend):
    circuit = turned(0.1, 0.2).post_select("1", [0])
    close(backend, circuit.density_matrix(), np.diag([0, 1]))
    close(backend, circuit.probabilities(), [0.2, 0.8])


def test_an_error_of_another_qubit_is_not_seen(backend):
    circuit = kg.Circuit(2).ry(ANGLE, 0).readout_error(0.3, 0.4, 1)
    close(backend, circuit.probabilities([0]), [ZERO, ONE])
    close(backend, circuit.expectation(kg.X(0)), math.sin(ANGLE))


def test_an_expectation_value_after_measuring_is_misread_in_every_basis(backend):
    circuit = turned(0.1, 0.3).measure(0)
    close(backend, circuit.expectation(kg.Z(0)), misread(math.cos(ANGLE), 0.1, 0.3))
    close(backend, circuit.expectation(kg.X(0)), misread(0, 0.1, 0.3))
    close(backend, circuit.expectation(kg.Y(0)), misread(0, 0.1, 0.3))


def test_words_of_a_measured_and_a_misread_qubit_keep_their_correlations(backend):
    """Of a Bell pair with one half measured, ZZ is 1 and XX is 0; the error acts on what is left."""
    circuit = kg.Circuit(2).h(0).cx(0, 1).measure(1).readout_error(0.1, 0.3, 0)
    close(backend, circuit.expectation(kg.Z(0) @ kg.Z(1)), 0.6)
    close(backend, circuit.expectation(kg.X(0) @ kg.X(1)), 0)
    close(backend, circuit.expectation(kg.X(0)), 0.2)


def test_a_batch_of_errors_misreads_each_circuit_by_its_own(backend):
    p = kg.parameters("p", (2,))
    circuit = kg.Circuit(2).ry(ANGLE, 0).readout_error(p[0], p[1], 0).measure(0, 0).conditioned(X, [0], [1]).h(0)
    f = kg.function(circuit, kg.probs(bits=[0]), kg.probs([1]))
    for found in f(ERRORS):
        close(backend, found, [confusion(*error) @ [ZERO, ONE] for error in ERRORS])


def test_the_gradient_by_the_errors_of_a_condition_is_the_closed_form(autodiff_backend):
    """⟨Z₁⟩ = 1 − 2·P(read 1), and P(read 1) = p01·cos² + (1 − p10)·sin²."""

    def energy(p):
        circuit = kg.Circuit(2).ry(ANGLE, 0).readout_error(p[0], p[1], 0).measure(0, 0).conditioned(X, [0], [1])
        return circuit.expectation(kg.Z(1))

    backend = autodiff_backend
    value, gradient = kg.value_and_grad(energy, fallback="error")(backend.asarray([0.1, 0.2]))
    close(backend, value, 1 - 2 * (0.1 * ZERO + 0.8 * ONE))
    close(backend, gradient, [-2 * ZERO, 2 * ONE])


@every_error
def test_trajectories_misread_bits_and_follow_what_was_read(p01, p10):
    circuit = turned(p01, p10, 2).measure(0, 0).conditioned(X, [0], [1])
    f = kg.function(circuit, kg.probs(bits=[0]), kg.probs([1]), trajectories=4000, seed=11)
    expected = (confusion(p01, p10) @ [ZERO, ONE])[1]
    bound = 5 * math.sqrt(expected * (1 - expected) / 4000)
    found = [result[1] for result in f()]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert abs(found[0] - expected) < bound


def test_a_noise_model_misreads_a_circuit_that_begins_with_a_prepared_state(backend):
    noisy = kg.NoiseModel().readout(0.1, 0.2).apply(kg.Circuit(1).prepare([0.6, 0.8]))
    close(backend, noisy.probabilities(), confusion(0.1, 0.2) @ [0.36, 0.64])


def test_a_state_is_prepared_on_a_qubit_whose_reading_is_known_to_be_wrong(backend):
    circuit = kg.Circuit(1).readout_error(0.1, 0.2, 0).prepare("1")
    close(backend, circuit.probabilities(), [0.2, 0.8])


def test_a_hermitian_matrix_on_a_misread_qubit_is_refused():
    with pytest.raises(kg.UnsupportedError, match="read-out error"):
        turned(0.1, 0.2).expectation(kg.Hermitian([[1, 0], [0, -1]], [0]))
