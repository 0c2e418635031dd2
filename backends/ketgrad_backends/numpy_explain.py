"""Where autograd loses an array: what only the NumPy backend can tell `kg.explain_gradients`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.tracer import getval, isbox

from ketgrad import tree
from ketgrad.differentiate.explain.places import Cut
from ketgrad.protocol import Array
from ketgrad_backends.watched_calls import CallsSeen, Watched, always, integer_type, watching


class NumpyExplanations:
    """Members of `ketgrad.differentiate.explain.hooks.LocatesCuts`."""

    def cuts(self, function: Callable[[Array], Any], leaf: Array, /) -> tuple[Cut, ...]:
        kind: Any = type(self)
        seen = CallsSeen("autograd")
        functions = (
            Watched(kind.detach, "array", always("kg.backend.detach")),
            Watched(kind.to_numpy, "array", always("kg.backend.to_numpy")),
            Watched(kind.astype, "array", integer_type("dtype")),
            Watched(getval, "x", always("autograd's getval")),
        )
        backend: Any = self
        with watching(functions, seen):
            backend.vjp(lambda inner: (function(inner), None), [leaf])
        return seen.cuts(lambda value: any(map(isbox, tree.flatten(value)[0])))

    def obstacle(self, array: Array, /) -> str:
        """Return nothing: autograd differentiates functions and marks no arrays."""
        return ""
