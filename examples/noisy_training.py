"""Training a circuit under depolarizing noise, simulated exactly with density matrices; on any backend.

    python examples/noisy_training.py --backend jax --pictures .

An error follows each CX with the probability p, and each rotation with p/10. Angles trained without noise are not the
best ones on a noisy device: trained with the noise, the same circuit has a lower energy under it, though its state
without noise would be a worse one. One batch trains for all probabilities at once, each with angles of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

SITES, LAYERS = 4, 2
HAMILTONIAN = kg.hamiltonians.transverse_field_ising(SITES)
PROBABILITIES = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.15])
SEED = 6


def circuit() -> kg.Circuit:
    """Return layers of RY on every spin with a row of CX after each but the last."""
    angles = kg.parameters("angles", (LAYERS + 1, SITES))
    result = kg.Circuit(SITES)
    for layer in range(LAYERS + 1):
        for site in range(SITES):
            result.ry(angles[layer, site], site)
        for site in range(SITES - 1 if layer < LAYERS else 0):
            result.cx(site, site + 1)
    return result


def energy_function() -> kg.CircuitFunction:
    """Return the energy as a function of the angles and of the probability of an error, "angles" and "p"."""
    p = kg.parameters("p", ())
    noise = kg.NoiseModel().after("cx", "depolarizing2", p).after("ry", "depolarizing", p / 10)
    return kg.function(noise.apply(circuit()), kg.expval(HAMILTONIAN))


def trained_angles(steps: int) -> np.ndarray:
    """Return the angles for each probability, trained from the same ones."""
    energy = energy_function()
    start = np.random.default_rng(SEED).normal(0.4, 0.3, (LAYERS + 1, SITES))
    result = kg.optimize.Adam(0.1).minimize(
        # Rows of a batch do not know of each other, so each row of the sum's gradient is that of its own energy.
        lambda angles: kg.backend.sum(energy(angles=angles, p=PROBABILITIES)),
        np.tile(start, (len(PROBABILITIES), 1, 1)),
        steps=steps,
    )
    return kg.backend.to_numpy(result.x)


def main(steps: int = 150, pictures: Path = Path()) -> dict[str, np.ndarray]:
    """Train, print the energies with and without noise and save the picture; return the energies."""
    angles, energy = trained_angles(steps), energy_function()
    energies = {
        "with noise, trained with it": energy(angles=angles, p=PROBABILITIES),
        "with noise, trained without": energy(angles=angles[0], p=PROBABILITIES),
        "without noise, trained with it": energy(angles=angles, p=0.0),
    }
    energies = {name: kg.backend.to_numpy(values) for name, values in energies.items()}
    exact = float(np.linalg.eigvalsh(HAMILTONIAN.matrix())[0])
    print(f"exact ground energy {exact:.6f}, after {steps} steps:")
    print(f"{'p':<5}" + "".join(f"{name:>34}" for name in energies))
    for row, p in enumerate(PROBABILITIES):
        print(f"{p:<5g}" + "".join(f"{values[row]:>34.6f}" for values in energies.values()))
    save(picture(energies, exact), pictures, "noisy_training")
    return energies


def picture(energies, exact):
    """Draw the energies over the strength of the noise: under it, and of the same angles without it."""
    drawn, (left, right) = figure(9.5, 3.9, columns=2)
    trained_with, trained_without, run_without = energies.values()
    left.plot(PROBABILITIES, trained_with, "o-", label="trained with the noise")
    left.plot(PROBABILITIES, trained_without, "s-", label="trained without")
    right.plot(PROBABILITIES, run_without, "o-", label="trained with the noise")
    right.plot(PROBABILITIES, np.full(len(PROBABILITIES), run_without[0]), "s-", label="trained without")
    for axes, title in ((left, "energy under the noise"), (right, "energy of the same angles without noise")):
        axes.axhline(exact, color="black", linestyle="--", linewidth=1, label="exact ground energy")
        axes.set(xlabel="probability p of an error after a CX", ylabel="energy, in units of the coupling", title=title)
    left.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
