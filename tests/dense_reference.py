"""A slow, plain simulator to compare with: matrices as the literature prints them, embedded by loops over basis states.

It shares nothing with ketgrad. Matrices are those of OpenQASM 3's stdgates.inc and of Qiskit's circuit library, whose
phases differ for u alone: there Qiskit's is meant. Qubit 0 is the most significant bit, and the first qubit of a gate
is the most significant bit of its matrix.

References: A. Cross et al., ACM TQC 3, 12 (2022); Qiskit documentation, `qiskit.circuit.library`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy import cos, exp, pi, sin, sqrt

Matrix = Any
Instruction = tuple[str, tuple[float, ...], tuple[int, ...]]
"""A gate's name, its angles, its qubits."""
Terms = Mapping[str, complex]
"""Pauli words such as "X0 Z2", the identity as "", with their coefficients."""


class Gate(NamedTuple):
    """How many angles and qubits a gate takes, and its matrix as a function of the angles."""

    angles: int
    qubits: int
    matrix: Callable[..., Any]


def controlled(matrix: Matrix, controls: int = 1) -> Matrix:
    """Apply a matrix where all of the first qubits are 1."""
    size = len(matrix) * 2**controls
    return [
        [
            matrix[row - size + len(matrix)][column - size + len(matrix)]
            if row >= size - len(matrix) and column >= size - len(matrix)
            else float(row == column)
            for column in range(size)
        ]
        for row in range(size)
    ]


X = [[0, 1], [1, 0]]
Y = [[0, -1j], [1j, 0]]
Z = [[1, 0], [0, -1]]
H = [[1 / sqrt(2), 1 / sqrt(2)], [1 / sqrt(2), -1 / sqrt(2)]]
SX = [[(1 + 1j) / 2, (1 - 1j) / 2], [(1 - 1j) / 2, (1 + 1j) / 2]]
SWAP = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
PAULIS = {"I": [[1, 0], [0, 1]], "X": X, "Y": Y, "Z": Z}


def rx(t: float) -> Matrix:
    return [[cos(t / 2), -1j * sin(t / 2)], [-1j * sin(t / 2), cos(t / 2)]]


def ry(t: float) -> Matrix:
    return [[cos(t / 2), -sin(t / 2)], [sin(t / 2), cos(t / 2)]]


def rz(t: float) -> Matrix:
    return [[exp(-1j * t / 2), 0], [0, exp(1j * t / 2)]]


def p(a: float) -> Matrix:
    return [[1, 0], [0, exp(1j * a)]]


def u(t: float, a: float, b: float) -> Matrix:
    return [
        [cos(t / 2), -exp(1j * b) * sin(t / 2)],
        [exp(1j * a) * sin(t / 2), exp(1j * (a + b)) * cos(t / 2)],
    ]


def u2(a: float, b: float) -> Matrix:
    return [[1 / sqrt(2), -exp(1j * b) / sqrt(2)], [exp(1j * a) / sqrt(2), exp(1j * (a + b)) / sqrt(2)]]


def cu(t: float, a: float, b: float, g: float) -> Matrix:
    return controlled([[exp(1j * g) * entry for entry in row] for row in u(t, a, b)])


def rxx(t: float) -> Matrix:
    c, s = cos(t / 2), -1j * sin(t / 2)
    return [[c, 0, 0, s], [0, c, s, 0], [0, s, c, 0], [s, 0, 0, c]]


def ryy(t: float) -> Matrix:
    c, s = cos(t / 2), 1j * sin(t / 2)
    return [[c, 0, 0, s], [0, c, -s, 0], [0, -s, c, 0], [s, 0, 0, c]]


def rzz(t: float) -> Matrix:
    return np.diag([exp(-1j * t / 2), exp(1j * t / 2), exp(1j * t / 2), exp(-1j * t / 2)])


def rzx(t: float) -> Matrix:
    c, s = cos(t / 2), -1j * sin(t / 2)
    return [[c, s, 0, 0], [s, c, 0, 0], [0, 0, c, -s], [0, 0, -s, c]]


def plane_rotation(size: int, first: int, second: int) -> Callable[[float], Matrix]:
    """Rotate by t/2 from basis state `first` towards `second`."""

    def matrix(t: float) -> Matrix:
        rows = np.eye(size)
        rows[first, first] = rows[second, second] = cos(t / 2)
        rows[second, first], rows[first, second] = sin(t / 2), -sin(t / 2)
        return rows

    return matrix


