"""Reads gate definitions, and what they share with the program: the use of a gate by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketgrad.interchange.openqasm2.cursor import Cursor, read_list
from ketgrad.interchange.openqasm2.expressions import Expression, read_expression
from ketgrad.interchange.openqasm2.gates import Call, Macro, Native, Opaque, total_cost
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.tokens import Token

FindGate = Callable[[Token], Native | Macro | Opaque]
"""Returns the gate that a name stands for, or raises QasmError placed at the name."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The head of a gate definition: `name(parameters) qubits`."""

    name: Token
    parameters: tuple[str, ...]
    qubits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateUse:
    """A gate and its angles; the operands follow in the text."""

    name: Token
    gate: Native | Macro
    parameters: tuple[Expression, ...]

    def check_operands(self, operands: Sequence[object]) -> None:
        """Raise QasmError unless the gate acts on that number of qubits."""
        _check_count(self.name, "qubit", self.gate.num_qubits, len(operands))


def read_definition(cursor: Cursor, find_gate: FindGate, limits: Limits) -> tuple[Token, Macro]:
    """Read a definition from after `gate`; return the token of its name, and the gate.

    A gate uses only gates that `find_gate` finds while the body is read: those defined before.
    """
    signature = read_signature(cursor)
    body = tuple(_read_body(cursor, signature, find_gate, limits))
    gate = Macro(signature.parameters, len(signature.qubits), body, total_cost(body))
    if gate.cost.depth > limits.gate_depth:
        what = f"gate {signature.name.shown()} rests on too many levels of definitions"
        raise signature.name.error(limits.exceeded("gate_depth", what))
    return signature.name, gate


def read_signature(cursor: Cursor) -> Signature:
    """Read `name(parameters) qubits`, all names different; the parentheses may be left out."""
    name = cursor.new_name("the name of the gate")
    parameters: list[Token] = []
    if cursor.accept("(") and not cursor.accept(")"):
        parameters = read_list(cursor, lambda: cursor.new_name("the name of a parameter"))
        cursor.expect(")")
    qubits = read_list(cursor, lambda: cursor.new_name("the name of a qubit"))
    check_distinct([*parameters, *qubits])
    return Signature(name, _texts(parameters), _texts(qubits))


def read_gate_use(cursor: Cursor, find_gate: FindGate, names: Collection[str], limits: Limits) -> GateUse:
    """Read `name(angles)`, in which the angles may contain `names`."""
    name = cursor.name("the name of a gate")
    gate = find_gate(name)
    if isinstance(gate, Opaque):
        raise name.error(f"opaque gate {name.shown()} has no definition; it cannot be applied yet")
    parameters: list[Expression] = []
    if cursor.accept("(") and not cursor.accept(")"):
        parameters = read_list(cursor, lambda: read_expression(cursor, names, limits))
        cursor.expect(")")
    _check_count(name, "parameter", gate.num_parameters, len(parameters))
    return GateUse(name, gate, tuple(parameters))


def check_distinct(names: Iterable[Token]) -> None:
    """Raise QasmError at the first token that repeats an earlier one."""
    seen: set[str] = set()
    for token in names:
        if token.text in seen:
            raise token.error(f"{token.shown()} occurs twice in this list")
        seen.add(token.text)


def _read_body(cursor: Cursor, signature: Signature, find_gate: FindGate, limits: Limits) -> list[Call]:
    names = frozenset(signature.parameters)
    positions = {name: position for position, name in enumerate(signature.qubits)}
    body = []
    cursor.expect("{")
    while not cursor.accept("}"):
        if cursor.accept("barrier"):
            _read_qubits(cursor, positions)
        else:
            use = read_gate_use(cursor, find_gate, names, limits)
            qubits = _read_qubits(cursor, positions)
            use.check_operands(qubits)
            body.append(Call(use.gate, use.parameters, qubits))
    return body


def _read_qubits(cursor: Cursor, positions: Mapping[str, int]) -> tuple[int, ...]:
    qubits = read_list(cursor, lambda: _read_qubit(cursor, positions))
    check_distinct(qubits)
    cursor.end_statement()
    return tuple(positions[qubit.text] for qubit in qubits)


def _read_qubit(cursor: Cursor, positions: Mapping[str, int]) -> Token:
    qubit = cursor.name("a qubit of the gate being defined")
    if qubit.text not in positions:
        raise qubit.error(f"{qubit.shown()} is not a qubit of the gate being defined")
    if cursor.current.text == "[":
        raise cursor.current.error(f"{qubit.shown()} is one qubit here and takes no index")
    return qubit


def _check_count(name: Token, what: str, expected: int, given: int) -> None:
    if given != expected:
        plural = "" if expected == 1 else "s"
        raise name.error(f"gate {name.shown()} takes {expected} {what}{plural}, not {given}")


def _texts(tokens: Iterable[Token]) -> tuple[str, ...]:
    return tuple(token.text for token in tokens)
