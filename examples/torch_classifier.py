"""A hybrid classifier in PyTorch: linear layers around a circuit, trained by Adam, or by natural gradient.

    python examples/torch_classifier.py --pictures .

The two half moons of scikit-learn are not separable by a line. A linear layer makes four angles of a point, the circuit
encodes them, entangles, rotates by its own weights and returns four means of Z, and a linear layer makes one number of
them, whose sign is the class. `kg.nn.TorchLayer` is an `nn.Module` like any other.

Natural gradient divides the gradient by the metric of the circuit's states, averaged over the batch: see
`kg.optimize.torch.QNG`. The linear layers take ordinary steps.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import make_moons

import ketgrad as kg
from common import figure, pictures_folder, save

QUBITS = 4


def circuit_function() -> kg.CircuitFunction:
    """Return means of Z as a function of inputs x and weights theta."""
    x, theta = kg.parameters("x", (QUBITS,)), kg.parameters("theta", (2, QUBITS, 2))
    circuit = kg.Circuit(QUBITS)
    for layer in range(2):
        for qubit in range(QUBITS):
            circuit.ry(x[qubit], qubit)
        for qubit in range(QUBITS):
            circuit.cx(qubit, (qubit + 1) % QUBITS)
        for qubit in range(QUBITS):
            circuit.ry(theta[layer, qubit, 0], qubit).rz(theta[layer, qubit, 1], qubit)
    return kg.function(circuit, *(kg.expval(kg.Z(qubit)) for qubit in range(QUBITS)))


def hybrid_model(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    layer = kg.nn.TorchLayer(circuit_function(), inputs="x")
    return torch.nn.Sequential(torch.nn.Linear(2, QUBITS), layer, torch.nn.Linear(QUBITS, 1))


def moons(seed: int):
    """Return points and classes, 0 or 1, of 300 points to train on and 300 to test."""
    points, classes = make_moons(600, noise=0.15, random_state=seed)
    x, y = torch.tensor(points, dtype=torch.float32), torch.tensor(classes, dtype=torch.float32)
    return (x[:300], y[:300]), (x[300:], y[300:])


def train(model, optimizer, data, epochs: int, seed: int) -> list[float]:
    """Train in batches of 30, and return the mean loss of each epoch."""
    shuffled = torch.Generator().manual_seed(seed)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(*data), batch_size=30, shuffle=True, generator=shuffled
    )
    history = []
    for _ in range(epochs):
        losses = [take_step(model, optimizer, x, y) for x, y in loader]
        history.append(float(np.mean(losses)))
    return history


def take_step(model, optimizer, x, y) -> float:
    optimizer.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y)
    loss.backward()
    optimizer.step()
    return loss.item()


def accuracy(model, data) -> float:
    """Return the share of points whose class is the sign of the model's number."""
    x, y = data
    with torch.no_grad():
        return ((model(x)[:, 0] > 0) == (y > 0.5)).double().mean().item()


def main(epochs: int = 12, seed: int = 1, pictures: Path = Path()) -> dict[str, float]:
    """Train one model by Adam and one by natural gradient, and save the picture; return their accuracies."""
    training, testing = moons(seed)
    makers = {
        "Adam": lambda model: torch.optim.Adam(model.parameters(), lr=0.05),
        "natural gradient": lambda model: kg.optimize.torch.QNG.for_model(model, lr=0.3, regularization=0.03),
    }
    models, histories = {}, {}
    for name, optimizer_of in makers.items():
        model = models[name] = hybrid_model(seed)
        histories[name] = train(model, optimizer_of(model), training, epochs, seed)
        print(f"{name:<18}loss {histories[name][-1]:.3f}, test accuracy {accuracy(model, testing):.3f}")
    save(picture(models["Adam"], testing, histories), pictures, "torch_classifier")
    return {name: accuracy(model, testing) for name, model in models.items()}


def picture(model, data, histories):
    """Draw where the model decides, with the points of the test, and the losses."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    (x, y), grid = data, np.meshgrid(np.linspace(-1.8, 2.8, 80), np.linspace(-1.3, 1.8, 60))
    with torch.no_grad():
        share = torch.sigmoid(model(torch.tensor(np.stack(grid, axis=-1), dtype=torch.float32))[..., 0])
    left.contourf(*grid, share.numpy(), levels=6, cmap="coolwarm", alpha=0.5, vmin=0, vmax=1)
    left.contour(*grid, share.numpy(), levels=[0.5], colors="black")
    left.scatter(*x[:150].T, c=y[:150], cmap="coolwarm", edgecolors="black", linewidths=0.4, s=10)
    left.set(xlabel="$x_0$", ylabel="$x_1$", title="half of the test, and the model trained by Adam")
    for name, losses in histories.items():
        right.plot(range(1, len(losses) + 1), losses, label=name)
    right.set(xlabel="epoch", ylabel="mean loss", title="training")
    right.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__, any_backend=False))
