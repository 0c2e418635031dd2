"""What a circuit's structure says about its matrices, worked out once however often the circuit is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from ketgrad.circuit.instructions import Measure, Operation, PostSelect, Prepare, numbers_of
from ketgrad.lazy import lazy
from ketgrad.placement import device_among
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.parts import elementary, table_gate
from ketgrad.simulate.planning.gates import is_plannable, structure_of
from ketgrad.simulate.planning.tables import Plan, make_plan
from ketgrad.simulate.scalars import Number, NumberPlan, plan_numbers
from ketgrad.simulate.schedule import Schedule, make_schedule


@dataclass(frozen=True, eq=False)
class PlannedSegment:
    """Gates in a row for the compiled kernels."""

    plan: Plan
    parts: tuple[int, ...]
    matrices: tuple[int, ...]
    """Those of the parts that are given matrices."""
    structure: tuple[Operation, ...]
    """The parts without their parameters."""
    slots: tuple[int, ...]
    """Where the numbers of each part begin."""

    def schedule(self, *, by_layers: bool) -> Schedule:
        """Return how the traced engine runs it, for derivatives beyond the first."""
        return make_schedule(self.structure, self.slots, by_layers=by_layers)


@dataclass(frozen=True, eq=False)
class Recipe:
    """The elementary parts of a circuit, where the numbers of each begin, and how they are made."""

    parts: tuple[Any, ...]
    slots: tuple[int, ...]
    numbers: NumberPlan
    num_wires: int

    def native_arrays(self, backend: ArrayBackend) -> list[Array]:
        """Return the backend's arrays that stand in gates: angles, matrices, amplitudes."""
        return [value for value in self._given if backend.is_array(value)]

    @lazy
    def _given(self) -> tuple[Any, ...]:
        return (*(number.value for number in self.numbers.natives), *self.matrices)

    def device(self, backend: ArrayBackend, *arrays: Any) -> str | None:
        """Name the device of the first array at hand, among those given and in gates, where all else is made."""
        return device_among(backend, (*arrays, *self._given))

    @lazy
    def matrices(self) -> tuple[Any, ...]:
        """The matrices and amplitudes that were given."""
        held = [part.amplitudes for part in self.parts if isinstance(part, Prepare)]
        for part in self.parts:
            held += part.parameters if isinstance(part, Operation) and part.name in ("unitary", "kraus") else ()
        return tuple(value for value in held if not isinstance(value, tuple))

    @lazy
    def is_one_segment(self) -> bool:
        """Whether the compiled kernels run all of it in one go."""
        return bool(self.parts) and all(map(is_plannable, self.parts))

    def schedule(self, *, by_layers: bool) -> Schedule:
        """Return which gates act as one in the traced engine, and, if asked for, which layers are equal."""
        return make_schedule(self.structure, self.slots, by_layers=by_layers)

    @lazy
    def structure(self) -> tuple[Operation | None, ...]:
        """The gates without their parameters, None in the place of what is no gate."""
        return tuple(
            structure_of(part) if isinstance(part, Operation) and not part.is_channel else None for part in self.parts
        )

    @lazy
    def segments(self) -> tuple[PlannedSegment | int, ...]:
        """The parts in order, gates in a row together for the compiled kernels, others by their places."""
        found: list[PlannedSegment | int] = []
        for is_gates, run in groupby(range(len(self.parts)), key=lambda index: is_plannable(self.parts[index])):
            members = list(run)
            found += [self._segment(members)] if is_gates else members
        return tuple(found)

    def _segment(self, members: Sequence[int]) -> PlannedSegment:
        structure = tuple(structure_of(self.parts[index]) for index in members)
        slots = tuple(self.slots[index] for index in members)
        matrices = tuple(index for index in members if table_gate(self.parts[index]) is None)
        plan = make_plan(structure, slots, self.num_wires)
        return PlannedSegment(plan, tuple(members), matrices, structure, slots)


def make_recipe(items: Sequence[Any], num_wires: int) -> Recipe:
    """Take a circuit apart."""
    named = [(_name_of(item), part) for item in items for part in elementary(item)]
    parts = tuple(part for _, part in named)
    owned = [numbers_of(part) if _has_numbers(part) else () for part in parts]
    numbers = [Number(value, name) for (name, _), own in zip(named, owned, strict=True) for value in own]
    slots = np.cumsum([0, *map(len, owned)])[:-1].tolist()
    return Recipe(parts, tuple(slots), plan_numbers(numbers), num_wires)


def _has_numbers(part: Any) -> bool:
    return hasattr(part, "numbers") and not isinstance(part, Measure | PostSelect)


def _name_of(item: Any) -> str:
    """Name an item that takes numbers, for messages."""
    return item.name if isinstance(item, Operation) else "prepare" if isinstance(item, Prepare) else "readout_error"
