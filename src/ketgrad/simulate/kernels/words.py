"""Expectation values of Pauli words in a state vector, and the vectors that are their gradients.

A word is P = i^m X^x Z^z, with masks x and z over the bits of an index: (Pψ)[i ^ x] = i^m (−1)^(z·i) ψ[i]. Words come
sorted by x, and those of one x share the products ψ*[i ^ x] ψ[i]. The sign (−1)^(z·i) is that of the upper bits of i,
one for a block of indices, times that of the lower ones, from a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.pairs import compiled

LOW_BITS = 9
"""How many bits of an index the table of signs covers: blocks of 2^9 amplitudes stay in the fastest cache."""


@compiled
def sign_of(value: int) -> float:
    """Return (−1)^(number of ones)."""
    for shift in (32, 16, 8, 4, 2, 1):
        value ^= value >> shift
    return 1.0 - 2.0 * (value & 1)


@compiled
def sign_table(masks: Any, size: int) -> Any:
    """Return the sign of each word for the lower bits of an index."""
    table = np.empty((masks.shape[0], size))
    for word in range(masks.shape[0]):
        for low in range(size):
            table[word, low] = sign_of(low & masks[word, 1])
    return table


@compiled
def word_values(state: Any, masks: Any, values: Any) -> None:
    """Write ⟨P⟩ of each word, whose row of `masks` is x, z, m."""
    re, im = state[0], state[1]
    size = min(re.size, 1 << LOW_BITS)
    table, real, imaginary = sign_table(masks, size), np.empty(size), np.empty(size)
    totals = np.zeros(masks.shape[0])
    for base in range(0, re.size, size):
        word = 0
        while word < masks.shape[0]:
            flips = masks[word, 0]
            for low in range(size):
                i, j = base + low, (base + low) ^ flips
                real[low] = re[j] * re[i] + im[j] * im[i]
                imaginary[low] = re[j] * im[i] - im[j] * re[i]
            while word < masks.shape[0] and masks[word, 0] == flips:
                part = real if masks[word, 2] % 2 == 0 else imaginary
                total = 0.0
                for low in range(size):
                    total += table[word, low] * part[low]
                totals[word] += sign_of(base & masks[word, 1]) * total
                word += 1
    for word in range(masks.shape[0]):
        # i^m times the sum: its real part is Re, −Im, −Re, Im of the sum for m = 0, 1, 2, 3.
        power = masks[word, 2] % 4
        values[word] = -totals[word] if power == 1 or power == 2 else totals[word]


@compiled
def add_words(state: Any, masks: Any, weights: Any, lam: Any) -> None:
    """Add Σ 2wPψ, the gradient of Σ w⟨P⟩, to λ."""
    re, im = state[0], state[1]
    size = min(re.size, 1 << LOW_BITS)
    table, real, imaginary = sign_table(masks, size), np.empty(size), np.empty(size)
    for base in range(0, re.size, size):
        word = 0
        while word < masks.shape[0]:
            flips = masks[word, 0]
            real[:] = 0.0
            imaginary[:] = 0.0
            while word < masks.shape[0] and masks[word, 0] == flips:
                power = masks[word, 2] % 4
                factor = 2.0 * weights[word] * sign_of(base & masks[word, 1])
                if power >= 2:
                    factor = -factor
                part = real if power % 2 == 0 else imaginary
                for low in range(size):
                    part[low] += factor * table[word, low]
                word += 1
            for low in range(size):
                i, j = base + low, (base + low) ^ flips
                lam[0, j] += real[low] * re[i] - imaginary[low] * im[i]
                lam[1, j] += real[low] * im[i] + imaginary[low] * re[i]
