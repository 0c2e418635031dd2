"""Observables given by a matrix, and projectors on bitstrings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.checks import check_matrix
from ketgrad.errors import InvalidValueError
from ketgrad.observables.pauli import PauliSum

HERMITIAN_TOLERANCE = 1e-6


class Hermitian:
    """A Hermitian matrix on some qubits, the first one most significant.

    Parameters
    ----------
    matrix
        Of shape (2^k, 2^k): nested lists, a NumPy array, or an array of a backend.
    qubits
        The k qubits.

    Raises
    ------
    InvalidValueError
        If the shape does not fit, or the matrix, where that can be seen now, is not Hermitian.

    Examples
    --------
    >>> import ketgrad as kg
    >>> float(kg.Circuit(2).x(1).expectation(kg.Hermitian([[1, 0], [0, -3]], [1])))
    -3.0
    """

    def __init__(self, matrix: Any, qubits: Sequence[int]) -> None:
        self.qubits = _checked_qubits(qubits, "Hermitian")
        self.matrix = check_matrix(matrix, len(self.qubits), "Hermitian")
        if isinstance(self.matrix, np.ndarray):
            check_hermitian(self.matrix)

    @property
    def num_qubits(self) -> int:
        """The number of qubits that a circuit needs to have, one more than the highest index."""
        return 1 + max(self.qubits)

    def __repr__(self) -> str:
        return f"Hermitian({type(self.matrix).__name__}, {list(self.qubits)})"


class Projector:
    """The projector on one outcome of some qubits, whose expectation value is that outcome's probability.

    Examples
    --------
    >>> import ketgrad as kg
    >>> float(kg.Circuit(2).x(1).expectation(kg.Projector("01", [0, 1])))
    1.0
    """

    def __init__(self, bits: str, qubits: Sequence[int]) -> None:
        self.qubits = _checked_qubits(qubits, "Projector")
        if not isinstance(bits, str) or not set(bits) <= {"0", "1"} or len(bits) != len(self.qubits):
            raise InvalidValueError(
                f"Projector got the bits {bits!r} for {len(self.qubits)} qubits; give a string with a 0 or 1 for each"
            )
        self.bits = bits

    @property
    def num_qubits(self) -> int:
        """The number of qubits that a circuit needs to have, one more than the highest index."""
        return 1 + max(self.qubits)

    def __repr__(self) -> str:
        return f"Projector({self.bits!r}, {list(self.qubits)})"


Observable: TypeAlias = PauliSum | Hermitian | Projector


def _checked_qubits(qubits: Sequence[int], what: str) -> tuple[int, ...]:
    checked = tuple(check_integer(qubit, f"{what} got a qubit that") for qubit in check_sequence(qubits, what))
    if not checked or min(checked) < 0 or len(set(checked)) != len(checked):
        raise InvalidValueError(f"{what} got the qubits {checked}; give at least one, none negative, each only once")
    return checked


def check_hermitian(matrix: Any) -> None:
    """Refuse a NumPy matrix that is not Hermitian to rounding, seen against its largest element."""
    scale = max(1.0, float(np.max(np.abs(matrix))))
    error = float(np.max(np.abs(matrix - matrix.conj().T)))
    if not error < HERMITIAN_TOLERANCE * scale:
        raise InvalidValueError(
            f"the matrix is not Hermitian: A − A† is as large as {error:.2g}; give one for which it is below "
            f"{HERMITIAN_TOLERANCE * scale:g}"
        )
