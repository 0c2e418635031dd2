"""Natural gradient in torch: published results, groups and metrics, what torch asks of optimizers, and misuse."""

import copy
import doctest
import gc
import importlib
import io
import math
import weakref

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad_conformance import expect
from reference_circuits import AFTER_200_STEPS, THREAD, thread

if "pytorch" not in installed_backends():
    pytest.skip("torch is not under test", allow_module_level=True)
torch = pytest.importorskip("torch")
NAMES = {None: "qng_full", "block-diag": "qng_block_diagonal", "diag": "qng_diagonal"}


@pytest.fixture(autouse=True)
def in_torch():
    """PyTorch in force."""
    with kg.use_backend("pytorch") as backend:
        yield backend


def parameter(*numbers, dtype=torch.float64):
    return torch.nn.Parameter(torch.tensor(numbers if len(numbers) != 1 else numbers[0], dtype=dtype))


def given(shape, gradient, dtype=torch.float64):
    """Return a parameter of zeros with a gradient."""
    made = torch.nn.Parameter(torch.zeros(shape, dtype=dtype))
    made.grad = torch.tensor(gradient, dtype=dtype).reshape(shape)
    return made


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


def near(actual, expected, tolerance=1e-12):
    expect.near(actual.detach().double().numpy(), expected, tolerance)


def qng(*args, **options):
    return kg.optimize.torch.QNG(*args, **options)


