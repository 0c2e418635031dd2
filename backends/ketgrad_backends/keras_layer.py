"""A circuit, or a callable, as a layer of Keras, on whichever backend Keras has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ketgrad import tree
from ketgrad.circuit.parameters import Declaration
from ketgrad.circuit_function import CircuitFunction
from ketgrad.engine import get_engine, use_engine
from ketgrad.errors import InvalidTypeError, UnsupportedError
from ketgrad.nn.initial import TURN, check_start, checked_initial
from ketgrad.nn.plan import LayerPlan
from ketgrad.precision import COMPLEX_TYPE, COMPLEX_TYPES, REAL_TYPE, Precision
from ketgrad.protocol import ArrayBackend
from ketgrad.registry import resolve, use_backend
from ketgrad_backends.keras_shapes import Outline, Shape, batch_of, listed_inputs, listed_shapes, outlines

OF_KERAS = ("training", "mask")
"""What Keras itself gives to layers by name; inputs that are called so are given by position."""
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "pytorch", "numpy": "numpy"}
"""The backend of ketgrad for each of Keras."""


@keras.saving.register_keras_serializable(package="ketgrad")
class KerasLayer(keras.layers.Layer):
    """A layer whose weights are those arrays of a function that are not named as inputs.

    It computes in the framework that Keras has as its backend, whatever backend of ketgrad is in force. A batch of
    inputs, with any number of axes in front, is one run of the circuit, also where its size is not known before.

    Parameters
    ----------
    function, inputs, weights, join
        As for `ketgrad.nn.LayerPlan.of`: made by `ketgrad.function`, the names of its inputs, for a callable the shapes
        of its weights, and whether all results become one tensor of shape (batch..., features).
    initial
        For names of weights an initializer of Keras, or its name, an array of the weight's shape, or a number for all
        its elements. What is not named starts uniformly in [0, 2π).
    name, dtype, trainable, ...
        As for every layer of Keras.

    Returns
    -------
    Tensor
        By `layer(x)`, `layer([x, y])` for several inputs, or `layer(x=..., y=...)`, of shape (batch..., features), in
        the compute type of the layer's policy. Inside, the circuit is float64 where the weights are, else float32:
        "mixed_float16" costs it nothing.

    Raises
    ------
    InvalidTypeError, InvalidValueError, UnsupportedError
        As `ketgrad.nn.LayerPlan.of`; for a start of another name or shape; for inputs of another number or shape; for a
        backend of Keras that has none here.

    Examples
    --------
    >>> import keras
    >>> import ketgrad as kg
    >>> x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
    >>> f = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))
    >>> layer = kg.nn.KerasLayer(f, inputs="x", initial={"theta": "zeros"})
    >>> model = keras.Sequential([keras.layers.Dense(2), layer, keras.layers.Dense(1)])
    >>> tuple(model(keras.ops.ones((256, 5))).shape)
    (256, 1)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: str | Sequence[str] = (),
        weights: Mapping[str, int | Sequence[int]] | None = None,
        initial: Mapping[str, Any] | None = None,
        join: bool = True,
        **keras_kwargs: Any,
    ) -> None:
        if isinstance(function, keras.layers.Layer):
            raise InvalidTypeError(
                f"got a {type(function).__name__}, whose weights a layer around it would hide; put the two into "
                "keras.Sequential, or give a function made by kg.function"
            )
        # Keras is not to round inputs to 16 bits on their way into the circuit, which is no network.
        super().__init__(**{"autocast": False, **keras_kwargs})
        self.plan = LayerPlan.of(function, inputs, weights, join)
        starts = checked_initial(self.plan.weights, initial)
        self.initializers = [_initializer(weight, starts[weight.name]) for weight in self.plan.weights]
        # TensorFlow's compiler takes no node that calls Python; that of JAX does.
        self.supports_jit = keras.config.backend() != "tensorflow"

    def __call__(self, /, *inputs: Any, **options: Any) -> Any:
        """Return the features of inputs, given as Keras has them or by their names."""
        named = {name: options.pop(name) for name in self.plan.inputs if name in options and name not in OF_KERAS}
        if named:
            is_listed = len(inputs) == 1 and isinstance(inputs[0], list | tuple)
            given = self.plan.ordered(inputs[0] if is_listed else inputs, named)
            inputs = given if len(given) == 1 else (list(given),)
        return super().__call__(*inputs, **options)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights, for inputs of these shapes."""
        batch_of(self.plan, listed_shapes(self.plan, input_shape))
        for weight, initializer in zip(self.plan.weights, self.initializers, strict=True):
            # Not rounded to 16 bits for the circuit either.
            self.add_weight(name=weight.name, shape=weight.shape, initializer=initializer, autocast=False)
        self.built = True

    def call(self, inputs: Any = ()) -> Any:
        """Return the features of a batch of inputs."""
        arrays = [self._real(value) for value in listed_inputs(self.plan, inputs)]
        weights = [variable.value for variable in self.weights]
        results = self._open_results(arrays, weights) if _is_open(arrays) else self._results(*arrays, *weights)
        return tree.map_leaves(self._returned, results)

    def compute_output_spec(self, inputs: Any = ()) -> Any:
        """Return symbolic tensors for the features of symbolic inputs."""
        shapes = [tuple(value.shape) for value in listed_inputs(self.plan, inputs)]
        return self._map_outlines(
            shapes, lambda outline, shape: keras.KerasTensor(shape, dtype=self._type_of(outline, self.compute_dtype))
        )

    def compute_output_shape(self, input_shape: Any = None) -> Any:
        """Return the shape of the features for inputs of these shapes."""
        return self._map_outlines(listed_shapes(self.plan, input_shape), lambda outline, shape: shape)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the layer of: plain data, the circuit as `to_dict` writes it."""
        weights = {weight.name: list(weight.shape) for weight in self.plan.weights}
        names = [weight.name for weight in self.plan.weights]
        starts = map(keras.initializers.serialize, self.initializers)
        return {
            **super().get_config(),
            "function": _written(self.plan.function),
            "inputs": list(self.plan.inputs),
            "weights": None if isinstance(self.plan.function, CircuitFunction) else weights,
            "initial": dict(zip(names, starts, strict=True)),
            "join": self.plan.join,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasLayer:
        """Make a layer of what `get_config` returned, the circuit by the checks of `CircuitFunction.from_dict`."""
        layer: KerasLayer = super().from_config({**config, "function": _read(config["function"])})
        return layer

    @property
    def _precision(self) -> Precision:
        return "double" if self.variable_dtype == "float64" else "single"

    @property
    def _circuit_dtype(self) -> str:
        return REAL_TYPE[self._precision]

    def _real(self, value: Any) -> Any:
        """Return an input in the type that the circuit is computed in; a complex one as it is, to be refused."""
        is_complex = keras.backend.standardize_dtype(value.dtype) in COMPLEX_TYPES
        return value if is_complex else keras.ops.cast(value, self._circuit_dtype)

    def _returned(self, result: Any) -> Any:
        is_complex = keras.backend.standardize_dtype(result.dtype) in COMPLEX_TYPES
        return result if is_complex else keras.ops.cast(result, self.compute_dtype)

    def _results(self, *arrays: Any) -> Any:
        """Return the results of inputs and weights that have shapes."""
        count = len(self.plan.inputs)
        weights = {weight.name: array for weight, array in zip(self.plan.weights, arrays[count:], strict=True)}
        return self.plan(_backend(), weights, arrays[:count])

    def _open_results(self, arrays: Sequence[Any], weights: Sequence[Any]) -> Any:
        """Return the results as tensors of a graph of TensorFlow that leaves the batch open."""
        from ketgrad_backends.tensorflow_open_batch import OpenSpec, when_run

        engine = get_engine()  # the one in force here: when the graph runs, that may be in another thread

        def run(*tensors: Any) -> list[Any]:
            with use_engine(engine):
                return tree.flatten(self._results(*tensors))[0]

        shapes = [_shape_of(*pair) for pair in zip(self.plan.inputs, arrays, strict=True)]
        specs, _, rebuild = tree.flatten(
            self._map_outlines(
                shapes, lambda outline, shape: OpenSpec(self._type_of(outline, self._circuit_dtype), shape)
            )
        )
        return rebuild(when_run(run, specs, *arrays, *weights))

    def _map_outlines(self, shapes: Sequence[Shape], function: Callable[[Outline, Shape], Any]) -> Any:
        """Apply a function to each result's outline and whole shape, in the container that the layer returns."""
        batch = batch_of(self.plan, shapes)
        found = outlines(self.plan, shapes, _backend(), self._circuit_dtype)
        return tree.map_leaves(lambda outline: function(outline, (*batch, *outline.shape)), found)

    def _type_of(self, outline: Outline, real_type: str) -> str:
        return COMPLEX_TYPE[self._precision] if outline.is_complex else real_type


def _backend() -> ArrayBackend:
    name = keras.config.backend()
    if name not in BACKENDS:
        raise UnsupportedError(
            f"Keras has the backend {name!r}, which ketgrad has none for; give one of {', '.join(BACKENDS)} by the "
            "environment variable KERAS_BACKEND"
        )
    return resolve(BACKENDS[name])


def _is_open(arrays: Sequence[Any]) -> bool:
    """Tell whether these are tensors of a graph that leaves a size open."""
    if keras.config.backend() != "tensorflow":
        return False
    from ketgrad_backends.tensorflow_open_batch import is_open

    return is_open(arrays)


def _shape_of(name: str, tensor: Any) -> Shape:
    if tensor.shape.rank is None:
        raise UnsupportedError(
            f"the number of axes of {name} is not known in this graph; give it a shape, in which sizes may be None"
        )
    return tuple(tensor.shape)


def _initializer(weight: Declaration, given: Any) -> Any:
    if given is None:
        return keras.initializers.RandomUniform(0.0, TURN)
    if isinstance(given, str | dict) or callable(given):
        return keras.initializers.get(given)
    value = np.asarray(keras.ops.convert_to_numpy(given))
    check_start(weight, value.shape)
    return keras.initializers.Constant(value.item() if value.shape == () else value)


def _written(function: Callable[..., Any]) -> Any:
    if not isinstance(function, CircuitFunction):
        return keras.saving.serialize_keras_object(function)
    with use_backend(_backend()):  # whose arrays may stand in its gates
        return function.to_dict()


def _read(record: Any) -> Any:
    is_circuit = isinstance(record, dict) and "format" in record
    return CircuitFunction.from_dict(record) if is_circuit else keras.saving.deserialize_keras_object(record)
