"""Random matrices: Haar unitaries (F. Mezzadri, Notices AMS 54, 592 (2007)), Kraus operators, Hermitian matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

Matrix = Any
"""A complex128 matrix of NumPy."""


def haar_unitary(rng: np.random.Generator, num_qubits: int) -> Matrix:
    """Return a unitary matrix of shape (2^k, 2^k), distributed by the Haar measure."""
    size = 1 << num_qubits
    return _isometry(rng, size, size)


def kraus_operators(rng: np.random.Generator, num_qubits: int, count: int) -> tuple[Matrix, ...]:
    """Return so many Kraus operators: the blocks of a random isometry."""
    size = 1 << num_qubits
    return tuple(_isometry(rng, size * count, size).reshape(count, size, size))


def hermitian(rng: np.random.Generator, num_qubits: int) -> Matrix:
    """Return a Hermitian matrix of shape (2^k, 2^k)."""
    matrix = _gaussian(rng, 1 << num_qubits, 1 << num_qubits)
    return (matrix + matrix.conj().T) / 2


def _isometry(rng: np.random.Generator, rows: int, columns: int) -> Matrix:
    q, r = np.linalg.qr(_gaussian(rng, rows, columns))
    diagonal = np.diag(r)
    return q * (diagonal / np.abs(diagonal))


def _gaussian(rng: np.random.Generator, rows: int, columns: int) -> Matrix:
    return rng.normal(size=(rows, columns)) + 1j * rng.normal(size=(rows, columns))
