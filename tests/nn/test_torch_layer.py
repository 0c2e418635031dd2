"""A circuit as an `nn.Module`: weights, batches, training, and what torch does to modules."""

import copy
import doctest
import io
import math

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


# Weights


def test_weights_are_parameters_of_torch_s_default_type():
    layer = layer_of()
    assert [name for name, _ in layer.named_parameters()] == ["weights.theta"]
    assert isinstance(layer.weights["theta"], torch.nn.Parameter)
    assert layer.weights["theta"].dtype == torch.float32
    assert layer_of(dtype=torch.float64).weights["theta"].dtype == torch.float64
    assert layer_of(device="meta").weights["theta"].device.type == "meta"


def test_weights_start_uniformly_in_one_turn_from_torch_s_generator():
    many = kg.nn.TorchLayer(lambda theta: theta, weights={"theta": 10_000})
    ordered = np.sort(many.weights["theta"].detach().numpy()) / (2 * np.pi)
    assert ordered[0] >= 0
    # Kolmogorov and Smirnov's distance, at the significance 1e-6.
    assert np.max(np.abs(ordered - np.arange(10_000) / 10_000)) < math.sqrt(math.log(2e6) / 20_000)
    starts = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        starts.append(layer_of(initial=None).weights["theta"].tolist())
    assert starts[0] == starts[1] != starts[2]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0.5, [0.5, 0.5]),
        (THETA, THETA),
        (np.array(THETA), THETA),
        (double(THETA), THETA),
        (torch.nn.init.ones_, [1.0, 1.0]),
        (lambda theta: torch.nn.init.constant_(theta, 0.25), [0.25, 0.25]),
    ],
)
def test_weights_start_from_what_is_given(given, expected):
    near(layer_of(initial={"theta": given}).weights["theta"], expected)


def test_weights_do_not_share_memory_with_what_they_start_from():
    start = double(THETA)
    layer = layer_of(initial={"theta": start}, dtype=torch.float64)
    start.zero_()
    near(layer.weights["theta"], THETA)


# Features


@pytest.mark.parametrize("in_force", ["numpy", "pytorch"])
def test_a_layer_computes_in_torch_whatever_backend_is_in_force(in_force):
    with kg.use_backend(in_force):
        near(layer_of()(double()), FEATURES)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (2, 1, 3)])
def test_the_batch_has_any_number_of_axes(batch):
    x = torch.linspace(0, 1, 2 * math.prod(batch)).reshape(*batch, 2)
    near(layer_of()(x), np.cos(x.numpy() + THETA))


def test_several_inputs_are_given_in_the_order_of_their_names():
    layer = kg.nn.TorchLayer(function(), ("theta", "x"))
    assert list(layer.parameters()) == []
    near(layer(double(THETA), double()), FEATURES)


def test_inputs_are_given_by_name():
    layer = kg.nn.TorchLayer(function(), ("theta", "x"))
    near(layer(x=double(), theta=double(THETA)), FEATURES)
    near(layer(double(THETA), x=double()), FEATURES)
    near(layer_of()(x=double()), FEATURES)


def test_without_inputs_a_layer_is_called_with_nothing():
    layer = kg.nn.TorchLayer(function(), initial={"x": X[0], "theta": THETA}, dtype=torch.float64)
    near(layer(), FEATURES[0], 1e-12)


def test_without_join_results_are_those_of_the_function():
    first, zeros = layer_of(kg.expval(kg.Z(0)), kg.probs([0]), join=False)(double())
    near(first, FEATURES[:, 0])
    near(zeros[:, 0], (1 + FEATURES[:, 0]) / 2)
    assert first.dtype == torch.float64


def test_a_callable_is_a_layer_with_the_weights_that_are_given():
    f = function()
    layer = kg.nn.TorchLayer(
        lambda x, scale, theta: f(x, scale * theta), "x", {"scale": (), "theta": 2}, {"scale": 3.0, "theta": THETA}
    )
    near(layer(double()), np.cos(np.add(X, np.multiply(3, THETA))))
    assert [name for name, _ in layer.named_parameters()] == ["weights.scale", "weights.theta"]


