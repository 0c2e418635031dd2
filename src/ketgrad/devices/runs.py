"""Runs of a circuit on a device: what they measure, as an operation of the circuit's numbers with a gradient by a rule.

The way through: what is asked for becomes readings; numbers and readings go to the device as one job, from inside an
operation of the framework over NumPy arrays; the bits that come back are estimated from as those of simulated shots
are. The gradient is that of the method's moves, one job for all of them, or one that the device itself has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ketgrad.devices import readings as read
from ketgrad.devices.jobs import Differentiating, Sampling, seed_numbers
from ketgrad.devices.target import Target
from ketgrad.differentiate.methods import SPSA, DeviceGradient, MethodByRule
from ketgrad.differentiate.moves import further_keys, operation_by_moves
from ketgrad.observables.matrix import Hermitian, Observable
from ketgrad.precision import REAL_TYPE, Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate.bases import group_words
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.memory import check_shot_memory
from ketgrad.simulate.program import Program
from ketgrad.simulate.shots import NO_DERIVATIVE, ClassicalBits, Request, Shots, check_drawing
from ketgrad.simulate.states import DeviceState

BYTES_AT_ONCE = 1 << 28
"""What the outcomes of one job take."""

NO_SECOND_DERIVATIVE = (
    'the device\'s own gradient has no derivative in turn; give gradient="parameter-shift", which has one'
)


@dataclass(frozen=True)
class DeviceRuns:
    """Runs of a circuit on a device at given numbers, and at those where a method looks."""

    backend: ArrayBackend
    target: Target
    program: Program
    precision: Precision
    numbers: Array
    """Shape (batch, numbers)."""
    key: Any
    shots: int
    method: MethodByRule | DeviceGradient | None = None
    observables: Callable[[], Sequence[Observable | None]] = tuple
    """For the device's own gradient: those whose expectation values are asked for, in order."""

    def run(self) -> Run:
        """Return a run without a gradient."""
        return self._run(self.numbers)

    def ask(self, query: Callable[[Run, Any], Array]) -> Array:
        """Return query(run, key), real and of shape (batch, m), with the method's gradient by the numbers."""

        def function(key: Any, numbers: Array) -> Array:
            return query(self._run(numbers), key)

        assert self.method is not None
        if isinstance(self.method, DeviceGradient):
            operation = self.backend.custom_gradient(partial(function, self.key), self._pullback)
        else:
            if isinstance(self.method, SPSA):
                check_drawing(self.backend, self.key, self.numbers)
            rule = self.method.rule(self.program, self.precision, has_shots=True)
            operation = operation_by_moves(self.backend, function, rule, self.key, self._at_once)
        return operation(self.numbers)

    def _pullback(self, inputs: Sequence[Array], cotangent: Array) -> list[Array]:
        backend, (numbers,) = self.backend, inputs
        job = Differentiating(self.target, tuple(self.observables()), self.shots)
        operation = self.target.operation(backend, job, job.output, NO_SECOND_DERIVATIVE)
        key, _ = further_keys(backend, self.key)
        derivatives = operation(numbers, seed_numbers(backend, key, numbers))
        return [backend.einsum("zmn,zm->zn", derivatives, cotangent)]

    @property
    def _at_once(self) -> int:
        """How many numbers go into one job."""
        return max(1, BYTES_AT_ONCE // (self.shots * self.target.num_qubits * 8))

    def _run(self, numbers: Array) -> Run:
        return Run(DeviceState(self.backend, self.target.num_qubits, partial(self._measure, numbers)), {}, {})

    def _measure(self, numbers: Array, requests: Sequence[Request], shots: int, key: Any) -> Shots:
        """Measure everything that is requested, each setting `shots` times."""
        settings = [setting for setting, _ in group_words([item for item in requests if isinstance(item, tuple)])]
        matrices = [item for item in requests if isinstance(item, Hermitian)]
        groups = list(dict.fromkeys(item.group for item in requests if isinstance(item, ClassicalBits)))
        spectra = [read.of_matrix(observable) for observable in matrices]
        found = self._bits(
            numbers,
            [
                *map(read.of_word, settings),
                *(reading for _, reading in spectra),
                *(read.of_bits(self.target.instructions, group) for group in groups),
            ],
            shots,
            key,
        )
        backend, kind, place = self.backend, REAL_TYPE[self.precision], self.backend.device(numbers)
        eigenvalues = [backend.asarray(values, dtype=kind, device=place) for values, _ in spectra]
        zeros = backend.zeros((numbers.shape[0], shots), dtype=kind, device=place)
        bits = iter(found)
        return Shots(
            backend,
            shots,
            zeros,
            tuple((setting, next(bits)) for setting in settings),
            tuple((observable, values, next(bits)) for observable, values in zip(matrices, eigenvalues, strict=True)),
            tuple((group, next(bits)) for group in groups),
        )

    def _bits(self, numbers: Array, readings: Sequence[read.Reading], shots: int, key: Any) -> list[Array]:
        """Return the bits of each reading, of shape (batch, shots, k)."""
        if not readings:
            return []
        backend, ends = self.backend, np.cumsum([0, *(reading.size for reading in readings)])
        check_drawing(backend, key, numbers)
        check_shot_memory(numbers.shape[0] * shots, int(ends[-1]))
        job = Sampling(self.target, tuple(readings), shots)
        operation = self.target.operation(backend, job, job.output, NO_DERIVATIVE)
        together = operation(numbers, seed_numbers(backend, key, numbers))
        return [backend.take(together, np.arange(*pair), axis=2) for pair in pairwise(ends)]
