"""What training tells: while it goes on, at its end, and where it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ketgrad.errors import KetgradError
from ketgrad.optimize.advance import State


class Progress(NamedTuple):
    """Where training stands before a step."""

    step: int
    """How many steps were taken."""
    x: Any
    """The parameters now."""
    value: float
    """The function of them."""


@dataclass(frozen=True)
class Result:
    """What `minimize` returns."""

    x: Any
    """The last parameters, in the structure of those given, outside of any graph."""
    value: float
    """The function of them."""
    history: tuple[float, ...]
    """The value before each step, and the last one: one number more than steps."""
    steps: int
    """How many steps were taken, those before an interruption included."""
    stopped: str
    """Why there were no more: "steps", "tolerance", "callback", or what the optimizer itself says, "converged"."""
    state: State = field(repr=False)
    """What the optimizer remembers at the end."""


class NotFiniteError(KetgradError, ArithmeticError):
    """A value or parameter that is NaN or infinite; `result` holds the last good parameters."""

    def __init__(self, what: str, result: Result) -> None:
        super().__init__(what, result)
        self.what = what
        """What is not finite, and at which step."""
        self.result = result

    def __str__(self) -> str:
        kept = f"step {self.result.steps}" if self.result.history else "the start, without a finite value"
        return f"{self.what}; the error's result has the last good parameters, of {kept}"
