"""Expected values by plain Python: complex numbers, lists and loops, and nothing that is under test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any


def einsum(subscripts: str, *operands: Any) -> Any:
    """Sum products over nested lists, one index value after another, by Einstein's convention.

    Examples
    --------
    >>> einsum("ij,j->i", [[1, 2], [3, 4]], [10, 1])
    [12, 34]
    """
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    lengths: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        lengths |= dict(zip(term, shape(operand), strict=True))
    summed = sorted(set(lengths) - set(output))

    def element(place: tuple[int, ...]) -> Any:
        fixed = dict(zip(output, place, strict=True))
        total = 0
        for values in product(*(range(lengths[name]) for name in summed)):
            at = fixed | dict(zip(summed, values, strict=True))
            factor = 1
            for term, operand in zip(terms, operands, strict=True):
                factor = factor * pick(operand, [at[name] for name in term])
            total = total + factor
        return total

    return build([lengths[name] for name in output], element)


def build(lengths: Sequence[int], element: Any, place: tuple[int, ...] = ()) -> Any:
    """Return nested lists of a shape, each element from its place."""
    if len(place) == len(lengths):
        return element(place)
    return [build(lengths, element, (*place, index)) for index in range(lengths[len(place)])]


def each(function: Any, *trees: Any) -> Any:
    """Apply a function to the numbers in nested lists of one shape."""
    if isinstance(trees[0], list):
        return [each(function, *parts) for parts in zip(*trees, strict=True)]
    return function(*trees)


def pick(tree: Any, place: Sequence[int]) -> Any:
    """Return the element at a place of nested lists."""
    for index in place:
        tree = tree[index]
    return tree


def shape(tree: Any) -> tuple[int, ...]:
    """Return the lengths of nested lists."""
    return (len(tree), *shape(tree[0])) if isinstance(tree, list) else ()
