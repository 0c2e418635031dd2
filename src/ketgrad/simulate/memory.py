"""How much memory a simulation may take, and the refusal of one that needs more."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import count_noun
from ketgrad.errors import InvalidValueError, OutOfMemoryError
from ketgrad.precision import Precision
from ketgrad.settings import Setting
from ketgrad.simulate.program import Program

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


def check_memory(program: Program, needed: int, precision: Precision, batch: int) -> None:
    """Refuse a run that needs more bytes than there are.

    Raises
    ------
    OutOfMemoryError
        A `MemoryError` that names what is needed and what is there.
    """
    present = _limit.get() or available_memory()
    if present is None or needed <= present:
        return
    outcomes = program.num_wires - program.num_qubits
    further = f", and {outcomes} more for outcomes," if outcomes else ""
    times = "" if batch == 1 else f"{batch} times "
    what = f"{times}{count_noun(program.num_qubits, 'qubit')}{further}"
    kind = " as density matrices, which noise takes," if program.is_mixed else ""
    ways = ["use fewer qubits", 'kg.set_precision("single"), which halves it']
    if program.is_mixed:
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
