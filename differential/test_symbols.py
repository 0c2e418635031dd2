"""Random circuits with symbols for their angles, called with a batch of values: each row is a circuit of Qiskit's."""

from __future__ import annotations

import numpy as np
import pytest

import ketgrad as kg
from differential import qiskit_results
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.random_observables import random_pauli_sums
from differential.random_recipes import random_recipe, seed_of
from differential.recipes import Gate, Recipe, number_of_angles, with_angles

CIRCUITS = 100
BATCH = 3


@pytest.mark.parametrize("number", range(CIRCUITS))
@pytest.mark.parametrize("step_set", ["everything", "noise"])
def test_each_row_of_a_batch_is_the_circuit_with_its_angles(step_set: str, number: int, agreement: Agreement) -> None:
    seed = seed_of(step_set, number)
    rng = np.random.default_rng(seed)
    drawn = random_recipe(rng, step_set)
    recipe = Recipe(drawn.num_qubits, (*drawn.steps, Gate("rx", (0.0,), (0,))))  # so that there is an angle
    theta = kg.parameters("theta", (number_of_angles(recipe),))
    observable, _, operator = random_pauli_sums(rng, recipe.num_qubits)
    circuit = ketgrad_circuit(with_angles(recipe, (0.5 * angle + 1.0 for angle in theta)))
    values = rng.uniform(-7, 7, (BATCH, theta.size))
    agreement.case = f"seed {seed}, angles {(0.5 * values + 1.0).tolist()}: {recipe}"
    matrices, means = kg.function(circuit, kg.density_matrix(), kg.expval(observable))(values)
    for matrix, mean, row in zip(matrices, means, values, strict=True):
        state = qiskit_results.mixed_state(qiskit_circuit(with_angles(recipe, iter(0.5 * row + 1.0))))
        agreement.check("density matrix of a batch", matrix, qiskit_results.amplitudes(state))
        agreement.check("mean of a batch", mean, qiskit_results.mean_and_variance(state, operator)[0])
