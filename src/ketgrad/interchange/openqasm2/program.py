"""What reading gives: plain, immutable data that names no simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Conditions: TypeAlias = tuple[tuple[int, int], ...]
"""Flattened classical bits, each with the value, 0 or 1, that it must have."""


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
    """One gate applied to qubits, where classical bits have their values.

    Parameters
    ----------
    name
        One of the native gates listed in `builtin.NATIVE`.
    parameters
        Angles in radians, in the order of OpenQASM.
    qubits
        Flattened indices, controls first.
    conditions
        All bits of the register that an `if` compares, each with its value; none without an `if`.

    Examples
    --------
    >>> Instruction("crz", (0.5,), (2, 0))
    Instruction(name='crz', parameters=(0.5,), qubits=(2, 0), conditions=())
    """

    name: str
    parameters: tuple[float, ...]
    qubits: tuple[int, ...]
    conditions: Conditions = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """One qubit measured into one classical bit, which then has the outcome, whatever it had before.

    Parameters
    ----------
    qubit, bit
        Flattened indices.

    Examples
    --------
    >>> Measurement(qubit=2, bit=0)
    Measurement(qubit=2, bit=0)
    """

    qubit: int
    bit: int


@dataclass(frozen=True, slots=True)
class Reset:
    """One qubit put into |0⟩, whatever it was.

    Parameters
    ----------
    qubit
        Flattened index.

    Examples
    --------
    >>> Reset(qubit=2)
    Reset(qubit=2)
    """

    qubit: int


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
        Gates, measurements and resets in the order of the program. Classical bits are 0 until a measurement.

    Examples
    --------
    >>> from ketgrad.interchange.openqasm2 import read
    >>> read("OPENQASM 2.0; qreg q[1]; U(0, 0, 0.5) q;").operations
    (Instruction(name='u', parameters=(0.0, 0.0, 0.5), qubits=(0,), conditions=()),)
    """

    num_qubits: int
    quantum_registers: tuple[Register, ...]
    classical_registers: tuple[Register, ...]
    operations: tuple[Instruction | Measurement | Reset, ...]
