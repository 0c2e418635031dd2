"""What the builders take as angles: symbols, lists, and arrays of a backend or of NumPy, all read in one way."""

from __future__ import annotations

from typing import Any

from ketgrad.circuit.checks import check_parameter, is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.registry import get_backend


def as_table(values: Any, axes: tuple[str | int, ...], what: str) -> Any:
    """Return the elements as nested lists, each still a symbol, or connected to its graph.

    Parameters
    ----------
    values
        A `ParameterArray`, nested lists of numbers, 0-d arrays and symbols, or an array.
    axes
        The shape that is due: sizes, and names for axes of any size from 1.
    what
        The beginning of the sentence that refuses another shape.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For text, a mapping and the like, rows of different lengths, and another shape.

    Examples
    --------
    >>> import ketgrad as kg
    >>> as_table(kg.parameters("w", (1, 2)), ("layers", 2), "the weights")
    [[w[0, 0], w[0, 1]]]
    """
    shape = _shape_of(values, what)
    fits = len(shape) == len(axes) and all(
        isinstance(size, int) and (size == axis if isinstance(axis, int) else size > 0)
        for size, axis in zip(shape, axes, strict=True)
    )
    if not fits:
        due = ", ".join(map(str, axes)) + "," * (len(axes) == 1)
        raise InvalidValueError(f"{what} of shape {shape}; give the shape ({due}), with at least one of each")
    return _nested(values, shape)


def as_factor(value: Any, what: str) -> Any:
    """Check an angle that a number is going to multiply: a real number becomes a float, all else stays."""
    checked = check_parameter(value, what)
    return float(checked) if is_number(checked) else checked


def _shape_of(values: Any, what: str) -> tuple[Any, ...]:
    """Return the shape; a list's elements are looked at one by one, since NumPy would take them out of their graph."""
    if isinstance(values, str | bytes | dict | set) or values is None:
        raise InvalidTypeError(f"{what} {values!r}; give an array, a nested list, or kg.parameters")
    if not isinstance(values, list | tuple):
        return tuple(getattr(values, "shape", ()))
    shapes = {_shape_of(value, what) for value in values}
    if len(shapes) > 1:
        raise InvalidValueError(f"{what} whose rows have the shapes {sorted(shapes)}; give rows of one length")
    return (len(values), *(shapes.pop() if shapes else ()))


def _nested(values: Any, shape: tuple[int, ...]) -> Any:
    return [_nested(_element(values, place), shape[1:]) for place in range(shape[0])] if shape else values


def _element(values: Any, place: int) -> Any:
    # The protocol asks no array for indexing; where there is any, its gradient is a dense array on all frameworks.
    return values[place] if hasattr(values, "__getitem__") else get_backend().take(values, place, axis=0)
