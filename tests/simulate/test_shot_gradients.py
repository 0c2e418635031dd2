"""Derivatives of results from shots: refused by parameters of the circuit, right by an observable's coefficients."""

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


RESULTS = {
    "expval": kg.expval(kg.Z(0)),
    "expval of two settings": kg.expval(kg.Z(0) + kg.X(0)),
    "expval of a matrix": kg.expval(kg.Hermitian([[1, 2], [2, -1]], [0])),
    "expval of a projector": kg.expval(kg.Projector("1", [0])),
    "var": kg.var(kg.Z(0)),
}


@pytest.mark.parametrize("fallback", ["finite-diff", "error"])
@pytest.mark.parametrize("measurement", RESULTS.values(), ids=RESULTS)
def test_the_derivative_by_an_angle_raises(autodiff_backend, measurement, fallback):
    function = kg.function(circuit(), measurement, shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.value_and_grad(function, fallback=fallback)(autodiff_backend.asarray(ANGLE))


def test_the_derivative_of_frequencies_raises(autodiff_backend):
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.jacobian(kg.function(circuit(), kg.probs(), shots=SHOTS, seed=SEED))(autodiff_backend.asarray(ANGLE))


def test_the_derivative_of_a_standard_error_raises(autodiff_backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.grad(lambda x: function.estimate(x).standard_error)(autodiff_backend.asarray(ANGLE))


def test_samples_are_integers_which_carry_no_gradient(autodiff_backend):
    backend, function = autodiff_backend, kg.function(circuit(), kg.sample(), shots=SHOTS, seed=SEED)
    total = kg.grad(lambda x: backend.sum(backend.astype(function(x), "float64")), fallback="error")
    with pytest.raises(kg.GradientError):
        total(backend.asarray(ANGLE))


def test_the_derivative_by_an_initial_state_raises(autodiff_backend):
    function = kg.function(kg.Circuit(1), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.grad(lambda start: function(initial_state=start))(autodiff_backend.asarray([0.6, 0.8]))


def test_the_second_derivative_raises(autodiff_backend):
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.hessian(lambda x: function(x[0]))(autodiff_backend.asarray([ANGLE]))


def test_the_derivative_of_a_compiled_function_raises(autodiff_backend):
    function = kg.jit(kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED))
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.value_and_grad(function)(autodiff_backend.asarray(ANGLE))


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("name", ["strict", "autoray"])
def test_finite_differences_never_stand_in_for_the_derivative_of_shots(name):
    # With a fixed seed they are zero nearly everywhere, and without one they are noise.
    function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
    with kg.use_backend(name) as backend, pytest.raises(kg.GradientError):
        kg.value_and_grad(function)(backend.asarray(ANGLE))


# The frameworks' own differentiation


def test_backward_raises():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        angle = torch.tensor(ANGLE, dtype=torch.float64, requires_grad=True)
        loss = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)(angle)
        with pytest.raises(kg.GradientError, match=SENTENCE):
            loss.backward()
        assert angle.grad is None


def test_functional_gradients_of_pytorch_raise():
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"):
        function = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)
        with pytest.raises(kg.GradientError, match=SENTENCE):
            torch.func.grad(function)(torch.tensor(ANGLE, dtype=torch.float64))


@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_the_gradient_of_jax_raises(compile_):
    jax = pytest.importorskip("jax")
    with kg.use_backend("jax"):
        gradient = jax.grad(kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED))
        with pytest.raises(Exception, match=SENTENCE):
            (jax.jit(gradient) if compile_ else gradient)(ANGLE).block_until_ready()


@pytest.mark.parametrize("compile_", [False, True], ids=["plain", "compiled"])
def test_a_gradient_tape_raises(compile_):
    pytest.importorskip("torch")  # before TensorFlow: the other way round has crashed the process
    tf = pytest.importorskip("tensorflow")

    def gradient(angle):
        with tf.GradientTape() as tape:
            tape.watch(angle)
            loss = kg.function(circuit(), kg.expval(kg.Z(0)), shots=SHOTS, seed=SEED)(angle)
        return tape.gradient(loss, angle)

    with kg.use_backend("tensorflow"), pytest.raises(Exception, match=SENTENCE):
        (tf.function(gradient) if compile_ else gradient)(tf.constant(ANGLE, tf.float64))


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


def test_the_derivative_by_a_coefficient_and_an_angle_raises(autodiff_backend):
    def value(k, angle):
        return kg.function(circuit(), kg.expval(k * kg.Z(0)), shots=SHOTS, seed=SEED)(angle)

    given = autodiff_backend.asarray(1.5), autodiff_backend.asarray(ANGLE)
    with pytest.raises(kg.GradientError, match=SENTENCE):
        kg.value_and_grad(value, argnums=(0, 1))(*given)
