"""`kg.optimize.keras`: natural gradient as an optimizer of Keras, on TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidValueError, UnsupportedError
from ketgrad.optimize.natural_gradient import precondition
from ketgrad.optimize.options import check_not_negative
from ketgrad.precision import use_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import resolve, use_backend
from ketgrad_backends.keras_metrics import Metrics, Unsaved

__all__ = ["QNG"]

BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "pytorch"}
"""Keras's names of its backends, and ketgrad's."""
HALF_TYPES = ("float16", "bfloat16")


@keras.saving.register_keras_serializable(package="ketgrad")
class QNG(keras.optimizers.Optimizer):
    """Natural gradient: v ← μv + (g + λ1)⁺ ∇L, θ ← θ − ηv, with a metric tensor g for each variable that has one.

    All other variables take the ordinary step, θ ← θ − η∇L. Where λ = 0, directions without a length, whose eigenvalue
    of g is zero, are left alone, by the pseudo-inverse. It works with `fit`, compiled or not, and in loops by hand with
    `apply(gradients, variables)`, before which `optimizer.metrics` can be set anew.

    `fit` traces the functions once: they take the variable's value alone, and read no other variable, whose value
    would stay that of the moment of tracing. For a metric averaged over each batch give the layer
    `kg.optimize.natural(f, ...)`, whose gradients are natural ones, and train with any optimizer. Under XLA, which on
    TensorFlow is `jit_compile=True`, circuits need engine="traced".

    Functions can't be saved: after `keras.models.load_model` training goes on once `optimizer.metrics` is set again.

    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Parameters
    ----------
    learning_rate
        η, a float, or a schedule of Keras.
    metrics
        For names of variables, or their paths or ends of these such as "layer/theta", a function of the variable's
        value, a tensor of shape s, that returns the tensor of shape s + s, with ketgrad's backend of Keras's name and
        the variable's precision in force; or that tensor. Or a list of pairs, in which a variable may itself stand for
        its name.
    regularization
        λ, zero or more.
    momentum
        μ, from 0 up to 1.
    kwargs
        As for all optimizers of Keras, such as `clipnorm`, which is applied to the gradient before its metric.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For options out of range; at the first step for a name that no variable has, or several have; at a step for a
        metric of another shape.
    UnsupportedError
        On a backend of Keras without training.

    Examples
    --------
    >>> import os
    >>> os.environ["KERAS_BACKEND"] = "jax"
    >>> import keras
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", ())
    >>> energy = kg.function(kg.Circuit(1).ry(theta, 0), kg.expval(kg.Z(0)))
    >>> weight = keras.Variable(0.5, name="theta")
    >>> optimizer = kg.optimize.keras.QNG(0.1, {"theta": kg.metric_tensor(energy)})
    >>> with kg.use_backend("jax"):
    ...     for _ in range(40):
    ...         optimizer.apply([kg.grad(energy)(weight.value)], [weight])
    ...     print(round(float(energy(weight.value)), 5))
    -1.0
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        metrics: Mapping[str, Any] | Sequence[tuple[Any, Any]] | None = None,
        regularization: float = 0.0,
        momentum: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        check_not_negative("regularization", regularization)
        if not (is_number(momentum) and 0 <= momentum < 1):
            raise InvalidValueError(f"momentum is {momentum!r}; give a number from 0 up to, but not, 1")
        self.regularization, self.momentum = regularization, momentum
        self.metrics = metrics

    @property
    def metrics(self) -> list[tuple[Any, Any]]:
        """The variables, or their names, with their metrics."""
        return self._metrics.pairs

    @metrics.setter
    def metrics(self, metrics: Any) -> None:
        chosen = Metrics.of(metrics)
        if self.built:
            chosen.find(self._trainable_variables)
        self._metrics = chosen

    def build(self, variables: Any) -> None:
        """Make what is remembered of each variable, and find those that have metrics."""
        if self.built:
            return
        self._metrics.find(variables)
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity") if self.momentum else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable."""
        index = self._get_variable_index(variable)
        step = ops.cast(gradient, variable.dtype)
        metric = self._metrics.found.get(index)
        if metric is not None:
            step = self._natural(metric, ops.convert_to_tensor(step), ops.convert_to_tensor(variable))
        if self.momentum:
            velocity = self.velocities[index]
            step = ops.add(ops.multiply(velocity, ops.cast(self.momentum, variable.dtype)), step)
            self.assign(velocity, step)
        self.assign_sub(variable, ops.multiply(step, ops.cast(learning_rate, variable.dtype)))

    def get_config(self) -> dict[str, Any]:
        """Return what the optimizer is made from, with the names of the variables in place of their metrics."""
        options = {"regularization": self.regularization, "momentum": self.momentum, "metrics": self._metrics.names()}
        return {**super().get_config(), **options}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> QNG:
        """Make the optimizer, whose metrics must be set again before a step."""
        names = config.get("metrics") or []
        restored = {**config, "metrics": {name: Unsaved(name) for name in names}}
        return super().from_config(restored, custom_objects)

    def _natural(self, metric: Any, gradient: Array, value: Array) -> Array:
        backend, dtype = _backend(), keras.backend.standardize_dtype(gradient.dtype)
        with use_backend(backend), use_precision("double" if dtype == "float64" else "single"):
            tensor = metric(backend.detach(value)) if callable(metric) else ops.convert_to_tensor(metric)
        wide = ops.cast(gradient, "float32") if dtype in HALF_TYPES else gradient
        return ops.cast(precondition(backend, tensor, wide, self.regularization), dtype)


def _backend() -> ArrayBackend:
    name = keras.backend.backend()
    if name not in BACKENDS:
        raise UnsupportedError(f"Keras does not train on its backend {name!r}; give one of {', '.join(BACKENDS)}")
    return resolve(BACKENDS[name])
