"""What tests of layers of torch share: a layer with features in closed form, inputs, and a comparison."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

torch = pytest.importorskip("torch")

X = [[0.3, 0.5], [0.7, -0.2], [1.1, 0.4]]
THETA = [0.2, -0.6]
FEATURES = np.cos(np.add(X, THETA))
SLOPES = -np.sin(np.add(X, THETA))


def function(*measurements, **options):
    """Return f(x, θ) = (cos(x₀ + θ₀), cos(x₁ + θ₁)), of two qubits."""
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    circuit = kg.Circuit(2)
    for qubit in range(2):
        circuit.rx(x[qubit], qubit).rx(theta[qubit], qubit)
    return kg.function(circuit, *(measurements or [kg.expval(kg.Z(0)), kg.expval(kg.Z(1))]), **options)


def layer_of(*measurements, **options):
    return kg.nn.TorchLayer(function(*measurements), "x", **{"initial": {"theta": THETA}, **options})


def double(values=X):
    return torch.tensor(values, dtype=torch.float64)


def near(actual, expected, tolerance=1e-6):
    assert tuple(actual.shape) == np.shape(expected)
    expect.near(actual.detach().numpy().astype("float64"), expected, tolerance)
