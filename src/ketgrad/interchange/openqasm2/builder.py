"""Collects the operations and measurements of a program, and refuses what cannot follow."""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad.interchange.openqasm2.definitions import GateUse
from ketgrad.interchange.openqasm2.expressions import evaluate
from ketgrad.interchange.openqasm2.gates import Cost, expand
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.operands import Operand, broadcast, check_same_size
from ketgrad.interchange.openqasm2.program import Instruction, Program
from ketgrad.interchange.openqasm2.symbols import Symbols, total_size
from ketgrad.interchange.openqasm2.tokens import Token


class Builder:
    """A program in the making."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._operations: list[Instruction] = []
        self._bit_of_qubit: dict[int, int] = {}
        self._measured_bits: set[int] = set()
        self._gates = 0
        self._arithmetic = 0

    def build(self, symbols: Symbols) -> Program:
        """Return the program collected so far."""
        return Program(
            num_qubits=total_size(symbols.quantum),
            quantum_registers=tuple(symbols.quantum.values()),
            classical_registers=tuple(symbols.classical.values()),
            operations=tuple(self._operations),
            measurements=tuple(self._bit_of_qubit.items()),
        )

    def apply(self, use: GateUse, operands: Sequence[Operand]) -> None:
        """Append the native gates that a gate on `operands` stands for."""
        use.check_operands(operands)
        self._check_unmeasured(operands)
        applications = broadcast(operands)
        self._spend(use.name, use.gate.cost, len(applications))
        parameters = tuple(evaluate(expression, {}) for expression in use.parameters)
        for qubits in applications:
            self._operations.extend(expand(use.gate, parameters, qubits))

    def measure(self, qubits: Operand, bits: Operand) -> None:
        """Append the measurement of each of `qubits` into the bit beside it."""
        if qubits.whole_register != bits.whole_register:
            raise bits.name.error("measure takes one qubit and one bit, or two whole registers")
        check_same_size(qubits, bits)
        for qubit, bit in zip(qubits.indices, bits.indices, strict=True):
            if qubit in self._bit_of_qubit:
                raise qubits.name.error(f"a qubit of {qubits.name.shown()} is measured twice")
            if bit in self._measured_bits:
                raise bits.name.error(f"a bit of {bits.name.shown()} is measured into twice")
            self._bit_of_qubit[qubit] = bit
            self._measured_bits.add(bit)

    def _check_unmeasured(self, operands: Sequence[Operand]) -> None:
        for operand in operands:
            if any(qubit in self._bit_of_qubit for qubit in operand.indices):
                raise operand.name.error(
                    f"a gate acts on {operand.name.shown()} after its measurement; "
                    "measurement in mid-circuit is not supported yet"
                )

    def _spend(self, name: Token, cost: Cost, times: int) -> None:
        """Count an application before it is expanded, so that none too large ever is."""
        self._gates += times * cost.gates
        self._arithmetic += times * cost.arithmetic
        if self._gates > self._limits.gates:
            raise name.error(self._limits.exceeded("gates", "too many gates after expansion"))
        if self._arithmetic > self._limits.arithmetic:
            what = "too much arithmetic in the expansion of gates"
            raise name.error(self._limits.exceeded("arithmetic", what))
