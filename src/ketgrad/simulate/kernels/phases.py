"""A run of diagonal gates on a tile: exp(i Σ w χ(i)), a sum over sign patterns χ(i) = (−1)^(mask·i) with weights w.

The part of a mask outside of the tile is one sign for all of it. The phases are built bit by bit: those of the first
2^(b+1) indices are those of the first 2^b times exp(±i Σ w χ), where the sum goes over the patterns whose highest bit
is b. The gradient by a weight is Σ χ(i) Re(λ* i ψ).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.pairs import compiled, copy


@compiled
def sign_of(value: int) -> float:
    """Return (−1)^(number of ones)."""
    for shift in (32, 16, 8, 4, 2, 1):
        value ^= value >> shift
    return 1.0 - 2.0 * (value & 1)


@compiled
def fill_signs(signs: Any, mask: int, count: int) -> None:
    """Write the signs of a mask for the first `count` indices, a power of two."""
    signs[0] = 1
    half, bit = 1, 0
    while half < count:
        sign = -1 if (mask >> bit) & 1 else 1
        for k in range(half):
            signs[half + k] = sign * signs[k]
        half, bit = 2 * half, bit + 1


@compiled
def multiply(re: Any, im: Any, cosine: float, sine: float, signs: Any) -> None:
    """Multiply by cosine ± i sine."""
    kind = re.dtype.type
    c, s = kind(cosine), kind(sine)
    for k in range(re.size):
        a, b, signed = re[k], im[k], s * signs[k]
        re[k] = a * c - b * signed
        im[k] = a * signed + b * c


@compiled
def highest_bit(mask: int) -> int:
    """Return the place of the highest bit, −1 of no bits."""
    place = -1
    while mask:
        mask, place = mask >> 1, place + 1
    return place


@compiled
def fill_phases(phases: Any, patterns: Any, weights: Any, base: int, scratch: Any) -> None:
    """Write the phases of a tile; patterns come in the order of their highest bits inside it."""
    re, im, signs = phases[0], phases[1], scratch[2]
    angle, word = 0.0, 0
    while word < patterns.shape[0] and patterns[word, 0] == 0:
        angle += weights[word] * sign_of(patterns[word, 1] & base)
        word += 1
    re[0], im[0] = np.cos(angle), np.sin(angle)
    half = 1
    while half < re.size:
        dr, di = scratch[0, :half], scratch[1, :half]
        if word < patterns.shape[0] and patterns[word, 0] < 2 * half:
            dr[:] = 1
            di[:] = 0
            while word < patterns.shape[0] and patterns[word, 0] < 2 * half:
                angle = weights[word] * sign_of(patterns[word, 1] & base)
                fill_signs(signs, patterns[word, 0], half)
                multiply(dr, di, np.cos(angle), np.sin(angle), signs[:half])
                word += 1
            double(re[:half], im[:half], dr, di, re[half : 2 * half], im[half : 2 * half])
        else:
            copy(re[:half], re[half : 2 * half])
            copy(im[:half], im[half : 2 * half])
        half = 2 * half


@compiled
def double(re: Any, im: Any, dr: Any, di: Any, upper_re: Any, upper_im: Any) -> None:
    """Write p·d* above p, and p·d in its place."""
    for k in range(re.size):
        a, b, c, d = re[k], im[k], dr[k], di[k]
        upper_re[k] = a * c + b * d
        upper_im[k] = b * c - a * d
        re[k] = a * c - b * d
        im[k] = a * d + b * c


@compiled
def apply_phases(tile: Any, phases: Any, direction: int) -> None:
    """Multiply by the phases, or, with the direction −1, by their conjugates."""
    re, im, pr, pi = tile[0], tile[1], phases[0], phases[1]
    sign = tile.dtype.type(direction)
    for k in range(re.size):
        a, b, c, d = re[k], im[k], pr[k], sign * pi[k]
        re[k] = a * c - b * d
        im[k] = a * d + b * c


@compiled
def add_phase_gradients(tile: Any, lam: Any, patterns: Any, base: int, scratch: Any, totals: Any) -> None:
    """Add the gradient by each weight."""
    products, signs = scratch[0, : tile.shape[1]], scratch[1, : tile.shape[1]]
    multiply_crosswise(tile[0], tile[1], lam[0], lam[1], products)
    for word in range(patterns.shape[0]):
        fill_signs(signs, patterns[word, 0], signs.size)
        totals[word] += sign_of(patterns[word, 1] & base) * dot(products, signs)


@compiled
def multiply_crosswise(re: Any, im: Any, lr: Any, li: Any, products: Any) -> None:
    """Write Re(λ* i ψ)."""
    for k in range(re.size):
        products[k] = li[k] * re[k] - lr[k] * im[k]


@compiled
def dot(left: Any, right: Any) -> float:
    total = left[0] * 0
    for k in range(left.size):
        total += left[k] * right[k]
    return total
