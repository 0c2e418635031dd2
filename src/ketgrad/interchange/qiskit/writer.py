"""A circuit of ketgrad written as one of Qiskit.

Qubit and bit numbers stay what they are. Qiskit takes qubit 0 as the least significant, so what is given by a matrix,
whose first qubit is most significant here, goes on its qubits in reverse; named gates do not.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.checks import is_number
from ketgrad.circuit.instructions import (
    Instruction,
    Measure,
    Operation,
    PostSelect,
    Prepare,
    ReadoutError,
    wires_of,
)
from ketgrad.circuit.parameters import Expression
from ketgrad.errors import UnsupportedError
from ketgrad.interchange.qiskit.gates import gate_of
from ketgrad.interchange.qiskit.modules import qiskit_module
from ketgrad.registry import resolve

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit

WIDEST_MATRIX = 10
"""A given matrix on more qubits, controls included, has more than a million elements."""


def to_qiskit(circuit: Circuit) -> Any:
    """Return a `qiskit.QuantumCircuit`.

    Raises
    ------
    MissingFrameworkError
        If Qiskit is not installed.
    UnsupportedError
        For post-selection, errors of reading, and native arrays in gates, which Qiskit's circuits do not hold, and
        for a given matrix on more than ten qubits.
    """
    return _Writer(circuit).write()


class _Writer:
    """Writes one circuit; its symbols become Qiskit's parameters, named as they are shown here."""

    def __init__(self, circuit: Circuit) -> None:
        self.instructions = circuit.operations
        self.symbols: dict[str, Any] = {}
        library = qiskit_module("qiskit.circuit")
        sizes = circuit.register_sizes
        asked = [bit for item in self.instructions if isinstance(item, Operation) for bit, _ in item.conditions]
        missing = max([0, *(bit + 1 - sum(sizes) for bit in asked)])
        names = (["c"] if len(sizes) == 1 else [f"c{place}" for place in range(len(sizes))]) + ["zero"]
        registers = [library.ClassicalRegister(*pair) for pair in zip((*sizes, missing), names, strict=True) if pair[0]]
        self.result = library.QuantumCircuit(library.QuantumRegister(circuit.num_qubits, "q"), *registers)

    def write(self) -> Any:
        for instruction in self.instructions:
            self._add(instruction)
        return self.result

    def _add(self, instruction: Instruction) -> None:
        match instruction:
            case Operation(conditions=conditions) if conditions:
                with ExitStack() as stack:
                    for bit, value in conditions:
                        stack.enter_context(self.result.if_test((self.result.clbits[bit], value)))
                    self._operation(instruction)
            case Operation():
                self._operation(instruction)
            case Measure(qubit, bit):
                self.result.measure(qubit, bit)
            case Prepare(amplitudes, qubits):
                values = np.array(self._numbers(instruction, amplitudes), "complex128")
                self.result.initialize(values / np.linalg.norm(values), qubits[::-1])
            case PostSelect():
                raise UnsupportedError("Qiskit has no post_select; take shots, and keep those with the wanted outcome")
            case ReadoutError():
                raise UnsupportedError(
                    "Qiskit has no error of reading inside a circuit; put it into a noise model of Qiskit Aer"
                )

    def _operation(self, operation: Operation) -> None:
        if operation.name == "reset":
            self.result.reset(operation.qubits)
        elif operation.is_channel:
            self.result.append(self._channel(operation), operation.qubits[::-1])
        else:
            self._gate(operation)

    def _gate(self, operation: Operation) -> None:
        if operation.name == "unitary":
            self._unitary(operation)
            return
        gate = gate_of(operation, self._numbers(operation, operation.parameters))
        if operation.controls:
            # A string of Qiskit has its first control rightmost.
            values = "".join(str(value) for _, value in reversed(operation.controls))
            gate = gate.control(len(operation.controls), ctrl_state=values, annotated=True)
        self.result.append(gate, wires_of(operation))

    def _unitary(self, operation: Operation) -> None:
        matrix = _constant(operation.parameters[0])
        block = matrix.conj().T if operation.is_adjoint else matrix
        if len(wires_of(operation)) > WIDEST_MATRIX:
            raise UnsupportedError(
                f"a matrix with its controls goes to Qiskit on {WIDEST_MATRIX} qubits at most, got "
                f"{len(wires_of(operation))}; build it from gates of the table"
            )
        size, place = len(block), int("".join(str(value) for _, value in operation.controls) or "0", 2)
        matrix = np.eye(size << len(operation.controls), dtype="complex128")
        matrix[place * size : (place + 1) * size, place * size : (place + 1) * size] = block
        self.result.append(qiskit_module("qiskit.circuit.library").UnitaryGate(matrix), wires_of(operation)[::-1])

    def _channel(self, operation: Operation) -> Any:
        information = qiskit_module("qiskit.quantum_info")
        if operation.name == "kraus":
            return information.Kraus([_constant(matrix) for matrix in operation.parameters])
        channel, numbers = CHANNELS[operation.name], self._numbers(operation, operation.parameters)
        if not all(map(is_number, numbers)):
            raise UnsupportedError(f"{operation.name} has a symbol, and Qiskit's channels take numbers; bind it first")
        backend = resolve("numpy")
        weights = [float(weight) for weight in channel.weights(backend, [np.float64(number) for number in numbers])]
        rows = np.einsum("t,tij->ij", weights, channel.terms)
        # K ⊗ K* acts on the rows of a density matrix one after another; Qiskit's acts on its columns.
        size = 1 << channel.num_qubits
        columns = rows.reshape(size, size, size, size).transpose(1, 0, 3, 2).reshape(size**2, size**2)
        return information.Kraus(information.SuperOp(columns))

    def _numbers(self, instruction: Instruction, values: Any) -> tuple[Any, ...]:
        """Return numbers as they are, and symbols as Qiskit's."""
        return tuple(self._symbolic(value) if isinstance(value, Expression) else _constant(value) for value in values)

    def _symbolic(self, expression: Expression) -> Any:
        total: Any = expression.constant
        for array, index, factor in expression.terms:
            name = repr(Expression(((array, index, 1.0),)))
            if name not in self.symbols:
                self.symbols[name] = qiskit_module("qiskit.circuit").Parameter(name)
            total = total + factor * self.symbols[name]
        return total


def _constant(value: Any) -> Any:
    if is_number(value) or isinstance(value, np.ndarray | complex | np.complexfloating):
        return value
    raise UnsupportedError(
        f"a circuit of Qiskit holds no {type(value).__name__}; give numbers, or symbols declared by kg.parameters"
    )
