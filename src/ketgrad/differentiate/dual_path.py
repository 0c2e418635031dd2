"""`value_and_grad` on two paths: the framework's own differentiation, then finite differences for what it left out.

The way through: the arguments are split into leaves; the backend's `vjp` evaluates the function and gives a gradient
or None for each leaf; each None is named in a warning (or an error) and filled in by finite differences; the
gradients are put back into the arguments' structure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ketgrad.differentiate.arguments import Arguments, split_arguments
from ketgrad.differentiate.finite_difference import central_difference, evaluation_count, widest
from ketgrad.errors import (
    GradientError,
    GradientFallbackWarning,
    InvalidTypeError,
    InvalidValueError,
    UntraceableError,
)
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPES, INTEGER_TYPES, real_type
from ketgrad.protocol import Array, ArrayBackend, Capability, Fallback, Pullback
from ketgrad.warning import warn_user

DISCONNECTED = (
    "automatic differentiation found no path from it to the result (unused, detached, rebuilt on the way, or by way of "
    "samples, for which there is kg.gradients.score_function)"
)


def value_and_grad(
    backend: ArrayBackend,
    function: Callable[..., Any],
    argnums: int | Sequence[int],
    *,
    has_aux: bool,
    fallback: Fallback,
) -> Callable[..., tuple[Any, Any]]:
    """Return the function that evaluates and differentiates; see `ketgrad.value_and_grad`."""
    check_options("value_and_grad", function, fallback)

    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        arguments = split_arguments(backend, argnums, args, kwargs)

        def scalar(*leaves: Array) -> tuple[Array, Any]:
            value, aux = _split_aux(arguments.call(function, leaves), has_aux)
            return real_scalar(backend, value), aux

        value, aux, gradients = differentiate(
            backend, scalar, arguments, lambda pullback, value: pullback(constants_like(backend, 1.0, value)), fallback
        )
        return ((value, aux) if has_aux else value), arguments.collect(gradients)

    return evaluate


def differentiate(
    backend: ArrayBackend,
    function: Callable[..., tuple[Array, Any]],
    arguments: Arguments,
    pull: Callable[[Pullback, Array], list[Array | None]],
    fallback: Fallback,
) -> tuple[Array, Any, list[Array]]:
    """Evaluate (value, aux) = function(*leaves) and its derivative by each leaf, on the two paths.

    `pull(pullback, value)` turns the native pullback into one derivative, or None, for each leaf.
    """
    gradients: list[Array | None] = [None] * len(arguments.leaves)
    if Capability.AUTODIFF not in backend.capabilities:
        reason = f"the {backend.name} backend has no automatic differentiation"
        value, aux = function(*arguments.leaves)
    else:
        reason = DISCONNECTED
        try:
            value, aux, pullback = backend.vjp(function, arguments.leaves)
            gradients = pull(pullback, value)
        except UntraceableError as refusal:
            reason = str(refusal)
            value, aux = function(*(backend.detach(leaf) for leaf in arguments.leaves))
    missing = [index for index, gradient in enumerate(gradients) if gradient is None]
    if missing:
        _announce(backend, arguments, missing, reason, fallback)
    for index in missing:
        gradients[index] = _by_finite_difference(backend, function, arguments, index)
    return value, aux, gradients


def _announce(backend: ArrayBackend, arguments: Arguments, missing: list[int], reason: str, fallback: Fallback) -> None:
    names = ", ".join(arguments.names[index] for index in missing)
    if fallback == "error":
        raise GradientError(
            f"no gradient for {names}: {reason}; keep it in the framework's own operations, or allow "
            'fallback="finite-diff"'
        )
    count = sum(evaluation_count(backend, arguments.leaves[index]) for index in missing)
    warn_user(
        f"gradient for {names} by finite differences, {count} evaluations more: {reason}", GradientFallbackWarning
    )


def _by_finite_difference(
    backend: ArrayBackend, function: Callable[..., tuple[Array, Any]], arguments: Arguments, index: int
) -> Array:
    leaves, name = arguments.leaves, arguments.names[index]
    wide = [widest(backend, leaf) for leaf in leaves]
    dtype = backend.dtype(leaves[index])
    try:
        try:
            return _difference(backend, function, wide, index, dtype)
        except Exception as refusal:
            if all(backend.dtype(x) == backend.dtype(leaf) for x, leaf in zip(wide, leaves, strict=True)):
                raise
            # A function that holds single-precision constants may refuse double precision; its own mistakes show again.
            gradient = _difference(backend, function, leaves, index, dtype)
            warn_user(
                f"gradient for {name} by finite differences in single precision, good to about 3 digits, because the "
                f"function refused double precision: {type(refusal).__name__}: {str(refusal).partition(chr(10))[0]}",
                GradientFallbackWarning,
            )
            return gradient
    except Exception as error:
        error.add_note(f"raised while ketgrad took finite differences for {name}")
        raise


def _difference(
    backend: ArrayBackend, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], index: int, dtype: str
) -> Array:
    def of_one_leaf(leaf: Array) -> Array:
        return function(*leaves[:index], leaf, *leaves[index + 1 :])[0]

    return central_difference(backend, of_one_leaf, leaves[index], dtype)


def check_options(name: str, function: Any, fallback: Any) -> None:
    """Refuse what is no function, and an unknown way of falling back."""
    if not callable(function):
        raise InvalidTypeError(f"{name} needs a function, got {type(function).__name__}")
    if fallback not in ("finite-diff", "error"):
        raise InvalidValueError(f'fallback is {fallback!r}; give "finite-diff" or "error"')


def _split_aux(result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise InvalidTypeError("with has_aux=True the function must return a pair (value, aux)")
    return result


def real_scalar(backend: ArrayBackend, value: Any) -> Array:
    """Return what a function returned as a real number of the backend, or say that it is none."""
    if isinstance(value, list | tuple | dict):
        raise InvalidTypeError(
            f"the function returned a {type(value).__name__}; return one real number, or a pair with has_aux=True"
        )
    array = result_array(backend, value)
    if tuple(array.shape) != ():
        raise InvalidValueError(
            f"the function returned an array of shape {tuple(array.shape)}; return one real number "
            "(sum it, or use kg.jacobian)"
        )
    if backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidTypeError("the function returned a complex number; return a real one, such as its real part")
    return array


def result_array(backend: ArrayBackend, value: Any) -> Array:
    """Return what a function returned as an array of floating type, or say that it is no array."""
    try:
        array = backend.asarray(value)
    except InvalidTypeError as error:
        raise InvalidTypeError(
            f"the function returned a {type(value).__name__}, {value!r}; return a number or an array of {backend.name}"
        ) from error
    return backend.astype(array, real_type()) if backend.dtype(array) in INTEGER_TYPES else array
