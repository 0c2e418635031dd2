"""Operations of JAX that are computed outside of it, over NumPy arrays.

They are a primitive of their own, and not `jax.pure_callback`, which puts its operands on a device before it calls:
where all threads of JAX are in such a call, nobody is left to do that for large arrays, and it never ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from jax.interpreters import batching, mlir

from ketgrad.protocol import Array, ArraySpec


@dataclass(frozen=True, eq=False)
class HostCall:
    """A function over NumPy arrays, with the shapes and types of its results."""

    function: Callable[..., Sequence[Any]]
    outputs: Callable[..., Sequence[ArraySpec]]
    is_vectorized: bool
    """Whether both take further axes in front."""

    def __call__(self, *inputs: Array) -> list[Array]:
        results: list[Array] = _host_call.bind(*inputs, call=self)
        return results


_host_call = jax.extend.core.Primitive("ketgrad_host_call")
_host_call.multiple_results = True


def spec_of(array: Any) -> ArraySpec:
    """Return the shape and type of an array, or of what stands for one."""
    return ArraySpec(tuple(array.shape), str(array.dtype))


@_host_call.def_impl
def _at_once(*inputs: Array, call: HostCall) -> list[Array]:
    """Compute on the host, and bring the results to where the inputs are."""
    results = [jnp.asarray(result) for result in call.function(*map(np.asarray, inputs))]
    places = {place for array in inputs if getattr(array, "committed", False) for place in array.devices()}
    return results if len(places) != 1 else [jax.device_put(result, *places) for result in results]


@_host_call.def_abstract_eval
def _abstractly(*inputs: Any, call: HostCall) -> list[Any]:
    return [jax.core.ShapedArray(spec.shape, spec.dtype) for spec in call.outputs(*map(spec_of, inputs))]


def _lowered(ctx: Any, *operands: Any, call: HostCall) -> Any:
    def over_numpy(*arrays: Any) -> tuple[Any, ...]:
        return tuple(call.function(*map(np.asarray, arrays)))

    results, _, _ = mlir.emit_python_callback(
        ctx, over_numpy, None, list(operands), ctx.avals_in, ctx.avals_out, has_side_effect=False
    )
    return results


def _mapped(inputs: Sequence[Array], axes: Sequence[Any], *, call: HostCall) -> tuple[list[Array], list[int]]:
    if call.is_vectorized:
        (size,) = {x.shape[axis] for x, axis in zip(inputs, axes, strict=True) if axis is not None}
        moved = [_in_front(x, axis, size) for x, axis in zip(inputs, axes, strict=True)]
        results = _host_call.bind(*moved, call=call)
    else:
        is_mapped = [axis is not None for axis in axes]
        rows = [jnp.moveaxis(x, axis, 0) for x, axis, own in zip(inputs, axes, is_mapped, strict=True) if own]

        def of_element(elements: list[Array]) -> list[Array]:
            rest = iter(elements)
            return _host_call.bind(
                *(next(rest) if own else x for x, own in zip(inputs, is_mapped, strict=True)), call=call
            )

        results = jax.lax.map(of_element, rows)
    return results, [0] * len(results)


def _in_front(array: Array, axis: Any, size: int) -> Array:
    if axis is None:
        return jnp.broadcast_to(array, (size, *array.shape))
    return jnp.moveaxis(array, axis, 0)


mlir.register_lowering(_host_call, _lowered)
batching.primitive_batchers[_host_call] = _mapped
