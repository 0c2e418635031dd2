"""Random circuits with noise: density matrices and everything that is asked of them."""

from __future__ import annotations

import numpy as np
import pytest

from differential import qiskit_results
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.comparisons import compare_results
from differential.random_recipes import random_recipe, seed_of

CIRCUITS = 300


@pytest.mark.parametrize("number", range(CIRCUITS))
def test_a_random_circuit_with_noise_prepares_the_density_matrix_that_qiskit_prepares(
    number: int, agreement: Agreement
) -> None:
    seed = seed_of("noise", number)
    rng = np.random.default_rng(seed)
    recipe = random_recipe(rng, "noise")
    agreement.case = f"seed {seed}: {recipe}"
    circuit, state = ketgrad_circuit(recipe), qiskit_results.mixed_state(qiskit_circuit(recipe))
    agreement.check("density matrix", circuit.density_matrix(), qiskit_results.amplitudes(state))
    compare_results(agreement, circuit, state, rng)
