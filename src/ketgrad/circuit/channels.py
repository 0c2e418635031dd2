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

from ketgrad.circuit.gates import pauli_matrix
from ketgrad.errors import InvalidValueError
from ketgrad.placement import constants_like
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
    unitaries: Any = None
    """For a mixture of unitary matrices, those, of shape (m, 2^k, 2^k); else None."""
    shares: Any = None
    """The probability of each of them as a combination of the weights, of shape (terms, m)."""

    @property
    def kraus_units(self) -> Any:
        """For a flow between |0⟩ and |1⟩: shape (u, m, 2, 2), summed with `kraus_factors` to Kraus operators."""
        return _KRAUS_UNITS

    def kraus_factors(self, backend: ArrayBackend, weights: Array) -> Sequence[Array]:
        """For a flow: factors of 0→0 and its coherent part of 1→1, the rest of 1→1, 0→1, 1→0."""
        if self.name == "reset":
            weights = constants_like(backend, np.array([1.0, 0.0, 1.0, 0.0, 0.0]), weights)
        stay, up, down, keep, coherence = (backend.take(weights, term, axis=-1) for term in range(5))
        first = backend.sqrt(stay + TINY)
        rest = keep - coherence * coherence / (stay + TINY)
        # Rounding may bring the rest, which is never negative, slightly below zero.
        positive = 0.5 * (rest + backend.abs(rest))
        return first, coherence / first, *(backend.sqrt(part + TINY) for part in (positive, up, down))


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


def _pauli_mixture(name: str, words: Sequence[str]) -> Channel:
    """Return the channel that applies the first word, or with probability p one of the others, each as likely."""
    unitaries = np.stack([pauli_matrix(word) for word in words])
    each = np.stack([superoperator([matrix]) for matrix in unitaries])
    others = len(words) - 1
    shares = np.zeros((2, len(words)))
    shares[0, 0], shares[1, 1:] = 1, 1 / others
    terms = np.stack([each[0], each[1:].sum(axis=0) / others])
    return Channel(name, ("p",), len(words[0]), terms, _one_or_other, check_probability, unitaries, shares)


def _one_or_other(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    return 1.0 - parameters[0], parameters[0]


def _amplitude_damping(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    (gamma,) = parameters
    return gamma * 0.0 + 1.0, gamma * 0.0, gamma, 1.0 - gamma, backend.sqrt(1.0 - gamma + TINY)


def _phase_damping(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    (lam,) = parameters
    one, none = lam * 0.0 + 1.0, lam * 0.0
    return one, none, none, one, backend.sqrt(1.0 - lam + TINY)


def _misread(backend: ArrayBackend, parameters: Sequence[Array]) -> Sequence[Array]:
    p01, p10 = parameters
    return 1.0 - p01, p01, p10, 1.0 - p10, (p01 + p10) * 0.0


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


def _kraus_units() -> Any:
    """Return the unit matrices of a, b, c, d, e in the operators diag(a, b), diag(0, c), d|1⟩⟨0| and e|0⟩⟨1|."""
    units = np.zeros((5, 4, 2, 2), "complex128")
    for index, place in enumerate([(0, 0, 0), (0, 1, 1), (1, 1, 1), (2, 1, 0), (3, 0, 1)]):
        units[(index, *place)] = 1
    return units


_KRAUS_UNITS = _kraus_units()
# Populations 0→0, 0→1, 1→0, 1→1, and both coherences: what damping does to (ρ₀₀, ρ₀₁, ρ₁₀, ρ₁₁).
_FLOWS = np.stack([_unit(0, 0), _unit(3, 0), _unit(0, 3), _unit(3, 3), _unit(1, 1) + _unit(2, 2)])
_TWO_QUBIT_WORDS = ["".join(letters) for letters in product("IXYZ", repeat=2)]


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        _pauli_mixture("bit_flip", ["I", "X"]),
        _pauli_mixture("phase_flip", ["I", "Z"]),
        _pauli_mixture("depolarizing", ["I", "X", "Y", "Z"]),
        _pauli_mixture("depolarizing2", _TWO_QUBIT_WORDS),
        Channel("amplitude_damping", ("gamma",), 1, _FLOWS, _amplitude_damping, check_probability),
        Channel("phase_damping", ("lam",), 1, _FLOWS, _phase_damping, check_probability),
        Channel("thermal_relaxation", ("t1", "t2", "time", "excited"), 1, _FLOWS, _thermal_relaxation, _check_times),
        Channel("misread", ("p01", "p10"), 1, _FLOWS, _misread, check_probability),
        Channel("reset", (), 1, (_unit(0, 0) + _unit(0, 3))[None], _reset, _check_nothing),
    )
}