def train(optimizer, loss, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


def test_the_examples_of_the_documentation_run():
    with kg.use_backend("numpy"):
        for module in ("ketgrad_backends.pytorch_optimizer", "ketgrad_backends.pytorch_fisher"):
            assert doctest.testmod(importlib.import_module(module)).failed == 0


# Published results


def check_thread(expected, cost, weights):
    near(cost(weights), expected["cost"], 1e-9)
    if "params" in expected:
        near(weights, expected["params"], 1e-9)


@pytest.mark.parametrize("approximation", NAMES)
def test_two_hundred_steps_of_natural_gradient(approximation):
    weights, cost = parameter(*THREAD["p"]), thread()
    metric = kg.metric_tensor(cost, approximation=approximation)
    train(qng([weights], lambda: metric(weights)), lambda: cost(weights), 200)
    check_thread(AFTER_200_STEPS[NAMES[approximation]], cost, weights)


def test_two_hundred_steps_with_a_closure_that_returns_loss_and_metric():
    weights, cost = parameter(*THREAD["p"]), thread()
    optimizer, metric = qng([weights]), kg.metric_tensor(cost, approximation="block-diag")

    def closure():
        optimizer.zero_grad()
        loss = cost(weights)
        loss.backward()
        return loss, [metric(weights.detach())]

    losses = [optimizer.step(closure).item() for _ in range(200)]
    assert losses[0] == pytest.approx(THREAD["expval_Y0"], abs=1e-12)
    check_thread(AFTER_200_STEPS["qng_block_diagonal"], cost, weights)


def test_two_hundred_steps_without_a_metric_are_gradient_descent():
    weights, cost = parameter(*THREAD["p"]), thread()
    train(qng([weights]), lambda: cost(weights), 200)
    check_thread(AFTER_200_STEPS["gradient_descent"], cost, weights)


# Groups and metrics


def test_each_circuit_has_its_own_tensor_and_classical_layers_the_ordinary_step():
    a, b = kg.parameters("a"), kg.parameters("b")
    first = kg.function(kg.Circuit(1).ry(a, 0), kg.expval(kg.Z(0)))  # cos a, with g = 1/4
    second = kg.function(kg.Circuit(1).ry(0.7, 0).rz(b, 0), kg.expval(kg.X(0)))  # sin 0.7 cos b, with g = sin² 0.7 / 4
    wa, wb, classical = parameter(0.3), parameter(0.5), parameter(2.0)
    optimizer = qng(
        [
            {"params": [wa], "metric_fn": lambda: kg.metric_tensor(first)(wa), "lr": 0.1},
            {"params": [wb], "metric_fn": lambda: kg.metric_tensor(second)(wb)},
            {"params": [classical]},
        ],
        lr=0.2,
    )
    train(optimizer, lambda: classical * first(wa) + second(wb), 1)
    near(wa, 0.3 + 0.1 * 4 * 2.0 * math.sin(0.3))
    near(wb, 0.5 + 0.2 * 4 / math.sin(0.7) * math.sin(0.5))
    near(classical, 2.0 - 0.2 * math.cos(0.3))


def test_all_metrics_are_evaluated_before_any_parameter_moves_with_the_backend_in_force():
    first, second = given((), 1.0), given((), 1.0)
    optimizer = qng([{"params": [first]}, {"params": [second], "metric_fn": lambda: seen(first)}], lr=1.0)

    def seen(value):
        assert kg.get_backend().name == "pytorch"
        assert not torch.is_grad_enabled()
        return torch.exp(value)

    with kg.use_backend("numpy"):
        optimizer.step()
        assert kg.get_backend().name == "numpy"
    near(second, -1.0)  # exp(−1) would have given −e


def test_a_list_has_one_tensor_for_each_parameter():
    one, two, three = given((2,), [1.0, 2.0]), given((1, 2), [3.0, 4.0]), given((), 5.0)
    metrics = [tensor([[2.0, 0.0], [0.0, 4.0]]), 2 * torch.eye(2, dtype=torch.float64).reshape(1, 2, 1, 2), None]
    qng([one, two, three], lambda: metrics, lr=1.0).step()
    near(one, [-0.5, -0.5])
    near(two, [[-1.5, -2.0]])
    near(three, -5.0)


JOINT = [[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 3.0]]


def test_one_matrix_joins_all_parameters_of_a_group():
    one, two = given((1, 2), [1.0, 5.0]), given((), 2.0)
    qng([one, two], lambda: tensor(JOINT), lr=1.0).step()
    near(one, [[-(3.0 - 2.0) / 5, -5.0]])  # by Cramer's rule, with the determinant 5
    near(two, -(4.0 - 1.0) / 5)


def test_a_single_parameter_takes_a_matrix_over_its_elements_too():
    weights = given((2, 2), [2.0, 2.0, 2.0, 2.0])
    qng([weights], lambda: torch.diag(tensor([1.0, 2.0, 4.0, 8.0])), lr=1.0).step()
    near(weights, [[-2.0, -1.0], [-0.5, -0.25]])


def test_parameters_that_stay_are_taken_out_of_the_joint_matrix():
    one, two, three = given((), 1.0), given((), 2.0), given((), 3.0)
    one.grad = None
    two.requires_grad_(False)
    qng([one, two, three], lambda: tensor(JOINT), lr=1.0).step()
    near(torch.stack([one, two, three]), [0.0, 0.0, -1.0])


def test_a_group_in_which_nothing_moves_evaluates_no_metric():
    still, moved = parameter(1.0), given((), 1.0)
    qng([{"params": [still], "metric_fn": lambda: 1 / 0}, {"params": [moved]}], lr=1.0).step()
    near(torch.stack([still, moved]), [1.0, -1.0])


def test_regularization_is_added_and_a_singular_metric_has_its_pseudo_inverse():
    singular = tensor([[1.0, 1.0], [1.0, 1.0]])  # eigenvalue 2 along (1, 1), 0 along (1, −1)
    left, right = given((2,), [3.0, 1.0]), given((2,), [3.0, 1.0])
    groups = [{"params": [left]}, {"params": [right], "regularization": 0.5}]
    qng(groups, lambda: singular, lr=1.0).step()
    near(left, [-1.0, -1.0])
    near(right, [-(2 / 2.5 + 1 / 0.5), -(2 / 2.5 - 1 / 0.5)])


def test_the_closure_s_metrics_take_the_place_of_functions_but_for_none():
    one, two = given((), 1.0), given((), 1.0)
    optimizer = qng([{"params": [one]}, {"params": [two]}], lambda: tensor(4.0), lr=1.0)
    assert optimizer.step(lambda: (7.0, [tensor(2.0), None])) == 7.0
    near(torch.stack([one, two]), [-0.5, -0.25])


def test_a_single_group_s_metric_needs_no_list():
    one = given((), 1.0)
    qng([one], lr=1.0).step(lambda: (0.0, tensor(2.0)))
    near(one, -0.5)


def test_momentum_adds_up_natural_gradients():
    weights = given((), 1.0)
    optimizer = qng([weights], lambda: tensor(2.0), lr=1.0, momentum=0.5)
    optimizer.step()
    near(weights, -0.5)
    optimizer.step()
    near(weights, -0.5 - (0.25 + 0.5))


def test_the_metric_of_a_batch_is_the_mean_and_inputs_stay_out_of_it():
    x, w = kg.parameters("x"), kg.parameters("w")
    f = kg.function(kg.Circuit(1).ry(x, 0).rz(w, 0), kg.expval(kg.X(0)))  # sin x cos w, with g = sin² x / 4
    data, weight = tensor([0.3, 1.2, 2.0]), parameter(0.5)
    optimizer = qng([weight], lambda: kg.metric_tensor(f, 1, average=True)(data, weight), lr=0.1)
    train(optimizer, lambda: f(data, weight).mean(), 1)
    sines = np.sin([0.3, 1.2, 2.0])
    near(weight, 0.5 + 0.1 * sines.mean() * math.sin(0.5) / (sines**2 / 4).mean())


# What torch asks of optimizers


def problem():
    weights, cost = parameter(*THREAD["p"]), thread()
    metric = kg.metric_tensor(cost)
    return weights, lambda: cost(weights), qng([weights], lambda: metric(weights), lr=0.05, momentum=0.7)


def test_training_that_is_resumed_gives_the_same_numbers():
    weights, loss, optimizer = problem()
    train(optimizer, loss, 3)
    file = io.BytesIO()
    torch.save({"weights": weights.detach().clone(), "optimizer": optimizer.state_dict()}, file)
    train(optimizer, loss, 3)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed, loss, other = problem()
    with torch.no_grad():
        resumed.copy_(saved["weights"])
    other.load_state_dict(saved["optimizer"])
    train(other, loss, 3)
    near(resumed, weights.detach().numpy(), 0.0)


def test_an_optimizer_can_be_copied_with_its_metrics():
    weights = given((), 1.0)
    optimizer = copy.deepcopy(qng([weights], lambda: tensor(2.0), lr=1.0))
    (copied,) = optimizer.param_groups[0]["params"]
    copied.grad = torch.ones_like(copied)
    optimizer.step()
    near(copied, -0.5)


def test_learning_rates_are_scheduled():
    weights = given((), 1.0)
    optimizer = qng([weights], lambda: tensor(2.0), lr=1.0)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.1)
    optimizer.step()
    scheduler.step()
    optimizer.step()
    near(weights, -0.5 - 0.05)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_parameters_keep_their_type(dtype):
    weights = given((2,), [1.0, 2.0], getattr(torch, dtype))
    qng([weights], lambda: torch.diag(tensor([2.0, 4.0])), lr=1.0, momentum=0.5).step()
    assert weights.dtype == getattr(torch, dtype)
    near(weights, [-0.5, -0.5], 1e-6)


