"""The critical Ising chain of 12 spins, by Adam and by natural gradient, against free fermions; on any backend.

    python examples/vqe_ising_chain.py --backend jax --pictures .

H = −Σ Z_q Z_{q+1} − Σ X_q, on an open chain. The circuit turns by the terms of H themselves, layer after layer, from
the ground state of the field alone (D. Wecker, M. B. Hastings and M. Troyer, Phys. Rev. A 92, 042303 (2015)); the
angles begin as those of a slow change from the field to the couplings. That natural gradient gets past where others
linger is what D. Wierichs, C. Gogolin and M. Kastoryano found on such chains, Phys. Rev. Research 2, 043246 (2020).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ketgrad as kg
from common import figure, pictures_folder, save

SITES = 12


def energy_function(layers: int) -> kg.CircuitFunction:
    """Return the energy as a function of angles of shape (layers, 23): those of 11 bonds, then those of 12 sites."""
    angles = kg.parameters("angles", (layers, 2 * SITES - 1))
    circuit = kg.Circuit(SITES)
    for site in range(SITES):
        circuit.h(site)
    for layer in range(layers):
        for bond in range(SITES - 1):
            circuit.rzz(angles[layer, bond], bond, bond + 1)
        for site in range(SITES):
            circuit.rx(angles[layer, SITES - 1 + site], site)
    return kg.function(circuit, kg.expval(kg.hamiltonians.transverse_field_ising(SITES)))


def first_angles(layers: int, size: float = 0.8) -> np.ndarray:
    """Return angles that grow on the bonds and shrink on the sites from layer to layer."""
    grown = (np.arange(layers)[:, None] + 0.5) / layers
    return -size * np.hstack([np.repeat(grown, SITES - 1, axis=1), np.repeat(1 - grown, SITES, axis=1)])


def exact_energy() -> float:
    """Return the ground energy −Σ σ, over the singular values of the matrix of fields and couplings.

    The chain is one of free fermions: E. Lieb, T. Schultz and D. Mattis, Ann. Phys. 16, 407 (1961); P. Pfeuty, Ann.
    Phys. 57, 79 (1970).
    """
    fields, couplings = np.eye(SITES), np.eye(SITES, k=1)
    return -float(np.linalg.svd(fields + couplings, compute_uv=False).sum())


def main(
    layers: int = 6, adam_steps: int = 1500, natural_after: int = 200, natural_steps: int = 20, pictures: Path = Path()
) -> dict[str, tuple[float, ...]]:
    """Train by both optimizers, print the energies and save the picture; return the energies at each step."""
    energy, exact, start = energy_function(layers), exact_energy(), first_angles(layers)
    adam = kg.optimize.Adam(0.05)
    # Far from the minimum natural gradient needs small steps, so it begins where Adam has come to.
    natural = kg.optimize.NaturalGradient(0.1, regularization=0.0003)
    begun = adam.minimize(energy, start, steps=natural_after)
    results = {
        f"Adam, {adam_steps} steps": adam.minimize(energy, start, steps=adam_steps),
        f"Adam, {natural_after} steps": begun,
        f"and natural gradient, {natural_steps} steps": natural.minimize(energy, begun.x, steps=natural_steps),
    }
    print(f"{SITES} spins, {layers} layers, {start.size} angles")
    print(f"{'exact, free fermions':<34}{exact:.6f}")
    for name, result in results.items():
        print(f"{name:<34}{result.value:.6f}, too high by {result.value - exact:.6f}")
    histories = {name: result.history for name, result in results.items()}
    save(picture(histories, exact, natural_after), pictures, "vqe_ising_chain")
    return histories


def picture(histories, exact, natural_after):
    """Draw how far each energy is above the exact one, at each step."""
    drawn, (axes,) = figure()
    (name, slow), _, (natural_name, natural) = histories.items()
    axes.semilogy(np.array(slow) - exact, label=name)
    axes.semilogy(natural_after + np.arange(len(natural)), np.array(natural) - exact, ".-", label=natural_name)
    axes.set(xlabel="step", ylabel="energy above the exact one, in units of the coupling")
    axes.set_title(f"critical Ising chain of {SITES} spins")
    axes.legend()
    return drawn


if __name__ == "__main__":
    main(pictures=pictures_folder(__doc__))
