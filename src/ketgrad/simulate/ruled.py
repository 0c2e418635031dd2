"""Runs whose results are differentiated by a rule for the numbers in the gates, not through the simulation.

The way through: the circuit's numbers are one array, with an entry for each occurrence of a gate; whatever a
measurement asks of the state is an operation of that array, which runs the circuit and looks; its gradient comes from
runs at other numbers, as the rule has it. All that is asked is linear in the density matrix, as a shift rule needs it;
variances, entropies and purities are computed from it by the framework, which differentiates them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ketgrad.circuit.gates import FIXED
from ketgrad.differentiate.hadamard import extended
from ketgrad.differentiate.methods import Hadamard, MethodByRule
from ketgrad.differentiate.moves import Rule, joined, operation_by_moves, refused
from ketgrad.engine import Engine
from ketgrad.errors import GradientError, UnsupportedError
from ketgrad.observables.pauli import PauliSum, Terms
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPE, COMPLEX_TYPES, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import evolve, results
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.matrices import confusion_matrices
from ketgrad.simulate.program import Group, Program
from ketgrad.simulate.scalars import as_rows, in_batch
from ketgrad.simulate.states import DensityMatrix, RuledState, State

BYTES_AT_ONCE = 1 << 28
"""What the states of runs at other numbers take together."""


@dataclass(frozen=True)
class RuledRuns:
    """Runs of a program at given numbers, and at those where a method's rule looks."""

    backend: ArrayBackend
    program: Program
    precision: Precision
    numbers: Array
    """Shape (batch, numbers)."""
    initial: Array | None
    engine: Engine
    method: MethodByRule
    rule: Rule
    key: Any
    shots: int | None = None
    beside: Program | None = None
    """For the Hadamard test with an auxiliary qubit: the program with that qubit, where the rule looks."""

    def ask(self, query: Callable[[Run, Any], Array]) -> Array:
        """Return query(run, key), real and of shape (batch, m), with the rule's gradient by the numbers."""

        def run_at(program: Program, numbers: Array, initial: tuple[Array, ...]) -> Run:
            start, count = initial[0] if initial else None, int(numbers.shape[0])
            run = evolve.run(self.backend, program, self.precision, numbers, count, start, self.engine)
            return run if self.beside is None else replace(run, bits=_BitsUnseen())

        def function(key: Any, numbers: Array, *initial: Array) -> Array:
            return query(run_at(self.program, numbers, initial), key)

        def with_auxiliary(key: Any, numbers: Array, *initial: Array) -> Array:
            assert self.beside is not None
            run = run_at(self.beside, numbers, initial)
            if self.shots is not None:
                return query(replace(run, auxiliary=run.state.num_wires - 1), key)
            found = [sign * query(replace(run, state=state), key) for sign, state in signed_parts(run.state)]
            return found[0] if len(found) == 1 else found[0] + found[1]

        elsewhere = None if self.beside is None else with_auxiliary
        operation = operation_by_moves(self.backend, function, self.rule, self.key, self._at_once, elsewhere)
        return operation(self.numbers, *(() if self.initial is None else (self.initial,)))

    def ask_exactly(self, query: Callable[[Run], Array], shape: tuple[int, ...], *, is_complex: bool) -> Array:
        """Return query(run), of shape (batch, *shape), with the rule's gradient by the numbers."""
        backend, complex_type = self.backend, COMPLEX_TYPE[self.precision]
        flat = self.ask(lambda run, key: _as_real(backend, query(run)))
        if not is_complex:
            return backend.reshape(flat, (-1, *shape))
        parts = backend.reshape(flat, (-1, 2, *shape))
        real, imaginary = (backend.astype(backend.take(parts, place, axis=1), complex_type) for place in (0, 1))
        return real + 1j * imaginary

    @property
    def _at_once(self) -> int:
        """How many runs are done together."""
        program = self.beside or self.program
        wires = program.num_wires * (2 if program.is_mixed else 1)
        outcomes = (self.shots or 0) * (program.num_qubits + (self.beside is not None)) * 8
        return max(1, BYTES_AT_ONCE // max(64 << wires, outcomes, 64 * int(self.numbers.shape[1])))

    def run(self) -> Run:
        """Return a run of which everything is asked in this way."""
        backend, program = self.backend, self.program

        def for_sums(sums: Sequence[Terms]) -> Array:
            observables = [PauliSum.from_words(terms.items) for terms in sums]

            def query(run: Run) -> Array:
                results.foresee(run, observables)
                return backend.stack([results.pauli_expectation(run, each) for each in observables], axis=1)

            return self.ask_exactly(query, (len(sums),), is_complex=False)

        state = RuledState(
            backend,
            program.num_qubits,
            program.num_wires,
            program.measured,
            not program.is_mixed and program.num_wires == program.num_qubits and not program.measured,
            COMPLEX_TYPE[self.precision],
            backend.device(self.numbers),
            self.ask_exactly,
            for_sums,
            self._amplitudes,
        )
        confusions = confusion_matrices(backend, program.recipe, self.numbers, self.precision)
        return Run(state, confusions, _Bits(self))

    def _amplitudes(self) -> Array:
        if not self.method.takes_amplitudes:
            raise UnsupportedError(
                f"{self.method.name} differentiates what can be measured, which a state vector is not; give "
                'gradient="backprop" or "adjoint", or ask for the density matrix'
            )
        return self.ask_exactly(lambda run: run.state.values, (1 << self.program.num_wires,), is_complex=True)


class _Bits(dict[Group, Array]):
    """The probabilities of groups of classical bits, asked for at the first look."""

    def __init__(self, runs: RuledRuns) -> None:
        super().__init__()
        self.runs = runs

    def __missing__(self, group: Group) -> Array:
        found = self.runs.ask_exactly(lambda run: run.bits[group], (1 << len(group),), is_complex=False)
        self[group] = found
        return found


class _BitsUnseen(dict[Group, Array]):
    """No group of classical bits, with a sentence for whoever asks for one."""

    def __missing__(self, group: Group) -> Array:
        raise UnsupportedError(
            "classical bits are not seen by the Hadamard test with an auxiliary qubit, behind which they would have to "
            'be read again; give gradient="hadamard"'
        )


def ruled_runs(
    backend: ArrayBackend,
    program: Program,
    precision: Precision,
    numbers: Array | None,
    batch: int,
    initial: Array | None,
    engine: Engine,
    method: MethodByRule,
    key: Any,
    shots: int | None = None,
    matrices: Sequence[Array] = (),
) -> RuledRuns:
    """Return runs by a rule, whose gradient by anything but the numbers raises.

    `matrices` are the backend's arrays in observables that are read where the framework can't follow.
    """

    def refuse() -> Exception:
        return GradientError(
            f"{method.name} gives gradients by the parameters of gates, not by an initial state, amplitudes or a "
            'matrix; give gradient="backprop" or "adjoint", without shots'
        )

    held = [value for value in (*program.recipe.matrices, *matrices) if _has_graph(backend, value)]
    guards = [refused(backend, value, refuse) for value in held]
    if guards:
        # The operation sees them only in its closure, through which no framework is to differentiate.
        program = program.with_arrays(lambda value: backend.detach(value) if _has_graph(backend, value) else value)
    device = program.recipe.device(backend, initial)
    spread = joined(backend, in_batch(backend, numbers, precision, batch, device), guards)
    start = None if initial is None else refused(backend, as_rows(backend, initial, batch), refuse)
    rule, beside = method.rule(program, precision, has_shots=shots is not None), None
    if isinstance(method, Hadamard):
        further = extended(program, has_auxiliary=method.auxiliary)
        if method.auxiliary:
            beside = further.program
        else:
            places = constants_like(backend, further.placing, spread)
            program, spread = further.program, backend.einsum("zm,mn->zn", spread, places)
    return RuledRuns(backend, program, precision, spread, start, engine, method, rule, key, shots, beside)


def signed_parts(state: State) -> list[tuple[float, State]]:
    """Return the states of all wires but the last, with signs, whose sum is tr(Xρ) over that wire."""
    backend = state.backend
    if isinstance(state, DensityMatrix):
        size = 1 << (state.num_wires - 1)
        split = backend.reshape(state.values, (-1, size, 2, size, 2))
        crossed = [backend.take(backend.take(split, row, axis=2), 1 - row, axis=3) for row in (0, 1)]
        values = backend.reshape(crossed[0] + crossed[1], (-1, size * size))
        return [(1.0, replace(state, values=values, num_wires=state.num_wires - 1))]
    turn = backend.asarray(FIXED["h"], dtype=state.dtype, device=state.device)
    turned: Any = state.apply(turn, (state.num_wires - 1,))
    halves = backend.reshape(turned.values, (state.values.shape[0], -1, 2))
    parts = [replace(turned, values=backend.take(halves, bit, axis=2), num_wires=state.num_wires - 1) for bit in (0, 1)]
    return [(1.0, parts[0]), (-1.0, parts[1])]


def _has_graph(backend: ArrayBackend, value: Any) -> bool:
    return not isinstance(value, np.ndarray) and backend.is_array(value)


def side_by_side(backend: ArrayBackend, parts: Sequence[Array]) -> Array:
    """Join arrays of shape (batch, m) along their last axis."""
    if len(parts) == 1:
        return parts[0]
    columns = [backend.take(part, place, axis=1) for part in parts for place in range(int(part.shape[1]))]
    return backend.stack(columns, axis=1)


def _as_real(backend: ArrayBackend, found: Array) -> Array:
    """Return an array of shape (batch, ...) as real numbers of shape (batch, m), real parts first."""
    if backend.dtype(found) in COMPLEX_TYPES:
        found = backend.stack([backend.real(found), backend.imag(found)], axis=1)
    return backend.reshape(found, (found.shape[0], -1))
