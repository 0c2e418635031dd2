"""Running a circuit and computing what is asked of it: exactly, from shots, or as a mean over trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketgrad.circuit.instructions import Instruction
from ketgrad.engine import Engine, get_engine
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.lazy import lazy
from ketgrad.measurements import Estimate, Measurement, counts, expval, probs, sample, var
from ketgrad.observables.pauli import PauliSum
from ketgrad.precision import Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import evolve, results, shots, trajectories
from ketgrad.simulate.availability import engine_for
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.footprint import footprint, traced_footprint
from ketgrad.simulate.memory import check_memory
from ketgrad.simulate.program import Group, Program, lower
from ketgrad.simulate.scalars import Values


@dataclass(frozen=True)
class Execution:
    """A circuit, what to measure, and how many shots or trajectories to take; neither for exact results."""

    instructions: tuple[Instruction, ...]
    num_qubits: int
    measurements: tuple[Measurement, ...]
    shots: int | None = None
    trajectories: int | None = None
    engine: Engine | None = None
    """None for the one in force when it runs."""

    @property
    def needs_seed(self) -> bool:
        """Whether chance plays a part."""
        return self.shots is not None or self.trajectories is not None

    @lazy
    def groups(self) -> tuple[Group, ...]:
        """All groups of classical bits that are asked for."""
        return tuple(dict.fromkeys(group for item in self.measurements for group in item.groups))

    @lazy
    def program(self) -> Program:
        """The circuit without measurements in its middle."""
        return lower(self.instructions, self.num_qubits, self.groups)

    @lazy
    def unlowered(self) -> Program:
        """The circuit as it is, for trajectories."""
        return Program(self.instructions, self.num_qubits, self.num_qubits, is_mixed=False)

    @lazy
    def _sums(self) -> tuple[PauliSum, ...]:
        """The Pauli sums whose expectation values are asked for, which the qubits of the circuit have."""
        observables = [item.observable for item in self.measurements if isinstance(item, expval)]
        fitting = [item for item in observables if isinstance(item, PauliSum) and item.num_qubits <= self.num_qubits]
        return tuple(fitting)

    @lazy
    def asks_sums_alone(self) -> bool:
        """Whether all that is asked for are exact expectation values and variances of Pauli sums."""
        observables = [item.observable for item in self.measurements if isinstance(item, expval | var)]
        is_all = 0 < len(observables) == len(self.measurements) and self.shots is None
        return is_all and all(isinstance(observable, PauliSum) for observable in observables)

    def check_memory(
        self, backend: ArrayBackend, precision: Precision, batch: int, arrays: Sequence[Array], *, has_initial: bool
    ) -> None:
        """Refuse a run with these arrays for which there is too little memory, before anything is made."""
        if self.trajectories is not None:
            count = batch * self.trajectories
            check_memory(self.unlowered, traced_footprint(self.unlowered, precision, count), precision, count)
        else:
            needed = self.footprint(backend, precision, batch, arrays, has_initial=has_initial)
            check_memory(self.program, needed, precision, batch)

    def footprint(
        self,
        backend: ArrayBackend,
        precision: Precision,
        batch: int,
        arrays: Sequence[Array] = (),
        *,
        has_initial: bool = False,
        with_gradient: bool = False,
    ) -> int:
        """Return the bytes that an exact run with these arrays takes at most."""
        running = engine_for(backend, self.program, self.engine or get_engine(), arrays)
        return footprint(
            self.program,
            running,
            precision,
            batch,
            sums_alone=self.asks_sums_alone and not has_initial,
            with_gradient=with_gradient,
        )

    def results(
        self,
        backend: ArrayBackend,
        precision: Precision,
        values: Values,
        batch: int,
        key: Any = None,
        initial: Array | None = None,
    ) -> list[Any]:
        """Return each result, of shape (batch, ...)."""
        if self.trajectories is None:
            run = self._run(backend, precision, values, batch, initial)
            if self.shots is None:
                results.foresee(run, self._sums)
                return [item.evaluate(run) for item in self.measurements]
            return [estimate.value for estimate in self._from_shots(run, self.measurements, self.shots, key)]
        single, mean, key = self._trajectories(backend, precision, values, batch, key, initial)
        sampled = [item for item in self.measurements if isinstance(item, sample | counts)]
        drawn = iter(self._each_once(single, sampled, key) if sampled else ())
        return [
            next(drawn) if isinstance(item, sample | counts) else self._mean_result(item, single, mean)
            for item in self.measurements
        ]

    def estimates(
        self,
        backend: ArrayBackend,
        precision: Precision,
        values: Values,
        batch: int,
        key: Any,
        initial: Array | None = None,
    ) -> list[Estimate]:
        """Return each result with its standard error."""
        for item in self.measurements:
            if not isinstance(item, expval | var | probs):
                raise UnsupportedError(f"{type(item).__name__} has no standard error; estimate expval, var and probs")
        if 1 in (self.shots, self.trajectories):
            raise InvalidValueError("a standard error takes at least 2 shots or trajectories, got 1; give more")
        if self.shots is not None:
            run = self._run(backend, precision, values, batch, initial)
            return self._from_shots(run, self.measurements, self.shots, key)
        if self.trajectories is None:
            raise UnsupportedError("exact results have no standard error; give shots or trajectories, or call it")
        single, mean, _ = self._trajectories(backend, precision, values, batch, key, initial)
        return [self._from_trajectories(item, single, mean) for item in self.measurements]

    def _run(
        self, backend: ArrayBackend, precision: Precision, values: Values, batch: int, initial: Array | None
    ) -> Run:
        engine, sums_alone = self.engine or get_engine(), self.asks_sums_alone
        return evolve.run(backend, self.program, precision, values, batch, initial, engine, sums_alone=sums_alone)

    def _from_shots(self, run: Run, items: Sequence[Measurement], count: int, key: Any) -> list[Estimate]:
        requests = [request for item in items for request in item.requests(run)]
        measured = shots.measure(run, requests, count, key)
        return [item.from_shots(run, measured) for item in items]

    def _trajectories(
        self,
        backend: ArrayBackend,
        precision: Precision,
        values: Values,
        batch: int,
        key: Any,
        initial: Array | None,
    ) -> tuple[Run, Run, Any]:
        """Return the single runs, their mean, and a key for what comes after."""
        assert self.trajectories is not None
        check_trajectories(self.engine or get_engine())
        first, second = backend.random_split(key, 2)
        repeated = {array: _repeated(backend, value, self.trajectories) for array, value in values.items()}
        starts = None if initial is None else _repeated(backend, initial, self.trajectories)
        count = batch * self.trajectories
        single = trajectories.run(backend, self.unlowered, self.groups, precision, repeated, count, first, starts)
        return single, trajectories.mean(single, self.trajectories), second

    def _each_once(self, single: Run, items: Sequence[Measurement], key: Any) -> list[Any]:
        """Measure every single run once."""
        assert self.trajectories is not None
        requests = [request for item in items for request in item.requests(single)]
        measured = shots.measure(single, requests, 1, key).grouped(self.trajectories)
        return [item.from_shots(single, measured).value for item in items]

    def _mean_result(self, item: Measurement, single: Run, mean: Run) -> Array:
        """Return a result of the mean state; a variance is corrected for the error of ⟨A⟩²."""
        if not isinstance(item, var):
            return item.evaluate(mean)
        if self.trajectories == 1:
            raise InvalidValueError("a variance takes at least 2 trajectories, got 1; give more")
        first = self._by_run(single, results.expectation(single, item.observable))
        return item.evaluate(mean) + _squared_error(single.state.backend, first)

    def _from_trajectories(self, item: Measurement, single: Run, mean: Run) -> Estimate:
        backend, value = single.state.backend, self._mean_result(item, single, mean)
        if isinstance(item, var):
            # To first order the error of ⟨A²⟩ − ⟨A⟩² is that of A² − 2⟨A⟩A.
            centre = backend.reshape(results.expectation(mean, item.observable), (-1, 1))
            first = self._by_run(single, results.expectation(single, item.observable))
            second = self._by_run(single, results.second_moment(single, item.observable))
            return Estimate(value, backend.sqrt(_squared_error(backend, second - 2.0 * centre * first)))
        return Estimate(value, backend.sqrt(_squared_error(backend, self._by_run(single, item.evaluate(single)))))

    def _by_run(self, single: Run, each: Array) -> Array:
        """Return what each single run gave, of shape (batch, trajectories, ...)."""
        assert self.trajectories is not None
        return single.state.backend.reshape(each, (-1, self.trajectories, *tuple(each.shape)[1:]))


def engine_of_gradient(gradient: str, engine: Engine | None) -> Engine | None:
    """Return the engine for a gradient by this method: backprop differentiates the traced one."""
    if gradient != "backprop":
        return engine
    if engine == "compiled":
        raise UnsupportedError(
            'the compiled engine has a backward sweep of its own; give gradient="best", or engine="traced" for backprop'
        )
    return "traced"


def check_trajectories(engine: Engine | None) -> None:
    """Refuse the compiled engine, on which trajectories do not run."""
    if engine == "compiled":
        raise UnsupportedError('trajectories run on the traced engine; give engine="traced", or leave it out')


def _repeated(backend: ArrayBackend, array: Array, times: int) -> Array:
    """Repeat each element of a batch, of shape (batch, size); what has no batch stays."""
    shape = tuple(array.shape)
    if len(shape) == 1:
        return array
    return backend.reshape(backend.stack([array] * times, axis=1), (shape[0] * times, shape[1]))


def _squared_error(backend: ArrayBackend, samples: Array) -> Array:
    """Return the squared standard error of the mean over axis 1."""
    shape = tuple(samples.shape)
    centre = backend.reshape(backend.sum(samples, axis=1) / shape[1], (shape[0], 1, *shape[2:]))
    distance = samples - centre
    return backend.sum(distance * distance, axis=1) / (shape[1] * (shape[1] - 1))
