"""Frequencies that are given by hand: one sequence for all elements, or sequences in the structure of parameters."""

from __future__ import annotations

import math
from typing import Any

from ketgrad import tree
from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.problem import NAME
from ketgrad.optimize.spectra import Frequencies


def given_frequencies(x: Any, given: Any, name: str = NAME) -> list[Frequencies]:
    """Return the frequencies of each element of parameters."""
    if _are_numbers(given):
        count = sum(math.prod(tuple(leaf.shape)) for leaf in tree.flatten(x)[0])
        return [_checked(given, name)] * count
    if isinstance(x, dict):
        if not isinstance(given, dict) or set(given) != set(x):
            raise InvalidTypeError(_wrong(name, given, f"a dictionary with the keys {list(x)}"))
        return [own for key in x for own in given_frequencies(x[key], given[key], f"{name}[{key!r}]")]
    if isinstance(x, list | tuple):
        _check_length(given, len(x), name)
        pairs = enumerate(zip(x, given, strict=True))
        return [own for at, (part, each) in pairs for own in given_frequencies(part, each, f"{name}[{at}]")]
    return _of_shape(tuple(x.shape), given, name)


def _of_shape(shape: tuple[int, ...], given: Any, name: str) -> list[Frequencies]:
    if _are_numbers(given):
        return [_checked(given, name)] * math.prod(shape)
    if not shape:
        raise InvalidTypeError(_wrong(name, given, "positive numbers, such as (1.0,)"))
    _check_length(given, shape[0], name)
    return [own for at, each in enumerate(given) for own in _of_shape(shape[1:], each, f"{name}[{at}]")]


def _are_numbers(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(map(is_number, given))


def _checked(given: Any, name: str) -> Frequencies:
    values = sorted(map(float, given))
    if len(set(values)) < len(values) or not all(0 < value < math.inf for value in values):
        raise InvalidValueError(_wrong(name, given, "positive numbers, all different"))
    return tuple(values)


def _check_length(given: Any, length: int, name: str) -> None:
    if not isinstance(given, list | tuple) or len(given) != length:
        raise InvalidTypeError(_wrong(name, given, f"numbers, or a list of {length} sequences of them"))


def _wrong(name: str, given: Any, wanted: str) -> str:
    return f"the frequencies of {name} are {given!r}; give {wanted}"
