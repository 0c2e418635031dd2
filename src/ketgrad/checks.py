"""Checks of what a person gives, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError


def check_sequence(values: Any, what: str) -> Sequence[Any]:
    """Return several values as a sequence, or say that they are none."""
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        raise InvalidTypeError(f"{what} got {values!r} where a list is due; give one, such as [0, 1]")
    return tuple(values)


def check_integer(value: Any, what: str) -> int:
    """Return a value as an integer, or say that it is none; True and False are none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InvalidTypeError(f"{what} is {value!r}; give an integer")
    return int(value)
