"""Gradient methods: what a method does with the operation *gate angles → result*, and the rules of those that have one.

`Backprop` and `Adjoint` leave the derivative to an engine, `DeviceGradient` to a device. The others give the operation
a gradient by moves of the numbers in the circuit's gates, one for each occurrence; how the numbers come from the user's
arrays, shared or scaled, is the framework's own chain rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ketgrad.circuit.channels import CHANNELS
from ketgrad.circuit.gates import RotationGate
from ketgrad.circuit.instructions import Operation, PostSelect, ReadoutError
from ketgrad.differentiate.finite_difference import EPSILON
from ketgrad.differentiate.hadamard import extended
from ketgrad.differentiate.moves import Move, MoveList, Moves, Rule
from ketgrad.differentiate.shift_rules import Shifts, frequencies_of, shift_rule
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.precision import REAL_TYPE, Precision
from ketgrad.protocol import ArrayBackend
from ketgrad.simulate.parts import table_gate
from ketgrad.simulate.program import Program
from ketgrad.simulate.recipe import Recipe

STEP_WITH_SHOTS = 0.1
"""The step of differences of results from shots: a smaller one drowns in their noise."""


def _step(step: float | None, precision: Precision, has_shots: bool) -> float:
    if step is not None:
        return step
    return STEP_WITH_SHOTS if has_shots else float(EPSILON[REAL_TYPE[precision]] ** (1 / 3))


def _check_step(step: Any) -> None:
    is_number = isinstance(step, int | float) and not isinstance(step, bool)
    if step is not None and not (is_number and 0 < step < np.inf):
        raise InvalidValueError(f"step is {step!r}; give a positive number, or None for the default")


@dataclass(frozen=True)
class Backprop:
    """The framework differentiates the simulation: any order, any device."""

    name: ClassVar[str] = "backprop"


@dataclass(frozen=True)
class Adjoint:
    """The reversible backward sweep of the compiled engine: a few states of memory however deep the circuit.

    Reference: T. Jones and J. Gacon, arXiv:2009.02823 (2020).
    """

    name: ClassVar[str] = "adjoint"


@dataclass(frozen=True)
class ParameterShift:
    """The derivative of each angle from values at angles shifted by finite amounts, exactly.

    Reference: D. Wierichs et al., Quantum 6, 677 (2022).
    """

    name: ClassVar[str] = "parameter-shift"
    takes_amplitudes: ClassVar[bool] = False

    def rule(self, program: Program, precision: Precision, *, has_shots: bool) -> Rule:
        """Return the rule for a circuit; raises UnsupportedError for a number that has no shift rule."""
        return lambda backend, key: _shifts(program.recipe)


@dataclass(frozen=True)
class Hadamard:
    """The Hadamard test: values with a rotation about each Pauli word of a gate's generator put behind it.

    References: K. Mitarai and K. Fujii, Phys. Rev. Research 1, 013006 (2019); M. Schuld et al., Phys. Rev. A 99, 032331
    (2019).

    Parameters
    ----------
    auxiliary
        Whether an auxiliary qubit controls the rotation: one value for each word instead of two, on one qubit more, and
        first derivatives alone. From shots it is read with each setting, and a shot counts with its sign, so that what
        does not depend on the outcome, as the identity in a matrix does not, adds noise; that in a Pauli sum does not.
    """

    name: ClassVar[str] = "hadamard"
    takes_amplitudes: ClassVar[bool] = False
    auxiliary: bool = False

    def rule(self, program: Program, precision: Precision, *, has_shots: bool) -> Rule:
        """Return the rule for a program, whose moves are those of `extended(program)`."""
        found, recipe = extended(program, has_auxiliary=self.auxiliary), program.recipe
        if found.unmovable:
            raise UnsupportedError(_no_rule("generator", recipe, found.unmovable[0]))
        if selected := [column for column in varying_numbers(recipe) if column < _end_of_selection(recipe)]:
            raise UnsupportedError(_no_rule("Hadamard test", recipe, selected[0]))
        return lambda backend, key: found.moves


@dataclass(frozen=True)
class FiniteDifference:
    """Central differences by each number in a gate.

    By the probability of a mixture, or of an error of reading, in which results are a straight line, it is the
    difference from 0 to 1, beyond which there is nothing.

    Parameters
    ----------
    step
        Left out, ε^(1/3) of the precision in force for exact results, which balances truncation against rounding, and
        0.1 for results from shots.
    """

    name: ClassVar[str] = "finite-diff"
    takes_amplitudes: ClassVar[bool] = True
    step: float | None = None

    def __post_init__(self) -> None:
        _check_step(self.step)

    def rule(self, program: Program, precision: Precision, *, has_shots: bool) -> Rule:
        """Return the rule for a circuit."""
        step = _step(self.step, precision, has_shots)
        pairs = ((step, 0.5 / step), (-step, -0.5 / step))
        recipe = program.recipe
        moves = _moves(
            recipe, {column: _line_of(recipe, column) or (pairs, False) for column in varying_numbers(recipe)}
        )
        return lambda backend, key: moves


@dataclass(frozen=True)
class SPSA:
    """Central differences along random directions, in which all numbers move at once, by ±step each.

    The mean over the directions has the right expectation value to second order in the step, with a variance that grows
    with the number of parameters; it takes two values a direction however many these are. Needs a seed.
    Reference: J. C. Spall, IEEE Trans. Autom. Control 37, 332 (1992).

    Parameters
    ----------
    step
        As for finite differences.
    directions
        How many, at least 1.
    """

    name: ClassVar[str] = "spsa"
    takes_amplitudes: ClassVar[bool] = True
    step: float | None = None
    directions: int = 1

    def __post_init__(self) -> None:
        _check_step(self.step)
        if isinstance(self.directions, bool) or not isinstance(self.directions, int) or self.directions < 1:
            raise InvalidValueError(f"directions is {self.directions!r}; give an integer of at least 1")

    def rule(self, program: Program, precision: Precision, *, has_shots: bool) -> Rule:
        """Return the rule for a circuit."""
        step, count = _step(self.step, precision, has_shots), self.directions
        width = max(1, len(program.recipe.numbers.numbers))
        varying = np.isin(np.arange(width), varying_numbers(program.recipe)).astype(float)
        kind = REAL_TYPE[precision]

        def moves(backend: ArrayBackend, key: Any) -> Moves:
            offset = backend.random_uniform(key, (count, width), dtype=kind) - 0.5
            signs = offset / backend.abs(offset) * backend.asarray(varying, dtype=kind)
            both = backend.reshape(backend.stack([signs, -signs]), (2 * count, width))
            return Moves(both * 0.0 + 1.0, both * step, both * (0.5 / (step * count)))

        return moves


@dataclass(frozen=True)
class DeviceGradient:
    """The gradient that a device itself has; see `kg.DifferentiatingDevice`."""

    name: ClassVar[str] = "device"


Method: TypeAlias = Backprop | Adjoint | ParameterShift | Hadamard | FiniteDifference | SPSA | DeviceGradient
MethodByRule: TypeAlias = ParameterShift | Hadamard | FiniteDifference | SPSA
METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Backprop(),
        Adjoint(),
        ParameterShift(),
        Hadamard(),
        FiniteDifference(),
        SPSA(),
        DeviceGradient(),
    )
}
NAMES = ("best", *METHODS)


def method_of(gradient: Any) -> Method | None:
    """Return the method of this name, or as it is; None for "best".

    Raises
    ------
    UnsupportedError, InvalidTypeError
        For an unknown name, and for what is no method.
    """
    if isinstance(gradient, Method):
        return gradient
    if not isinstance(gradient, str):
        raise InvalidTypeError(
            f"gradient is {gradient!r}; give one of {', '.join(NAMES)}, or a method such as "
            "kg.gradients.FiniteDifference(step=0.01)"
        )
    if gradient not in NAMES:
        raise UnsupportedError(f"gradient {gradient!r} is not there; give one of {', '.join(NAMES)}")
    return METHODS.get(gradient)


@lru_cache(maxsize=128)
def has_shift_rule(recipe: Recipe) -> bool:
    """Tell whether every number that varies has one."""
    return all(_shifts_of(recipe, column) is not None for column in varying_numbers(recipe))


@lru_cache(maxsize=128)
def _shifts(recipe: Recipe) -> MoveList:
    rules: dict[int, tuple[Shifts, bool]] = {}
    for column in varying_numbers(recipe):
        found = _shifts_of(recipe, column)
        if found is None:
            raise UnsupportedError(_no_rule("shift rule", recipe, column))
        rules[column] = found
    return _moves(recipe, rules)


@lru_cache(maxsize=128)
def _end_of_selection(recipe: Recipe) -> int:
    """Return how many numbers come before the last post-selection, which divides by a probability they may change."""
    slots = [slot for part, slot in zip(recipe.parts, recipe.slots, strict=True) if isinstance(part, PostSelect)]
    return max(slots, default=0)


def _no_rule(what: str, recipe: Recipe, column: int) -> str:
    gate = recipe.numbers.numbers[column].gate
    if column < _end_of_selection(recipe):
        return (
            f"there is no {what} for the parameters of {gate} before post_select, which divides by a probability that "
            'depends on them; give gradient="backprop", or "finite-diff"'
        )
    return (
        f"there is no {what} for the parameters of {gate}, on which results depend otherwise than by sines and "
        'cosines; give gradient="backprop", or "finite-diff"'
    )


@lru_cache(maxsize=128)
def amplitude_moves(recipe: Recipe, columns: tuple[int, ...]) -> MoveList | None:
    """Return the moves by which the state vector is differentiated by some numbers; None where one is no angle.

    An amplitude depends on an angle by the frequencies of the eigenvalues themselves, not of their differences; but on
    none before a post-selection, which normalises the state. Derivatives come in the order of the numbers given.
    """
    moves: list[Move] = []
    for number, column in enumerate(columns):
        part, _ = _owners(recipe)[column]
        gate = table_gate(part)
        if not isinstance(gate, RotationGate) or column < _end_of_selection(recipe):
            return None
        is_controlled = isinstance(part, Operation) and bool(part.controls)
        rule = _amplitude_shifts((*gate.eigenvalues, 0.0) if is_controlled else gate.eigenvalues)
        moves += [Move(column, shift, number, coefficient) for shift, coefficient in rule]
    return MoveList(tuple(moves), max(1, len(recipe.numbers.numbers)), len(columns))


def _amplitude_shifts(eigenvalues: Sequence[float]) -> Shifts:
    """Return the shift rule of amplitudes, which has one shift alone for a Pauli word: f′(θ) = f(θ + π)/2."""
    frequencies = _distinct([abs(value) / 2 for value in eigenvalues])
    first, *others = shift_rule(frequencies)
    if len(frequencies) > 1 or 0.0 in eigenvalues:
        return (first, *others)
    # Without a constant part the value at the opposite shift is the same one with the other sign.
    shift, coefficient = first
    return ((shift, 2 * coefficient),)


def _distinct(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted({value for value in values if value > 0}))


def varying_numbers(recipe: Recipe) -> list[int]:
    """Return the places of the numbers that are no constants."""
    return [place for place, expression in enumerate(recipe.numbers.expressions) if expression.terms]


def number_frequencies(recipe: Recipe, column: int) -> tuple[float, ...] | None:
    """Return the frequencies of results that are linear in the state in a number; None for one that is no angle.

    Nor has an angle any before a post-selection, which divides by a probability that depends on it.
    """
    part, _ = _owners(recipe)[column]
    gate = table_gate(part)
    if not isinstance(gate, RotationGate) or column < _end_of_selection(recipe):
        return None
    controlled = (0.0,) if isinstance(part, Operation) and part.controls else ()
    return frequencies_of((*gate.eigenvalues, *controlled))


@lru_cache(maxsize=128)
def _owners(recipe: Recipe) -> tuple[tuple[Any, int], ...]:
    """Return for each number the part that it is in, and which of the part's numbers it is."""
    found: list[tuple[Any, int]] = []
    bounds = pairwise((*recipe.slots, len(recipe.numbers.numbers)))
    for part, (start, stop) in zip(recipe.parts, bounds, strict=True):
        found += [(part, place) for place in range(stop - start)]
    return tuple(found)


