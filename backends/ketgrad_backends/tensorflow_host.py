"""Operations of TensorFlow that are computed outside of it, over NumPy arrays.

A custom gradient serves tapes and graphs. The node inside it has the gradient registered too: `tf.vectorized_map`
copies nodes and drops custom gradients, and a node whose gradient is lost has a gradient of zero there, without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import Any

import tensorflow as tf

from ketgrad.base import differentiable, host_gradients, host_result
from ketgrad.errors import UnsupportedError
from ketgrad.protocol import Array, ArraySpec
from ketgrad_backends.messages import DIFFERENTIATES_ONCE

NODE = "PyFunc"
"""The type of node that tf.numpy_function makes."""

_numbers = count()


def _refuse(*_: Any) -> Any:
    raise UnsupportedError(DIFFERENTIATES_ONCE)


@tf.RegisterGradient("KetgradHostGradient")
def _refuse_when_run(node: Any, *_: Any) -> list[Array]:
    # Not at once: for a persistent tape TensorFlow builds second derivatives ahead, whether anybody asks or not.
    return [tf.numpy_function(_refuse, [tensor], tensor.dtype, stateful=False) for tensor in node.inputs]


def host_operation(
    forward: Callable[..., Any],
    backward: Callable[..., Sequence[Any]] | str,
    output: Callable[..., ArraySpec],
    native: Callable[..., Array] | None,
) -> Callable[..., Array]:
    """Make the operation of `ArrayBackend.host_function`."""

    def compute(*inputs: Array) -> Array:
        spec = output(*map(_spec, inputs))
        (result,) = _on_host(lambda *arrays: [host_result(forward(*arrays), spec)], [spec], registered, *inputs)
        return result

    def pull(result: Array, cotangent: Array, *inputs: Array) -> list[Array]:
        pullback = differentiable(backward)

        def on_host(result: Any, cotangent: Any, *arrays: Any) -> Any:
            return host_gradients(pullback(arrays, result, cotangent), arrays)

        return _on_host(on_host, list(map(_spec, inputs)), lambda: "KetgradHostGradient", result, cotangent, *inputs)

    @tf.custom_gradient
    def gradients(result: Array, cotangent: Array, *inputs: Array) -> Any:
        def second(*cotangents: Array) -> list[Array]:
            if native is None:
                raise UnsupportedError(DIFFERENTIATES_ONCE)
            return [tf.zeros_like(result), *_second_derivative(native, cotangent, inputs, cotangents)]

        return pull(result, cotangent, *inputs), second

    def first(result: Array, cotangent: Array, *inputs: Array) -> list[Array]:
        # Result and inputs may be of a graph around this one; that of the second derivative reaches copies made here.
        copies = map(tf.identity, inputs)
        # The cotangent of a result that elements were picked from comes as slices.
        return gradients(tf.identity(result), tf.convert_to_tensor(cotangent), *copies)

    def of_node(node: Any, cotangent: Array) -> list[Array]:
        further = pull if native is None else first
        return further(node.outputs[0], tf.convert_to_tensor(cotangent), *node.inputs)

    @cache
    def registered() -> str:
        """Register the gradient of nodes, which lives for as long as the process, when the first node is made."""
        name = f"KetgradHost{next(_numbers)}"
        tf.RegisterGradient(name)(of_node)
        return name

    @tf.custom_gradient
    def operation(*inputs: Array) -> Any:
        result = compute(*inputs)
        return result, lambda cotangent: first(result, cotangent, *inputs)

    return operation


def _second_derivative(
    native: Callable[..., Array], cotangent: Array, inputs: Sequence[Array], cotangents: Sequence[Array]
) -> list[Array]:
    """Pull back through the gradients of a function as the framework computes them."""
    with tf.GradientTape() as outer:
        outer.watch([cotangent, *inputs])
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            result = native(*inputs)
        found = inner.gradient(result, inputs, cotangent, unconnected_gradients="zero")
    return outer.gradient(found, [cotangent, *inputs], list(cotangents), unconnected_gradients="zero")


def _on_host(
    function: Callable[..., Any], specs: Sequence[ArraySpec], gradient_name: Callable[[], str], *inputs: Array
) -> list[Array]:
    types = [tf.dtypes.as_dtype(spec.dtype) for spec in specs]
    if tf.executing_eagerly():
        results = tf.numpy_function(function, inputs, types)
    else:
        with tf.compat.v1.get_default_graph().gradient_override_map({NODE: gradient_name()}):
            results = tf.numpy_function(function, inputs, types)
    return [tf.ensure_shape(result, spec.shape) for result, spec in zip(tf.nest.flatten(results), specs, strict=True)]


def _spec(tensor: Array) -> ArraySpec:
    return ArraySpec(tuple(tensor.shape), str(tensor.dtype.name))
