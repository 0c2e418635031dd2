"""The matrices of all gates of a circuit, computed together: a few operations for the whole circuit, not a few a gate.

The way through: gates are taken apart into fixed matrices, rotations, given matrices and channels; the numbers in all
of them become one array; one exponential gives the phases exp(−iθλ/2), one sum over projectors the matrices of all
rotations on the same number of qubits; each step of the circuit picks its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.checks import Controls, check_kraus, check_unitary, is_number
from ketgrad.circuit.gates import FixedGate
from ketgrad.circuit.instructions import Measure, Operation, PostSelect, Prepare, ReadoutError
from ketgrad.circuit.operations import check_amplitudes
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPE, INTEGER_TYPES, REAL_TYPE, Precision, precision_of
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.parts import table_gate
from ketgrad.simulate.program import Snapshot
from ketgrad.simulate.recipe import PlannedSegment, Recipe
from ketgrad.simulate.scalars import in_batch
from ketgrad.simulate.schedule import FactorGroup, Fixed, Given, Layers, Row, Schedule


@dataclass(frozen=True)
class Step:
    """A matrix and the qubits that it acts on, the first one most significant.

    The matrix has shape (2^k, 2^k), or (batch, 2^k, 2^k); that of a channel, which is a superoperator, has 4^k for 2^k.
    """

    matrix: Array
    qubits: tuple[int, ...]
    controls: Controls = ()
    conditions: Controls = ()
    is_channel: bool = False


@dataclass(frozen=True)
class Choice:
    """A channel ρ → Σ KρK† by its operators, of which a single run takes one.

    Operators have shape (m, 2^k, 2^k) or (batch, m, 2^k, 2^k). For a mixture of unitary matrices their probabilities
    are known, of shape (m,) or (batch, m); else the state decides.
    """

    operators: Array
    qubits: tuple[int, ...]
    probabilities: Array | None = None


@dataclass(frozen=True)
class Loading:
    """Normalised amplitudes, of shape (2^k,) or (batch, 2^k), that qubits in |0…0⟩ take."""

    amplitudes: Array
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class Confusion:
    """The probabilities [read, true] with which a qubit is read from here on, of shape (2, 2) or (batch, 2, 2)."""

    matrix: Array
    qubit: int


@dataclass(frozen=True)
class Segment:
    """Gates in a row that the compiled kernels run in one call."""

    planned: PlannedSegment
    angles: Array
    """All numbers of the circuit, of shape (batch, numbers)."""
    given: tuple[Array, ...]
    """The matrices that the framework hands over, of shape (2^k, 2^k)."""
    has_native: bool
    """Whether derivatives beyond the first may take the traced engine."""


@dataclass(frozen=True)
class Repeated:
    """Equal layers of gates."""

    stacks: tuple[Array, ...]
    """What differs between the layers, which are the first axis."""
    steps: Callable[[Sequence[Array]], list[Step]]
    """Makes the steps of a layer from its elements."""


Event: TypeAlias = Step | Repeated | Segment | Choice | Loading | Confusion | PostSelect | Measure | Snapshot


def circuit_events(
    backend: ArrayBackend,
    recipe: Recipe,
    numbers: Array | None,
    precision: Precision,
    device: str | None,
    *,
    by_choice: bool = False,
) -> list[Event]:
    """Return the circuit with its matrices as arrays of the backend, in order, of a precision and on a device.

    `numbers` are all numbers of the circuit, of shape (numbers,) or (batch, numbers), None where there are none.
    Channels become superoperators, or choices of one operator. Where the framework records a program, in which a new
    array is no concrete one, equal layers come as a repetition, so that the program holds one of them.
    """
    maker = _Maker(backend, precision, numbers, device, by_choice)
    schedule = recipe.schedule(by_layers=not by_choice and _is_recorded(backend))
    return maker.events(schedule, lambda index: maker.event(recipe.parts[index], recipe.slots[index]))


def compiled_events(
    backend: ArrayBackend,
    recipe: Recipe,
    numbers: Array | None,
    precision: Precision,
    device: str | None,
    batch: int,
    *,
    has_native: bool,
) -> list[Event]:
    """Return the circuit as `circuit_events` does, with gates in a row as segments for the compiled kernels."""
    maker = _Maker(backend, precision, numbers, device, by_choice=False)
    angles = in_batch(backend, numbers, precision, batch, device)
    events: list[Event] = []
    for item in recipe.segments:
        if isinstance(item, int):
            events.append(maker.event(recipe.parts[item], recipe.slots[item]))
        else:
            given = tuple(maker.unitary(recipe.parts[index]) for index in item.matrices)
            events.append(Segment(item, angles, given, has_native))
    return events


def confusion_matrices(
    backend: ArrayBackend, recipe: Recipe, numbers: Array | None, precision: Precision
) -> dict[int, Array]:
    """Return the errors of reading at the end of a circuit, by qubit."""
    maker = _Maker(backend, precision, numbers, recipe.device(backend, numbers), by_choice=False)
    errors = [pair for pair in zip(recipe.parts, recipe.slots, strict=True) if isinstance(pair[0], ReadoutError)]
    return {part.qubit: maker.confusion(part.parameters, slot) for part, slot in errors}


def segment_events(
    backend: ArrayBackend, segment: PlannedSegment, angles: Array, given: Sequence[Array]
) -> list[Step | Repeated]:
    """Return the gates of a segment, with matrices that the framework computes."""
    maker = _Maker(backend, precision_of(backend.dtype(angles)), angles, backend.device(angles), by_choice=False)
    matrices = dict(zip(segment.matrices, given, strict=True))
    schedule = segment.schedule(by_layers=_is_recorded(backend))
    return maker.events(schedule, lambda index: _step(segment.structure[index], matrices[segment.parts[index]]))


def _is_recorded(backend: ArrayBackend) -> bool:
    """Tell whether the framework records a program, in which a new array is no concrete one."""
    return not backend.is_concrete(backend.zeros((), dtype="float32"))


def _step(part: Any, matrix: Array) -> Step:
    return Step(matrix, part.qubits, part.controls, part.conditions, part.is_channel)


@dataclass(frozen=True)
class _Maker:
    """Makes the matrices of one run."""

    backend: ArrayBackend
    precision: Precision
    scalars: Array | None
    device: str | None
    by_choice: bool

    def events(self, schedule: Schedule, alone: Callable[[int], Any]) -> list[Any]:
        """Return the events of a schedule; `alone` makes those of what is no block of gates of the table."""
        return self._events(schedule, alone, [self.products(group) for group in schedule.groups])

    def _events(self, schedule: Schedule, alone: Callable[[int], Any], stacks: Sequence[Array]) -> list[Any]:
        """Return the events of a schedule, given the matrices of each of its groups."""
        events: list[Any] = []
        for item in schedule.items:
            match item:
                case int() as index:
                    events.append(alone(index))
                case Layers():
                    events.append(self._repeated(item, alone))
                case (block, Row(group, row)):
                    matrix = self.backend.take(stacks[group], row, axis=-3)
                    events.append(Step(matrix, block.qubits, block.controls, block.conditions))
                case (block, Fixed(constant)):
                    events.append(Step(self.constant(constant), block.qubits, block.controls, block.conditions))
                case (_, Given(index)):
                    events.append(alone(index))
        return events

    def _repeated(self, layers: Layers, alone: Callable[[int], Any]) -> Repeated:
        """Return equal layers, with the matrices of all of them computed as those of a batch."""
        backend, (count, size) = self.backend, layers.slots.shape

        def steps(stacks: Sequence[Array]) -> list[Step]:
            return self._events(layers.layer, alone, stacks)

        if not size:
            return Repeated((backend.zeros((count,), dtype=REAL_TYPE[self.precision], device=self.device),), steps)
        angles = backend.take(self.scalars, layers.slots.reshape(-1), axis=-1)
        batch = tuple(angles.shape)[:-1]
        table = backend.reshape(angles, (*batch, count, size))
        if batch:
            table = backend.reshape(backend.transpose(table, (1, 0, 2)), (-1, size))
        stacks = [replace(self, scalars=table).products(group) for group in layers.layer.groups]
        shapes = [(count, *batch, *tuple(stack.shape)[1:]) for stack in stacks]
        return Repeated(tuple(map(backend.reshape, stacks, shapes)), steps)

    def rotations(self, group: FactorGroup) -> Array:
        """Return the matrices of rotations, of shape (rotations, 2^k, 2^k), or (batch, rotations, 2^k, 2^k)."""
        backend = self.backend
        angles = backend.take(self.scalars, group.slots, axis=-1)
        halves = backend.asarray(group.halves, dtype=REAL_TYPE[self.precision], device=self.device)
        exponents = backend.einsum(_batched(angles, "g,gk->gk"), angles, halves)
        phases = backend.exp(1j * backend.astype(exponents, COMPLEX_TYPE[self.precision]))
        return backend.einsum(_batched(phases, "gk,gkij->gij"), phases, self.constant(group.projectors))

    def products(self, group: FactorGroup) -> Array:
        """Return the matrices of blocks, of shape (blocks, 2^k, 2^k), or (batch, blocks, 2^k, 2^k)."""
        backend = self.backend
        matrices = self.rotations(group)
        shape, depth = tuple(matrices.shape), group.depth
        while depth > 1:
            pairs = backend.reshape(matrices, (-1, 2, *shape[-2:]))
            first, second = (backend.take(pairs, place, axis=1) for place in (0, 1))
            matrices, depth = backend.matmul(second, first), depth // 2
        return backend.reshape(matrices, (*shape[:-3], -1, *shape[-2:]))

    def event(self, part: Any, slot: int) -> Event:
        """Return anything but a rotation with its arrays."""
        match part:
            case Prepare():
                return Loading(self._amplitudes(part, slot), part.qubits)
            case ReadoutError():
                return Confusion(self.confusion(part.parameters, slot), part.qubit)
            case Operation():
                return self._operation(part, slot)
        return part

    def _operation(self, part: Operation, slot: int) -> Step | Choice:
        gate = table_gate(part)
        if isinstance(gate, FixedGate):
            return _step(part, self.constant(gate.matrix))
        if not part.is_channel:
            return _step(part, self.unitary(part))
        if self.by_choice:
            return self._choice(part, slot)
        return _step(part, self._kraus_superoperator(part) if part.name == "kraus" else self._superoperator(part, slot))

    def _weights(self, name: str, parameters: Sequence[Any], slot: int) -> Array:
        """Return a channel's weights, of shape (terms,) or (batch, terms), real."""
        backend, channel = self.backend, CHANNELS[name]
        if not channel.parameters:
            return backend.asarray(np.ones(1), dtype=REAL_TYPE[self.precision], device=self.device)
        if all(map(is_number, parameters)):
            # Apart from the other numbers of the circuit, whose graph these constants would join.
            kind = REAL_TYPE[self.precision]
            numbers = [backend.asarray(float(value), dtype=kind, device=self.device) for value in parameters]
        else:
            numbers = [backend.take(self.scalars, slot + offset, axis=-1) for offset in range(len(parameters))]
        if all(map(backend.is_concrete, numbers)):
            rows = np.stack([backend.to_numpy(number).reshape(-1) for number in numbers], axis=-1)
            for row in rows:
                channel.check(name, row.tolist())
        return backend.stack(channel.weights(backend, numbers), axis=-1)

    def _superoperator(self, part: Operation, slot: int) -> Array:
        weights = self.backend.astype(self._weights(part.name, part.parameters, slot), COMPLEX_TYPE[self.precision])
        terms = self.constant(CHANNELS[part.name].terms)
        return self.backend.einsum(_batched(weights, "t,tij->ij"), weights, terms)

    def _kraus_superoperator(self, part: Operation) -> Array:
        backend, stacked = self.backend, self._kraus(part)
        size = tuple(stacked.shape)[1] ** 2
        return backend.reshape(backend.einsum("tij,tkl->ikjl", stacked, backend.conj(stacked)), (size, size))

    def _kraus(self, part: Operation) -> Array:
        backend = self.backend
        arrays = [
            backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)
            for matrix in part.parameters
        ]
        if all(map(backend.is_concrete, arrays)):
            check_kraus([backend.to_numpy(array) for array in arrays])
        return backend.stack(arrays)

    def _choice(self, part: Operation, slot: int) -> Choice:
        backend = self.backend
        if part.name == "kraus":
            return Choice(self._kraus(part), part.qubits)
        channel, weights = CHANNELS[part.name], self._weights(part.name, part.parameters, slot)
        if channel.unitaries is not None:
            shares = backend.asarray(channel.shares, dtype=REAL_TYPE[self.precision], device=self.device)
            probabilities = backend.einsum(_batched(weights, "t,tm->m"), weights, shares)
            return Choice(self.constant(channel.unitaries), part.qubits, probabilities)
        factors = backend.stack(channel.kraus_factors(backend, weights), axis=-1)
        complex_factors = backend.astype(factors, COMPLEX_TYPE[self.precision])
        units = self.constant(channel.kraus_units)
        return Choice(backend.einsum(_batched(complex_factors, "u,umij->mij"), complex_factors, units), part.qubits)

    def confusion(self, parameters: Sequence[Any], slot: int) -> Array:
        """Return the probabilities [read, true], of shape (2, 2) or (batch, 2, 2)."""
        weights = self._weights("misread", parameters, slot)
        places = np.zeros((5, 2, 2))
        for term, (true, read) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
            places[term, read, true] = 1
        constants = self.backend.asarray(places, dtype=REAL_TYPE[self.precision], device=self.device)
        return self.backend.einsum(_batched(weights, "t,tij->ij"), weights, constants)

    def _amplitudes(self, part: Prepare, slot: int) -> Array:
        backend = self.backend
        if isinstance(part.amplitudes, tuple):
            array = backend.take(self.scalars, np.arange(slot, slot + len(part.amplitudes)), axis=-1)
        else:
            array = backend.asarray(part.amplitudes, device=self.device)
        if backend.is_concrete(array):
            check_amplitudes(backend.to_numpy(array))
        return normalised(backend, array, self.precision)

    def unitary(self, part: Operation) -> Array:
        backend, matrix = self.backend, part.parameters[0]
        array = backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)
        if backend.is_concrete(array) and not isinstance(matrix, np.ndarray):
            check_unitary(backend.to_numpy(array))
        return backend.conj(backend.transpose(array, (1, 0))) if part.is_adjoint else array

    def constant(self, matrix: Any) -> Array:
        return self.backend.asarray(matrix, dtype=COMPLEX_TYPE[self.precision], device=self.device)


