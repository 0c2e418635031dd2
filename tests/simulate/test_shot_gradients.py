"""Derivatives of results from shots: by shifted angles, by an observable's coefficients, and refused otherwise."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import probabilities, run

SENTENCE = "a result estimated from shots or trajectories has no derivative of its own"
SEED, SHOTS, ANGLE = 7, 30, 1.1
THETA = kg.parameters("theta")


def circuit():
    return kg.Circuit(1).ry(THETA, 0)


def close(backend, found, expected):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-12)


def signs(*branch, basis=()):
    """Return ±1 of each shot, from NumPy's Philox generator and the dense reference."""
    exact = probabilities(run([("ry", (ANGLE,), (0,)), *basis], 1))
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=branch)))
    return 1.0 - 2.0 * (generator.random(SHOTS) >= exact[0])


MANY = 20_000
# Of 20,000 shots of eigenvalues up to √5, two of them at each shift: five standard errors are below this.
FIVE_ERRORS = 0.06

RESULTS = {
    "expval": (kg.expval(kg.Z(0)), -np.sin(ANGLE)),
    "expval of two settings": (kg.expval(kg.Z(0) + kg.X(0)), np.cos(ANGLE) - np.sin(ANGLE)),
    "expval of a matrix": (kg.expval(kg.Hermitian([[1, 2], [2, -1]], [0])), 2 * np.cos(ANGLE) - np.sin(ANGLE)),
    "expval of a projector": (kg.expval(kg.Projector("1", [0])), np.sin(ANGLE) / 2),
    "var": (kg.var(kg.Z(0)), np.sin(2 * ANGLE)),
    "var of a projector": (kg.var(kg.Projector("1", [0])), np.sin(2 * ANGLE) / 4),
    "var of a matrix": (kg.var(kg.Hermitian([[1, 0], [0, -1]], [0])), np.sin(2 * ANGLE)),
}


@pytest.mark.parametrize("method", ["best", "parameter-shift", "hadamard", "finite-diff"])
@pytest.mark.parametrize(("measurement", "expected"), RESULTS.values(), ids=RESULTS)
def test_the_derivative_by_an_angle_comes_from_shots_at_other_angles(autodiff_backend, measurement, expected, method):
    function = kg.function(circuit(), measurement, gradient=method, shots=MANY, seed=SEED)
    found = kg.grad(function, fallback="error")(autodiff_backend.asarray(ANGLE))
    noise = 10 if method == "finite-diff" else 1  # differences divide the same noise by 0.2, not by 2
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), expected, rtol=0, atol=noise * FIVE_ERRORS)


def test_at_a_quarter_turn_each_shot_of_the_shifts_finds_the_same(autodiff_backend):
    # ⟨Z⟩ after ry(π/2 ± π/2) is ∓1 without any noise.
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=2, seed=SEED)
    close(autodiff_backend, kg.grad(function, fallback="error")(autodiff_backend.asarray(np.pi / 2)), -1.0)


def test_the_value_is_the_one_without_a_derivative(autodiff_backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    value, _ = kg.value_and_grad(function)(autodiff_backend.asarray(ANGLE))
    close(autodiff_backend, value, np.mean(signs()))


def test_the_derivative_of_frequencies_comes_from_shots_at_other_angles(autodiff_backend):
    function = kg.function(circuit(), kg.probs(), shots=MANY, seed=SEED)
    found = kg.jacobian(function, fallback="error")(autodiff_backend.asarray(ANGLE))
    expected = [-np.sin(ANGLE) / 2, np.sin(ANGLE) / 2]
    np.testing.assert_allclose(autodiff_backend.to_numpy(found), expected, rtol=0, atol=FIVE_ERRORS)


def test_counts_beside_a_mean_are_those_of_the_same_shots(autodiff_backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), kg.counts(), shots=SHOTS, seed=SEED)
    mean, counted = function(autodiff_backend.asarray(ANGLE))
    close(autodiff_backend, mean, (counted["0"] - counted["1"]) / SHOTS)


