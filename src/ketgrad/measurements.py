"""What can be asked of a circuit, as objects that `kg.function` takes; a circuit's methods compute the same.

Each turns a run of the circuit into an array of shape (batch, ...): exactly, or from shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ketgrad.checks import check_sequence
from ketgrad.circuit.checks import check_bits, check_qubits
from ketgrad.errors import InvalidValueError, UnsupportedError, UntraceableError
from ketgrad.lazy import lazy
from ketgrad.observables.matrix import Hermitian, Observable, Projector, check_hermitian
from ketgrad.observables.pauli import PauliSum
from ketgrad.precision import get_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import estimation, readout, results, sampling
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.program import Group
from ketgrad.simulate.shots import ClassicalBits, Request, Shots
from ketgrad.simulate.states import PlannedState, RuledState, State, StateVector

STATE_TOLERANCE = 1e-5


class Estimate(NamedTuple):
    """A result estimated from measurements, and its standard error."""

    value: Array
    standard_error: Array


class Measurement:
    """One result of a circuit."""

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of classical bits whose joint outcomes it needs."""
        return ()

    def evaluate(self, run: Run) -> Array:
        """Compute the exact result of each state, of shape (batch, ...)."""
        raise UnsupportedError(
            f"{type(self).__name__} takes a number of shots; give shots=1000, say; kg.gradients.score_function "
            "differentiates functions of samples"
        )

    def requests(self, run: Run) -> Sequence[Request]:
        """Say what is to be measured, for an estimate from shots."""
        raise UnsupportedError(
            f"{type(self).__name__} is not estimated from shots; leave shots out, and differentiate the exact one with "
            'gradient="best"'
        )

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        """Estimate the result from what was measured."""
        raise NotImplementedError

    def mean_sizes(self, num_qubits: int) -> tuple[int, ...]:
        """Return the sizes m of the means that an estimate from shots follows from; nothing if there are none."""
        return ()

    def means(self, run: Run, shots: Shots) -> Sequence[Array]:
        """Return these means, each of shape (batch, m), whose expectation values are linear in the state."""
        raise NotImplementedError

    def from_means(self, backend: ArrayBackend, means: Sequence[Array]) -> Array:
        """Return the estimate, of shape (batch, ...)."""
        raise NotImplementedError

    def mean_observables(self, num_qubits: int) -> Sequence[Observable | None]:
        """Return the observables that these means are of, None for a constant, all in one row."""
        raise NotImplementedError


@dataclass(frozen=True)
class expval(Measurement):  # noqa: N801
    """⟨A⟩, a real number; A is a Pauli sum, a `Hermitian` or a `Projector`."""

    observable: Observable

    def evaluate(self, run: Run) -> Array:
        return results.expectation(run, self.observable)

    def requests(self, run: Run) -> Sequence[Request]:
        return estimation.requests(run, self.observable)

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        value, squared_error = estimation.mean(shots, self.observable)
        return Estimate(value, shots.backend.sqrt(squared_error))

    def mean_sizes(self, num_qubits: int) -> tuple[int, ...]:
        return (estimation.num_parts(self.observable),)

    def means(self, run: Run, shots: Shots) -> Sequence[Array]:
        return [estimation.means(shots, self.observable)]

    def from_means(self, backend: ArrayBackend, means: Sequence[Array]) -> Array:
        return estimation.combined(backend, self.observable, means[0])

    def mean_observables(self, num_qubits: int) -> Sequence[Observable | None]:
        return estimation.parts(self.observable)


@dataclass(frozen=True)
class var(Measurement):  # noqa: N801
    """⟨A²⟩ − ⟨A⟩², a real number."""

    observable: Observable

    def evaluate(self, run: Run) -> Array:
        return results.variance(run, self.observable)

    def requests(self, run: Run) -> Sequence[Request]:
        if isinstance(self.observable, PauliSum):
            return [*estimation.requests(run, self.observable), *estimation.requests(run, self._square)]
        return estimation.requests(run, self.observable)

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        value, squared_error = estimation.variance(shots, self.observable, self._square)
        return Estimate(value, shots.backend.sqrt(squared_error))

    def mean_sizes(self, num_qubits: int) -> tuple[int, ...]:
        count = estimation.num_parts(self.observable)
        return count, estimation.num_parts(self._square), count * count

    def means(self, run: Run, shots: Shots) -> Sequence[Array]:
        """Return those of A and A², and the covariances of those of A, which say by how much ⟨A⟩² is too large."""
        first, second = estimation.means(shots, self.observable), estimation.means(shots, self._square, power=2)
        estimation.refuse_too_few(shots)
        return [first, second, estimation.covariances(shots, self.observable)]

    def from_means(self, backend: ArrayBackend, means: Sequence[Array]) -> Array:
        first, second, covariances = means
        mean = estimation.combined(backend, self.observable, first)
        error = estimation.combined_error(backend, self.observable, backend.detach(covariances))
        return estimation.combined(backend, self._square, second) - mean * mean + error

    def mean_observables(self, num_qubits: int) -> Sequence[Observable | None]:
        first = estimation.parts(self.observable)
        second = estimation.parts(self._square)
        if isinstance(self.observable, Hermitian):
            second = [Hermitian(self.observable.matrix @ self.observable.matrix, self.observable.qubits)]
        return [*first, *second, *(None for _ in range(len(first) ** 2))]

    @lazy
    def _square(self) -> Observable:
        """A², or, where its means come from the same shots, A."""
        return self.observable.square() if isinstance(self.observable, PauliSum) else self.observable


