"""The table of noise channels: each a superoperator Σ K ⊗ K* that is a sum of constant matrices with real weights.

Weights are smooth functions of the channel's parameters, so that they differentiate; for mixtures of unitary matrices
they are linear. Reference: M. A. Nielsen and I. L. Chuang, "Quantum Computation and Quantum Information", section 8.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ketgrad.circuit.gates import PAULIS
from ketgrad.errors import InvalidValueError
from ketgrad.protocol import Array, ArrayBackend

Weights = Callable[[ArrayBackend, Sequence[Array]], Sequence[Array]]


TINY = 1e-30
"""Keeps the derivative of a square root finite where all coherence is lost; far below rounding anywhere else."""


@dataclass(frozen=True, eq=False)
class Channel:
    """A named channel: its constant superoperators, of shape (terms, 4^k, 4^k), and their weights."""

    name: str
    parameters: tuple[str, ...]
    num_qubits: int
    terms: Any
    weights: Weights
    check: Callable[[str, Sequence[float]], None]


def superoperator(kraus: Sequence[Any]) -> Any:
    """Return Σ K ⊗ K* of constant NumPy matrices."""
    return sum(np.kron(matrix, matrix.conj()) for matrix in kraus)


def check_probability(name: str, values: Sequence[float]) -> None:
    """Refuse a parameter outside [0, 1]."""
    for value in values:
        if not 0 <= value <= 1:
            raise InvalidValueError(f"{name} got the probability {value:g}; give one from 0 to 1")


def _check_nothing(name: str, values: Sequence[float]) -> None:
    """Accept everything; for channels without parameters."""


def _check_times(name: str, values: Sequence[float]) -> None:
    t1, t2, time, excited = values
    if not (t1 > 0 and 0 < t2 <= 2 * t1 and time >= 0):
        raise InvalidValueError(
            f"{name} got t1={t1:g}, t2={t2:g}, time={time:g}; give t1 and t2 above zero with t2 ≤ 2·t1, and a time of "
            "zero or more"
        )
    check_probability(name, [excited])


def _pauli_mixture(words: Sequence[str]) -> Any:
    matrices = []
    for word in words:
        matrix = np.eye(1, dtype="complex128")
        for letter in word:
            matrix = np.kron(matrix, PAULIS[letter])
        matrices.append(superoperator([matrix]))
    return np.stack([matrices[0], sum(matrices[1:]) / (len(words) - 1)])


def _one_or_other(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    return 1.0 - parameters[0], parameters[0]


def _amplitude_damping(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    (gamma,) = parameters
    return gamma * 0.0 + 1.0, gamma * 0.0, gamma, 1.0 - gamma, backend.sqrt(1.0 - gamma + TINY)


def _phase_damping(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    (lam,) = parameters
    one, none = lam * 0.0 + 1.0, lam * 0.0
    return one, none, none, one, backend.sqrt(1.0 - lam + TINY)


def _thermal_relaxation(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    t1, t2, time, excited = parameters
    decay = 1.0 - backend.exp(-time / t1)
    up, down = decay * excited, decay * (1.0 - excited)
    return 1.0 - up, up, down, 1.0 - down, backend.exp(-time / t2)


def _reset(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    raise AssertionError("reset has constant weights")


def _unit(row: int, column: int) -> Any:
    matrix = np.zeros((4, 4), "complex128")
    matrix[row, column] = 1
    return matrix


# Populations 0→0, 0→1, 1→0, 1→1, and both coherences: what damping does to (ρ₀₀, ρ₀₁, ρ₁₀, ρ₁₁).
_FLOWS = np.stack([_unit(0, 0), _unit(3, 0), _unit(0, 3), _unit(3, 3), _unit(1, 1) + _unit(2, 2)])
_TWO_QUBIT_WORDS = ["".join(letters) for letters in product("IXYZ", repeat=2)]


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("bit_flip", ("p",), 1, _pauli_mixture(["I", "X"]), _one_or_other, check_probability),
        Channel("phase_flip", ("p",), 1, _pauli_mixture(["I", "Z"]), _one_or_other, check_probability),
        Channel("depolarizing", ("p",), 1, _pauli_mixture(["I", "X", "Y", "Z"]), _one_or_other, check_probability),
        Channel("depolarizing2", ("p",), 2, _pauli_mixture(_TWO_QUBIT_WORDS), _one_or_other, check_probability),
        Channel("amplitude_damping", ("gamma",), 1, _FLOWS, _amplitude_damping, check_probability),
        Channel("phase_damping", ("lam",), 1, _FLOWS, _phase_damping, check_probability),
        Channel("thermal_relaxation", ("t1", "t2", "time", "excited"), 1, _FLOWS, _thermal_relaxation, _check_times),
        Channel("reset", (), 1, (_unit(0, 0) + _unit(0, 3))[None], _reset, _check_nothing),
    )
}
