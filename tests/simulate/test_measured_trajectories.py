"""Trajectories of measured circuits drawn at random: their means are the exact results, within the standard error."""

import math

import numpy as np
import pytest

import ketgrad as kg
from branch_reference import play, run, written_bits
from random_measured import case

RUNS = 4000
CASES = [(flavour, seed) for flavour in ("measure", "reset", "noise", "misread") for seed in range(12)]
ONE_OF_EACH = [("measure", 3), ("reset", 2), ("noise", 3), ("misread", 7)]
TERMS = {"X0": 0.7, "Z0": 0.5, "Y0 Z1": -0.4, "Z1": 0.3, "X1 X2": 0.6}


def terms_of(n):
    return {word: value for word, value in TERMS.items() if all(int(factor[1:]) < n for factor in word.split())}


def within(found, expected, count):
    """Compare frequencies with probabilities: five standard errors, and nothing where nothing can come."""
    expected = np.clip(expected, 0, 1)
    bound = 5 * np.sqrt(expected * (1 - expected) / count) + 1e-9
    assert np.all(np.abs(found - expected) < bound), (found, expected)


def asked_of(flavour, seed):
    n, steps = case(flavour, seed)
    written = written_bits(steps)
    return play(kg.Circuit, steps, n), run(steps, n), written, n


@pytest.mark.parametrize(("flavour", "seed"), CASES)
def test_joint_outcomes_of_bits_are_frequencies_of_the_exact_ones(flavour, seed):
    circuit, expected, written, _ = asked_of(flavour, seed)
    if written:
        found = kg.function(circuit, kg.probs(bits=written), trajectories=RUNS, seed=seed)()
        within(found, expected.bit_probabilities(written), RUNS)


@pytest.mark.parametrize(("flavour", "seed"), CASES)
def test_expectation_values_are_within_five_standard_errors(flavour, seed):
    circuit, expected, _, n = asked_of(flavour, seed)
    f = kg.function(circuit, kg.expval(kg.PauliSum(terms_of(n))), trajectories=RUNS, seed=seed)
    value, error = f.estimate()
    assert abs(value - expected.expectation(terms_of(n))) < 5 * error + 1e-9


@pytest.mark.parametrize(("flavour", "seed"), CASES[::3])
def test_density_matrices_are_near_the_exact_ones(flavour, seed):
    """Each entry of a run is at most 1, so the standard error of the mean is at most 1/√runs."""
    circuit, expected, _, _ = asked_of(flavour, seed)
    found = kg.function(circuit, kg.density_matrix(), trajectories=RUNS, seed=seed)()
    assert np.max(np.abs(found - expected.density_matrix())) < 5 / math.sqrt(RUNS)


@pytest.mark.parametrize(("flavour", "seed"), ONE_OF_EACH)
def test_bits_and_observables_agree_on_every_backend(backend, flavour, seed):
    circuit, expected, written, n = asked_of(flavour, seed)
    f = kg.function(circuit, kg.probs(bits=written), kg.expval(kg.PauliSum(terms_of(n))), trajectories=1000, seed=5)
    found, mean = (backend.to_numpy(result) for result in f())
    spread = sum(map(abs, terms_of(n).values()))
    within(found, expected.bit_probabilities(written), 1000)
    assert abs(mean - expected.expectation(terms_of(n))) < 5 * spread / math.sqrt(1000)


@pytest.mark.parametrize(("flavour", "seed"), CASES[::2])
def test_each_trajectory_draws_only_bits_that_can_come(flavour, seed):
    circuit, expected, written, _ = asked_of(flavour, seed)
    if written:
        found = kg.function(circuit, kg.counts(bits=written), trajectories=300, seed=seed)()
        assert set(found) <= expected.outcomes(written)
        assert found.shots == 300


