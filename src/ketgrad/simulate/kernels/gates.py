"""A dense gate or an exchange on a tile, in place: forward, and the reversible step of the backward sweep.

A tile is two rows of 2^k real numbers, the real and the imaginary parts of its amplitudes; bit t is the one of value
2^t in an index. A gate with targets and controls acts on those amplitudes whose index agrees with the controls. The
indices of all groups of amplitudes that it mixes are counted out by `spread`, which puts a zero at each bit that the
gate names; below the lowest of these bits the groups are contiguous, and the inner loops run there.

`apply` does ψ ← Uψ. The backward step undoes a gate, ψ ← U†ψ, adds T ← T + Σ λψ† over all groups, and does λ ← U†λ: T
is the gradient by U, for Re⟨λ, dψ⟩ = Re tr(T† dU).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.pairs import (
    BLOCK,
    add_products,
    add_products_strided,
    compiled,
    merge,
    mix,
    mix_strided,
    part,
)

GROUPS = 64
"""The groups of a wide gate that are brought side by side at a time."""


@compiled
def spread(count: int, bits: Any) -> int:
    """Put a zero at each of the bits, which ascend."""
    for bit in bits:
        count = ((count >> bit) << (bit + 1)) | (count & ((1 << bit) - 1))
    return count


@compiled
def apply(tile: Any, bits: Any, offset: int, targets: Any, u: Any) -> None:
    """Apply a matrix; `bits` are the targets and the controls, ascending, `offset` the controls' values."""
    if targets.size == 1:
        apply_one(tile, bits, offset, targets[0], u)
    else:
        apply_wide(tile, bits, offset, targets, u)


@compiled
def undo(tile: Any, lam: Any, bits: Any, offset: int, targets: Any, u: Any, has_gradient: bool, total: Any) -> None:
    """Undo a matrix on a tile and its cotangent, and add up the gradient."""
    adjoint = np.conj(u.T).copy()
    apply(tile, bits, offset, targets, adjoint)
    if has_gradient and targets.size == 1:
        add_gradient_one(tile, lam, bits, offset, targets[0], total)
    elif has_gradient:
        add_gradient_wide(tile, lam, bits, offset, targets, total)
    apply(lam, bits, offset, targets, adjoint)


@compiled
def apply_one(tile: Any, bits: Any, offset: int, target: int, u: Any) -> None:
    re, im = tile[0], tile[1]
    stride, run = 1 << target, 1 << bits[0]
    if bits.size > 1:
        for group in range(re.size >> (bits.size + bits[0])):
            x = spread(group << bits[0], bits) | offset
            y = x + stride
            mix(re[x : x + run], im[x : x + run], re[y : y + run], im[y : y + run], u)
    elif target == 0:
        mix_by_1(re, im, u)
    elif target == 1:
        mix_by_2(re, im, u)
    elif target == 2:
        mix_fours(re, im, u)
    elif target == 4:
        mix_by_16(re, im, u)
    else:
        for x in range(0, re.size, 2 * stride):
            y = x + stride
            mix(re[x : x + run], im[x : x + run], re[y : y + run], im[y : y + run], u)


# Functions of their own, as the compiler vectorises these loops only over arguments.


@compiled
def mix_by_1(re: Any, im: Any, u: Any) -> None:
    mix_strided(re, im, 1, u)


@compiled
def mix_by_2(re: Any, im: Any, u: Any) -> None:
    mix_strided(re, im, 2, u)


@compiled
def mix_by_16(re: Any, im: Any, u: Any) -> None:
    mix_strided(re, im, 16, u)