def test_gradients_scaled_by_a_grad_scaler():
    weights = parameter(1.0, dtype=torch.float32)
    optimizer, scaler = qng([weights], lambda: tensor(2.0), lr=1.0), torch.amp.GradScaler("cpu")
    scaler.scale(3.0 * weights).backward()
    scaler.step(optimizer)
    scaler.update()
    near(weights, -0.5)
    optimizer.zero_grad()
    scaler.scale(weights * math.inf).backward()
    scaler.step(optimizer)
    near(weights, -0.5)


# Fisher information


def test_the_fisher_information_of_a_softmax():
    x = tensor([[1.0, 2.0], [0.5, -1.0]])
    model = torch.nn.Linear(2, 3, dtype=torch.float64)
    with torch.no_grad():
        p = model(x).softmax(1).numpy()
    ones = np.hstack([x.numpy(), np.ones((2, 1))])
    # ∂ log p(k) / ∂ (W, b)ⱼ = (δₖⱼ − pⱼ) (x, 1)
    expected = sum(
        np.kron(np.diag(row) - np.outer(row, row), np.outer(one, one)) for row, one in zip(p, ones, strict=True)
    )
    order = [0, 1, 3, 4, 6, 7, 2, 5, 8]  # the weights before the biases
    expected = expected[np.ix_(order, order)] / 2
    found = kg.optimize.torch.fisher_information(model, x, from_logits=True)
    near(found, expected)
    by_probabilities = torch.nn.Sequential(model, torch.nn.Softmax(1))
    near(kg.optimize.torch.fisher_information(by_probabilities, x), expected)
    chosen = kg.optimize.torch.fisher_information(model, x, [model.bias], from_logits=True)
    near(chosen, expected[6:, 6:])


class Rotation(torch.nn.Module):
    """A classical scale and a circuit: p(1) = sin²((s x + w) / 2), whose Fisher information by the angle is 1."""

    def __init__(self):
        super().__init__()
        self.scale, self.weight = parameter(0.7), parameter(0.4)
        angle = kg.parameters("angle")
        self.function = kg.function(kg.Circuit(1).ry(angle, 0), kg.probs())

    def forward(self, x):
        return self.function(self.scale * x + self.weight)