def test_bits_and_qubits_of_one_run_belong_together():
    """A copy of a measured qubit is what the bit says, run by run."""
    circuit = kg.Circuit(2).h(0).measure(0, 0).conditioned(kg.Circuit(1).x(0), [0], [1])
    bits, qubits = kg.function(circuit, kg.sample(bits=[0]), kg.sample([1, 0]), trajectories=100, seed=2)()
    np.testing.assert_array_equal(qubits, np.repeat(bits, 2, axis=1))
    assert 20 < int(bits.sum()) < 80


def test_shots_of_bits_are_frequencies_of_the_exact_ones(backend):
    for flavour, seed in ONE_OF_EACH:
        circuit, expected, written, _ = asked_of(flavour, seed)
        found = kg.function(circuit, kg.probs(bits=written), shots=5000, seed=9)()
        within(backend.to_numpy(found), expected.bit_probabilities(written), 5000)


def test_a_post_selection_is_refused_with_what_to_do():
    f = kg.function(kg.Circuit(1).h(0).post_select("1", [0]), kg.probs(), trajectories=5, seed=1)
    with pytest.raises(kg.UnsupportedError, match="leave trajectories out"):
        f()


def test_a_batch_has_trajectories_of_its_own_for_each_element():
    """Angles and read-out errors that differ within the batch, and a gate that follows what was read."""
    angle, p = kg.parameters("angle"), kg.parameters("p")
    circuit = kg.Circuit(2).ry(angle, 0).readout_error(p, 0.0, 0).measure(0, 0)
    circuit.conditioned(kg.Circuit(1).x(0), [0], [1])
    f = kg.function(circuit, kg.probs(bits=[0]), kg.expval(kg.Z(1)), kg.probs([0]), trajectories=RUNS, seed=8)
    angles, errors = np.array([0.0, 0.9, math.pi]), np.array([0.3, 0.1, 0.5])
    found, mean, qubits = f(angles, errors)
    true = np.sin(angles / 2) ** 2
    read = true + errors * (1 - true)
    within(found[:, 1], read, RUNS)
    np.testing.assert_allclose(mean, 1 - 2 * found[:, 1], rtol=0, atol=1e-12)
    within((qubits[:, 1] - errors) / (1 - errors), true, RUNS)


def test_an_initial_state_begins_every_trajectory(backend):
    circuit = kg.Circuit(1).measure(0, 0).x(0)
    f = kg.function(circuit, kg.probs(bits=[0]), kg.probs(), trajectories=10, seed=8)
    bits, qubits = f(initial_state=[[0.0, 1.0], [2.0, 0.0]])
    np.testing.assert_allclose(backend.to_numpy(bits), [[0, 1], [1, 0]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(backend.to_numpy(qubits), [[1, 0], [0, 1]], rtol=0, atol=1e-12)


def test_one_seed_gives_the_same_runs_on_every_backend(backend):
    circuit = kg.Circuit(1).h(0).measure(0, 0).h(0).measure(0, 1)
    drawn = {}
    for name in ("numpy", backend.name):
        with kg.use_backend(name) as chosen:
            f = kg.function(circuit, kg.sample(bits=[0, 1]), trajectories=40, seed=21)
            drawn[name] = chosen.to_numpy(f())
    np.testing.assert_array_equal(drawn["numpy"], drawn[backend.name])


def test_trajectories_run_under_jit(autodiff_backend):
    theta = kg.parameters("theta")
    circuit = kg.Circuit(2).ry(theta, 0).measure(0, 0).h(0).conditioned(kg.Circuit(1).x(0), [0], [1])
    f = kg.function(circuit, kg.probs(bits=[0]), kg.probs([1]), trajectories=1000, seed=2)
    bits, qubit = kg.jit(lambda x: f(x))(autodiff_backend.asarray(0.9))
    one = math.sin(0.45) ** 2
    within(autodiff_backend.to_numpy(bits), np.array([1 - one, one]), 1000)
    np.testing.assert_allclose(autodiff_backend.to_numpy(bits), autodiff_backend.to_numpy(qubit), rtol=0, atol=1e-12)
