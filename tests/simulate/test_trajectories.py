"""Trajectories: their mean is the density matrix, their standard errors are as large as the spread.

Bounds are five standard deviations, exceeded by chance about once in a million; seeds are fixed. Exact values come
from the dense reference alone.
"""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, DECAY_WITH_FLIP, apply_kraus, conjugate, pure, reduced
from dense_reference import gate_matrix, pauli_matrix, play, run

COUNT = 4000
BEFORE = [("ry", (0.8,), (0,)), ("cx", (), (0, 1)), ("rx", (1.9,), (1,)), ("rz", (0.6,), (0,))]
AFTER = [("cry", (1.3,), (0, 1)), ("h", (), (0,))]
TERMS = {"Z0": 0.7, "X0 Y1": -0.5, "Y0": 1.0, "": 0.2}
OBSERVABLE = kg.PauliSum({word or "I": value for word, value in TERMS.items()})


def whole(noise):
    """Return a circuit with noise, a function that appends it, between gates."""
    return play(noise(play(kg.Circuit(2), BEFORE)), AFTER)


def reference(kraus, qubits):
    rho = apply_kraus(pure(run(BEFORE, 2)), kraus, qubits)
    for name, angles, places in AFTER:
        rho = conjugate(rho, np.array(gate_matrix(name, angles), complex), places)
    return rho


NOISES = {
    name: (
        lambda circuit, name=name, noise=noise: circuit.channel(name, noise.values, (1, 0)[: noise.qubits]),
        noise.kraus(*noise.values),
        (1, 0)[: noise.qubits],
    )
    for name, noise in CHANNELS.items()
}
NOISES["kraus on two qubits"] = (lambda circuit: circuit.kraus(DECAY_WITH_FLIP, [1, 0]), DECAY_WITH_FLIP, (1, 0))
NOISES["kraus on one qubit"] = (
    lambda circuit: circuit.kraus(CHANNELS["thermal_relaxation"].kraus(50.0, 70.0, 13.0, 0.2), [0]),
    CHANNELS["thermal_relaxation"].kraus(50.0, 70.0, 13.0, 0.2),
    (0,),
)
NOISES["a measurement"] = (lambda circuit: circuit.measure(1), CHANNELS["phase_flip"].kraus(0.5), (1,))
NOISES["no damping at all"] = (lambda circuit: circuit.amplitude_damping(0.0, 1), [np.eye(2)], (1,))
NOISES["damping for certain"] = (
    lambda circuit: circuit.amplitude_damping(1.0, 1), CHANNELS["amplitude_damping"].kraus(1.0), (1,),
)  # fmt: skip


def assert_within(found, error, exact):
    assert np.all(np.abs(np.asarray(found) - exact) <= 5 * np.asarray(error) + 1e-12), (found, exact, error)


@pytest.mark.parametrize(("noise", "kraus", "qubits"), NOISES.values(), ids=NOISES)
def test_means_agree_with_the_density_matrix_of_the_reference(noise, kraus, qubits):
    rho, operator = reference(kraus, qubits), pauli_matrix(TERMS, 2)
    exact = np.trace(rho @ operator).real
    results = kg.expval(OBSERVABLE), kg.var(OBSERVABLE), kg.probs([1, 0])
    mean, spread, share = kg.function(whole(noise), *results, trajectories=COUNT, seed=5).estimate()
    assert_within(mean.value, mean.standard_error, exact)
    assert_within(spread.value, spread.standard_error, np.trace(rho @ operator @ operator).real - exact**2)
    assert_within(share.value, share.standard_error, np.diag(reduced(rho, (1, 0))).real)


@pytest.mark.parametrize(("noise", "kraus", "qubits"), NOISES.values(), ids=NOISES)
def test_the_mean_of_the_runs_is_the_density_matrix(noise, kraus, qubits):
    results = kg.density_matrix(), kg.density_matrix([1]), kg.purity([1])
    whole_, part, purity = kg.function(whole(noise), *results, trajectories=COUNT, seed=6)()
    rho = reference(kraus, qubits)
    # Each element of a state's density matrix lies within 1/2 of its mean, or within 1 in two parts.
    bound = 5 * 0.5 / math.sqrt(COUNT)
    assert np.max(np.abs((whole_ - rho).real)) < bound
    assert np.max(np.abs((whole_ - rho).imag)) < bound
    assert np.max(np.abs(part - reduced(rho, (1,)))) < math.sqrt(2) * bound
    assert abs(purity - np.trace(reduced(rho, (1,)) @ reduced(rho, (1,))).real) < 4 * bound
    np.testing.assert_allclose(np.trace(whole_), 1, atol=1e-12)
    np.testing.assert_allclose(whole_, whole_.conj().T, atol=1e-12)


