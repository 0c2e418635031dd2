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
from ketgrad.simulate.kernels.pairs import compiled
from ketgrad.simulate.kernels.phases import add_phase_gradients, apply_phases, fill_phases


@compiled
def forward(
    tables: Any, state: Any, matrices: Any, weights: Any, first_pass: int, num_passes: int, part: int, parts: int
) -> None:
    """Apply passes of a plan to one part of the tiles of a state, in place."""
    size = 1 << tables.locals.shape[1]
    tile, spare = np.empty((2, size), state.dtype), np.empty((2, size), state.dtype)
    phases, scratch = np.empty((2, size), state.dtype), np.empty((3, size), state.dtype)
    for index in range(first_pass, first_pass + num_passes):
        row = tables.passes[index]
        bits = tables.locals[index, : row[NUM_LOCAL]]
        rows = run_starts(bits)
        tiles = state.shape[1] >> bits.size
        for number in range(tiles * part // parts, tiles * (part + 1) // parts):
            base = spread(number, bits)
            load(state, base, rows, tile)
            for step in range(row[FIRST_STEP], row[FIRST_STEP] + row[NUM_STEPS]):
                own = tables.steps[step]
                if own[KIND] == PERMUTE:
                    permute(tables, own, base, 0, tile, spare)
                    tile, spare = spare, tile
                else:
                    apply_step(tables, own, base, matrices, weights, tile, phases, scratch)
            store(state, base, rows, tile)


@compiled
def backward(
    tables: Any,
    state: Any,
    lam: Any,
    matrices: Any,
    weights: Any,
    matrix_totals: Any,
    weight_totals: Any,
    first_pass: int,
    num_passes: int,
    part: int,
    parts: int,
) -> None:
    """Undo passes of a plan on one part of the tiles of a state and its cotangent, and add up the gradients."""
    size = 1 << tables.locals.shape[1]
    tile, spare = np.empty((2, size), state.dtype), np.empty((2, size), state.dtype)
    lam_tile, lam_spare = np.empty((2, size), state.dtype), np.empty((2, size), state.dtype)
    phases, scratch = np.empty((2, size), state.dtype), np.empty((3, size), state.dtype)
    for index in range(first_pass + num_passes - 1, first_pass - 1, -1):
        row = tables.passes[index]
        bits = tables.locals[index, : row[NUM_LOCAL]]
        rows = run_starts(bits)
        tiles = state.shape[1] >> bits.size
        for number in range(tiles * part // parts, tiles * (part + 1) // parts):
            base = spread(number, bits)
            load(state, base, rows, tile)
            load(lam, base, rows, lam_tile)
            for step in range(row[FIRST_STEP] + row[NUM_STEPS] - 1, row[FIRST_STEP] - 1, -1):
                own = tables.steps[step]
                if own[KIND] == PERMUTE:
                    permute(tables, own, base, 1, tile, spare)
                    permute(tables, own, base, 1, lam_tile, lam_spare)
                    tile, spare, lam_tile, lam_spare = spare, tile, lam_spare, lam_tile
                else:
                    undo_step(
                        tables,
                        own,
                        base,
                        matrices,
                        weights,
                        tile,
                        lam_tile,
                        phases,
                        scratch,
                        matrix_totals,
                        weight_totals,
                    )
            store(state, base, rows, tile)
            store(lam, base, rows, lam_tile)


@compiled
def apply_step(
    tables: Any, row: Any, base: int, matrices: Any, weights: Any, tile: Any, phases: Any, scratch: Any
) -> None:
    if base & row[OUTER_MASK] != row[OUTER_VALUE]:
        return
    if row[KIND] == DENSE or row[KIND] == EXCHANGE:
        bits, targets = step_places(tables, row)
        if row[KIND] == EXCHANGE:
            exchange(tile, bits, row[OFFSET], targets[0])
        else:
            apply(tile, bits, row[OFFSET], targets, step_matrix(matrices, row))
        return
    start, stop = row[START], row[START] + row[COUNT]
    fill_phases(phases, tables.patterns[start:stop], weights[start:stop], base, scratch)
    apply_phases(tile, phases, 1)


@compiled
def undo_step(
    tables: Any,
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
        bits, targets = step_places(tables, row)
        if row[KIND] == EXCHANGE:
            exchange(tile, bits, row[OFFSET], targets[0])
            exchange(lam, bits, row[OFFSET], targets[0])
        else:
            u, total = step_matrix(matrices, row), step_matrix(matrix_totals, row)
            undo(tile, lam, bits, row[OFFSET], targets, u, row[HAS_GRADIENT] == 1, total)
        return
    start, stop = row[START], row[START] + row[COUNT]
    patterns = tables.patterns[start:stop]
    if row[HAS_GRADIENT] == 1:
        add_phase_gradients(tile, lam, patterns, base, scratch, weight_totals[start:stop])
    fill_phases(phases, patterns, weights[start:stop], base, scratch)
    apply_phases(tile, phases, -1)
    apply_phases(lam, phases, -1)


@compiled
def permute(tables: Any, row: Any, base: int, direction: int, tile: Any, result: Any) -> None:
    """Bring each amplitude to its place, forwards (0) or back (1)."""
    flips = 0
    for index in range(row[COUNT]):
        place = row[PLACE] + 3 * index
        if (base >> tables.places[place]) & 1:
            flips ^= tables.places[place + 1 + direction]
    start = row[START] if direction == 0 else row[OFFSET]
    table = tables.permutations[start : start + tile.shape[1]]
    for part in range(2):
        gather(tile[part], table, flips, result[part])


@compiled
def gather(values: Any, table: Any, flips: int, result: Any) -> None:
    for k in range(result.size):
        result[k] = values[np.int64(table[k]) ^ flips]


@compiled
def step_places(tables: Any, row: Any) -> tuple[Any, Any]:
    """Return the bits of a step, ascending, and its targets."""
    middle = row[PLACE] + row[NUM_BITS]
    return tables.places[row[PLACE] : middle], tables.places[middle : middle + row[NUM_TARGETS]]


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
            tile[part, index * run : (index + 1) * run] = state[part, begin : begin + run]


@compiled
def store(state: Any, base: int, starts: Any, tile: Any) -> None:
    run = starts[-1]
    for part in range(2):
        for index in range(starts.size - 1):
            begin = base + starts[index]
            state[part, begin : begin + run] = tile[part, index * run : (index + 1) * run]
