"""What every layer shares, whatever the framework: a function, and which of its arrays are inputs and which weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketgrad.circuit.parameters import Declaration
from ketgrad.circuit_function import CircuitFunction
from ketgrad.circuit_inputs import known_shape
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.nn.arrays import common_precision, in_precision
from ketgrad.nn.join import batch_axes, joined
from ketgrad.nn.names import check_joinable, given_weights, input_names, refuse_drawn, split
from ketgrad.nn.shapes import result_shape
from ketgrad.precision import use_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import use_backend


@dataclass(frozen=True)
class LayerPlan:
    """A function as a layer: which of its arrays are inputs, which are weights, and how its results become features.

    Calling it with a backend, a mapping from names to weights, and the inputs returns all results as one array of shape
    (batch..., features). Inputs have any number of batch axes in front, and the whole batch is one run of the circuit.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).ry(theta[0], 0).ry(theta[1], 1).cx(0, 1)
    >>> plan = kg.nn.LayerPlan.of(kg.function(circuit, kg.expval(kg.Z(0)), kg.probs([0, 1])), "x")
    >>> [weight.name for weight in plan.weights], plan.num_features
    (['theta'], 5)
    >>> plan(kg.get_backend(), {"theta": np.zeros(2)}, [np.zeros((3, 2))]).tolist()[0]
    [1.0, 1.0, 0.0, 0.0, 0.0]
    """

    function: Callable[..., Any]
    """Made by `kg.function`, or any callable of inputs, by position, and weights, by name."""
    inputs: tuple[str, ...]
    """The names of the inputs, in the order of a call."""
    input_axes: tuple[int, ...]
    """How many axes each input has behind those of the batch."""
    weights: tuple[Declaration, ...]
    """The name and the shape of each weight."""
    join: bool = True
    """Whether all results are made one array; if not, they are returned as the function returns them."""

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        inputs: str | Sequence[str] = (),
        weights: Mapping[str, int | Sequence[int]] | None = None,
        join: bool = True,
    ) -> LayerPlan:
        """Make the plan of a layer.

        Parameters
        ----------
        function
            Made by `kg.function`, which declares its arrays; or any callable f(*inputs, **weights) written in the
            framework's operations, which takes inputs of shape (batch..., size) and returns one array of shape
            (batch..., ...), or several.
        inputs
            The name of the input, or of several, in the order of a call; all other arrays are weights.
        weights
            The shape of each weight of a callable, such as {"theta": (3, 4)}; not for a function of `kg.function`.
        join
            Whether each result, of shape (batch..., ...), is flattened to (batch..., k), and all are put side by side.

        Raises
        ------
        InvalidTypeError, InvalidValueError
            If the function is neither, or a name or a shape is wrong.
        UnsupportedError
            If it draws samples or counts, or real and complex results are to be joined.
        """
        names = input_names(inputs)
        if not isinstance(function, CircuitFunction):
            return cls(function, names, (1,) * len(names), given_weights(function, names, weights), join)
        chosen, rest = split(function, names, weights)
        refuse_drawn(function)
        if join:
            check_joinable(function)
        return cls(function, names, tuple(len(array.shape) for array in chosen), rest, join)

    def __call__(self, backend: ArrayBackend, weights: Mapping[str, Array], inputs: Sequence[Array]) -> Any:
        """Return the features of a batch of inputs.

        Parameters
        ----------
        backend
            In which to compute, whatever the backend in force is.
        weights
            An array for each name, of its shape, or with batch axes in front.
        inputs
            One array for each input. 16-bit types are computed as float32.

        Returns
        -------
        Array
            Of shape (batch..., features); what the function returns, without `join`. In double precision if an input or
            a weight is of float64, else in single; the precision in force where none is an array.

        Raises
        ------
        InvalidTypeError, InvalidValueError
            If there are other inputs or weights than the function has, or their shapes do not fit.
        """
        self._check(weights, inputs)
        given = [*inputs, *(weights[array.name] for array in self.weights)]
        precision = common_precision(backend, given)
        with use_backend(backend), use_precision(precision):
            arrays = [in_precision(backend, value, precision) for value in given]
            results = self._results(arrays)
            return joined(backend, results, self._batch(arrays)) if self.join else results

    def ordered(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the inputs of a call, some by position and the others by name, in their order.

        Raises
        ------
        InvalidTypeError
            If a name is of no input, or of one that is given by position, or an input is left out.
        """
        rest = self.inputs[len(inputs) :]
        if named and set(named) != set(rest):
            raise InvalidTypeError(
                f"the layer takes the inputs {', '.join(self.inputs) or 'none'}, got {len(inputs)} by position and "
                f"{', '.join(named)} by name; give each input once"
            )
        return (*inputs, *(named[name] for name in rest)) if named else tuple(inputs)

    @property
    def num_features(self) -> int:
        """The length of the last axis of what a call returns.

        Raises
        ------
        UnsupportedError
            For a callable, whose results are known after a call alone, and where results are not joined.
        """
        if not self.join or not isinstance(self.function, CircuitFunction):
            reason = "results are not joined" if not self.join else "only a function of kg.function tells it"
            raise UnsupportedError(f"the number of features is not known before a call: {reason}")
        function = self.function
        return sum(math.prod(result_shape(item, function.num_qubits)) for item in function.execution.measurements)

    def _check(self, weights: Mapping[str, Array], inputs: Sequence[Array]) -> None:
        if len(inputs) != len(self.inputs):
            raise InvalidTypeError(
                f"the layer takes {len(self.inputs)} inputs ({', '.join(self.inputs) or 'none'}), got {len(inputs)}; "
                "name with inputs=... the arrays that are given at a call"
            )
        if not isinstance(weights, Mapping):
            raise InvalidTypeError(
                f"the weights are a {type(weights).__name__}; give a mapping from their names to arrays, in front of "
                "the inputs"
            )
        names = [array.name for array in self.weights]
        if set(weights) != set(names):
            raise InvalidValueError(
                f"the weights are {', '.join(names) or 'none'}, got {', '.join(map(str, weights)) or 'none'}"
            )

    def _results(self, arrays: Sequence[Array]) -> Any:
        count = len(self.inputs)
        named = {array.name: value for array, value in zip(self.weights, arrays[count:], strict=True)}
        if isinstance(self.function, CircuitFunction):
            return self.function(**dict(zip(self.inputs, arrays, strict=False)), **named)
        return self.function(*arrays[:count], **named)

    def _batch(self, arrays: Sequence[Array]) -> tuple[int, ...]:
        names = (*self.inputs, *(array.name for array in self.weights))
        shapes = [known_shape(array, name) for array, name in zip(arrays, names, strict=True)]
        return batch_axes(shapes, (*self.input_axes, *(len(array.shape) for array in self.weights)))
