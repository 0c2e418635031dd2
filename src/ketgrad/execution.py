"""Running a circuit and computing what is asked of it: exactly, from shots, or as a mean over trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from ketgrad.circuit.instructions import Instruction
from ketgrad.compatibility import check_trajectories
from ketgrad.devices.device import Device
from ketgrad.devices.runs import DeviceRuns
from ketgrad.devices.target import Target
from ketgrad.differentiate.methods import (
    SPSA,
    Adjoint,
    Backprop,
    DeviceGradient,
    Method,
    MethodByRule,
    ParameterShift,
    has_shift_rule,
)
from ketgrad.engine import Engine, get_engine
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.lazy import lazy
from ketgrad.measurements import Estimate, Measurement, counts, expval, probs, sample, var
from ketgrad.observables.matrix import Hermitian, Observable
from ketgrad.observables.pauli import PauliSum
from ketgrad.precision import Precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.simulate import evolve, results, shots, trajectories
from ketgrad.simulate.availability import engine_for
from ketgrad.simulate.evolve import Run
from ketgrad.simulate.footprint import footprint, traced_footprint
from ketgrad.simulate.memory import check_memory
from ketgrad.simulate.program import Group, Program, lower
from ketgrad.simulate.recipe import Recipe
from ketgrad.simulate.ruled import RuledRuns, ruled_runs, side_by_side
from ketgrad.simulate.scalars import Values, in_batch


class Inputs(NamedTuple):
    """What a circuit is run with."""

    backend: ArrayBackend
    precision: Precision
    values: Values
    batch: int
    key: Any
    initial: Array | None

    def numbers(self, program: Program) -> Array | None:
        """Return all numbers of a program, of shape (numbers,) or (batch, numbers)."""
        device = None if self.values else program.recipe.device(self.backend, self.initial)
        return program.recipe.numbers.bind(self.backend, self.values, self.precision, device)


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
    gradient: Method | None = None
    """None for the best one: the engine's for exact results, the parameter-shift rule for those from shots."""
    device: Device | None = None
    """What runs the circuit in place of an engine."""

    @property
    def needs_seed(self) -> bool:
        """Whether chance plays a part."""
        return self.shots is not None or self.trajectories is not None or isinstance(self.gradient, SPSA)

    @lazy
    def groups(self) -> tuple[Group, ...]:
        """All groups of classical bits that are asked for."""
        return tuple(dict.fromkeys(group for item in self.measurements for group in item.groups))

    @lazy
    def program(self) -> Program:
        """The circuit without measurements in its middle."""
        needs_kernels = self.engine == "compiled" or isinstance(self.gradient, Adjoint)
        return lower(self.instructions, self.num_qubits, self.groups, prefers_pure=needs_kernels)

    @lazy
    def unlowered(self) -> Program:
        """The circuit as it is, for trajectories and devices."""
        return Program(self.instructions, self.num_qubits, self.num_qubits, is_mixed=False)

    @lazy
    def target(self) -> Target:
        """The circuit for the device."""
        assert self.device is not None
        return Target(self.device, self.instructions, self.num_qubits)

    @property
    def recipe(self) -> Recipe:
        """How what runs is made of the numbers."""
        return (self.program if self.device is None else self.unlowered).recipe

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
        if self.device is not None:
            return  # it has a memory of its own
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
        running = engine_for(backend, self.program, self.chosen_engine, arrays)
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
        inputs = Inputs(backend, precision, values, batch, key, initial)
        if self.trajectories is not None:
            return self._from_trajectories_alone(inputs)
        if self.shots is not None:
            return self._from_shots_alone(inputs, self.shots)
        rule = self.rule
        run = self._run(inputs) if rule is None else self._ruled(inputs, rule).run()
        results.foresee(run, self._sums)
        return [item.evaluate(run) for item in self.measurements]

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
        inputs = Inputs(backend, precision, values, batch, key, initial)
        for item in self.measurements:
            if not isinstance(item, expval | var | probs):
                raise UnsupportedError(f"{type(item).__name__} has no standard error; estimate expval, var and probs")
        if 1 in (self.shots, self.trajectories):
            raise InvalidValueError("a standard error takes at least 2 shots or trajectories, got 1; give more")
        if self.shots is not None:
            run = self._run(inputs)
            measured = _measured(run, self.measurements, self.shots, key)
            return [item.from_shots(run, measured) for item in self.measurements]
        if self.trajectories is None:
            raise UnsupportedError("exact results have no standard error; give shots or trajectories, or call it")
        single, mean, _ = self._trajectories(inputs)
        return [self._from_trajectories(item, single, mean) for item in self.measurements]

    @property
    def rule(self) -> MethodByRule | DeviceGradient | None:
        """The method by whose rule results are differentiated, None where an engine does it."""
        if isinstance(self.gradient, MethodByRule | DeviceGradient):
            return self.gradient
        has_best = self.gradient is None and self.shots is not None and has_shift_rule(self.recipe)
        return ParameterShift() if has_best else None

    @property
    def chosen_engine(self) -> Engine:
        """The engine that the gradient method takes, or the one given, or the one in force."""
        if isinstance(self.gradient, Backprop):
            return "traced"
        return "compiled" if isinstance(self.gradient, Adjoint) else self.engine or get_engine()

    def _run(self, inputs: Inputs) -> Run:
        if self.device is not None:
            return self._on_device(inputs, None).run()
        backend, precision, _, batch, _, initial = inputs
        numbers, sums_alone = inputs.numbers(self.program), self.asks_sums_alone
        return evolve.run(
            backend, self.program, precision, numbers, batch, initial, self.chosen_engine, sums_alone=sums_alone
        )

    def _on_device(self, inputs: Inputs, rule: MethodByRule | DeviceGradient | None) -> DeviceRuns:
        backend, precision, _, batch, key, initial = inputs
        if initial is not None:
            raise UnsupportedError("a device begins in |0…0⟩; leave initial_state out, or use the circuit's prepare")
        assert self.shots is not None
        numbers = in_batch(backend, inputs.numbers(self.unlowered), precision, batch)
        return DeviceRuns(
            backend, self.target, self.unlowered, precision, numbers, key, self.shots, rule, self._mean_observables
        )

    def _mean_observables(self) -> list[Observable | None]:
        items = [item for item in self.measurements if item.mean_sizes(self.num_qubits)]
        return [observable for item in items for observable in item.mean_observables(self.num_qubits)]

    def _ruled(self, inputs: Inputs, rule: MethodByRule | DeviceGradient) -> RuledRuns | DeviceRuns:
        if self.device is not None:
            return self._on_device(inputs, rule)
        assert not isinstance(rule, DeviceGradient)
        backend, precision, _, batch, key, initial = inputs
        numbers = inputs.numbers(self.program)
        observables = [item.observable for item in self.measurements if isinstance(item, expval | var)]
        matrices = [item.matrix for item in observables if isinstance(item, Hermitian) and self.shots is not None]
        return ruled_runs(
            backend,
            self.program,
            precision,
            numbers,
            batch,
            initial,
            self.chosen_engine,
            rule,
            key,
            self.shots,
            matrices,
        )

    def _from_shots_alone(self, inputs: Inputs, count: int) -> list[Any]:
        """Return results from shots; those that follow from means are differentiated by the rule, if there is one."""
        sizes = [item.mean_sizes(self.num_qubits) for item in self.measurements]
        estimated = iter(self._by_rule(inputs, self.rule, count, sizes) if self.rule is not None and any(sizes) else ())
        if self.rule is None or not all(sizes):
            run = self._run(inputs)
            measured = _measured(run, self.measurements, count, inputs.key)
        return [
            next(estimated) if self.rule is not None and own else item.from_shots(run, measured).value
            for item, own in zip(self.measurements, sizes, strict=True)
        ]

    def _by_rule(
        self, inputs: Inputs, rule: MethodByRule | DeviceGradient, count: int, sizes: Sequence[tuple[int, ...]]
    ) -> Iterator[Array]:
        """Yield the results that follow from means of these sizes."""
        backend = inputs.backend
        constant = [_without_graph(backend, item) for item in self.measurements]

        def query(run: Run, key: Any) -> Array:
            measured = _measured(run, constant, count, key)
            means = [item.means(run, measured) for item, own in zip(constant, sizes, strict=True) if own]
            return side_by_side(backend, [part for parts in means for part in parts])

        together = self._ruled(inputs, rule).ask(query)
        ends = np.cumsum([0, *(size for own in sizes for size in own)])
        parts = (backend.take(together, np.arange(*pair), axis=1) for pair in pairwise(ends))
        for item, own in zip(self.measurements, sizes, strict=True):
            if own:
                yield item.from_means(backend, list(islice(parts, len(own))))

    def _from_trajectories_alone(self, inputs: Inputs) -> list[Any]:
        single, mean, key = self._trajectories(inputs)
        sampled = [item for item in self.measurements if isinstance(item, sample | counts)]
        drawn = iter(self._each_once(single, sampled, key) if sampled else ())
        return [
            next(drawn) if isinstance(item, sample | counts) else self._mean_result(item, single, mean)
            for item in self.measurements
        ]

    def _trajectories(self, inputs: Inputs) -> tuple[Run, Run, Any]:
        """Return the single runs, their mean, and a key for what comes after."""
        assert self.trajectories is not None
        check_trajectories(self.engine or get_engine())
        backend, precision, _, batch, key, initial = inputs
        first, second = backend.random_split(key, 2)
        numbers = inputs.numbers(self.unlowered)
        repeated = None if numbers is None else _repeated(backend, numbers, self.trajectories)
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


def _measured(run: Run, items: Sequence[Measurement], count: int, key: Any) -> shots.Shots:
    return shots.measure(run, [request for item in items for request in item.requests(run)], count, key)


def _without_graph(backend: ArrayBackend, item: Measurement) -> Measurement:
    """Return a measurement whose matrix, if it has one, is out of the framework's graph."""
    if not isinstance(item, expval | var) or not isinstance(item.observable, Hermitian):
        return item
    matrix, qubits = item.observable.matrix, item.observable.qubits
    return replace(item, observable=Hermitian(backend.detach(matrix), qubits)) if backend.is_array(matrix) else item


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