def _shifts_of(recipe: Recipe, column: int) -> tuple[Shifts, bool] | None:
    """Return the shifts of a number, and whether they are the numbers to take in its place; None without a rule."""
    frequencies = number_frequencies(recipe, column)
    return _line_of(recipe, column) if frequencies is None else (shift_rule(frequencies), False)


def _line_of(recipe: Recipe, column: int) -> tuple[Shifts, bool] | None:
    """Return the difference from 0 to 1 of a probability p of doing one thing and not another, None for other numbers.

    Results are a straight line in it, and beyond 0 and 1 there are none.
    """
    part, _ = _owners(recipe)[column]
    is_mixture = isinstance(part, Operation) and part.name in CHANNELS and CHANNELS[part.name].unitaries is not None
    is_line = (is_mixture and column >= _end_of_selection(recipe)) or isinstance(part, ReadoutError)
    return (((1.0, 1.0), (0.0, -1.0)), True) if is_line else None


def _moves(recipe: Recipe, rules: dict[int, tuple[Shifts, bool]]) -> MoveList:
    width = max(1, len(recipe.numbers.numbers))
    moves = [
        Move(column, shift, column, coefficient, is_value)
        for column, (pairs, is_value) in rules.items()
        for shift, coefficient in pairs
    ]
    return MoveList(tuple(moves), width, width)
