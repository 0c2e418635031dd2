"""A circuit, or a callable, as a module of flax.nnx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from ketgrad import tree
from ketgrad.circuit.parameters import Declaration
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.nn.initial import TURN, check_start, checked_initial
from ketgrad.nn.plan import LayerPlan
from ketgrad.registry import resolve


class FlaxLayer(nnx.Module):
    """A layer whose weights are those arrays of a function that are not named as inputs.

    It computes in JAX whatever backend is in force. A batch of inputs, with any number of axes in front, is one run of
    the circuit. Weights are of `nnx.Param` in `layer.weights`.

    Parameters
    ----------
    function, inputs, weights, join
        As for `ketgrad.nn.LayerPlan.of`: made by `ketgrad.function`, the names of its inputs, for a callable the shapes
        of its weights, and whether all results become one array of shape (batch..., features).
    initial
        For names of weights an array of the weight's shape, a number for all its elements, or an initializer of
        (key, shape, dtype), such as those of `jax.nn.initializers`. What is not named starts uniformly in [0, 2π).
    dtype
        Of the weights; float32 if left out, whether JAX's 64-bit types are on or not.
    rngs
        Whose stream `params` the starts take.

    Returns
    -------
    Array
        By `layer(*inputs)`, or `layer(x=...)`, of shape (batch..., features), of the inputs' type, without inputs of
        the weights'. Inside the circuit is float64 where an input or a weight is, else float32. Inputs that are no
        arrays of JAX become ones by JAX's own rules.

    Raises
    ------
    InvalidTypeError, InvalidValueError, UnsupportedError
        As `ketgrad.nn.LayerPlan.of`; for a start of another name or shape, and a type that is not real.
    PrecisionError
        For weights of float64 where JAX's 64-bit types are off.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import jax
    >>> from flax import nnx
    >>> x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
    >>> f = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))
    >>> rngs = nnx.Rngs(0)
    >>> layer = kg.nn.FlaxLayer(f, inputs="x", initial={"theta": jax.nn.initializers.zeros}, rngs=rngs)
    >>> model = nnx.Sequential(nnx.Linear(5, 2, rngs=rngs), layer, nnx.Linear(2, 1, rngs=rngs))
    >>> model(jax.numpy.ones((256, 5))).shape
    (256, 1)
    >>> layer(jax.numpy.zeros(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: str | Sequence[str] = (),
        weights: Mapping[str, int | Sequence[int]] | None = None,
        initial: Mapping[str, Any] | None = None,
        join: bool = True,
        dtype: Any = None,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        _check(function, rngs)
        self.plan = LayerPlan.of(function, inputs, weights, join)
        starts = checked_initial(self.plan.weights, initial)
        real = _real_type(dtype)
        self.weights = nnx.Dict(
            {
                _free(weight.name): nnx.Param(_started(weight, starts[weight.name], real, rngs))
                for weight in self.plan.weights
            }
        )

    def __call__(self, /, *inputs: Any, **named: Any) -> Any:
        """Return the features of a batch of inputs, given by position or by name."""
        arrays = [jnp.asarray(value) for value in self.plan.ordered(inputs, named)]
        weights = {weight.name: self.weights[weight.name][...] for weight in self.plan.weights}
        wanted = _result_type(arrays, list(weights.values()))
        results = self.plan(resolve("jax"), weights, arrays)
        return tree.map_leaves(lambda result: _as_type(result, wanted), results)


def _check(function: Any, rngs: Any) -> None:
    if isinstance(function, nnx.Module):
        raise InvalidTypeError(
            f"got a {type(function).__name__}, whose parameters a layer around it would hide; put the two into "
            "nnx.Sequential, or give a function made by kg.function"
        )
    if not isinstance(rngs, nnx.Rngs):
        raise InvalidTypeError(f"rngs is {rngs!r}; give nnx.Rngs(0), for example")


def _real_type(dtype: Any) -> Any:
    try:
        real = jnp.dtype(jnp.float32 if dtype is None else dtype)
    except TypeError as error:
        raise InvalidTypeError(f"dtype is {dtype!r}; give jnp.float32 or jnp.float64") from error
    if not jnp.issubdtype(real, jnp.floating):
        raise InvalidTypeError(f"dtype is {dtype!r}; weights are real, so give jnp.float32 or jnp.float64")
    if real == jnp.float64:
        resolve("jax").zeros((), dtype="float64")  # refuses it where the 64-bit types are off
    return real


def _free(name: str) -> str:
    if hasattr(nnx.Dict, name):
        raise InvalidValueError(f"a weight is named {name!r}, which nnx.Dict uses itself; rename it")
    return name


def _started(weight: Declaration, given: Any, dtype: Any, rngs: nnx.Rngs) -> jax.Array:
    """Return a weight made from what is given, or uniform in one turn."""
    if given is None:
        return jax.random.uniform(rngs.params(), weight.shape, dtype, 0.0, TURN)
    start = jnp.asarray(given(rngs.params(), weight.shape, dtype) if callable(given) else given, dtype)
    check_start(weight, start.shape)
    return jnp.broadcast_to(start, weight.shape)


def _result_type(inputs: Sequence[jax.Array], weights: Sequence[jax.Array]) -> Any:
    """Return the type of the inputs that are floating, else that of the weights."""
    floating = [array.dtype for array in inputs if jnp.issubdtype(array.dtype, jnp.floating)]
    types = floating or [array.dtype for array in weights]
    return jnp.result_type(*types) if types else jnp.dtype(jnp.float32)


def _as_type(result: Any, wanted: Any) -> Any:
    return result.astype(wanted) if jnp.issubdtype(result.dtype, jnp.floating) else result
