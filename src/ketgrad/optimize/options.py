"""The options of optimizers: numbers in their ranges, and learning rates that follow a schedule."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError

Schedule = float | Callable[[int], float]
"""A learning rate, or a function from the number of steps taken to one."""


def check_options(
    optimizer: Any,
    *,
    positive: tuple[str, ...] = (),
    fractions: tuple[str, ...] = (),
    not_negative: tuple[str, ...] = (),
    counts: tuple[str, ...] = (),
    schedules: tuple[str, ...] = ("learning_rate",),
) -> None:
    """Refuse options that are not what their names are listed under; those of `schedules` may be functions.

    Scalars of NumPy become numbers of Python, which leave parameters in single precision there.
    """
    for name in positive:
        value = getattr(optimizer, name)
        is_schedule = name in schedules and callable(value)
        if not is_schedule and not (is_real(value) and 0 < value < math.inf):
            raise InvalidValueError(f"{name} is {value!r}; give a number above 0")
    for name in fractions:
        value = getattr(optimizer, name)
        if not (is_real(value) and 0 <= value < 1):
            raise InvalidValueError(f"{name} is {value!r}; give a number from 0 up to, but not, 1")
    for name in not_negative:
        check_not_negative(name, getattr(optimizer, name))
    for name in counts:
        if check_integer(getattr(optimizer, name), name) < 1:
            raise InvalidValueError(f"{name} is {getattr(optimizer, name)}; give an integer of at least 1")
    for name in (*positive, *fractions, *not_negative, *counts):
        value = getattr(optimizer, name)
        if isinstance(value, np.generic):
            setattr(optimizer, name, value.item())


def check_not_negative(name: str, value: Any) -> None:
    """Refuse an option that is no number of zero or more."""
    if not (is_real(value) and 0 <= value < math.inf):
        raise InvalidValueError(f"{name} is {value!r}; give a number of zero or more")


def is_real(value: Any) -> bool:
    """Tell whether a value is a real number, which True and False are not."""
    return is_number(value) and not isinstance(value, bool)


def rate_at(schedule: Schedule, step: int) -> Any:
    """Return the learning rate of a step: a number, or inside of a compiled function, which counts steps, an array."""
    if not callable(schedule):
        return schedule
    rate = schedule(step)
    is_number_alone = is_real(rate) or getattr(rate, "shape", None) == ()
    if not is_number_alone:
        raise InvalidTypeError(f"the learning rate of step {step} is {rate!r}; give a function that returns a number")
    if not isinstance(step, int):
        return rate
    check_not_negative(f"the learning rate of step {step}", float(rate))
    return float(rate)
