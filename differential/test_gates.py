"""Random circuits without noise: amplitudes and everything that is asked of the state."""

from __future__ import annotations

import numpy as np
import pytest

from differential import qiskit_results
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.comparisons import compare_results
from differential.random_recipes import random_recipe, seed_of

CIRCUITS = 300
STEP_SETS = ("clifford", "fixed", "parameterised", "everything")


@pytest.mark.parametrize("number", range(CIRCUITS))
@pytest.mark.parametrize("step_set", STEP_SETS)
def test_a_random_circuit_prepares_the_state_that_qiskit_prepares(
    step_set: str, number: int, agreement: Agreement
) -> None:
    seed = seed_of(step_set, number)
    rng = np.random.default_rng(seed)
    recipe = random_recipe(rng, step_set)
    agreement.case = f"seed {seed}: {recipe}"
    circuit, state = ketgrad_circuit(recipe), qiskit_results.pure_state(qiskit_circuit(recipe))
    agreement.check("state", circuit.state(), qiskit_results.amplitudes(state))
    compare_results(agreement, circuit, state, rng)
