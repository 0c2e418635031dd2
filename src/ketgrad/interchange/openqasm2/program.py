"""What reading gives: plain, immutable data that names no simulator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Register:
    """A named run of consecutive qubits or classical bits.

    Parameters
    ----------
    name
        As declared.
    size
        Number of qubits or bits, at least 1.
    offset
        Index of its first one among all that the program declares.

    Examples
    --------
    >>> Register("q", size=2, offset=3)
    Register(name='q', size=2, offset=3)
    """

    name: str
    size: int
    offset: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """One gate applied to qubits.

    Parameters
    ----------
    name
        One of the native gates listed in `builtin.NATIVE`.
    parameters
        Angles in radians, in the order of OpenQASM.
    qubits
        Flattened indices, controls first.

    Examples
    --------
    >>> Instruction("crz", (0.5,), (2, 0))
    Instruction(name='crz', parameters=(0.5,), qubits=(2, 0))
    """

    name: str
    parameters: tuple[float, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program with every gate expanded to native ones and every register flattened.

    Parameters
    ----------
    num_qubits
        Size of all quantum registers together.
    quantum_registers, classical_registers
        In order of declaration; the first declared starts at index 0.
    operations
        Gates in the order of application.
    measurements
        Pairs (qubit, classical bit), flattened, in the order of the program. No gate follows the
        measurement of its qubit.

    Examples
    --------
    >>> from ketgrad.interchange.openqasm2 import read
    >>> read("OPENQASM 2.0; qreg q[1]; U(0, 0, 0.5) q;").operations
    (Instruction(name='u', parameters=(0.0, 0.0, 0.5), qubits=(0,)),)
    """

    num_qubits: int
    quantum_registers: tuple[Register, ...]
    classical_registers: tuple[Register, ...]
    operations: tuple[Instruction, ...]
    measurements: tuple[tuple[int, int], ...]
