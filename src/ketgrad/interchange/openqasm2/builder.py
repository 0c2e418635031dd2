"""Collects the gates, measurements and resets of a program, and counts what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad.interchange.openqasm2.definitions import GateUse
from ketgrad.interchange.openqasm2.expressions import evaluate
from ketgrad.interchange.openqasm2.gates import Cost, expand
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.operands import Operand, broadcast, check_same_size
from ketgrad.interchange.openqasm2.program import Conditions, Instruction, Measurement, Program, Reset
from ketgrad.interchange.openqasm2.symbols import Symbols, total_size
from ketgrad.interchange.openqasm2.tokens import Token

_ONE_STEP = Cost(gates=1, arithmetic=0, depth=0)


class Builder:
    """A program in the making."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._operations: list[Instruction | Measurement | Reset] = []
        self._gates = 0
        self._arithmetic = 0
        self._conditions = 0

    def build(self, symbols: Symbols) -> Program:
        """Return the program collected so far."""
        return Program(
            num_qubits=total_size(symbols.quantum),
            quantum_registers=tuple(symbols.quantum.values()),
            classical_registers=tuple(symbols.classical.values()),
            operations=tuple(self._operations),
        )

    def apply(self, use: GateUse, operands: Sequence[Operand], conditions: Conditions | None) -> None:
        """Append the native gates that a gate on `operands` stands for, or none where `conditions` is None."""
        use.check_operands(operands)
        applications = broadcast(operands)
        self._spend(use.name, use.gate.cost, len(applications), conditions or ())
        parameters = tuple(evaluate(expression, {}) for expression in use.parameters)
        if conditions is None:
            return
        for qubits in applications:
            self._operations.extend(expand(use.gate, parameters, qubits, conditions))

    def measure(self, statement: Token, qubits: Operand, bits: Operand) -> None:
        """Append the measurement of each of `qubits` into the bit beside it."""
        if qubits.whole_register != bits.whole_register:
            raise bits.name.error("measure takes one qubit and one bit, or two whole registers")
        check_same_size(qubits, bits)
        self._spend(statement, _ONE_STEP, len(qubits.indices))
        self._operations.extend(map(Measurement, qubits.indices, bits.indices))

    def reset(self, statement: Token, qubits: Operand) -> None:
        """Append the reset of each of `qubits`."""
        self._spend(statement, _ONE_STEP, len(qubits.indices))
        self._operations.extend(map(Reset, qubits.indices))

    def _spend(self, place: Token, cost: Cost, times: int, conditions: Conditions = ()) -> None:
        """Count an application before it is expanded, so that none too large ever is."""
        self._gates += times * cost.gates
        self._arithmetic += times * cost.arithmetic
        self._conditions += times * cost.gates * len(conditions)
        if self._gates > self._limits.gates:
            what = "too many gates, measurements and resets after expansion"
            raise place.error(self._limits.exceeded("gates", what))
        if self._arithmetic > self._limits.arithmetic:
            what = "too much arithmetic in the expansion of gates"
            raise place.error(self._limits.exceeded("arithmetic", what))
        if self._conditions > self._limits.conditions:
            raise place.error(self._limits.exceeded("conditions", "too many conditions on classical bits"))
