"""A plan run on states: forward, and the way back.

The states of a batch are one array of shape (batch, 2, 2^n), real and imaginary parts apart. Work is cut in parts for
threads: by elements of the batch, for whole plans, or by tiles, for one pass at a time, as tiles do not touch one
another inside a pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ketgrad.simulate.kernels.gates import apply, exchange, spread, undo
from ketgrad.simulate.kernels.layout import (
    COUNT,
    DENSE,
    EXCHANGE,
    FIRST_STEP,
    HAS_GRADIENT,
    KIND,
    NUM_BITS,
    NUM_LOCAL,
    NUM_STEPS,
    NUM_TARGETS,
    OFFSET,
    OUTER_MASK,
    OUTER_VALUE,
    PERMUTE,
    PLACE,
    START,
)
from ketgrad.simulate.kernels.pairs import compiled, copy, kernel
from ketgrad.simulate.kernels.phases import add_phase_gradients, apply_phases, fill_phases


@kernel
def forward(tables: Any, states: Any, matrices: Any, weights: Any, share: Any) -> None:
    """Apply passes of a plan to a share of states, in place."""
    size = 1 << tables.locals.shape[1]
    tile, spare = np.empty((2, size), states.dtype), np.empty((2, size), states.dtype)
    phases, scratch = np.empty((2, size), states.dtype), np.empty((3, size), states.dtype)
    for element in range(share.first, share.last):
        for index in range(share.first_pass, share.last_pass):
            row = tables.passes[index]
            bits = tables.locals[index, : row[NUM_LOCAL]]
            rows = run_starts(bits)
            tiles = states.shape[2] >> bits.size
            for number in range(tiles * share.part // share.parts, tiles * (share.part + 1) // share.parts):
                base = spread(number, bits)
                load(states[element], base, rows, tile)
                for step in range(row[FIRST_STEP], row[FIRST_STEP] + row[NUM_STEPS]):
                    own = tables.steps[step]
                    if own[KIND] == PERMUTE:
                        permute(tables.places, tables.permutations, own, base, 0, tile, spare)
                        tile, spare = spare, tile
                    else:
                        apply_step(
                            tables.places,
                            tables.patterns,
                            own,
                            base,
                            matrices[element],
                            weights[element],
                            tile,
                            phases,
                            scratch,
                        )
                store(states[element], base, rows, tile)


@kernel
def backward(
    tables: Any,
    states: Any,
    lams: Any,
    matrices: Any,
    weights: Any,
    matrix_totals: Any,
    weight_totals: Any,
    share: Any,
) -> None:
    """Undo passes of a plan on a share of states and their cotangents, and add up the gradients."""
    size = 1 << tables.locals.shape[1]
    tile, spare = np.empty((2, size), states.dtype), np.empty((2, size), states.dtype)
    lam_tile, lam_spare = np.empty((2, size), states.dtype), np.empty((2, size), states.dtype)
    phases, scratch = np.empty((2, size), states.dtype), np.empty((3, size), states.dtype)
    for element in range(share.first, share.last):
        for index in range(share.last_pass - 1, share.first_pass - 1, -1):
            row = tables.passes[index]
            bits = tables.locals[index, : row[NUM_LOCAL]]
            rows = run_starts(bits)
            tiles = states.shape[2] >> bits.size
            for number in range(tiles * share.part // share.parts, tiles * (share.part + 1) // share.parts):
                base = spread(number, bits)
                load(states[element], base, rows, tile)
                load(lams[element], base, rows, lam_tile)
                for step in range(row[FIRST_STEP] + row[NUM_STEPS] - 1, row[FIRST_STEP] - 1, -1):
                    own = tables.steps[step]
                    if own[KIND] == PERMUTE:
                        permute(tables.places, tables.permutations, own, base, 1, tile, spare)
                        permute(tables.places, tables.permutations, own, base, 1, lam_tile, lam_spare)
                        tile, spare, lam_tile, lam_spare = spare, tile, lam_spare, lam_tile
                    else:
                        undo_step(
                            tables.places,
                            tables.patterns,
                            own,
                            base,
                            matrices[element],
                            weights[element],
                            tile,
                            lam_tile,
                            phases,
                            scratch,
                            matrix_totals[element],
                            weight_totals[element],
                        )
                store(states[element], base, rows, tile)
                store(lams[element], base, rows, lam_tile)


@compiled
def apply_step(
    places: Any, patterns: Any, row: Any, base: int, matrices: Any, weights: Any, tile: Any, phases: Any, scratch: Any
) -> None:
    if base & row[OUTER_MASK] != row[OUTER_VALUE]:
        return
    if row[KIND] == DENSE or row[KIND] == EXCHANGE:
        bits, targets = step_places(places, row)
        if row[KIND] == EXCHANGE:
            exchange(tile, bits, row[OFFSET], targets[0])
        else:
            apply(tile, bits, row[OFFSET], targets, step_matrix(matrices, row))
        return
    start, stop = row[START], row[START] + row[COUNT]
    fill_phases(phases, patterns[start:stop], weights[start:stop], base, scratch)
    apply_phases(tile, phases, 1)


@compiled
def undo_step(
    places: Any,
    patterns: Any,
    row: Any,
    base: int,
    matrices: Any,
    weights: Any,
    tile: Any,
    lam: Any,
    phases: Any,
    scratch: Any,
    matrix_totals: Any,
    weight_totals: Any,
) -> None:
    if base & row[OUTER_MASK] != row[OUTER_VALUE]:
        return
    if row[KIND] == DENSE or row[KIND] == EXCHANGE:
        bits, targets = step_places(places, row)
        if row[KIND] == EXCHANGE:
            exchange(tile, bits, row[OFFSET], targets[0])
            exchange(lam, bits, row[OFFSET], targets[0])
        else:
            u, total = step_matrix(matrices, row), step_matrix(matrix_totals, row)
            undo(tile, lam, bits, row[OFFSET], targets, u, row[HAS_GRADIENT] == 1, total)
        return
    start, stop = row[START], row[START] + row[COUNT]
    patterns = patterns[start:stop]
    if row[HAS_GRADIENT] == 1:
        add_phase_gradients(tile, lam, patterns, base, scratch, weight_totals[start:stop])
    fill_phases(phases, patterns, weights[start:stop], base, scratch)
    apply_phases(tile, phases, -1)
    apply_phases(lam, phases, -1)


@compiled
def permute(places: Any, permutations: Any, row: Any, base: int, direction: int, tile: Any, result: Any) -> None:
    """Bring each amplitude to its place, forwards (0) or back (1)."""
    flips = 0
    for index in range(row[COUNT]):
        place = row[PLACE] + 3 * index
        if (base >> places[place]) & 1:
            flips ^= places[place + 1 + direction]
    start = row[START] if direction == 0 else row[OFFSET]
    table = permutations[start : start + tile.shape[1]]
    for part in range(2):
        gather(tile[part], table, flips, result[part])


@compiled
def gather(values: Any, table: Any, flips: int, result: Any) -> None:
    for k in range(result.size):
        result[k] = values[np.int64(table[k]) ^ flips]


@compiled
def step_places(places: Any, row: Any) -> tuple[Any, Any]:
    """Return the bits of a step, ascending, and its targets."""
    middle = row[PLACE] + row[NUM_BITS]
    return places[row[PLACE] : middle], places[middle : middle + row[NUM_TARGETS]]


@compiled
def step_matrix(matrices: Any, row: Any) -> Any:
    size = 1 << row[NUM_TARGETS]
    return matrices[row[START] : row[START] + size * size].reshape(size, size)


@compiled
def run_starts(bits: Any) -> Any:
    """Return where in the state the contiguous runs of the tile at index 0 begin; a last entry holds their length."""
    low = 0
    while low < bits.size and bits[low] == low:
        low += 1
    starts = np.zeros((1 << (bits.size - low)) + 1, np.int64)
    for index in range(1 << (bits.size - low)):
        for place in range(bits.size - low):
            if (index >> place) & 1:
                starts[index] |= 1 << bits[low + place]
    starts[-1] = 1 << low
    return starts


@compiled
def load(state: Any, base: int, starts: Any, tile: Any) -> None:
    run = starts[-1]
    for part in range(2):
        for index in range(starts.size - 1):
            begin = base + starts[index]
            copy(state[part, begin : begin + run], tile[part, index * run : (index + 1) * run])


@compiled
def store(state: Any, base: int, starts: Any, tile: Any) -> None:
    run = starts[-1]
    for part in range(2):
        for index in range(starts.size - 1):
            begin = base + starts[index]
            copy(tile[part, index * run : (index + 1) * run], state[part, begin : begin + run])
