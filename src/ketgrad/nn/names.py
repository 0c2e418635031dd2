"""Which arrays of a function are inputs and which are weights, with a sentence for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketgrad.circuit.parameters import Declaration, parameters
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import counts, density_matrix, sample, state

NOT_JOINED = "results of {} and of {} are not joined; give join=False, or functions that return one kind each"


def input_names(inputs: Any) -> tuple[str, ...]:
    """Return the names of inputs, given as one name or several."""
    names = (inputs,) if isinstance(inputs, str) else inputs
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidTypeError(f'inputs is {inputs!r}; give a name such as "x", or several such as ("x", "y")')
    if len(set(names)) < len(names):
        raise InvalidValueError(f"inputs names an array twice: {', '.join(names)}")
    return tuple(names)


def split(
    function: CircuitFunction, names: Sequence[str], weights: Any
) -> tuple[tuple[Declaration, ...], tuple[Declaration, ...]]:
    """Return the arrays of a circuit that are inputs, in the order of their names, and the others."""
    declared = {array.name: array for array in function.parameters}
    for name in names:
        if name not in declared:
            raise InvalidValueError(f"the function has no array {name!r} for an input; it has {_listed(function)}")
    if weights is not None:
        raise InvalidValueError(
            f"weights are the arrays that the function declares, and it has {_listed(function)}; leave weights out"
        )
    return tuple(declared[name] for name in names), tuple(a for a in function.parameters if a.name not in names)


def given_weights(function: Any, names: Sequence[str], weights: Any) -> tuple[Declaration, ...]:
    """Return the weights of a callable, whose names and shapes are given."""
    if not callable(function):
        raise InvalidTypeError(f"got a {type(function).__name__}; give a function made by kg.function, or a callable")
    if not isinstance(weights, Mapping):
        raise InvalidTypeError(
            "the function is not made by kg.function, so its weights are not known; give their shapes, such as "
            'weights={"theta": (3, 4)}, or {} if there are none'
        )
    doubled = [name for name in names if name in weights]
    if doubled:
        raise InvalidValueError(f"{doubled[0]!r} is among the inputs and the weights; give another name")
    return tuple(parameters(name, _sizes(name, shape)).declaration for name, shape in weights.items())


def refuse_drawn(function: CircuitFunction) -> None:
    """Refuse what no gradient goes through."""
    for item in function.execution.measurements:
        if isinstance(item, counts | sample):
            raise UnsupportedError(
                f"{type(item).__name__} has no gradient, so it is no layer's result; measure kg.expval or kg.probs, "
                "with shots too"
            )


def check_joinable(function: CircuitFunction) -> None:
    """Refuse to put real and complex results side by side."""
    kinds: dict[str, str] = {}
    for item in function.execution.measurements:
        kinds.setdefault("complex" if isinstance(item, state | density_matrix) else "real", type(item).__name__)
    if len(kinds) > 1:
        raise UnsupportedError(NOT_JOINED.format(*(f"{name} ({kind})" for kind, name in kinds.items())))


def _sizes(name: Any, shape: Any) -> Any:
    if not isinstance(shape, int | list | tuple):
        raise InvalidTypeError(f"the shape of {name} is {shape!r}; give sizes, such as (3, 4)")
    return shape if isinstance(shape, int) else tuple(shape)


def _listed(function: CircuitFunction) -> str:
    return ", ".join(f"{array.name} of shape {array.shape}" for array in function.parameters) or "none"
