"""Deferred measurement: a circuit with measurements in its middle, written as one of gates and channels alone.

The way through: each measurement's outcome is followed to where it is last needed, by a condition or by a result. If
its qubit is left alone until then, the qubit itself keeps the outcome. Otherwise a further wire keeps it, a qubit in
|0⟩ that a CX copies it to. A condition becomes a control; a reset exchanges the qubit for a fresh wire. So everything
stays exact and differentiable.

Two ways of writing are compared. In the pure one every measured qubit that goes on, and every reset, takes a wire, and
state vectors do. In the mixed one a density matrix forgets outcomes that nobody needs, and takes wires for the others
alone, which can serve again. Noise needs the mixed one; else the smaller wins.

Reference: M. A. Nielsen and I. L. Chuang, "Quantum Computation and Quantum Information", section 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ketgrad.circuit.instructions import Instruction, Measure, Operation, PostSelect, Prepare, ReadoutError
from ketgrad.errors import InvalidValueError
from ketgrad.lazy import lazy
from ketgrad.simulate.recipe import Recipe, make_recipe

Group: TypeAlias = tuple[int, ...]
"""Classical bits whose joint outcomes are asked for, the first one most significant."""


@dataclass(frozen=True)
class Snapshot:
    """Here the joint outcomes of a group of classical bits can be seen at these wires."""

    group: Group
    wires: tuple[int, ...]


Item: TypeAlias = Operation | PostSelect | Prepare | ReadoutError | Measure | Snapshot


@dataclass(frozen=True)
class Program:
    """A circuit without measurements on n qubits and some further wires, which begin in |0⟩."""

    items: tuple[Item, ...]
    num_qubits: int
    num_wires: int
    is_mixed: bool
    measured: frozenset[int] = frozenset()
    """In the pure way of writing: qubits that were measured and left alone, whose coherences count for nothing."""

    @lazy
    def recipe(self) -> Recipe:
        """How its matrices are made."""
        return make_recipe(self.items, self.num_wires)

    def with_arrays(self, change: Callable[[Any], Any]) -> Program:
        """Return the same program with each given matrix, or vector of amplitudes, changed."""
        return replace(self, items=tuple(_with_arrays(item, change) for item in self.items))


def _with_arrays(item: Item, change: Callable[[Any], Any]) -> Item:
    if isinstance(item, Prepare) and not isinstance(item.amplitudes, tuple):
        return replace(item, amplitudes=change(item.amplitudes))
    if isinstance(item, Operation) and item.name in ("unitary", "kraus"):
        return replace(item, parameters=tuple(map(change, item.parameters)))
    return item


def lower(
    instructions: Sequence[Instruction], num_qubits: int, groups: Sequence[Group] = (), *, prefers_pure: bool = False
) -> Program:
    """Write a circuit without measurements, in the way that takes the smaller state, or as a state vector if it can."""
    outcomes = _follow(instructions, groups)
    mixed = _Writer(num_qubits, outcomes, is_mixed=True).write(instructions, groups)
    needs_mixed = any(_makes_mixed(item) for item in instructions) or any(
        outcome.is_misread and outcome.needs_wire for outcome in outcomes.values()
    )
    if needs_mixed:
        return mixed
    pure = _Writer(num_qubits, outcomes, is_mixed=False).write(instructions, groups)
    return pure if prefers_pure or pure.num_wires <= 2 * mixed.num_wires else mixed


@dataclass
class _Outcome:
    """The outcome of one measurement: where its qubit is changed next, and where the outcome is last needed."""

    changed: int
    needed: int = -1
    is_condition: bool = False
    is_misread: bool = False

    @property
    def needs_wire(self) -> bool:
        return self.needed >= self.changed or (self.is_misread and self.is_condition)


def _follow(instructions: Sequence[Instruction], groups: Sequence[Group]) -> dict[int, _Outcome]:
    """Return the outcome of each measurement, by its place in the circuit."""
    outcomes: dict[int, _Outcome] = {}
    writer: dict[int, int] = {}
    misread: set[int] = set()
    changes = _next_changes(instructions)
    for place, instruction in enumerate(instructions):
        match instruction:
            case Measure(qubit, bit):
                outcomes[place] = _Outcome(changes[place], is_misread=qubit in misread)
                writer[bit] = place
            case ReadoutError():
                misread.add(instruction.qubit)
            case Operation():
                for bit, _ in instruction.conditions:
                    if bit in writer:
                        outcome = outcomes[writer[bit]]
                        outcome.needed, outcome.is_condition = place, True
    for group in groups:
        for bit in group:
            if bit not in writer:
                raise InvalidValueError(f"nothing was measured into bit {bit}; measure a qubit into it first")
            outcome = outcomes[writer[bit]]
            outcome.needed = max(outcome.needed, _time_of(instructions, group))
    return outcomes


def _next_changes(instructions: Sequence[Instruction]) -> dict[int, int]:
    """Return where the qubit of each measurement is next changed: acted on, otherwise than as a control, or reset."""
    found: dict[int, int] = {}
    next_on: dict[int, int] = {}
    for place in reversed(range(len(instructions))):
        item = instructions[place]
        if isinstance(item, Measure):
            found[place] = next_on.get(item.qubit, len(instructions))
        elif not isinstance(item, PostSelect):
            next_on.update(dict.fromkeys(item.qubits, place))
    return found


def _time_of(instructions: Sequence[Instruction], group: Group) -> int:
    """Return the place after which a group's outcomes are settled: its last measurement, or a later post-selection."""
    return max(
        place
        for place, item in enumerate(instructions)
        if isinstance(item, PostSelect) or (isinstance(item, Measure) and item.bit in group)
    )


