"""Random circuits of Qiskit with registers, as programs in OpenQASM 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.random import random_circuit

from differential.build import qiskit_circuit
from differential.random_recipes import random_recipe

Generator = np.random.Generator


def random_program(rng: Generator) -> Any:
    """Return a circuit of ketgrad's gates, or of all gates that Qiskit itself draws, on one or more registers."""
    gates = qiskit_circuit(random_recipe(rng, "named")) if rng.random() < 0.5 else _drawn_by_qiskit(rng)
    registers = [QuantumRegister(size, f"q{place}") for place, size in enumerate(_sizes(rng, gates.num_qubits))]
    return QuantumCircuit(*registers).compose(gates)


def permutation_of_bits(rng: Generator) -> Any:
    """Return a circuit that ends in one basis state."""
    size = int(rng.integers(3, 7))
    circuit = QuantumCircuit(size)
    for qubit in np.flatnonzero(rng.integers(0, 2, size)).tolist():
        circuit.x(qubit)
    for _ in range(5):
        first, second, third = rng.permutation(size)[:3].tolist()
        circuit.cx(first, second)
        circuit.ccx(second, third, first)
        circuit.swap(third, second)
    return circuit


def measured(rng: Generator, circuit: Any) -> tuple[Any, list[tuple[int, int]]]:
    """Return the circuit with some qubits measured into bits of several registers, and the pairs of qubit and bit."""
    bits = circuit.num_qubits + int(rng.integers(0, 3))
    registers = [ClassicalRegister(size, f"c{place}") for place, size in enumerate(_sizes(rng, bits))]
    result = circuit.copy()
    result.add_register(*registers)
    count = int(rng.integers(1, circuit.num_qubits + 1))
    qubits, places = rng.permutation(circuit.num_qubits)[:count], rng.permutation(bits)[:count]
    pairs = list(zip(qubits.tolist(), places.tolist(), strict=True))
    for qubit, bit in pairs:
        result.measure(qubit, bit)
    return result, pairs


def _drawn_by_qiskit(rng: Generator) -> Any:
    num_qubits = int(rng.integers(1, 7))
    depth, seed = int(rng.integers(2, 9)), int(rng.integers(1 << 31))
    return random_circuit(num_qubits, depth, max_operands=min(4, num_qubits), seed=seed)


def _sizes(rng: Generator, total: int) -> Sequence[int]:
    """Return the sizes of up to three registers."""
    cuts = np.sort(rng.choice(np.arange(1, total), min(int(rng.integers(0, 3)), total - 1), replace=False))
    return np.diff([0, *cuts, total]).tolist()
