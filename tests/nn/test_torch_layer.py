"""A circuit as an `nn.Module`: weights, batches, training, and what is refused."""

import doctest
import math

import numpy as np
import pytest

import ketgrad as kg

torch = pytest.importorskip("torch")
from torch_layers import FEATURES, THETA, X, double, function, layer_of, near  # noqa: E402  (where torch is)

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