@pytest.mark.parametrize("part", ["value", "standard_error"])
def test_the_derivative_of_an_estimate_raises(autodiff_backend, part):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.grad(lambda x: getattr(function.estimate(x), part))(autodiff_backend.asarray(ANGLE))


def test_a_gate_without_a_shift_rule_leaves_shots_without_a_derivative(autodiff_backend):
    noisy = kg.Circuit(1).h(0).amplitude_damping(THETA, 0)
    function = kg.function(noisy, kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.grad(function)(autodiff_backend.asarray(0.3))


def test_samples_are_integers_which_carry_no_gradient(autodiff_backend):
    backend, function = autodiff_backend, kg.function(circuit(), kg.sample(), shots=SHOTS, seed=SEED)
    total = kg.grad(lambda x: backend.sum(backend.astype(function(x), "float64")), fallback="error")
    with pytest.raises(kg.GradientError):
        total(backend.asarray(ANGLE))


def test_the_derivative_by_an_initial_state_raises(autodiff_backend):
    function = kg.function(kg.Circuit(1), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match="not by an initial state, amplitudes or a matrix; give gradient="):
        kg.grad(lambda start: function(initial_state=start))(autodiff_backend.asarray([0.6, 0.8]))


def test_the_derivative_by_the_matrix_of_an_observable_raises(autodiff_backend):
    def value(matrix):
        return kg.function(kg.Circuit(1), kg.expval(kg.Hermitian(matrix, [0])), shots=SHOTS, seed=SEED)()

    with pytest.raises(kg.GradientError, match="not by an initial state, amplitudes or a matrix; give gradient="):
        kg.grad(value)(autodiff_backend.asarray([[1.0, 0.0], [0.0, -1.0]]))


def test_the_second_derivative_is_that_of_shifts_of_shifts(autodiff_backend):
    # ry(π ± π/2 ± π/2): no noise again, and ∂²cos θ is 1 at π.
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=2, seed=SEED)
    found = kg.hessian(lambda x: function(autodiff_backend.take(x, 0, axis=0)), fallback="error")
    close(autodiff_backend, found(autodiff_backend.asarray([np.pi])), [[1.0]])


def test_the_derivative_of_a_compiled_function(autodiff_backend):
    function = kg.jit(kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED))
    found = kg.grad(function, fallback="error")(autodiff_backend.asarray(np.pi / 2))
    close(autodiff_backend, found, -1.0)


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("name", ["strict", "autoray"])
def test_finite_differences_never_stand_in_for_the_derivative_of_shots(name):
    # With a fixed seed they are zero nearly everywhere, and without one they are noise.
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with kg.use_backend(name) as backend, pytest.raises(kg.GradientError):
        kg.value_and_grad(function)(backend.asarray(ANGLE))


# The frameworks' own differentiation


def test_backward():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        angle = torch.tensor(np.pi / 2, dtype=torch.float64, requires_grad=True)
        kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)(angle).backward()
    assert angle.grad.item() == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("mapped", [False, True])