def normalised(backend: ArrayBackend, vectors: Array, precision: Precision) -> Array:
    """Return vectors, divided in the last axis by their norms, as complex numbers of this precision."""
    complex_vectors = backend.astype(_rescaled(backend, vectors), COMPLEX_TYPE[precision])
    squares = backend.real(backend.conj(complex_vectors) * complex_vectors)
    norms = backend.sqrt(backend.sum(squares, axis=-1))
    return _divided(backend, complex_vectors, backend.astype(norms, COMPLEX_TYPE[precision]))


def _rescaled(backend: ArrayBackend, vectors: Array) -> Array:
    """Divide by the largest elements, where they can be seen, so that no square is too large or too small."""
    if not backend.is_concrete(vectors) or backend.dtype(vectors) in INTEGER_TYPES:
        return vectors
    largest = np.abs(backend.to_numpy(vectors)).max(axis=-1)
    return _divided(backend, vectors, constants_like(backend, largest, vectors))


def _divided(backend: ArrayBackend, vectors: Array, divisors: Array) -> Array:
    return backend.einsum("za,z->za" if len(tuple(vectors.shape)) == 2 else "a,->a", vectors, 1.0 / divisors)


def _batched(array: Array, subscripts: str) -> str:
    """Add the batch to the first operand and the result, where the array has one."""
    first, rest = subscripts.split(",")
    if len(tuple(array.shape)) == len(first):
        return subscripts
    second, result = rest.split("->")
    return f"Z{first},{second}->Z{result}"
