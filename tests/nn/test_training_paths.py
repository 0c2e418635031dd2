"""The same model, started and trained alike in two frameworks, takes the same way."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

RATE, STEPS = 0.05, 50
INPUTS = np.linspace(-2, 2, 48).reshape(16, 3)
TARGETS = np.sin(INPUTS[:, :1] * INPUTS[:, 1:2])


def function():
    """Return three qubits with two layers of inputs and weights between entangling gates."""
    x, theta = kg.parameters("x", (3,)), kg.parameters("theta", (2, 3))
    circuit = kg.Circuit(3)
    for layer in range(2):
        for qubit in range(3):
            circuit.ry(x[qubit], qubit).rx(theta[layer, qubit], qubit)
        circuit.cx(0, 1).cx(1, 2)
    return kg.function(circuit, kg.expval(kg.Z(0) @ kg.Z(1) @ kg.Z(2)))


def start():
    init, _ = kg.nn.functional(function(), inputs="x")
    return init(seed=7)["theta"]


def adam_by_hand(gradient, theta):
    """Return the weights after each step.

    Reference: D. P. Kingma and J. Ba, arXiv:1412.6980 (2014), algorithm 1, with its default numbers.
    """
    first, second, path = np.zeros_like(theta), np.zeros_like(theta), []
    for step in range(1, STEPS + 1):
        slope = gradient(theta)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        theta = theta - RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        path.append(theta)
    return np.array(path)


@pytest.fixture(scope="module")
def path():
    """The path on NumPy, with Adam as it was published, and gradients by parameter shift."""
    f = kg.gradients.with_method(function(), "parameter-shift")
    with kg.use_backend("numpy"):
        init, apply = kg.nn.functional(f, inputs="x")
        gradient = kg.grad(lambda theta: ((apply({"theta": theta}, INPUTS) - TARGETS) ** 2).mean())
        return adam_by_hand(gradient, init(seed=7)["theta"])


def test_torch_and_its_adam_take_the_way_of_numpy(path):
    torch = pytest.importorskip("torch")
    layer = kg.nn.TorchLayer(function(), "x", initial={"theta": start()}, dtype=torch.float64)
    optimizer = torch.optim.Adam(layer.parameters(), lr=RATE)
    x, y, found = torch.from_numpy(INPUTS), torch.from_numpy(TARGETS), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(layer(x), y).backward()
        optimizer.step()
        found.append(layer.weights["theta"].detach().numpy().copy())
    expect.near(np.array(found), path, 1e-9)


def test_flax_and_optax_take_the_way_of_numpy(path):
    jax, nnx, optax = map(pytest.importorskip, ("jax", "flax.nnx", "optax"))
    layer = kg.nn.FlaxLayer(function(), "x", initial={"theta": start()}, dtype="float64", rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(layer, optax.adam(RATE), wrt=nnx.Param)

    @nnx.jit
    def step(layer, optimizer):
        gradient = nnx.grad(lambda layer: ((layer(INPUTS) - TARGETS) ** 2).mean())(layer)
        optimizer.update(layer, gradient)
        return layer.weights["theta"][...]

    found = [np.asarray(step(layer, optimizer)) for _ in range(STEPS)]
    assert found[0].dtype == jax.numpy.float64
    expect.near(np.array(found), path, 1e-9)


def test_the_pure_pair_and_optax_take_the_way_of_numpy(path):
    jax, optax = map(pytest.importorskip, ("jax", "optax"))
    with kg.use_backend("jax"):
        init, apply = kg.nn.functional(function(), inputs="x")
        params, adam, found = init(seed=7), optax.adam(RATE), []
        state = adam.init(params)
        gradient = jax.jit(jax.grad(lambda params: ((apply(params, INPUTS) - TARGETS) ** 2).mean()))
        for _ in range(STEPS):
            updates, state = adam.update(gradient(params), state)
            params = optax.apply_updates(params, updates)
            found.append(np.asarray(params["theta"]))
    expect.near(np.array(found), path, 1e-9)
