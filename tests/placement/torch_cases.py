"""Circuits and layers on a device of torch's that is not the processor; `test_placement` runs this file.

The function of most tests has the features cos(x₀ + θ₀) and cos(x₁ + θ₁): turns about one axis in a row add up.
"""

import copy

import numpy as np
import pytest
import torch

import ketgrad as kg
from ketgrad_conformance import expect
from placement import second_device
from torch_layers import THETA, X, double, function

DEVICE = torch.device(second_device.NAME, 0)
ANGLES = np.add(X, THETA)


@pytest.fixture(autouse=True)
def in_torch():
    """PyTorch in force."""
    with kg.use_backend("pytorch"):
        yield


def product(**options):
    """Return f(θ) = cos θ₀ cos θ₁."""
    theta = kg.parameters("theta", (2,))
    return kg.function(kg.Circuit(2).rx(theta[0], 0).rx(theta[1], 1), kg.expval(kg.Z(0) @ kg.Z(1)), **options)


def layer(*measurements, **options):
    given = function(*measurements, **options)
    return kg.nn.TorchLayer(given, "x", initial={"theta": double(THETA)}, dtype=torch.float64, device=DEVICE)


def there(values, dtype=torch.float64):
    return torch.as_tensor(values, dtype=dtype).to(DEVICE)


def near(actual, expected, tolerance=1e-12):
    """Check that an array is on the device, and what it holds."""
    assert actual.device == DEVICE
    assert tuple(actual.shape) == np.shape(expected)
    expect.near(actual.detach().cpu().numpy(), expected, tolerance)


def test_the_device_keeps_apart_from_the_processor():
    with pytest.raises(RuntimeError, match="mixes"):
        there(X) + torch.zeros(2)
    with pytest.raises(RuntimeError, match="numpy"):
        there(X).numpy()
    with pytest.raises(RuntimeError, match="mixes"):
        torch.stack([there(0.3), torch.tensor(0.5)])
    near(there(X) + torch.tensor(1.0), np.add(X, 1))


# The layer


@pytest.mark.parametrize("gradient", ["best", "backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff"])
def test_features_and_gradients_of_a_layer_are_where_its_inputs_are(gradient):
    of_device = layer(gradient=gradient)
    x = there(X).requires_grad_()
    features = of_device(x)
    features.sum().backward()
    tolerance = 1e-6 if gradient == "finite-diff" else 1e-12
    near(features, np.cos(ANGLES))
    near(x.grad, -np.sin(ANGLES), tolerance)
    near(of_device.weights["theta"].grad, -np.sin(ANGLES).sum(axis=0), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 1e-3), (torch.bfloat16, 1e-2), (torch.float32, 1e-6)])
def test_inputs_keep_their_type(dtype, tolerance):
    features = layer().to(dtype)(there(X, dtype))
    assert features.dtype == dtype
    near(features.double(), np.cos(ANGLES), 2 * tolerance)


def test_a_layer_moves_to_the_device_and_back():
    at_home = kg.nn.TorchLayer(function(), "x", initial={"theta": 0.1}, dtype=torch.float64)
    moved = copy.deepcopy(at_home).to(DEVICE)
    near(moved(there(X)), np.cos(np.add(X, 0.1)))
    moved.load_state_dict({"weights.theta": double(THETA)})
    near(moved(there(X)), np.cos(ANGLES))
    near(moved.state_dict()["weights.theta"], THETA)
    at_home.load_state_dict(moved.state_dict())
    assert at_home.weights["theta"].device.type == "cpu"
    expect.near(at_home(double(X)).detach().numpy(), np.cos(ANGLES), 1e-12)


def test_inputs_elsewhere_are_refused_in_one_sentence():
    with pytest.raises(kg.InvalidValueError, match=r"on cpu, but others, or the weights, on second:0; .* by \.to"):
        layer()(double(X))


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (kg.probs([0]), np.stack([np.cos(ANGLES[:, 0] / 2) ** 2, np.sin(ANGLES[:, 0] / 2) ** 2], axis=-1)),
        (kg.var(kg.Z(0)), np.sin(ANGLES[:, :1]) ** 2),
        (kg.expval(2 * kg.Z(0) @ kg.Z(1) + kg.I()), 2 * np.cos(ANGLES).prod(axis=1, keepdims=True) + 1),
        (kg.expval(kg.Hermitian([[1, 0], [0, 3]], [1])), 2 - np.cos(ANGLES[:, 1:])),
        (kg.purity([0]), np.ones((3, 1))),
    ],
)
def test_each_measurement_is_computed_there(measurement, expected):
    near(layer(measurement)(there(X)), expected)


