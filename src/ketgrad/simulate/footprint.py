"""How many bytes the states of a run take, on either engine."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from ketgrad.circuit.instructions import ReadoutError
from ketgrad.precision import COMPLEX_TYPE, Precision
from ketgrad.simulate.availability import RunningEngine
from ketgrad.simulate.last_runs import room_taken
from ketgrad.simulate.planning.gates import is_plannable
from ketgrad.simulate.program import Program

STATES_IN_FLIGHT = 5
"""A gate needs its input, its output, and a copy in another order of axes; the widest steps were measured to take 5."""

STATES_OF_A_GRADIENT = 3
"""What a backward pass takes beside the states that it keeps."""

STATES_OF_A_RESULT = 6
"""A state as the kernels have it and as the framework does, and what results are computed by; measured with expectation
values, variances, probabilities and the state asked for at once."""

STATES_OF_A_SWEEP = 16
"""The same, their cotangents, and those that the kernels sweep back; measured in the same way."""


def footprint(
    program: Program,
    engine: RunningEngine,
    precision: Precision,
    batch: int,
    *,
    sums_alone: bool = False,
    with_gradient: bool = False,
) -> int:
    """Return the bytes that a run takes at most; `sums_alone` where it is for expectation values of Pauli sums."""
    if engine == "traced":
        return traced_footprint(program, precision, batch, with_gradient=with_gradient)
    state = _state_bytes(program, precision, batch)
    if sums_alone and program.recipe.is_one_segment and not program.measured:
        return room_taken(state) + (state if with_gradient else 0)
    return state * (STATES_OF_A_SWEEP + _states_between(program) if with_gradient else STATES_OF_A_RESULT)


def traced_footprint(program: Program, precision: Precision, batch: int, *, with_gradient: bool = False) -> int:
    """Return the bytes that a run on the traced engine takes, whose gradient keeps the state after every gate."""
    kept = STATES_OF_A_GRADIENT + len(program.recipe.parts) if with_gradient else 0
    return _state_bytes(program, precision, batch) * (STATES_IN_FLIGHT + kept)


def _state_bytes(program: Program, precision: Precision, batch: int) -> int:
    """Return the size of the states, as density matrices where they are mixed."""
    elements = 1 << (2 * program.num_wires if program.is_mixed else program.num_wires)
    return batch * np.dtype(COMPLEX_TYPE[precision]).itemsize * elements


def _states_between(program: Program) -> int:
    """Return how many states a gradient keeps where something else stands between gates in a row."""
    parts = (part for part in program.recipe.parts if not isinstance(part, ReadoutError))
    runs = [(is_gates, len(list(run))) for is_gates, run in groupby(parts, key=is_plannable)]
    return sum(1 if is_gates else STATES_OF_A_GRADIENT * count for is_gates, count in runs) - 1
