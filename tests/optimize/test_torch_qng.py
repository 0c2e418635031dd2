"""Natural gradient in torch: published results, groups and metrics, what torch asks of optimizers, and misuse."""

import copy
import doctest
import importlib
import io
import math

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from reference_circuits import AFTER_200_STEPS, THREAD, thread

if "pytorch" not in installed_backends():
    pytest.skip("torch is not under test", allow_module_level=True)
torch = pytest.importorskip("torch")
from torch_training import given, near, parameter, qng, tensor, train  # noqa: E402  (where torch is)

pytestmark = pytest.mark.usefixtures("in_torch")
NAMES = {None: "qng_full", "block-diag": "qng_block_diagonal", "diag": "qng_diagonal"}


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
