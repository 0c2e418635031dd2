"""What torch does to modules, done to a layer: saving, copying, compiling, mapping, freezing, differentiating twice."""

import copy
import io

import numpy as np
import pytest

import ketgrad as kg

torch = pytest.importorskip("torch")
from torch_layers import FEATURES, SLOPES, THETA, X, double, layer_of, near  # noqa: E402  (where torch is)


def test_a_state_dict_goes_into_another_layer():
    source, target = layer_of(), layer_of(initial=None)
    target.load_state_dict(source.state_dict())
    assert torch.equal(source(double()), target(double()))
    assert list(source.state_dict()) == ["weights.theta"]


@pytest.mark.parametrize("is_used", [False, True])
def test_a_model_is_saved_and_loaded_as_a_whole(is_used):
    model = torch.nn.Sequential(layer_of(), torch.nn.Linear(2, 1))
    if is_used:
        model(double().float())
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert torch.equal(loaded(double().float()), model(double().float()))


def test_a_copy_has_weights_of_its_own():
    layer = layer_of()
    layer(double())
    other = copy.deepcopy(layer)
    with torch.no_grad():
        other.weights["theta"].add_(1.0)
    near(layer(double()), FEATURES)
    near(other(double()), np.cos(np.add(X, THETA) + 1))


def test_a_compiled_model_gives_the_same_features_and_gradients():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), layer_of(), torch.nn.Linear(2, 1))
    x = double().float()
    model(x).sum().backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    compiled = torch.compile(model, backend="eager")
    features = compiled(x)
    assert torch.equal(features, model(x))
    features.sum().backward()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        near(parameter.grad, gradient.numpy())


def test_a_compiled_layer_gives_the_same_features():
    layer = layer_of()
    assert torch.equal(torch.compile(layer, backend="eager")(double()), layer(double()))


def test_a_full_graph_is_refused_with_the_layer_s_name():
    compiled = torch.compile(torch.nn.Sequential(layer_of()), fullgraph=True, backend="eager")
    with pytest.raises(torch._dynamo.exc.Unsupported, match=r"TorchLayer\.forward"):
        compiled(double())


def test_gradients_of_each_sample_come_from_torch_func():
    layer = layer_of(dtype=torch.float64)
    params = {name: parameter.detach() for name, parameter in layer.named_parameters()}

    def loss(params, x):
        return torch.func.functional_call(layer, params, (x,)).sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(params, double())
    near(each["weights.theta"], SLOPES, 1e-12)


def test_an_ensemble_s_weights_are_mapped():
    layers = [layer_of(dtype=torch.float64, initial={"theta": [shift, 0.0]}) for shift in (0.1, 0.2)]
    params, buffers = torch.func.stack_module_state(layers)

    def features(params, buffers, x):
        return torch.func.functional_call(layers[0], (params, buffers), (x,))

    mapped = torch.func.vmap(features, in_dims=(0, 0, None))(params, buffers, double())
    near(mapped, [np.cos(np.add(X, [shift, 0.0])) for shift in (0.1, 0.2)], 1e-12)


def test_features_are_differentiated_twice():
    layer, x = layer_of(dtype=torch.float64), double().requires_grad_()
    (slopes,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    slopes.sum().backward()
    near(slopes, SLOPES, 1e-12)
    near(x.grad, -FEATURES, 1e-12)
    near(layer.weights["theta"].grad, -FEATURES.sum(axis=0), 1e-12)


def test_gradcheck_passes():
    layer = layer_of(kg.expval(kg.Z(0)), kg.probs([1]), dtype=torch.float64)
    assert torch.autograd.gradcheck(layer, [double().requires_grad_()])


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_features_come_without_a_graph(mode):
    with mode():
        features = layer_of()(double())
    assert not features.requires_grad
    near(features, FEATURES)


def test_frozen_weights_let_the_gradient_by_the_inputs_through():
    layer, x = layer_of().requires_grad_(False), double().requires_grad_()
    layer(x).sum().backward()
    near(x.grad, SLOPES)
    assert layer.weights["theta"].grad is None


def test_the_representation_names_the_function_and_its_inputs():
    assert "function(x[2], theta[2]) of 2 qubits, inputs=(x)" in repr(layer_of())