def fixed(qubits: int, matrix: Matrix) -> Gate:
    return Gate(0, qubits, lambda: matrix)


GATES: dict[str, Gate] = {
    "id": fixed(1, [[1, 0], [0, 1]]),
    "x": fixed(1, X),
    "y": fixed(1, Y),
    "z": fixed(1, Z),
    "h": fixed(1, H),
    "s": fixed(1, [[1, 0], [0, 1j]]),
    "sdg": fixed(1, [[1, 0], [0, -1j]]),
    "t": fixed(1, [[1, 0], [0, (1 + 1j) / sqrt(2)]]),
    "tdg": fixed(1, [[1, 0], [0, (1 - 1j) / sqrt(2)]]),
    "sx": fixed(1, SX),
    "sxdg": fixed(1, [[(1 - 1j) / 2, (1 + 1j) / 2], [(1 + 1j) / 2, (1 - 1j) / 2]]),
    "rx": Gate(1, 1, rx),
    "ry": Gate(1, 1, ry),
    "rz": Gate(1, 1, rz),
    "p": Gate(1, 1, p),
    "u": Gate(3, 1, u),
    "u2": Gate(2, 1, u2),
    "cx": fixed(2, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    "cy": fixed(2, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, -1j], [0, 0, 1j, 0]]),
    "cz": fixed(2, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]),
    "ch": fixed(2, controlled(H)),
    "csx": fixed(2, controlled(SX)),
    "csxdg": fixed(2, controlled([[(1 - 1j) / 2, (1 + 1j) / 2], [(1 + 1j) / 2, (1 - 1j) / 2]])),
    "cp": Gate(1, 2, lambda a: controlled(p(a))),
    "crx": Gate(1, 2, lambda t: controlled(rx(t))),
    "cry": Gate(1, 2, lambda t: controlled(ry(t))),
    "crz": Gate(1, 2, lambda t: controlled(rz(t))),
    "cu": Gate(4, 2, cu),
    "swap": fixed(2, SWAP),
    "iswap": fixed(2, [[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]]),
    "iswapdg": fixed(2, [[1, 0, 0, 0], [0, 0, -1j, 0], [0, -1j, 0, 0], [0, 0, 0, 1]]),
    "rxx": Gate(1, 2, rxx),
    "ryy": Gate(1, 2, ryy),
    "rzz": Gate(1, 2, rzz),
    "rzx": Gate(1, 2, rzx),
    "single_excitation": Gate(1, 2, plane_rotation(4, 0b01, 0b10)),
    "double_excitation": Gate(1, 4, plane_rotation(16, 0b0011, 0b1100)),
    "ccx": fixed(3, controlled(X, 2)),
    "ccz": fixed(3, np.diag([1, 1, 1, 1, 1, 1, 1, -1])),
    "cswap": fixed(3, controlled(SWAP)),
}
ALIASES = {"cnot": "cx", "toffoli": "ccx", "fredkin": "cswap", "cphase": "cp", "phase": "p", "u1": "p", "u3": "u"}
EVERY_GATE = {**GATES, **{alias: GATES[name] for alias, name in ALIASES.items()}}
"""The gates under all their names."""

PREPARATION: list[Instruction] = [
    *(("ry", (0.3 + 0.41 * qubit,), (qubit,)) for qubit in range(5)),
    *(("rz", (1.1 - 0.37 * qubit,), (qubit,)) for qubit in range(5)),
    *(("cx", (), (qubit, (qubit + 1) % 5)) for qubit in range(5)),
    *(("rx", (0.8 + 0.23 * qubit,), (qubit,)) for qubit in range(5)),
]
"""Brings 5 qubits into a state without symmetry, in which all 32 amplitudes differ."""


def gate_matrix(name: str, angles: Sequence[float] = ()) -> Matrix:
    return np.array(EVERY_GATE[name].matrix(*angles), complex)


def bits_of(index: int, n: int) -> list[int]:
    """Return the bits of a basis state, qubit 0 first and most significant."""
    return [(index >> (n - 1 - qubit)) & 1 for qubit in range(n)]


def index_of(bits: Iterable[int]) -> int:
    index = 0
    for bit in bits:
        index = 2 * index + bit
    return index


