"""Finding out, in words, what is not finite in a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ketgrad.optimize.problem import named_leaves
from ketgrad.protocol import ArrayBackend


def what_is_not_finite(backend: ArrayBackend, value: float, x: Any, new_x: Any, gradient: Any) -> str | None:
    """Return what is wrong with a step that goes from x, where the function has this value, to new parameters."""
    if not np.isfinite(value):
        return f"the value is {value}; {_suspect(backend, x, gradient)}"
    broken = _not_finite(backend, new_x)
    if broken:
        return f"the step makes the parameter {broken}, where {_suspect(backend, x, gradient)}"
    return None


def _suspect(backend: ArrayBackend, x: Any, gradient: Any) -> str:
    broken = _not_finite(backend, x)
    if broken:
        return f"the parameter {broken}"
    slope = None if gradient is None else _not_finite(backend, gradient)
    if slope:
        return f"the gradient by {slope}"
    return f"all parameters{'' if gradient is None else ' and gradients'} are finite, {_largest(backend, x)}"


def _not_finite(backend: ArrayBackend, x: Any) -> str:
    """Name the first element that is not finite, with how many there are; nothing where all are."""
    arrays = [(name, np.asarray(backend.to_numpy(leaf))) for name, leaf in named_leaves(x)]
    count = sum(int(array.size - np.isfinite(array).sum()) for _, array in arrays)
    if not count:
        return ""
    name, number = next(item for item in _elements(arrays) if not np.isfinite(item[1]))
    others = "" if count == 1 else f" (and {count - 1} more are not finite)"
    return f"{name} is {number}{others}"


def _largest(backend: ArrayBackend, x: Any) -> str:
    arrays = ((name, np.asarray(backend.to_numpy(leaf))) for name, leaf in named_leaves(x))
    name, number = max(_elements(arrays), key=lambda item: abs(item[1]), default=("none", 0.0))
    return f"the largest of them {name} = {number:.6g}"


def _elements(arrays: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, float]]:
    for name, array in arrays:
        for place in np.ndindex(array.shape):
            yield name + (f"[{', '.join(map(str, place))}]" if place else ""), float(array[place])
