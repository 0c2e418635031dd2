"""What is explained, a function of named arrays: those that it is given, or those that it reads from a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ketgrad.differentiate.dual_path import real_scalar
from ketgrad.differentiate.explain.hooks import HoldsParameters, LocatesCuts, Parameter
from ketgrad.differentiate.explain.places import Cut
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True)
class GivenArrays:
    """A function of arrays that it is given."""

    backend: ArrayBackend
    function: Callable[..., Any]
    """Takes one array for each parameter."""
    parameters: list[Parameter]
    obstacles: dict[str, str] = field(default_factory=dict)
    """Why there can be no gradient at all, by the parameter's name."""

    def value(self, arrays: Sequence[Array]) -> Array:
        return real_scalar(self.backend, self.function(*arrays))

    def gradients(self, arrays: Sequence[Array], chosen: Sequence[int]) -> list[Array | None]:
        def of_chosen(*leaves: Array) -> tuple[Array, None]:
            return self.value(_replaced(arrays, chosen, leaves)), None

        value, _, pullback = self.backend.vjp(of_chosen, [arrays[index] for index in chosen])
        return pullback(constants_like(self.backend, 1.0, value))

    def cuts(self, index: int) -> tuple[Cut, ...]:
        if not isinstance(self.backend, LocatesCuts):
            return ()
        arrays = [parameter.array for parameter in self.parameters]
        return self.backend.cuts(lambda leaf: self.function(*_replaced(arrays, [index], [leaf])), arrays[index])


@dataclass(frozen=True)
class HeldArrays:
    """A function of no arguments, of arrays that it reads from somewhere else."""

    backend: ArrayBackend
    holder: HoldsParameters
    """The backend again, as what it must be here."""
    function: Callable[[], Any]
    parameters: list[Parameter]
    obstacles: dict[str, str]

    @property
    def arrays(self) -> list[Array]:
        return [parameter.array for parameter in self.parameters]

    def value(self, arrays: Sequence[Array]) -> Array:
        return self._differentiated(arrays, ())[0]

    def gradients(self, arrays: Sequence[Array], chosen: Sequence[int]) -> list[Array | None]:
        return self._differentiated(arrays, chosen)[1]

    def _differentiated(self, arrays: Sequence[Array], chosen: Sequence[int]) -> tuple[Array, list[Array | None]]:
        return self.holder.differentiate_held(
            lambda: real_scalar(self.backend, self.function()), self.arrays, arrays, chosen
        )

    def cuts(self, index: int) -> tuple[Cut, ...]:
        if not isinstance(self.backend, LocatesCuts):
            return ()
        return self.backend.cuts(lambda _: self.function(), self.arrays[index])


Subject = GivenArrays | HeldArrays


def _replaced(arrays: Sequence[Array], places: Sequence[int], by: Sequence[Array]) -> list[Array]:
    changed = dict(zip(places, by, strict=True))
    return [changed.get(index, array) for index, array in enumerate(arrays)]
