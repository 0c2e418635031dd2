"""Single runs of a noisy circuit: state vectors to which chance happens, at measurements and in channels.

The mean over many is the density matrix; each needs a state vector alone. What chance takes is decided on the host. For
mixtures of unitary matrices it depends on no state, so that gates differentiate through such channels; through others,
and through measurements, a derivative raises, for the mean's derivative is not the mean of the runs' derivatives.

Reference: J. Dalibard, Y. Castin and K. Mølmer, Phys. Rev. Lett. 68, 580 (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ketgrad.circuit.checks import Controls
from ketgrad.circuit.instructions import Measure, PostSelect
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.placement import constants_like
from ketgrad.precision import Precision
from ketgrad.protocol import Array, ArrayBackend, ArraySpec
from ketgrad.simulate import readout, tensor
from ketgrad.simulate.evolve import Run, initial_vectors
from ketgrad.simulate.footprint import traced_footprint
from ketgrad.simulate.host import on_host
from ketgrad.simulate.matrices import Choice, Confusion, Event, Loading, Step, circuit_events
from ketgrad.simulate.memory import check_memory
from ketgrad.simulate.program import Group, Program
from ketgrad.simulate.shots import NO_DERIVATIVE, check_drawing
from ketgrad.simulate.states import Ensemble, StateVector


def run(
    backend: ArrayBackend,
    program: Program,
    groups: Sequence[Group],
    precision: Precision,
    numbers: Array | None,
    count: int,
    key: Any,
    initial: Array | None = None,
) -> Run:
    """Run a circuit, measurements and all, `count` times, each time with other choices of what happens by chance."""
    num_qubits = program.num_qubits
    check_memory(program, traced_footprint(program, precision, count), precision, count)
    device = program.recipe.device(backend, initial, numbers)
    events = circuit_events(backend, program.recipe, numbers, precision, device, by_choice=True)
    keys = iter(backend.random_split(key, 1 + 2 * len(program.recipe.parts)))
    vectors = initial_vectors(backend, program, precision, count, device, initial)
    runner = _Runner(StateVector(backend, vectors, num_qubits, num_qubits), keys)
    for event in events:
        runner.advance(event)
    return Run(runner.state, runner.confusions, {group: runner.outcomes(group) for group in groups})


def mean(run: Run, trajectories: int) -> Run:
    """Return the mean over groups of this many single runs."""
    backend = run.state.backend
    assert isinstance(run.state, StateVector)

    def grouped(array: Array) -> Array:
        return backend.reshape(array, (-1, trajectories, *tuple(array.shape)[1:]))

    confusions = {
        qubit: backend.take(grouped(matrix), 0, axis=1) if len(tuple(matrix.shape)) == 3 else matrix
        for qubit, matrix in run.confusions.items()
    }
    bits = {group: backend.sum(grouped(each), axis=1) / trajectories for group, each in run.bits.items()}
    return Run(Ensemble(run.state, trajectories), confusions, bits)


@dataclass
class _Runner:
    """The states of all runs, and what was measured in each."""

    state: StateVector
    keys: Any
    confusions: dict[int, Array] = field(default_factory=dict)
    bits: dict[int, Array] = field(default_factory=dict)
    """The outcome of each classical bit in each run, 0.0 or 1.0."""

    def advance(self, event: Event) -> None:
        match event:
            case Step():
                matrix = self._conditioned(event.matrix, event.conditions)
                self.state = self.state.apply(matrix, event.qubits, event.controls)
            case Loading(amplitudes, qubits):
                self.state = self.state.load(amplitudes, qubits)
            case Choice():
                self._choose(event)
            case Measure(qubit, bit):
                self._measure(qubit, bit)
            case Confusion(matrix, qubit):
                self.confusions[qubit] = matrix
            case PostSelect():
                raise UnsupportedError(
                    "post_select is not simulated by trajectories, which would have to be thrown away; leave "
                    "trajectories out"
                )

    def outcomes(self, group: Group) -> Array:
        """Return 1 for each run's outcome of some bits and 0 for the others, of shape (runs, 2^k)."""
        backend = self.state.backend
        result = None
        for bit in group:
            if bit not in self.bits:
                raise InvalidValueError(f"nothing was measured into bit {bit}; measure a qubit into it first")
            both = backend.stack([1.0 - self.bits[bit], self.bits[bit]], axis=1)
            if result is not None:
                both = backend.reshape(backend.einsum("za,zb->zab", result, both), (both.shape[0], -1))
            result = both
        return result

    def _conditioned(self, matrix: Array, conditions: Controls) -> Array:
        """Return the matrix in those runs whose bits have their values, and the identity in the others."""
        if not conditions:
            return matrix
        backend = self.state.backend
        holds = backend.zeros((self._count,), dtype=self._real, device=backend.device(matrix)) + 1.0
        for bit, value in conditions:
            read = self.bits.get(bit, holds * 0.0)
            holds = holds * (read if value else 1.0 - read)
        kind = backend.dtype(matrix)
        one = backend.asarray(np.eye(tuple(matrix.shape)[-1]), dtype=kind, device=backend.device(matrix))
        subscripts = "z,zij->zij" if len(tuple(matrix.shape)) == 3 else "z,ij->zij"
        return one + backend.einsum(subscripts, backend.astype(holds, kind), matrix - one)

    def _choose(self, event: Choice) -> None:
        backend, operators = self.state.backend, event.operators
        batch = "z" if len(tuple(operators.shape)) == 4 else ""
        if event.probabilities is not None:
            chosen = self._pick(event.probabilities)
            matrix = backend.einsum(f"zm,{batch}mij->zij", self._complex(chosen), operators)
            self.state = self.state.apply(matrix, event.qubits)
            return
        effects = backend.einsum(f"{batch}mki,{batch}mkj->{batch}mij", backend.conj(operators), operators)
        reduced = self.state.reduced(event.qubits)
        probabilities = backend.real(backend.einsum(f"zab,{batch}mba->zm", reduced, effects))
        chosen = self._pick(probabilities)
        matrix = backend.einsum(f"zm,{batch}mij->zij", self._complex(chosen), operators)
        self._project(matrix, event.qubits, backend.einsum("zm,zm->z", chosen, probabilities))

    def _measure(self, qubit: int, bit: int) -> None:
        backend = self.state.backend
        probabilities = readout.marginal(self.state, (qubit,))
        chosen = self._pick(probabilities)
        units = constants_like(backend, np.stack([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]), self.state.values)
        matrix = backend.einsum("zm,mij->zij", self._complex(chosen), units)
        self._project(matrix, (qubit,), backend.einsum("zm,zm->z", chosen, probabilities))
        if qubit in self.confusions:
            confusion = self.confusions[qubit]
            batch = "z" if len(tuple(confusion.shape)) == 3 else ""
            chosen = self._pick(backend.einsum(f"{batch}rt,zt->zr", confusion, chosen))
        self.bits[bit] = backend.take(chosen, 1, axis=1)

    def _project(self, matrix: Array, qubits: tuple[int, ...], weights: Array) -> None:
        projected = self.state.apply(matrix, qubits)
        backend = self.state.backend
        values = tensor.scale(backend, projected.values, 1.0 / backend.sqrt(weights))
        self.state = replace(projected, values=values)

    def _pick(self, probabilities: Array) -> Array:
        """Choose one of m in each run: 1 for it, 0 for the others, of shape (runs, m)."""
        backend = self.state.backend
        key = next(self.keys)
        check_drawing(backend, key, probabilities)
        uniform = backend.random_uniform(key, (self._count,), dtype=self._real)
        return on_host(backend, _one_of, _one_of_spec, NO_DERIVATIVE)(probabilities, uniform)

    @property
    def _count(self) -> int:
        return int(self.state.values.shape[0])

    @property
    def _real(self) -> str:
        return readout.real_type_of(self.state)

    def _complex(self, array: Array) -> Array:
        return self.state.backend.astype(array, self.state.backend.dtype(self.state.values))


def _one_of_spec(probabilities: ArraySpec, uniform: ArraySpec) -> ArraySpec:
    return ArraySpec((uniform.shape[0], probabilities.shape[-1]), probabilities.dtype)


def _one_of(probabilities: Any, uniform: Any) -> Any:
    rows = np.broadcast_to(np.maximum(probabilities, 0.0), (len(uniform), probabilities.shape[-1])).astype("float64")
    cumulative = np.cumsum(rows, axis=1)
    chosen = np.sum(cumulative <= uniform[:, None].astype("float64") * cumulative[:, -1:], axis=1)
    # A number just below 1 may be rounded up; then it is the last outcome that can come.
    last = rows.shape[1] - 1 - np.argmax(rows[:, ::-1] > 0, axis=1)
    return np.eye(rows.shape[1])[np.minimum(chosen, last)].astype(probabilities.dtype)
