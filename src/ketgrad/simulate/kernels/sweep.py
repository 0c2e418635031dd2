"""A whole plan in one call: the state that it makes, and the way back.

A plan is a table of gates, one row each, see `layout`. The matrix of a gate is the product of its sources, first
applied first; a source is a matrix in `data`, one flat complex vector with all matrices of one element of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.gates import (
    add_gradient,
    apply_many,
    apply_one,
    apply_two,
    compiled,
    exchange,
    step_back_one,
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


@compiled
def source_matrix(data: Any, start: int, size: int) -> Any:
    return data[start : start + size * size].reshape(size, size)


@compiled
def gate_matrix(row: Any, sources: Any, data: Any) -> Any:
    """Multiply the sources of a gate."""
    size = 1 << row[NUM_TARGETS]
    first = row[FIRST_SOURCE]
    result = source_matrix(data, sources[first], size).copy()
    for index in range(first + 1, first + row[NUM_SOURCES]):
        result = source_matrix(data, sources[index], size) @ result
    return result


@compiled
def apply_gate(psi: Any, row: Any, bits: Any, targets: Any, u: Any) -> None:
    offset = row[OFFSET]
    if row[KIND] == EXCHANGE:
        exchange(psi, bits, offset, targets[0])
    elif targets.size == 1:
        apply_one(psi, bits, offset, targets[0], u)
    elif targets.size == 2:
        apply_two(psi, bits, offset, targets[0], targets[1], u)
    else:
        apply_many(psi, bits, offset, targets, u)


@compiled
def forward(psi: Any, table: Any, bits: Any, targets: Any, sources: Any, data: Any) -> None:
    """Apply all gates of a plan to one state, in place."""
    for gate in range(table.shape[0]):
        row = table[gate]
        u = gate_matrix(row, sources, data)
        apply_gate(psi, row, bits[gate, : row[NUM_BITS]], targets[gate, : row[NUM_TARGETS]], u)


@compiled
def backward(psi: Any, lam: Any, table: Any, bits: Any, targets: Any, sources: Any, data: Any, gradient: Any) -> None:
    """Undo all gates of a plan on a state and its cotangent, in place, and add up the gradient by `data`."""
    for gate in range(table.shape[0] - 1, -1, -1):
        row = table[gate]
        own_bits, own_targets = bits[gate, : row[NUM_BITS]], targets[gate, : row[NUM_TARGETS]]
        u = gate_matrix(row, sources, data)
        adjoint = np.conj(u.T).copy()
        if row[HAS_GRADIENT] and own_targets.size == 1:
            total = np.zeros_like(u)
            step_back_one(psi, lam, own_bits, row[OFFSET], own_targets[0], u, total)
            share_out(total, row, sources, data, gradient)
            continue
        apply_gate(psi, row, own_bits, own_targets, adjoint)
        if row[HAS_GRADIENT]:
            total = np.zeros_like(u)
            add_gradient(psi, lam, own_bits, row[OFFSET], own_targets, total)
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
        before = source_matrix(data, sources[first + index], size) @ before
    for index in range(count - 1, -1, -1):
        start = sources[first + index]
        own = rest @ np.conj(befores[index].T)
        flat = own.reshape(size * size)
        for entry in range(size * size):
            gradient[start + entry] += flat[entry]
        rest = np.conj(source_matrix(data, start, size).T) @ rest
