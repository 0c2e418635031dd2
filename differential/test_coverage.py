"""Nothing of ketgrad's tables is left out: what is added there needs a counterpart here."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from differential.qiskit_gates import COUNTERPARTS
from differential.random_recipes import STEP_SETS, random_recipe, seed_of
from differential.recipes import names
from differential.test_gates import CIRCUITS
from differential.textbook_channels import TEXTBOOK
from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.gates import ALIASES, GATES

STEPS = {
    "everything": {"Unitary", "Controlled", "Compose", "Inverse", "Power"},
    "noise": {"Unitary", "Controlled", "Kraus", *TEXTBOOK},
}
FEWEST = 10


def test_every_gate_of_the_table_has_a_counterpart_in_qiskit() -> None:
    missing = sorted({*GATES, *ALIASES} - {*COUNTERPARTS})
    assert not missing, f"the gates {missing} are not compared with Qiskit; add them to differential/qiskit_gates.py"


def test_every_channel_of_the_table_has_a_definition_from_the_literature() -> None:
    missing = sorted({*CHANNELS} - {*TEXTBOOK})
    assert not missing, f"the channels {missing} are not compared; add them to differential/textbook_channels.py"


def test_no_counterpart_is_left_of_a_gate_or_channel_that_is_gone() -> None:
    assert {*COUNTERPARTS} <= {*GATES, *ALIASES}
    assert {*TEXTBOOK} <= {*CHANNELS}


@pytest.mark.parametrize("step_set", STEP_SETS)
def test_the_random_circuits_contain_every_gate_and_step_of_their_set(step_set: str) -> None:
    rngs = (np.random.default_rng(seed_of(step_set, number)) for number in range(CIRCUITS))
    found = Counter(name for rng in rngs for name in names(random_recipe(rng, step_set)))
    expected = {*STEP_SETS[step_set].gates, *STEPS.get(step_set, ())}
    assert not {name: found[name] for name in expected if found[name] < FEWEST}
