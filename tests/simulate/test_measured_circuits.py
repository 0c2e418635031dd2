"""Circuits with measurements in their middle, drawn at random, against the reference that follows every branch."""

from itertools import permutations

import numpy as np
import pytest

import ketgrad as kg
from branch_reference import play, written_bits
from dense_channels import entropy, purity, reduced
from ketgrad import measurements
from ketgrad.simulate import evolve, program
from random_measured import FLAVOURS, case, reference

TOLERANCE = 1e-11
SEEDS = range(48)
CASES = [(flavour, seed) for flavour in FLAVOURS for seed in SEEDS]
FEW = [("measure", 3), ("reset", 6), ("noise", 2), ("select", 7), ("misread", 3), ("everything", 6), ("everything", 11)]
TERMS = {"X0": 0.7, "Y0 Z2": -0.4, "Z0 X2": 0.9, "Y2": 0.3, "Z3": 0.55, "X0 Y1": -0.25, "Z1": 0.8, "Y0 Y1 Y2": 0.6}

every_case = pytest.mark.parametrize(("flavour", "seed"), CASES)
few_cases = pytest.mark.parametrize(("flavour", "seed"), FEW)


def circuit_of(flavour, seed):
    n, steps = case(flavour, seed)
    return play(kg.Circuit, steps, n)


def terms_of(n):
    """Return those words that fit on n qubits."""
    return {word: value for word, value in TERMS.items() if all(int(factor[1:]) < n for factor in word.split())}


def subsets_of(n, seed):
    """Return all permuted subsets of up to three qubits, five of those of four."""
    every = [qubits for size in range(1, n + 1) for qubits in permutations(range(n), size)]
    return every if n < 4 else [every[(7 * seed + 13 * index) % len(every)] for index in range(5)]


