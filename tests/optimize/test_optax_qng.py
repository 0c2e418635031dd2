"""Natural gradient in Optax: published results under jit, trees of metrics, schedules and chains, and misuse."""

import doctest
import math

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, THREAD, thread

if "jax" not in installed_backends():
    pytest.skip("JAX is not under test", allow_module_level=True)
jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
jnp = jax.numpy
NAMES = {None: "qng_full", "block-diag": "qng_block_diagonal", "diag": "qng_diagonal"}


@pytest.fixture(autouse=True)
def in_jax():
    """JAX in force."""
    with kg.use_backend("jax") as backend:
        yield backend


def train(optimizer, loss, params, steps):
    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    state = optimizer.init(params)
    for _ in range(steps):
        params, state = step(params, state)
    return params


def near(actual, expected, tolerance=1e-12):
    expect.near(np.asarray(actual, "float64"), expected, tolerance)


def scaled(updates, metric, **options):
    natural = kg.optimize.optax.scale_by_metric(**options)
    return natural.update(updates, natural.init(updates), metric=metric)[0]


def test_the_examples_of_the_documentation_run():
    with kg.use_backend("numpy"):
        assert doctest.testmod(kg.optimize.optax).failed == 0


# Published results


@pytest.mark.parametrize("approximation", NAMES)
def test_two_hundred_steps_of_natural_gradient(approximation):
    cost, expected = thread(), AFTER_200_STEPS[NAMES[approximation]]
    optimizer = kg.optimize.optax.qng(0.01, kg.metric_tensor(cost, approximation=approximation))
    found = train(optimizer, cost, jnp.array(THREAD["p"]), 200)
    near(cost(found), expected["cost"], 1e-9)
    if "params" in expected:
        near(found, expected["params"], 1e-9)


def test_two_hundred_steps_with_the_metric_given_at_each_and_gradient_descent_beside_it():
    cost = thread()
    tensor, optimizer = kg.metric_tensor(cost, approximation="block-diag"), kg.optimize.optax.qng(0.01)

    @jax.jit
    def step(params, state):
        metric = {"natural": tensor(params["natural"]), "ordinary": None}
        gradient = jax.grad(lambda x: cost(x["natural"]) + cost(x["ordinary"]))(params)
        updates, state = optimizer.update(gradient, state, params, metric=metric)
        return optax.apply_updates(params, updates), state

    params = dict.fromkeys(("natural", "ordinary"), jnp.array(THREAD["p"]))
    state = optimizer.init(params)
    for _ in range(200):
        params, state = step(params, state)
    near(params["natural"], AFTER_200_STEPS["qng_block_diagonal"]["params"], 1e-9)
    near(params["ordinary"], AFTER_200_STEPS["gradient_descent"]["params"], 1e-9)


# Trees of metrics


def test_two_circuits_and_classical_layers():
    a, b = kg.parameters("a"), kg.parameters("b")
    first = kg.function(kg.Circuit(1).ry(a, 0), kg.expval(kg.Z(0)))  # cos a, with g = 1/4
    second = kg.function(kg.Circuit(1).ry(0.7, 0).rz(b, 0), kg.expval(kg.X(0)))  # sin 0.7 cos b, with g = sin² 0.7 / 4

    def metric(params):
        assert kg.get_backend().name == "jax"
        return {"a": kg.metric_tensor(first)(params["a"]), "b": kg.metric_tensor(second)(params["b"]), "dense": None}

    def loss(params):
        return params["dense"]["w"] * first(params["a"]) + second(params["b"]) + params["dense"]["c"]

    params = {"a": jnp.array(0.3), "b": jnp.array(0.5), "dense": {"w": jnp.array(2.0), "c": jnp.array(0.0)}}
    with kg.use_backend("numpy"):
        natural = kg.optimize.optax.scale_by_metric(metric)
        updates = natural.update({**params, "a": jnp.array(1.0)}, natural.init(params), params)[0]
        near(updates["a"], 4.0)
    found = train(kg.optimize.optax.qng(0.1, metric), loss, params, 1)
    near(found["a"], 0.3 + 0.1 * 4 * 2.0 * math.sin(0.3))
    near(found["b"], 0.5 + 0.1 * 4 / math.sin(0.7) * math.sin(0.5))
    near(found["dense"]["w"], 2.0 - 0.1 * math.cos(0.3))
    near(found["dense"]["c"], -0.1)


def test_one_matrix_joins_the_leaves_of_a_subtree():
    joint = jnp.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 3.0]])
    layer = {"one": jnp.array([[1.0, 5.0]]), "two": jnp.array(2.0)}
    for metric, updates in ((joint, layer), ({"layer": joint}, {"layer": layer})):
        found = scaled(updates, metric)
        found = found.get("layer", found)
        near(found["one"], [[(3.0 - 2.0) / 5, 5.0]])  # by Cramer's rule, with the determinant 5
        near(found["two"], (4.0 - 1.0) / 5)


def test_a_leaf_takes_a_tensor_of_its_axes_twice_or_a_matrix():
    updates, matrix = jnp.full((2, 2), 2.0), jnp.diag(jnp.array([1.0, 2.0, 4.0, 8.0]))
    for metric in (matrix, matrix.reshape(2, 2, 2, 2)):
        near(scaled(updates, metric), [[2.0, 1.0], [0.5, 0.25]])


