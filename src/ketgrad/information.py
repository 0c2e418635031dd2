"""Metrics in the space of parameters: Fubini–Study, and quantum and classical Fisher information."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import numpy as np

from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate import metric_tensor as metric
from ketgrad.differentiate.arguments import positions_of
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.measurements import state
from ketgrad.placement import constants_like
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import get_backend
from ketgrad.transforms import jacobian

Approximation = Literal["block-diag", "diag"]

NOTHING = 1e-14
"""A probability below rounding, which has no share in the Fisher information."""


@dataclass(frozen=True)
class Shown:
    """How tensors are returned."""

    average: bool = False
    joint: bool = False

    def arranged(self, backend: ArrayBackend, tensor: Array, batch: Sequence[int], shape: tuple[int, ...]) -> Array:
        """Return a tensor of shape (batch, size, size) with the axes of the batch, or its mean, and of an argument."""
        if self.average:
            return backend.reshape(backend.sum(tensor, axis=0) / tensor.shape[0], (*shape, *shape))
        return backend.reshape(tensor, (*batch, *shape, *shape))


def metric_tensor(
    function: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    approximation: Approximation | None = None,
    *,
    average: bool = False,
    joint: bool = False,
) -> Callable[..., Any]:
    """Return the Fubini–Study metric tensor Re⟨∂ᵢψ|∂ⱼψ⟩ − ⟨∂ᵢψ|ψ⟩⟨ψ|∂ⱼψ⟩ of the states that a function makes.

    Parameters
    ----------
    function
        One of `ketgrad.function`, whose circuit's state counts whatever it measures, or any function that returns a
        normalised state vector of shape (2^n,), or a batch of them.
    argnums
        The argument, or arguments, that are parameters; all others are inputs, by which nothing is differentiated.
    approximation
        None for the full tensor. "block-diag" keeps elements between gates of one layer, none of which comes after
        another; "diag" those of each gate with itself. Both are taken in the space of the gates' angles, and then
        brought to the parameters: a parameter of several gates has the sum of theirs.
    average
        Whether to return the mean over the batch.
    joint
        Whether to return one matrix over the elements of all the arguments, each of them flattened, one after another.

    Returns
    -------
    Callable
        Takes the function's arguments, and returns the tensor of each argument of shape s, real, of shape s + s with
        the batch's axes in front; a tuple where `argnums` is a sequence, without the elements between two arguments.
        With `joint` a single matrix of shape (N, N), elements between arguments included, for N elements in all.

    Raises
    ------
    UnsupportedError
        For a circuit with noise, measurements or resets, and for an approximation where there is no circuit to see.

    References
    ----------
    J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> theta = kg.parameters("theta", (2,))
    >>> f = kg.function(kg.Circuit(1).rx(theta[0], 0).rz(theta[1], 0), kg.expval(kg.X(0)))
    >>> np.abs(kg.metric_tensor(f)(np.array([np.pi / 2, 0.3]))).round(12).tolist()
    [[0.25, 0.0], [0.0, 0.25]]
    """
    if not callable(function):
        raise InvalidTypeError(f"metric_tensor needs a function, got a {type(function).__name__}")
    if approximation not in (None, "block-diag", "diag"):
        raise InvalidValueError(f'approximation is {approximation!r}; give None, "block-diag" or "diag"')

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        backend = get_backend()
        count = len(function.parameters) if isinstance(function, CircuitFunction) else len(args)
        chosen = positions_of(argnums, count)
        shown = Shown(average, joint)
        found = None
        if isinstance(function, CircuitFunction):
            found = _of_circuit(function, chosen, approximation, args, kwargs, shown)
        if found is None:
            found = _of_function(backend, function, chosen, approximation, args, kwargs, shown)
        return found[0] if isinstance(argnums, int) or joint else tuple(found)

    return evaluate


def quantum_fisher_information(
    function: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    approximation: Approximation | None = None,
    *,
    average: bool = False,
    joint: bool = False,
) -> Callable[..., Any]:
    """Return the quantum Fisher information of pure states, four times `metric_tensor`, with the same arguments.

    Reference: J. J. Meyer, "Fisher information in noisy intermediate-scale quantum applications", Quantum 5, 539
    (2021).

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.state())
    >>> round(float(kg.quantum_fisher_information(f)(0.3)), 12)
    1.0
    """
    evaluate = metric_tensor(function, argnums, approximation, average=average, joint=joint)

    @wraps(function)
    def information(*args: Any, **kwargs: Any) -> Any:
        found = evaluate(*args, **kwargs)
        return tuple(4.0 * each for each in found) if isinstance(found, tuple) else 4.0 * found

    return information


def classical_fisher_information(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the Fisher information Σₖ ∂ᵢpₖ ∂ⱼpₖ / pₖ of the probabilities that a function returns.

    Outcomes that never come, with a probability below 1e-14, have no share in it.

    Parameters
    ----------
    function
        Returns probabilities of shape (m,), such as one of `ketgrad.function` that measures `kg.probs()`.
    argnums
        The argument, or arguments, that are parameters.

    Returns
    -------
    Callable
        Takes the function's arguments and returns, for each argument of shape s, an array of shape s + s.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(theta, 0), kg.probs())
    >>> round(float(kg.classical_fisher_information(f)(0.3)), 12)
    1.0
    """
    if not callable(function):
        raise InvalidTypeError(f"classical_fisher_information needs a function, got a {type(function).__name__}")

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        backend, chosen = get_backend(), positions_of(argnums, len(args))
        probabilities = backend.asarray(function(*args, **kwargs))
        if len(tuple(probabilities.shape)) != 1 or backend.dtype(probabilities) in COMPLEX_TYPES:
            raise InvalidValueError(
                f"classical_fisher_information got values of shape {tuple(probabilities.shape)}; give a function that "
                "returns real probabilities of shape (m,)"
            )
        slopes = jacobian(function, chosen)(*args, **kwargs)
        found = [_fisher(backend, probabilities, each) for each in slopes]
        return found[0] if isinstance(argnums, int) else tuple(found)

    return evaluate


