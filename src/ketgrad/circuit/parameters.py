"""Symbols that stand for parameters until a circuit is called, and affine expressions of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError


@dataclass(frozen=True)
class Declaration:
    """A named array of parameters and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Expression:
    """An affine expression: a constant and a sum of elements of declared arrays times numbers.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> 2 * theta[0] + 0.1
    2 * theta[0] + 0.1
    """

    terms: tuple[tuple[Declaration, int, float], ...]
    constant: float = 0.0

    def __add__(self, other: Any) -> Expression:
        if isinstance(other, Expression | ParameterArray):
            right = as_expression(other)
            return Expression(_merged(self.terms + right.terms), self.constant + right.constant)
        return Expression(self.terms, self.constant + _number(other))

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return self * -1.0

    def __sub__(self, other: Any) -> Expression:
        return self + (-other)

    def __rsub__(self, other: Any) -> Expression:
        return -self + other

    def __mul__(self, factor: Any) -> Expression:
        scale = _number(factor)
        return Expression(
            tuple((array, index, value * scale) for array, index, value in self.terms), self.constant * scale
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Expression:
        return self * (1.0 / _number(divisor))

    def __repr__(self) -> str:
        parts = [_show_term(*term) for term in self.terms]
        if self.constant or not parts:
            parts.append(f"{self.constant:g}")
        return " + ".join(parts).replace("+ -", "- ")


class ParameterArray:
    """An array of symbols: index it, slice it, iterate over it; its elements go into gates as parameters."""

    def __init__(self, declaration: Declaration, indices: Any) -> None:
        self.declaration = declaration
        self._indices = indices

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of this array or slice."""
        return tuple(self._indices.shape)

    @property
    def size(self) -> int:
        """The number of symbols."""
        return int(self._indices.size)

    @property
    def flat(self) -> Iterator[Expression]:
        """The symbols one by one, last axis fastest."""
        return (self._element(index) for index in self._indices.reshape(-1))

    def __getitem__(self, key: Any) -> Any:
        try:
            chosen = self._indices[key]
        except IndexError as error:
            raise InvalidValueError(
                f"{self.declaration.name}[{key}] is out of range: its shape is {self.shape}"
            ) from error
        return ParameterArray(self.declaration, chosen) if np.ndim(chosen) else self._element(chosen)

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __add__(self, other: Any) -> Expression:
        return as_expression(self) + other

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return -as_expression(self)

    def __sub__(self, other: Any) -> Expression:
        return as_expression(self) - other

    def __rsub__(self, other: Any) -> Expression:
        return other - as_expression(self)

    def __mul__(self, factor: Any) -> Expression:
        return as_expression(self) * factor

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Expression:
        return as_expression(self) / divisor

    def __repr__(self) -> str:
        return f"parameters({self.declaration.name!r}, {self.shape})"

    def _element(self, index: Any) -> Expression:
        return Expression(((self.declaration, int(index), 1.0),))


def parameters(name: str, shape: int | tuple[int, ...] = ()) -> ParameterArray:
    """Declare an array of parameters whose values are given when a circuit is called.

    Parameters
    ----------
    name
        By which `kg.function` takes the values; a Python identifier.
    shape
        The array's shape; () for a single parameter.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2, 3))
    >>> theta[1, 2]
    theta[1, 2]
    >>> kg.Circuit(1).rx(theta[0, 0] / 2, 0)
    Circuit(1): rx(0.5 * theta[0, 0]) 0
    """
    declaration = declare(name, shape)
    return ParameterArray(declaration, np.arange(math.prod(declaration.shape)).reshape(declaration.shape))


def declare(name: Any, shape: Any) -> Declaration:
    """Check a name and a shape of parameters."""
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidValueError(f'{name!r} is no name for parameters; give a Python identifier such as "theta"')
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes):
        raise InvalidValueError(f"the shape of {name} is {shape!r}; give sizes of at least 1")
    return Declaration(name, sizes)


def as_expression(value: Expression | ParameterArray) -> Expression:
    """Return a single symbol as an expression."""
    if isinstance(value, Expression):
        return value
    if value.shape != ():
        raise InvalidValueError(f"got all of {value!r} where one parameter is due; index it")
    return value._element(value._indices)


def is_symbolic(value: Any) -> bool:
    """Tell whether this is a symbol or an expression of symbols."""
    return isinstance(value, Expression | ParameterArray)


def _merged(terms: tuple[tuple[Declaration, int, float], ...]) -> tuple[tuple[Declaration, int, float], ...]:
    sums: dict[tuple[Declaration, int], float] = {}
    for array, index, value in terms:
        sums[array, index] = sums.get((array, index), 0.0) + value
    return tuple((array, index, value) for (array, index), value in sums.items())


def _number(value: Any) -> float:
    if isinstance(value, Expression | ParameterArray):
        raise UnsupportedError(
            "a product of two parameters is not affine; compute it from the values before the call, or put the values "
            "straight into the gates"
        )
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidTypeError(f"got {value!r} in an expression of parameters; give a real number")
    if not math.isfinite(value):
        raise InvalidValueError(f"got {value} in an expression of parameters; give a finite number")
    return float(value)


def _show_term(array: Declaration, index: int, value: float) -> str:
    places = ", ".join(map(str, np.unravel_index(index, array.shape))) if array.shape else ""
    name = f"{array.name}[{places}]" if array.shape else array.name
    return name if value == 1 else f"{value:g} * {name}"
