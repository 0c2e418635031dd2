"""Reads a program statement by statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ketgrad.errors import InvalidTypeError
from ketgrad.interchange.errors import QasmError
from ketgrad.interchange.openqasm2.builder import Builder
from ketgrad.interchange.openqasm2.cursor import Cursor, read_list
from ketgrad.interchange.openqasm2.definitions import (
    read_definition,
    read_gate_use,
    read_signature,
)
from ketgrad.interchange.openqasm2.gates import Opaque
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.operands import Operand, read_conditions, read_operand
from ketgrad.interchange.openqasm2.program import Conditions, Program, Register
from ketgrad.interchange.openqasm2.symbols import Symbols, total_size
from ketgrad.interchange.openqasm2.tokens import tokenize

_DEFAULT_LIMITS = Limits()


def read(text: str, limits: Limits = _DEFAULT_LIMITS) -> Program:
    """Read a program in OpenQASM 2.0, which need not be trusted.

    The language is that of Cross, Bishop, Smolin and Gambetta, "Open Quantum Assembly Language",
    arXiv:1707.03429, with the gates of qelib1.inc built in; no file is ever opened. Defined gates
    are expanded. Opaque gates cannot be applied, and an `if` takes gates alone: a measurement or a
    reset after it is refused. `if(c==k)` compares the whole register, c[0] being the least significant
    bit of k; bits that nothing was measured into are 0. A gate whose `k` has more bits than the register
    is checked like any other, but left out, for it never acts.

    Parameters
    ----------
    text
        The program itself, not the name of a file.
    limits
        How large it may be.

    Returns
    -------
    Program
        Native gates on flattened qubits, measurements and resets.

    Raises
    ------
    QasmError
        At the first mistake, unsupported statement or exceeded limit, with line and column.
    InvalidTypeError
        When `text` is not a string.

    Examples
    --------
    >>> program = read('''
    ... OPENQASM 2.0;
    ... include "qelib1.inc";
    ... gate turn(angle) a, b { cx a, b; rz(angle / 2) b; }
    ... qreg q[2];
    ... creg c[2];
    ... turn(3) q[1], q[0];
    ... measure q[0] -> c[0];
    ... if(c==1) x q[1];
    ... ''')
    >>> for operation in program.operations:
    ...     print(operation)
    Instruction(name='cx', parameters=(), qubits=(1, 0), conditions=())
    Instruction(name='rz', parameters=(1.5,), qubits=(0,), conditions=())
    Measurement(qubit=0, bit=0)
    Instruction(name='x', parameters=(), qubits=(1,), conditions=((0, 1), (1, 0)))
    """
    if not isinstance(text, str):
        raise InvalidTypeError(f"read takes the text of a program as str, not {type(text)}")
    _check_size(text, limits)
    return _Reader(Cursor(tokenize(text, limits)), limits).read()


def _check_size(text: str, limits: Limits) -> None:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > limits.bytes:
        raise QasmError(limits.exceeded("bytes", f"a text of {size} bytes"), line=1, column=1)


class _Reader:
    """Each statement has a method, called while its first word is the current token."""

    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        self._cursor = cursor
        self._limits = limits
        self._symbols = Symbols()
        self._builder = Builder(limits)

    def read(self) -> Program:
        self._read_header()
        while self._cursor.current.kind != "end":
            statement = self._STATEMENTS.get(self._cursor.current.text, _Reader._read_application)
            statement(self)
        return self._builder.build(self._symbols)

    def _read_header(self) -> None:
        if not self._cursor.accept("OPENQASM"):
            raise self._cursor.current.error("a program starts with OPENQASM 2.0;")
        version = self._cursor.current
        if version.text != "2.0":
            raise version.error(f"only OpenQASM 2.0 is read here, not {version.shown()}")
        self._cursor.advance()
        self._cursor.end_statement()

    def _read_include(self) -> None:
        include = self._cursor.advance()
        name = self._cursor.current
        if name.text != '"qelib1.inc"':
            raise name.error(f'only "qelib1.inc" can be included here, not {name.shown()}')
        self._cursor.advance()
        self._cursor.end_statement()
        self._symbols.include_library(include)

    def _read_qreg(self) -> None:
        self._read_register(self._symbols.quantum, "qubits")

    def _read_creg(self) -> None:
        self._read_register(self._symbols.classical, "classical_bits")

    def _read_register(self, registers: dict[str, Register], limit: str) -> None:
        self._cursor.advance()
        name = self._cursor.new_name("the name of the register")
        self._cursor.expect("[")
        size_token = self._cursor.current
        size = self._cursor.integer("the size of the register")
        if size == 0:
            raise size_token.error(f"register {name.shown()} needs a size of 1 or more")
        if total_size(registers) + size > getattr(self._limits, limit):
            what = f"register {name.shown()} makes too many {limit.replace('_', ' ')}"
            raise size_token.error(self._limits.exceeded(limit, what))
        self._cursor.expect("]")
        self._cursor.end_statement()
        self._symbols.declare_register(registers, name, size)

    def _read_gate(self) -> None:
        self._cursor.advance()
        name, gate = read_definition(self._cursor, self._symbols.find_gate, self._limits)
        self._symbols.declare_gate(name, gate)

    def _read_opaque(self) -> None:
        self._cursor.advance()
        signature = read_signature(self._cursor)
        self._cursor.end_statement()
        self._symbols.declare_gate(signature.name, Opaque())

    def _read_application(self, conditions: Conditions | None = ()) -> None:
        use = read_gate_use(self._cursor, self._symbols.find_gate, (), self._limits)
        self._builder.apply(use, self._read_qubits(), conditions)

    def _read_if(self) -> None:
        self._cursor.advance()
        conditions = read_conditions(self._cursor, self._symbols)
        token = self._cursor.current
        if token.text in ("measure", "reset"):
            raise token.error(f"{token.shown()} under a condition is not supported; an if takes a gate here")
        self._read_application(conditions)

    def _read_barrier(self) -> None:
        self._cursor.advance()
        self._read_qubits()

    def _read_measure(self) -> None:
        statement = self._cursor.advance()
        qubits = self._read_qubit()
        self._cursor.expect("->")
        bits = read_operand(self._cursor, self._symbols, self._symbols.classical)
        self._cursor.end_statement()
        self._builder.measure(statement, qubits, bits)

    def _read_reset(self) -> None:
        statement = self._cursor.advance()
        qubits = self._read_qubit()
        self._cursor.end_statement()
        self._builder.reset(statement, qubits)

    def _read_qubits(self) -> list[Operand]:
        operands = read_list(self._cursor, self._read_qubit)
        self._cursor.end_statement()
        return operands

    def _read_qubit(self) -> Operand:
        return read_operand(self._cursor, self._symbols, self._symbols.quantum)

    _STATEMENTS: ClassVar[dict[str, Callable[[_Reader], None]]] = {
        "include": _read_include,
        "qreg": _read_qreg,
        "creg": _read_creg,
        "gate": _read_gate,
        "opaque": _read_opaque,
        "barrier": _read_barrier,
        "measure": _read_measure,
        "reset": _read_reset,
        "if": _read_if,
    }
