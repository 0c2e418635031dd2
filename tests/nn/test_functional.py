"""A layer as two pure functions, in all frameworks and under their own transformations."""

import math
import threading

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

X = np.array([[0.3, 0.5], [0.7, -0.2], [1.1, 0.4]])
THETA = np.array([0.2, -0.6])
FEATURES = np.cos(X + THETA)
# Of the sum of all features by the weights.
GRADIENT = -np.sin(X + THETA).sum(axis=0)


def function():
    """Return f(x, θ) = (cos(x₀ + θ₀), cos(x₁ + θ₁)), of two qubits."""
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    circuit = kg.Circuit(2)
    for qubit in range(2):
        circuit.rx(x[qubit], qubit).rx(theta[qubit], qubit)
    return kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))


def pair(**options):
    return kg.nn.functional(function(), inputs="x", **options)


def near(backend, actual, expected, tolerance=1e-12):
    assert tuple(actual.shape) == np.shape(expected)
    expect.near(backend.to_numpy(actual), expected, tolerance)


# Weights at the start


def test_a_seed_gives_the_same_weights_on_every_backend(backend):
    init, _ = pair()
    theta = init(7)["theta"]
    assert backend.is_array(theta)
    with kg.use_backend("numpy"):
        expected = init(7)["theta"]
    near(backend, theta, expected)


def test_weights_start_uniformly_in_one_turn():
    init, _ = kg.nn.functional(lambda many: many, weights={"many": 10_000, "more": 10_000})
    params = init(7)
    ordered = np.sort(params["many"]) / (2 * np.pi)
    assert ordered[0] >= 0
    assert ordered[-1] < 1
    # Kolmogorov and Smirnov's distance, at the significance 1e-6: sqrt(ln(2e6) / 2N).
    assert np.max(np.abs(ordered - np.arange(10_000) / 10_000)) < math.sqrt(math.log(2e6) / 20_000)
    assert abs(np.corrcoef(params["many"], params["more"])[0, 1]) < 0.05


def test_weights_without_a_seed_are_new_each_time():
    init, _ = pair()
    assert not np.array_equal(init()["theta"], init()["theta"])


@pytest.mark.parametrize(("given", "expected"), [(0.5, [0.5, 0.5]), ([0.1, 0.2], [0.1, 0.2]), (THETA, THETA)])
def test_weights_start_from_what_is_given(backend, given, expected):
    init, _ = pair(initial={"theta": given})
    near(backend, init(7)["theta"], expected)


def test_weights_start_from_a_function_of_a_key_and_a_shape(backend):
    init, _ = pair(initial={"theta": lambda key, shape: 0.01 * backend.random_normal(key, shape)})
    near(backend, init(7)["theta"], 0.01 * kg.randomness.normal(kg.randomness.Key(7, (0,)), (2,)))


@pytest.mark.parametrize(("precision", "expected"), [("single", "float32"), ("double", "float64")])
def test_weights_have_the_precision_in_force(backend, precision, expected):
    with kg.use_precision(precision):
        for initial in (None, {"theta": 0.5}, {"theta": THETA}):
            init, apply = pair(initial=initial)
            params = init(7)
            assert backend.dtype(params["theta"]) == expected
            assert backend.dtype(apply(params, np.ones((1, 2), expected))) == expected


# Results and derivatives


def test_features_follow_from_weights_and_inputs(backend):
    _, apply = pair()
    near(backend, apply({"theta": backend.asarray(THETA)}, backend.asarray(X)), FEATURES)


def test_features_are_differentiated_in_the_backend_in_force(autodiff_backend):
    _, apply = pair()
    params = {"theta": autodiff_backend.asarray(THETA)}
    value, gradient = kg.value_and_grad(lambda params, x: autodiff_backend.sum(apply(params, x)))(
        params, autodiff_backend.asarray(X)
    )
    near(autodiff_backend, value, FEATURES.sum())
    near(autodiff_backend, gradient["theta"], GRADIENT)


def test_features_are_compiled_and_mapped_in_the_backend_in_force(autodiff_backend):
    _, apply = pair()
    theta, x = autodiff_backend.asarray(THETA), autodiff_backend.asarray(X)
    near(autodiff_backend, kg.jit(lambda theta, x: apply({"theta": theta}, x))(theta, x), FEATURES)
    mapped = kg.vmap(lambda theta, x: apply({"theta": theta}, x), in_axes=(None, 0))
    near(autodiff_backend, mapped(theta, x), FEATURES)


