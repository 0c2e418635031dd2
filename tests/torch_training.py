"""What tests of training in torch share: parameters with gradients, and a loop."""

import pytest

import ketgrad as kg
from ketgrad_conformance import expect

torch = pytest.importorskip("torch")


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
