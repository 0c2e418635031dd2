"""By which frequencies an expectation value depends on each element of its parameters, read off the circuit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ketgrad.circuit.instructions import PostSelect
from ketgrad.circuit.parameters import Declaration
from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.methods import number_frequencies, varying_numbers
from ketgrad.differentiate.shift_rules import SAME
from ketgrad.errors import UnsupportedError
from ketgrad.measurements import expval
from ketgrad.optimize.problem import NAME

MAX_FREQUENCIES = 500
"""More of them for one element are a slip, such as incommensurate factors on many gates."""

Frequencies = tuple[float, ...]
"""Positive and ascending."""


def element_frequencies(function: CircuitFunction) -> tuple[Frequencies, ...]:
    """Return the frequencies by each element, last axis fastest, of the first array that a function takes.

    An angle aθ + b of a gate with the frequencies ω brings ±aω and 0; several gates with the same θ bring all sums of
    theirs.
    Reference: D. Wierichs et al., Quantum 6, 677 (2022), section 2.

    Raises
    ------
    UnsupportedError
        For results that are not linear in the state, and for parameters that are no angles.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).rx(theta[0], 0).rx(2 * theta[0], 0).crx(theta[1], 0, 1)
    >>> element_frequencies(kg.function(circuit, kg.expval(kg.Z(1))))
    ((1.0, 2.0, 3.0), (0.5, 1.0))
    """
    _check_linear(function)
    if not function.parameters:
        raise UnsupportedError("the circuit has no parameters, so there is nothing to optimize; declare some")
    array = function.parameters[0]
    sums: list[Any] = [np.zeros(1)] * math.prod(array.shape)
    recipe = function.execution.recipe
    for column in varying_numbers(recipe):
        for owner, place, factor in recipe.numbers.expressions[column].terms:
            if owner == array and factor:
                own = number_frequencies(recipe, column)
                if own is None:
                    raise UnsupportedError(_no_angle(array, place, recipe.numbers.numbers[column].gate))
                sums[place] = _with_sums(sums[place], factor * np.array(own))
                _check_count(array, place, sums[place])
    return tuple(tuple(float(each) for each in found if each > SAME) for found in sums)


def _with_sums(before: Any, frequencies: Any) -> Any:
    signed = np.concatenate([-frequencies, [0.0], frequencies])
    return distinct(np.add.outer(before, signed).reshape(-1))


def distinct(values: Any) -> Any:
    """Return numbers of NumPy in ascending order, of those that are the same but for rounding the first."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], np.diff(ordered) > SAME])]


def _check_linear(function: CircuitFunction) -> None:
    measured = function.execution.measurements
    if any(not isinstance(item, expval) for item in measured):
        names = ", ".join(type(item).__name__ for item in measured)
        raise UnsupportedError(
            f"the frequencies of {names} are not known, only those of expval; give frequencies, twice as many for var"
        )
    if any(isinstance(item, PostSelect) for item in function.execution.instructions):
        raise UnsupportedError(
            "post-selection divides by a probability, after which results have no frequencies; take an optimizer such "
            "as Adam"
        )


def _check_count(array: Declaration, place: int, sums: Any) -> None:
    count = len(sums) // 2
    if count > MAX_FREQUENCIES:
        raise UnsupportedError(
            f"the function has more than {MAX_FREQUENCIES} frequencies in {_name(array, place)}, which is in many "
            "gates; take an optimizer that follows the gradient, such as Adam"
        )


def _no_angle(array: Declaration, place: int, gate: str) -> str:
    return (
        f"{_name(array, place)} is in {gate}, on which results depend otherwise than by sines and cosines; take an "
        "optimizer that follows the gradient, such as Adam"
    )


def _name(array: Declaration, place: int) -> str:
    places = ", ".join(map(str, np.unravel_index(place, array.shape))) if array.shape else ""
    return f"{NAME}[{places}]" if places else NAME
