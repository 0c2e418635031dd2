"""A plan: the structure of a circuit of gates as tables for the compiled kernels, free of numbers and frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ketgrad.circuit.instructions import Operation
from ketgrad.simulate.kernels import layout
from ketgrad.simulate.kernels.layout import Tables
from ketgrad.simulate.planning.gates import Kind, PlannedGate, Source, phases_of, planned_gates
from ketgrad.simulate.planning.schedule import Pass, Step, schedule


@dataclass(frozen=True, eq=False)
class Plan:
    """Tables for the kernels, and the sizes of what a run computes from them."""

    num_wires: int
    tables: Tables
    matrices_size: int
    """The elements of all matrices of dense gates."""
    sources_size: int
    """The elements of all matrices that these are products of."""
    given_sizes: tuple[int, ...]
    """The elements of each matrix that the framework hands over."""


@lru_cache(maxsize=256)
def make_plan(parts: tuple[Operation, ...], slots: tuple[int, ...], num_wires: int) -> Plan:
    """Return the plan of parts without their parameters, whose angles are in these slots."""
    sizes = tuple(1 << (2 * len(part.qubits)) for part in parts if part.name == "unitary")
    builder = _Builder(np.cumsum([0, *sizes]).tolist())
    for item in schedule(planned_gates(parts, slots, num_wires), num_wires):
        builder.add_pass(item, num_wires)
    return Plan(num_wires, builder.tables(), builder.matrices_size, builder.sources_size, sizes)


@dataclass
class _Builder:
    given_starts: list[int]
    passes: list[list[int]] = field(default_factory=list)
    locals: list[list[int]] = field(default_factory=list)
    steps: list[list[int]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    permutations: list[Any] = field(default_factory=list)
    permutation_starts: dict[bytes, int] = field(default_factory=dict)
    patterns: list[list[int]] = field(default_factory=list)
    pattern_constants: list[float] = field(default_factory=list)
    angle_patterns: list[list[int]] = field(default_factory=list)
    angle_factors: list[float] = field(default_factory=list)
    matrices: list[list[int]] = field(default_factory=list)
    sources: list[list[int]] = field(default_factory=list)
    halves: list[float] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    constant_starts: dict[int, int] = field(default_factory=dict)
    matrices_size: int = 0
    sources_size: int = 0
    constants_size: int = 0

    def add_pass(self, item: Pass, num_wires: int) -> None:
        self.passes.append([len(self.steps), len(item.steps), len(item.local)])
        self.locals.append(list(item.local))
        inside = {bit: place for place, bit in enumerate(item.local)}
        for step in item.steps:
            if step.kind is Kind.LINEAR:
                self._permutation(step, inside, num_wires)
            elif step.kind is Kind.DIAGONAL:
                self._phases(step, inside)
            else:
                self._gate(step.gates[0], step.kind, inside)

    def _gate(self, gate: PlannedGate, kind: Kind, inside: dict[int, int]) -> None:
        targets = [inside[bit] for bit in gate.targets]
        controls = [(inside[bit], value) for bit, value in gate.controls if bit in inside]
        outer = [(bit, value) for bit, value in gate.controls if bit not in inside]
        row = {
            layout.KIND: layout.DENSE if kind is Kind.DENSE else layout.EXCHANGE,
            layout.NUM_TARGETS: len(targets),
            layout.NUM_BITS: len(targets) + len(controls),
            layout.OFFSET: sum(value << place for place, value in controls),
            layout.OUTER_MASK: sum(1 << bit for bit, _ in outer),
            layout.OUTER_VALUE: sum(value << bit for bit, value in outer),
            layout.START: self.matrices_size,
        }
        if kind is Kind.DENSE:
            row[layout.HAS_GRADIENT] = int(any(source.has_gradient for source in gate.sources))
            self._matrix(gate)
        self._step(row, [*sorted([*targets, *(place for place, _ in controls)]), *targets])

    def _step(self, row: dict[int, int], places: Sequence[int] = ()) -> None:
        row[layout.PLACE] = len(self.places)
        self.places += places
        self.steps.append([row.get(column, 0) for column in range(layout.HAS_GRADIENT + 1)])

    def _matrix(self, gate: PlannedGate) -> None:
        size = 1 << len(gate.targets)
        self.matrices.append([self.matrices_size, size, len(self.sources), len(gate.sources)])
        self.matrices_size += size * size
        for source in gate.sources:
            self.sources.append([*self._source(source), self.sources_size])
            self.sources_size += size * size

    def _source(self, source: Source) -> list[int]:
        if source.given is not None:
            return [layout.GIVEN, self.given_starts[source.given], 0, 0, 0]
        if source.rotation is None:
            return [layout.CONSTANT, self._constant(source.constant), 0, 0, 0]
        row = [
            layout.ROTATION,
            self._constant(source.rotation.projectors),
            source.slot,
            len(source.rotation.eigenvalues),
            len(self.halves),
        ]
        self.halves += [-0.5 * value for value in source.rotation.eigenvalues]
        return row

    def _constant(self, array: Any) -> int:
        # The tables of gates keep their arrays alive, so that an array is known by its identity.
        if id(array) not in self.constant_starts:
            self.constant_starts[id(array)] = self.constants_size
            self.constants.append(array.reshape(-1))
            self.constants_size += array.size
        return self.constant_starts[id(array)]

    def _phases(self, step: Step, inside: dict[int, int]) -> None:
        constants: dict[int, float] = {}
        factors: list[tuple[int, int, float]] = []
        for gate in step.gates:
            phases = phases_of(gate)
            for mask, value in phases.constants.items():
                constants[mask] = constants.get(mask, 0.0) + value
            factors += [(mask, slot, factor) for mask, (slot, factor) in phases.factors.items()]
        masks = {mask: _split(mask, inside) for mask in (*constants, *(mask for mask, _, _ in factors))}
        ordered = sorted(masks, key=lambda mask: (masks[mask][0].bit_length(), mask))
        first = len(self.patterns)
        rows = {mask: first + index for index, mask in enumerate(ordered)}
        self.patterns += [list(masks[mask]) for mask in ordered]
        self.pattern_constants += [constants.get(mask, 0.0) for mask in ordered]
        self.angle_patterns += [[rows[mask], slot] for mask, slot, _ in factors]
        self.angle_factors += [factor for _, _, factor in factors]
        self._step(
            {
                layout.KIND: layout.PHASES,
                layout.START: first,
                layout.COUNT: len(ordered),
                layout.HAS_GRADIENT: int(bool(factors)),
            }
        )

    def _permutation(self, step: Step, inside: dict[int, int], num_wires: int) -> None:
        # An amplitude at Mx + c comes from x: forwards the table holds the inverse map, backwards the map.
        exchanges = [exchange for gate in step.gates for exchange in _exchanges(gate)]
        maps = [_affine_map(exchanges[::-1], num_wires), _affine_map(exchanges, num_wires)]
        starts = [self._table(columns, constant, inside) for columns, constant in maps]
        outer = [bit for bit in range(num_wires) if bit not in inside]
        flips = {bit: [_split(columns[bit] ^ (1 << bit), inside)[0] for columns, _ in maps] for bit in outer}
        flipping = {bit: pair for bit, pair in flips.items() if any(pair)}
        row = {
            layout.KIND: layout.PERMUTE,
            layout.START: starts[0],
            layout.OFFSET: starts[1],
            layout.COUNT: len(flipping),
        }
        self._step(row, [entry for bit, pair in flipping.items() for entry in (bit, *pair)])

    def _table(self, columns: Sequence[int], constant: int, inside: dict[int, int]) -> int:
        table = np.array([_split(constant, inside)[0]], np.uint16)
        for bit in inside:
            table = np.concatenate([table, table ^ np.uint16(_split(columns[bit], inside)[0])])
        key = table.tobytes()
        if key not in self.permutation_starts:
            self.permutation_starts[key] = sum(known.size for known in self.permutations)
            self.permutations.append(table)
        return self.permutation_starts[key]

    def tables(self) -> Tables:
        width = max(map(len, self.locals), default=0)
        return Tables(
            passes=_integers(self.passes, 3),
            locals=_integers(self.locals, width),
            steps=_integers(self.steps, layout.HAS_GRADIENT + 1),
            places=np.array(self.places, np.int64),
            permutations=np.concatenate([np.zeros(0, np.uint16), *self.permutations]),
            patterns=_integers(self.patterns, 2),
            pattern_constants=np.array(self.pattern_constants, np.float64),
            angle_patterns=_integers(self.angle_patterns, 2),
            angle_factors=np.array(self.angle_factors, np.float64),
            matrices=_integers(self.matrices, 4),
            sources=_integers(self.sources, 6),
            halves=np.array(self.halves, np.float64),
            constants=np.concatenate([np.zeros(0, np.complex128), *self.constants]),
        )


def _integers(rows: Sequence[Sequence[int]], width: int) -> Any:
    return np.array(rows, np.int64).reshape(-1, width)


def _split(mask: int, inside: dict[int, int]) -> tuple[int, int]:
    """Return a mask's part inside the tile, by places there, and its part outside, by bits of the whole index."""
    bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    return sum(1 << inside[bit] for bit in bits if bit in inside), sum(1 << bit for bit in bits if bit not in inside)


def _exchanges(gate: PlannedGate) -> list[tuple[int, int, int]]:
    """Return a linear gate as exchanges: target, control (−1 for none), and the control's value."""
    if len(gate.targets) == 2:
        first, second = gate.targets
        return [(first, second, 1), (second, first, 1), (first, second, 1)]
    control, value = gate.controls[0] if gate.controls else (-1, 1)
    return [(gate.targets[0], control, value)]


def _affine_map(exchanges: Sequence[tuple[int, int, int]], num_wires: int) -> tuple[list[int], int]:
    """Return the images of single bits, and that of zero, under exchanges, first applied first."""
    columns, constant = [1 << bit for bit in range(num_wires)], 0
    for target, control, value in exchanges:
        if control < 0:
            constant ^= 1 << target
            continue
        columns = [column ^ ((column >> control & 1) << target) for column in columns]
        constant ^= (constant >> control & 1 ^ (1 - value)) << target
    return columns, constant
