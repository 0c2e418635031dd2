"""Mapping a function over a batch axis: reading `in_axes`, and the loop for frameworks that have no vmap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.checks import check_sequence
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.placement import as_array, device_among
from ketgrad.protocol import Array, ArrayBackend, InAxes


def argument_axes(in_axes: InAxes, count: int) -> tuple[int | None, ...]:
    """Return the mapped axis of each of `count` positional arguments, None where one is not mapped."""
    if in_axes is None or isinstance(in_axes, int):
        axes: tuple[int | None, ...] = (in_axes,) * count
    else:
        axes = tuple(check_sequence(in_axes, "in_axes"))
    if len(axes) != count:
        raise InvalidValueError(f"in_axes has {len(axes)} entries for {count} arguments; give one for each")
    if any(isinstance(axis, bool) or not (axis is None or isinstance(axis, int)) for axis in axes):
        raise InvalidTypeError(f"in_axes is {in_axes!r}; give an integer or None for each argument")
    if all(axis is None for axis in axes):
        raise InvalidValueError("vmap has no argument to map over: every entry of in_axes is None")
    return axes


def mapped_arguments(
    backend: ArrayBackend, args: Sequence[Any], in_axes: InAxes
) -> tuple[list[Any], tuple[int | None, ...], int]:
    """Return the arguments with their arrays native, the mapped axis of each, and the batch size."""
    axes = argument_axes(in_axes, len(args))
    device = device_among(backend, args)

    def native(leaf: Any, axis: int | None) -> Any:
        return leaf if axis is None and not isinstance(leaf, np.ndarray) else as_array(backend, leaf, device)

    mapped = [
        tree.map_leaves(lambda leaf, axis=axis: native(leaf, axis), arg) for arg, axis in zip(args, axes, strict=True)
    ]
    sizes = {
        _axis_length(leaf, axis, position)
        for position, (arg, axis) in enumerate(zip(mapped, axes, strict=True))
        if axis is not None
        for leaf in tree.flatten(arg)[0]
    }
    if len(sizes) != 1:
        raise InvalidValueError(f"the mapped axes have different lengths: {', '.join(map(str, sorted(sizes)))}")
    return mapped, axes, sizes.pop()


def loop_vmap(backend: ArrayBackend, function: Callable[..., Any], in_axes: InAxes) -> Callable[..., Any]:
    """Map by calling the function once for each element of the batch and stacking what it returns."""

    def mapped(*args: Any, **kwargs: Any) -> Any:
        arrays, axes, size = mapped_arguments(backend, args, in_axes)
        results = [
            function(
                *(_element(backend, arg, axis, index) for arg, axis in zip(arrays, axes, strict=True)),
                **kwargs,
            )
            for index in range(size)
        ]
        if not results:
            raise InvalidValueError("vmap was given an empty batch; give at least one element")
        return tree.map_leaves(lambda *parts: backend.stack([backend.asarray(part) for part in parts]), *results)

    return mapped


def move_axis_first(backend: ArrayBackend, array: Array, axis: int) -> Array:
    """Transpose an array so that this axis comes first."""
    rank = len(tuple(array.shape))
    first = axis % rank
    return backend.transpose(array, (first, *(place for place in range(rank) if place != first)))


def _element(backend: ArrayBackend, arg: Any, axis: int | None, index: int) -> Any:
    if axis is None:
        return arg
    return tree.map_leaves(lambda leaf: backend.take(leaf, index, axis=axis), arg)


def _axis_length(leaf: Array, axis: int, position: int) -> int:
    shape = tuple(leaf.shape)
    if not -len(shape) <= axis < len(shape):
        raise InvalidValueError(f"in_axes asks for axis {axis} of argument {position}, which has shape {shape}")
    return int(shape[axis])


def with_batch_axes(backend: ArrayBackend, result: Any, batch: tuple[int, ...]) -> Any:
    """Return a result of shape (batch, ...) with the axes of the batch in front."""
    if isinstance(result, list):
        return _nested(result, batch)
    return backend.reshape(result, (*batch, *tuple(result.shape)[1:]))


def _nested(results: list[Any], batch: tuple[int, ...]) -> Any:
    """Arrange what is no array, counts for example, as lists in lists, one level for each axis of the batch."""
    if not batch:
        return results[0]
    size = len(results) // batch[0]
    return [_nested(results[start : start + size], batch[1:]) for start in range(0, len(results), size)]
