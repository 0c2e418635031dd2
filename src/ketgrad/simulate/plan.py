"""A plan: the structure of a circuit of gates as tables for the compiled kernels, free of numbers and frameworks.

The way through: each part of the circuit becomes a gate of the table, with its bits, its controls and the place of its
matrix in one flat vector of data; gates without controls on one qubit, with nothing else on that qubit in between, are
merged into one gate, whose matrix the kernels multiply from its sources. The vector begins with the constant matrices;
behind them come those that a framework computes, whose gradient it wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.gates import FIXED, RotationGate
from ketgrad.circuit.instructions import Operation
from ketgrad.simulate.kernels.layout import DENSE, EXCHANGE
from ketgrad.simulate.parts import table_gate

WIDEST_GATE = 6
"""The most qubits of a gate that the kernels apply as one matrix."""

CONTROLLED = {"cx": "x", "cy": "y", "cz": "z", "ch": "h", "csx": "sx", "csxdg": "sxdg", "ccx": "x", "ccz": "z"}
"""Fixed gates that are another one under control of their first qubits."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Tables for the kernels."""

    num_wires: int
    table: Any
    bits: Any
    targets: Any
    sources: Any
    constants: Any
    """The constant matrices, flat, complex128."""
    data_size: int


@dataclass(frozen=True)
class _Source:
    """A matrix: its place in the data, and whether a framework computes it."""

    start: int
    is_given: bool


@dataclass
class _Gate:
    kind: int
    targets: tuple[int, ...]
    controls: Controls
    sources: list[_Source]


@dataclass
class _Builder:
    num_wires: int
    gates: list[_Gate] = field(default_factory=list)
    last_on: dict[int, _Gate] = field(default_factory=dict)
    """The gate that acts last on each qubit."""
    constants: list[Any] = field(default_factory=list)
    known: dict[str, _Source] = field(default_factory=dict)
    size: int = 0

    def constant(self, name: str, matrix: Any) -> _Source:
        if name not in self.known:
            self.known[name] = _Source(self.size, is_given=False)
            self.constants.append(np.asarray(matrix).reshape(-1))
            self.size += matrix.size
        return self.known[name]

    def add(self, gate: _Gate) -> None:
        wires = (*gate.targets, *(qubit for qubit, _ in gate.controls))
        last = self.last_on.get(gate.targets[0])
        is_simple = gate.kind == DENSE and len(wires) == 1
        if is_simple and last is not None and last.kind == DENSE and not last.controls and len(last.targets) == 1:
            last.sources += gate.sources
            return
        self.gates.append(gate)
        for wire in wires:
            self.last_on[wire] = gate


def is_plannable(part: Any) -> bool:
    """Tell whether the kernels can run a part: a gate, and none too wide."""
    return isinstance(part, Operation) and not part.is_channel and len(part.qubits) <= WIDEST_GATE


def given_order(parts: Sequence[Operation]) -> list[int]:
    """Return the places of the parts whose matrices a framework computes, in the order in which the data hold them.

    Rotations come first, those on fewer qubits before those on more, as they are computed together; then matrices.
    """
    rotations = [index for index, part in enumerate(parts) if isinstance(table_gate(part), RotationGate)]
    matrices = [index for index, part in enumerate(parts) if table_gate(part) is None]
    return sorted(rotations, key=lambda index: len(parts[index].qubits)) + matrices


def structure_of(part: Operation) -> Operation:
    """Return a part without its parameters."""
    return replace(part, parameters=())


@lru_cache(maxsize=256)
def make_plan(parts: tuple[Operation, ...], num_wires: int) -> Plan:
    """Return the tables for parts without their parameters."""
    builder, starts, given_size = _Builder(num_wires), {}, 0
    for index in given_order(parts):
        starts[index] = given_size
        given_size += 1 << (2 * len(parts[index].qubits))
    for index, part in enumerate(parts):
        if index in starts:
            builder.add(_Gate(DENSE, part.qubits, part.controls, [_Source(starts[index], is_given=True)]))
        else:
            builder.add(_fixed(builder, part))
    return _tables(builder, given_size)


def _fixed(builder: _Builder, part: Operation) -> _Gate:
    name = CONTROLLED.get(part.name, part.name)
    count = len(part.qubits) - FIXED[name].shape[0].bit_length() + 1
    controls = (*part.controls, *((qubit, 1) for qubit in part.qubits[:count]))
    kind = EXCHANGE if name == "x" and controls else DENSE
    return _Gate(kind, part.qubits[count:], controls, [builder.constant(name, FIXED[name])])


def _tables(builder: _Builder, given_size: int) -> Plan:
    gates, last = builder.gates, builder.num_wires - 1
    width = max([1, *(len(gate.targets) + len(gate.controls) for gate in gates)])
    bits, targets = np.zeros((len(gates), width), np.int64), np.zeros((len(gates), width), np.int64)
    rows: list[list[int]] = []
    sources: list[int] = []
    for index, gate in enumerate(gates):
        wires = [*gate.targets, *(qubit for qubit, _ in gate.controls)]
        bits[index, : len(wires)] = sorted(last - wire for wire in wires)
        targets[index, : len(gate.targets)] = [last - qubit for qubit in gate.targets]
        offset = sum(value << (last - qubit) for qubit, value in gate.controls)
        has_gradient = any(source.is_given for source in gate.sources)
        rows.append(
            [gate.kind, len(gate.targets), len(wires), offset, len(sources), len(gate.sources), int(has_gradient)]
        )
        sources += [source.start + builder.size if source.is_given else source.start for source in gate.sources]
    constants = np.concatenate([np.zeros(0, "complex128"), *builder.constants])
    table = np.array(rows, np.int64).reshape(-1, 7)
    return Plan(
        builder.num_wires, table, bits, targets, np.array(sources, np.int64), constants, builder.size + given_size
    )
