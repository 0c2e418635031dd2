"""Training from measurements: exact values, 100 or 1000 shots by parameter shift, and SPSA; on any backend.

    python examples/shot_noise.py --backend torch --pictures .

A device does not tell expectation values, it tells outcomes of shots. Parameter shift estimates each derivative from
two measurements of the energy; SPSA takes two for all of them, along a direction drawn by chance (J. C. Spall, IEEE
Trans. Autom. Control 37, 332 (1992)). Each energy here is that of an Ising chain of 4 spins and is measured in two
settings, one for the bonds and one for the field.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

SITES, LAYERS, SETTINGS = 4, 2, 2
ANGLES = (LAYERS, 2 * SITES - 1)
HAMILTONIAN = kg.hamiltonians.transverse_field_ising(SITES)
SEED = 7


def circuit() -> kg.Circuit:
    """Return layers of rotations by the terms of the Hamiltonian, each with an angle of its own."""
    angles = kg.parameters("angles", ANGLES)
    result = kg.Circuit(SITES)
    for site in range(SITES):
        result.h(site)
    for layer in range(LAYERS):
        for bond in range(SITES - 1):
            result.rzz(angles[layer, bond], bond, bond + 1)
        for site in range(SITES):
            result.rx(angles[layer, SITES - 1 + site], site)
    return result


class Training(NamedTuple):
    """What trains, the shots of each setting, None for exact values, the steps, and the energies that a step measures.

    A step measures the energy where it begins as well, for the history.
    """

    optimizer: kg.optimize.Optimizer
    shots: int | None
    steps: int
    energies: int

    @property
    def all_shots(self) -> int:
        """The shots of the whole training; the last energy belongs to no step."""
        return (self.steps * self.energies + 1) * SETTINGS * (self.shots or 0)


def trainings(steps: int) -> dict[str, Training]:
    """Return what is compared; SPSA gets about as many shots as parameter shift with 100 in each setting."""
    by_shift, by_chance = 1 + 2 * int(np.prod(ANGLES)), 3
    adam, spsa = kg.optimize.Adam(0.05), kg.optimize.SPSA(0.3, perturbation=0.2, stability=50.0, seed=SEED)
    return {
        "exact values": Training(adam, None, steps, by_shift),
        "1000 shots": Training(adam, 1000, steps, by_shift),
        "100 shots": Training(adam, 100, steps, by_shift),
        "SPSA, 100 shots": Training(spsa, 100, steps * by_shift // by_chance, by_chance),
    }


def trained(training: Training) -> np.ndarray:
    """Return the exact energy before each step and after the last one, computed in one batch."""
    path = []
    energy = kg.function(circuit(), kg.expval(HAMILTONIAN), shots=training.shots)
    result = training.optimizer.minimize(
        energy,
        np.full(ANGLES, -0.4),
        steps=training.steps,
        callback=lambda progress: path.append(kg.backend.to_numpy(progress.x)),
        seed=None if training.shots is None else SEED,
    )
    angles = np.stack([*path, kg.backend.to_numpy(result.x)])
    return kg.backend.to_numpy(kg.function(circuit(), kg.expval(HAMILTONIAN))(angles))


def main(steps: int = 100, pictures: Path = Path()) -> dict[str, np.ndarray]:
    """Train in each way, print the energies and the shots, save the picture; return the exact energies at each step."""
    chosen, exact, curves = trainings(steps), float(np.linalg.eigvalsh(HAMILTONIAN.matrix())[0]), {}
    print(f"exact ground energy {exact:.6f}; exact energies at the angles trained:")
    for name, training in chosen.items():
        curves[name] = trained(training)
        print(f"{name:<16}{training.steps:>5} steps{training.all_shots:>10} shots{curves[name][-1]:>12.6f}")
    save(picture(chosen, curves, exact), pictures, "shot_noise")
    return curves


def picture(chosen, curves, exact):
    """Draw the errors at each step, and over the shots used until then."""
    drawn, (left, right) = figure(9.5, 3.9, columns=2)
    for place, (name, energies) in enumerate(curves.items()):
        steps, colour = np.arange(len(energies)), f"C{place}"
        if isinstance(chosen[name].optimizer, kg.optimize.Adam):
            left.semilogy(steps, energies - exact, color=colour, label=name)
        if chosen[name].shots:
            used = steps * chosen[name].energies * SETTINGS * chosen[name].shots
            right.loglog(used[1:], energies[1:] - exact, color=colour, label=name)
    left.set(xlabel="step of Adam", ylabel="error of the energy, in units of the coupling", title="parameter shift")
    right.set(xlabel="shots used", ylabel="error of the energy, in units of the coupling", title="from shots")
    left.legend()
    right.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
