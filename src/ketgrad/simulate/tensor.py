"""Operations on batches of vectors over qubits: arrays of shape (batch, 2^m), qubit 0 the slowest axis.

An array is reshaped so that qubits at work that are neighbours share an axis, and so do all qubits between two of
these: (batch, a, 2, b, 2, c) for two qubits, (batch, a, 4, b) where one follows the other. So the number of axes and of
einsum letters depends on the gate alone and not on the number of qubits, which TensorFlow (8 axes) and einsum (52
letters) would limit, and frameworks have little to transpose.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend

BATCH = "Z"


def contract(backend: ArrayBackend, vectors: Array, matrix: Array, qubits: tuple[int, ...], num_qubits: int) -> Array:
    """Apply a matrix (2^k, 2^k), or one for each element of the batch (batch, 2^k, 2^k), to k qubits."""
    is_batched = len(tuple(matrix.shape)) == 3
    shape, axes, subscripts = layout(qubits, num_qubits, is_batched)
    size = vectors.shape[0]
    tensor = backend.reshape(matrix, (size, *axes) if is_batched else axes)
    result = backend.einsum(subscripts, tensor, backend.reshape(vectors, (size, *shape)))
    return backend.reshape(result, (size, 1 << num_qubits))


def contract_controlled(
    backend: ArrayBackend,
    vectors: Array,
    matrix: Array,
    qubits: tuple[int, ...],
    controls: Controls,
    num_qubits: int,
) -> Array:
    """Apply a matrix to k qubits in that part of each vector where the controls have their values."""
    if not controls:
        return contract(backend, vectors, matrix, qubits, num_qubits)
    (control, value), *rest = controls
    shape = tuple(vectors.shape)
    parts = split(backend, vectors, control)
    halves = [backend.take(parts, index, axis=1) for index in (0, 1)]
    # One qubit fewer: those behind the control move up by one.
    moved = tuple(qubit - (qubit > control) for qubit in qubits)
    others = tuple((qubit - (qubit > control), on) for qubit, on in rest)
    active = backend.reshape(halves[value], (shape[0], shape[1] // 2))
    changed = contract_controlled(backend, active, matrix, moved, others, num_qubits - 1)
    halves[value] = backend.reshape(changed, tuple(halves[value].shape))
    return backend.reshape(backend.stack(halves, axis=1), shape)


@cache
def layout(qubits: tuple[int, ...], num_qubits: int, is_batched: bool) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """Return the shapes of a vector and of a matrix, neighbours together, and the subscripts of `contract`."""
    letters = iter(string.ascii_letters)
    widths = _neighbours(qubits)
    outputs = {first: next(letters) for first in widths}
    inputs = {first: next(letters) for first in widths}
    shape: list[int] = []
    before, after = BATCH, BATCH
    end = 0
    for first, width in sorted(widths.items()):
        between = next(letters)
        shape += [1 << (first - end), 1 << width]
        before += between + inputs[first]
        after += between + outputs[first]
        end = first + width
    last = next(letters)
    shape.append(1 << (num_qubits - end))
    matrix = "".join(outputs.values()) + "".join(inputs.values())
    axes = tuple(1 << width for width in widths.values())
    prefix = BATCH if is_batched else ""
    return tuple(shape), axes * 2, f"{prefix}{matrix},{before}{last}->{after}{last}"


def _neighbours(qubits: tuple[int, ...]) -> dict[int, int]:
    """Return how many qubits follow one another from each first one on, in the order given."""
    widths: dict[int, int] = {}
    first = -1
    for previous, qubit in pairwise((-1, *qubits)):
        if not widths or qubit != previous + 1:
            first = qubit
        widths[first] = widths.get(first, 0) + 1
    return widths


def split(backend: ArrayBackend, vectors: Array, qubit: int) -> Array:
    """Give a qubit an axis of its own in the middle: (batch·left, 2, right)."""
    return backend.reshape(vectors, (vectors.shape[0] << qubit, 2, -1))


def flip(backend: ArrayBackend, vectors: Array, qubits: Sequence[int]) -> Array:
    """Exchange the two values of each of the qubits."""
    shape = tuple(vectors.shape)
    for qubit in qubits:
        exchanged = backend.take(split(backend, vectors, qubit), np.array([1, 0]), axis=1)
        vectors = backend.reshape(exchanged, shape)
    return vectors


def weigh_out(backend: ArrayBackend, vectors: Array, qubit: int, weights: tuple[float, float]) -> Array:
    """Sum a qubit away with a weight for each of its values, which halves the vectors."""
    constants = constants_like(backend, np.array(weights), vectors)
    halved = backend.einsum("asb,s->ab", split(backend, vectors, qubit), constants)
    return backend.reshape(halved, (vectors.shape[0], -1))


def bring_first(backend: ArrayBackend, vectors: Array, qubits: Sequence[int]) -> Array:
    """Return vectors of shape (batch, 2^k, rest), the named qubits first, in the order given."""
    size = vectors.shape[0]
    for place in _moves(qubits):
        parts = backend.reshape(vectors, (size, 1 << place, 2, -1))
        vectors = backend.reshape(backend.transpose(parts, (0, 2, 1, 3)), (size, -1))
    return backend.reshape(vectors, (size, 1 << len(qubits), -1))


def put_back(backend: ArrayBackend, vectors: Array, qubits: Sequence[int]) -> Array:
    """Undo `bring_first`: return vectors of shape (batch, all)."""
    size = vectors.shape[0]
    for place in reversed(_moves(qubits)):
        parts = backend.reshape(vectors, (size, 2, 1 << place, -1))
        vectors = backend.reshape(backend.transpose(parts, (0, 2, 1, 3)), (size, -1))
    return backend.reshape(vectors, (size, -1))


def _moves(qubits: Sequence[int]) -> list[int]:
    """Return the places from which axes are brought to the front, one after the other."""
    if list(qubits) == list(range(len(qubits))):
        return []
    moved = list(reversed(qubits))
    return [qubit + sum(other > qubit for other in moved[:index]) for index, qubit in enumerate(moved)]


def reorder(backend: ArrayBackend, marginal: Array, qubits: tuple[int, ...], *, axis: int) -> Array:
    """Bring an axis over sorted qubits into the order asked for."""
    if list(qubits) == sorted(qubits):
        return marginal
    ranks = [sorted(qubits).index(qubit) for qubit in qubits]
    grid = np.arange(1 << len(qubits)).reshape((2,) * len(qubits))
    return backend.take(marginal, grid.transpose(ranks).reshape(-1), axis=axis)


def keep(backend: ArrayBackend, vectors: Array, bits: str, qubits: Sequence[int], num_qubits: int) -> Array:
    """Set everything to zero but what has these values."""
    units = {bit: np.diag([1.0 - int(bit), float(bit)]) for bit in "01"}
    for qubit, bit in zip(qubits, bits, strict=True):
        unit = constants_like(backend, units[bit], vectors)
        vectors = contract(backend, vectors, unit, (qubit,), num_qubits)
    return vectors


def load(backend: ArrayBackend, vectors: Array, amplitudes: Array, qubits: Sequence[int]) -> Array:
    """Put amplitudes, of shape (2^k,) or (batch, 2^k), in the place of k qubits that are in |0…0⟩."""
    rest = backend.take(bring_first(backend, vectors, qubits), 0, axis=1)
    subscripts = "za,zr->zar" if len(tuple(amplitudes.shape)) == 2 else "a,zr->zar"
    return put_back(backend, backend.einsum(subscripts, amplitudes, rest), qubits)


def scale(backend: ArrayBackend, vectors: Array, factors: Array) -> Array:
    """Multiply each vector by a real factor of its own."""
    return backend.einsum("za,z->za", vectors, backend.astype(factors, backend.dtype(vectors)))
