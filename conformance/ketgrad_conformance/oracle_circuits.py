"""Circuits by plain Python: one loop over amplitudes, and the gates' matrices as they are printed in textbooks."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping, Sequence

from ketgrad_conformance import oracle

Matrix = list[list[complex]]
Amplitudes = list[complex]
Operations = Sequence[tuple[str, Sequence[float], Sequence[int]]]
"""Name, parameters and qubits of each gate, in order."""

R = math.sqrt(0.5)
PAULI: dict[str, Matrix] = {"X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]], "Z": [[1, 0], [0, -1]]}


def identity(size: int) -> Matrix:
    """Return the identity matrix."""
    return [[float(row == column) for column in range(size)] for row in range(size)]


def kron(left: Matrix, right: Matrix) -> Matrix:
    """Return the Kronecker product; the left factor is the more significant."""
    return [[a * b for a in row for b in other] for row in left for other in right]


def controlled(matrix: Matrix, controls: int = 1) -> Matrix:
    """Return the matrix that acts where all the controls, which come first, are 1."""
    size = len(matrix)
    result = identity(size << controls)
    for row in range(size):
        result[len(result) - size + row][len(result) - size :] = matrix[row]
    return result


def phases(*angles: float) -> Matrix:
    """Return the diagonal matrix of e^{i·angle}."""
    return [[cmath.exp(1j * a) if r == c else 0 for c in range(len(angles))] for r, a in enumerate(angles)]


def rotation(word: str) -> Callable[[float], Matrix]:
    """Return θ ↦ exp(−iθP/2) = cos(θ/2) − i sin(θ/2) P."""
    pauli: Matrix = [[1]]
    for letter in word:
        pauli = kron(pauli, PAULI[letter])

    def matrix(theta: float) -> Matrix:
        unit = identity(len(pauli))
        return oracle.each(lambda a, b: math.cos(theta / 2) * a - 1j * math.sin(theta / 2) * b, unit, pauli)

    return matrix


def u(theta: float, phi: float, lam: float, gamma: float = 0.0) -> Matrix:
    """Return the general unitary of one qubit, Qiskit's `U`, times e^{iγ}."""
    c, s = math.cos(theta / 2), math.sin(theta / 2)
    rows = [[c, -cmath.exp(1j * lam) * s], [cmath.exp(1j * phi) * s, cmath.exp(1j * (phi + lam)) * c]]
    return oracle.each(lambda entry: cmath.exp(1j * gamma) * entry, rows)


H: Matrix = [[R, R], [R, -R]]
SX: Matrix = [[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]]
SWAP: Matrix = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]

GATES: Mapping[str, Callable[..., Matrix]] = {
    "id": lambda: identity(2),
    "x": lambda: PAULI["X"],
    "y": lambda: PAULI["Y"],
    "z": lambda: PAULI["Z"],
    "h": lambda: H,
    "s": lambda: phases(0, math.pi / 2),
    "sdg": lambda: phases(0, -math.pi / 2),
    "t": lambda: phases(0, math.pi / 4),
    "tdg": lambda: phases(0, -math.pi / 4),
    "sx": lambda: SX,
    "rx": rotation("X"),
    "ry": rotation("Y"),
    "rz": rotation("Z"),
    "p": lambda phi: phases(0, phi),
    "u": lambda theta, phi, lam: u(theta, phi, lam),
    "u2": lambda phi, lam: u(math.pi / 2, phi, lam),
    "cx": lambda: controlled(PAULI["X"]),
    "cy": lambda: controlled(PAULI["Y"]),
    "cz": lambda: controlled(PAULI["Z"]),
    "ch": lambda: controlled(H),
    "csx": lambda: controlled(SX),
    "swap": lambda: SWAP,
    "iswap": lambda: [[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]],
    "cp": lambda phi: phases(0, 0, 0, phi),
    "crx": lambda theta: controlled(rotation("X")(theta)),
    "cry": lambda theta: controlled(rotation("Y")(theta)),
    "crz": lambda theta: controlled(rotation("Z")(theta)),
    "cu": lambda theta, phi, lam, gamma: controlled(u(theta, phi, lam, gamma)),
    "rxx": rotation("XX"),
    "ryy": rotation("YY"),
    "rzz": rotation("ZZ"),
    "rzx": rotation("ZX"),
    "ccx": lambda: controlled(PAULI["X"], 2),
    "ccz": lambda: controlled(PAULI["Z"], 2),
    "cswap": lambda: controlled(SWAP),
}


def state(num_qubits: int, operations: Operations) -> Amplitudes:
    """Return the amplitudes that the gates make of |0…0⟩, qubit 0 most significant."""
    amplitudes: Amplitudes = [1.0, *[0.0] * ((1 << num_qubits) - 1)]
    for name, parameters, qubits in operations:
        amplitudes = apply(amplitudes, GATES[name](*parameters), qubits, num_qubits)
    return amplitudes


def apply(amplitudes: Amplitudes, matrix: Matrix, qubits: Sequence[int], num_qubits: int) -> Amplitudes:
    """Return the amplitudes after a matrix on some qubits, the first one most significant in it."""
    masks = [1 << (num_qubits - 1 - qubit) for qubit in qubits]
    size = len(masks)
    result: Amplitudes = []
    for index in range(len(amplitudes)):
        row = sum(bool(index & mask) << (size - 1 - place) for place, mask in enumerate(masks))
        rest = index & ~sum(masks)
        sources = (rest + _spread(column, masks) for column in range(1 << size))
        result.append(sum(matrix[row][column] * amplitudes[source] for column, source in enumerate(sources)))
    return result


def _spread(number: int, masks: Sequence[int]) -> int:
    """Return the sum of the masks whose bits are 1 in a number, the first mask being its highest bit."""
    return sum(mask for place, mask in enumerate(reversed(masks)) if number >> place & 1)


def expectation(amplitudes: Amplitudes, terms: Mapping[str, float], num_qubits: int) -> float:
    """Return ⟨ψ|H|ψ⟩ for words such as "X0 Z2" with their coefficients."""
    total = 0.0
    for word, coefficient in terms.items():
        moved = amplitudes
        for factor in word.split():
            moved = apply(moved, PAULI[factor[0]], [int(factor[1:])], num_qubits)
        pairs = zip(amplitudes, moved, strict=True)
        total += coefficient * sum((complex(bra).conjugate() * ket).real for bra, ket in pairs)
    return total


def derivative(function: Callable[[float], float], x: float, step: float = 1e-3) -> float:
    """Return f′(x) by differences of fourth order, which for sines of small frequency keep eleven digits."""
    near = function(x + step) - function(x - step)
    far = function(x + 2 * step) - function(x - 2 * step)
    return (8 * near - far) / (12 * step)
