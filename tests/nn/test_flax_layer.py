"""A circuit as a module of flax.nnx: weights, batches, training, and flax's own transformations."""

import copy
import doctest
import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")
jnp = jax.numpy

X = np.array([[0.3, 0.5], [0.7, -0.2], [1.1, 0.4]])
THETA = np.array([0.2, -0.6])
FEATURES = np.cos(X + THETA)
SLOPES = -np.sin(X + THETA)


def function(*measurements):
    """Return f(x, θ) = (cos(x₀ + θ₀), cos(x₁ + θ₁)), of two qubits."""
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    circuit = kg.Circuit(2)
    for qubit in range(2):
        circuit.rx(x[qubit], qubit).rx(theta[qubit], qubit)
    return kg.function(circuit, *(measurements or [kg.expval(kg.Z(0)), kg.expval(kg.Z(1))]))


def layer_of(*measurements, **options):
    given = {"initial": {"theta": THETA}, "rngs": nnx.Rngs(3), **options}
    return kg.nn.FlaxLayer(function(*measurements), "x", **given)


def precise_layer(*measurements, **options):
    return layer_of(*measurements, dtype=jnp.float64, **options)


def near(actual, expected, tolerance=1e-12):
    assert tuple(actual.shape) == np.shape(expected)
    expect.near(np.asarray(actual, "float64"), expected, tolerance)


def total(layer, x):
    return layer(x).sum()


# Weights


def test_weights_are_params_of_single_precision():
    layer = layer_of()
    paths = [path for path, _ in nnx.to_flat_state(nnx.state(layer, nnx.Param))]
    assert paths == [("weights", "theta")]
    assert isinstance(layer.weights["theta"], nnx.Param)
    assert layer.weights["theta"][...].dtype == jnp.float32
    assert precise_layer().weights["theta"][...].dtype == jnp.float64


def test_weights_start_uniformly_in_one_turn_from_the_stream_of_params():
    many = kg.nn.FlaxLayer(lambda theta: theta, weights={"theta": 10_000}, rngs=nnx.Rngs(params=3))
    ordered = np.sort(np.asarray(many.weights["theta"][...], "float64")) / (2 * np.pi)
    assert ordered[0] >= 0
    # Kolmogorov and Smirnov's distance, at the significance 1e-6.
    assert np.max(np.abs(ordered - np.arange(10_000) / 10_000)) < math.sqrt(math.log(2e6) / 20_000)
    starts = [layer_of(initial=None, rngs=nnx.Rngs(seed)).weights["theta"][...].tolist() for seed in (3, 3, 4)]
    assert starts[0] == starts[1] != starts[2]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.5, [0.5, 0.5]),
        (THETA.tolist(), THETA),
        (THETA, THETA),
        (jnp.asarray(THETA), THETA),
        (jax.nn.initializers.constant(0.25), [0.25, 0.25]),
    ],
)
def test_weights_start_from_what_is_given(given, expected):
    near(precise_layer(initial={"theta": given}).weights["theta"][...], expected)


# Features


@pytest.mark.parametrize("in_force", ["numpy", "jax"])
def test_a_layer_computes_in_jax_whatever_backend_is_in_force(in_force):
    with kg.use_backend(in_force):
        features = precise_layer()(jnp.asarray(X))
    assert isinstance(features, jax.Array)
    near(features, FEATURES)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (2, 1, 3)])
def test_the_batch_has_any_number_of_axes(batch):
    x = np.linspace(0, 1, 2 * math.prod(batch)).reshape(*batch, 2)
    near(precise_layer()(jnp.asarray(x)), np.cos(x + THETA))


def test_several_inputs_are_given_in_the_order_of_their_names_or_by_name():
    layer = kg.nn.FlaxLayer(function(), ("theta", "x"), rngs=nnx.Rngs(0))
    near(layer(THETA, X), FEATURES)
    near(layer(x=X, theta=THETA), FEATURES)
    near(precise_layer()(x=X), FEATURES)


def test_without_join_results_are_those_of_the_function():
    first, zeros = precise_layer(kg.expval(kg.Z(0)), kg.probs([0]), join=False)(X)
    near(first, FEATURES[:, 0])
    near(zeros[:, 0], (1 + FEATURES[:, 0]) / 2)


