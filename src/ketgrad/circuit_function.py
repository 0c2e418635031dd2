"""`kg.function`: a circuit with symbols as a function of their values.

The way through: the values of each declared array are broadcast to a common batch; the circuit runs once on the whole
batch; each measurement is computed from the states; results get the batch's axes back in front.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from ketgrad.batching import with_batch_axes
from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.classical_methods import check_has_bits
from ketgrad.circuit.instructions import declarations
from ketgrad.circuit.operations import check_prepares_nothing
from ketgrad.circuit.parameters import Declaration
from ketgrad.circuit_inputs import Input, common_batch, initial_input
from ketgrad.compatibility import check_method, check_trajectories
from ketgrad.devices.device import Device, check_device
from ketgrad.differentiate.methods import Method, method_of
from ketgrad.engine import ENGINES, Engine
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.execution import Execution, Inputs
from ketgrad.interchange.json.functions import FORMAT, read_function, read_measurements, write_function
from ketgrad.measurements import Estimate, Measurement
from ketgrad.precision import REAL_TYPE, get_precision
from ketgrad.protocol import ArrayBackend
from ketgrad.registry import get_backend
from ketgrad.simulate.sampling import check_shots

RESERVED = ("initial_state", "seed")


class CircuitFunction:
    """A circuit and what to measure, as a function of its parameters; made by `ketgrad.function`."""

    FORMAT = FORMAT
    """What `to_dict` calls its record; a subclass has its own."""

    def __init__(self, circuit: Circuit, execution: Execution, seed: Any = None) -> None:
        self.num_qubits = circuit.num_qubits
        self.parameters = declared_arrays(circuit)
        self.execution = execution
        self.seed = seed

    def __call__(self, *values: Any, initial_state: Any = None, seed: Any = None, **named: Any) -> Any:
        """Return one result, or a tuple of several, each with the batch's axes in front.

        Parameters
        ----------
        values, named
            One array for each declared array, in the order of the circuit's first use of them, or by name.
        initial_state
            Amplitudes of shape (..., 2^n) to begin with in place of |0…0⟩; always divided by their norm.
        seed
            For shots and trajectories, in place of the function's own: an integer, or on JAX a key.
        """
        return self._run(self.execution.results, values, named, initial_state, seed, with_batch_axes)

    def estimate(self, *values: Any, initial_state: Any = None, seed: Any = None, **named: Any) -> Any:
        """Return for each result an `Estimate`: its value, from shots or trajectories, and its standard error.

        Raises
        ------
        UnsupportedError
            If the function is exact, or a result is none of `expval`, `var` and `probs`.

        Examples
        --------
        >>> import ketgrad as kg
        >>> f = kg.function(kg.Circuit(1).h(0), kg.expval(kg.X(0)), shots=100, seed=7)
        >>> [float(number) for number in f.estimate()]
        [1.0, 0.0]
        """

        def with_batch(backend: ArrayBackend, estimate: Estimate, batch: tuple[int, ...]) -> Estimate:
            return Estimate(*(with_batch_axes(backend, part, batch) for part in estimate))

        return self._run(self.execution.estimates, values, named, initial_state, seed, with_batch)

    def with_method(self, method: Method | None) -> CircuitFunction:
        """Return the same function with another gradient method; None for the best one."""
        execution = self.execution
        check_method(method, execution.engine, execution.shots, execution.trajectories, execution.device)
        changed = copy(self)
        changed.execution = replace(execution, gradient=method)
        return changed

    def with_shots(self, shots: int | None) -> CircuitFunction:
        """Return the same function with another number of shots; None for exact results.

        Raises
        ------
        UnsupportedError
            If the function's trajectories, device or gradient method do not go with that number.

        Examples
        --------
        >>> import ketgrad as kg
        >>> f = kg.function(kg.Circuit(1).h(0), kg.expval(kg.Z(0)), shots=4, seed=1)
        >>> round(float(f.with_shots(None)()), 12), round(float(f.with_shots(2).estimate()[1]), 12) in (0.0, 1.0)
        (0.0, True)
        """
        changed = self._as(Circuit(self.num_qubits).add(self.execution.instructions), shots)
        if not changed.execution.needs_seed:
            changed.seed = None
        return changed

    def measuring(self, *measurements: Measurement) -> CircuitFunction:
        """Return a function of the same circuit that measures something else."""
        changed = copy(self)
        changed.execution = replace(self.execution, measurements=measurements)
        return changed

    def exactly(self, *measurements: Measurement) -> CircuitFunction:
        """Return the exact function of the same circuit that measures something else, by the best gradient method."""
        changed = self.measuring(*measurements)
        changed.execution = replace(changed.execution, shots=None, trajectories=None, gradient=None)
        changed.seed = None
        return changed

    def followed_by(self, circuit: Circuit) -> CircuitFunction:
        """Return a function of this circuit with another one behind it, which measures the same.

        It takes the parameters of this function first, then those that the other circuit adds.

        Examples
        --------
        >>> import ketgrad as kg
        >>> f = kg.function(kg.Circuit(1).x(0), kg.expval(kg.Z(0)))
        >>> float(f()), float(f.followed_by(kg.Circuit(1).x(0))())
        (-1.0, 1.0)
        """
        own = self.execution
        return self._as(Circuit(self.num_qubits).add(own.instructions).compose(circuit), own.shots)

    def _as(self, circuit: Circuit, shots: int | None) -> CircuitFunction:
        """Return a function of another circuit and number of shots, all checked again."""
        own, changed = self.execution, copy(self)
        changed.parameters = declared_arrays(circuit)
        changed.execution = execution_of(
            circuit, own.measurements, shots, own.trajectories, own.engine, own.gradient, own.device
        )
        return changed

    def to_dict(self) -> dict[str, Any]:
        """Return the function as dictionaries, lists, strings and finite numbers, which JSON holds without loss.

        Raises
        ------
        UnsupportedError
            For a device, for measurements that are not ketgrad's own, for a seed that is no integer, and for a traced
            value in a gate.
        InvalidTypeError, InvalidValueError
            For an array of another backend than the one in force.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.function(kg.Circuit(1).h(0), kg.probs([0])).to_dict()["measurements"]
        [{'type': 'probs', 'qubits': [0]}]
        """
        written = write_function(self)
        self.from_dict(written)
        return written

    @classmethod
    def from_dict(cls, data: Any) -> CircuitFunction:
        """Make a function from what `to_dict` returned, which may come from anybody: nothing in it is run.

        Raises
        ------
        InvalidTypeError, InvalidValueError, UnsupportedError
            For what is no such dictionary, and for what a circuit or a function refuses.

        Examples
        --------
        >>> import ketgrad as kg
        >>> theta = kg.parameters("theta", (2,))
        >>> written = kg.function(kg.Circuit(1).rx(theta[0] - theta[1], 0), kg.expval(kg.Z(0))).to_dict()
        >>> kg.CircuitFunction.from_dict(written)([1.0, 1.0]).tolist()
        1.0
        """
        for kind in cls.__subclasses__():
            if isinstance(data, dict) and data.get("format") == kind.FORMAT:
                return kind.from_dict(data)
        record, options = read_function(data)
        circuit = Circuit.from_dict(record)
        return function(circuit, *read_measurements(data, circuit.num_qubits), **options)

    def __repr__(self) -> str:
        names = ", ".join(f"{array.name}{list(array.shape)}" for array in self.parameters)
        return f"function({names}) of {self.num_qubits} qubits"

    def _run(
        self,
        compute: Callable[..., list[Any]],
        values: tuple[Any, ...],
        named: dict[str, Any],
        initial_state: Any,
        seed: Any,
        with_batch: Callable[..., Any],
    ) -> Any:
        key = self._key(get_backend(), seed)
        inputs, batch = self.prepared(values, named, initial_state, key)
        results = tuple(with_batch(inputs.backend, item, batch) for item in compute(*inputs))
        return results if len(results) > 1 else results[0]

    def prepared(
        self, values: tuple[Any, ...], named: dict[str, Any], initial_state: Any = None, key: Any = None
    ) -> tuple[Inputs, tuple[int, ...]]:
        """Return what the circuit is run with, checked, and the axes of the batch."""
        backend, precision = get_backend(), get_precision()
        given = self._given(values, named)
        device = self.execution.recipe.device(backend, *given.values(), initial_state)
        inputs = [Input.of(backend, given[array.name], array.name, array.shape, device) for array in self.parameters]
        starts = [] if initial_state is None else [initial_input(backend, initial_state, self.num_qubits, device)]
        if starts:
            check_prepares_nothing(self.execution.instructions)
        batch = common_batch([item.batch for item in (*inputs, *starts)])
        if batch:  # before anything is spread over it; the run itself checks again
            arrays = [item.array for item in (*inputs, *starts)]
            self.execution.check_memory(backend, precision, math.prod(batch), arrays, has_initial=bool(starts))
        flat = {
            array: item.flat(backend, batch, REAL_TYPE[precision])
            for array, item in zip(self.parameters, inputs, strict=True)
        }
        initial = starts[0].flat(backend, batch) if starts else None
        return Inputs(backend, precision, flat, math.prod(batch), key, initial), batch

    def _key(self, backend: ArrayBackend, seed: Any) -> Any:
        chosen = self.seed if seed is None else seed
        if not self.execution.needs_seed:
            if chosen is not None:
                raise InvalidValueError("the function is exact and takes no seed; give shots or trajectories as well")
            return None
        return backend.random_key(chosen)

    def _given(self, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        names = [array.name for array in self.parameters]
        given = dict(zip(names, values, strict=False))
        doubled, unknown = set(given) & set(named), set(named) - set(names)
        given.update(named)
        if len(values) > len(names) or doubled or unknown or set(given) != set(names):
            wanted = ", ".join(f"{array.name} of shape {array.shape}" for array in self.parameters) or "none"
            got = f"{len(values)} by position" + (f" and {', '.join(sorted(named))} by name" if named else "")
            raise InvalidTypeError(f"the function takes the parameters {wanted}; got {got}")
        return given


def function(
    circuit: Circuit,
    *measurements: Measurement,
    gradient: str | Method = "best",
    engine: Engine | None = None,
    shots: int | None = None,
    trajectories: int | None = None,
    seed: Any = None,
    device: Device | None = None,
) -> CircuitFunction:
    """Make a function of a circuit's symbols.

    Parameters
    ----------
    circuit
        A circuit whose gates hold elements of arrays declared by `kg.parameters`.
    measurements
        What to compute: `kg.expval`, `kg.var`, `kg.probs`, `kg.state`, `kg.density_matrix`, `kg.entropy`,
        `kg.mutual_info`, `kg.purity`, `kg.fidelity`; with shots or trajectories `kg.sample` and `kg.counts` too.
    gradient
        How the function is differentiated: "backprop" by the framework, through the simulation, to any order; "adjoint"
        by the backward sweep of the compiled engine; "parameter-shift" and "hadamard", exactly, from other values;
        "finite-diff" and "spsa" from differences; or a method with options, such as
        `kg.gradients.FiniteDifference(step=0.01)`. With shots the last three work from shots. "best" takes what the
        engine has, and with shots parameter-shift, where all gates have a shift rule.
    engine
        "compiled": kernels on the processor, which differentiate once; "traced": the one written against the protocol;
        "auto": the compiled one where it runs, and the traced one for noise, other devices and further derivatives.
        Left out, the one that `kg.set_engine` or `kg.use_engine` has put in force when the function is called; "auto"
        if none has.
    shots
        How often each setting is measured; left out, results are exact. Pauli words that agree qubit by qubit on their
        bases share a setting. `estimate` gives standard errors.
    trajectories
        How many single runs, with chance at each measurement and channel, stand for the density matrix; each sample
        takes one. Not together with shots.
    seed
        An integer for the same numbers at every call and on every backend; None for new ones each time. For shots,
        trajectories and "spsa".
    device
        What runs the circuit in place of ketgrad, with shots: a `kg.Device`, such as `kg.devices.AerDevice()`. Its
        results are differentiated by parameter-shift, or by another of the methods for shots; "device" takes the
        gradient that the device itself has, where it has one.

    Returns
    -------
    CircuitFunction
        Takes one array for each declared array, in the order in which the circuit uses them first, or by name. Leading
        axes beyond the declared shape are a batch; those of several arrays broadcast. Returns one result, or a tuple,
        each with the batch's axes in front.

    Raises
    ------
    UnsupportedError
        For another gradient method or engine, for shots together with trajectories, and for a device without shots.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(1).rx(theta[0], 0).rx(theta[1] / 2, 0), kg.expval(kg.Z(0)))
    >>> energy([0.0, 0.0]).tolist()
    1.0
    >>> energy([[0.0, 0.0], [3.141592653589793, 0.0]]).round(12).tolist()
    [1.0, -1.0]
    """
    if not isinstance(circuit, Circuit):
        raise InvalidTypeError(f"function takes a circuit first, got a {type(circuit).__name__}")
    if not measurements:
        raise InvalidValueError("function got nothing to measure; give at least one measurement, such as kg.expval(H)")
    for measurement in measurements:
        if not isinstance(measurement, Measurement):
            raise InvalidTypeError(f"got {measurement!r} to measure; give a measurement, such as kg.expval(kg.Z(0))")
    method = method_of(gradient)
    if engine is not None:
        _check_choice("engine", engine, ENGINES)
    execution = execution_of(circuit, measurements, shots, trajectories, engine, method, device)
    if seed is not None:
        if not execution.needs_seed:
            raise InvalidValueError("an exact function takes no seed; give shots or trajectories as well")
        get_backend().random_key(seed)  # so that a wrong seed is told here, not at the first call
    return CircuitFunction(circuit, execution, seed)


def execution_of(
    circuit: Circuit,
    measurements: Sequence[Measurement],
    shots: int | None,
    trajectories: int | None,
    engine: Engine | None,
    method: Method | None = None,
    device: Device | None = None,
) -> Execution:
    """Check numbers of shots and trajectories, the gradient method, and the classical bits that are asked for."""
    if device is not None:
        check_device(device, circuit.operations, engine, shots, trajectories)
    check_method(method, engine, shots, trajectories, device)
    if shots is not None and trajectories is not None:
        raise UnsupportedError(
            "shots and trajectories were given; give trajectories alone, each of which is measured once by kg.sample "
            "and kg.counts, or shots alone"
        )
    if trajectories is not None:
        check_trajectories(engine)
    counted = None if shots is None else check_shots(shots)
    runs = None if trajectories is None else check_shots(trajectories, "the number of trajectories")
    execution = Execution(
        circuit.operations, circuit.num_qubits, tuple(measurements), counted, runs, engine, method, device
    )
    for group in execution.groups:
        check_has_bits(circuit.num_bits, group, "a measurement")
    return execution


def declared_arrays(circuit: Circuit) -> tuple[Declaration, ...]:
    """Return the arrays that a circuit's symbols belong to, in the order of their first use."""
    found = declarations(circuit.operations)
    for name in RESERVED:
        if name in found:
            raise InvalidValueError(f"parameters are named {name!r}, which is an option of functions; rename them")
    return tuple(found.values())


def _check_choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnsupportedError(f"{option} {value!r} is not there; give one of {', '.join(known)}")
