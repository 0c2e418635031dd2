"""Random observables, each as ketgrad's and as Qiskit's."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from qiskit import quantum_info

import ketgrad as kg
from differential import qiskit_results
from differential.random_matrices import hermitian
from differential.random_recipes import random_subset
from differential.recipes import Qubits

PAULIS = {"X": kg.X, "Y": kg.Y, "Z": kg.Z}


def random_pauli_sums(rng: np.random.Generator, num_qubits: int) -> tuple[kg.PauliSum, kg.PauliSum, Any]:
    """Return a Pauli sum made of words, the same one made by algebra, and Qiskit's."""
    terms = {_word(rng, num_qubits): float(rng.normal()) for _ in range(rng.integers(1, 9))}
    by_words = kg.PauliSum({_text(word): value for word, value in terms.items()})
    by_algebra = sum((value * _product(word) for word, value in terms.items()), 0.0 * kg.I())
    return by_words, by_algebra, qiskit_results.pauli_operator(terms, num_qubits)


def random_hermitian(rng: np.random.Generator, num_qubits: int) -> tuple[kg.Hermitian, Any, Qubits]:
    """Return a Hermitian matrix on 1 to 3 qubits, Qiskit's, and the qubits."""
    qubits = random_subset(rng, num_qubits, 3)
    matrix = hermitian(rng, len(qubits))
    return kg.Hermitian(matrix, qubits), quantum_info.Operator(matrix), qubits


def random_projector(rng: np.random.Generator, num_qubits: int) -> tuple[kg.Projector, Any, Qubits]:
    """Return a projector on one outcome of some qubits, Qiskit's, and the qubits."""
    qubits = random_subset(rng, num_qubits, num_qubits)
    bits = "".join(map(str, rng.integers(0, 2, len(qubits))))
    state = quantum_info.Statevector.from_label(bits)
    return kg.Projector(bits, qubits), state.to_operator(), qubits


def _word(rng: np.random.Generator, num_qubits: int) -> tuple[tuple[int, str], ...]:
    """Return letters on some qubits, sorted, so that no word comes twice."""
    qubits = sorted(random_subset(rng, num_qubits, num_qubits))
    return tuple((qubit, str(rng.choice([*PAULIS]))) for qubit in qubits)


def _text(word: tuple[tuple[int, str], ...]) -> str:
    return " ".join(f"{letter}{qubit}" for qubit, letter in reversed(word))


def _product(word: tuple[tuple[int, str], ...]) -> kg.PauliSum:
    return reduce(lambda left, right: left @ right, (PAULIS[letter](qubit) for qubit, letter in word))
