"""A hybrid classifier in Flax, trained by Optax: handwritten threes and fives of scikit-learn.

    python examples/flax_classifier.py --pictures .

An image of 8 by 8 pixels becomes four angles by a linear layer, the circuit makes four means of Z of them, and a linear
layer two scores. `kg.nn.FlaxLayer` is a module of `flax.nnx`: a training step is compiled as a whole by `nnx.jit`.
"""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import optax
from flax import nnx
from sklearn.datasets import load_digits

import ketgrad as kg
from common import figure, pictures_folder, save

QUBITS, CLASSES, TRAINED = 4, (3, 5), 200


def circuit_function() -> kg.CircuitFunction:
    """Return means of Z as a function of inputs x and weights theta."""
    x, theta = kg.parameters("x", (QUBITS,)), kg.parameters("theta", (2, QUBITS, 3))
    circuit = kg.templates.angle_encoding(x).compose(kg.templates.strongly_entangling(theta))
    return kg.function(circuit, *(kg.expval(kg.Z(qubit)) for qubit in range(QUBITS)))


def hybrid_model(seed: int) -> nnx.Module:
    rngs = nnx.Rngs(seed)
    return nnx.Sequential(
        nnx.Linear(64, QUBITS, rngs=rngs),
        kg.nn.FlaxLayer(circuit_function(), inputs="x", rngs=rngs),
        nnx.Linear(QUBITS, len(CLASSES), rngs=rngs),
    )


def digits(seed: int):
    """Return images of 64 numbers from 0 to 1, and 0 or 1 for threes and fives: some to train on, the rest to test."""
    images, names = load_digits(return_X_y=True)
    wanted = np.random.default_rng(seed).permutation(np.flatnonzero(np.isin(names, CLASSES)))
    x, y = (images[wanted] / 16).astype("float32"), (names[wanted] == CLASSES[1]).astype("int32")
    return (x[:TRAINED], y[:TRAINED]), (x[TRAINED:], y[TRAINED:])


def loss(model, x, y):
    return optax.softmax_cross_entropy_with_integer_labels(model(x), y).mean()


@nnx.jit
def take_step(model, optimizer, x, y):
    value, gradient = nnx.value_and_grad(loss)(model, x, y)
    optimizer.update(model, gradient)
    return value


def train(model, data, epochs: int, seed: int, batch: int = 20) -> list[float]:
    """Train in batches, and return the mean loss of each epoch."""
    optimizer = nnx.Optimizer(model, optax.adam(0.02), wrt=nnx.Param)
    (x, y), rng, history = data, np.random.default_rng(seed), []
    for _ in range(epochs):
        batches = rng.permutation(len(x)).reshape(-1, batch)
        history.append(float(np.mean([take_step(model, optimizer, x[rows], y[rows]) for rows in batches])))
    return history


def accuracy(model, data) -> float:
    x, y = data
    return float(np.mean(np.asarray(model(x).argmax(axis=-1)) == y))


def main(epochs: int = 15, seed: int = 1, pictures: Path = Path()) -> float:
    """Train, print the accuracy and save the picture; return the accuracy."""
    training, testing = digits(seed)
    model = hybrid_model(seed)
    before = accuracy(model, testing)
    history = train(model, training, epochs, seed)
    after = accuracy(model, testing)
    print(f"test accuracy on {len(testing[0])} images: {before:.3f} before training, {after:.3f} after {epochs} epochs")
    save(picture(model, testing, history), pictures, "flax_classifier")
    return after


def picture(model, data, history):
    """Draw the losses, and the scores of the images of the test."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    left.plot(range(1, len(history) + 1), history, marker=".")
    left.set(xlabel="epoch", ylabel="mean loss", title="training")
    share = np.asarray(jax.nn.softmax(model(data[0]))[:, 1])
    for label, name in enumerate(CLASSES):
        right.hist(share[data[1] == label], bins=np.linspace(0, 1, 21), alpha=0.6, label=f"images of {name}")
    right.set(xlabel=f"probability of {CLASSES[1]}", ylabel="images", title="test")
    right.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__, any_backend=False))
