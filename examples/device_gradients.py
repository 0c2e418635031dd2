"""Finite differences beside parameter shift, on noisy shots of Qiskit's simulator Aer.

Run it with `pip install 'ketgrad[qiskit]'`; it takes about half a minute. A gradient of four angles is estimated again
and again with other seeds, each from the same number of shots at every point. The exact gradient is that of the same
noise, which ketgrad simulates as channels. A small step divides the noise of the shots by little, a large one brings
the error of the difference itself; parameter shift has the largest step there is, and no such error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import ketgrad as kg

ANGLES = np.array([0.3, 0.8, -0.5, 1.2])
ONE_QUBIT_ERROR, TWO_QUBIT_ERROR, MISREAD = 0.01, 0.03, 0.02
STEPS = (0.001, 0.01, 0.1, 0.3, 1.0)
ENERGY = kg.Z(0) @ kg.Z(1) + 0.5 * kg.X(0)


def circuit(*, with_noise: bool) -> kg.Circuit:
    """Return the circuit, with the noise as channels where ketgrad simulates it."""
    theta = kg.parameters("theta", (4,))
    result = kg.Circuit(2)
    for layer in range(2):
        for qubit in range(2):
            result.ry(theta[2 * layer + qubit], qubit)
            if with_noise:
                # Qiskit's parameter p is that of (1 − p)ρ + p·1/2, which is an error with the probability 3p/4.
                result.depolarizing(0.75 * ONE_QUBIT_ERROR, qubit)
        result.cx(0, 1)
        if with_noise:
            result.depolarizing(15 / 16 * TWO_QUBIT_ERROR, 0, 1)
    if with_noise:
        result.readout_error(MISREAD, MISREAD, 0).readout_error(MISREAD, MISREAD, 1)
    return result


def noisy_device() -> kg.Device:
    """Return Aer with the same noise."""
    from qiskit_aer import noise

    model = noise.NoiseModel(basis_gates=["ry", "h", "cx"])
    model.add_all_qubit_quantum_error(noise.depolarizing_error(ONE_QUBIT_ERROR, 1), ["ry"])
    model.add_all_qubit_quantum_error(noise.depolarizing_error(TWO_QUBIT_ERROR, 2), ["cx"])
    misread = [[1 - MISREAD, MISREAD], [MISREAD, 1 - MISREAD]]
    model.add_all_qubit_readout_error(noise.ReadoutError(misread))
    return kg.devices.AerDevice(model)


def estimates(device: kg.Device, method: Any, shots: int, repeats: int) -> Any:
    """Return gradients with seeds of their own, of shape (repeats, 4)."""
    function = kg.function(
        circuit(with_noise=False), kg.expval(ENERGY), device=device, shots=shots, seed=0, gradient=method
    )
    gradient = kg.grad(function, fallback="error")
    return np.stack([gradient(ANGLES, seed=seed) for seed in range(repeats)])


def rows(shots: int, repeats: int) -> list[tuple[str, float, float, float]]:
    """Return for each method its own error without shots, its standard error, and the error found, root mean square."""
    device = noisy_device()
    exact = kg.function(circuit(with_noise=True), kg.expval(ENERGY), gradient="backprop")
    truth = kg.grad(exact)(ANGLES)
    methods = [("parameter-shift", kg.gradients.ParameterShift())]
    methods += [(f"finite-diff, step {step:g}", kg.gradients.FiniteDifference(step)) for step in STEPS]
    result = []
    for name, method in methods:
        found = estimates(device, method, shots, repeats)
        without_shots = kg.grad(kg.gradients.with_method(exact, method))(ANGLES)
        result.append((name, rms(without_shots - truth), rms(found.std(axis=0, ddof=1)), rms(found - truth)))
    return result


def rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def main(shots: int = 1000, repeats: int = 20) -> None:
    print(f"{repeats} gradients of 4 angles, each from 8 points and {shots} shots at each point for each of 2 settings")
    print(f"{'method':<24}{'own error':>12}{'standard error':>16}{'error found':>14}")
    for name, own, standard, found in rows(shots, repeats):
        print(f"{name:<24}{own:>12.4f}{standard:>16.4f}{found:>14.4f}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is not installed; run: pip install 'ketgrad[qiskit]'") from None
