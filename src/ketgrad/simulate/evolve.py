"""Running a program, event by event, as state vectors or, where there is noise, as density matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.instructions import PostSelect
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.precision import COMPLEX_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend, Capability
from ketgrad.simulate import readout
from ketgrad.simulate.matrices import (
    Confusion,
    Event,
    Loading,
    Segment,
    Step,
    circuit_events,
    compiled_events,
    normalised,
)
from ketgrad.simulate.memory import check_memory
from ketgrad.simulate.program import Group, Program, Snapshot
from ketgrad.simulate.scalars import Values
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


def run(
    backend: ArrayBackend,
    program: Program,
    precision: Precision,
    values: Values,
    batch: int,
    initial: Array | None = None,
    engine: str = "auto",
) -> Run:
    """Run a program for each element of the batch."""
    check_memory(program.num_qubits, program.num_wires, precision, batch, is_mixed=program.is_mixed)
    if engine == "compiled":
        check_compiled(backend, program)
        events = compiled_events(backend, program.recipe, values, precision)
    else:
        events = circuit_events(backend, program.recipe, values, precision)
    vectors = initial_vectors(backend, program, precision, batch, device_of(backend, events, initial), initial)
    state: State = StateVector(backend, vectors, program.num_qubits, program.num_wires, program.measured)
    if program.is_mixed:
        outer = backend.einsum("za,zb->zab", vectors, backend.conj(vectors))
        state = DensityMatrix(backend, backend.reshape(outer, (batch, -1)), program.num_qubits, program.num_wires)
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


def check_compiled(backend: ArrayBackend, program: Program) -> None:
    """Refuse what the compiled engine does not run."""
    if program.is_mixed:
        raise UnsupportedError('the compiled engine has no noise; give engine="traced", or trajectories')
    if Capability.HOST_FUNCTION not in backend.capabilities:
        raise UnsupportedError(
            f'the {backend.name} backend runs nothing outside of it, so not the compiled engine; give engine="traced"'
        )


def device_of(backend: ArrayBackend, events: list[Event], initial: Array | None) -> str | None:
    """Return the device of the first array at hand, so that the states begin there."""
    if initial is not None:
        return backend.device(initial)
    arrays = [event.matrix for event in events if isinstance(event, Step | Confusion)]
    arrays += [array for event in events if isinstance(event, Segment) for array in event.given]
    arrays += [event.amplitudes for event in events if isinstance(event, Loading)]
    return backend.device(arrays[0]) if arrays else None


def initial_vectors(
    backend: ArrayBackend,
    program: Program,
    precision: Precision,
    batch: int,
    device: str | None,
    initial: Array | None,
) -> Array:
    """Return the states at the beginning, of shape (batch, 2^wires): |0…0⟩, or given ones, which are normalised."""
    ones = backend.asarray(np.ones(batch, COMPLEX_TYPE[precision]), device=device)
    wires = program.num_wires
    if initial is not None:
        given = normalised(backend, initial, precision)
        subscripts = "z,za,b->zab" if len(tuple(given.shape)) == 2 else "z,a,b->zab"
        rest = _one_hot(backend, 1 << (wires - program.num_qubits), precision, device)
        return backend.reshape(backend.einsum(subscripts, ones, given, rest), (batch, 1 << wires))
    # The product of two short vectors, so that no compiler sees a constant of the size of the state.
    halves = (wires // 2, wires - wires // 2)
    first, second = (_one_hot(backend, 1 << half, precision, device) for half in halves)
    return backend.reshape(backend.einsum("z,a,b->zab", ones, first, second), (batch, 1 << wires))


def _advance(state: Any, event: Event) -> Any:
    if isinstance(state, PlannedState):
        state = state.vectors
    match event:
        case Segment():
            return planned_state(state, event)
        case Loading(amplitudes, qubits):
            return state.load(amplitudes, qubits)
        case PostSelect(bits, qubits):
            return state.project(bits, qubits)
        case Step(is_channel=False):
            return state.apply(event.matrix, event.qubits, event.controls)
        case Step() if isinstance(state, DensityMatrix):
            return state.apply_channel(event.matrix, event.qubits)
    raise InvalidValueError("a channel acts on density matrices alone")


def _one_hot(backend: ArrayBackend, size: int, precision: Precision, device: str | None) -> Array:
    vector = np.zeros(size, COMPLEX_TYPE[precision])
    vector[0] = 1
    return backend.asarray(vector, device=device)


def planned_state(state: StateVector, segment: Segment) -> PlannedState:
    """Return what a segment makes of a state, computed when it is asked for."""
    from ketgrad.simulate import compiled  # numba takes a while to import, and only this engine needs it

    inputs = compiled.PlanInputs(segment.plan, state.values, segment.given)
    return PlannedState(
        state.backend,
        state.num_qubits,
        state.num_wires,
        state.measured,
        lambda: compiled.final_state(state.backend, inputs),
        lambda words: compiled.word_values(state.backend, inputs, words),
    )
