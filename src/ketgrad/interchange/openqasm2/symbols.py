"""The names that a program has declared so far: gates and registers, all different."""

from __future__ import annotations

from collections.abc import Mapping

from ketgrad.interchange.openqasm2.builtin import CORE, EXTRAS, qelib1
from ketgrad.interchange.openqasm2.gates import Macro, Native, Opaque
from ketgrad.interchange.openqasm2.program import Register
from ketgrad.interchange.openqasm2.tokens import Token


class Symbols:
    """What each name stands for; registers are laid out in order of declaration."""

    def __init__(self) -> None:
        self.quantum: dict[str, Register] = {}
        self.classical: dict[str, Register] = {}
        self._gates: dict[str, Native | Macro | Opaque] = dict(CORE)
        self._extras: Mapping[str, Native] = {}

    def include_library(self, include: Token) -> None:
        """Declare the gates of qelib1.inc for the include statement at that token."""
        for name in qelib1():
            if self._declared(name):
                raise include.error(f"qelib1.inc declares '{name}', which is declared before")
        self._gates.update(qelib1())
        self._extras = EXTRAS

    def declare_gate(self, name: Token, gate: Macro | Opaque) -> None:
        """Let `name` stand for `gate` from here on."""
        self._check_new(name)
        self._gates[name.text] = gate

    def declare_register(self, registers: dict[str, Register], name: Token, size: int) -> None:
        """Append a register to `registers`, which is `quantum` or `classical`."""
        self._check_new(name)
        registers[name.text] = Register(name.text, size, total_size(registers))

    def find_gate(self, name: Token) -> Native | Macro | Opaque:
        """Return the gate called `name`."""
        gate = self._gates.get(name.text) or self._extras.get(name.text)
        if gate is None:
            raise name.error(self._undefined_gate(name))
        return gate

    def find_register(self, registers: Mapping[str, Register], name: Token) -> Register:
        """Return the register called `name` among `registers`, `quantum` or `classical`."""
        register = registers.get(name.text)
        if register is None:
            kind = "qreg" if registers is self.quantum else "creg"
            raise name.error(f"{name.shown()} is not declared as a {kind}")
        return register

    def _undefined_gate(self, name: Token) -> str:
        if name.text in qelib1() or name.text in EXTRAS:
            return f'gate {name.shown()} needs the statement include "qelib1.inc"; before it'
        return f"gate {name.shown()} is not defined before this place"

    def _check_new(self, name: Token) -> None:
        if self._declared(name.text):
            raise name.error(f"{name.shown()} is declared already")

    def _declared(self, name: str) -> bool:
        return any(name in names for names in (self._gates, self.quantum, self.classical))


def total_size(registers: Mapping[str, Register]) -> int:
    """Return the number of qubits or bits in `registers`, which follow one another."""
    return sum(register.size for register in registers.values())