def test_other_threads_get_what_the_main_one_gets():
    _, apply = pair()
    found = []
    thread = threading.Thread(target=lambda: found.append(apply({"theta": THETA}, X)))
    thread.start()
    thread.join()
    expect.near(found[0], FEATURES, 1e-12)


# The frameworks' own transformations


def test_jax_s_own_transformations_go_through():
    jax = pytest.importorskip("jax")
    init, apply = pair()
    with kg.use_backend("jax") as backend:
        params, x = {"theta": jax.numpy.asarray(THETA)}, jax.numpy.asarray(X)

        def loss(params, x):
            return apply(params, x).sum()

        near(backend, jax.jit(apply)(params, x), FEATURES)
        near(backend, jax.jit(jax.grad(loss))(params, x)["theta"], GRADIENT)
        each = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0)))(params, x)["theta"]
        near(backend, each, -np.sin(X + THETA))
        near(backend, jax.hessian(loss)(params, x)["theta"]["theta"], np.diag(-FEATURES.sum(axis=0)))
        keyed = jax.jit(init)(jax.random.key(3))
        assert keyed["theta"].shape == (2,)
        assert not np.array_equal(keyed["theta"], init(3)["theta"])


def test_torch_s_own_transformations_go_through():
    torch = pytest.importorskip("torch")
    _, apply = pair()
    with kg.use_backend("pytorch") as backend:
        params, x = {"theta": torch.from_numpy(THETA)}, torch.from_numpy(X)

        def loss(params, x):
            return apply(params, x).sum()

        near(backend, torch.func.grad(loss)(params, x)["theta"], GRADIENT)
        each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(params, x)["theta"]
        near(backend, each, -np.sin(X + THETA))
        leaf = params["theta"].clone().requires_grad_()
        loss({"theta": leaf}, x).backward()
        near(backend, leaf.grad, GRADIENT)


def test_tensorflow_s_own_transformations_go_through():
    tf = pytest.importorskip("tensorflow")
    _, apply = pair()
    with kg.use_backend("tensorflow") as backend:
        theta, x = tf.Variable(THETA), tf.constant(X)

        def step(x):
            with tf.GradientTape() as tape:
                features = apply({"theta": theta}, x)
            return features, tape.gradient(features, theta)

        for run in (step, tf.function(step)):
            features, gradient = run(x)
            near(backend, features, FEATURES)
            near(backend, tf.convert_to_tensor(gradient), GRADIENT)


def test_autograd_goes_through():
    autograd = pytest.importorskip("autograd")
    _, apply = pair()
    with kg.use_backend("numpy"):
        gradient = autograd.grad(lambda theta: apply({"theta": theta}, X).sum())(THETA)
    expect.near(gradient, GRADIENT, 1e-12)


# Misuse


@pytest.mark.parametrize(
    ("initial", "sentence"),
    [
        (
            0.5,
            "initial is a float; give a mapping from names of weights to arrays, numbers or initializers, such as "
            '{"theta": 0.0}',
        ),
        ({"phi": 0.5}, "initial names 'phi', which is no weight; they are theta"),
    ],
)
def test_a_start_that_names_no_weight_is_told_so(initial, sentence):
    with pytest.raises(kg.KetgradError) as error:
        pair(initial=initial)
    assert str(error.value) == sentence


def test_inputs_are_given_by_name(autodiff_backend):
    _, apply = pair()
    params, x = {"theta": autodiff_backend.asarray(THETA)}, autodiff_backend.asarray(X)
    value, gradient = kg.value_and_grad(lambda params: autodiff_backend.sum(apply(params, x=x)))(params)
    near(autodiff_backend, value, FEATURES.sum())
    near(autodiff_backend, gradient["theta"], -np.sin(X + THETA).sum(axis=0))
    with pytest.raises(kg.InvalidTypeError, match="takes the inputs x, got 0 by position and x, theta by name; give"):
        apply(params, x=x, theta=x)


def test_inputs_in_front_of_the_weights_are_told_so(backend):
    init, apply = pair()
    with pytest.raises(kg.InvalidTypeError, match="give a mapping from their names to arrays, in front of the inputs"):
        apply(backend.zeros((2, 2)), init(7))


def test_a_start_of_another_shape_is_told_so(backend):
    init, _ = pair(initial={"theta": np.ones(3)})
    with pytest.raises(kg.InvalidValueError) as error:
        init(7)
    assert str(error.value) == "initial has an array of shape (3,) for theta; give shape (2,), or a number"
