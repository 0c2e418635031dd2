"""Circuits on the second of two devices of JAX, and arrays that are on both; `test_placement` runs this file.

Committed arrays, those that were put on a device by name, meet others that are free to join them.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import ketgrad as kg
from ketgrad_conformance import expect

DEVICES = jax.devices()
COSINES, SINES = np.cos([0.4, 0.9]), np.sin([0.4, 0.9])
SLOPES = -SINES * COSINES[::-1]


@pytest.fixture(autouse=True)
def in_jax():
    """JAX in force."""
    with kg.use_backend("jax"):
        yield


def product(*measurements, **options):
    """Return f(θ) = cos θ₀ cos θ₁."""
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).rx(theta[0], 0).rx(theta[1], 1)
    return kg.function(circuit, *(measurements or [kg.expval(kg.Z(0) @ kg.Z(1))]), **options)


def there(values):
    return jax.device_put(jnp.asarray(values, float), DEVICES[1])


def near(actual, expected, tolerance=1e-12):
    """Check that an array is on the second device, and what it holds."""
    assert actual.devices() == {DEVICES[1]}
    expect.near(np.asarray(actual), expected, tolerance)


def test_there_are_two_devices():
    assert len(DEVICES) == 2
    assert kg.backend.devices() == ("cpu", "cpu:1")


@pytest.mark.parametrize("engine", ["auto", "traced", "compiled"])
@pytest.mark.parametrize("transform", [lambda f: f, kg.jit, jax.jit])
def test_values_and_gradients_are_where_the_arrays_are(engine, transform):
    f = product(engine=engine)
    near(transform(f)(there([0.4, 0.9])), COSINES.prod())
    near(transform(kg.grad(f))(there([0.4, 0.9])), SLOPES)
    near(transform(kg.vmap(kg.grad(f)))(there([[0.4, 0.9], [0.9, 0.4]])), [SLOPES, SLOPES[::-1]])


@pytest.mark.parametrize("gradient", ["backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff"])
def test_each_method_computes_there(gradient):
    near(kg.grad(product(gradient=gradient))(there([0.4, 0.9])), SLOPES, 1e-6 if gradient == "finite-diff" else 1e-12)


def test_shots_and_their_gradients_are_there():
    f = product(shots=10_000, seed=5)
    # Shifted readings of ±1 have a variance of at most 1; a slope is half the difference of two means.
    near(kg.grad(f)(there([0.4, 0.9])), SLOPES, 5 / np.sqrt(2 * 10_000))


def test_directions_by_chance_are_there():
    # SPSA's slope along ±(1, 1) or ±(1, −1), as seen from either of the two directions.
    found = np.asarray(kg.grad(product(gradient="spsa"))(there([0.4, 0.9]), seed=3))
    along = SLOPES.sum() * np.array([1, 1]), (SLOPES[0] - SLOPES[1]) * np.array([1, -1])
    assert min(np.abs(found - each).max() for each in along) < 1e-6


def test_second_derivatives_and_information_are_there():
    theta = there([0.4, 0.9])
    near(kg.hessian(product())(theta), [[-COSINES.prod(), SINES.prod()], [SINES.prod(), -COSINES.prod()]])
    near(kg.metric_tensor(product())(theta), np.eye(2) / 4)
    near(kg.grad(kg.optimize.natural(product(), "theta"))(theta), 4 * SLOPES)


@pytest.mark.parametrize("number", [0.5, np.array(0.5), jnp.array(0.5)])
def test_numbers_that_are_free_join_the_arrays(number):
    x, y = kg.parameters("x"), kg.parameters("y")
    f = kg.function(kg.Circuit(1).rx(x, 0).rx(y, 0), kg.expval(kg.Z(0)))
    near(f(there(0.3), number), np.cos(0.8))
    near(f(number, there(0.3)), np.cos(0.8))


@pytest.mark.parametrize("name", ["GradientDescent", "NaturalGradient", "Adam", "Rotosolve"])
def test_optimizers_stay_there(name):
    result = getattr(kg.optimize, name)().minimize(product(), there([0.4, 0.9]), steps=3)
    assert result.x.devices() == {DEVICES[1]}
    assert result.value < COSINES.prod()


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
@pytest.mark.parametrize("engine", ["traced", "compiled"])
def test_a_batch_on_both_devices_is_computed_where_it_is(engine, transform):
    batch = np.linspace(0, 1, 8).reshape(4, 2)
    spread = jax.device_put(
        jnp.asarray(batch), NamedSharding(Mesh(np.array(DEVICES), ("batch",)), PartitionSpec("batch"))
    )
    f = product(engine=engine)
    expect.near(np.asarray(transform(f)(spread)), np.cos(batch).prod(axis=1), 1e-12)
    slopes = transform(kg.grad(lambda theta: f(theta).sum()))(spread)
    expect.near(np.asarray(slopes), -np.sin(batch) * np.cos(batch)[:, ::-1], 1e-12)
    if engine == "traced":
        assert slopes.sharding == spread.sharding


def test_a_layer_of_flax_computes_where_its_weights_are():
    nnx = pytest.importorskip("flax.nnx")
    x, theta = kg.parameters("x", (1,)), kg.parameters("theta")
    f = kg.function(kg.Circuit(1).rx(x[0], 0).rx(theta, 0), kg.expval(kg.Z(0)))
    layer = kg.nn.FlaxLayer(f, "x", initial={"theta": 0.2}, rngs=nnx.Rngs(0))
    graph, state = nnx.split(layer)
    moved = nnx.merge(graph, jax.device_put(state, DEVICES[1]))
    near(moved(jnp.array([[0.3], [0.5]])), np.cos([[0.5], [0.7]]), 1e-6)
