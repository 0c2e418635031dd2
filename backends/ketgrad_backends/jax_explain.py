"""Where JAX loses an array: what only the JAX backend can tell `kg.explain_gradients`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ketgrad import tree
from ketgrad.differentiate.explain.places import Cut
from ketgrad.protocol import Array
from ketgrad_backends.watched_calls import CallsSeen, Watched, always, integer_type, watching

WRAPPERS = ("jax._src.numpy.array_methods", "jax._src.numpy.array_constructors", "jax._src.traceback_util")


class JaxExplanations:
    """Members of `ketgrad.differentiate.explain.hooks.LocatesCuts`."""

    def cuts(self, function: Callable[[Array], Any], leaf: Array, /) -> tuple[Cut, ...]:
        seen = CallsSeen("jax", WRAPPERS)
        # Compiled functions run no Python at their second call.
        with jax.disable_jit(), watching(WATCHED, seen):
            jax.vjp(function, leaf)
        return seen.cuts(lambda value: any(isinstance(item, jax.core.Tracer) for item in tree.flatten(value)[0]))

    def obstacle(self, array: Array, /) -> str:
        """Return nothing: JAX differentiates functions and marks no arrays."""
        return ""


def _forwarded(arguments: Mapping[str, Any]) -> str:
    """Name a method of tracers; all those that JAX hands on to the array are one function."""
    return ".item()" if arguments.get("name") == "item" else ""


WATCHED = (
    Watched(jax.lax.stop_gradient, "x", always("jax.lax.stop_gradient")),
    Watched(jnp.astype, "x", integer_type("dtype")),
    Watched(jax.lax.convert_element_type, "operand", integer_type("new_dtype")),
    Watched(jnp.asarray, "a", integer_type("dtype")),
    Watched(jnp.array, "object", integer_type("dtype")),
    Watched(jax.core.Tracer.__int__, "self", always("int()")),
    Watched(jax.core.Tracer.__index__, "self", always("its use as an index")),
    Watched(jax.core.Tracer.item, "self", _forwarded),
)
