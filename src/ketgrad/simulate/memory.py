"""What a simulation needs of memory, and the refusal of one that needs too much."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import count_noun
from ketgrad.errors import InvalidTypeError, InvalidValueError, OutOfMemoryError, UnsupportedError
from ketgrad.precision import COMPLEX_TYPE, Precision, get_precision
from ketgrad.settings import Setting
from ketgrad.simulate.parts import elementary
from ketgrad.simulate.program import lower

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit
    from ketgrad.measurements import Measurement

STATES_IN_FLIGHT = 5
"""A gate needs its input, its output, and a copy in another order of axes; the widest steps were measured to take 5."""

STATES_OF_A_GRADIENT = 3
"""What a backward pass takes beside the states that it keeps."""

CONTROL_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux writes down what a container may use."""

_limit: Setting[int | None] = Setting("ketgrad_memory_limit", None)


def set_memory_limit(limit: int | None) -> None:
    """Set how many bytes a simulation may take; None for what the machine has.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.set_memory_limit(8 * 2**30)
    >>> kg.set_memory_limit(None)
    """
    if limit is not None and check_integer(limit, "the memory limit") < 1:
        raise InvalidValueError(f"the memory limit is {limit}; give a number of bytes, or None for all there is")
    _limit.set(limit)


def memory_estimate(
    circuit: Circuit, gradient: str | None = None, batch: int = 1, measurements: Sequence[Measurement] = ()
) -> int:
    """Return the bytes that the states of a run take, in the precision in force.

    Parameters
    ----------
    circuit
        The circuit; noise makes its states density matrices, measurements in its middle may add wires.
    gradient
        None for results alone; "backprop" (or "best") for a gradient, which keeps the state after every gate.
    batch
        How many sets of parameters run at once.
    measurements
        What is asked for, where it is classical bits, such as `[kg.counts(bits=[0, 1])]`: the outcomes of qubits that
        go on are kept on wires of their own until then.

    Raises
    ------
    UnsupportedError
        For another gradient method.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.memory_estimate(kg.Circuit(20).h(0))  # five states of 2^20 complex numbers
    83886080
    >>> kg.memory_estimate(kg.Circuit(10).depolarizing(0.1, 0), batch=2)
    167772160
    """
    if not hasattr(circuit, "operations"):
        raise InvalidTypeError(f"memory_estimate takes a circuit, got a {type(circuit).__name__}")
    if gradient not in (None, "best", "backprop"):
        raise UnsupportedError(f"gradient {gradient!r} is not there; give None, best or backprop")
    if check_integer(batch, "the batch") < 1:
        raise InvalidValueError(f"the batch is {batch}; give at least 1")
    groups = [group for item in measurements for group in item.groups]
    program = lower(circuit.operations, circuit.num_qubits, groups)
    states = STATES_IN_FLIGHT
    if gradient is not None:
        states += STATES_OF_A_GRADIENT + sum(1 for item in program.items for _ in elementary(item))
    return states * state_bytes(program.num_wires, get_precision(), batch, is_mixed=program.is_mixed)


def state_bytes(num_wires: int, precision: Precision, batch: int, *, is_mixed: bool) -> int:
    """Return the size of the states, as density matrices where they are mixed."""
    elements = 1 << (2 * num_wires if is_mixed else num_wires)
    return batch * np.dtype(COMPLEX_TYPE[precision]).itemsize * elements


def check_memory(num_qubits: int, num_wires: int, precision: Precision, batch: int, *, is_mixed: bool) -> None:
    """Refuse a run for which there is too little memory.

    Raises
    ------
    OutOfMemoryError
        A `MemoryError` that names what is needed and what is there.
    """
    needed = STATES_IN_FLIGHT * state_bytes(num_wires, precision, batch, is_mixed=is_mixed)
    present = _limit.get() or available_memory()
    if present is None or needed <= present:
        return
    further = f", and {num_wires - num_qubits} more for outcomes," if num_wires > num_qubits else ""
    times = "" if batch == 1 else f"{batch} times "
    what = f"{times}{count_noun(num_qubits, 'qubit')}{further}"
    kind = " as density matrices, which noise takes," if is_mixed else ""
    ways = ["use fewer qubits", 'kg.set_precision("single"), which halves it']
    if is_mixed:
        ways.append("kg.function(..., trajectories=...), which takes state vectors")
    there = "this machine has" if _limit.get() is None else "the limit set is"
    if batch > 1:
        ways.insert(0, "run fewer at a time")
    raise OutOfMemoryError(
        f"{what}{kind} in {precision} precision need {_gibibytes(needed)} GiB, and {there} {_gibibytes(present)} GiB; "
        f"{', '.join(ways)}, or kg.set_memory_limit to allow it"
    )


def check_result_memory(num_qubits: int, batch: int, itemsize: int) -> None:
    """Refuse a density matrix of some qubits for which there is too little memory."""
    needed, present = 2 * batch * itemsize << (2 * num_qubits), _limit.get() or available_memory()
    if present is not None and needed > present:
        raise OutOfMemoryError(
            f"the density matrix of {count_noun(num_qubits, 'qubit')} needs {_gibibytes(needed)} GiB, and there are "
            f"{_gibibytes(present)} GiB; ask for fewer qubits"
        )


def check_shot_memory(shots: int, bits: int) -> None:
    """Refuse more shots than there is memory for: each takes a random number and its bits, twice."""
    needed, present = 16 * shots * (bits + 1), _limit.get() or available_memory()
    if present is not None and needed > present:
        raise OutOfMemoryError(
            f"{shots} shots need {_gibibytes(needed)} GiB, and there are {_gibibytes(present)} GiB; take fewer, or add "
            "up several runs with seeds of their own"
        )


def available_memory() -> int | None:
    """Return the bytes that this process may use, None where the system does not tell."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf; there the array library's own MemoryError is what comes
    return min([physical, *_control_group_limits(CONTROL_GROUP_LIMITS)])


@lru_cache(maxsize=4)
def _control_group_limits(paths: tuple[Path, ...]) -> list[int]:
    texts = [path.read_text().strip() for path in paths if path.is_file()]
    return [int(text) for text in texts if text.isdigit()]


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:.3g}" if count.bit_length() < 1000 else f"2^{count.bit_length() - 31}"
