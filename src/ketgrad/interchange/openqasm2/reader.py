"""Reads a program statement by statement, and expands every gate to native ones."""

from __future__ import annotations

from collections.abc import Callable

from ketgrad.errors import InvalidTypeError
from ketgrad.interchange.errors import QasmError
from ketgrad.interchange.openqasm2.cursor import Cursor, read_list
from ketgrad.interchange.openqasm2.definitions import (
    GateUse,
    read_definition,
    read_gate_use,
    read_signature,
)
from ketgrad.interchange.openqasm2.expressions import evaluate
from ketgrad.interchange.openqasm2.gates import Opaque, expand
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.operands import (
    Operand,
    broadcast,
    check_same_size,
    read_operand,
)
from ketgrad.interchange.openqasm2.program import Instruction, Program, Register
from ketgrad.interchange.openqasm2.symbols import Symbols, total_size
from ketgrad.interchange.openqasm2.tokens import Token, tokenize

_DEFAULT_LIMITS = Limits()


def read(text: str, limits: Limits = _DEFAULT_LIMITS) -> Program:
    """Read a program in OpenQASM 2.0, without trusting it.

    The language is that of Cross, Bishop, Smolin and Gambetta, "Open Quantum Assembly Language",
    arXiv:1707.03429, with the gates of qelib1.inc built in; no file is ever opened. Defined gates
    are expanded. `reset`, `if`, opaque gates and gates after a measurement are refused.

    Parameters
    ----------
    text
        The program, not the name of a file.
    limits
        What to refuse for its size.

    Returns
    -------
    Program
        Native gates on flattened qubits, and the measurements.

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
    ... measure q -> c;
    ... ''')
    >>> for operation in program.operations:
    ...     print(operation.name, operation.parameters, operation.qubits)
    cx () (1, 0)
    rz (1.5,) (0,)
    >>> program.measurements
    ((0, 0), (1, 1))
    """
    if not isinstance(text, str):
        raise InvalidTypeError(f"read takes the text of a program as str, not {type(text)}")
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > limits.bytes:
        raise QasmError(limits.exceeded("bytes", f"a text of {size} bytes"), 1, 1)
    return _Reader(Cursor(tokenize(text, limits)), limits).read()


class _Reader:
    """What has been read so far; each statement has a method that is called at its first word."""

    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        self._cursor = cursor
        self._limits = limits
        self._symbols = Symbols()
        self._operations: list[Instruction] = []
        self._bit_of_qubit: dict[int, int] = {}
        self._measured_bits: set[int] = set()
        self._gates = 0
        self._arithmetic = 0

    def read(self) -> Program:
        self._read_header()
        while self._cursor.current.kind != "end":
            statement = self._STATEMENTS.get(self._cursor.current.text, _Reader._read_application)
            statement(self)
        return Program(
            num_qubits=total_size(self._symbols.quantum),
            quantum_registers=tuple(self._symbols.quantum.values()),
            classical_registers=tuple(self._symbols.classical.values()),
            operations=tuple(self._operations),
            measurements=tuple(self._bit_of_qubit.items()),
        )

    def _read_header(self) -> None:
        if not self._cursor.accept("OPENQASM"):
            raise self._cursor.current.error("a program starts with the line OPENQASM 2.0;")
        version = self._cursor.current
        if version.text != "2.0":
            raise version.error(f"only OpenQASM 2.0 is read here, not {version.shown()}")
        self._cursor.advance()
        self._cursor.end_statement()

    def _read_include(self) -> None:
        include = self._cursor.advance()
        name = self._cursor.current
        if name.kind != "string":
            raise self._cursor.unexpected('"qelib1.inc"')
        if name.text != '"qelib1.inc"':
            raise name.error(f'only "qelib1.inc" can be included, and no file is read: {name.shown()}')
        self._cursor.advance()
        self._cursor.end_statement()
        self._symbols.include_library(include)

    def _read_qreg(self) -> None:
        self._read_register(self._symbols.quantum, "qubits", self._limits.qubits)

    def _read_creg(self) -> None:
        self._read_register(self._symbols.classical, "classical_bits", self._limits.classical_bits)

    def _read_register(self, registers: dict[str, Register], what: str, limit: int) -> None:
        self._cursor.advance()
        name = self._cursor.new_name("the name of the register")
        self._cursor.expect("[")
        size_token = self._cursor.current
        size = self._cursor.integer("the size of the register")
        self._cursor.expect("]")
        self._cursor.end_statement()
        if size == 0:
            raise size_token.error(f"register {name.shown()} needs a size of at least 1")
        if total_size(registers) + size > limit:
            shown = what.replace("_", " ")
            raise size_token.error(self._limits.exceeded(what, f"too many {shown} in all registers"))
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

    def _read_barrier(self) -> None:
        self._cursor.advance()
        self._read_qubits()

    def _refuse(self) -> None:
        token = self._cursor.current
        raise token.error(f"{token.shown()} is not supported yet")
