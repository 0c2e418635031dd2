"""Where weights start: what a person gave, checked against their names and shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ketgrad.circuit.parameters import Declaration
from ketgrad.errors import InvalidTypeError, InvalidValueError

TURN = 2 * math.pi
"""Weights are angles, so by default they start anywhere in one turn."""


def checked_initial(weights: Sequence[Declaration], initial: Any) -> dict[str, Any]:
    """Return what is given for each weight, None where nothing is."""
    if initial is not None and not isinstance(initial, Mapping):
        raise InvalidTypeError(
            f"initial is a {type(initial).__name__}; give a mapping from names of weights to arrays, numbers or "
            'initializers, such as {"theta": 0.0}'
        )
    given = dict(initial or {})
    names = [weight.name for weight in weights]
    for name in given:
        if name not in names:
            raise InvalidValueError(
                f"initial names {name!r}, which is no weight; they are {', '.join(names) or 'none'}"
            )
    return {name: given.get(name) for name in names}


def check_start(weight: Declaration, shape: Sequence[int]) -> None:
    """Refuse a start of another shape than the weight's; a number is spread over it."""
    if tuple(shape) not in ((), weight.shape):
        raise InvalidValueError(
            f"initial has an array of shape {tuple(shape)} for {weight.name}; give shape {weight.shape}, or a number"
        )
