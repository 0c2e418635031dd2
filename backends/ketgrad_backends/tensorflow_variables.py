"""What variables a function reads from models of TensorFlow: for `kg.explain_gradients`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from ketgrad.differentiate.explain.hooks import Parameter
from ketgrad.errors import InvalidTypeError
from ketgrad.protocol import Array


class TensorflowVariables:
    """Members of `ketgrad.differentiate.explain.hooks.HoldsParameters`."""

    def parameters_of(self, module: Any, /) -> list[Parameter]:
        variables = getattr(module, "variables", None)
        if variables is None:
            raise InvalidTypeError(
                f"parameters is a {type(module).__name__}; give a Keras model, a tf.Module, a mapping from names to "
                "variables, or a list of variables"
            )
        return [Parameter(getattr(held, "path", held.name), _variable(held)) for held in variables]

    def differentiate_held(
        self,
        function: Callable[[], Array],
        parameters: Sequence[Array],
        values: Sequence[Array],
        chosen: Sequence[int],
        /,
    ) -> tuple[Array, list[Array | None]]:
        before = [tf.identity(parameter) for parameter in parameters]
        watched = [parameters[index] for index in chosen]
        try:
            _assign(parameters, values)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(watched)
                value = function()
        finally:
            _assign(parameters, before)
        gradients = tape.gradient(value, watched) if watched else []
        return value, [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


def _variable(held: Any) -> tf.Variable:
    """Return TensorFlow's variable in one of Keras."""
    return held if isinstance(held, tf.Variable) else held.value


def _assign(parameters: Sequence[Any], values: Sequence[Array]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.assign(value)