@pytest.mark.parametrize(("noise", "kraus", "qubits"), NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("measurement", [kg.expval(OBSERVABLE), kg.probs([0])], ids=["expval", "probs"])
def test_the_standard_error_is_as_large_as_the_spread(noise, kraus, qubits, measurement):
    groups, each = 1000, 12
    start = np.tile(np.eye(1, 4), (groups, 1))
    found = kg.function(whole(noise), measurement, trajectories=each, seed=7).estimate(initial_state=start)
    distance, square = found.value - found.value.mean(axis=0), found.standard_error**2
    fluctuation = ((distance**2).var(axis=0) + square.var(axis=0)) / groups
    difference = distance.var(axis=0, ddof=1) - square.mean(axis=0)
    assert np.all(np.abs(difference) <= 5 * np.sqrt(fluctuation) + 1e-20)


def test_the_standard_error_of_a_variance_is_as_large_as_the_spread_to_first_order():
    groups, each = 1000, 200
    start = np.tile(np.eye(1, 4), (groups, 1))
    circuit = whole(lambda circuit: circuit.amplitude_damping(0.4, 1))
    found = kg.function(circuit, kg.var(OBSERVABLE), trajectories=each, seed=8).estimate(initial_state=start)
    distance, square = found.value - found.value.mean(), found.standard_error**2
    fluctuation = ((distance**2).var() + square.var()) / groups
    assert abs(distance.var(ddof=1) - square.mean()) <= 5 * math.sqrt(fluctuation) + 0.05 * square.mean()


def test_the_variance_of_few_trajectories_is_unbiased_as_that_of_few_shots_is():
    # Z of a qubit that is flipped with probability 1/2 has the variance 1.
    start = np.tile([1.0, 0.0], (4000, 1))
    circuit = kg.Circuit(1).bit_flip(0.5, 0)
    values = np.asarray(kg.function(circuit, kg.var(kg.Z(0)), trajectories=4, seed=9)(initial_state=start))
    assert abs(values.mean() - 1) < 5 * values.std() / math.sqrt(4000)


def test_one_trajectory_never_claims_to_be_exact():
    try:
        found = kg.function(kg.Circuit(1).bit_flip(0.5, 0), kg.expval(kg.Z(0)), trajectories=1, seed=1).estimate()
    except kg.KetgradError:
        return
    assert float(found.standard_error) != 0


# Measurements, conditions, resets, read-out errors


def test_a_condition_acts_in_the_runs_whose_bit_has_its_value():
    circuit = play(kg.Circuit(2), BEFORE).measure(0, 0)
    circuit.conditioned(kg.Circuit(1).ry(0.9, 0), [0], [1], on=0).reset(0).conditioned(kg.Circuit(1).x(0), [0], [0])
    rho = apply_kraus(pure(run(BEFORE, 2)), CHANNELS["phase_flip"].kraus(0.5), [0])
    on_zero = np.eye(4, dtype=complex)
    on_zero[:2, :2] = gate_matrix("ry", (0.9,))
    rho = conjugate(rho, on_zero, (0, 1))
    # Reset, then X where 1 was found: the qubit comes back to what was found.
    results = kg.expval(kg.Z(0)), kg.expval(kg.Z(0) @ kg.X(1)), kg.probs(bits=[0])
    found = kg.function(circuit, *results, trajectories=COUNT, seed=10).estimate()
    for part, terms in zip(found[:2], ({"Z0": 1}, {"Z0 X1": 1}), strict=True):
        assert_within(part.value, part.standard_error, np.trace(rho @ pauli_matrix(terms, 2)).real)
    assert_within(found[2].value, found[2].standard_error, np.diag(reduced(rho, (0,))).real)


def test_a_read_out_error_comes_into_bits_outcomes_and_words_but_not_into_the_state():
    circuit = play(kg.Circuit(1), [("ry", (0.8,), (0,))]).readout_error(0.1, 0.25, 0).measure(0, 0)
    results = kg.probs(bits=[0]), kg.probs(), kg.expval(kg.Z(0)), kg.density_matrix()
    exact = np.array([math.cos(0.4) ** 2, math.sin(0.4) ** 2])
    misread = np.array([[0.9, 0.25], [0.1, 0.75]]) @ exact
    bits, outcomes, mean = kg.function(circuit, *results[:3], trajectories=COUNT, seed=11).estimate()
    assert_within(bits.value, bits.standard_error, misread)
    assert_within(outcomes.value, outcomes.standard_error, misread)
    assert_within(mean.value, mean.standard_error, misread[0] - misread[1])
    rho = kg.function(circuit, results[3], trajectories=COUNT, seed=11)()
    assert np.max(np.abs(rho - np.diag(exact))) < 5 * 0.5 / math.sqrt(COUNT)


def test_a_bit_keeps_what_was_read_before_a_later_read_out_error():
    circuit = kg.Circuit(1).x(0).measure(0, 0).readout_error(1.0, 1.0, 0).measure(0, 1)
    found = kg.function(circuit, kg.probs(bits=[0, 1]), trajectories=5, seed=1)()
    np.testing.assert_allclose(found, [0, 0, 1, 0], atol=1e-12)


def test_a_bit_that_is_measured_twice_keeps_the_last_outcome():
    circuit = kg.Circuit(1).x(0).measure(0, 0).x(0).measure(0, 0)
    np.testing.assert_allclose(kg.function(circuit, kg.probs(bits=[0]), trajectories=5, seed=1)(), [1, 0], atol=1e-12)


# Samples


def test_each_trajectory_is_measured_once():
    circuit = whole(lambda circuit: circuit.amplitude_damping(0.29, 1))
    samples, counts = kg.function(circuit, kg.sample(), kg.counts(), trajectories=COUNT, seed=12)()
    assert samples.shape == (COUNT, 2)
    observed = np.bincount(samples @ [2, 1], minlength=4)
    assert counts == {format(index, "02b"): number for index, number in enumerate(observed.tolist()) if number}
    expected = COUNT * np.diag(reference(CHANNELS["amplitude_damping"].kraus(0.29), (1,))).real
    # Chi-square with 3 degrees of freedom exceeds this once in a million.
    assert np.sum((observed - expected) ** 2 / expected) < 30.67


def test_samples_of_classical_bits_are_the_runs_outcomes():
    circuit = kg.Circuit(2).h(0).measure(0, 0).cx(0, 1).measure(1, 1)
    samples, share = kg.function(circuit, kg.sample(bits=[0, 1]), kg.probs(bits=[0, 1]), trajectories=60, seed=13)()
    assert np.array_equal(samples[:, 0], samples[:, 1])
    np.testing.assert_allclose(share, [1 - samples[:, 0].mean(), 0, 0, samples[:, 0].mean()], atol=1e-12)


def test_counts_of_a_batch_of_trajectories_are_a_list():
    p = kg.parameters("p")
    function = kg.function(kg.Circuit(1).bit_flip(p, 0), kg.counts(), trajectories=9, seed=1)
    assert function([0.0, 1.0]) == [{"0": 9}, {"1": 9}]


# What is refused


def test_too_many_trajectories_are_refused_with_what_they_need():
    kg.set_memory_limit(2**20)
    try:
        # Three states of 2^10 complex numbers of 16 bytes, a thousand times.
        with pytest.raises(kg.OutOfMemoryError, match=r"1000 times 10 qubits .* need 0\.0763 GiB, .* 0\.000977 GiB"):
            kg.function(kg.Circuit(10).bit_flip(0.1, 0), kg.probs([0]), trajectories=1000, seed=1)()
    finally:
        kg.set_memory_limit(None)


def test_trajectories_run_where_a_density_matrix_does_not_fit():
    kg.set_memory_limit(2**22)
    try:
        circuit = kg.Circuit(10).x(3).bit_flip(1.0, 9)
        with pytest.raises(kg.OutOfMemoryError, match="trajectories"):
            kg.function(circuit, kg.probs([3, 9]))()
        found = kg.function(circuit, kg.probs([3, 9]), trajectories=2, seed=1)()
    finally:
        kg.set_memory_limit(None)
    np.testing.assert_allclose(found, [0, 0, 0, 1], atol=1e-12)


REFUSED = {
    "post-selection": (
        lambda: kg.function(kg.Circuit(1).h(0).post_select("1", [0]), kg.probs(), trajectories=3, seed=1)(),
        kg.UnsupportedError,
        "post_select is not simulated by trajectories, .*; leave trajectories out",
    ),
    "shots as well": (
        lambda: kg.function(kg.Circuit(1), kg.probs(), trajectories=3, shots=3),
        kg.UnsupportedError,
        "shots and trajectories were given; give trajectories alone",
    ),
    "a state vector": (
        lambda: kg.function(kg.Circuit(1).bit_flip(0.1, 0), kg.state(), trajectories=3, seed=1)(),
        kg.UnsupportedError,
        "a circuit with noise, measurements or resets has no state vector; ask for density_matrix",
    ),
    "the error of a purity": (
        lambda: kg.function(kg.Circuit(1), kg.purity(), trajectories=3, seed=1).estimate(),
        kg.UnsupportedError,
        "purity has no standard error; estimate expval, var and probs",
    ),
    "none": (
        lambda: kg.function(kg.Circuit(1), kg.probs(), trajectories=0),
        ValueError,
        "the number of trajectories is 0; give at least 1",
    ),
    "half a one": (
        lambda: kg.function(kg.Circuit(1), kg.probs(), trajectories=0.5),
        TypeError,
        r"the number of trajectories is 0\.5; give an integer",
    ),
    "a bit that nobody wrote": (
        lambda: kg.function(kg.Circuit(1).measure(0, 1), kg.probs(bits=[0]), trajectories=3, seed=1)(),
        ValueError,
        "nothing was measured into bit 0; measure a qubit into it first",
    ),
    "a probability of two in a batch": (
        lambda: kg.function(
            kg.Circuit(1).bit_flip(kg.parameters("p"), 0), kg.probs(), trajectories=3, seed=1
        )([0.5, 2.0]),
        ValueError,
        "bit_flip got the probability 2; give one from 0 to 1",
    ),
    "a matrix on a misread qubit": (
        lambda: kg.function(
            kg.Circuit(1).readout_error(0.1, 0.1, 0), kg.expval(kg.Hermitian(np.eye(2), [0])), trajectories=3, seed=1
        )(),
        kg.UnsupportedError,
        "qubit 0 has a read-out error, under which a Hermitian matrix has no one value",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_trajectories_cannot_do_is_refused_with_a_sentence(call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call()
