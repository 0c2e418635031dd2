"""What is minimized: a function of parameters, with what else it takes, as optimizers see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import Parameter, Signature, signature
from typing import Any

from ketgrad import tree
from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.arguments import differentiable_leaf
from ketgrad.differentiate.dual_path import result_array
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.placement import device_among
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.registry import get_backend

NAME = "x"
"""What the parameters are called in messages: x[2], x['weights'][0]."""
DUE = "an optimizer minimizes one real number: take the mean over a batch, or a single expectation value"


@dataclass(frozen=True)
class Problem:
    """A real function f(x, *args) of parameters x, in the backend in force where it was made."""

    backend: ArrayBackend
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    seed: int | None = None
    """What the function is given as `seed`, where this is not None."""

    @classmethod
    def of(cls, function: Any, args: Any = (), seed: int | None = None) -> Problem:
        """Return the problem in the backend in force."""
        if not callable(function):
            raise InvalidTypeError(f"an optimizer minimizes a function, got a {type(function).__name__}")
        if not isinstance(args, tuple):
            raise InvalidTypeError(f"args is a {type(args).__name__}; give a tuple, such as (inputs,)")
        return cls(get_backend(), function, args, seed)

    def with_seed(self, seed: int | None) -> Problem:
        """Return the same problem with another seed for the function."""
        return replace(self, seed=seed)

    @property
    def circuit_function(self) -> CircuitFunction | None:
        """The function itself, where it is one of `ketgrad.function`, whose circuit can be looked into."""
        return self.function if isinstance(self.function, CircuitFunction) else None

    def check_takes_seed(self) -> None:
        """Refuse a function that a seed can't be given to."""
        known = self._signature()
        if known is None:
            return
        if not any(each.name == "seed" or each.kind == Parameter.VAR_KEYWORD for each in known.parameters.values()):
            raise InvalidTypeError(
                "the function takes no seed; give it a keyword argument seed, and pass that on to where shots are "
                "drawn, or leave seed out"
            )

    def misfit(self, x: Any) -> str:
        """Return in Python's words why parameters and `args` are too many for the function, "" where they are not."""
        known = self._signature()
        try:
            if known is not None:
                known.bind_partial(x, *self.args)
        except TypeError as error:
            return str(error)
        return ""

    def _signature(self) -> Signature | None:
        try:
            return signature(self.function)
        except (TypeError, ValueError):  # of a builtin, which tells no names
            return None

    def loss(self, x: Any) -> Array:
        """Return f(x), a real number in an array of shape (), still connected to x."""
        options = {} if self.seed is None else {"seed": self.seed}
        return checked_loss(self.backend, self.function(x, *self.args, **options))

    def value(self, x: Any) -> Array:
        """Return f(x), a real number in an array of shape ()."""
        return self.backend.detach(self.loss(x))

    def number(self, x: Any) -> float:
        """Return f(x) as a number of Python."""
        return float(self.backend.to_numpy(self.value(x)))

    def parameters(self, x: Any) -> Any:
        """Return parameters as native arrays outside of any graph: a list of plain numbers is one array."""
        return _as_parameters(self.backend, x, device_among(self.backend, (x, self.args)))

    def value_and_grad(self, x: Any) -> tuple[Array, Any]:
        """Return f(x) and its gradient, in the structure of x."""
        value, gradient = self.backend.value_and_grad(self.loss)(x)
        return self.backend.detach(value), tree.map_leaves(self.backend.detach, gradient)


def checked_loss(backend: ArrayBackend, value: Any) -> Array:
    """Return what a function returned as an array of shape (), or say what is due."""
    if isinstance(value, list | tuple | dict):
        raise InvalidTypeError(f"the function returned a {type(value).__name__}; {DUE}")
    array = result_array(backend, value)
    if tuple(array.shape) or backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidValueError(
            f"the function returned an array of shape {tuple(array.shape)} and type {backend.dtype(array)}; {DUE}"
        )
    return array


def _as_parameters(backend: ArrayBackend, x: Any, device: str | None) -> Any:
    if isinstance(x, dict):
        return tree.like(x, [_as_parameters(backend, part, device) for part in x.values()])
    if isinstance(x, list | tuple) and not _holds_numbers_alone(x):
        return tree.like(x, [_as_parameters(backend, part, device) for part in x])
    return _parameter(backend, x, device)


def named_leaves(x: Any) -> list[tuple[str, Any]]:
    """Return the arrays of parameters with their names, such as x['weights'][0]."""
    leaves, paths, _ = tree.flatten(x, NAME)
    return list(zip(paths, leaves, strict=True))


def _parameter(backend: ArrayBackend, value: Any, device: str | None) -> Array:
    given = backend.array(_as_floats(value), device=device) if isinstance(value, list | tuple) else value
    array = differentiable_leaf(backend, given, "the parameters", device)
    if backend.dtype(array) in COMPLEX_TYPES:
        raise InvalidTypeError("the parameters are complex; give their real and imaginary parts as two real arrays")
    return backend.detach(array)


def _holds_numbers_alone(x: Any) -> bool:
    leaves, _, _ = tree.flatten(x)
    return bool(leaves) and all(isinstance(leaf, int | float) and not isinstance(leaf, bool) for leaf in leaves)


def _as_floats(value: Any) -> Any:
    return [_as_floats(part) for part in value] if isinstance(value, list | tuple) else float(value)
