"""TensorFlow: eager and symbolic tensors and variables, differentiated by gradient tapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ketgrad import tree
from ketgrad.base import check_conversion, checked_array, take_in
from ketgrad.batching import mapped_arguments, move_axis_first
from ketgrad.compiling import Compiler, compiled_function
from ketgrad.errors import InvalidTypeError, InvalidValueError, UntraceableError
from ketgrad.precision import COMPLEX_TYPES, INTEGER_TYPES, real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback
from ketgrad_backends.algebra import AutorayAlgebra
from ketgrad_backends.tensorflow_explain import TensorflowExplanations
from ketgrad_backends.tensorflow_host import host_operation
from ketgrad_backends.tensorflow_variables import TensorflowVariables

PART_OF = {"complex64": tf.float32, "complex128": tf.float64}


_is_mapping: ContextVar[bool] = ContextVar("ketgrad_tensorflow_is_mapping", default=False)
"""Whether `vmap` is tracing a function for one element."""


class TensorflowBackend(TensorflowExplanations, TensorflowVariables, AutorayAlgebra):
    """Tensors and variables."""

    name = "tensorflow"
    library_version = tf.__version__
    capabilities = frozenset(Capability)
    float32, float64 = tf.float32, tf.float64
    complex64, complex128 = tf.complex64, tf.complex128

    def __init__(self) -> None:
        super().__init__("tensorflow")

    def devices(self) -> tuple[str, ...]:
        graphics = tf.config.list_logical_devices("GPU")
        return ("cpu", *(f"gpu:{index}" for index in range(len(graphics))))

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        return tf.identity(self.asarray(value, dtype=dtype, device=device))

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        taken, wanted = take_in(self, value, dtype)
        with tf.device(_device(device)):
            return self.astype(tf.convert_to_tensor(taken), wanted)

    def to_numpy(self, array: Array, /) -> Any:
        if not self.is_array(checked_array(self, array)):
            return np.asarray(array)
        if not self.is_concrete(array):
            raise UntraceableError("this tensor is traced by tf.function, so its values can't be looked at here")
        return array.numpy()

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, tf.Tensor | tf.Variable)

    def is_concrete(self, array: Array, /) -> bool:
        return hasattr(array, "numpy") and tf.executing_eagerly()

    def dtype(self, array: Array, /) -> str:
        return str(array.dtype.name)

    def device(self, array: Array, /) -> str | None:
        """Return None: TensorFlow moves constants to where they are needed."""
        return None

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = type_name(dtype)
        check_conversion(self.dtype(array), wanted)
        if wanted in COMPLEX_TYPES and not array.dtype.is_complex:
            # Not tf.cast, whose gradient logs a warning about the imaginary part.
            part = tf.cast(array, PART_OF[wanted])
            return tf.complex(part, tf.zeros_like(part))
        return tf.cast(array, wanted)

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        with tf.device(_device(device)):
            return tf.zeros(tuple(shape), type_name(dtype or real_type()))

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return tf.stack(list(arrays), axis=axis)

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        return tf.gather(array, indices, axis=axis)

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        return tf.einsum(subscripts, *arrays)

    def matmul(self, left: Array, right: Array, /) -> Array:
        return tf.matmul(left, right)

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return tf.reduce_sum(array, axis=axis)

    def requires_grad(self, array: Any, /) -> Array:
        """Return a variable, which tapes watch by themselves."""
        if isinstance(array, tf.Variable):
            return array
        tensor = self.asarray(array)
        if self.dtype(tensor) in INTEGER_TYPES:
            raise InvalidTypeError(f"a tensor of {self.dtype(tensor)} has no gradient; give it as float64 or float32")
        return tf.Variable(tensor)

    def detach(self, array: Array, /) -> Array:
        return tf.stop_gradient(array)

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        def mapped(*args: Any, **kwargs: Any) -> Any:
            arrays, axes, _ = mapped_arguments(self, args, in_axes)
            batches = {
                index: tree.map_leaves(lambda leaf, axis=axis: move_axis_first(self, leaf, axis), arrays[index])
                for index, axis in enumerate(axes)
                if axis is not None
            }

            mishaps: list[Exception] = []

            def of_element(elements: dict[int, Any]) -> Any:
                token = _is_mapping.set(True)
                try:
                    result = function(*(elements.get(index, arg) for index, arg in enumerate(arrays)), **kwargs)
                    return tree.map_leaves(self.asarray, result)
                except Exception as mishap:  # whatever it is, it goes on as it is, and is raised again below
                    mishaps.append(mishap)
                    raise
                finally:
                    _is_mapping.reset(token)

            try:
                return tf.vectorized_map(of_element, batches, warn=False)
            except Exception as wrapped:  # noqa: BLE001  (raised again on the next line)
                # TensorFlow raises a copy, of another type where it can't make one of the same.
                raise (mishaps[0] if mishaps else wrapped) from None

        return mapped

    def fold(self, step: Callable[..., Array], start: Array, arrays: Sequence[Array], /) -> Array:
        if tf.executing_eagerly() or _is_mapped():
            return super().fold(step, start, arrays)
        count = arrays[0].shape[0]
        # Read one by one in the gradient too, where a slice of the array would make an array of zeros each time.
        queues = [tf.TensorArray(array.dtype, count, element_shape=array.shape[1:]).unstack(array) for array in arrays]
        _, result = tf.while_loop(
            lambda index, _: index < count,
            lambda index, carry: (index + 1, step(carry, *(queue.read(index) for queue in queues))),
            (tf.constant(0), start),
            maximum_iterations=count,
        )
        return result

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        # Without autograph, which rewrites the function's source and the text of its exceptions.
        compiler = Compiler(
            lambda over_arrays, _: tf.function(over_arrays, autograph=False),
            _is_refusal,
            state=lambda _: _is_mapped(),  # where no loop can be
        )
        return compiled_function(self, function, compiler)

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        # Leaves of their own, so that one tensor given twice counts as two arguments.
        inner = [tf.identity(leaf) for leaf in leaves]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inner)
            value, aux = function(*inner)

        def pullback(cotangent: Array) -> list[Array | None]:
            gradients = tape.gradient(value, inner, output_gradients=cotangent)
            return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]

        return value, aux, pullback

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        @tf.custom_gradient
        def operation(*inputs: Array) -> Any:
            def pull(cotangent: Array) -> Sequence[Array]:
                # The inputs may be of a graph around this one, which a further derivative reaches through copies.
                return pullback(list(map(tf.identity, inputs)), tf.convert_to_tensor(cotangent))

            return function(*inputs), pull

        return lambda *values: operation(*map(self.asarray, values))

    def host_function(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Sequence[Any]] | str,
        output: Callable[..., ArraySpec],
        /,
        *,
        is_vectorized: bool = False,
        native: Callable[..., Array] | None = None,
    ) -> Callable[..., Array]:
        operation = host_operation(forward, backward, output, native)

        def call(*values: Any) -> Array:
            inputs = [self.asarray(value) for value in values]
            # Mapped, the operation would be a loop over the elements, and lose the way to further derivatives.
            return native(*inputs) if native is not None and _is_mapping.get() else operation(*inputs)

        return call


def _is_mapped() -> bool:
    """Tell whether `vectorized_map` records what runs now; it can't map the gradient of a loop by a persistent tape."""
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        if "loop_body" in graph.get_name_scope():
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _is_refusal(error: Exception) -> bool:
    kinds = (tf.errors.OperatorNotAllowedInGraphError, UntraceableError)
    return isinstance(error, kinds) or "SymbolicTensor" in str(error) or "symbolic tf.Tensor" in str(error)


def _device(name: str | None) -> str | None:
    if name is None:
        return None
    kind, _, index = name.lower().replace("cuda", "gpu").partition(":")
    count = len(tf.config.list_logical_devices(kind.upper())) if kind in ("cpu", "gpu") else 0
    if not (index or "0").isdigit() or int(index or 0) >= count:
        raise InvalidValueError(
            f"device {name!r} is not known to TensorFlow; see kg.available_backends() for those it has"
        )
    return f"/{kind.upper()}:{index or 0}"


if TYPE_CHECKING:
    _: type[ArrayBackend] = TensorflowBackend
