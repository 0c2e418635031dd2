"""The arguments of a function that is differentiated: which leaves vary, what they are called, how to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.placement import as_array, device_among
from ketgrad.precision import INTEGER_TYPES
from ketgrad.protocol import Array, ArrayBackend


@dataclass(frozen=True)
class Arguments:
    """One call `function(*args, **kwargs)` seen as a function of the leaves of its differentiated arguments."""

    leaves: list[Array]
    names: list[str]
    call: Callable[[Callable[..., Any], Sequence[Array]], Any]
    """`call(function, leaves)` calls the function with these leaves in their places."""
    collect: Callable[[list[Any]], Any]
    """Arranges one value for each leaf as the arguments are: alone for a single argnum, else in a tuple."""


def split_arguments(
    backend: ArrayBackend, argnums: int | Sequence[int], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Arguments:
    """Find the leaves of the arguments that `argnums` names, as arrays of the backend."""
    is_single = isinstance(argnums, int | np.integer)
    chosen = positions_of(argnums, len(args))
    flattened = [tree.flatten(args[position], f"argument {position}") for position in chosen]
    names = [name for _, paths, _ in flattened for name in paths]
    values = [leaf for leaves, _, _ in flattened for leaf in leaves]

    def rebuild(leaves: Sequence[Any]) -> list[Any]:
        rest = iter(leaves)
        return [part[2]([next(rest) for _ in part[0]]) for part in flattened]

    def call(function: Callable[..., Any], leaves: Sequence[Array]) -> Any:
        replaced = dict(zip(chosen, rebuild(leaves), strict=True))
        return function(*(replaced.get(index, arg) for index, arg in enumerate(args)), **kwargs)

    def collect(per_leaf: list[Any]) -> Any:
        parts = rebuild(per_leaf)
        return parts[0] if is_single else tuple(parts)

    device = None if all(map(backend.is_array, values)) else device_among(backend, (args, kwargs))
    leaves = [differentiable_leaf(backend, value, name, device) for value, name in zip(values, names, strict=True)]
    return Arguments(leaves, names, call, collect)


def positions_of(argnums: Any, count: int) -> list[int]:
    """Return the positions, from 0, that `argnums` names among a number of arguments."""
    given = [argnums] if isinstance(argnums, str) or not isinstance(argnums, Iterable) else list(argnums)
    chosen = [_position(position, count) for position in given]
    if len(set(chosen)) != len(chosen) or not chosen:
        raise InvalidValueError(f"argnums is {argnums!r}; name at least one argument, and each only once")
    return chosen


def differentiable_leaf(backend: ArrayBackend, value: Any, name: str, device: str | None = None) -> Array:
    """Return a value as an array with real or complex elements, or say why it is none; a number goes to the device."""
    if isinstance(value, bool | np.bool_ | str) or value is None:
        raise InvalidTypeError(f"{name} is {value!r}; only numbers and arrays can be differentiated")
    if isinstance(value, np.ndarray) and value.dtype == np.bool_:
        raise InvalidTypeError(f"{name} is an array of bool; only numbers can be differentiated")
    try:
        array = as_array(backend, float(value) if isinstance(value, int) else value, device)
    except InvalidTypeError as error:
        raise InvalidTypeError(f"{name}: {error}") from error
    if backend.dtype(array) in INTEGER_TYPES:
        raise InvalidTypeError(
            f"{name} is an array of {backend.dtype(array)}, which has no derivative; give it as float64 or float32"
        )
    return array


def _position(position: Any, count: int) -> int:
    if isinstance(position, bool) or not isinstance(position, int | np.integer):
        raise InvalidTypeError(f"argnums holds {position!r}; give positions of arguments as integers")
    if not -count <= position < count:
        raise InvalidValueError(f"argnums names argument {position}, but the function was called with {count}")
    return int(position) % count
