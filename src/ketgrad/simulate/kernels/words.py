"""Expectation values of Pauli words in a state vector, and the vectors that are their gradients.

A word is P = i^m X^x Z^z, with masks x and z over the bits of an index: (Pψ)[i] = i^m (−1)^(z·(i^x)) ψ[i^x]. Words come
sorted by x, and those of one x share the products ψ*[i] ψ[i^x]. The sign of a block of indices is that of their upper
bits times that of the lower ones, from a table. Parts of the amplitudes are worked on apart from one another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.pairs import compiled, kernel
from ketgrad.simulate.kernels.phases import dot, fill_signs, sign_of

LOW_BITS = 9
"""How many bits of an index the table of signs covers: blocks of 2^9 amplitudes stay in the fastest cache."""


@compiled
def sign_table(masks: Any, size: int, like: Any) -> Any:
    """Return the sign of each word for the lower bits of an index."""
    table = np.empty((masks.shape[0], size), like.dtype)
    for word in range(masks.shape[0]):
        fill_signs(table[word], masks[word, 1], size)
    return table


@compiled
def block_range(state: Any, size: int, part: int, parts: int) -> tuple[int, int]:
    blocks = state.shape[1] // size
    return size * (blocks * part // parts), size * (blocks * (part + 1) // parts)


@compiled
def is_odd(masks: Any, word: int) -> bool:
    """Tell whether i^m is imaginary."""
    return masks[word, 2] % 2 == 1


@compiled
def is_negative(masks: Any, word: int) -> bool:
    """Tell whether Re(i^m s) is −Re s or −Im s."""
    return masks[word, 2] % 4 == 1 or masks[word, 2] % 4 == 2


@kernel
def word_values(states: Any, masks: Any, values: Any, share: Any) -> None:
    """Add ⟨P⟩ of each word, whose row of `masks` is x, z, m, over a share of states."""
    for index in range(share.first, share.last):
        add_values(states[index], masks, values[index], share.part, share.parts)


@compiled
def add_values(state: Any, masks: Any, values: Any, part: int, parts: int) -> None:
    size = min(state.shape[1], 1 << LOW_BITS)
    table, real, imaginary = sign_table(masks, size, state), np.empty(size, state.dtype), np.empty(size, state.dtype)
    begin, end = block_range(state, size, part, parts)
    for base in range(begin, end, size):
        word = 0
        while word < masks.shape[0]:
            flips = masks[word, 0]
            other = base ^ (flips & ~(size - 1))
            correlate(state, base, other, flips & (size - 1), real, imaginary)
            while word < masks.shape[0] and masks[word, 0] == flips:
                total = dot(table[word], imaginary if is_odd(masks, word) else real)
                sign = sign_of(base & masks[word, 1])
                values[word] += -sign * total if is_negative(masks, word) else sign * total
                word += 1


@compiled
def correlate(state: Any, base: int, other: int, flips: int, real: Any, imaginary: Any) -> None:
    """Write ψ*[i^x] ψ[i] for the indices i of a block."""
    size = real.size
    xr, xi = state[0, base : base + size], state[1, base : base + size]
    yr, yi = state[0, other : other + size], state[1, other : other + size]
    if flips == 0:
        for k in range(size):
            real[k] = yr[k] * xr[k] + yi[k] * xi[k]
            imaginary[k] = yr[k] * xi[k] - yi[k] * xr[k]
        return
    for k in range(size):
        j = k ^ flips
        real[k] = yr[j] * xr[k] + yi[j] * xi[k]
        imaginary[k] = yr[j] * xi[k] - yi[j] * xr[k]


@kernel
def weighted_words(states: Any, masks: Any, weights: Any, lams: Any, share: Any) -> None:
    """Write Σ 2wPψ, the gradients of Σ w⟨P⟩, over a share of states."""
    for index in range(share.first, share.last):
        write_words(states[index], masks, weights[index], lams[index], share.part, share.parts)


@compiled
def write_words(state: Any, masks: Any, weights: Any, lam: Any, part: int, parts: int) -> None:
    size = min(state.shape[1], 1 << LOW_BITS)
    kind = state.dtype.type
    table, factors = sign_table(masks, size, state), np.empty((2, size), state.dtype)
    begin, end = block_range(state, size, part, parts)
    for base in range(begin, end, size):
        lam[0, base : base + size] = 0
        lam[1, base : base + size] = 0
        word = 0
        while word < masks.shape[0]:
            flips = masks[word, 0]
            other = base ^ (flips & ~(size - 1))
            factors[:] = 0
            while word < masks.shape[0] and masks[word, 0] == flips:
                # For index i^x, from which the amplitude comes; its sign and that of i differ by (−1)^(z·x).
                factor = 2.0 * weights[word] * sign_of((base ^ flips) & masks[word, 1])
                if masks[word, 2] % 4 >= 2:
                    factor = -factor
                add_scaled(factors[masks[word, 2] % 2], kind(factor), table[word])
                word += 1
            add_products(state, base, other, flips & (size - 1), factors[0], factors[1], lam)


@compiled
def add_scaled(total: Any, factor: float, row: Any) -> None:
    for k in range(total.size):
        total[k] += factor * row[k]


@compiled
def add_products(state: Any, base: int, other: int, flips: int, real: Any, imaginary: Any, lam: Any) -> None:
    """Add (real + i imaginary)[k] ψ[i^x] for the indices i of a block."""
    size = real.size
    lr, li = lam[0, base : base + size], lam[1, base : base + size]
    yr, yi = state[0, other : other + size], state[1, other : other + size]
    if flips == 0:
        for k in range(size):
            lr[k] += real[k] * yr[k] - imaginary[k] * yi[k]
            li[k] += real[k] * yi[k] + imaginary[k] * yr[k]
        return
    for k in range(size):
        j = k ^ flips
        lr[k] += real[k] * yr[j] - imaginary[k] * yi[j]
        li[k] += real[k] * yi[j] + imaginary[k] * yr[j]
