"""`kg.function`: a circuit with symbols as a function of their values.

The way through: the values of each declared array are broadcast to a common batch; the circuit runs once on the whole
batch; each measurement is computed from the states; results get the batch's axes back in front.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.circuit.circuit import Circuit
from ketgrad.circuit.parameters import Declaration, Expression
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import Measurement
from ketgrad.precision import COMPLEX_TYPES, REAL_TYPE, get_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import get_backend
from ketgrad.simulate import evolve


class CircuitFunction:
    """A circuit and what to measure, as a function of its parameters; made by `ketgrad.function`."""

    def __init__(self, circuit: Circuit, measurements: Sequence[Measurement]) -> None:
        self.operations = circuit.operations
        self.num_qubits = circuit.num_qubits
        self.measurements = tuple(measurements)
        self.parameters = declared_arrays(circuit)

    def __call__(self, *values: Any, **named: Any) -> Any:
        backend, precision = get_backend(), get_precision()
        given = self._given(values, named)
        arrays = [_real_array(backend, given[array.name], array) for array in self.parameters]
        batches = [_batch_of(value, array) for value, array in zip(arrays, self.parameters, strict=True)]
        batch = _common_batch(batches)
        size = math.prod(batch)
        if size == 0:
            raise InvalidValueError(f"the batch axes {batch} hold no element; give at least one")
        flat = {
            array: _flat(backend, backend.astype(value, REAL_TYPE[precision]), array, batch)
            for array, value in zip(self.parameters, arrays, strict=True)
        }
        states = evolve.run(backend, self.operations, self.num_qubits, precision, flat, size)
        results = tuple(_with_batch(backend, item.evaluate(states), batch) for item in self.measurements)
        return results if len(results) > 1 else results[0]

    def __repr__(self) -> str:
        names = ", ".join(f"{array.name}{list(array.shape)}" for array in self.parameters)
        return f"function({names}) of {self.num_qubits} qubits"

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
    gradient: str = "best",
    engine: str = "auto",
    shots: int | None = None,
    seed: int | None = None,
) -> CircuitFunction:
    """Make a function of a circuit's symbols.

    Parameters
    ----------
    circuit
        A circuit whose gates hold elements of arrays declared by `kg.parameters`.
    measurements
        What to compute: `kg.expval`, `kg.var`, `kg.probs`, `kg.state`, `kg.density_matrix`, `kg.entropy`,
        `kg.mutual_info`, `kg.purity`.
    gradient
        "best" or "backprop": the framework differentiates the simulation.
    engine
        "auto" or "traced": the engine written against the protocol.
    shots, seed
        Left out: exact results.

    Returns
    -------
    CircuitFunction
        Takes one array for each declared array, in the order in which the circuit uses them first, or by name. Leading
        axes beyond the declared shape are a batch; those of several arrays broadcast. Returns one result, or a tuple,
        each with the batch's axes in front.

    Raises
    ------
    UnsupportedError
        For another gradient method or engine, and for shots.

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
        if isinstance(measurement, type) or not hasattr(measurement, "evaluate"):
            raise InvalidTypeError(f"got {measurement!r} to measure; give a measurement, such as kg.expval(kg.Z(0))")
    _check_choice("gradient", gradient, ("best", "backprop"))
    _check_choice("engine", engine, ("auto", "traced"))
    if shots is not None or seed is not None:
        raise UnsupportedError(
            "function computes exact results so far; leave shots and seed out, or use circuit.counts"
        )
    return CircuitFunction(circuit, measurements)


def declared_arrays(circuit: Circuit) -> tuple[Declaration, ...]:
    """Return the arrays that a circuit's symbols belong to, in the order of their first use."""
    found: dict[str, Declaration] = {}
    for operation in circuit.operations:
        for value in operation.parameters:
            if not isinstance(value, Expression):
                continue
            for array, _, _ in value.terms:
                if found.setdefault(array.name, array) != array:
                    raise InvalidValueError(
                        f"{array.name} was declared twice, with the shapes {found[array.name].shape} and {array.shape}"
                    )
    return tuple(found.values())


def _real_array(backend: ArrayBackend, value: Any, array: Declaration) -> Array:
    native = backend.asarray(value)
    if backend.dtype(native) in COMPLEX_TYPES:
        raise InvalidTypeError(f"{array.name} is complex; give real values")
    return native


def _batch_of(value: Array, array: Declaration) -> tuple[int, ...]:
    shape = tuple(value.shape)
    split = len(shape) - len(array.shape)
    if split < 0 or shape[split:] != array.shape:
        raise InvalidValueError(
            f"{array.name} got values of shape {shape}; give shape {array.shape}, with batch axes in front if wanted"
        )
    return shape[:split]


def _common_batch(batches: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*batches)
    except ValueError as error:
        raise InvalidValueError(f"the batch axes {', '.join(map(str, batches))} do not broadcast") from error


def _flat(backend: ArrayBackend, value: Array, array: Declaration, batch: tuple[int, ...]) -> Array:
    """Return values of shape (size,), or (batch, size) where there is a batch."""
    size = math.prod(array.shape)
    own = tuple(value.shape)[: len(tuple(value.shape)) - len(array.shape)]
    flat = backend.reshape(value, (*own, size))
    if not batch:
        return flat
    spread = flat + backend.zeros((*batch, 1), dtype=backend.dtype(flat), device=backend.device(flat))
    return backend.reshape(spread, (math.prod(batch), size))


def _with_batch(backend: ArrayBackend, result: Array, batch: tuple[int, ...]) -> Array:
    return backend.reshape(result, (*batch, *tuple(result.shape)[1:]))


def _check_choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnsupportedError(f"{option} {value!r} is not there; give one of {', '.join(known)}")