def test_a_callable_is_a_layer_with_the_weights_that_are_given():
    f = function()
    layer = kg.nn.FlaxLayer(
        lambda x, scale, theta: f(x, scale * theta),
        "x",
        {"scale": (), "theta": 2},
        {"scale": 3.0, "theta": THETA},
        dtype=jnp.float64,
        rngs=nnx.Rngs(0),
    )
    near(layer(X), np.cos(X + 3 * THETA))


@pytest.mark.parametrize("of_x", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("of_theta", ["float64", "float32", "bfloat16"])
def test_features_and_gradients_have_the_types_of_what_they_belong_to(of_x, of_theta):
    layer, x = layer_of(dtype=of_theta), jnp.asarray(X, of_x)
    theta = np.asarray(layer.weights["theta"][...], "float64")
    features = layer(x)
    by_theta, by_x = nnx.grad(total, argnums=(0, 1))(layer, x)
    by_theta = by_theta["weights"]["theta"][...]
    assert (str(features.dtype), str(by_x.dtype), str(by_theta.dtype)) == (of_x, of_x, of_theta)
    tolerance = max(1e-12 if "float64" in (of_x, of_theta) else 1e-6, float(jnp.finfo(of_x).eps))
    near(features, np.cos(np.asarray(x, "float64") + theta), tolerance)
    near(by_x, -np.sin(np.asarray(x, "float64") + theta), tolerance)


def test_integer_inputs_give_features_of_the_weights_type():
    assert layer_of()(jnp.ones((3, 2), "int32")).dtype == jnp.float32


# Flax's own transformations


def test_layers_are_compiled_and_differentiated():
    layer, x = precise_layer(), jnp.asarray(X)
    near(nnx.jit(lambda layer, x: layer(x))(layer, x), FEATURES)
    gradient = nnx.jit(nnx.grad(total))(layer, x)
    near(gradient["weights"]["theta"][...], SLOPES.sum(axis=0))


def test_a_compiled_step_is_traced_once():
    traced = []

    @nnx.jit
    def features(layer, x):
        traced.append(1)
        return layer(x)

    layer = precise_layer()
    for shift in (0.0, 0.1):
        near(features(layer, jnp.asarray(X + shift)), np.cos(X + shift + THETA))
    assert len(traced) == 1


def test_an_ensemble_of_layers_is_mapped():
    @nnx.split_rngs(splits=3)
    @nnx.vmap
    def make(rngs):
        return kg.nn.FlaxLayer(function(), "x", dtype=jnp.float64, rngs=rngs)

    layers = make(nnx.Rngs(0))
    theta = np.asarray(layers.weights["theta"][...])
    assert theta.shape == (3, 2)
    assert len(np.unique(theta)) == 6
    features = nnx.vmap(lambda layer, x: layer(x), in_axes=(0, None))(layers, jnp.asarray(X))
    near(features, np.cos(X + theta[:, None]))


def test_gradients_of_each_sample_are_mapped():
    each = nnx.vmap(nnx.grad(total), in_axes=(None, 0))(precise_layer(), jnp.asarray(X))
    near(each["weights"]["theta"][...], SLOPES)


def test_a_layer_is_split_and_merged():
    layer = precise_layer()
    graph, state = nnx.split(layer)
    near(nnx.merge(graph, state)(X), FEATURES)
    moved = jax.tree.map(lambda leaf: leaf + 1.0, state)
    near(jax.jit(lambda state, x: nnx.merge(graph, state)(x))(moved, X), np.cos(X + THETA + 1))
    nnx.update(layer, moved)
    near(layer(X), np.cos(X + THETA + 1))


def test_a_copy_has_weights_of_its_own():
    layer = precise_layer()
    other = copy.deepcopy(layer)
    other.weights["theta"][...] = jnp.asarray(THETA + 1)
    near(layer(X), FEATURES)
    near(other(X), np.cos(X + THETA + 1))


def test_a_hybrid_model_trains_with_optax():
    optax = pytest.importorskip("optax")
    rngs = nnx.Rngs(7)
    model = nnx.Sequential(nnx.Linear(2, 2, rngs=rngs), layer_of(), nnx.Linear(2, 1, rngs=rngs))
    optimizer = nnx.Optimizer(model, optax.adam(0.05), wrt=nnx.Param)
    x = jax.random.uniform(jax.random.key(1), (256, 2), jnp.float32, -1, 1)
    y = jnp.sin(3 * x[:, :1])

    @nnx.jit
    def step(model, optimizer):
        loss, gradient = nnx.value_and_grad(lambda model: ((model(x) - y) ** 2).mean())(model)
        optimizer.update(model, gradient)
        return loss

    losses = [float(step(model, optimizer)) for _ in range(100)]
    assert losses[-1] < losses[0] / 10
    assert model.layers[1].weights["theta"][...].dtype == jnp.float32


def test_without_64_bit_types_layers_work_in_single_precision_and_refuse_double(in_new_process):
    found = in_new_process("""
    import numpy as np, jax, jax.numpy as jnp, ketgrad as kg
    from flax import nnx

    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", ())
    circuit = kg.Circuit(2).rx(x[0], 0).rx(theta, 0).rx(x[1], 1)
    f = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))
    layer = kg.nn.FlaxLayer(f, "x", initial={"theta": 0.2}, rngs=nnx.Rngs(0))
    features = layer(np.array([[0.3, 0.5]]))
    compiled = nnx.jit(lambda layer, x: layer(x))(layer, np.array([[0.3, 0.5]]))
    gradient = nnx.grad(lambda layer, x: layer(x).sum())(layer, jnp.array([[0.3, 0.5]]))["weights"]["theta"][...]
    found = [[str(a.dtype), a.tolist()] for a in (features, compiled, gradient)]
    try:
        kg.nn.FlaxLayer(f, "x", dtype=jnp.float64, rngs=nnx.Rngs(0))
    except kg.PrecisionError as error:
        found.append(str(error))
    print(json.dumps(found))
    """)
    for (dtype, values), expected in zip(
        found[:3], ([[math.cos(0.5)] * 2], [[math.cos(0.5)] * 2], -math.sin(0.5)), strict=True
    ):
        assert dtype == "float32"
        expect.near(np.array(values), expected, 1e-6)
    assert found[3].startswith("float64 was asked for, but JAX's 64-bit types are off; switch them on with")


def test_the_example_runs():
    from ketgrad_backends import flax_layer

    failed, attempted = doctest.testmod(flax_layer)
    assert failed == 0 < attempted


# Misuse


MISUSE = (
    (
        lambda: kg.nn.FlaxLayer(nnx.Linear(2, 2, rngs=nnx.Rngs(0)), "x", {}, rngs=nnx.Rngs(0)),
        "got a Linear, whose parameters a layer around it would hide; put the two into nnx.Sequential, or give a "
        "function made by kg.function",
    ),
    (
        lambda: layer_of(dtype=jnp.complex64),
        "dtype is <class 'jax.numpy.complex64'>; weights are real, so give jnp.float32 or jnp.float64",
    ),
    (lambda: layer_of(dtype="real"), "dtype is 'real'; give jnp.float32 or jnp.float64"),
    (lambda: layer_of(rngs=3), "rngs is 3; give nnx.Rngs(0), for example"),
    (
        lambda: kg.nn.FlaxLayer(lambda items: items, weights={"items": 2}, rngs=nnx.Rngs(0)),
        "a weight is named 'items', which nnx.Dict uses itself; rename it",
    ),
    (
        lambda: layer_of(initial={"theta": np.ones(3)}),
        "initial has an array of shape (3,) for theta; give shape (2,), or a number",
    ),
    (lambda: layer_of(initial={"phi": 0.0}), "initial names 'phi', which is no weight; they are theta"),
    (
        lambda: layer_of()(X, X),
        "the layer takes 1 inputs (x), got 2; name with inputs=... the arrays that are given at a call",
    ),
    (
        lambda: layer_of()(X, x=X),
        "the layer takes the inputs x, got 1 by position and x by name; give each input once",
    ),
    (
        lambda: layer_of()(np.ones(3)),
        "x got values of shape (3,); give shape (2,), with batch axes in front if wanted",
    ),
)


@pytest.mark.parametrize(("do", "sentence"), MISUSE)
def test_misuse_is_told_in_one_sentence(do, sentence):
    with pytest.raises(kg.KetgradError) as error:
        do()
    assert str(error.value) == sentence
