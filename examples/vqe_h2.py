"""The ground state of the molecule H₂ by the variational quantum eigensolver, on any backend.

    python examples/vqe_h2.py --backend torch --pictures .

The unitary coupled cluster circuit has one angle θ: it mixes the Hartree–Fock state |1100⟩, both electrons in the lower
orbital, with |0011⟩, both in the upper one. That is all that the ground state of H₂ in this basis consists of, so the
minimum over θ is the exact energy. Method: A. Peruzzo et al., Nat. Commun. 5, 4213 (2014).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

HAMILTONIAN = kg.hamiltonians.h2()
LITERATURE = -1.136189
"""Hartree, full configuration interaction in the STO-3G basis at a bond of 1.3228 bohr."""
CHEMICAL_ACCURACY = 1.6e-3


def energy_function() -> kg.CircuitFunction:
    """Return the energy of the circuit, in hartree, as a function of its angle."""
    theta = kg.parameters("theta", ())
    hartree_fock = kg.Circuit(4).x(0).x(1)
    return kg.function(hartree_fock.compose(kg.templates.ucc_double(theta, 4)), kg.expval(HAMILTONIAN))


def exact_energy() -> float:
    """Return the smallest eigenvalue of the Hamiltonian, by NumPy."""
    return float(np.linalg.eigvalsh(HAMILTONIAN.matrix())[0])


def main(steps: int = 30, pictures: Path = Path()) -> dict[str, float]:
    """Train, print the energies and save the picture; return the energies."""
    energy, exact = energy_function(), exact_energy()
    result = kg.optimize.GradientDescent(0.4).minimize(energy, 0.0, steps=steps)
    angle = float(result.x)
    print(f"Hartree-Fock           {result.history[0]:.6f} hartree")
    print(f"VQE, {steps} steps          {result.value:.6f} hartree at the angle {angle:.6f}")
    print(f"exact diagonalization  {exact:.6f} hartree")
    print(f"within 1e-6 of the literature's {LITERATURE}: {'yes' if abs(result.value - LITERATURE) < 1e-6 else 'no'}")
    save(picture(energy, result, exact), pictures, "vqe_h2")
    return {"start": result.history[0], "energy": result.value, "angle": angle, "exact": exact}


def picture(energy, result, exact):
    """Draw the energy over the angle, computed in one batch, and its error at each step."""
    drawn, (left, right) = figure(9, 3.8, columns=2)
    angles = np.linspace(-np.pi, np.pi, 201)
    left.plot(angles, kg.backend.to_numpy(energy(angles)), label="circuit")
    left.axhline(exact, color="black", linestyle="--", linewidth=1, label=f"exact, {exact:.6f}")
    left.plot(0, result.history[0], "s", color="tab:orange", label="start: Hartree–Fock")
    left.plot(float(result.x), result.value, "o", color="tab:red", label="trained")
    left.set(xlabel="angle θ in radians", ylabel="energy in hartree", title="H₂, bond of 1.3228 bohr")
    left.legend()
    # Below rounding a logarithm has nothing to show.
    right.semilogy(np.maximum(np.abs(np.array(result.history) - exact), 1e-16), marker=".")
    right.axhline(CHEMICAL_ACCURACY, color="gray", linestyle=":", label="chemical accuracy")
    right.set(xlabel="step of gradient descent", ylabel="error of the energy in hartree", title="training")
    right.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
