"""What a circuit's structure says about its matrices, worked out once however often the circuit is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from ketgrad.circuit.gates import RotationGate
from ketgrad.circuit.instructions import Measure, Operation, PostSelect, Prepare, numbers_of
from ketgrad.simulate.parts import elementary, table_gate
from ketgrad.simulate.plan import Plan, is_plannable, make_plan, structure_of
from ketgrad.simulate.scalars import Number, NumberPlan, plan_numbers


@dataclass(frozen=True, eq=False)
class RotationGroup:
    """All rotations on one number of qubits: their matrices are computed together."""

    members: tuple[int, ...]
    """Their places among the parts."""
    slots: Any
    """The places of their angles among the numbers."""
    halves: Any
    """−λ/2 for the eigenvalues λ of each generator, of shape (rotations, k), filled up with zeros."""
    projectors: Any
    """On the eigenspaces, of shape (rotations, k, 2^q, 2^q)."""


@dataclass(frozen=True, eq=False)
class PlannedSegment:
    """Gates in a row for the compiled kernels."""

    plan: Plan
    rows: tuple[tuple[int, Any], ...]
    """Which rotation groups have a part in it, and which rows of each, None for all."""
    matrices: tuple[int, ...]
    """The parts that are given matrices."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """The elementary parts of a circuit, where the numbers of each begin, and how they are made."""

    parts: tuple[Any, ...]
    slots: tuple[int, ...]
    numbers: NumberPlan
    groups: tuple[RotationGroup, ...]
    num_wires: int

    @cached_property
    def segments(self) -> tuple[PlannedSegment | int, ...]:
        """The parts in order, gates in a row together for the compiled kernels, others by their places."""
        found: list[PlannedSegment | int] = []
        for is_gates, run in groupby(range(len(self.parts)), key=lambda index: is_plannable(self.parts[index])):
            members = list(run)
            found += [self._segment(members)] if is_gates else members
        return tuple(found)

    def _segment(self, members: Sequence[int]) -> PlannedSegment:
        own = set(members)
        rows: list[tuple[int, Any]] = []
        for place, group in enumerate(self.groups):
            mine = [row for row, index in enumerate(group.members) if index in own]
            if mine:
                rows.append((place, None if len(mine) == len(group.members) else np.array(mine)))
        plan = make_plan(tuple(structure_of(self.parts[index]) for index in members), self.num_wires)
        matrices = tuple(index for index in members if table_gate(self.parts[index]) is None)
        return PlannedSegment(plan, tuple(rows), matrices)


def make_recipe(items: Sequence[Any], num_wires: int) -> Recipe:
    """Take a circuit apart."""
    named = [(_name_of(item), part) for item in items for part in elementary(item)]
    parts = tuple(part for _, part in named)
    owned = [numbers_of(part) if _has_numbers(part) else () for part in parts]
    numbers = [Number(value, name) for (name, _), own in zip(named, owned, strict=True) for value in own]
    slots = np.cumsum([0, *map(len, owned)])[:-1].tolist()
    return Recipe(parts, tuple(slots), plan_numbers(numbers), tuple(_rotation_groups(parts, slots)), num_wires)


def _rotation_groups(parts: Sequence[Any], slots: Sequence[int]) -> list[RotationGroup]:
    gates = [table_gate(part) for part in parts]
    places = [index for index, gate in enumerate(gates) if isinstance(gate, RotationGate)]
    groups = []
    for size in sorted({len(parts[index].qubits) for index in places}):
        members = tuple(index for index in places if len(parts[index].qubits) == size)
        halves, projectors = _spectra([gates[index] for index in members])
        groups.append(RotationGroup(members, np.array([slots[index] for index in members]), halves, projectors))
    return groups


def _spectra(gates: Sequence[Any]) -> tuple[Any, Any]:
    depth, dimension = max(len(gate.eigenvalues) for gate in gates), gates[0].projectors.shape[-1]
    halves = np.zeros((len(gates), depth))
    projectors = np.zeros((len(gates), depth, dimension, dimension), "complex128")
    for row, gate in enumerate(gates):
        halves[row, : len(gate.eigenvalues)] = -0.5 * np.array(gate.eigenvalues)
        projectors[row, : len(gate.eigenvalues)] = gate.projectors
    return halves, projectors


def _has_numbers(part: Any) -> bool:
    return hasattr(part, "numbers") and not isinstance(part, Measure | PostSelect)


def _name_of(item: Any) -> str:
    """Name an item that takes numbers, for messages."""
    return item.name if isinstance(item, Operation) else "prepare" if isinstance(item, Prepare) else "readout_error"
