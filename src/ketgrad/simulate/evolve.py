"""Running a circuit, step by step, as state vectors or, where there is noise, as density matrices."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ketgrad.circuit.operations import Operation
from ketgrad.errors import InvalidValueError, KetgradError
from ketgrad.precision import COMPLEX_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.matrices import Step, circuit_steps
from ketgrad.simulate.scalars import Values
from ketgrad.simulate.states import DensityMatrix, State, StateVector

STATES_IN_FLIGHT = 3
"""A gate needs its input, its output, and a copy in another order of axes."""


class OutOfMemoryError(KetgradError, MemoryError):
    """A simulation that this machine has no memory for, refused before it begins."""


def is_noisy(operations: Sequence[Operation]) -> bool:
    """Tell whether a circuit holds a channel, so that its state is mixed."""
    return any(operation.is_channel for operation in operations)


def run(
    backend: ArrayBackend,
    operations: Sequence[Operation],
    num_qubits: int,
    precision: Precision,
    values: Values,
    batch: int,
    initial: Array | None = None,
) -> State:
    """Return the states, one for each element of the batch, that a circuit makes."""
    noisy = is_noisy(operations)
    check_memory(num_qubits, precision, batch, noisy=noisy)
    steps = circuit_steps(backend, operations, values, precision)
    device = backend.device(steps[0].matrix) if steps else None
    vectors = _initial_vectors(backend, num_qubits, precision, batch, device, initial)
    state: State = StateVector(backend, vectors, num_qubits)
    if noisy:
        outer = backend.einsum("za,zb->zab", vectors, backend.conj(vectors))
        state = DensityMatrix(backend, backend.reshape(outer, (batch, -1)), num_qubits)
    for step in steps:
        state = _advance(state, step)
    return state


def memory_needed(num_qubits: int, precision: Precision, batch: int, *, noisy: bool) -> int:
    """Return the bytes that a run takes, with a density matrix where there is noise."""
    elements = 1 << (2 * num_qubits if noisy else num_qubits)
    return STATES_IN_FLIGHT * batch * np.dtype(COMPLEX_TYPE[precision]).itemsize * elements


def check_memory(num_qubits: int, precision: Precision, batch: int, *, noisy: bool) -> None:
    """Refuse a run for which the machine has too little memory.

    Raises
    ------
    OutOfMemoryError
        A `MemoryError` that names what is needed and what is there.
    """
    needed, present = memory_needed(num_qubits, precision, batch, noisy=noisy), physical_memory()
    if present is None or needed <= present:
        return
    what = f"{num_qubits} qubits" if batch == 1 else f"{batch} times {num_qubits} qubits"
    kind = " as density matrices, which noise takes," if noisy else ""
    raise OutOfMemoryError(
        f"{what}{kind} in {precision} precision need {_gibibytes(needed)} GiB, and this machine has "
        f'{_gibibytes(present)} GiB; use fewer qubits, or kg.set_precision("single"), which halves it'
    )


def physical_memory() -> int | None:
    """Return the machine's memory in bytes, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf; there the array library's own MemoryError is what comes


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:.3g}" if count.bit_length() < 1000 else f"2^{count.bit_length() - 31}"


def _advance(state: State, step: Step) -> State:
    if not step.is_channel:
        return state.apply(step.matrix, step.qubits, step.controls)
    if not isinstance(state, DensityMatrix):
        raise InvalidValueError("a channel acts on density matrices alone")
    return state.apply_channel(step.matrix, step.qubits)


def _initial_vectors(
    backend: ArrayBackend, num_qubits: int, precision: Precision, batch: int, device: str | None, initial: Array | None
) -> Array:
    ones = backend.asarray(np.ones(batch, COMPLEX_TYPE[precision]), device=device)
    if initial is not None:
        given = backend.astype(initial, COMPLEX_TYPE[precision])
        return given if len(tuple(given.shape)) == 2 else backend.einsum("z,a->za", ones, given)
    # The product of two short vectors, so that no compiler sees a constant of the size of the state.
    halves = (num_qubits // 2, num_qubits - num_qubits // 2)
    first, second = (_one_hot(backend, 1 << half, precision, device) for half in halves)
    return backend.reshape(backend.einsum("z,a,b->zab", ones, first, second), (batch, 1 << num_qubits))


def _one_hot(backend: ArrayBackend, size: int, precision: Precision, device: str | None) -> Array:
    vector = np.zeros(size, COMPLEX_TYPE[precision])
    vector[0] = 1
    return backend.asarray(vector, device=device)
