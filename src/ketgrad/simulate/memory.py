"""What a simulation needs of memory, and the refusal of one that needs too much."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.errors import InvalidValueError, OutOfMemoryError, UnsupportedError
from ketgrad.precision import COMPLEX_TYPE, Precision, get_precision
from ketgrad.settings import Setting
from ketgrad.simulate.parts import elementary
from ketgrad.simulate.program import lower

if TYPE_CHECKING:
    from ketgrad.circuit.circuit import Circuit

STATES_IN_FLIGHT = 3
"""A gate needs its input, its output, and a copy in another order of axes."""

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


def memory_estimate(circuit: Circuit, gradient: str | None = None, batch: int = 1) -> int:
    """Return the bytes that the states of a run take, in the precision in force.

    Parameters
    ----------
    circuit
        The circuit; noise makes its states density matrices, measurements in its middle may add wires.
    gradient
        None for results alone; "backprop" (or "best") for a gradient, which keeps the state after every gate.
    batch
        How many sets of parameters run at once.

    Raises
    ------
    UnsupportedError
        For another gradient method.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.memory_estimate(kg.Circuit(20).h(0))  # three states of 2^20 complex numbers
    50331648
    >>> kg.memory_estimate(kg.Circuit(10).depolarizing(0.1, 0), batch=2)
    100663296
    """
    if gradient not in (None, "best", "backprop"):
        raise UnsupportedError(f"gradient {gradient!r} is not there; give None, best or backprop")
    if check_integer(batch, "the batch") < 1:
        raise InvalidValueError(f"the batch is {batch}; give at least 1")
    program = lower(circuit.operations, circuit.num_qubits)
    states = STATES_IN_FLIGHT
    if gradient is not None:
        states += sum(1 for item in program.items for _ in elementary(item))
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
    what = f"{num_qubits} qubits{further}" if batch == 1 else f"{batch} times {num_qubits} qubits{further}"
    kind = " as density matrices, which noise takes," if is_mixed else ""
    ways = ["use fewer qubits", 'kg.set_precision("single"), which halves it']
    if is_mixed:
        ways.append("kg.function(..., trajectories=...), which takes state vectors")
    there = "this machine has" if _limit.get() is None else "the limit set is"
    raise OutOfMemoryError(
        f"{what}{kind} in {precision} precision need {_gibibytes(needed)} GiB, and {there} {_gibibytes(present)} GiB; "
        f"{', '.join(ways)}, or kg.set_memory_limit to allow it"
    )


def available_memory() -> int | None:
    """Return the bytes that this process may use, None where the system does not tell."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf; there the array library's own MemoryError is what comes
    return min([physical, *_control_group_limits()])


def _control_group_limits() -> list[int]:
    texts = [path.read_text().strip() for path in CONTROL_GROUP_LIMITS if path.is_file()]
    return [int(text) for text in texts if text.isdigit()]


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:.3g}" if count.bit_length() < 1000 else f"2^{count.bit_length() - 31}"
