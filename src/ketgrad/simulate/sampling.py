"""Drawing outcomes from probabilities: on the host, from numbers that are the same for a seed on every backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad import randomness
from ketgrad.checks import check_integer
from ketgrad.errors import InvalidValueError
from ketgrad.protocol import Array, ArrayBackend


class Counts(dict[str, int]):
    """How often each bitstring came, most frequent first."""

    @property
    def shots(self) -> int:
        """The number of measurements."""
        return sum(self.values())


def check_shots(shots: int) -> int:
    """Return the number of shots as an integer of at least one."""
    count = check_integer(shots, "the number of shots")
    if count < 1:
        raise InvalidValueError(f"the number of shots is {count}; give at least 1")
    return count


def draw(backend: ArrayBackend, probabilities: Array, shots: int, seed: int | None) -> Any:
    """Return `shots` outcomes as NumPy integers, by inverting the cumulative distribution."""
    count = check_shots(shots)
    key = backend.random_key(seed)
    uniform = randomness.uniform(key, (count,))
    weights = backend.to_numpy(probabilities).astype("float64")
    cumulative = np.cumsum(weights)
    outcomes = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return np.minimum(outcomes, np.flatnonzero(weights)[-1])


def bits_of(outcomes: Any, num_qubits: int) -> Any:
    """Return outcomes as bits of shape (shots, qubits), qubit 0 first."""
    return (outcomes[:, None] >> np.arange(num_qubits)[::-1]) & 1


def check_order(order: Any) -> None:
    """Refuse an order of bits that is neither "big" nor "little" nor left open."""
    if order not in ("big", "little", None):
        raise InvalidValueError(f'order is {order!r}; give "big" or "little"')


def count(bits: Any, order: str | None) -> Counts:
    """Count the rows as bitstrings, qubit 0 leftmost ("big", the default) or rightmost ("little")."""
    return _counted(bits[:, ::-1] if order == "little" else bits, [bits.shape[1]])


def count_registers(
    bits: Any, measurements: Sequence[tuple[int, int]], sizes: Sequence[int], order: str | None
) -> Counts:
    """Count classical registers as bitstrings with a space between.

    By default ("little") bit 0 of each register is rightmost and so is the first register, as in Qiskit; "big" has
    both leftmost.
    """
    classical = np.zeros((len(bits), sum(sizes)), bits.dtype)
    for qubit, bit in measurements:
        classical[:, bit] = bits[:, qubit]
    kept = [size for size in sizes if size]
    return _counted(classical, kept) if order == "big" else _counted(classical[:, ::-1], kept[::-1])


def _counted(bits: Any, sizes: Sequence[int]) -> Counts:
    rows, numbers = np.unique(bits, axis=0, return_counts=True)
    found = {_written(row, sizes): int(number) for row, number in zip(rows, numbers, strict=True)}
    return Counts(Counter(found).most_common())


def _written(row: Any, sizes: Sequence[int]) -> str:
    text = "".join(map(str, row.tolist()))
    starts = np.cumsum([0, *sizes])
    return " ".join(text[start:stop] for start, stop in pairwise(starts))
