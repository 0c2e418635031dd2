"""A layer as a pair of pure functions, for loops and frameworks that have no layer of their own here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ketgrad.circuit.parameters import Declaration
from ketgrad.nn.initial import TURN, check_start, checked_initial
from ketgrad.nn.plan import LayerPlan
from ketgrad.precision import real_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import get_backend

Init = Callable[..., dict[str, Array]]
Apply = Callable[..., Any]


def functional(
    function: Callable[..., Any],
    inputs: str | Sequence[str] = (),
    weights: Mapping[str, int | Sequence[int]] | None = None,
    initial: Mapping[str, Any] | None = None,
    join: bool = True,
) -> tuple[Init, Apply]:
    """Make a layer of two pure functions, one for its weights and one for its results, in the backend in force.

    Parameters
    ----------
    function, inputs, weights, join
        As for `LayerPlan.of`.
    initial
        For names of weights an array of the weight's shape, a number for all its elements, or a function of a key and a
        shape that returns an array. What is not named starts uniformly in [0, 2π).

    Returns
    -------
    init
        `init(seed)` returns a dictionary from names to arrays of the precision in force. The seed is an integer, for
        the same numbers on every backend, None for new ones, or on JAX a key.
    apply
        `apply(params, *inputs)` returns an array of shape (batch..., features); inputs may be given by their names.

    Raises
    ------
    InvalidTypeError, InvalidValueError, UnsupportedError
        As `LayerPlan.of`, and for a start of another name or shape.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> x, theta = kg.parameters("x", (1,)), kg.parameters("theta", ())
    >>> f = kg.function(kg.Circuit(1).rx(x[0], 0).rx(theta, 0), kg.expval(kg.Z(0)))
    >>> init, apply = kg.nn.functional(f, inputs="x", initial={"theta": 0.0})
    >>> params = init(seed=7)
    >>> apply(params, np.array([[0.0], [np.pi]])).round(6).tolist()
    [[1.0], [-1.0]]
    """
    plan = LayerPlan.of(function, inputs, weights, join)
    starts = checked_initial(plan.weights, initial)

    def init(seed: Any = None) -> dict[str, Array]:
        """Return the weights at the start."""
        backend = get_backend()
        keys = backend.random_split(backend.random_key(seed), len(plan.weights))
        return {
            weight.name: _start(backend, key, weight, starts[weight.name])
            for key, weight in zip(keys, plan.weights, strict=True)
        }

    def apply(params: Mapping[str, Array], /, *inputs: Any, **named: Any) -> Any:
        """Return the features of a batch of inputs, given by position or by name."""
        return plan(get_backend(), params, plan.ordered(inputs, named))

    return init, apply


def _start(backend: ArrayBackend, key: Any, weight: Declaration, given: Any) -> Array:
    if given is None:
        return TURN * backend.random_uniform(key, weight.shape)
    value = given(key, weight.shape) if callable(given) else given
    array = backend.asarray(value, dtype=real_type())
    check_start(weight, array.shape)
    return backend.zeros(weight.shape, device=backend.device(array)) + array
