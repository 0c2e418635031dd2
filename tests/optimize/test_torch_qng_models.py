"""Natural gradient of torch models in which circuits are layers."""

import copy
import gc
import io
import math
import weakref

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends
from reference_circuits import AFTER_200_STEPS, THREAD, thread

if "pytorch" not in installed_backends():
    pytest.skip("torch is not under test", allow_module_level=True)
torch = pytest.importorskip("torch")
from torch_training import near, parameter, tensor, train  # noqa: E402  (where torch is)

pytestmark = pytest.mark.usefixtures("in_torch")


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
        return self.first(self.scale * x).squeeze(-1) + self.second(x=self.scale * x).squeeze(-1)

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
