"""Samples: the same on every backend, and distributed as the state says."""

from collections import Counter

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import play, probabilities, run

PROGRAM = [
    ("ry", (1.0,), (0,)),
    ("ry", (2.0,), (1,)),
    ("ry", (0.5,), (2,)),
    ("cx", (), (0, 2)),
    ("rx", (0.9,), (1,)),
    ("cry", (1.3,), (2, 0)),
]
"""Probabilities from 0.004 to 0.455; with the seed below, no drawn number is within 5e-5 of a boundary between two."""
SEED, SHOTS = 2024, 1000


def circuit():
    return play(kg.Circuit(3), PROGRAM)


def test_a_seed_gives_the_counts_of_the_literal_on_every_backend(backend):
    # Drawn by NumPy alone from the dense reference's probabilities.
    assert circuit().counts(SHOTS, seed=SEED) == {
        "010": 448, "000": 286, "111": 167, "101": 76, "110": 8, "100": 6, "001": 5, "011": 4,
    }  # fmt: skip


def test_a_seed_gives_the_samples_of_numpys_philox_generator_by_the_inverse_distribution(backend):
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED)))
    cumulative = np.cumsum(probabilities(run(PROGRAM, 3)))
    outcomes = np.searchsorted(cumulative, generator.random(SHOTS), side="right")
    expected = [[int(bit) for bit in format(outcome, "03b")] for outcome in outcomes.tolist()]
    np.testing.assert_array_equal(backend.to_numpy(circuit().sample(SHOTS, seed=SEED)), expected)


def test_samples_are_native_integers_of_shape_shots_by_qubits(backend):
    samples = circuit().sample(7, seed=1)
    assert backend.is_array(samples)
    assert backend.dtype(samples) == "int64"
    assert tuple(samples.shape) == (7, 3)


def test_one_seed_gives_the_same_samples_each_time():
    np.testing.assert_array_equal(circuit().sample(50, seed=3), circuit().sample(50, seed=3))


def test_an_integer_of_numpy_is_the_same_seed():
    assert circuit().counts(50, seed=np.int64(3)) == circuit().counts(50, seed=3)


def test_different_seeds_give_different_samples():
    assert not np.array_equal(circuit().sample(100, seed=3), circuit().sample(100, seed=4))


def test_without_a_seed_samples_differ_from_call_to_call():
    # Equal by chance once in 2^200.
    flips = kg.Circuit(1).h(0)
    assert not np.array_equal(flips.sample(200), flips.sample(200))


def test_asking_without_a_seed_leaves_numpys_global_generator_alone():
    before = np.random.get_state()[1].tolist()
    circuit().sample(10)
    assert np.random.get_state()[1].tolist() == before


def test_counts_are_those_of_the_samples_with_that_seed():
    rows = ("".join(map(str, row)) for row in circuit().sample(200, seed=5).tolist())
    assert circuit().counts(200, seed=5) == Counter(rows)


def test_counts_add_up_to_the_shots_most_frequent_first():
    counts = circuit().counts(777, seed=9)
    assert counts.shots == 777
    assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_one_shot_gives_one_outcome():
    assert kg.Circuit(2).h(0).h(1).counts(1, seed=0).shots == 1


def test_outcomes_follow_their_probabilities_by_a_chi_square_test():
    shots = 20_000
    counts = circuit().counts(shots, seed=99)
    expected = shots * probabilities(run(PROGRAM, 3))
    observed = np.array([counts.get(format(index, "03b"), 0) for index in range(8)])
    # The value that chi-square with 7 degrees of freedom exceeds once in a million.
    assert np.sum((observed - expected) ** 2 / expected) < 40.53


def test_a_fair_coin_stays_within_five_standard_deviations():
    heads = kg.Circuit(1).h(0).counts(10_000, seed=123)["1"]
    # 4.9 standard deviations of 50: exceeded once in a million.
    assert abs(heads - 5000) < 245


def test_consecutive_shots_are_independent_by_a_chi_square_test():
    flips = kg.Circuit(1).h(0).sample(20_001, seed=17)[:, 0]
    pairs = 2 * flips[:-1] + flips[1:]
    observed = np.bincount(pairs, minlength=4)
    # 3 degrees of freedom, once in a million.
    assert np.sum((observed - 5000) ** 2 / 5000) < 30.67


def test_outcomes_of_probability_zero_never_come(backend):
    counts = kg.Circuit(3).h(1).cx(1, 0).cx(1, 2).counts(5000, seed=2)
    assert set(counts) == {"000", "111"}


def test_a_certain_outcome_comes_each_time_even_the_last(backend):
    assert kg.Circuit(3).x(0).x(1).x(2).counts(5000, seed=2) == {"111": 5000}


@pytest.mark.parametrize("measure", [lambda c: c.sample(4, seed=1), lambda c: c.counts(4, seed=1)])
def test_a_circuit_with_a_trained_parameter_can_be_sampled(backend, measure):
    theta = backend.requires_grad(backend.asarray(np.pi))
    found = measure(kg.Circuit(1).ry(theta, 0))
    if isinstance(found, dict):
        assert found == {"1": 4}
    else:
        np.testing.assert_array_equal(backend.to_numpy(found), [[1]] * 4)
