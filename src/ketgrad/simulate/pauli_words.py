"""Expectation values of Pauli words.

A Pauli word is P = i^m · X^x · Z^z, where x are its qubits with X or Y, z those with Y or Z, and m counts its Ys. So
⟨P⟩ = i^m Σᵢ (−1)^(z·i) cᵢ with the correlations cᵢ = ψ*ᵢ₊ₓ ψᵢ, or ρᵢ,ᵢ₊ₓ: words with the same x share them, and the
signs are summed away one qubit at a time, each time halving the array.
"""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad.observables.pauli import Word
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import tensor
from ketgrad.simulate.states import State


def word_expectations(state: State, words: Sequence[Word]) -> list[Array]:
    """Return ⟨P⟩ of each word, of shape (batch,)."""
    by_flips: dict[tuple[int, ...], list[Word]] = {}
    for word in words:
        by_flips.setdefault(tuple(qubit for qubit, letter in word if letter in "XY"), []).append(word)
    values: dict[Word, Array] = {}
    for flipped, members in by_flips.items():
        correlations = state.correlations(flipped)  # as large as the state, so one at a time
        values.update((word, _word_value(state.backend, correlations, word)) for word in members)
    return [values[word] for word in words]


def _word_value(backend: ArrayBackend, correlations: Array, word: Word) -> Array:
    power = sum(letter == "Y" for _, letter in word) % 4
    part = backend.imag(correlations) if power % 2 else backend.real(correlations)
    for qubit, letter in reversed(word):
        if letter in "YZ":
            part = tensor.weigh_out(backend, part, qubit, (1.0, -1.0))
    # i^m times the sum: its real part is Re, −Im, −Re, Im of the sum for m = 0, 1, 2, 3.
    total = backend.sum(part, axis=1)
    return -total if power in (1, 2) else total
