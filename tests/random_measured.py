"""Programs with measurements in their middle, drawn at random, for the branch reference and for circuits alike."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from branch_reference import Branches, Gate, Measured, Misread, Noise, Selected, Step, run
from dense_channels import CHANNELS
from dense_reference import GATES

LEAST_WEIGHT = 0.01
"""Post-selections that leave less than this are left out of a program."""
MOST_MEASUREMENTS = 6
FLAVOURS = ("measure", "reset", "noise", "select", "misread", "everything")
EXTRAS = {
    "measure": (),
    "reset": ("reset",),
    "noise": ("noise",),
    "select": ("select", "reset"),
    "misread": ("misread", "reset"),
    "everything": ("reset", "noise", "select", "misread"),
}


class Case(NamedTuple):
    """A program on n qubits."""

    n: int
    program: tuple[Step, ...]


@cache
def case(flavour: str, seed: int) -> Case:
    """Return the program of a seed; with seeds the number of qubits goes round from 1 to 4."""
    drawing = _Drawing(np.random.default_rng([FLAVOURS.index(flavour), seed]), 1 + seed % 4)
    program = tuple(drawing.program(EXTRAS[flavour]))
    if run(program, drawing.n).weight < LEAST_WEIGHT:
        program = tuple(step for step in program if not isinstance(step, Selected))
    return Case(drawing.n, program)


@cache
def reference(flavour: str, seed: int) -> Branches:
    n, program = case(flavour, seed)
    return run(program, n)


class _Drawing:
    """Draws one program step by step; classical bits are 0 to 4, written in any order and over one another."""

    def __init__(self, generator: Any, n: int) -> None:
        self.generator, self.n = generator, n
        self.bits: list[int] = []
        self.recent: list[int] = []

    def program(self, extras: tuple[str, ...]) -> list[Step]:
        steps: list[Step] = [Gate("u", self.angles(3), (qubit,)) for qubit in range(self.n)]
        left = MOST_MEASUREMENTS
        for _ in range(int(self.generator.integers(8, 16))):
            kind = self.pick(["gate", "gate", "condition", "condition", "measure", "measure", *extras])
            if kind == "measure":
                if not left:
                    continue
                left -= 1
            steps.append(getattr(self, kind)())
        return [*steps, self.measure()] if left and self.generator.random() < 0.5 else steps

    def pick(self, values: Any) -> Any:
        return values[int(self.generator.integers(len(values)))]

    def angles(self, count: int) -> tuple[float, ...]:
        return tuple(self.generator.uniform(-3, 3, count).tolist())

    def some_qubits(self, count: int) -> tuple[int, ...]:
        """Draw qubits, one that was measured lately among them more often than not."""
        chosen = self.generator.permutation(self.n)[:count].tolist()
        if self.recent and self.generator.random() < 0.6 and self.recent[-1] not in chosen:
            chosen[int(self.generator.integers(count))] = self.recent[-1]
        return tuple(chosen)

    def values(self, places: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        return tuple((place, int(self.generator.integers(2))) for place in places)

    def gate(self, conditions: tuple[tuple[int, int], ...] = ()) -> Gate:
        name = self.pick([name for name, gate in sorted(GATES.items()) if gate.qubits <= self.n])
        size = GATES[name].qubits
        wires = self.some_qubits(int(self.generator.integers(size, min(self.n, size + 2) + 1)))
        count = len(wires) - size
        return Gate(name, self.angles(GATES[name].angles), wires[count:], self.values(wires[:count]), conditions)

    def condition(self) -> Gate:
        if not self.bits:
            return self.gate()
        known = range(max(self.bits) + 1)
        count = int(self.generator.integers(1, min(3, len(known)) + 1))
        return self.gate(self.values(tuple(self.generator.permutation(known)[:count].tolist())))

    def measure(self) -> Measured:
        qubit, bit = int(self.generator.integers(self.n)), int(self.generator.integers(5))
        self.bits.append(bit)
        self.recent.append(qubit)
        return Measured(qubit, bit)

    def reset(self) -> Noise:
        return Noise("reset", (), self.some_qubits(1))

    def noise(self) -> Noise:
        name = self.pick([name for name, noise in CHANNELS.items() if noise.qubits <= self.n])
        return Noise(name, CHANNELS[name].values, self.some_qubits(CHANNELS[name].qubits))

    def select(self) -> Selected:
        qubits = self.some_qubits(int(self.generator.integers(1, min(self.n, 2) + 1)))
        return Selected("".join(str(value) for _, value in self.values(qubits)), qubits)

    def misread(self) -> Misread:
        p01, p10 = self.generator.uniform(0, 0.4, 2).tolist()
        return Misread(p01, p10, int(self.generator.integers(self.n)))