def test_the_hybrid_block_over_classical_and_quantum_parameters_is_a_group_s_metric():
    model, x = Rotation(), tensor([0.3, 1.0])
    expected = np.array([[np.mean([0.09, 1.0]), 0.65], [0.65, 1.0]])
    near(kg.optimize.torch.fisher_information(model, x), expected)
    optimizer = qng(
        model.parameters(), lambda: kg.optimize.torch.fisher_information(model, x), lr=1.0, regularization=0.1
    )
    loss = model(x)[:, 1].mean()
    loss.backward()
    gradient = [model.scale.grad.item(), model.weight.grad.item()]
    optimizer.step()
    moved = np.linalg.solve(expected + 0.1 * np.eye(2), gradient)
    near(torch.stack([model.scale, model.weight]), np.array([0.7, 0.4]) - moved)


def test_outcomes_that_never_come_have_no_share():
    model = Rotation()
    with torch.no_grad():
        model.scale.zero_()
        model.weight.zero_()
    near(kg.optimize.torch.fisher_information(model, tensor([0.3])), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda f: f(lambda x: x, tensor([1.0])), kg.InvalidTypeError, "takes an nn.Module, got a function"),
        (lambda f: f(torch.nn.Linear(1, 2), torch.ones(1, 1)), kg.InvalidValueError, "are no probabilities"),
        (
            lambda f: f(torch.nn.Linear(1, 2), torch.ones(1, 1), [parameter(1.0)]),
            kg.InvalidTypeError,
            "no parameter of",
        ),
        (lambda f: f(torch.nn.Linear(1, 2), [[1.0]]), kg.InvalidTypeError, "inputs hold a list; give a tensor of"),
        (lambda f: f(torch.nn.Linear(1, 2), torch.ones(0, 1)), kg.InvalidValueError, r"shapes \(0, 1\); give one"),
        (
            lambda f: f(torch.nn.Bilinear(1, 1, 2), (torch.ones(2, 1), torch.ones(3, 1))),
            kg.InvalidValueError,
            r"inputs have the shapes \(2, 1\), \(3, 1\); give one sample or more",
        ),
        (lambda f: f(torch.nn.Softmax(-1), torch.ones(1, 2)), kg.InvalidValueError, "there are no parameters to have"),
    ],
)
def test_what_has_no_fisher_information_is_refused(call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call(kg.optimize.torch.fisher_information)


# Misuse


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"lr": -0.1}, kg.InvalidValueError, r"lr is -0\.1; give a number of zero or more"),
        ({"lr": "fast"}, kg.InvalidValueError, "lr is 'fast'; give a number"),
        ({"momentum": 1.0}, kg.InvalidValueError, r"momentum is 1\.0; give a number from 0 up to, but not, 1"),
        ({"regularization": -1}, kg.InvalidValueError, "regularization is -1; give a number of zero or more"),
        ({"metric_fn": torch.eye(1)}, kg.InvalidTypeError, "metric_fn is a Tensor; give a function without arguments"),
    ],
)
def test_options_out_of_range(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        qng([parameter(1.0)], **options)
    with pytest.raises(kind, match=sentence):
        qng([{"params": [parameter(1.0)], **options}])


@pytest.mark.parametrize(
    ("metric", "kind", "sentence"),
    [
        (np.eye(2), kg.InvalidTypeError, "the metric of group 0 is a ndarray; give a real tensor"),
        (torch.eye(2) * 1j, kg.InvalidTypeError, "the metric of group 0 is a complex tensor; give a real tensor"),
        (torch.eye(3), kg.InvalidValueError, r"the shape \(3, 3\), and its parameters the shapes \(2,\); give one of"),
        ([torch.eye(3)], kg.InvalidValueError, r"the shape \(3, 3\), and the gradient \(2,\); give one of shape"),
        ([torch.eye(2)] * 2, kg.InvalidValueError, "has 1 parameters, and its metric is a list of 2; give one tensor"),
        (torch.eye(2) * math.nan, kg.InvalidValueError, "elements that are not finite, and no parameter was moved"),
        (tensor([[1.0, 1.0], [0.0, 1.0]]), kg.InvalidValueError, "the metric of group 0 is not symmetric"),
    ],
)
def test_metrics_that_do_not_fit(metric, kind, sentence):
    weights = given((2,), [1.0, 1.0])
    with pytest.raises(kind, match=sentence):
        qng([weights], lambda: metric).step()
    near(weights, [0.0, 0.0], 0.0)


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ((1.0, []), "returned 0 for the metrics of 2 groups; return a list of one for each group"),
        ((1.0, torch.eye(1)), "returned a Tensor for the metrics of 2 groups"),
        ((1.0, None, None), "returned 3 values; return the loss, or the loss and a list of metrics"),
    ],
)
def test_closures_that_return_something_else(returned, sentence):
    with pytest.raises(kg.InvalidValueError, match=sentence):
        qng([{"params": [given((), 1.0)]}, {"params": [given((), 1.0)]}]).step(lambda: returned)


