"""A whole plan in one call: the state that it makes, and the way back.

A plan is a table of gates, one row each, see `layout`. The matrix of a gate is the product of its sources, first
applied first; a source is a matrix in `data`, one flat complex vector with all matrices of one element of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.gates import (
    add_gradient_many,
    add_gradient_one,
    apply_many,
    apply_one,
    apply_two,
    exchange,
)
from ketgrad.simulate.kernels.layout import (
    EXCHANGE,
    FIRST_SOURCE,
    HAS_GRADIENT,
    KIND,
    NUM_BITS,
    NUM_SOURCES,
    NUM_TARGETS,
    OFFSET,
)
from ketgrad.simulate.kernels.pairs import compiled


@compiled
def source_matrix(data: Any, start: int, size: int) -> Any:
    return data[start : start + size * size].reshape(size, size)


@compiled
def product(left: Any, right: Any) -> Any:
    """Multiply two small matrices; numba's own product would need SciPy."""
    size = left.shape[0]
    result = np.zeros((size, size), left.dtype)
    for row in range(size):
        for column in range(size):
            for inner in range(size):
                result[row, column] += left[row, inner] * right[inner, column]
    return result


@compiled
def gate_matrix(row: Any, sources: Any, data: Any) -> Any:
    """Multiply the sources of a gate."""
    size = 1 << row[NUM_TARGETS]
    first = row[FIRST_SOURCE]
    result = source_matrix(data, sources[first], size).copy()
    for index in range(first + 1, first + row[NUM_SOURCES]):
        result = product(source_matrix(data, sources[index], size), result)
    return result


@compiled
def apply_gate(state: Any, row: Any, bits: Any, targets: Any, u: Any) -> None:
    offset = row[OFFSET]
    if row[KIND] == EXCHANGE:
        exchange(state, bits, offset, targets[0])
    elif targets.size == 1:
        apply_one(state, bits, offset, targets[0], u)
    elif targets.size == 2:
        apply_two(state, bits, offset, targets[0], targets[1], u)
    else:
        apply_many(state, bits, offset, targets, u)


@compiled
def forward(state: Any, table: Any, bits: Any, targets: Any, sources: Any, data: Any) -> None:
    """Apply all gates of a plan to one state, in place."""
    for gate in range(table.shape[0]):
        row = table[gate]
        u = gate_matrix(row, sources, data)
        apply_gate(state, row, bits[gate, : row[NUM_BITS]], targets[gate, : row[NUM_TARGETS]], u)


@compiled
def backward(state: Any, lam: Any, table: Any, bits: Any, targets: Any, sources: Any, data: Any, gradient: Any) -> None:
    """Undo all gates of a plan on a state and its cotangent, in place, and add up the gradient by `data`."""
    for gate in range(table.shape[0] - 1, -1, -1):
        row = table[gate]
        own_bits, own_targets = bits[gate, : row[NUM_BITS]], targets[gate, : row[NUM_TARGETS]]
        u = gate_matrix(row, sources, data)
        adjoint = np.conj(u.T).copy()
        apply_gate(state, row, own_bits, own_targets, adjoint)
        if row[HAS_GRADIENT]:
            total = np.zeros_like(u)
            if own_targets.size == 1:
                add_gradient_one(state, lam, own_bits, row[OFFSET], own_targets[0], total)
            else:
                add_gradient_many(state, lam, own_bits, row[OFFSET], own_targets, total)
            share_out(total, row, sources, data, gradient)
        apply_gate(lam, row, own_bits, own_targets, adjoint)


@compiled
def share_out(total: Any, row: Any, sources: Any, data: Any, gradient: Any) -> None:
    """Give each source of U = A·S·B its gradient A†·T·B†."""
    size, first, count = 1 << row[NUM_TARGETS], row[FIRST_SOURCE], row[NUM_SOURCES]
    rest = total
    before = np.eye(size).astype(total.dtype)
    befores = np.empty((count, size, size), total.dtype)
    for index in range(count):
        befores[index] = before
        before = product(source_matrix(data, sources[first + index], size), before)
    for index in range(count - 1, -1, -1):
        start = sources[first + index]
        own = product(rest, np.conj(befores[index].T))
        flat = own.reshape(size * size)
        for entry in range(size * size):
            gradient[start + entry] += flat[entry]
        rest = product(np.conj(source_matrix(data, start, size).T), rest)
