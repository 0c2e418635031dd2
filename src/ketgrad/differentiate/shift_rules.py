"""General shift rules: the derivative of a trigonometric polynomial from its own values elsewhere.

A result ⟨A⟩ depends on the angle θ of one gate exp(−iθG/2) as a sum of 1, cos Ωθ and sin Ωθ, where the frequencies Ω
are half the differences of G's eigenvalues. With as many shifts sₖ as frequencies, and coefficients cₖ that solve
Σₖ 2cₖ sin(Ω sₖ) = Ω for each Ω, its derivative is Σₖ cₖ (f(θ + sₖ) − f(θ − sₖ)).

Reference: D. Wierichs, J. Izaac, C. Wang and C. Y.-Y. Lin, "General parameter-shift rules for quantum gradients",
Quantum 6, 677 (2022).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations

import numpy as np

from ketgrad.checks import check_sequence
from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidValueError

SAME = 1e-9
"""Frequencies closer than this are one."""

Shifts = tuple[tuple[float, float], ...]
"""Pairs of a shift and its coefficient."""


def frequencies_of(eigenvalues: Sequence[float]) -> tuple[float, ...]:
    """Return the frequencies, ascending, of results in the angle of exp(−iθG/2), from the eigenvalues of G.

    Examples
    --------
    >>> frequencies_of([1.0, -1.0])
    (1.0,)
    >>> frequencies_of([0.0, 1.0, -1.0])
    (0.5, 1.0)
    """
    gaps = sorted(abs(left - right) / 2 for left, right in combinations(eigenvalues, 2))
    distinct: list[float] = []
    for gap in gaps:
        if gap > SAME and (not distinct or gap - distinct[-1] > SAME):
            distinct.append(gap)
    return tuple(distinct)


def shift_rule(frequencies: Sequence[float]) -> Shifts:
    """Return the shifts, with their coefficients, of the first derivative.

    Parameters
    ----------
    frequencies
        The positive frequencies of the function, all different. Those of equal distances from zero get the shifts of
        smallest variance; others the best conditioned ones among multiples of one angle.

    Raises
    ------
    InvalidValueError
        If there are none, or they are not positive and different.

    Examples
    --------
    >>> [(round(shift, 4), round(coefficient, 4)) for shift, coefficient in shift_rule((1.0,))]
    [(1.5708, 0.5), (-1.5708, -0.5)]
    """
    given = check_sequence(frequencies, "shift_rule")
    is_right = all(is_number(value) and value > 0 for value in given) and len(set(given)) == len(given)
    if not given or not is_right:
        raise InvalidValueError(f"the frequencies are {frequencies!r}; give positive numbers, all different")
    return _shift_rule(tuple(map(float, given)))


@cache
def _shift_rule(frequencies: tuple[float, ...]) -> Shifts:
    wanted = np.array(sorted(frequencies))
    shifts = _equidistant(wanted) if _is_equidistant(wanted) else _best(wanted)
    coefficients = np.linalg.solve(2 * np.sin(np.outer(wanted, shifts)), wanted)
    pairs = list(zip(shifts.tolist(), coefficients.tolist(), strict=True))
    return tuple(pairs + [(-shift, -coefficient) for shift, coefficient in pairs])


def _is_equidistant(frequencies: np.ndarray) -> bool:
    return bool(np.allclose(frequencies, frequencies[0] * np.arange(1, len(frequencies) + 1), rtol=0, atol=SAME))


def _equidistant(frequencies: np.ndarray) -> np.ndarray:
    count = len(frequencies)
    return (2 * np.arange(1, count + 1) - 1) * math.pi / (2 * count * frequencies[0])


def _best(frequencies: np.ndarray) -> np.ndarray:
    """Return the multiples of that angle, of some hundreds, for which the coefficients are smallest together."""
    multiples = np.arange(1, len(frequencies) + 1)
    units = np.linspace(0, 2 * math.pi / frequencies[0], 720, endpoint=False)[1:]
    conditions = [np.linalg.cond(np.sin(np.outer(frequencies, multiples * unit))) for unit in units]
    return multiples * float(units[int(np.argmin(conditions))])