def groups_of(steps, seed):
    """Return some permuted groups of the bits that were written, all of them and each alone among them."""
    written = written_bits(steps)
    mixed = np.random.default_rng(seed).permutation(written).tolist()
    return [*([bit] for bit in written), mixed, mixed[: len(mixed) // 2 + 1]] if written else []


def close(backend, found, expected, message=""):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE, err_msg=str(message))


def check_states(backend, flavour, seed):
    circuit, expected = circuit_of(flavour, seed), reference(flavour, seed)
    close(backend, circuit.density_matrix(), expected.density_matrix())
    for qubits in subsets_of(expected.n, seed):
        close(backend, circuit.density_matrix(qubits), expected.density_matrix(qubits), qubits)


def check_qubits(backend, flavour, seed):
    circuit, expected = circuit_of(flavour, seed), reference(flavour, seed)
    for qubits in subsets_of(expected.n, seed):
        close(backend, circuit.probabilities(qubits), expected.probabilities(qubits), qubits)


def check_bits(backend, flavour, seed):
    circuit, expected = circuit_of(flavour, seed), reference(flavour, seed)
    for group in groups_of(case(flavour, seed).program, seed):
        close(backend, circuit.probabilities(bits=group), expected.bit_probabilities(group), group)


def check_observables(backend, flavour, seed):
    circuit, expected = circuit_of(flavour, seed), reference(flavour, seed)
    terms = terms_of(expected.n)
    close(backend, circuit.expectation(kg.PauliSum(terms)), expected.expectation(terms))
    close(backend, circuit.variance(kg.PauliSum(terms)), expected.variance(terms))


def test_there_are_more_than_two_hundred_programs_and_each_kind_of_step_is_often_in_them():
    steps = [step for flavour, seed in CASES for step in case(flavour, seed).program]
    kinds = [type(step).__name__ for step in steps]
    conditioned = [step for step in steps if getattr(step, "conditions", ())]
    assert len(CASES) > 200
    assert all(kinds.count(kind) > 50 for kind in ("Gate", "Noise", "Measured", "Selected", "Misread"))
    assert len(conditioned) > 300
    assert sum(len(step.conditions) > 1 for step in conditioned) > 100


@every_case
def test_density_matrices_of_random_measured_circuits_are_those_of_the_branches(flavour, seed):
    with kg.use_backend("numpy") as backend:
        check_states(backend, flavour, seed)


@every_case
def test_outcomes_of_qubits_of_random_measured_circuits_are_those_of_the_branches(flavour, seed):
    with kg.use_backend("numpy") as backend:
        check_qubits(backend, flavour, seed)


@every_case
def test_joint_outcomes_of_bits_of_random_measured_circuits_are_those_of_the_branches(flavour, seed):
    with kg.use_backend("numpy") as backend:
        check_bits(backend, flavour, seed)


@every_case
def test_means_and_variances_of_random_measured_circuits_are_those_of_the_branches(flavour, seed):
    with kg.use_backend("numpy") as backend:
        check_observables(backend, flavour, seed)


@every_case
def test_purity_and_entropy_of_random_measured_circuits_are_those_of_the_branches(flavour, seed):
    circuit, rho = circuit_of(flavour, seed), reference(flavour, seed).density_matrix()
    for qubits in subsets_of(case(flavour, seed).n, seed)[-3:]:
        np.testing.assert_allclose(circuit.purity(qubits), purity(reduced(rho, qubits)), rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(circuit.entropy(qubits), entropy(reduced(rho, qubits)), rtol=0, atol=1e-10)


@every_case
def test_all_results_asked_for_at_once_are_those_asked_for_one_by_one(flavour, seed):
    n, steps = case(flavour, seed)
    expected, groups = reference(flavour, seed), groups_of(steps, seed)
    asked = [kg.probs(bits=group) for group in groups]
    last = tuple(reversed(range(n)))
    found = kg.function(circuit_of(flavour, seed), *asked, kg.density_matrix(), kg.probs(last))()
    for result, group in zip(found, groups, strict=False):
        np.testing.assert_allclose(result, expected.bit_probabilities(group), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found[-2], expected.density_matrix(), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found[-1], expected.probabilities(last), rtol=0, atol=TOLERANCE)


@every_case
def test_counts_hold_only_outcomes_that_can_come(flavour, seed):
    written = written_bits(case(flavour, seed).program)
    if written:
        counts = circuit_of(flavour, seed).counts(200, seed=seed, order="big")
        found = {"".join(outcome[bit] for bit in written) for outcome in counts}
        assert found <= reference(flavour, seed).outcomes(written)
        assert counts.shots == 200


@pytest.mark.parametrize("is_mixed", [False, True])
@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("flavour", ["measure", "reset", "select"])
def test_the_pure_and_the_mixed_way_of_writing_both_give_the_branches(flavour, seed, is_mixed):
    n, steps = case(flavour, seed)
    expected, groups = reference(flavour, seed), tuple(map(tuple, groups_of(steps, seed)))
    instructions = circuit_of(flavour, seed).operations
    outcomes = program._follow(instructions, groups)
    written = program._Writer(n, outcomes, is_mixed=is_mixed).write(instructions, groups)
    numbers = written.recipe.numbers.bind(kg.get_backend(), {}, "double")
    result = evolve.run(kg.get_backend(), written, "double", numbers, 1)
    terms = terms_of(n)
    np.testing.assert_allclose(result.state.reduced(tuple(range(n)))[0], expected.density_matrix(), atol=TOLERANCE)
    mean = measurements.expval(kg.PauliSum(terms)).evaluate(result)[0]
    np.testing.assert_allclose(mean, expected.expectation(terms), atol=TOLERANCE)
    for group in groups:
        np.testing.assert_allclose(result.bits[group][0], expected.bit_probabilities(group), atol=TOLERANCE)


@few_cases
def test_density_matrices_of_measured_circuits_are_right_on_every_backend(backend, flavour, seed):
    check_states(backend, flavour, seed)


@few_cases
def test_outcomes_of_qubits_of_measured_circuits_are_right_on_every_backend(backend, flavour, seed):
    check_qubits(backend, flavour, seed)


@few_cases
def test_joint_outcomes_of_bits_are_right_on_every_backend(backend, flavour, seed):
    check_bits(backend, flavour, seed)


@few_cases
def test_means_and_variances_of_measured_circuits_are_right_on_every_backend(backend, flavour, seed):
    check_observables(backend, flavour, seed)


@few_cases
def test_single_precision_gives_the_branches_too(backend, flavour, seed):
    expected = reference(flavour, seed)
    with kg.use_precision("single"):
        found = backend.to_numpy(circuit_of(flavour, seed).density_matrix())
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found, expected.density_matrix(), rtol=0, atol=2e-5)
