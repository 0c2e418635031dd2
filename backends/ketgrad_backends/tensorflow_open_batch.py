"""Functions in graphs of TensorFlow whose batch has no size yet: they run when the graph runs, on what it then is.

A node of the graph calls the function, which sees tensors with values and shapes; its gradient is another such node,
whose function is the first one's by tapes, and so on, to any order. Nothing is kept from one node to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from ketgrad.protocol import Array


@dataclass(frozen=True)
class OpenSpec:
    """The type and the shape of a result, None for sizes that are not known yet."""

    dtype: Any
    shape: tuple[int | None, ...]


def is_open(tensors: Sequence[Array]) -> bool:
    """Tell whether the shape of a tensor is left open by the graph."""
    return any(not tensor.shape.is_fully_defined() for tensor in tensors)


def when_run(function: Callable[..., Sequence[Array]], specs: Sequence[OpenSpec], *tensors: Array) -> list[Array]:
    """Return the results of a function of tensors, as tensors of a graph, differentiable to any order."""

    def compute(*inputs: Array) -> list[Array]:
        results = tf.nest.flatten(tf.py_function(function, inputs, [spec.dtype for spec in specs]))
        return [tf.ensure_shape(result, spec.shape) for result, spec in zip(results, specs, strict=True)]

    @tf.custom_gradient
    def operation(*inputs: Array) -> Any:
        def pull(*cotangents: Array) -> list[Array]:
            own = [OpenSpec(tensor.dtype, tuple(tensor.shape)) for tensor in inputs]
            # Copies, as the inputs may be of a graph around the one that the gradient is in.
            copies = [tf.identity(tensor) for tensor in (*cotangents, *inputs)]
            return when_run(_pulled(function, len(cotangents)), own, *copies)

        return compute(*inputs), pull

    return list(operation(*map(tf.convert_to_tensor, tensors)))


def _pulled(function: Callable[..., Sequence[Array]], count: int) -> Callable[..., list[Array]]:
    """Return the function of cotangents and inputs that gives a gradient for each input."""

    def pulled(*arrays: Array) -> list[Array]:
        cotangents, inputs = list(arrays[:count]), list(arrays[count:])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            results = list(function(*inputs))
        return tape.gradient(results, inputs, cotangents, unconnected_gradients="zero")

    return pulled
