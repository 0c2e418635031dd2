"""A slow, plain simulator of measured circuits: every outcome is a branch with a density matrix of its own.

It shares nothing with ketgrad. A branch is the values of all classical bits and an unnormalised ρ over the qubits: a
measurement splits it, a condition picks branches, a post-selection projects, and all are divided by their common
weight at the end. Read-out errors flip what is recorded. Qubit 0 is the most significant bit, and so is the first
bit of a group.

Reference: M. A. Nielsen and I. L. Chuang, "Quantum Computation and Quantum Information", sections 2.2 and 2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from dense_channels import CHANNELS, controlled_on, reduced, word_matrix
from dense_reference import PAULIS, Matrix, Terms, embed, gate_matrix, index_of, pauli_matrix

Places: TypeAlias = tuple[tuple[int, int], ...]
"""Qubits or classical bits, each with the value on which a gate acts."""


class Gate(NamedTuple):
    """A gate, perhaps only where some qubits and some classical bits have their values."""

    name: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]
    controls: Places = ()
    conditions: Places = ()


class Noise(NamedTuple):
    """A channel of `dense_channels`, a reset among them."""

    name: str
    values: tuple[float, ...]
    qubits: tuple[int, ...]


class Measured(NamedTuple):
    """A qubit is measured into a classical bit."""

    qubit: int
    bit: int


class Selected(NamedTuple):
    """Only these values of the qubits are kept."""

    values: str
    qubits: tuple[int, ...]


class Misread(NamedTuple):
    """From here on a qubit's 0 is read as 1 with probability p01, its 1 as 0 with p10."""

    p01: float
    p10: float
    qubit: int


Step: TypeAlias = Gate | Noise | Measured | Selected | Misread


class Branches:
    """All outcomes of a program so far; `apply` goes on by one step."""

    def __init__(self, n: int) -> None:
        start = np.zeros((2**n, 2**n), complex)
        start[0, 0] = 1
        self.n = n
        self.each: dict[Places, Matrix] = {(): start}
        """By the recorded bits, each with its value, sorted; bits that are not there are 0."""
        self.errors: dict[int, tuple[float, float]] = {}

    def apply(self, step: Step) -> Branches:
        match step:
            case Gate():
                self._gate(step)
            case Noise(name, values, qubits):
                self.each = {bits: self._summed(rho, name, values, qubits) for bits, rho in self.each.items()}
            case Measured(qubit, bit):
                self._measure(qubit, bit)
            case Selected(values, qubits):
                keep = embed(outcome_projector(values), qubits, self.n)
                self.each = {bits: keep @ rho @ keep for bits, rho in self.each.items()}
            case Misread(p01, p10, qubit):
                self.errors[qubit] = (p01, p10)
        return self

    def _gate(self, gate: Gate) -> None:
        controls = tuple(qubit for qubit, _ in gate.controls)
        values = "".join(str(value) for _, value in gate.controls)
        matrix = gate_matrix(gate.name, gate.angles)
        full = embed(controlled_on(matrix, values) if values else matrix, (*controls, *gate.qubits), self.n)
        for bits, rho in self.each.items():
            if all(dict(bits).get(bit, 0) == value for bit, value in gate.conditions):
                self.each[bits] = full @ rho @ full.conj().T

    def _summed(self, rho: Matrix, name: str, values: tuple[float, ...], qubits: tuple[int, ...]) -> Matrix:
        operators = [embed(matrix, qubits, self.n) for matrix in CHANNELS[name].kraus(*values)]
        return sum(matrix @ rho @ matrix.conj().T for matrix in operators)

    def _measure(self, qubit: int, bit: int) -> None:
        p01, p10 = self.errors.get(qubit, (0.0, 0.0))
        read_given_true = {(0, 0): 1 - p01, (1, 0): p01, (0, 1): p10, (1, 1): 1 - p10}
        after: dict[Places, Matrix] = {}
        for (bits, rho), (read, true) in product(self.each.items(), read_given_true):
            chance = read_given_true[read, true]
            if chance:
                keep = embed(outcome_projector(str(true)), (qubit,), self.n)
                key = tuple(sorted({**dict(bits), bit: read}.items()))
                after[key] = after.get(key, 0) + chance * (keep @ rho @ keep)
        self.each = after

    @property
    def weight(self) -> float:
        """The probability of everything that was selected."""
        return float(sum(np.trace(rho).real for rho in self.each.values()))

    def density_matrix(self, qubits: Sequence[int] | None = None) -> Matrix:
        rho = sum(self.each.values()) / self.weight
        return rho if qubits is None else reduced(rho, qubits)

    def probabilities(self, qubits: Sequence[int]) -> Matrix:
        """Return the outcomes' probabilities as they are read from the qubits."""
        true = np.diag(self.density_matrix(qubits)).real
        factors = np.eye(1)
        for qubit in qubits:
            p01, p10 = self.errors.get(qubit, (0.0, 0.0))
            factors = np.kron(factors, [[1 - p01, p10], [p01, 1 - p10]])
        return factors @ true

    def bit_probabilities(self, group: Sequence[int]) -> Matrix:
        result = np.zeros(2 ** len(group))
        for bits, rho in self.each.items():
            result[index_of(dict(bits).get(bit, 0) for bit in group)] += np.trace(rho).real / self.weight
        return result

    def outcomes(self, group: Sequence[int]) -> set[str]:
        """Return the bitstrings that can come, the first bit of the group leftmost."""
        found = self.bit_probabilities(group)
        return {format(index, f"0{len(group)}b") for index in range(len(found)) if found[index] > 1e-12}

    def expectation(self, terms: Terms) -> float:
        return self._mean(pauli_matrix(terms, self.n))

    def variance(self, terms: Terms) -> float:
        operator = pauli_matrix(terms, self.n)
        return self._mean(operator @ operator) - self._mean(operator) ** 2

    def _mean(self, operator: Matrix) -> float:
        """Return the mean of an operator, each of its Pauli words read from a basis of its own.

        A read-out error makes of (−1)^read the mean 1 − 2·p01 for 0 and 2·p10 − 1 for 1: (p10 − p01)·I + (1 − p01 −
        p10)·P in place of the Pauli matrix P.
        """
        rho, total = self.density_matrix(), 0.0
        for letters in product("IXYZ", repeat=self.n):
            coefficient = np.trace(word_matrix("".join(letters)) @ operator).real / 2**self.n
            if abs(coefficient) > 1e-14:
                read = np.eye(1)
                for qubit, letter in enumerate(letters):
                    p01, p10 = self.errors.get(qubit, (0.0, 0.0)) if letter != "I" else (0.0, 0.0)
                    scaled = (1 - p01 - p10) * np.array(PAULIS[letter])
                    read = np.kron(read, scaled + (p10 - p01) * np.eye(2))
                total += coefficient * np.trace(rho @ read).real
        return total


