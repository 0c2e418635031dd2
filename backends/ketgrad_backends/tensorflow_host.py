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

    def of_node(node: Any, cotangent: Array) -> list[Array]:
        return pull(node.outputs[0], tf.convert_to_tensor(cotangent), *node.inputs)

    @cache
    def registered() -> str:
        """Register the gradient of nodes, which lives for as long as the process, when the first node is made."""
        name = f"KetgradHost{next(_numbers)}"
        tf.RegisterGradient(name)(of_node)
        return name

    @tf.custom_gradient
    def operation(*inputs: Array) -> Any:
        result = compute(*inputs)
        # A graph around this one hands out what the gradient needs as further results: of this one no way leads back to
        # the node, whose own gradient is not to be differentiated.
        kept = tf.stop_gradient(result)

        def first(cotangent: Array) -> Any:
            # The others may be of a graph around this one; that of the second derivative reaches copies made here. The
            # cotangent of a result that elements were picked from comes as slices.
            return gradients(tf.identity(kept), tf.convert_to_tensor(cotangent), *map(tf.identity, inputs))

        return result, first

    return operation


def _second_derivative(
    native: Callable[..., Array], cotangent: Array, inputs: Sequence[Array], cotangents: Sequence[Array]
) -> list[Array]:
    """Pull back through the gradients of a function as the framework computes them."""
    compute = _by_tapes if _tapes_record(cotangent) else _by_a_graph
    # Copies in the graph at hand: tapes do not see how a loop hands in the tensors of the graph around it.
    return compute(native, *map(tf.identity, (cotangent, *inputs)), cotangents=list(cotangents))


def _by_tapes(native: Callable[..., Array], *tensors: Array, cotangents: list[Array]) -> list[Array]:
    cotangent, *inputs = tensors
    with tf.GradientTape() as outer:
        outer.watch(tensors)
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            result = native(*inputs)
        found = inner.gradient(result, inputs, cotangent, unconnected_gradients="zero")
    return outer.gradient(found, tensors, cotangents, unconnected_gradients="zero")


def _by_a_graph(native: Callable[..., Array], *tensors: Array, cotangents: list[Array]) -> list[Array]:
    def computed(cotangent: Array, *inputs: Array) -> list[Array]:
        found = tf.gradients(native(*inputs), inputs, cotangent, unconnected_gradients="zero")
        return tf.gradients(found, [cotangent, *inputs], cotangents, unconnected_gradients="zero")

    return tf.function(computed, autograph=False)(*tensors)


def _tapes_record(tensor: Array) -> bool:
    """Tell whether tapes record: in what a `tf.autodiff.ForwardAccumulator` calls they don't, and say nothing of it."""
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        copy = tf.identity(tensor)
    return tape.gradient(copy, tensor) is not None


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
