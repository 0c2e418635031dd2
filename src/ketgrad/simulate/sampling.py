"""Outcomes on the host: counting bitstrings, with the registers that they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.errors import InvalidValueError


class Counts(dict[str, int]):
    """How often each bitstring came, most frequent first."""

    @property
    def shots(self) -> int:
        """The number of measurements."""
        return sum(self.values())


def check_shots(shots: int, what: str = "the number of shots") -> int:
    """Return the number of shots as an integer of at least one."""
    count = check_integer(shots, what)
    if count < 1:
        raise InvalidValueError(f"{what} is {count}; give at least 1")
    return count


def check_order(order: Any) -> None:
    """Refuse an order of bits that is neither "big" nor "little" nor left open."""
    if order not in ("big", "little", None):
        raise InvalidValueError(f'order is {order!r}; give "big" or "little"')


def count(bits: Any, order: str | None) -> Counts:
    """Count rows of integer bits as bitstrings, the first leftmost ("big", the default) or rightmost ("little")."""
    return _counted(bits[:, ::-1] if order == "little" else bits, [bits.shape[1]])


def count_registers(bits: Any, places: Sequence[int], sizes: Sequence[int], order: str | None) -> Counts:
    """Count classical registers as bitstrings with a space between; column k of the rows is bit places[k].

    By default ("little") bit 0 of each register is rightmost and so is the first register, as in Qiskit; "big" has
    both leftmost. Bits that nothing was measured into are 0.
    """
    classical = np.zeros((len(bits), sum(sizes)), bits.dtype)
    classical[:, list(places)] = bits
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
