"""Gradients, Jacobians and Hessians built on the two-path derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketgrad.differentiate.arguments import split_arguments
from ketgrad.differentiate.dual_path import check_options, differentiate, result_array
from ketgrad.errors import InvalidTypeError
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend, Fallback, Pullback


def grad(
    backend: ArrayBackend,
    function: Callable[..., Any],
    argnums: int | Sequence[int],
    *,
    has_aux: bool,
    fallback: Fallback,
) -> Callable[..., Any]:
    """Return the gradient alone, or (gradient, aux)."""
    evaluate = backend.value_and_grad(function, argnums, has_aux=has_aux, fallback=fallback)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = evaluate(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def jacobian(
    backend: ArrayBackend,
    function: Callable[..., Any],
    argnums: int | Sequence[int],
    *,
    fallback: Fallback,
) -> Callable[..., Any]:
    """Return the derivative of an array-valued function, of shape `value.shape + leaf.shape` for each leaf."""

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        check_options("jacobian", function, fallback)
        arguments = split_arguments(backend, argnums, args, kwargs)

        def array_valued(*leaves: Array) -> tuple[Array, Any]:
            value = _single_array(backend, arguments.call(function, leaves))
            if backend.dtype(value) in COMPLEX_TYPES and any(backend.dtype(leaf) in COMPLEX_TYPES for leaf in leaves):
                raise InvalidTypeError(
                    "a complex result has no single derivative by a complex argument; differentiate its real and "
                    "imaginary parts, or by the argument's"
                )
            return value, None

        _, _, jacobians = differentiate(
            backend, array_valued, arguments, lambda pull, value: _rows(backend, pull, value), fallback
        )
        return arguments.collect(jacobians)

    return evaluate


def hessian(
    backend: ArrayBackend, function: Callable[..., Any], argnum: int, *, fallback: Fallback
) -> Callable[..., Any]:
    """Return the second derivatives of a real function by one array argument, of shape `x.shape + x.shape`."""
    if isinstance(argnum, bool) or not isinstance(argnum, int):
        raise InvalidTypeError(f"hessian takes one argument's position, an integer, got {argnum!r}")
    gradient = grad(backend, function, argnum, has_aux=False, fallback=fallback)
    return jacobian(backend, gradient, argnum, fallback=fallback)


def _rows(backend: ArrayBackend, pullback: Pullback, value: Array) -> list[Array | None]:
    """Pull back each unit cotangent; the imaginary one too where the value is complex."""
    shape, dtype = tuple(value.shape), backend.dtype(value)
    size = math.prod(shape)
    rows = []
    for index in range(size):
        unit = np.zeros(size, dtype)
        unit[index] = 1.0
        row = pullback(constants_like(backend, unit.reshape(shape), value))
        if dtype in COMPLEX_TYPES:
            turned = pullback(constants_like(backend, 1j * unit.reshape(shape), value))
            row = [_complex_row(backend, pair, dtype) for pair in zip(row, turned, strict=True)]
        rows.append(row)
    return [_stack_rows(backend, list(column), shape) for column in zip(*rows, strict=True)]


def _complex_row(backend: ArrayBackend, pair: tuple[Array | None, Array | None], dtype: str) -> Array | None:
    real, imaginary = pair
    if real is None or imaginary is None:
        return None
    return backend.astype(real, dtype) + 1j * backend.astype(imaginary, dtype)


def _stack_rows(backend: ArrayBackend, rows: list[Array | None], shape: tuple[int, ...]) -> Array | None:
    if any(row is None for row in rows):
        return None
    stacked = backend.stack(rows)
    return backend.reshape(stacked, (*shape, *tuple(stacked.shape)[1:]))


def _single_array(backend: ArrayBackend, value: Any) -> Array:
    if isinstance(value, list | tuple | dict):
        raise InvalidTypeError(f"jacobian needs a function that returns one array, got a {type(value).__name__}")
    return result_array(backend, value)