def embed(matrix: Matrix, qubits: Sequence[int], n: int) -> Matrix:
    """Return the matrix of shape (2^n, 2^n) that acts as the given one on some of n qubits."""
    result = np.zeros((2**n, 2**n), complex)
    for column in range(2**n):
        before = bits_of(column, n)
        local_column = index_of(before[qubit] for qubit in qubits)
        for local_row in range(len(matrix)):
            after = list(before)
            for qubit, bit in zip(qubits, bits_of(local_row, len(qubits)), strict=True):
                after[qubit] = bit
            result[index_of(after), column] += matrix[local_row][local_column]
    return result


@cache
def _embedded(name: str, angles: tuple[float, ...], qubits: tuple[int, ...], n: int) -> Matrix:
    return embed(gate_matrix(name, angles), qubits, n)


def run(program: Iterable[Instruction], n: int, state: Matrix | None = None) -> Matrix:
    """Return the state that a program makes of another one, or of |0…0⟩."""
    if state is None:
        state = np.eye(1, 2**n, dtype=complex)[0]
    for name, angles, qubits in program:
        state = _embedded(name, tuple(angles), tuple(qubits), n) @ state
    return state


def probabilities(state: Matrix, qubits: Sequence[int] | None = None) -> Matrix:
    """Return the outcomes' probabilities for some qubits in the order given."""
    n = len(state).bit_length() - 1
    chosen = range(n) if qubits is None else qubits
    result = np.zeros(2 ** len(chosen))
    for index, amplitude in enumerate(state):
        bits = bits_of(index, n)
        result[index_of(bits[qubit] for qubit in chosen)] += abs(amplitude) ** 2
    return result


def pauli_matrix(terms: Terms, n: int) -> Matrix:
    """Return a sum of Pauli words as a matrix, by Kronecker products."""
    total = np.zeros((2**n, 2**n), complex)
    for word, coefficient in terms.items():
        letters = {int(factor[1:]): factor[0] for factor in word.split()}
        product = np.eye(1)
        for qubit in range(n):
            product = np.kron(product, PAULIS[letters.get(qubit, "I")])
        total += coefficient * product
    return total


def expectation(terms: Terms, state: Matrix) -> float:
    operator = pauli_matrix(terms, len(state).bit_length() - 1)
    return float((state.conj() @ operator @ state).real)


def variance(terms: Terms, state: Matrix) -> float:
    operator = pauli_matrix(terms, len(state).bit_length() - 1)
    square = float((state.conj() @ operator @ operator @ state).real)
    return square - expectation(terms, state) ** 2


def partial_derivative(function: Callable[[Any], Any], index: int, step: float = 1e-3) -> Callable[[Any], Any]:
    """Differentiate by one entry of an array: the five-point stencil, whose error is h⁴/30 of the fifth derivative."""

    def derivative(values: Any) -> Any:
        unit = step * np.eye(len(values))[index]
        values = np.asarray(values, float)
        near = function(values + unit) - function(values - unit)
        far = function(values + 2 * unit) - function(values - 2 * unit)
        return (8 * near - far) / (12 * step)

    return derivative


def gradient(function: Callable[[Any], Any], values: Sequence[float]) -> Matrix:
    """Return the partial derivatives; those of an array-valued function on the last axis."""
    return np.stack([partial_derivative(function, index)(values) for index in range(len(values))], axis=-1)


def hessian(function: Callable[[Any], float], values: Sequence[float]) -> Matrix:
    """Return the second derivatives of a function of frequencies up to about one; good to 1e-9."""
    size = range(len(values))
    firsts = [partial_derivative(function, index, 1e-2) for index in size]
    return np.array([[partial_derivative(first, index, 1e-2)(values) for index in size] for first in firsts])


def random_program(seed: int, n: int, length: int) -> list[Instruction]:
    """Return a program of gates drawn at random from all that fit."""
    generator = np.random.default_rng(seed)
    names = sorted(name for name, gate in GATES.items() if gate.qubits <= n)
    program: list[Instruction] = []
    for _ in range(length):
        name = names[generator.integers(len(names))]
        angles = tuple(generator.uniform(-pi, pi, GATES[name].angles).tolist())
        program.append((name, angles, tuple(generator.permutation(n)[: GATES[name].qubits].tolist())))
    return program


def places(num_qubits: int, n: int) -> list[tuple[int, ...]]:
    """Return every way to put a gate on some of n qubits."""
    return list(permutations(range(n), num_qubits))


def play(circuit: Any, program: Iterable[Instruction]) -> Any:
    """Append a program to anything that has gates as methods, parameters first, then qubits."""
    for name, angles, qubits in program:
        getattr(circuit, name)(*angles, *qubits)
    return circuit
