"""Natural gradient beside gradient descent, on a circuit whose results are known; on any backend.

    python examples/natural_gradient.py --backend tensorflow --pictures .

Gradient descent moves by angles, natural gradient by how far the state moves: x ← x − η g⁺ ∇f, with the Fubini–Study
metric g of the circuit: whole, its blocks of gates side by side, or its diagonal. J. Stokes, J. Izaac, N. Killoran and
G. Carleo, Quantum 4, 269 (2020). Circuit, start and rate are those of PennyLane's tutorial on natural gradient, and the
energies expected after 200 steps were computed with PennyLane 0.45.1.
"""

from __future__ import annotations

import math
from pathlib import Path

import ketgrad as kg
from common import figure, pictures_folder, save

START, RATE = (0.432, -0.123, 0.543, 0.233), 0.01
OPTIMIZERS = {
    "gradient descent": kg.optimize.GradientDescent(RATE),
    "natural gradient, diagonal": kg.optimize.NaturalGradient(RATE, approximation="diag"),
    "natural gradient, block-diagonal": kg.optimize.NaturalGradient(RATE, approximation="block-diag"),
    "natural gradient, full": kg.optimize.NaturalGradient(RATE),
}
EXPECTED = {
    "gradient descent": -0.37371896600164023,
    "natural gradient, diagonal": -0.6115164288615731,
    "natural gradient, block-diagonal": -0.612203992074191,
    "natural gradient, full": -0.6123712272416497,
}
SMALLEST = -math.sqrt(3 / 8)
"""What the circuit can reach: |⟨Y₀⟩| is at most sin(π/4) sin(π/3)."""


def energy_function() -> kg.CircuitFunction:
    """Return ⟨Y₀⟩ as a function of the four angles."""
    theta = kg.parameters("theta", (4,))
    circuit = kg.Circuit(3).ry(math.pi / 4, 0).ry(math.pi / 3, 1).ry(math.pi / 7, 2)
    circuit.rz(theta[0], 0).rz(theta[1], 1).cx(0, 1).cx(1, 2)
    circuit.ry(theta[2], 1).rx(theta[3], 2).cx(0, 1).cx(1, 2)
    return kg.function(circuit, kg.expval(kg.Y(0)))


def main(steps: int = 200, pictures: Path = Path()) -> dict[str, tuple[float, ...]]:
    """Train by each optimizer, print the last energies and save the picture; return the energies at each step."""
    energy, curves = energy_function(), {}
    print(f"{f'after {steps} steps':<34}{'ketgrad':>13}{'after 200, expected':>22}")
    for name, optimizer in OPTIMIZERS.items():
        curves[name] = optimizer.minimize(energy, START, steps=steps).history
        print(f"{name:<34}{curves[name][-1]:>13.9f}{EXPECTED[name]:>22.9f}")
    save(picture(curves), pictures, "natural_gradient")
    return curves


def picture(curves):
    """Draw the four curves, and the smallest value there is."""
    drawn, (axes,) = figure()
    for (name, history), style in zip(curves.items(), ("-", "-", "--", ":"), strict=True):
        axes.plot(history, style, linewidth=2, label=name)
    axes.axhline(SMALLEST, color="black", linewidth=1, label="smallest value")
    axes.set(xlabel="step", ylabel="expectation value of Y on qubit 0", title=f"rate {RATE}")
    axes.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