@compiled
def mix_fours(re: Any, im: Any, u: Any) -> None:
    xr, xi, yr, yi = np.empty((4, min(BLOCK, re.size // 2)), re.dtype)
    width = 2 * xr.size
    for base in range(0, re.size, width):
        real, imaginary = re[base : base + width], im[base : base + width]
        part(real, xr, yr)
        part(imaginary, xi, yi)
        mix(xr, xi, yr, yi, u)
        merge(xr, yr, real)
        merge(xi, yi, imaginary)


@compiled
def add_gradient_one(tile: Any, lam: Any, bits: Any, offset: int, target: int, total: Any) -> None:
    """Add Σ λψ† over all pairs, for ψ before a gate and λ after it."""
    re, im, lr, li = tile[0], tile[1], lam[0], lam[1]
    if bits.size == 1 and target < 3:
        if target == 0:
            add_products_strided(re, im, lr, li, 1, total)
        elif target == 1:
            add_products_strided(re, im, lr, li, 2, total)
        else:
            add_products_of_fours(re, im, lr, li, total)
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
def add_products_of_fours(re: Any, im: Any, lr: Any, li: Any, total: Any) -> None:
    xr, xi, yr, yi, pr, pi, qr, qi = np.empty((8, min(BLOCK, re.size // 2)), re.dtype)
    width = 2 * xr.size
    for base in range(0, re.size, width):
        stop = base + width
        part(re[base:stop], xr, yr)
        part(im[base:stop], xi, yi)
        part(lr[base:stop], pr, qr)
        part(li[base:stop], pi, qi)
        add_products(xr, xi, yr, yi, pr, pi, qr, qi, total)


@compiled
def exchange(tile: Any, bits: Any, offset: int, target: int) -> None:
    """Apply X under control: exchange amplitudes."""
    stride, run = 1 << target, 1 << bits[0]
    for row in range(2):
        values = tile[row]
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
def apply_wide(tile: Any, bits: Any, offset: int, targets: Any, u: Any) -> None:
    """Apply a matrix on several targets, some groups at a time, which come side by side for the inner loops."""
    size, places, count = u.shape[0], target_offsets(targets), tile.shape[1] >> bits.size
    width = min(GROUPS, count)
    before, after = np.empty((2, size, width), tile.dtype), np.empty((2, size, width), tile.dtype)
    for first in range(0, count, width):
        collect(tile, bits, offset, places, first, before)
        after[:] = 0
        for row in range(size):
            for column in range(size):
                add_multiple(after[0, row], after[1, row], before[0, column], before[1, column], u[row, column])
        for k in range(width):
            start = spread(first + k, bits) | offset
            for row in range(size):
                tile[0, start + places[row]] = after[0, row, k]
                tile[1, start + places[row]] = after[1, row, k]


@compiled
def add_gradient_wide(tile: Any, lam: Any, bits: Any, offset: int, targets: Any, total: Any) -> None:
    size, places, count = total.shape[0], target_offsets(targets), tile.shape[1] >> bits.size
    width = min(GROUPS, count)
    states, lams = np.empty((2, size, width), tile.dtype), np.empty((2, size, width), tile.dtype)
    for first in range(0, count, width):
        collect(tile, bits, offset, places, first, states)
        collect(lam, bits, offset, places, first, lams)
        for row in range(size):
            for column in range(size):
                total[row, column] += inner(states[0, column], states[1, column], lams[0, row], lams[1, row])


@compiled
def collect(tile: Any, bits: Any, offset: int, places: Any, first: int, block: Any) -> None:
    """Bring groups side by side: the k-th amplitude of each group into row k."""
    for k in range(block.shape[2]):
        start = spread(first + k, bits) | offset
        for row in range(places.size):
            block[0, row, k] = tile[0, start + places[row]]
            block[1, row, k] = tile[1, start + places[row]]


@compiled
def add_multiple(yr: Any, yi: Any, xr: Any, xi: Any, factor: complex) -> None:
    """Add a multiple of x to y."""
    kind = yr.dtype.type
    a, b = kind(factor.real), kind(factor.imag)
    for k in range(yr.size):
        yr[k] += a * xr[k] - b * xi[k]
        yi[k] += a * xi[k] + b * xr[k]


@compiled
def inner(xr: Any, xi: Any, yr: Any, yi: Any) -> complex:
    """Return Σ y x*."""
    real = imaginary = xr[0] * 0
    for k in range(xr.size):
        real += yr[k] * xr[k] + yi[k] * xi[k]
        imaginary += yi[k] * xr[k] - yr[k] * xi[k]
    return complex(real, imaginary)


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
