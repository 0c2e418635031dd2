"""A quantum recurrent network that predicts a damped wave, on any backend.

    python examples/recurrent_network.py --backend torch --pictures .

At each step one value of the wave is put on the input qubit, the same gates with the same weights couple it to two
memory qubits, and the input qubit is measured: the mean of Z, scaled, predicts the next value. The memory goes on to
the next step. As in Y. Takaki et al., Phys. Rev. A 103, 052414 (2021).

On hardware the input qubit is measured and reset, `circuit.measure(0, t).reset(0)`. The same means come, exactly, from
a fresh input qubit for each step, which nothing touches after its reading. That circuit is unitary until its end, so
the adjoint method, the fastest, differentiates it; recurrent_gradients.py compares all methods on both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

WINDOW, MEMORY, LAYERS = 6, 2, 2
WAVE = 0.9 * np.exp(-0.01 * np.arange(60)) * np.cos(0.6 * np.arange(60))
SCORED = 2
"""From this step on predictions count: before, the network has not seen enough to tell up from down."""
TRAINED = 30
"""Windows that the network is trained on, of 54."""


def network(method: str = "best", *, fresh_qubits: bool = True, **options) -> kg.CircuitFunction:
    """Return the mean of Z, or with measurement in mid-circuit the probabilities of each bit, after each step."""
    x, weights = kg.parameters("x", (WINDOW,)), kg.parameters("weights", (LAYERS, 1 + MEMORY, 3))
    circuit = kg.Circuit(MEMORY + (WINDOW if fresh_qubits else 1))
    for t in range(WINDOW):
        read = MEMORY + t if fresh_qubits else MEMORY
        circuit.ry(x[t], read)
        couple(circuit, weights, [read, *range(MEMORY)])
        if not fresh_qubits:
            circuit.measure(read, t).reset(read)
    steps = range(SCORED, WINDOW)
    results = [kg.expval(kg.Z(MEMORY + t)) if fresh_qubits else kg.probs(bits=[t]) for t in steps]
    return kg.function(circuit, *results, gradient=method, **options)


def couple(circuit, weights, qubits) -> None:
    """Append the gates of one step; each weight comes back at every step."""
    for layer in range(LAYERS):
        for place, qubit in enumerate(qubits):
            circuit.rx(weights[layer, place, 0], qubit).rz(weights[layer, place, 1], qubit)
        for place, qubit in enumerate(qubits):
            circuit.rzz(weights[layer, place, 2], qubit, qubits[(place + 1) % len(qubits)])
    circuit.rx(weights[0, 0, 2], qubits[0])


def predictions(f, params, angles):
    """Return the next value after each step that counts, of shape (windows, steps)."""
    found = kg.backend.stack(f(x=angles, weights=params["weights"]), axis=1)
    # The mean of Z is p(0) − p(1).
    return params["scale"] * (found[..., 0] - found[..., 1] if found.ndim == 3 else found)


def loss(params, f, angles, targets):
    difference = predictions(f, params, angles) - targets
    return kg.backend.sum(difference * difference) / (targets.shape[0] * targets.shape[1])


def windows():
    """Return angles, whose cosines are the values, and the next values, of shape (windows, steps) each."""
    cut = np.stack([WAVE[start : start + WINDOW + 1] for start in range(len(WAVE) - WINDOW)])
    return kg.backend.asarray(np.arccos(cut[:, :-1])), kg.backend.asarray(cut[:, SCORED + 1 :])


def best_line(angles, targets) -> float:
    """Return the error that the best line through the last value alone leaves in the windows not trained on."""
    last, following = np.cos(kg.backend.to_numpy(angles[:, SCORED:])), kg.backend.to_numpy(targets)
    line = np.polynomial.Polynomial.fit(last[:TRAINED].ravel(), following[:TRAINED].ravel(), 1)
    return rms(line(last[TRAINED:]) - following[TRAINED:])


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def forecast(f, params, angles, count: int):
    """Return as many values after a window, each predicted from the predictions before it."""
    known = list(np.cos(kg.backend.to_numpy(angles)))
    for _ in range(count):
        window = np.arccos(np.clip(known[-WINDOW:], -1, 1))[None]
        known.append(float(predictions(f, params, kg.backend.asarray(window))[0, -1]))
    return known[WINDOW:]


def main(steps: int = 200, pictures: Path = Path()) -> dict[str, float]:
    """Train, print the errors and save the picture; return the errors."""
    f, (angles, targets) = network(), windows()
    start = {"weights": np.random.default_rng(1).normal(size=(LAYERS, 1 + MEMORY, 3)), "scale": 1.0}
    training = angles[:TRAINED], targets[:TRAINED]
    result = kg.optimize.Adam(0.1).minimize(loss, start, args=(f, *training), steps=steps)
    predicted = predictions(f, result.x, angles)
    measured = predictions(network(fresh_qubits=False), result.x, angles)
    tested, line = rms(kg.backend.to_numpy(predicted - targets)[TRAINED:]), best_line(angles, targets)
    apart = float(np.abs(kg.backend.to_numpy(predicted - measured)).max())
    print(f"error of the next value, root mean square: {tested:.4f}")
    print(f"error of the best line through the last value: {line:.4f}")
    print(f"the same with the input qubit measured and reset at each step: differs by {apart:.1e} at most")
    save(picture(f, result.x, angles, predicted), pictures, "recurrent_network")
    return {"error": tested, "line": line, "apart": apart}


def picture(f, params, angles, predicted):
    """Draw the wave, its values predicted one by one, and a forecast from its own values."""
    drawn, (axes,) = figure(8, 3.8)
    axes.plot(WAVE, color="lightgray", linewidth=5, label="wave")
    following = np.arange(WINDOW, len(WAVE))
    axes.plot(following, kg.backend.to_numpy(predicted)[:, -1], ".", label="next value")
    count = len(WAVE) - TRAINED - WINDOW
    axes.plot(following[-count:], forecast(f, params, angles[TRAINED], count), label="forecast from its own values")
    axes.axvline(TRAINED + WINDOW - 0.5, color="black", linewidth=1, linestyle=":", label="end of training")
    axes.set(xlabel="step", ylabel="value", title="a damped wave, learned by two memory qubits", ylim=(-1.0, 1.6))
    axes.legend(ncols=2, loc="upper center")
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
