"""Coordinate by coordinate to the minimum of the trigonometric polynomial that an energy is in each angle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError
from ketgrad.optimize.advance import Advance, State
from ketgrad.optimize.given_frequencies import given_frequencies
from ketgrad.optimize.optimizer import Optimizer
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.spectra import Frequencies, element_frequencies
from ketgrad.optimize.trigonometric import Series, sample_points
from ketgrad.optimize.vectors import Layout


@dataclass
class Rotosolve(Optimizer):
    """Sweeps over all elements: xᵢ ← xᵢ + argmin f(x + t eᵢ), where f = c + Σ aᵣ cos Ωᵣt + bᵣ sin Ωᵣt.

    The series of R frequencies follows from 2R + 1 values, of which one is the minimum of the element before.
    Frequencies without a common period are searched for the lowest one's period around the present value. The
    state's "minimum" is the value at the end of the sweep.
    References: M. Ostaszewski, E. Grant and M. Benedetti, Quantum 5, 391 (2021); for several frequencies D. Wierichs,
    J. Izaac, C. Wang and C. Y.-Y. Lin, Quantum 6, 677 (2022).

    Parameters
    ----------
    frequencies
        The positive frequencies Ω of f, one sequence for all elements, such as (0.5, 1.0), or sequences in the
        structure of x. Left out, they are those of the circuit of a function made by `ketgrad.function`.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(2).ry(theta[0], 0).crx(theta[1], 0, 1), kg.expval(kg.Z(0) @ kg.Z(1) + kg.Z(0)))
    >>> result = kg.optimize.Rotosolve().minimize(energy, [0.4, 0.3], steps=10)
    >>> round(result.value, 9)
    -2.0
    """

    frequencies: Any = None

    def start(self, problem: Problem, x: Any) -> State:
        self._frequencies(problem, x)  # so that wrong ones are told before anything is computed
        return {"step": 0}

    def advance(self, problem: Problem, x: Any, state: State) -> Advance:
        self.check_concrete(problem, x, state)
        layout, value = Layout.of(problem.backend, x), problem.value(x)
        vector, lowest = layout.vector(x), float(problem.backend.to_numpy(value))
        for place, own in enumerate(self._frequencies(problem, x)):
            if own:
                at = _along(problem, layout, vector, place)
                shift, lowest = lowest_along(own, at, lowest)
                vector[place] += shift
        return Advance(layout.parameters(vector), {"step": state["step"] + 1, "minimum": lowest}, value)

    def _frequencies(self, problem: Problem, x: Any) -> list[Frequencies]:
        if self.frequencies is not None:
            return given_frequencies(x, self.frequencies)
        if problem.circuit_function is None:
            raise InvalidTypeError(
                "the frequencies of an ordinary function are not known; give frequencies, such as (1.0,) for angles of "
                "Pauli rotations that stand in one gate each, or minimize a function made by kg.function"
            )
        return list(element_frequencies(problem.circuit_function))


def lowest_along(frequencies: Frequencies, at: Callable[[float], float], here: float) -> tuple[float, float]:
    """Return the shift to the minimum of a function of a shift, of which the value at 0 is known, and its value."""
    values = [here, *(at(shift) for shift in sample_points(frequencies)[1:])]
    if not np.all(np.isfinite(values)):
        return float("nan"), float("nan")  # which training tells with the parameter's name
    return Series.through(frequencies, values).lowest()


def _along(problem: Problem, layout: Layout, vector: Any, place: int) -> Callable[[float], float]:
    def at(shift: float) -> float:
        return problem.number(layout.parameters(vector + shift * (np.arange(len(vector)) == place)))

    return at
