"""All results of a function side by side, as the features of a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.nn.names import NOT_JOINED
from ketgrad.protocol import Array, ArrayBackend


def batch_axes(shapes: Sequence[tuple[int, ...]], own: Sequence[int]) -> tuple[int, ...]:
    """Return the batch's axes of arrays of which each has so many axes of its own."""
    leading = [shape[: max(0, len(shape) - axes)] for shape, axes in zip(shapes, own, strict=True)]
    try:
        return np.broadcast_shapes(*leading)
    except ValueError as error:
        raise InvalidValueError(f"the batch axes {', '.join(map(str, leading))} do not broadcast") from error


def joined(backend: ArrayBackend, results: Any, batch: tuple[int, ...]) -> Array:
    """Return results of shape (batch..., ...) as one array of shape (batch..., features)."""
    parts = list(results) if isinstance(results, list | tuple) else [results]
    _check(backend, parts, batch)
    flat = [_flattened(backend, part, batch) for part in parts]
    return flat[0] if len(flat) == 1 else _side_by_side(backend, flat, len(batch))


def _check(backend: ArrayBackend, parts: Sequence[Any], batch: tuple[int, ...]) -> None:
    for part in parts:
        if not backend.is_array(part):
            raise InvalidTypeError(
                f"the function returned a {type(part).__name__}; return an array of {backend.name}, or a tuple of them"
            )
        if tuple(part.shape)[: len(batch)] != batch:
            raise InvalidValueError(
                f"the function returned an array of shape {tuple(part.shape)} for a batch of shape {batch}; return one "
                "with the batch's axes in front, by kg.vmap for example"
            )
    types = list(dict.fromkeys(backend.dtype(part) for part in parts))
    if len(types) > 1:
        raise UnsupportedError(NOT_JOINED.format(*types[:2]))


def _flattened(backend: ArrayBackend, part: Array, batch: tuple[int, ...]) -> Array:
    return backend.reshape(part, (*batch, math.prod(tuple(part.shape)[len(batch) :])))


def _side_by_side(backend: ArrayBackend, parts: Sequence[Array], axis: int) -> Array:
    """Join along an axis, the last: arrays of one size are stacked, and so their shorter ones are filled up before.

    Each array is taken whole, not column by column, so that the number of operations is that of the arrays.
    """
    sizes = [int(part.shape[axis]) for part in parts]
    longest = max(sizes)
    filled = [_filled(backend, part, longest, axis) for part in parts]
    batch = tuple(parts[0].shape)[:axis]
    rows = backend.reshape(backend.stack(filled, axis=axis), (*batch, len(parts) * longest))
    places = [row * longest + place for row, size in enumerate(sizes) for place in range(size)]
    return rows if len(places) == len(parts) * longest else backend.take(rows, np.array(places), axis=axis)


def _filled(backend: ArrayBackend, part: Array, size: int, axis: int) -> Array:
    """Repeat the first element behind the others until there are so many."""
    own = int(part.shape[axis])
    return part if own == size else backend.take(part, np.arange(size) * (np.arange(size) < own), axis=axis)