def test_regularization_is_added_and_a_singular_metric_has_its_pseudo_inverse():
    singular = jnp.array([[1.0, 1.0], [1.0, 1.0]])  # eigenvalue 2 along (1, 1), 0 along (1, −1)
    near(scaled(jnp.array([3.0, 1.0]), singular), [1.0, 1.0])
    near(scaled(jnp.array([3.0, 1.0]), singular, regularization=0.5), [2 / 2.5 + 1 / 0.5, 2 / 2.5 - 1 / 0.5])


def test_the_metric_of_a_batch_is_the_mean_and_inputs_stay_out_of_it():
    x, w = kg.parameters("x"), kg.parameters("w")
    f = kg.function(kg.Circuit(1).ry(x, 0).rz(w, 0), kg.expval(kg.X(0)))  # sin x cos w, with g = sin² x / 4
    data, sines = jnp.array([0.3, 1.2, 2.0]), np.sin([0.3, 1.2, 2.0])
    optimizer = kg.optimize.optax.qng(0.1, lambda weight: kg.metric_tensor(f, 1, average=True)(data, weight))
    found = train(optimizer, lambda weight: f(data, weight).mean(), jnp.array(0.5), 1)
    near(found, 0.5 + 0.1 * sines.mean() * math.sin(0.5) / (sines**2 / 4).mean())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_parameters_keep_their_type(dtype):
    found = scaled(jnp.array([1.0, 2.0], dtype), jnp.diag(jnp.array([2.0, 4.0])))
    assert found.dtype == dtype
    near(found, [0.5, 0.5], 1e-6)


# Optax's own ways


def ones(params):
    return jnp.eye(params.size) * 2.0


def test_momentum_adds_up_natural_gradients():
    found = train(kg.optimize.optax.qng(1.0, ones, momentum=0.5), jnp.sum, jnp.zeros(1), 2)
    near(found, [-0.5 - (0.25 + 0.5)])


def test_schedules_and_chains():
    # a schedule counts in float32
    schedule = optax.exponential_decay(1.0, 1, 0.1)
    optimizer = optax.chain(kg.optimize.optax.scale_by_metric(ones), optax.scale_by_learning_rate(schedule))
    near(train(optimizer, jnp.sum, jnp.zeros(1), 2), [-0.5 - 0.05], 1e-7)
    near(train(kg.optimize.optax.qng(schedule, ones), jnp.sum, jnp.zeros(1), 2), [-0.5 - 0.05], 1e-7)
    clipped = optax.chain(optax.clip(0.1), kg.optimize.optax.qng(1.0, ones))
    near(train(clipped, jnp.sum, jnp.zeros(1), 1), [-0.05])


def test_hyperparameters_are_injected():
    make = optax.inject_hyperparams(kg.optimize.optax.qng, static_args=("metric_fn", "regularization"))
    optimizer, params = make(learning_rate=1.0, metric_fn=ones), jnp.zeros(1)
    state = optimizer.init(params)
    state.hyperparams["learning_rate"] = jnp.array(0.1)
    near(optimizer.update(jnp.ones(1), state, params)[0], [-0.05])


def test_other_parameters_may_have_another_optimizer():
    labels = {"circuit": "natural", "dense": {"w": "adam"}}
    natural = kg.optimize.optax.qng(1.0, lambda params: {"circuit": ones(params["circuit"]), "dense": None})
    optimizer = optax.multi_transform({"natural": natural, "adam": optax.sgd(0.1)}, labels)
    params = {"circuit": jnp.zeros(1), "dense": {"w": jnp.zeros(1)}}
    found = train(optimizer, lambda x: x["circuit"][0] + x["dense"]["w"][0], params, 1)
    near(found["circuit"], [-0.5])
    near(found["dense"]["w"], [-0.1])


# Misuse


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda o: o.qng(0.1, regularization=-1), kg.InvalidValueError, "regularization is -1; give a number"),
        (lambda o: o.qng(0.1, jnp.eye(1)), kg.InvalidTypeError, "metric_fn is a .*; give a function of the param"),
        (lambda o: o.qng(0.1).update(1.0, o.qng(0.1).init(1.0)), kg.InvalidValueError, "there is no metric; give"),
        (lambda o: o.scale_by_metric(ones).update(1.0, ()), kg.InvalidValueError, "metric_fn takes the parameters"),
    ],
)
def test_what_is_refused(call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call(kg.optimize.optax)


@pytest.mark.parametrize(
    ("updates", "metric", "kind", "sentence"),
    [
        (jnp.ones(2), jnp.eye(3), kg.InvalidValueError, r"the shape \(3, 3\), and the gradient \(2,\); give one of"),
        ({"a": jnp.ones(2)}, {"b": None}, kg.InvalidValueError, "the metric has the structure .*'b'.*; give the same"),
        ({"a": jnp.ones(2)}, jnp.eye(3), kg.InvalidValueError, r"the shape \(3, 3\), and the gradient \(2,\)"),
        (jnp.ones(1) * 1j, jnp.eye(1), kg.InvalidTypeError, "is complex; give real and imaginary parts"),
    ],
)
def test_metrics_that_do_not_fit(updates, metric, kind, sentence):
    with pytest.raises(kind, match=sentence):
        scaled(updates, metric)
