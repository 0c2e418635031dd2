"""Elements of a batch, one after the other, in one call: their numbers, their states and what is asked of these."""

from __future__ import annotations

from typing import Any

from ketgrad.simulate.kernels.numbers import fill_numbers, pull_numbers
from ketgrad.simulate.kernels.pairs import compiled
from ketgrad.simulate.kernels.sweep import backward, forward
from ketgrad.simulate.kernels.words import add_words, word_values


@compiled
def fill_batch(tables: Any, angles: Any, given: Any, group: int, sources: Any, matrices: Any, weights: Any) -> None:
    """Write the numbers of each element; `group` elements in a row share their given matrices."""
    for index in range(angles.shape[0]):
        fill_numbers(tables, angles[index], given[index // group], sources[index], matrices[index], weights[index])


@compiled
def forward_batch(tables: Any, states: Any, matrices: Any, weights: Any, first: int, last: int) -> None:
    """Run the plan on states in place."""
    for index in range(first, last):
        forward(tables, states[index], matrices[index], weights[index], 0, tables.passes.shape[0], 0, 1)


@compiled
def backward_batch(
    tables: Any,
    states: Any,
    lams: Any,
    matrices: Any,
    weights: Any,
    matrix_totals: Any,
    weight_totals: Any,
    first: int,
    last: int,
) -> None:
    """Undo the plan on states and their cotangents, and add up the gradients by matrices and weights."""
    for index in range(first, last):
        backward(
            tables,
            states[index],
            lams[index],
            matrices[index],
            weights[index],
            matrix_totals[index],
            weight_totals[index],
            0,
            tables.passes.shape[0],
            0,
            1,
        )


@compiled
def pull_batch(
    tables: Any,
    angles: Any,
    group: int,
    sources: Any,
    matrix_totals: Any,
    weight_totals: Any,
    angle_grads: Any,
    given_grads: Any,
) -> None:
    """Add the gradients by angles and given matrices from those by matrices and weights."""
    for index in range(angles.shape[0]):
        pull_numbers(
            tables,
            angles[index],
            sources[index],
            matrix_totals[index],
            weight_totals[index],
            angle_grads[index],
            given_grads[index // group],
        )


@compiled
def word_values_batch(states: Any, masks: Any, values: Any, first: int, last: int, part: int, parts: int) -> None:
    """Add ⟨P⟩ of each word over one part of the amplitudes."""
    for index in range(first, last):
        word_values(states[index], masks, values[index], part, parts)


@compiled
def add_words_batch(
    states: Any, masks: Any, weights: Any, lams: Any, first: int, last: int, part: int, parts: int
) -> None:
    """Write Σ 2wPψ over one part of the amplitudes."""
    for index in range(first, last):
        add_words(states[index], masks, weights[index], lams[index], part, parts)
