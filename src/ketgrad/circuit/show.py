"""Instructions as a line of text."""

from __future__ import annotations

from typing import Any

from ketgrad.circuit.instructions import Instruction, Measure, Operation, PostSelect, Prepare
from ketgrad.circuit.parameters import Expression


def show(instruction: Instruction) -> str:
    """Write an instruction as name, parameters, qubits."""
    qubits = " ".join(map(str, instruction.qubits))
    match instruction:
        case Measure(qubit, bit):
            return f"measure {qubit} -> c[{bit}]"
        case PostSelect(bits):
            return f"post_select({bits}) {qubits}"
        case Prepare():
            return f"prepare {qubits}"
        case Operation():
            return _show_operation(instruction, qubits)
    return f"readout_error({', '.join(map(_number, instruction.parameters))}) {qubits}"


def _show_operation(operation: Operation, qubits: str) -> str:
    values = [operation.word] if operation.word else []
    inside = ", ".join(values + [_number(value) for value in operation.numbers])
    suffix = "†" if operation.is_adjoint else ""
    condition = "".join(f"if c[{bit}]=={value} " for bit, value in operation.conditions)
    control = "".join(f"c{value}[{qubit}] " for qubit, value in operation.controls)
    return f"{condition}{control}{operation.name}{suffix}{f'({inside})' if inside else ''} {qubits}"


def _number(value: Any) -> str:
    if isinstance(value, Expression):
        return repr(value)
    return f"{float(value):.6g}" if isinstance(value, int | float) else type(value).__name__
