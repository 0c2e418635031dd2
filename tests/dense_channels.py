"""Slow, plain mixed states to compare with: density matrices, Kraus operators as the literature prints them, entropies.

It shares nothing with ketgrad. Kraus operators are those of M. A. Nielsen and I. L. Chuang, "Quantum Computation and
Quantum Information", section 8.3, written with the probability of an error, not of its absence. Qubit 0 is the most
significant bit, and so is the first qubit of an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy import exp, sqrt

from dense_reference import PAULIS, Matrix, bits_of, embed, gate_matrix, index_of


class Noise(NamedTuple):
    """How many qubits a channel takes, parameters to try it with, and its Kraus operators as a function of them."""

    qubits: int
    values: tuple[float, ...]
    kraus: Callable[..., list[Any]]


def pauli_errors(p: float, words: Sequence[str]) -> list[Matrix]:
    """Return Kraus operators of Pauli words, each with the same share of the probability p."""
    nothing = "I" * len(words[0])
    weights = {nothing: 1 - p, **dict.fromkeys(words, p / len(words))}
    return [sqrt(weight) * word_matrix(word) for word, weight in weights.items()]


def word_matrix(word: str) -> Matrix:
    matrix = np.eye(1, dtype=complex)
    for letter in word:
        matrix = np.kron(matrix, PAULIS[letter])
    return matrix


def amplitude_damping(gamma: float) -> list[Matrix]:
    return matrices([[1, 0], [0, sqrt(1 - gamma)]], [[0, sqrt(gamma)], [0, 0]])


def phase_damping(lam: float) -> list[Matrix]:
    return matrices([[1, 0], [0, sqrt(1 - lam)]], [[0, 0], [0, sqrt(lam)]])


def generalized_amplitude_damping(gamma: float, excited: float) -> list[Matrix]:
    down = [sqrt(1 - excited) * matrix for matrix in amplitude_damping(gamma)]
    up = [sqrt(excited) * matrix for matrix in matrices([[sqrt(1 - gamma), 0], [0, 1]], [[0, 0], [sqrt(gamma), 0]])]
    return down + up


def thermal_relaxation(t1: float, t2: float, time: float, excited: float) -> list[Matrix]:
    """Return generalized amplitude damping, then as much phase damping as makes the coherence e^(−t/T2)."""
    gamma = 1 - exp(-time / t1)
    lam = 1 - exp(time / t1 - 2 * time / t2)
    both = product(phase_damping(lam), generalized_amplitude_damping(gamma, excited))
    return [second @ first for second, first in both]


def matrices(*tables: Any) -> list[Matrix]:
    return [np.array(table, complex) for table in tables]


TWO_QUBIT_ERRORS = ["".join(pair) for pair in product("IXYZ", repeat=2)][1:]
CHANNELS: dict[str, Noise] = {
    "bit_flip": Noise(1, (0.23,), lambda p: pauli_errors(p, ["X"])),
    "phase_flip": Noise(1, (0.31,), lambda p: pauli_errors(p, ["Z"])),
    "depolarizing": Noise(1, (0.37,), lambda p: pauli_errors(p, ["X", "Y", "Z"])),
    "depolarizing2": Noise(2, (0.41,), lambda p: pauli_errors(p, TWO_QUBIT_ERRORS)),
    "amplitude_damping": Noise(1, (0.29,), amplitude_damping),
    "phase_damping": Noise(1, (0.43,), phase_damping),
    "thermal_relaxation": Noise(1, (50.0, 70.0, 13.0, 0.2), thermal_relaxation),
    "reset": Noise(1, (), lambda: matrices([[1, 0], [0, 0]], [[0, 1], [0, 0]])),
}
DECAY_WITH_FLIP = [
    *(sqrt(0.7) * np.kron(PAULIS["X"], matrix) for matrix in amplitude_damping(0.35)),
    sqrt(0.3) * np.kron(gate_matrix("s"), gate_matrix("h")),
]
"""Kraus operators on two qubits that do something else to each of them."""


def pure(state: Matrix) -> Matrix:
    """Return the density matrix of a state vector."""
    return np.outer(state, np.conj(state))


def conjugate(rho: Matrix, matrix: Matrix, qubits: Sequence[int]) -> Matrix:
    """Return UρU† for a matrix on some qubits."""
    return apply_kraus(rho, [matrix], qubits)


def apply_kraus(rho: Matrix, kraus: Iterable[Matrix], qubits: Sequence[int]) -> Matrix:
    """Return Σ KρK† for Kraus operators on some qubits."""
    n = len(rho).bit_length() - 1
    embedded = [embed(matrix, qubits, n) for matrix in kraus]
    return sum(matrix @ rho @ matrix.conj().T for matrix in embedded)


def reduced(rho: Matrix, qubits: Sequence[int]) -> Matrix:
    """Return the density matrix of some qubits in the order given, tracing out the others."""
    n = len(rho).bit_length() - 1
    others = [qubit for qubit in range(n) if qubit not in qubits]
    result = np.zeros((2 ** len(qubits),) * 2, complex)
    for row, column in product(range(2**n), repeat=2):
        left, right = bits_of(row, n), bits_of(column, n)
        if all(left[qubit] == right[qubit] for qubit in others):
            place = index_of(left[qubit] for qubit in qubits), index_of(right[qubit] for qubit in qubits)
            result[place] += rho[row, column]
    return result


def entropy(rho: Matrix) -> float:
    """Return −tr ρ ln ρ."""
    eigenvalues = np.linalg.eigvalsh(rho)
    positive = eigenvalues[eigenvalues > 1e-14]
    return float(-np.sum(positive * np.log(positive)))


def purity(rho: Matrix) -> float:
    return float(np.trace(rho @ rho).real)


def controlled_on(matrix: Matrix, values: str) -> Matrix:
    """Return the block matrix that acts where the first qubits have these values, and leaves the others alone."""
    size = len(matrix)
    result = np.eye(size * 2 ** len(values), dtype=complex)
    start = int(values, 2) * size
    result[start : start + size, start : start + size] = matrix
    return result
