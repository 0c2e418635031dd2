"""Functions whose gradients are natural ones, for training loops that leave no place for a metric.

The way through: the parameters pass an identity before the circuit, whose pullback has what the metric takes: the very
parameters and inputs of this call. It turns the gradient that comes back into the natural one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketgrad.circuit import Circuit
from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.methods import Method
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.information import Approximation, metric_tensor
from ketgrad.interchange.json.entries import check_header, entries_of
from ketgrad.measurements import Measurement
from ketgrad.optimize.natural_gradient import precondition
from ketgrad.optimize.options import check_not_negative
from ketgrad.placement import constants_like
from ketgrad.precision import REAL_TYPE, get_precision, use_precision
from ketgrad.protocol import Array, ArrayBackend, Capability
from ketgrad.registry import get_backend, use_backend


def natural(
    function: CircuitFunction,
    parameters: str | Sequence[str],
    approximation: Approximation | None = None,
    regularization: float = 0.0,
) -> NaturalFunction:
    """Return the same function with natural gradients, (g + λ1)⁺ ∇L, by some of its arrays.

    Its values are the same, and gradients by all other arrays too. g is the joint Fubini–Study metric tensor of the
    arrays, averaged over the batch of each call, so that the gradient of a loss that is a mean over the batch is the
    natural one of that batch. Give it to a layer in place of the function, and any optimizer follows the natural
    gradient: gradient descent with the learning rate η is θ ← θ − η (g + λ1)⁺ ∇L. Call it with the whole batch: under
    `kg.vmap` each sample would have a metric of its own.

    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Parameters
    ----------
    function
        Made by `ketgrad.function`.
    parameters
        The name of the array, or of several, that are parameters; all others are inputs, which never enter g.
    approximation
        None for the full tensor, "block-diag" for its layers, "diag" for its diagonal; see `ketgrad.metric_tensor`.
    regularization
        λ, zero or more; with zero directions without a length are left alone, by the pseudo-inverse.

    Returns
    -------
    NaturalFunction
        Called as the function is.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it is not made by `ketgrad.function`, has no array of a name, or an option is out of range; at a call for
        parameters with batch axes.
    UnsupportedError
        At a call, on a backend without automatic differentiation.

    Examples
    --------
    >>> import ketgrad as kg
    >>> x, theta = kg.parameters("x", ()), kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).ry(x, 0).ry(theta, 0), kg.expval(kg.Z(0)))
    >>> by_theta, natural_by_theta = kg.grad(f, 1), kg.grad(kg.optimize.natural(f, "theta"), 1)
    >>> round(float(natural_by_theta(0.1, 0.2) / by_theta(0.1, 0.2)), 9)
    4.0
    """
    if not isinstance(function, CircuitFunction):
        raise InvalidTypeError(f"natural takes a function made by kg.function, got a {type(function).__name__}")
    if isinstance(function, NaturalFunction):
        raise InvalidTypeError("the function has natural gradients already; give its `plain`, without them")
    check_not_negative("regularization", regularization)
    return NaturalFunction(function, _checked(function, parameters), approximation, regularization)


class NaturalFunction(CircuitFunction):
    """A function with natural gradients by some of its arrays; made by `ketgrad.optimize.natural`."""

    FORMAT = "ketgrad.natural_function"

    def __init__(
        self,
        plain: CircuitFunction,
        names: tuple[str, ...],
        approximation: Approximation | None,
        regularization: float,
    ) -> None:
        self.num_qubits, self.parameters = plain.num_qubits, plain.parameters
        self.execution, self.seed = plain.execution, plain.seed
        self.plain, self.names = plain, names
        self.approximation, self.regularization = approximation, regularization
        places = [place for place, array in enumerate(plain.parameters) if array.name in names]
        self.chosen = [plain.parameters[place] for place in places]
        self.metric = metric_tensor(plain, places, approximation, average=True, joint=True)

    def __call__(self, *values: Any, initial_state: Any = None, seed: Any = None, **named: Any) -> Any:
        """Return what the function itself returns."""
        if initial_state is not None:
            raise UnsupportedError("natural gradients are of circuits that begin with |0…0⟩; prepare the state in them")
        given = self._passed_through(get_backend(), self._given(values, named))
        return super().__call__(seed=seed, **given)

    def measuring(self, *measurements: Measurement) -> CircuitFunction:
        """Return a function of the same circuit that measures something else, with ordinary gradients."""
        return self.plain.measuring(*measurements)

    def with_method(self, method: Method | None) -> NaturalFunction:
        """Return the natural function whose plain gradient comes from another method; None for the best one."""
        return self._around(self.plain.with_method(method))

    def with_shots(self, shots: int | None) -> NaturalFunction:
        """Return the natural function that takes so many shots, None for the exact one."""
        return self._around(self.plain.with_shots(shots))

    def followed_by(self, circuit: Circuit) -> NaturalFunction:
        """Return the natural function of this circuit with another one behind it."""
        return self._around(self.plain.followed_by(circuit))

    def to_dict(self) -> dict[str, Any]:
        """Return the function as plain data, which `CircuitFunction.from_dict` reads."""
        return {
            "format": self.FORMAT,
            "version": 1,
            "function": self.plain.to_dict(),
            "parameters": list(self.names),
            "approximation": self.approximation,
            "regularization": self.regularization,
        }

    @classmethod
    def from_dict(cls, data: Any) -> CircuitFunction:
        """Make a function from what `to_dict` returned, by the checks of `natural`."""
        check_header(data, cls.FORMAT, 1)
        options = ["parameters", "approximation", "regularization"]
        entries = entries_of(data, "a natural function", ["format", "version", "function", *options])
        return natural(CircuitFunction.from_dict(entries["function"]), *(entries[name] for name in options))

    def _around(self, plain: CircuitFunction) -> NaturalFunction:
        return NaturalFunction(plain, self.names, self.approximation, self.regularization)

    def _passed_through(self, backend: ArrayBackend, given: dict[str, Any]) -> dict[str, Any]:
        if Capability.AUTODIFF not in backend.capabilities:
            raise UnsupportedError(f"{backend.name} has no automatic differentiation, so no natural gradients either")
        precision = get_precision()
        real = {name: backend.astype(backend.asarray(value), REAL_TYPE[precision]) for name, value in given.items()}
        for array in self.chosen:
            _check_shape(array.name, tuple(real[array.name].shape), array.shape)
        others = [array.name for array in self.parameters if array not in self.chosen]

        def pullback(inputs: Sequence[Array], cotangent: Array) -> list[Array]:
            arrays = {**self._unpacked(backend, inputs[0]), **dict(zip(others, inputs[1:], strict=True))}
            with use_backend(backend), use_precision(precision):
                metric = self.metric(*(arrays[array.name] for array in self.parameters))
            direction = precondition(backend, metric, cotangent, self.regularization)
            return [direction, *(0.0 * each for each in inputs[1:])]

        identity = backend.custom_gradient(lambda packed, *inputs: 1.0 * packed, pullback)
        packed = identity(self._packed(backend, real), *(real[name] for name in others))
        return {**given, **self._unpacked(backend, packed)}

    def _packed(self, backend: ArrayBackend, arrays: dict[str, Array]) -> Array:
        """Return the elements of all chosen arrays in one, which the protocol has no operation for."""
        flat = [backend.reshape(arrays[array.name], (-1,)) for array in self.chosen]
        total, found = sum(int(each.shape[0]) for each in flat), None
        for each, rows in zip(flat, np.split(np.eye(total), self._ends()[:-1]), strict=True):
            native = constants_like(backend, rows, each)
            placed = backend.einsum("n,nm->m", each, native)
            found = placed if found is None else found + placed
        return found

    def _unpacked(self, backend: ArrayBackend, packed: Array) -> dict[str, Array]:
        found = {}
        for array, end in zip(self.chosen, self._ends(), strict=True):
            own = backend.take(packed, np.arange(end - math.prod(array.shape), end), axis=0)
            found[array.name] = backend.reshape(own, array.shape)
        return found

    def _ends(self) -> list[int]:
        return [int(end) for end in np.cumsum([math.prod(array.shape) for array in self.chosen])]


def _checked(function: CircuitFunction, parameters: Any) -> tuple[str, ...]:
    names = (parameters,) if isinstance(parameters, str) else parameters
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidTypeError(f'parameters is {parameters!r}; give a name such as "theta", or several')
    declared = [array.name for array in function.parameters]
    for name in names:
        if name not in declared:
            raise InvalidValueError(f"the function has no array {name!r}; it has {', '.join(declared) or 'none'}")
    if not names:
        raise InvalidValueError(f"natural got no parameters; name some of {', '.join(declared) or 'none'}")
    return tuple(names)


def _check_shape(name: str, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if given != wanted:
        raise InvalidValueError(
            f"{name} has the shape {given}, and natural gradients are by one set of parameters; give shape {wanted}"
        )
