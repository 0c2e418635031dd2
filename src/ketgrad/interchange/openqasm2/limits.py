"""How much a program may ask for before it is refused."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields

from ketgrad.errors import InvalidTypeError, InvalidValueError

# Python refuses to convert longer integer literals where its own limit is set this low.
_LONGEST_INTEGER = sys.int_info.str_digits_check_threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep an untrusted program from taking all time or memory.

    Parameters
    ----------
    bytes
        Length of the text in UTF-8.
    digits
        Characters in one number; at most 640, so that Python converts every integer.
    nesting
        Parentheses open at once in one expression.
    gate_depth
        How many gate definitions deep a gate may rest on other defined gates.
    qubits, classical_bits
        Sizes of all quantum, and of all classical, registers together.
    gates
        Gate applications after expansion, where a defined gate counts itself and all that it applies; and
        measurements and resets, one for each qubit.
    conditions
        Classical bits that an `if` compares, counted again for each gate after expansion.
    arithmetic
        Numbers, names and operators that the expansion of defined gates evaluates.

    Raises
    ------
    InvalidTypeError
        When a bound is not an integer.
    InvalidValueError
        When a bound is negative, or `digits` is above 640.

    Examples
    --------
    >>> Limits(qubits=100).qubits
    100
    """

    bytes: int = 10_000_000
    digits: int = 300
    nesting: int = 100
    gate_depth: int = 100
    qubits: int = 64
    classical_bits: int = 1024
    gates: int = 1_000_000
    conditions: int = 1_000_000
    arithmetic: int = 10_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_bound(field.name, getattr(self, field.name))
        if self.digits > _LONGEST_INTEGER:
            raise InvalidValueError(f"Limits(digits={self.digits}) is too high; at most {_LONGEST_INTEGER} is allowed")

    def exceeded(self, name: str, what: str) -> str:
        """Return the sentence for `what`, which is beyond the bound called `name`."""
        bound = getattr(self, name)
        return f"{what}: the limit is {bound}; to allow more, pass Limits({name}=...)"


def _check_bound(name: str, bound: object) -> None:
    if not isinstance(bound, int) or isinstance(bound, bool):
        raise InvalidTypeError(f"Limits({name}=...) takes an integer, not {bound!r}")
    if bound < 0:
        raise InvalidValueError(f"Limits({name}=...) takes 0 or more, not {bound}")
