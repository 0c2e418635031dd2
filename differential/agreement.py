"""Compares a number or an array of ketgrad's with Qiskit's, asserts, and keeps how far they are apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

TOLERANCE = 1e-12

Record = Callable[[str, float], None]


class Agreement:
    """Comparisons of what two simulators found, each recorded under the name of its quantity."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.case = "no circuit was named"

    def check(self, quantity: str, actual: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
        """Fail where the two have other shapes, or elements farther apart than the tolerance, or no numbers."""
        left, right = np.asarray(actual), np.asarray(expected)
        assert left.shape == right.shape, f"{quantity}: shape {left.shape}, in Qiskit {right.shape}; {self.case}"
        difference = float(np.max(np.abs(left - right)))
        self._record(quantity, difference)
        assert difference <= tolerance, f"{quantity} differs by {difference:.3g}; {self.case}\n{left}\n{right}"
