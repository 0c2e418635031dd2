"""The gate table: what each named gate is, as constant data.

A gate is one of three things: a fixed unitary matrix; a rotation exp(−iθG/2) by one angle, given once by the
eigenvalues of its generator G and the projectors on its eigenspaces; or a sequence of such gates. Matrices follow
OpenQASM's stdgates and Qiskit. The first qubit of a gate is the most significant bit of its matrix.

Reference: A. Cross et al., "OpenQASM 3: a broader and deeper quantum assembly language", ACM TQC 3, 12 (2022).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Matrix = Any
"""A constant complex128 matrix of NumPy."""

Part = tuple[str, tuple[Any, ...], tuple[int, ...]]
"""A gate inside another: its name, its parameters, and which of the outer gate's qubits it acts on."""


@dataclass(frozen=True, eq=False)
class Gate:
    """A named gate: how many angles and qubits it takes; equal to itself alone, whatever else has its name."""

    name: str
    num_parameters: int
    num_qubits: int


@dataclass(frozen=True, eq=False)
class FixedGate(Gate):
    """A gate without parameters."""

    matrix: Matrix


@dataclass(frozen=True, eq=False)
class RotationGate(Gate):
    """exp(−iθG/2) = Σₖ exp(−iθλₖ/2) Pₖ, where G has eigenvalues λₖ and projectors Pₖ."""

    eigenvalues: tuple[float, ...]
    projectors: Matrix
    """Shape (eigenvalues, dimension, dimension)."""


@dataclass(frozen=True, eq=False)
class CompositeGate(Gate):
    """A gate that is a sequence of others; `parts(*parameters)` lists them, first applied first."""

    parts: Callable[..., Sequence[Part]]


def _matrix(rows: Sequence[Sequence[complex]]) -> Matrix:
    return np.array(rows, "complex128")


_R = math.sqrt(0.5)
_EYE, _X = _matrix([[1, 0], [0, 1]]), _matrix([[0, 1], [1, 0]])
_Y, _Z = _matrix([[0, -1j], [1j, 0]]), _matrix([[1, 0], [0, -1]])
_ZERO, _ONE = _matrix([[1, 0], [0, 0]]), _matrix([[0, 0], [0, 1]])
PAULIS = {"I": _EYE, "X": _X, "Y": _Y, "Z": _Z}


def controlled(matrix: Matrix, controls: int = 1) -> Matrix:
    """Return the matrix that acts on the last qubits where all the control qubits, which come first, are 1."""
    size = len(matrix)
    result = np.eye(size << controls, dtype="complex128")
    result[-size:, -size:] = matrix
    return result


def _diagonal(*entries: complex) -> Matrix:
    return np.diag(np.array(entries, "complex128"))


def _phase(angle: float) -> complex:
    return cmath.exp(1j * angle)


