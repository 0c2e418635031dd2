"""The Fisher information of torch models that return probabilities, against closed forms."""

import numpy as np
import pytest

import ketgrad as kg
from installed import installed_backends

if "pytorch" not in installed_backends():
    pytest.skip("torch is not under test", allow_module_level=True)
torch = pytest.importorskip("torch")
from torch_training import near, parameter, qng, tensor  # noqa: E402  (where torch is)

pytestmark = pytest.mark.usefixtures("in_torch")


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