def test_sparse_and_complex_gradients_are_refused():
    table = torch.nn.Embedding(3, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(kg.UnsupportedError, match="a gradient is sparse, which QNG does not take"):
        qng(table.parameters()).step()
    weights = torch.nn.Parameter(torch.ones(1, dtype=torch.complex128))
    weights.grad = torch.ones_like(weights)
    with pytest.raises(kg.InvalidTypeError, match="a parameter with a metric is complex"):
        qng([weights], lambda: torch.eye(1)).step()


# Models in which circuits are layers


def test_two_hundred_steps_of_a_layer():
    layer = kg.nn.TorchLayer(thread(), initial={"p": tensor(THREAD["p"])}, dtype=torch.float64)
    train(kg.optimize.torch.QNG.for_model(layer, approximation="block-diag"), lambda: layer().sum(), 200)
    near(layer.weights["p"], AFTER_200_STEPS["qng_block_diagonal"]["params"], 1e-9)


class Hybrid(torch.nn.Module):
    """A classical scale s before two circuits: s x = h goes to sin h cos w, and to cos h cos v − sin h cos u sin v."""

    START = (0.9, 0.5, 0.4, 0.8)

    def __init__(self):
        super().__init__()
        x, w, u, v = (kg.parameters(name) for name in "xwuv")
        first = kg.function(kg.Circuit(1).ry(x, 0).rz(w, 0), kg.expval(kg.X(0)))
        second = kg.function(kg.Circuit(1).ry(x, 0).rz(u, 0).ry(v, 0), kg.expval(kg.Z(0)))
        scale, w, u, v = self.START
        self.scale = parameter(scale)
        self.first = kg.nn.TorchLayer(first, "x", initial={"w": w}, dtype=torch.float64)
        self.second = kg.nn.TorchLayer(second, "x", initial={"u": u, "v": v}, dtype=torch.float64)

    def forward(self, x):
        return self.first(self.scale * x).squeeze(-1) + self.second(self.scale * x).squeeze(-1)

    def values(self):
        return torch.stack([self.scale, self.first.weights["w"], self.second.weights["u"], self.second.weights["v"]])


def expected_step(x, regularization=0.0):
    """Return the directions of Hybrid's parameters for the mean of its results over x, in closed form."""
    scale, w, u, v = Hybrid.START
    h, sin, cos = scale * x, math.sin, math.cos
    y, z = np.sin(h) * sin(u), np.cos(h)
    by_h = np.cos(h) * cos(w) - np.sin(h) * cos(v) - np.cos(h) * cos(u) * sin(v)
    by_u, by_v = np.sin(h) * sin(u) * sin(v), -np.cos(h) * sin(v) - np.sin(h) * cos(u) * cos(v)
    first = (np.sin(h) ** 2).mean() / 4
    second = np.array([[(np.sin(h) ** 2).mean(), -(z * y).mean()], [-(z * y).mean(), (1 - y**2).mean()]]) / 4
    shifted = second + regularization * np.eye(2)
    return np.array(
        [
            (x * by_h).mean(),
            -(np.sin(h) * sin(w)).mean() / (first + regularization),
            *np.linalg.solve(shifted, [by_u.mean(), by_v.mean()]),
        ]
    )


DATA = np.array([0.3, 1.2, 2.0])


@pytest.mark.parametrize("regularization", [0.0, 0.01])
def test_each_layer_has_the_joint_metric_of_its_samples_and_the_rest_the_ordinary_step(regularization):
    model = Hybrid()
    optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1, regularization=regularization)
    assert [group["name"] for group in optimizer.param_groups] == ["first", "second", "ordinary"]
    with kg.use_backend("numpy"):
        train(optimizer, lambda: model(tensor(DATA)).mean(), 1)
    near(model.values(), np.array(Hybrid.START) - 0.1 * expected_step(DATA, regularization))


