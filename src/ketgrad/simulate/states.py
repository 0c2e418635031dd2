"""The two kinds of state, each a batch: state vectors, and density matrices, which noise needs.

Both give the same three things, from which everything measured follows: `correlations`, `probabilities`, and the
reduced density matrix of some qubits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from ketgrad.circuit.operations import Controls
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import tensor


@dataclass(frozen=True)
class StateVector:
    """Pure states ψ."""

    backend: ArrayBackend
    values: Array
    """Amplitudes, complex, of shape (batch, 2^n)."""
    num_qubits: int

    def apply(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> StateVector:
        """Return Uψ, where U acts only where the controls have their values."""
        values = tensor.contract_controlled(self.backend, self.values, matrix, qubits, controls, self.num_qubits)
        return replace(self, values=values)

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ψ*ᵢ₊ₓ ψᵢ, of shape (batch, 2^n), where x has ones at the flipped qubits."""
        backend = self.backend
        return backend.conj(tensor.flip(backend, self.values, flipped)) * self.values

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        backend = self.backend
        rows = tensor.bring_first(backend, self.values, qubits)
        return backend.matmul(rows, backend.conj(backend.transpose(rows, (0, 2, 1))))


@dataclass(frozen=True)
class DensityMatrix:
    """Mixed states ρ, kept as vectors over 2n qubits: the rows' qubits 0 to n−1, then the columns' n to 2n−1."""

    backend: ArrayBackend
    values: Array
    """Elements, complex, of shape (batch, 4^n)."""
    num_qubits: int

    def apply(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> DensityMatrix:
        """Return UρU†, where U acts only where the controls have their values."""
        columns = tuple(qubit + self.num_qubits for qubit in qubits)
        column_controls = tuple((qubit + self.num_qubits, value) for qubit, value in controls)
        rows_done = self._contract(matrix, qubits, controls)
        return rows_done._contract(self.backend.conj(matrix), columns, column_controls)

    def apply_channel(self, superoperator: Array, qubits: tuple[int, ...]) -> DensityMatrix:
        """Return Σ KρK† for a superoperator Σ K ⊗ K*, of shape (4^k, 4^k) or (batch, 4^k, 4^k)."""
        return self._contract(superoperator, (*qubits, *(qubit + self.num_qubits for qubit in qubits)))

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ρᵢ,ᵢ₊ₓ, of shape (batch, 2^n), where x has ones at the flipped qubits."""
        size = 1 << self.num_qubits
        mask = sum(1 << (self.num_qubits - 1 - qubit) for qubit in flipped)
        rows = np.arange(size)
        return self.backend.take(self.values, rows * size + (rows ^ mask), axis=1)

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        backend, values, left = self.backend, self.values, self.num_qubits
        size = values.shape[0]
        trace = backend.asarray(np.eye(2), dtype=backend.dtype(values), device=backend.device(values))
        for qubit in reversed(range(self.num_qubits)):
            if qubit not in qubits:
                parts = backend.reshape(values, (size << qubit, 2, 1 << (left - 1), 2, -1))
                values = backend.reshape(backend.einsum("asbtc,st->abc", parts, trace), (size, -1))
                left -= 1
        matrix = backend.reshape(values, (size, 1 << left, 1 << left))
        return tensor.reorder(backend, tensor.reorder(backend, matrix, qubits, axis=1), qubits, axis=2)

    def _contract(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> DensityMatrix:
        axes = 2 * self.num_qubits
        values = tensor.contract_controlled(self.backend, self.values, matrix, qubits, controls, axes)
        return replace(self, values=values)


State: TypeAlias = StateVector | DensityMatrix
