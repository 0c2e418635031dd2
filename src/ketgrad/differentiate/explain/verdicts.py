"""The verdict on one element of a parameter, from two numbers: the gradient by autodiff and by finite differences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ketgrad.differentiate.finite_difference import EPSILON


class Verdict(StrEnum):
    """What can be said of one element of a parameter, the least trouble first."""

    CONNECTED = "connected"
    """Automatic differentiation gives a gradient, and finite differences agree."""
    ZERO = "zero here"
    """Both are zero at this point, where it is stationary or symmetric; larger changes matter."""
    BARREN = "barren"
    """Connected, but over random points every gradient of the function is tiny."""
    KINK = "not smooth here"
    """The slopes to the left and to the right differ, so there is no derivative to compare with."""
    UNUSED = "unused"
    """It does not change the result, here or at other points."""
    PARTLY_DETACHED = "partly detached"
    """The two disagree: one of several paths to the result is cut."""
    DETACHED = "detached"
    """It changes the result, but automatic differentiation finds no path."""
    NOT_FINITE = "not finite"
    """One of the two is infinite or no number."""


IN_THE_GRAPH = frozenset({Verdict.CONNECTED, Verdict.ZERO, Verdict.BARREN, Verdict.KINK})
"""The verdicts with which a gradient is what it should be."""


@dataclass(frozen=True)
class Slopes:
    """Finite differences by one element: central, to the right and to the left."""

    central: complex
    right: complex
    left: complex


@dataclass(frozen=True)
class Tolerance:
    """What counts as zero or as equal, for a function value of this size computed in this type.

    A central difference with step ε^(1/3) is good to about ε^(2/3) (Press et al., "Numerical Recipes", section 5.7);
    the factors leave room for large higher derivatives.
    """

    epsilon: float
    size: float
    """At least 1."""

    @classmethod
    def of(cls, dtype: str, value: float) -> Tolerance:
        return cls(EPSILON[dtype], max(1.0, abs(value)))

    def is_zero(self, gradient: complex) -> bool:
        """Tell whether a gradient by automatic differentiation is rounding alone."""
        return abs(gradient) <= 100 * self.epsilon * self.size

    def is_flat(self, slope: complex) -> bool:
        """Tell whether a finite difference is rounding alone."""
        return abs(slope) <= 100 * self.epsilon ** (2 / 3) * self.size

    def agree(self, gradient: complex, slope: complex) -> bool:
        largest = max(abs(gradient), abs(slope))
        error = 100 * self.epsilon ** (2 / 3) * self.size + 10 * self.epsilon ** (1 / 3) * largest
        return abs(gradient - slope) <= error

    def is_smooth(self, slopes: Slopes) -> bool:
        """Tell whether the slopes on both sides differ by no more than curvature makes them."""
        largest = max(self.size, abs(slopes.right), abs(slopes.left))
        return abs(slopes.right - slopes.left) <= 3 * self.epsilon ** (1 / 6) * largest


def verdict_of(gradient: complex | None, slopes: Slopes, tolerance: Tolerance) -> Verdict | None:
    """Return the verdict, or None where both numbers are zero and it takes other points to tell why."""
    if not np.isfinite(slopes.central) or (gradient is not None and not np.isfinite(gradient)):
        return Verdict.NOT_FINITE
    is_silent = gradient is None or tolerance.is_zero(gradient)
    if is_silent and tolerance.is_flat(slopes.central) and tolerance.is_smooth(slopes):
        return None
    if gradient is None:
        return Verdict.DETACHED
    if tolerance.agree(gradient, slopes.central):
        return Verdict.CONNECTED
    if not tolerance.is_smooth(slopes):
        return Verdict.KINK
    return Verdict.DETACHED if is_silent else Verdict.PARTLY_DETACHED