def test_noise_is_there():
    x, theta = kg.parameters("x", (1,)), kg.parameters("theta")
    circuit = kg.Circuit(1).rx(x[0], 0).rx(theta, 0).depolarizing(0.15, 0).amplitude_damping(0.5, 0)
    noisy = kg.nn.TorchLayer(kg.function(circuit, kg.expval(kg.Z(0))), "x", initial={"theta": 0.2}, device=DEVICE)
    features = noisy(there([[0.3], [0.5]]))
    features.sum().backward()
    # Depolarizing by p leaves 1 − 4p/3 of ⟨Z⟩, and damping by γ makes it (1 − γ)⟨Z⟩ + γ.
    near(features, 0.5 * (1 - 0.2) * np.cos([[0.5], [0.7]]) + 0.5, 1e-6)
    near(noisy.weights["theta"].grad, -0.4 * np.sin([0.5, 0.7]).sum(), 1e-6)


def test_shots_are_there():
    shots = 10_000
    features = layer(kg.expval(kg.Z(0)), shots=shots, seed=7)(there(X))
    near(features, np.cos(ANGLES[:, :1]), 5 * np.sin(ANGLES[:, :1]).max() / np.sqrt(shots))


# Mixed precision


def test_autocast_there_leaves_the_circuit_in_single_precision():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), layer().float()).to(DEVICE)
    with torch.autocast(DEVICE.type, torch.float16):
        hidden = model[0](there(X, torch.float32))
        features = model[1](hidden)
    assert (hidden.dtype, features.dtype) == (torch.float16, torch.float32)
    near(features.double(), np.cos(hidden.detach().cpu().double().numpy() + THETA), 1e-6)


def test_scaled_gradients_there_are_those_of_the_loss():
    of_device, scaler = layer().float(), torch.amp.GradScaler(DEVICE.type, init_scale=1024.0)
    optimizer = torch.optim.SGD(of_device.parameters(), lr=0.1)
    x = there(X, torch.float16)
    with torch.autocast(DEVICE.type, torch.float16):
        loss = of_device(x).sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    slopes = -np.sin(x.cpu().double().numpy() + THETA).sum(axis=0)
    near(of_device.weights["theta"].double(), THETA - 0.1 * slopes, 1e-5)


# Training


def test_natural_gradient_steps_are_there():
    of_device = layer()
    optimizer = kg.optimize.torch.QNG.for_model(of_device, lr=0.05)
    of_device(there(X)).sum().backward()
    optimizer.step()
    # The metric tensor of a turn about X, begun at |0⟩, is 1/4.
    near(of_device.weights["theta"], THETA + 0.05 * 4 * np.sin(ANGLES).sum(axis=0))


def test_optimizers_of_plain_arrays_stay_there(tmp_path):
    f, start = product(), there([0.4, 0.9])
    result = kg.optimize.GradientDescent(0.1).minimize(f, start, steps=1)
    slopes = np.array([-np.sin(0.4) * np.cos(0.9), -np.cos(0.4) * np.sin(0.9)])
    near(result.x, [0.4, 0.9] - 0.1 * slopes)
    whole = kg.optimize.Adam(0.1).minimize(f, start, steps=5)
    kg.optimize.Adam(0.1).minimize(f, start, steps=3, checkpoint=tmp_path / "run.npz")
    resumed = kg.optimize.Adam(0.1).minimize(f, start, steps=5, checkpoint=tmp_path / "run.npz", resume=True)
    near(resumed.x, whole.x.cpu().numpy(), 0.0)


@pytest.mark.parametrize("name", ["NaturalGradient", "Rotosolve", "SPSA", "QNSPSA"])
def test_each_kind_of_optimizer_runs_there(name):
    optimizer = getattr(kg.optimize, name)()
    start = there([0.4, 0.9])
    result = optimizer.minimize(product(), start, steps=30)
    assert result.x.device == DEVICE
    assert result.value < 0 if name == "Rotosolve" else result.value < np.cos(0.4) * np.cos(0.9)


# Functions


def test_derivatives_of_a_function_are_there():
    f, theta = product(), there([0.4, 0.9])
    cosines, sines = np.cos([0.4, 0.9]), np.sin([0.4, 0.9])
    slopes = -sines * cosines[::-1]
    value, gradient = kg.value_and_grad(f)(theta)
    near(value, cosines.prod())
    near(gradient, slopes)
    near(kg.vmap(kg.grad(f))(there([[0.4, 0.9], [0.9, 0.4]])), [slopes, slopes[::-1]])
    hessian = [[-cosines.prod(), sines.prod()], [sines.prod(), -cosines.prod()]]
    near(kg.hessian(f)(theta), hessian)
    near(kg.hessian(product(gradient="parameter-shift"))(theta), hessian)
    near(kg.metric_tensor(f)(theta), np.eye(2) / 4)
    near(kg.classical_fisher_information(function_of_probabilities())(theta), np.eye(2))


