"""Clifford circuits against Qiskit's stabilizer tableaux, which hold no amplitudes."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import quantum_info

import ketgrad as kg
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.random_recipes import random_recipe, seed_of

CIRCUITS = 300
SIGNS = {"+": 1.0, "-": -1.0}


@pytest.mark.parametrize("number", range(CIRCUITS))
def test_each_stabilizer_of_a_clifford_circuit_has_the_value_one(number: int, agreement: Agreement) -> None:
    seed = seed_of("clifford", number)
    recipe = random_recipe(np.random.default_rng(seed), "clifford")
    agreement.case = f"seed {seed}: {recipe}"
    circuit = ketgrad_circuit(recipe)
    for label in quantum_info.Clifford(qiskit_circuit(recipe)).to_labels(mode="S"):
        agreement.check("mean of a stabilizer", circuit.expectation(stabilizer(label)), 1.0)


def stabilizer(label: str) -> kg.PauliSum:
    """Return a stabilizer that Qiskit writes as a sign and letters, qubit 0 rightmost."""
    letters = enumerate(reversed(label[1:]))
    return kg.PauliSum({" ".join(f"{letter}{qubit}" for qubit, letter in letters): SIGNS[label[0]]})
