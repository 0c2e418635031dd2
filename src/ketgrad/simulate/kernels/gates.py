"""A gate on a state vector, in place: forward, and the reversible step of the backward sweep.

A state is a complex vector of 2^n amplitudes; bit t is the one of value 2^t in an index, so qubit q of n is bit n−1−q.
A gate with target bits and controls acts on those amplitudes whose index agrees with the controls. The indices of all
groups of amplitudes that it mixes are counted out by `spread`, which puts a zero at each bit that the gate names;
below the lowest of these bits the groups are contiguous, and the inner loops run there.

`apply` does ψ ← Uψ. `step_back` does ψ ← U†ψ, T ← T + Σ λψ† over all groups, λ ← U†λ, in one pass: T is then the
gradient by U, for Re⟨λ, dψ⟩ = Re tr(T† dU).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

compiled = njit(nogil=True, fastmath=True, boundscheck=False, cache=True, error_model="numpy")


@compiled
def spread(count: int, bits: Any) -> int:
    """Put a zero at each of the bits, which ascend."""
    for bit in bits:
        count = ((count >> bit) << (bit + 1)) | (count & ((1 << bit) - 1))
    return count


@compiled
def apply_one(psi: Any, bits: Any, offset: int, target: int, u: Any) -> None:
    """Apply a 2×2 matrix; `bits` are the target and the controls, ascending, `offset` the controls' values."""
    stride, run = 1 << target, 1 << bits[0]
    a, b, c, d = u[0, 0], u[0, 1], u[1, 0], u[1, 1]
    for group in range(psi.size >> (bits.size + bits[0])):
        start = spread(group << bits[0], bits) | offset
        for i in range(start, start + run):
            x, y = psi[i], psi[i + stride]
            psi[i] = a * x + b * y
            psi[i + stride] = c * x + d * y


@compiled
def step_back_one(psi: Any, lam: Any, bits: Any, offset: int, target: int, u: Any, total: Any) -> None:
    """Undo a 2×2 matrix on both vectors and add up its gradient."""
    stride, run = 1 << target, 1 << bits[0]
    a, b = np.conj(u[0, 0]), np.conj(u[1, 0])
    c, d = np.conj(u[0, 1]), np.conj(u[1, 1])
    t00, t01, t10, t11 = total[0, 0], total[0, 1], total[1, 0], total[1, 1]
    for group in range(psi.size >> (bits.size + bits[0])):
        start = spread(group << bits[0], bits) | offset
        for i in range(start, start + run):
            x, y = psi[i], psi[i + stride]
            before, beside = a * x + b * y, c * x + d * y
            psi[i], psi[i + stride] = before, beside
            p, q = lam[i], lam[i + stride]
            t00 += p * np.conj(before)
            t01 += p * np.conj(beside)
            t10 += q * np.conj(before)
            t11 += q * np.conj(beside)
            lam[i] = a * p + b * q
            lam[i + stride] = c * p + d * q
    total[0, 0], total[0, 1], total[1, 0], total[1, 1] = t00, t01, t10, t11


@compiled
def exchange(psi: Any, bits: Any, offset: int, target: int) -> None:
    """Apply X, or CX with any controls: exchange amplitudes."""
    stride, run = 1 << target, 1 << bits[0]
    for group in range(psi.size >> (bits.size + bits[0])):
        start = spread(group << bits[0], bits) | offset
        for i in range(start, start + run):
            psi[i], psi[i + stride] = psi[i + stride], psi[i]


@compiled
def apply_two(psi: Any, bits: Any, offset: int, high: int, low: int, u: Any) -> None:
    """Apply a 4×4 matrix, whose first qubit is the bit `high`, wherever that is."""
    first, second, run = 1 << high, 1 << low, 1 << bits[0]
    for group in range(psi.size >> (bits.size + bits[0])):
        start = spread(group << bits[0], bits) | offset
        for i in range(start, start + run):
            j, k, m = i + second, i + first, i + first + second
            w, x, y, z = psi[i], psi[j], psi[k], psi[m]
            psi[i] = u[0, 0] * w + u[0, 1] * x + u[0, 2] * y + u[0, 3] * z
            psi[j] = u[1, 0] * w + u[1, 1] * x + u[1, 2] * y + u[1, 3] * z
            psi[k] = u[2, 0] * w + u[2, 1] * x + u[2, 2] * y + u[2, 3] * z
            psi[m] = u[3, 0] * w + u[3, 1] * x + u[3, 2] * y + u[3, 3] * z


@compiled
def apply_many(psi: Any, bits: Any, offset: int, targets: Any, u: Any) -> None:
    """Apply a matrix on any number of target bits, the first one most significant."""
    size = u.shape[0]
    places, mixed = target_offsets(targets), np.empty(size, psi.dtype)
    for group in range(psi.size >> bits.size):
        start = spread(group, bits) | offset
        for row in range(size):
            mixed[row] = psi[start + places[row]]
        for row in range(size):
            value = u[row, 0] * mixed[0]
            for column in range(1, size):
                value += u[row, column] * mixed[column]
            psi[start + places[row]] = value


@compiled
def add_gradient(psi: Any, lam: Any, bits: Any, offset: int, targets: Any, total: Any) -> None:
    """Add Σ λψ† over all groups, for vectors before a gate and after it."""
    size = total.shape[0]
    places = target_offsets(targets)
    for group in range(psi.size >> bits.size):
        start = spread(group, bits) | offset
        for row in range(size):
            p = lam[start + places[row]]
            for column in range(size):
                total[row, column] += p * np.conj(psi[start + places[column]])


@compiled
def target_offsets(targets: Any) -> Any:
    """Return where, from the index with zeros at the targets, each of their combinations lies."""
    count = targets.size
    places = np.zeros(1 << count, np.int64)
    for index in range(1 << count):
        for place in range(count):
            if (index >> (count - 1 - place)) & 1:
                places[index] |= 1 << targets[place]
    return places
