"""From a call of `explain_gradients` to its subject: which arrays are explained, and what they are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.checks import check_integer
from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.arguments import differentiable_leaf
from ketgrad.differentiate.explain.hooks import HoldsParameters, LocatesCuts, Parameter
from ketgrad.differentiate.explain.subject import GivenArrays, HeldArrays, Subject
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.precision import INTEGER_TYPES
from ketgrad.protocol import Array, ArrayBackend


def of_arguments(
    backend: ArrayBackend, function: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int] | None
) -> Subject:
    """Explain the arrays among the arguments; integers alone and what is no number are handed on as they are."""
    chosen = range(len(args)) if argnums is None else _positions(argnums, len(args))
    names = _argument_names(function, len(args))
    labelled = [tree.flatten(arg, names[position]) for position, arg in enumerate(args)]
    leaves = [leaf for found, _, _ in labelled for leaf in found]
    paths = [path for _, found, _ in labelled for path in found]
    owners = [position for position, (found, _, _) in enumerate(labelled) for _ in found]
    explained = [
        index
        for index, leaf in enumerate(leaves)
        if owners[index] in chosen and (argnums is not None or _is_number(backend, leaf))
    ]

    def call(*arrays: Array) -> Any:
        given = dict(zip(explained, arrays, strict=True))
        rest = iter([given.get(index, leaf) for index, leaf in enumerate(leaves)])
        return function(*(rebuild([next(rest) for _ in found]) for found, _, rebuild in labelled))

    parameters, obstacles = [], {}
    for index in explained:
        array, obstacle = _leaf(backend, leaves[index], paths[index])
        parameters.append(Parameter(paths[index], array, _note(backend, leaves[index])))
        if obstacle:
            obstacles[paths[index]] = obstacle
    return GivenArrays(backend, call, parameters, obstacles)


def of_held_parameters(
    backend: ArrayBackend, function: Callable[..., Any], args: tuple[Any, ...], given: Any
) -> Subject:
    """Explain the parameters of a module, or those that are named; the arguments are data."""
    if not isinstance(backend, HoldsParameters):
        raise UnsupportedError(
            f"the {backend.name} backend has no parameters that a function reads without being given them; make them "
            "arguments of the function and leave out parameters="
        )
    parameters = _named(backend, given)
    for parameter in parameters:
        if not backend.is_array(parameter.array):
            raise InvalidTypeError(
                f"parameter {parameter.name} is a {type(parameter.array).__name__}, not an array of {backend.name}"
            )
    obstacles = {name: _obstacle(backend, array) for name, array, _ in parameters}
    found = {name: obstacle for name, obstacle in obstacles.items() if obstacle}
    return HeldArrays(backend, backend, lambda: function(*args), parameters, found)


def _named(holder: HoldsParameters, given: Any) -> list[Parameter]:
    if isinstance(given, Mapping):
        return [Parameter(str(name), array) for name, array in given.items()]
    if isinstance(given, list | tuple) or hasattr(given, "__next__"):
        pairs = [item if isinstance(item, tuple) else (f"parameter {k}", item) for k, item in enumerate(given)]
        return [Parameter(str(name), array) for name, array in pairs]
    return holder.parameters_of(given)


def _leaf(backend: ArrayBackend, value: Any, name: str) -> tuple[Array, str]:
    """Return a value as an array, and why it has no gradient if it holds integers."""
    if _is_integer_array(backend, value):
        array = backend.asarray(value)
        return array, f"its type is {backend.dtype(array)}, which has no derivative; give it as float64"
    return differentiable_leaf(backend, value, name), ""


def _note(backend: ArrayBackend, value: Any) -> str:
    if not backend.is_array(value) or _is_integer_array(backend, value):
        return ""
    obstacle = _obstacle(backend, value)
    return f"kg.grad reaches it, the framework's own backward pass does not: {obstacle}" if obstacle else ""


def _obstacle(backend: object, array: Array) -> str:
    return backend.obstacle(array) if isinstance(backend, LocatesCuts) else ""


def _is_number(backend: ArrayBackend, value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "iufc"
    return backend.is_array(value) or isinstance(value, float | complex)


def _is_integer_array(backend: ArrayBackend, value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "iu"
    return backend.is_array(value) and backend.dtype(value) in INTEGER_TYPES


def _positions(argnums: int | Sequence[int], count: int) -> list[int]:
    given = argnums if isinstance(argnums, Iterable) else [argnums]
    positions = [check_integer(position, "a position in argnums") for position in given]
    for position in positions:
        if not -count <= position < count:
            raise InvalidValueError(f"argnums names argument {position}, but the function was called with {count}")
    return [position % count for position in positions]


def _argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the positional arguments as the function declares them."""
    if isinstance(function, CircuitFunction):
        declared = [array.name for array in function.parameters]
    else:
        declared = _declared_names(function)
    return [*declared, *(f"argument {position}" for position in range(len(declared), count))]


def _declared_names(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function written in C may have no signature
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
