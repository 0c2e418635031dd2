"""A gradient for each sample, and the Hessian of a loss, in one call each, on any backend.

    python examples/per_sample_gradients.py --backend jax --pictures .

A circuit learns the sign of x₀x₁ from 40 points, of which three have the wrong sign. `kg.vmap` of `kg.grad` gives the
gradient of each sample's loss. After training their mean nearly vanishes, but those of the wrong samples stand out: in
four of six seeds tried the three longest are exactly theirs, in the others two of them. The eigenvalues of the Hessian,
by `kg.hessian`, tell how sharp the minimum is. Two are zero: the last two rz turn about the axis that is measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

LAYERS, SAMPLES, WRONG = 3, 40, (3, 17, 29)


def circuit_function() -> kg.CircuitFunction:
    """Return the mean of Z of qubit 1 as a function of a point x and weights theta."""
    x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (LAYERS, 2, 2))
    circuit = kg.Circuit(2)
    for layer in range(LAYERS):
        for qubit in range(2):
            if layer < LAYERS - 1:
                circuit.ry(x[qubit], qubit)
            circuit.ry(theta[layer, qubit, 0], qubit).rz(theta[layer, qubit, 1], qubit)
        circuit.cx(0, 1)
    return kg.function(circuit, kg.expval(kg.Z(1)))


FUNCTION = circuit_function()


def sample_loss(weights, point, sign):
    """Return the loss of one sample."""
    return (FUNCTION(point, weights) - sign) ** 2


def mean_loss(weights, points, signs):
    """Return the mean loss of a batch, which is one run of the circuit."""
    return kg.backend.sum(sample_loss(weights, points, signs)) / len(points)


def samples(seed: int):
    """Return points and signs, three of them turned round."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.3, 1.4, (SAMPLES, 2)) * rng.choice([-1, 1], (SAMPLES, 2))
    signs = np.sign(points[:, 0] * points[:, 1])
    signs[list(WRONG)] *= -1
    return kg.backend.asarray(points), kg.backend.asarray(signs)


def per_sample_gradients(weights, points, signs):
    """Return the gradients of all samples at once, of shape (samples, layers, 2, 2)."""
    return kg.vmap(kg.grad(sample_loss), in_axes=(None, 0, 0))(weights, points, signs)


def gradients_in_a_loop(weights, points, signs):
    gradient = kg.grad(sample_loss)
    return kg.backend.stack([gradient(weights, points[k], signs[k]) for k in range(SAMPLES)])


def hessian_matrix(weights, points, signs):
    """Return the Hessian of the mean loss by all weights in a row, as a NumPy array."""
    found = kg.backend.to_numpy(kg.hessian(mean_loss)(weights, points, signs))
    return found.reshape(4 * LAYERS, 4 * LAYERS)


def hessian_by_differences(weights, points, signs, step: float = 1e-4):
    """Return the Hessian by central differences of the gradient."""
    gradient, rows = kg.grad(mean_loss), []
    for direction in np.eye(weights.size).reshape(-1, *weights.shape):
        ahead, behind = (gradient(weights + way * step * direction, points, signs) for way in (1, -1))
        rows.append(kg.backend.to_numpy(ahead - behind).ravel() / (2 * step))
    return np.stack(rows)


def main(steps: int = 100, seed: int = 1, pictures: Path = Path()) -> dict:
    """Train, compute gradients and Hessian, and save the picture; return what is printed."""
    data = samples(seed)
    start = np.random.default_rng(seed).uniform(0, 2 * np.pi, (LAYERS, 2, 2))
    trained = kg.optimize.Adam(0.1).minimize(mean_loss, start, args=data, steps=steps)
    weights = kg.backend.to_numpy(trained.x)
    found = kg.backend.to_numpy(per_sample_gradients(trained.x, *data))
    loop = kg.backend.to_numpy(gradients_in_a_loop(trained.x, *data))
    norms = np.linalg.norm(found.reshape(SAMPLES, -1), axis=1)
    hessian = hessian_matrix(weights, *data)
    eigenvalues = np.linalg.eigvalsh(hessian)
    apart = float(np.abs(hessian - hessian_by_differences(weights, *data)).max())
    longest = sorted(int(k) for k in np.argsort(norms)[-len(WRONG) :])
    print(f"loss {trained.history[0]:.4f} before training, {trained.value:.4f} after {steps} steps")
    print(f"gradients of {SAMPLES} samples: differ from a loop by {np.abs(found - loop).max():.1e} at most")
    of_mean = kg.backend.to_numpy(kg.grad(mean_loss)(trained.x, *data))
    print(
        f"their mean differs from the gradient of the mean by {np.abs(found.mean(axis=0) - of_mean).max():.1e} at most"
    )
    print(f"the longest are those of the samples {longest}; wrong are {list(WRONG)}")
    print(f"norms: {norms.max():.3f} at most, that of the mean {np.linalg.norm(of_mean):.3f}")
    print(f"eigenvalues of the Hessian: {', '.join(f'{value:.4f}' for value in eigenvalues.round(4) + 0.0)}")
    print(f"the Hessian differs from differences of gradients by {apart:.1e} at most")
    save(picture(norms, eigenvalues), pictures, "per_sample_gradients")
    return {"found": found, "loop": loop, "of_mean": of_mean, "longest": longest, "hessian": hessian, "apart": apart}


def picture(norms, eigenvalues):
    """Draw the length of each sample's gradient, and the eigenvalues of the Hessian."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    colors = ["tab:red" if k in WRONG else "tab:blue" for k in range(SAMPLES)]
    left.bar(range(SAMPLES), norms, color=colors)
    left.set(xlabel="sample (red: its sign is wrong)", ylabel="norm of its gradient", title="gradient of each sample")
    right.bar(range(1, len(eigenvalues) + 1), eigenvalues)
    right.axhline(0, color="black", linewidth=1)
    right.set(xlabel="direction", ylabel="eigenvalue", title="Hessian of the mean loss")
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