def _fisher(backend: ArrayBackend, probabilities: Array, slopes: Array) -> Array:
    shape = tuple(slopes.shape)[1:]
    rows = backend.reshape(slopes, (slopes.shape[0], -1))
    above = probabilities - NOTHING
    comes = backend.detach(0.5 + 0.5 * above / backend.abs(above))
    weights = comes / (probabilities + (1.0 - comes))
    return backend.reshape(backend.einsum("k,ki,kj->ij", weights, rows, rows), (*shape, *shape))


def _of_circuit(
    function: CircuitFunction,
    argnums: Sequence[int],
    approximation: str | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    shown: Shown,
) -> list[Array] | None:
    named = dict(kwargs)
    inputs, batch = function.prepared(args, named, named.pop("initial_state", None))
    backend, recipe = inputs.backend, function.execution.program.recipe
    arrays = [function.parameters[place] for place in argnums]
    columns = metric.columns_of(recipe, arrays)
    derived = metric.state_derivatives(function.execution, inputs, columns)
    if derived is None:
        return None
    tensor = metric.overlaps(backend, *derived)
    kept = metric.kept(recipe, columns, approximation)
    mask = constants_like(backend, kept, tensor)
    masked = backend.einsum("zij,ij->zij", tensor, mask)
    slopes = [metric.number_slopes(recipe, columns, array) for array in arrays]
    shapes = [array.shape for array in arrays]
    if shown.joint:
        slopes = [np.concatenate(slopes, axis=1)]
        shapes = [slopes[0].shape[1:]]
    found = [metric.pulled_back(backend, masked, each) for each in slopes]
    return [shown.arranged(backend, each, batch, shape) for each, shape in zip(found, shapes, strict=True)]


def _of_function(
    backend: ArrayBackend,
    function: Callable[..., Any],
    argnums: Sequence[int],
    approximation: str | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    shown: Shown,
) -> list[Array]:
    if approximation is not None:
        raise UnsupportedError(
            "layers and angles are seen only in a circuit where all that argnums names are angles, none of them before "
            "a post_select; give a function made by kg.function from such a circuit, or leave approximation out"
        )
    states = function.measuring(state()) if isinstance(function, CircuitFunction) else function
    own = backend.asarray(states(*args, **kwargs))
    *batch, size = tuple(own.shape) or (0,)
    if not size:
        raise InvalidValueError(
            f"the function returned an array of shape {tuple(own.shape)}; give one that returns state vectors of "
            "shape (..., 2^n)"
        )
    rows = backend.reshape(own, (-1, size))
    slopes = jacobian(states, tuple(argnums))(*args, **kwargs)
    shapes = [tuple(each.shape)[1 + len(batch) :] for each in slopes]
    flat = [backend.reshape(each, (rows.shape[0], size, -1)) for each in slopes]
    if shown.joint:
        flat = [metric.side_by_side(backend, flat)]
        shapes = [tuple(flat[0].shape)[2:]]
    found = [metric.of_jacobian(backend, rows, each) for each in flat]
    return [shown.arranged(backend, each, batch, shape) for each, shape in zip(found, shapes, strict=True)]
