"""Values of the function at other points: a step along one element, a move of one element, anywhere at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.differentiate.explain.subject import Subject
from ketgrad.differentiate.explain.verdicts import Slopes
from ketgrad.differentiate.finite_difference import EPSILON
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.randomness import random_key, uniform

Index = tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """Values of all parameters, as NumPy arrays of their own types."""

    values: tuple[Any, ...]

    @classmethod
    def of(cls, subject: Subject) -> Point:
        backend = subject.backend
        return cls(tuple(np.array(backend.to_numpy(parameter.array)) for parameter in subject.parameters))

    def shifted(self, parameter: int, index: Index, shift: complex) -> Point:
        """Return the point with one element moved."""
        changed = self.values[parameter].copy()
        changed[index] += shift
        return Point((*self.values[:parameter], changed, *self.values[parameter + 1 :]))

    def scattered(self, seed: int) -> Point:
        """Return a point nearby, every element moved by up to its own size, or 1 if that is larger."""
        return self._redrawn(seed, lambda x, u: x + (2 * u - 1) * np.maximum(1.0, np.abs(x)))

    def random_angles(self, seed: int) -> Point:
        """Return a point anywhere, with every element between 0 and 2π."""
        return self._redrawn(seed, lambda _, u: 2 * np.pi * u)

    def _redrawn(self, seed: int, draw: Callable[[Any, Any], Any]) -> Point:
        """Draw new values from random numbers in [0, 1); integers stay, because they may count or index something."""
        keys = random_key(seed).split(len(self.values))
        return Point(
            tuple(
                x if x.dtype.kind in "iu" else np.asarray(draw(x, uniform(key, x.shape)), x.dtype)
                for key, x in zip(keys, self.values, strict=True)
            )
        )


def arrays_at(subject: Subject, point: Point) -> list[Any]:
    """Return a point's values as arrays like those that were given."""
    backend = subject.backend
    return [
        backend.asarray(value, dtype=str(value.dtype), device=backend.device(parameter.array))
        for value, parameter in zip(point.values, subject.parameters, strict=True)
    ]


def value_at(subject: Subject, point: Point) -> float:
    return float(subject.backend.to_numpy(subject.value(arrays_at(subject, point))))


def slopes_at(subject: Subject, point: Point, parameter: int, index: Index, epsilon: float) -> Slopes:
    """Take finite differences by one element, by x and by y where it is x + iy."""
    along_real = _slopes_along(subject, point, parameter, index, epsilon, 1.0)
    if point.values[parameter].dtype.name not in COMPLEX_TYPES:
        return along_real
    along_imaginary = _slopes_along(subject, point, parameter, index, epsilon, 1.0j)
    return Slopes(
        along_real.central + 1j * along_imaginary.central,
        along_real.right + 1j * along_imaginary.right,
        along_real.left + 1j * along_imaginary.left,
    )


def has_effect(subject: Subject, point: Point, parameter: int, index: Index, seeds: Sequence[int]) -> bool:
    """Tell whether a large move of one element changes the value, with all others at random points nearby."""
    return any(_matters(subject, point.scattered(seed), parameter, index, seed) for seed in seeds)


def _matters(subject: Subject, point: Point, parameter: int, index: Index, seed: int) -> bool:
    # Of at least 1, so that an element that is rounded to an integer on its way shows.
    move = 1.0 + 2.0 * float(uniform(random_key(seed).split(2)[1], ()))
    before, after = value_at(subject, point), value_at(subject, point.shifted(parameter, index, move))
    epsilon = EPSILON[point.values[parameter].dtype.name]
    return not abs(after - before) <= 1000 * epsilon * max(1.0, abs(before))


def _slopes_along(
    subject: Subject, point: Point, parameter: int, index: Index, epsilon: float, direction: complex
) -> Slopes:
    step = epsilon ** (1 / 3) * max(1.0, abs(point.values[parameter][index]))
    right, left = point.shifted(parameter, index, step * direction), point.shifted(parameter, index, -step * direction)
    # What was moved in the array's own type is not exactly the step.
    to_right = abs(complex(right.values[parameter][index]) - complex(point.values[parameter][index]))
    to_left = abs(complex(point.values[parameter][index]) - complex(left.values[parameter][index]))
    above, here, below = (value_at(subject, at) for at in (right, point, left))
    return Slopes((above - below) / (to_right + to_left), (above - here) / to_right, (here - below) / to_left)
