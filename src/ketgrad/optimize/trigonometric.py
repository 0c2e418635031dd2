"""Trigonometric polynomials c + Σ (a cos Ωt + b sin Ωt): from their values, exactly, and their global minimum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad.differentiate.shift_rules import SAME

UNITS = 720
"""Of how many distances between points the best conditioned one is taken."""

DIVISORS = 12
HIGHEST = 300
"""Frequencies that are multiples, up to `HIGHEST`, of the lowest one over 1 to `DIVISORS` are taken as commensurate."""

GRID = 64
"""Points of the grid for each period of the highest frequency."""

REFINEMENTS = 12
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Series:
    """A trigonometric polynomial, by NumPy arrays of frequencies, ascending, and coefficients."""

    frequencies: Any
    constant: float
    cosines: Any
    sines: Any

    @classmethod
    def through(cls, frequencies: Sequence[float], values: Sequence[float]) -> Series:
        """Return the one with these values at `sample_points(frequencies)`."""
        wanted = np.array(frequencies)
        solution = np.linalg.solve(_basis(wanted, np.array(sample_points(tuple(frequencies)))), np.array(values))
        return cls(wanted, float(solution[0]), solution[1 : len(wanted) + 1], solution[len(wanted) + 1 :])

    def derivative(self, times: Any, order: int = 0) -> Any:
        """Return the derivative of an order, 0 for the values, at an array of arguments."""
        phases = np.multiply.outer(np.asarray(times), self.frequencies) + order * math.pi / 2
        waves = np.cos(phases) * self.cosines + np.sin(phases) * self.sines
        return (waves * self.frequencies**order).sum(axis=-1) + (self.constant if order == 0 else 0.0)

    def lowest(self) -> tuple[float, float]:
        """Return where the minimum is, next to 0 where there are several, and its value.

        Commensurate frequencies are searched for a whole period; others for one of the lowest frequency, around 0.
        """
        size = float(np.max(np.abs([self.cosines, self.sines])))
        if size <= FLAT * max(1.0, abs(self.constant)):
            return 0.0, float(self.derivative(0.0))
        if len(self.frequencies) == 1:
            return self._lowest_of_one()
        unit = common_unit(tuple(self.frequencies.tolist()))
        starts = self._on_grid() if unit is None else self._roots(unit)
        times = self._refined(starts)
        values = self.derivative(times)
        tied = np.flatnonzero(values <= values.min() + FLAT * size)
        best = tied[np.argmin(np.abs(times[tied]))]
        return float(times[best]), float(values[best])

    def _lowest_of_one(self) -> tuple[float, float]:
        cosine, sine = float(self.cosines[0]), float(self.sines[0])
        return math.atan2(-sine, -cosine) / float(self.frequencies[0]), self.constant - math.hypot(sine, cosine)

    def _roots(self, unit: float) -> Any:
        """Return where the derivative is zero: the roots on the unit circle of a polynomial in exp(iut)."""
        multiples = np.rint(self.frequencies / unit).astype(int)
        degree = int(multiples[-1])
        coefficients = np.zeros(2 * degree + 1, "complex128")
        coefficients[degree + multiples] = self.frequencies * (self.sines + 1j * self.cosines) / 2
        coefficients[degree - multiples] = self.frequencies * (self.sines - 1j * self.cosines) / 2
        return np.angle(np.roots(coefficients[::-1])) / unit

    def _on_grid(self) -> Any:
        """Return the points of a grid that are lower than those beside them, or the lower end."""
        half = math.pi / float(self.frequencies[0])
        count = math.ceil(GRID * float(self.frequencies[-1] / self.frequencies[0]))
        times = np.linspace(-half, half, count + 1)
        values = np.pad(self.derivative(times), 1, constant_values=np.inf)
        return times[(values[1:-1] <= values[:-2]) & (values[1:-1] <= values[2:])]

    def _refined(self, times: Any) -> Any:
        """Return minima near these, by Newton's steps where the curvature is positive."""
        reach = math.pi / (8 * float(self.frequencies[-1]))
        for _ in range(REFINEMENTS):
            slope, curvature = self.derivative(times, 1), self.derivative(times, 2)
            is_valley = curvature > 0
            step = np.where(is_valley, slope / np.where(is_valley, curvature, 1.0), 0.0)
            times = times - np.clip(step, -reach, reach)
        return times


@cache
def sample_points(frequencies: tuple[float, ...]) -> tuple[float, ...]:
    """Return 2R + 1 arguments, 0 the first, from whose values a series of R frequencies follows.

    Multiples of one distance: an equal part of the period for equidistant frequencies, else the best conditioned one.
    """
    wanted = np.array(frequencies)
    multiples = np.array([0, *(sign * place for place in range(1, len(wanted) + 1) for sign in (1, -1))])
    if np.allclose(wanted, wanted[0] * np.arange(1, len(wanted) + 1), rtol=0, atol=SAME):
        unit = 2 * math.pi / (len(multiples) * float(wanted[0]))
    else:
        gap = min(right - left for left, right in pairwise((0.0, *frequencies)))
        units = np.linspace(0, 2 * math.pi / gap, UNITS, endpoint=False)[1:]
        unit = float(units[np.argmin([np.linalg.cond(_basis(wanted, each * multiples)) for each in units])])
    return tuple((unit * multiples).tolist())


def common_unit(frequencies: tuple[float, ...]) -> float | None:
    """Return the largest number of which all frequencies are multiples, None where none is found."""
    wanted = np.array(frequencies)
    for divisor in range(1, DIVISORS + 1):
        unit = float(wanted[0]) / divisor
        multiples = wanted / unit
        if multiples[-1] <= HIGHEST and np.allclose(multiples, np.rint(multiples), rtol=0, atol=SAME):
            return unit
    return None


def _basis(frequencies: Any, times: Any) -> Any:
    phases = np.multiply.outer(times, frequencies)
    return np.concatenate([np.ones((len(times), 1)), np.cos(phases), np.sin(phases)], axis=1)
