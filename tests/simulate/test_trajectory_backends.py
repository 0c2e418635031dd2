"""Trajectories on every backend: the same random numbers, and derivatives that are right or refused."""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, DECAY_WITH_FLIP, apply_kraus, conjugate, pure
from dense_reference import gate_matrix, gradient, pauli_matrix, run

SEED, COUNT, ANGLE = 21, 40, 1.1
SENTENCE = "a result estimated from shots or trajectories has no derivative of its own"
THETA = kg.parameters("theta", (2,))


def uniforms(size, *branch):
    """Return NumPy's Philox numbers: choices take the branches (0, 0), (0, 1), …, samples the branch (1,)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=branch))).random(size)


def close(backend, found, expected, tolerance=1e-12):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


# The same numbers everywhere


def test_a_flip_comes_where_the_number_is_beyond_the_probability_of_none(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).bit_flip(0.3, 0)
    found = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)()
    signs = np.where(uniforms(COUNT, 0, 0) < 0.7, 1.0, -1.0)
    close(backend, found, math.cos(ANGLE) * signs.mean())


def test_an_estimate_has_the_standard_error_of_the_runs(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).bit_flip(0.3, 0)
    found = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED).estimate()
    each = math.cos(ANGLE) * np.where(uniforms(COUNT, 0, 0) < 0.7, 1.0, -1.0)
    close(backend, found.value, each.mean())
    close(backend, found.standard_error, each.std(ddof=1) / math.sqrt(COUNT))


def test_a_decay_comes_where_the_state_says(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).amplitude_damping(0.4, 0)
    found = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)()
    zero, one = math.cos(ANGLE / 2) ** 2, math.sin(ANGLE / 2) ** 2
    kept = (zero - 0.6 * one) / (zero + 0.6 * one)
    close(backend, found, np.mean(np.where(uniforms(COUNT, 0, 0) < 1 - 0.4 * one, kept, 1.0)))


def test_two_choices_take_numbers_of_their_own(backend):
    circuit = kg.Circuit(2).bit_flip(0.3, 0).bit_flip(0.6, 1)
    found = kg.function(circuit, kg.probs(), trajectories=COUNT, seed=SEED)()
    flips = 2 * (uniforms(COUNT, 0, 0) >= 0.7) + (uniforms(COUNT, 0, 1) >= 0.4)
    close(backend, found, np.bincount(flips, minlength=4) / COUNT)


def test_samples_are_the_states_of_the_runs(backend):
    found = kg.function(kg.Circuit(1).bit_flip(0.3, 0), kg.sample(), trajectories=COUNT, seed=SEED)()
    assert backend.dtype(found) == "int64"
    np.testing.assert_array_equal(backend.to_numpy(found)[:, 0], uniforms(COUNT, 0, 0) >= 0.7)


def test_a_measurement_and_a_sample_after_it_take_numbers_of_their_own(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).measure(0, 0).ry(0.7, 0)
    results = kg.sample(bits=[0]), kg.probs(bits=[0]), kg.expval(kg.Z(0))
    bits, share, mean = kg.function(circuit, *results, trajectories=COUNT, seed=SEED)()
    ones = uniforms(COUNT, 0, 0) >= math.cos(ANGLE / 2) ** 2
    np.testing.assert_array_equal(backend.to_numpy(bits)[:, 0], ones)
    close(backend, share, [1 - ones.mean(), ones.mean()])
    close(backend, mean, math.cos(0.7) * np.mean(1.0 - 2.0 * ones))


def test_each_element_of_a_batch_has_runs_of_its_own(backend):
    function = kg.function(
        kg.Circuit(1).ry(kg.parameters("a"), 0).bit_flip(kg.parameters("p"), 0),
        kg.expval(kg.Z(0)), kg.probs(), kg.sample(), trajectories=COUNT, seed=SEED,
    )  # fmt: skip
    angles, flips = np.array([[0.3], [1.2]]), np.array([0.0, 0.25, 1.0])
    mean, share, samples = function(backend.asarray(angles), backend.asarray(flips))
    numbers = uniforms(6 * COUNT, 0, 0).reshape(2, 3, COUNT)
    expected = np.cos(angles) * np.where(numbers < 1 - flips[:, None], 1.0, -1.0).mean(axis=2)
    close(backend, mean, expected)
    close(backend, share, np.stack([1 + expected, 1 - expected], axis=-1) / 2)
    assert tuple(samples.shape) == (2, 3, COUNT, 1)


def test_a_conditioned_gate_takes_its_own_angle_in_each_element_of_a_batch(backend):
    angle = kg.parameters("a")
    circuit = kg.Circuit(2).h(0).measure(0, 0).conditioned(kg.Circuit(1).ry(angle, 0), [0], [1])
    found = kg.function(circuit, kg.expval(kg.Z(1)), trajectories=COUNT, seed=SEED)(backend.asarray([0.7, 1.9]))
    ones = uniforms(2 * COUNT, 0, 0).reshape(2, COUNT) >= 0.5
    close(backend, found, np.where(ones, np.cos([[0.7], [1.9]]), 1.0).mean(axis=1))


def test_in_single_precision_the_runs_are_the_same_and_the_means_are_single(backend):
    circuit = kg.Circuit(1).ry(ANGLE, 0).bit_flip(0.3, 0).amplitude_damping(0.4, 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    double = backend.to_numpy(function())
    with kg.use_precision("single"):
        single = function()
    assert backend.dtype(single) == "float32"
    close(backend, single, double, 1e-6)


def test_an_initial_state_is_where_all_runs_begin(backend):
    function = kg.function(kg.Circuit(1).bit_flip(0.3, 0), kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    signs = np.where(uniforms(2 * COUNT, 0, 0) < 0.7, 1.0, -1.0).reshape(2, COUNT)
    found = function(initial_state=backend.asarray(np.array([[0.6, 0.8], [0.0, 2.0]])))
    close(backend, found, [-0.28, -1.0] * signs.mean(axis=1))


def test_a_compiled_function_gives_the_numbers_of_the_plain_one(backend):
    circuit = kg.Circuit(1).ry(THETA[0], 0).amplitude_damping(0.4, 0).ry(THETA[1], 0).measure(0, 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), kg.probs(bits=[0]), trajectories=COUNT, seed=SEED)
    given = backend.asarray([0.7, 1.4])
    for compiled, plain in zip(kg.jit(function)(given), function(given), strict=True):
        close(backend, compiled, backend.to_numpy(plain))


def test_a_mapped_function_gives_what_each_call_gives(backend):
    circuit = kg.Circuit(1).ry(THETA[0], 0).amplitude_damping(0.4, 0).ry(THETA[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    rows = backend.asarray([[0.7, 1.4], [0.2, -0.6]])
    mapped = kg.vmap(function)(rows)
    for index in range(2):
        own = function(backend.take(rows, index, axis=0))
        close(backend, backend.take(mapped, index, axis=0), backend.to_numpy(own))


def test_without_a_seed_a_compiled_function_is_refused(backend):
    if backend.name not in ("pytorch", "jax", "tensorflow"):
        pytest.skip("compiles nothing")
    function = kg.function(kg.Circuit(1).ry(THETA[0], 0).bit_flip(0.3, 0), kg.probs(), trajectories=COUNT)
    with pytest.raises(kg.InvalidValueError, match="would use the same random numbers at every call"):
        kg.jit(function)(backend.asarray([0.7, 1.4]))


# Derivatives


def test_the_derivative_through_a_mixture_is_that_of_a_fixed_choice(autodiff_backend):
    circuit = kg.Circuit(1).ry(THETA[0], 0).bit_flip(0.3, 0).ry(THETA[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    value, found = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray([0.7, 0.5]))
    # A flip makes ry(a) of it ry(π − a), so that the angles add or subtract.
    flips = np.where(uniforms(COUNT, 0, 0) < 0.7, 1.0, -1.0)
    sums = np.where(flips > 0, 1.2, math.pi - 0.7 + 0.5)
    close(autodiff_backend, value, np.cos(sums).mean())
    close(autodiff_backend, found, [np.mean(-flips * np.sin(sums)), np.mean(-np.sin(sums))])


MIXTURES = ["bit_flip", "phase_flip", "depolarizing", "depolarizing2"]


@pytest.mark.parametrize("name", MIXTURES)
def test_the_derivative_through_a_mixture_is_unbiased(name):
    noise, rows = CHANNELS[name], 600
    qubits = (1, 0)[: noise.qubits]
    circuit = kg.Circuit(2).ry(THETA[0], 0).cx(0, 1).rx(THETA[1], 1).channel(name, noise.values, qubits)
    circuit.cx(1, 0).ry(THETA[0], 1)
    observable = kg.Z(0) + 0.5 * kg.X(0) @ kg.Y(1)
    function = kg.function(circuit, kg.expval(observable), trajectories=8, seed=SEED)

    def exact(theta):
        rho = pure(run([("ry", (theta[0],), (0,)), ("cx", (), (0, 1)), ("rx", (theta[1],), (1,))], 2))
        rho = apply_kraus(rho, noise.kraus(*noise.values), qubits)
        rho = conjugate(rho, np.array(gate_matrix("cx"), complex), (1, 0))
        rho = conjugate(rho, np.array(gate_matrix("ry", (theta[0],)), complex), (1,))
        return np.trace(rho @ pauli_matrix({"Z0": 1.0, "X0 Y1": 0.5}, 2)).real

    point = np.array([0.7, 1.3])
    found = np.asarray(kg.grad(lambda theta: function(theta).sum(), fallback="error")(np.tile(point, (rows, 1))))
    bound = 5 * found.std(axis=0, ddof=1) / math.sqrt(rows)
    assert np.all(np.abs(found.mean(axis=0) - gradient(exact, point)) <= bound)


def test_the_derivative_through_channels_before_all_parameters_is_that_of_a_fixed_choice(autodiff_backend):
    # What came before depends on no parameter, so the choice is fixed without any error.
    circuit = kg.Circuit(1).h(0).amplitude_damping(0.4, 0).ry(THETA[0] + THETA[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    _, found = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray([0.7, 0.5]))
    # Decayed runs are in |0⟩; others have z = 0.4/1.6 and x = 2√0.6/1.6; ry turns z into z cos a − x sin a.
    decayed = uniforms(COUNT, 0, 0) >= 0.8
    z, x = np.where(decayed, 1.0, 0.25), np.where(decayed, 0.0, 1.25 * math.sqrt(0.6))
    close(autodiff_backend, found, 2 * [np.mean(-z * math.sin(1.2) - x * math.cos(1.2))])


def test_a_measurement_before_all_parameters_leaves_the_derivative(autodiff_backend):
    circuit = kg.Circuit(1).h(0).measure(0).ry(THETA[0] + THETA[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0)), trajectories=COUNT, seed=SEED)
    _, found = kg.value_and_grad(function, fallback="error")(autodiff_backend.asarray([0.7, 0.5]))
    signs = np.where(uniforms(COUNT, 0, 0) < 0.5, 1.0, -1.0)
    close(autodiff_backend, found, 2 * [-math.sin(1.2) * signs.mean()])


BEYOND = {
    "amplitude damping": lambda circuit: circuit.amplitude_damping(0.4, 0),
    "phase damping": lambda circuit: circuit.phase_damping(0.4, 0),
    "thermal relaxation": lambda circuit: circuit.thermal_relaxation(50.0, 70.0, 13.0, 0),
    "reset": lambda circuit: circuit.reset(0),
    "measurement": lambda circuit: circuit.measure(0),
    "kraus": lambda circuit: circuit.kraus(CHANNELS["amplitude_damping"].kraus(0.4), [0]),
    "kraus on two qubits": lambda circuit: circuit.kraus(DECAY_WITH_FLIP, [0, 1]),
    "a flip of a symbol's probability": lambda circuit: circuit.bit_flip(THETA[0], 0),
    "depolarizing by a symbol's probability": lambda circuit: circuit.depolarizing(THETA[0] / 2, 1),
}


@pytest.mark.parametrize("fallback", ["finite-diff", "error"])
@pytest.mark.parametrize("noise", BEYOND.values(), ids=BEYOND)
def test_the_derivative_through_what_depends_on_the_state_raises(autodiff_backend, noise, fallback):
    circuit = noise(kg.Circuit(2).ry(THETA[0], 0).cx(0, 1)).ry(THETA[1], 0)
    function = kg.function(circuit, kg.expval(kg.Z(0) + kg.X(1)), trajectories=5, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.value_and_grad(function, fallback=fallback)(autodiff_backend.asarray([0.7, 0.5]))


def test_the_derivative_by_coefficients_is_the_mean_of_each_word(autodiff_backend):
    backend = autodiff_backend

    def value(coefficients):
        first, second = (backend.take(coefficients, place, axis=0) for place in range(2))
        observable = first * kg.Z(0) + second * kg.X(0)
        circuit = kg.Circuit(1).ry(ANGLE, 0).bit_flip(0.3, 0)
        return kg.function(circuit, kg.expval(observable), trajectories=COUNT, seed=SEED)()

    found = kg.grad(value, fallback="error")(backend.asarray([2.0, -0.5]))
    signs = np.where(uniforms(COUNT, 0, 0) < 0.7, 1.0, -1.0)
    close(backend, found, [math.cos(ANGLE) * signs.mean(), math.sin(ANGLE)])