@dataclass(frozen=True)
class probs(Measurement):  # noqa: N801
    """Probabilities of the outcomes of some qubits, of all by default, or of classical bits, of shape (2^k,)."""

    qubits: Sequence[int] | None = None
    bits: Sequence[int] | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        return _groups(self, "probs")

    def evaluate(self, run: Run) -> Array:
        if self.bits is not None:
            return run.bits[self.groups[0]]
        return readout.read(run.state, _chosen(self.qubits, run.state, "probabilities"), run.confusions)

    def requests(self, run: Run) -> Sequence[Request]:
        return _bit_requests(self, run, "probabilities")

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        value = shots.frequencies(_drawn(self, run, shots, "probabilities"))
        return Estimate(value, shots.backend.sqrt(value * (1.0 - value) / max(shots.count - 1, 1)))

    def mean_sizes(self, num_qubits: int) -> tuple[int, ...]:
        qubits = range(num_qubits) if self.qubits is None else self.qubits
        chosen = check_qubits(qubits, num_qubits, "probabilities") if self.bits is None else self.groups[0]
        return (1 << len(chosen),)

    def means(self, run: Run, shots: Shots) -> Sequence[Array]:
        return [shots.frequencies(_drawn(self, run, shots, "probabilities"))]

    def from_means(self, backend: ArrayBackend, means: Sequence[Array]) -> Array:
        return means[0]

    def mean_observables(self, num_qubits: int) -> Sequence[Observable | None]:
        if self.bits is not None:
            raise UnsupportedError(
                "a device's own gradient is that of qubits, not of classical bits; ask for qubits, or give "
                'gradient="parameter-shift"'
            )
        qubits = tuple(range(num_qubits) if self.qubits is None else self.qubits)
        return [Projector(format(outcome, f"0{len(qubits)}b"), qubits) for outcome in range(1 << len(qubits))]


@dataclass(frozen=True)
class sample(Measurement):  # noqa: N801
    """Outcomes of some qubits, of all by default, or of classical bits: integers 0 and 1 of shape (shots, k)."""

    qubits: Sequence[int] | None = None
    bits: Sequence[int] | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        return _groups(self, "sample")

    def requests(self, run: Run) -> Sequence[Request]:
        return _bit_requests(self, run, "sample")

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        return Estimate(_integers(shots.backend, _drawn(self, run, shots, "sample")), None)


@dataclass(frozen=True)
class counts(Measurement):  # noqa: N801
    """How often each outcome of some qubits, of all by default, or of classical bits came: a `Counts`.

    The first qubit, or bit, is leftmost, or with order="little" rightmost. A batch gives a list.
    """

    qubits: Sequence[int] | None = None
    bits: Sequence[int] | None = None
    order: str | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        return _groups(self, "counts")

    def requests(self, run: Run) -> Sequence[Request]:
        sampling.check_order(self.order)
        return _bit_requests(self, run, "counts")

    def from_shots(self, run: Run, shots: Shots) -> Estimate:
        drawn = _drawn(self, run, shots, "counts")
        if not shots.backend.is_concrete(drawn):
            raise UntraceableError(
                "counts are no arrays, so a function with them can't be compiled or differentiated; take sample, "
                "and for derivatives of functions of samples kg.gradients.score_function"
            )
        rows = shots.backend.to_numpy(drawn).astype(int)
        return Estimate([sampling.count(bits, self.order) for bits in rows], None)


@dataclass(frozen=True)
class state(Measurement):  # noqa: N801
    """The state vector, of shape (2^n,); of a circuit with noise or measurements use `density_matrix`."""

    def evaluate(self, run: Run) -> Array:
        if isinstance(run.state, StateVector | PlannedState | RuledState) and run.state.is_pure:
            return run.state.values
        raise UnsupportedError(
            "a circuit with noise, measurements or resets has no state vector; ask for density_matrix"
        )


@dataclass(frozen=True)
class density_matrix(Measurement):  # noqa: N801
    """The density matrix of some qubits, of all by default, of shape (2^k, 2^k)."""

    qubits: Sequence[int] | None = None

    def evaluate(self, run: Run) -> Array:
        return run.state.reduced(_chosen(self.qubits, run.state, "density_matrix"))


