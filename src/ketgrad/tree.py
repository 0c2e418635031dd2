"""Nested containers of arrays: lists, tuples, named tuples and dictionaries, taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from ketgrad.errors import InvalidValueError

Rebuild = Callable[[list[Any]], Any]


def flatten(tree: Any, path: str = "") -> tuple[list[Any], list[str], Rebuild]:
    """Return the leaves of a container, the path of each ("['w'][0]"), and the way back.

    Everything that is no list, tuple or dictionary is a leaf. Dictionaries keep their order.

    Examples
    --------
    >>> leaves, paths, rebuild = flatten({"w": [1.0, 2.0]})
    >>> leaves, paths, rebuild([3.0, 4.0])
    ([1.0, 2.0], ["['w'][0]", "['w'][1]"], {'w': [3.0, 4.0]})
    """
    if not isinstance(tree, list | tuple | dict):
        return [tree], [path], lambda leaves: leaves[0]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    parts = [flatten(child, f"{path}[{key!r}]") for key, child in items]
    sizes = [len(leaves) for leaves, _, _ in parts]

    def rebuild(leaves: list[Any]) -> Any:
        rest = iter(leaves)
        children = [part[2]([next(rest) for _ in range(size)]) for part, size in zip(parts, sizes, strict=True)]
        return like(tree, children)

    return [leaf for part in parts for leaf in part[0]], [name for part in parts for name in part[1]], rebuild


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to the leaves of one container, or of several of the same structure.

    Dictionaries are paired by their keys, in whatever order those stand.
    """
    if isinstance(tree, dict):
        if any(set(other) != set(tree) for other in others):
            raise InvalidValueError(f"containers of one structure are due; their keys differ from {list(tree)}")
        return like(tree, [map_leaves(function, tree[key], *(other[key] for other in others)) for key in tree])
    if isinstance(tree, list | tuple):
        return like(tree, [map_leaves(function, *row) for row in zip(tree, *others, strict=True)])
    return function(tree, *others)


def like(tree: Any, children: Iterable[Any]) -> Any:
    """Return a container of the kind and keys of another one, with these children."""
    if isinstance(tree, dict):
        pairs = zip(tree, children, strict=True)
        return OrderedDict(pairs) if isinstance(tree, OrderedDict) else dict(pairs)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*children)
    return type(tree)(children)
