"""The comparison itself: it fails where it should, says which circuit, and sees one small mistake in a circuit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from differential import qiskit_results
from differential.agreement import Agreement
from differential.build import ketgrad_circuit, qiskit_circuit
from differential.recipes import Gate, Recipe

RY, CX, RZX = Gate("ry", (0.4,), (0,)), Gate("cx", (), (0, 1)), Gate("rzx", (1.1,), (1, 0))
RECIPE = Recipe(2, (RY, CX, RZX))


@pytest.fixture
def strict_agreement() -> Agreement:
    agreement = Agreement(lambda quantity, difference: None)
    agreement.case = f"seed (1, 2): {RECIPE}"
    return agreement


@pytest.mark.parametrize("actual", [[1.0, 2.0 + 1e-11], [1.0, 2.0 + 1e-11j], [1.0, np.nan], [1.0], [[1.0, 2.0]]])
def test_other_numbers_other_shapes_and_no_numbers_fail(actual: list[complex], strict_agreement: Agreement) -> None:
    with pytest.raises(AssertionError):
        strict_agreement.check("state", actual, [1.0, 2.0])


def test_a_failure_names_the_quantity_the_seed_and_the_circuit(strict_agreement: Agreement) -> None:
    with pytest.raises(AssertionError, match=r"purity differs by 0.5; seed \(1, 2\): kg.Circuit\(2\).append\('ry'"):
        strict_agreement.check("purity", 1.0, 0.5)


def test_a_difference_is_recorded_even_where_it_fails() -> None:
    recorded: dict[str, float] = {}
    with pytest.raises(AssertionError):
        Agreement(recorded.__setitem__).check("purity", 1.0, 0.5)
    assert recorded == {"purity": 0.5}


@pytest.mark.parametrize(
    "wrong",
    [
        Recipe(2, (RY, CX)),
        Recipe(2, (replace(RY, parameters=(0.4 + 1e-9,)), CX, RZX)),
        Recipe(2, (RY, CX, replace(RZX, qubits=(0, 1)))),
    ],
    ids=["a gate less", "an angle off by 1e-9", "two qubits exchanged"],
)
def test_one_mistake_in_a_circuit_is_seen_in_its_state(wrong: Recipe, strict_agreement: Agreement) -> None:
    state = qiskit_results.pure_state(qiskit_circuit(RECIPE))
    with pytest.raises(AssertionError):
        strict_agreement.check("state", ketgrad_circuit(wrong).state(), qiskit_results.amplitudes(state))