def outcome_projector(values: str) -> Matrix:
    return np.diag([float(format(index, f"0{len(values)}b") == values) for index in range(2 ** len(values))])


def run(program: Iterable[Step], n: int) -> Branches:
    branches = Branches(n)
    for step in program:
        branches.apply(step)
    return branches


def relabelled(program: Iterable[Step], qubits: Sequence[int], bits: Sequence[int]) -> list[Step]:
    """Return the program with qubit q moved to qubits[q], and bit b to bits[b]."""
    moved: list[Step] = []
    for step in program:
        match step:
            case Gate(name, angles, places, controls, conditions):
                new_controls = tuple((qubits[qubit], value) for qubit, value in controls)
                new_conditions = tuple((bits[bit], value) for bit, value in conditions)
                moved.append(Gate(name, angles, tuple(qubits[q] for q in places), new_controls, new_conditions))
            case Measured(qubit, bit):
                moved.append(Measured(qubits[qubit], bits[bit]))
            case Misread(p01, p10, qubit):
                moved.append(Misread(p01, p10, qubits[qubit]))
            case Noise() | Selected():
                moved.append(step._replace(qubits=tuple(qubits[qubit] for qubit in step.qubits)))
    return moved


def play(new_circuit: Callable[[int], Any], program: Iterable[Step], n: int) -> Any:
    """Write a program by the methods of a circuit class, as a person would."""
    circuit = new_circuit(n)
    for step in program:
        match step:
            case Gate(name, angles, qubits, controls, conditions):
                size = len(qubits)
                inner = getattr(new_circuit(size), name)(*angles, *range(size))
                if controls:
                    places, values = zip(*controls, strict=True)
                    count = len(places)
                    wider = new_circuit(count + size)
                    inner = wider.controlled(inner, range(count), range(count, count + size), "".join(map(str, values)))
                wires = (*(qubit for qubit, _ in controls), *qubits)
                if conditions:
                    places, values = zip(*conditions, strict=True)
                    circuit.conditioned(inner, places, wires, on="".join(map(str, values)))
                else:
                    circuit.compose(inner, wires)
            case Noise(name, values, qubits):
                circuit.channel(name, values, qubits)
            case Measured(qubit, bit):
                circuit.measure(qubit, bit)
            case Selected(values, qubits):
                circuit.post_select(values, qubits)
            case Misread(p01, p10, qubit):
                circuit.readout_error(p01, p10, qubit)
    return circuit


def written_bits(program: Iterable[Step]) -> tuple[int, ...]:
    return tuple(sorted({step.bit for step in program if isinstance(step, Measured)}))
