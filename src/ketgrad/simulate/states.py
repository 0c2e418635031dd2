"""The kinds of state, each a batch: state vectors, density matrices, which noise needs, and means over trajectories.

All give the same two things, from which everything measured follows: `correlations`, and the reduced density matrix
of some qubits. Behind the qubits there may be further wires, which keep the outcomes of measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.lazy import lazy
from ketgrad.observables.pauli import Terms
from ketgrad.placement import constants_like
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import tensor
from ketgrad.simulate.memory import check_result_memory

IMPOSSIBLE = 1e-14
"""A probability below rounding."""


class _Stored:
    """What a state's array says about it."""

    backend: ArrayBackend
    values: Array

    @property
    def dtype(self) -> str:
        """The complex type of its numbers."""
        return self.backend.dtype(self.values)

    @property
    def device(self) -> str | None:
        """Where it is."""
        return self.backend.device(self.values)


@dataclass(frozen=True)
class StateVector(_Stored):
    """Pure states ψ of all wires; those of the qubits alone are mixed where there are more."""

    backend: ArrayBackend
    values: Array
    """Amplitudes, complex, of shape (batch, 2^wires)."""
    num_qubits: int
    num_wires: int
    measured: frozenset[int] = frozenset()
    """Qubits that were measured at the end, between whose values there is no coherence left."""

    @property
    def is_pure(self) -> bool:
        """Whether the qubits alone have a state vector."""
        return self.num_wires == self.num_qubits and not self.measured

    def apply(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> StateVector:
        """Return Uψ, where U acts only where the controls have their values."""
        values = tensor.contract_controlled(self.backend, self.values, matrix, qubits, controls, self.num_wires)
        return replace(self, values=values)

    def load(self, amplitudes: Array, qubits: tuple[int, ...]) -> StateVector:
        """Give qubits that are in |0…0⟩ a state."""
        return replace(self, values=tensor.load(self.backend, self.values, amplitudes, qubits))

    def project(self, bits: str, qubits: tuple[int, ...]) -> StateVector:
        """Keep what has these values, and normalise."""
        values = tensor.keep(self.backend, self.values, bits, qubits, self.num_wires)
        weight = self.backend.sum(self.backend.real(self.backend.conj(values) * values), axis=1)
        _check_possible(self.backend, weight, bits, qubits)
        return replace(self, values=tensor.scale(self.backend, values, 1.0 / self.backend.sqrt(weight)))

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ψ*ᵢ₊ₓ ψᵢ, of shape (batch, 2^n), where x has ones at the flipped qubits."""
        backend = self.backend
        result = backend.conj(tensor.flip(backend, self.values, flipped)) * self.values
        return result * 0.0 if self.measured.intersection(flipped) else result

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        backend = self.backend
        check_result_memory(len(qubits), self.values.shape[0], np.dtype(backend.dtype(self.values)).itemsize)
        rows = tensor.bring_first(backend, self.values, qubits)
        matrix = backend.matmul(rows, backend.conj(backend.transpose(rows, (0, 2, 1))))
        places = [len(qubits) - 1 - place for place, qubit in enumerate(qubits) if qubit in self.measured]
        if not places:
            return matrix
        index = np.arange(1 << len(qubits)) & sum(1 << place for place in places)
        coherent = (index[:, None] == index).astype(float)
        return matrix * constants_like(backend, coherent, matrix)


@dataclass(frozen=True)
class DensityMatrix(_Stored):
    """Mixed states ρ, kept as vectors over twice the wires: the rows' wires 0 to w−1, then the columns' w to 2w−1."""

    backend: ArrayBackend
    values: Array
    """Elements, complex, of shape (batch, 4^wires)."""
    num_qubits: int
    num_wires: int
    measured: frozenset[int] = frozenset()
    """Always empty: here a measurement takes the coherences away itself."""

    def apply(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> DensityMatrix:
        """Return UρU†, where U acts only where the controls have their values."""
        columns = tuple(qubit + self.num_wires for qubit in qubits)
        column_controls = tuple((qubit + self.num_wires, value) for qubit, value in controls)
        rows_done = self._contract(matrix, qubits, controls)
        return rows_done._contract(self.backend.conj(matrix), columns, column_controls)

    def apply_channel(self, superoperator: Array, qubits: tuple[int, ...]) -> DensityMatrix:
        """Return Σ KρK† for a superoperator Σ K ⊗ K*, of shape (4^k, 4^k) or (batch, 4^k, 4^k)."""
        return self._contract(superoperator, (*qubits, *(qubit + self.num_wires for qubit in qubits)))

    def load(self, amplitudes: Array, qubits: tuple[int, ...]) -> DensityMatrix:
        """Give qubits that are in |0…0⟩ a state."""
        columns = tuple(qubit + self.num_wires for qubit in qubits)
        rows = tensor.load(self.backend, self.values, amplitudes, qubits)
        return replace(self, values=tensor.load(self.backend, rows, self.backend.conj(amplitudes), columns))

    def project(self, bits: str, qubits: tuple[int, ...]) -> DensityMatrix:
        """Keep what has these values, and normalise."""
        backend, axes = self.backend, 2 * self.num_wires
        columns = tuple(qubit + self.num_wires for qubit in qubits)
        kept = replace(self, values=tensor.keep(backend, self.values, bits * 2, (*qubits, *columns), axes))
        weight = backend.sum(backend.real(kept.correlations(())), axis=1)
        _check_possible(backend, weight, bits, qubits)
        return replace(kept, values=tensor.scale(backend, kept.values, 1.0 / weight))

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ρᵢ,ᵢ₊ₓ, of shape (batch, 2^wires), where x has ones at the flipped qubits."""
        size = 1 << self.num_wires
        mask = sum(1 << (self.num_wires - 1 - qubit) for qubit in flipped)
        rows = np.arange(size)
        return self.backend.take(self.values, rows * size + (rows ^ mask), axis=1)

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        backend, values, left = self.backend, self.values, self.num_wires
        size = values.shape[0]
        trace = constants_like(backend, np.eye(2), values)
        for qubit in reversed(range(self.num_wires)):
            if qubit not in qubits:
                parts = backend.reshape(values, (size << qubit, 2, 1 << (left - 1), 2, -1))
                values = backend.reshape(backend.einsum("asbtc,st->abc", parts, trace), (size, -1))
                left -= 1
        matrix = backend.reshape(values, (size, 1 << left, 1 << left))
        return tensor.reorder(backend, tensor.reorder(backend, matrix, qubits, axis=1), qubits, axis=2)

    def _contract(self, matrix: Array, qubits: tuple[int, ...], controls: Controls = ()) -> DensityMatrix:
        axes = 2 * self.num_wires
        values = tensor.contract_controlled(self.backend, self.values, matrix, qubits, controls, axes)
        return replace(self, values=values)


@dataclass(frozen=True)
class Ensemble:
    """The mean over trajectories: state vectors, of shape (batch·trajectories, 2^n), of which each run gave one."""

    vectors: StateVector
    trajectories: int

    @property
    def backend(self) -> ArrayBackend:
        return self.vectors.backend

    @property
    def num_qubits(self) -> int:
        return self.vectors.num_qubits

    @property
    def num_wires(self) -> int:
        return self.vectors.num_wires

    @property
    def measured(self) -> frozenset[int]:
        return self.vectors.measured

    @property
    def values(self) -> Array:
        """The amplitudes of all trajectories, of shape (batch·trajectories, 2^n)."""
        return self.vectors.values

    @property
    def dtype(self) -> str:
        """The complex type of its numbers."""
        return self.vectors.dtype

    @property
    def device(self) -> str | None:
        """Where it is."""
        return self.vectors.device

    def apply(self, matrix: Array, qubits: tuple[int, ...]) -> Ensemble:
        """Apply a matrix of shape (2^k, 2^k) in every trajectory."""
        return replace(self, vectors=self.vectors.apply(matrix, qubits))

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return the mean of ψ*ᵢ₊ₓ ψᵢ, of shape (batch, 2^n)."""
        return self._mean(self.vectors.correlations(flipped))

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the mean density matrix of some qubits, of shape (batch, 2^k, 2^k)."""
        return self._mean(self.vectors.reduced(qubits))

    def _mean(self, each: Array) -> Array:
        shape = tuple(each.shape)
        grouped = self.backend.reshape(each, (-1, self.trajectories, *shape[1:]))
        return self.backend.sum(grouped, axis=1) / self.trajectories


class _SumsOnDemand:
    """Expectation values of Pauli sums, computed when they are asked for and kept."""

    backend: ArrayBackend
    run_for_sums: Callable[[Sequence[Terms]], Array]
    known: dict[Terms, Array]

    def expectations(self, sums: Sequence[Terms]) -> list[Array]:
        """Return the expectation values of Pauli sums, each of shape (batch,), computed together."""
        missing = tuple(dict.fromkeys(terms for terms in sums if terms not in self.known))
        if missing:
            together = self.run_for_sums(missing)
            for place, terms in enumerate(missing):
                self.known[terms] = (
                    self.backend.reshape(together, (-1,))
                    if len(missing) == 1
                    else self.backend.take(together, place, axis=1)
                )
        return [self.known[terms] for terms in sums]


@dataclass(frozen=True)
class PlannedState(_SumsOnDemand, _Stored):
    """State vectors that compiled kernels make when they are asked for; for Pauli words they need not be."""

    backend: ArrayBackend
    num_qubits: int
    num_wires: int
    measured: frozenset[int]
    run: Callable[[], Array]
    """Computes the amplitudes."""
    run_for_sums: Callable[[Sequence[Terms]], Array]
    """Computes the expectation value of each Pauli sum, of shape (batch, sums)."""
    known: dict[Terms, Array] = field(default_factory=dict)
    """The expectation values that were computed."""

    @lazy
    def vectors(self) -> StateVector:
        return StateVector(self.backend, self.run(), self.num_qubits, self.num_wires, self.measured)

    @property
    def values(self) -> Array:
        return self.vectors.values

    @property
    def is_pure(self) -> bool:
        """Whether the qubits alone have a state vector."""
        return self.num_wires == self.num_qubits and not self.measured

    def apply(self, matrix: Array, qubits: tuple[int, ...]) -> StateVector:
        """Return Uψ."""
        return self.vectors.apply(matrix, qubits)

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ψ*ᵢ₊ₓ ψᵢ, of shape (batch, 2^n), where x has ones at the flipped qubits."""
        return self.vectors.correlations(flipped)

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        return self.vectors.reduced(qubits)


@dataclass(frozen=True)
class RuledState(_SumsOnDemand):
    """States of which everything is asked by operations of the circuit's numbers that have a gradient by a rule."""

    backend: ArrayBackend
    num_qubits: int
    num_wires: int
    measured: frozenset[int]
    is_pure: bool
    dtype: str
    device: str | None
    ask: Callable[..., Array]
    """ask(query, shape, is_complex=...) gives `query(run)` of a run, an array of shape (batch, *shape)."""
    run_for_sums: Callable[[Sequence[Terms]], Array]
    amplitudes: Callable[[], Array]
    """Gives the amplitudes, or says that the rule is none for them."""
    known: dict[Terms, Array] = field(default_factory=dict)

    @property
    def values(self) -> Array:
        return self.amplitudes()

    def apply(self, matrix: Array, qubits: tuple[int, ...]) -> RuledState:
        """Return UρU†."""

        def ask(query: Callable[..., Array], shape: tuple[int, ...], *, is_complex: bool) -> Array:
            def after(run: Any) -> Array:
                return query(replace(run, state=run.state.apply(matrix, qubits)))

            return self.ask(after, shape, is_complex=is_complex)

        return replace(self, ask=ask)

    def correlations(self, flipped: tuple[int, ...]) -> Array:
        """Return ρᵢ,ᵢ₊ₓ, of shape (batch, 2^wires), where x has ones at the flipped qubits."""
        return self.ask(lambda run: run.state.correlations(flipped), (1 << self.num_wires,), is_complex=True)

    def reduced(self, qubits: tuple[int, ...]) -> Array:
        """Return the density matrix of some qubits, of shape (batch, 2^k, 2^k), the first one most significant."""
        size = 1 << len(qubits)
        return self.ask(lambda run: run.state.reduced(qubits), (size, size), is_complex=True)


@dataclass(frozen=True)
class DeviceState:
    """States on a device outside, of which outcomes can be had and nothing else."""

    backend: ArrayBackend
    num_qubits: int
    measure: Callable[..., Any]
    """measure(requests, shots, key) gives `Shots`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedError("a device gives outcomes of measurements, no state; leave the device out")


State: TypeAlias = StateVector | DensityMatrix | Ensemble | PlannedState | RuledState | DeviceState


def _check_possible(backend: ArrayBackend, weights: Array, bits: str, qubits: tuple[int, ...]) -> None:
    if backend.is_concrete(weights) and not (backend.to_numpy(weights) > IMPOSSIBLE).all():
        raise InvalidValueError(
            f"post_select asks for the outcome {bits} of the qubits {list(qubits)}, which has probability zero; select "
            "another one"
        )
