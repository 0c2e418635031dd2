"""The traced state-vector engine: the state as one array, each gate one contraction.

The state is reshaped so that each qubit of a gate has an axis of its own, and all qubits between two of them share one:
(left, 2, right) for one qubit, (a, 2, b, 2, c) for two. So the number of axes and of einsum letters depends on the gate
alone and not on the number of qubits, which TensorFlow (8 axes) and einsum (52 letters) would limit.
"""

from __future__ import annotations

import os
import string
from collections.abc import Sequence
from functools import cache

import numpy as np

from ketgrad.circuit.operations import Operation
from ketgrad.errors import KetgradError
from ketgrad.precision import COMPLEX_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.matrices import gate_steps

STATES_IN_FLIGHT = 3
"""A gate needs its input, its output, and a copy in another order of axes."""


class OutOfMemoryError(KetgradError, MemoryError):
    """A simulation that this machine has no memory for, refused before it begins."""


def run(backend: ArrayBackend, operations: Sequence[Operation], num_qubits: int, precision: Precision) -> Array:
    """Return the state that the gates make of |0…0⟩, complex, of shape (2^n,)."""
    check_memory(num_qubits, precision)
    steps = gate_steps(backend, operations, precision)
    device = backend.device(steps[0].matrix) if steps else None
    state = _zero_state(backend, num_qubits, precision, device)
    for step in steps:
        state = apply_matrix(backend, state, step.matrix, step.qubits, num_qubits)
    return state


def apply_matrix(backend: ArrayBackend, state: Array, matrix: Array, qubits: tuple[int, ...], num_qubits: int) -> Array:
    """Contract a matrix of shape (2^k, 2^k) with k qubits of a state of shape (2^n,)."""
    shape, subscripts = _layout(qubits, num_qubits)
    tensor = backend.reshape(matrix, (2,) * (2 * len(qubits)))
    result = backend.einsum(subscripts, tensor, backend.reshape(state, shape))
    return backend.reshape(result, (1 << num_qubits,))


def check_memory(num_qubits: int, precision: Precision) -> None:
    """Refuse a state vector for which the machine has too little memory.

    Raises
    ------
    OutOfMemoryError
        A `MemoryError` that names what is needed and what is there.
    """
    needed = STATES_IN_FLIGHT * (np.dtype(COMPLEX_TYPE[precision]).itemsize << num_qubits)
    present = _physical_memory()
    if present is not None and needed > present:
        raise OutOfMemoryError(
            f"{num_qubits} qubits in {precision} precision need {needed / 2**30:.3g} GiB, and this machine has "
            f'{present / 2**30:.3g} GiB; use fewer qubits, or kg.set_precision("single"), which halves it'
        )


@cache
def _layout(qubits: tuple[int, ...], num_qubits: int) -> tuple[tuple[int, ...], str]:
    """Return the state's shape with an axis for each of the qubits, and the contraction's subscripts."""
    letters = iter(string.ascii_letters)
    outputs = {qubit: next(letters) for qubit in qubits}
    inputs = {qubit: next(letters) for qubit in qubits}
    shape: list[int] = []
    before, after = "", ""
    previous = -1
    for qubit in sorted(qubits):
        between = next(letters)
        shape += [1 << (qubit - previous - 1), 2]
        before += between + inputs[qubit]
        after += between + outputs[qubit]
        previous = qubit
    last = next(letters)
    shape.append(1 << (num_qubits - previous - 1))
    matrix = "".join(outputs[qubit] for qubit in qubits) + "".join(inputs[qubit] for qubit in qubits)
    return tuple(shape), f"{matrix},{before}{last}->{after}{last}"


def _zero_state(backend: ArrayBackend, num_qubits: int, precision: Precision, device: str | None) -> Array:
    # The product of two short vectors, so that no compiler sees a constant of the size of the state.
    halves = (num_qubits // 2, num_qubits - num_qubits // 2)
    first, second = (_one_hot(backend, 1 << half, precision, device) for half in halves)
    return backend.reshape(backend.einsum("a,b->ab", first, second), (1 << num_qubits,))


def _one_hot(backend: ArrayBackend, size: int, precision: Precision, device: str | None) -> Array:
    vector = np.zeros(size, COMPLEX_TYPE[precision])
    vector[0] = 1
    return backend.asarray(vector, device=device)


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf; there the array library's own MemoryError is what comes