@dataclass(frozen=True)
class purity(Measurement):  # noqa: N801
    """tr ρ² of some qubits, of all by default."""

    qubits: Sequence[int] | None = None

    def evaluate(self, run: Run) -> Array:
        return results.purity(run.state, _chosen(self.qubits, run.state, "purity"))


@dataclass(frozen=True)
class fidelity(Measurement):  # noqa: N801
    """The fidelity of some qubits, of all by default, with a target: a state vector, or a density matrix."""

    target: Any
    qubits: Sequence[int] | None = None

    def evaluate(self, run: Run) -> Array:
        chosen = _chosen(self.qubits, run.state, "fidelity")
        return results.fidelity(run.state, _target(run.state, self.target, len(chosen)), chosen)


@dataclass(frozen=True)
class entropy(Measurement):  # noqa: N801
    """The von Neumann entropy −tr ρ log ρ of some qubits, in nats, or to another base."""

    qubits: Sequence[int]
    base: float | None = None

    def evaluate(self, run: Run) -> Array:
        check_base(self.base)
        return results.entropy(run.state, _chosen(self.qubits, run.state, "entropy"), self.base)


@dataclass(frozen=True)
class mutual_info(Measurement):  # noqa: N801
    """S(A) + S(B) − S(AB) of two separate groups of qubits, in nats, or to another base."""

    first: Sequence[int]
    second: Sequence[int]
    base: float | None = None

    def evaluate(self, run: Run) -> Array:
        check_base(self.base)
        groups = [tuple(check_sequence(group, "mutual_info")) for group in (self.first, self.second)]
        parts = (*groups, _chosen((*groups[0], *groups[1]), run.state, "mutual_info"))
        first, second, joint = (results.entropy(run.state, part, self.base) for part in parts)
        return first + second - joint


def _groups(measurement: probs | sample | counts, what: str) -> tuple[Group, ...]:
    if measurement.bits is None:
        return ()
    if measurement.qubits is not None:
        raise InvalidValueError(f"{what} got qubits and bits; give one of the two")
    bits = check_bits(measurement.bits, what)
    if not bits:
        raise InvalidValueError(f"{what} got no bits; give at least one")
    return (bits,)


def _bit_requests(measurement: probs | sample | counts, run: Run, what: str) -> Sequence[Request]:
    if measurement.bits is not None:
        return [ClassicalBits(*measurement.groups)]
    return [tuple((qubit, "Z") for qubit in _chosen(measurement.qubits, run.state, what))]


def _drawn(measurement: probs | sample | counts, run: Run, shots: Shots, what: str) -> Array:
    if measurement.bits is not None:
        return shots.classical(*measurement.groups)
    return shots.bits(_chosen(measurement.qubits, run.state, what))


def _integers(backend: ArrayBackend, bits: Array) -> Array:
    if backend.is_concrete(bits):
        return backend.asarray(backend.to_numpy(bits).astype("int64"), device=backend.device(bits))
    return backend.astype(bits, "int64" if get_precision() == "double" else "int32")


def _target(state: State, target: Any, num_qubits: int) -> Array:
    backend, size = state.backend, 1 << num_qubits
    array = backend.asarray(target, dtype=state.dtype, device=state.device)
    if tuple(array.shape) not in ((size,), (size, size)):
        raise InvalidValueError(
            f"fidelity on {num_qubits} qubits takes a state vector of shape {(size,)} or a density matrix of shape "
            f"{(size, size)}, got {tuple(array.shape)}"
        )
    if backend.is_concrete(array):
        _check_state(backend.to_numpy(array))
    return array


def _check_state(array: Any) -> None:
    """Refuse a NumPy vector that is not normalised, and a matrix that is no density matrix."""
    if array.ndim == 1:
        norm = float(np.linalg.norm(array))
        if not abs(norm - 1) < STATE_TOLERANCE:
            raise InvalidValueError(f"fidelity got a state vector of norm {norm:.6g}; give one of norm 1")
        return
    check_hermitian(array)
    trace, lowest = float(np.trace(array).real), float(np.linalg.eigvalsh(array)[0])
    if not abs(trace - 1) < STATE_TOLERANCE or lowest < -STATE_TOLERANCE:
        raise InvalidValueError(
            f"fidelity got a matrix of trace {trace:.6g} with the eigenvalue {lowest:.6g}; give a density matrix, of "
            "trace 1 and without negative eigenvalues"
        )


def _chosen(qubits: Sequence[int] | None, state: State, what: str) -> tuple[int, ...]:
    return check_qubits(range(state.num_qubits) if qubits is None else qubits, state.num_qubits, what)


def check_base(base: Any) -> None:
    """Refuse a base of the logarithm that is no number above 1."""
    if base is not None and not (isinstance(base, int | float | np.integer | np.floating) and base > 1):
        raise InvalidValueError(f"the base of the logarithm is {base!r}; give a number above 1")
