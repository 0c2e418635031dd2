"""Where TensorFlow loses a tensor: what only its backend can tell `kg.explain_gradients`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from ketgrad import tree
from ketgrad.differentiate.explain.places import Cut, place_of_error
from ketgrad.protocol import Array
from ketgrad_backends.watched_calls import CallsSeen, Watched, always, integer_type, watching

WRAPPERS = (
    "tensorflow.python.util",
    "tensorflow.python.ops.weak_tensor_ops",
    "tensorflow.python.ops.variables",
    "tensorflow.python.ops.resource_variable_ops",
)


class TensorflowExplanations:
    """Members of `ketgrad.differentiate.explain.hooks.LocatesCuts`."""

    def cuts(self, function: Callable[[Array], Any], leaf: Array, /) -> tuple[Cut, ...]:
        seen = CallsSeen("tensorflow", WRAPPERS)
        inner = leaf if isinstance(leaf, tf.Variable) else tf.identity(leaf)
        with _eagerly(), tf.GradientTape(persistent=True) as tape:
            tape.watch(inner)
            with watching(WATCHED, seen):
                function(inner)
        found = seen.cuts(lambda value: any(_is_connected(tape, item, inner) for item in tree.flatten(value)[0]))
        return found or _refused_in_graph(function, inner)

    def obstacle(self, array: Array, /) -> str:
        is_frozen = isinstance(array, tf.Variable) and not array.trainable
        return "trainable=False, so no tape watches it" if is_frozen else ""


def _refused_in_graph(function: Callable[[Array], Any], leaf: Array) -> tuple[Cut, ...]:
    """Find a function of NumPy that was called on a tensor, which takes the values without a call of TensorFlow's.

    On a symbolic tensor it fails. So does other code that runs on eager ones alone, which tells nothing.
    """
    if isinstance(leaf, tf.Variable):
        return ()
    try:
        tf.function(function, autograph=False).get_concrete_function(tf.TensorSpec(leaf.shape, leaf.dtype))
    except (TypeError, ValueError, AttributeError, RuntimeError, tf.errors.OpError) as refusal:
        return (Cut("NumPy", place_of_error(refusal)),) if "to a numpy array" in str(refusal) else ()
    return ()


def _is_connected(tape: tf.GradientTape, value: Any, leaf: Array) -> bool:
    is_tensor = isinstance(value, tf.Tensor | tf.Variable) and (value.dtype.is_floating or value.dtype.is_complex)
    return is_tensor and (value is leaf or tape.gradient(value, leaf) is not None)


@contextmanager
def _eagerly() -> Iterator[None]:
    """Run compiled functions as they are written: compiled, they run no Python at their second call."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


with tf.init_scope():  # this module may be imported while a graph is made, in which tensors are of another kind
    _TENSOR: Any = type(tf.zeros(()))
    _VARIABLE: Any = type(tf.Variable(0.0))
_CONVERSIONS = {
    "numpy": ".numpy()",
    "__array__": "NumPy",
    "__float__": "float()",
    "__int__": "int()",
    "__complex__": "complex()",
}
WATCHED = (
    Watched(tf.stop_gradient, "input", always("tf.stop_gradient")),
    Watched(tf.cast, "x", integer_type("dtype")),
    Watched(_VARIABLE.__init__, "initial_value", always("tf.Variable(...)")),
    *(
        Watched(getattr(kind, name), "self", always(words))
        for kind in (_TENSOR, _VARIABLE)
        for name, words in _CONVERSIONS.items()
    ),
)
