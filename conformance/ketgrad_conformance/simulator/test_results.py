"""What is asked of a state: probabilities in any order of qubits, observables, samples, and many qubits."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

import ketgrad as kg
from ketgrad.protocol import ArrayBackend
from ketgrad_conformance import expect

# The chances of a 1 on each qubit of a product state.
CHANCES = [0.1, 0.3, 0.8]
SUBSETS = [subset for size in (1, 2, 3) for subset in permutations(range(3), size)]
FIRST_8_OF_SEED_7 = "11000101"
"""Whether each of the first uniform numbers of seed 7 exceeds 0.4: 0.469, 0.426, 0.363, 0.237, 0.139, 0.512, …"""


def product_state() -> kg.Circuit:
    """Return a circuit with these chances."""
    c = kg.Circuit(3)
    for qubit, chance in enumerate(CHANCES):
        c.ry(2 * math.asin(math.sqrt(chance)), qubit)
    return c


@pytest.mark.parametrize("qubits", SUBSETS, ids=str)
def test_probabilities_heed_the_order_of_the_qubits(backend: ArrayBackend, qubits: tuple[int, ...]) -> None:
    expected = [
        math.prod(
            CHANCES[qubit] if outcome >> (len(qubits) - 1 - place) & 1 else 1 - CHANCES[qubit]
            for place, qubit in enumerate(qubits)
        )
        for outcome in range(1 << len(qubits))
    ]
    expect.close(backend, product_state().probabilities(qubits), expected)


@pytest.mark.usefixtures("precision")
def test_qubit_zero_is_the_most_significant(backend: ArrayBackend) -> None:
    expect.close(backend, kg.Circuit(3).x(0).cx(0, 2).probabilities(), [0, 0, 0, 0, 0, 1, 0, 0])


@pytest.mark.usefixtures("precision")
def test_an_observable_with_an_identity_and_words_of_many_letters(backend: ArrayBackend) -> None:
    # A GHZ state of three qubits: ⟨XXX⟩ = 1, ⟨XYY⟩ = −1, ⟨ZZI⟩ = 1.
    ghz = kg.Circuit(3).h(0).cx(0, 1).cx(1, 2)
    words = {"I": 0.5, "X0 X1 X2": 2.0, "X0 Y1 Y2": 3.0, "Z0 Z1": 5.0, "Z2": 7.0}
    expect.close(backend, ghz.expectation(kg.PauliSum(words)), 0.5 + 2.0 - 3.0 + 5.0)


def test_a_seed_gives_the_same_samples_on_every_backend(backend: ArrayBackend) -> None:
    c = kg.Circuit(2).ry(2 * math.asin(math.sqrt(0.6)), 1)
    samples = c.sample(8, seed=7)
    expect.close(backend, samples, [[0, int(bit)] for bit in FIRST_8_OF_SEED_7], dtype=backend.dtype(samples))
    assert backend.dtype(samples).startswith("int")


def test_counts_count_the_samples_of_their_seed(backend: ArrayBackend) -> None:
    c = kg.Circuit(2).ry(2 * math.asin(math.sqrt(0.6)), 1)
    ones = FIRST_8_OF_SEED_7.count("1")
    assert dict(c.counts(8, seed=7)) == {"00": 8 - ones, "01": ones}


@pytest.mark.usefixtures("precision")
def test_twenty_qubits_run_out_of_no_letters_or_axes(backend: ArrayBackend) -> None:
    c = kg.Circuit(20).h(0).ry(0.7, 19)
    for qubit in range(18):
        c.cx(qubit, qubit + 1)
    value = c.ccx(0, 9, 19).rzz(0.3, 19, 0).expectation(kg.PauliSum({"Z0 Z18": 1.0, "Z19": 2.0}))
    # Qubit 19 is flipped where the chain is 1, in half of the cases, so its ⟨Z⟩ is zero.
    expect.close(backend, value, 1.0)
