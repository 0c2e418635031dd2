"""Operands of statements: one qubit or bit, or a whole register, repeated where it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketgrad.interchange.openqasm2.cursor import Cursor
from ketgrad.interchange.openqasm2.program import Conditions, Register
from ketgrad.interchange.openqasm2.symbols import Symbols
from ketgrad.interchange.openqasm2.tokens import Token


@dataclass(frozen=True, slots=True)
class Operand:
    """The flattened indices that `q[1]` or `q` names; `name` is the token to complain about."""

    name: Token
    indices: range
    whole_register: bool


def read_operand(cursor: Cursor, symbols: Symbols, registers: Mapping[str, Register]) -> Operand:
    """Read `q[1]` or `q`, where q is among `registers`."""
    kind = "qubit" if registers is symbols.quantum else "bit"
    name = cursor.name(f"a {kind} or a register")
    register = symbols.find_register(registers, name)
    if not cursor.accept("["):
        indices = range(register.offset, register.offset + register.size)
        return Operand(name, indices, whole_register=True)
    index = register.offset + _read_index(cursor, name, register.size)
    return Operand(name, range(index, index + 1), whole_register=False)


def read_conditions(cursor: Cursor, symbols: Symbols) -> Conditions | None:
    """Read `(c == 3)`, in which c[0] is the least significant bit of the integer.

    Returns None where the integer has more bits than the register, so that the two are never equal.
    """
    cursor.expect("(")
    name = cursor.name("the name of a creg")
    register = symbols.find_register(symbols.classical, name)
    if cursor.current.text == "[":
        raise cursor.current.error(f"an if compares the whole of {name.shown()} and takes no index")
    cursor.expect("==")
    value = cursor.integer("an integer of 0 or more")
    cursor.expect(")")
    if value >> register.size:
        return None
    return tuple((register.offset + place, value >> place & 1) for place in range(register.size))


def broadcast(operands: Sequence[Operand]) -> list[tuple[int, ...]]:
    """Return the qubits of each application that `operands` stand for.

    Registers, all of one size, run in step with one another while single qubits stay.
    """
    applications = [
        tuple(operand.indices[step % len(operand.indices)] for operand in operands)
        for step in range(_common_size(operands))
    ]
    for qubits in applications:
        _check_distinct(operands, qubits)
    return applications


def check_same_size(first: Operand, second: Operand) -> None:
    """Raise QasmError unless both operands name the same number of qubits or bits."""
    sizes = len(first.indices), len(second.indices)
    if sizes[0] != sizes[1]:
        names = f"{first.name.shown()} and {second.name.shown()}"
        raise second.name.error(f"registers {names} differ in size: {sizes[0]} and {sizes[1]}")


def _read_index(cursor: Cursor, name: Token, size: int) -> int:
    token = cursor.current
    index = cursor.integer("an index")
    if index >= size:
        shown = token.shown(), name.shown()
        raise token.error(f"index {shown[0]} is out of range; {shown[1]} has 0 to {size - 1}")
    cursor.expect("]")
    return index


def _common_size(operands: Sequence[Operand]) -> int:
    wholes = [operand for operand in operands if operand.whole_register]
    for whole in wholes:
        check_same_size(wholes[0], whole)
    return len(wholes[0].indices) if wholes else 1


def _check_distinct(operands: Sequence[Operand], qubits: tuple[int, ...]) -> None:
    for position, qubit in enumerate(qubits):
        if qubit in qubits[:position]:
            name = operands[position].name
            raise name.error(f"{name.shown()} repeats a qubit of the same gate")
