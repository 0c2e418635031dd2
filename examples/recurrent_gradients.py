"""Gradients of a quantum recurrent network by every method, exact and from shots, on any backend.

    python examples/recurrent_gradients.py --backend torch --pictures .

The weights of recurrent_network.py come back at each step. By the product rule the derivative by a weight is the sum
over all gates that it is in, each shifted alone; shifting all of them at once is wrong. From shots finite differences
divide the noise by their step, and parameter-shift has the largest step there is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save
from recurrent_network import LAYERS, MEMORY, loss, network, rms, windows

STEPS = (0.03, 0.1, 0.3, 1.0)
VALUES = (0.1, 0.2, 0.3, 0.4, 0.5)


def gradients(params, angles, targets):
    """Return the gradient of the loss by the weights, by each exact method, as NumPy arrays."""
    functions = {f"{name}, fresh qubits": network(name) for name in ("backprop", "adjoint", "parameter-shift")}
    for name in ("backprop", "parameter-shift"):
        functions[f"{name}, measured and reset"] = network(name, fresh_qubits=False)
    gradient = kg.grad(loss, fallback="error")
    return {name: kg.backend.to_numpy(gradient(params, f, angles, targets)["weights"]) for name, f in functions.items()}


def errors_from_shots(weights, angles, shots: int, repeats: int) -> dict[str, float]:
    """Return how far gradients of the last mean of Z are from the exact one, in one window, for each method."""
    exact = kg.backend.to_numpy(kg.grad(lambda w: network()(angles, w)[-1])(weights))
    methods = {"parameter-shift": kg.gradients.ParameterShift()}
    methods |= {f"finite-diff, step {step:g}": kg.gradients.FiniteDifference(step) for step in STEPS}
    result = {}
    for name, method in methods.items():
        f = network(method, shots=shots, seed=0)
        gradient = kg.grad(lambda w, seed, f=f: f(angles, w, seed=seed)[-1], fallback="error")
        found = [kg.backend.to_numpy(gradient(weights, seed)) for seed in range(repeats)]
        result[name] = rms(np.stack(found) - exact)
    return result


def one_angle_five_times(theta: float = 0.7):
    """Return the derivatives by the angle of each of five gates, by one angle in all, and by shifting all at once."""
    angles = kg.parameters("angles", (5,))
    circuit = kg.Circuit(2)
    for step, x in enumerate(VALUES):
        circuit.rx(x, 1).ry(angles[step], 0).cx(0, 1)
    f = kg.function(circuit, kg.expval(kg.Z(1)), gradient="parameter-shift")
    every = kg.backend.asarray(np.ones(5))
    single = kg.backend.to_numpy(kg.grad(f, fallback="error")(theta * every))
    shared = float(kg.grad(lambda angle: f(angle * every), fallback="error")(theta))
    at_once = (float(f((theta + np.pi / 2) * every)) - float(f((theta - np.pi / 2) * every))) / 2
    return single, shared, at_once


def main(shots: int = 1000, repeats: int = 10, pictures: Path = Path()) -> dict:
    """Compare the gradients and save the picture; return what is printed."""
    weights = kg.backend.asarray(np.random.default_rng(1).normal(size=(LAYERS, 1 + MEMORY, 3)))
    angles, targets = (array[:3] for array in windows())
    found = gradients({"weights": weights, "scale": 1.0}, angles, targets)
    differences = {name: float(np.abs(g - found["adjoint, fresh qubits"]).max()) for name, g in found.items()}
    print("gradient of the loss, largest difference from the adjoint method:")
    for name, difference in differences.items():
        print(f"  {name:<38}{difference:.1e}")
    noisy = errors_from_shots(weights, angles[0], shots, repeats)
    print(f"gradient of one prediction from {shots} shots at each point, root mean square error:")
    for name, error in noisy.items():
        print(f"  {name:<38}{error:.4f}")
    single, shared, at_once = one_angle_five_times()
    print(f"one angle in five gates: {shared:.12f}, the sum of {', '.join(f'{g:.6f}' for g in single)}")
    print(f"all five gates shifted at once: {at_once:.12f}, which is wrong")
    save(picture(noisy, single, shared, at_once), pictures, "recurrent_gradients")
    return {"differences": differences, "noisy": noisy, "single": single, "shared": shared}


def picture(noisy, single, shared, at_once):
    """Draw the errors of gradients from shots, and the derivatives by one angle in five gates."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    errors = list(noisy.values())
    left.loglog(STEPS, errors[1:], "o-", label="finite differences")
    left.axhline(errors[0], color="tab:orange", label="parameter-shift")
    left.set(xlabel="step of the difference", ylabel="error of the gradient", title="gradients from shots")
    left.legend()
    names = [*(f"gate {number + 1}" for number in range(5)), "sum", "all at\nonce"]
    right.bar(names, [*single, shared, at_once], color=["tab:blue"] * 5 + ["tab:green", "tab:red"])
    right.axhline(0, color="black", linewidth=1)
    right.set(ylabel="derivative", title="one angle in five gates")
    right.tick_params(axis="x", labelsize="small")
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
