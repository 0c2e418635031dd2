"""The types of what a layer of torch returns and of its gradients, under autocast too."""

import numpy as np
import pytest

import ketgrad as kg

torch = pytest.importorskip("torch")
from torch_layers import THETA, double, layer_of, near  # noqa: E402  (where torch is)

# Types


@pytest.mark.parametrize("of_x", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("of_theta", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_features_and_gradients_have_the_types_of_what_they_belong_to(of_x, of_theta):
    layer, x = layer_of().to(of_theta), double().to(of_x).requires_grad_()
    features = layer(x)
    features.sum().backward()
    theta = layer.weights["theta"]
    angles = x.detach().double().numpy() + theta.detach().double().numpy()
    assert (features.dtype, x.grad.dtype, theta.grad.dtype) == (of_x, of_x, of_theta)
    precise = 1e-12 if torch.float64 in (of_x, of_theta) else 1e-6
    tolerance = max(precise, torch.finfo(of_x).eps)
    near(features.double(), np.cos(angles), tolerance)
    near(x.grad.double(), -np.sin(angles), tolerance)
    near(theta.grad.double(), -np.sin(angles).sum(axis=0), 3 * max(tolerance, torch.finfo(of_theta).eps))


def test_integer_inputs_give_features_of_the_weights_type():
    assert layer_of()(torch.ones(3, 2, dtype=torch.int64)).dtype == torch.float32
    near(layer_of().double()(torch.ones(3, 2, dtype=torch.int64)), np.cos(np.add(np.ones((3, 2)), THETA)))


def test_a_half_precision_circuit_is_computed_in_single_precision():
    x = torch.full((1, 2), 0.5, dtype=torch.float16)
    theta = torch.tensor(THETA, dtype=torch.float16).double().numpy()
    expected = np.cos(0.5 + theta)[None].astype("float16")
    assert np.array_equal(layer_of().half()(x).detach().numpy(), expected)


# Mixed precision


def test_under_autocast_features_are_those_of_single_precision():
    layer = layer_of()
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), layer)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model[0](double().float())
        features = model(double().float())
        assert layer(double().bfloat16()).dtype == torch.float32
        assert layer(double()).dtype == torch.float64
        assert torch.is_autocast_enabled("cpu")
    assert hidden.dtype == torch.bfloat16
    assert features.dtype == torch.float32
    near(features, np.cos(hidden.detach().double().numpy() + THETA), 1e-6)


def test_a_callable_s_own_operations_are_not_cut_to_16_bits_under_autocast():
    x = torch.full((1, 3), 1 + 2**-12)
    layer = kg.nn.TorchLayer(lambda x, matrix: x @ matrix, "x", {"matrix": (3, 1)}, {"matrix": 1.0})
    with torch.autocast("cpu", torch.bfloat16):
        near(layer(x), [[3 * (1 + 2**-12)]])


def test_scaled_gradients_are_those_of_the_loss():
    layer, scaler = layer_of(), torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = layer(double().bfloat16()).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    angles = double().bfloat16().double().numpy() + THETA
    near(layer.weights["theta"].grad, -np.sin(angles).sum(axis=0), 1e-5)
    scaler.step(optimizer)
    scaler.update()
    near(layer.weights["theta"], THETA + 0.1 * np.sin(angles).sum(axis=0), 1e-5)
