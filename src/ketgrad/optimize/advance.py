"""What passes between an optimizer and the loop that takes its steps."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from ketgrad.protocol import Array

State: TypeAlias = dict[str, Any]
"""What an optimizer remembers: numbers, strings, and containers of arrays."""


class Advance(NamedTuple):
    """What a step gives."""

    x: Any
    """The parameters after it."""
    state: State
    value: Array | None = None
    """The function before it, at the parameters that were given; None where it was not evaluated."""
    gradient: Any = None
    """The gradient there; None where there is none."""
    stop: str = ""
    """Why there is no further step to take, such as "converged"; x and the state are then those that were given."""
