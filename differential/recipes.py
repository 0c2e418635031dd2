"""What a random circuit consists of, as plain data that belongs to neither simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

Qubits: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Gate:
    """A named gate."""

    name: str
    parameters: tuple[float, ...]
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Channel:
    """A named noise channel."""

    name: str
    parameters: tuple[float, ...]
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Unitary:
    """A unitary matrix, its first qubit most significant."""

    matrix: Any
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Kraus:
    """A channel by its Kraus operators, their first qubit most significant."""

    matrices: tuple[Any, ...]
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Compose:
    """A recipe put on some qubits."""

    inner: Recipe
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Inverse:
    """What undoes a recipe, put on some qubits."""

    inner: Recipe
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Power:
    """A recipe so many times, put on some qubits."""

    inner: Recipe
    exponent: int
    qubits: Qubits


@dataclass(frozen=True, eq=False)
class Controlled:
    """A recipe that acts on some qubits where the controls have the values of `on`, one digit each."""

    inner: Recipe
    controls: Qubits
    on: str
    qubits: Qubits


Step: TypeAlias = Gate | Channel | Unitary | Kraus | Compose | Inverse | Power | Controlled


@dataclass(frozen=True, eq=False)
class Recipe:
    """Steps in order on qubits that begin in |0…0⟩."""

    num_qubits: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"kg.Circuit({self.num_qubits})" + "".join(map(_show, self.steps))


def names(recipe: Recipe) -> Iterator[str]:
    """Yield the names of gates and channels, and the kinds of the other steps, at every depth."""
    for step in recipe.steps:
        match step:
            case Gate(name) | Channel(name):
                yield name
            case Compose(inner) | Inverse(inner) | Power(inner) | Controlled(inner):
                yield type(step).__name__
                yield from names(inner)
            case _:
                yield type(step).__name__


def with_angles(recipe: Recipe, angles: Iterator[Any]) -> Recipe:
    """Return the recipe with the angles of its gates, at every depth, taken from elsewhere, in order."""
    return Recipe(recipe.num_qubits, tuple(_with_angles(step, angles) for step in recipe.steps))


def number_of_angles(recipe: Recipe) -> int:
    """Return how many angles its gates have, at every depth."""
    return sum(map(_number_of_angles, recipe.steps))


def _with_angles(step: Step, angles: Iterator[Any]) -> Step:
    match step:
        case Gate(_, parameters):
            return replace(step, parameters=tuple(next(angles) for _ in parameters))
        case Compose(inner) | Inverse(inner) | Power(inner) | Controlled(inner):
            return replace(step, inner=with_angles(inner, angles))
    return step


def _number_of_angles(step: Step) -> int:
    match step:
        case Gate(_, parameters):
            return len(parameters)
        case Compose(inner) | Inverse(inner) | Power(inner) | Controlled(inner):
            return number_of_angles(inner)
    return 0


def _show(step: Step) -> str:
    match step:
        case Gate(name, parameters, qubits):
            return f".append({name!r}, {parameters}, {qubits})"
        case Channel(name, parameters, qubits):
            return f".channel({name!r}, {parameters}, {qubits})"
        case Unitary(_, qubits):
            return f".unitary(<drawn from the seed>, {qubits})"
        case Kraus(matrices, qubits):
            return f".kraus(<{len(matrices)} drawn from the seed>, {qubits})"
        case Compose(inner, qubits):
            return f".compose({inner}, {qubits})"
        case Inverse(inner, qubits):
            return f".compose({inner}.inverse(), {qubits})"
        case Power(inner, exponent, qubits):
            return f".compose({inner}.power({exponent}), {qubits})"
        case Controlled(inner, controls, on, qubits):
            return f".controlled({inner}, {controls}, {qubits}, on={on!r})"
