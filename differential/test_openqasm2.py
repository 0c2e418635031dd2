"""Programs that Qiskit exports as OpenQASM 2, read by ketgrad: their states, and the order of their classical bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import qasm2
from qiskit.providers.basic_provider import BasicSimulator

import ketgrad as kg
from differential import qiskit_results
from differential.agreement import Agreement
from differential.random_programs import measured, permutation_of_bits, random_program

PROGRAMS = 300
DETERMINISTIC = 100
SHOTS = 2000
STREAM = {"states": 100, "orders": 101, "counts": 102}


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_a_program_exported_by_qiskit_prepares_the_same_state_up_to_a_phase(number: int, agreement: Agreement) -> None:
    seed = STREAM["states"], number
    program = random_program(np.random.default_rng(seed))
    text = qasm2.dumps(program)
    agreement.case = f"seed {seed}: {text}"
    expected = qiskit_results.amplitudes(qiskit_results.pure_state(program))
    actual = kg.Circuit.from_qasm(text).state()
    # OpenQASM 2 has no global phase, so Qiskit's export drops it.
    agreement.check("state of a program", actual * phase_between(actual, expected), expected)


@pytest.mark.parametrize("number", range(DETERMINISTIC))
def test_the_one_outcome_of_a_program_is_written_as_qiskit_writes_it(number: int) -> None:
    rng = np.random.default_rng((STREAM["orders"], number))
    program, _ = measured(rng, permutation_of_bits(rng))
    text = qasm2.dumps(program)
    circuit, expected = kg.Circuit.from_qasm(text), counts_of_qiskit(program)
    assert circuit.counts(5, seed=number) == expected, text
    assert circuit.counts(5, seed=number, order="big") == reversed_keys(expected), text


@pytest.mark.parametrize("number", range(DETERMINISTIC))
def test_without_classical_bits_the_little_order_is_that_of_qiskit(number: int) -> None:
    program = permutation_of_bits(np.random.default_rng((STREAM["orders"], number)))
    text = qasm2.dumps(program)
    circuit, expected = kg.Circuit.from_qasm(text), counts_of_qiskit(program.measure_all(inplace=False))
    assert circuit.counts(5, seed=number, order="little") == expected, text
    assert circuit.counts(5, seed=number) == reversed_keys(expected), text


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_counts_of_a_program_follow_the_probabilities_that_qiskit_finds(number: int, agreement: Agreement) -> None:
    seed = STREAM["counts"], number
    rng = np.random.default_rng(seed)
    program = random_program(rng)
    state = qiskit_results.pure_state(program)
    program, pairs = measured(rng, program)
    text = qasm2.dumps(program)
    counts = kg.Circuit.from_qasm(text).counts(SHOTS, seed=number)
    frequencies, probabilities = np.zeros(1 << len(pairs)), state.probabilities([qubit for qubit, _ in pairs])
    for bits, count in counts.items():
        frequencies[outcome(bits, pairs)] += count / SHOTS
    agreement.case = f"seed {seed}: {text}\n{counts}"
    assert not frequencies[probabilities < 1e-12].any(), agreement.case
    # Hoeffding: P(|frequency − p| ≥ ε) ≤ 2·exp(−2·shots·ε²), below 1e-10 for ε = √(12 / shots).
    agreement.check("frequency", frequencies, probabilities, tolerance=np.sqrt(12 / SHOTS))


def outcome(bits: str, pairs: list[tuple[int, int]]) -> int:
    """Return the measured bits of a bitstring, bit 0 rightmost, as a number, the first pair least significant."""
    digits = bits.replace(" ", "")[::-1]
    return sum(int(digits[bit]) << place for place, (_, bit) in enumerate(pairs))


def counts_of_qiskit(program: Any) -> dict[str, int]:
    """Return Qiskit's counts of five shots."""
    return BasicSimulator().run(program, shots=5).result().get_counts()


def reversed_keys(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts with every bitstring, and the order of registers, turned round."""
    return {bits[::-1]: count for bits, count in counts.items()}


def phase_between(actual: Any, expected: Any) -> Any:
    """Return the number of modulus 1 that turns one state into the other."""
    overlap = np.vdot(actual, expected)
    return overlap / abs(overlap)