def test_functional_gradients_of_pytorch(mapped):
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        gradient = torch.func.grad(kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED))
        angle = torch.tensor(np.pi / 2, dtype=torch.float64)
        found = torch.func.vmap(gradient, randomness="same")(angle.expand(3)) if mapped else gradient(angle)
    np.testing.assert_allclose(found, -1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", ["plain", "compiled", "mapped", "by key"])
def test_the_gradient_of_jax(way):
    jax = pytest.importorskip("jax")
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with kg.use_backend("jax"):
        gradient = jax.grad(function)
        match way:
            case "plain":
                found = gradient(np.pi / 2)
            case "compiled":
                found = jax.jit(gradient)(np.pi / 2)
            case "mapped":
                found = jax.vmap(gradient)(jax.numpy.full(3, np.pi / 2))
            case "by key":
                keyed = jax.jit(jax.vmap(jax.grad(lambda angle, key: function(angle, seed=key))))
                found = keyed(jax.numpy.full(3, np.pi / 2), jax.random.split(jax.random.key(1), 3))
    np.testing.assert_allclose(found, -1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_a_gradient_tape(compile_):
    pytest.importorskip("torch")  # before TensorFlow: the other way round has crashed the process
    tf = pytest.importorskip("tensorflow")

    def gradient(angle):
        with tf.GradientTape() as tape:
            tape.watch(angle)
            loss = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)(angle)
        return tape.gradient(loss, angle)

    with kg.use_backend("tensorflow"):
        found = (tf.function(gradient) if compile_ else gradient)(tf.constant(np.pi / 2, tf.float64))
    np.testing.assert_allclose(found, -1.0, rtol=0, atol=1e-12)


# By coefficients, which multiply the sampled means


def of_coefficients(measure, angle=ANGLE):
    def value(coefficients):
        take = kg.get_backend().take
        observable = sum(
            (take(coefficients, place, axis=0) * word for place, word in enumerate((kg.Z(0), kg.X(0), kg.I()))),
            start=kg.PauliSum({}),
        )
        return kg.function(kg.Circuit(1).ry(angle, 0), measure(observable), shots=SHOTS, seed=SEED)()

    return value


@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_the_derivative_by_coefficients_is_the_sampled_mean_of_each_word(autodiff_backend, compile_):
    backend, function = autodiff_backend, of_coefficients(kg.expval)
    derivative = kg.value_and_grad(kg.jit(function) if compile_ else function, fallback="error")
    value, gradient = derivative(backend.asarray([2.0, -0.5, 0.25]))
    means = [np.mean(signs(0)), np.mean(signs(1, basis=[("h", (), (0,))])), 1.0]
    close(backend, value, np.dot([2.0, -0.5, 0.25], means))
    close(backend, gradient, means)


def test_the_derivative_of_a_variance_by_a_coefficient_is_that_of_the_sample_variance(autodiff_backend):
    backend = autodiff_backend

    def value(k):
        observable = k * kg.Z(0)
        return kg.function(kg.Circuit(1).ry(ANGLE, 0), kg.var(observable), shots=SHOTS, seed=SEED)()

    found, gradient = kg.value_and_grad(value, fallback="error")(backend.asarray(1.5))
    unbiased = np.var(signs(), ddof=1)
    close(backend, found, 1.5**2 * unbiased)
    close(backend, gradient, 2 * 1.5 * unbiased)


def test_the_derivative_of_a_variance_that_is_zero_is_a_number(autodiff_backend):
    # Every shot of |0⟩ finds k, so var(kZ) is 0 for each k.
    backend = autodiff_backend

    def value(k):
        return kg.function(kg.Circuit(1), kg.var(k * kg.Z(0)), shots=SHOTS, seed=SEED)()

    found, gradient = kg.value_and_grad(value, fallback="error")(backend.asarray(1.5))
    close(backend, found, 0.0)
    close(backend, gradient, 0.0)


def test_the_derivative_of_a_sum_that_needs_no_measurement_is_a_number(autodiff_backend):
    backend = autodiff_backend

    def value(k):
        measured = kg.expval(k * kg.I()), kg.var(k * kg.I())
        mean, spread = kg.function(kg.Circuit(1).h(0), *measured, shots=SHOTS, seed=SEED)()
        return mean + spread

    found, gradient = kg.value_and_grad(value, fallback="error")(backend.asarray(1.5))
    close(backend, found, 1.5)
    close(backend, gradient, 1.0)


def test_the_derivative_by_a_coefficient_and_an_angle(autodiff_backend):
    def value(k, angle):
        return kg.function(circuit(), kg.expval(k * kg.Z(0)), shots=SHOTS, seed=SEED)(angle)

    given = autodiff_backend.asarray(1.5), autodiff_backend.asarray(np.pi)
    _, (by_coefficient, _) = kg.value_and_grad(value, argnums=(0, 1), fallback="error")(*given)
    close(autodiff_backend, by_coefficient, -1.0)
