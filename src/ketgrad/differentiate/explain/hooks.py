"""What a backend may offer beside `ArrayBackend` so that explanations say more. All of it is optional.

A backend without them is explained by its gradients and by finite differences alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ketgrad.differentiate.explain.places import Cut
from ketgrad.protocol import Array


class Parameter(NamedTuple):
    """An array whose gradient is explained."""

    name: str
    array: Array
    note: str = ""
    """What else there is to know of it, as a sentence without its subject."""


@runtime_checkable
class LocatesCuts(Protocol):
    """A backend that can tell which calls took an array out of its graph."""

    def cuts(self, function: Callable[[Array], Any], leaf: Array, /) -> tuple[Cut, ...]:
        """Call the function on a leaf and report the user's calls that cut what derives from it.

        A leaf that the framework records already, such as a parameter of a module, is taken as it is.
        """
        ...

    def obstacle(self, array: Array, /) -> str:
        """Say why the framework's own backward pass leaves no gradient on this array; "" where it leaves one."""
        ...


@runtime_checkable
class HoldsParameters(Protocol):
    """A backend whose parameters are objects that a function reads without being given them."""

    def parameters_of(self, module: Any, /) -> list[Parameter]:
        """Return the parameters of one of the framework's modules, and what looks as if it should be one."""
        ...

    def differentiate_held(
        self,
        function: Callable[[], Array],
        parameters: Sequence[Array],
        values: Sequence[Array],
        chosen: Sequence[int],
        /,
    ) -> tuple[Array, list[Array | None]]:
        """Call a real function while the parameters have these values and the chosen ones alone are recorded.

        Returns the value and its gradient by each chosen parameter; all parameters are put back as they were.
        """
        ...