_SWAP = _matrix([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
_ISWAP = _matrix([[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]])
_H = _matrix([[_R, _R], [_R, -_R]])
_SX = _matrix([[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]])

FIXED: dict[str, Matrix] = {
    "id": _EYE,
    "x": _X,
    "y": _Y,
    "z": _Z,
    "h": _H,
    "s": _diagonal(1, 1j),
    "sdg": _diagonal(1, -1j),
    "t": _diagonal(1, _phase(math.pi / 4)),
    "tdg": _diagonal(1, _phase(-math.pi / 4)),
    "sx": _SX,
    "sxdg": _SX.conj().T,
    "cx": controlled(_X),
    "cy": controlled(_Y),
    "cz": controlled(_Z),
    "ch": controlled(_H),
    "csx": controlled(_SX),
    "csxdg": controlled(_SX.conj().T),
    "swap": _SWAP,
    "iswap": _ISWAP,
    "iswapdg": _ISWAP.conj().T,
    "cswap": controlled(_SWAP),
    "ccx": controlled(_X, 2),
    "ccz": controlled(_Z, 2),
}
"""The matrices of the gates without parameters."""


def pauli_matrix(word: str) -> Matrix:
    """Return the matrix of a Pauli word such as "XIZ"."""
    matrix = np.eye(1, dtype="complex128")
    for letter in word:
        matrix = np.kron(matrix, PAULIS[letter])
    return matrix


@cache
def pauli_rotation(word: str) -> RotationGate:
    """Return exp(−iθP/2) for a Pauli word P."""
    return _rotation("pauli_rotation", word)


def _rotation(name: str, word: str) -> RotationGate:
    pauli = pauli_matrix(word)
    eye = np.eye(len(pauli))
    return RotationGate(name, 1, len(word), (1.0, -1.0), np.stack([(eye + pauli) / 2, (eye - pauli) / 2]))


def _controlled_rotation(name: str, word: str) -> RotationGate:
    # G = |1⟩⟨1| ⊗ P has the eigenvalues 0 and ±1.
    plus, minus = _rotation(name, word).projectors
    idle = np.kron(_ZERO, np.eye(len(plus)))
    projectors = np.stack([idle, np.kron(_ONE, plus), np.kron(_ONE, minus)])
    return RotationGate(name, 1, len(word) + 1, (0.0, 1.0, -1.0), projectors)


def _phase_gate(name: str, num_qubits: int) -> RotationGate:
    # exp(iθ|1…1⟩⟨1…1|): G has the eigenvalues 0 and −2.
    last = np.zeros((1 << num_qubits, 1 << num_qubits), "complex128")
    last[-1, -1] = 1
    return RotationGate(name, 1, num_qubits, (0.0, -2.0), np.stack([np.eye(len(last)) - last, last]))


def _excitation(name: str, num_qubits: int) -> RotationGate:
    # A rotation by θ/2 in the plane of |1…10…0⟩ and |0…01…1⟩: G has the eigenvalues ±1 there and 0 elsewhere.
    size, half = 1 << num_qubits, num_qubits // 2
    low, high = (1 << half) - 1, ((1 << half) - 1) << half
    generator = np.zeros((size, size), "complex128")
    generator[high, low], generator[low, high] = 1j, -1j
    plane = generator @ generator
    projectors = np.stack([np.eye(size) - plane, (plane + generator) / 2, (plane - generator) / 2])
    return RotationGate(name, 1, num_qubits, (0.0, 1.0, -1.0), projectors)


def _u(theta: Any, phi: Any, lam: Any) -> Sequence[Part]:
    return ("p", (lam,), (0,)), ("ry", (theta,), (0,)), ("p", (phi,), (0,))


def _u2(phi: Any, lam: Any) -> Sequence[Part]:
    return _u(math.pi / 2, phi, lam)


def _cu(theta: Any, phi: Any, lam: Any, gamma: Any) -> Sequence[Part]:
    return (
        ("p", (gamma,), (0,)),
        ("cp", (lam,), (0, 1)),
        ("cry", (theta,), (0, 1)),
        ("cp", (phi,), (0, 1)),
    )


GATES: dict[str, Gate] = {
    **{name: FixedGate(name, 0, len(matrix).bit_length() - 1, matrix) for name, matrix in FIXED.items()},
    **{
        name: _rotation(name, word)
        for name, word in {
            "rx": "X",
            "ry": "Y",
            "rz": "Z",
            "rxx": "XX",
            "ryy": "YY",
            "rzz": "ZZ",
            "rzx": "ZX",
        }.items()
    },
    **{name: _controlled_rotation(name, word) for name, word in {"crx": "X", "cry": "Y", "crz": "Z"}.items()},
    "p": _phase_gate("p", 1),
    "cp": _phase_gate("cp", 2),
    "single_excitation": _excitation("single_excitation", 2),
    "double_excitation": _excitation("double_excitation", 4),
    "u": CompositeGate("u", 3, 1, _u),
    "u2": CompositeGate("u2", 2, 1, _u2),
    "cu": CompositeGate("cu", 4, 2, _cu),
}

ALIASES = {
    "cnot": "cx",
    "toffoli": "ccx",
    "fredkin": "cswap",
    "i": "id",
    "u1": "p",
    "u3": "u",
    "phase": "p",
    "cphase": "cp",
}

_ADJOINT_PAIRS = (("s", "sdg"), ("t", "tdg"), ("sx", "sxdg"), ("csx", "csxdg"), ("iswap", "iswapdg"))
INVERSES: dict[str, str] = {
    **{name: name for name in FIXED},
    **dict(_ADJOINT_PAIRS),
    **{right: left for left, right in _ADJOINT_PAIRS},
    "barrier": "barrier",
}
"""The gate that undoes each fixed one; most undo themselves."""
