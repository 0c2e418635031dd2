"""What the gates of qelib1.inc do, against matrices written down here.

Qubit 0 is the most significant bit of a row's index. OpenQASM 2 cannot observe a global phase, so
that matrices are compared up to one.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ketgrad.interchange.openqasm2 import Instruction, read
from ketgrad.interchange.openqasm2.builtin import NATIVE, qelib1

Matrix = NDArray[Any]
THETA, PHI, LAMBDA, GAMMA = 0.7, -1.3, 2.1, 0.4
X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
H = (X + Z) / math.sqrt(2)
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]


def phase(angle: float) -> Matrix:
    return np.diag([1, cmath.exp(1j * angle)])


def u(theta: float, phi: float, lam: float) -> Matrix:
    c, s = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [
            [c, -cmath.exp(1j * lam) * s],
            [cmath.exp(1j * phi) * s, cmath.exp(1j * (phi + lam)) * c],
        ]
    )


def rotation(pauli: Matrix, theta: float) -> Matrix:
    return math.cos(theta / 2) * np.eye(len(pauli)) - 1j * math.sin(theta / 2) * pauli


def controlled(gate: Matrix, controls: int = 1) -> Matrix:
    size = len(gate) << controls
    result = np.eye(size, dtype=complex)
    result[size - len(gate) :, size - len(gate) :] = gate
    return result


def native_matrix(name: str, p: tuple[float, ...]) -> Matrix:
    fixed: dict[str, Matrix] = {
        "id": np.eye(2), "x": X, "y": Y, "z": Z, "h": H,
        "s": phase(math.pi / 2), "sdg": phase(-math.pi / 2),
        "t": phase(math.pi / 4), "tdg": phase(-math.pi / 4),
        "cx": controlled(X), "ccx": controlled(X, 2), "csx": controlled(SX),
    }  # fmt: skip
    angled: dict[str, Callable[..., Matrix]] = {
        "u": u,
        "p": phase,
        "cp": lambda a: controlled(phase(a)),
        "cu": cu,
    }
    return fixed[name] if name in fixed else angled[name](*p)


def cu(theta: float, phi: float, lam: float, gamma: float) -> Matrix:
    return controlled(cmath.exp(1j * gamma) * u(theta, phi, lam))


def embedded(gate: Matrix, qubits: tuple[int, ...], num_qubits: int) -> Matrix:
    """The matrix of `gate` on those qubits, by brute force over basis states."""
    size = 1 << num_qubits
    result = np.zeros((size, size), dtype=complex)
    shifts = [num_qubits - 1 - qubit for qubit in qubits]
    for column in range(size):
        inside = sum((column >> s & 1) << i for i, s in enumerate(reversed(shifts)))
        outside = column & ~sum(1 << s for s in shifts)
        for row in range(len(gate)):
            bits = sum((row >> i & 1) << s for i, s in enumerate(reversed(shifts)))
            result[outside | bits, column] += gate[row, inside]
    return result


def dense(operations: tuple[Instruction, ...], num_qubits: int) -> Matrix:
    result = np.eye(1 << num_qubits, dtype=complex)
    for o in operations:
        result = embedded(native_matrix(o.name, o.parameters), o.qubits, num_qubits) @ result
    return result


def assert_same_up_to_phase(actual: Matrix, expected: Matrix) -> None:
    overlap = np.trace(expected.conj().T @ actual) / len(expected)
    np.testing.assert_allclose(actual, overlap / abs(overlap) * expected, atol=1e-12)


def applied(statement: str, num_qubits: int, definition: str = "") -> Matrix:
    include = "" if definition else 'include "qelib1.inc";'
    program = read(f"OPENQASM 2.0; {include} {definition} qreg q[{num_qubits}]; {statement}")
    gates = tuple(item for item in program.operations if isinstance(item, Instruction))
    return dense(gates, num_qubits)


def on(*qubits: int) -> str:
    return ", ".join(f"q[{qubit}]" for qubit in qubits)


def rccx() -> Matrix:
    """Toffoli up to phases, as Qiskit documents it."""
    result = np.eye(8, dtype=complex)
    result[5, 5] = -1
    result[6:, 6:] = [[0, -1j], [1j, 0]]
    return result


def rc3x() -> Matrix:
    """Three-controlled X up to phases, as Qiskit documents it."""
    result = np.eye(16, dtype=complex)
    result[12, 12], result[13, 13] = 1j, -1j
    result[14:, 14:] = [[0, 1], [-1, 0]]
    return result


QELIB1 = {
    "u0(1)": np.eye(2),
    f"u1({LAMBDA})": phase(LAMBDA),
    f"u2({PHI},{LAMBDA})": u(math.pi / 2, PHI, LAMBDA),
    f"u3({THETA},{PHI},{LAMBDA})": u(THETA, PHI, LAMBDA),
    f"cu1({LAMBDA})": controlled(phase(LAMBDA)),
    f"cu3({THETA},{PHI},{LAMBDA})": controlled(u(THETA, PHI, LAMBDA)),
    "rccx": rccx(),
    "rc3x": rc3x(),
    "c3x": controlled(X, 3),
    "c3sqrtx": controlled(SX, 3),
    "c4x": controlled(X, 4),
}


@pytest.mark.parametrize("call", QELIB1)
def test_a_gate_of_qelib1_that_is_not_native_has_its_matrix_in_any_order(call: str) -> None:
    expected = QELIB1[call]
    num_qubits = len(expected).bit_length() - 1
    for turn in range(num_qubits):
        qubits = (*range(turn, num_qubits), *range(turn))
        actual = applied(f"{call} {on(*qubits)};", num_qubits)
        np.testing.assert_allclose(actual, embedded(expected, qubits, num_qubits), atol=1e-12)


@pytest.mark.parametrize("name", sorted(NATIVE))
def test_a_native_gate_is_passed_on_unchanged(name: str) -> None:
    gate = NATIVE[name]
    values = (0.5, 1.5, 2.5, 3.5)[: gate.num_parameters]
    qubits = (2, 0, 1)[: gate.num_qubits]
    call = name + (f"({','.join(map(str, values))})" if values else "")
    program = read(f'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; {call} {on(*qubits)};')
    assert program.operations == (Instruction(name, values, qubits),)


def test_the_native_gates_are_those_of_the_simulator() -> None:
    expected = (
        "id x y z h s sdg t tdg sx sxdg rx ry rz p u cx cy cz ch csx cp crx cry crz cu swap "
        "iswap cswap ccx ccz rxx ryy rzz rzx"
    )
    assert set(NATIVE) == set(expected.split())


def test_qelib1_holds_what_qiskit_ships() -> None:
    expected = (
        "u3 u2 u1 cx id u0 u p x y z h s sdg t tdg rx ry rz sx sxdg cz cy swap ch ccx cswap crx "
        "cry crz cu1 cp cu3 csx cu rxx rzz rccx rc3x c3x c3sqrtx c4x"
    )
    assert set(qelib1()) == set(expected.split())


# Definitions from appendix A of arXiv:1707.03429 and from Barenco et al., quant-ph/9503016.
LITERATURE = {
    "gate g a { U(pi/2,0,pi) a; }": H,
    "gate g a { U(pi,pi/2,pi/2) a; }": Y,
    f"gate r(a) q {{ U(a,-pi/2,pi/2) q; }} gate g q {{ r({THETA}) q; }}": rotation(X, THETA),
    f"gate r(a) q {{ U(0,0,a) q; }} gate g q {{ r({THETA}) q; }}": rotation(Z, THETA),
    "gate g a, b { CX a,b; CX b,a; CX a,b; }": SWAP,
    "gate h a { U(pi/2,0,pi) a; } gate g a, b { h b; CX a,b; h b; }": controlled(Z),
    f"gate v(l) a, b {{ U(0,0,l/2) b; CX a,b; U(0,0,-l/2) b; CX a,b; }} "
    f"gate g a, b {{ v({LAMBDA}) a, b; }}": controlled(rotation(Z, LAMBDA)),
    f"gate v(l) a, b {{ CX a,b; U(0,0,l) b; CX a,b; }} gate g a, b {{ v({THETA}) a, b; }}": (
        rotation(np.kron(Z, Z), THETA)
    ),
    "gate h a { U(pi/2,0,pi) a; } gate t a { U(0,0,pi/4) a; } gate tdg a { U(0,0,-pi/4) a; }"
    "gate g a, b, c { h c; CX b,c; tdg c; CX a,c; t c; CX b,c; tdg c; CX a,c;"
    "t b; t c; h c; CX a,b; t a; tdg b; CX a,b; }": controlled(X, 2),
    f"gate u1(l) q {{ U(0,0,l) q; }} gate v(theta,phi,lambda) c, t {{"
    "u1((lambda+phi)/2) c; u1((lambda-phi)/2) t; CX c,t;"
    "U(-theta/2,0,-(phi+lambda)/2) t; CX c,t; U(theta/2,phi,0) t; }"
    f"gate g c, t {{ v({THETA},{PHI},{LAMBDA}) c, t; }}": controlled(u(THETA, PHI, LAMBDA)),
}


@pytest.mark.parametrize("definition", LITERATURE)
def test_a_definition_from_the_literature_expands_to_its_matrix(definition: str) -> None:
    expected = LITERATURE[definition]
    num_qubits = len(expected).bit_length() - 1
    actual = applied(f"g {on(*range(num_qubits))};", num_qubits, definition)
    assert_same_up_to_phase(actual, expected)


def test_the_comparison_up_to_phase_tells_different_matrices_apart() -> None:
    with pytest.raises(AssertionError):
        assert_same_up_to_phase(controlled(phase(THETA)), controlled(rotation(Z, THETA)))
    assert_same_up_to_phase(1j * H, H)
