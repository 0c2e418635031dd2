"""Operations over NumPy arrays that have no derivative, and say why when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability


def on_host(
    backend: ArrayBackend, function: Callable[..., Any], output: Callable[..., ArraySpec], reason: str
) -> Callable[..., Array]:
    """Return an operation of the backend from a function over NumPy arrays; differentiating raises the reason."""
    hashable: Any = backend
    if Capability.HOST_FUNCTION in backend.capabilities:
        return _host_operation(hashable, function, output, reason)
    return lambda *inputs: backend.asarray(function(*map(backend.to_numpy, inputs)))


@cache
def _host_operation(
    backend: Any, function: Callable[..., Any], output: Callable[..., ArraySpec], reason: str
) -> Callable[..., Array]:
    return backend.host_function(function, reason, output)
