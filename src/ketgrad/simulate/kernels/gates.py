"""A gate on a state vector, in place: forward, and the reversible step of the backward sweep.

A state is two rows of 2^n real numbers, the real and the imaginary parts; bit t is the one of value 2^t in an index, so
qubit q of n is bit n−1−q. A gate with target bits and controls acts on those amplitudes whose index agrees with the
controls. The indices of all groups of amplitudes that it mixes are counted out by `spread`, which puts a zero at each
bit that the gate names; below the lowest of these bits the groups are contiguous, and the inner loops run there.

`apply` does ψ ← Uψ. The backward sweep undoes a gate on ψ and adds T ← T + Σ λψ† over all groups: T is the gradient by
U, for Re⟨λ, dψ⟩ = Re tr(T† dU).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.pairs import add_products, buffers, compiled, merge, mix, part

LOW = 3
"""The pairs of bits below this one are too close for the contiguous loops."""


@compiled
def spread(count: int, bits: Any) -> int:
    """Put a zero at each of the bits, which ascend."""
    for bit in bits:
        count = ((count >> bit) << (bit + 1)) | (count & ((1 << bit) - 1))
    return count


@compiled
def apply_one(state: Any, bits: Any, offset: int, target: int, u: Any) -> None:
    """Apply a 2×2 matrix; `bits` are the target and the controls, ascending, `offset` the controls' values."""
    re, im = state[0], state[1]
    if bits.size == 1 and target < LOW and re.size >= 16:
        apply_low(re, im, target, u)
        return
    stride, run = 1 << target, 1 << bits[0]
    if bits.size == 1:
        for x in range(0, re.size, 2 * stride):
            y = x + stride
            mix(re[x : x + run], im[x : x + run], re[y : y + run], im[y : y + run], u)
        return
    for group in range(re.size >> (bits.size + bits[0])):
        x = spread(group << bits[0], bits) | offset
        y = x + stride
        mix(re[x : x + run], im[x : x + run], re[y : y + run], im[y : y + run], u)


@compiled
def apply_low(re: Any, im: Any, target: int, u: Any) -> None:
    rows = buffers(re, 4)
    xr, xi, yr, yi = rows[0], rows[1], rows[2], rows[3]
    width = 2 * xr.size
    for base in range(0, re.size, width):
        real, imaginary = re[base : base + width], im[base : base + width]
        part(real, target, xr, yr)
        part(imaginary, target, xi, yi)
        mix(xr, xi, yr, yi, u)
        merge(xr, yr, target, real)
        merge(xi, yi, target, imaginary)


@compiled
def add_gradient_one(state: Any, lam: Any, bits: Any, offset: int, target: int, total: Any) -> None:
    """Add Σ λψ† over all pairs, for vectors before a gate and after it."""
    re, im, lr, li = state[0], state[1], lam[0], lam[1]
    if bits.size == 1 and target < LOW and re.size >= 16:
        rows = buffers(re, 8)
        width = 2 * rows.shape[1]
        for base in range(0, re.size, width):
            stop = base + width
            part(re[base:stop], target, rows[0], rows[2])
            part(im[base:stop], target, rows[1], rows[3])
            part(lr[base:stop], target, rows[4], rows[6])
            part(li[base:stop], target, rows[5], rows[7])
            add_products(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7], total)
        return
    stride, run = 1 << target, 1 << bits[0]
    for group in range(re.size >> (bits.size + bits[0])):
        x = group * 2 * stride if bits.size == 1 else spread(group << bits[0], bits) | offset
        y, stop = x + stride, x + run
        last = y + run
        add_products(
            re[x:stop], im[x:stop], re[y:last], im[y:last], lr[x:stop], li[x:stop], lr[y:last], li[y:last], total
        )


@compiled
def exchange(state: Any, bits: Any, offset: int, target: int) -> None:
    """Apply X under control: exchange amplitudes."""
    stride, run = 1 << target, 1 << bits[0]
    for row in range(2):
        values = state[row]
        if bits.size == 2:
            for outer in range(offset, values.size, 2 << bits[1]):
                for start in range(outer, outer + (1 << bits[1]), 2 << bits[0]):
                    for i in range(start, start + run):
                        values[i], values[i + stride] = values[i + stride], values[i]
            continue
        for group in range(values.size >> (bits.size + bits[0])):
            start = spread(group << bits[0], bits) | offset
            for i in range(start, start + run):
                values[i], values[i + stride] = values[i + stride], values[i]


@compiled
def apply_two(state: Any, bits: Any, offset: int, high: int, low: int, u: Any) -> None:
    """Apply a 4×4 matrix, whose first qubit is the bit `high`, wherever that is."""
    re, im = state[0], state[1]
    first, second, run = 1 << high, 1 << low, 1 << bits[0]
    for group in range(re.size >> (bits.size + bits[0])):
        start = spread(group << bits[0], bits) | offset
        for i in range(start, start + run):
            j, k, m = i + second, i + first, i + first + second
            w, x = complex(re[i], im[i]), complex(re[j], im[j])
            y, z = complex(re[k], im[k]), complex(re[m], im[m])
            a = u[0, 0] * w + u[0, 1] * x + u[0, 2] * y + u[0, 3] * z
            b = u[1, 0] * w + u[1, 1] * x + u[1, 2] * y + u[1, 3] * z
            c = u[2, 0] * w + u[2, 1] * x + u[2, 2] * y + u[2, 3] * z
            d = u[3, 0] * w + u[3, 1] * x + u[3, 2] * y + u[3, 3] * z
            re[i], im[i], re[j], im[j] = a.real, a.imag, b.real, b.imag
            re[k], im[k], re[m], im[m] = c.real, c.imag, d.real, d.imag


@compiled
def apply_many(state: Any, bits: Any, offset: int, targets: Any, u: Any) -> None:
    """Apply a matrix on any number of target bits, the first one most significant."""
    re, im, size = state[0], state[1], u.shape[0]
    places, mixed = target_offsets(targets), np.empty(size, u.dtype)
    for group in range(re.size >> bits.size):
        start = spread(group, bits) | offset
        for row in range(size):
            mixed[row] = complex(re[start + places[row]], im[start + places[row]])
        for row in range(size):
            value = u[row, 0] * mixed[0]
            for column in range(1, size):
                value += u[row, column] * mixed[column]
            re[start + places[row]], im[start + places[row]] = value.real, value.imag


@compiled
def add_gradient_many(state: Any, lam: Any, bits: Any, offset: int, targets: Any, total: Any) -> None:
    """Add Σ λψ† over all groups, for vectors before a gate and after it."""
    size, places = total.shape[0], target_offsets(targets)
    for group in range(state.shape[1] >> bits.size):
        start = spread(group, bits) | offset
        for row in range(size):
            i = start + places[row]
            left = complex(lam[0, i], lam[1, i])
            for column in range(size):
                j = start + places[column]
                total[row, column] += left * complex(state[0, j], -state[1, j])


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
