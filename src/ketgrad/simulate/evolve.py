"""Running a program, event by event, as state vectors or, where there is noise, as density matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.instructions import PostSelect
from ketgrad.engine import Engine
from ketgrad.errors import InvalidValueError
from ketgrad.precision import COMPLEX_TYPE, Precision, precision_of
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import readout
from ketgrad.simulate.availability import engine_for
from ketgrad.simulate.footprint import footprint
from ketgrad.simulate.matrices import (
    Confusion,
    Event,
    Loading,
    Repeated,
    Segment,
    Step,
    circuit_events,
    compiled_events,
    normalised,
    segment_events,
)
from ketgrad.simulate.memory import check_memory
from ketgrad.simulate.planning.tables import Plan
from ketgrad.simulate.program import Group, Program, Snapshot
from ketgrad.simulate.recipe import PlannedSegment
from ketgrad.simulate.states import DensityMatrix, PlannedState, State, StateVector

Bits: TypeAlias = Mapping[Group, Array]
"""The probabilities of each group of classical bits, of shape (batch, 2^k)."""


@dataclass(frozen=True)
class Run:
    """What a circuit leaves behind: its states, how its qubits are misread, and the outcomes of its measurements."""

    state: State
    confusions: Mapping[int, Array]
    """For each qubit with a read-out error the probabilities [read, true], of shape (2, 2) or (batch, 2, 2)."""
    bits: Bits
    auxiliary: int | None = None
    """A wire that shots read in X beside everything else: where it is found 1, a shot counts −1."""


def run(
    backend: ArrayBackend,
    program: Program,
    precision: Precision,
    numbers: Array | None,
    batch: int,
    initial: Array | None = None,
    engine: Engine = "auto",
    *,
    sums_alone: bool = False,
) -> Run:
    """Run a program for each element of the batch, with its numbers of shape (numbers,) or (batch, numbers).

    `sums_alone` says that it is for expectation values of Pauli sums. With the engine "auto" derivatives beyond the
    first go through the traced engine; with "compiled" they raise.
    """
    running = engine_for(backend, program, engine, [array for array in (numbers, initial) if array is not None])
    is_kept_inside = sums_alone and initial is None
    check_memory(program, footprint(program, running, precision, batch, sums_alone=is_kept_inside), precision, batch)
    device = program.recipe.device(backend, initial, numbers)
    if running == "compiled":
        events = compiled_events(
            backend, program.recipe, numbers, precision, device, batch, has_native=engine == "auto"
        )
    else:
        events = circuit_events(backend, program.recipe, numbers, precision, device)

    def vectors() -> Array:
        return initial_vectors(backend, program, precision, batch, device, initial)

    state: State
    if events and isinstance(events[0], Segment):
        state = planned_state(backend, program, events[0], None if initial is None else vectors())
        events = events[1:]
    else:
        state = _initial_state(backend, program, vectors(), batch)
    confusions: dict[int, Array] = {}
    bits: dict[Group, Array] = {}
    for event in events:
        match event:
            case Confusion(matrix, qubit):
                confusions[qubit] = matrix
            case Snapshot(group, wires):
                bits[group] = readout.group_probabilities(state, wires, confusions)
            case _:
                state = _advance(state, event)
    return Run(state, confusions, bits)


def _initial_state(backend: ArrayBackend, program: Program, vectors: Array, batch: int) -> StateVector | DensityMatrix:
    if not program.is_mixed:
        return StateVector(backend, vectors, program.num_qubits, program.num_wires, program.measured)
    outer = backend.einsum("za,zb->zab", vectors, backend.conj(vectors))
    return DensityMatrix(backend, backend.reshape(outer, (batch, -1)), program.num_qubits, program.num_wires)


def initial_vectors(
    backend: ArrayBackend,
    program: Program,
    precision: Precision,
    batch: int,
    device: str | None,
    initial: Array | None,
) -> Array:
    """Return the states at the beginning, of shape (batch, 2^wires): |0…0⟩, or given ones, which are normalised."""
    if initial is None:
        return zero_states(backend, program.num_wires, batch, precision, device)
    given = normalised(backend, initial, precision)
    ones = backend.asarray(np.ones(batch, COMPLEX_TYPE[precision]), device=device)
    subscripts = "z,za,b->zab" if len(tuple(given.shape)) == 2 else "z,a,b->zab"
    rest = _one_hot(backend, 1 << (program.num_wires - program.num_qubits), precision, device)
    return backend.reshape(backend.einsum(subscripts, ones, given, rest), (batch, 1 << program.num_wires))


def zero_states(backend: ArrayBackend, num_wires: int, batch: int, precision: Precision, device: str | None) -> Array:
    """Return |0…0⟩, of shape (batch, 2^wires)."""
    ones = backend.asarray(np.ones(batch, COMPLEX_TYPE[precision]), device=device)
    # The product of two short vectors, so that no compiler sees a constant of the size of the state.
    halves = (num_wires // 2, num_wires - num_wires // 2)
    first, second = (_one_hot(backend, 1 << half, precision, device) for half in halves)
    return backend.reshape(backend.einsum("z,a,b->zab", ones, first, second), (batch, 1 << num_wires))


def _advance(state: Any, event: Event) -> Any:
    if isinstance(state, PlannedState):
        state = state.vectors
    match event:
        case Segment():
            return planned_state(state.backend, state, event, state.values)
        case Repeated():
            return _repeat(state, event)
        case Loading(amplitudes, qubits):
            return state.load(amplitudes, qubits)
        case PostSelect(bits, qubits):
            return state.project(bits, qubits)
        case Step(is_channel=False):
            return state.apply(event.matrix, event.qubits, event.controls)
        case Step() if isinstance(state, DensityMatrix):
            return state.apply_channel(event.matrix, event.qubits)
    raise InvalidValueError("a channel acts on density matrices alone")


def _repeat(state: Any, layers: Repeated) -> Any:
    """Run equal layers as a loop, which records one of them."""

    def layer(values: Array, *elements: Array) -> Array:
        after = replace(state, values=values)
        for step in layers.steps(elements):
            after = _advance(after, step)
        return after.values

    return replace(state, values=state.backend.fold(layer, state.values, layers.stacks))


def _one_hot(backend: ArrayBackend, size: int, precision: Precision, device: str | None) -> Array:
    vector = np.zeros(size, COMPLEX_TYPE[precision])
    vector[0] = 1
    return backend.asarray(vector, device=device)


def planned_state(
    backend: ArrayBackend, register: Program | StateVector, segment: Segment, initial: Array | None
) -> PlannedState:
    """Return what a segment makes of states, of |0…0⟩ where none are given, computed when it is asked for."""
    from ketgrad.simulate import compiled  # numba takes a while to import, and only this engine needs it

    planned = segment.planned
    native = _NativeRun(backend, planned.plan, planned) if segment.has_native else None
    inputs = compiled.PlanInputs(planned.plan, segment.angles, segment.given, initial)
    return PlannedState(
        backend,
        register.num_qubits,
        register.num_wires,
        register.measured,
        lambda: compiled.final_state(backend, inputs, native),
        lambda sums: compiled.expectations(backend, inputs, sums, native),
    )


@dataclass(frozen=True)
class _NativeRun:
    """A plan's gates on the traced engine, one run like another wherever the plan is the same."""

    backend: ArrayBackend
    plan: Plan
    planned: PlannedSegment = field(compare=False)

    def __call__(self, angles: Array, *others: Array) -> Any:
        backend, wires, count = self.backend, self.plan.num_wires, len(self.planned.matrices)
        (batch, _), precision = tuple(angles.shape), precision_of(backend.dtype(angles))
        starts = others[count:] or (zero_states(backend, wires, batch, precision, backend.device(angles)),)
        state: Any = StateVector(backend, starts[0], wires, wires)
        for event in segment_events(backend, self.planned, angles, others[:count]):
            state = _advance(state, event)
        return state
