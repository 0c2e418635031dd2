"""Results from shots: which random numbers they come from, their shapes, seeds, compiled and mapped calls."""

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, pure
from dense_reference import play, probabilities, run

SEED, SHOTS = 11, 60
ANGLES = (0.9, 1.7)
THETA = kg.parameters("theta", (2,))
TOLERANCE = 1e-12


def program(angles):
    return [("ry", (angles[0],), (0,)), ("cx", (), (0, 1)), ("ry", (angles[1],), (1,))]


def circuit():
    return play(kg.Circuit(2), program(THETA))


def uniforms(shape, *branch):
    """Return numbers of NumPy's Philox generator; each of several settings has a branch of its own."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=branch))).random(shape)


def drawn(exact, numbers):
    """Invert the cumulative distribution, and write outcomes as rows of bits."""
    outcomes = np.searchsorted(np.cumsum(exact), numbers, side="right")
    size = len(exact).bit_length() - 1
    return (outcomes[..., None] >> np.arange(size)[::-1]) & 1


def expected_bits(angles=ANGLES, shots=SHOTS):
    return drawn(probabilities(run(program(angles), 2)), uniforms((1, shots))[0])


def close(backend, found, expected):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=TOLERANCE)


# Values, from NumPy's generator alone


def test_samples_of_a_function_are_those_of_philox(backend):
    found = kg.function(circuit(), kg.sample(), shots=SHOTS, seed=SEED)(ANGLES)
    assert backend.is_array(found)
    assert backend.dtype(found) == "int64"
    np.testing.assert_array_equal(backend.to_numpy(found), expected_bits())


def test_samples_of_a_function_are_those_of_the_circuits_method():
    found = kg.function(circuit(), kg.sample(), shots=9, seed=3)(ANGLES)
    np.testing.assert_array_equal(found, play(kg.Circuit(2), program(ANGLES)).sample(9, seed=3))


def test_probabilities_are_the_frequencies_of_the_samples(backend):
    found = kg.function(circuit(), kg.probs(), shots=SHOTS, seed=SEED)(ANGLES)
    close(backend, found, np.bincount(expected_bits() @ [2, 1], minlength=4) / SHOTS)


def test_an_expectation_value_is_the_mean_of_signs(backend):
    found = kg.function(circuit(), kg.expval(kg.Z(0) @ kg.Z(1)), shots=SHOTS, seed=SEED)(ANGLES)
    close(backend, found, np.mean((-1.0) ** expected_bits().sum(axis=1)))


def test_a_sum_in_one_setting_adds_what_each_shot_found(backend):
    found = kg.function(circuit(), kg.expval(2 * kg.Z(0) - kg.Z(1) + 3 * kg.I()), shots=SHOTS, seed=SEED)(ANGLES)
    signs = 1.0 - 2.0 * expected_bits()
    # Z0 and Z1 agree on the basis of every qubit, so one setting measures both.
    close(backend, found, np.mean(2 * signs[:, 0] - signs[:, 1]) + 3)


def test_two_settings_have_streams_of_their_own(backend):
    found = kg.function(circuit(), kg.expval(kg.Z(0) @ kg.Z(1) + 0.5 * kg.X(0)), shots=SHOTS, seed=SEED)(ANGLES)
    state = run(program(ANGLES), 2)
    both = drawn(probabilities(state), uniforms((1, SHOTS), 0)[0])
    turned = drawn(probabilities(run([("h", (), (0,))], 2, state), [0]), uniforms((1, SHOTS), 1)[0])
    close(backend, found, np.mean((-1.0) ** both.sum(axis=1)) + 0.5 * np.mean(1.0 - 2.0 * turned[:, 0]))


def test_a_variance_is_the_unbiased_one_of_the_samples(backend):
    found = kg.function(circuit(), kg.var(kg.Z(0) + kg.Z(1)), shots=SHOTS, seed=SEED)(ANGLES)
    close(backend, found, np.var((1.0 - 2.0 * expected_bits()).sum(axis=1), ddof=1))


def test_a_projector_is_the_frequency_of_its_outcome(backend):
    found = kg.function(circuit(), kg.expval(kg.Projector("10", [1, 0])), shots=SHOTS, seed=SEED)(ANGLES)
    close(backend, found, np.mean((expected_bits() == [0, 1]).all(axis=1)))


def test_a_diagonal_matrix_has_the_values_of_its_outcomes(backend):
    # Ascending on the diagonal, so that the eigenbasis is the standard basis in order.
    found = kg.function(circuit(), kg.expval(kg.Hermitian(np.diag([-2.0, 0.5, 1, 7]), [0, 1])), shots=SHOTS, seed=SEED)
    close(backend, found(ANGLES), np.mean(np.array([-2, 0.5, 1, 7])[expected_bits() @ [2, 1]]))


def test_rows_of_a_batch_take_consecutive_numbers(backend):
    angles = [[0.9, 1.7], [2.0, -0.3], [0.9, 1.7]]
    found = kg.function(circuit(), kg.sample(), shots=SHOTS, seed=SEED)(backend.asarray(angles))
    numbers = uniforms((3, SHOTS))
    expected = [
        drawn(probabilities(run(program(row), 2)), own) for row, own in zip(angles, numbers, strict=True)
    ]  # fmt: skip
    np.testing.assert_array_equal(backend.to_numpy(found), expected)


def test_an_initial_state_is_where_the_samples_begin(backend):
    start = np.array([1, 2j, 0, -2]) / 3
    found = kg.function(circuit(), kg.sample(), shots=SHOTS, seed=SEED)(ANGLES, initial_state=start)
    exact = probabilities(run(program(ANGLES), 2, start))
    np.testing.assert_array_equal(backend.to_numpy(found), drawn(exact, uniforms((1, SHOTS))[0]))


def test_samples_of_a_noisy_density_matrix_follow_its_diagonal(backend):
    noisy = circuit().amplitude_damping(0.29, 0)
    found = kg.function(noisy, kg.sample(), shots=SHOTS, seed=SEED)(ANGLES)
    rho = apply_kraus(pure(run(program(ANGLES), 2)), CHANNELS["amplitude_damping"].kraus(0.29), [0])
    np.testing.assert_array_equal(backend.to_numpy(found), drawn(np.diag(rho).real, uniforms((1, SHOTS))[0]))


def test_classical_bits_are_sampled_in_the_order_asked_for(backend):
    measured = kg.Circuit(1).ry(2.0, 0).measure(0, 0).x(0).ry(1.0, 0).measure(0, 1)
    found = kg.function(measured, kg.sample(bits=[1, 0]), shots=SHOTS, seed=SEED)()
    first, flips = np.sin(1.0) ** 2, np.sin(0.5) ** 2
    # After the flip bit 0 = 1 leaves |0⟩, which reads 1 with probability sin²(1/2).
    exact = [(1 - first) * flips, first * (1 - flips), (1 - first) * (1 - flips), first * flips]
    np.testing.assert_array_equal(backend.to_numpy(found), drawn(exact, uniforms((1, SHOTS))[0]))


def test_read_out_errors_come_once_into_samples_and_expectation_values(backend):
    noisy = circuit().readout_error(0.1, 0.3, 1)
    function = kg.function(noisy, kg.sample(), kg.expval(kg.Z(1)), shots=SHOTS, seed=SEED)
    samples, mean = function(ANGLES)
    exact = probabilities(run(program(ANGLES), 2)).reshape(2, 2) @ np.array([[0.9, 0.1], [0.3, 0.7]])
    bits = drawn(exact.ravel(), uniforms((1, SHOTS))[0])
    np.testing.assert_array_equal(backend.to_numpy(samples), bits)
    close(backend, mean, np.mean(1.0 - 2.0 * bits[:, 1]))


# Several results at once, and their shapes


def test_results_in_one_setting_come_from_the_same_shots(backend):
    results = kg.expval(kg.Z(1)), kg.probs([1, 0]), kg.sample(), kg.counts(), kg.counts([1]), kg.sample([1])
    mean, exact, rows, found, ones, column = kg.function(circuit(), *results, shots=SHOTS, seed=SEED)(ANGLES)
    bits = expected_bits()
    np.testing.assert_array_equal(backend.to_numpy(rows), bits)
    np.testing.assert_array_equal(backend.to_numpy(column), bits[:, [1]])
    close(backend, mean, np.mean(1.0 - 2.0 * bits[:, 1]))
    close(backend, exact, np.bincount(bits @ [1, 2], minlength=4) / SHOTS)
    assert sum(found.values()) == SHOTS
    assert ones == {"1": int(bits[:, 1].sum()), "0": SHOTS - int(bits[:, 1].sum())}


def test_results_of_a_batch_have_its_axes_in_front(backend):
    results = kg.expval(kg.X(0)), kg.var(kg.Z(0)), kg.probs([1]), kg.sample([0, 1]), kg.expval(kg.PauliSum({}))
    found = kg.function(circuit(), *results, shots=5, seed=1)(np.zeros((2, 3, 2)))
    shapes = [tuple(array.shape) for array in found]
    assert shapes == [(2, 3), (2, 3), (2, 3, 2), (2, 3, 5, 2), (2, 3)]


def test_counts_of_a_batch_are_a_list():
    first, second = kg.function(circuit(), kg.counts(), shots=5, seed=1)([[0.0, 0.0], [np.pi, 0.0]])
    assert first == {"00": 5}
    assert second == {"11": 5}


def test_an_estimate_has_the_shapes_of_its_value(backend):
    results = kg.expval(kg.X(0)), kg.probs([1])
    for part, shape in zip(
        kg.function(circuit(), *results, shots=5, seed=1).estimate(np.zeros((3, 2))), [(3,), (3, 2)], strict=True
    ):
        assert isinstance(part, kg.Estimate)
        assert tuple(part.value.shape) == tuple(part.standard_error.shape) == shape


def test_an_estimate_has_the_value_that_a_call_has():
    function = kg.function(circuit(), kg.expval(kg.X(0) + kg.Z(1)), kg.var(kg.X(0) + kg.Z(1)), shots=50, seed=4)
    for called, estimated in zip(function(ANGLES), function.estimate(ANGLES), strict=True):
        assert called == pytest.approx(estimated.value, abs=1e-12)


@pytest.mark.parametrize(("order", "key"), [(None, "100"), ("big", "100"), ("little", "001")])
def test_counts_write_the_first_qubit_named_leftmost_or_rightmost(order, key):
    found = kg.function(kg.Circuit(3).x(2), kg.counts([2, 0, 1], order=order), shots=4, seed=0)()
    assert found == {key: 4}


@pytest.mark.parametrize(("order", "key"), [(None, "01 100"), ("little", "01 100"), ("big", "001 10")])
def test_counts_of_registers_keep_a_space_between(order, key):
    text = "OPENQASM 2.0; qreg q[2]; creg a[3]; creg b[2]; U(pi,0,pi) q[1]; measure q[1] -> a[2]; measure q[1] -> b[0];"
    assert kg.Circuit.from_qasm(text).counts(4, seed=0, order=order) == {key: 4}


def test_no_qubit_has_one_outcome_with_probability_one(backend):
    # As the exact function has it.
    close(backend, kg.function(kg.Circuit(1).h(0), kg.probs([]), shots=3, seed=1)(), [1.0])


# Seeds


def test_one_seed_gives_one_result_at_every_call():
    function = kg.function(circuit(), kg.sample(), shots=50, seed=3)
    np.testing.assert_array_equal(function(ANGLES), function(ANGLES))


def test_without_a_seed_each_call_gives_another_result():
    function = kg.function(kg.Circuit(1).h(0), kg.sample(), shots=200)
    # Equal by chance once in 2^200.
    assert not np.array_equal(function(), function())


def test_a_seed_with_the_call_takes_the_place_of_the_functions_own():
    own, other = (kg.function(circuit(), kg.sample(), shots=50, seed=seed) for seed in (3, 4))
    np.testing.assert_array_equal(own(ANGLES, seed=4), other(ANGLES))
    assert not np.array_equal(own(ANGLES, seed=4), own(ANGLES))


@pytest.mark.parametrize("wrong", [1.5, "7", True, -1], ids=repr)
def test_a_seed_that_is_no_integer_of_zero_or_more_is_refused(wrong):
    with pytest.raises((TypeError, ValueError), match="give an integer of zero or more, or None"):
        kg.function(circuit(), kg.probs(), shots=5, seed=wrong)
    with pytest.raises((TypeError, ValueError), match="give an integer of zero or more, or None"):
        kg.function(circuit(), kg.probs(), shots=5)(ANGLES, seed=wrong)


def test_an_exact_function_refuses_a_seed():
    with pytest.raises(kg.InvalidValueError, match="give shots or trajectories as well"):
        kg.function(circuit(), kg.probs(), seed=3)
    with pytest.raises(kg.InvalidValueError, match="give shots or trajectories as well"):
        kg.function(circuit(), kg.probs())(ANGLES, seed=3)


@pytest.mark.parametrize(
    ("measurement", "sentence"),
    [
        (kg.state(), "state is not estimated from shots; leave shots out"),
        (kg.purity(), "purity is not estimated from shots; leave shots out"),
        (kg.entropy([0]), "entropy is not estimated from shots; leave shots out"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_measured_is_not_estimated_from_shots(measurement, sentence):
    with pytest.raises(kg.UnsupportedError, match=sentence):
        kg.function(circuit(), measurement, shots=5)(ANGLES)


def test_in_single_precision_the_samples_are_the_same_and_the_means_are_single(backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), kg.sample(), shots=SHOTS, seed=SEED)
    with kg.use_precision("single"):
        mean, samples = function(ANGLES)
    assert backend.dtype(mean) == "float32"
    np.testing.assert_array_equal(backend.to_numpy(samples), expected_bits())


# Compiled and mapped


def test_a_compiled_function_gives_the_numbers_of_the_plain_one(backend):
    results = kg.expval(kg.Z(0) + kg.X(1)), kg.var(kg.Z(0)), kg.probs([1]), kg.sample()
    function = kg.function(circuit(), *results, shots=20, seed=5)
    given = backend.asarray(ANGLES)
    for compiled, plain in zip(kg.jit(function)(given), function(given), strict=True):
        close(backend, compiled, backend.to_numpy(plain))


def test_a_mapped_function_gives_what_each_call_gives(backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0) + kg.X(1)), kg.sample(), shots=20, seed=5)
    rows = backend.asarray([[0.3, 0.7], [1.0, 2.0]])
    means, samples = kg.vmap(function)(rows)
    for index in range(2):
        mean, own = function(backend.take(rows, index, axis=0))
        close(backend, backend.take(means, index, axis=0), backend.to_numpy(mean))
        close(backend, backend.take(samples, index, axis=0), backend.to_numpy(own))


FROZEN = "a compiled or mapped function would use the same random numbers at every call"
UNSEEDED = {
    "a function of its argument": lambda x: kg.function(kg.Circuit(1).ry(kg.parameters("a"), 0), kg.probs(), shots=9)(
        x
    ),
    "an array in a gate": lambda x: kg.function(kg.Circuit(1).ry(x, 0), kg.probs(), shots=9)(),
    "a circuit's samples": lambda x: kg.Circuit(1).ry(x, 0).sample(9),
    "no argument at all": lambda x: x * kg.function(kg.Circuit(1).h(0), kg.probs(), shots=9)(),
}


@pytest.mark.parametrize("function", UNSEEDED.values(), ids=UNSEEDED)
def test_a_compiled_function_without_a_seed_never_repeats_its_numbers_silently(backend, function):
    if backend.name not in ("pytorch", "jax", "tensorflow"):
        pytest.skip("compiles nothing")
    with pytest.raises(kg.InvalidValueError, match=FROZEN):
        kg.jit(function)(backend.asarray(1.5))