def test_passes_that_no_gradient_came_back_from_do_not_count():
    model = Hybrid()
    optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1)
    model(tensor([2.9])).sum().backward()
    optimizer.zero_grad()  # and with its gradient this sample
    loss = model(tensor(DATA)).mean()
    model(tensor([0.1, 0.2]))
    with torch.no_grad():
        model(tensor([0.5]))
    kg.optimize.torch.fisher_information(torch.nn.Sequential(model, Pair()), tensor([0.5]))
    loss.backward()
    optimizer.step()
    near(model.values(), np.array(Hybrid.START) - 0.1 * expected_step(DATA))


class Pair(torch.nn.Module):
    """Turns numbers into probabilities."""

    def forward(self, x):
        return torch.stack([x.sigmoid(), 1 - x.sigmoid()], dim=-1)


def test_gradients_accumulated_over_batches_have_the_mean_over_all_samples():
    model = Hybrid()
    optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1)
    for part in (DATA[:1], DATA[1:]):
        (model(tensor(part)).sum() / len(DATA)).backward()
    optimizer.step()
    near(model.values(), np.array(Hybrid.START) - 0.1 * expected_step(DATA))


def test_a_model_in_single_precision():
    model = Hybrid().float()
    optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1)
    train(optimizer, lambda: model(tensor(DATA).float()).mean(), 1)
    assert model.values().dtype == torch.float32
    near(model.values(), np.array(Hybrid.START) - 0.1 * expected_step(DATA), 1e-5)


def test_a_resumed_hybrid_model_gives_the_same_numbers():
    first, second = Hybrid(), Hybrid()
    optimizers = [kg.optimize.torch.QNG.for_model(model, lr=0.1, momentum=0.5) for model in (first, second)]
    train(optimizers[0], lambda: first(tensor(DATA)).mean(), 2)
    second.load_state_dict(first.state_dict())
    optimizers[1].load_state_dict(optimizers[0].state_dict())
    for model, optimizer in zip((first, second), optimizers, strict=True):
        train(optimizer, lambda model=model: model(tensor(DATA)).mean(), 2)
    near(first.values(), second.values().detach().numpy(), 0.0)


def test_a_model_is_copied_and_saved_whole_and_an_optimizer_that_is_gone_keeps_nothing():
    model = Hybrid()
    optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    for other in (copy.deepcopy(model), torch.load(file, weights_only=False)):
        other(tensor([0.1])).sum().backward()
    train(optimizer, lambda: model(tensor(DATA)).mean(), 1)
    near(model.values(), np.array(Hybrid.START) - 0.1 * expected_step(DATA))
    metric = weakref.ref(optimizer.param_groups[0]["metric_fn"])
    del optimizer
    gc.collect()
    assert metric() is None
    model(tensor(DATA)).sum().backward()


def test_an_approximation_that_is_unknown():
    with pytest.raises(kg.InvalidValueError, match=r"approximation is 'half'; give None, .block-diag. or .diag."):
        kg.optimize.torch.QNG.for_model(Hybrid(), approximation="half")


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: 3, kg.InvalidTypeError, "for_model takes an nn.Module, got a int"),
        (lambda: torch.nn.Linear(1, 1), kg.InvalidValueError, "the model has no kg.nn.TorchLayer with weights; make"),
        (
            lambda: kg.nn.TorchLayer(lambda x, w: w * x, "x", weights={"w": ()}),
            kg.UnsupportedError,
            "the function of TorchLayer is not made by kg.function",
        ),
    ],
)
def test_models_without_circuits_that_have_metrics(make, kind, sentence):
    with pytest.raises(kind, match=sentence):
        kg.optimize.torch.QNG.for_model(make())


def test_two_layers_with_one_weight_have_no_metrics_of_their_own():
    model = Hybrid()
    copied = copy.deepcopy(model.first)
    copied.weights.update(model.first.weights.items())
    with pytest.raises(kg.UnsupportedError, match="the layers 0 and 1 share a weight, which is in the metrics of both"):
        kg.optimize.torch.QNG.for_model(torch.nn.Sequential(model.first, copied))
    kg.optimize.torch.QNG.for_model(torch.nn.Sequential(model.first, model.first))


def test_a_layer_that_no_gradient_came_back_to():
    model = Hybrid()
    model(tensor(DATA)).sum().backward()
    optimizer = kg.optimize.torch.QNG.for_model(model)
    with pytest.raises(kg.InvalidValueError, match="first has gradients, but none came back to it since the last step"):
        optimizer.step()