def function_of_probabilities():
    theta = kg.parameters("theta", (2,))
    return kg.function(kg.Circuit(2).rx(theta[0], 0).rx(theta[1], 1), kg.probs())


def test_jacobians_of_real_and_complex_results_are_there():
    theta = there([0.4])
    turn = kg.parameters("theta", (1,))
    circuit = kg.Circuit(1).rx(turn[0], 0)
    near(kg.jacobian(kg.function(circuit, kg.probs()))(theta), [[-np.sin(0.4) / 2], [np.sin(0.4) / 2]])
    near(kg.jacobian(kg.function(circuit, kg.state()))(theta), [[-np.sin(0.2) / 2], [-0.5j * np.cos(0.2)]])


@pytest.mark.parametrize("number", [0.5, np.array(0.5), np.float64(0.5)])
def test_numbers_without_a_place_join_the_arrays(number):
    x, y = kg.parameters("x"), kg.parameters("y")
    f = kg.function(kg.Circuit(1).rx(x, 0).rx(y, 0), kg.expval(kg.Z(0)))
    near(f(there(0.3), number), np.cos(0.8))
    near(f(number, there(0.3)), np.cos(0.8))
    near(kg.grad(f)(number, there(0.3)), -np.sin(0.8))
    near(kg.hessian(f)(number, there(0.3)), -np.cos(0.8))
    near(kg.vmap(f)(np.array([number, 0.6]), there([0.3, 0.1])), np.cos([0.8, 0.7]))
    near(kg.vmap(f, in_axes=(None, 0))(np.array(number), there([0.3, 0.1])), np.cos([0.8, 0.6]))
    stepped = kg.optimize.GradientDescent(0.1).minimize(f, number, args=(there(0.3),), steps=1)
    near(stepped.x, 0.5 + 0.1 * np.sin(0.8))
    near(kg.backend.array([there(0.3), number]), [0.3, 0.5])


def test_parameters_with_and_without_a_place_are_trained_together():
    x, y = kg.parameters("x"), kg.parameters("y")
    f = kg.function(kg.Circuit(1).rx(x, 0).rx(y, 0), kg.expval(kg.Z(0)))
    trained = kg.optimize.GradientDescent(0.1).minimize(
        lambda both: f(both["there"], both["free"]), {"free": 0.5, "there": there(0.3)}, steps=1
    )
    near(trained.x["free"], 0.5 + 0.1 * np.sin(0.8))
    near(trained.x["there"], 0.3 + 0.1 * np.sin(0.8))


def test_a_state_to_begin_with_joins_the_arrays():
    near(product()(there([0.4, 0.9]), initial_state=np.array([0, 1, 0, 0])), -np.cos(0.4) * np.cos(0.9))
    near(product()([0.4, 0.9], initial_state=there([0, 1, 0, 0])), -np.cos(0.4) * np.cos(0.9))


def test_given_matrices_and_states_take_constants_along():
    flip = there([[0, 1], [1, 0]], torch.complex128)
    near(kg.Circuit(2).h(1).unitary(flip, [0]).expectation(kg.Z(0) @ kg.X(1)), -1.0)
    near(kg.Circuit(2).h(1).unitary(flip, [0]).phase_flip(0.25, 1).expectation(kg.Z(0) @ kg.X(1)), -0.5)
    near(kg.Circuit(2).prepare(there([0.6, 0, 0, 0.8]), [0, 1]).x(0).expectation(kg.Z(0)), 0.64 - 0.36)
    x = kg.parameters("x")
    near(kg.function(kg.Circuit(1).rx(x, 0).unitary(flip, [0]), kg.expval(kg.Z(0)))(0.4), -np.cos(0.4))
    near(kg.function(kg.Circuit(1).rx(x, 0).rx(there(0.2), 0), kg.expval(kg.Z(0)))(0.4), np.cos(0.6))
    near(kg.Circuit(1).rx(0.4, 0).rx(there(0.2), 0).expectation(kg.Z(0)), np.cos(0.6))
    alone = kg.Circuit(1).unitary(flip, [0])
    for options in ({}, {"engine": "compiled"}, {"shots": 10, "seed": 3}, {"engine": "traced"}):
        near(kg.function(alone, kg.expval(kg.Z(0)), **options)(), -1.0)
    without = kg.function(kg.Circuit(2).x(0).cx(0, 1), kg.expval(kg.Z(1)), kg.expval(kg.Z(0)))
    first, second = without(initial_state=there([0, 1, 0, 0]))
    near(first, 1.0)
    near(second, -1.0)