def test_complex_features_keep_their_precision():
    layer = layer_of(kg.state())
    assert layer(double()).dtype == torch.complex128
    assert layer(double().float()).dtype == torch.complex64


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


# What torch does to modules


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


# Training


def hybrid():
    """Return a model whose middle is a circuit of eight qubits, with four layers of weights."""
    qubits = 8
    x, theta = kg.parameters("x", (qubits,)), kg.parameters("theta", (4, qubits))
    circuit = kg.Circuit(qubits)
    for depth in range(4):
        for qubit in range(qubits):
            circuit.ry(x[qubit], qubit).rz(theta[depth, qubit], qubit)
        for qubit in range(qubits):
            circuit.cx(qubit, (qubit + 1) % qubits)
    f = kg.function(circuit, *(kg.expval(kg.Z(qubit)) for qubit in range(qubits)))
    layer = kg.nn.TorchLayer(f, inputs="x")
    return torch.nn.Sequential(torch.nn.Linear(2, qubits), layer, torch.nn.Linear(qubits, 1))


def test_a_hybrid_model_of_eight_qubits_trains_with_one_run_for_each_batch(monkeypatch):
    batches = []
    execute = kg.circuit_function.Execution.results

    def counted(self, backend, precision, values, batch, *rest):
        batches.append(batch)
        return execute(self, backend, precision, values, batch, *rest)

    monkeypatch.setattr(kg.circuit_function.Execution, "results", counted)
    torch.manual_seed(7)
    model, x = hybrid(), torch.rand(256, 2) * 2 - 1
    y = torch.sign(x.prod(dim=1, keepdim=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert batches == [256] * 15
    # By the symmetry of the signs a linear model of x gets no lower than 1, but for chance.
    assert losses[-1] < 0.75


def test_the_example_runs():
    from ketgrad_backends import pytorch_layer

    failed, attempted = doctest.testmod(pytorch_layer)
    assert failed == 0 < attempted


# Misuse


MISUSE = (
    (
        lambda: kg.nn.TorchLayer(torch.nn.Linear(2, 2), "x", {}),
        "got a Linear, whose parameters a layer around it would hide; put the two into nn.Sequential, or give a "
        "function made by kg.function",
    ),
    (
        lambda: layer_of(dtype=torch.complex128),
        "dtype is torch.complex128; weights are real, so give torch.float32 or torch.float64",
    ),
    (
        lambda: layer_of(dtype="float32"),
        "dtype is 'float32'; weights are real, so give torch.float32 or torch.float64",
    ),
    (
        lambda: kg.nn.TorchLayer(lambda values: values, weights={"values": 2}),
        "a weight is named 'values', which torch's modules use themselves; rename it",
    ),
    (
        lambda: layer_of(initial={"theta": torch.ones(3)}),
        "initial has an array of shape (3,) for theta; give shape (2,), or a number",
    ),
    (
        lambda: layer_of(initial={"theta": torch.ones_like}),
        "the initializer of theta left elements of the tensor as they were; give a function that fills it in place, "
        "such as torch.nn.init.zeros_, or a tensor",
    ),
    (lambda: layer_of(initial={"phi": 0.0}), "initial names 'phi', which is no weight; they are theta"),
    (lambda: layer_of()(X), "the layer got a list; give tensors, by torch.as_tensor"),
    (
        lambda: layer_of()(double().to("meta")),
        "the inputs are on meta, but others, or the weights, on cpu; bring them together by .to",
    ),
    (
        lambda: layer_of()(double(), double()),
        "the layer takes 1 inputs (x), got 2; name with inputs=... the arrays that are given at a call",
    ),
    (
        lambda: layer_of()(y=double()),
        "the layer takes the inputs x, got 0 by position and y by name; give each input once",
    ),
    (
        lambda: layer_of()(torch.ones(3)),
        "x got values of shape (3,); give shape (2,), with batch axes in front if wanted",
    ),
)


@pytest.mark.parametrize(("do", "sentence"), MISUSE)
def test_misuse_is_told_in_one_sentence(do, sentence):
    with pytest.raises(kg.KetgradError) as error:
        do()
    assert str(error.value) == sentence
