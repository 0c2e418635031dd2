"""What torch has recorded, and what it refuses to record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ketgrad.errors import UntraceableError
from ketgrad.protocol import Array


def reached_leaves(value: Array) -> set[int]:
    """Return the identities of the leaves that a tensor's graph leads to."""
    if value.grad_fn is None:
        return {id(value)} if value.requires_grad else set()
    return leaves_behind(value.grad_fn)


def leaves_behind(node: Any) -> set[int]:
    """Return the identities of the leaves that a node of a graph leads to."""
    found, seen, pending = set(), set(), [node]
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        pending.extend(following for following, _ in node.next_functions)
    return found


@contextmanager
def refusals_named() -> Iterator[None]:
    """Turn torch's refusals to leave the graph into the protocol's one error."""
    try:
        yield
    except RuntimeError as error:
        if "Can't call numpy() on Tensor that requires grad" not in str(error):
            raise
        raise UntraceableError(
            "torch can't follow the function into NumPy (.numpy(), or a NumPy function called on a tensor); use "
            "torch's operations in it"
        ) from error
