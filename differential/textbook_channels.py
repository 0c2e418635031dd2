"""The noise channels as the literature defines them, for Qiskit: nothing here comes from ketgrad.

Kraus operators are those of M. A. Nielsen and I. L. Chuang, "Quantum Computation and Quantum Information", section
8.3, p the probability of an error. Thermal relaxation solves the Lindblad equation of H.-P. Breuer and F. Petruccione,
"The Theory of Open Quantum Systems", section 3.4, for decay and excitation at the rate 1/T1, and pure dephasing; reset
is Qiskit's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from qiskit import circuit, quantum_info
from scipy import linalg

Parameters = tuple[float, ...]
Matrix = Any
"""A complex128 matrix of NumPy."""


@dataclass(frozen=True)
class Textbook:
    """A channel of Qiskit's for given parameters, how many qubits it takes, and a way to draw its parameters."""

    make: Callable[..., Any]
    num_qubits: int
    draw: Callable[[np.random.Generator], Parameters]


def _matrix(rows: Sequence[Sequence[complex]]) -> Matrix:
    return np.array(rows, "complex128")


def _pauli_errors(p: float, num_qubits: int, letters: str) -> Any:
    words = ["".join(word) for word in product("I" + letters, repeat=num_qubits)]
    weights = [1 - p] + [p / (len(words) - 1)] * (len(words) - 1)
    operators = [
        np.sqrt(weight) * quantum_info.Pauli(word).to_matrix() for word, weight in zip(words, weights, strict=True)
    ]
    return quantum_info.Kraus(operators)


def _amplitude_damping(gamma: float) -> Any:
    keep, decay = _matrix([[1, 0], [0, np.sqrt(1 - gamma)]]), _matrix([[0, np.sqrt(gamma)], [0, 0]])
    return quantum_info.Kraus([keep, decay])


def _phase_damping(lam: float) -> Any:
    keep, scatter = _matrix([[1, 0], [0, np.sqrt(1 - lam)]]), _matrix([[0, 0], [0, np.sqrt(lam)]])
    return quantum_info.Kraus([keep, scatter])


def _thermal_relaxation(t1: float, t2: float, time: float, excited: float) -> Any:
    lowering = _matrix([[0, 1], [0, 0]])
    dephasing = max(1 / t2 - 1 / (2 * t1), 0.0)
    generator = (
        (1 - excited) / t1 * _dissipator(lowering)
        + excited / t1 * _dissipator(lowering.T)
        + dephasing / 2 * _dissipator(_matrix([[1, 0], [0, -1]]))
    )
    return quantum_info.SuperOp(linalg.expm(time * generator))


def _dissipator(jump: Matrix) -> Matrix:
    """Return ρ → LρL† − {L†L, ρ}/2 as a matrix on the columns of ρ, stacked: vec(AρB) = (Bᵀ ⊗ A) vec ρ."""
    eye, loss = np.eye(2), jump.conj().T @ jump
    return np.kron(jump.conj(), jump) - (np.kron(eye, loss) + np.kron(loss.T, eye)) / 2


def _misread(p01: float, p10: float) -> Any:
    stays = _matrix([[np.sqrt(1 - p01), 0], [0, 0]]), _matrix([[0, 0], [0, np.sqrt(1 - p10)]])
    flips = _matrix([[0, 0], [np.sqrt(p01), 0]]), _matrix([[0, np.sqrt(p10)], [0, 0]])
    return quantum_info.Kraus([*stays, *flips])


def _probability(rng: np.random.Generator) -> Parameters:
    return (_from_zero_to_one(rng),)


def _two_probabilities(rng: np.random.Generator) -> Parameters:
    return _from_zero_to_one(rng), _from_zero_to_one(rng)


def _from_zero_to_one(rng: np.random.Generator) -> float:
    return float(rng.choice([0.0, 1.0, rng.uniform()], p=[0.05, 0.05, 0.9]))


def _times(rng: np.random.Generator) -> Parameters:
    t1 = rng.uniform(0.1, 10)
    t2 = rng.choice([2 * t1, rng.uniform(0.05, 2) * t1], p=[0.1, 0.9])
    time = rng.choice([0.0, rng.uniform(0, 2) * t1], p=[0.05, 0.95])
    return float(t1), float(t2), float(time), _from_zero_to_one(rng)


def _nothing(rng: np.random.Generator) -> Parameters:
    return ()


TEXTBOOK: dict[str, Textbook] = {
    "bit_flip": Textbook(lambda p: _pauli_errors(p, 1, "X"), 1, _probability),
    "phase_flip": Textbook(lambda p: _pauli_errors(p, 1, "Z"), 1, _probability),
    "depolarizing": Textbook(lambda p: _pauli_errors(p, 1, "XYZ"), 1, _probability),
    "depolarizing2": Textbook(lambda p: _pauli_errors(p, 2, "XYZ"), 2, _probability),
    "amplitude_damping": Textbook(_amplitude_damping, 1, _probability),
    "phase_damping": Textbook(_phase_damping, 1, _probability),
    "thermal_relaxation": Textbook(_thermal_relaxation, 1, _times),
    "misread": Textbook(_misread, 1, _two_probabilities),
    "reset": Textbook(circuit.Reset, 1, _nothing),
}
