"""`kg.optimize.optax`: natural gradient as a transformation of Optax, to be chained and compiled like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.natural_gradient import precondition
from ketgrad.optimize.options import check_not_negative
from ketgrad.protocol import Array
from ketgrad.registry import resolve, use_backend

__all__ = ["qng", "scale_by_metric"]

HALF_TYPES = ("float16", "bfloat16")
Metric = Callable[[Any], Any]


def scale_by_metric(metric_fn: Metric | None = None, regularization: float = 0.0) -> Any:
    """Replace gradients by natural ones, (g + λ1)⁺ ∇L, with a metric tensor g of the parameters.

    Where λ = 0, directions without a length, whose eigenvalue of g is zero, are left alone, by the pseudo-inverse.
    With `optax.inject_hyperparams` both arguments are static ones: static_args=("metric_fn", "regularization").

    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Parameters
    ----------
    metric_fn
        Takes the parameters and returns their metric, with ketgrad's JAX backend in force; left out, each `update` is
        given one. The metric has the structure of the parameters: for a leaf of shape s a tensor of shape s + s; for
        a subtree of N elements one matrix of shape (N, N), in the order of `jax.flatten_util.ravel_pytree`; and None
        for a leaf or a subtree that keeps its ordinary gradient.
    regularization
        λ, zero or more.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its `update(updates, state, params, metric=None)` takes a metric too, in place of that of `metric_fn`.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For options out of range, and at an update without a metric, or with one of another structure or shape.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import ketgrad as kg
    >>> natural = kg.optimize.optax.scale_by_metric()
    >>> gradients = {"circuit": jnp.ones(2), "classical": jnp.ones(2)}
    >>> metric = {"circuit": jnp.diag(jnp.array([0.25, 0.0])), "classical": None}
    >>> found, _ = natural.update(gradients, natural.init(gradients), metric=metric)
    >>> found["circuit"].tolist(), found["classical"].tolist()
    ([4.0, 0.0], [1.0, 1.0])
    """
    _check_options(metric_fn, regularization)

    def update(updates: Any, state: Any, params: Any = None, *, metric: Any = None, **extra: Any) -> tuple[Any, Any]:
        given = _evaluated(metric_fn, params) if metric is None else metric
        return _scaled(updates, given, regularization), state

    return optax.GradientTransformationExtraArgs(optax.init_empty_state, update)


def qng(
    learning_rate: Any, metric_fn: Metric | None = None, regularization: float = 0.0, momentum: float | None = None
) -> Any:
    """Natural gradient: v ← μv + (g + λ1)⁺ ∇L, θ ← θ − ηv, with a metric tensor g of the parameters.

    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Parameters
    ----------
    learning_rate
        η, or a schedule of Optax.
    metric_fn, regularization
        As those of `scale_by_metric`.
    momentum
        μ, or None for none.

    Returns
    -------
    optax.GradientTransformationExtraArgs

    Raises
    ------
    InvalidTypeError, InvalidValueError
        As `scale_by_metric`.

    Examples
    --------
    >>> import jax
    >>> import ketgrad as kg
    >>> import optax
    >>> theta = kg.parameters("theta", ())
    >>> energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
    >>> optimizer = kg.optimize.optax.qng(0.1, kg.metric_tensor(energy))
    >>> @jax.jit
    ... def step(params, state):
    ...     updates, state = optimizer.update(jax.grad(energy)(params), state, params)
    ...     return optax.apply_updates(params, updates), state
    >>> with kg.use_backend("jax"):
    ...     params = jax.numpy.array(0.5)
    ...     state = optimizer.init(params)
    ...     for _ in range(40):
    ...         params, state = step(params, state)
    ...     print(round(float(energy(params)), 6))
    -1.0
    """
    parts = [scale_by_metric(metric_fn, regularization)]
    if momentum is not None:
        parts.append(optax.trace(decay=momentum))
    return optax.chain(*parts, optax.scale_by_learning_rate(learning_rate))


def _evaluated(metric_fn: Metric | None, params: Any) -> Any:
    if metric_fn is None:
        raise InvalidValueError("there is no metric; give metric_fn, or metric=... to each update")
    if params is None:
        raise InvalidValueError("metric_fn takes the parameters; give them to update(updates, state, params)")
    with use_backend("jax"):
        return metric_fn(params)


def _scaled(updates: Any, metric: Any, regularization: float) -> Any:
    """Go by the structure of the metric, at whose leaves whole subtrees of the updates may stand."""
    tensors, structure = jax.tree.flatten(metric, is_leaf=lambda part: part is None)
    try:
        parts = structure.flatten_up_to(updates)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidValueError(
            f"the metric has the structure {structure}, and the gradient {jax.tree.structure(updates)}; give the same "
            "one, with None for what keeps its ordinary gradient"
        ) from error
    scaled = [_natural(tensor, part, regularization) for tensor, part in zip(tensors, parts, strict=True)]
    return jax.tree.unflatten(structure, scaled)


def _natural(metric: Any, part: Any, regularization: float) -> Any:
    """Return the natural gradient of a leaf or a subtree; what `optax.masked` has taken out has no elements."""
    if metric is None or not jax.tree.leaves(part):
        return part
    tensor = jnp.asarray(metric)
    is_leaf = jax.tree_util.all_leaves([part])
    gradient, restored = ravel_pytree(part)
    if is_leaf and tensor.shape != (gradient.size, gradient.size):
        gradient, restored = jnp.asarray(part), lambda values: values
    if any(jnp.iscomplexobj(leaf) for leaf in (tensor, gradient)):
        raise InvalidTypeError(
            "a metric, or a parameter that has one, is complex; give real and imaginary parts as two real parameters"
        )
    return restored(_solved(tensor, gradient, regularization))


def _solved(metric: Array, gradient: Array, regularization: float) -> Array:
    wide = gradient.astype("float32") if gradient.dtype.name in HALF_TYPES else gradient
    return precondition(resolve("jax"), metric, wide, regularization).astype(gradient.dtype)


def _check_options(metric_fn: Any, regularization: Any) -> None:
    check_not_negative("regularization", regularization)
    if metric_fn is not None and not callable(metric_fn):
        raise InvalidTypeError(
            f"metric_fn is a {type(metric_fn).__name__}; give a function of the parameters, or a metric to each update"
        )
