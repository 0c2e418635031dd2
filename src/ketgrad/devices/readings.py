"""What is measured on a device: a change of basis after the circuit, and the bits that are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ketgrad.circuit.instructions import Instruction, Measure, Operation
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.observables.matrix import Hermitian
from ketgrad.observables.pauli import Word
from ketgrad.simulate.parts import INTO_Z
from ketgrad.simulate.program import Group

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit


@dataclass(frozen=True)
class Reading:
    """Gates after a circuit, and then qubits that are measured, or bits that the circuit itself measured."""

    gates: tuple[Operation, ...] = ()
    qubits: tuple[int, ...] = ()
    bits: Group = ()

    @property
    def size(self) -> int:
        """How many bits are read."""
        return len(self.qubits) + len(self.bits)

    def appended(self, circuit: Circuit) -> tuple[Circuit, list[int]]:
        """Append what is to be done to a circuit, and return it with the bits to read."""
        first = circuit.num_bits
        measures = [Measure(qubit, first + place) for place, qubit in enumerate(self.qubits)]
        return circuit.add([*self.gates, *measures]), [*(item.bit for item in measures), *self.bits]


def of_word(setting: Word) -> Reading:
    """Return the reading of a Pauli word, a bit for each letter."""
    gates = [Operation(name, (), (qubit,)) for qubit, letter in setting for name in INTO_Z[letter][0]]
    return Reading(tuple(gates), tuple(qubit for qubit, _ in setting))


def of_matrix(observable: Hermitian) -> tuple[np.ndarray, Reading]:
    """Return the eigenvalues of a matrix, and the reading whose outcome k found eigenvalue k."""
    if not isinstance(observable.matrix, np.ndarray):
        raise UnsupportedError(
            f"a device measures in the eigenbasis of a constant matrix, got a {type(observable.matrix).__name__}; give "
            "a NumPy array to kg.Hermitian, or a Pauli sum"
        )
    eigenvalues, vectors = np.linalg.eigh(observable.matrix)
    return eigenvalues, Reading((Operation("unitary", (vectors.conj().T,), observable.qubits),), observable.qubits)


def of_bits(instructions: Sequence[Instruction], group: Group) -> Reading:
    """Return the reading of classical bits."""
    written = {item.bit for item in instructions if isinstance(item, Measure)}
    for bit in group:
        if bit not in written:
            raise InvalidValueError(f"nothing was measured into bit {bit}; measure a qubit into it first")
    return Reading(bits=group)