def _makes_mixed(item: Instruction) -> bool:
    return isinstance(item, Operation) and item.is_channel and item.name != "reset"


@dataclass
class _Writer:
    """Writes one program."""

    num_qubits: int
    outcomes: dict[int, _Outcome]
    is_mixed: bool
    items: list[Item] = field(default_factory=list)
    measured: set[int] = field(default_factory=set)
    wire_of_bit: dict[int, int] = field(default_factory=dict)
    needed: list[float] = field(default_factory=list)
    """The place up to which each further wire is needed."""
    errors: dict[int, ReadoutError] = field(default_factory=dict)
    copies: dict[int, int] = field(default_factory=dict)
    """In the pure way: the wire that has the value of a qubit, for as long as neither is changed."""

    def write(self, instructions: Sequence[Instruction], groups: Sequence[Group]) -> Program:
        times = [_time_of(instructions, group) for group in groups]
        for place, instruction in enumerate(instructions):
            match instruction:
                case Measure(qubit, bit):
                    self._measure(qubit, bit, place, is_last=self.outcomes[place].changed == len(instructions))
                case Operation():
                    self._operation(instruction)
                case ReadoutError():
                    self.errors[instruction.qubit] = instruction
                    self.items.append(instruction)
                case _:
                    self.items.append(instruction)
            if not isinstance(instruction, Measure | PostSelect | ReadoutError):
                for qubit in instruction.qubits:
                    self.copies.pop(qubit, None)
            self.items += [
                Snapshot(group, tuple(self.wire_of_bit[bit] for bit in group))
                for group, time in zip(groups, times, strict=True)
                if time == place
            ]
        wires = self.num_qubits + len(self.needed)
        return Program(tuple(self.items), self.num_qubits, wires, self.is_mixed, frozenset(self.measured))

    def _measure(self, qubit: int, bit: int, place: int, *, is_last: bool) -> None:
        outcome = self.outcomes[place]
        self.wire_of_bit[bit] = qubit
        if outcome.needs_wire:
            self.wire_of_bit[bit] = self._copied(qubit, place, outcome.needed)
            if outcome.is_misread:
                error = self.errors[qubit].parameters
                self.items.append(Operation("misread", error, (self.wire_of_bit[bit],)))
        elif not self.is_mixed and not is_last:
            self._copied(qubit, place, outcome.needed)
        if self.is_mixed:
            self.items.append(Operation("phase_flip", (0.5,), (qubit,)))
        elif is_last:
            self.measured.add(qubit)

    def _operation(self, operation: Operation) -> None:
        controls = dict(operation.controls)
        for bit, value in operation.conditions:
            # A bit that nothing was measured into is 0; a control that asks for both values never holds.
            if bit not in self.wire_of_bit and value == 0:
                continue
            if bit not in self.wire_of_bit or controls.setdefault(self.wire_of_bit[bit], value) != value:
                return
        if operation.name == "reset" and not self.is_mixed:
            (qubit,) = operation.qubits
            wire = self._copied(qubit, 0, 0)
            self.items.append(Operation("cx", (), (wire, qubit)))
        else:
            self.items.append(replace(operation, controls=tuple(controls.items()), conditions=()))

    def _copied(self, qubit: int, place: int, needed: int) -> int:
        """Copy a qubit's value to a further wire, in the mixed way to one that is needed no more where there is one.

        In the pure way nothing ever changes a further wire, so that an earlier copy of the same value does.
        """
        if qubit in self.copies:
            return self.copies[qubit]
        free = [index for index, until in enumerate(self.needed) if until < place] if self.is_mixed else []
        index = free[0] if free else len(self.needed)
        wire = self.num_qubits + index
        if free:
            self.items.append(Operation("reset", (), (wire,)))
            self.needed[index] = needed
        else:
            self.needed.append(needed)
        self.items.append(Operation("cx", (), (qubit, wire)))
        if not self.is_mixed:
            self.copies[qubit] = wire
        return wire
