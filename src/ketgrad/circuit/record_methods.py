"""Circuits as plain data and back, as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ketgrad.circuit.instructions import Instruction
from ketgrad.interchange.json.circuits import read_circuit, write_circuit

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit

Self = TypeVar("Self", bound="RecordMethods")


class RecordMethods:
    """`to_dict` and `from_dict`; instructions, registers and numbers of qubits are the circuit's."""

    num_qubits: int
    _register_sizes: tuple[int, ...]

    def __init__(self, num_qubits: int) -> None:
        raise NotImplementedError

    @property
    def operations(self) -> tuple[Instruction, ...]:
        raise NotImplementedError

    def add(self, instructions: Sequence[Instruction]) -> Circuit:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return the circuit as dictionaries, lists, strings and finite numbers, which JSON holds without loss.

        Arrays in gates are written by value: 0-d ones as numbers, matrices as {"array": {"dtype", "shape", "values"}}
        with complex numbers as [real, imaginary]. What is returned has been read once, so that `from_dict` takes it.

        Returns
        -------
        dict
            With the entries "format", "version", "num_qubits", "registers", "parameters" and "instructions".

        Raises
        ------
        UnsupportedError
            For a traced value in a gate, which has no number.
        InvalidTypeError, InvalidValueError
            For an array of another backend than the one in force, and for values that no circuit may have.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.Circuit(1).rx(0.5, 0).to_dict()["instructions"]
        [{'type': 'gate', 'name': 'rx', 'parameters': [0.5], 'qubits': [0]}]
        """
        written = write_circuit(self.num_qubits, self._register_sizes, self.operations)
        self.from_dict(written)
        return written

    @classmethod
    def from_dict(cls: type[Self], data: Any) -> Self:
        """Make a circuit from what `to_dict` returned, by the checks of the circuit's own methods.

        Parameters
        ----------
        data
            A dictionary, for example from `json.loads`; it may come from anybody, for nothing in it is run.

        Raises
        ------
        InvalidTypeError, InvalidValueError, UnsupportedError
            For what is no such dictionary, for unknown or missing entries, for another version, and for instructions
            that a circuit refuses.

        Examples
        --------
        >>> import json
        >>> import ketgrad as kg
        >>> text = json.dumps(kg.Circuit(2).h(0).cx(0, 1).to_dict())
        >>> kg.Circuit.from_dict(json.loads(text))
        Circuit(2): h 0; cx 0 1
        """
        parts = read_circuit(data)
        circuit = cls(parts.num_qubits)
        circuit._register_sizes = parts.register_sizes
        circuit.add(parts.instructions)
        return circuit
