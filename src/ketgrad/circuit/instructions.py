"""What a circuit is made of: gates and channels, measurements, post-selections, prepared states, read-out errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.checks import Controls, is_number
from ketgrad.circuit.parameters import Declaration, Expression, is_symbolic
from ketgrad.errors import InvalidValueError


@dataclass(frozen=True, eq=False)
class Operation:
    """A gate or channel of the tables with its parameters and qubits.

    The one parameter of "unitary" is the matrix, those of "kraus" are the Kraus operators; "pauli_rotation" has its
    Pauli word beside its angle.
    """

    name: str
    parameters: tuple[Any, ...]
    qubits: tuple[int, ...]
    controls: Controls = ()
    conditions: Controls = ()
    """Classical bits, each with the value on which the gate acts."""
    is_adjoint: bool = False
    """Whether a unitary's matrix acts as its conjugate transpose."""
    word: str = ""
    """The Pauli word of a "pauli_rotation", a letter for each qubit."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation) or self._place() != other._place():
            return False
        return _same_values(self.parameters, other.parameters)

    def __hash__(self) -> int:
        return hash(self._place())

    def _place(self) -> tuple[Any, ...]:
        return (
            self.name,
            self.qubits,
            self.controls,
            self.conditions,
            self.is_adjoint,
            self.word,
            len(self.parameters),
        )

    @property
    def is_channel(self) -> bool:
        """Whether it is a noise channel, which makes a state mixed."""
        return self.name in CHANNELS or self.name == "kraus"

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The parameters that are single numbers, which matrices are not."""
        return () if self.name in ("unitary", "kraus") else self.parameters


@dataclass(frozen=True)
class Measure:
    """A qubit is measured into a classical bit."""

    qubit: int
    bit: int

    @property
    def qubits(self) -> tuple[int, ...]:
        return (self.qubit,)


@dataclass(frozen=True)
class PostSelect:
    """Only the runs are kept in which these qubits are found with these values."""

    bits: str
    qubits: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Prepare:
    """Qubits in |0…0⟩ take a state Σ aᵢ|i⟩ / ‖a‖, the first qubit most significant.

    The amplitudes are an array of shape (2^k,), or a tuple of numbers and symbols.
    """

    amplitudes: Any
    qubits: tuple[int, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prepare) or self.qubits != other.qubits:
            return False
        if isinstance(self.amplitudes, tuple) and isinstance(other.amplitudes, tuple):
            return _same_values(self.amplitudes, other.amplitudes)
        return _same(self.amplitudes, other.amplitudes)

    def __hash__(self) -> int:
        return hash((Prepare, self.qubits))

    @property
    def numbers(self) -> tuple[Any, ...]:
        return self.amplitudes if isinstance(self.amplitudes, tuple) else ()


@dataclass(frozen=True, eq=False)
class ReadoutError:
    """From here on a qubit's 0 is read as 1 with the first probability, its 1 as 0 with the second."""

    parameters: tuple[Any, Any]
    qubit: int

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ReadoutError)
            and self.qubit == other.qubit
            and _same_values(self.parameters, other.parameters)
        )

    def __hash__(self) -> int:
        return hash((ReadoutError, self.qubit))

    @property
    def qubits(self) -> tuple[int, ...]:
        return (self.qubit,)

    @property
    def numbers(self) -> tuple[Any, ...]:
        return self.parameters


Instruction: TypeAlias = Operation | Measure | PostSelect | Prepare | ReadoutError


def numbers_of(instruction: Instruction) -> tuple[Any, ...]:
    """Return an instruction's single numbers: plain, native or symbolic."""
    return () if isinstance(instruction, Measure | PostSelect) else instruction.numbers


def declarations(instructions: Iterable[Instruction]) -> dict[str, Declaration]:
    """Return by name the arrays that the symbols in instructions belong to, in the order of their first use."""
    found: dict[str, Declaration] = {}
    values = (value for item in instructions for value in numbers_of(item) if isinstance(value, Expression))
    for array in (array for value in values for array, _, _ in value.terms):
        if found.setdefault(array.name, array) != array:
            raise InvalidValueError(
                f"{array.name} was declared twice, with the shapes {found[array.name].shape} and {array.shape}"
            )
    return found


def wires_of(instruction: Instruction) -> tuple[int, ...]:
    """Return all qubits of an instruction, its controls first."""
    controls = instruction.controls if isinstance(instruction, Operation) else ()
    return (*(qubit for qubit, _ in controls), *instruction.qubits)


def _same_values(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return len(left) == len(right) and all(_same(*pair) for pair in zip(left, right, strict=True))


def _same(left: Any, right: Any) -> bool:
    """Compare parameters: numbers and symbols by value, NumPy matrices by their elements, other arrays by identity."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return bool(np.array_equal(left, right))
    is_comparable = all(is_number(value) or is_symbolic(value) for value in (left, right))
    return left is right or (is_comparable and bool(left == right))
